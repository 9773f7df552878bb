"""Runs the rules over documents: from text to evidence with its place, its values, its liveness."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache

from proofolio.core.records import Document, DocumentKind, Evidence, Liveness, Rank
from proofolio.evidence.keys import KeyValue, settings_of
from proofolio.evidence.manifests import Dependency, dependencies_of
from proofolio.evidence.patterns import Haystack, Pattern
from proofolio.evidence.rules import Matcher, Rule, fill
from proofolio.evidence.screen import Screen, screen_of
from proofolio.evidence.syntax import syntax_matches
from proofolio.evidence.zones import Zones, line_starts, zones_of

MAX_PER_DOCUMENT = 3
MAX_SPAN_LINES = 12
MAX_ARGS = 80
WORTH_SCREENING = 4  # files of one sort: as many as pay for what a screen costs to make
MIN_SCREENED = 2_000  # characters; a search through fewer is quick enough
_TOKENS = bytes(ord(chr(c).lower()) if (chr(c).isalnum() and c < 128) or c == ord("_") else ord(" ") for c in range(256))
_CODE_KINDS = {DocumentKind.CODE, DocumentKind.NOTEBOOK}
_CONFIG_LIKE = {DocumentKind.CONFIG, DocumentKind.METRICS}
_LOOKS_LIKE_CODE = re.compile(r"[=(){}\[\];]|^\s*(?:#|//|--)\s*(?:from|import|return|if|for|def|class|with|select)\b", re.IGNORECASE)
_SKIP = Pattern(
    r"@pytest\.mark\.(?:skip|xfail)\b|@unittest\.skip|@(?:Ignore|Disabled)\b|\b(?:it|test|describe)\.skip\(|\bx(?:it|describe)\(|\bt\.Skip\("
)
_DEFINITION = re.compile(r"^(\s*)(?:async\s+)?(?:def|class|func|function|it|test|describe|public|void)\b")


@dataclass(slots=True)
class _Scan:
    """A document with what the matchers share about it, made once and only when asked for."""

    document: Document
    tokens: frozenset[bytes]
    text: Haystack
    _starts: list[int] | None = None
    _paths: dict[str, bool] = field(default_factory=dict)
    _keys: tuple[Haystack, Haystack] | None = None
    _zones: Zones | None = None
    _settings: list[KeyValue] | None = None
    _skipped: list[tuple[int, int]] | None = None

    def zones(self) -> Zones:
        if self._zones is None:
            self._zones = zones_of(self.document)
        return self._zones

    def settings(self) -> list[KeyValue]:
        if self._settings is None:
            self._settings = list(settings_of(self.document))
        return self._settings

    def keys(self) -> tuple[Haystack, Haystack]:
        """All the settings' paths, and all their values, as texts to look into before any is tried."""
        if self._keys is None:
            settings = self.settings()
            self._keys = Haystack("\n".join(s.path for s in settings)), Haystack("\n".join(s.value for s in settings))
        return self._keys

    def lies_at(self, pattern: str) -> bool:
        """Whether the document's path matches a glob; many rules share one."""
        known = self._paths.get(pattern)
        if known is None:
            known = self._paths[pattern] = path_matches(self.document.path, pattern)
        return known

    def skipped(self) -> list[tuple[int, int]]:
        if self._skipped is None:
            self._skipped = list(skipped_spans(self.text))
        return self._skipped

    @property
    def starts(self) -> list[int]:
        if self._starts is None:
            self._starts = line_starts(self.document.text)
        return self._starts

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset)


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    values: dict[str, str]
    liveness: Liveness = Liveness.LIVE
    rank: Rank | None = None


