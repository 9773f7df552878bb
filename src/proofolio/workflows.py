"""The one façade: compile a portfolio, ask it, look at its evidence. The faces only translate."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from proofolio import __version__
from proofolio.answering.composer import Composer
from proofolio.answering.conversation import Conversation
from proofolio.core.errors import DossierError, PortfolioError, UnreadableFileError, UsageError
from proofolio.core.records import Answer, Document, DocumentKind, Figure, FileEntry, Problem, SourceInfo
from proofolio.evidence.extractor import Extractor
from proofolio.evidence.metrics import metrics_of
from proofolio.evidence.redaction import redact
from proofolio.evidence.registry import Registry, builtin_registry
from proofolio.evidence.rules import builtin_topics, compiled_rules
from proofolio.evidence.technologies import technology_uses
from proofolio.readers import caption_figures, is_lock, read, segment
from proofolio.retrieval.encoder import Encoder, open_encoder, quantise
from proofolio.retrieval.index import Index
from proofolio.settings import Settings
from proofolio.sources import Source, history, open_portfolio
from proofolio.store.dossier import Compiled, Dossier
from proofolio.verification.verifier import verify

MAX_QUESTION = 2_000
SOON = 1_500  # passages whose vectors are worth waiting for before a first answer: about one second
_MAX_IMAGE = 2_000_000
_BATCH = 64  # documents whose vectors are written together

Progress = Callable[[str, int, int], None]


def _quiet(what: str, done: int, total: int) -> None:
    """The progress of a caller that wants none."""


@dataclass(slots=True)
class CompileReport:
    """What a compile did: files read, unchanged and removed; what was skipped and redacted, and why."""

    dossier: Path
    read: int = 0
    unchanged: int = 0
    removed: int = 0
    problems: list[Problem] = field(default_factory=list)
    sources: list[SourceInfo] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    settings: Settings = field(default_factory=Settings)  # those that applied, proofolio.toml included

    @property
    def redacted(self) -> list[Problem]:
        """The secrets that were removed, by file; never their text."""
        return [p for p in self.problems if p.kind == "redacted"]


def dossier_path(spec: str, settings: Settings) -> Path:
    """Where the dossier of a portfolio lives: in the cache, by a digest of what was named."""
    if spec.endswith(".dossier"):
        return Path(spec)
    full = spec if "://" in spec or spec.startswith("git@") else str(Path(spec).expanduser().resolve())
    name = re.sub(r"[^\w.-]+", "-", full.rstrip("/").rsplit("/", 1)[-1])[:40] or "portfolio"
    return settings.cache_dir() / "dossiers" / f"{name}-{hashlib.sha256(full.encode()).hexdigest()[:12]}.dossier"


def compile_portfolio(spec: str, settings: Settings, progress: Progress = _quiet) -> CompileReport:
    """Bring a portfolio's dossier up to date; only what changed is read again.

    Raises PortfolioError where the portfolio cannot be read, DossierError where the dossier cannot
    be written. A compile that fails leaves the dossier that was there.
    """
    started = time.perf_counter()
    progress(f"opening {spec}", 0, 0)
    settings, sources = open_portfolio(spec, settings)
    path = dossier_path(spec, settings)
    report = CompileReport(path, settings=settings)
    try:
        with _locked(path):
            _compile(path, settings, sources, report, progress)
    finally:
        for source in sources:
            source.close()
    report.seconds = time.perf_counter() - started
    return report


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Compiles of one portfolio take turns, in whichever process."""
    lock = FileLock(f"{path}.lock", timeout=600)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise DossierError(f"Another compile has held {path} for ten minutes.", "Wait for it to end, or end it.") from error
    except OSError as error:
        raise DossierError(f"{path.parent} cannot be written: {error.strerror}.", "Set PROOFOLIO_CACHE to a folder that you can write.") from error
    try:
        yield
    finally:
        lock.release()


