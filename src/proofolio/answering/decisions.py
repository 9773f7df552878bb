"""Finds the decision record that a question is about, and says what it decided, why, and at what price."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofolio.answering.candidates import cut
from proofolio.answering.phrasing import join, places, sentence
from proofolio.answering.plan import Kind, Plan, Term
from proofolio.answering.units import Unit, plain
from proofolio.core.records import Document, DocumentKind, Evidence, Place, Rank, Role, Statement
from proofolio.evidence.rules import Topic
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stems

ENOUGH = 0.34  # share of the question's weight that a record's title meets
SURE = 0.7  # certainty from which a word of the work stands for a word of the question
SURELY = 0.45  # from here a record is about the question; below, a note that is all about the practice comes first
LEADS = 0.5  # from here a record is what the question is about, and opens the answer
ALONE = 1.0  # from here a title fits the practice asked about although it shares no word with the question
SOME = 0.4  # practice met from which one shared word is enough
NOTE = 2.0  # rules of a practice found in a note, or one and its title, from which the note is about it
OPENS = 0.4  # what it is worth to be the sentence that a note begins with: it says what the note is
TELLING = 0.8  # score from which a sentence of a note answers
ROOM = 45  # words that a note may take
DECIDED = 65  # words that what was decided may take
_PLACE = re.compile(r"(?:^|/)(?:decisions?|adrs?|rfcs?|architecture[-_]decisions?)/|(?:^|/)(?:adr|rfc)[-_]?\d", re.IGNORECASE)
_OWN_RECORD = re.compile(r"\.decision(?:-record)?$")  # rules that find the record of a practice
_CODE = re.compile(r"'[^'\s]+[/.][^'\s]+'|`[^`]+`|\([^)]*\)")  # paths and asides say nothing of what a sentence is about
_AGAINST = re.compile(r"^(?:no|not|never|without|against|neither)\b", re.IGNORECASE)
_ABOUT_WRITING = re.compile(r"\.(?:documentation|decisions|design-docs)$")  # topics that every record shows
_NO_NOTE = re.compile(r"(?:^|/)(?:readme|changelog|changes|history|news|contributing|licen[cs]e|security|code_of_conduct)[^/]*$", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*(?:adr|rfc)?[-\s#]*\d+\s*[.:)\-–]?\s*", re.IGNORECASE)
_PARTS: tuple[tuple[str, Role, re.Pattern[str]], ...] = (
    ("change", Role.TRADE_OFF, re.compile(r"\b(would (?:change|reverse|revisit)|when to (?:revisit|reconsider)|revisit\w*|reconsider\w*)\b", re.IGNORECASE)),
    ("then", Role.EVIDENCE, re.compile(r"^(on|after|in case of) (an? )?(alert|alarm|breach|failure|error)\b", re.IGNORECASE)),
    ("decision", Role.REASON, re.compile(r"^(?:the |our |my )?(decision|decided|chosen|choice|outcome)\b", re.IGNORECASE)),
    ("reason", Role.REASON, re.compile(r"\b(reasons?|why|rationale|drivers?|motivation)\b", re.IGNORECASE)),
    ("price", Role.TRADE_OFF, re.compile(r"\b(price|trade-?offs?|costs?|consequences?|downsides?|drawbacks?|against)\b", re.IGNORECASE)),
    ("rejected", Role.EVIDENCE, re.compile(r"\b(reject\w*|alternatives?|options?|considered)\b", re.IGNORECASE)),
    ("found", Role.NUMBER, re.compile(r"\b(measured|results?|said|confirmed|hold-?out|proof|evidence|replay\w*)\b", re.IGNORECASE)),
    ("context", Role.EVIDENCE, re.compile(r"\b(context|situation|problem|background|question)\b", re.IGNORECASE)),
)
_LABEL = re.compile(r"^(decision|reasons?|why|context|situation|problem|price|costs?|consequences?|rejected|alternatives?|options?|measured|results?|replay|status|proof|note)\b", re.IGNORECASE)
_ALONE = re.compile(r"^\s*(?:\*\*|__)(?P<head>[^*_]{2,40}?)[.:]?(?:\*\*|__)[.:]?\s*$")  # a run-in label with nothing after it
_OPENINGS = {
    "decision": 'My decision record "{title}" says: {said}',
    "reason": "The reason that it gives: {said}",
    "price": "The price, in its words: {said}",
    "rejected": "What it rejected: {said}",
    "found": "What was measured, it says: {said}",
    "context": "The situation, it says: {said}",
    "change": "What would change it: {said}",
    "then": "And then, it says: {said}",
}
_FIRST = {
    "reason": 'My decision record "{title}" gives the reason: {said}',
    "price": 'My decision record "{title}" names the price: {said}',
    "rejected": 'My decision record "{title}" rejected this: {said}',
    "found": 'My decision record "{title}" says what was measured: {said}',
    "context": 'My decision record "{title}" starts from this: {said}',
    "change": 'My decision record "{title}" says what would change it: {said}',
    "then": 'My decision record "{title}" says what happens then: {said}',
}
_GAIN = re.compile(r"\d times\b|\d\s?x\b|\d ?× ", re.IGNORECASE)  # a row of a table that says what a change brought
_TELLS = re.compile(r"\b(because|since|so that|instead of|rather than|(?:\d|ten|hundred) times|times the|per second|a second|faster|slower|costs?|therefore|otherwise|would)\b", re.IGNORECASE)
_AFTERWARDS = re.compile(r"\b(what (?:happens|do you do|is done)|and then|then what|goes over|exceed\w*|react\w*)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """A decision record, its title, and how well it meets the question (0 to 1 and a little more)."""

    document: Document
    title: str
    line: int
    score: float
    kind: Kind = Kind.PROCESS
    note: bool = False  # whether it is a note on the matter rather than the record of a decision
    about: frozenset[str] = frozenset()  # of a note: the stems of the practice's terms
    shows: tuple[Evidence, ...] = ()  # of a note: what was found of the practice in it
    afterwards: bool = False  # whether the question asks what happens once something has occurred


def record_for(plan: Plan, terms: Sequence[Term], topic: Topic | None, index: Index) -> Record | None:
    """The decision record that meets a question best, by its title and by what was found in it; None where none does.

    Words count by their rarity here: in a modelling project "model" stands in every second title.
    """
    rare = {t.stem: index.salience(t.word) * _rarity(t.word, index) for t in terms}
    weight = sum(rare.values()) or 1.0
    phrases = {stems(p): 1.0 if " " in p or "_" in p or p == topic.name else 0.5 for p in (topic.name, *topic.vocabulary)} if topic else {}
    found = _shown_in(topic, index) if topic else {}
    matched = sum(1 for t in terms if t.weight >= 0.25)
    best: Record | None = None
    for document, title, line in index.keep("decision records", lambda: _records(index)):
        said = stems(f"{title} {document.name.rsplit('.', 1)[0]}")
        direct = sum(rare[t.stem] for t in terms if t.stem in said)
        meant = sum(rare[t.stem] for t in terms if t.stem not in said and any(a.stems <= said and a.weight >= SURE for a in t.alternatives))
        named = (direct + 0.5 * meant) / weight
        practice = sum(w * min(_rarity(s, index) for s in phrase) for phrase, w in phrases.items() if phrase and phrase <= said)
        practice += found.get((document.source, document.path), 0.0)
        score = named + 0.25 * min(2.0, practice)
        met = sum(t.stem in said or any(a.stems <= said and a.weight >= SURE for a in t.alternatives) for t in terms if t.weight >= 0.25)
        if met < min(2, matched) and practice < SOME:
            continue  # one word in common tells nothing: "score" stands in many a title
        if found.get((document.source, document.path), 0.0) > 1.0 and _AGAINST.search(title):
            score = max(score, LEADS)  # a decision against a practice is told before what is there of it
        elif not direct:
            score = min(score, LEADS - 0.01)
        if score >= ENOUGH and (direct or practice >= ALONE) and (best is None or score > best.score):
            best = Record(document, title, line, score, plan.kind, afterwards=bool(_AFTERWARDS.search(plan.question)))
    if best is not None and best.score >= SURELY:
        return best
    note = _note_for(plan, terms, topic, index)
    return note if note is not None and (best is None or note.score > best.score) else best


def _note_for(plan: Plan, terms: Sequence[Term], topic: Topic | None, index: Index) -> Record | None:
    """The candidate's own note on a practice (on scale, on tuning, a runbook), where no decision record is about it."""
    if topic is None:
        return None
    if _ABOUT_WRITING.search(topic.id):
        return None  # which documents there are is what the answer tells
    counts: dict[tuple[str, str], set[str]] = {}
    shows: dict[tuple[str, str], list[Evidence]] = {}
    for item in index.by_topic.get(topic.id, []):
        if item.rank in {Rank.RECORD, Rank.CLAIM} and not _PLACE.search(item.path) and not _NO_NOTE.search(item.path):
            counts.setdefault((item.source, item.path), set()).add(item.rule)
            if item.values.get("path") != item.path:  # that the file is there says nothing of its lines
                shows.setdefault((item.source, item.path), []).append(item)
    best: tuple[float, Record] | None = None
    words = {t.stem for t in terms if t.weight >= 0.25} | stems(topic.name)
    words |= {s for t in terms for a in t.alternatives if a.weight >= SURE and len(a.stems) == 1 for s in a.stems}
    for (source, path), rules in sorted(counts.items()):
        document = index.document(source, path)
        if document is None or document.kind is not DocumentKind.PROSE:
            continue
        title, line = _title(document)
        worth = len(rules) + (1.5 if words & stems(f"{title} {document.name}") else 0.0)
        worth += 2.0 if any(r.endswith((".note", ".runbook")) and r.split(".")[1][:4] == topic.id.split(".")[1][:4] for r in rules) else 0.0
        if worth >= NOTE and (best is None or worth > best[0]):
            about = frozenset(s for v in topic.vocabulary for s in stems(v)) | stems(topic.name)
            best = (worth, Record(document, title, line, min(LEADS - 0.01, 0.1 * worth), plan.kind, note=True, about=about, shows=tuple(shows.get((source, path), ()))))
    return best[1] if best else None


