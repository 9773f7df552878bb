"""Holds the technologies that can be recognised, indexed by everything that gives one away.

An entry of ``packs/technologies/*.yaml`` has

- ``id``, ``name``, ``category`` (a singular noun phrase: "message broker") and ``also`` (further
  categories): technologies of one category are alternatives to each other;
- ``aliases``: how a question or prose calls it. ``ambiguous: true`` says that the name is also an
  English word, a leading ``~`` says it of an alias: those count only written in their own
  capitals inside a sentence, beside a ``context`` word or beside another technology; with
  ``common: true`` capitals are not enough (a heading says "Vector"); ``unless`` lists phrases in
  which the word never means the technology;
- what proves use: ``imports`` (module prefixes by language), ``dependencies`` (registry names by
  ecosystem; a trailing ``*`` is a prefix), ``images``, ``charts`` (Helm), ``repositories``
  (owner/name of actions and hooks), ``files`` (globs), ``languages`` (of documents), ``commands``,
  ``schemes`` (of connection URLs), ``code`` (patterns) and ``keys`` (settings). The last two need
  ``anchors``, lower-case identifiers of which one must stand in the file;
- ``example`` and ``counterexample``: {path: text} that shows live use, and that does not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from proofolio.core.errors import PackError
from proofolio.evidence.compiled import load_compiled, packs_folder
from proofolio.evidence.rules import read_pack

LISTS = (
    "also", "aliases", "context", "unless", "images", "charts", "repositories", "files", "languages", "commands",
    "schemes",
)  # fmt: skip
MAPS = {
    "imports": ("python", "r", "js", "go", "java", "rust", "csharp", "ruby", "php"),
    "dependencies": ("pypi", "npm", "go", "maven", "gem", "cargo", "cran", "dbt"),
}
_PATTERN_FIELDS = {"anchors", "languages", "paths", "pattern", "key", "value"}
_KNOWN = {
    "id",
    "name",
    "category",
    "ambiguous",
    "common",
    "code",
    "keys",
    "example",
    "counterexample",
    *LISTS,
    *MAPS,
}
# Where the registry name is the name that is imported, the pack need not say it twice.
_SAME_NAME = {"npm": "js", "go": "go", "cran": "r"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to see live use in text (``pattern``) or in settings (``key`` and ``value``)."""

    technology: str
    anchors: tuple[str, ...]
    languages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    pattern: str = ""
    key: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Technology:
    """A technology, what it is, and what people call it."""

    id: str
    name: str
    category: str
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ambiguous: bool = False
    common: bool = False
    context: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Its category and the further ones."""
        return (self.category, *self.also)


Index = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Registry:
    """The technologies by id, and the ids by each thing that gives a technology away."""

    technologies: Mapping[str, Technology]
    imports: Mapping[str, Index]
    beginnings: Mapping[str, frozenset[str]]  # by language, the words with which modules begin
    dependencies: Mapping[str, Index]
    images: Index
    charts: Index
    repositories: Index
    file_names: Index
    file_globs: Sequence[tuple[str, str]]
    file_endings: frozenset[str]  # what a name ends in after its last dot where any glob can match
    languages: Index
    commands: Index
    schemes: Index
    patterns: Mapping[str, tuple[Pattern, ...]]  # by anchor
    by_category: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def alternatives(self, technology: str) -> tuple[str, ...]:
        """The ids of what could stand in its place, nearest first: those of its main category, then of others."""
        entry = self.technologies[technology]
        ids = (i for category in entry.categories for i in self.by_category.get(category, ()))
        return tuple(dict.fromkeys(i for i in ids if i != technology))


def pack_files() -> list[Path]:
    """The technology packs that ship with the package."""
    return sorted((packs_folder() / "technologies").glob("*.yaml"))


def build(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Read and check technology files, without their examples.

    Raises PackError naming the file, the technology and the field that is wrong.
    """
    built: dict[str, dict[str, Any]] = {}
    for path in paths:
        for entry in read_pack(path):
            where = f"{path.name}: technology {entry['id']}"
            if entry["id"] in built:
                raise PackError(f"{where} is defined twice.", "Merge the two.")
            _check(entry, where)
            built[entry["id"]] = {k: v for k, v in entry.items() if k not in {"example", "counterexample"}}
    return list(built.values())


def _check(entry: Mapping[str, Any], where: str) -> None:
    for required in ("name", "category", "example", "counterexample"):
        if not entry.get(required):
            raise PackError(f"{where} lacks {required!r}.", "See proofolio.evidence.registry.")
    if unknown := entry.keys() - _KNOWN:
        raise PackError(
            f"{where} has unknown fields: {', '.join(sorted(unknown))}.", "See proofolio.evidence.registry."
        )
    for name in LISTS:
        _check_strings(entry.get(name, []), f"{where}: {name}")
    for name, keys in MAPS.items():
        for key, values in entry.get(name, {}).items():
            if key not in keys:
                raise PackError(f"{where}: {name} has no {key!r}.", f"Known: {', '.join(keys)}.")
            _check_strings(values, f"{where}: {name}.{key}")
    for name in ("code", "keys"):
        for matcher in entry.get(name, []):
            if matcher.keys() - _PATTERN_FIELDS or not matcher.get("anchors"):
                raise PackError(
                    f"{where}: {name} needs anchors and knows {', '.join(sorted(_PATTERN_FIELDS))}.",
                    "Mend it.",
                )
            for part in ("pattern", "key", "value"):
                _check_pattern(str(matcher.get(part, "")), where)


