"""Shows audited claims as text or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from proofolio.audit.records import WORST_FIRST, AuditedClaim, Verdict
from proofolio.rendering.clean import clean, json_text

_TITLES = {
    Verdict.CONTRADICTED: "Contradicted: the work says otherwise",
    Verdict.OVERSTATED: "Overstated: something is there, less than said",
    Verdict.STALE: "Stale: true at an earlier commit",
    Verdict.UNSUPPORTED: "Unsupported: nothing was found",
    Verdict.NOT_CHECKABLE: "Not checkable here",
    Verdict.SUPPORTED: "Supported",
}


def to_json(claims: Sequence[AuditedClaim]) -> str:
    """The audit as the answer contract has it."""
    return json_text({"claims": [c.to_json() for c in claims]}, indent=2)


def to_text(claims: Sequence[AuditedClaim], *, full: bool = False) -> str:
    """The audit for a reader, the gravest first; what holds is only counted unless ``full``."""
    if not claims:
        return "No claim was found that can be checked."
    return "\n".join(_lines(claims, full)).rstrip()


def _lines(claims: Sequence[AuditedClaim], full: bool) -> Iterator[str]:
    counts = Counter(c.verdict for c in claims)
    shown = ", ".join(f"{counts[v]} {str(v).replace('_', ' ')}" for v in WORST_FIRST if counts[v])
    yield f"{len(claims)} claim{'s' * (len(claims) != 1)}: {shown}"
    for verdict in WORST_FIRST:
        if not counts[verdict] or (verdict is Verdict.SUPPORTED and not full):
            continue
        yield ""
        yield _TITLES[verdict]
        for claim in claims:
            if claim.verdict is verdict:
                yield from _one(claim)
    if counts[Verdict.SUPPORTED] and not full:
        yield ""
        yield f"{counts[Verdict.SUPPORTED]} supported; --all lists them."


def _one(claim: AuditedClaim) -> Iterator[str]:
    yield f'  "{_flat(claim.text)}"  [{_flat(claim.where.label())}]'
    yield f"      {_flat(claim.why)}"
    for citation in claim.evidence[:3]:
        quote = _flat(citation.quote.split("\n")[0].strip())
        yield f"      {_flat(citation.label())}  {quote[:100]}"
    if claim.searched and not claim.evidence:
        yield f"      searched: {_flat('; '.join(claim.searched))}"
    if claim.rewording:
        yield f"      could say: {_flat(claim.rewording)}"


def _flat(text: str) -> str:
    return " ".join(clean(text).split())
