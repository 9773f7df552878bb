"""The twenty seed questions and other phrasings of them, asked of the sample portfolio as an interviewer would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from proofolio.answering.frames import without_repeats
from proofolio.answering.plan import Kind, plan
from proofolio.core.records import Answer, Role, Statement
from proofolio.evidence.rules import builtin_topics
from proofolio.settings import Settings
from proofolio.workflows import Portfolio, open_compiled

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "examples" / "sample-portfolio"
SEEDS: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/data/seed_questions.yaml").read_text(encoding="utf-8"))
ASKED = [pytest.param(seed, question, id=f"{seed['seed']}-{n}") for seed in SEEDS for n, question in enumerate(seed["questions"])]
MOST_STATEMENTS = 12
# The two bullets of the résumé that examples/sample-notes.md calls overclaims, in what is characteristic of them.
OVERCLAIM = re.compile(r"AUC of 0\.89(?!\d)|clearly ahead of logistic|real-time streaming fraud", re.IGNORECASE)
TEMPTING = (
    "What AUC did XGBoost reach on the time-based hold-out?",
    "Is XGBoost clearly ahead of logistic regression, with an AUC of 0.89?",
    "Did you build a real-time streaming fraud detection pipeline for card transactions?",
    "How does your streaming pipeline detect fraud in real time?",
    "What does your résumé say about XGBoost and logistic regression?",
    "What does your résumé say about the fraud pipeline?",
)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portfolio]:
    """The sample portfolio, compiled once, with everything that a first run would make."""
    with open_compiled(str(SAMPLE), Settings(cache=str(tmp_path_factory.mktemp("seeds"))), vectors="now") as opened:
        yield opened


def cited(answer: Answer) -> set[str]:
    """Every place that an answer cites, as ``source/path``."""
    return {f"{c.source}/{c.path}" for s in answer.statements for c in s.citations}


def quotes_that_differ(answer: Answer, portfolio: Portfolio) -> list[str]:
    """The citations whose quote is not what the stored document says at those lines."""
    differing = []
    for c in (c for s in answer.statements for c in s.citations):
        document = portfolio.document(c.source, c.path)
        assert document is not None, c.label()
        assert c.start is not None and c.end is not None, c.label()
        if c.quote != "\n".join(document.text.split("\n")[c.start - 1 : c.end]):
            differing.append(c.label())
    return differing


def test_every_seed_has_three_phrasings_and_every_weak_one_a_reason() -> None:
    assert [seed["seed"] for seed in SEEDS] == list(range(1, 21))
    phrasings = [q for seed in SEEDS for q in (*seed["questions"], *(w["question"] for w in seed.get("weak", ())))]
    assert len(set(phrasings)) == len(phrasings) == 60
    assert all(seed["questions"] and seed["topics"] and seed["statuses"] and seed["cites"] for seed in SEEDS)
    assert all(weak["why"] for seed in SEEDS for weak in seed.get("weak", ()))


@pytest.mark.parametrize(("seed", "question"), ASKED)
def test_a_seed_question_is_answered_from_the_work(seed: dict[str, Any], question: str, sample: Portfolio) -> None:
    answer = sample.ask(question)
    assert answer.status.value in seed["statuses"], answer.text
    assert set(answer.topics) & set(seed["topics"]), answer.topics
    assert any(fnmatchcase(place, glob) for place in cited(answer) for glob in seed["cites"]), sorted(cited(answer))
    assert quotes_that_differ(answer, sample) == []
    said = [s.text for s in answer.statements]
    assert len(set(said)) == len(said), said
    assert len(said) <= MOST_STATEMENTS
    assert [s.text for s in answer.statements if not s.citations and s.role is not Role.LIMIT] == []
    for glob in seed.get("figures", ()):
        assert any(fnmatchcase(figure.path, glob) for figure in answer.figures), answer.figures


def test_an_overclaim_is_said_by_the_resume_alone(sample: Portfolio) -> None:
    resume = sample.document("resume", "resume.md")
    assert resume is not None
    assert len(OVERCLAIM.findall(resume.text)) == 3, "the résumé no longer holds what this test looks for"
    asked = [question for seed in SEEDS for question in seed["questions"]]
    for question in (*asked, *TEMPTING):
        for statement in sample.ask(question).statements:
            if OVERCLAIM.search(statement.text):
                assert "The résumé says" in statement.text, (question, statement.text)


@pytest.mark.parametrize(
    ("question", "picture"),
    [
        ("What does your train and test split look like?", False),
        ("What does your retry policy look like?", False),
        ("What does the dashboard look like?", True),
        ("What did the loss curve look like?", True),
    ],
)
def test_only_what_can_be_seen_is_shown_as_a_picture(question: str, picture: bool) -> None:
    assert (plan(question, builtin_topics()).kind is Kind.FIGURE) is picture


def test_how_much_it_can_take_asks_for_more_than_one_number() -> None:
    topics = builtin_topics()
    assert not plan("How much data can the pipeline take in a night?", topics).wants_number
    assert plan("How many rows does the table hold?", topics).wants_number


def test_the_same_practice_of_several_trades_counts_the_same() -> None:
    found = dict(plan("How is it documented?", builtin_topics()).topics)
    assert len({found[t] for t in ("de.documentation", "be.documentation", "ae.documentation")}) == 1


def test_a_sentence_is_quoted_once() -> None:
    quoted = 'The record says: "Late rows never rewrite an old partition at all."'
    again = Statement("My notes say: “Late rows never rewrite an old partition at all.”", Role.EVIDENCE)
    more = Statement(quoted + ' "One delivery is one partition, so correcting it is one rename."', Role.REASON)
    first = Statement(quoted, Role.EVIDENCE)
    assert without_repeats([first, again, more]) == [first, more]


def test_only_what_is_about_it_is_pictured(sample: Portfolio) -> None:
    for question in ("How did you handle imbalanced data?", "How do you handle failures?", "How did you partition the data?"):
        assert sample.ask(question).figures == ()
    shown = [f.path for f in sample.ask("How do you monitor data quality?").figures]
    assert shown == ["results/quality/daily_metrics.png"]
