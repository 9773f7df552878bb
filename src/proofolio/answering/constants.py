"""Follows the constants that a said line names to where their values stand: a limit is a number, not a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from proofolio.answering.clauses import fragment, keeps_back
from proofolio.core.records import Document, DocumentKind, Place
from proofolio.retrieval.index import Index

LOOKED_AT = 12  # passages in which a constant's definition is looked for outside of its own file
LONGEST_VALUE = 90
_CONSTANT = re.compile(r"(?<![\w$])(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w$(])")
_NO_VALUE = re.compile(r"(?:None|null|nil|undefined|[\"']{2}|\$\{.*\}|<.*>)$", re.IGNORECASE)  # filled in elsewhere
_EXAMPLE = re.compile(r"[.\-_](?:example|sample|template|dist)\b|(?:^|/)deprecated/", re.IGNORECASE)  # what runs may differ
_FENCED = re.compile(r"`([^`]*)`")


def named_in(clauses: Iterable[str]) -> list[str]:
    """The constants that clauses name between backticks and give no value of, in order."""
    named: dict[str, None] = {}
    told = " ".join(clauses)
    for clause in clauses:
        for code in _FENCED.findall(clause):
            for found in _CONSTANT.finditer(code):
                if not re.search(rf"{found['name']}`?,? (?:is |set to |to )`|{found['name']}\s*(?::[^=`]*)?[=:]\s*[^=\s]", told):
                    named.setdefault(found["name"])
    return list(named)


def values_of(names: Sequence[str], document: Document, index: Index, limit: int = 2) -> list[tuple[str, Place]]:
    """What each constant is ("`MAX_ROWS` is `500`") with the line that says so; its own file first."""
    told: list[tuple[str, Place]] = []
    for name in names:
        if len(told) == limit:
            break
        found = _in_document(name, document, index) or index.keep(("constant", name), lambda n=name: _elsewhere(n, index))  # type: ignore[misc]
        if found is not None:
            told.append(found)
    return told


def _in_document(name: str, document: Document, index: Index) -> tuple[str, Place] | None:
    if document.kind not in {DocumentKind.CODE, DocumentKind.NOTEBOOK, DocumentKind.CONFIG, DocumentKind.SQL}:
        return None
    for number, line in enumerate(index.lines(document.source, document.path), 1):
        if name in line and (found := _definition(name).match(line)):
            value = re.sub(r"\s+(?:#|//).*$", "", found["value"]).strip().rstrip(";,")
            if value and len(value) <= LONGEST_VALUE and not value.endswith(("(", "{", "[")) and not _NO_VALUE.match(value) and not keeps_back(name, value):
                return f"`{name}` is `{fragment(value)}`", Place(document.source, document.path, number, number)
    return None


def _elsewhere(name: str, index: Index) -> tuple[str, Place] | None:
    seen: set[tuple[str, str]] = set()
    for passage in index.fetch([k for k, _ in index.lexical([name.replace("_", " ")], LOOKED_AT)]):
        place = (passage.source, passage.path)
        document = None if place in seen else index.document(*place)
        seen.add(place)
        if document is not None and not _EXAMPLE.search(passage.path) and (found := _in_document(name, document, index)):
            return found
    return None


@lru_cache(maxsize=256)
def _definition(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"^\s*(?:export\s+|(?:const|let|var|val|final|static|public|private|protected|readonly|int|long|double|float|String)\s+)*"
        rf"{name}\s*(?::\s*[\w.\[\]| ]+?)?\s*(?:=(?!=)|:=|:(?=\s))\s*(?P<value>\S.*)$"
    )
