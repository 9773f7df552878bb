"""Finds what could be said: from a plan to scored groups of units, each within one passage."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from proofolio.answering.meeting import IN_CONTEXT, Held, held_in, meets, met_by
from proofolio.answering.plan import Kind, Plan, Term
from proofolio.answering.unasked import ASIDE, DELIVERY, RESUME, ROWS, TEST, WORDING, kinds_asked, kinds_of
from proofolio.answering.units import Unit, strings_of, units_of
from proofolio.core.records import Document, DocumentKind, Evidence, Liveness, Place, Rank
from proofolio.retrieval.index import Hit, Index
from proofolio.retrieval.words import stems
from proofolio.store.dossier import StoredPassage

ROOM = 8  # units that a group may hold
MAX_SAID = 240  # characters of clauses that one statement may hold
EXPLAINS = 0.03  # prose explains: asked how or why, it comes a little before code that does the same
NEAR = 5  # lines between a telling unit and a neighbour that is said with it
_BESIDE = {"setting", "output", "comment", "docstring", "raise", "return", "route", "test", "sentence", "row", "condition", "decorator", "dead"}
_SELDOM = {"import", "heading", "repr", "snippet", "block"}
DEEP = 24  # passages that are looked at closely: with fifty, the answers of three exams get worse, not better

_DIGIT = re.compile(r"\d")
_QUANTITY = re.compile(r"(?<![\w.`-])\d[\d.,]*%?(?!\w)")  # a number that stands by itself, not within a name
_BECAUSE = re.compile(r"\b(because|since|so that|in order to|therefore|due to|reason|avoid|prevent|instead of|rather than|to keep|otherwise|trade-?off|chose|prefer|must not|should not|cannot)\b", re.IGNORECASE)
_TRIVIAL = re.compile(
    r"(?:\}\s*else\s*)?if\s*\(?\s*err(?:or)?\s*!=\s*(?:nil|null)|return(?:\s+(?:[\w\"]+,\s*)*(?:nil|none|null|true|false|self|this|err|error|result|results|res|data|app|df|response)\b)?[;\s]*$"
    r"|pass$|(?:self|this)\.(?P<own>_?\w+) = (?P=own);?$|super\b|[-=#*~/\s]+$|log\w*\.debug\(|console\.log\(|(?:try|else|finally)\b.{0,3}$"
    r"|(?:status|date|authors?|reviewers?|last updated)\s*:|if __name__|\w+ = (?:\"{3}|'{3}|\\)$", re.IGNORECASE)  # lines that any program has
_KIND_BONUS = {"import": -0.22, "heading": -0.14, "snippet": -0.05, "line": -0.04, "block": -0.05, "comment": 0.0, "setting": 0.03,
               "output": 0.02, "repr": -0.2, "docstring": 0.02, "definition": 0.0, "dead": 0.0, "raise": 0.02, "test": 0.0}
FOCUSED = 0.5  # weight of the files of the last answer among the lists that are fused
IN_FOCUS = 0.2  # what being in one of them adds to a group
BOTH = 0.5  # what meeting both a follow-up and the question before it is worth
FOUND = 0.5  # what the place among the hits is worth
MEANT = 0.8  # what nearness in meaning is worth
WRITTEN_DOWN = 1.0  # weight of the passages that write numbers down, where one is asked for
RULED = 1.0  # weight of the best passage of each rule among the lists that are fused
NUMBER = 0.4  # what a passage with a number gains, and one without loses, where a number is asked for
SAYS_NOTHING = 0.15  # what a line that any program has loses
UNASKED_KIND = 0.3  # what rows of data and the steps of a delivery lose where the question is not about such
UNASKED_TEST = 0.2  # what a test loses where the question is not about tests: it repeats what it tests
SAME_RULE = 0.25  # what a group loses when its evidence shows again what was shown before
WITNESSED = 0.6  # what evidence for a topic of the question is worth beside words and meaning
_WRITTEN = frozenset({Rank.OUTPUT, Rank.RECORD, Rank.CLAIM})  # printed, recorded or claimed: where results stand
_RANK_BONUS = {Rank.OUTPUT: 0.03, Rank.CODE: 0.03, Rank.TEST: -0.03, Rank.RECORD: 0.02, Rank.CLAIM: 0.0}


class Scored(NamedTuple):
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
    evidence: tuple[Evidence, ...] = ()  # what rules found in the passage and the question asks about
    picked: tuple[Unit, ...] = ()  # the units again, those first that are to be said first


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


def witnesses(plan: Plan, index: Index, terms: Sequence[Term]) -> tuple[dict[int, float], list[int]]:
    """Passages that hold live evidence for the topics of a question, 0 to 1 by how telling it is.

    Also the best passage of each rule, best first: a practice is seldom written twice in the same way.
    """
    found: dict[int, float] = {}
    by_rule: dict[str, tuple[float, int]] = {}
    wanted = {t.stem: t.weight for t in terms}
    asked, total = frozenset(wanted), sum(wanted.values()) or 1.0
    for key, score in plan.topics[:3]:
        for item, passage, said in index.keep(("witnesses", key), lambda k=key: _live_on(k, index)):  # type: ignore[misc]
            named = sum(wanted[s] for s in said & asked) / total
            worth = min(1.0, score) * (0.35 + 0.15 * (item.strength - 2) + 0.5 * min(1.0, 2 * named))
            found[passage] = max(found.get(passage, 0.0), worth)
            if worth > by_rule.get(item.rule, (0.0, 0))[0]:
                by_rule[item.rule] = (worth, passage)
    best = sorted(by_rule.values(), key=lambda w: (-w[0], w[1]))
    return found, list(dict.fromkeys(k for _, k in best))


def _live_on(topic: str, index: Index) -> list[tuple[Evidence, int, frozenset[str]]]:
    """The telling live evidence on a topic, each with its passage and the stems of what it says."""
    found = []
    for item in index.by_topic.get(topic, []):
        if item.liveness is Liveness.LIVE and item.strength >= 2 and not staged(item):
            passage = index.passage_at(item.source, item.path, item.start)
            if passage is not None:
                found.append((item, passage, stems(f"{item.say} {item.path}")))
    return found


def search(plan: Plan, index: Index, terms: Sequence[Term], limit: int = DEEP, focus: Sequence[Place] = ()) -> list[Hit]:
    """The passages worth cutting into units: words, words that mean the same, meaning, each part.

    ``focus`` is where the conversation was: what a follow-up asks about often stands in the same files.
    """
    telling = [t for t in terms if t.weight > 0.1]
    direct = [t.word for t in telling]
    wider = direct + [a for t in telling for a in t.other_words()]
    by_words, by_meaning = index.lexical(wider, limit * 2), index.dense(plan.question, limit * 2)
    lists: list[tuple[float, Sequence[int]]] = [
        (1.0, [k for k, _ in index.lexical(direct, limit)]),
        (0.8, [k for k, _ in by_words[:limit]]),
        (0.9, [k for k, _ in by_meaning[:limit]]),
    ]
    held, best_held = witnesses(plan, index, telling)
    lists.append((0.7, sorted(held, key=lambda k: (-held[k], k))[: limit // 2]))
    lists.append((RULED, best_held[: limit // 3]))
    if plan.wants_number:
        found = index.fetch([k for k, _ in by_words])
        lists.append((WRITTEN_DOWN, [p.id for p in found if p.rank in _WRITTEN and _QUANTITY.search(index.text(p))]))
    if len(plan.parts) > 1:
        for part in plan.parts:
            said = stems(part)
            inside = [t for t in telling if t.stem in said]
            lists.append((0.5, [k for k, _ in index.lexical([t.word for t in inside] + [a for t in inside for a in t.other_words()], limit)]))
            lists.append((0.4, [k for k, _ in index.dense(part, limit)]))
    if focus and plan.follow_up:
        lists.append((FOCUSED, _beside(focus, index, limit)))
    top = by_words[0][1] if by_words else 1.0
    words, meaning = dict(by_words), dict(by_meaning)
    return [replace(h, words=words.get(h.passage.id, 0.0) / top, meaning=meaning.get(h.passage.id, 0.0), evidence=held.get(h.passage.id, 0.0)) for h in index.fuse(lists, limit)]


def _beside(focus: Sequence[Place], index: Index, limit: int) -> list[int]:
    """The passages of the files that the last answer cited, those cited first."""
    files = list(dict.fromkeys((p.source, p.path) for p in focus))
    each = [[k.id for k in index.keep(("passages", *f), lambda f=f: index.passages_of(*f))] for f in files[:4]]  # type: ignore[misc]
    return [k for ids in each for k in ids[:limit]][:limit]


def groups(plan: Plan, index: Index, terms: Sequence[Term], hits: Sequence[Hit], focus: Sequence[Place] = ()) -> list[Group]:
    """Every hit as a group of its telling units, best first; for a follow-up, files in focus come before others."""
    if not hits:
        return []
    top = hits[0].score
    made = [g for h in hits if (g := group(plan, index, terms, h, h.score / top))]
    if plan.follow_up:
        near = {(p.source, p.path) for p in focus}
        made = [replace(g, score=g.score + IN_FOCUS) if (g.passage.source, g.passage.path) in near else g for g in made]
    return sorted(made, key=lambda g: (-g.score, g.passage.id))


def group(plan: Plan, index: Index, terms: Sequence[Term], hit: Hit, prior: float) -> Group | None:
    """The telling units of one passage and what rules found in it, or None where nothing in it meets the question."""
    passage = hit.passage
    document = index.document(passage.source, passage.path)
    if document is None:
        return None
    context = stems(f"{passage.path} {passage.symbol} {passage.context}")
    weight = sum(t.weight for t in terms) or 1.0
    shown = [w for e in evidence_in(index, passage) if (w := _witness(plan, terms, e, context, weight)).score > 0]
    shown = _one_a_rule(sorted(shown, key=lambda w: (-w.score, w.item.start)))
    units = cut(index, document, passage)
    held = held_in(terms, frozenset().union(*(own for _, own in units)), context)
    scored = [s for u, own in units if (s := _score(plan, held, u, own, weight, document, prior)) is not None] if held else []
    if not scored and not shown:
        return None
    ranked = sorted(scored, key=lambda s: -s.score)
    found = sorted([s.score for s in ranked[:3]] + [w.score for w in shown[:2]], reverse=True)
    best = found[0]
    room = ROOM
    told = [w.item for w in shown[:2] if w.score >= 0.6 * best]
    kept = _pick(ranked, best, room, [u for u, _ in units], told)
    matched = frozenset().union(*(s.matched for s in scored), *(w.matched for w in shown))
    coverage = sum(t.weight for t in terms if t.stem in matched or t.stem in context) / weight
    named = sum(t.weight for t in terms if t.stem in context) / weight
    score = best + 0.25 * sum(found[1:3]) / 2 + 0.25 * coverage + FOUND * prior
    score += 0.25 * hit.words + MEANT * hit.meaning + 0.2 * named + WITNESSED * hit.evidence
    score += _RANK_BONUS.get(passage.rank, 0.0)
    if plan.wants_number:
        told_one = any(_QUANTITY.search(u.text) for u in kept) or any(_QUANTITY.search(w.item.say) for w in shown)
        score += NUMBER if told_one else -NUMBER
    if document.kind is DocumentKind.PROSE and plan.kind in {Kind.CHOICE, Kind.PROCESS, Kind.WALKTHROUGH} and not plan.wants_number:
        score += EXPLAINS
    asked = kinds_asked(plan.question)
    if passage.rank is Rank.TEST and TEST not in asked:
        score -= UNASKED_TEST
    unasked = kinds_of(passage.path) - asked
    if DELIVERY in unasked:
        score -= UNASKED_KIND
    if ROWS in unasked and not plan.wants_number:
        score -= UNASKED_KIND
    if plan.follow_up:
        score += BOTH * _of_both(plan, terms, matched | context)
    if ASIDE in unasked:
        score *= 0.4
    if RESUME in unasked:
        score *= 0.5
    if WORDING in unasked:
        score *= 0.7
    chosen = set(kept)
    said = frozenset().union(*(s.matched for s in scored if s.unit in chosen), *(w.matched for w in shown[: len(told)])) | (context & {t.stem for t in terms})
    return Group(passage, document, tuple(sorted(kept, key=lambda u: (u.start, u.end))), score, coverage, said, best, tuple(told), tuple(kept))


def _of_both(plan: Plan, terms: Sequence[Term], met: frozenset[str]) -> float:
    """How well a passage meets a follow-up's own words and those of the question before it: little where it misses one."""
    asked = stems(plan.question)
    shares = []
    for side in ([t for t in terms if t.stem in asked], [t for t in terms if t.stem not in asked]):
        weight = sum(t.weight for t in side)
        shares.append(sum(t.weight for t in side if t.stem in met) / weight if weight else 0.0)
    return math.sqrt(shares[0] * shares[1])


