"""Cuts SQL at its statements and, in long ones, at their common table expressions; Jinja is left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from proofolio.readers.windows import Run, trim

SPLIT_LINES = 16  # a longer statement is cut at its CTEs
MAX_PREAMBLE = 3  # lines before the first CTE (a dbt config call) that stay with it
GROUP_LINES = 16  # short statements share a passage up to that many lines
_OPENER = re.compile(r"'|\"|--|/\*|\{#|\{%|\{\{|\$\w*\$|;")
_CLOSERS = {"'": "'", '"': '"', "--": "\n", "/*": "*/", "{#": "#}", "{%": "%}", "{{": "}}"}
MAX_BODY = 200_000  # characters of a $$ body
MAX_UNCLOSED = 100  # after so many $tags$ without an end, they are no quotes
_CTE = re.compile(
    r"^\s*(?:with\s+(?:recursive\s+)?|,\s*)?(?P<name>[\w\"`\[\]]+)\s+as\s+(?:(?:not\s+)?materialized\s+)?\(\s*(?!partition\b|order\b|rows\b|range\b)",
    re.IGNORECASE,
)
_FINAL = re.compile(r"^(?:select|insert|update|delete|merge)\b", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:create\s+(?:or\s+replace\s+)?(?:\w+\s+){0,3}?(?:table|view|function|procedure|index|trigger|schema|type|"
    r"database|role|sequence|policy|stream|task|stage|pipe)|insert\s+(?:overwrite\s+)?(?:into|table)|update|"
    r"delete\s+from|merge\s+into|alter\s+table|drop\s+table|copy|truncate(?:\s+table)?)\s+"
    r"(?:concurrently\s+)?(?:if\s+(?:not\s+)?exists\s+)?(?P<name>[\w.\"`\[\]]+)",
    re.IGNORECASE,
)
_MACRO = re.compile(r"\{%-?\s*(?:macro|test|snapshot|materialization)\s+(?P<name>\w+)")


def sql_runs(text: str, lines: Sequence[str], name: str) -> Iterator[Run]:
    """The runs of an SQL file; the context is the file's name, which is a dbt model's own."""
    group: tuple[int, int, list[str]] | None = None
    for start, end in _statements(text, lines):
        symbol = _symbol(lines, start, end)
        first, last = trim(lines, start, end)
        if last - first > SPLIT_LINES:
            if group:
                yield Run(group[0], group[1], name, _joined(group[2]))
                group = None
            yield from _by_cte(lines, start, end, name, symbol)
        elif group and end - group[0] <= GROUP_LINES and last - first < 4:
            group = (group[0], end, [*group[2], symbol])
        else:
            if group:
                yield Run(group[0], group[1], name, _joined(group[2]))
            group = (start, end, [symbol])
    if group:
        yield Run(group[0], group[1], name, _joined(group[2]))


def _joined(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))[:120]


def _statements(text: str, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Line spans that end after a line with a semicolon outside strings, comments, Jinja and $$ bodies."""
    start = line = counted = 0
    for offset in _semicolons(text):
        line += text.count("\n", counted, offset)
        counted = offset
        if line + 1 > start:
            yield start, line + 1
            start = line + 1
    if start < len(lines):
        yield start, len(lines)


def _semicolons(text: str) -> Iterator[int]:
    """The offsets of semicolons that end a statement; an opening mark that nothing closes opens nothing."""
    at, unclosed = 0, 0
    without_end: set[str] = set()
    while match := _OPENER.search(text, at):
        mark, at = match.group(), match.end()
        if mark == ";":
            yield match.start()
        elif mark in _CLOSERS:
            closer = _CLOSERS[mark]
            end = text.find(closer, at) if closer not in without_end else -1
            if end < 0:
                without_end.add(closer)
            else:
                at = end + (len(closer) if closer != "\n" else 0)
        elif unclosed < MAX_UNCLOSED:
            end = text.find(mark, at, at + MAX_BODY)
            unclosed += end < 0
            at = end + len(mark) if end >= 0 else at


def _by_cte(lines: Sequence[str], start: int, end: int, name: str, symbol: str) -> Iterator[Run]:
    cuts: list[tuple[int, str]] = [(start, symbol)]
    inside = False
    for i in range(start, end):
        match = _CTE.match(lines[i])
        if match:
            at = i
            while at > cuts[-1][0] and lines[at - 1].lstrip().startswith("--"):
                at -= 1
            label = match["name"].strip('"`[]')
            if at == cuts[-1][0] or _filled(lines, cuts[-1][0], at) <= (
                MAX_PREAMBLE if len(cuts) == 1 else 0
            ):
                cuts[-1] = (cuts[-1][0], label)
            else:
                cuts.append((at, label))
            inside = True
        elif inside and _FINAL.match(lines[i]):
            cuts.append((i, symbol))
            inside = False
    for (first, label), (last, _) in zip(cuts, [*cuts[1:], (end, "")], strict=True):
        yield Run(first, last, name, label)


def _filled(lines: Sequence[str], start: int, end: int) -> int:
    return sum(1 for line in lines[start:end] if line.strip())


def _symbol(lines: Sequence[str], start: int, end: int) -> str:
    head = "\n".join(lines[start : min(end, start + 20)])
    match = _MACRO.search(head) or _NAMED.search(head)
    return match["name"].strip('"`[]').replace('"', "") if match else ""
