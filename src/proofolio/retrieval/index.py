"""A compiled portfolio as a question meets it: search over passages, and what is known at hand."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from proofolio.core.records import Document, Evidence, Figure, Metric, Problem, SourceInfo, TechnologyUse
from proofolio.retrieval.encoder import Encoder
from proofolio.retrieval.kept import vectors
from proofolio.retrieval.words import stem
from proofolio.store.dossier import Dossier, StoredPassage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")
MAX_KEPT = 4_000
RRF = 60  # the usual constant of reciprocal rank fusion (Cormack et al., 2009)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that search found, and by what.

    ``score`` is fused (about 0 to 0.05), ``words`` the share of the best BM25, ``meaning`` the cosine,
    ``evidence`` how tellingly it shows a topic of the question; the last three lie in 0 to 1.
    """

    passage: StoredPassage
    score: float
    words: float = 0.0
    meaning: float = 0.0
    evidence: float = 0.0


class Index:
    """Search and lookups over one dossier; loads evidence, technologies and vectors once.

    ``folder`` is where vectors of texts that belong to no portfolio are kept; None keeps none.
    """

    def __init__(self, dossier: Dossier, encoder: Encoder | None, folder: Path | None = None) -> None:
        self._dossier = dossier
        self._encoder = encoder
        self._folder = folder
        self.count = lru_cache(maxsize=20_000)(self._count)
        self.lines = lru_cache(maxsize=2_000)(self._lines)
        self._embed = lru_cache(maxsize=256)(self._embed_query)
        self._salience = lru_cache(maxsize=20_000)(self._word_salience)
        # The parts of one answer ask for the same again: reasons, trade-offs, each half of a question.
        self._ranking = dossier.ranking()
        self._matching = lru_cache(maxsize=64)(self._ranking.best)
        self._near = lru_cache(maxsize=64)(self._dense)
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` derives from the dossier, made once; the 4,000 used last are kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
        else:
            self._kept[key] = make()
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        kept: T = self._kept[key]
        return kept

    # --- what is known --------------------------------------------------------------------------

    @cached_property
    def evidence(self) -> list[Evidence]:
        """All evidence."""
        return self._dossier.evidence()

    @cached_property
    def by_topic(self) -> dict[str, list[Evidence]]:
        """Evidence by topic."""
        topics: dict[str, list[Evidence]] = defaultdict(list)
        for item in self.evidence:
            for topic in item.topics:
                topics[topic].append(item)
        return topics

    @cached_property
    def technologies(self) -> dict[str, list[TechnologyUse]]:
        """Uses by technology."""
        uses: dict[str, list[TechnologyUse]] = defaultdict(list)
        for use in self._dossier.technologies():
            uses[use.technology].append(use)
        return uses

    @cached_property
    def metrics(self) -> list[Metric]:
        """All named numbers."""
        return self._dossier.metrics()

    @cached_property
    def figures(self) -> list[tuple[int, Figure]]:
        """All figures with their ids."""
        return self._dossier.figures()

    @cached_property
    def sources(self) -> list[tuple[SourceInfo, list[Problem], Any]]:
        """Sources with reports and histories."""
        return self._dossier.sources()

    @cached_property
    def paths(self) -> list[tuple[int, str, str]]:
        """(id, source, path) of every document."""
        return self._dossier.paths()

    @cached_property
    def total(self) -> int:
        """How many passages there are."""
        return self._dossier.counts()["passages"]

    def document(self, source: str, path: str) -> Document | None:
        """The document at a path, or None."""
        return self._dossier.document(source, path)

    def _lines(self, source: str, path: str) -> list[str]:
        document = self.document(source, path)
        return document.text.split("\n") if document else []

    def text(self, passage: StoredPassage) -> str:
        """A passage's text."""
        return "\n".join(self.lines(passage.source, passage.path)[passage.first - 1 : passage.last])

    def fetch(self, ids: Sequence[int]) -> list[StoredPassage]:
        """Passages by id."""
        return self._dossier.fetch(ids)

    def passages_of(self, source: str, path: str) -> list[StoredPassage]:
        """A document's passages in file order."""
        return self._dossier.passages_of(source, path)

    def passage_at(self, source: str, path: str, line: int) -> int | None:
        """The id of the passage that holds a line of a document, or None."""
        spans = self._spans.get((source, path))
        if spans is None:
            spans = self.keep(("spans", source, path), lambda: [(p.id, p.first, p.last) for p in self.passages_of(source, path)])
        return next((key for key, first, last in spans if first <= line <= last), None)

    @cached_property
    def _spans(self) -> dict[tuple[str, str], list[tuple[int, int, int]]]:
        """(passage id, first line, last line) by document, for those that hold evidence: read at once, since most are looked up."""
        spans: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        for source, path, key, first, last in self._dossier.spans_with_evidence():
            spans[source, path].append((key, first, last))
        return dict(spans)

    # --- search ---------------------------------------------------------------------------------

    def _count(self, phrase: str) -> int:
        return self._dossier.count_matching(phrase)

    def salience(self, word: str) -> float:
        """How much a word says by itself, 0 to 1; 1 for every word without an encoder."""
        return self._salience(word)

    def _word_salience(self, word: str) -> float:
        return self._encoder.salience(word) if self._encoder is not None else 1.0

    def lexical(self, terms: Iterable[str], limit: int) -> list[tuple[int, float]]:
        """(passage id, BM25 score) for any of the terms; a term of several words is a phrase."""
        return self._matching(tuple(t for t in terms if stem(t)), limit)

    @cached_property
    def _matrix(self) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        if self._encoder is None:
            return None
        import numpy as np

        rows = self._dossier.vectors(self._encoder.name)
        if not rows:
            return None
        ids = np.concatenate([np.frombuffer(i, np.int64) for i, _ in rows])
        data = np.concatenate([np.frombuffer(d, np.int8) for _, d in rows]).reshape(-1, self._encoder.dimensions)
        return ids, np.asarray(data, dtype=np.float32) / np.float32(127)

    def forget_vectors(self) -> None:
        """Load the vectors anew at the next search: they were made after this index was opened."""
        self.__dict__.pop("_matrix", None)
        self._near.cache_clear()

    def _embed_query(self, text: str) -> NDArray[np.float32] | None:
        return self._encoder.encode([text])[0] if self._encoder is not None else None

    def dense(self, text: str, limit: int) -> list[tuple[int, float]]:
        """(passage id, cosine) of the passages nearest in meaning; empty without vectors."""
        return self._near(text, limit)

    def _dense(self, text: str, limit: int) -> list[tuple[int, float]]:
        query, matrix = self._embed(text), self._matrix
        if query is None or matrix is None:
            return []
        import numpy as np

        ids, rows = matrix
        scores = rows @ query
        apart = -scores
        best = np.argpartition(apart, min(limit, len(scores) - 1))[:limit]
        best = best[np.argsort(apart[best])]
        return list(zip(ids[best].tolist(), scores[best].tolist(), strict=True))

    def similarity(self, question: str, texts: Sequence[str]) -> list[float]:
        """Cosine of each text with the question; zeros without an encoder."""
        query = self._embed(question)
        if query is None or self._encoder is None or not texts:
            return [0.0] * len(texts)
        return [float(s) for s in self._encoder.encode(list(texts)) @ query]

    def nearest(self, question: str, groups: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """For each named group of texts, the cosine of its nearest text; empty without an encoder."""
        query = self._embed(question)
        if query is None or self._encoder is None:
            return {}
        import numpy as np

        encoder, wanted = self._encoder, [name for name, texts in groups.items() if texts]
        rows, starts = self.keep(("groups", tuple(groups)), lambda: self._stacked(encoder, [groups[name] for name in wanted]))
        best = np.maximum(np.maximum.reduceat(rows @ query, starts), 0) if wanted else rows
        return dict(zip(wanted, best.tolist(), strict=True))

    def _stacked(self, encoder: Encoder, groups: Sequence[Sequence[str]]) -> tuple[NDArray[np.float32], list[int]]:
        """The vectors of all the texts of groups, none of them empty, and where each group begins."""
        starts = list(accumulate((len(texts) for texts in groups[:-1]), initial=0))
        return vectors(encoder, [text for texts in groups for text in texts], self._folder), starts

    def fuse(self, lists: Sequence[tuple[float, Sequence[int]]], limit: int) -> list[Hit]:
        """Weighted reciprocal rank fusion of ranked passage ids."""
        scores: dict[int, float] = defaultdict(float)
        for weight, ids in lists:
            for rank, key in enumerate(ids):
                scores[key] += weight / (RRF + rank + 1)
        best = sorted(scores, key=lambda k: (-scores[k], k))[:limit]
        return [Hit(p, scores[p.id]) for p in self._dossier.fetch(best)]
