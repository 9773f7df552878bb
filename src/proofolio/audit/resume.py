"""Reads a résumé that lies outside of the portfolio, as any other document: redacted, with lines to cite."""

from __future__ import annotations

from pathlib import Path

from proofolio.core.errors import PortfolioError, UnreadableFileError
from proofolio.core.records import Document, FileEntry, Rank, SourceInfo
from proofolio.evidence.redaction import redact
from proofolio.readers import read

MAX_BYTES = 20_000_000
NAME = "resume"


def read_resume(path: Path) -> Document:
    """The résumé in a Markdown, text, PDF, DOCX or JSON Resume file.

    Raises PortfolioError where the file cannot be read as text.
    """
    try:
        raw = path.read_bytes()[:MAX_BYTES]
    except OSError as error:
        raise PortfolioError(f"The résumé {path} cannot be read: {error.strerror}.", "Name a Markdown, text, PDF, DOCX or JSON file.") from error
    # Whatever its name is, it was given as a résumé.
    name = path.name if "resume" in path.name.lower() else f"resume-{path.name}"
    try:
        document = read(FileEntry(name, len(raw), "", lambda: raw), SourceInfo(NAME, "folder", str(path)), lambda text, where: redact(text, where).text)
    except UnreadableFileError as error:
        raise PortfolioError(f"The résumé cannot be read. {error.what}", error.try_next) from error
    if document is None or not document.text.strip():
        raise PortfolioError(f"The résumé {path} holds no text.", "Name a Markdown, text, PDF, DOCX or JSON file.")
    assert document.rank is Rank.CLAIM
    return document
