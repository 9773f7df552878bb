"""Watches how much memory a process and its children hold together, for measures that share work among processes."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

EVERY_S = 0.05


class TreeMemory:
    """While the block runs, samples the tree below ``pid``; ``peak_mb`` is the largest sum seen, in MB (10^6 bytes).

    Sums proportional memory (PSS), so that pages shared after a fork count once. 0 where the system has no /proc:
    the measured process's own mark is all that is known there.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> TreeMemory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            self.peak_mb = max(self.peak_mb, sum(map(_pss_kb, _tree(self._pid))) * 1024 / 1e6)


def _tree(pid: int) -> list[int]:
    found, pending = [], [pid]
    while pending:
        this = pending.pop()
        found.append(this)
        try:
            for task in Path(f"/proc/{this}/task").iterdir():
                pending += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            continue  # it ended while it was looked at
    return found


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").split("\n")
    except OSError:
        return 0  # it ended while it was looked at
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
