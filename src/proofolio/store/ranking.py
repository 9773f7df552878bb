"""BM25 over the dossier's full-text index, phrase by phrase: what a phrase is worth in each passage is worked out once.

FTS5's own ``bm25()`` looks up the length of every passage that it scores, for every query anew. Here the lengths are
read once, the places of a word come from FTS5's list of them, and a query adds up what its phrases are worth. Scores
and order are those of ``ORDER BY bm25(passages_fts, 1.0, 0.8)``.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K1, B = 1.2, 0.75  # of BM25, as FTS5 has them
IN_CONTEXT = 0.8  # what a word of a passage's path, symbol or headings counts, against one of its lines
LEAST = 1e-6  # what a word is worth that stands in more than half of all passages
KEPT = 4_096  # words and phrases whose worth is kept


class Ranking:
    """Ranks the passages of one state of a dossier; made anew where the dossier has changed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._terms: dict[str, list[str]] = {}
        self._word = lru_cache(maxsize=KEPT)(self._worth_of_word)
        self._phrase = lru_cache(maxsize=KEPT)(self._worth_of_phrase)
        db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.places USING fts5vocab(main, passages_fts, instance)")

    def best(self, phrases: Iterable[str], limit: int) -> list[tuple[int, float]]:
        """(passage id, score) of the best passages for any of the phrases, higher scores first, then lower ids."""
        import numpy as np

        wanted = list(dict.fromkeys(map(bare, phrases)))
        self._learn([p for p in wanted if p not in self._terms])
        scores = np.zeros(len(self._norms))
        for phrase in wanted:
            terms = self._terms[phrase]
            if terms:
                ids, worth = self._word(terms[0]) if len(terms) == 1 else self._phrase(phrase)
                scores[ids] += worth
        found = np.flatnonzero(scores)
        scores = scores[found]
        if len(found) > limit:
            least = np.partition(scores, len(found) - limit)[len(found) - limit]
            found, scores = found[scores >= least], scores[scores >= least]
        order = np.argsort(-scores, kind="stable")[:limit]
        return list(zip(found[order].tolist(), scores[order].tolist(), strict=True))

    def _learn(self, phrases: Sequence[str]) -> None:
        """Have the tokenizer cut phrases that are new into terms."""
        if len(self._terms) > 4 * KEPT:
            self._terms.clear()
        self._terms.update(zip(phrases, terms_of(phrases), strict=True))

    @cached_property
    def _total(self) -> int:
        """How many passages there are."""
        return int(self._db.execute("SELECT count(*) FROM passages_fts_docsize").fetchone()[0])

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        """What BM25 adds to how often a word stands in a passage, by the passage's id: the longer it is, the more."""
        import numpy as np

        rows = self._db.execute("SELECT id, sz FROM passages_fts_docsize").fetchall()
        if not rows:
            return np.zeros(1)
        # The words of both columns, as SQLite's integers of variable length: seven bits a byte, the last byte below 128.
        data = np.frombuffer(b"".join(size for _, size in rows), np.uint8)
        ends = np.flatnonzero(data < 128)
        starts = np.concatenate(([0], ends[:-1] + 1))
        digits = np.repeat(ends, ends - starts + 1) - np.arange(len(data))
        sizes = np.add.reduceat((data & 127).astype(np.int64) << 7 * digits, starts)
        ids = np.fromiter((key for key, _ in rows), np.int64, len(rows))
        lengths = np.zeros(int(ids.max()) + 1)
        lengths[ids] = sizes.reshape(len(rows), -1).sum(axis=1)
        norms: NDArray[np.float64] = K1 * (1 - B + B * lengths / (float(lengths.sum()) / len(rows)))
        return norms

    def _worth_of_word(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(ids, scores) of the passages that hold a term."""
        import numpy as np

        # One string of numbers, those of the context negative: a row for each place would take three times as long.
        told = self._db.execute("SELECT json_group_array(iif(col = 'body', doc, -doc)) FROM temp.places WHERE term = ?", (term,)).fetchone()[0]
        places = np.array(json.loads(told), np.int64)
        often = np.bincount(places[places > 0]).astype(np.float64)
        aside = np.bincount(-places[places < 0])
        often.resize(max(len(often), len(aside)), refcheck=False)
        for more in range(int(aside.max(initial=0))):  # one by one, as FTS5 adds: 0.8 three times over is not 2.4
            often[: len(aside)][aside > more] += IN_CONTEXT
        ids = np.flatnonzero(often)
        often = often[ids]
        rarity = math.log((self._total - len(ids) + 0.5) / (len(ids) + 0.5))
        return ids, (LEAST if rarity <= 0 else rarity) * (often * (K1 + 1) / (often + self._norms[ids]))

    def _worth_of_phrase(self, phrase: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(ids, scores) of the passages that hold several words in a row."""
        import numpy as np

        rows = self._db.execute(
            f"SELECT rowid, -bm25(passages_fts, 1.0, {IN_CONTEXT}) FROM passages_fts WHERE passages_fts MATCH ?", (quoted(phrase),)).fetchall()
        return np.fromiter((key for key, _ in rows), np.int64, len(rows)), np.fromiter((score for _, score in rows), np.float64, len(rows))


def bare(phrase: str) -> str:
    """A phrase without what FTS5 could take for the end of it."""
    return phrase.replace('"', " ").replace("\x00", " ")


def quoted(phrase: str) -> str:
    """An FTS5 string: anything the candidate or interviewer wrote is data, never query syntax."""
    return f'"{bare(phrase)}"'


@lru_cache(maxsize=1)
def _tokenizer() -> sqlite3.Connection:
    """An index of nothing that cuts and stems words just as the dossier's does."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    db.execute("CREATE VIRTUAL TABLE texts USING fts5(text, content = '', tokenize = 'porter unicode61')")
    db.execute("CREATE VIRTUAL TABLE places USING fts5vocab(texts, instance)")
    return db


def terms_of(phrases: Sequence[str]) -> list[list[str]]:
    """The terms that the index has for each phrase, in no particular order."""
    found: list[list[str]] = [[] for _ in phrases]
    if phrases:
        db = _tokenizer()
        db.execute("BEGIN")
        db.executemany("INSERT INTO texts(rowid, text) VALUES (?,?)", enumerate(phrases))
        for key, term in db.execute("SELECT doc, term FROM places"):
            found[key].append(term)
        db.execute("ROLLBACK")
    return found