@dataclass(frozen=True, slots=True)
class _Witness:
    """A piece of evidence with how well it meets the question, 0 to about 1.3, and the stems that it meets."""

    item: Evidence
    score: float
    matched: frozenset[str]


def _witness(plan: Plan, terms: Sequence[Term], item: Evidence, context: frozenset[str], weight: float) -> _Witness:
    """How well what a rule found meets a question: by its words, and by the practice that it shows."""
    own = stems(f"{item.say} {item.rule}")
    total, matched = 0.0, set()
    for term in terms:
        share = meets(term, own, context)
        total += term.weight * share
        if share and term.weight >= 0.2 and (share > IN_CONTEXT or term.stem in own):
            matched.add(term.stem)
    topics = dict(plan.topics)
    asked = max((topics[t] for t in item.topics if t in topics), default=0.0)
    if not matched or (asked < 0.9 and len(matched) < 2):
        return _Witness(item, 0.0, frozenset())
    score = total / weight + 0.1 * item.strength * min(1.0, asked)
    if plan.wants_number and _DIGIT.search(item.say):
        score += 0.1
    return _Witness(item, score, frozenset(matched))


def _one_a_rule(shown: Sequence[_Witness]) -> list[_Witness]:
    """The best witness of each rule: a passage that does the same thing twice is told of once."""
    first: dict[str, _Witness] = {}
    for witness in shown:
        first.setdefault(witness.item.rule, witness)
    return list(first.values())


