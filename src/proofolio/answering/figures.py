"""Chooses the picture that a question asks to see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from proofolio.answering.plan import Kind, Plan, Term
from proofolio.core.records import Figure, FigureRef
from proofolio.evidence.rules import builtin_topics
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stem, stems, words

_GENERIC = {stem(w) for w in "plot chart diagram picture curve drawing screenshot figure image graph visualisation visualization look view".split()}
_LOGO = re.compile(r"\b(logo|icon|badge|favicon|avatar|shield)s?\b", re.IGNORECASE)
_DESIGN = re.compile(r"\b(?:architecture|design)\b", re.IGNORECASE)
_MIN = 0.34  # share of the question's weight that a figure has to meet where a picture is asked for
_BESIDE = 0.5  # the same where a picture only goes with the answer, counted over its caption alone
_NAMED = 0.3  # the same for an image file, counted over its path alone
_SELDOM = 0.06  # share of the passages up to which a single word is a term of art here
_COMMON = {stem(w) for w in "model data pipeline project system test code result app service table file".split()}  # in every other name
_SURE = 0.7  # certainty from which a word of the work stands for a word of the question
_VOCABULARY = 0.6  # what a figure is worth that is named by a term of art of the topic asked about


def find_figures(plan: Plan, index: Index, terms: Sequence[Term]) -> list[FigureRef]:
    """The figures that meet the question's telling words, best first; empty where none does."""
    wanted = [t for t in terms if t.stem not in _GENERIC and t.weight >= 0.15]
    total = sum(t.weight for t in wanted)
    if plan.kind is not Kind.FIGURE:
        return _beside(plan, index, wanted, total)
    if not total:
        return []
    figures = [(i, f) for i, f in index.figures if not _LOGO.search(f"{f.path} {f.caption}")]
    near = index.similarity(plan.question, tuple(f"{f.caption} {f.path} {f.words[:300]}" for _, f in figures))
    scored = []
    for (key, figure), nearness in zip(figures, near, strict=True):
        score = _score(figure, wanted) / total + 0.5 * max(0.0, nearness)
        if score >= _MIN:
            scored.append((score, key, figure))
    scored.sort(key=lambda s: (-s[0], s[1]))
    return [FigureRef(f.source, f.path, f.cell, caption(f), key) for _, key, f in scored]


def _beside(plan: Plan, index: Index, wanted: Sequence[Term], total: float) -> list[FigureRef]:
    """The figures that go with an answer: named by the question's own words or by the topic's terms of art."""
    known = builtin_topics()
    topic = next((known[k] for k, score in plan.topics if score >= 1.0 and k in known), None)
    telling = [t for t in wanted if t.stem not in _COMMON]
    phrases = [frozenset(words(p)) for p in (topic.name, *topic.vocabulary)] if topic else []
    phrases = [p for p in phrases if len(p) > 1 or all(index.count(w) <= _SELDOM * index.total for w in p)]
    scored = []
    for key, figure, image, said, roots in index.keep("named figures", lambda: list(_named(index))):
        score = sum(_share(t, said, roots) for t in telling) / total if total else 0.0
        art = max((len(p) for p in phrases if p and p <= said), default=0) if image else 0
        if "mermaid" in figure.mime and plan.kind is Kind.WALKTHROUGH and topic and _DESIGN.search(topic.name):
            art = 1  # what is walked through is what a flowchart draws
        score = max(score if score >= (_NAMED if image else _BESIDE) else 0.0, _VOCABULARY + 0.1 * art if art else 0.0)
        if score:
            scored.append((score, key, figure))
    scored.sort(key=lambda s: (-s[0], s[1]))
    return [FigureRef(f.source, f.path, f.cell, caption(f), key) for _, key, f in scored]


def _named(index: Index) -> Iterator[tuple[int, Figure, bool, frozenset[str], frozenset[str]]]:
    """Each figure that is no logo with its id, whether it is an image file, and the words that name it with their stems."""
    for key, figure in index.figures:
        name = caption(figure)
        if not _LOGO.search(f"{figure.path} {name}"):
            image = figure.mime.startswith("image/") and figure.cell is None
            said = frozenset(words(figure.path.rsplit(".", 1)[0] if image else name))
            yield key, figure, image, said, frozenset(map(stem, said))


def _share(term: Term, said: frozenset[str], roots: frozenset[str]) -> float:
    """What a term gives a figure of that name: its weight, half of it where only a word that means the same is there."""
    if term.stem in roots:
        return term.weight
    return 0.5 * term.weight if any(a.weight >= _SURE and _words_of(a.phrase) <= said for a in term.alternatives) else 0.0


@lru_cache(maxsize=20_000)
def _words_of(phrase: str) -> frozenset[str]:
    return frozenset(words(phrase))


def caption(figure: Figure) -> str:
    """What a reader is told that a figure shows: its caption, or the words of its file name where that is code."""
    if figure.cell is None and re.search(r"\w\(|[=\[\]{}]", figure.caption):
        return re.sub(r"[_\-]+", " ", figure.path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return figure.caption


def _score(figure: Figure, terms: Sequence[Term]) -> float:
    named = stems(f"{figure.caption} {figure.path}")
    about = stems(figure.words)
    score = 0.0
    for term in terms:
        if term.stem in named or any(a.stems <= named for a in term.alternatives):
            score += term.weight
        elif term.stem in about or any(a.stems <= about for a in term.alternatives):
            score += 0.5 * term.weight
    return score

