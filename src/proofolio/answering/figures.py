"""Chooses the picture that a question asks to see."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofolio.answering.plan import Kind, Plan, Term
from proofolio.core.records import Figure, FigureRef
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stem, stems

_GENERIC = {stem(w) for w in "plot chart diagram picture curve drawing screenshot figure image graph visualisation visualization look view".split()}
_LOGO = re.compile(r"\b(logo|icon|badge|favicon|avatar|shield)s?\b", re.IGNORECASE)
_MIN = 0.34


def find_figures(plan: Plan, index: Index, terms: Sequence[Term]) -> list[FigureRef]:
    """The figures that meet the question's telling words, best first; empty where none does."""
    wanted = [t for t in terms if t.stem not in _GENERIC and t.weight >= 0.15]
    total = sum(t.weight for t in wanted)
    if not total:
        return []
    figures = [(i, f) for i, f in index.figures if not _LOGO.search(f"{f.path} {f.caption}")]
    near = index.similarity(plan.question, tuple(f"{f.caption} {f.path} {f.words[:300]}" for _, f in figures))
    scored = []
    for (key, figure), nearness in zip(figures, near, strict=True):
        score = _score(figure, wanted) / total
        if plan.kind is Kind.FIGURE:
            score += 0.5 * max(0.0, nearness)
        if score >= _MIN:
            scored.append((score, key, figure))
    scored.sort(key=lambda s: (-s[0], s[1]))
    return [FigureRef(f.source, f.path, f.cell, caption(f), key) for _, key, f in scored]


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

