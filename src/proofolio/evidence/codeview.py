"""Tells live code from comments and strings at one place of a file, without lexing the whole of it.

Whether an imported name is used needs only its first occurrence in live code: found by plain string
search, with a look at the one line that it stands on. Lexing each file whole would cost more than
the rest of the search for technologies together.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from proofolio.core.records import Document, DocumentKind

FAMILIES = {
    "python": "python", "javascript": "js", "jsx": "js", "typescript": "js", "tsx": "js", "vue": "js", "svelte": "js",
    "astro": "js", "go": "go", "java": "java", "kotlin": "java", "scala": "java", "groovy": "java", "r": "r",
    "rust": "rust", "csharp": "csharp", "ruby": "ruby", "php": "php",
}  # fmt: skip
IDENTIFIER = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$")
_STRING_OR_COMMENT = {
    "python": re.compile(
        r"""(?P<f>[fF][rR]?|[rR][fF])?(?:"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(?P<comment>#.*)"""
    ),
    "js": re.compile(
        r"""(?P<f>)`(?:[^`\\]|\\.)*`?|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?P<comment>(?<!:)//.*)"""
    ),
}
_HASH_LINE = re.compile(r""""(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|(?P<comment>#.*)""")
_SLASH_LINE = re.compile(r""""(?:[^"\\\n]|\\.)*"?|(?P<comment>//.*)""")
_ANNOTATION = re.compile(r"""(?::|->|\[|\bcast\(|,)\s*["'][\w.\[\], |]*$""")
_TRIPLE = re.compile(r'"""|\'\'\'')
_MAGIC_KEPT = ("%%time", "%%capture", "%%prun", "%%memit")


@dataclass(slots=True)
class CodeView:
    """The code of a document with its line numbers, and what is needed to tell code from strings."""

    document: Document
    family: str
    text: str
    _last: tuple[int, int] = (0, 1)  # an offset and its line: most questions move forward
    _spans: list[tuple[int, int]] | None = None
    _span_starts: list[int] = field(default_factory=list)

    def line(self, offset: int) -> int:
        """The 1-based line that holds ``offset``."""
        known, line = self._last
        if offset >= known:
            line += self.text.count("\n", known, offset)
        elif offset > known // 2:
            line -= self.text.count("\n", offset, known)
        else:
            line = self.text.count("\n", 0, offset) + 1
        self._last = (offset, line)
        return line

    def is_code(self, offset: int) -> bool:
        """Whether the character at ``offset`` is live code: no comment, no string (but a placeholder in one)."""
        if self.inside_block(offset):
            return False
        line_start = self.text.rfind("\n", 0, offset) + 1
        before = self.text[line_start:offset]
        if not any(c in before for c in ('"', "'", "#", "`", "/")):
            return True
        end = self.text.find("\n", offset)
        line = self.text[line_start : end if end >= 0 else len(self.text)]
        return _code_in_line(line, offset - line_start, self.family)

    def inside_block(self, offset: int) -> bool:
        """Whether ``offset`` stands in text that goes over lines: a triple-quoted string, a block comment."""
        if self._spans is None:
            self._spans = list(_blocks(self.text, self.family))
            self._span_starts = [s for s, _ in self._spans]
        i = bisect_right(self._span_starts, offset) - 1
        return i >= 0 and offset < self._spans[i][1]

    def occurrences(self, name: str, outside: frozenset[int]) -> Iterator[int]:
        """The lines on which ``name`` is used as live code, leaving out the lines ``outside``."""
        text, length = self.text, len(name)
        at = text.find(name)
        while at >= 0:
            if _whole(text, at, at + length) and not _only_named(text, at, at + length, self.family):
                line = self.line(at)
                if line not in outside and (self.is_code(at) or self._annotation(at)):
                    yield line
            at = text.find(name, at + length)

    def _annotation(self, offset: int) -> bool:
        if self.family != "python":
            return False
        return bool(_ANNOTATION.search(self.text[self.text.rfind("\n", 0, offset) + 1 : offset]))


def view_of(document: Document) -> CodeView | None:
    """The code of a document, or None where its language's imports are not read."""
    family = FAMILIES.get(document.language)
    if family is None or document.kind not in {DocumentKind.CODE, DocumentKind.NOTEBOOK}:
        return None
    text = _notebook_code(document) if document.kind is DocumentKind.NOTEBOOK else document.text
    return CodeView(document, family, text)


def _notebook_code(document: Document) -> str:
    """The source of the code cells on their own lines, everything else left blank."""
    lines = document.text.split("\n")
    kept = [""] * len(lines)
    for cell in document.cells:
        if cell.kind != "code":
            continue
        source = range(cell.start - 1, min((cell.output - 1) if cell.output else cell.end, len(lines)))
        first = next((lines[i].strip() for i in source if lines[i].strip()), "")
        if first.startswith("%%") and not first.startswith(_MAGIC_KEPT):
            continue  # another language: %%sql, %%bash
        for i in source:
            kept[i] = "" if lines[i].lstrip()[:1] in {"%", "!"} else lines[i]
    return "\n".join(kept)


def _blocks(text: str, family: str) -> Iterator[tuple[int, int]]:
    """Spans of text that go over lines and are no code: triple-quoted strings, block comments."""
    if family == "python":
        if '"""' not in text and "'''" not in text:
            return
        opened, mark = -1, ""
        for match in _TRIPLE.finditer(text):
            if opened < 0:
                opened, mark = match.start(), match.group()
            elif match.group() == mark and text[match.start() - 1] != "\\":
                formatted = text[opened - 1 : opened] in {"f", "F"}
                yield from _literal_parts(text, opened, match.end()) if formatted else [(opened, match.end())]
                opened = -1
    elif family not in {"r", "ruby"} and "/*" in text:
        start = text.find("/*")
        while start >= 0:
            end = text.find("*/", start + 2)
            yield start, end + 2 if end >= 0 else len(text)
            start = text.find("/*", end + 2) if end >= 0 else -1


def _literal_parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a formatted string that are no placeholders."""
    for match in re.compile(r"\{[^{}]*\}").finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def _code_in_line(line: str, column: int, family: str) -> bool:
    pattern = _STRING_OR_COMMENT.get(family) or (_HASH_LINE if family in {"r", "ruby"} else _SLASH_LINE)
    for match in pattern.finditer(line):
        if match.start() > column:
            return True
        if column < match.end():
            groups = match.groupdict()
            if groups.get("comment") is not None or groups.get("f") is None:
                return False
            before = line[match.start() : column]
            return before.rfind("{") > before.rfind("}")
    return True


def _whole(text: str, start: int, end: int) -> bool:
    """Whether the span is a whole identifier that is no attribute of another."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if (before in IDENTIFIER and before) or (after in IDENTIFIER and after):
        return False
    return before != "." or text[start - 3 : start] == "..."


def _only_named(text: str, start: int, end: int, family: str) -> bool:
    """Whether the identifier only names something: a keyword argument, an attribute, an object's key."""
    rest = text[end : end + 12].lstrip(" \t")
    if rest[:1] == "=" and rest[1:2] not in {"=", ">"}:
        return text[max(0, start - 40) : start].rstrip()[-1:] != ":"  # "x: Frame = None" is a use of Frame
    if family == "js" and rest[:1] == ":":
        return text[max(0, start - 40) : start].rstrip()[-1:] in {"{", ","}
    return False
