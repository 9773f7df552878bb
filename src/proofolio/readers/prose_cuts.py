"""Cuts prose by heading and by groups of paragraphs; the context is the trail of headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from proofolio.readers.captions import heading_level, plain_words
from proofolio.readers.windows import PROSE_LINES, Run

_FENCE = re.compile(r"^\s*(?P<marks>`{3,}|~{3,})")
_HTML_HEADING = re.compile(r"^\s*<h(?P<level>[1-6])\b[^>]*>(?P<text>.*?)</h[1-6]>", re.IGNORECASE)
_SETEXT = {"=": 1, "-": 2}
_RST_LINE = re.compile(r"^([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_ADOC = re.compile(r"^(?P<marks>={1,6})\s+(?P<text>\S.*)$")
_SECTION = re.compile(  # a résumé as PDF shows its headings by their size alone
    r"^(?:(?:professional|work|technical|key|core|selected|personal|relevant|about|career|project)\s+)?(?:summary|"
    r"profile|objective|skills|experience|employment|projects?|education|certifications?|certificates|publications|"
    r"languages|awards|achievements|interests|volunteering|references|history|me)(?:\s*(?:&|and)\s*\w+)?:?$",
    re.IGNORECASE,
)
_SHOUTED = re.compile(r"^[^a-z]*[A-Z][^a-z]*[A-Z][^a-z]*$")


def prose_runs(lines: Sequence[str], language: str) -> Iterator[Run]:
    """The runs of a prose document: whole paragraphs of one section, up to PROSE_LINES lines."""
    heads = list(_headings(lines, language))
    bounds = [(0, 0, ""), *heads, (len(lines), 0, "")]
    trail: list[tuple[int, str]] = []
    held = -1
    for (start, level, title), (end, _, _) in pairwise(bounds):
        if title:
            while trail and trail[-1][0] >= level:
                trail.pop()
            trail.append((level, title))
        context = " > ".join(text for _, text in trail)
        if sum(1 for line in lines[start:end] if line.strip()) <= 1 and title and end < len(lines):
            held = start if held < 0 else held  # a heading alone says too little: it goes with what follows
            continue
        for first, last in _paragraph_groups(lines, start, end):
            yield Run(held if held >= 0 else first, last, context)
            held = -1


def _headings(lines: Sequence[str], language: str) -> Iterator[tuple[int, int, str]]:
    """(0-based line, level, text) of each heading outside code fences."""
    fence = ""
    rst_levels: dict[str, int] = {}
    for i, line in enumerate(lines):
        marks = _FENCE.match(line)
        if fence:
            if marks and marks["marks"].startswith(fence):
                fence = ""
            continue
        if marks and language in {"markdown", "text"}:
            fence = marks["marks"]
            continue
        if not line.strip():
            continue
        found = _heading_at(lines, i, language, rst_levels)
        if found:
            yield i, *found


def _heading_at(
    lines: Sequence[str], i: int, language: str, rst_levels: dict[str, int]
) -> tuple[int, str] | None:
    line = lines[i]
    if language in {"markdown", "docx", "text", "pdf"} and (heading := heading_level(line)):
        return heading
    if language == "markdown" and (match := _HTML_HEADING.match(line)):
        return int(match["level"]), plain_words(match["text"])
    under = lines[i + 1].strip() if i + 1 < len(lines) else ""
    if (
        language == "markdown"
        and under
        and set(under) <= {"="} | {"-"}
        and len(set(under)) == 1
        and len(under) > 2
    ):
        above_blank = i == 0 or not lines[i - 1].strip()
        if above_blank and not line.lstrip().startswith(("-", "*", ">", "|", "#")):
            return _SETEXT[under[0]], plain_words(line)
    underlined = _RST_LINE.match(under) and not _RST_LINE.match(line) and len(under) >= len(line.strip()) - 1
    if language in {"rst", "text"} and underlined:
        return rst_levels.setdefault(under[0], len(rst_levels) + 1), plain_words(line)
    if language == "text" and (match := _ADOC.match(line)):
        return len(match["marks"]), plain_words(match["text"])
    if language in {"pdf", "docx", "text"} and len(line.strip()) <= 40:
        if _SHOUTED.match(line.strip()):
            return 2, line.strip().title()
        if _SECTION.match(line.strip()):
            return 2, line.strip().rstrip(":")
    return None


def _paragraph_groups(lines: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Whole paragraphs together while they fit; a fenced block is a paragraph, whatever blank lines it holds."""
    first = start
    last_break = start
    fence = ""
    for i in range(start, end):
        marks = _FENCE.match(lines[i])
        if marks:
            if not fence:
                fence = marks["marks"]
            elif marks["marks"].startswith(fence):
                fence = ""
        if i + 1 - first > PROSE_LINES and last_break > first:
            yield first, last_break
            first = last_break
        if not fence and not lines[i].strip():
            last_break = i + 1
    if first < end:
        yield first, end
