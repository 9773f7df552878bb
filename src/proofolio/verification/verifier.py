"""The only maker of answers: re-reads each cited place and keeps what stands there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from proofolio.core.records import (
    Answer,
    Citation,
    Document,
    DraftAnswer,
    FigureRef,
    Place,
    Role,
    Statement,
    Status,
    VerifiedStatement,
)

MAX_QUOTE_LINES = 40
_FRAGMENT = re.compile(r"`([^`]+)`")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*%?(?![\w])")
_SMALL = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_SPACE = re.compile(r"\s+")


class Library(Protocol):
    """Where documents are looked up again: a dossier."""

    def document(self, source: str, path: str) -> Document | None:
        """The stored document, or None."""
        ...


def verify(draft: DraftAnswer, library: Library) -> Answer:
    """Check a draft statement by statement; a statement that fails is dropped, an empty draft abstains.

    A statement holds when each of its places exists and every number and every `identifier` in it
    stands in what it cites. A limit needs no citation; every other statement needs one that resolves.
    """
    kept: list[VerifiedStatement] = []
    dropped = 0
    for statement in draft.statements:
        citations = tuple(c for p in statement.places if (c := resolve(p, library)))
        if not holds(statement, citations, library):
            dropped += 1
            continue
        kept.append(VerifiedStatement(statement.text, statement.role, citations))
    status = draft.status
    said = [s for s in kept if s.role is not Role.LIMIT]
    if not said and (dropped or not kept) and status not in {Status.REFUSED, Status.NOT_SHOWN}:
        status = Status.NOT_SHOWN
    if not kept:
        kept = [VerifiedStatement(draft.fallback or "The portfolio does not show this.", Role.LIMIT)]
    return Answer(draft.question, status, tuple(kept), draft.figures, draft.topics, draft.confidence, dropped=dropped)


def resolve(place: Place, library: Library) -> Citation | None:
    """The citation for a place, quoted anew from the stored document; None where it does not exist."""
    document = library.document(place.source, place.path)
    if document is None:
        return None
    lines = document.text.split("\n")
    if not (1 <= place.start <= place.end <= len(lines)):
        return None
    end = min(place.end, place.start + MAX_QUOTE_LINES - 1)
    quote = "\n".join(lines[place.start - 1 : end])
    cell = document.cell_at(place.start)
    return Citation(
        document.source, document.path, place.start, end, cell.index if cell else None, document.commit, document.sha256, quote
    )


def holds(statement: Statement, citations: Sequence[Citation], library: Library) -> bool:
    """Whether what a statement says stands in what it cites."""
    if statement.role is Role.LIMIT and not statement.places:
        return True
    if not citations or len(citations) < len(statement.places):
        return False
    quotes = _squeeze(" ".join(c.quote for c in citations))
    paths = " ".join(f"{c.path} cell {c.cell}" for c in citations)
    for fragment in _FRAGMENT.findall(statement.text):
        if not all(_stands(piece, quotes, paths, citations, library) for piece in fragment.split("…") if piece.strip()):
            return False
    prose = _FRAGMENT.sub(" ", statement.text)
    everything = " ".join(c.quote for c in citations) + " " + paths
    return all(_number_stands(n, everything) for n in _NUMBER.findall(prose))


def _squeeze(text: str) -> str:
    """Without white space, quotes of code and continuation marks, for comparing across line breaks."""
    return re.sub(r"(?m)^\s*(?:#|//|\*|--)\s?", "", text).translate(str.maketrans("", "", " \t\n\r\\\"'`")).lower()


def _stands(fragment: str, quotes: str, paths: str, citations: Sequence[Citation], library: Library) -> bool:
    wanted = _squeeze(fragment)
    if not wanted or wanted in quotes or wanted in _squeeze(paths):
        return True
    dotted = [p for p in re.split(r"[.\s]+", fragment.lower()) if p]
    if len(dotted) > 1 and all(_squeeze(p) in quotes or _in_documents(p, citations, library) for p in dotted):
        return True
    return bool(re.fullmatch(r"[\w.$]+", fragment)) and _in_documents(fragment, citations, library)


def _in_documents(name: str, citations: Sequence[Citation], library: Library) -> bool:
    """A bare name may stand anywhere in a cited document: the function that the cited lines are in."""
    last = name.rsplit(".", 1)[-1]
    for citation in citations:
        document = library.document(citation.source, citation.path)
        if document and _stands_alone(last.lower(), document.text.lower(), _of_a_word):
            return True
    return False


def _stands_alone(wanted: str, text: str, joins: Callable[[str], bool], joins_before: str = "") -> bool:
    """Whether a piece of text stands somewhere with no character beside it that would make it part of another."""
    at = text.find(wanted)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(wanted) : at + len(wanted) + 1]
        if not joins(before) and not (before and before in joins_before) and not joins(after):
            return True
        at = text.find(wanted, at + 1)
    return False


def _of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _number_stands(number: str, text: str) -> bool:
    plain = number.rstrip("%").replace(",", "")
    if _stands_alone(plain, text.replace(",", "").replace("_", ""), str.isdecimal, "."):
        return True
    if number in text:
        return True
    try:
        value = float(plain)
    except ValueError:
        return False
    places = len(plain.split(".")[1]) if "." in plain else 0
    for other in re.findall(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text.replace(",", "").replace("_", "")):
        seen = float(other)
        if round(seen, places) == value or (number.endswith("%") and round(seen * 100, places) == value):
            return True
    return False


def with_figures(answer: Answer, figures: Sequence[FigureRef]) -> Answer:
    """The same answer with figures that were looked up again."""
    return replace(answer, figures=tuple(figures))
