"""Cuts configuration, metric files and tables at their top-level blocks, deeper where a block is long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from proofolio.readers.windows import CONFIG_LINES, Run, trim

GROUP_LINES = 12  # neighbouring small blocks share a passage up to that many lines
BLOCK_LINES = 16  # a longer block with blocks of its own is cut at those
MAX_DEPTH = 30
_SECTION = re.compile(r"^\s*\[{1,2}\s*(?P<name>[^\]\s][^\]]*)\]{1,2}\s*(?:[#;].*)?$")
_STAGE = re.compile(r"^\s*FROM\s+\S+(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_TARGET = re.compile(r"^(?P<name>[\w./%$(){}-]+(?:\s+[\w./%-]+)*)\s*:(?!=)")
_COMMENT = ("#", "//", ";", "--", "<!--", "/*", "*")
_CLOSER = re.compile(r"[}\])]+[,;]?$|</")
_KEY = re.compile(r"""^\s*(?:-\s+)?["']?(?P<key>[^"':={}<>\[\]]{1,80}?)["']?\s*(?:[:={]|$)""")
_NAME_KEYS = re.compile(
    r"""^\s*-\s+["']?(?:name|id|job_name|alias|alert|uses|task_id|model)["']?\s*:\s*["']?(?P<name>[^"'#]+)"""
)
_KIND = re.compile(r"^kind:\s*[\"']?(?P<kind>[A-Z]\w+)")
_METADATA_NAME = re.compile(r"^\s+name:\s*[\"']?(?P<name>[^\s\"'#]+)")
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
        blocks = _Blocks(lines)
        for start, end in _yaml_documents(lines) if language == "yaml" else [(0, len(lines))]:
            title = _manifest(lines, start, end) if language == "yaml" else ""
            yield from blocks.by_indent(start, end, (title,) if title else (), 0)
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
            starts.append((_with_comments(lines, i, starts[-1][0]), (match["name"] or "").strip()))
    blocks = [
        (start, end, name)
        for (start, name), (end, _) in zip(starts, [*starts[1:], (len(lines), "")], strict=True)
    ]
    for start, end, names in _grouped([block for block in blocks if block[0] < block[1]]):
        yield Run(start, end, "", names)


def _with_comments(lines: Sequence[str], at: int, floor: int) -> int:
    while at > floor and lines[at - 1].lstrip().startswith(_COMMENT):
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
    start, said = 0, False
    for i, line in enumerate(lines):
        said = said or bool((stripped := line.strip()) and not stripped.startswith(_COMMENT))
        if line.startswith("---") and said:
            yield start, i
            start, said = i, False
    yield start, len(lines)


def _manifest(lines: Sequence[str], start: int, end: int) -> str:
    """What a Kubernetes manifest declares, "Deployment api", which its keys alone do not say."""
    kind = next((m["kind"] for line in lines[start:end] if (m := _KIND.match(line))), "")
    if not kind:
        return ""
    inside = False
    for line in lines[start:end]:
        if line.startswith("metadata:"):
            inside = True
        elif inside and (name := _METADATA_NAME.match(line)):
            return f"{kind} {name['name']}"
        elif line[:1].isalpha():
            inside = False
    return kind


class _Blocks:
    """Cuts by indentation, which templates and half-written files keep where no parser would follow."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._indents = [_indent(line) for line in lines]
        self._says = [bool(s := line.strip()) and not s.startswith(_COMMENT) for line in lines]

    def by_indent(self, start: int, end: int, trail: tuple[str, ...], depth: int) -> Iterator[Run]:
        """Runs of the outermost blocks in ``start``..``end``; long ones are cut at the blocks inside them."""
        start, end = trim(self._lines, start, end)
        context = " > ".join(trail)
        if end - start <= BLOCK_LINES or depth > MAX_DEPTH:
            if start < end:
                yield Run(start, end, context, _symbol(self._lines, start, end))
            return
        heads = self._heads(start, end)
        if len(heads) < 2:
            yield from self._inside(start, end, trail, depth)
            return
        small: list[tuple[int, int, str]] = []
        for first, last in pairwise([start, *heads[1:], end]):
            if last - first <= BLOCK_LINES:
                small.append((first, last, _symbol(self._lines, first, last)))
                continue
            yield from _runs_of(small, context)
            small = []
            yield from self._inside(first, last, trail, depth)
        yield from _runs_of(small, context)

    def _inside(self, start: int, end: int, trail: tuple[str, ...], depth: int) -> Iterator[Run]:
        """A long block: its head line goes with the first of the blocks inside it."""
        head = start
        while head < end and not self._says[head]:
            head += 1
        name = _symbol(self._lines, start, end)
        body = head + 1
        inner = self._indents[head] if head < end else 0
        if not any(self._indents[i] > inner for i in range(body, end) if self._lines[i].strip()):
            yield Run(start, end, " > ".join(trail), name)
            return
        runs = list(self.by_indent(body, end, (*trail, name) if name else trail, depth + 1))
        first = runs[0]
        if first.end - start <= CONFIG_LINES:
            yield Run(start, first.end, first.context, first.symbol)
        else:
            yield Run(start, first.start, " > ".join(trail), name)
            yield first
        yield from runs[1:]

    def _heads(self, start: int, end: int) -> list[int]:
        """The lines on which the outermost blocks begin, with the comments above them."""
        telling = [
            i for i in range(start, end) if self._says[i] and not _CLOSER.match(self._lines[i].strip())
        ]
        outer = min((self._indents[i] for i in telling), default=0)
        return [_with_comments(self._lines, i, start) for i in telling if self._indents[i] == outer]


def _runs_of(blocks: Sequence[tuple[int, int, str]], context: str) -> Iterator[Run]:
    for start, end, names in _grouped(blocks):
        yield Run(start, end, context, names)


def _indent(line: str) -> int:
    stripped = line.lstrip()
    width = len(line) - len(stripped)
    if "\t" in line[:width]:
        width = len(line[:width].expandtabs(4))
    # A list under its key may stand in the key's own column in YAML; it is inside the key all the same.
    return width + stripped.startswith("- ")


def _symbol(lines: Sequence[str], start: int, end: int) -> str:
    """What the first line of a block calls itself."""
    for i in range(start, end):
        line = lines[i].strip()
        if not line or line.startswith(_COMMENT):
            continue
        match = _NAME_KEYS.match(line)
        if match:
            return match["name"].strip()[:80]
        match = _TAG.match(line) or _KEY.match(line)
        return " ".join(match["key"].replace('"', "").split())[:80] if match else ""
    return ""
