"""What the checks ask of a compiled portfolio: its files, what its code says, the numbers that it put out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proofolio.audit.past import Past
from proofolio.core.records import Document, DocumentKind, Liveness, Place, Rank, SourceInfo, TechnologyUse
from proofolio.evidence.keys import settings_of
from proofolio.retrieval.index import Index
from proofolio.sources import command as git
from proofolio.sources.git import find_checkout

MAX_WALK = 50_000
_VENDOR = re.compile(r"(?:vendor|vendored|third[_-]?party|node_modules|bower_components|site-packages|submodules)$", re.IGNORECASE)
_COMMENTED = re.compile(r"^\s*(?:#|//|--\s|\*\s|<!--|;)")
_ASSIGNED = re.compile(r"(?<![\w.])['\"]?(?P<name>[A-Za-z_]\w{1,40})['\"]?\s*(?::\s*[A-Za-z_][\w\[\] |.]*)?\s*[=:]\s*(?P<value>\{[^{}]*\}|['\"][^'\"]{0,60}['\"]|-?\d[\d_]*(?:\.\d+)?(?:e-?\d+)?|True|False)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A name that code or configuration gives a value, as written, and where."""

    name: str
    value: str
    place: Place
    grouped: bool = False  # within a table of candidates, as a grid search has them


