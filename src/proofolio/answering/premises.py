"""Checks what a question takes for granted: is the technology there, and does it take part?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from proofolio.answering.plan import Kind, Plan
from proofolio.answering.phrasing import dead_word, join, sentence
from proofolio.core.records import Liveness, Place, Rank, Role, Statement, TechnologyUse
from proofolio.evidence.mentions import Mention
from proofolio.evidence.registry import builtin_registry
from proofolio.retrieval.index import Index

_ALTERNATIVE = re.compile(r"\b(over|instead of|rather than|versus|vs\.?|compared (?:to|with)|and not|not|or|than|without|why not|against)\s+(?:just |only |a |an |the |plain |simple )?$", re.IGNORECASE)
_HOW_STRONG = {Liveness.IMPORTED_ONLY: 0, Liveness.COMMENTED: 1, Liveness.SKIPPED: 2, Liveness.NEVER_RUN: 3, Liveness.PROPOSED: 4, Liveness.MENTIONED: 5}


@dataclass(frozen=True, slots=True)
class FalsePremise:
    """A technology that the question takes for used, and what is true of it."""

    mention: Mention
    statements: tuple[Statement, ...]
    absent: bool


def false_premise(plan: Plan, index: Index) -> FalsePremise | None:
    """The first technology of the question that the work does not really use, with what is true."""
    for mention in plan.technologies:
        if _ALTERNATIVE.search(plan.question[: mention.start]):
            continue
        uses = index.technologies.get(mention.technology.id, [])
        if any(u.liveness is Liveness.LIVE for u in uses):
            continue
        if not uses and _word_in_code(mention, index):
            continue
        declared = [u for u in uses if u.how == "declared"]
        if declared and not _would_be_seen(mention, index):
            continue
        return FalsePremise(mention, tuple(_truth(mention, uses, index)), absent=not uses)
    return None


def _word_in_code(mention: Mention, index: Index) -> bool:
    """The registry knows no use, but the name stands in code or configuration: say nothing."""
    for key, _ in index.lexical([mention.text], 30):
        for passage in index.fetch([key]):
            if passage.rank in {Rank.CODE, Rank.OUTPUT, Rank.TEST} and re.search(rf"(?<![A-Za-z]){re.escape(mention.text)}", index.text(passage), re.IGNORECASE):
                return True
    return False


def _would_be_seen(mention: Mention, index: Index) -> bool:
    """A declared library without code in this portfolio that could use it proves nothing."""
    return any(True for _ in index.evidence[:1])


def _truth(mention: Mention, uses: list[TechnologyUse], index: Index) -> Iterable[Statement]:
    name = mention.technology.name
    dead = sorted(uses, key=lambda u: _HOW_STRONG.get(u.liveness, 9))
    if dead:
        first = dead[0]
        what = dead_word(first.liveness) or "only mentioned"
        if first.how == "declared":
            what = "declared as a dependency but never used in the code"
        text = f"{name} is {what} in `{first.path}`, so it is not used in what runs"
        yield Statement(sentence(text), Role.PREMISE, tuple(Place(u.source, u.path, u.start, u.end) for u in dead[:2]))
    else:
        text = f"That is not so here: {name} is not used anywhere in this portfolio; I searched its {len(index.paths)} files for it and found no trace"
        yield Statement(sentence(text), Role.LIMIT, searched=True)
    registry = builtin_registry()
    instead = [t for t in registry.alternatives(mention.technology.id) if any(u.liveness is Liveness.LIVE for u in index.technologies.get(t, []))]
    if instead:
        live = [next(u for u in index.technologies[t] if u.liveness is Liveness.LIVE) for t in instead[:3]]
        names = join([registry.technologies[t].name for t in instead[:3]])
        yield Statement(f"What the work does use in its place is {names}.", Role.PREMISE, tuple(Place(u.source, u.path, u.start, u.end) for u in live))


def dead_things(plan: Plan, index: Index) -> list[TechnologyUse]:
    """Dead uses whose line holds a word of the question or a word of the work that means the same."""
    if plan.kind is Kind.FIGURE:
        return []
    wanted = {t.word for t in plan.terms if t.weight >= 0.5} | {a for t in plan.terms for a in t.other_words()}
    found = []
    for uses in index.technologies.values():
        if any(u.liveness is Liveness.LIVE for u in uses):
            continue
        for use in uses:
            if use.liveness in {Liveness.IMPORTED_ONLY, Liveness.COMMENTED}:
                line = " ".join(index.lines(use.source, use.path)[use.start - 1 : use.end]).lower()
                if any(len(w) > 3 and w.lower() in line for w in wanted):
                    found.append(use)
    return found
