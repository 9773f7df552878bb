"""A scorecard as one self-contained page: no script, nothing loaded, every word of a candidate escaped."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from proofolio.core.records import Answer
from proofolio.rehearsal.marking import Verdict
from proofolio.rehearsal.runs import Comparison
from proofolio.rehearsal.scorecard import Scorecard, mean
from proofolio.rendering.clean import clean, one_line
from proofolio.rendering.html import inline_code
from proofolio.rendering.places import Footnotes

MAX_QUOTE = 14  # cited lines that are shown
BANDS = 5  # colours of the heat map
_ROLES = {"conflict": "Conflict", "limit": "Limit", "premise": "Correction", "reason": "Reason", "trade_off": "Trade-off"}
_VERDICTS = {Verdict.SHOWN: "shown", Verdict.ADMITTED: "admitted as missing", Verdict.SKIPPED: "skipped"}
_STATUSES = {
    "answered": "answered", "partial": "answered in part", "not_shown": "not shown", "refused": "refused",
    "premise_corrected": "the question assumed something untrue",
}  # fmt: skip


def scorecard_page(card: Scorecard, name: str, comparison: Comparison | None = None) -> str:
    """The scorecard as HTML; ``name`` is what the portfolio is called."""
    style = files("proofolio.rehearsal").joinpath("templates", "scorecard.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(f"\n{style}\n".encode()).digest()).decode()
    columns = max((len(card.of(p)) for p in card.personas), default=0)
    return _environment().get_template("scorecard.html").render(
        card=card, name=name, comparison=comparison, style=style, digest=digest, columns=range(1, columns + 1),
        questions=sum(1 + len(r.follow_ups) for r in card.results),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("proofolio.rehearsal"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"one_line": one_line, "code": inline_code, "clean": clean, "band": band, "mean": mean, "said": said}
    environment.globals |= {"verdicts": _VERDICTS, "statuses": _STATUSES, "roles": _ROLES}
    return environment


def band(score: float) -> int:
    """The colour of a score, 0 (nothing) to 5."""
    return 0 if score <= 0 else min(BANDS, int(score // 20) + 1)


def said(answer: Answer) -> dict[str, Any]:
    """An answer for the template: statements with the numbers of their places, and the places with what they quote."""
    footnotes = Footnotes(answer)
    places = []
    for place in footnotes.places():
        lines = clean(place.citations[0].quote).split("\n")
        more = len(lines) - MAX_QUOTE
        places.append({"number": place.number, "label": place.label, "quote": "\n".join(lines[:MAX_QUOTE]), "more": max(0, more)})
    statements = [{"text": s.text, "role": str(s.role), "numbers": footnotes.numbers(s.citations)} for s in answer.statements]
    return {"statements": statements, "places": places, "figures": answer.figures}
