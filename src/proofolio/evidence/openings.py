"""Reads off a regular expression how its matches begin: with which character, at which border.

Where a match may start is known to a line or so from what it must hold. Of the hundred places on it, one or
two have the right first character: finding those takes a tenth of trying the whole pattern at each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

LONGEST = 400  # characters of an opening; a longer one would cost what it saves
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_LOOKS = {"ASSERT": "(?<=", "ASSERT_NOT": "(?<!"}
_CATEGORIES = {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W"}

Items = Sequence[tuple[Any, Any]]  # of a parsed pattern: operation and operand


def opening_of(items: Items) -> str:
    """A pattern of at most one character that matches wherever the items do; "" where that may be anywhere."""
    if not items:
        return ""
    (operation, value), rest = items[0], items[1:]
    name = str(operation)
    if name == "LITERAL":
        found = re.escape(chr(value))
    elif name == "IN":
        found = _class(value)
    elif name == "AT":
        found = _border(str(value), rest)
    elif name in _LOOKS:
        found = _before(name, value) + opening_of(rest)
    elif name == "SUBPATTERN":
        found = opening_of([*value[3], *rest])
    elif name == "ATOMIC_GROUP":
        found = opening_of([*value, *rest])
    elif name == "BRANCH":
        found = _either([[*part, *rest] for part in value[1]])
    elif name in _REPEATS:
        once = [*value[2], *rest]
        found = opening_of(once) if value[0] else _either([once, rest])
    else:
        found = ""
    return found if len(found) <= LONGEST else ""


def _either(parts: Sequence[Items]) -> str:
    found = list(dict.fromkeys(map(opening_of, parts)))
    return "" if "" in found else f"(?:{'|'.join(found)})" if len(found) > 1 else found[0]


def _border(name: str, rest: Items) -> str:
    # Rules are read with ``^`` as the start of any line.
    if name in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
        return "^"
    return r"\b" + opening_of(rest) if name == "AT_BOUNDARY" else opening_of(rest)


def _before(name: str, value: tuple[int, Items]) -> str:
    """What must stand before, or must not, where that is a few plain characters."""
    direction, items = value
    told = [re.escape(chr(v)) if str(op) == "LITERAL" else _class(v) if str(op) == "IN" else "" for op, v in items]
    return f"{_LOOKS[name]}{''.join(told)})" if direction < 0 and all(told) else ""


def _class(members: Items) -> str:
    found = ""
    for operation, value in members:
        name = str(operation)
        if name == "LITERAL":
            found += re.escape(chr(value))
        elif name == "RANGE":
            found += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        elif name == "CATEGORY":
            found += _CATEGORIES[str(value).removeprefix("CATEGORY_")]
        else:
            found = "^" + found  # NEGATE comes first
    return f"[{found}]"