def _compile(path: Path, settings: Settings, sources: Sequence[Source], report: CompileReport, progress: Progress) -> None:
    dossier = Dossier(path, create=True)
    try:
        engine = f"{__version__} {_packs_digest()} {settings.emails} {settings.exclude}"
        fresh = dossier.meta("engine") != engine
        work = [(s, *_changes(s, dossier, fresh)) for s in sources]
        report.sources = [s.info for s, _, _, _ in work]
        report.unchanged = sum(len(entries) - len(changed) for _, entries, changed, _ in work)
        known = {info.name: info for info, _, _ in dossier.sources()}
        idle = not any(changed or gone for _, _, changed, gone in work)
        if not fresh and idle and known == {s.info.name: s.info for s in sources}:
            report.problems = [p for _, problems, _ in dossier.sources() for p in problems]
        else:
            with dossier.transaction():
                _write(dossier, settings, work, report, progress, fresh)
                dossier.set_meta("engine", engine)
                dossier.set_meta("spec", ";".join(s.info.location for s in sources))
        report.counts = dossier.counts()
        if not report.counts["documents"]:
            raise PortfolioError("Nothing in the portfolio can be read as evidence.", "Point at a folder or repository with code, notebooks, SQL, configuration or documents.")
    finally:
        dossier.close()


def _packs_digest() -> str:
    root = Path(str(files("proofolio").joinpath("packs")))
    stats = sorted((str(p.relative_to(root)), p.stat().st_size, p.stat().st_mtime_ns) for p in root.rglob("*.yaml"))
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]


def _changes(source: Source, dossier: Dossier, fresh: bool) -> tuple[list[FileEntry], list[FileEntry], list[str]]:
    entries = list(source.entries())
    known = {} if fresh else dossier.blobs(source.info.name)
    unread = set(dossier.meta(f"unread:{source.info.name}").split("\n"))
    changed = [e for e in entries if known.get(e.path) != e.blob and (fresh or f"{e.blob} {e.path}" not in unread)]
    gone = sorted(set(dossier.blobs(source.info.name)) - {e.path for e in entries})
    return entries, changed, gone


def _write(dossier: Dossier, settings: Settings, work: Sequence[tuple[Source, list[FileEntry], list[FileEntry], list[str]]], report: CompileReport, progress: Progress, fresh: bool) -> None:
    extractor, registry = Extractor(compiled_rules()), builtin_registry()
    total, done = sum(len(changed) for _, _, changed, _ in work), 0
    dossier.drop_sources(s.info.name for s, _, _, _ in work)
    earlier = {info.name: problems for info, problems, _ in dossier.sources()}
    for source, entries, changed, gone in work:
        name = source.info.name
        present, touched = {e.path for e in entries}, {e.path for e in changed}
        problems = [] if fresh else [p for p in earlier.get(name, []) if p.path in present - touched and p.kind != "warning"]
        dossier.put_source(source.info, problems, None)
        dossier.drop_documents(name, [*gone, *touched])
        report.removed += len(gone)
        unread = [] if fresh else [u for u in dossier.meta(f"unread:{name}").split("\n") if u.partition(" ")[2] in present - touched]
        for entry in changed:
            progress(f"reading {name}/{entry.path}", done, total)
            done += 1
            compiled, found = compile_file(entry, source.info, extractor, registry)
            problems += found
            if compiled is None:
                unread.append(f"{entry.blob} {entry.path}")
                continue
            dossier.put(compiled)
            report.read += 1
        dossier.set_meta(f"unread:{name}", "\n".join(unread))
        problems += list(source.problems)
        dossier.put_source(source.info, problems, _history(source, settings))
        report.problems += problems
    progress("captions", total, total)
    documents = [d for _, s, p in dossier.paths() if p.lower().endswith((".md", ".rst", ".ipynb", ".py", ".r", ".html")) and (d := dossier.document(s, p))]
    dossier.update_figures(caption_figures([f for _, f in dossier.figures()], documents))


