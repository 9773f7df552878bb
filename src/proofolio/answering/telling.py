"""Says a group: first what rules found in it, as a sentence, then the lines beside it that the question asks about."""

from __future__ import annotations

import re
from dataclasses import replace

from proofolio.answering.candidates import Group
from proofolio.answering.constants import named_in, values_of
from proofolio.answering.phrasing import join, say_evidence, say_group, sentence
from proofolio.answering.units import Unit
from proofolio.core.records import Place, Role, Statement
from proofolio.retrieval.index import Index

ROOM = 300  # characters of clauses that a statement may hold where nothing else is said
MERGE = 14  # lines that may lie between two cited spans of a passage for them to be cited as one
LONGEST = 34  # lines that one citation may span


def tell(group: Group, role: Role, index: Index, room: int = ROOM) -> Statement:
    """One statement for a group, with as few citations as carry it; the constants it names with their values.

    ``room`` is how many characters what it says may have, about.
    """
    group = shortened(group, room)
    said = [say_evidence(e) for e in group.evidence]
    texts = list(dict.fromkeys(_one_stop(s.text) for s in said))
    places = [p for s in said for p in s.places]
    if group.units:
        rest = say_group(group, role)
        places += rest.places
        texts.append(rest.text)
    known = values_of(named_in(texts), group.document, index)
    if known:
        texts.append(sentence(f"there, {join([text for text, _ in known])}"))
        places += [place for _, place in known]
    return Statement(" ".join(texts), role, merged(places, group))


def _one_stop(text: str) -> str:
    """A sentence that ends with a quoted one, without a second full stop."""
    return re.sub(r"([.!?…][”’\"'»])\.$", r"\1", text)


def shortened(group: Group, room: int) -> Group:
    """The group with no more units than there is room for; the first, and what evidence tells, always stays."""
    kept: list[Unit] = []
    size = sum(len(e.say) for e in group.evidence)
    for unit in group.picked or group.units:
        if (kept or group.evidence) and size + len(unit.clause) > room:
            continue
        kept.append(unit)
        size += len(unit.clause)
    return replace(group, units=tuple(sorted(kept, key=lambda u: (u.start, u.end))), picked=tuple(kept))


def merged(places: list[Place], group: Group) -> tuple[Place, ...]:
    """Spans that lie near each other in one passage, or in the same notebook cell, made one."""
    spans: list[Place] = []
    for place in sorted(set(places), key=lambda p: (p.source, p.path, p.start, p.end)):
        last = spans[-1] if spans else None
        if last and (last.source, last.path) == (place.source, place.path):
            cell = group.document.cell_at(last.start)
            together = cell == group.document.cell_at(place.start)
            near = place.start - last.end <= (LONGEST if cell else MERGE)
            if together and near and max(place.end, last.end) - last.start < LONGEST:
                spans[-1] = replace(last, end=max(place.end, last.end))
                continue
        spans.append(place)
    return tuple(spans)


