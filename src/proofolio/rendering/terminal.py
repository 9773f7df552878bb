"""An answer and an ingest report as a terminal shows them."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol

from proofolio.core.records import Answer, Citation, FigureRef, Problem, Role, SourceInfo, Status
from proofolio.rendering.clean import clean, one_line
from proofolio.rendering.places import Footnotes

WIDTH = 96
SHOWN = 3  # places a kind of problem names in the short report
_MARKS = {Role.CONFLICT: "≠ ", Role.LIMIT: "– ", Role.PREMISE: "! ", Role.TRADE_OFF: "± ", Role.REASON: "» "}
_ENDED = {
    Status.ANSWERED: "answered",
    Status.PARTIAL: "answered in part",
    Status.NOT_SHOWN: "not shown in this portfolio",
    Status.PREMISE_CORRECTED: "the question assumed something untrue",
    Status.REFUSED: "not a question about this portfolio",
}
_BOLD, _DIM, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Report(Protocol):
    """What a compile did, as far as it is shown."""

    read: int
    unchanged: int
    removed: int
    seconds: float
    counts: dict[str, int]
    sources: list[SourceInfo]
    problems: list[Problem]


def to_text(answer: Answer, *, code: bool = False, colour: bool = False, width: int = 0) -> str:
    """The answer in short paragraphs, its citations numbered below as ``path:lines@commit``.

    ``code`` prints the cited lines under their place; ``width`` is in columns, 0 for the terminal's.
    """
    bold, dim, off = (_BOLD, _DIM, _OFF) if colour else ("", "", "")
    width = width or min(WIDTH, max(40, shutil.get_terminal_size((WIDTH, 24)).columns))
    footnotes = Footnotes(answer)
    lines: list[str] = []
    for statement in answer.statements:
        marks = "".join(f"[{number}]" for number in footnotes.numbers(statement.citations))
        mark = _MARKS.get(statement.role, "")
        wrapped = textwrap.fill(
            f"{mark}{' '.join(clean(statement.text).split())} {marks}".rstrip(),
            width,
            subsequent_indent=" " * len(mark),
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines.append(f"{bold}{wrapped}{off}" if statement.role is Role.LEAD else wrapped)
    if answer.figures:
        lines += ["", *(_figure(figure) for figure in answer.figures)]
    if footnotes.places():
        lines.append("")
    for place in footnotes.places():
        lines.append(f"{dim}[{place.number}]{off} {place.label}")
        for citation in place.citations if code else ():
            lines += [*_quoted(citation, dim, off), ""]
    if lines[-1]:
        lines.append("")
    lines.append(
        f"{dim}{_ENDED[answer.status]} · confidence {answer.confidence:.2f} · {answer.elapsed_ms:.0f} ms{off}"
    )
    return "\n".join(lines)


def _figure(figure: FigureRef) -> str:
    cell = f"#cell{figure.cell}" if figure.cell is not None else ""
    caption = one_line(figure.caption)
    return (
        f"Figure: {caption} ({one_line(figure.path)}{cell})"
        if caption
        else f"Figure: {one_line(figure.path)}{cell}"
    )


def _quoted(citation: Citation, dim: str, off: str) -> Iterator[str]:
    """The cited lines; numbered where the file has line numbers of its own."""
    lines = clean(citation.quote).split("\n")
    if citation.cell is not None or citation.start is None:
        yield from (f"      {line}".rstrip() for line in lines)
        return
    places = len(str(citation.start + len(lines) - 1))
    for number, line in enumerate(lines, citation.start):
        yield f"    {dim}{number:>{places}}{off}  {line}".rstrip()


def report_lines(report: Report, *, brief: bool) -> Iterator[str]:
    """The ingest report: what was read, what was left out and why, what was redacted.

    ``brief`` sums the problems up by reason and names the first places; otherwise each has its line.
    """
    for info in report.sources:
        yield _source(info)
    counts = report.counts
    yield (
        f"{_count(report.read, 'file')} read, {report.unchanged} unchanged, {report.removed} removed "
        f"in {report.seconds:.1f} s"
    )
    yield (
        f"{_count(counts.get('documents', 0), 'document')}, {_count(counts.get('passages', 0), 'passage')}, "
        f"{_count(counts.get('evidence', 0), 'fact')} with evidence, {_count(counts.get('figures', 0), 'figure')}"
    )
    yield from _summed(report.problems) if brief else _listed(report.problems)


def _source(info: SourceInfo) -> str:
    at = f" at {info.commit[:7]}" if info.commit else ""
    depth = ", shallow" if info.shallow else ""
    dirty = f", {_count(info.dirty, 'uncommitted change')} not read" if info.dirty else ""
    return f"{one_line(info.name)}: {info.kind}{at}{depth}{dirty}"


def _summed(problems: Sequence[Problem]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        what = problem.what.replace(problem.path, "it") if problem.path else problem.what
        groups[problem.kind, what].append(problem)
    kinds = Counter(p.kind for p in problems)
    for kind in sorted(kinds):
        yield f"{kind}: {kinds[kind]}"
        mine = sorted((g for (k, _), g in groups.items() if k == kind), key=lambda g: (-len(g), g[0].what))
        for group in mine[: 2 * SHOWN]:
            yield f"  {_first_places(group)}"
        if len(mine) > 2 * SHOWN:
            yield f"  and {len(mine) - 2 * SHOWN} other reasons"
    if len(problems) > SHOWN:
        yield "proofolio compile --report lists each of them"


def _first_places(group: Sequence[Problem]) -> str:
    """One reason, with the first places that it holds for."""
    first = group[0]
    if len(group) == 1:
        return _problem(first)
    what = first.what.replace(first.path, "it") if first.path else first.what
    places = ", ".join(f"{one_line(p.source)}/{one_line(p.path)}" for p in group[:SHOWN])
    more = f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
    return f"{places}{more}: {clean(what)}"


def _listed(problems: Sequence[Problem]) -> Iterator[str]:
    for problem in sorted(problems, key=lambda p: (p.kind, p.source, p.path)):
        yield f"{problem.kind}: {_problem(problem)}"


def _problem(problem: Problem) -> str:
    place = (
        f"{one_line(problem.source)}/{one_line(problem.path)}" if problem.path else one_line(problem.source)
    )
    return f"{place}: {clean(problem.what)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
