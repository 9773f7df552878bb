"""Renders verified answers: the terminal, Markdown, JSON, HTML. Nothing here decides what is said."""

from __future__ import annotations

from proofolio.core.records import Answer
from proofolio.rendering.clean import json_text
from proofolio.rendering.markdown import to_markdown
from proofolio.rendering.terminal import to_text

__all__ = ["render", "to_markdown", "to_text"]


def render(answer: Answer, form: str, *, code: bool = False, colour: bool = False) -> str:
    """An answer as "text", "markdown", "json" (indented) or "jsonl" (one line); ``code`` adds the cited lines."""
    if form in {"json", "jsonl"}:
        return json_text(answer.to_json(), indent=2 if form == "json" else None)
    if form == "markdown":
        return to_markdown(answer, code=code)
    return to_text(answer, code=code, colour=colour)