def evidence_in(index: Index, passage: StoredPassage) -> list[Evidence]:
    """What rules found within a passage and takes part in what runs, or is dead; not what a README merely claims."""

    def by_place() -> dict[tuple[str, str], list[Evidence]]:
        places: dict[tuple[str, str], list[Evidence]] = {}
        for item in index.evidence:
            if item.liveness is not Liveness.MENTIONED and item.strength >= 2 and item.values.get("path") != item.path and not staged(item):
                places.setdefault((item.source, item.path), []).append(item)
        return places

    there = index.keep("evidence by place", by_place).get((passage.source, passage.path), [])
    return [e for e in there if passage.first <= e.start <= passage.last]


def staged(item: Evidence) -> bool:
    """Whether a finding is only what a test sets up: it says nothing of what the work does, unless it is about testing."""
    return item.rank is Rank.TEST and "test" not in item.rule and not any("test" in t for t in item.topics)


def cut(index: Index, document: Document, passage: StoredPassage) -> list[tuple[Unit, frozenset[str]]]:
    """A passage's units with their stems; kept by the index, since good passages are met again and again."""

    def make() -> list[tuple[Unit, frozenset[str]]]:
        lines = index.lines(passage.source, passage.path)
        strings = index.keep(("strings", passage.source, passage.path), lambda: strings_of(document, lines))
        return [(u, stems(f"{u.text} {u.context}")) for u in units_of(document, passage.first, passage.last, lines, strings)]

    return index.keep(("units", passage.id), make)


