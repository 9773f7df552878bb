"""An answer and an ingest report as a terminal shows them."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Any

from proofolio.core.records import Answer, Citation, Role, VerifiedStatement
from proofolio.rendering.clean import clean

WIDTH = 96
_MARKS = {Role.CONFLICT: "≠ ", Role.LIMIT: "– ", Role.PREMISE: "! ", Role.TRADE_OFF: "± ", Role.REASON: "» "}
_BOLD, _DIM, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def to_text(answer: Answer, *, code: bool = False, colour: bool = False) -> str:
    """The answer in short paragraphs, its citations numbered below as ``path:lines@commit``."""
    bold, dim, off = (_BOLD, _DIM, _OFF) if colour else ("", "", "")
    numbers: dict[Citation, int] = {}
    lines: list[str] = []
    for statement in answer.statements:
        marks = "".join(f"[{numbers.setdefault(c, len(numbers) + 1)}]" for c in dict.fromkeys(statement.citations))
        text = f"{_MARKS.get(statement.role, '')}{clean(statement.text)} {marks}".rstrip()
        wrapped = textwrap.fill(text, WIDTH, subsequent_indent="  " if statement.role in _MARKS else "", break_long_words=False, break_on_hyphens=False)
        lines.append(f"{bold}{wrapped}{off}" if statement.role is Role.LEAD else wrapped)
    if answer.figures:
        lines += ["", *(f"Figure: {clean(f.caption)} ({clean(f.path)}{f'#cell{f.cell}' if f.cell is not None else ''})" for f in answer.figures)]
    if numbers:
        lines.append("")
        for citation, number in numbers.items():
            lines.append(f"{dim}[{number}] {clean(citation.label())}{off}")
            if code:
                lines += [f"      {line}" for line in clean(citation.quote).split("\n")]
    lines += ["", f"{dim}{answer.status} · confidence {answer.confidence:.2f} · {answer.elapsed_ms:.0f} ms{off}"]
    return "\n".join(lines)


def report_lines(report: Any, *, brief: bool) -> Iterator[str]:
    """The ingest report: what was read, what was left out and why, what was redacted."""
    for info in report.sources:
        at = f" at {info.commit[:7]}" if info.commit else ""
        yield f"{info.name}: {info.kind}{at}" + (f", {info.dirty} uncommitted files not read" if info.dirty else "")
    counts = report.counts
    yield (
        f"{report.read} files read, {report.unchanged} unchanged, {report.removed} removed in {report.seconds:.1f} s; "
        f"{counts.get('passages', 0)} passages, {counts.get('evidence', 0)} pieces of evidence, {counts.get('figures', 0)} figures"
    )
    kinds = Counter(p.kind for p in report.problems)
    if kinds:
        yield "; ".join(f"{n} {k}" for k, n in sorted(kinds.items())) + (" (proofolio compile --report lists them)" if brief else "")
    if not brief:
        for problem in report.problems:
            yield f"  {problem.kind}: {clean(problem.source)}/{clean(problem.path)}: {clean(problem.what)}"


def statement_line(statement: VerifiedStatement) -> str:
    """One statement with its citations by label, on one line."""
    labels = "; ".join(dict.fromkeys(c.label() for c in statement.citations))
    return f"{clean(statement.text)} [{clean(labels)}]" if labels else clean(statement.text)
