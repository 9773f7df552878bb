"""Spreads the reading of many files over processes, in order; what a process loses is done again by its parent.

Forked rather than spawned: a child has the packs at once, and a script that uses Proofolio needs no
``if __name__ == "__main__"``. Where forking is not safe (another system, a program with threads) or not
worth it (few files, one core), everything happens in the process itself and gives the same.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from proofolio.core.errors import UnreadableFileError
from proofolio.core.records import FileEntry, SourceInfo

Result = TypeVar("Result")
Task = Callable[[FileEntry, SourceInfo], Result]

WORTH_IT = 300  # files: half a second of work, ten times what starting the processes costs
MOST = 4  # processes: each holds the packs and a few files, some 60 MB
_BATCH = 12  # files that go to a process at once ...
_BATCH_BYTES = 1_000_000  # ... or fewer, where they are large


@dataclass(slots=True)
class _Hand:
    """A process and the near end of its pipe; it has at most one batch at a time, so neither end can block the other."""

    process: Any
    pipe: Connection


@dataclass(slots=True)
class Crew(Generic[Result]):
    """The processes that read files; a context manager that ends them. ``hands`` 0 works in this process alone."""

    task: Task[Result]
    hands: int = 0
    _crew: list[_Hand] = field(default_factory=list)

    def __enter__(self) -> Crew[Result]:
        if self.hands:
            context = get_context("fork")
            for _ in range(self.hands):
                near, far = context.Pipe()
                others = [hand.pipe for hand in self._crew]
                process = context.Process(target=_serve, args=(self.task, far, [near, *others]), daemon=True)
                process.start()
                far.close()
                self._crew.append(_Hand(process, near))
        return self

    def __exit__(self, *exc: object) -> None:
        for hand in self._crew:
            hand.pipe.close()  # a process whose pipe is closed ends by itself
        for hand in self._crew:
            hand.process.join(timeout=2)
            if hand.process.is_alive():
                hand.process.kill()
        self._crew.clear()

    def work(self, tasks: Iterable[tuple[FileEntry, SourceInfo]]) -> Iterator[tuple[FileEntry, Result]]:
        """What the task makes of each file, in the order of the files.

        Raises whatever the task raises. A process that dies costs its batch a second reading, here.
        """
        if not self._crew:
            for entry, info in tasks:
                yield entry, self.task(entry, info)
            return
        batches = _batches(tasks)
        busy: deque[tuple[_Hand, list[tuple[FileEntry, SourceInfo]]]] = deque()
        for hand, batch in zip(self._crew, batches, strict=False):
            _send(hand, batch)
            busy.append((hand, batch))
        while busy:
            hand, batch = busy.popleft()
            try:
                results = hand.pipe.recv()
            except (EOFError, OSError):
                results = None
            following = next(batches, None)
            if following is not None:
                _send(hand, following)
                busy.append((hand, following))
            for place, (entry, info) in enumerate(batch):
                yield entry, self.task(entry, info) if results is None else results[place]


def hands_for(files: int) -> int:
    """How many processes to read ``files`` files with; 0 where this one does it best."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    safe = hasattr(os, "sched_getaffinity") and "fork" in get_all_start_methods() and threading.active_count() == 1
    return min(cores, MOST) if safe and files >= WORTH_IT and cores > 1 else 0


def _batches(tasks: Iterable[tuple[FileEntry, SourceInfo]]) -> Iterator[list[tuple[FileEntry, SourceInfo]]]:
    tasks = iter(tasks)
    while batch := list(islice(tasks, 1)):
        size = batch[0][0].size
        while len(batch) < _BATCH and size < _BATCH_BYTES and (more := next(tasks, None)):
            batch.append(more)
            size += more[0].size
        yield batch


def _send(hand: _Hand, batch: list[tuple[FileEntry, SourceInfo]]) -> None:
    """Give a process its next files, read here: a source may be an archive, or a conversation with git."""
    with suppress(OSError):  # a process that is gone: found out when its results are asked for
        hand.pipe.send([(e.path, e.size, e.blob, _content(e), info) for e, info in batch])


def _content(entry: FileEntry) -> bytes | tuple[str, str]:
    """The file's bytes, or the words of the error that reading it raised."""
    try:
        return entry.read()
    except UnreadableFileError as error:
        return error.what, error.try_next
    except OSError as error:
        return f"{entry.path} cannot be read: {error.strerror}.", ""


def _serve(task: Task[Result], pipe: Connection, others: list[Connection]) -> None:
    """A process's life: read what comes until the pipe is closed, by the parent's will or by its end."""
    for other in others:
        other.close()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            given = pipe.recv()
            pipe.send([task(FileEntry(path, size, blob, _reader(content)), info) for path, size, blob, content, info in given])


def _reader(content: bytes | tuple[str, str]) -> Callable[[], bytes]:
    def read() -> bytes:
        if isinstance(content, tuple):
            raise UnreadableFileError(*content)
        return content

    return read
