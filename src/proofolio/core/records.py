"""The nouns of Proofolio, in the order in which a question meets them. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class DocumentKind(StrEnum):
    """What a document is, which decides how it is cut, what it can prove and how it is cited."""

    CODE = "code"
    NOTEBOOK = "notebook"
    SQL = "sql"
    CONFIG = "config"
    PROSE = "prose"
    METRICS = "metrics"
    IMAGE = "image"


class Rank(StrEnum):
    """How much a source can prove, strongest first: a README is a claim, an executed output is not."""

    OUTPUT = "output"
    CODE = "code"
    TEST = "test"
    RECORD = "record"
    CLAIM = "claim"


class Liveness(StrEnum):
    """Whether the thing that was found takes part in what runs."""

    LIVE = "live"
    IMPORTED_ONLY = "imported_only"
    COMMENTED = "commented"
    SKIPPED = "skipped"
    NEVER_RUN = "never_run"
    PROPOSED = "proposed"
    MENTIONED = "mentioned"


class Role(StrEnum):
    """The part that a statement plays in an answer; the values are part of the answer contract."""

    LEAD = "lead"
    EVIDENCE = "evidence"
    NUMBER = "number"
    REASON = "reason"
    TRADE_OFF = "trade_off"
    CONFLICT = "conflict"
    LIMIT = "limit"
    PREMISE = "premise"


class Status(StrEnum):
    """How an answer ended; the values are part of the answer contract."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    NOT_SHOWN = "not_shown"
    PREMISE_CORRECTED = "premise_corrected"
    REFUSED = "refused"


# --- what is read -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One place that a portfolio's work comes from.

    ``commit`` is 40 hexadecimal digits for a git source and None otherwise; ``dirty`` counts the
    files whose uncommitted changes were not read.
    """

    name: str
    kind: str  # "git" | "folder" | "archive"
    location: str
    commit: str | None = None
    remote: str | None = None
    dirty: int = 0
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that a source offers: its path inside the source, its size in bytes, a way to read it.

    ``blob`` identifies the content without reading it (a git object name, or size and mtime), so
    that a recompile can skip what has not changed.
    """

    path: str
    size: int
    blob: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the ingest report: what could not be read or was left out, and why."""

    source: str
    path: str
    what: str
    kind: str = "skipped"  # "skipped" | "unreadable" | "redacted" | "warning"


@dataclass(frozen=True, slots=True)
class Cell:
    """A notebook cell inside its document's text: lines ``start``..``end``, outputs from ``output``.

    Lines are 1-based and inclusive; ``output`` is None where the cell printed nothing.
    """

    index: int
    kind: str  # "code" | "markdown" | "raw"
    start: int
    end: int
    output: int | None = None
    executed: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that can be shown: an image file, a notebook plot or a Mermaid block."""

    source: str
    path: str
    cell: int | None
    caption: str
    mime: str
    line: int = 1  # where in the document's text it is drawn or captioned
    words: str = ""  # everything said about it: alt text, headings, plotting calls; for search
    data: bytes = b""  # PNG/JPEG/SVG bytes of a notebook plot; empty where the file itself is served


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the rest of the system sees it: decoded, redacted text with its provenance.

    ``text`` keeps the file's own line numbers, except for notebooks (cells in order, sources then
    outputs; ``cells`` maps lines to cells) and for PDF and DOCX (extracted text). ``sha256`` is of
    the raw file.
    """

    source: str
    path: str
    kind: DocumentKind
    language: str
    text: str
    sha256: str
    commit: str | None
    rank: Rank
    blob: str = ""
    cells: tuple[Cell, ...] = ()
    figures: tuple[Figure, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)  # e.g. {"dead": "nested workflow folder"}

    @property
    def name(self) -> str:
        """The file's own name, without its folders."""
        return self.path.rsplit("/", 1)[-1]

    def cell_at(self, line: int) -> Cell | None:
        """The notebook cell that holds the 1-based ``line`` of ``text``, or None."""
        for cell in self.cells:
            if cell.start <= line <= cell.end:
                return cell
        return None


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a document that can be searched and cited: 1-based, inclusive lines of its text."""

    start: int
    end: int
    context: str = ""  # headings or symbols that the span stands under
    cell: int | None = None
    symbol: str = ""


# --- what is known ------------------------------------------------------------------------------


class Evidence(NamedTuple):
    """A typed fact that a rule found at a place: what it shows, said in a sentence."""

    rule: str
    topics: tuple[str, ...]
    path: str
    source: str
    start: int
    end: int
    cell: int | None
    say: str
    values: Mapping[str, str]
    liveness: Liveness
    rank: Rank
    strength: int  # 1 hint, 2 shown, 3 telling
    matcher: str = ""


class TechnologyUse(NamedTuple):
    """How a technology appears in a portfolio: live use, or only a name."""

    technology: str
    liveness: Liveness
    source: str
    path: str
    start: int
    end: int
    cell: int | None
    how: str  # "called", "imported", "declared", "configured", "image", "mentioned"


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with its name, its split where one is stated, and its place."""

    name: str
    value: str
    split: str
    source: str
    path: str
    line: int
    cell: int | None
    rank: Rank


