"""The nouns of the audit: a sentence that claims, what a check found about it, the audited claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proofolio.core.records import Citation, Place, citation_json


class Verdict(StrEnum):
    """What the work says of a claim, from the best to the worst; the values are part of the answer contract."""

    SUPPORTED = "supported"
    NOT_CHECKABLE = "not_checkable"
    UNSUPPORTED = "unsupported"
    STALE = "stale"
    OVERSTATED = "overstated"
    CONTRADICTED = "contradicted"


WORST_FIRST: tuple[Verdict, ...] = tuple(reversed(Verdict))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, table row, heading or command of a document that claims, with its lines.

    ``text`` is what a reader sees, ``raw`` the lines as they stand; ``kind`` is the unit's (sentence,
    row, snippet, heading, badge) and ``section`` the headings above it.
    """

    text: str
    raw: str
    place: Place
    kind: str
    section: str = ""
    resume: bool = False
    commentary: bool = False  # a notebook's own remarks: read for what it concludes, not for what it names


@dataclass(frozen=True, slots=True)
class Finding:
    """One atomic claim (``text``) and what was found: a verdict, why, and the places that show it.

    ``past`` cites earlier commits, which no dossier holds. ``searched`` says where nothing was found.
    """

    text: str
    verdict: Verdict
    why: str
    places: tuple[Place, ...] = ()
    past: tuple[Citation, ...] = ()
    searched: tuple[str, ...] = ()
    rewording: str | None = None


@dataclass(frozen=True, slots=True)
class AuditedClaim:
    """A claim with its verdict; every citation was read again from the stored text."""

    text: str
    where: Citation
    verdict: Verdict
    why: str
    evidence: tuple[Citation, ...] = ()
    searched: tuple[str, ...] = ()
    rewording: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The claim object of the answer contract."""
        return {
            "text": self.text,
            "where": citation_json(self.where),
            "verdict": str(self.verdict),
            "evidence": [citation_json(c) for c in self.evidence],
            "searched": list(self.searched),
            "rewording": self.rewording,
        }


def worst(findings: Sequence[Finding]) -> Finding:
    """The finding with the gravest verdict."""
    return min(findings, key=lambda f: WORST_FIRST.index(f.verdict))
