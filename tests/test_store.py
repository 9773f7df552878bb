"""The dossier as a file: whole or not there, never a stranger's, never half written."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofolio.core.errors import DossierError
from proofolio.core.records import (
    Cell,
    Document,
    DocumentKind,
    Evidence,
    Figure,
    Liveness,
    Metric,
    Passage,
    Problem,
    Rank,
    SourceInfo,
    TechnologyUse,
)
from proofolio.store.dossier import Compiled, Dossier, split_identifiers

INFO = SourceInfo("work", "git", "/work", "ab" * 20, dirty=2)


def compiled(
    path: str = "src/train.py", text: str = "import pandas\n\ndef trainModel():\n    return 0.92\n"
) -> Compiled:
    figure = Figure("work", path, 0, "ROC curve", "image/png", 3, "roc", b"\x89PNG")
    document = Document("work", path, DocumentKind.NOTEBOOK, "python", text, "cd" * 32, INFO.commit, Rank.OUTPUT, "blob-1",
                        (Cell(0, "code", 1, 4, 4),), (figure,), {"dead": "no"})  # fmt: skip
    return Compiled(
        document,
        (Passage(1, 2, "imports"), Passage(3, 4, "", 0, "trainModel")),
        (Evidence("r.one", ("ml.validation", "ml.metrics"), path, "work", 3, 4, 0, "Says it.", {"rounds": "50"},
                  Liveness.LIVE, Rank.CODE, 3, "m"),),
        (TechnologyUse("pandas", Liveness.IMPORTED_ONLY, "work", path, 1, 1, 0, "imported"),),
        (Metric("accuracy", "0.92", "test", "work", path, 4, 0, Rank.OUTPUT),),
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.dossier"


def fill(path: Path, *entries: Compiled) -> None:
    dossier = Dossier(path, create=True)
    with dossier.transaction():
        dossier.put_source(INFO, [Problem("work", "x", "too large")], {"authors": []})
        for entry in entries:
            dossier.put(entry)
    dossier.close()


def test_what_is_put_in_comes_out(path: Path) -> None:
    entry = compiled()
    fill(path, entry)
    dossier = Dossier(path)
    found = dossier.document("work", "src/train.py")
    assert found is not None
    assert (found.text, found.sha256, found.commit, found.rank, found.blob) == (
        entry.document.text, "cd" * 32, INFO.commit, Rank.OUTPUT, "blob-1",
    )  # fmt: skip
    assert (found.cells, dict(found.flags)) == (entry.document.cells, {"dead": "no"})
    assert dossier.evidence() == list(entry.evidence)
    assert dossier.technologies() == list(entry.technologies)
    assert dossier.metrics() == list(entry.metrics)
    [(key, figure)] = dossier.figures()
    assert (figure.caption, figure.cell, figure.line) == ("ROC curve", 0, 3)
    assert dossier.figure_bytes(key) == ("work", "src/train.py", "image/png", b"\x89PNG")
    assert dossier.sources() == [(INFO, [Problem("work", "x", "too large")], {"authors": []})]
    assert [(p.first, p.last, p.symbol) for p in dossier.passages_of("work", "src/train.py")] == [
        (1, 2, ""),
        (3, 4, "trainModel"),
    ]
    dossier.close()


def test_a_document_that_is_dropped_leaves_nothing(path: Path) -> None:
    fill(path, compiled(), compiled("src/other.py"))
    dossier = Dossier(path)
    dossier.put_vectors(1, "e", b"", b"")
    dossier.drop_documents("work", ["src/train.py"])
    counts = dossier.counts()
    assert {counts[t] for t in ("documents", "evidence", "technologies", "metrics", "figures")} == {1}
    assert counts["vectors"] == 0
    assert dossier.count_matching('"pandas"') == 1
    dossier.drop_sources([])
    assert set(dossier.counts().values()) == {0}
    assert dossier.count_matching('"pandas"') == 0
    dossier.close()


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_identifiers_are_found_by_their_humps(text: str) -> None:
    assert split_identifiers(text).startswith(text)
    assert "train Model" in split_identifiers(f"{text} trainModel")


def test_a_failure_inside_leaves_what_was_there(path: Path) -> None:
    fill(path, compiled())
    dossier = Dossier(path)
    with pytest.raises(RuntimeError), dossier.transaction():
        dossier.drop_documents("work", ["src/train.py"])
        raise RuntimeError
    assert dossier.document("work", "src/train.py") is not None
    assert dossier.count_matching('"pandas"') == 1
    dossier.close()


def test_a_full_disk_leaves_what_was_there_and_says_what_to_do(path: Path) -> None:
    fill(path, compiled())
    dossier = Dossier(path)
    pages = dossier._db.execute("PRAGMA page_count").fetchone()[0]
    dossier._db.execute(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own "database or disk is full"
    with pytest.raises(DossierError, match=r"full.*Free some disk space"), dossier.transaction():
        dossier.drop_documents("work", ["src/train.py"])
        for n in range(50):
            dossier.put(compiled(f"src/{n}.py", f"value_{n} = 1\n" * 400))
    assert [p for _, _, p in dossier.paths()] == ["src/train.py"]
    dossier.close()
    assert Dossier(path).document("work", "src/train.py") is not None


def write_and_wait(path: Path, ready: Path) -> None:
    dossier = Dossier(path)
    with dossier.transaction():
        dossier.drop_documents("work", ["src/train.py"])
        for n in range(200):  # more than the page cache keeps: some of it is on disk when the end comes
            dossier.put(compiled(f"src/{n}.py", f"value_{n} = 1\n" * 2_000))
        ready.touch()
        time.sleep(60)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_writer_that_is_killed_leaves_the_dossier_as_it_was(path: Path, tmp_path: Path) -> None:
    fill(path, compiled())
    ready = tmp_path / "ready"
    writer = multiprocessing.get_context("spawn").Process(target=write_and_wait, args=(path, ready))
    writer.start()
    while not ready.exists():
        assert writer.is_alive()
        time.sleep(0.01)
    reader = Dossier(path)
    assert reader.document("work", "src/train.py") is not None, (
        "a reader sees nothing of a compile that is not done"
    )
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    dossier = Dossier(path)
    assert [p for _, _, p in dossier.paths()] == ["src/train.py"]
    assert dossier._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    with dossier.transaction():
        dossier.put(compiled("src/after.py"))
    dossier.close()
    reader.close()


def test_a_snapshot_does_not_change_and_the_next_one_knows(path: Path) -> None:
    fill(path, compiled())
    reader, writer = Dossier(path), Dossier(path)
    with reader.snapshot() as changed:
        assert not changed
        with writer.transaction():
            writer.drop_documents("work", ["src/train.py"])
        assert reader.evidence()
    with reader.snapshot() as changed:
        assert changed
        assert not reader.evidence()
        assert reader.document("work", "src/train.py") is None
    with reader.snapshot() as changed:
        assert not changed
    reader.close()
    writer.close()


def test_a_dossier_that_is_not_there_is_an_error_and_stays_absent(path: Path) -> None:
    with pytest.raises(DossierError, match="no dossier at"):
        Dossier(path)
    assert not path.exists()


def test_a_stranger_s_database_is_refused_and_untouched(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (id)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(DossierError, match="is no dossier"):
        Dossier(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough to have a header" * 4, b"SQLite format 3\0" + b"\xff" * 500],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_an_error(path: Path, content: bytes, create: bool) -> None:
    path.write_bytes(content)
    with pytest.raises(DossierError, match="cannot be opened"):
        Dossier(path, create=create)
    assert path.read_bytes() == content


def test_a_damaged_dossier_is_told_when_it_is_read(path: Path) -> None:
    fill(path, compiled(text="value = 1\n" * 20_000))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40_000] = b"\xff" * 40_000
    path.write_bytes(content)
    dossier = Dossier(path)
    with (
        pytest.raises(DossierError, match=r"cannot be read.*Delete it and compile again"),
        dossier.snapshot(),
    ):
        dossier.evidence()
        dossier.document("work", "src/train.py")
        dossier.count_matching('"value"')
    dossier.close()


def test_a_dossier_of_a_newer_version_is_refused(path: Path) -> None:
    fill(path, compiled())
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(DossierError, match="made by a newer version"):
        Dossier(path)


def test_a_dossier_in_a_folder_that_cannot_be_written_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, compiled())
    monkeypatch.setattr(
        os, "access", lambda *_: False
    )  # permissions do not bind root, under whom tests may run
    dossier = Dossier(path)
    assert dossier.document("work", "src/train.py") is not None
    with dossier.snapshot() as changed:
        assert not changed
    with pytest.raises(DossierError, match="readonly"), dossier.transaction():
        dossier.drop_documents("work", ["src/train.py"])
    dossier.close()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
