"""Our own ranking gives what FTS5's gives, ways of asking are found as if all were tried, kept vectors are the encoder's."""

from __future__ import annotations

import os
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from proofolio.evidence.rules import builtin_topics
from proofolio.evidence.wordings import alternatives, asked_in
from proofolio.retrieval.kept import MANY, MOST, vectors
from proofolio.store.ranking import Ranking, quoted

PACKS = Path(__file__).parents[1] / "src" / "proofolio" / "packs"
_SEED = 20261124
_WORDS = "retry retries retrying queue queues the of model models train trained café 2024 x_y if-then a".split()


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    """An index as the dossier's, with gaps in its ids, empty contexts and words in most of the passages."""
    chance = random.Random(_SEED)
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE passages_fts USING fts5(body, context, content = '', tokenize = 'porter unicode61')")
    for key in range(1, 1_500, 3):
        body = " ".join(chance.choices(_WORDS, weights=range(len(_WORDS), 0, -1), k=chance.randint(1, 400)))
        db.execute("INSERT INTO passages_fts(rowid, body, context) VALUES (?,?,?)", (key, body, " ".join(chance.choices(_WORDS, k=key % 7))))
    yield db
    db.close()


def fts5(db: sqlite3.Connection, phrases: Sequence[str], limit: int) -> list[tuple[int, float]]:
    """What SQLite itself ranks best."""
    query = " OR ".join(map(quoted, phrases))
    return db.execute(
        "SELECT rowid, -bm25(passages_fts, 1.0, 0.8) AS s FROM passages_fts WHERE passages_fts MATCH ? ORDER BY s DESC, rowid LIMIT ?", (query, limit)
    ).fetchall()


@pytest.mark.parametrize(
    "phrases",
    [["retry"], ["the"], ["queue", "models"], ["the", "of", "café", "2024"], ["retry queue", "train"], ["x_y"], ["if-then"], ["nowhere"], ["nowhere", "model"]],
)
def test_scores_and_order_are_those_of_fts5(db: sqlite3.Connection, phrases: list[str]) -> None:
    """Ties are left to rounding: what is compared place by place is the score, and the passages where scores are apart."""
    theirs, ours = dict(fts5(db, phrases, 2_000)), Ranking(db).best(phrases, 40)
    assert len(ours) == min(40, len(theirs))
    assert [score for _, score in ours] == pytest.approx(sorted(theirs.values(), reverse=True)[:40], rel=1e-9)
    assert all(score == pytest.approx(theirs[key], rel=1e-9) for key, score in ours)


def test_a_ranking_asked_twice_says_the_same(db: sqlite3.Connection) -> None:
    ranking = Ranking(db)
    first = ranking.best(["model", "retry queue"], 25)
    ranking.best(["train", "model"], 25)
    assert ranking.best(["model", "retry queue"], 25) == first


@pytest.mark.parametrize("phrases", [[], [""], ['"'], ["\x00"], ["...", "—"], ['" OR body:"']])
def test_phrases_without_words_and_with_syntax_are_data(db: sqlite3.Connection, phrases: list[str]) -> None:
    assert isinstance(Ranking(db).best(phrases, 5), list)


def test_an_empty_index_has_nothing() -> None:
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE passages_fts USING fts5(body, context, content = '', tokenize = 'porter unicode61')")
        assert Ranking(db).best(["model"], 5) == []


def questions() -> list[str]:
    """The personas' own questions, in three spellings, so that each way of asking has its chance."""
    told = [line.strip(" -'\"\n") for path in sorted((PACKS / "personas").glob("*.yaml")) for line in path.read_text(encoding="utf-8").splitlines() if "?" in line]
    return [spelling for question in told for spelling in (question, question.upper(), question.replace("s", "\u017f", 1))]


def test_ways_of_asking_are_found_as_if_each_were_tried() -> None:
    topics = builtin_topics()
    asked = random.Random(_SEED).sample(questions(), 240)
    found = [asked_in(q, topics) for q in asked]
    ways = {t.id: [re.compile(p.pattern, re.IGNORECASE) for p in t.ask] for t in topics.values()}  # plain: nothing of ours decides what is tried
    tried = [Counter({key: n for key, patterns in ways.items() if (n := sum(1 for p in patterns if p.search(q)))}) for q in asked]
    assert found == tried
    assert sum(map(bool, found)) > len(asked) / 2


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("a|b", ["a", "b"]),
        ("(a|b)c|d", ["(a|b)c", "d"]),
        (r"[|)]x|\|y|\(z", ["[|)]x", r"\|y", r"\(z"]),
        ("[]|]|[^]|]q", ["[]|]", "[^]|]q"]),
        (r"(a)\1|b", [r"(a)\1|b"]),
        ("", [""]),
    ],
)
def test_patterns_are_cut_outside_of_brackets(pattern: str, parts: list[str]) -> None:
    assert alternatives(pattern) == parts


class Counting:
    """An encoder that counts what it is given."""

    name, dimensions = "counting", 2

    def __init__(self) -> None:
        self.given = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.given += len(texts)
        return np.array([[len(t), 1] for t in texts], np.float32)


def test_vectors_are_kept_and_read_again(tmp_path: Path) -> None:
    texts = ["x" * n for n in range(MANY)]
    first, again = Counting(), Counting()
    made = vectors(first, texts, tmp_path / "texts")
    assert np.array_equal(vectors(again, texts, tmp_path / "texts"), made)
    assert (first.given, again.given) == (MANY, 0)


def test_a_file_of_vectors_that_is_cut_off_is_made_again(tmp_path: Path) -> None:
    texts, encoder = ["x" * n for n in range(MANY)], Counting()
    made = vectors(encoder, texts, tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-4])
    assert np.array_equal(vectors(encoder, texts, tmp_path), made)
    assert encoder.given == 2 * MANY


def test_few_texts_and_no_folder_are_not_kept(tmp_path: Path) -> None:
    vectors(Counting(), ["x"] * (MANY - 1), tmp_path)
    vectors(Counting(), ["x"] * MANY, None)
    assert not list(tmp_path.iterdir())


def test_old_files_of_vectors_are_let_go(tmp_path: Path) -> None:
    for n in range(MOST + 3):
        vectors(Counting(), [f"{n} {i}" for i in range(MANY)], tmp_path)
        for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime_ns)):
            os.utime(path, ns=(age * 10**9, age * 10**9))
    assert len(list(tmp_path.iterdir())) == MOST