@dataclass(slots=True)
class _Shelf:
    """The matchers that look at one sort of file, with their places by what must stand in it and by where it lies.

    ``by_path`` has a literal part of each glob, since most globs are ruled out by it.
    """

    matchers: list[tuple[Rule, Matcher]]
    by_anchor: dict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_path: list[tuple[str, str, int]] = field(default_factory=list)
    anywhere: list[int] = field(default_factory=list)
    anchors: list[frozenset[bytes]] = field(default_factory=list)  # of each matcher
    _asked: int = 0
    _screen: Screen | None = None

    def __post_init__(self) -> None:
        for place, (_, matcher) in enumerate(self.matchers):
            self.anchors.append(frozenset(map(str.encode, matcher.anchors)))
            for anchor in self.anchors[place]:
                self.by_anchor[anchor].append(place)
            if not matcher.anchors:
                self.by_path += [(_literal(p), p, place) for p in matcher.paths]
                self.anywhere += [] if matcher.paths else [place]

    def likely(self, scan: _Scan) -> list[tuple[Rule, Matcher]]:
        """Those that the file's words and path do not rule out: by the first of the words, the rest at the end."""
        words = self.by_anchor.keys() & scan.tokens
        path = scan.document.path.lower()
        places = set(self.anywhere).union(*(self.by_anchor[word] for word in words))
        places.update(place for part, glob, place in self.by_path if part in path and path_matches(path, glob))
        possible = list(places)
        if len(scan.text.text) > MIN_SCREENED:
            self._asked += 1
            if self._screen is None and self._asked > WORTH_SCREENING:
                self._screen = screen_of(_tried_on_text(matcher) for _, matcher in self.matchers)
            if self._screen is not None:
                possible = self._screen.possible(scan.text, possible)

        def order(place: int) -> tuple[bool, bytes, int]:
            found = self.anchors[place] & words
            return not found, min(found, default=b""), place

        return [self.matchers[place] for place in sorted(possible, key=order)]


@dataclass(slots=True)
class Extractor:
    """Holds the rules indexed by what a file must be and contain for them to be tried."""

    rules: Sequence[Rule]
    _shelves: dict[tuple[DocumentKind, str], _Shelf] = field(default_factory=dict)

    def _shelf(self, document: Document) -> _Shelf:
        """The matchers for a document's kind and language; a tree has few such sorts."""
        sort = document.kind, document.language
        if sort not in self._shelves:
            self._shelves[sort] = _Shelf([(r, m) for r in self.rules for m in r.matchers if _meant_for(m, *sort)])
        return self._shelves[sort]

    def extract(self, document: Document) -> list[Evidence]:
        """The evidence in one document, at most three places a rule, in file order."""
        scan = _Scan(document, tokens_of(document.text), Haystack(document.text))
        found: dict[str, list[tuple[Rule, Matcher, _Found]]] = defaultdict(list)
        for rule, matcher in self._candidates(scan):
            for hit in _run(matcher, scan):
                places = found[rule.id]
                if len(places) < MAX_PER_DOCUMENT and all(hit.start != f.start for _, _, f in places):
                    places.append((rule, matcher, hit))
        evidence = [e for places in found.values() for r, m, f in places if (e := _evidence(r, m, f, scan))]
        return sorted(evidence, key=lambda e: (e.start, e.rule))

    def _candidates(self, scan: _Scan) -> Iterator[tuple[Rule, Matcher]]:
        for rule, matcher in self._shelf(scan.document).likely(scan):
            lies = not (matcher.anchors and matcher.paths) or any(scan.lies_at(p) for p in matcher.paths)
            if lies and _has_required(matcher, scan):
                yield rule, matcher


def _tried_on_text(matcher: Matcher) -> Pattern | None:
    """The pattern that a matcher tries on a file's text, if that is what it does."""
    return None if matcher.kind in {"key", "dependency", "syntax"} else matcher.pattern


def tokens_of(text: str) -> frozenset[bytes]:
    """The ASCII identifiers of a text, lower-case: what anchors are compared with."""
    words = set(text.encode("ascii", "replace").translate(_TOKENS).split())
    # "2fa_code" is a number and then an identifier.
    numbered = {w for w in words if w[0] < 58}
    return frozenset((words - numbered) | {w.lstrip(b"0123456789") for w in numbered})


