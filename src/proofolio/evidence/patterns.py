"""Regular expressions that are compiled when first needed, and tried only where they can match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from proofolio.evidence.literals import Need, needs_of

# The letters beyond ASCII that equal an ASCII letter when case is ignored (dotted and dotless i, long s, Kelvin),
# and the digits beyond ASCII.
_KIN = re.compile("[\u0130\u0131\u017f\u212a]|(?![0-9])\\d")
_SHORT = 2_000  # characters of a text through which a search is quick enough
_FIRST, _SECOND = 1021, 31  # of the hash of three characters
_TRY = 12  # characters that a search passes in the time of one separate attempt to match ...
_TRY_LONG = 2  # ... and where each attempt goes through a long run before it fails


@lru_cache(maxsize=16)
def _lower(text: str) -> str:
    """A short text in lower case: hundreds of patterns are tried on one question."""
    return text.lower()


@dataclass(slots=True)
class Haystack:
    """A text that many patterns are tried on, with the places of what they need."""

    text: str
    _lower: str | None = None
    _grams: bytearray | None = None
    _places: dict[tuple[str, bool], list[int]] = field(default_factory=dict)
    _present: dict[tuple[str, bool], bool] = field(default_factory=dict)
    _kin: bool | None = None

    @property
    def lower(self) -> str:
        """The text in lower case; as long as the text unless that has ``kin``."""
        if self._lower is None:
            self._lower = self.text.lower()
        return self._lower

    @property
    def kin(self) -> bool:
        """Whether characters beyond ASCII count as ASCII ones, so that a pattern's needs may hide in them."""
        if self._kin is None:
            self._kin = not self.text.isascii() and bool(_KIN.search(self.text))
        return self._kin

    def holds_one(self, needles: Sequence[str], folded: bool) -> bool:
        """Whether one of the needles stands somewhere."""
        present = self._present
        for needle in needles:
            key = needle, folded
            known = present.get(key)
            if known is None:
                known = present[key] = self._holds(needle, folded)
            if known:
                return True
        return False

    def _holds(self, needle: str, folded: bool) -> bool:
        if len(self.text) > _SHORT:
            if self._grams is None:
                self._grams = grams_of(self.lower)
            grams = self._grams
            for gram in _grams_in(needle):
                if not grams[gram]:
                    return False
        return needle in (self.lower if folded else self.text)

    def places(self, needle: str, folded: bool) -> list[int]:
        """The offsets at which the needle stands, overlapping ones too."""
        key = needle, folded
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = []
            text = self.lower if folded else self.text
            at = text.find(needle) if self.holds_one((needle,), folded) else -1
            while at >= 0:
                found.append(at)
                at = text.find(needle, at + 1)
        return found


def grams_of(text: str) -> bytearray:
    """Which three characters follow each other in a text, as 65,536 flags by hash.

    Half a million needles over a source tree are looked up in no time once most are known to be absent:
    a lookup takes a tenth of a search through five thousand characters.
    """
    import numpy as np  # a few files compile without it

    codes = np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.uint16)
    flags = bytearray(65_536)
    np.frombuffer(flags, np.uint8)[codes[:-2] * np.uint16(_FIRST) + codes[1:-1] * np.uint16(_SECOND) + codes[2:]] = 1
    return flags


@lru_cache(maxsize=50_000)
def _grams_in(needle: str) -> tuple[int, ...]:
    codes = needle.lower().encode("ascii", "replace")
    return tuple((a * _FIRST + b * _SECOND + c) & 0xFFFF for a, b, c in zip(codes, codes[1:], codes[2:], strict=False))


@dataclass(slots=True)
class Pattern:
    """A regular expression with what its matches must hold; used like a compiled one, and equal in what it finds.

    ``needs`` is None until it is worked out. Raises re.error at the first use where the pattern is none.
    """

    pattern: str
    flags: int = 0
    needs: tuple[Need, ...] | None = None
    folded: bool = False
    _compiled: re.Pattern[str] | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression."""
        if self._compiled is None:
            self._compiled = re.compile(self.pattern, self.flags)
        return self._compiled

    @property
    def groupindex(self) -> Mapping[str, int]:
        """The named groups."""
        return self.compiled.groupindex

    def known_needs(self) -> tuple[Need, ...]:
        """What every match must hold."""
        if self.needs is None:
            self.needs, self.folded = needs_of(self.pattern, self.flags)
        return self.needs

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in a short text (a question, the value of a setting)."""
        looked = _lower(text) if self.folded else text
        for need in self.needs if self.needs is not None else self.known_needs():
            for wanted in need.texts:
                if wanted in looked:
                    break
            else:
                if text.isascii() or not _KIN.search(text):
                    return None
                break
        return self.compiled.search(text)

    def sub(self, replacement: str, text: str) -> str:
        """``text`` with every match replaced."""
        return self.compiled.sub(replacement, text)

    def can_match(self, haystack: Haystack) -> bool:
        """Whether the text holds all that a match needs."""
        for need in self.known_needs():
            if not haystack.holds_one(need.texts, self.folded):
                return haystack.kin
        return True

    def finditer(self, haystack: Haystack) -> Iterator[re.Match[str]]:
        """All matches, as ``re.finditer`` gives them."""
        if not self.can_match(haystack):
            return iter(())
        starts = self._starts(haystack)
        return self.compiled.finditer(haystack.text) if starts is None else self._tried(haystack.text, starts)

    def _tried(self, text: str, starts: list[int]) -> Iterator[re.Match[str]]:
        match, done = self.compiled.match, 0
        for start in starts:
            if start >= done and (found := match(text, start)):
                yield found
                done = found.end()

    def _starts(self, haystack: Haystack) -> list[int] | None:
        """Where a match may start, in order; None where trying them would cost more than a search."""
        if haystack.kin:
            return None
        best: list[int] | None = None
        least = len(haystack.text) // _TRY
        for need in self.known_needs():
            if need.local:
                long = not 0 <= need.furthest <= 16
                budget = len(best) if best is not None else len(haystack.text) // _TRY_LONG if long else least
                starts = _near(need, haystack, self.folded, budget)
                if starts is not None and (best is None or len(starts) < len(best)):
                    best = sorted(starts)
        return best


def _near(need: Need, haystack: Haystack, folded: bool, budget: int) -> set[int] | None:
    """The offsets from which a need is within reach; None where they are more than ``budget``."""
    starts: set[int] = set()
    for text in need.texts:
        for at in haystack.places(text, folded):
            latest = at - need.nearest
            earliest = _earliest(need, haystack.text, at)
            starts.update(range(earliest, latest + 1))
            if len(starts) > budget:
                return None
    return starts


def _earliest(need: Need, text: str, at: int) -> int:
    """The first offset from which a match can reach what it needs at ``at``: the closest of its limits."""
    limits = [0]
    if need.furthest >= 0:
        limits.append(at - need.furthest)
    if need.breaks >= 0 and not 0 <= need.furthest <= 16:
        start = text.rfind("\n", 0, at) + 1
        for _ in range(need.breaks):
            start = _line_start(text, start)
        limits.append(start)
    elif need.loose >= 0 and need.furthest < 0:
        start = at - need.loose
        for _ in range(need.runs):
            start = _line_start(text, max(0, start)) - need.loose
        limits.append(start)
    return max(limits)


def _line_start(text: str, at: int) -> int:
    """The start of the line that holds ``at``, or of the one before the white space before ``at``."""
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return text.rfind("\n", 0, at) + 1
