"""A source that is a git repository: the tree at HEAD, read through one ``git cat-file`` process."""

from __future__ import annotations

import posixpath
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from proofolio.core.errors import PortfolioError, UnreadableFileError
from proofolio.core.records import FileEntry, Problem, SourceInfo
from proofolio.settings import Settings
from proofolio.sources import command as git
from proofolio.sources.base import Closing, choose
from proofolio.sources.ignore import IGNORE_NAME, IgnoreRules, Skipped

_REGULAR = ("100644", "100755", "100664")


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where a path stands in git: ``place`` to run git in, ``prefix`` inside the repository ("" or "a/b/")."""

    place: Path
    prefix: str
    commit: str | None  # None: no commit yet
    bare: bool
    tree: str = ""  # the object that is listed: the tree of prefix at HEAD


class Objects:
    """One ``git cat-file --batch`` process; safe to use from several threads, started again if it dies."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def read(self, name: str, path: str) -> bytes:
        """The bytes of object ``name``. Raises UnreadableFileError where the object is not in the repository."""
        missing = UnreadableFileError(
            f"{path} is not in this copy of the repository (a partial clone, or a damaged one).",
            "Clone it in full and compile again.",
        )
        with self._lock:
            if self._closed:
                raise UnreadableFileError(f"{path} cannot be read: its source is closed.")
            process = self._started()
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(name.encode("ascii") + b"\n")
                process.stdin.flush()
            except BrokenPipeError:
                self._stop()
                raise missing from None
            header = process.stdout.readline().split()
            if len(header) != 3:
                if not header:  # the process ended: a failed fetch of a promised object ends it
                    self._stop()
                raise missing
            size = int(header[2])
            data = process.stdout.read(size + 1)
            if len(data) != size + 1:
                self._stop()
                raise missing
            return data[:-1]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            try:
                self._process = subprocess.Popen(
                    git.command(self._place, "cat-file", "--batch"),
                    env=git.environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except FileNotFoundError as error:
                raise git.missing_git() from error
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # it had ended already
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._closed = True
            self._stop()


class GitSource(Closing):
    """The files of a repository (or of one of its folders) at HEAD, with paths relative to the folder.

    Raises GitError where the tree at HEAD cannot be listed.
    """

    def __init__(self, checkout: Checkout, settings: Settings, name: str, location: str) -> None:
        self.checkout = checkout
        self.problems: list[Problem] = []
        self._settings = settings
        self._objects = Objects(checkout.place)
        self._entries: list[FileEntry] | None = None
        self.info = SourceInfo(
            name=name,
            kind="git",
            location=location,
            commit=checkout.commit,
            remote=_remote(checkout.place),
            shallow=git.text(checkout.place, "rev-parse", "--is-shallow-repository") == "true",
        )
        if not checkout.bare:
            self._note_changes()
        self._listed = self._list()
        if self.info.shallow:
            self._warn("the clone is shallow, so its history is short; `git fetch --unshallow` completes it")

    def entries(self) -> list[FileEntry]:
        """The files at HEAD that may be evidence, by path."""
        if self._entries is None:
            rules = IgnoreRules(self._settings.exclude)
            for entry in self._listed:
                folder, name = posixpath.split(entry.path)
                if name == IGNORE_NAME:
                    rules.add(folder, name, self._ignore_text(entry))
            self._entries = choose(self._listed, rules, self._settings, self.info.name, self.problems)
        return self._entries

    def close(self) -> None:
        """End the process that reads objects."""
        self._objects.close()

    def _ignore_text(self, entry: FileEntry) -> str:
        try:
            return entry.read().decode("utf-8", "replace")
        except UnreadableFileError as error:
            self.problems.append(Problem(self.info.name, entry.path, error.what, "unreadable"))
            return ""

    def _list(self) -> list[FileEntry]:
        """Every regular file of the tree. Raises GitError where the tree itself cannot be read."""
        skipped = Skipped()
        found: list[FileEntry] = []
        for mode, kind, name, size, raw in self._tree():
            try:
                path = raw.decode("utf-8")
            except UnicodeDecodeError:
                skipped.file(raw.decode("utf-8", "backslashreplace"), "its name is not valid UTF-8")
                continue
            if kind == "commit":
                self._warn("a submodule, not followed; add its own repository as a source", path)
            elif mode not in _REGULAR:
                skipped.file(path, "a link")
            elif size is None:
                skipped.file(path, "not in this copy of the repository (a partial clone, or a damaged one)")
            else:
                found.append(FileEntry(path, size, name, self._reader(name, path)))
        self.problems.extend(skipped.problems(self.info.name))
        return found

    def _tree(self) -> Iterator[tuple[str, str, str, int | None, bytes]]:
        """(mode, kind, object, size or None where the object is missing, path) of everything in the tree."""
        place, tree = self.checkout.place, self.checkout.tree
        sizes: dict[str, int] = {}
        try:
            listing = git.run(place, "ls-tree", "--full-tree", "-r", "-l", "-z", tree)
        except git.GitError:  # an object is missing, so its size is: what is there has to be asked for
            listing = git.run(place, "ls-tree", "--full-tree", "-r", "-z", tree)
            form = "--batch-check=%(objectname) %(objectsize)"
            present = git.text(place, "cat-file", form, "--batch-all-objects", "--unordered")
            sizes = {
                name: int(size)
                for name, _, size in (line.partition(" ") for line in present.split("\n"))
                if size
            }
        for record in listing.split(b"\0"):
            if record:
                meta, _, raw = record.partition(b"\t")
                mode, kind, name, *rest = meta.decode("ascii", "replace").split()
                size = int(rest[0]) if rest and rest[0].isdigit() else sizes.get(name)
                yield mode, kind, name, size, raw

    def _reader(self, name: str, path: str) -> Callable[[], bytes]:
        return lambda: self._objects.read(name, path)

    def _note_changes(self) -> None:
        try:
            raw = git.run_status(self.checkout.place, ".")
        except git.GitError as error:
            self._warn(f"uncommitted changes could not be counted: {error}")
            return
        count = sum(1 for line in raw.split(b"\0") if line)
        if count:
            self.info = replace(self.info, dirty=count)
            what = "file or folder is" if count == 1 else "files or folders are"
            self._warn(
                f"{count} changed or untracked {what} not read: answers cite commits; commit them to include them"
            )

    def _warn(self, what: str, path: str = "") -> None:
        self.problems.append(Problem(self.info.name, path, what, "warning"))


def find_checkout(path: Path) -> Checkout | None:
    """Where ``path`` stands in git; None where it is in no repository or has nothing of it at HEAD.

    Raises GitError where there is a repository that git cannot read.
    """
    try:
        answer = git.text(path, "rev-parse", "--is-bare-repository", "--is-inside-git-dir", "--show-prefix")
    except git.GitError as error:
        if "not a git repository" in str(error) and not (path / ".git").exists() and not looks_bare(path):
            return None
        raise
    lines = (answer + "\n\n").split("\n")
    bare, inside, prefix = lines[0] == "true", lines[1] == "true", lines[2]
    if inside and not bare:
        path, prefix, bare = path.parent if path.name == ".git" else path, "", path.name != ".git"
    try:
        commit = git.text(path, "rev-parse", "--verify", "HEAD^{commit}")
    except git.GitError:
        if _has_commits(path):
            raise
        return Checkout(path, prefix, None, bare)
    if bare:
        return Checkout(path, "", commit, True, commit)
    if not prefix:
        return Checkout(path, "", commit, False, commit)
    try:
        tree = git.text(path, "rev-parse", "--verify", f"{commit}:{prefix.rstrip('/')}")
    except git.GitError:
        return None  # the folder is not part of HEAD: untracked or ignored
    return Checkout(path, prefix, commit, False, tree)


def looks_bare(path: Path) -> bool:
    """Whether a folder has the shape of a bare repository, whatever state it is in."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _has_commits(path: Path) -> bool:
    """Whether HEAD fails although there are commits: a damaged repository, not a new one."""
    try:
        git.run(path, "symbolic-ref", "HEAD")
        return bool(git.run(path, "for-each-ref", "--count=1").strip())
    except git.GitError:
        return True


def _remote(place: Path) -> str | None:
    try:
        return without_credentials(git.text(place, "config", "--get", "remote.origin.url")) or None
    except git.GitError:  # no such setting
        return None


def without_credentials(url: str) -> str:
    """``url`` without a user name, password, query or fragment; ``git@host:path`` stays as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return re.sub(r"://[^/@]*@", "://", url)
    user = "git@" if parts.scheme == "ssh" and parts.username == "git" else ""
    return urlunsplit((parts.scheme, f"{user}{host}{port}", parts.path, "", ""))


def not_readable(path: Path, error: Exception) -> PortfolioError:
    """The error for a repository of which nothing can be read."""
    return PortfolioError(
        f"{path} is a damaged git repository: {error}.", "Run `git fsck` there, or clone it again."
    )
