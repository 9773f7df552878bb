"""What a reader sees: the terminal, Markdown, JSON and HTML, and that candidate text stays text in each."""

from __future__ import annotations

import html
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conftest import ESCAPES, QUESTION
from proofolio.compiling import CompileReport
from proofolio.core.errors import UsageError
from proofolio.core.records import (
    Answer,
    Cell,
    Citation,
    Document,
    DocumentKind,
    FigureRef,
    Problem,
    Rank,
    Role,
    SourceInfo,
    Status,
    VerifiedStatement,
)
from proofolio.rendering import render
from proofolio.rendering.clean import clean, json_text, one_line
from proofolio.rendering.evidence import evidence_json, evidence_text, topics_for
from proofolio.rendering.html import MAX_LINE, MAX_LINES, cited_lines, inline_code
from proofolio.rendering.spans import spans
from proofolio.rendering.terminal import report_lines, to_text
from proofolio.workflows import Portfolio

COMMIT = "1a2b3c4d" * 5
TEXT = st.text(st.characters(codec=None), max_size=200)
MARKED = st.lists(st.sampled_from([*"`*_[]()<>!#&\\|~$-+.1 \n", "a", "<b>", "![x](y)", "``", "http://x.y", "\x1b", "\u202e"]),
                  max_size=40).map("".join)  # fmt: skip


def cite(
    path: str, start: int, end: int, quote: str, *, cell: int | None = None, source: str = "churn"
) -> Citation:
    return Citation(source, path, start, end, cell, COMMIT, "ab" * 32, quote)


def answer(
    *statements: VerifiedStatement, status: Status = Status.PARTIAL, figures: tuple[FigureRef, ...] = ()
) -> Answer:
    return Answer(QUESTION, status, statements, figures, ("ml.validation",), 0.83, 11.4, "q1")


def said(text: str, *citations: Citation, role: Role = Role.EVIDENCE) -> VerifiedStatement:
    return VerifiedStatement(text, role, citations)


SPLIT = cite(
    "src/train.py",
    10,
    11,
    "train_part, test_part = train_test_split(frame)\nfolds = StratifiedKFold(n_splits=5)",
)
CELL = cite("notebooks/explain.ipynb", 4, 4, "Test F1: 0.612", cell=1)
SAME_CELL = cite("notebooks/explain.ipynb", 2, 2, "import shap", cell=1)
FULL = answer(
    said("I validate with a held-out test set and `StratifiedKFold`.", SPLIT, role=Role.LEAD),
    said("The test F1 is 0.612.", CELL, SAME_CELL, role=Role.NUMBER),
    said("The README says 99 %, the notebook 0.612.", CELL, role=Role.CONFLICT),
    said("I found no confidence interval.", role=Role.LIMIT),
    figures=(FigureRef("churn", "notebooks/explain.ipynb", 1, "SHAP summary", 3),),
)


# --- nothing hidden, nothing executed ----------------------------------------------------------------


@given(TEXT)
def test_clean_text_holds_no_hidden_character(text: str) -> None:
    for character in clean(text):
        assert character in "\t\n" or unicodedata.category(character) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(character) not in {
            "RLO",
            "LRO",
            "RLE",
            "LRE",
            "PDF",
            "RLI",
            "LRI",
            "FSI",
            "PDI",
        }


@given(TEXT)
def test_clean_is_done_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text)


@given(
    st.recursive(
        st.text(max_size=20) | st.integers(),
        lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=5), s),
    )
)
def test_json_says_the_same_and_hides_nothing(value: object) -> None:
    dumped = json_text(value, indent=1)
    assert json.loads(dumped) == value
    assert clean(dumped) == dumped


@given(TEXT)
def test_spans_give_every_character_once(text: str) -> None:
    rebuilt = "".join(f"`{piece}`" if is_code else piece for is_code, piece in spans(text))
    assert rebuilt == text


@given(MARKED, MARKED, MARKED)
def test_markdown_holds_nothing_but_text_and_code(statement: str, path: str, quote: str) -> None:
    shown = render(
        answer(said(statement, cite(path, 1, 2, quote)), figures=(FigureRef("s", path, None, statement),)),
        "markdown",
        code=True,
    )
    tokens = MarkdownIt("commonmark", {"html": True}).parse(shown)
    kinds = {t.type for t in tokens} | {c.type for t in tokens for c in t.children or ()}
    assert kinds <= {
        "heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close", "ordered_list_open",
        "ordered_list_close", "list_item_open", "list_item_close", "code_block", "text", "code_inline", "softbreak",
    }  # fmt: skip
    assert sum(t.type == "heading_open" for t in tokens) == 1


@given(TEXT)
def test_inline_code_is_escaped(text: str) -> None:
    shown = str(inline_code(text))
    assert re.sub(r"</?code>", "", shown).count("<") == 0
    assert html.unescape(re.sub(r"</?code>", "", shown)).replace("`", "") == clean(text).replace("`", "")


