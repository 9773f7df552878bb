"""Reads a question: what kind of answer it wants, about what, and what it takes for granted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from proofolio.evidence.concepts import Expansion, expand
from proofolio.evidence.mentions import Mention, mentioned_in
from proofolio.evidence.rules import Topic
from proofolio.evidence.wordings import asked_in
from proofolio.retrieval.words import FILLER, content_words, stem, stems

OWN_TRADE, NEAR_OWN_TRADE = 0.3, 0.1  # what a topic of the asker's trade is worth beyond others: asked for, only near
TOPICS = 4  # that a question is taken to ask about; more where they fit alike
INHERITED = 0.5  # what a word of the question before weighs in a follow-up, against one of its own
NEAR_ENOUGH = 0.62  # cosine with one of a topic's example questions at which it counts as asked


class Kind(StrEnum):
    """The kind of answer that a question wants."""

    CHOICE = "choice"
    PROCESS = "process"
    WALKTHROUGH = "walkthrough"
    NUMBER = "number"
    FIGURE = "figure"
    WHERE = "where"
    YES_NO = "yes_no"
    AUTHORSHIP = "authorship"
    PRIVATE = "private"
    OFF_TOPIC = "off_topic"


@dataclass(frozen=True, slots=True)
class Alternative:
    """What stands in the work for a word of the question: a word or phrase, its stems, how surely."""

    phrase: str
    stems: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question; ``weight`` is 1 for a telling word and less for filler."""

    word: str
    stem: str
    weight: float
    alternatives: tuple[Alternative, ...] = ()

    def other_words(self) -> list[str]:
        """The phrases that stand in the work for this word."""
        return [a.phrase for a in self.alternatives]


@dataclass(frozen=True, slots=True)
class Plan:
    """A question as the engine understands it."""

    question: str
    kind: Kind
    terms: tuple[Term, ...]
    parts: tuple[str, ...]
    topics: tuple[tuple[str, float], ...]
    technologies: tuple[Mention, ...]
    expansions: tuple[Expansion, ...]
    presupposes: str = ""  # the clause that takes something for granted, or ""
    wants_reason: bool = False
    wants_number: bool = False
    follow_up: bool = False

    def stems(self) -> frozenset[str]:
        """The stems of the telling words."""
        return frozenset(t.stem for t in self.terms if t.weight >= 0.5)


_FIGURE = re.compile(
    r"\b(show|see|look at|picture|drawing|draw|have|is there|got)\b.{0,60}\b(plots?|charts?|diagrams?|pictures?|curves?|drawings?|screenshots?|(?<!coverage )(?<!sales )(?<!accuracy )(?<!performance )figures?|images?|graphs?|visuali[sz]ations?|heat ?maps?|mock-?ups?)\b"
    r"|\b(plots?|diagrams?|pictures?|drawings?|screenshots?)\b.{0,40}\b(of|for|showing)\b"
    r"|\bwhat (?:does|do|did) .{0,40}\b(?:plots?|charts?|curves?|diagrams?|dashboards?|pages?|screens?|views?|interface|ui|app|apps|site|website|maps?|mock-?ups?|reports?|form|component|layout of the page)\b.{0,20} look like\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"\bhow (?!(?:many|much)\b.{0,40}\b(?:can|could|would|will)\b.{0,40}\b(?:take|handle|cope|process|manage|digest)\b)(many|much|often|long|large|big|fast|far|high|low|small|frequently|old|accurate|well did)\b"
    r"|\bwhat (is |was |are |were )?(the |your )?(exact |final |overall |best )?(\w+ ){0,2}(scores?|values?|percentages?|rates?|sizes?|numbers?|limits?|thresholds?|auc|accuracy|f1|precision|recall|rmse|mae|coverage|versions?|weights?|weighting|ratios?|latency|interval|timeouts?|concordance|counts?)\b"
    r"|\bwhat (coverage|accuracy|score|weight|latency|interval|timeout|threshold|concordance|area under)\b|\bat what\b|\bexact\b", re.IGNORECASE)
