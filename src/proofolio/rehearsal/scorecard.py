"""The scorecard: every scenario with its answers, marks and advice, in the shape of the answer contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proofolio.core.records import Answer, citation_json
from proofolio.rehearsal.marking import Marks
from proofolio.rehearsal.personas import Persona, Scenario


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario as it came out: the answer, the answers to its follow-ups, the marks, what to do."""

    scenario: Scenario
    answer: Answer
    follow_ups: tuple[Answer, ...]
    marks: Marks
    advice: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The scenario object of the answer contract, with its title, standing and rubric weights beside."""
        return {
            "persona": self.scenario.persona,
            "scenario": self.scenario.id,
            "title": self.scenario.title,
            "score": self.marks.score,
            "standing": str(self.marks.standing),
            "status": str(self.answer.status),
            "question": self.scenario.question,
            "answer": self.answer.to_json(),
            "points": [
                {
                    "text": p.point.text,
                    "verdict": str(p.verdict),
                    "weight": p.point.weight,
                    "citations": [citation_json(c) for c in p.citations],
                }
                for p in self.marks.points
            ],
            "follow_ups": [{"question": a.question, "answer": a.to_json()} for a in self.follow_ups],
            "advice": list(self.advice),
        }


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A whole rehearsal; ``results`` are in the order of the personas and of their scenarios."""

    personas: tuple[Persona, ...]
    results: tuple[ScenarioResult, ...]
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """The mean of the scenarios, 0 to 100."""
        return mean(self.results)

    def of(self, persona: Persona) -> tuple[ScenarioResult, ...]:
        """A persona's results."""
        return tuple(r for r in self.results if r.scenario.persona == persona.id)

    def to_json(self) -> dict[str, Any]:
        """The rehearsal object of the answer contract, with a score a persona beside."""
        return {
            "score": self.score,
            "personas": [
                {"persona": p.id, "name": p.name, "role": p.role, "score": mean(self.of(p))} for p in self.personas
            ],
            "scenarios": [r.to_json() for r in self.results],
        }


def mean(results: Sequence[ScenarioResult]) -> float:
    """The mean score of some scenarios, 0 for none."""
    return round(sum(r.marks.score for r in results) / len(results), 1) if results else 0.0
