"""Loads and validates the persona packs: who asks, what, and what a strong answer contains."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from proofolio.core.errors import PackError, UsageError
from proofolio.evidence.registry import builtin_registry
from proofolio.evidence.rules import builtin_topics, compiled_rules

_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SEE = "See docs/rehearse.md."
_TRADES = (
    "data-science", "data-engineering", "ml-engineering", "analytics-engineering", "backend", "frontend", "security", "devops", "database", "staff",
)  # fmt: skip  # in the order in which they are shown; other trades follow
_PERSONA = frozenset({"id", "name", "role", "company", "trade", "bio", "looks_for", "wary_of", "scenarios"})
_SCENARIO = frozenset({"id", "title", "question", "phrasings", "follow_ups", "topics", "rubric", "marks_down", "honest"})
_POINT = frozenset({"text", "rules", "technologies", "weight", "advice"})


@dataclass(frozen=True, slots=True)
class RubricPoint:
    """One thing that a strong answer contains; any one of ``rules`` or ``technologies``, live, shows it.

    ``weight``: 1 nice, 2 expected, 3 the heart of it.
    """

    text: str
    rules: tuple[str, ...]
    technologies: tuple[str, ...]
    weight: int
    advice: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question of an interviewer with its follow-ups, and how its answer is marked."""

    persona: str
    id: str
    title: str
    question: str
    phrasings: tuple[str, ...]
    follow_ups: tuple[str, ...]
    topics: tuple[str, ...]
    rubric: tuple[RubricPoint, ...]
    marks_down: tuple[str, ...]
    honest: str

    @property
    def key(self) -> str:
        """``persona/scenario``, as the command line names it."""
        return f"{self.persona}/{self.id}"


@dataclass(frozen=True, slots=True)
class Persona:
    """An interviewer: who they are, what they look for, what they ask."""

    id: str
    name: str
    role: str
    company: str
    trade: str
    bio: str
    looks_for: tuple[str, ...]
    wary_of: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The ids that a pack may refer to; one that does not exist is an error, never a point nobody can show."""

    rules: Collection[str]
    topics: Collection[str]
    technologies: Collection[str]


@lru_cache(maxsize=1)
def builtin_known() -> Known:
    """The rules, topics and technologies that ship with the package."""
    rules = frozenset(rule.id for rule in compiled_rules())
    return Known(rules, frozenset(builtin_topics()), frozenset(builtin_registry().technologies))


def persona_files() -> list[Path]:
    """The persona packs that ship with the package, by name."""
    return sorted(Path(str(files("proofolio").joinpath("packs", "personas"))).glob("*.yaml"))


def load_personas(folder: Path | None = None, known: Known | None = None) -> tuple[Persona, ...]:
    """The personas of the package, then those of a folder of YAML files.

    Raises UsageError where there is no such folder or no pack in it, PackError naming file and field.
    """
    extra: list[Path] = []
    if folder is not None:
        extra = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
        if not extra:
            raise UsageError(f"There is no persona file in {folder}.", f"Name a folder that holds *.yaml. {_SEE}")
    personas = read_personas([*persona_files(), *extra], known or builtin_known())
    return tuple(sorted(personas, key=lambda p: _TRADES.index(p.trade) if p.trade in _TRADES else len(_TRADES)))


def read_personas(paths: Iterable[Path], known: Known) -> tuple[Persona, ...]:
    """Read persona files in their order; raises PackError naming the file and the field that is wrong."""
    personas: dict[str, Persona] = {}
    for path in paths:
        persona = read_persona(path, known)
        if persona.id in personas:
            raise PackError(f"{path.name}: there is a persona {persona.id!r} already.", "Give this one another id and file name.")
        personas[persona.id] = persona
    return tuple(personas.values())


def read_persona(path: Path, known: Known) -> Persona:
    """Read one persona file; raises PackError naming the file and the field that is wrong."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PackError(f"{path.name} cannot be read: {' '.join(str(error).split())}.", "Mend its YAML.") from error
    entry = _mapping(data, _PERSONA, path.name)
    ident = _id(entry, path.name)
    if ident != path.stem:
        raise PackError(f"{path.name}: id is {ident!r}, which is not the file's name.", f"Name the file {ident}.yaml.")
    scenarios = tuple(
        _scenario(each, ident, f"{path.name}: scenario {number}", known)
        for number, each in enumerate(_list(entry, "scenarios", path.name, least=1), 1)
    )
    _unique((s.id for s in scenarios), f"{path.name}: scenario id")
    return Persona(
        ident, _text(entry, "name", path.name), _text(entry, "role", path.name), _text(entry, "company", path.name, needed=False),
        _text(entry, "trade", path.name), _text(entry, "bio", path.name, needed=False), _texts(entry, "looks_for", path.name),
        _texts(entry, "wary_of", path.name), scenarios,
    )  # fmt: skip


