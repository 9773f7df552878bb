"""Chooses what an answer says: something for each part of a question, and little of the same twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from proofolio.answering.candidates import Group, diverse, groups, search
from proofolio.answering.plan import Plan, Term
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import FILLER, content_words, stems

ASIDE = 0.6  # what the words of the other parts weigh while one part is looked for


def telling_parts(plan: Plan, terms: Sequence[Term]) -> list[str]:
    """The parts of a question that can be looked for by themselves: each has a telling word of its own."""
    weights = {t.stem: t.weight for t in terms}
    telling: list[str] = []
    for part in plan.parts:
        own = [s for w in content_words(part) if w not in FILLER for s in stems(w)]
        if sum(weights.get(s, 0.0) for s in set(own)) >= 0.3:
            telling.append(part)
    return telling


def choose(plan: Plan, index: Index, terms: Sequence[Term], ranked: Sequence[Group], limit: int) -> list[Group]:
    """The groups to say, best first: those for the question as a whole, then the best for each of its parts."""
    parts = telling_parts(plan, terms)
    if len(parts) < 2:
        return diverse(ranked, terms, limit)
    lists = []
    for part in parts[:3]:
        own = stems(part)
        inside = [t if t.stem in own else replace(t, weight=t.weight * ASIDE) for t in terms]
        asked = replace(plan, question=part, parts=(part,))
        lists.append(diverse(groups(asked, index, inside, search(asked, index, inside)), inside, 3))
    lists.append(diverse(ranked, terms, 3))
    chosen: list[Group] = []
    for place in range(3):
        for several in lists:
            if place < len(several) and len(chosen) < limit and all(several[place].passage.id != c.passage.id for c in chosen):
                chosen.append(several[place])
    return chosen
