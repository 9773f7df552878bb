"""Answers whose work it is, from the history that the compile recorded."""

from __future__ import annotations

from collections.abc import Sequence

from proofolio.answering.phrasing import join
from proofolio.core.records import Place, Role, Statement
from proofolio.retrieval.index import Index


def authorship_statements(index: Index, focus: Sequence[Place] = ()) -> tuple[list[Statement], bool]:
    """What the history says of who wrote what; the flag is False where there is no history to ask."""
    statements: list[Statement] = []
    for info, _, history in index.sources:
        if not history:
            continue
        authors = history.get("authors", [])
        total = sum(a["commits"] for a in authors) or 1
        mine = [a for a in authors if a.get("candidate")]
        named = mine or authors[:3]
        parts = [f"{a['name']} made {a['commits']} of {total} commits" for a in named]
        whose = "By the history" if not mine else "By the candidate's addresses in the history"
        statements.append(Statement(f"{whose} of {info.name}, {join(parts)}.", Role.LIMIT))
        if info.shallow:
            statements.append(Statement(f"The history of {info.name} is cut short (a shallow clone), so these counts are not the whole.", Role.LIMIT))
    if not statements:
        return [Statement("The portfolio holds no git history, so it cannot show who wrote what.", Role.LIMIT, searched=True)], False
    return statements, True