class Work:
    """The portfolio as the checks see it; everything is read once and kept."""

    def __init__(self, index: Index, past: Past) -> None:
        self.index = index
        self.past = past

    @cached_property
    def documents(self) -> list[Document]:
        """Every document of the portfolio."""
        found = (self.index.document(source, path) for _, source, path in self.index.paths)
        return [d for d in found if d is not None]

    @cached_property
    def made(self) -> list[Document]:
        """What was made rather than told: code, notebooks, SQL and configuration that is not put aside."""
        kinds = {DocumentKind.CODE, DocumentKind.NOTEBOOK, DocumentKind.SQL, DocumentKind.CONFIG}
        return [d for d in self.documents if d.kind in kinds and d.rank is not Rank.CLAIM and not {"dead", "lock"} & set(d.flags)]

    @cached_property
    def sources(self) -> dict[str, SourceInfo]:
        """The sources by name."""
        return {info.name: info for info, _, _ in self.index.sources}

    def files(self, source: str) -> frozenset[str]:
        """Every path of a source, those that are not read included; folders end in "/"."""
        return self.index.keep(("audit files", source), lambda: _with_folders(self._paths(source)))

    def knows_every_file(self, source: str) -> bool:
        """Whether an absent path can be told: not for an archive or a source that is gone."""
        info = self.sources.get(source)
        return info is not None and info.kind in {"git", "folder"} and Path(info.location).is_dir()

    def vendored(self, document: Document) -> bool:
        """Whether a document came with somebody else's package: a chart with maintainers, a vendor folder."""
        folders = document.path.split("/")[:-1]
        if any(_VENDOR.match(f) for f in folders):
            return True
        return any("/".join(folders[:i]) in self._charts.get(document.source, ()) for i in range(1, len(folders) + 1))

    @cached_property
    def _charts(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for document in self.documents:
            if document.name == "Chart.yaml" and "/" in document.path and re.search(r"^(?:maintainers|home|sources):", document.text, re.MULTILINE):
                found.setdefault(document.source, set()).add(document.path.rsplit("/", 1)[0])
        return found

    def _paths(self, source: str) -> Iterable[str]:
        info = self.sources.get(source)
        known = [p for _, s, p in self.index.paths if s == source]
        if info is None or not Path(info.location).is_dir():
            return known
        root = Path(info.location)
        if info.kind == "git":
            try:
                checkout = find_checkout(root)
                tree = checkout.tree if checkout else ""
                raw = git.run(root, "ls-tree", "--full-tree", "-r", "--name-only", "-z", tree or "HEAD")
                return [p.decode("utf-8", "replace") for p in raw.split(b"\0") if p]
            except git.GitError:
                return known
        return _walked(root)

    # --- text ---------------------------------------------------------------------------------------

    def code_lines(self, document: Document) -> Iterator[tuple[int, str]]:
        """(number, line) of what runs in a document: no remarks, no outputs, no Markdown cells."""
        for number, line in enumerate(self.index.lines(document.source, document.path), 1):
            cell = document.cell_at(number)
            if cell is not None and (cell.kind != "code" or (cell.output and number >= cell.output)):
                continue
            if document.kind is DocumentKind.NOTEBOOK and cell is None:
                continue
            if line.strip() and not _COMMENTED.match(line):
                yield number, line

    def find(self, pattern: re.Pattern[str], documents: Iterable[Document] | None = None, limit: int = 3) -> list[Place]:
        """The first places in what runs (or in ``documents``) where a pattern matches within a line."""
        found: list[Place] = []
        for document in self.made if documents is None else documents:
            if not pattern.search(document.text):
                continue
            for number, line in self.code_lines(document):
                if pattern.search(line):
                    found.append(Place(document.source, document.path, number, number))
                    break
            if len(found) >= limit:
                break
        return found

    def names(self, word: str) -> bool:
        """Whether anything but prose has an identifier or a string."""
        pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", re.IGNORECASE)
        return any(pattern.search(d.text) for d in self.documents if d.kind is not DocumentKind.PROSE)

    @cached_property
    def values(self) -> dict[str, list[Value]]:
        """Every name with a literal value in code and configuration, by its lower-case letters and digits."""
        table: dict[str, list[Value]] = {}
        for document in self.made:
            for value in _assigned(self, document):
                table.setdefault(re.sub(r"[^a-z0-9]", "", value.name.lower()), []).append(value)
        return table

    # --- technologies -------------------------------------------------------------------------------

    def uses(self, technology: str) -> list[TechnologyUse]:
        """The uses of a technology outside of prose."""
        return [u for u in self.index.technologies.get(technology, []) if u.how != "mentioned"]

    def live(self, technology: str) -> list[TechnologyUse]:
        """The live uses of a technology."""
        return [u for u in self.index.technologies.get(technology, []) if u.liveness is Liveness.LIVE]

    @cached_property
    def tests(self) -> list[Document]:
        """The files that hold tests."""
        case = re.compile(r"^\s*(?:async )?def test_|\b(?:it|test)\s*\(\s*['\"`]|@Test\b|\bfunc Test\w|#\[test\]|\bTEST(?:_F)?\(|test_that\(|^\s*Scenario:", re.MULTILINE)
        return [d for d in self.documents if d.kind in {DocumentKind.CODE, DocumentKind.NOTEBOOK} and "dead" not in d.flags and case.search(d.text)]


def place_of(use: TechnologyUse) -> Place:
    """Where a technology is used."""
    return Place(use.source, use.path, use.start, use.end)


def _assigned(work: Work, document: Document) -> Iterator[Value]:
    if document.kind is DocumentKind.CONFIG:
        for setting in settings_of(document):
            yield Value(setting.key, setting.value, Place(document.source, document.path, setting.line, setting.line))
        return
    depth = 0
    for number, line in work.code_lines(document):
        grid = bool(re.search(r"\bparam_?(?:grid|dist)|_grid\w*\s*=|\bspace\s*=|search_space", line)) or depth > 0
        depth = max(0, depth + line.count("{") - line.count("}")) if grid else 0
        for match in _ASSIGNED.finditer(line):
            yield Value(match["name"], match["value"].strip("'\""), Place(document.source, document.path, number, number), grid)


def _with_folders(paths: Iterable[str]) -> frozenset[str]:
    every: set[str] = set()
    for path in paths:
        every.add(path)
        parts = path.split("/")
        every.update("/".join(parts[:i]) + "/" for i in range(1, len(parts)))
    return frozenset(every)


def _walked(root: Path) -> list[str]:
    found: list[str] = []
    for folder, _, names in os.walk(root):
        found += [str((Path(folder) / name).relative_to(root)) for name in names]
        if len(found) > MAX_WALK:
            break
    return found
