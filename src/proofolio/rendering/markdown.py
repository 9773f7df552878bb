"""An answer as Markdown: statements with numbered citations, the cited code below."""

from __future__ import annotations

import re

from proofolio.core.records import Answer, Role
from proofolio.rendering.clean import clean, one_line
from proofolio.rendering.places import Footnotes
from proofolio.rendering.spans import spans

_NAMES = {
    Role.CONFLICT: "Conflict",
    Role.LIMIT: "Limit",
    Role.PREMISE: "Correction",
    Role.TRADE_OFF: "Trade-off",
    Role.REASON: "Reason",
}
_SPECIAL = re.compile(r"[\\`*_\[\]<&~]")
_OPENING = re.compile(r"^(\d*)([-+=#>.)])")  # what would make a list, a heading or a quotation of a line


def to_markdown(answer: Answer, *, code: bool = False) -> str:
    """The answer under its question; candidate text cannot open HTML, a link, an image or a fence of its own."""
    footnotes = Footnotes(answer)
    lines = [f"## {_safe(one_line(answer.question))}", ""]
    for statement in answer.statements:
        marks = "".join(f"\\[{number}\\]" for number in footnotes.numbers(statement.citations))
        name = f"**{_NAMES[statement.role]}:** " if statement.role in _NAMES else ""
        lines += [f"{name}{_safe(statement.text)} {marks}".rstrip(), ""]
    for figure in answer.figures:
        cell = f" cell {figure.cell}" if figure.cell is not None else ""
        lines += [f"Figure: {_safe(figure.caption)} ({_code(figure.path)}{cell})", ""]
    for place in footnotes.places():
        lines.append(f"{place.number}. {_code(place.label)}")
        for citation in place.citations if code else ():
            # Inside a list item an indented block has no end that its content could write.
            indent = " " * (len(f"{place.number}. ") + 4)
            lines += ["", *(f"{indent}{line}".rstrip() for line in clean(citation.quote).split("\n")), ""]
    return "\n".join(lines).rstrip() + "\n"


def _safe(text: str) -> str:
    """Prose with every mark of Markdown escaped, code spans kept as code."""
    pieces = (
        _code(piece) if is_code else _escaped(piece)
        for is_code, piece in spans(" ".join(clean(text).split()))
    )
    return _OPENING.sub(r"\1\\\2", "".join(pieces))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(
        lambda m: "&lt;" if m.group() == "<" else "&amp;" if m.group() == "&" else f"\\{m.group()}", text
    )


def _code(text: str) -> str:
    """A code span that its content cannot close: its fence is longer than any run of backticks inside."""
    shown = one_line(text)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