def _scenario(data: object, persona: str, where: str, known: Known) -> Scenario:
    entry = _mapping(data, _SCENARIO, where)
    ident = _id(entry, where)
    where = f"{where} ({ident})"
    topics = _texts(entry, "topics", where, least=1)
    _exist(topics, known.topics, f"{where}: topics", "topic")
    rubric = tuple(_point(p, f"{where}: rubric {n}", known) for n, p in enumerate(_list(entry, "rubric", where, least=1), 1))
    _unique((p.text for p in rubric), f"{where}: rubric text")
    return Scenario(
        persona, ident, _text(entry, "title", where), _text(entry, "question", where), _texts(entry, "phrasings", where),
        _texts(entry, "follow_ups", where), topics, rubric, _texts(entry, "marks_down", where), _text(entry, "honest", where, needed=False),
    )  # fmt: skip


def _point(data: object, where: str, known: Known) -> RubricPoint:
    entry = _mapping(data, _POINT, where)
    rules, technologies = _texts(entry, "rules", where), _texts(entry, "technologies", where)
    _exist(rules, known.rules, f"{where}: rules", "rule")
    _exist(technologies, known.technologies, f"{where}: technologies", "technology")
    if not rules and not technologies:
        raise PackError(f"{where} has neither rules nor technologies, so nothing can show it.", "Name one at least.")
    weight = entry.get("weight", 2)
    if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= 3:
        raise PackError(f"{where}: weight is {weight!r}.", "Use 1 (nice), 2 (expected) or 3 (the heart of it).")
    return RubricPoint(_text(entry, "text", where), rules, technologies, weight, _text(entry, "advice", where))


# --- fields ----------------------------------------------------------------------------------------


def _mapping(data: object, fields: Collection[str], where: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise PackError(f"{where} is no mapping of fields.", _SEE)
    strange = sorted(str(k) for k in data if k not in fields)
    if strange:
        raise PackError(f"{where} has the unknown field {strange[0]!r}.", f"Known: {', '.join(sorted(fields))}.")
    return data


def _id(entry: Mapping[str, Any], where: str) -> str:
    ident = _text(entry, "id", where)
    if not _KEBAB.fullmatch(ident):
        raise PackError(f"{where}: id is {ident!r}.", "Use small letters, digits and single hyphens.")
    return ident


def _text(entry: Mapping[str, Any], field: str, where: str, *, needed: bool = True) -> str:
    value = entry.get(field, None if needed else "")
    if not isinstance(value, str) or (needed and not value.strip()):
        what = "is missing" if value is None else f"is {value!r}, no text"
        raise PackError(f"{where}: {field} {what}.", "Put quotation marks around it." if value is not None else _SEE)
    return value.strip()


def _list(entry: Mapping[str, Any], field: str, where: str, *, least: int = 0) -> Sequence[object]:
    value = entry.get(field, [])
    if not isinstance(value, list):
        raise PackError(f"{where}: {field} is no list.", _SEE)
    if len(value) < least:
        raise PackError(f"{where}: {field} is empty.", "Give one at least.")
    return value


def _texts(entry: Mapping[str, Any], field: str, where: str, *, least: int = 0) -> tuple[str, ...]:
    values = _list(entry, field, where, least=least)
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise PackError(f"{where}: {field} holds {value!r}, which is no text.", "Put quotation marks around it.")
    return tuple(str(v).strip() for v in values)


def _exist(ids: Iterable[str], known: Collection[str], where: str, what: str) -> None:
    for ident in ids:
        if ident not in known:
            raise PackError(f"{where} names the {what} {ident!r}, which does not exist.", "Correct it, or add it to the packs.")


def _unique(values: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise PackError(f"{where} {value!r} stands twice.", "Rename one.")
        seen.add(value)
