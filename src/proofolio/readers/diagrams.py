"""Finds the diagrams that Markdown draws in place: Mermaid blocks, each a figure with its heading as caption."""

from __future__ import annotations

import re

from proofolio.core.records import Document, Figure
from proofolio.readers.captions import heading_level, plain_words, words_of_path

MERMAID = "text/vnd.mermaid"
_FENCE = re.compile(r"^\s{0,3}(?P<marks>`{3,}|~{3,})\s*\{?(?P<word>[\w-]*)")
_TITLE = re.compile(r"^\s*(?:title:?|accTitle:)\s+(.+)$")


def mermaid_figures(document: Document) -> tuple[Figure, ...]:
    """A figure for each Mermaid block; its data is the block's source (UTF-8), its line the block's first."""
    if document.language == "mermaid":
        caption = words_of_path(document.path)
        return (_figure(document, 1, caption, document.text),)
    found: list[Figure] = []
    heading = ""
    block: list[str] | None = None
    marks, word, start = "", "", 0
    for number, line in enumerate(document.text.split("\n"), 1):
        fence = _FENCE.match(line)
        if block is not None:
            if fence and fence["marks"].startswith(marks) and not fence["word"]:
                if word == "mermaid":
                    found.append(_figure(document, start, heading, "\n".join(block)))
                block = None
            else:
                block.append(line)
        elif fence:
            block, marks, word, start = [], fence["marks"], fence["word"].lower(), number
        elif found_heading := heading_level(line):
            heading = found_heading[1]
    return tuple(found)


def _figure(document: Document, line: int, heading: str, source: str) -> Figure:
    title = next((m.group(1).strip() for each in source.split("\n")[:6] if (m := _TITLE.match(each))), "")
    caption = title or heading or words_of_path(document.path)
    spoken = re.sub(r"[^\w\s]+", " ", source)
    words = plain_words(f"{heading} {spoken}")
    return Figure(document.source, document.path, None, caption, MERMAID, line, words, source.encode("utf-8"))
