"""Makes candidate text safe to print: no terminal escapes, no bidirectional or invisible controls."""

from __future__ import annotations

import json
import re
from typing import Any

# C0 (but tab and newline) and C1 controls, direction marks and overrides, lone surrogates, and the tag
# characters that spell hidden text: a reader must see what a machine would read.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """``text`` with each hidden character but tab and newline shown as its code point; carriage returns go."""
    return _HIDDEN.sub(lambda m: "" if m.group() == "\r" else _shown(m.group()), text)


def one_line(text: str) -> str:
    """``clean`` text on a single line: for file names, which may hold newlines, and for titles."""
    return clean(text.replace("\n", "\\n").replace("\t", " "))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON in which hidden characters are escaped: the same data, and safe on a terminal."""
    dumped = json.dumps(value, ensure_ascii=False, indent=indent)
    return re.sub(_HIDDEN, lambda m: m.group() if m.group() == "\n" else json.dumps(m.group())[1:-1], dumped)


def _shown(character: str) -> str:
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
