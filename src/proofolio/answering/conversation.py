"""Keeps what a follow-up refers back to: the last plan and the places that the last answer cited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proofolio.answering.plan import Plan, follow, plan, refers_back
from proofolio.core.records import Answer, Place
from proofolio.evidence.rules import Topic


@dataclass(slots=True)
class Conversation:
    """The turns so far: what was asked and where the answers were found."""

    plans: list[Plan] = field(default_factory=list)
    places: list[tuple[Place, ...]] = field(default_factory=list)

    def understand(self, question: str, topics: Mapping[str, Topic], nearness: Mapping[str, float], asker: str = "") -> Plan:
        """The plan of a question in the light of the turns before it; ``asker`` is the trade of who asks."""
        this = plan(question, topics, nearness, asker)
        if self.plans and refers_back(question):
            return follow(this, self.plans[-1])
        return this

    def focus(self) -> tuple[Place, ...]:
        """Where the last answer was found."""
        return self.places[-1] if self.places else ()

    def remember(self, asked: Plan, answer: Answer) -> None:
        """Keep a turn."""
        self.plans.append(asked)
        cited = tuple(
            Place(c.source, c.path, c.start or 1, c.end or 1) for s in answer.statements for c in s.citations
        )
        self.places.append(cited)

