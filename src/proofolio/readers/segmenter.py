"""Cuts a document into passages: the spans that are searched and cited. No non-blank line is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from proofolio.core.records import Document, DocumentKind, Passage
from proofolio.readers.captions import heading_of
from proofolio.readers.code_cuts import DEFINITIONS, code_runs
from proofolio.readers.config_cuts import config_runs
from proofolio.readers.prose_cuts import prose_runs
from proofolio.readers.sql_cuts import sql_runs
from proofolio.readers.windows import CODE_LINES, CONFIG_LINES, PROSE_LINES, Run, cut


def segment(document: Document) -> list[Passage]:
    """The passages of a document, in order: every non-blank line in exactly one (none for a lock file)."""
    if not document.text.strip() or "lock" in document.flags:
        return []
    lines = document.text.split("\n")
    runs, limit = _runs(document, lines)
    return [passage for run in runs for passage in cut(lines, run, limit)]


def _runs(document: Document, lines: Sequence[str]) -> tuple[Iterable[Run], int]:
    kind, language = document.kind, document.language
    if kind is DocumentKind.NOTEBOOK:
        return _notebook_runs(document, lines), CODE_LINES
    if kind is DocumentKind.SQL:
        return sql_runs(document.text, lines, document.name.rsplit(".", 1)[0]), CODE_LINES
    if kind is DocumentKind.PROSE:
        return prose_runs(lines, language), PROSE_LINES
    if document.path.lower().endswith((".rmd", ".qmd")):  # prose with code blocks, cut as prose is
        return prose_runs(lines, "markdown"), CODE_LINES
    if kind is DocumentKind.CODE or language in DEFINITIONS:
        return code_runs(document.text, lines, language), CODE_LINES
    return config_runs(lines, language), CONFIG_LINES


def _notebook_runs(document: Document, lines: Sequence[str]) -> Iterator[Run]:
    """A run a cell; outputs stand alone where cell and outputs do not fit into one passage."""
    heading = ""
    for cell in document.cells:
        start, end = cell.start - 1, cell.end
        if start >= end:
            continue
        if cell.kind == "markdown":
            heading = heading_of("\n".join(lines[start:end])) or heading
        if cell.output is None or end - start <= CODE_LINES:
            yield Run(start, end, heading, cell=cell.index)
        else:
            yield Run(start, cell.output - 1, heading, cell=cell.index)
            yield Run(cell.output - 1, end, heading, cell=cell.index)
