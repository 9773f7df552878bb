"""Reads off a regular expression which texts any match must hold, and how far from its start they stand.

Two thousand patterns over a source tree cost seconds, nearly all of them spent where nothing matches.
A pattern such as ``\\w+\\s*=\\s*KMeans\\(`` can match only where ``KMeans(`` stands: finding that first is
a hundred times cheaper, and it changes nothing that is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from proofolio.evidence.openings import opening_of

try:
    from re import _constants as code  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # another implementation of Python: every pattern is tried everywhere, and finds the same
    parser = None

MAX_TEXTS = 24  # alternatives of one need; more would cost more to look for than the pattern
MAX_SPELLED = 300  # alternatives that are spelled out before they are cut to what they begin with
MAX_CLASS = 4  # characters of a class such as ``[_-]`` that are spelled out
FAR = 256  # characters between a match's start and a need that are still tried one by one
MAX_BREAKS = 4  # runs of white space over line ends that may stand between the two
MAX_RUNS = 3  # runs of any length that may stand between the two
SHORTEST = 2

_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_WIDTHLESS = ("AT", "ASSERT", "ASSERT_NOT")
_DIGITS = frozenset("0123456789")
_SPACES = frozenset(map(ord, " \t\n\r\f\v"))


@dataclass(frozen=True, slots=True)
class Need:
    """One of ``texts`` stands in every match (all lower case where the pattern ignores case).

    It begins at least ``nearest`` characters after the match's start. What lies between has at most
    ``furthest`` characters; or its line ends stand in at most ``breaks`` runs of white space; or it is
    ``runs`` runs within a line (or of white space) and at most ``loose`` other characters. -1: no such limit.
    """

    texts: tuple[str, ...]
    nearest: int = 0
    furthest: int = -1
    breaks: int = -1
    loose: int = -1
    runs: int = -1

    @property
    def local(self) -> bool:
        """Whether the places of the texts tell where a match may start."""
        return self.furthest >= 0 or self.breaks >= 0 or self.loose >= 0


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far a part of a pattern can go, in the terms of ``Need``."""

    least: int = 0
    most: int = 0
    breaks: int = 0
    loose: int = 0
    runs: int = 0

    def then(self, other: _Reach) -> _Reach:
        return _Reach(
            self.least + other.least, self.most + other.most, _sum(self.breaks, other.breaks),
            _sum(self.loose, other.loose), _sum(self.runs, other.runs),
        )  # fmt: skip

    def need(self, texts: Iterable[str]) -> Need:
        furthest = self.most if self.most <= FAR else -1
        breaks = self.breaks if self.breaks <= MAX_BREAKS else -1
        loose, runs = (self.loose, self.runs) if self.loose <= FAR and 0 <= self.runs <= MAX_RUNS else (-1, -1)
        return Need(_cut(texts), self.least, furthest, breaks, loose, runs)


def _sum(a: int, b: int) -> int:
    return -1 if a < 0 or b < 0 else a + b


def _highest(values: Iterable[int]) -> int:
    """The highest of the limits, or -1 where one of them is none."""
    found = list(values)
    return -1 if min(found) < 0 else max(found)