def _pick(ranked: Sequence[Scored], best: float, room: int, units: Sequence[Unit], told: Sequence[Evidence] = ()) -> list[Unit]:
    """The best unit, those near it in score that add something, then their neighbours while there is room.

    The value that a question asks for often stands beside the line that has its words. What evidence tells
    is not said again.
    """
    kept: list[Unit] = []
    said: set[str] = set()
    size = sum(len(e.say) for e in told)
    ranked = [r for r in ranked if not any(e.start <= r.unit.start and r.unit.end <= e.end for e in told)]
    units = [u for u in units if not any(e.start <= u.start and u.end <= e.end for e in told)]
    for item in ranked:
        if len(kept) >= room or (kept and size + len(item.unit.clause) > MAX_SAID) or item.score < best * 0.6:
            break
        if item.unit.clause in said or (kept and item.unit.kind in _SELDOM):
            continue
        kept.append(item.unit)
        said.add(item.unit.clause)
        size += len(item.unit.clause)
    around = [(k.start, k.end) for k in kept] + [(e.start, e.end) for e in told]
    beside = [(min(abs(u.start - b) if u.start > b else abs(a - u.end) for a, b in around), u) for u in units if u.kind in _BESIDE and u.clause not in said]
    near = sorted((distance, u.start < around[0][0], u.start, u) for distance, u in beside if distance <= NEAR and not _says_nothing(u.text))
    for _, _, _, unit in near:
        if len(kept) >= room + 1 or size + len(unit.clause) > MAX_SAID:
            break
        kept.append(unit)
        size += len(unit.clause)
    return kept


