"""Compiles a portfolio into its dossier: only what changed is read again, and nothing is lost on the way."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from filelock import FileLock, Timeout

from proofolio.core.errors import DossierError, PortfolioError
from proofolio.core.records import FileEntry, Problem, SourceInfo
from proofolio.core.version import __version__
from proofolio.retrieval.encoder import Encoder, quantise
from proofolio.settings import Settings
from proofolio.sources import Source, history, open_portfolio
from proofolio.store.dossier import Dossier

_CAPTIONING = (".md", ".rst", ".ipynb", ".py", ".r", ".html")
_BATCH = 64  # documents whose vectors are written together

Progress = Callable[[str, int, int], None]
Work = tuple[Source, list[FileEntry], list[FileEntry], list[str]]  # its files, those that changed, the paths that are gone


def quiet(what: str, done: int, total: int) -> None:
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


def compile_portfolio(spec: str, settings: Settings, progress: Progress = quiet) -> CompileReport:
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


def _write(dossier: Dossier, settings: Settings, work: Sequence[Work], report: CompileReport, progress: Progress, fresh: bool) -> None:
    # What reads a file is loaded where one has to be read: a portfolio that has not changed is asked without it.
    from proofolio.compiling_files import file_compiler
    from proofolio.crew import Crew, hands_for
    from proofolio.readers import caption_figures

    compile_one = file_compiler()
    total, done = sum(len(changed) for _, _, changed, _ in work), 0

    dossier.drop_sources(s.info.name for s, _, _, _ in work)
    earlier = {info.name: problems for info, problems, _ in dossier.sources()}
    with Crew(compile_one, hands_for(total)) as crew:
        for source, entries, changed, gone in work:
            name = source.info.name
            present, touched = {e.path for e in entries}, {e.path for e in changed}
            problems = [] if fresh else [p for p in earlier.get(name, []) if p.path in present - touched and p.kind != "warning"]
            dossier.put_source(source.info, problems, None)
            dossier.drop_documents(name, [*gone, *touched])
            report.removed += len(gone)
            unread = [] if fresh else [u for u in dossier.meta(f"unread:{name}").split("\n") if u.partition(" ")[2] in present - touched]
            for entry, (compiled, found) in crew.work((e, source.info) for e in changed):
                progress(f"reading {name}/{entry.path}", done, total)
                done += 1
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
    documents = [d for _, s, p in dossier.paths() if p.lower().endswith(_CAPTIONING) and (d := dossier.document(s, p))]
    dossier.update_figures(caption_figures([f for _, f in dossier.figures()], documents))


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


def make_vectors(path: Path, encoder: Encoder, progress: Progress = quiet) -> int:
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
