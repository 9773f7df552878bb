"""Splits what a statement says into prose and `code`, as every face that shows one has to."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = re.compile(r"(?<!`)`(?!`)([^`\n]+)`(?!`)")


def spans(text: str) -> Iterator[tuple[bool, str]]:
    """(is code, text) pieces of a sentence in their order; a backtick without its partner is prose."""
    done = 0
    for match in _CODE.finditer(text):
        if match.start() > done:
            yield False, text[done : match.start()]
        yield True, match.group(1)
        done = match.end()
    if done < len(text):
        yield False, text[done:]
