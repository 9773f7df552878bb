"""The page: a question box, the answer, each citation opening its code beside it. Plain HTML, no script."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, select_autoescape

from proofolio import __version__
from proofolio.answering.conversation import Conversation
from proofolio.core.errors import ProofolioError, UsageError
from proofolio.core.records import Answer, Liveness
from proofolio.rendering.clean import clean
from proofolio.rendering.html import code_table, inline_code
from proofolio.workflows import Portfolio

MAX_TURNS = 4
CONTEXT_LINES = 12
_CSP = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SHOWABLE = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}
Next = Callable[[Request], Awaitable[Response]]


def make_app(portfolio: Portfolio, title: str) -> FastAPI:
    """The web application over one open portfolio; requests take turns with its dossier."""
    app = FastAPI(title="Proofolio", version=__version__, docs_url=None, redoc_url=None)
    here = Path(str(files("proofolio.server")))
    templates = Environment(loader=FileSystemLoader(here / "templates"), autoescape=select_autoescape(default=True, default_for_string=True))
    templates.filters["inline_code"] = inline_code
    templates.filters["clean"] = clean
    app.mount("/static", StaticFiles(directory=here / "static"), name="static")
    turn = threading.Lock()

    @app.middleware("http")
    async def guard(request: Request, call_next: Next) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(ProofolioError)
    async def failed(request: Request, error: ProofolioError) -> Response:
        status = 400 if isinstance(error, UsageError) else 500
        if request.url.path.startswith("/api/"):
            return JSONResponse({"title": str(error), "status": status}, status, media_type="application/problem+json")
        return page("error.html", status, message=str(error))

    def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(templates.get_template(name).render(title=title, **values), status)

    def answer(question: str, before: Sequence[str]) -> Answer:
        with turn:
            talk = Conversation()
            for earlier in before[-MAX_TURNS:]:
                portfolio.ask(earlier, talk)
            return portfolio.ask(question, talk)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def home(q: str = "", h: list[str] = Query(default=[])) -> HTMLResponse:  # noqa: B008
        """The page; ``q`` is the question, ``h`` the questions before it."""
        if not q.strip():
            with turn:
                return page("page.html", question="", answer=None, before=[], starters=starters(portfolio), sources=portfolio.index.sources)
        given = answer(q, h)
        return page("page.html", question=q, answer=given, before=[*h, q][-MAX_TURNS:], starters=[], sources=[])

    @app.get("/cite", response_class=HTMLResponse, include_in_schema=False)
    def cite(source: str, path: str, start: int = Query(ge=1), end: int = Query(ge=1)) -> HTMLResponse:
        """The cited lines, highlighted, with the lines around them."""
        with turn:
            document = portfolio.document(source, path)
        if document is None:
            raise HTTPException(404, "No such document in this portfolio.")
        total = document.text.count("\n") + 1
        first, last = max(1, start - CONTEXT_LINES), min(total, end + CONTEXT_LINES)
        cell = document.cell_at(start)
        if cell is not None:
            first, last = cell.start, cell.end
        return page(
            "cite.html", path=path, source=source, commit=document.commit, cell=cell, start=start, end=end,
            table=code_table(document.text, document.language, first, last, start, end),
        )

    @app.get("/figure/{key}", include_in_schema=False)
    def figure(key: int) -> Response:
        """A picture; SVG is served without the right to run anything."""
        with turn:
            found = portfolio.figure(key)
        if found is None or found[0] not in _SHOWABLE:
            raise HTTPException(404, "No such picture in this portfolio.")
        return Response(found[1], media_type=found[0], headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"})

    @app.get("/diagram/{key}", response_class=HTMLResponse, include_in_schema=False)
    def diagram(key: int) -> HTMLResponse:
        """A Mermaid diagram as its text."""
        with turn:
            found = portfolio.figure(key)
        if found is None or not found[0].startswith("text/"):
            raise HTTPException(404, "No such diagram in this portfolio.")
        return page("diagram.html", text=found[1].decode("utf-8", "replace"))

    @app.get("/api/ask")
    def api_ask(question: str = Query(max_length=20_000), before: list[str] = Query(default=[])) -> dict[str, Any]:  # noqa: B008
        """Ask a question; ``before`` are the questions of the conversation so far, oldest first."""
        return answer(question, before).to_json()

    return app


def starters(portfolio: Portfolio, limit: int = 12) -> list[tuple[str, str]]:
    """(topic name, question) for the topics that the portfolio shows most of."""
    shown: list[tuple[int, str, str]] = []
    for topic in portfolio.topics.values():
        rules = {e.rule for e in portfolio.index.by_topic.get(topic.id, []) if e.liveness is Liveness.LIVE}
        if rules and topic.examples:
            shown.append((len(rules), topic.name, topic.examples[0]))
    shown.sort(key=lambda s: (-s[0], s[1]))
    return [(name, question) for _, name, question in shown[:limit]]
