"""The frame for a question about a practice: what is done, with which values, why, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proofolio.answering.candidates import cut, staged
from proofolio.answering.phrasing import dead_word, join, say_evidence, sentence, strip_stop
from proofolio.answering.plan import Term
from proofolio.answering.units import Unit
from proofolio.core.records import DocumentKind, Evidence, Liveness, Place, Rank, Role, Statement
from proofolio.evidence.concepts import expand
from proofolio.evidence.rules import Topic
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import FILLER, content_words, stem, stems

MAX_LABELS = 4
SPOKEN_OF = 0.5  # share of an expectation's telling words that one passage holds for it to count as spoken of
_RANK_ORDER = {Rank.OUTPUT: 0, Rank.CODE: 1, Rank.RECORD: 2, Rank.TEST: 3, Rank.CLAIM: 4}
_LIVE, _CLAIMED, _DEAD = "live", "claimed", "dead"
_AS = {Liveness.LIVE: _LIVE, Liveness.MENTIONED: _CLAIMED}  # whatever is neither is dead
MEANT = 0.6  # what a word of the work that means a word of the question counts for, against the word itself
MORE = 2  # further pieces of evidence by a rule that has been told, for words that it has not met
ASIDE = 60  # characters that a value in brackets may take
BETWEEN = 12  # characters between two values that are told in one bracket ("`depth` is 4")
FIRST_LINES = 12  # lines within which a document says what it is
BESIDE_RECORD = 2  # pieces of evidence told where a decision record opens the answer
_EQUALS = re.compile(r"(`) (?:to|at|is) (`|\d)")
_CODE = re.compile(r"[()*;]|[^=<>!]=[^=].*[\s(]|\bfor\b")
_NAMED = re.compile(r"\(?`[^`]*`\)?")
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"")
_STATUS = re.compile(r"^(?:status|accepted|proposed|date|author|version|updated)\b|^\d{4}-\d\d", re.IGNORECASE)
_OF_ITS_OWN = re.compile(r"\bdecision record of (?:its|their) own\b", re.IGNORECASE)
_VALUES = re.compile(r"`[^`]+`|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_SAYS_MORE = re.compile(r"“[^”]*[.!?]”|“(?:[^”\s]+\s+){7,}[^”]*”")  # a quoted sentence, not a title
_TOLD_BY_RECORD = re.compile(r"\bdecision record\b", re.IGNORECASE)


class _Said(NamedTuple):
    """A piece of evidence with the stems of what it says, once with those of its rule and once without."""

    item: Evidence
    words: frozenset[str]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the portfolio shows of a topic: one piece of evidence a rule, live ones and dead ones."""

    live: tuple[Evidence, ...]
    dead: tuple[Evidence, ...]
    claimed: tuple[Evidence, ...]

    def strong(self) -> list[Evidence]:
        """The live evidence that shows the practice rather than hinting at it."""
        return [e for e in self.live if e.strength >= 2]


def shown(topic: Topic, index: Index, terms: Sequence[Term]) -> Shown:
    """The best evidence per rule, most telling first: what the question names, then what is expected."""
    direct = {t.stem: t.weight for t in terms}
    wanted = dict(direct)
    for term in terms:
        for root, weight in ((s, MEANT * term.weight * a.weight) for a in term.alternatives for s in a.stems if len(a.stems) == 1):
            wanted[root] = max(weight, wanted.get(root, 0.0))
    expected = {rule: i for i, e in enumerate(topic.expects) for rule in e.rules}
    asked = frozenset(t.stem for t in terms if t.weight >= 0.3)

    def key(e: _Said, weights: Mapping[str, float] = wanted, roots: frozenset[str] = frozenset(wanted)) -> tuple[float, int, int, str, int]:
        meets = sum(weights[s] for s in e.words & roots)
        item = e.item
        return (-meets - 0.5 * item.strength - (0.6 if item.rule in expected else 0.0), _RANK_ORDER[item.rank], len(item.path), item.path, item.start)

    roots = frozenset(direct)
    first: dict[tuple[str, str], tuple[tuple[float, int, int, str, int], _Said]] = {}
    others: list[_Said] = []
    for said in _on(topic, index):
        item = said.item
        place, own = (_AS.get(item.liveness, _DEAD), item.rule), key(said, direct, roots)
        if place not in first or own < first[place][0]:
            first[place] = own, said
        if item.liveness is Liveness.LIVE and not said.own.isdisjoint(asked):
            others.append(said)
    best, dead, claimed = ({rule: e for (how, rule), (_, e) in first.items() if how == wanted_how} for wanted_how in (_LIVE, _DEAD, _CLAIMED))
    also: list[_Said] = []  # found by the same rule for another word of the question: a depth beside a rate
    for said in sorted(others, key=key):
        named = said.own & asked
        if not named <= best[said.item.rule].own and len(also) < MORE and not any(named <= o.own for o in also):
            also.append(said)
    return Shown(
        tuple(_opened(e.item, index) for e in sorted([*best.values(), *also], key=key)),
        tuple(e.item for e in sorted((e for r, e in dead.items() if r not in best), key=key)),
        tuple(e.item for e in sorted((e for r, e in claimed.items() if r not in best), key=key)),
    )


