"""The frame for a question about a practice: what is done, with which values, why, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proofolio.answering.phrasing import dead_word, join, say_evidence, sentence, strip_stop
from proofolio.answering.plan import Term
from proofolio.core.records import Evidence, Liveness, Place, Rank, Role, Statement
from proofolio.evidence.concepts import expand
from proofolio.evidence.rules import Topic
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import FILLER, content_words, stem, stems

MAX_LABELS = 4
SPOKEN_OF = 0.5  # share of an expectation's telling words that one passage holds for it to count as spoken of
_RANK_ORDER = {Rank.OUTPUT: 0, Rank.CODE: 1, Rank.RECORD: 2, Rank.TEST: 3, Rank.CLAIM: 4}
_VALUES = re.compile(r"`[^`]+`|\d+(?:\.\d+)?")


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
    wanted = {t.stem: t.weight for t in terms}
    expected = {rule: i for i, e in enumerate(topic.expects) for rule in e.rules}
    best: dict[str, Evidence] = {}
    dead: dict[str, Evidence] = {}
    claimed: dict[str, Evidence] = {}

    def key(e: Evidence) -> tuple[float, int, int, str, int]:
        named = sum(wanted.get(s, 0.0) for s in stems(f"{e.say} {e.rule}"))
        return (-named - 0.5 * e.strength - (0.6 if e.rule in expected else 0.0), _RANK_ORDER[e.rank], len(e.path), e.path, e.start)

    for item in index.by_topic.get(topic.id, []):
        if item.liveness is Liveness.LIVE:
            bucket = best
        elif item.liveness is Liveness.MENTIONED:
            bucket = claimed
        else:
            bucket = dead
        if item.rule not in bucket or key(item) < key(bucket[item.rule]):
            bucket[item.rule] = item
    return Shown(
        tuple(sorted(best.values(), key=key)),
        tuple(sorted((e for r, e in dead.items() if r not in best), key=key)),
        tuple(sorted((e for r, e in claimed.items() if r not in best), key=key)),
    )


def lead(topic: Topic, evidence: Sequence[Evidence], voice: str) -> tuple[Statement, list[Evidence]]:
    """The first sentence, from the labels of the most telling evidence, and what it has said."""
    used: list[Evidence] = []
    labels: list[str] = []
    for item in evidence:
        label = item.values.get("label", "")
        if label and not any(_same(label, other) for other in labels):
            labels.append(label)
            used.append(item)
        if len(labels) == MAX_LABELS:
            break
    template = topic.lead if voice == "first" else topic.lead_third
    text = template.replace("{labels}", join(labels))
    return Statement(sentence(text), Role.LEAD, tuple(Place(e.source, e.path, e.start, e.end) for e in used)), used


def _same(label: str, other: str) -> bool:
    a, b = stems(label), stems(other)
    return a <= b or b <= a


def details(evidence: Iterable[Evidence], said: Sequence[Evidence], limit: int) -> list[Statement]:
    """Sentences for what the lead has not said, or said without its values."""
    statements: list[Statement] = []
    told = {e.rule: e.values.get("label", "") for e in said}
    sentences: set[str] = set()
    for item in evidence:
        if len(statements) >= limit:
            break
        text = strip_stop(item.say)
        if text in sentences or any(_adds_nothing(text, other) for other in sentences):
            continue
        if item.rule in told and set(_VALUES.findall(text)) <= set(_VALUES.findall(told[item.rule])):
            continue
        sentences.add(text)
        role = Role.NUMBER if item.matcher == "output" else Role.EVIDENCE
        statements.append(say_evidence(item, role))
    return statements


def _adds_nothing(text: str, other: str) -> bool:
    return stems(text) <= stems(other)


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
    return index.keep("live rules", lambda: frozenset(e.rule for e in index.evidence if e.liveness is Liveness.LIVE))


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
