"""Units: the smallest things that can be said, each with its own lines and its own way of being said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofolio.answering.diagrams import stages
from proofolio.answering.units import Unit, plain, units_of
from proofolio.core.records import Document, DocumentKind, Rank


def cut(text: str, kind: DocumentKind = DocumentKind.CODE, language: str = "python") -> list[Unit]:
    document = Document("s", "p", kind, language, text, "0", None, Rank.CODE)
    lines = text.split("\n")
    return units_of(document, 1, len(lines), lines)


@pytest.mark.parametrize(
    ("line", "clause"),
    [
        ("LIMIT = 20", "sets `LIMIT` to `20`"),
        ("raise ValueError('too long')", "raises `ValueError('too long')`"),
        ("@app.get('/items')", "serves `GET /items`"),
        ("def test_empty_basket():", "tests `test_empty_basket`"),
        ("if attempt > MAX:", "checks `attempt > MAX`"),
        ("# retry(request)", "`retry(request)` is commented out"),
        ("# Retrying twice is enough for this service.", 'a comment says "Retrying twice is enough for this service."'),
        ("import os", "has `import os`"),
    ],
)
def test_a_line_of_code_is_said_by_what_it_does(line: str, clause: str) -> None:
    assert cut(line)[0].clause == clause


def test_a_call_over_several_lines_is_one_unit_without_its_comments() -> None:
    unit = cut("model = Forest(  # the winner\n    trees=300,  # enough\n    depth=6,\n)")[0]
    assert (unit.start, unit.end) == (1, 4)
    assert "trees=300" in unit.text and "enough" not in unit.text


def test_a_bold_run_in_head_is_context_not_text() -> None:
    unit = cut("**Decision.** One file a night is loaded.", DocumentKind.PROSE, "markdown")[0]
    assert (unit.context, unit.text) == ("Decision", "One file a night is loaded.")


def test_a_table_row_is_said_with_its_headings() -> None:
    rows = cut("| Model | AUC |\n|---|---|\n| forest | 0.84 |", DocumentKind.PROSE, "markdown")
    assert rows[-1].clause == '"Model: forest; AUC: 0.84"'


def test_a_setting_is_said_by_its_path() -> None:
    units = cut("services:\n  db:\n    image: postgres:15", DocumentKind.CONFIG, "yaml")
    assert units[-1].clause == "`services.db.image` is `postgres:15`"


def test_markdown_becomes_what_a_reader_sees() -> None:
    assert plain("- **Bold** and [a link](http://x) with `date=<day>`") == "Bold and a link with `date=<day>`"


def test_a_flowchart_is_walked_along_its_longest_path() -> None:
    assert stages(["flowchart LR", "a[raw] --> b[staging] --> c{{rules}}", "b -.-> d[(store)]", "c --> e[alerts]"]) == ["raw", "staging", "rules", "alerts"]


@given(st.text(alphabet="ab=()[]{}#\"'`\n \t:|-*<>", max_size=300), st.sampled_from(list(DocumentKind)))
def test_units_stay_inside_their_lines_in_order(text: str, kind: DocumentKind) -> None:
    if kind in {DocumentKind.NOTEBOOK, DocumentKind.IMAGE}:
        return
    last = text.count("\n") + 1
    units = cut(text, kind, {"code": "python", "sql": "sql", "config": "yaml", "metrics": "json"}.get(str(kind), "markdown"))
    assert all(1 <= u.start <= u.end <= last for u in units)
    assert all(u.clause.count("`") % 2 == 0 for u in units)