def _check_strings(values: object, where: str) -> None:
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise PackError(f"{where} is no list of strings.", "Quote words such as no, on, null and numbers.")


def _check_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise PackError(f"{where}: {pattern!r} is no regular expression: {error}.", "Mend it.") from error


def load_registry(entries: Sequence[Mapping[str, Any]]) -> Registry:
    """The registry of built entries (see ``build``)."""
    names: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    anchored: dict[str, list[Pattern]] = defaultdict(list)
    globs: list[tuple[str, str]] = []
    technologies: dict[str, Technology] = {}
    for entry in entries:
        ident = str(entry["id"])
        technologies[ident] = _technology(entry)
        _index_maps(entry, ident, names)
        for kind in ("images", "charts", "repositories", "languages", "commands", "schemes"):
            for value in entry.get(kind, ()):
                names[kind][value.lower()].append(ident)
        for value in entry.get("files", ()):
            if any(c in value for c in "*?[/"):
                globs.append((value.lower(), ident))
            else:
                names["files"][value.lower()].append(ident)
        for matcher in (*entry.get("code", ()), *entry.get("keys", ())):
            pattern = _pattern(matcher, ident)
            for anchor in pattern.anchors:
                anchored[anchor].append(pattern)
    categories: dict[str, list[str]] = defaultdict(list)
    for technology in technologies.values():
        for category in technology.categories:
            categories[category].append(technology.id)
    return Registry(
        technologies=technologies,
        imports={language: _frozen(names[f"imports.{language}"]) for language in MAPS["imports"]},
        beginnings={language: _beginnings(names[f"imports.{language}"]) for language in MAPS["imports"]},
        dependencies={e: _frozen(names[f"dependencies.{e}"]) for e in MAPS["dependencies"]},
        images=_frozen(names["images"]),
        charts=_frozen(names["charts"]),
        repositories=_frozen(names["repositories"]),
        file_names=_frozen(names["files"]),
        file_globs=tuple(globs),
        file_endings=frozenset(glob.rsplit("/", 1)[-1].rsplit(".", 1)[-1] for glob, _ in globs),
        languages=_frozen(names["languages"]),
        commands=_frozen(names["commands"]),
        schemes=_frozen(names["schemes"]),
        patterns={anchor: tuple(patterns) for anchor, patterns in anchored.items()},
        by_category={c: tuple(ids) for c, ids in categories.items()},
    )


def _beginnings(modules: Iterable[str]) -> frozenset[str]:
    return frozenset(match.group().lower() for m in modules if (match := re.search(r"\w+", m)))


def _technology(entry: Mapping[str, Any]) -> Technology:
    lists = {name: tuple(entry.get(name, ())) for name in ("also", "aliases", "context", "unless")}
    return Technology(
        id=str(entry["id"]), name=str(entry["name"]), category=str(entry["category"]),
        ambiguous=bool(entry.get("ambiguous", False)), common=bool(entry.get("common", False)), **lists,
    )  # fmt: skip


def _pattern(matcher: Mapping[str, Any], technology: str) -> Pattern:
    return Pattern(
        technology,
        anchors=tuple(str(a).lower() for a in matcher["anchors"]),
        languages=tuple(matcher.get("languages", ())),
        paths=tuple(matcher.get("paths", ())),
        pattern=str(matcher.get("pattern", "")),
        key=str(matcher.get("key", "")),
        value=str(matcher.get("value", "")),
    )


def _index_maps(entry: Mapping[str, Any], ident: str, names: dict[str, dict[str, list[str]]]) -> None:
    imports, dependencies = entry.get("imports", {}), entry.get("dependencies", {})
    for language, modules in imports.items():
        for module in modules:
            names[f"imports.{language}"][module].append(ident)
    for ecosystem in MAPS["dependencies"]:
        same = imports.get(_SAME_NAME.get(ecosystem, ""), ())
        for package in dict.fromkeys((*dependencies.get(ecosystem, ()), *same)):
            names[f"dependencies.{ecosystem}"][package_name(package, ecosystem)].append(ident)


def package_name(package: str, ecosystem: str) -> str:
    """A registry name in the spelling under which it is looked up: PyPI takes ``a_b`` and ``A.b`` for ``a-b``."""
    return re.sub(r"[-_.]+", "-", package).lower() if ecosystem == "pypi" else package.lower()


def _frozen(index: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys(ids)) for key, ids in index.items()}


@lru_cache(maxsize=1)
def builtin_registry() -> Registry:
    """The technologies that ship with the package."""
    return load_registry(load_compiled("technologies", pack_files(), build))
