"""Units: the smallest things that can be said, each with its own lines and its own way of being said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofolio.answering.clauses import clause_of
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
    assert units[-1].clause == "`db.image` is `postgres:15`"


def test_markdown_becomes_what_a_reader_sees() -> None:
    assert plain("- **Bold** and [a link](http://x) with `date=<day>`") == "Bold and a link with `date=<day>`"


def test_a_flowchart_is_walked_along_its_longest_path() -> None:
    assert stages(["flowchart LR", "a[raw] --> b[staging] --> c{{rules}}", "b -.-> d[(store)]", "c --> e[alerts]"]) == ["raw", "staging", "rules", "alerts"]


@pytest.mark.parametrize(
    ("language", "line", "clause"),
    [
        ("python", "name: str", "declares `name: str`"),
        ("python", "ValueError: on_bad_value,", "has `ValueError: on_bad_value`"),
        ("python", "depth=None, trees=300)", "has `depth=None, trees=300`"),
        ("python", "pages = total // size per page", "sets `pages` to `total // size per page`"),
        ("python", "paths = []  # it's a list", 'sets `paths` to `[]` ("it\'s a list")'),
        ("python", "rate = limit()  #", "sets `rate` to `limit()`"),
        ("python", "basket = {", "builds `basket`"),
        ("python", "if ready(basket) and (paid or free):", "checks `ready(basket) and (paid or free)`"),
        ("python", "if (paid or free):", "checks `paid or free`"),
        ("typescript", "load: ({ signal }) => read(signal),", "sets `load` to `({ signal }) => read(signal)`"),
        ("typescript", "mounted(node: Element): void {", "defines `mounted(node: Element): void`"),
        ("typescript", "total: number", "declares `total: number`"),
        ("typescript", "// @ts-ignore the key is wrong on purpose", 'a comment says "@ts-ignore the key is wrong on purpose"'),
        ("shell", "client host:99/db <<-END", "has `client host:99/db <<-END`"),
        ("shell", "--partitions 3 \\", "has `--partitions 3 \\`"),
        ("sql", "WHERE state = 'open'", "has `WHERE state = 'open'`"),
        ("sql", "-- one row a day is kept here", 'a comment says "one row a day is kept here"'),
    ],
)
def test_a_line_is_said_as_its_language_means_it(language: str, line: str, clause: str) -> None:
    assert cut(line, language=language)[0].clause == clause


@pytest.mark.parametrize(
    "remark",
    [
        "return the first one that fits", "Limits (per day)", "TODO: rewrite", "note: slow", "share = right answers over all",
        "if it fails we try again", "for each row", "with the new schema", "select the best of them", "@todo ask the owner",
        "import of the old data", "class of the customer", "Takes long (see below)",
    ],
)
def test_a_remark_is_not_taken_for_code_switched_off(remark: str) -> None:
    assert not cut(f"# {remark}")[0].dead


@pytest.mark.parametrize(
    "code",
    [
        "total = price * 2", "import numpy as np", "from os import path", "return total", "return f(x) + 1", "if x is None:", "send(mail)",
        "df.dropna(inplace=True)", "@cached", "@retry(3)", "for row in rows:", "image: redis", "LIMIT=3", "raise Wrong(x)", "count += 1",
    ],
)
def test_code_in_a_comment_is_told_as_switched_off(code: str) -> None:
    assert cut(f"# {code}")[0].dead


def test_a_query_within_code_is_not_taken_for_a_docstring() -> None:
    units = cut('def count():\n    run("""\n        SELECT 1\n    """)\n    total = 3\n')
    assert not any("docstring" in u.clause for u in units)
    assert units[-1].clause == "sets `total` to `3`"


def test_a_passage_that_begins_within_a_docstring_says_it_as_one() -> None:
    text = 'def pay():\n    """Takes money.\n\n    limit: what is refused above.\n    """\n    limit = 20\n'
    document = Document("s", "p", DocumentKind.CODE, "python", text, "0", None, Rank.CODE)
    said = [u.clause for u in units_of(document, 4, 6, text.split("\n"))]
    assert said == ['its docstring says "limit: what is refused above."', "sets `limit` to `20`"]


def test_what_parts_yaml_documents_is_no_remark() -> None:
    assert [u.clause for u in cut("---\nkind: Service", DocumentKind.CONFIG, "yaml")] == ["`kind` is `Service`"]


def test_a_bold_subject_stays_in_its_sentence() -> None:
    unit = cut("- **Ledger** keeps every booking.", DocumentKind.PROSE, "markdown")[0]
    assert (unit.context, unit.text) == ("", "Ledger keeps every booking.")


def test_a_badge_and_a_remark_to_the_renderer_say_nothing() -> None:
    assert cut("[![Build](https://a/b.svg)](https://a/b)\n\n<!-- USAGE -->", DocumentKind.PROSE, "markdown") == []


@given(st.text(alphabet="ab=()[]{}#\"'`\n \t:|-*<>", max_size=300), st.sampled_from(list(DocumentKind)))
def test_units_stay_inside_their_lines_in_order(text: str, kind: DocumentKind) -> None:
    if kind in {DocumentKind.NOTEBOOK, DocumentKind.IMAGE}:
        return
    last = text.count("\n") + 1
    units = cut(text, kind, {"code": "python", "sql": "sql", "config": "yaml", "metrics": "json"}.get(str(kind), "markdown"))
    assert all(1 <= u.start <= u.end <= last for u in units)
    assert all(u.clause.count("`") % 2 == 0 for u in units)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('POSTGRES_PASSWORD: str = "password"', "has `POSTGRES_PASSWORD` set (its value is kept back)"),
        ('db_password = "postgres"', "has `db_password` set (its value is kept back)"),
        ('SECRET_KEY = os.environ["SECRET_KEY"]', "sets `SECRET_KEY` to `os.environ[\"SECRET_KEY\"]`"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES = 30", "sets `ACCESS_TOKEN_EXPIRE_MINUTES` to `30`"),
    ],
)
def test_the_value_of_a_credential_is_never_told(line: str, told: str) -> None:
    assert clause_of(line, "python")[1] == told