@pytest.mark.parametrize("form", ["text", "markdown", "json", "jsonl"])
def test_escapes_are_shown_not_obeyed(form: str) -> None:
    hostile = answer(said(f"It prints {ESCAPES}", cite(f"a{ESCAPES}.py", 1, 1, ESCAPES)))
    shown = render(hostile, form, code=True)
    assert not re.search("[\x1b\x07\x9b\u202e\u202c]", shown)
    assert "u001b" in shown


# --- what is shown -----------------------------------------------------------------------------------


def test_the_terminal_shows_statements_places_figures_and_how_it_ended() -> None:
    assert (
        to_text(FULL, width=80)
        == """\
I validate with a held-out test set and `StratifiedKFold`. [1]
The test F1 is 0.612. [2]
≠ The README says 99 %, the notebook 0.612. [2]
– I found no confidence interval.

Figure: SHAP summary (notebooks/explain.ipynb#cell1)

[1] src/train.py:10-11@1a2b3c4
[2] notebooks/explain.ipynb#cell1@1a2b3c4

answered in part · confidence 0.83 · 11 ms"""
    )


def test_code_is_shown_on_demand_with_the_lines_of_the_file() -> None:
    shown = to_text(FULL, code=True, width=80)
    assert "    10  train_part, test_part = train_test_split(frame)\n    11  folds" in shown
    assert "      Test F1: 0.612" in shown
    assert "train_test_split" not in to_text(FULL, width=80)


def test_markdown_numbers_each_place_once() -> None:
    assert (
        render(FULL, "markdown", code=True)
        == """\
## How did you validate the model?

I validate with a held-out test set and `StratifiedKFold`. \\[1\\]

The test F1 is 0.612. \\[2\\]

**Conflict:** The README says 99 %, the notebook 0.612. \\[2\\]

**Limit:** I found no confidence interval.

Figure: SHAP summary (`notebooks/explain.ipynb` cell 1)

1. `src/train.py:10-11@1a2b3c4`

       train_part, test_part = train_test_split(frame)
       folds = StratifiedKFold(n_splits=5)

2. `notebooks/explain.ipynb#cell1@1a2b3c4`

       Test F1: 0.612


       import shap
"""
    )


def test_places_of_several_sources_name_their_source() -> None:
    both = answer(
        said("Both say so.", cite("README.md", 1, 1, "a"), cite("README.md", 1, 1, "b", source="fraud"))
    )
    shown = to_text(both, width=80)
    assert "[1] churn/README.md:1@1a2b3c4" in shown
    assert "[2] fraud/README.md:1@1a2b3c4" in shown


def test_json_is_the_answer_of_the_contract() -> None:
    shown = json.loads(render(FULL, "json"))
    assert set(shown) == {
        "id",
        "question",
        "status",
        "text",
        "statements",
        "figures",
        "topics",
        "confidence",
        "elapsed_ms",
    }
    first, second = shown["statements"][0]["citations"][0], shown["statements"][1]["citations"][0]
    assert (first["start"], first["end"], first["cell"]) == (10, 11, None)
    assert (second["start"], second["end"], second["cell"]) == (None, None, 1)
    assert "\n" not in render(FULL, "jsonl")


# --- cited code as HTML ------------------------------------------------------------------------------


def document(text: str, language: str = "python", cells: tuple[Cell, ...] = ()) -> Document:
    return Document("s", "a.py", DocumentKind.CODE, language, text, "ab", None, Rank.CODE, cells=cells)