def _meant_for(matcher: Matcher, kind: DocumentKind, language: str) -> bool:
    """Whether a matcher looks at documents of a kind and language at all."""
    if matcher.languages and language not in matcher.languages:
        return False
    if matcher.kind in {"code", "syntax"}:
        return kind in _CODE_KINDS or bool(matcher.languages) or (bool(matcher.paths) and kind is not DocumentKind.PROSE)
    if matcher.kind == "sql":
        return kind is DocumentKind.SQL or (kind in _CODE_KINDS and bool(matcher.anchors))
    if matcher.kind == "key":
        return kind in _CONFIG_LIKE
    if matcher.kind == "prose":
        return kind in {DocumentKind.PROSE, DocumentKind.NOTEBOOK}
    if matcher.kind == "output":
        return kind in {DocumentKind.NOTEBOOK, DocumentKind.METRICS}
    return True


def _has_required(matcher: Matcher, scan: _Scan) -> bool:
    return not matcher.requires or all(t.encode() in scan.tokens for t in matcher.requires)


def _literal(pattern: str) -> str:
    """The longest part of a glob that every path it matches holds as it is, lower-case."""
    return max(re.split(r"\[[^\]]*\]|[*?\[\]]", pattern.lower()), key=len)


def path_matches(path: str, pattern: str) -> bool:
    """Whether a glob matches a path from its start or from any of its folders."""
    return _glob(pattern).match(path.lower()) is not None


@lru_cache(maxsize=2_000)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(r"(?:(?s:.*)/)?" + translate(pattern.lower()))


def _run(matcher: Matcher, scan: _Scan) -> Iterator[_Found]:
    if matcher.kind == "file":
        if not matcher.pattern:
            yield _Found(1, min(len(scan.starts), 3), {"path": scan.document.path})
            return
        yield from _text(matcher, scan)
    elif matcher.kind == "dependency":
        yield from _dependencies(matcher, scan)
    elif matcher.kind == "key":
        yield from _keys(matcher, scan)
    elif matcher.kind == "syntax":
        for start, end, values in syntax_matches(matcher.syntax, scan.document, matcher.languages):
            yield _Found(start, end, values, _liveness(scan, start))
    else:
        yield from _text(matcher, scan)


def _dependencies(matcher: Matcher, scan: _Scan) -> Iterator[_Found]:
    dependencies: Iterable[Dependency] = dependencies_of(scan.document)
    for dependency in dependencies:
        if dependency.name.lower() in matcher.names:
            values = {"name": dependency.name, "version": dependency.version}
            yield _Found(dependency.line, dependency.line, values, _liveness(scan, dependency.line))


def _keys(matcher: Matcher, scan: _Scan) -> Iterator[_Found]:
    paths, texts = scan.keys()
    key, pattern = matcher.key, matcher.pattern
    if (key and not key.can_match(paths)) or (pattern and not pattern.can_match(texts)):
        return
    for setting in scan.settings():
        if key and not key.compiled.search(setting.path):
            continue
        values = {"key": setting.key, "value": setting.value, "path": setting.path}
        if pattern:
            match = pattern.compiled.search(setting.value)
            if match is None:
                continue
            values |= {k: v for k, v in match.groupdict().items() if v}
        yield _Found(setting.line, setting.line, values, _liveness(scan, setting.line))


def _text(matcher: Matcher, scan: _Scan) -> Iterator[_Found]:
    assert matcher.pattern is not None
    text = scan.document.text
    last = -1
    for match in matcher.pattern.finditer(scan.text):
        if match.start() <= last:
            continue
        offset = _telling_offset(match)
        liveness = _in_zone(matcher.kind, scan, offset)
        if liveness is None:
            continue
        values = {k: " ".join(v.split()) for k, v in match.groupdict().items() if v}
        end = match.end()
        if text[end - 1 : end] == "(" and "args" not in values:
            end = closing_paren(text, end - 1)
            values["args"] = shorten(" ".join(text[match.end() : end - 1].split()), MAX_ARGS)
        start_line, end_line = scan.line(offset), scan.line(max(end - 1, offset))
        last = end - 1
        rank = Rank.OUTPUT if matcher.kind == "output" else None
        yield _Found(start_line, min(end_line, start_line + MAX_SPAN_LINES - 1), values, liveness, rank)


