"""What every measured process shares: a clock for wall and processor time, its own peak memory, one line of JSON.

Only the standard library, so that it also runs under the rivals' Python.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

HITS = 10
WARM_UP = 5  # questions at the head of questions.txt that are asked before the clock runs


class Clock:
    """Measures a ``with`` block: ``seconds`` on the wall, ``cpu`` of this process and of children that ended."""

    def __enter__(self) -> Clock:
        self._wall, self._cpu = time.perf_counter(), self._spent()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.cpu = self._spent() - self._cpu

    @staticmethod
    def _spent() -> float:
        return sum(os.times()[:4])


def peak_mb() -> float:
    """This process's largest resident memory so far, in MB (10^6 bytes).

    ``ru_maxrss`` also counts the parent's memory at the time of the fork, so Linux's own mark is preferred.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return (
            next(int(line.split()[1]) for line in status.split("\n") if line.startswith("VmHWM")) * 1024 / 1e6
        )
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def questions(path: str) -> tuple[list[str], list[str]]:
    """(questions to warm up with, questions to time) of a file with one a line."""
    lines = [line for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()]
    return lines[:WARM_UP], lines[WARM_UP:]


def passages(path: str) -> list[tuple[int, str]]:
    """(id, text) of each passage in a JSON-lines file."""
    with Path(path).open(encoding="utf-8") as file:
        return [(row["id"], row["text"]) for row in map(json.loads, file)]


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; ``share`` is 0 to 1."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked) + 0.5) - 1))]


def times_ms(search: Callable[[str], object], asked: Sequence[str]) -> list[float]:
    """Milliseconds that each question takes."""
    taken = []
    for question in asked:
        began = time.perf_counter()
        search(question)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def say(**values: Any) -> None:
    """Print what was measured, as the last line of the process's output."""
    print(json.dumps(values | {"peak_mb": peak_mb()}))
