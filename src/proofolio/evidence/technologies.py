"""Tells how each technology appears in a document: in live use, imported for nothing, declared or only named.

Everything starts from the set of words of a document: what no word of it gives away is never looked
for, so that four hundred technologies cost a file no more than the few that it can hold.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from proofolio.core.records import Document, DocumentKind, Liveness, Rank, TechnologyUse
from proofolio.evidence.codeview import FAMILIES, CodeView, view_of
from proofolio.evidence.deployed import (
    commands_in,
    dependencies_in,
    files_of,
    settings_in,
    web_packages,
)
from proofolio.evidence.extractor import path_matches, skipped_spans
from proofolio.evidence.imports import Binding, bindings_of, import_lines, uses
from proofolio.evidence.mentions import Mention, mentioned_in
from proofolio.evidence.patterns import Haystack
from proofolio.evidence.registry import Index, Pattern, Registry, Technology, builtin_registry
from proofolio.evidence.unused import UnusedImport, exported_names, unused_imports
from proofolio.evidence.zones import Zones, line_starts, zones_of

__all__ = [
    "Mention", "Registry", "Technology", "UnusedImport", "builtin_registry", "mentioned_in", "technology_uses",
    "unused_imports", "words_of",
]  # fmt: skip

MAX_PLACES = 2  # per technology, liveness and way: more say nothing new
REACH = 400  # characters before and after an anchor in which its pattern is tried
MAX_PROSE = 400_000  # characters of prose that are searched for names
_BREAKS = str.maketrans({chr(c): " " for c in range(128) if not (chr(c).isalnum() or c == ord("_"))})
_NOTHING: frozenset[str] = frozenset()
_DATA = {"csv", "tsv", "jsonl", "html", "css", "lock"}  # hold the addresses of others
_CODE = {DocumentKind.CODE, DocumentKind.NOTEBOOK, DocumentKind.SQL}
_SCHEME = re.compile(r"(?<![\w+])(?P<name>[A-Za-z][A-Za-z0-9]*)(?:\+\w+)?$")
_LOOKS_LIKE_CODE = re.compile(r"[=(){}\[\];]")


@dataclass(frozen=True, slots=True)
class _Found:
    technology: str
    line: int
    how: str
    liveness: Liveness = Liveness.LIVE


@dataclass(slots=True)
class _Scan:
    """A document with what the ways of looking share about it."""

    document: Document
    registry: Registry
    words: frozenset[str]
    _zones: Zones | None = None
    _starts: list[int] | None = None
    _lower: str | None = None

    def zone(self, offset: int) -> str:
        if self._zones is None:
            self._zones = zones_of(self.document)
        return self._zones.at(offset)

    def around(self, anchors: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Where in the text a pattern with these anchors can match: spans in order that may touch."""
        if self._lower is None:
            self._lower = self.document.text.lower()
        places = sorted(
            at for anchor in anchors if anchor in self.words for at in _positions(self._lower, anchor)
        )
        start, end = -1, -1
        for at in places:
            if at - REACH > end:
                if end >= 0:
                    yield start, end
                start = self.document.text.rfind("\n", 0, max(0, at - REACH)) + 1
            end = at + REACH
        if end >= 0:
            yield start, end

    def starts(self) -> list[int]:
        if self._starts is None:
            self._starts = line_starts(self.document.text)
        return self._starts


