"""A source that is a zip or tar archive: nothing is unpacked under a name that the archive chose."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import re
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from proofolio.core.errors import PortfolioError, UnreadableFileError
from proofolio.core.records import FileEntry, Problem, SourceInfo
from proofolio.settings import Settings
from proofolio.sources.base import Closing, choose
from proofolio.sources.folder import MAX_LISTED
from proofolio.sources.ignore import IGNORE_NAME, IgnoreRules, Skipped

ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_DAMAGE = (
    OSError,
    EOFError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its name."""
    return path.name.lower().endswith(ARCHIVE_ENDINGS)


class ArchiveSource(Closing):
    """The files of an archive; a single folder that holds everything is not part of the paths."""

    def __init__(self, path: Path, settings: Settings, name: str) -> None:
        self.info = SourceInfo(name=name, kind="archive", location=str(path))
        self.problems: list[Problem] = []
        self._path = path
        self._settings = settings
        self._zip: zipfile.ZipFile | None = None
        self._unpacked: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._entries: list[FileEntry] | None = None

    def entries(self) -> list[FileEntry]:
        """The files that may be evidence, by path. Raises PortfolioError for a damaged or oversized archive."""
        if self._entries is None:
            try:
                is_zip = self._path.name.lower().endswith(".zip")
                self._entries = self._from_zip() if is_zip else self._from_tar()
            except _DAMAGE as error:
                self.close()
                what = str(error) or type(error).__name__
                raise PortfolioError(
                    f"{self._path} cannot be read as an archive: {what}.",
                    "Pack it again, or give the folder itself.",
                ) from error
        return self._entries

    def close(self) -> None:
        """Close the archive and remove what was unpacked."""
        if self._zip is not None:
            self._zip.close()
            self._zip = None
        if self._unpacked is not None:
            self._unpacked.cleanup()
            self._unpacked = None

    # --- zip: members are read where they lie ----------------------------------------------------

    def _from_zip(self) -> list[FileEntry]:
        self._zip = zipfile.ZipFile(self._path)
        skipped = Skipped()
        members: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for member in self._zip.infolist():
            if member.is_dir():
                continue
            total += member.file_size
            self._guard(total, len(members))
            path = self._safe(member.filename, skipped)
            if path and (member.external_attr >> 16) & 0o170000 == 0o120000:
                skipped.file(path, "a link")
            elif path and member.flag_bits & 1:
                skipped.file(path, "encrypted")
            elif path:
                members[path] = member
        self.problems.extend(skipped.problems(self.info.name))
        listed = {
            path: FileEntry(
                path, member.file_size, f"{member.file_size}-{member.CRC:08x}", self._zip_reader(member)
            )
            for path, member in members.items()
        }
        return self._chosen(_without_top(listed))

    def _zip_reader(self, member: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            with self._lock:
                if self._zip is None:
                    raise UnreadableFileError(f"{member.filename} cannot be read: its source is closed.")
                try:
                    with self._zip.open(member) as stream:
                        return stream.read(member.file_size + 1)
                except _DAMAGE as error:
                    raise UnreadableFileError(
                        f"{member.filename} is damaged in the archive: {error}."
                    ) from error

        return read

    # --- tar: a stream, so read twice: once to choose, once to keep what was chosen -----------------

    def _from_tar(self) -> list[FileEntry]:
        skipped = Skipped()
        listed: dict[str, FileEntry] = {}
        texts: dict[str, bytes] = {}
        count = 0
        for tar, member in self._tar_members():
            count += 1
            self._guard(member.size, count)
            if member.isdir():
                continue
            path = self._safe(member.name, skipped)
            if not path:
                continue
            if not member.isreg() or member.issparse():
                skipped.file(path, "a link" if member.issym() or member.islnk() else "not a regular file")
                continue
            if path.rsplit("/", 1)[-1] in {".gitignore", IGNORE_NAME} and member.size < 200_000:
                texts[path] = _content(tar, member)
            listed[path] = FileEntry(path, member.size, "", _held(texts.get(path, b"")))
        self.problems.extend(skipped.problems(self.info.name))
        chosen = self._chosen(_without_top(listed))
        top = _top(listed)
        return list(self._kept({top + entry.path: entry for entry in chosen}))

    def _kept(self, chosen: dict[str, FileEntry]) -> Iterator[FileEntry]:
        """The chosen files, stored under numbers in a temporary folder of our own."""
        self._unpacked = tempfile.TemporaryDirectory(prefix="proofolio-")
        folder = Path(self._unpacked.name)
        stored: dict[str, FileEntry] = {}
        for tar, member in self._tar_members():
            path = _clean(member.name)
            if path not in chosen or not member.isreg():
                continue
            data = _content(tar, member)
            place = folder / str(len(stored))
            place.write_bytes(data)
            blob = f"{len(data)}-{hashlib.sha256(data).hexdigest()[:16]}"
            stored[path] = replace(chosen[path], size=len(data), blob=blob, read=_file_reader(place, path))
        yield from sorted(stored.values(), key=lambda entry: entry.path)

    def _tar_members(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        with _decompressed(self._path) as raw:
            limited = _Limited(raw, self._settings.max_archive_bytes, self._too_large)
            with tarfile.open(fileobj=cast(BinaryIO, limited), mode="r|") as tar:
                for member in tar:
                    yield tar, member

    # --- both ------------------------------------------------------------------------------------

    def _chosen(self, listed: dict[str, FileEntry]) -> list[FileEntry]:
        rules = IgnoreRules(self._settings.exclude)
        for path in sorted(listed):
            folder, _, name = path.rpartition("/")
            if name in {".gitignore", IGNORE_NAME} and listed[path].size < 200_000:
                rules.add(folder, name, listed[path].read().decode("utf-8", "replace"))
        return choose(listed.values(), rules, self._settings, self.info.name, self.problems)

    def _guard(self, total: int, files: int) -> None:
        if total > self._settings.max_archive_bytes:
            raise self._too_large()
        if files > MAX_LISTED:
            raise PortfolioError(
                f"{self._path} holds more than {MAX_LISTED:,} files.", "Pack only the projects."
            )

    def _too_large(self) -> PortfolioError:
        limit = self._settings.max_archive_bytes
        return PortfolioError(
            f"{self._path} unpacks to more than {limit:,} bytes.", "Pack less, or raise max_archive_bytes."
        )

    def _safe(self, name: str, skipped: Skipped) -> str | None:
        path = _clean(name)
        parts = path.split("/")
        if (
            ".." in parts
            or name.startswith(("/", "\\"))
            or re.match(r"^[A-Za-z]:[\\/]", name)
            or "\0" in name
        ):
            skipped.file(name, "a path that leaves the archive")
            return None
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            skipped.file(path.encode("utf-8", "backslashreplace").decode(), "its name is not valid UTF-8")
            return None
        return path or None


class _Limited(io.RawIOBase):
    """A stream that raises once more than ``limit`` bytes came out of it, however they were declared."""

    def __init__(self, raw: BinaryIO, limit: int, error: Callable[[], PortfolioError]) -> None:
        super().__init__()
        self._raw, self._left, self._error = raw, limit + 1_000_000, error  # headers and padding count too

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self._left -= len(data)
        if self._left < 0:
            raise self._error()
        return data


def _decompressed(path: Path) -> BinaryIO:
    lowered = path.name.lower()
    if lowered.endswith(("gz",)):
        return cast(BinaryIO, gzip.open(path, "rb"))
    if lowered.endswith(("bz2",)):
        return cast(BinaryIO, bz2.open(path, "rb"))
    if lowered.endswith(("xz",)):
        return cast(BinaryIO, lzma.open(path, "rb"))
    return path.open("rb")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream is not None else b""


def _held(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _file_reader(place: Path, path: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return place.read_bytes()
        except OSError as error:
            raise UnreadableFileError(f"{path} cannot be read: its source is closed.") from error

    return read


def _clean(name: str) -> str:
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in {"", "."})


def _top(paths: Iterable[str]) -> str:
    """The one folder that everything lies in, with a slash, or ""."""
    tops = {path.partition("/")[0] if "/" in path else "" for path in paths}
    return f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""


def _without_top(listed: dict[str, FileEntry]) -> dict[str, FileEntry]:
    top = _top(listed)
    return {path[len(top) :]: replace(entry, path=path[len(top) :]) for path, entry in listed.items()}
