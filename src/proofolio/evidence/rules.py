"""Loads and validates the rule and topic packs: the knowledge that turns words into evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from proofolio.core.errors import PackError
from proofolio.evidence.compiled import read_compiled
from proofolio.evidence.literals import Need
from proofolio.evidence.patterns import Pattern

MATCHER_KINDS = ("code", "syntax", "sql", "key", "dependency", "file", "prose", "output")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_OPENED = re.compile(r"\s*=?\s*[({\[]+\s*$")
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One way to find a practice.

    ``anchors`` are lower-case identifiers of which one must stand in a file before the pattern is
    tried at all: they make 600 rules as cheap as the few that can match. Of ``requires``, all must.
    """

    kind: str
    pattern: Pattern | None = None
    syntax: str = ""
    languages: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    key: Pattern | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A text that a rule must (or must not) match, as the file at ``path`` would hold it."""

    path: str
    text: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A practice, how to find it, how to say it, and why an interviewer cares."""

    id: str
    topics: tuple[str, ...]
    label: str
    say: str
    why: str
    strength: int
    matchers: tuple[Matcher, ...]
    examples: tuple[Example, ...]
    counterexamples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a strong answer on a topic contains, the rules that show it, the words for its lack."""

    text: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A competency that interviewers probe."""

    id: str
    name: str
    trade: str
    ask: tuple[Pattern, ...]
    examples: tuple[str, ...]
    vocabulary: tuple[str, ...]
    lead: str
    lead_third: str
    expects: tuple[Expectation, ...]
    near_misses: tuple[tuple[Pattern, str], ...] = ()


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill ``{slot}``s; a ``[[part]]`` whose slot has no value is left out.

    Raises KeyError where a slot outside a part has no value.
    """

    parts = _OPTIONAL.split(template)  # what always stands, then what stands where its slots have values, in turn
    kept = [p for i, p in enumerate(parts) if i % 2 == 0 or all(values.get(s) for s in _SLOT.findall(p))]
    return "".join(_SLOT.sub(lambda m, part=part: _whole(values[m[1]]) if part[m.start() - 1 : m.start()] == "`" else values[m[1]], part) for part in kept)


def _whole(code: str) -> str:
    """A piece of code without brackets that are opened at its end, and with a sign where one is never closed."""
    code = _OPENED.sub("", code) or code
    return code + "…" if any(code.count(a) > code.count(b) for a, b in ("()", "[]", "{}")) and not code.endswith("…") else code


@lru_cache(maxsize=1)
def builtin_rules() -> tuple[Rule, ...]:
    """The rules that ship with the package, by id, with their examples: checked, read from their YAML."""
    return load_rules(rule_files())


@lru_cache(maxsize=1)
def compiled_rules() -> tuple[Rule, ...]:
    """The rules that ship with the package, by id, without their examples: quick to load."""
    entries = read_compiled("rules", rule_files())
    return builtin_rules() if entries is None else tuple(_rule(entry, "packs/compiled/rules.json") for entry in entries)


@lru_cache(maxsize=1)
def builtin_topics() -> Mapping[str, Topic]:
    """The topics that ship with the package, by id."""
    entries = read_compiled("topics", topic_files())
    if entries is None:
        return load_topics(topic_files())
    return {str(entry["id"]): _topic(entry, "packs/compiled/topics.json") for entry in entries}


def rule_files() -> list[Path]:
    """The rule packs that ship with the package."""
    return _pack_files("rules")


def topic_files() -> list[Path]:
    """The topic packs that ship with the package."""
    return _pack_files("topics")


def _pack_files(kind: str) -> list[Path]:
    folder = Path(str(files("proofolio").joinpath("packs", kind)))
    return sorted(folder.glob("*.yaml"))


def load_rules(paths: Iterable[Path]) -> tuple[Rule, ...]:
    """Read rule files; raises PackError naming the file, the rule and the field that is wrong."""
    return tuple(sorted((_check_rule(entry, path) for entry, path in _entries(paths, "rule")), key=lambda r: r.id))


def load_topics(paths: Iterable[Path]) -> dict[str, Topic]:
    """Read topic files; raises PackError naming the file, the topic and the field that is wrong."""
    return {str(entry["id"]): _check_topic(entry, path) for entry, path in _entries(paths, "topic")}


def build_rules(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Rule files as plain entries by id, checked, with what their patterns need and without examples."""
    built = []
    for entry, path in _entries(paths, "rule"):
        rule = _check_rule(entry, path)
        plain = {k: v for k, v in entry.items() if k not in {"examples", "counterexamples"}}
        plain["match"] = [
            {**given, "compiled": [_plain(matcher.pattern), _plain(matcher.key)]}
            for given, matcher in zip(entry["match"], rule.matchers, strict=True)
        ]
        built.append(plain)
    return sorted(built, key=lambda e: str(e["id"]))


