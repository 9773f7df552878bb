"""Puts the scenarios with their follow-ups to a portfolio, as their interviewers would, and marks what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from proofolio.answering.conversation import Conversation
from proofolio.answering.statements import own_words_of
from proofolio.core.errors import UsageError
from proofolio.core.records import Answer
from proofolio.evidence.rules import Topic
from proofolio.rehearsal.advice import advise
from proofolio.rehearsal.marking import mark
from proofolio.rehearsal.personas import Persona, Scenario
from proofolio.rehearsal.proof import Proofs
from proofolio.rehearsal.scorecard import ScenarioResult, Scorecard
from proofolio.retrieval.index import Index

Progress = Callable[[str, int, int], None]


class Examined(Protocol):
    """A portfolio as a rehearsal meets it: it answers, and its dossier can be looked into."""

    index: Index
    topics: Mapping[str, Topic]

    def ask(self, question: str, conversation: Conversation | None = None, asker: str | None = None) -> Answer:
        """Answer a question of somebody of a trade."""
        ...


def choose(personas: Sequence[Persona], wanted: Sequence[str] = (), scenarios: Sequence[str] = ()) -> tuple[Persona, ...]:
    """The personas and scenarios that are named, all where none is; raises UsageError for a name that nobody bears.

    A scenario is named by its id ("idempotency", of every persona that has one) or with its persona ("data-engineer/idempotency").
    """
    for name in wanted:
        if name not in {p.id for p in personas}:
            raise UsageError(f"There is no persona {name!r}.", f"Known: {', '.join(p.id for p in personas)}.")
    kept = [p for p in personas if not wanted or p.id in wanted]
    for name in scenarios:
        if not any(name in {s.id, s.key} for p in kept for s in p.scenarios):
            known = ", ".join(s.key for p in kept for s in p.scenarios)
            raise UsageError(f"There is no scenario {name!r}.", f"Known: {known}.")
    if scenarios:
        kept = [replace(p, scenarios=tuple(s for s in p.scenarios if {s.id, s.key} & set(scenarios))) for p in kept]
    return tuple(p for p in kept if p.scenarios)


def find_scenario(personas: Sequence[Persona], name: str) -> tuple[Persona, Scenario]:
    """The one scenario that "persona/scenario" names; the persona may be left out where one alone has it."""
    found = [(p, s) for p in personas for s in p.scenarios if name in {s.key, s.id}]
    if len(found) > 1:
        raise UsageError(f"Several personas have a scenario {name!r}.", f"Name one: {', '.join(s.key for _, s in found)}.")
    if not found:
        known = ", ".join(s.key for p in personas for s in p.scenarios)
        raise UsageError(f"There is no scenario {name!r}.", f"Known: {known}.")
    return found[0]


def rehearse(portfolio: Examined, personas: Sequence[Persona], progress: Progress) -> Scorecard:
    """Ask every scenario, in a conversation of its own, and mark it; ``progress`` hears of each."""
    started = time.perf_counter()
    proofs = Proofs(portfolio.index)
    total = sum(len(p.scenarios) for p in personas)
    results: list[ScenarioResult] = []
    for persona in personas:
        for scenario in persona.scenarios:
            progress(f"{persona.role}: {scenario.title}", len(results), total)
            results.append(_examine(portfolio, persona, scenario, proofs))
    progress("marked", total, total)
    return Scorecard(tuple(personas), tuple(results), time.perf_counter() - started)


def _examine(portfolio: Examined, persona: Persona, scenario: Scenario, proofs: Proofs) -> ScenarioResult:
    talk = Conversation()
    questions = (scenario.question, *scenario.follow_ups)
    answers = [replace(portfolio.ask(q, talk, persona.trade), id=f"{scenario.key}/{n}") for n, q in enumerate(questions)]
    marks = mark(scenario, answers, proofs, portfolio.topics)
    worded = any(own.question == scenario.question for own in own_words_of(portfolio.index))
    return ScenarioResult(scenario, answers[0], tuple(answers[1:]), marks, advise(scenario, marks, has_words=worded))
