"""Regular expressions that are compiled when first needed, and tried only where they can match."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from proofolio.evidence.literals import Need, needs_of

# The letters beyond ASCII that equal an ASCII letter when case is ignored (dotted and dotless i, long s, Kelvin),
# and the digits beyond ASCII.
KIN = re.compile("[\u0130\u0131\u017f\u212a]|(?![0-9])\\d")
_TRY = 12  # characters that a search passes in the time of one separate attempt to match ...
_TRY_LONG = 2  # ... and where each attempt goes through a long run before it fails
_WORTH_LOOKING = 40  # attempts that take the time of looking for one more needle

Spans = list[tuple[int, int]]  # of offsets, both ends included; in order, none touching another


@lru_cache(maxsize=16)
def _lower(text: str) -> str:
    """A short text in lower case: hundreds of patterns are tried on one question."""
    return text.lower()


@dataclass(slots=True)
class Haystack:
    """A text that many patterns are tried on, with the places of what they need.

    ``may_hold`` says of some needles whether they may stand in it: what a screen has found out.
    """

    text: str
    may_hold: Mapping[str, bool] = field(default_factory=dict)
    _lower: str | None = None
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
            self._kin = not self.text.isascii() and bool(KIN.search(self.text))
        return self._kin

    def holds_one(self, needles: Sequence[str], folded: bool) -> bool:
        """Whether one of the needles stands somewhere."""
        present, may_hold = self._present, self.may_hold
        for needle in needles:
            if not may_hold.get(needle, True):
                continue
            key = needle, folded
            known = present.get(key)
            if known is None:
                known = present[key] = needle in (self.lower if folded else self.text)
            if known:
                return True
        return False

    def places(self, needle: str, folded: bool) -> list[int]:
        """The offsets at which the needle stands, overlapping ones too."""
        if not self.may_hold.get(needle, True):
            return []
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

    def all_places(self, needles: Sequence[str], folded: bool) -> list[int]:
        """The offsets at which one of the needles stands, in order."""
        if len(needles) == 1:
            return self.places(needles[0], folded)
        return sorted(at for needle in needles for at in self.places(needle, folded))


@dataclass(slots=True)
class Pattern:
    """A regular expression with what its matches must hold; used like a compiled one, and equal in what it finds.

    ``needs`` is None until it is worked out, with ``folded`` (whether case is ignored) and ``opening`` (a pattern
    of one character or none that matches wherever this one begins; "" is anywhere). Raises re.error at the first use where the pattern is none.
    """

    pattern: str
    flags: int = 0
    needs: tuple[Need, ...] | None = None
    folded: bool = False
    opening: str = ""
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
            self.needs, self.folded, self.opening = needs_of(self.pattern, self.flags)
        return self.needs

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in a short text (a question, the value of a setting)."""
        needs = self.needs if self.needs is not None else self.known_needs()  # first: they tell whether case is ignored
        looked = _lower(text) if self.folded else text
        for need in needs:
            for wanted in need.texts:
                if wanted in looked:
                    break
            else:
                if text.isascii() or not KIN.search(text):
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
        spans = self._reachable(haystack)
        return self.compiled.finditer(haystack.text) if spans is None else self._tried(haystack.text, spans)

    def _tried(self, text: str, spans: Spans) -> Iterator[re.Match[str]]:
        match, opening = None, _opening(self.opening, self.folded) if self.opening else None
        done = 0
        for first, last in spans:
            starts = range(first, last + 1) if first == last or opening is None else (m.start() for m in opening.finditer(text, first, last + 1))
            for start in starts:
                if start >= done:
                    match = match or self.compiled.match
                    if found := match(text, start):
                        yield found
                        done = found.end()

    def _reachable(self, haystack: Haystack) -> Spans | None:
        """Where a match may start: within reach of all that it needs. None where trying would cost more than a search."""
        if haystack.kin:
            return None
        near = [n for n in self.known_needs() if n.local]
        if not near:
            return None
        spans, width = [(0, len(haystack.text))], len(haystack.text)
        for need in sorted(near, key=_rarity):
            if width <= _WORTH_LOOKING * len(need.texts):
                break  # trying them all is quicker
            spans = _within(spans, need, haystack.text, haystack.all_places(need.texts, self.folded))
            if not spans:
                return spans
            width = sum(last - first + 1 for first, last in spans)
        if self.opening:
            return spans
        passed = _TRY if any(0 <= n.furthest <= 16 for n in near) else _TRY_LONG
        return spans if width * passed <= len(haystack.text) else None


@lru_cache(maxsize=1_000)
def _opening(pattern: str, folded: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE | (re.IGNORECASE if folded else 0))


def _rarity(need: Need) -> int:
    """How often a need's texts stand in a text, to go by their length: the rarest first."""
    return -min(map(len, need.texts))


def _within(spans: Spans, need: Need, text: str, places: Sequence[int]) -> Spans:
    """Those of the offsets from which one of a need's places is within reach."""
    found: Spans = []
    for first, last in spans:
        at = bisect_left(places, first + need.nearest)
        while at < len(places) and first <= last:
            start, end = max(first, _earliest(need, text, places[at])), min(places[at] - need.nearest, last)
            if start > last:
                break
            if found and found[-1][1] == start - 1:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
            first = end + 1
            at = bisect_left(places, first + need.nearest, at + 1)
    return found


def _earliest(need: Need, text: str, at: int) -> int:
    """The first offset from which a match can reach what it needs at ``at``: the closest of its limits."""
    if need.breaks == 0 and need.furthest < 0:
        return text.rfind("\n", 0, at) + 1
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