def _on(topic: Topic, index: Index) -> list[_Said]:
    """The evidence on a topic: by the rules that name it, and by those that its expectations name."""

    def found() -> list[_Said]:
        expected = {rule for e in topic.expects for rule in e.rules}
        held = [e for e in index.evidence if (topic.id in e.topics or e.rule in expected) and not staged(e)]
        return [_Said(e, stems(f"{e.say} {e.rule}"), stems(e.say)) for e in held]

    return index.keep(("evidence on", topic.id), found)


def _opened(item: Evidence, index: Index) -> Evidence:
    """Evidence that a document is there, with the sentence that the document begins with."""
    if item.values.get("path") != item.path or item.start != 1:
        return item
    document = index.document(item.source, item.path)
    if document is None or document.kind is not DocumentKind.PROSE:
        return item
    headings = 0
    for passage in index.passages_of(item.source, item.path)[:2]:
        for unit, _ in cut(index, document, passage):
            headings += unit.kind == "heading"
            if unit.kind != "sentence" or unit.start > FIRST_LINES:
                continue
            told = headings < 2 and len(unit.text.split()) >= 4 and unit.text[-1:] in ".!?" and unit.text[:1].isalnum() and not _STATUS.search(unit.text)
            return item._replace(say=f"{strip_stop(item.say)}; it begins: {_curly(unit)}", end=unit.end) if told else item
    return item


def _curly(unit: Unit) -> str:
    return f"“{unit.clause[1:-1]}”"


def lead(topic: Topic, evidence: Sequence[Evidence], voice: str) -> tuple[Statement, list[Evidence]]:
    """The first sentence, from the labels of the most telling evidence with their values, and what it has said."""
    used: list[Evidence] = []
    labels: list[str] = []
    for item in evidence:
        label = item.values.get("label", "")
        if any(_same_prose(item, other) and other.strength > item.strength for other in evidence):
            continue
        if label and not any(_same(label, o.values["label"]) or (aside(item) and aside(item) == aside(o)) or _same_prose(item, o) for o in used):
            labels.append(_closed(label) + aside(item))
            used.append(item)
        if len(labels) == MAX_LABELS:
            break
    template = topic.lead if voice == "first" else topic.lead_third
    text = template.replace("{labels}", join(labels))
    return Statement(sentence(text), Role.LEAD, tuple(Place(e.source, e.path, e.start, e.end) for e in used)), used


def _closed(label: str) -> str:
    """A label without a bracket that is opened and never closed."""
    return label if label.count("(") <= label.count(")") else label[: label.rindex("(")].strip()


def aside(item: Evidence) -> str:
    """The value that a label leaves out, in brackets: `` (`max_depth` is `4`)``; empty where it takes a sentence to say it.

    A bare number is no aside: a number goes with what it measures.
    """
    if "“" in item.say or '"' in item.say or item.matcher == "output":
        return ""
    label = item.values.get("label", "")
    if "`" in label:
        return ""  # it names its value already
    found = [m for m in _VALUES.finditer(strip_stop(item.say)) if not re.search(rf"(?<!\w){re.escape(m[0].strip('`'))}(?!\w)", label)]
    if not 1 <= len(found) <= 2 or not found[0][0].startswith("`") or any(_CODE.search(m[0]) for m in found):
        return ""
    text = _EQUALS.sub(r"\1 = \2", item.say[found[0].start() : found[-1].end()])
    between = len(text) - sum(len(m[0]) for m in found)
    return f" ({text})" if len(text) <= ASIDE and between <= BETWEEN else ""


def _same_prose(item: Evidence, other: Evidence) -> bool:
    """Whether two pieces of evidence are about one written document, which one label is enough for."""
    return item.rank in {Rank.RECORD, Rank.CLAIM} and (item.source, item.path) == (other.source, other.path)


def _same(label: str, other: str) -> bool:
    a, b = (stems(_NAMED.sub(" ", x)) or stems(x) for x in (label, other))
    return a <= b or b <= a