def _positions(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def words_of(text: str) -> frozenset[str]:
    """The identifiers of a text, lower-case: what anchors are compared with."""
    return frozenset(text.lower().translate(_BREAKS).split())


def technology_uses(
    document: Document, registry: Registry | None = None, words: frozenset[str] | None = None
) -> list[TechnologyUse]:
    """How technologies appear in one document, in file order, at most two places for each way.

    LIVE is what is imported and used, configured, deployed or run; IMPORTED_ONLY what is imported
    and never used in the file; MENTIONED what is only declared in a manifest or named in prose;
    COMMENTED what stands in commented code; NEVER_RUN what stands in a dead folder. ``words`` are
    ``words_of(document.text)`` where the caller has them already.
    """
    if document.kind is DocumentKind.IMAGE:
        return []
    registry = registry or builtin_registry()
    scan = _Scan(document, registry, words_of(document.text) if words is None else words)
    found = _distinct(_found(scan))
    return sorted(
        (_use(scan, f) for f in _with_skips(document, found)), key=lambda u: (u.start, u.technology, u.how)
    )


def _found(scan: _Scan) -> Iterator[_Found]:
    document, registry = scan.document, scan.registry
    if document.kind is DocumentKind.PROSE or _is_resume(document):
        yield from _prose(scan, document.text, 0)
        yield from (_Found(t, 1, "configured") for t in files_of(document, registry))
        return
    if document.kind is DocumentKind.NOTEBOOK:
        yield from _markdown_cells(scan)
    if document.kind in _CODE:
        yield from _imported(scan)
        yield from (_Found(t, 1, "called") for t in registry.languages.get(document.language, ()))
    else:
        yield from (
            _Found(t, line, "declared", Liveness.MENTIONED)
            for t, line in dependencies_in(document, registry, scan.words)
        )
        yield from (_Found(t, line, how) for t, line, how in settings_in(document, registry, scan.words))
        yield from (_Found(t, 1, "configured") for t in registry.languages.get(document.language, ()))
    if document.language == "html":
        yield from (_Found(t, line, "imported") for t, line in web_packages(document, registry))
    yield from (_Found(t, 1, "configured") for t in files_of(document, registry))
    yield from (_Found(t, line, "called") for t, line in commands_in(document, registry, scan.words))
    yield from _patterns(scan)
    yield from _schemes(scan)


def _is_resume(document: Document) -> bool:
    """A résumé written as data: what it names is claimed, not configured."""
    return document.rank is Rank.CLAIM and document.language == "json"


def _distinct(found: Iterable[_Found]) -> list[_Found]:
    """Each technology at few places, and nothing weaker where the same document shows it live."""
    places: dict[tuple[str, Liveness, str], list[_Found]] = defaultdict(list)
    for item in found:
        known = places[item.technology, item.liveness, item.how]
        if len(known) < MAX_PLACES and all(item.line != k.line for k in known):
            known.append(item)
    live = {t for t, liveness, _ in places if liveness is Liveness.LIVE}
    return [
        f for (t, liveness, _), items in places.items() for f in items
        if liveness is not Liveness.IMPORTED_ONLY or t not in live
    ]  # fmt: skip


def _with_skips(document: Document, found: list[_Found]) -> list[_Found]:
    """What stands only inside a skipped test is not run."""
    if document.rank is not Rank.TEST or not found:
        return found
    spans = list(skipped_spans(Haystack(document.text)))
    return [
        replace(f, liveness=Liveness.SKIPPED)
        if f.liveness is Liveness.LIVE
        and f.how == "called"
        and f.line > 1
        and any(s <= f.line <= e for s, e in spans)
        else f
        for f in found
    ]


def _use(scan: _Scan, found: _Found) -> TechnologyUse:
    document, liveness = scan.document, found.liveness
    if liveness in {Liveness.LIVE, Liveness.IMPORTED_ONLY}:
        if "dead" in document.flags:
            liveness = Liveness.NEVER_RUN
        elif "sample" in document.flags or "template" in document.flags:
            liveness = Liveness.MENTIONED
        elif "proposed" in document.flags:
            liveness = Liveness.PROPOSED
    cell = document.cell_at(found.line)
    return TechnologyUse(
        technology=found.technology, liveness=liveness, source=document.source, path=document.path,
        start=found.line, end=found.line, cell=cell.index if cell else None, how=found.how,
    )  # fmt: skip


# --- imports --------------------------------------------------------------------------------------


def _imported(scan: _Scan) -> Iterator[_Found]:
    family = FAMILIES.get(scan.document.language, "")
    index = scan.registry.imports.get(family, {})
    view = view_of(scan.document) if scan.registry.beginnings.get(family, _NOTHING) & scan.words else None
    if view is None:
        return
    bindings = [b for b in bindings_of(view) if b.module]
    known = [(b, ts) for b in bindings if (ts := _technologies(b, index)) and not view.inside_block(b.offset)]
    outside = import_lines(bindings) if known else frozenset()
    for binding, technologies in known:
        for line, how, liveness in _places(view, binding, outside):
            yield from (_Found(t, line, how, liveness) for t in technologies)


def _technologies(binding: Binding, index: Index) -> list[str]:
    """The technologies whose module prefix (or whose very symbol) a binding imports."""
    path = (
        f"{binding.module}.{binding.symbol}"
        if binding.symbol and binding.symbol != "default"
        else binding.module
    )
    return list(dict.fromkeys(t for prefix in _prefixes(path) for t in index.get(prefix, ())))


def _prefixes(path: str) -> Iterator[str]:
    """``a``, ``a.b``, ``a.b.c`` of ``a.b.c``; the same for paths with slashes."""
    for i, character in enumerate(path):
        if character in "./" and i:
            yield path[:i]
    yield path


def _places(view: CodeView, binding: Binding, outside: frozenset[int]) -> Iterator[tuple[int, str, Liveness]]:
    if binding.commented:
        yield binding.line, "imported", Liveness.COMMENTED
        return
    lines = []
    if binding.name:
        for line in uses(view, binding, outside):
            lines.append(line)
            if len(lines) == MAX_PLACES:
                break
    if lines:
        yield from ((line, "called", Liveness.LIVE) for line in lines)
    elif not binding.name or binding.wildcard or view.family in {"go", "rust"} or _handed_on(view, binding):
        # Nothing is bound (side effects, wildcards), or the compiler rejects what is never used.
        yield binding.line, "imported", Liveness.LIVE
    else:
        yield binding.line, "imported", Liveness.IMPORTED_ONLY


def _handed_on(view: CodeView, binding: Binding) -> bool:
    """Whether a name is imported for others to import: a package's own face, or a marked re-export."""
    return binding.kept or view.document.name == "__init__.py" or binding.name in exported_names(view.text)


# --- prose ----------------------------------------------------------------------------------------


def _markdown_cells(scan: _Scan) -> Iterator[_Found]:
    lines = scan.document.text.split("\n")
    for cell in scan.document.cells:
        if cell.kind == "markdown":
            yield from _prose(scan, "\n".join(lines[cell.start - 1 : cell.end]), cell.start - 1)


def _prose(scan: _Scan, text: str, offset: int) -> Iterator[_Found]:
    text = text[:MAX_PROSE]
    seen: set[str] = set()
    starts: list[int] = []
    for mention in mentioned_in(text, scan.registry):
        if mention.technology.id not in seen:
            seen.add(mention.technology.id)
            starts = starts or line_starts(text)
            yield _Found(
                mention.technology.id, offset + _line(starts, mention.start), "mentioned", Liveness.MENTIONED
            )


# --- patterns -------------------------------------------------------------------------------------


def _patterns(scan: _Scan) -> Iterator[_Found]:
    """Live use that a pattern of the pack sees in the text."""
    patterns: Mapping[str, tuple[Pattern, ...]] = scan.registry.patterns
    tried: set[int] = set()
    for anchor in patterns.keys() & scan.words:
        for pattern in patterns[anchor]:
            if pattern.pattern and id(pattern) not in tried and _applies(pattern, scan.document):
                tried.add(id(pattern))
                yield from _matches(scan, pattern)


def _applies(pattern: Pattern, document: Document) -> bool:
    if pattern.paths and not any(path_matches(document.path, p) for p in pattern.paths):
        return False
    if pattern.languages:
        return document.language in pattern.languages
    return bool(pattern.paths) or document.kind in _CODE


def _matches(scan: _Scan, pattern: Pattern) -> Iterator[_Found]:
    text, count, done = scan.document.text, 0, -1
    for start, end in scan.around(pattern.anchors):
        for match in _compiled(pattern.pattern).finditer(text, max(start, done), end):
            done = match.end()
            zone = scan.zone(match.start())
            line = _line(scan.starts(), match.start())
            if zone == "comment" and _LOOKS_LIKE_CODE.search(match.group()):
                yield _Found(pattern.technology, line, "called", Liveness.COMMENTED)
            if zone:
                continue
            yield _Found(pattern.technology, line, "called" if scan.document.kind in _CODE else "configured")
            count += 1
            if count == MAX_PLACES:
                return


def _schemes(scan: _Scan) -> Iterator[_Found]:
    """Connection URLs: what a program talks to."""
    schemes, text = scan.registry.schemes, scan.document.text
    if scan.document.language in _DATA or not schemes.keys() & scan.words:
        return
    at = text.find("://")
    while at >= 0:
        match = _SCHEME.search(text, max(0, at - 40), at)
        for technology in schemes.get(match["name"].lower(), ()) if match else ():
            if scan.zone(at) in {"", "fence"}:
                yield _Found(technology, _line(scan.starts(), at), "configured")
        at = text.find("://", at + 3)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _line(starts: list[int], offset: int) -> int:
    return bisect_right(starts, offset)
