"""The one error tree. Each message says what failed, on which input, and what to try next."""

from __future__ import annotations


class ProofolioError(Exception):
    """Anything that Proofolio itself reports; ``exit_status`` is what the command line ends with."""

    exit_status = 1

    def __init__(self, what: str, try_next: str = "") -> None:
        self.what = what
        self.try_next = try_next
        super().__init__(f"{what} {try_next}".strip())


class UsageError(ProofolioError):
    """The request itself makes no sense: an empty question, a bad option, a bad configuration."""

    exit_status = 2


class PortfolioError(ProofolioError):
    """The portfolio cannot be read at all: no such path, no permission, nothing in it."""

    exit_status = 3


class UnreadableFileError(ProofolioError):
    """One file cannot be read; the ingest notes it and goes on."""


class PackError(ProofolioError):
    """A rule, topic or technology file is malformed."""

    exit_status = 2


class DossierError(ProofolioError):
    """The dossier cannot be written or opened: disk full, locked, made by a newer version."""
