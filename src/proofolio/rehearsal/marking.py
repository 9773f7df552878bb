"""Marks an answer against a rubric by what it cites: never by its length, its words or its fluency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from proofolio.core.records import Answer, Citation, Place, Role, Status
from proofolio.evidence.rules import Topic
from proofolio.rehearsal.personas import RubricPoint, Scenario
from proofolio.rehearsal.proof import Proof, Proofs
from proofolio.retrieval.words import FILLER, content_words, stem

SAYS_SO = 0.6  # share of a point's telling words in a limit from which the limit speaks of that point
MAX_CITED = 3
NEAR = 5  # lines between a citation and evidence that whoever opens the one sees beside it
TITLE = 3  # evidence in the first lines of a document is about the whole of it: a runbook, a decision record


class Verdict(StrEnum):
    """How a rubric point came out; the values are part of the answer contract."""

    SHOWN = "shown"
    ADMITTED = "admitted_missing"
    SKIPPED = "skipped"


class Standing(StrEnum):
    """What a scenario's marks amount to; ``honest`` is no strength, and ``evasive`` is neither."""

    STRONG = "strong"
    FAIR = "fair"
    THIN = "thin"
    HONEST = "honest"
    EVASIVE = "evasive"


@dataclass(frozen=True, slots=True)
class MarkedPoint:
    """A rubric point with its verdict, the citations that carry it, and what the work holds for it besides."""

    point: RubricPoint
    verdict: Verdict
    citations: tuple[Citation, ...] = ()
    held: tuple[Proof, ...] = ()  # places that the work has for it, telling ones first


@dataclass(frozen=True, slots=True)
class Marks:
    """A marked scenario; ``score`` is 0 to 100, the share of the rubric's weight that is shown."""

    points: tuple[MarkedPoint, ...]
    score: float
    standing: Standing


def mark(scenario: Scenario, answers: Sequence[Answer], proofs: Proofs, topics: Mapping[str, Topic]) -> Marks:
    """Mark the answers to a scenario's question (the first) and to its follow-ups.

    A point is shown where live evidence for it exists and an answer cites a place of that evidence. An answer to
    another question (its topics are not the scenario's, and it cites nothing of the rubric) shows nothing.
    """
    showing = proofs.showing(scenario.rubric)
    on_topic = [a for a in answers if _on_topic(a, scenario, showing)]
    cited = [c for a in on_topic for c in _citations(a)]
    pictures = {(f.source, f.path) for a in on_topic for f in a.figures if proofs.is_picture(f.source, f.path)}
    points = tuple(_marked(p, answers, on_topic, cited, pictures, proofs, topics) for p in scenario.rubric)
    total = sum(p.point.weight for p in points)
    score = 100.0 * sum(p.point.weight for p in points if p.verdict is Verdict.SHOWN) / total
    return Marks(points, round(score, 1), _standing(score, points, answers[0]))


def _standing(score: float, points: Sequence[MarkedPoint], opening: Answer) -> Standing:
    for least, standing in ((70.0, Standing.STRONG), (40.0, Standing.FAIR), (0.01, Standing.THIN)):
        if score >= least:
            return standing
    admitted = any(p.verdict is Verdict.ADMITTED for p in points)
    return Standing.HONEST if admitted or (_denies(opening) and not any(p.held for p in points)) else Standing.EVASIVE


def _denies(answer: Answer) -> bool:
    """Whether an answer says of all that it was asked that it is not shown."""
    return answer.status is Status.NOT_SHOWN or (answer.status is not Status.REFUSED and all(s.role is Role.LIMIT for s in answer.statements))


def _citations(answer: Answer) -> list[Citation]:
    """What an answer rests on; what it cites as dead, as a false premise or as missing is no support."""
    return [c for s in answer.statements if s.role not in {Role.LIMIT, Role.PREMISE} for c in s.citations]


def _on_topic(answer: Answer, scenario: Scenario, showing: Sequence[Proof]) -> bool:
    if answer.status is Status.REFUSED:
        return False
    if set(answer.topics) & set(scenario.topics):
        return True
    return any(_meets(c, p.place) for c in _citations(answer) for p in showing)


def _meets(citation: Citation, place: Place) -> bool:
    if (citation.source, citation.path) != (place.source, place.path):
        return False
    return citation.start is None or citation.end is None or (place.start <= citation.end and citation.start <= place.end)


def _nearly_meets(citation: Citation, place: Place, proofs: Proofs) -> bool:
    """Whether who opens a citation sees the place: a few lines off, or as the title of the document that is cited."""
    if (citation.source, citation.path) != (place.source, place.path):
        return False
    start, end = citation.start or 1, citation.end or 1
    if place.start <= TITLE and proofs.is_prose(place.source, place.path):
        return True
    return place.start <= end + NEAR and start - NEAR <= place.end


def _marked(
    point: RubricPoint, answers: Sequence[Answer], on_topic: Sequence[Answer], cited: Sequence[Citation],
    pictures: set[tuple[str, str]], proofs: Proofs, topics: Mapping[str, Topic],
) -> MarkedPoint:  # fmt: skip
    bearing = list(proofs.of(point))
    live = [p for p in bearing if not p.why_not]
    held = tuple(live or bearing)
    exact = [c for c in cited if any(_meets(c, p.place) for p in live)]
    near = [] if exact else [c for c in cited if any(_nearly_meets(c, p.place, proofs) for p in live)]
    found = tuple(dict.fromkeys(exact or near))[:MAX_CITED]
    if found or any((p.place.source, p.place.path) in pictures for p in live):
        return MarkedPoint(point, Verdict.SHOWN, found, held)
    admitted = not live and (_denies(answers[0]) or any(_says_missing(a, point, topics) for a in on_topic))
    return MarkedPoint(point, Verdict.ADMITTED if admitted else Verdict.SKIPPED, (), held)


def _says_missing(answer: Answer, point: RubricPoint, topics: Mapping[str, Topic]) -> bool:
    """Whether a limit of an answer is about a point: it names an expectation that the same rules meet, or its words."""
    limits = [s.text.lower() for s in answer.statements if s.role is Role.LIMIT]
    if not limits:
        return False
    rules = set(point.rules)
    expected = [e.text.lower() for t in topics.values() for e in t.expects if rules & set(e.rules)]
    if any(text in limit for limit in limits for text in expected):
        return True
    telling = {stem(w) for w in content_words(point.text) if w not in FILLER}
    said = [{stem(w) for w in content_words(limit)} for limit in limits]
    return bool(telling) and any(len(telling & s) / len(telling) >= SAYS_SO for s in said)
