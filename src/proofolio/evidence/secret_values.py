"""What redaction knows of names and values: the pack ``packs/secrets.yaml`` and how it is applied.

A value is judged by the name it is assigned to: a password may be any word, a token has to look random, and
a placeholder, a reference or a description (``your-token-here``, ``${TOKEN}``, ``"bearer"``) is never one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import yaml

from proofolio.core.errors import PackError


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form that is a secret wherever it stands; its groups named ``secret`` are what goes.

    It is tried around the lower-case texts ``needs``, or over all of a file whose path matches ``paths``.
    """

    kind: str
    needs: tuple[str, ...]
    paths: re.Pattern[str] | None
    find: re.Pattern[str]
    keeps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """``packs/secrets.yaml``, compiled; ``names`` holds the word lists under ``assignment``."""

    patterns: tuple[Pattern, ...]
    names: dict[str, tuple[str, ...]]
    vocabulary: frozenset[str]
    placeholders: re.Pattern[str]
    quoted: frozenset[str]
    prose: frozenset[str]
    private: tuple[Pattern, ...]


@cache
def load_pack() -> Pack:
    """The pack, read once. Raises PackError where it is malformed."""
    text = files("proofolio").joinpath("packs", "secrets.yaml").read_text(encoding="utf-8")
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        patterns, private = (tuple(map(_pattern, data[key])) for key in ("patterns", "private"))
        placeholders = re.compile(data["placeholders"], re.VERBOSE | re.IGNORECASE)
        vocabulary, quoted, prose = (frozenset(map(str, data[k])) for k in ("vocabulary", "quoted", "prose"))
        names = {key: tuple(map(str, words)) for key, words in data["assignment"].items()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, re.error) as error:
        raise PackError(f"packs/secrets.yaml is malformed: {error}.", "Restore the file.") from error
    return Pack(patterns, names, vocabulary, placeholders, quoted, prose, private)


def _pattern(entry: dict[str, Any]) -> Pattern:
    return Pattern(
        entry["kind"],
        tuple(entry.get("needs", ())),
        re.compile(entry["paths"]) if "paths" in entry else None,
        re.compile(entry["find"], re.VERBOSE | re.MULTILINE),
        tuple(entry.get("keeps", ())),
    )


WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")


def name_class(name: str) -> str | None:
    """What a name promises: "password", "secret", "key" (any other key: only random values count), or None."""
    names = load_pack().names
    words = [w.lower() for w in WORDS.findall(name.rsplit(".", 1)[-1])]
    while len(words) > 1 and words[-1] in names["qualifiers"]:
        words.pop()
    joined, last_two = "".join(words), "".join(words[-2:])
    if not words or joined in names["never"] or last_two in names["never"]:
        return None
    if joined.endswith(names["password"]) or words[-1] in names["password_words"]:
        return "password"
    if joined.endswith(names["secret"]):
        return "secret"
    if words[-1] in names["key_alone"] or (len(words) > 1 and words[-1] in names["key"]):
        return "key"
    return None


UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PATH_OR_URL = re.compile(r"(?:\.{0,2}|~|[A-Za-z]:)[/\\][\w./\\ -]*|\w+://.*|[\w-]+(?:/[\w.-]+)*\.\w{2,4}")
DOTTED = re.compile(r"[A-Za-z_][A-Za-z_-]*(?:[.:/][A-Za-z_][A-Za-z_-]*)+")
APP_PASSWORD = re.compile(r"[a-z]{4}(?: [a-z]{4}){3}")  # as mail providers print them
SYMBOLS = frozenset("!@#$%^&*+=~?")


def is_secret(value: str, name: str, kind: str, style: str, literal: bool) -> bool:
    """Whether ``value``, assigned to ``name`` of class ``kind`` in a file of ``style``, is a secret.

    ``literal`` says that the value is certainly a constant: quoted, or the only word of a configuration line.
    """
    if len(value) < 4 or is_placeholder(value) or describes(value, name) or DOTTED.fullmatch(value):
        return False
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    if any(c.isspace() for c in value):
        phrase = "passphrase" in name.lower() and value.islower()
        constant = name.isupper() and digits and len(value) <= 40
        return kind != "key" and literal and (phrase or constant or bool(APP_PASSWORD.fullmatch(value)))
    symbols = not SYMBOLS.isdisjoint(value)
    if kind == "password":
        return _is_password(value, name, style, literal, letters, digits or symbols)
    if _is_path(value) or not letters or any(c in "[]\\" for c in value):
        return False
    if kind == "key":
        segments = [s for s in re.split(r"[-_.:/]", value) if s]
        return _is_random(value, 16) and not UUID.fullmatch(value) and len(segments) < 4 and _is_dense(value)
    if _is_random(value, 12) or (style != "prose" and digits and len(value) >= 8):
        return True
    if symbols and len(value) >= 12 and style != "prose":
        return True
    constant = name.isupper() or re.sub(r"[\W_]", "", name).lower().endswith(("secret", "secretkey"))
    return literal and constant and len(value) >= 8 and value.isalpha() and style != "prose"


def _is_password(value: str, name: str, style: str, literal: bool, letters: bool, mixed: bool) -> bool:
    if _is_path(value) and ("/" in value or "\\" in value or not mixed):
        return False
    if not literal or style == "prose":
        return len(value) >= 6 and letters and mixed
    # A form's label ("password": "Passwort") is one capitalised word under a bare name.
    label = style == "quoted" and name.lower() == "password" and value.isalpha() and value.istitle()
    return not label and (letters or value.isdigit()) and (mixed or len(value) >= 5)


def _is_path(value: str) -> bool:
    """A path or URL; base64 holds slashes too, and gives itself away by a long random part."""
    parts = re.split(r"[/\\.]", value)
    return bool(PATH_OR_URL.fullmatch(value)) and not any(_is_random(p, 16) and _is_dense(p) for p in parts)


def _is_dense(value: str) -> bool:
    """More than one digit, or cases that change often: ``types-auth0-python`` has neither."""
    return sum(c.isdigit() for c in value) > 1 or _switches(value) >= 3


def _switches(value: str) -> int:
    return sum(a.islower() and b.isupper() for a, b in pairwise(value))


def _is_random(value: str, length: int) -> bool:
    """Letters and digits mixed (or cases, at some length) with more bits a character than words have."""
    if len(value) < length:
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return entropy >= 2.8 and (mixed or (len(value) >= 16 and _switches(value) >= 3 and entropy >= 3.3))


def is_placeholder(value: str) -> bool:
    """Whether the value stands for a secret that is kept elsewhere, or for none at all."""
    return load_pack().placeholders.search(value[:400]) is not None


def describes(value: str, name: str = "") -> bool:
    """Whether all words of the value are words about secrets, or words of the name it is assigned to."""
    if not re.fullmatch(r"[\w .-]+", value) or sum(c.isdigit() for c in value) > 2:
        return False
    words = [w.lower() for w in WORDS.findall(value)]
    known = load_pack().vocabulary.union(w.lower() for w in WORDS.findall(name))
    return bool(words) and all(w in known for w in words)
