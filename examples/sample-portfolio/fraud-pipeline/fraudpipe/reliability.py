"""Small building blocks for a run that can be repeated: retry, atomic publish, lock, structured log."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

# Only errors that can go away by themselves. A corrupt file is not one of them: retrying it only
# delays the call to the processor.
TRANSIENT: tuple[type[BaseException], ...] = (ConnectionError, TimeoutError, BlockingIOError)


class AlreadyRunning(RuntimeError):
    """Another run holds the lock of this working directory."""


class RunLog:
    """Append-only JSON lines; one object per event, flushed at once so a crash keeps its trace."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.folder, self.run_id = folder, run_id
        folder.mkdir(parents=True, exist_ok=True)

    def event(self, stage: str, status: str, **extra: Any) -> None:
        self._write("run_log.jsonl", {"stage": stage, "status": status, **extra})

    def error(self, stage: str, kind: str, message: str, **extra: Any) -> None:
        self._write("errors.jsonl", {"stage": stage, "kind": kind, "message": message, **extra})

    def _write(self, name: str, body: dict[str, Any]) -> None:
        stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        with (self.folder / name).open("a") as handle:
            handle.write(json.dumps({"ts": stamp, "run_id": self.run_id, **body}, default=str) + "\n")


def with_retry(call: Callable[[], T], *, attempts: int, base_delay_s: float, factor: float,
               max_delay_s: float, on_retry: Callable[[int, float, BaseException], None],
               sleep: Callable[[float], None] = time.sleep) -> T:
    """Call until it works, waiting longer each time. No jitter: there is one writer, no herd."""
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except TRANSIENT as error:
            if attempt == attempts:
                raise
            delay = min(base_delay_s * factor ** (attempt - 1), max_delay_s)
            on_retry(attempt, delay, error)
            sleep(delay)
    raise AssertionError("unreachable")


def publish_file(write: Callable[[Path], None], staging: Path, target: Path) -> None:
    """Write beside, fsync, rename. A reader sees the old file or the new file, never a part."""
    staging.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = staging / f"{target.parent.name}.{target.name}.part"
    write(temporary)
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    fault_point("before_publish")
    os.replace(temporary, target)


def publish_folder(write: Callable[[Path], None], target: Path) -> None:
    """Folders cannot be replaced in one step, so a `current` link is switched to a new version."""
    version = target.parent / f"{target.name}.v{time.time_ns()}"
    version.mkdir(parents=True)
    write(version)
    fault_point("before_publish_folder")
    link = target.parent / f".{target.name}.link"
    link.unlink(missing_ok=True)
    link.symlink_to(version.name)
    os.replace(link, target)
    for old in sorted(target.parent.glob(f"{target.name}.v*"))[:-2]:   # keep one version to go back to
        shutil.rmtree(old)


@contextlib.contextmanager
def single_writer(root: Path) -> Iterator[None]:
    """DuckDB allows one writing process; fail at once and clearly instead of inside dbt."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"{root.name} is locked by another run") from error
        yield


def fault_point(name: str) -> None:
    """For the failure drill: FRAUD_FAULT=<name> ends the process as a power cut would."""
    if os.environ.get("FRAUD_FAULT") == name:
        os._exit(137)
