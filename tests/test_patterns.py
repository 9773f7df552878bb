"""Patterns are tried only where they can match: that must find exactly what trying them everywhere finds."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest

from proofolio.core.records import FileEntry, SourceInfo
from proofolio.evidence.literals import needs_of
from proofolio.evidence.patterns import Haystack, Pattern
from proofolio.evidence.rules import builtin_rules
from proofolio.evidence.screen import screen_of
from proofolio.evidence.zones import line_starts, zones_of
from proofolio.readers import read

_SEED = 20261124


def _patterns() -> list[Pattern]:
    return [m.pattern for r in builtin_rules() for m in r.matchers if m.pattern and m.kind not in {"key", "syntax"}]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Texts of many rules' examples in a row: long enough for a screen, and full of near misses."""
    examples = [e.text for r in builtin_rules() for e in (*r.examples, *r.counterexamples)]
    random.Random(_SEED).shuffle(examples)
    joined = ["\n".join(examples[i : i + 60]) for i in range(0, len(examples), 60)]
    return [*joined[:12], joined[12] + "\u212a \u0130 \u017f", joined[13].replace("e", "é")]


def _spans(matches: object) -> list[tuple[int, int]]:
    return [m.span() for m in matches]  # type: ignore[attr-defined]


def test_a_pattern_finds_what_trying_it_everywhere_finds(texts: Sequence[str]) -> None:
    for text in texts:
        haystack = Haystack(text)
        for pattern in _patterns():
            assert _spans(pattern.finditer(haystack)) == _spans(re.compile(pattern.pattern, pattern.flags).finditer(text)), pattern.pattern


def test_a_screen_keeps_every_pattern_that_matches(texts: Sequence[str]) -> None:
    patterns: list[Pattern | None] = [None, *_patterns()]
    screen = screen_of(patterns)
    for text in texts:
        haystack = Haystack(text)
        kept = set(screen.possible(haystack, range(len(patterns))))
        matching = {i for i, p in enumerate(patterns) if p is None or p.compiled.search(text)}
        assert matching <= kept
        for place in sorted(matching - {0}):
            pattern = patterns[place]
            assert pattern is not None
            assert _spans(pattern.finditer(haystack)) == _spans(pattern.compiled.finditer(text)), pattern.pattern


@pytest.mark.parametrize(
    ("pattern", "opening"),
    [
        (r"^[ \t]*def", "^"),
        (r"\bdef ", r"\bd"),
        (r"(?:abc|x?y)z", "(?:a|(?:x|y))"),
        (r"(?<=[.!?] )[A-Z]\w+", "(?<=[\\.!\\?]\\ )[A-Z]"),
        (r"(?<!\w)[^\s]x", r"(?<![\w])[^\s]"),
        (r"[^\n]+name", ""),
        (r".*name", ""),
        (r"(?P<q>['\"])x(?P=q)", "['\"]"),
    ],
)
def test_how_a_pattern_begins(pattern: str, opening: str) -> None:
    assert needs_of(pattern, re.MULTILINE)[2] == opening


def test_docstrings_and_comments_lie_where_a_scan_of_every_character_finds_them() -> None:
    """The pattern that looks for quotes alone, against the plain one that it stands for."""
    plain = re.compile(
        r'(?P<doc>[rRbBuUfF]{0,2}(?:"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'))|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|(?P<comment>#[^\n]*)',
        re.DOTALL,
    )
    draw = random.Random(_SEED)
    parts = ['"', '"""', "'", "'''", "#", "\\", "\n", "r", "f", "x", " ", "=", '\\"']
    for _ in range(3_000):
        text = "".join(draw.choices(parts, k=draw.randint(3, 30)))
        document = read(FileEntry("a.py", len(text), "", text.encode), SourceInfo("s", "folder", "s"), lambda t, _: t)
        assert document is not None
        found = [(s, e) for s, e, kind in zones_of(document).spans if kind == "comment"]
        assert found == [m.span() for m in plain.finditer(text) if m.lastgroup == "comment"], repr(text)
        standing = [m.span() for m in plain.finditer(text) if m.lastgroup == "doc" and not text[: m.start()].rpartition("\n")[2].strip()]
        docs = [(s, e) for s, e, kind in zones_of(document).spans if kind == "doc"]
        assert set(docs) <= set(standing), repr(text)
    assert line_starts("a\nb\n") == [0, 2, 4]


def test_the_first_search_ignores_case_as_later_ones_do() -> None:
    pattern = Pattern(r"\bslow\w*", re.IGNORECASE)
    assert [bool(pattern.search("WHAT MADE IT SLOWER?")) for _ in range(2)] == [True, True]