def text_of(rows: str) -> list[str]:
    return [
        html.unescape(re.sub(r"<[^>]+>", "", pre)) for pre in re.findall(r"<pre>(.*?)</pre>", rows, re.DOTALL)
    ]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30), min_size=1, max_size=40
    ),
    st.data(),
)
def test_shown_lines_are_the_lines_of_the_document(lines: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    language = data.draw(
        st.sampled_from(["python", "sql", "yaml", "markdown", "no such language", "json", "html", "shell"])
    )
    shown = cited_lines(document("\n".join(lines), language), start, end)
    assert [line or " " for line in map(clean, lines[shown.first - 1 : shown.last])] == text_of(
        str(shown.rows)
    )
    marked = [int(n) for n in re.findall(r'<tr id="L(\d+)" class="cited">', str(shown.rows))]
    assert marked == list(range(start, end + 1))


def test_a_line_inside_a_docstring_is_highlighted_as_one() -> None:
    lines = ['"""', *["if words for lines"] * 30, '"""', "x = 1"]
    shown = str(cited_lines(document("\n".join(lines)), 20, 20).rows)
    assert '<span class="t-k">' not in shown
    assert '<span class="t-sd">' in shown


def test_a_cell_is_shown_whole_with_its_own_numbers_and_its_output_apart() -> None:
    cells = (Cell(0, "code", 1, 2), Cell(1, "code", 3, 6, output=5))
    shown = str(
        cited_lines(
            document("a = 1\nb = 2\nfor x in y:\n    pass\n# Output:\nfor x in y", cells=cells), 6, 6
        ).rows
    )
    assert re.findall(r'id="L(\d+)"', shown) == ["3", "4", "5", "6"]
    assert re.findall(r'scope="row">(\d+)', shown) == ["1", "2", "4"]
    assert shown.count('<span class="t-k">for</span>') == 1, "output is not highlighted as code"


def test_long_lines_and_long_cells_are_cut_and_say_so() -> None:
    shown = cited_lines(document("x" * (MAX_LINE + 5)), 1, 1)
    assert "(5 characters more)" in text_of(str(shown.rows))[0]
    many = cited_lines(
        document("\n".join("y" for _ in range(5_000)), cells=(Cell(0, "code", 1, 5_000),)), 4_000, 4_001
    )
    assert many.first <= 4_000 <= 4_001 <= many.last
    assert many.last - many.first < MAX_LINES


# --- the ingest report -------------------------------------------------------------------------------


def test_the_ingest_report_sums_up_by_reason_and_names_the_first_places(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    skipped = [Problem("churn", f"data/{n}.bin", "binary, generated or minified") for n in "abcd"]
    report = CompileReport(
        tmp_path_factory.getbasetemp() / "x.dossier", read=7, removed=1, seconds=0.42,
        counts={"documents": 7, "passages": 20, "evidence": 1, "figures": 2},
        sources=[SourceInfo("churn", "git", "/x", COMMIT, dirty=1)],
        problems=[*skipped, Problem("churn", "src/settings.py", "aws-access-key redacted (1 place)", "redacted")],
    )  # fmt: skip
    assert (
        "\n".join(report_lines(report, brief=True))
        == """\
churn: git at 1a2b3c4, 1 uncommitted change not read
7 files read, 0 unchanged, 1 removed in 0.4 s
7 documents, 20 passages, 1 fact with evidence, 2 figures
redacted: 1
  churn/src/settings.py: aws-access-key redacted (1 place)
skipped: 4
  churn/data/a.bin, churn/data/b.bin, churn/data/c.bin and 1 more: binary, generated or minified
proofolio compile --report lists each of them"""
    )
    full = list(report_lines(report, brief=False))
    assert "skipped: churn/data/d.bin: binary, generated or minified" in full


# --- the candidate's look in the mirror --------------------------------------------------------------


def test_evidence_on_a_topic_names_places_and_what_is_missing(compiled: Portfolio) -> None:
    shown = evidence_text(compiled.index, compiled.topics, "ml.validation")
    assert shown.startswith("Validation strategy (ml.validation)\n")
    assert re.search(r"^ {6}churn/src/train\.py:\d+", shown, re.MULTILINE)
    assert "A strong answer would also show:" in shown


def test_the_overview_counts_topics_and_lists_those_without_evidence(compiled: Portfolio) -> None:
    shown = evidence_text(compiled.index, compiled.topics, None)
    assert re.search(r"^  ml\.validation +Validation strategy +[1-9]\d* shown", shown, re.MULTILINE)
    assert "No evidence on " in shown


def test_evidence_as_json_has_the_places_of_its_text(compiled: Portfolio) -> None:
    [topic] = json.loads(evidence_json(compiled.index, compiled.topics, "ml.validation"))
    assert topic["topic"] == "ml.validation"
    assert {"source", "path", "start", "end", "cell", "text", "liveness", "rank", "rule"} == set(
        topic["evidence"][0]
    )


@pytest.mark.parametrize(("wanted", "found"), [("ML.Validation", "ml.validation"), ("validation strategy", "ml.validation"),
                                               (QUESTION, "ml.validation"), ("imbalanc", "ml.imbalance")])  # fmt: skip
def test_topics_are_found_by_id_name_part_and_question(compiled: Portfolio, wanted: str, found: str) -> None:
    assert found in {t.id for t in topics_for(compiled.topics, wanted)}


def test_an_unknown_topic_names_the_near_ones(compiled: Portfolio) -> None:
    with pytest.raises(UsageError, match=r"No topic is called 'ml\.validatoin'.* Near: ml\.validation"):
        topics_for(compiled.topics, "ml.validatoin")
    with pytest.raises(UsageError, match="lists them"):
        topics_for(compiled.topics, "qqqq")


def test_candidate_text_in_evidence_is_clean(compiled_hostile: Portfolio) -> None:
    shown = evidence_text(compiled_hostile.index, compiled_hostile.topics, "ml.validation")
    assert clean(shown) == shown
