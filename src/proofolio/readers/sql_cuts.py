"""Cuts SQL at its statements and, in long ones, at their common table expressions; Jinja is left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from proofolio.readers.windows import Run, trim

SPLIT_LINES = 16  # a longer statement is cut at its CTEs
GROUP_LINES = 16  # short statements share a passage up to that many lines
_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|"
    r"\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|(?P<end>;)",
    re.DOTALL,
)
_CTE = re.compile(r"^\s*(?:with\s+(?:recursive\s+)?|,\s*)?(?P<name>[\w\"`\[\]]+)\s+as\s+(?:(?:not\s+)?materialized\s+)?\(",
                  re.IGNORECASE)
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
    start = 0
    for match in _QUOTED.finditer(text):
        if match["end"] is None:
            continue
        line = text.count("\n", 0, match.start()) + 1
        if line > start:
            yield start, line
            start = line
    if start < len(lines):
        yield start, len(lines)


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
            if at == cuts[-1][0] or not any(line.strip() for line in lines[cuts[-1][0] : at]):
                cuts[-1] = (cuts[-1][0], label)
            else:
                cuts.append((at, label))
            inside = True
        elif inside and _FINAL.match(lines[i]):
            cuts.append((i, symbol))
            inside = False
    for (first, label), (last, _) in zip(cuts, [*cuts[1:], (end, "")], strict=True):
        yield Run(first, last, name, label)


def _symbol(lines: Sequence[str], start: int, end: int) -> str:
    head = "\n".join(lines[start : min(end, start + 20)])
    match = _MACRO.search(head) or _NAMED.search(head)
    return match["name"].strip('"`[]').replace('"', "") if match else ""
