"""Numbers the places that an answer cites, as footnotes: one number a place, however often it is cited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proofolio.core.records import Answer, Citation
from proofolio.rendering.clean import one_line


@dataclass(slots=True)
class CitedPlace:
    """A cited place with its number; several citations of one notebook cell are one place."""

    number: int
    label: str
    citations: list[Citation] = field(default_factory=list)


class Footnotes:
    """The cited places of an answer in the order of their first mention, numbered from 1."""

    def __init__(self, answer: Answer) -> None:
        self._places: dict[tuple[str, str], CitedPlace] = {}
        cited = [c for s in answer.statements for c in s.citations]
        several = len({c.source for c in cited}) > 1  # then a path alone does not say where it lies
        for citation in cited:
            label = one_line(f"{citation.source}/{citation.label()}" if several else citation.label())
            place = self._places.setdefault(_key(citation), CitedPlace(len(self._places) + 1, label))
            if citation not in place.citations:
                place.citations.append(citation)

    def numbers(self, citations: Iterable[Citation]) -> list[int]:
        """The numbers of a statement's places, each once."""
        return list(dict.fromkeys(self._places[_key(c)].number for c in citations))

    def places(self) -> list[CitedPlace]:
        """All places by number."""
        return list(self._places.values())

    def of(self, citations: Iterable[Citation]) -> list[CitedPlace]:
        """A statement's places, each once."""
        return list({id(p): p for c in citations for p in [self._places[_key(c)]]}.values())


def _key(citation: Citation) -> tuple[str, str]:
    return citation.source, citation.label()
