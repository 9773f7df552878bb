"""Candidate text as HTML that cannot do anything: everything escaped, code highlighted by class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from markupsafe import Markup
from pygments import lex
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

from proofolio.core.records import Cell, Document
from proofolio.rendering.clean import clean
from proofolio.rendering.spans import spans

LINES_ABOVE, LINES_BELOW = 12, 40  # shown around a citation
MAX_LINE = 8_000  # characters of a line that are shown
MAX_LINES = 600  # lines that are shown around a citation
MAX_BEFORE = (
    100_000  # characters above the shown lines that are read to know what string or comment they are in
)
_LEXERS = {
    "gomod": "text", "requirements": "text", "env": "bash", "jsonl": "json", "hcl": "terraform",
    "makefile": "make", "shell": "bash", "avro": "json", "jsx": "javascript", "vue": "html", "svelte": "html", "astro": "html",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines of a document for showing: rows with ids ``L12``, and how long the document is.

    ``first`` and ``last`` are 1-based lines of the document's text.
    """

    rows: Markup
    first: int
    last: int
    total: int


def inline_code(text: str) -> Markup:
    """A sentence with its `code` in code elements, all of it escaped."""
    pieces = (f"<code>{escape(p)}</code>" if is_code else escape(p) for is_code, p in spans(clean(text)))
    return Markup("".join(pieces))


def cited_lines(document: Document, start: int, end: int) -> Shown:
    """The cited lines marked, with the lines around them; for a notebook, the cell that they are in.

    Line numbers are the file's own; in a notebook, where a file has none, they count within the cell.
    """
    lines = document.text.split("\n")
    if lines[-1] == "" and end < len(lines):  # what follows the last line end is no line
        lines.pop()
    cell = document.cell_at(start)
    if cell is not None:
        first, last = cell.start, min(max(cell.end, cell.start), len(lines))
    else:
        first, last = max(1, start - LINES_ABOVE), min(len(lines), end + LINES_BELOW)
    if last - first >= MAX_LINES:  # a huge cell or span: what is cited comes first
        first = max(first, start - LINES_ABOVE)
        last = min(last, first + MAX_LINES - 1)
    output = cell.output if cell is not None else None
    code_end = last if output is None else min(last, output - 1)
    language = "markdown" if cell is not None and cell.kind == "markdown" else document.language
    rendered = _highlighted(lines, language, first, code_end, from_start=cell is None)
    rendered += [escape(_cut(clean(line))) for line in lines[max(code_end, first - 1) : last]]
    rows = _rows(rendered, first, start, end, cell)
    return Shown(Markup("\n".join(rows)), first, last, len(lines))


def _rows(rendered: list[str], first: int, start: int, end: int, cell: Cell | None) -> Iterator[str]:
    shift = cell.start - 1 if cell is not None else 0
    for number, line in enumerate(rendered, first):
        if cell is not None and number == cell.output:  # the line that the reader put between code and output
            yield f'<tr id="L{number}" class="output"><th></th><td>Output</td></tr>'
            continue
        cited = ' class="cited"' if start <= number <= end else ""
        label = f"{number - shift}"
        yield f'<tr id="L{number}"{cited}><th scope="row">{label}</th><td><pre>{line or " "}</pre></td></tr>'


def _highlighted(lines: list[str], language: str, first: int, last: int, *, from_start: bool) -> list[str]:
    """Lines ``first``..``last`` as HTML, one string a line."""
    if last < first:
        return []
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    # A lexer that starts in the middle takes the inside of a docstring for code.
    begin = first
    if from_start and sum(len(line) + 1 for line in lines[: first - 1]) <= MAX_BEFORE:
        begin = 1
    rendered = [""]
    for kind, value in lex("\n".join(_cut(clean(line)) for line in lines[begin - 1 : last]), lexer):
        for i, piece in enumerate(value.split("\n")):
            if i:
                rendered.append("")
            if piece:
                rendered[-1] += _span(kind, piece)
    wanted = rendered[first - begin : last - begin + 1]
    return wanted + [""] * (last - first + 1 - len(wanted))


def _cut(line: str) -> str:
    return (
        line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} … ({len(line) - MAX_LINE:,} characters more)"
    )


def _span(kind: _TokenType, text: str) -> str:
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    name = STANDARD_TYPES.get(kind, "")
    return f'<span class="t-{name}">{escape(text)}</span>' if name else escape(text)
