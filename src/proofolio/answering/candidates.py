"""Finds what could be said: from a plan to scored groups of units, each within one passage."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from proofolio.answering.plan import Kind, Plan, Term
from proofolio.answering.units import Unit, units_of
from proofolio.core.records import Document, DocumentKind, Liveness, Rank
from proofolio.retrieval.index import Hit, Index
from proofolio.retrieval.words import stems
from proofolio.store.dossier import StoredPassage

MAX_SAID = 440  # characters of clauses that one statement may hold
EXPLAINS = 0.03  # prose explains: asked how or why, it comes a little before code that does the same
NEAR = 5  # lines between a telling unit and a neighbour that is said with it
_BESIDE = {"setting", "output", "comment", "docstring", "raise", "return", "route", "test", "sentence", "row", "condition", "decorator", "dead"}
_SELDOM = {"import", "heading", "repr", "snippet", "block"}
DEEP = 50  # plain retrieval has three quarters of the facts in its first fifty passages
IN_UNIT, MEANS_SAME, IN_CONTEXT, SAME_IN_CONTEXT = 1.0, 0.75, 0.5, 0.35

_DIGIT = re.compile(r"\d")
_BECAUSE = re.compile(r"\b(because|since|so that|in order to|therefore|due to|reason|avoid|prevent|instead of|rather than|to keep|otherwise|trade-?off|chose|prefer|must not|should not|cannot)\b", re.IGNORECASE)
_KIND_BONUS = {"import": -0.22, "heading": -0.14, "snippet": -0.05, "line": -0.04, "block": -0.05, "comment": 0.0, "setting": 0.03,
               "output": 0.02, "repr": -0.2, "docstring": 0.02, "definition": 0.0, "dead": 0.0, "raise": 0.02, "test": 0.0}
_ASIDE = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice|code_of_conduct|authors|\.gitignore|\.dockerignore|\.gitattributes|\.editorconfig|\.proofolioignore)[^/]*$", re.IGNORECASE)
_RESUME = re.compile(r"(?:^|/)(?:resume|cv|résumé|lebenslauf|curriculum[^/]*)\.[^/]*$", re.IGNORECASE)
_RESUME_ASKED = re.compile(r"\b(resume|résumé|cv|claims?|experience|career|background|skills?)\b", re.IGNORECASE)
_ASIDE_ASKED = re.compile(r"licen[cs]|copyright|conduct|ignore", re.IGNORECASE)
_RANK_BONUS = {Rank.OUTPUT: 0.03, Rank.CODE: 0.03, Rank.TEST: -0.03, Rank.RECORD: 0.02, Rank.CLAIM: 0.0}


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit with its score and the stems of the question that it answers."""

    unit: Unit
    score: float
    matched: frozenset[str]


@dataclass(frozen=True, slots=True)
class Group:
    """The telling units of one passage, in file order, with the score of the whole."""

    passage: StoredPassage
    document: Document
    units: tuple[Unit, ...]
    score: float
    coverage: float  # share of the question's weight that the whole passage meets
    matched: frozenset[str]
    best: float


def weigh(plan: Plan, index: Index) -> list[Term]:
    """The plan's terms with weights by rarity in this portfolio; a word that is absent weighs most."""
    total = max(index.total, 1)
    weighed = []
    for term in plan.terms:
        found = index.count(term.word)
        rarity = math.log((total + 1) / (found + 0.5)) / math.log(total + 2)
        says = index.salience(term.word)
        weighed.append(replace(term, weight=term.weight * says * (0.4 + 0.6 * min(1.0, max(0.0, rarity)))))
    return weighed


def witnesses(plan: Plan, index: Index, terms: Sequence[Term]) -> dict[int, float]:
    """Passages that hold live evidence for the topics of a question, 0 to 1 by how telling it is."""
    found: dict[int, float] = {}
    wanted = {t.stem: t.weight for t in terms}
    total = sum(wanted.values()) or 1.0
    for key, score in plan.topics[:3]:
        for item in index.by_topic.get(key, []):
            if item.liveness is not Liveness.LIVE or item.strength < 2:
                continue
            passage = index.passage_at(item.source, item.path, item.start)
            if passage is not None:
                named = sum(wanted.get(s, 0.0) for s in stems(f"{item.say} {item.path}")) / total
                worth = min(1.0, score) * (0.35 + 0.15 * (item.strength - 2) + 0.5 * min(1.0, 2 * named))
                found[passage] = max(found.get(passage, 0.0), worth)
    return found