def details(evidence: Iterable[Evidence], said: Sequence[Evidence], limit: int) -> list[Statement]:
    """Sentences for what the lead has not said, or said without its values; fewer where a record opens the answer."""
    pool = list(evidence)
    strong = [e for e in pool if e.strength >= 2]
    pool = strong if len(strong) >= len(said) + 2 else pool
    limit = limit if said else min(limit, BESIDE_RECORD)
    statements: list[Statement] = []
    told = [(e.values.get("label", ""), set(_VALUES.findall(e.values.get("label", "") + aside(e)))) for e in said]
    sentences: set[str] = set()
    shown_here: list[Evidence] = []
    for item in pool:
        if len(statements) >= limit:
            break
        text = strip_stop(item.say)
        if _OF_ITS_OWN.search(text) or (not said and _TOLD_BY_RECORD.search(text)):
            continue  # the record itself is told
        if text in sentences or any(_adds_nothing(text, other) for other in sentences):
            continue
        values = set(_VALUES.findall(text))
        label = item.values.get("label", "")
        if not _SAYS_MORE.search(text):
            alike = [seen for known, seen in told if label == known or (known and label and _same(label, known))]
            if any(values <= seen or (seen and not any(re.search(r"\d", v) for v in values - seen)) for seen in alike):
                continue  # what it adds is at most another name for the same
            if any(_same_prose(item, other) for other in [*said, *shown_here]):
                continue
        sentences.add(text)
        shown_here.append(item)
        told.append((label, values))
        role = Role.NUMBER if item.matcher == "output" else Role.EVIDENCE
        statements.append(say_evidence(item, role))
    return statements


def _adds_nothing(text: str, other: str) -> bool:
    return {stem(w) for w in content_words(text)} <= stems(other)


def dead_statements(items: Sequence[Evidence], limit: int) -> list[Statement]:
    """What is there and takes no part, said as that."""
    made = []
    for item in items[:limit]:
        label = item.values.get("label") or strip_stop(item.say)
        text = f"{label} stands in `{item.path.rsplit('/', 1)[-1]}` but is {dead_word(item.liveness)}"
        made.append(Statement(sentence(text), Role.EVIDENCE, (Place(item.source, item.path, item.start, item.end),)))
    return made


def live_rules(index: Index) -> frozenset[str]:
    """The rules that found something that takes part in what runs."""
    return index.keep("live rules", lambda: frozenset(e.rule for e in index.evidence if e.liveness is Liveness.LIVE and not staged(e)))


def met(topic: Topic, index: Index) -> float:
    """The share of a topic's expectations that live evidence meets, 0 to 1."""
    live = live_rules(index)
    return sum(bool(live & set(e.rules)) for e in topic.expects) / max(1, len(topic.expects))


def missing(topic: Topic, index: Index) -> list[str]:
    """The expectations of a topic that no live evidence meets and no passage speaks of.

    A rule that finds nothing proves little by itself: the practice may be written by hand. So its words and
    its meaning are searched over everything, and only what is found in neither way is said to be missing.
    """
    live = live_rules(index)
    unmet = [e.text for e in topic.expects if not live & set(e.rules)]
    return [text for text in unmet if not spoken_of(text, index)]


def spoken_of(text: str, index: Index) -> bool:
    """Whether some passage holds most of the telling words of an expectation, or words that mean the same."""
    return index.keep(("spoken of", text), lambda: _search_for(text, index))


def _search_for(text: str, index: Index) -> bool:
    words = [w for w in content_words(text) if w not in FILLER]
    weights = {stem(w): index.salience(w) for w in words}
    alternatives = {stem(w): frozenset(stem(c) for x in expand(text) if w in x.text.lower() for c, _ in x.terms if " " not in c) for w in words}
    total = sum(weights.values()) or 1.0
    hits = [k for k, _ in index.lexical(words, 25)] + [k for k, _ in index.dense(text, 15)]
    for passage in index.fetch(list(dict.fromkeys(hits))):
        bag = stems(f"{index.text(passage)} {passage.path} {passage.context} {passage.symbol}")
        met = sum(v for s, v in weights.items() if s in bag or alternatives[s] & bag)
        if met / total >= SPOKEN_OF:
            return True
    return False


def limit_statement(gaps: Sequence[str]) -> Statement | None:
    """What a strong answer would also contain and the search did not find; says no more than that."""
    if not gaps:
        return None
    return Statement(sentence(f"I also looked for {join(list(gaps[:3]))}, and found no sign of it"), Role.LIMIT, searched=True)


def without_repeats(statements: Sequence[Statement]) -> list[Statement]:
    """The statements without those whose quoted sentences have all been quoted before them."""
    kept: list[Statement] = []
    quoted: set[str] = set()
    for statement in statements:
        own = {" ".join(q.strip(" .").split()).replace("`", "'") for m in _QUOTED.finditer(statement.text) for q in [m[1] or m[2]] if len(q.split()) >= 5}
        if own and own <= quoted:
            continue
        quoted |= own
        kept.append(statement)
    return kept
