"""Sifts thousands of patterns at one go: which of them a text can match, by pieces of what they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proofolio.evidence.grams import ALWAYS, LONG, SHORT, hashed
from proofolio.evidence.patterns import Haystack, Pattern

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIECES = 4  # of a needle that are looked at, as a row of bytes that is read as one number
_ALL = 0x01010101  # the number that four flags make where all are set


@dataclass(frozen=True, slots=True)
class Screen:
    """What a list of patterns needs, in arrays: for each needle its pieces, for each need its needles, ...

    ``pieces`` has a row of flags for each of the ``texts``; ``needles`` a row of ``pieces`` for each text of a
    need, of which ``needs`` says where those of each begin; ``patterns`` says where the needs of each pattern begin.
    """

    texts: Sequence[str]
    known: frozenset[str]  # the same, to look one up
    pieces: NDArray[Any]
    needles: NDArray[Any]
    needs: NDArray[Any]
    patterns: NDArray[Any]

    def possible(self, haystack: Haystack) -> set[int]:
        """The places in the list of the patterns that may match the text, and of few others.

        Tells the haystack which of the needles cannot stand in it.
        """
        import numpy as np

        if haystack.kin:
            return set(range(len(self.patterns)))
        flags = np.frombuffer(haystack.grams, np.uint8)
        held = (flags.take(self.pieces).view(np.uint32) == _ALL).ravel()
        haystack.known, haystack.held = self.known, {self.texts[row] for row in held.nonzero()[0].tolist()}
        met = np.logical_or.reduceat(held.take(self.needles), self.needs)
        return set(np.logical_and.reduceat(met, self.patterns).nonzero()[0].tolist())


def screen_of(patterns: Iterable[Pattern | None]) -> Screen:
    """The screen for a list of patterns; None stands for what no text rules out."""
    import numpy as np

    rows: dict[str, int] = {"": 0}  # the empty needle stands everywhere
    needles: list[int] = []
    needs: list[int] = []
    begins: list[int] = []
    for pattern in patterns:
        begins.append(len(needs))
        for texts in [need.texts for need in pattern.known_needs()] if pattern else ():
            needs.append(len(needles))
            needles += [rows.setdefault(text, len(rows)) for text in texts]
        if begins[-1] == len(needs):
            needs.append(len(needles))
            needles.append(0)
    return Screen(list(rows), frozenset(rows), _pieces([text.lower() for text in rows]), np.array(needles), np.array(needs), np.array(begins))


def _pieces(needles: Sequence[str]) -> NDArray[Any]:
    """The flags of grams of each needle, in lower case and spread over its length: long ones where they fit, none where none does."""
    import numpy as np

    codes = np.frombuffer("".join(needles).encode("ascii", "replace") + b" " * LONG, np.uint8)
    lengths = np.array([len(needle) for needle in needles])[:, None]
    starts = np.cumsum(lengths)[:, None] - lengths
    short, long = (
        flags.astype(np.intp)[starts + np.arange(PIECES) * (lengths - size).clip(0) // (PIECES - 1)]
        for flags, size in zip(hashed(codes), (SHORT, LONG), strict=True)
    )
    return np.where(lengths >= LONG, long, np.where(lengths >= SHORT, short, ALWAYS))
