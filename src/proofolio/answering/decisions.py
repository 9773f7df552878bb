"""Finds the decision record that a question is about, and says what it decided, why, and at what price."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofolio.answering.candidates import cut
from proofolio.answering.phrasing import places, sentence
from proofolio.answering.plan import Plan, Term
from proofolio.answering.units import Unit, plain
from proofolio.core.records import Document, Place, Rank, Role, Statement
from proofolio.evidence.rules import Topic
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stems

ENOUGH = 0.34
SURE = 0.7  # certainty from which a word of the work stands for a word of the question
LEADS = 0.5  # from here a record is what the question is about, and opens the answer  # share of the question's weight that a record's title meets
_PLACE = re.compile(r"(?:^|/)(?:decisions?|adrs?|rfcs?|architecture[-_]decisions?)/|(?:^|/)(?:adr|rfc)[-_]?\d", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*(?:adr|rfc)?[-\s#]*\d+\s*[.:)\-–]?\s*", re.IGNORECASE)
_PARTS: tuple[tuple[str, Role, re.Pattern[str]], ...] = (
    ("decision", Role.REASON, re.compile(r"^(?:the |our |my )?(decision|decided|chosen|choice|outcome)\b", re.IGNORECASE)),
    ("reason", Role.REASON, re.compile(r"\b(reasons?|why|rationale|drivers?|motivation|situation|context)\b", re.IGNORECASE)),
    ("price", Role.TRADE_OFF, re.compile(r"\b(price|trade-?offs?|costs?|consequences?|downsides?|drawbacks?|against)\b", re.IGNORECASE)),
    ("rejected", Role.EVIDENCE, re.compile(r"\b(reject\w*|alternatives?|options?|considered)\b", re.IGNORECASE)),
    ("found", Role.NUMBER, re.compile(r"\b(measured|results?|said|confirmed|hold-?out|proof|evidence)\b", re.IGNORECASE)),
)
_LABEL = re.compile(r"^(decision|reasons?|why|context|situation|price|costs?|consequences?|rejected|alternatives?|options?|measured|results?|status|proof|note)\b", re.IGNORECASE)
_OPENINGS = {
    "decision": 'My decision record "{title}" says: {said}',
    "reason": "The reason that it gives: {said}",
    "price": "The price, in its words: {said}",
    "rejected": "What it rejected: {said}",
    "found": "What was measured, it says: {said}",
}


@dataclass(frozen=True, slots=True)
class Record:
    """A decision record, its title, and how well the title meets the question (0 to 1 and a little more)."""

    document: Document
    title: str
    line: int
    score: float


def record_for(plan: Plan, terms: Sequence[Term], topic: Topic | None, index: Index) -> Record | None:
    """The decision record whose title meets a question best; None where none does.

    Words count by their rarity here: in a modelling project "model" stands in every second title.
    """
    rare = {t.stem: index.salience(t.word) * _rarity(t.word, index) for t in terms}
    weight = sum(rare.values()) or 1.0
    phrases = {stems(p) for p in (topic.name, *topic.vocabulary)} if topic else set()
    best: Record | None = None
    for document, title, line in index.keep("decision records", lambda: _records(index)):
        said = stems(f"{title} {document.name.rsplit('.', 1)[0]}")
        direct = sum(rare[t.stem] for t in terms if t.stem in said)
        meant = sum(rare[t.stem] for t in terms if t.stem not in said and any(a.stems <= said and a.weight >= SURE for a in t.alternatives))
        named = (direct + 0.5 * meant) / weight
        practice = sum(min(_rarity(s, index) for s in phrase) for phrase in phrases if phrase and phrase <= said)
        score = named + 0.25 * min(2.0, practice)
        if not direct:
            score = min(score, LEADS - 0.01)
        if score >= ENOUGH and (direct or practice) and (best is None or score > best.score):
            best = Record(document, title, line, score)
    return best


def _rarity(word: str, index: Index) -> float:
    total = max(index.total, 1)
    return min(1.0, max(0.0, math.log((total + 1) / (index.count(word) + 0.5)) / math.log(total + 2)))


def _records(index: Index) -> list[tuple[Document, str, int]]:
    """Every decision record with its title and the line of it."""
    found = []
    for _, source, path in index.paths:
        if not _PLACE.search(path):
            continue
        document = index.document(source, path)
        if document is None or document.rank is not Rank.RECORD:
            continue
        heads = [(n, text) for n, text in enumerate(document.text.split("\n")[:12], 1) if text.startswith("#")]
        line, heading = heads[0] if heads else (1, path.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("-", " "))
        found.append((document, _NUMBERED.sub("", plain(heading)), line))
    return found


def record_statements(record: Record, terms: Sequence[Term], index: Index, *, full: bool) -> list[Statement]:
    """What a record decided and why; with ``full`` also the price, what it rejected and what was measured."""
    document = record.document
    parts = _parts(document, index)
    wanted = ("decision", "reason", "price", "rejected", "found") if full else ("decision", "reason")
    statements: list[Statement] = []
    if not parts["decision"]:
        where = Place(document.source, document.path, record.line, record.line)
        statements.append(Statement(sentence(f'I recorded this decision under the title "{record.title}"'), Role.REASON, (where,)))
    for name, role, _ in _PARTS:
        if name not in wanted or not parts[name]:
            continue
        units = _best(parts[name], terms, 3 if name == "reason" and full else 2 if full and name == "rejected" else 1)
        said = " ".join(f'"{u.context}: {u.clause[1:]}' if u.context and not _LABEL.search(u.context) else u.clause for u in units)
        opening = _OPENINGS[name] if statements else _OPENINGS["decision"]
        statements.append(Statement(sentence(opening.format(title=record.title, said=said)), role, places(document, units)))
    if "proposed" in document.flags and statements:
        first = statements[0]
        statements[0] = Statement(first.text.replace("My decision record", f"A decision record that is only {document.flags['proposed']},"), Role.REASON, first.places)
    return statements


def _parts(document: Document, index: Index) -> dict[str, list[Unit]]:
    """The record's sentences by the part that they stand in: decision, reason, price, rejected, found."""
    parts: dict[str, list[Unit]] = {name: [] for name, _, _ in _PARTS}
    for passage in index.passages_of(document.source, document.path):
        for unit, _ in cut(index, document, passage):
            if unit.kind != "sentence" or not 4 <= len(unit.text.split()) <= 60 or unit.text.endswith(":") or unit.text.lower().startswith("status"):
                continue
            label = unit.context if _LABEL.search(unit.context) else passage.context.rsplit(">", 1)[-1].strip()
            name = next((n for n, _, p in _PARTS if p.search(label)), "")
            if name:
                parts[name].append(unit)
    return parts


def _best(units: Sequence[Unit], terms: Sequence[Term], room: int) -> list[Unit]:
    """The first sentence under each run-in head, or those that meet the question best, in their order."""
    heads = {u.context: u for u in reversed(units) if u.context and not _LABEL.search(u.context)}
    pool = sorted(heads.values(), key=lambda u: u.start) if heads and (len(heads) >= 2 or room == 1) else list(units)
    ranked = sorted(pool, key=lambda u: (-_meets(u, terms), u.start))[:room]
    return sorted(ranked, key=lambda u: u.start)


def _meets(unit: Unit, terms: Sequence[Term]) -> float:
    own = stems(unit.text)
    return sum(t.weight for t in terms if t.stem in own or any(a.stems <= own for a in t.alternatives))
