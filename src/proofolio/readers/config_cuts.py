"""Cuts configuration, metric files and tables at their top-level blocks, deeper where a block is long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from proofolio.readers.windows import CONFIG_LINES, Run, trim

GROUP_LINES = 12  # neighbouring small blocks share a passage up to that many lines
BLOCK_LINES = 16  # a longer block with blocks of its own is cut at those
MAX_DEPTH = 30
_SECTION = re.compile(r"^\s*\[{1,2}\s*(?P<name>[^\]]+?)\s*\]{1,2}\s*(?:[#;].*)?$")
_STAGE = re.compile(r"^\s*FROM\s+\S+(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_TARGET = re.compile(r"^(?P<name>[\w./%$(){}-]+(?:\s+[\w./%-]+)*)\s*:(?!=)")
_COMMENT = re.compile(r"^\s*(?:#|//|;|--|<!--|/\*|\*)")
_CLOSER = re.compile(r"^\s*[}\])]+[,;]?\s*$|^\s*</")
_KEY = re.compile(r"""^\s*(?:-\s+)?["']?(?P<key>[^"':={}<>\[\]]{1,80}?)["']?\s*(?:[:={]|$)""")
_NAME_KEYS = re.compile(r"""^\s*-\s+["']?(?:name|id|job_name|alias|alert|uses|task_id|model)["']?\s*:\s*["']?(?P<name>[^"'#]+)""")
_TAG = re.compile(r"^\s*<(?P<key>[\w:.-]+)")


def config_runs(lines: Sequence[str], language: str) -> Iterator[Run]:
    """The runs of a configuration file; the context is the path of keys that a run stands under."""
    if language in {"toml", "ini", "properties", "env"}:
        yield from _by_heads(lines, _SECTION)
    elif language == "dockerfile":
        yield from _by_heads(lines, _STAGE)
    elif language == "makefile":
        yield from _by_heads(lines, _TARGET)
    elif language in {"csv", "tsv"}:
        yield Run(0, len(lines), _header(lines))
    elif language in {"yaml", "json", "jsonl", "hcl", "nginx", "xml", "bicep", "prisma"}:
        for start, end in _yaml_documents(lines) if language == "yaml" else [(0, len(lines))]:
            yield from _by_indent(lines, start, end, (), 0)
    else:
        yield Run(0, len(lines))


def _header(lines: Sequence[str]) -> str:
    return " ".join((lines[0] if lines else "").replace(",", ", ").split())[:200]


def _by_heads(lines: Sequence[str], head: re.Pattern[str]) -> Iterator[Run]:
    """Runs that begin at a section's head, with the comments above it; small ones share a run."""
    starts: list[tuple[int, str]] = [(0, "")]
    for i, line in enumerate(lines):
        match = head.match(line)
        if match:
            starts.append((_with_comments(lines, i, starts[-1][0]), match["name"] or ""))
    blocks = [
        (start, end, name) for (start, name), (end, _) in zip(starts, [*starts[1:], (len(lines), "")], strict=True)
    ]
    for start, end, names in _grouped([block for block in blocks if block[0] < block[1]]):
        yield Run(start, end, "", names)


def _with_comments(lines: Sequence[str], at: int, floor: int) -> int:
    while at > floor and _COMMENT.match(lines[at - 1]):
        at -= 1
    return at


def _grouped(blocks: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Neighbouring small blocks together, up to GROUP_LINES; their names joined."""
    held: tuple[int, int, list[str]] | None = None
    for start, end, name in blocks:
        if held and end - held[0] <= GROUP_LINES:
            held = (held[0], end, [*held[2], name])
            continue
        if held:
            yield held[0], held[1], _joined(held[2])
        held = (start, end, [name])
    if held:
        yield held[0], held[1], _joined(held[2])


def _joined(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))[:120]


def _yaml_documents(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for i, line in enumerate(lines):
        if line.startswith("---") and i > start:
            yield start, i
            start = i
    yield start, len(lines)


def _by_indent(
    lines: Sequence[str], start: int, end: int, trail: tuple[str, ...], depth: int
) -> Iterator[Run]:
    """Runs by indentation, which templates and half-written files keep where no parser would follow."""
    start, end = trim(lines, start, end)
    context = " > ".join(trail)
    if end - start <= BLOCK_LINES or depth > MAX_DEPTH:
        if start < end:
            yield Run(start, end, context, _symbol(lines, start, end))
        return
    heads = _heads(lines, start, end)
    if len(heads) < 2:
        yield from _inside(lines, start, end, trail, depth)
        return
    small: list[tuple[int, int, str]] = []
    bounds = [start, *heads[1:], end]
    for first, last in pairwise(bounds):
        if last - first <= BLOCK_LINES:
            small.append((first, last, _symbol(lines, first, last)))
            continue
        yield from _runs_of(small, context)
        small = []
        yield from _inside(lines, first, last, trail, depth)
    yield from _runs_of(small, context)


def _runs_of(blocks: Sequence[tuple[int, int, str]], context: str) -> Iterator[Run]:
    for start, end, names in _grouped(blocks):
        yield Run(start, end, context, names)


def _inside(
    lines: Sequence[str], start: int, end: int, trail: tuple[str, ...], depth: int
) -> Iterator[Run]:
    """A long block: its head line goes with the first of the blocks inside it."""
    head = start
    while head < end and (not lines[head].strip() or _COMMENT.match(lines[head]) or lines[head].startswith("---")):
        head += 1
    name = _symbol(lines, start, end)
    deeper = (*trail, name) if name else trail
    body = head + 1
    if body >= end or not any(_indent(line) > _indent(lines[head]) for line in lines[body:end] if line.strip()):
        yield Run(start, end, " > ".join(trail), name)
        return
    runs = list(_by_indent(lines, body, end, deeper, depth + 1))
    first = runs[0]
    if first.end - start <= CONFIG_LINES:
        yield Run(start, first.end, first.context, first.symbol)
    else:
        yield Run(start, first.start, " > ".join(trail), name)
        yield first
    yield from runs[1:]


def _heads(lines: Sequence[str], start: int, end: int) -> list[int]:
    """The lines on which the outermost blocks begin, with the comments above them."""
    numbered = [
        (i, _indent(lines[i]))
        for i in range(start, end)
        if lines[i].strip() and not _COMMENT.match(lines[i]) and not _CLOSER.match(lines[i])
        and not lines[i].startswith("---")
    ]
    if not numbered:
        return []
    outer = min(indent for _, indent in numbered)
    heads = [i for i, indent in numbered if indent == outer]
    return [_with_comments(lines, i, start) for i in heads]


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    stripped = expanded.lstrip()
    # A list under its key may stand in the key's own column in YAML; it is inside the key all the same.
    return len(expanded) - len(stripped) + stripped.startswith("- ")


def _symbol(lines: Sequence[str], start: int, end: int) -> str:
    """What the first line of a block calls itself."""
    for i in range(start, end):
        line = lines[i]
        if not line.strip() or _COMMENT.match(line) or line.startswith("---"):
            continue
        match = _NAME_KEYS.match(line)
        if match:
            return match["name"].strip()[:80]
        match = _TAG.match(line) or _KEY.match(line)
        return " ".join(match["key"].replace('"', "").split())[:80] if match else ""
    return ""
