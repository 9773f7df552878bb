"""Reads the stages off a Mermaid flowchart, so that a walk-through can tell what the diagram draws."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofolio.answering.phrasing import sentence
from proofolio.answering.plan import Term
from proofolio.core.records import Place, Role, Statement
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stems

MERMAID = "text/vnd.mermaid"
MAX_STAGES = 9
_NODE = r"(?P<{0}>[A-Za-z_][\w\-]*)(?:(?:\[|\(|\{{|>)+[\"/\\]*(?P<{0}_label>[^\]\)\}}\"]+?)[\"/\\]*(?:\]|\)|\}})+)?"
_EDGE = re.compile(_NODE.format("a") + r"\s*(?:-->|---|-\.->|==>|--\s*[^->|]+\s*-->)\s*(?:\|[^|]*\|)?\s*" + _NODE.format("b"))
_LABEL = re.compile(_NODE.format("n") + r"\s*$")


def stages(lines: Sequence[str]) -> list[str]:
    """The labels of a flowchart's nodes along its longest path, in order; empty for another kind of diagram."""
    labels: dict[str, str] = {}
    after: dict[str, list[str]] = {}
    for line in lines:
        position = 0
        while match := _EDGE.search(line, position):
            for name in ("a", "b"):
                if match[f"{name}_label"]:
                    labels[match[name]] = match[f"{name}_label"]
            after.setdefault(match["a"], []).append(match["b"])
            position = match.start("b")
        alone = _LABEL.search(line)
        if alone and alone["n_label"]:
            labels.setdefault(alone["n"], alone["n_label"])
    return [_plain(labels.get(node, node)) for node in _longest(after)]


def _longest(after: dict[str, list[str]]) -> list[str]:
    """The longest path through the edges; a cycle is walked once."""
    best: list[str] = []
    targets = {b for bs in after.values() for b in bs}
    for start in [n for n in after if n not in targets] or list(after)[:1]:
        stack = [[start]]
        for _ in range(2_000):
            if not stack:
                break
            path = stack.pop()
            onward = [n for n in after.get(path[-1], []) if n not in path]
            if len(path) > len(best):
                best = path
            stack.extend([*path, n] for n in onward)
    return best


def _plain(label: str) -> str:
    return " ".join(re.sub(r"<br\s*/?>|\\n", " ", label).split()).replace("`", "'").strip('"')


def flow_statement(index: Index, terms: Sequence[Term]) -> Statement | None:
    """What the flowchart nearest to the question draws, stage by stage; None where there is none."""
    best: tuple[float, Statement] | None = None
    for _, figure in index.figures:
        if figure.mime != MERMAID:
            continue
        lines = index.lines(figure.source, figure.path)
        end = next((n for n in range(figure.line, len(lines)) if lines[n].strip().startswith(("```", "~~~"))), len(lines) - 1)
        drawn = stages(lines[figure.line - 1 : end])
        if len(drawn) < 3:
            continue
        about = stems(f"{figure.caption} {figure.words} {figure.path}")
        score = sum(t.weight for t in terms if t.stem in about)
        if best is None or score > best[0]:
            shown = " → ".join(drawn[:MAX_STAGES])
            text = f'the diagram in `{figure.path}` ({figure.caption}) draws the way: "{shown}"'
            best = (score, Statement(sentence(text), Role.EVIDENCE, (Place(figure.source, figure.path, figure.line, end + 1),)))
    return best[1] if best else None
