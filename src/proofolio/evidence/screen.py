"""Sifts hundreds of patterns at one go: which of them a text can match, by pieces of what they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proofolio.evidence.grams import ALWAYS, LONG, SHORT, grams_of, hashed
from proofolio.evidence.patterns import Haystack, Pattern

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIECES = 4  # of a needle that are looked at, as a row of bytes that is read as one number
_ALL = 0x01010101  # the number that four flags make where all are set


@dataclass(frozen=True, slots=True)
class Screen:
    """What a list of patterns needs: the places of flags of each needle, and by pattern its needles and needs.

    ``pieces`` has a row for each of ``needles``; ``rows`` has, by pattern, the rows of the texts of all its needs,
    and ``sizes`` how many of them each need has.
    """

    needles: Sequence[str]
    pieces: NDArray[Any]
    rows: Sequence[NDArray[Any]]
    sizes: Sequence[NDArray[Any]]

    def possible(self, haystack: Haystack, asked: Sequence[int]) -> list[int]:
        """Those of the patterns (by their places in the list) that may match the text, and few others.

        Tells the haystack which of their needles cannot stand in it.
        """
        import numpy as np

        if haystack.kin or not asked:
            return list(asked)
        rows = np.concatenate([self.rows[place] for place in asked])
        sizes = [self.sizes[place] for place in asked]
        flags = np.frombuffer(grams_of(haystack.lower), np.uint8)
        held = (flags.take(self.pieces.take(rows, 0)).view(np.uint32) == _ALL).ravel()
        haystack.may_hold = dict(zip([self.needles[row] for row in rows.tolist()], held.tolist(), strict=True))
        met = np.logical_or.reduceat(held, _begins(np.concatenate(sizes)))
        fits = np.logical_and.reduceat(met, _begins(np.array([len(size) for size in sizes])))
        return [place for place, fit in zip(asked, fits.tolist(), strict=True) if fit]


def _begins(sizes: NDArray[Any]) -> NDArray[Any]:
    """Where parts of these sizes begin that follow each other."""
    begins: NDArray[Any] = sizes.cumsum() - sizes
    return begins


def screen_of(patterns: Iterable[Pattern | None]) -> Screen:
    """The screen for a list of patterns; None stands for what no text rules out."""
    import numpy as np

    numbers: dict[str, int] = {}
    rows, sizes = [], []
    for pattern in patterns:
        needs = [need.texts for need in pattern.known_needs()] if pattern else []
        needs = needs or [("",)]  # the empty needle stands everywhere
        rows.append(np.array([numbers.setdefault(text, len(numbers)) for texts in needs for text in texts]))
        sizes.append(np.array([len(texts) for texts in needs]))
    return Screen(list(numbers), _pieces([text.lower() for text in numbers]), rows, sizes)


def _pieces(needles: Sequence[str]) -> NDArray[Any]:
    """The flags of grams of each needle, in lower case and spread over its length: long ones where they fit."""
    import numpy as np

    codes = np.frombuffer("".join(needles).encode("ascii", "replace") + b" " * LONG, np.uint8)
    lengths = np.array([len(needle) for needle in needles])[:, None]
    starts = np.cumsum(lengths)[:, None] - lengths
    short, long = (
        flags.astype(np.intp)[starts + np.arange(PIECES) * (lengths - size).clip(0) // (PIECES - 1)]
        for flags, size in zip(hashed(codes), (SHORT, LONG), strict=True)
    )
    return np.where(lengths >= LONG, long, np.where(lengths >= SHORT, short, ALWAYS))