def search(plan: Plan, index: Index, terms: Sequence[Term], limit: int = DEEP) -> list[Hit]:
    """The passages worth cutting into units: words, words that mean the same, meaning, each part."""
    telling = [t for t in terms if t.weight > 0.1]
    direct = [t.word for t in telling]
    wider = direct + [a for t in telling for a in t.other_words()]
    by_words, by_meaning = index.lexical(wider, limit * 2), index.dense(plan.question, limit * 2)
    lists: list[tuple[float, Sequence[int]]] = [
        (1.0, [k for k, _ in index.lexical(direct, limit)]),
        (0.8, [k for k, _ in by_words[:limit]]),
        (0.9, [k for k, _ in by_meaning[:limit]]),
    ]
    held = witnesses(plan, index, telling)
    lists.append((0.7, sorted(held, key=lambda k: (-held[k], k))[: limit // 2]))
    if len(plan.parts) > 1:
        for part in plan.parts:
            said = stems(part)
            inside = [t for t in telling if t.stem in said]
            lists.append((0.5, [k for k, _ in index.lexical([t.word for t in inside] + [a for t in inside for a in t.other_words()], limit)]))
            lists.append((0.4, [k for k, _ in index.dense(part, limit)]))
    top = by_words[0][1] if by_words else 1.0
    words, meaning = dict(by_words), dict(by_meaning)
    return [replace(h, words=words.get(h.passage.id, 0.0) / top, meaning=meaning.get(h.passage.id, 0.0), evidence=held.get(h.passage.id, 0.0)) for h in index.fuse(lists, limit)]


def groups(plan: Plan, index: Index, terms: Sequence[Term], hits: Sequence[Hit]) -> list[Group]:
    """Every hit as a group of its telling units, best first."""
    if not hits:
        return []
    top = hits[0].score
    made = [g for h in hits if (g := group(plan, index, terms, h, h.score / top))]
    return sorted(made, key=lambda g: (-g.score, g.passage.id))


def group(plan: Plan, index: Index, terms: Sequence[Term], hit: Hit, prior: float) -> Group | None:
    """The telling units of one passage, or None where nothing in it meets the question."""
    passage = hit.passage
    document = index.document(passage.source, passage.path)
    if document is None:
        return None
    context = stems(f"{passage.path} {passage.symbol} {passage.context}")
    weight = sum(t.weight for t in terms) or 1.0
    scored = [_score(plan, terms, u, own, context, weight, document, prior) for u, own in cut(index, document, passage)]
    scored = [s for s in scored if s.score > 0]
    if not scored:
        return None
    ranked = sorted(scored, key=lambda s: -s.score)
    best = ranked[0].score
    room = 5 if plan.kind in {Kind.WALKTHROUGH, Kind.PROCESS} else 4
    kept = _pick(ranked, best, room, [u for u, _ in cut(index, document, passage)])
    matched = frozenset().union(*(s.matched for s in scored))
    coverage = sum(t.weight for t in terms if t.stem in matched or t.stem in context) / weight
    named = sum(t.weight for t in terms if t.stem in context) / weight
    score = best + 0.25 * sum(s.score for s in ranked[1:3]) / 2 + 0.25 * coverage + 0.1 * prior
    score += 0.25 * hit.words + 0.35 * hit.meaning + 0.2 * named + 0.25 * hit.evidence
    score += _RANK_BONUS.get(passage.rank, 0.0)
    if document.kind is DocumentKind.PROSE and plan.kind in {Kind.CHOICE, Kind.PROCESS, Kind.WALKTHROUGH} and not plan.wants_number:
        score += EXPLAINS
    if _ASIDE.search(passage.path) and not _ASIDE_ASKED.search(plan.question):
        score *= 0.4
    if _RESUME.search(passage.path) and not _RESUME_ASKED.search(plan.question):
        score *= 0.5
    units = tuple(sorted(kept, key=lambda u: (u.start, u.end)))
    chosen = set(kept)
    said = frozenset().union(*(s.matched for s in scored if s.unit in chosen)) | (context & {t.stem for t in terms})
    return Group(passage, document, units, score, coverage, said, best)


def cut(index: Index, document: Document, passage: StoredPassage) -> list[tuple[Unit, frozenset[str]]]:
    """A passage's units with their stems; kept by the index, since good passages are met again and again."""

    def make() -> list[tuple[Unit, frozenset[str]]]:
        lines = index.lines(passage.source, passage.path)
        return [(u, stems(f"{u.text} {u.context}")) for u in units_of(document, passage.first, passage.last, lines)]

    return index.keep(("units", passage.id), make)


def _pick(ranked: Sequence[Scored], best: float, room: int, units: Sequence[Unit]) -> list[Unit]:
    """The best unit, those near it in score that add something, then their neighbours while there is room.

    The value that a question asks for often stands beside the line that has its words.
    """
    kept: list[Unit] = []
    said: set[str] = set()
    size = 0
    for item in ranked:
        if len(kept) >= room or (kept and size + len(item.unit.clause) > MAX_SAID) or item.score < best * 0.6:
            break
        if item.unit.clause in said or (kept and item.unit.kind in _SELDOM):
            continue
        kept.append(item.unit)
        said.add(item.unit.clause)
        size += len(item.unit.clause)
    near = sorted(
        (min(abs(u.start - k.end) if u.start > k.end else abs(k.start - u.end) for k in kept), u.start < kept[0].start, u.start, u)
        for u in units if u.clause not in said and u.kind in _BESIDE
    ) if kept else []
    for distance, _, _, unit in near:
        if distance > NEAR or len(kept) >= room + 1 or size + len(unit.clause) > MAX_SAID:
            break
        kept.append(unit)
        size += len(unit.clause)
    return kept


def _score(plan: Plan, terms: Sequence[Term], unit: Unit, own: frozenset[str], context: frozenset[str], weight: float, document: Document, prior: float) -> Scored:
    total, matched = 0.0, set()
    direct = False
    for term in terms:
        share = _meets(term, own, context)
        if share:
            total += term.weight * share
            if share > IN_CONTEXT or term.stem in own:
                matched.add(term.stem)
                direct = True
    score = total / weight
    if not direct:
        score *= 0.5
    if score > 0:
        score += _KIND_BONUS.get(unit.kind, 0.0)
        if plan.wants_number and _DIGIT.search(unit.text):
            score += 0.10
        if plan.wants_reason and _BECAUSE.search(unit.text):
            score += 0.12
        if "dead" in document.flags:
            score -= 0.08
        if document.kind is DocumentKind.PROSE and len(unit.text) < 12:
            score -= 0.1
        score += 0.08 * prior
    return Scored(unit, score, frozenset(matched))


def _meets(term: Term, own: frozenset[str], context: frozenset[str]) -> float:
    if term.stem in own:
        return IN_UNIT
    best = IN_CONTEXT if term.stem in context else 0.0
    for other in term.alternatives:
        if other.stems <= own:
            best = max(best, MEANS_SAME * (0.4 + 0.6 * other.weight))
        elif other.stems <= context:
            best = max(best, SAME_IN_CONTEXT * other.weight)
    return best


def diverse(ranked: Sequence[Group], terms: Sequence[Term], limit: int) -> list[Group]:
    """The best groups such that each adds something: new words of the question, or a new file."""
    weights = {t.stem: t.weight for t in terms}
    chosen: list[Group] = []
    pool = list(ranked)
    while pool and len(chosen) < limit:
        best = max(pool, key=lambda g: (_gain(g, chosen, weights), -g.passage.id))
        if chosen and best.score < 0.45 * chosen[0].score:
            break
        pool.remove(best)
        if not any(_repeats(best, c) for c in chosen):
            chosen.append(best)
    return chosen


def _gain(group: Group, chosen: Sequence[Group], weights: Mapping[str, float]) -> float:
    """What a group adds to those chosen: its score, the words that it is the first to meet, a file not yet seen."""
    covered = frozenset().union(*(c.matched for c in chosen)) if chosen else frozenset[str]()
    fresh = sum(weights.get(s, 0.0) for s in group.matched - covered) / (sum(weights.values()) or 1.0)
    beside = [c for c in chosen if c.passage.path == group.passage.path]
    near = any(abs(c.passage.first - group.passage.first) < 3 for c in beside)
    return group.score + 0.35 * fresh - 0.06 * len(beside) - (1.0 if near else 0.0)


def _repeats(group: Group, other: Group) -> bool:
    """Whether a group says only what another says already: copies of a file, a pasted function."""
    mine, theirs = {u.clause for u in group.units}, {u.clause for u in other.units}
    return mine <= theirs
