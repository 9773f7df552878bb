"""Tells code from comment, docstring, output and prose inside a document, by character offset."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from proofolio.core.records import Cell, Document, DocumentKind

HASH = {"python", "r", "shell", "yaml", "toml", "ini", "env", "properties", "dockerfile", "makefile", "hcl", "ruby", "nginx", "perl"}
SLASH = {"javascript", "jsx", "typescript", "tsx", "go", "java", "kotlin", "scala", "rust", "c", "cpp", "csharp", "php", "hcl", "css", "vue", "svelte", "swift"}
_STRINGS = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\''
# The first character decides: a class of three is searched for ten times faster than what each may begin.
_PYTHON = re.compile(
    r'''["'#](?:(?<=\#)(?P<comment>[^\n]*)'''
    r'''|(?<=")(?:""(?P<double>[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+""")|[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")'''
    r"""|(?<=')(?:''(?P<single>[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+''')|[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'))""",
    re.DOTALL,
)
_PREFIX = frozenset("rRbBuUfF")
_HASH = re.compile(rf"{_STRINGS}|(?P<comment>(?:(?<=\s)|^)#[^\n]*)", re.MULTILINE)
_SLASH = re.compile(rf"`(?:[^`\\]|\\.)*`|{_STRINGS}|(?P<comment>//[^\n]*|/\*.*?\*/)", re.DOTALL)
_SQL = re.compile(r"'(?:[^']|'')*'|(?P<comment>--[^\n]*|/\*.*?\*/|\{#.*?#\})", re.DOTALL)
_MARKUP = re.compile(r"(?P<comment><!--.*?-->)", re.DOTALL)
_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Zones:
    """Spans of a text that are not plain code or prose, sorted: (start, end, kind).

    Kinds: "comment", "doc" (docstring), "output", "markdown", "fence". What lies in no span is the
    document's own kind: code, configuration or prose.
    """

    spans: tuple[tuple[int, int, str], ...]
    starts: tuple[int, ...]

    def at(self, offset: int) -> str:
        """The kind of the character at ``offset``, or "" for the document's own kind."""
        i = bisect_right(self.starts, offset) - 1
        if i >= 0:
            _, end, kind = self.spans[i]
            if offset < end:
                return kind
        return ""


def line_starts(text: str) -> list[int]:
    """The character offset of each line's start; index 0 is line 1."""
    starts = [0]
    starts.extend(m.end() for m in re.finditer("\n", text))
    return starts


def zones_of(document: Document) -> Zones:
    """The zones of a document's text."""
    return _zones(document.kind, document.language, document.text, document.cells)


@lru_cache(maxsize=2)  # rules and technologies ask for the same file in turn
def _zones(kind: DocumentKind, language: str, text: str, cells: tuple[Cell, ...]) -> Zones:
    spans: list[tuple[int, int, str]] = []
    if kind is DocumentKind.NOTEBOOK:
        _notebook(language, text, cells, spans)
    elif kind is DocumentKind.PROSE:
        spans += [(m.start(), m.end(), "fence") for m in _FENCE.finditer(text)]
    else:
        _lexical(text, 0, language, spans)
    spans.sort()
    return Zones(tuple(spans), tuple(s for s, _, _ in spans))


def _notebook(language: str, text: str, cells: Sequence[Cell], spans: list[tuple[int, int, str]]) -> None:
    starts = line_starts(text)
    starts.append(len(text) + 1)
    for cell in cells:
        if cell.end < cell.start:
            continue
        begin, end = starts[cell.start - 1], starts[min(cell.end, len(starts) - 1)]
        if cell.kind != "code":
            spans.append((begin, end, "markdown"))
            continue
        output = starts[cell.output - 1] if cell.output else end
        _lexical(text[begin:output], begin, language, spans)
        if cell.output:
            spans.append((output, end, "output"))


def _lexical(text: str, base: int, language: str, spans: list[tuple[int, int, str]]) -> None:
    if language in {"python", "jupyter", ""}:
        pattern = _PYTHON
    elif language == "sql":
        pattern = _SQL
    elif language in SLASH:
        pattern = _SLASH
    elif language in HASH:
        pattern = _HASH
    elif language in {"html", "xml"}:
        pattern = _MARKUP
    else:
        return
    end = 0
    for match in pattern.finditer(text):
        before, (start, end) = end, match.span()
        if match.lastgroup == "comment":
            spans.append((base + start, base + end, "comment"))
        elif match.lastgroup in {"double", "single"}:
            while start > max(before, match.start() - 2) and text[start - 1] in _PREFIX:
                start -= 1
            if _is_docstring(text, start):
                spans.append((base + start, base + end, "doc"))


def _is_docstring(text: str, start: int) -> bool:
    """A triple-quoted string that stands alone on its line, not one that is assigned or passed."""
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start]
    if before.strip():
        return False
    previous = text[:line].rstrip()[-1:]
    return previous not in {"(", ",", "=", "["}