def compile_file(entry: FileEntry, info: SourceInfo, extractor: Extractor, registry: Registry) -> tuple[Compiled | None, list[Problem]]:
    """One file as the dossier takes it, with what the ingest report says of it."""
    problems: list[Problem] = []

    def cleaned(text: str, path: str) -> str:
        result = redact(text, path)
        kinds: dict[str, list[int]] = {}
        for found in result.found:
            kinds.setdefault(found.kind, []).append(found.line)
        problems.extend(Problem(info.name, path, f"{kind} redacted ({len(lines)} place{'s' * (len(lines) > 1)})", "redacted") for kind, lines in kinds.items())
        return result.text

    try:
        document = read(entry, info, cleaned)
        document = _with_image(document, entry) if document is not None else None
    except UnreadableFileError as error:
        return None, [*problems, Problem(info.name, entry.path, str(error), "unreadable")]
    except OSError as error:
        return None, [*problems, Problem(info.name, entry.path, f"cannot be read: {error.strerror}", "unreadable")]
    if document is None:
        return None, [*problems, Problem(info.name, entry.path, "binary, generated or minified", "skipped")]
    if is_lock(entry.path):
        return Compiled(document, (), (), technology_uses(document, registry), ()), problems
    return Compiled(document, segment(document), extractor.extract(document), technology_uses(document, registry), metrics_of(document)), problems


def _with_image(document: Document, entry: FileEntry) -> Document:
    """An image file's bytes go into the dossier, so that what is shown is what was read."""
    if document.kind is not DocumentKind.IMAGE or entry.size > _MAX_IMAGE:
        return document
    data = entry.read()
    return replace(document, figures=tuple(replace(f, data=data) for f in document.figures))


def _history(source: Source, settings: Settings) -> object:
    recorded = history(source)
    if recorded is None:
        return None
    mine = {e.lower() for e in settings.emails}
    authors = [
        {"name": a.name, "email_is_candidate": a.email.lower() in mine, "candidate": a.email.lower() in mine, "commits": a.commits,
         "first": a.first, "last": a.last, "added": a.added, "removed": a.removed}
        for a in recorded.authors
    ]
    return {"authors": authors}


def make_vectors(path: Path, encoder: Encoder, progress: Progress = _quiet) -> int:
    """Encode the passages that have no vectors yet; returns how many documents were encoded."""
    import numpy as np

    with _locked(path):
        dossier = Dossier(path)
        try:
            missing = dossier.without_vectors(encoder.name)
            for begin in range(0, len(missing), _BATCH):
                with dossier.transaction():
                    for done, (key, source, name) in enumerate(missing[begin : begin + _BATCH], begin):
                        progress(f"vectors {source}/{name}", done, len(missing))
                        document = dossier.document(source, name)
                        passages = dossier.passages_of(source, name)
                        lines = document.text.split("\n") if document else []
                        texts = [f"{name} {p.symbol} {p.context}\n" + "\n".join(lines[p.first - 1 : p.last]) for p in passages]
                        ids = np.array([p.id for p in passages], np.int64).tobytes()
                        dossier.put_vectors(key, encoder.name, ids, quantise(encoder.encode(texts)))
            return len(missing)
        finally:
            dossier.close()


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
        self.index = Index(self._dossier, self.encoder)
        self._composer = Composer(self.index, self.topics, self.settings.voice)

    @contextmanager
    def _current(self) -> Iterator[None]:
        """One state of the dossier for the whole of an answer: the newest, whoever compiled it meanwhile."""
        with self._dossier.snapshot() as changed:
            if changed:
                self._load()
            yield

    def ask(self, question: str, conversation: Conversation | None = None) -> Answer:
        """Answer a question; a conversation gives follow-ups their context and remembers this turn.

        Raises UsageError for a question that is empty or longer than 2,000 characters.
        """
        started = time.perf_counter()
        question = without_surrogates(question)
        asked = clean_question(question)
        talk = conversation if conversation is not None else Conversation()
        with self._current():
            plan = talk.understand(asked, self.topics, self.index.nearest(asked, self._examples))
            answer = verify(self._composer.draft(plan, talk.focus()), self._dossier)
        talk.remember(plan, answer)
        return replace(answer, question=question, elapsed_ms=(time.perf_counter() - started) * 1000)

    def pending_vectors(self) -> int:
        """How many documents have no vectors yet."""
        return len(self._dossier.without_vectors(self.encoder.name)) if self.encoder else 0

    def make_vectors(self, progress: Progress = _quiet) -> None:
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


def open_compiled(spec: str, settings: Settings, progress: Progress = _quiet, *, vectors: str = "soon") -> Portfolio:
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
