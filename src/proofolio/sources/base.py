"""What every source offers, wherever the work lies: a description, its files, the ingest report's lines."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from proofolio.core.records import FileEntry, Problem, SourceInfo
from proofolio.settings import Settings
from proofolio.sources.ignore import (
    IgnoreRules,
    Skipped,
    kept_output,
    left_out_file,
    left_out_folder,
    output_folders,
)

NOTEBOOK_FACTOR = 8  # a notebook is mostly its plots, which are not searched: it may be that much larger


@runtime_checkable
class Source(Protocol):
    """A place that work is read from. ``entries`` is ordered by path; ``problems`` grows as it is read."""

    info: SourceInfo
    problems: list[Problem]

    def entries(self) -> list[FileEntry]:
        """The files that may be evidence, by path, after every ignore rule."""
        ...

    def close(self) -> None:
        """Let go of processes and temporary folders; entries cannot be read afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closing:
    """The context manager half of a source."""

    def close(self) -> None:
        """Nothing to let go of unless a source says so."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def choose(
    listed: Iterable[FileEntry], rules: IgnoreRules, settings: Settings, source: str, problems: list[Problem]
) -> list[FileEntry]:
    """The files among ``listed`` that are read, by path; what is left out becomes lines of ``problems``."""
    skipped = Skipped()
    every = sorted(listed, key=lambda entry: entry.path)
    built = output_folders(entry.path for entry in every)
    notebooks = {entry.path.removesuffix(".ipynb") for entry in every if entry.path.endswith(".ipynb")}
    chosen: list[FileEntry] = []
    above: dict[str, tuple[str, str] | None] = {}
    for entry in every:
        inside = entry.path.rpartition("/")[0]
        if inside not in above:
            above[inside] = _left_out_above(inside, built)
        folder = above[inside]
        if folder is not None and not kept_output(entry.path):
            skipped.folder(folder[0], folder[1], 1)
            continue
        reason = left_out_file(entry.path.rsplit("/", 1)[-1])
        if reason is None and entry.path.endswith((".pdf", ".html")) and entry.path.rsplit(".", 1)[0] in notebooks:
            reason = "an export of the notebook beside it"
        if reason is None:
            by = rules.reason_in_folders(entry.path)
            reason = f"by {by}" if by else None
        if reason:
            skipped.file(entry.path, reason)
        elif entry.size > settings.max_file_bytes * (NOTEBOOK_FACTOR if entry.path.endswith(".ipynb") else 1):
            what = f"too large: {entry.size:,} bytes, and max_file_bytes is {settings.max_file_bytes:,}"
            problems.append(Problem(source, entry.path, what))
        elif len(chosen) >= settings.max_files:
            skipped.file(
                entry.path, f"over max_files ({settings.max_files:,}); raise it or narrow with exclude"
            )
        else:
            chosen.append(entry)
    problems.extend(skipped.problems(source))
    return chosen


def _left_out_above(inside: str, built: dict[str, str]) -> tuple[str, str] | None:
    """The outermost folder among ``inside`` and those above it that is left out, with the reason."""
    parts = inside.split("/") if inside else []
    for i, part in enumerate(parts):
        reason = left_out_folder(part)
        folder = "/".join(parts[: i + 1])
        reason = reason or built.get(folder)
        if reason:
            return folder, reason
    return None
