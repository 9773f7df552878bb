"""A source that is a plain folder, or a single file: read as it lies on disk; links are never followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from proofolio.core.errors import PortfolioError, UnreadableFileError
from proofolio.core.records import FileEntry, Problem, SourceInfo
from proofolio.settings import Settings
from proofolio.sources.base import Closing, choose
from proofolio.sources.ignore import IGNORE_NAME, IgnoreRules, Skipped, left_out_folder

MAX_IGNORE_BYTES = 200_000
MAX_LISTED = 500_000  # a walk that goes on for longer is a mistake (somebody's home folder)


class FolderSource(Closing):
    """A folder as it lies on disk; ``without`` names direct children that are sources of their own."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        name: str,
        without: frozenset[str] = frozenset(),
        location: str | None = None,
        kind: str = "folder",
    ) -> None:
        self.info = SourceInfo(name=name, kind=kind, location=location or str(root))
        self.problems: list[Problem] = []
        self._root = root
        self._settings = settings
        self._without = without
        self._skipped = Skipped()
        self._entries: list[FileEntry] | None = None

    def entries(self) -> list[FileEntry]:
        """The files that may be evidence, by path. Raises PortfolioError where the root cannot be listed."""
        if self._entries is None:
            if self._root.is_file():
                self._entries = [_entry(str(self._root), self._root.name, self._root.stat())]
            else:
                rules = IgnoreRules(self._settings.exclude)
                listed = list(self._walk(rules))
                self.problems.extend(self._skipped.problems(self.info.name))
                self._entries = choose(listed, rules, self._settings, self.info.name, self.problems)
        return self._entries

    def _walk(self, rules: IgnoreRules) -> Iterator[FileEntry]:
        real_root = os.path.realpath(self._root)
        pending = [("", str(self._root))]
        count = 0
        while pending:
            folder, place = pending.pop()
            children = self._children(folder, place)
            self._read_ignore_files(folder, children, rules)
            for child in children:
                path = f"{folder}/{child.name}" if folder else child.name
                if not folder and child.name in self._without:
                    continue
                if not _encodable(path):
                    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
                    self._problem(shown, "its name is not valid UTF-8", "unreadable")
                    continue
                status = self._status(child, path, real_root)
                if status is None:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    if self._is_entered(path, child.name, rules):
                        pending.append((path, child.path))
                    continue
                count += 1
                if count > MAX_LISTED:
                    raise PortfolioError(
                        f"{self._root} holds more than {MAX_LISTED:,} files.",
                        "Point at the projects themselves, or leave folders out with exclude.",
                    )
                yield _entry(child.path, path, status)

    def _children(self, folder: str, place: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(place) as listing:
                return sorted(listing, key=lambda child: child.name)
        except OSError as error:
            if not folder:
                raise PortfolioError(
                    f"{place} cannot be listed: {error.strerror}.", "Check its permissions."
                ) from error
            self._problem(folder + "/", f"cannot be listed: {error.strerror}", "unreadable")
            return []

    def _is_entered(self, path: str, name: str, rules: IgnoreRules) -> bool:
        reason = left_out_folder(name)
        if reason is None:
            by = rules.reason(path, is_folder=True)
            reason = f"by {by}" if by else None
        if reason:
            self._skipped.folder(path, reason)
        return reason is None

    def _status(self, child: os.DirEntry[str], path: str, real_root: str) -> os.stat_result | None:
        """The status of a file or folder that is read; None, with a line of the report, for anything else."""
        try:
            if child.is_symlink():
                self._link(child.path, path, real_root)
                return None
            status = child.stat(follow_symlinks=False)
        except OSError as error:
            self._problem(path, f"cannot be read: {error.strerror}", "unreadable")
            return None
        if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
            return status
        self._problem(path, "not a regular file (a pipe, a socket or a device)")
        return None

    def _link(self, place: str, path: str, real_root: str) -> None:
        """Note a link. What it leads to inside the root is read where it lies, once."""
        target = os.path.realpath(place)
        if target != real_root and not target.startswith(real_root.rstrip(os.sep) + os.sep):
            self._problem(path, "a link that leaves the folder; not followed")
        elif not Path(target).exists():
            self._problem(path, "a link that leads nowhere or to itself")
        else:
            self._skipped.file(path, "a link to something that is read where it lies")

    def _read_ignore_files(self, folder: str, children: list[os.DirEntry[str]], rules: IgnoreRules) -> None:
        for child in children:
            if child.name not in {".gitignore", IGNORE_NAME}:
                continue
            try:
                if not child.is_file(follow_symlinks=False) or child.stat().st_size > MAX_IGNORE_BYTES:
                    continue
                text = Path(child.path).read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                path = f"{folder}/{child.name}" if folder else child.name
                self._problem(path, f"cannot be read: {error.strerror}", "unreadable")
                continue
            rules.add(folder, child.name, text)

    def _problem(self, path: str, what: str, kind: str = "skipped") -> None:
        self.problems.append(Problem(self.info.name, path, what, kind))


def _encodable(path: str) -> bool:
    """Whether a name is text: a byte that is none arrives as a surrogate, which nothing can store."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _entry(place: str, path: str, status: os.stat_result) -> FileEntry:
    return FileEntry(path, status.st_size, f"{status.st_size}-{status.st_mtime_ns}", _reader(place, path))


def _reader(place: str, path: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise UnreadableFileError(
                f"{path} cannot be read: {error.strerror}.", "Check its permissions."
            ) from error

    return read
