"""Checks what a plot is said to show: does the file that draws it still know the thing that it is drawn of?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work
from proofolio.core.records import DocumentKind, Place

# How a technique is written about, and how code that applies it looks.
_TECHNIQUES = {
    r"partial dependence|\bPDPs?\b": r"pdp|partial_?dependence",
    r"\bSHAP\b": r"\bshap\b",
    r"feature importance|permutation importance": r"feature_importances?_?|permutation|eli5",
    r"confusion matrix": r"confusion_matrix",
    r"correlation (?:matrix|heat ?map)": r"\.corr\(|corrplot",
}
_OF = re.compile(r"\b(?:graphs?|plots?|charts?|curves?|dependence|importance)\s+(?:of|for|over|across)\s+(?:the\s+)?(?P<name>[a-z]+ [a-z]+)\b", re.IGNORECASE)
_COMMON = {"the", "each", "all", "our", "model", "features", "feature", "particular", "above", "below", "final", "different", "various", "data", "any", "every", "some", "random", "forest"}


def check_objects(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """ "The partial dependence plot of A B": is ``a_b`` in the files that make such plots, or was it once?"""
    if sentence.kind in {"snippet", "badge"} or sentence.commentary or sentence.resume:
        return
    around = _near(sentence, work)
    for match in _OF.finditer(sentence.text):
        first, second = match["name"].lower().split()
        if {first, second} & _COMMON:
            continue
        code = next((c for said, c in _TECHNIQUES.items() if re.search(said, f"{around} {sentence.section}", re.IGNORECASE)), "")
        drawing = [d for d in work.made if code and d.source == sentence.place.source and d.kind in {DocumentKind.CODE, DocumentKind.NOTEBOOK} and re.search(code, d.text, re.IGNORECASE)]
        if not drawing:
            continue
        name = re.compile(rf"\b{first}[_ ]?{second}\b", re.IGNORECASE)
        there = [Place(d.source, d.path, n, n) for d in drawing for n, line in work.code_lines(d) if name.search(line)]
        if there:
            yield Finding(match[0], Verdict.SUPPORTED, "The file that draws it names it.", tuple(there[:2]))
            continue
        past = work.past.text(sentence.place.source, f"{first}_{second}", code)
        if past is not None and re.search(name, " ".join(d.text for d in drawing)) is None:
            places = tuple(Place(d.source, d.path, n, n) for d in drawing for n, line in work.code_lines(d) if re.search(code, line, re.IGNORECASE))[:2]
            why = f"An earlier commit knew `{first}_{second}` where this is drawn; the file that draws it now does not."
            yield Finding(match[0], Verdict.STALE, why, places, (past,), (f"`{first}_{second}` in {len(drawing)} files that draw such plots",))


def _near(sentence: Sentence, work: Work) -> str:
    """The lines of a sentence and the three before it: the technique may be named in the sentence before."""
    lines = work.index.lines(sentence.place.source, sentence.place.path)
    return " ".join(lines[max(0, sentence.place.start - 4) : sentence.place.end])
