"""Loads and validates the rule and topic packs: the knowledge that turns words into evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from proofolio.core.errors import PackError

MATCHER_KINDS = ("code", "syntax", "sql", "key", "dependency", "file", "prose", "output")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One way to find a practice.

    ``anchors`` are lower-case identifiers of which one must stand in a file before the pattern is
    tried at all: they make 600 rules as cheap as the few that can match.
    """

    kind: str
    pattern: re.Pattern[str] | None = None
    syntax: str = ""
    languages: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    key: re.Pattern[str] | None = None
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
    ask: tuple[re.Pattern[str], ...]
    examples: tuple[str, ...]
    vocabulary: tuple[str, ...]
    lead: str
    lead_third: str
    expects: tuple[Expectation, ...]
    near_misses: tuple[tuple[re.Pattern[str], str], ...] = ()


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill ``{slot}``s; a ``[[part]]`` whose slot has no value is left out.

    Raises KeyError where a slot outside a part has no value.
    """

    def part(match: re.Match[str]) -> str:
        inner = match.group(1)
        return fill(inner, values) if all(values.get(s) for s in _SLOT.findall(inner)) else ""

    return _SLOT.sub(lambda m: values[m.group(1)], _OPTIONAL.sub(part, template))


@lru_cache(maxsize=1)
def builtin_rules() -> tuple[Rule, ...]:
    """The rules that ship with the package, by id."""
    return load_rules(_pack_files("rules"))


@lru_cache(maxsize=1)
def builtin_topics() -> Mapping[str, Topic]:
    """The topics that ship with the package, by id."""
    return load_topics(_pack_files("topics"))


def _pack_files(kind: str) -> list[Path]:
    folder = Path(str(files("proofolio").joinpath("packs", kind)))
    return sorted(folder.glob("*.yaml"))


def load_rules(paths: Iterable[Path]) -> tuple[Rule, ...]:
    """Read rule files; raises PackError naming the file, the rule and the field that is wrong."""
    rules: dict[str, Rule] = {}
    for path in paths:
        for entry in read_pack(path):
            rule = _rule(entry, path)
            if rule.id in rules:
                raise PackError(f"{path.name}: rule {rule.id} is defined twice.", "Rename one.")
            rules[rule.id] = rule
    return tuple(rules[i] for i in sorted(rules))


def load_topics(paths: Iterable[Path]) -> dict[str, Topic]:
    """Read topic files; raises PackError naming the file, the topic and the field that is wrong."""
    topics: dict[str, Topic] = {}
    for path in paths:
        for entry in read_pack(path):
            topic = _topic(entry, path)
            if topic.id in topics:
                raise PackError(f"{path.name}: topic {topic.id} is defined twice.", "Rename one.")
            topics[topic.id] = topic
    return topics


def read_pack(path: Path) -> list[dict[str, Any]]:
    """The entries of a pack file: a YAML list of mappings that have an ``id``."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise PackError(f"{path.name} cannot be read: {error}.", "Mend its YAML.") from error
    if not isinstance(data, list) or not all(isinstance(e, dict) and "id" in e for e in data):
        raise PackError(f"{path.name} is no list of entries with an id.", "See docs/packs.md.")
    return data


def _rule(entry: dict[str, Any], path: Path) -> Rule:
    where = f"{path.name}: rule {entry['id']}"
    try:
        rule = Rule(
            id=str(entry["id"]),
            topics=tuple(entry["topics"]),
            label=str(entry["label"]),
            say=str(entry["say"]),
            why=str(entry["why"]),
            strength=int(entry.get("strength", 2)),
            matchers=tuple(_matcher(m, where) for m in entry["match"]),
            examples=tuple(_example(e) for e in entry["examples"]),
            counterexamples=tuple(_example(e) for e in entry["counterexamples"]),
        )
    except KeyError as error:
        raise PackError(f"{where} lacks {error.args[0]!r}.", "See docs/packs.md.") from error
    if not (rule.topics and rule.matchers and rule.examples and rule.counterexamples):
        raise PackError(f"{where} needs topics, match, examples and counterexamples.", "Add them.")
    return rule


def _example(entry: dict[str, Any]) -> Example:
    return Example(str(entry["path"]), str(entry["text"]), str(entry.get("says", "")))


def _matcher(entry: dict[str, Any], where: str) -> Matcher:
    kind = entry.get("kind", "code")
    if kind not in MATCHER_KINDS:
        raise PackError(f"{where}: unknown matcher kind {kind!r}.", f"Use one of {', '.join(MATCHER_KINDS)}.")
    flags = re.MULTILINE | (re.IGNORECASE if kind in {"prose", "sql", "output", "key"} else 0)
    pattern = _compile(entry["pattern"], flags, where) if "pattern" in entry and kind != "syntax" else None
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
        paths=tuple(entry.get("paths", ())),
        key=_compile(entry["key"], re.IGNORECASE, where) if "key" in entry else None,
        names=tuple(str(n).lower() for n in entry.get("names", ())),
    )


def _compile(pattern: str, flags: int, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise PackError(f"{where}: pattern {pattern!r} is no regular expression: {error}.", "Mend it.") from error


def _topic(entry: dict[str, Any], path: Path) -> Topic:
    where = f"{path.name}: topic {entry['id']}"
    try:
        return Topic(
            id=str(entry["id"]),
            name=str(entry["name"]),
            trade=str(entry["trade"]),
            ask=tuple(_compile(p, re.IGNORECASE, where) for p in entry["ask"]),
            examples=tuple(entry["examples"]),
            vocabulary=tuple(str(v) for v in entry["vocabulary"]),
            lead=str(entry["lead"]),
            lead_third=str(entry.get("lead_third", entry["lead"])),
            expects=tuple(Expectation(str(e["text"]), tuple(e["rules"])) for e in entry["expects"]),
            near_misses=tuple(
                (_compile(n["pattern"], re.IGNORECASE, where), str(n["why"])) for n in entry.get("near_misses", ())
            ),
        )
    except KeyError as error:
        raise PackError(f"{where} lacks {error.args[0]!r}.", "See docs/packs.md.") from error
