"""Runs every check over every claim and keeps what can be cited: the heart of ``proofolio audit``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from proofolio.audit.claims import claims_of, speaks_as_resume
from proofolio.audit.counts import check_counts
from proofolio.audit.naming import check_technologies
from proofolio.audit.numbers import check_comparisons, check_parameters, check_scores
from proofolio.audit.objects import check_objects
from proofolio.audit.past import Past
from proofolio.audit.places import check_commands, check_paths, check_routes, check_settings, check_tree
from proofolio.audit.practices import check_badges, check_coverage, check_practices
from proofolio.audit.quality import check_quality
from proofolio.audit.records import AuditedClaim, Finding, Sentence, Verdict
from proofolio.audit.versions import check_defaults, check_licence, check_ports, check_versions
from proofolio.audit.work import Work
from proofolio.core.records import Citation, Document, DocumentKind
from proofolio.retrieval.index import Index
from proofolio.verification.verifier import resolve

Check = Callable[[Sentence, Work], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    check_scores, check_comparisons, check_parameters, check_counts, check_technologies, check_practices, check_coverage,
    check_badges, check_versions, check_licence, check_ports, check_defaults, check_quality, check_tree, check_paths,
    check_commands, check_settings, check_routes, check_objects,
)  # fmt: skip


class _Shelf:
    """Where citations are read again: the dossier, and the résumé that was given beside it."""

    def __init__(self, index: Index, resume: Document | None) -> None:
        self._index = index
        self._resume = resume

    def document(self, source: str, path: str) -> Document | None:
        """The stored document, or the résumé."""
        if self._resume is not None and (source, path) == (self._resume.source, self._resume.path):
            return self._resume
        return self._index.document(source, path)


def audit(index: Index, resume: Document | None = None) -> list[AuditedClaim]:
    """The claims of a portfolio's READMEs, résumés and notebook remarks, in reading order, each with its verdict.

    ``resume`` is a résumé from outside of the portfolio; its claims come first and are held against all of it.
    """
    work = Work(index, Past({info.name: info for info, _, _ in index.sources}))
    shelf = _Shelf(index, resume)
    speaking = [d for d in work.documents if not work.vendored(d) and (resume is None or not speaks_as_resume(d))]
    speaking.sort(key=lambda d: (not speaks_as_resume(d), d.kind is DocumentKind.NOTEBOOK, d.path.count("/")))
    found: list[AuditedClaim] = []
    said: set[tuple[str, str, str]] = set()
    for document in ([resume] if resume is not None else []) + speaking:
        for sentence in claims_of(document):
            for finding in _findings(sentence, work):
                key = (sentence.place.source, re.sub(r"\W+", " ", finding.text.lower()).strip(), str(finding.verdict))
                claim = _claim(sentence, finding, shelf) if key not in said else None
                if claim is not None:
                    said.add(key)
                    found.append(claim)
    return found


def _findings(sentence: Sentence, work: Work) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(sentence, work)


def _claim(sentence: Sentence, finding: Finding, shelf: _Shelf) -> AuditedClaim | None:
    """The finding with its citations; one that accuses or supports with places that do not resolve is dropped."""
    where = resolve(sentence.place, shelf)
    if where is None:
        return None
    evidence: list[Citation] = [c for p in finding.places if (c := resolve(p, shelf)) is not None]
    evidence += finding.past
    if finding.verdict in {Verdict.SUPPORTED, Verdict.OVERSTATED, Verdict.STALE} and not evidence:
        return None
    if finding.verdict is Verdict.CONTRADICTED and not (evidence or finding.searched):
        return None
    text = " ".join(finding.text.split())
    return AuditedClaim(text, where, finding.verdict, finding.why, tuple(_distinct(evidence)), finding.searched, finding.rewording)


def _distinct(citations: Iterable[Citation]) -> list[Citation]:
    kept: dict[tuple[str, str, str | None, int | None], Citation] = {}
    for citation in citations:
        kept.setdefault((citation.source, citation.path, citation.commit, citation.start), citation)
    return list(kept.values())


def failing(claims: Sequence[AuditedClaim], verdicts: Iterable[str]) -> int:
    """How many claims have one of the verdicts."""
    wanted = set(verdicts)
    return sum(1 for c in claims if str(c.verdict) in wanted)