# --- what is said -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that supports a statement; ``quote`` equals the cited lines of the redacted text."""

    source: str
    path: str
    start: int | None
    end: int | None
    cell: int | None
    commit: str | None
    sha256: str
    quote: str

    def label(self) -> str:
        """``path:12-20@1a2b3c4``, or ``path#cell7@1a2b3c4`` for a notebook."""
        if self.cell is not None:
            place = f"{self.path}#cell{self.cell}"
        elif self.start is None:
            place = self.path
        elif self.end == self.start:
            place = f"{self.path}:{self.start}"
        else:
            place = f"{self.path}:{self.start}-{self.end}"
        return f"{place}@{self.commit[:7]}" if self.commit else place


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drafted statement says its support stands: lines of a document's text."""

    source: str
    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a draft wants to say, with the places that carry it."""

    text: str
    role: Role
    places: tuple[Place, ...] = ()
    searched: bool = False  # a limit that follows a search over everything


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement whose citations were re-read and whose numbers and names stand in them."""

    text: str
    role: Role
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureRef:
    """A figure that an answer shows."""

    source: str
    path: str
    cell: int | None
    caption: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class DraftAnswer:
    """What the composer (or a language model) would like to say; not fit to be shown."""

    question: str
    status: Status
    statements: tuple[Statement, ...]
    figures: tuple[FigureRef, ...] = ()
    topics: tuple[str, ...] = ()
    confidence: float = 0.0
    fallback: str = ""  # the honest sentence if nothing of the draft holds


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer: the only thing that a renderer takes. Made by the verifier alone."""

    question: str
    status: Status
    statements: tuple[VerifiedStatement, ...]
    figures: tuple[FigureRef, ...] = ()
    topics: tuple[str, ...] = ()
    confidence: float = 0.0
    elapsed_ms: float = 0.0
    id: str = ""
    dropped: int = 0

    @property
    def text(self) -> str:
        """Everything a reader would be shown, as plain text with its citations by label."""
        lines = []
        for statement in self.statements:
            labels = list(dict.fromkeys(c.label() for c in statement.citations))
            cited = f" [{'; '.join(labels)}]" if labels else ""
            lines.append(statement.text + cited)
        lines += [f"Figure: {f.caption} ({f.path})" for f in self.figures]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The answer object of the answer contract."""
        return {
            "id": self.id,
            "question": self.question,
            "status": str(self.status),
            "text": self.text,
            "statements": [
                {
                    "text": s.text,
                    "role": str(s.role),
                    "citations": [citation_json(c) for c in s.citations],
                }
                for s in self.statements
            ],
            "figures": [
                {"source": f.source, "path": f.path, "cell": f.cell, "caption": f.caption}
                for f in self.figures
            ],
            "topics": list(self.topics),
            "confidence": round(self.confidence, 3),
            "elapsed_ms": round(self.elapsed_ms, 2),
        }


def citation_json(citation: Citation) -> dict[str, Any]:
    """A citation in the shape of the answer contract: lines are null where a cell is given."""
    in_cell = citation.cell is not None
    return {
        "source": citation.source,
        "path": citation.path,
        "start": None if in_cell else citation.start,
        "end": None if in_cell else citation.end,
        "cell": citation.cell,
        "commit": citation.commit,
        "sha256": citation.sha256,
        "quote": citation.quote,
    }