def _shown_in(topic: Topic, index: Index) -> dict[tuple[str, str], float]:
    """How much of a practice was found in each document: half a point for each telling rule, 1.5 where a rule finds its record."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for item in index.by_topic.get(topic.id, []):
        if item.strength >= 2:
            own = _OWN_RECORD.search(item.rule) and not _ABOUT_WRITING.search(topic.id)
            found.setdefault((item.source, item.path), {})[item.rule] = 1.5 if own else 0.5
    return {place: 1.5 if 1.5 in worth.values() else min(0.9, sum(worth.values())) for place, worth in found.items()}


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
        title, line = _title(document)
        found.append((document, _NUMBERED.sub("", title), line))
    return found


def _title(document: Document) -> tuple[str, int]:
    """The first heading and its line; the words of the file name where there is none."""
    heads = [(plain(text), n) for n, text in enumerate(document.text.split("\n")[:12], 1) if text.startswith("#")]
    return heads[0] if heads else (document.name.rsplit(".", 1)[0].replace("-", " "), 1)


def record_statements(record: Record, terms: Sequence[Term], index: Index, *, full: bool) -> list[Statement]:
    """What a record decided and why; with ``full`` also the price, what it rejected, what was measured, what would change it."""
    document = record.document
    if record.note:
        return _noted(record, terms, index)
    parts = _parts(document, index)
    statements: list[Statement] = []
    for name in _wanted(record, parts, full):
        units = _chosen(name, parts[name], terms, full)
        if name == "reason" and full and len(units) > 2 and all(_head(u) for u in units):
            top = _best(units, terms, 2)
            said = join([f'"{_head(u)}"' for u in units]) + ". " + " ".join(f'On "{_head(u)}": {u.clause}' for u in top)
        elif name == "rejected" and len(units) >= 2 and all(_head(u) for u in units):
            said = join([f'"{_head(u)}"' for u in units])
        else:
            said = " ".join(f'"{_head(u)}: {u.clause[1:]}' if _head(u) else u.clause for u in units)
        opening = _OPENINGS[name] if statements or name == "decision" else _FIRST[name]
        role = next(r for n, r, _ in _PARTS if n == name)
        cited = places(document, units)
        if not statements and re.search(r"\d", record.title) and not any(p.start <= record.line <= p.end for p in cited):
            cited = (Place(document.source, document.path, record.line, record.line), *cited)
        statements.append(Statement(sentence(opening.format(title=record.title, said=said)), role, cited))
    if not statements:
        where = Place(document.source, document.path, record.line, record.line)
        statements = [Statement(sentence(f'I recorded this decision under the title "{record.title}"'), Role.REASON, (where,))]
    if "proposed" in document.flags:
        first = statements[0]
        statements[0] = Statement(first.text.replace("My decision record", f"A decision record that is only {document.flags['proposed']},"), Role.REASON, first.places)
    return statements


def _noted(record: Record, terms: Sequence[Term], index: Index) -> list[Statement]:
    """What a note says to a question: the sentences that meet it best, those with a number first."""
    document = record.document
    scored: list[tuple[float, int, Unit]] = []
    begun = False
    for passage in index.passages_of(document.source, document.path):
        around = stems(passage.context)
        for unit, own in cut(index, document, passage):
            opens = unit.kind == "sentence" and not begun
            begun = begun or unit.kind == "sentence"
            row = unit.kind == "row" and _GAIN.search(unit.clause)
            if (unit.kind != "sentence" and not row) or not 5 <= len(unit.clause.split()) <= 40 or unit.text.endswith(":"):
                continue
            told = any(_tells_of(e, unit) for e in record.shows)
            met = _meets(unit._replace(text=_CODE.sub(" ", unit.text)), terms)
            several = sum(t.weight >= 0.25 and (t.stem in own or any(a.stems <= own for a in t.alternatives)) for t in terms) >= 2
            if not (told or opens or record.about & own or several or _GAIN.search(unit.text)):
                continue  # it merely shares a word with the question
            score = met + 0.3 * sum(t.weight for t in terms if t.stem in around - own) + 0.6 * told + min(0.6, 0.2 * len(record.about & own))
            score += 0.2 * min(2, len(re.findall(r"\d[\d.,]*", unit.text))) + 0.3 * bool(_TELLS.search(unit.text))
            score += OPENS * opens
            scored.append((score, unit.start, unit))
    chosen: list[Unit] = []
    size = 0
    for score, _, unit in sorted(scored, key=lambda s: (-s[0], s[1])):
        if score < TELLING or len(chosen) == 3:
            break
        length = len(unit.clause.split())
        if (chosen and size + length > ROOM) or (unit.kind == "row" and any(u.kind == "row" for u in chosen)):
            continue
        chosen.append(unit)
        size += length
    if not chosen:
        return []
    kept = [u for _, _, u in scored if u in chosen]
    said = " ".join(f'"{_head(u)}: {u.clause[1:]}' if _head(u) else u.clause for u in kept)
    role = Role.NUMBER if any(re.search(r"\d", u.text) for u in kept) else Role.EVIDENCE
    return [Statement(sentence(f"My notes in `{document.path}` say: {said}"), role, places(document, kept))]


def _tells_of(item: Evidence, unit: Unit) -> bool:
    """Whether a sentence is what a rule found: quoted by it, or on the line that it points at."""
    if "“" in item.say:
        return unit.text[:40].replace("`", "") in item.say.replace("`", "")
    return unit.start <= item.start <= unit.end


def _wanted(record: Record, parts: dict[str, list[Unit]], full: bool) -> list[str]:
    """Which parts are told, in the order of telling."""
    if record.afterwards and parts["then"]:
        return [n for n in ("then", "decision", "found") if parts[n]]
    if full:
        order = ["decision", "reason", "price", "found", "rejected", "change"]
        if not parts["reason"]:
            order.insert(1, "context")
    else:
        order = ["decision", "found"] if record.kind is Kind.YES_NO else ["decision"]
        order += ["reason"] if parts["reason"] else ["context"]
        order += ["price"] if parts["price"] else ["rejected"]
    return [n for n in dict.fromkeys(order) if parts[n]]


def _head(unit: Unit) -> str:
    """The run-in head that a sentence stands under, where it is none of the record's own labels."""
    return unit.context if unit.context and not _LABEL.search(unit.context) else ""


