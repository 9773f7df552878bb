"""A scorecard as a terminal shows it: the heat map as numbers, what changed, and what to do first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from proofolio.rehearsal.marking import Verdict
from proofolio.rehearsal.runs import Comparison
from proofolio.rehearsal.scorecard import ScenarioResult, Scorecard, mean
from proofolio.rendering.clean import clean, one_line

WIDTH = 96
DETAILED = 5  # up to so many scenarios are shown point by point
FIRST = 10  # pieces of advice that a whole rehearsal ends with
_MARKS = {Verdict.SHOWN: "+", Verdict.ADMITTED: "o", Verdict.SKIPPED: "-"}


def scorecard_text(card: Scorecard, comparison: Comparison | None = None) -> str:
    """The scorecard in plain text: the map, then each scenario where few were asked, else the advice that counts most."""
    lines = [*_map(card), ""]
    if comparison is not None:
        lines += [*comparison_lines(comparison), ""]
    if len(card.results) <= DETAILED:
        for result in card.results:
            lines += [*_detail(result), ""]
    else:
        lines += [*_first_things(card), ""]
    asked = sum(1 + len(r.follow_ups) for r in card.results)
    lines.append(f"{card.score:.1f} of 100 · {len(card.results)} scenarios, {asked} questions · {card.seconds:.1f} s")
    return "\n".join(lines)


def _map(card: Scorecard) -> Iterator[str]:
    wide = max(len(p.role) for p in card.personas)
    for persona in card.personas:
        results = card.of(persona)
        scores = " ".join(f"{r.marks.score:>3.0f}" for r in results)
        yield f"{one_line(persona.role):<{wide}}  {scores}  | {mean(results):>3.0f}"


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """What changed since an earlier run, one line a scenario."""
    yield (
        f"since {comparison.since}: {comparison.before:.1f} -> {comparison.after:.1f} over {comparison.compared} "
        f"scenarios, {len(comparison.regressions)} worse"
    )
    for change in comparison.changes:
        yield f"  {change.key}: {change.before:.0f} -> {change.after:.0f}"
        yield from (f"    now shown: {text}" for text in change.gained)
        yield from (f"    no longer shown: {text}" for text in change.lost)


def _detail(result: ScenarioResult) -> Iterator[str]:
    scenario = result.scenario
    yield f"{scenario.key}: {result.marks.score:.0f} ({result.marks.standing})"
    for answer in (result.answer, *result.follow_ups):
        yield from _wrapped(f"? {answer.question}", "  ")
        for line in clean(answer.text).split("\n"):
            yield from _wrapped(line, "    ")
    for marked in result.marks.points:
        places = "; ".join(one_line(c.label()) for c in marked.citations)
        what = str(marked.verdict).replace("_", " ")
        yield from _wrapped(f"{_MARKS[marked.verdict]} {marked.point.text}: {what}{f' [{places}]' if places else ''}", "  ")
    for advice in result.advice:
        yield from _wrapped(f"> {clean(advice)}", "  ")


def _first_things(card: Scorecard) -> Iterator[str]:
    """The first piece of advice of the scenarios that score least, one of each persona before a second."""
    yield "What to do first:"
    weak = sorted((r for r in card.results if r.advice), key=lambda r: (r.marks.score, r.scenario.key))
    turns: dict[str, int] = {}
    ranked = []
    for result in weak:
        turn = turns[result.scenario.persona] = turns.get(result.scenario.persona, 0) + 1
        ranked.append((turn, result.marks.score, result))
    for _, score, result in sorted(ranked, key=lambda r: r[:2])[:FIRST]:
        yield from _wrapped(f"{result.scenario.key} ({score:.0f}): {clean(result.advice[0])}", "  ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False
    ) or [""]
