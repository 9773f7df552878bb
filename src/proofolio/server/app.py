"""The web application: a question box, the answer, each citation opening its code beside it. No script."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from proofolio import __version__
from proofolio.answering.conversation import Conversation
from proofolio.core.errors import ProofolioError, UsageError
from proofolio.core.records import Answer
from proofolio.server.guard import HEADERS, PICTURE_CSP, Guard
from proofolio.server.pages import MAX_TURNS, SHOWABLE, Pages, server_folder
from proofolio.workflows import Portfolio

MAX_LINE_NUMBER = 10_000_000
MAX_KEY = 2**62
_PLAIN = {
    404: "There is no such page here.",
    405: "This address can only be read.",
    500: "Something went wrong on this side. The log of the server says where.",
}
Line = Annotated[int, Query(ge=1, le=MAX_LINE_NUMBER)]
Questions = Annotated[list[str], Query()]


def make_app(portfolio: Portfolio, title: str, *, hosts: Collection[str] = ()) -> FastAPI:
    """The web application over one open portfolio; requests take turns with its dossier.

    ``hosts`` are the host names that the server answers to; empty for any.
    """
    app = FastAPI(title="Proofolio", version=__version__, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=server_folder() / "static"), name="static")
    app.add_middleware(Guard, hosts=hosts)
    pages = Pages(portfolio, title)
    turn = threading.Lock()

    def answer(question: str, before: Sequence[str]) -> Answer:
        talk = Conversation()
        for earlier in before[-MAX_TURNS:]:
            portfolio.ask(earlier, talk)
        return portfolio.ask(question, talk)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def home(q: str = "", h: Questions = []) -> HTMLResponse:  # noqa: B006
        """The page; ``q`` is the question, ``h`` the questions before it."""
        with turn:
            if not q.strip():
                return pages.start()
            before = [earlier for earlier in h if earlier.strip()][-MAX_TURNS:]
            try:
                return pages.answer(q, before, answer(q, before))
            except UsageError as error:
                return pages.failed(str(error), q, before)

    @app.get("/cite", response_class=HTMLResponse, include_in_schema=False)
    def cite(source: str, path: str, start: Line, end: Line) -> HTMLResponse:
        """The cited lines, highlighted, with the lines around them. Reads the dossier, never a file."""
        with turn:
            document = portfolio.document(source, path)
            if document is None:
                raise HTTPException(404, "There is no such document in this portfolio.")
            if not start <= end <= document.text.count("\n") + 1:
                raise HTTPException(404, "The document has no such lines.")
            return pages.cited(document, start, end)

    @app.get("/figure/{key}", include_in_schema=False)
    def figure(key: Annotated[int, Path(ge=0, le=MAX_KEY)]) -> Response:
        """A picture; an SVG is served without the right to run or load anything."""
        with turn:
            found = portfolio.figure(key)
        if found is None or found[0] not in SHOWABLE:
            raise HTTPException(404, "There is no such picture in this portfolio.")
        return Response(found[1], media_type=found[0], headers={"Content-Security-Policy": PICTURE_CSP})

    @app.get("/api/ask", summary="Ask a question")
    def api_ask(
        question: Annotated[str, Query(max_length=20_000, description="As an interviewer would ask it.")],
        before: Annotated[list[str], Query(description="The questions before it, oldest first.")] = [],  # noqa: B006
    ) -> dict[str, Any]:
        """An answer object: status, statements with their citations, figures, topics."""
        with turn:
            return answer(question, before).to_json()

    @app.get("/healthz", response_class=PlainTextResponse, summary="Whether the server answers")
    def health() -> str:
        """``ok``."""
        return "ok\n"

    _handle_errors(app, pages)
    return app


def _handle_errors(app: FastAPI, pages: Pages) -> None:
    """Every error is a plain page; under /api/ a problem document (RFC 9457)."""

    def respond(
        request: Request, status: int, message: str, headers: dict[str, str] | None = None
    ) -> Response:
        if request.url.path.startswith("/api/"):
            problem = {"title": message, "status": status}
            response: Response = JSONResponse(problem, status, HEADERS, media_type="application/problem+json")
        else:
            response = pages.error(status, message)
        response.headers.update(headers or {})
        return response

    @app.exception_handler(StarletteHTTPException)
    async def http(request: Request, error: StarletteHTTPException) -> Response:
        # The framework's own words for a status ("Not Found") say less than ours.
        mine = isinstance(error, HTTPException)
        message = error.detail if mine else _PLAIN.get(error.status_code, error.detail)
        return respond(request, error.status_code, message, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        names = ", ".join(dict.fromkeys(str(e["loc"][-1]) for e in error.errors()))
        if any(e["loc"][0] == "path" for e in error.errors()):
            return respond(request, 404, _PLAIN[404])
        return respond(request, 400, f"The address is not complete or not valid: {names}.")

    @app.exception_handler(ProofolioError)
    async def failed(request: Request, error: ProofolioError) -> Response:
        return respond(request, 400 if isinstance(error, UsageError) else 500, str(error))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return respond(request, 500, _PLAIN[500])
