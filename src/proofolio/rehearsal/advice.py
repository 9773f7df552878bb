"""Says what to do about a marked scenario: the evidence that would raise it, or the words only the candidate has."""

from __future__ import annotations

from collections.abc import Iterator

from proofolio.core.records import Liveness
from proofolio.rehearsal.marking import MarkedPoint, Marks, Standing, Verdict
from proofolio.rehearsal.personas import Scenario
from proofolio.rehearsal.proof import Proof

_DEAD = {
    Liveness.IMPORTED_ONLY: "is imported and never called",
    Liveness.COMMENTED: "is commented out",
    Liveness.SKIPPED: "is in a test that is skipped",
    Liveness.NEVER_RUN: "lies in a place that never runs",
    Liveness.PROPOSED: "is only proposed",
}


def advise(scenario: Scenario, marks: Marks, *, has_words: bool) -> tuple[str, ...]:
    """What would raise a scenario, the heaviest point first; empty where every point is shown."""
    missing = [p for p in marks.points if p.verdict is not Verdict.SHOWN]
    made = [_for_point(p) for p in sorted(missing, key=lambda p: -p.point.weight)]
    return tuple(dict.fromkeys([*made, *_for_words(scenario, marks, has_words)]))


def _for_point(marked: MarkedPoint) -> str:
    text, advice = marked.point.text.rstrip("."), marked.point.advice
    if not marked.held:
        return f"{text}: {advice}"
    first = marked.held[0]
    where = _place(first)
    if not first.why_not:
        return (
            f"{text}: the work has it ({where}), and the answer did not reach it. "
            "Name the practice beside that place, in a docstring or a decision record, so that it is found under its name."
        )
    if first.why_not == "dead":
        return f"{text}: {where} {_DEAD.get(first.liveness, 'takes no part in what runs')}, which shows nothing. {advice}"
    if first.why_not == "declared":
        return f"{text}: {where} only declares it; use it in code that runs. {advice}"
    return f"{text}: {where} claims it, and no code, configuration or result shows it. {advice}"


def _for_words(scenario: Scenario, marks: Marks, has_words: bool) -> Iterator[str]:
    if has_words or marks.standing in {Standing.STRONG, Standing.FAIR}:
        return
    yield f"If it was done where no repository can show it, say so in your own words: proofolio answer {scenario.key}"


def _place(proof: Proof) -> str:
    place = proof.place
    return f"{place.path}:{place.start}" if place.end == place.start else f"{place.path}:{place.start}-{place.end}"
