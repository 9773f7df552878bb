"""Syntax matchers: what only a parser can tell."""

from __future__ import annotations

from proofolio.core.records import Cell, Document, DocumentKind, Rank
from proofolio.evidence.syntax import syntax_matches


def document(text: str, language: str = "python", kind: DocumentKind = DocumentKind.CODE, cells: tuple[Cell, ...] = ()) -> Document:
    return Document("s", "p", kind, language, text, "0", None, Rank.CODE, cells=cells)


def test_a_pattern_gives_lines_and_captures() -> None:
    found = list(syntax_matches("retry($TIMES, $$$REST)", document("x = 1\nretry(\n    3,\n    wait=2,\n)\n"), ()))
    assert [(a, b, c["times"]) for a, b, c in found] == [(2, 5, "3")]


def test_a_string_that_looks_like_code_is_none() -> None:
    assert not list(syntax_matches("retry($TIMES)", document("x = 'retry(3)'\n"), ()))


def test_a_notebook_cell_with_a_magic_is_read() -> None:
    text = "%matplotlib inline\nretry(3)\n# Output:\nretry(4)"
    found = list(syntax_matches("retry($N)", document(text, kind=DocumentKind.NOTEBOOK, cells=(Cell(0, "code", 1, 4, 3),)), ()))
    assert [(a, c["n"]) for a, _, c in found] == [(2, "3")]


def test_a_language_without_a_grammar_matches_nothing() -> None:
    assert not list(syntax_matches("retry($N)", document("retry(3)", "cobol"), ()))
