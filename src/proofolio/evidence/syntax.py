"""Matches ast-grep patterns: for what only a parser can tell, in the languages that it carries."""

from __future__ import annotations

from collections.abc import Iterator

from ast_grep_py import SgNode

from proofolio.core.records import Document, DocumentKind
from proofolio.readers import parse


def syntax_matches(
    pattern: str, document: Document, languages: tuple[str, ...]
) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield (first line, last line, captures) for each match; captures are by lower-case name."""
    language = document.language
    if languages and language not in languages:
        return
    if document.kind is DocumentKind.NOTEBOOK:
        for cell in document.cells:
            if cell.kind == "code":
                lines = document.text.split("\n")[cell.start - 1 : (cell.output - 1 if cell.output else cell.end)]
                source = "\n".join("" if line.lstrip()[:1] in {"%", "!"} else line for line in lines)
                yield from _matches(pattern, source, language, cell.start - 1)
        return
    yield from _matches(pattern, document.text, language, 0)


def _matches(pattern: str, text: str, language: str, offset: int) -> Iterator[tuple[int, int, dict[str, str]]]:
    root = parse(text, language)  # guarded: broken TypeScript can keep a grammar busy for minutes
    if root is None:
        return
    for node in root.find_all(pattern=pattern):
        span = node.range()
        yield offset + span.start.line + 1, offset + span.end.line + 1, _captures(pattern, node)


def _captures(pattern: str, node: SgNode) -> dict[str, str]:
    captures: dict[str, str] = {}
    for name in {part.split("$")[-1] for part in _variables(pattern)}:
        single = node.get_match(name)
        if single is not None:
            captures[name.lower()] = " ".join(single.text().split())
            continue
        many = node.get_multiple_matches(name)
        if many:
            captures[name.lower()] = " ".join(" ".join(n.text().split()) for n in many)
    return captures


def _variables(pattern: str) -> list[str]:
    found, i = [], 0
    while (i := pattern.find("$", i)) >= 0:
        j = i
        while j < len(pattern) and pattern[j] == "$":
            j += 1
        k = j
        while k < len(pattern) and (pattern[k].isupper() or pattern[k].isdigit() or pattern[k] == "_"):
            k += 1
        if k > j:
            found.append(pattern[j:k])
        i = max(k, i + 1)
    return found
