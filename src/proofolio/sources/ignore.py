"""Decides which files of a source are offered: built-in rules, ignore files, the candidate's excludes."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proofolio.core.records import Problem
from proofolio.sources import patterns

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_NAME = ".proofolioignore"
_HASHED = re.compile(r"[.\-_][0-9a-zA-Z_-]{8,20}\.(?:js|css|mjs)$")
_DIGITS = re.compile(r"\d")
_BUILT = (
    ".min.js",
    ".min.css",
    ".js.map",
    ".css.map",
    ".bundle.js",
    ".chunk.js",
    ".pyc",
    ".class",
    ".whl",
    ".jar",
    ".o",
    ".dll",
)


def left_out_folder(name: str) -> str | None:
    """Why a folder of that name is never entered, or None."""
    if name.endswith((".egg-info", ".dist-info")):
        return "build output"
    return patterns.LEFT_OUT_FOLDERS.get(name)


def left_out_file(name: str) -> str | None:
    """Why a file of that name is never read, or None. Lock files are read (for their versions)."""
    if name in patterns.LEFT_OUT_NAMES:
        return patterns.LEFT_OUT_NAMES[name]
    lowered = name.lower()
    dot = lowered.find(".", 1)
    while dot >= 0:  # "a.min.js": tries ".min.js", then ".js"
        reason = patterns.LEFT_OUT_ENDINGS.get(lowered[dot:])
        if reason:
            return reason
        dot = lowered.find(".", dot + 1)
    if lowered.endswith(("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", "_pb.js", "_pb.d.ts", "_generated.go")):
        return "generated"
    return None


@dataclass(slots=True)
class IgnoreRules:
    """The gitignore-like rules of one source: ``exclude`` settings and ignore files by folder."""

    exclude: tuple[str, ...] = ()
    _excluded: GitIgnoreSpec | None = field(init=False)
    _files: dict[str, list[tuple[str, GitIgnoreSpec]]] = field(default_factory=dict)
    _folders: dict[str, str | None] = field(default_factory=dict)  # the folders that were asked about, with the reason

    def __post_init__(self) -> None:
        self._excluded = _spec(self.exclude) if self.exclude else None

    def add(self, folder: str, name: str, text: str) -> None:
        """Take in the ignore file ``name`` of ``folder`` ("" for the root)."""
        lines = (line for line in text.splitlines() if _valid_pattern(line))
        self._folders.clear()
        self._files.setdefault(folder, []).append((name, _spec(lines)))

    def reason(self, path: str, is_folder: bool = False) -> str | None:
        """Why ``path`` is left out by the settings or by an ignore file, or None; deeper files win."""
        probe = path + "/" if is_folder else path
        if self._excluded is not None and self._excluded.match_file(probe):
            return "the exclude setting"
        found: str | None = None
        for folder in _ancestors(path) if self._files else ():
            for name, spec in self._files.get(folder, ()):
                result = spec.check_file(probe[len(folder) + 1 :] if folder else probe)
                if result.include is not None:
                    found = name if result.include else None
        return found

    def reason_in_folders(self, path: str) -> str | None:
        """Like ``reason``, for a path whose folders were not walked (a git tree)."""
        if not self.exclude and not self._files:
            return None
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in self._folders:
                self._folders[folder] = self.reason(folder, is_folder=True)
            if reason := self._folders[folder]:
                return reason
        return self.reason(path)


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # most sources have no such rules

    return GitIgnoreSpec.from_lines(lines)


def _valid_pattern(line: str) -> bool:
    """A line that git would not understand ("!" alone, "foo\\") is no reason to stop."""
    try:
        _spec([line])
    except (ValueError, re.error):
        return False
    return True


def _ancestors(path: str) -> list[str]:
    """The folders above ``path``, from the root ("") down."""
    parts = path.split("/")[:-1]
    return [""] + ["/".join(parts[: i + 1]) for i in range(len(parts))]


def output_folders(paths: Iterable[str]) -> dict[str, str]:
    """The folders among ``paths`` that their surroundings show to be vendored or built, with the reason.

    ``vendor`` beside a ``go.mod`` is dependencies; ``vendor`` in a shop's code is the shop's own word.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, _, name = path.rpartition("/")
        files[folder].append(name)
    children: dict[str, set[str]] = defaultdict(set)
    under: dict[str, list[str]] = defaultdict(list)
    for folder, names in files.items():
        children[folder].update(names)
        parts = folder.split("/") if folder else []
        for i, part in enumerate(parts):
            children["/".join(parts[:i])].add(part)
            if part in patterns.OUTPUT_FOLDERS:
                under["/".join(parts[: i + 1])] += names
    found: dict[str, str] = {}
    for folder in list(children):
        parent, name = posixpath.split(folder)
        reason = _output_reason(folder, name, children[parent], children[folder], under)
        if folder and reason:
            found[folder] = reason
    return found


def _output_reason(
    folder: str, name: str, siblings: set[str], inside: set[str], under: Mapping[str, list[str]]
) -> str | None:
    if "pyvenv.cfg" in inside:
        return "a virtual environment"
    if name == "vendor":
        parents = set(folder.split("/")[:-1])
        if (
            siblings & patterns.VENDOR_SIBLINGS
            or inside & patterns.VENDOR_CHILDREN
            or parents & patterns.ASSET_FOLDERS
        ):
            return "dependencies"
    beside = patterns.OUTPUT_FOLDER_SIBLINGS.get(name)
    if beside and any(
        s in siblings or (s[0] == "*" and any(x.endswith(s[1:]) for x in siblings)) for s in beside
    ):
        return "build output"
    if name in patterns.OUTPUT_FOLDERS and any(_looks_built(n) for n in under[folder]):
        return "build output"
    return None


def _looks_built(name: str) -> bool:
    if name.endswith(_BUILT):
        return True
    hashed = _HASHED.search(name)
    return bool(hashed and _DIGITS.search(hashed.group()))


def kept_output(path: str) -> bool:
    """Whether ``path`` is a result inside a build folder that is read all the same."""
    return any(path == kept or path.endswith("/" + kept) for kept in patterns.KEPT_OUTPUT_FILES)


@dataclass(slots=True)
class Skipped:
    """Counts what is left out, so that the ingest report has a line a reason and not a line a file."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    folders: dict[str, tuple[str, int]] = field(default_factory=dict)

    def file(self, path: str, reason: str) -> None:
        """Count one file that is left out for ``reason``."""
        self.counts[reason] += 1
        self.first.setdefault(reason, path)

    def folder(self, path: str, reason: str, files: int = 0) -> None:
        """Count a folder that is left out whole; ``files`` is 0 where it was not entered."""
        reason, before = self.folders.get(path, (reason, 0))
        self.folders[path] = (reason, before + files)

    def problems(self, source: str) -> list[Problem]:
        """The report lines: one a folder, one a reason."""
        lines = []
        for path, (reason, files) in self.folders.items():
            count = f" ({files:,} files)" if files else ""
            lines.append(Problem(source, path + "/", f"left out: {reason}{count}"))
        for reason, number in self.counts.items():
            first = self.first[reason]
            if number == 1:
                lines.append(Problem(source, first, f"left out: {reason}"))
            else:
                lines.append(
                    Problem(source, first, f"{number:,} files left out: {reason}; this is the first")
                )
        return lines
