"""Looks for the candidate's own sentences: why, at what cost, within which limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from proofolio.answering.candidates import cut
from proofolio.answering.phrasing import places, sentence, speaker
from proofolio.answering.units import Unit
from proofolio.core.records import Document, DocumentKind, Rank, Role, Statement
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stem, stems

REASON = re.compile(r"\b(because|since|so that|in order to|the reason|chose|chosen|decided|prefer(?:red)?|rather than|instead of|to avoid|to prevent|to keep|otherwise|therefore)\b", re.IGNORECASE)
TRADE_OFF = re.compile(r"\b(trade-?offs?|downside|drawback|at the (?:cost|expense|price)|costs?|the price|slower|harder|more complex|in exchange|gives? up|lose|loses|but it|disadvantages?|would change)\b", re.IGNORECASE)
LIMIT = re.compile(r"\b(not deployed|no live|not connected|limitations?|limits? (?:is|are|of)|known issues?|out of scope|caveats?|does not (?:cover|handle|test|measure|include|scale|support)|(?:is|was|were|are) not (?:installed|run|tested|measured|covered|deployed|automated|monitored)|never (?:been )?(?:run|tested|deployed)|not yet|simulated data|only (?:one|a single) \w+)\b", re.IGNORECASE)
LOOKED_AT = 30  # passages among which sentences are looked for
_WORTH = {"sentence", "comment", "docstring"}
_RESUME = re.compile(r"(?:^|/)(?:resume|cv|r\u00e9sum\u00e9|lebenslauf)[^/]*$", re.IGNORECASE)
_RANKS = {Rank.RECORD: 0.3, Rank.CODE: 0.15, Rank.OUTPUT: 0.1, Rank.CLAIM: 0.1, Rank.TEST: 0.0}


def own_words(index: Index, words: Sequence[str], cue: re.Pattern[str], limit: int, taken: Iterable[tuple[str, str, int]] = ()) -> list[tuple[Document, Unit]]:
    """Sentences that have a cue and speak of the words, the most telling first, none twice."""
    wanted = {stem(w) for phrase in words for w in re.split(r"[\W_]+", phrase) if len(w) > 2}
    seen = set(taken)
    found: list[tuple[float, int, Document, Unit]] = []
    for passage in index.fetch([k for k, _ in index.lexical(words, LOOKED_AT)]):
        if not cue.search(index.text(passage)):
            continue
        document = index.document(passage.source, passage.path)
        if document is None or _RESUME.search(passage.path) or (document.kind not in {DocumentKind.PROSE, DocumentKind.NOTEBOOK, DocumentKind.CODE, DocumentKind.SQL}):
            continue
        context = stems(f"{passage.path} {passage.context} {passage.symbol}")
        for unit, said in cut(index, document, passage):
            if unit.kind not in _WORTH or not cue.search(unit.text) or not 6 <= len(unit.text.split()) <= 60:
                continue
            if (passage.source, passage.path, unit.start) in seen:
                continue
            own = said & wanted
            around = (context & wanted) - own
            if len(own) < 2 and not (own and len(around) >= 2):
                continue
            score = len(own) + 0.4 * len(around) + _RANKS.get(document.rank, 0.0)
            found.append((score, passage.id, document, unit))
    found.sort(key=lambda f: (-f[0], f[1], f[3].start))
    return [(d, u) for _, _, d, u in found[:limit]]


def as_statement(document: Document, unit: Unit, role: Role) -> Statement:
    """The candidate's sentence as a statement that says whose it is."""
    if document.kind is DocumentKind.NOTEBOOK and unit.kind == "sentence":
        cell = document.cell_at(unit.start)
        text = f"cell {cell.index if cell else 0} of `{document.name}` notes: {unit.clause}"
    elif document.kind is DocumentKind.PROSE:
        text = f"{speaker(document)} {unit.clause}"
    else:
        text = f"in `{document.name}`, {unit.clause}"
    return Statement(sentence(text), role, places(document, [unit]))
