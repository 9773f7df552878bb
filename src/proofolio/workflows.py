"""The one façade: compile a portfolio, ask it, look at its evidence. The faces only translate."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from proofolio.answering.composer import Composer
from proofolio.answering.conversation import Conversation
from proofolio.answering.statements import with_own_words
from proofolio.compiling import CompileReport, Progress, compile_portfolio, make_vectors, quiet
from proofolio.core.errors import DossierError, PortfolioError, UsageError
from proofolio.core.records import Answer, Document, Figure
from proofolio.evidence.rules import builtin_topics
from proofolio.retrieval.encoder import open_encoder
from proofolio.retrieval.index import Index
from proofolio.settings import Settings
from proofolio.store.dossier import Dossier
from proofolio.verification.verifier import verify

MAX_QUESTION = 2_000
SOON = 1_500  # passages whose vectors are worth waiting for before a first answer: about one second


class Portfolio:
    """A compiled portfolio that answers questions. Open one a thread; close it when done."""

    def __init__(self, dossier: Path, settings: Settings, report: CompileReport | None = None) -> None:
        self._dossier = Dossier(dossier)
        self.path = dossier
        self.settings = settings
        self.report = report
        self.encoder = open_encoder(settings.encoder)
        self.topics = builtin_topics()
        self._examples = {key: topic.examples for key, topic in self.topics.items()}
        self._load()

    def _load(self) -> None:
        self.index = Index(self._dossier, self.encoder, self.settings.cache_dir() / "texts")
        self._composer = Composer(self.index, self.topics, self.settings.voice)

    @contextmanager
    def _current(self) -> Iterator[None]:
        """One state of the dossier for the whole of an answer: the newest, whoever compiled it meanwhile."""
        with self._dossier.snapshot() as changed:
            if changed:
                self._load()
            yield

    def ask(self, question: str, conversation: Conversation | None = None, asker: str | None = None) -> Answer:
        """Answer a question; a conversation gives follow-ups their context and remembers this turn.

        ``asker`` is the trade of the one who asks ("data-engineering"), whose topics are meant where several fit.
        Raises UsageError for a question that is empty or longer than 2,000 characters.
        """
        started = time.perf_counter()
        question = without_surrogates(question)
        asked = clean_question(question)
        talk = conversation if conversation is not None else Conversation()
        with self._current():
            plan = talk.understand(asked, self.topics, self.index.nearest(asked, self._examples), asker or "")
            draft = with_own_words(self._composer.draft(plan, talk.focus()), plan, self.index, self.settings.voice)
            answer = verify(draft, self._dossier)
        talk.remember(plan, answer)
        return replace(answer, question=question, elapsed_ms=(time.perf_counter() - started) * 1000)

    def pending_vectors(self) -> int:
        """How many documents have no vectors yet."""
        return len(self._dossier.without_vectors(self.encoder.name)) if self.encoder else 0

    def make_vectors(self, progress: Progress = quiet) -> None:
        """Make the vectors that are missing and use them from the next question on."""
        if self.encoder is not None and make_vectors(self.path, self.encoder, progress):
            self.index.forget_vectors()

    def figure(self, key: int) -> tuple[str, bytes] | None:
        """(mime, bytes) of a figure, or None."""
        with self._current():
            found = self._dossier.figure_bytes(key)
        return (found[2], found[3]) if found and found[3] else None

    def document(self, source: str, path: str) -> Document | None:
        """A document, for showing what is cited in its place."""
        with self._current():
            return self._dossier.document(source, path)

    def figures(self) -> list[tuple[int, Figure]]:
        """All figures with their ids."""
        with self._current():
            return self.index.figures

    def close(self) -> None:
        """Close the dossier."""
        self._dossier.close()

    def __enter__(self) -> Portfolio:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def without_surrogates(text: str) -> str:
    """``text`` as a file or a database can hold it: what was no character becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_question(question: str) -> str:
    """A question fit to be planned; raises UsageError saying what is wrong with one that is not."""
    text = " ".join(without_surrogates(question).replace("\x00", " ").split())
    if not text:
        raise UsageError("The question is empty.", 'Ask one, for example "How did you validate the model?"')
    if len(text) > MAX_QUESTION:
        raise UsageError(f"The question has {len(text):,} characters.", f"Ask in at most {MAX_QUESTION:,}.")
    if not re.search(r"\w", text):
        raise UsageError("The question has no words.", 'Ask in words, for example "How did you validate the model?"')
    return text


def open_compiled(spec: str, settings: Settings, progress: Progress = quiet, *, vectors: str = "soon") -> Portfolio:
    """Compile what changed and open the portfolio.

    ``vectors``: "now" waits for them, "soon" waits only where they take about a second, "later" leaves them.
    """
    if spec.endswith(".dossier") and Path(spec).is_file():
        try:
            return Portfolio(Path(spec), settings)
        except DossierError as error:
            raise PortfolioError(error.what, "Compile it again from the portfolio itself.") from error
    report = compile_portfolio(spec, settings, progress)
    portfolio = Portfolio(report.dossier, report.settings, report)
    if vectors == "now" or (vectors == "soon" and report.counts.get("passages", 0) <= SOON):
        portfolio.make_vectors(progress)
    return portfolio


def ask(portfolio: str | Path, question: str, settings: Settings | None = None) -> Answer:
    """Ask one question of a folder, repository, archive or URL; compiles first where needed."""
    with open_compiled(str(portfolio), settings or Settings()) as opened:
        return opened.ask(question)


def check_questions(questions: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The questions of a file with their ids, fit to be asked in order.

    Raises UsageError for an entry without a question that can be asked, or with an ``after`` that
    names no earlier one: before anything is compiled or answered.
    """
    checked: list[dict[str, str]] = []
    seen: set[str] = set()
    for number, entry in enumerate(questions, 1):
        key, question, before = entry.get("id"), entry.get("question"), entry.get("after")
        key = str(number if key is None else key)
        if not isinstance(question, str):
            raise UsageError(f"Question {key} has no text.", 'Each line is {"id": ..., "question": ...}.')
        try:
            clean_question(question)
        except UsageError as error:
            raise UsageError(f"Question {key}: {error.what}", error.try_next) from error
        if before is not None and str(before) not in seen:
            raise UsageError(f"Question {key} comes after {str(before)!r}, which is no earlier question.", "Name one above it.")
        seen.add(key)
        checked.append({"id": key, "question": question} | ({"after": str(before)} if before is not None else {}))
    return checked


def ask_many(portfolio: Portfolio, questions: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
    """Answer the questions of a file in order; ``after`` gives a question its conversation.

    Raises UsageError, before the first answer, where ``check_questions`` does.
    """
    talks: dict[str, Conversation] = {}
    for entry in check_questions(questions):
        earlier = talks[entry["after"]] if "after" in entry else Conversation()
        talk = Conversation(list(earlier.plans), list(earlier.places))
        answer = portfolio.ask(entry["question"], talk)
        talks[entry["id"]] = talk
        yield replace(answer, id=entry["id"])
