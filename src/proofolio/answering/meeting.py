"""How well words of the work meet words of a question: the word itself, or one that means the same, here or around."""

from __future__ import annotations

from collections.abc import Sequence

from proofolio.answering.plan import Term

IN_UNIT, MEANS_SAME, IN_CONTEXT, SAME_IN_CONTEXT = 1.0, 0.75, 0.5, 0.35

# A term that can be met in a passage: its stem and weight, the share that the passage's context alone meets, and
# the stems of each alternative that stands in the passage with the share that it meets.
Held = tuple[str, float, float, Sequence[tuple[frozenset[str], float]]]


def meets(term: Term, own: frozenset[str], context: frozenset[str]) -> float:
    """How well words and their context meet a term, 0 to 1: the word itself, or one that means the same."""
    if term.stem in own:
        return IN_UNIT
    best = IN_CONTEXT if term.stem in context else 0.0
    for other in term.alternatives:
        if other.stems <= own:
            best = max(best, MEANS_SAME * (0.4 + 0.6 * other.weight))
        elif other.stems <= context:
            best = max(best, SAME_IN_CONTEXT * other.weight)
    return best


def held_in(terms: Sequence[Term], words: frozenset[str], context: frozenset[str]) -> list[Held]:
    """The terms that something in a passage of these words and this context can meet: few, where many are asked for."""
    held: list[Held] = []
    for term in terms:
        around = IN_CONTEXT if term.stem in context else 0.0
        others = []
        for other in term.alternatives:
            if other.stems <= words:
                others.append((other.stems, MEANS_SAME * (0.4 + 0.6 * other.weight)))
            if other.stems <= context:
                around = max(around, SAME_IN_CONTEXT * other.weight)
        if around or others or term.stem in words:
            held.append((term.stem, term.weight, around, others))
    return held


def met_by(own: frozenset[str], held: Sequence[Held]) -> tuple[float, frozenset[str]]:
    """The weight of the question that a line of a passage meets, as ``meets`` has it, and the stems that it meets itself."""
    total, matched = 0.0, []
    for root, weight, around, others in held:
        if root in own:
            total += weight * IN_UNIT
            matched.append(root)
            continue
        best = around
        for stems, share in others:
            if share > best and stems <= own:
                best = share
        if best:
            total += weight * best
            if best > IN_CONTEXT:
                matched.append(root)
    return total, frozenset(matched)
