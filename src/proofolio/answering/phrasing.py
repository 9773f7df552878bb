"""Turns groups of units and evidence into sentences that a person would say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofolio.answering.candidates import Group
from proofolio.answering.units import Unit
from proofolio.core.records import Document, DocumentKind, Evidence, Liveness, Place, Rank, Role, Statement

MAX_CLAUSES = 6
_DEAD = {
    Liveness.IMPORTED_ONLY: "imported but never called",
    Liveness.COMMENTED: "commented out",
    Liveness.SKIPPED: "in a test that is skipped",
    Liveness.NEVER_RUN: "in a place that never runs",
    Liveness.PROPOSED: "proposed only",
    Liveness.MENTIONED: "only mentioned",
}


def join(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(text: str) -> str:
    """Upper-case start, one full stop."""
    text = text.strip()
    if text[:1].islower():
        text = text[0].upper() + text[1:]
    return text if text[-1:] in ".!?" or text[-2:] in {'."', '?"', '!"'} else text + "."


def say_group(group: Group, role: Role) -> Statement:
    """A statement that says a group's units, with the place of each."""
    document, units = group.document, group.units
    if document.kind is DocumentKind.PROSE:
        text = _say_prose(document, units)
    elif document.kind is DocumentKind.NOTEBOOK:
        text = _say_notebook(group)
    else:
        text = _say_code(group)
    return Statement(sentence(text), role, places(document, units))


def places(document: Document, units: Sequence[Unit]) -> tuple[Place, ...]:
    """The lines of the units, those that nearly touch made one."""
    spans: list[list[int]] = []
    for unit in sorted(units, key=lambda u: u.start):
        if spans and unit.start - spans[-1][1] <= 4 and unit.end - spans[-1][0] < 20 and _same_cell(document, spans[-1][0], unit.start):
            spans[-1][1] = max(spans[-1][1], unit.end)
        else:
            spans.append([unit.start, unit.end])
    return tuple(Place(document.source, document.path, a, b) for a, b in spans)


def _same_cell(document: Document, a: int, b: int) -> bool:
    return document.cell_at(a) == document.cell_at(b)


def _name(document: Document) -> str:
    return f"`{document.path if document.path.count('/') < 2 else '/'.join(document.path.split('/')[-2:])}`"


def _say_prose(document: Document, units: Sequence[Unit]) -> str:
    said = [u.clause for u in units]
    return f"{speaker(document)} {' '.join(said[:4])}"


def speaker(document: Document) -> str:
    """Who says what a document says: a README claims, a decision record records."""
    name = document.name.lower()
    if "statement" in document.flags:
        return "I say:"
    status = document.flags.get("proposed")
    if status:
        return f"A decision record that is only {status} ({_name(document)}) says:"
    if name.startswith("readme"):
        return "The README says:" if "/" not in document.path else f"The README in `{document.path.rsplit('/', 1)[0]}` says:"
    if document.rank is Rank.RECORD:
        return f"My record {_name(document)} says:"
    if "resume" in name or "cv" in name.split(".")[0].split("_") or "résumé" in name:
        return "The résumé says:"
    return f"{_name(document)} says:"


def _say_notebook(group: Group) -> str:
    cells: dict[int, list[Unit]] = {}
    for unit in group.units:
        cell = group.document.cell_at(unit.start)
        cells.setdefault(cell.index if cell else -1, []).append(unit)
    parts = []
    for index, units in cells.items():
        outputs = [u.clause for u in units if u.kind in {"output", "repr"}]
        prose = [u.clause for u in units if u.kind in {"sentence", "row", "heading"}]
        code = [u.clause for u in units if u.kind not in {"output", "repr", "sentence", "row", "heading"}]
        said = []
        if code:
            said.append(join(code[:MAX_CLAUSES]))
        if outputs:
            said.append(f"prints {join(outputs[:MAX_CLAUSES])}")
        if prose:
            said.append(f"notes {' '.join(prose[:3])}")
        subject = f"cell {index} of `{group.document.name}`"
        opening = ", " if said and said[0].startswith(("a comment says", "its docstring")) else " "
        parts.append(("in " if opening == ", " else "") + subject + opening + ", and ".join(said))
    return "; ".join(parts)


def _say_code(group: Group) -> str:
    document, passage = group.document, group.passage
    clauses = _merged([u.clause for u in group.units[:MAX_CLAUSES]])
    if document.kind in {DocumentKind.CONFIG, DocumentKind.METRICS}:
        return f"in {_name(document)}, {join(clauses)}"
    first = group.units[0]
    subject = _name(document)
    symbol = passage.symbol
    if symbol and first.kind != "definition":
        subject = f"`{symbol}` in {subject}"
    dead = [u for u in group.units if u.dead]
    if dead and len(dead) == len(group.units):
        return f"in {subject}, {join(clauses)}"
    text = join(clauses)
    if clauses[0].startswith(("a comment says", "its docstring says", "`")):
        return f"in {subject}, {text}"
    return f"{subject} {text}"


def _merged(clauses: Sequence[str]) -> list[str]:
    """Clauses with what a docstring or a comment says in a row said in one go."""
    merged: list[str] = []
    for clause in clauses:
        for opening in ("its docstring says ", "a comment says "):
            if merged and clause.startswith(opening) and merged[-1].startswith(opening):
                merged[-1] += " " + clause[len(opening):]
                break
        else:
            merged.append(clause)
    return merged


def say_evidence(item: Evidence, role: Role = Role.EVIDENCE) -> Statement:
    """A statement from a piece of evidence; what is dead is said to be, a README's claim is worded so."""
    text = item.say
    if item.liveness is Liveness.MENTIONED and item.rank is Rank.CLAIM:
        text = f"the README or notes claim: {text[0].lower()}{text[1:]}" if not text.lower().startswith(("the readme", "the notes")) else text
    elif item.liveness in _DEAD and item.liveness is not Liveness.MENTIONED:
        text = f"this is {_DEAD[item.liveness]}: {text}"
    return Statement(sentence(text), role, (Place(item.source, item.path, item.start, item.end),))


def dead_word(liveness: Liveness) -> str:
    """How to say that a thing takes no part in what runs."""
    return _DEAD.get(liveness, "")


def strip_stop(text: str) -> str:
    """Without the final full stop."""
    return re.sub(r"[.]\s*$", "", text)