def _score(plan: Plan, held: Sequence[Held], unit: Unit, own: frozenset[str], weight: float, document: Document, prior: float) -> Scored | None:
    """How well a unit meets the question, and in which words; None where it does not."""
    total, matched = met_by(own, held)
    if not total:
        return None
    score = total / weight
    if not matched:
        score *= 0.5
    score += _KIND_BONUS.get(unit.kind, 0.0)
    if plan.wants_number:
        score += 0.1 * bool(_DIGIT.search(unit.text)) + 0.2 * bool(_QUANTITY.search(unit.text))
    if plan.wants_reason and _BECAUSE.search(unit.text):
        score += 0.12
    if _says_nothing(unit.text):
        score -= SAYS_NOTHING
    if "dead" in document.flags:
        score -= 0.08
    if document.kind is DocumentKind.PROSE and len(unit.text) < 12:
        score -= 0.1
    score += 0.08 * prior
    return Scored(unit, score, matched) if score > 0 else None


def _says_nothing(text: str) -> bool:
    """Whether any program has such a line."""
    return bool(_TRIVIAL.match(text)) or "= configparser." in text.lower()


def diverse(ranked: Sequence[Group], terms: Sequence[Term], limit: int) -> list[Group]:
    """The best groups such that each adds something: new words of the question, or a new file."""
    weights = {t.stem: t.weight for t in terms}
    chosen: list[Group] = []
    pool = list(ranked)
    while pool and len(chosen) < limit:
        gain = _gains(chosen, weights)
        best = max(pool, key=lambda g: (gain(g), -g.passage.id))
        if chosen and best.score < 0.45 * chosen[0].score:
            break
        pool.remove(best)
        if not any(_repeats(best, c) for c in chosen):
            chosen.append(best)
    return chosen


def _gains(chosen: Sequence[Group], weights: Mapping[str, float]) -> Callable[[Group], float]:
    """What a group adds to those chosen: its score, the words that it is the first to meet, a file not yet seen."""
    covered = frozenset().union(*(c.matched for c in chosen)) if chosen else frozenset[str]()
    total = sum(weights.values()) or 1.0
    rules = {e.rule for c in chosen for e in c.evidence}

    def gain(group: Group) -> float:
        fresh = sum(weights.get(s, 0.0) for s in group.matched - covered) / total
        again = sum(e.rule in rules for e in group.evidence) / max(1, len(group.evidence)) if rules else 0.0
        beside = [c for c in chosen if c.passage.path == group.passage.path]
        near = any(abs(c.passage.first - group.passage.first) < 3 for c in beside)
        return group.score + 0.35 * fresh - 0.06 * len(beside) - SAME_RULE * again - (1.0 if near else 0.0)

    return gain


def _repeats(group: Group, other: Group) -> bool:
    """Whether a group says only what another says already: copies of a file, a pasted function."""
    mine, theirs = {u.clause for u in group.units}, {u.clause for u in other.units}
    return mine <= theirs