def _telling_offset(match: re.Match[str]) -> int:
    """The first character of the match that is not white space: patterns may start with ``\\s*``."""
    matched = match.group()
    return match.start() + len(matched) - len(matched.lstrip())


def _in_zone(kind: str, scan: _Scan, offset: int) -> Liveness | None:
    """The liveness that a match at ``offset`` has for a matcher kind; None where it does not count."""
    zone = scan.zones().at(offset)
    if kind == "prose":
        prose = scan.document.kind is DocumentKind.PROSE and zone == ""
        return Liveness.MENTIONED if prose or zone in {"markdown", "doc"} else None
    if kind == "output":
        return Liveness.LIVE if zone == "output" or scan.document.kind is DocumentKind.METRICS else None
    if zone in {"doc", "markdown", "output", "fence"}:
        return None
    if zone == "comment":
        return Liveness.COMMENTED if _commented_code(scan, offset) else None
    return _liveness(scan, scan.line(offset))


def _commented_code(scan: _Scan, offset: int) -> bool:
    line = scan.line(offset)
    text = scan.document.text
    start = scan.starts[line - 1]
    end = text.find("\n", start)
    return bool(_LOOKS_LIKE_CODE.search(text[start : end if end >= 0 else len(text)]))


def _liveness(scan: _Scan, line: int) -> Liveness:
    flags = scan.document.flags
    if "dead" in flags:
        return Liveness.NEVER_RUN
    if "sample" in flags or "template" in flags:
        return Liveness.MENTIONED
    if any(start <= line <= end for start, end in scan.skipped()):
        return Liveness.SKIPPED
    return Liveness.LIVE


def _evidence(rule: Rule, matcher: Matcher, found: _Found, scan: _Scan) -> Evidence | None:
    document = scan.document
    liveness = found.liveness
    if "proposed" in document.flags:
        liveness = Liveness.PROPOSED
    cell = document.cell_at(found.start)
    rank = found.rank or document.rank
    if matcher.kind == "prose" and document.kind is DocumentKind.NOTEBOOK:
        rank = Rank.RECORD
    if matcher.kind == "prose" and rank is Rank.RECORD and liveness is Liveness.MENTIONED:
        liveness = Liveness.LIVE
    try:
        say = fill(rule.say, found.values)
    except KeyError:
        return None  # a slot that this place has no value for: another place of the rule may
    return Evidence(
        rule=rule.id, topics=rule.topics, path=document.path, source=document.source,
        start=found.start, end=found.end, cell=cell.index if cell else None, say=say,
        values={**found.values, "label": _label(rule, found)}, liveness=liveness, rank=rank,
        strength=rule.strength, matcher=matcher.kind,
    )


def _label(rule: Rule, found: _Found) -> str:
    try:
        return fill(rule.label, found.values)
    except KeyError:
        return re.sub(r"\s*\{\w+\}", "", rule.label)


def skipped_spans(haystack: Haystack) -> Iterator[tuple[int, int]]:
    """1-based line spans of tests that are marked as skipped, to the next definition beside them."""
    text = haystack.text
    marks = [text.count("\n", 0, m.start()) + 1 for m in _SKIP.finditer(haystack)]
    lines = text.split("\n") if marks else []
    for number in dict.fromkeys(marks):
        line = lines[number - 1]
        indent, end, seen = len(line) - len(line.lstrip()), number, bool(_DEFINITION.match(line))
        for later in range(number, len(lines)):
            other = lines[later]
            depth = len(other) - len(other.lstrip())
            if other.strip() and depth <= indent and seen and (_DEFINITION.match(other) or other.lstrip().startswith("@")):
                break
            seen = seen or bool(_DEFINITION.match(other))
            end = later + 1
        yield number, end


def closing_paren(text: str, opening: int, limit: int = 2000) -> int:
    """The offset just after the parenthesis that closes the one at ``opening``."""
    depth = 0
    for i in range(opening, min(len(text), opening + limit)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i + 1
    return min(len(text), opening + 200)


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` at a word to at most ``limit`` characters, with an ellipsis."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;") + "…"
