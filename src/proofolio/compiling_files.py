"""Reads one file for the dossier: its text without secrets, passages, evidence, technologies and numbers."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from proofolio.core.errors import UnreadableFileError
from proofolio.core.records import Document, DocumentKind, FileEntry, Problem, SourceInfo
from proofolio.evidence.extractor import Extractor
from proofolio.evidence.metrics import metrics_of
from proofolio.evidence.redaction import redact
from proofolio.evidence.registry import Registry, builtin_registry
from proofolio.evidence.rules import compiled_rules
from proofolio.evidence.technologies import technology_uses
from proofolio.readers import is_lock, read, segment
from proofolio.store.dossier import Compiled

MAX_IMAGE = 2_000_000  # bytes up to which an image file is kept in the dossier


def file_compiler() -> Callable[[FileEntry, SourceInfo], tuple[Compiled | None, list[Problem]]]:
    """What compiles one file after another, with the rules and technologies that ship with the package."""
    extractor, registry = Extractor(compiled_rules()), builtin_registry()

    def compile_one(entry: FileEntry, info: SourceInfo) -> tuple[Compiled | None, list[Problem]]:
        return compile_file(entry, info, extractor, registry)

    return compile_one


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
        compiled = _compiled(entry, info, extractor, registry, cleaned)
    except UnreadableFileError as error:
        return None, [*problems, Problem(info.name, entry.path, str(error), "unreadable")]
    except OSError as error:
        return None, [*problems, Problem(info.name, entry.path, f"cannot be read: {error.strerror}", "unreadable")]
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A fault of ours in one file must not cost the others. Its text may hold what was to be redacted: the type alone is told.
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"cannot be read: a fault of proofolio ({type(error).__name__} in {Path(place.filename).name}:{place.lineno}); please report it"
        return None, [*problems, Problem(info.name, entry.path, told, "unreadable")]
    if compiled is None:
        return None, [*problems, Problem(info.name, entry.path, "binary, generated or minified", "skipped")]
    return compiled, problems


def _compiled(entry: FileEntry, info: SourceInfo, extractor: Extractor, registry: Registry, cleaned: Callable[[str, str], str]) -> Compiled | None:
    document = read(entry, info, cleaned)
    if document is None:
        return None
    document = _with_image(document, entry)
    if is_lock(entry.path) or "statement" in document.flags:  # own words are no evidence, and are found by their question
        return Compiled(document, (), (), technology_uses(document, registry), ())
    return Compiled(document, segment(document), extractor.extract(document), technology_uses(document, registry), metrics_of(document))


def _with_image(document: Document, entry: FileEntry) -> Document:
    """An image file's bytes go into the dossier, so that what is shown is what was read."""
    if document.kind is not DocumentKind.IMAGE or entry.size > MAX_IMAGE:
        return document
    data = entry.read()
    return replace(document, figures=tuple(replace(f, data=data) for f in document.figures))
