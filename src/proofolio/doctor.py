"""Looks at the installation: is it sound, what is degraded, and why."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proofolio import __version__
from proofolio.core.errors import ProofolioError


@dataclass(frozen=True, slots=True)
class Check:
    """One look: its name, whether it is well, what was seen or what to do, whether it must be well."""

    name: str
    ok: bool
    detail: str
    required: bool = True


def diagnose() -> Iterator[Check]:
    """Every check in turn; none of them touches the network or a portfolio."""
    yield Check("proofolio", True, f"{__version__} on Python {sys.version.split()[0]}")
    yield _git()
    yield _fts()
    yield _cache()
    yield _try("rule packs", _packs)
    yield _try("syntax parser", _parser)
    yield _try("dense encoder", _encoder, required=False)
    yield _try("PDF reader", _pdf, required=False)


def _try(name: str, look: Callable[[], str], required: bool = True) -> Check:
    try:
        return Check(name, True, look(), required)
    except (ImportError, OSError, ValueError, ProofolioError) as error:
        return Check(name, False, f"{error} Reinstall proofolio.", required)


def _git() -> Check:
    path = shutil.which("git")
    if path is None:
        return Check("git", False, "not found: repositories cannot be read at a commit. Install git.")
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Check("git", False, f"{path} does not run ({type(error).__name__}). Install git again.")
    return Check("git", True, said.stdout.strip())


def _fts() -> Check:
    try:
        sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE t USING fts5(x)")
    except sqlite3.Error as error:
        return Check(
            "SQLite",
            False,
            f"{sqlite3.sqlite_version} without full-text search ({error}). Use a Python built with FTS5.",
        )
    return Check("SQLite", True, f"{sqlite3.sqlite_version} with full-text search")


def _cache() -> Check:
    from proofolio.settings import load_settings

    folder = load_settings().cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("cache", False, f"{folder} cannot be written: {error.strerror}. Set PROOFOLIO_CACHE.")
    return Check("cache", True, f"{Path(folder)} ({free / 1e9:.1f} GB free)")


def _packs() -> str:
    from proofolio.evidence.registry import builtin_registry
    from proofolio.evidence.rules import builtin_rules, builtin_topics

    return f"{len(builtin_rules())} rules, {len(builtin_topics())} topics, {len(builtin_registry().technologies)} technologies"


def _parser() -> str:
    from ast_grep_py import SgRoot

    return (
        "ast-grep reads code"
        if SgRoot("x = 1", "python").root().find(pattern="$A = $B")
        else "ast-grep does not match"
    )


def _encoder() -> str:
    from proofolio.retrieval.encoder import StaticEncoder

    encoder = StaticEncoder()
    encoder.encode(["ready"])
    return f"{encoder.name} loads; questions are matched by meaning too"


def _pdf() -> str:
    import pypdf

    return f"pypdf {pypdf.__version__}"