def _parts(document: Document, index: Index) -> dict[str, list[Unit]]:
    """The record's sentences by the part that they stand in; a list below a run-in label belongs to it."""
    parts: dict[str, list[Unit]] = {name: [] for name, _, _ in _PARTS}
    lines = index.lines(document.source, document.path)
    alone = {n: m["head"] for n, line in enumerate(lines, 1) if (m := _ALONE.match(line)) and _LABEL.search(m["head"])}
    for passage in index.passages_of(document.source, document.path):
        heading, label, since = passage.context.rsplit(">", 1)[-1].strip(), "", passage.first
        for unit, _ in cut(index, document, passage):
            if unit.kind == "heading":
                label, since = "", unit.start
            elif _LABEL.search(unit.context):
                label, since = unit.context, unit.start
            for line in (n for n in alone if since <= n < unit.start):
                label, since = alone[line], line
            if unit.kind != "sentence" or len(unit.text.split()) > 60 or unit.text.endswith(":") or unit.text.lower().startswith("status"):
                continue
            name = next((n for n, _, p in _PARTS if p.search(label or heading)), "")
            least = {"decision": 2, "rejected": 1 if _head(unit) else 7}.get(name, 4)
            if name and len(unit.text.split()) >= least:
                parts[name].append(unit)
    return parts


