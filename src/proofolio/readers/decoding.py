"""Turns bytes into text with the line numbers that an editor shows."""

from __future__ import annotations

import codecs
import re

MAX_LINE = 4_000  # characters; a longer line is data or minified code, and nobody can read it as a citation
SNIFF = 8_192
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(raw: bytes) -> str | None:
    """The text of ``raw`` with line ends as "\\n", or None where it is binary.

    UTF-8, UTF-16/32 by their mark (or UTF-16 by its zero bytes), else Windows-1252 or Latin-1. A lone
    carriage return ends a line, as in an editor; vertical tab, form feed and U+2028 do not.
    """
    text = _decoded(raw)
    if text is None:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _decoded(raw: bytes) -> str | None:
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                return None
    head = raw[:SNIFF]
    if b"\0" in head:
        return _unmarked_utf16(raw)
    text: str | None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = _eight_bit(raw)
    # A stray zero byte further on (a log cut by a crash) must not reach a store that ends strings at it.
    return text if text is None or "\0" not in text else text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _unmarked_utf16(raw: bytes) -> str | None:
    """UTF-16 without a mark: in Western text every other byte is zero."""
    if len(raw) % 2 or len(raw) < 4:
        return None
    head = raw[:SNIFF]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    if max(even, odd) < 0.7 * half or min(even, odd) > 0.02 * half:
        return None
    try:
        text = raw.decode("utf-16-le" if odd > even else "utf-16-be")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _eight_bit(raw: bytes) -> str | None:
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    sample = text[:SNIFF]
    return None if len(_CONTROL.findall(sample)) > len(sample) * 0.02 else text


def clip_lines(text: str, limit: int = MAX_LINE) -> str:
    """``text`` with lines over ``limit`` characters cut (and said to be); the number of lines stays."""
    if len(text) <= limit:
        return text
    lines = text.split("\n")
    if max(map(len, lines)) <= limit:
        return text
    return "\n".join(f"{line[:limit]} … (line cut)" if len(line) > limit else line for line in lines)
