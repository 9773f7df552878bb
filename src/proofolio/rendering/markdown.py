"""An answer as Markdown: statements with numbered citations, the cited code folded below."""

from __future__ import annotations

from proofolio.core.records import Answer, Citation, Role
from proofolio.rendering.clean import clean

_NAMES = {Role.CONFLICT: "Conflict", Role.LIMIT: "Limit", Role.PREMISE: "Correction", Role.TRADE_OFF: "Trade-off", Role.REASON: "Reason"}


def to_markdown(answer: Answer, *, code: bool = False) -> str:
    """The answer under its question; candidate text cannot open HTML or a fence of its own."""
    numbers: dict[Citation, int] = {}
    lines = [f"## {_safe(answer.question)}", ""]
    for statement in answer.statements:
        marks = "".join(f"[{numbers.setdefault(c, len(numbers) + 1)}]" for c in dict.fromkeys(statement.citations))
        name = f"**{_NAMES[statement.role]}:** " if statement.role in _NAMES else ""
        lines.append(f"{name}{_safe(statement.text)} {marks}".rstrip())
        lines.append("")
    for figure in answer.figures:
        lines += [f"*Figure: {_safe(figure.caption)}* (`{figure.path}`)", ""]
    for citation, number in numbers.items():
        lines.append(f"{number}. `{clean(citation.label())}`")
        if code:
            lines += ["", *(f"       {line}" for line in clean(citation.quote).split("\n")), ""]
    return "\n".join(lines).rstrip() + "\n"


def _safe(text: str) -> str:
    """Escapes HTML outside code spans; code spans show it as it is."""
    parts = clean(text).split("`")
    return "`".join(p if i % 2 else p.replace("&", "&amp;").replace("<", "&lt;") for i, p in enumerate(parts))