_CHOICE = re.compile(r"\bwhy\b|\bwhat made you\b|\b(reason|rationale)\b|\binstead of\b|\brather than\b|\bover\b.+\?|\bwhich\b.{0,40}\b(choose|chose|pick|picked|settle|select|decide|go with|went with)\b", re.IGNORECASE)
_WALK = re.compile(r"\bwalk (me|us) through\b|\bdescribe\b|\bstep[s]?\b|\bwhich path\b|\bpath does\b|\bend[- ]to[- ]end\b|\bstages?\b|\btalk me through\b|\border\b|\barchitecture\b|\bwhat happens\b", re.IGNORECASE)
_WHERE = re.compile(r"^\s*(and |so |but )?(where|in which (file|module|folder))\b|\bshow me (where|the code|a place)\b|\bopen (one|it)\b", re.IGNORECASE)
_YES_NO = re.compile(r"^\s*(and |so |but |then |ok,? |okay,? )*(is|are|do|does|did|can|could|was|were|has|have|had|will|would|should)\b|,\s*(is|are|do|does|did|can|could|was|were|has|have|had|will|would)\b[^,]*\?$", re.IGNORECASE)
_AUTHORSHIP = re.compile(
    r"\bdid you (really |actually |personally )?write\b|\bwho (wrote|authored|built|made)\b|\b(what|which) (was|is|were) your (own )?(part|role|contribution|share)\b|\byour own (work|code)\b|\bhow much of (this|it|the code) (is|was) (yours|your)\b|\bwritten by you\b|\bis (this|it|that) (really )?your (own )?(work|code)\b",
    re.IGNORECASE)
_PRIVATE = re.compile(
    r"\b(salary|salaries|wage|compensation|home address|where do you live|phone number|passport|social security|date of birth|how old are you|marital|married|religio\w*|political|pregnan\w*|your age)\b"
    r"|\b(print|reveal|show|tell|give|list|dump|repeat|what(?:'s| is| are))\b.{0,40}\b(your |the |all )*(passwords?|api[- ]keys?|secret[s]? (value|key)s?|private keys?|credentials? (value|file)|system prompt|\.env (file|contents?)|proofolio\.toml|your configuration|your instructions)\b"
    r"|\bignore (all |any |your )?(previous|prior|above) (instructions|rules)\b", re.IGNORECASE)
_REASON = re.compile(r"\bwhy\b|\breason|\brationale\b|\bwhat made you\b|\bconvince|\bhow did you decide\b|\bon purpose\b|\btrade-?off", re.IGNORECASE)
_FOLLOW_UP = re.compile(
    r"^\s*(and|but|so|ok|okay|then|also|what about|how about|are you sure|really|show me|why not|which one|where is (it|that)|in production)\b|\b(it|that|this|those|these|them|there|they|one)\b", re.IGNORECASE)
_PRESUPPOSES = re.compile(
    r"\b(why (did|do|have) (you|they|your team)|what made you|how did you (decide|choose|pick|set up|configure|tune|come)|i (noticed|see|saw|read|understand|heard)( that)?|you (split|use|used|run|ran|chose|built|have|had|cache|cached|set|created|wrote|work|apply|applied|moved|migrated)|with .{3,60} in place|your \w+|the \w+ (that )?you|given that|since you)\b",
    re.IGNORECASE)
_ALSO = {"migration": "schema-evolution"}  # practices that two trades have two names for
_SPLIT = re.compile(r"\?\s+|,\s+(?:and|but|or)\s+(?=(?:what|which|how|who|where|when|why|do|does|did|is|are|was|can|on|of|then)\b)|\s+(?:and|but)\s+(?=(?:what|which|how|who|where|when|why)\b)|\s+-\s+|;\s+", re.IGNORECASE)


def plan(question: str, topics: Mapping[str, Topic], nearness: Mapping[str, float] | None = None, asker: str = "") -> Plan:
    """Plan a question that stands alone; ``nearness`` is each topic's cosine with it, if known.

    ``asker`` is the trade of the one who asks: where topics of several trades fit, theirs is meant.
    """
    expansions = tuple(expand(question))
    return Plan(
        question=question,
        kind=_kind(question),
        terms=_terms(question, expansions),
        parts=tuple(p.strip(" ?.,") for p in _SPLIT.split(question) if len(content_words(p)) >= 1) or (question,),
        topics=_topics(question, topics, nearness or {}, asker),
        technologies=tuple(mentioned_in(question)),
        expansions=expansions,
        presupposes=question if _PRESUPPOSES.search(question) else "",
        wants_reason=bool(_REASON.search(question)),
        wants_number=bool(_NUMBER.search(question)),
    )