def _chosen(name: str, units: Sequence[Unit], terms: Sequence[Term], full: bool) -> list[Unit]:
    """The sentences of a part that are told: how a decision begins, else those that meet the question best."""
    if name in {"decision", "then"}:
        return _from_the_start(units, terms)
    if name == "context":
        return list(units[:1])
    if name == "rejected":
        heads = _by_head(units)
        return heads[:4] if len(heads) >= 2 else _best(units, terms, 2 if full else 1)
    return _best(units, terms, (5 if len(_by_head(units)) > 2 else 2) if name == "reason" and full else 1)


def _from_the_start(units: Sequence[Unit], terms: Sequence[Term]) -> list[Unit]:
    """The first sentence, and of the others those that meet the question best while there is room."""
    chosen = [units[0]]
    if len(units[0].text.split()) < 5 and len(units) > 1:
        chosen.append(units[1])
    size = sum(len(u.text.split()) for u in chosen)
    for unit in sorted((u for u in units if u not in chosen), key=lambda u: -_meets(u, terms)):
        if size + len(unit.text.split()) <= DECIDED:
            chosen.append(unit)
            size += len(unit.text.split())
    return [u for u in units if u in chosen]


def _by_head(units: Sequence[Unit]) -> list[Unit]:
    """The first sentence under each run-in head, in their order."""
    heads = {_head(u): u for u in reversed(units) if _head(u)}
    return list(heads.values())[::-1]


def _best(units: Sequence[Unit], terms: Sequence[Term], room: int) -> list[Unit]:
    """The first sentence under each run-in head, or those that meet the question best, in their order."""
    heads = _by_head(units)
    pool = heads if heads and (len(heads) >= 2 or room == 1) else list(units)
    ranked = sorted(pool, key=lambda u: -_meets(u, terms))[:room]
    return [u for u in pool if u in ranked]


def _meets(unit: Unit, terms: Sequence[Term]) -> float:
    own = stems(unit.text)
    return sum(t.weight for t in terms if t.stem in own or any(a.stems <= own for a in t.alternatives))
