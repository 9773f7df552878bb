"""Settings are read out of configuration with their dotted keys, values and lines."""

from __future__ import annotations

import pytest

from proofolio.core.records import Document, DocumentKind, Rank
from proofolio.evidence.keys import settings_of


def read(language: str, text: str) -> list[tuple[str, str, int]]:
    document = Document("s", "config", DocumentKind.CONFIG, language, text, "0" * 64, None, Rank.CODE, "b")
    return [(s.path, s.value, s.line) for s in settings_of(document)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("psi: {warn: 0.1, block: 0.25}\n", {("psi.warn", "0.1", 1), ("psi.block", "0.25", 1)}),
        ("checks:\n  - {name: nulls, severity: 'warn, loudly'}\n", {("checks.name", "nulls", 2), ("checks.severity", "warn, loudly", 2)}),
        ("image: {{ .Values.image }}\n", {("image", "{{ .Values.image }}", 1)}),
        ("retries: 3  # twice was not enough\n", {("retries", "3", 1)}),
    ],
)
def test_yaml_on_one_line(text: str, expected: set[tuple[str, str, int]]) -> None:
    assert expected <= set(read("yaml", text))


def test_a_template_is_no_mapping() -> None:
    assert [path for path, _, _ in read("yaml", "image: {{ .Values.image }}\n")] == ["image"]
