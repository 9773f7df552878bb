"""Turns answers, documents and errors into pages: what the templates are given, and nothing decided anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from proofolio.core.records import (
    Answer,
    Citation,
    Document,
    DocumentKind,
    Figure,
    FigureRef,
    Liveness,
    Role,
    Status,
)
from proofolio.readers.diagrams import MERMAID
from proofolio.rendering.clean import clean, one_line
from proofolio.rendering.html import cited_lines, inline_code
from proofolio.rendering.places import Footnotes
from proofolio.server.guard import HEADERS
from proofolio.workflows import MAX_QUESTION, Portfolio

MAX_TURNS = 4  # earlier questions that a follow-up is answered in the light of
SHOWABLE = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}
ENDED = {
    Status.ANSWERED: "Shown in this portfolio",
    Status.PARTIAL: "Shown in part",
    Status.NOT_SHOWN: "Not shown in this portfolio",
    Status.PREMISE_CORRECTED: "The question assumes something untrue",
    Status.REFUSED: "Not a question about this portfolio",
}
TAGS = {
    Role.REASON: "The reason, as written",
    Role.TRADE_OFF: "Trade-off",
    Role.CONFLICT: "Two sources disagree",
    Role.LIMIT: "Not shown",
    Role.PREMISE: "Correction",
}


def server_folder() -> Path:
    """Where templates and static files lie."""
    return Path(str(files("proofolio.server")))


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, with the address at which it is asked again in its own context."""

    question: str
    link: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as a page shows it: by its image, by its text (a diagram), or only by name."""

    caption: str
    place: str
    image: str = ""
    text: str = ""


class Pages:
    """The templates, over one open portfolio; callers take turns."""

    def __init__(self, portfolio: Portfolio, title: str) -> None:
        self._portfolio = portfolio
        # Everything is escaped whatever a template is called; a name that is missing is an error.
        self._templates = Environment(
            loader=FileSystemLoader(server_folder() / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(clean=clean, one_line=one_line, inline_code=inline_code)
        self._templates.globals.update(
            title=title,
            cite_link=cite_link,
            ask_link=ask_link,
            tags=TAGS,
            ended=ENDED,
            max_question=MAX_QUESTION,
        )

    def render(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template as a response."""
        return HTMLResponse(self._templates.get_template(name).render(**values), status, headers=HEADERS)

    def start(self) -> HTMLResponse:
        """The page before the first question: what could be asked, and what was read."""
        return self.render(
            "start.html",
            question="",
            before=[],
            starters=starters(self._portfolio),
            sources=self._portfolio.index.sources,
            kinds={"git": "git repository"},
        )

    def answer(self, question: str, before: Sequence[str], answer: Answer) -> HTMLResponse:
        """The page with an answer; ``before`` are the questions of this conversation, oldest first."""
        turns = [Turn(q, ask_link(q, before[:i])) for i, q in enumerate(before)]
        figures = dict(self._portfolio.figures())
        pictures = [self._picture(ref, figures.get(ref.id)) for ref in answer.figures]
        first = next((cite_link(c) for s in answer.statements for c in s.citations), "")
        beside = first or next((p.image for p in pictures if p.image), "")
        return self.render(
            "answer.html",
            asked=question,
            question="",
            footnotes=Footnotes(answer),
            answer=answer,
            turns=turns,
            pictures=pictures,
            beside=beside,
            before=[*before, question][-MAX_TURNS:],
        )

    def failed(self, message: str, question: str, before: Sequence[str]) -> HTMLResponse:
        """The page with what is wrong with a question, and the question to be mended."""
        return self.render(
            "error.html", 400, message=message, question=question[:MAX_QUESTION], before=list(before)
        )

    def error(self, status: int, message: str) -> HTMLResponse:
        """A plain page for an address that leads nowhere, or a fault."""
        return self.render("error.html", status, message=message, question="", before=[])

    def cited(self, document: Document, start: int, end: int) -> HTMLResponse:
        """A document with the cited lines marked, and the pictures that stand in their place."""
        cell = document.cell_at(start)
        shown = cited_lines(document, start, end)
        whole = document.kind is DocumentKind.IMAGE
        pictures = [
            self._picture(FigureRef(f.source, f.path, f.cell, f.caption, key), f)
            for key, f in self._portfolio.figures()
            if f.source == document.source and f.path == document.path
            and (whole or (f.cell is not None and cell is not None and f.cell == cell.index))
        ]  # fmt: skip
        if cell is not None:
            where = f"cell {cell.index}"
        elif whole:
            where = "picture"
        else:
            where = f"line {start}" if start == end else f"lines {start} to {end}"
            where += f" of {shown.total}"
        return self.render(
            "cite.html", document=document, where=where, shown=shown, pictures=pictures, whole=whole
        )

    def _picture(self, ref: FigureRef, figure: Figure | None) -> Picture:
        cell = f", cell {ref.cell}" if ref.cell is not None else ""
        caption, place = one_line(ref.caption), f"{one_line(ref.path)}{cell}"
        if figure is not None and figure.mime in SHOWABLE and self._portfolio.figure(ref.id) is not None:
            return Picture(caption, place, image=f"/figure/{ref.id}")
        if figure is not None and figure.mime == MERMAID:
            found = self._portfolio.figure(ref.id)
            return Picture(caption, place, text=found[1].decode("utf-8", "replace") if found else "")
        return Picture(caption, place)


def cite_link(citation: Citation) -> str:
    """The address of the page that shows a citation, scrolled to its first line."""
    start, end = citation.start or 1, citation.end or citation.start or 1
    query = urlencode({"source": citation.source, "path": citation.path, "start": start, "end": end})
    return f"/cite?{query}#L{start}"


def ask_link(question: str, before: Sequence[str] = ()) -> str:
    """The address that asks a question after others."""
    return f"/?{urlencode([('q', question), *(('h', earlier) for earlier in before[-MAX_TURNS:])])}"


def starters(portfolio: Portfolio, limit: int = 12) -> list[tuple[str, str]]:
    """(topic name, question) for the topics that the portfolio shows most of."""
    shown: list[tuple[int, str, str]] = []
    for topic in portfolio.topics.values():
        rules = {e.rule for e in portfolio.index.by_topic.get(topic.id, []) if e.liveness is Liveness.LIVE}
        if rules and topic.examples:
            shown.append((len(rules), topic.name, topic.examples[0]))
    shown.sort(key=lambda s: (-s[0], s[1]))
    return [(name, question) for _, name, question in shown[:limit]]
