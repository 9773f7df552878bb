"""Takes the sentences that claim something out of a résumé, a README or a notebook's remarks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofolio.answering.units import plain, units_of
from proofolio.audit.records import Sentence
from proofolio.core.records import Document, DocumentKind, Place, Rank
from proofolio.evidence.keys import settings_of
from proofolio.readers.standing import is_resume

_README = re.compile(r"^(?:readme|index|about|portfolio)(?:[._-][\w-]+)*\.(?:md|markdown|rst|txt|adoc)$|^readme$", re.IGNORECASE)
_BULLET = re.compile(r"^(\s*)[•·●▪◦‣–]\s+")
_UNDERLINE = re.compile(r"^(={3,}|-{3,})\s*$")
_BADGE = re.compile(r"shields\.io|/badge[s/.]|badge\.svg|\bbadgen\.net|travis-ci|circleci\.com|coveralls\.io|codecov\.io", re.IGNORECASE)
# What stands under such a heading is a plan, a limit, somebody else's work or an invitation: no claim.
_NO_CLAIMS = re.compile(
    r"\b(?:road ?map|to[- ]?do|future|planned|up next|next steps?|ideas|improvements?|limitations?|limits|known issues|caveats|"
    r"what went wrong|lessons|references?|acknowledg\w*|credits|resources|further reading|related|links|inspir\w+|contribut\w*|"
    r"changelog|change log|release notes|faq|troubleshoot\w*|table of contents|contents|alternatives|comparison|background|"
    r"glossary|bibliography|citation|contact|education|interests|hobbies|languages spoken)\b",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\b(?:todo|to[- ]do|wip|work in progress|coming soon|road ?map|planned|planning to|plan to|not yet|going to|upcoming|in future|"
    r"in the future|would like to|would be|could be|might|may be|not implemented|not included|intend(?:ed)? to|eventually|hope to|"
    r"will (?:be (?:added|implemented|supported|extended)|add|support|implement|extend)|next step|nice to have|next i|previous(?:ly)? (?:version|used)|formerly|used to (?:be|use|run|have)|in the past|originally)\b|^\s*\[ \]",
    re.IGNORECASE,
)
_UNTICKED = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[ \]")
MAX_LINES = 3_000
JSON_FIELDS = {"summary", "highlights", "keywords", "name", "label", "description", "position", "title", "level"}


def claims_of(document: Document) -> list[Sentence]:
    """The sentences of a document that may claim something; none where it is no résumé and no README."""
    if not makes_claims(document):
        return []
    if document.language == "json":
        return list(_json(document))
    return list(_sentences(document))


def makes_claims(document: Document) -> bool:
    """Whether a document speaks for the work: a résumé, a README, the remarks of a notebook."""
    if "dead" in document.flags or "data" in document.flags or re.search(r"deprecated|\bold\b|archive|template", document.name, re.IGNORECASE):
        return False
    if document.kind is DocumentKind.NOTEBOOK or speaks_as_resume(document):
        return True
    return document.kind is DocumentKind.PROSE and document.rank is Rank.CLAIM and bool(_README.match(document.name))


def speaks_as_resume(document: Document) -> bool:
    """Whether a document is a résumé."""
    return is_resume(document.path) and (document.kind is DocumentKind.PROSE or document.language == "json")


def is_plan(text: str) -> bool:
    """Whether a sentence speaks of what is meant to be, not of what is."""
    return bool(_PLAN.search(text))


def _json(document: Document) -> Iterator[Sentence]:
    for setting in settings_of(document):
        keys = set(re.split(r"[.\[\]\d]+", setting.path))
        if keys & JSON_FIELDS and not {"basics", "education", "references"} & keys - {"summary"}:
            section = setting.path.split(".")[0]
            place = Place(document.source, document.path, setting.line, setting.line)
            yield Sentence(setting.value, setting.value, place, "sentence", section, resume=True)


def _sentences(document: Document) -> Iterator[Sentence]:
    lines = [_BULLET.sub(r"\1- ", line) for line in document.text.split("\n")[:MAX_LINES]]
    _setext(lines)
    headings: list[tuple[int, str]] = []
    resume, notebook = speaks_as_resume(document), document.kind is DocumentKind.NOTEBOOK
    if not notebook:
        yield from _badges(document, lines, resume)
    for unit in units_of(document, 1, len(lines), lines):
        cell = document.cell_at(unit.start)
        if notebook and (cell is None or cell.kind != "markdown"):
            continue
        raw = "\n".join(lines[unit.start - 1 : unit.end])
        if unit.kind == "heading":
            level = len(raw) - len(raw.lstrip("#"))
            headings = [h for h in headings if h[0] < level] + [(level, unit.text)]
        section = " > ".join(text for _, text in headings)
        if any(_NO_CLAIMS.search(text) for _, text in headings[-2:]) or _UNTICKED.match(raw) or (unit.kind != "snippet" and is_plan(unit.text)):
            continue
        text = f"{unit.context}: {unit.text}" if unit.context and unit.kind == "sentence" else unit.text
        if unit.kind == "row":
            text = unit.clause.strip('"')
        place = Place(document.source, document.path, unit.start, unit.end)
        yield Sentence(text, raw, place, unit.kind, section, resume, notebook)


def _setext(lines: list[str]) -> None:
    """Headings underlined with = or - are marked as the others are, at the same lines."""
    fence = False
    for number in range(1, len(lines)):
        fence ^= lines[number - 1].strip().startswith(("```", "~~~"))
        if not fence and _UNDERLINE.match(lines[number]) and re.match(r"^[^\s#|>\-*].{0,80}$", lines[number - 1]):
            lines[number - 1] = ("# " if lines[number][0] == "=" else "## ") + lines[number - 1]
            lines[number] = ""


def _badges(document: Document, lines: list[str], resume: bool) -> Iterator[Sentence]:
    for number, line in enumerate(lines, 1):
        if _BADGE.search(line):
            place = Place(document.source, document.path, number, number)
            yield Sentence(plain(line) or "badge", line, place, "badge", "", resume)