def refers_back(question: str) -> bool:
    """Whether a question leans on the one before it: it starts with "and", or says "it", "that"."""
    telling = [w for w in content_words(question) if w not in FILLER]
    return bool(_FOLLOW_UP.search(question)) or len(telling) <= 2


def follow(this: Plan, before: Plan) -> Plan:
    """A plan that takes from the one before what this question leaves out, at less weight."""
    own = {t.stem for t in this.terms}
    inherited = tuple(replace(t, weight=t.weight * INHERITED) for t in before.terms if t.stem not in own)
    topics = this.topics or tuple((k, v * 0.8) for k, v in before.topics)
    return replace(this, terms=this.terms + inherited, topics=topics, expansions=this.expansions + before.expansions, follow_up=True)


def _kind(question: str) -> Kind:
    if _PRIVATE.search(question):
        return Kind.PRIVATE
    for kind, pattern in (
        (Kind.AUTHORSHIP, _AUTHORSHIP), (Kind.FIGURE, _FIGURE), (Kind.NUMBER, _NUMBER), (Kind.CHOICE, _CHOICE),
        (Kind.WHERE, _WHERE), (Kind.WALKTHROUGH, _WALK), (Kind.YES_NO, _YES_NO),
    ):
        if pattern.search(question):
            return kind
    return Kind.PROCESS


def _terms(question: str, expansions: Sequence[Expansion]) -> tuple[Term, ...]:
    terms: dict[str, Term] = {}
    alternatives: dict[str, dict[str, float]] = {}
    for expansion in expansions:
        for word in content_words(expansion.text):
            bucket = alternatives.setdefault(stem(word), {})
            for phrase, weight in expansion.terms:
                bucket[phrase] = max(weight, bucket.get(phrase, 0.0))
    for word in content_words(question):
        root = stem(word)
        if root not in terms:
            weight = 0.15 if word in FILLER else 1.0
            terms[root] = Term(word, root, weight, tuple(_alternative(p, w) for p, w in alternatives.get(root, {}).items()))
    return tuple(terms.values())


@lru_cache(maxsize=20_000)
def _alternative(phrase: str, weight: float) -> Alternative:
    return Alternative(phrase, stems(phrase), weight)


def _topics(question: str, topics: Mapping[str, Topic], nearness: Mapping[str, float], asker: str = "") -> tuple[tuple[str, float], ...]:
    """The topics that a question asks about, best first: by their ways of asking, then by nearness in meaning."""
    scores: dict[str, float] = {}
    asked = asked_in(question, topics)
    for key in topics:
        near, matched = nearness.get(key, 0.0), asked[key]
        if matched:
            scores[key] = 1.0 + 0.2 * min(matched - 1, 2) + near
        elif near >= NEAR_ENOUGH:
            scores[key] = near
    practices: dict[str, float] = {}
    for key, score in scores.items():
        practices[practice_of(key)] = max(score, practices.get(practice_of(key), 0.0))
    # The same practice in several trades ("How is it documented?"): the work tells which one is meant.
    level = {key: practices[practice_of(key)] if score >= 1.0 else score for key, score in scores.items()}
    for key in [k for k, t in topics.items() if asker and t.trade == asker]:
        same = practices.get(practice_of(key), 0.0)  # asked for in another trade's words: "How do you handle errors?"
        if key in level or same >= 1.0:
            level[key] = max(level.get(key, 0.0), same if same >= 1.0 else 0.0)
            level[key] += OWN_TRADE if level[key] >= 1.0 else NEAR_OWN_TRADE
    ranked = sorted(level.items(), key=lambda kv: (-kv[1], -scores.get(kv[0], 0.0), kv[0]))
    least = ranked[min(len(ranked), TOPICS) - 1][1] if ranked else 0.0
    return tuple(kv for i, kv in enumerate(ranked[: 2 * TOPICS]) if i < TOPICS or kv[1] == least)  # none is left out for its name


def practice_of(topic: str) -> str:
    """What a topic is about, whatever the trade: ``testing`` for ``de.testing`` and ``be.testing``."""
    name = topic.partition(".")[2]
    return _ALSO.get(name, name)