def build_topics(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Topic files as plain entries, checked."""
    built = []
    for entry, path in _entries(paths, "topic"):
        _check_topic(entry, path)
        built.append(entry)
    return built


def _entries(paths: Iterable[Path], what: str) -> Iterator[tuple[dict[str, Any], Path]]:
    known: set[str] = set()
    for path in paths:
        for entry in read_pack(path):
            if str(entry["id"]) in known:
                raise PackError(f"{path.name}: {what} {entry['id']} is defined twice.", "Rename one.")
            known.add(str(entry["id"]))
            yield entry, path


def _plain(pattern: Pattern | None) -> list[Any] | None:
    """What a pattern needs, as JSON."""
    if pattern is None:
        return None
    needs = pattern.known_needs()
    return [pattern.folded, pattern.opening, [[list(n.texts), n.nearest, n.furthest, n.breaks, n.loose, n.runs] for n in needs]]


def read_pack(path: Path) -> list[dict[str, Any]]:
    """The entries of a pack file: a YAML list of mappings that have an ``id``."""
    import yaml  # packs are read from their compiled form as a rule

    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise PackError(f"{path.name} cannot be read: {error}.", "Mend its YAML.") from error
    if not isinstance(data, list) or not all(isinstance(e, dict) and "id" in e for e in data):
        raise PackError(f"{path.name} is no list of entries with an id.", "See docs/packs.md.")
    return data


def _check_rule(entry: dict[str, Any], path: Path) -> Rule:
    where = f"{path.name}: rule {entry['id']}"
    rule = _rule(entry, where)
    if not (rule.topics and rule.matchers and rule.examples and rule.counterexamples):
        raise PackError(f"{where} needs topics, match, examples and counterexamples.", "Add them.")
    for matcher in rule.matchers:
        _check_patterns(where, matcher.pattern, matcher.key)
    return rule


def _rule(entry: dict[str, Any], where: str) -> Rule:
    try:
        return Rule(
            id=str(entry["id"]),
            topics=tuple(entry["topics"]),
            label=str(entry["label"]),
            say=str(entry["say"]),
            why=str(entry["why"]),
            strength=int(entry.get("strength", 2)),
            matchers=tuple(_matcher(m, where) for m in entry["match"]),
            examples=tuple(_example(e) for e in entry.get("examples", ())),
            counterexamples=tuple(_example(e) for e in entry.get("counterexamples", ())),
        )
    except KeyError as error:
        raise PackError(f"{where} lacks {error.args[0]!r}.", "See docs/packs.md.") from error


def _example(entry: dict[str, Any]) -> Example:
    return Example(str(entry["path"]), str(entry["text"]), str(entry.get("says", "")))


def _matcher(entry: dict[str, Any], where: str) -> Matcher:
    kind = entry.get("kind", "code")
    if kind not in MATCHER_KINDS:
        raise PackError(f"{where}: unknown matcher kind {kind!r}.", f"Use one of {', '.join(MATCHER_KINDS)}.")
    flags = re.MULTILINE | (re.IGNORECASE if kind in {"prose", "sql", "output", "key"} else 0)
    pattern_needs, key_needs = entry.get("compiled", (None, None))
    pattern = _pattern(entry["pattern"], flags, pattern_needs) if "pattern" in entry and kind != "syntax" else None
    anchors = tuple(str(a).lower() for a in entry.get("anchors", ()))
    if kind in {"code", "syntax", "sql", "prose", "output"} and "pattern" not in entry:
        raise PackError(f"{where}: a {kind} matcher needs a pattern.", "Add it.")
    if kind in {"code", "syntax"} and not anchors:
        raise PackError(f"{where}: a {kind} matcher needs anchors.", "List the identifiers, one of which must stand in the file.")
    return Matcher(
        kind=kind,
        pattern=pattern,
        syntax=str(entry["pattern"]) if kind == "syntax" else "",
        languages=tuple(entry.get("languages", ())),
        anchors=anchors,
        requires=tuple(str(a).lower() for a in entry.get("requires", ())),
        paths=tuple(entry.get("paths", ())),
        key=_pattern(entry["key"], re.IGNORECASE, key_needs) if "key" in entry else None,
        names=tuple(str(n).lower() for n in entry.get("names", ())),
    )


def _pattern(text: str, flags: int, plain: Sequence[Any] | None = None) -> Pattern:
    if plain is None:
        return Pattern(text, flags)
    folded, opening, needs = plain
    return Pattern(text, flags, tuple(Need(tuple(texts), *limits) for texts, *limits in needs), folded, opening)


def _check_patterns(where: str, *patterns: Pattern | None) -> None:
    for pattern in patterns:
        if pattern is not None:
            try:
                pattern.groupindex  # noqa: B018 - compiles
            except re.error as error:
                raise PackError(f"{where}: pattern {pattern.pattern!r} is no regular expression: {error}.", "Mend it.") from error


def _check_topic(entry: dict[str, Any], path: Path) -> Topic:
    where = f"{path.name}: topic {entry['id']}"
    topic = _topic(entry, where)
    _check_patterns(where, *topic.ask, *(pattern for pattern, _ in topic.near_misses))
    return topic


def _topic(entry: dict[str, Any], where: str) -> Topic:
    try:
        return Topic(
            id=str(entry["id"]),
            name=str(entry["name"]),
            trade=str(entry["trade"]),
            ask=tuple(_pattern(p, re.IGNORECASE) for p in entry["ask"]),
            examples=tuple(entry["examples"]),
            vocabulary=tuple(str(v) for v in entry["vocabulary"]),
            lead=str(entry["lead"]),
            lead_third=str(entry.get("lead_third", entry["lead"])),
            expects=tuple(Expectation(str(e["text"]), tuple(e["rules"])) for e in entry["expects"]),
            near_misses=tuple((_pattern(m["pattern"], re.IGNORECASE), str(m["why"])) for m in entry.get("near_misses", ())),
        )
    except KeyError as error:
        raise PackError(f"{where} lacks {error.args[0]!r}.", "See docs/packs.md.") from error
