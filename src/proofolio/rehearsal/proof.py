"""What the work holds for a rubric point: the places that may show it, and those that only seem to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from proofolio.core.records import Document, DocumentKind, Evidence, Liveness, Place, Rank
from proofolio.evidence.rules import compiled_rules
from proofolio.readers.standing import is_resume
from proofolio.rehearsal.personas import RubricPoint
from proofolio.retrieval.index import Index

_DONE = frozenset({Rank.OUTPUT, Rank.CODE, Rank.TEST})
_WRITING = frozenset({"prose", "file"})
_NO_USE = frozenset({"declared", "mentioned", "imported"})
MAX_NAMED = 3


def written_rules() -> frozenset[str]:
    """The rules for what is by nature written (a decision, a runbook, a limitation): they look at prose and files only."""
    return frozenset(r.id for r in compiled_rules() if all(m.kind in _WRITING for m in r.matchers))


def documenting_topic(topic: str) -> bool:
    """Whether a topic asks for documentation itself, of which a README is a part and not only a claim."""
    return topic.rsplit(".", 1)[-1] == "documentation"


@dataclass(frozen=True, slots=True)
class Proof:
    """A place that bears on a rubric point; ``why_not`` is empty where it shows the point."""

    place: Place
    why_not: str = ""  # "dead" | "claimed" | "declared"
    liveness: Liveness = Liveness.LIVE


@dataclass(slots=True)
class Proofs:
    """The proofs in one dossier, by rule and by technology; made once for all the scenarios."""

    index: Index
    _written: frozenset[str] = field(default_factory=written_rules)
    _by_rule: dict[str, list[Proof]] = field(default_factory=lambda: defaultdict(list))
    _by_technology: dict[str, list[Proof]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for item in self.index.evidence:
            self._by_rule[item.rule].append(self._judge(item))
        for technology, uses in self.index.technologies.items():
            for use in uses:
                document = self.index.document(use.source, use.path)
                claimed = use.liveness is Liveness.MENTIONED or (document is not None and document.rank not in _DONE)
                dead = "" if use.liveness is Liveness.LIVE else "dead"
                why_not = "claimed" if claimed else dead or ("declared" if use.how in _NO_USE else "")
                self._by_technology[technology].append(Proof(Place(use.source, use.path, use.start, use.end), why_not, use.liveness))

    def of(self, point: RubricPoint) -> Iterator[Proof]:
        """Every place that bears on a point, whether it shows it or not."""
        for rule in point.rules:
            yield from self._by_rule.get(rule, ())
        for technology in point.technologies:
            yield from self._by_technology.get(technology, ())

    def showing(self, points: Iterable[RubricPoint]) -> list[Proof]:
        """The places that show one of the points."""
        return [proof for point in points for proof in self.of(point) if not proof.why_not]

    def is_prose(self, source: str, path: str) -> bool:
        """Whether a file is a document to be read."""
        document = self.index.document(source, path)
        return document is not None and document.kind is DocumentKind.PROSE

    def is_picture(self, source: str, path: str) -> bool:
        """Whether a file is a picture, which an answer shows instead of citing its lines."""
        document = self.index.document(source, path)
        return document is not None and document.kind is DocumentKind.IMAGE

    def _judge(self, item: Evidence) -> Proof:
        place = Place(item.source, item.path, item.start, item.end)
        if item.liveness is Liveness.MENTIONED:
            return Proof(place, "claimed", item.liveness)
        if item.liveness is not Liveness.LIVE:
            return Proof(place, "dead", item.liveness)
        if item.matcher == "dependency":  # a name in a manifest: what is never called shows nothing
            return Proof(place, "declared", item.liveness)
        if item.rank in _DONE:
            return Proof(place)
        document = self.index.document(item.source, item.path)
        return Proof(place, "" if document is not None and self._may_be_written(item, document) else "claimed", item.liveness)

    def _may_be_written(self, item: Evidence, document: Document) -> bool:
        """Whether prose shows it: something written by nature, in a record or a document about the work."""
        if item.rule not in self._written or "statement" in document.flags or is_resume(document.path):
            return False
        if document.name.lower().startswith("readme"):
            return any(documenting_topic(t) for t in item.topics)
        return item.rank is Rank.RECORD or document.kind in {DocumentKind.PROSE, DocumentKind.CONFIG, DocumentKind.IMAGE}