def _cut(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts without those that begin with another, and cut short until they are few."""
    found = set(texts)
    for length in (99, 12, 8, 6, 5, 4, 3):
        found = {t[:length] for t in found}
        found = {t for t in found if not any(t[:n] in found for n in range(1, len(t)))}
        if len(found) <= MAX_TEXTS:
            break
    return tuple(sorted(found))


def needs_of(pattern: str, flags: int) -> tuple[tuple[Need, ...], bool, str]:
    """What every match of ``pattern`` holds, quickest to look for first; whether case is ignored; how it begins.

    The last is a pattern of at most one character (see ``openings``). Empty where nothing can be told.
    Raises re.error where the pattern is none.
    """
    if parser is None:
        return (), False, ""
    tree = parser.parse(pattern, flags)
    folded = bool(tree.state.flags & re.IGNORECASE) or _folds(tree)
    walk = _Walk(folded, bool(tree.state.flags & re.DOTALL))
    needs = [n for n in walk.sequence(tree) if _tells(n)]
    best = sorted(dict.fromkeys(needs), key=_worth, reverse=True)[:4]
    quickest = sorted(best, key=lambda n: (min(map(len, n.texts)) < 4, len(n.texts)))
    return tuple(quickest), folded, opening_of(list(tree))


def _tells(need: Need) -> bool:
    """Whether texts that hold none of it are many: single letters and signs stand everywhere."""
    return len(need.texts) <= MAX_TEXTS and all(len(t) >= SHORTEST or (t and (t in _DIGITS or not t.isascii())) for t in need.texts)


def _worth(need: Need) -> tuple[int, bool, int]:
    return min(min(map(len, need.texts)), 6), need.local, -len(need.texts)


def _folds(tree: Any) -> bool:
    """Whether a part of the pattern turns the ignoring of case on."""
    for name, value in ((str(op), value) for op, value in tree):
        if name == "SUBPATTERN" and (value[1] & re.IGNORECASE or _folds(value[3])):
            return True
        if name == "BRANCH" and any(_folds(part) for part in value[1]):
            return True
        if name in _REPEATS and _folds(value[2]):
            return True
        if name == "ATOMIC_GROUP" and _folds(value):
            return True
    return False


@dataclass(slots=True)
class _Walk:
    """Goes through a parsed pattern from left to right."""

    folded: bool
    dotall: bool

    def sequence(self, items: Sequence[tuple[Any, Any]]) -> list[Need]:
        """The needs of parts that follow each other, relative to the first one's start."""
        needs: list[Need] = []
        at, start, run = _Reach(), _Reach(), {""}
        for item in items:
            texts = self.exact(item)
            if texts is not None and len(run) * len(texts) <= MAX_SPELLED:
                run = {a + b for a in run for b in texts}
                at = at.then(self.reach(item))
                continue
            needs += [start.need(run)] if "" not in run else []
            if texts is not None:
                start, run = at, texts
            else:
                needs += [_moved(n, at) for n in self.inside(item)]
                run = {""}
            at = at.then(self.reach(item))
            start = start if texts is not None else at
        return needs + ([start.need(run)] if "" not in run else [])

    def inside(self, item: tuple[Any, Any]) -> list[Need]:
        """The needs of a part that is no plain text."""
        name, value = str(item[0]), item[1]
        if name == "SUBPATTERN":
            return self._scoped(value).sequence(value[3])
        if name == "ATOMIC_GROUP":
            return self.sequence(value)
        if name in _REPEATS and value[0] >= 1:
            return self.sequence(value[2])
        if name == "BRANCH":
            return self._branch(value[1])
        return []

    def _branch(self, parts: Sequence[Any]) -> list[Need]:
        """One need out of one of each alternative; none where an alternative has none."""
        best: list[Need] = []
        for part in parts:
            own = [n for n in self.sequence(part) if _tells(n)]
            if not own:
                return []
            best.append(max(own, key=_worth))
        reach = _Reach(
            min(n.nearest for n in best), *(_highest(getattr(n, limit) for n in best) for limit in ("furthest", "breaks", "loose", "runs"))
        )
        return [_limited(reach).need(t for n in best for t in n.texts)]

    def exact(self, item: tuple[Any, Any]) -> set[str] | None:
        """All the texts that a part can be, or None where they are not few and plain."""
        name, value = str(item[0]), item[1]
        if name == "LITERAL":
            return self._characters([value])
        if name == "IN":
            digits = len(value) == 1 and value[0][1] == code.CATEGORY_DIGIT
            return set(_DIGITS) if digits else self._characters(_members(value))
        if name in _WIDTHLESS:
            return {""}
        if name == "SUBPATTERN":
            return self._scoped(value)._joined(value[3])
        if name == "BRANCH":
            return self._either(value[1])
        if name in _REPEATS and value[1] == 1:
            texts = self._joined(value[2])
            return texts if texts is None or value[0] == 1 else texts | {""}
        return None

    def _either(self, parts: Sequence[Any]) -> set[str] | None:
        found: set[str] = set()
        for part in parts:
            texts = self._joined(part)
            if texts is None:
                return None
            found |= texts
        return found if len(found) <= MAX_SPELLED else None

    def _joined(self, items: Sequence[tuple[Any, Any]]) -> set[str] | None:
        run = {""}
        for item in items:
            texts = self.exact(item)
            if texts is None or len(run) * len(texts) > MAX_SPELLED:
                return None
            run = {a + b for a in run for b in texts}
        return run

    def _characters(self, codes: Sequence[int] | None) -> set[str] | None:
        # When case is ignored, a letter beyond ASCII may be equal to several others.
        if not codes or (self.folded and any(c > 127 and chr(c).lower() != chr(c).upper() for c in codes)):
            return None
        found = {chr(c).lower() if self.folded else chr(c) for c in codes}
        return found if len(found) <= MAX_CLASS else None

    def _scoped(self, value: tuple[Any, ...]) -> _Walk:
        """The walk through a group that may turn the matching of line ends by a dot on or off."""
        return _Walk(self.folded, (self.dotall or bool(value[1] & re.DOTALL)) and not value[2] & re.DOTALL)

    def reach(self, item: tuple[Any, Any]) -> _Reach:
        """How far a part can go."""
        name, value = str(item[0]), item[1]
        if name in _WIDTHLESS:
            return _Reach()
        if name in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
            return _Reach(1, 1, self._breaks(name, value), 1)
        if name == "SUBPATTERN":
            return self._scoped(value)._reach_of(value[3])
        if name == "ATOMIC_GROUP":
            return self._reach_of(value)
        if name == "BRANCH":
            parts = [self._reach_of(p) for p in value[1]]
            limits = (_highest(getattr(p, limit) for p in parts) for limit in ("most", "breaks", "loose", "runs"))
            return _Reach(min(p.least for p in parts), *limits)
        if name in _REPEATS:
            return self._repeated(value)
        return _Reach(0, FAR + 1, -1, -1, -1)  # a back reference, a conditional: anything

    def _reach_of(self, items: Sequence[tuple[Any, Any]]) -> _Reach:
        reach = _Reach()
        for item in items:
            reach = reach.then(self.reach(item))
        return reach

    def _repeated(self, value: tuple[int, int, Any]) -> _Reach:
        least, most, items = int(value[0]), min(int(value[1]), FAR + 1), value[2]
        once = self._reach_of(items)
        single = len(items) == 1 and str(items[0][0]) in {"LITERAL", "IN"}
        # ``\s*`` is one run of white space however long; a repeated group may hold a run each time.
        breaks = once.breaks if once.breaks <= 0 or single else once.breaks * most
        loose, runs = (once.loose * most, once.runs * most) if once.loose >= 0 <= once.runs else (-1, -1)
        if loose > FAR or loose < 0:
            endless = once.breaks == 0 or (once.breaks == 1 and single)
            loose, runs = (0, 1) if endless else (-1, -1)
        return _Reach(once.least * least, once.most * most, breaks, loose, runs)

    def _breaks(self, name: str, value: Any) -> int:
        """0 where the character is no line end, 1 where it is white space, -1 where it is any."""
        if name == "LITERAL":
            return int(value == 10)
        if name == "NOT_LITERAL":
            return 0 if value == 10 else -1
        if name == "ANY":
            return -1 if self.dotall else 0
        return _class_breaks(value)


def _class_breaks(members: Sequence[tuple[Any, Any]]) -> int:
    kinds = [(str(op), value) for op, value in members]
    if kinds[0][0] == "NEGATE":
        without = any((k == "LITERAL" and v == 10) or (k == "CATEGORY" and v == code.CATEGORY_SPACE) for k, v in kinds)
        return 0 if without else -1
    white = [
        (k == "LITERAL" and v in _SPACES) or (k == "CATEGORY" and v == code.CATEGORY_SPACE) for k, v in kinds
    ]
    breaking = any(
        (k == "LITERAL" and v == 10) or (k == "RANGE" and v[0] <= 10 <= v[1])
        or (k == "CATEGORY" and v not in (code.CATEGORY_WORD, code.CATEGORY_DIGIT, code.CATEGORY_NOT_SPACE))
        for k, v in kinds
    )  # fmt: skip
    return 0 if not breaking else 1 if all(white) else -1


def _members(members: Sequence[tuple[Any, Any]]) -> list[int] | None:
    """The characters of a class, or None where they are many or told by what they are not."""
    found: list[int] = []
    for op, value in members:
        if str(op) == "LITERAL":
            found.append(value)
        elif str(op) == "RANGE" and value[1] - value[0] < MAX_CLASS:
            found.extend(range(value[0], value[1] + 1))
        else:
            return None
    return found


def _limited(reach: _Reach) -> _Reach:
    """A reach out of a need's limits: what has none goes too far."""
    return _Reach(reach.least, reach.most if reach.most >= 0 else FAR + 1, reach.breaks, reach.loose, reach.runs)


def _moved(need: Need, by: _Reach) -> Need:
    """A need of a part as one of the whole, in which ``by`` comes before the part."""
    own = _Reach(need.nearest, need.furthest, need.breaks, need.loose, need.runs)
    return by.then(_limited(own)).need(need.texts)
