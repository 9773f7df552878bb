"""Cuts a run of lines into passages of a readable length, where a reader would: at blank and outer lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proofolio.core.records import Passage

CODE_LINES = 40
CONFIG_LINES = 30
PROSE_LINES = 25


@dataclass(frozen=True, slots=True)
class Run:
    """Lines ``start``..``end`` (0-based, end exclusive) that belong together, before they are cut."""

    start: int
    end: int
    context: str = ""
    symbol: str = ""
    cell: int | None = None


def cut(lines: Sequence[str], run: Run, limit: int) -> Iterator[Passage]:
    """The passages of a run: at most ``limit`` lines each, without blank lines at either end."""
    start, end = trim(lines, run.start, run.end)
    while start < end:
        stop = end if end - start <= limit else _stop(lines, start, end, limit)
        first, last = trim(lines, start, stop)
        if first < last:
            yield Passage(first + 1, last, run.context, run.cell, run.symbol)
        start = stop


def trim(lines: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """``start`` and ``end`` without the blank lines at either end."""
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


def _stop(lines: Sequence[str], start: int, end: int, limit: int) -> int:
    """Where to end a window: about evenly, at a blank line if there is one, else at the outermost line."""
    pieces = -(-(end - start) // limit)
    aim = start + -(-(end - start) // pieces)
    low, high = max(start + 1, aim - limit // 3), min(start + limit, aim + limit // 3)
    best, best_cost = aim, (10_000, 0)
    for i in range(low, high + 1):
        if not lines[i - 1].strip():
            cost = 0  # the window ends with a blank line
        else:
            line = lines[i]
            stripped = line.lstrip()
            if not stripped:
                continue
            cost = 2 + len(line) - len(stripped) + (40 if stripped[0] in ")]}" else 0)
        if (cost, abs(i - aim)) < best_cost:
            best, best_cost = i, (cost, abs(i - aim))
    return best
