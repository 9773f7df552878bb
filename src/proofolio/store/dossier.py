"""The dossier: one SQLite file that holds everything that may be said about a portfolio."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

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
from proofolio.store.ranking import Ranking, quoted

SCHEMA_VERSION = 1
_KINDS, _RANKS, _LIVENESS = {str(k): k for k in DocumentKind}, {str(r): r for r in Rank}, {str(v): v for v in Liveness}
_CAMEL = re.compile(r"\b[A-Z]*+[a-z]++[A-Z][A-Za-z]*+\b")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with where it stands: lines ``first``..``last`` of ``source``/``path``."""

    id: int
    document: int
    source: str
    path: str
    first: int
    last: int
    cell: int | None
    symbol: str
    context: str
    kind: DocumentKind
    rank: Rank


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything that one document contributes to the dossier."""

    document: Document
    passages: Sequence[Passage]
    evidence: Sequence[Evidence]
    technologies: Sequence[TechnologyUse]
    metrics: Sequence[Metric]


def split_identifiers(text: str) -> str:
    """``text`` followed by its camelCase words split at the humps (snake_case is split by FTS5)."""
    humps = {_HUMP.sub(" ", word) for word in set(_CAMEL.findall(text))}
    return f"{text}\n{' '.join(sorted(humps))}" if humps else text


class Dossier:
    """Reads and writes one dossier file. Not shared between threads; open one a thread.

    Raises DossierError where the file cannot be opened, is no dossier or is newer than the program.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.exists():
            raise DossierError(f"There is no dossier at {path}.", "Run `proofolio compile` first.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect(create)
        except (sqlite3.Error, OSError) as error:
            raise self._not_opened(error) from error
        try:
            if not create:
                self._check_is_dossier()
            self._migrate()
            self._version = self._data_version()
        except BaseException as error:
            self._db.close()
            if isinstance(error, sqlite3.Error):
                raise self._not_opened(error) from error
            raise
        self.document = lru_cache(maxsize=4096)(self._document)

    def _not_opened(self, error: Exception) -> DossierError:
        full = "full" in str(error) or "No space" in str(error)
        what = "Free some disk space, then try again." if full else "Delete it and compile again."
        return DossierError(f"The dossier {self.path} cannot be opened: {error}.", what)

    def _connect(self, create: bool) -> sqlite3.Connection:
        if not create and not os.access(self.path.parent, os.W_OK):
            # WAL needs files beside the dossier; where nothing can be written, nobody else writes either.
            address = f"{self.path.resolve().as_uri()}?immutable=1"
            return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        if create:
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    def _data_version(self) -> int:
        """SQLite's counter of what other connections wrote."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _check_is_dossier(self) -> None:
        """Nothing is ever written into a database that is not ours."""
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'passages_fts'").fetchone():
            raise DossierError(f"{self.path} is no dossier.", "Run `proofolio compile` first.")

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise DossierError(f"The dossier {self.path} was made by a newer version.", "Upgrade proofolio, or delete it.")
        scripts = sorted(p for p in Path(str(files("proofolio.store").joinpath("migrations"))).glob("*.sql"))
        for number, script in enumerate(scripts, 1):
            if number > version:
                self._db.executescript(f"BEGIN;{script.read_text(encoding='utf-8')};PRAGMA user_version = {number};COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- writing ------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: a compile that is killed, or finds the disk full, leaves the dossier as it was."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise DossierError(f"The dossier {self.path} cannot be written: {error}.", "Free some disk space, then compile again.") from error
        except BaseException:
            self._rollback()
            raise
        finally:
            self.document.cache_clear()

    @contextmanager
    def snapshot(self) -> Iterator[bool]:
        """One unchanging state for several reads; gives whether another connection wrote since the last one."""
        self._db.execute("BEGIN")
        try:
            self._db.execute("SELECT 1 FROM meta").fetchone()  # the state is taken at the first read
            version = self._data_version()
            changed, self._version = self._version != version, version
            if changed:
                self.document.cache_clear()
            yield changed
        except sqlite3.Error as error:
            raise DossierError(f"The dossier {self.path} cannot be read: {error}.", "Delete it and compile again.") from error
        finally:
            self._rollback()

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def put_source(self, info: SourceInfo, problems: Sequence[Problem], history: Any) -> None:
        """Record a source, replacing what was known of it."""
        row = (info.name, json.dumps(asdict(info)), json.dumps([asdict(p) for p in problems]), json.dumps(history))
        self._db.execute(
            "INSERT INTO sources(name, info, problems, history) VALUES (?,?,?,?) ON CONFLICT(name) DO UPDATE "
            "SET info = excluded.info, problems = excluded.problems, history = excluded.history", row,
        )

    def drop_sources(self, keep: Iterable[str]) -> None:
        """Forget each source that is not in ``keep``, with its documents."""
        kept = set(keep)
        for (name,) in self._db.execute("SELECT name FROM sources").fetchall():
            if name not in kept:
                self.drop_documents(name, list(self.blobs(name)))
                self._db.execute("DELETE FROM sources WHERE name = ?", (name,))

    def blobs(self, source: str) -> dict[str, str]:
        """Path to blob of each document of a source: what a recompile compares with."""
        return dict(self._db.execute("SELECT path, blob FROM documents WHERE source = ?", (source,)).fetchall())

    def drop_documents(self, source: str, paths: Iterable[str]) -> None:
        """Remove documents with all that they contributed."""
        for path in paths:
            row = self._db.execute("SELECT id FROM documents WHERE source = ? AND path = ?", (source, path)).fetchone()
            if row:
                self._db.execute("DELETE FROM passages_fts WHERE rowid IN (SELECT id FROM passages WHERE document = ?)", row)
                self._db.execute("DELETE FROM documents WHERE id = ?", row)

    def put(self, compiled: Compiled) -> None:
        """Add a document with its passages, evidence, technologies, metrics and figures."""
        d = compiled.document
        cursor = self._db.execute(
            "INSERT INTO documents(source, path, kind, language, rank, sha256, blob, flags, cells, text) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (d.source, d.path, str(d.kind), d.language, str(d.rank), d.sha256, d.blob, json.dumps(dict(d.flags)),
             json.dumps([asdict(c) for c in d.cells]), d.text),
        )
        key = cursor.lastrowid
        self._put_passages(key, d, compiled.passages)
        self._db.executemany(
            "INSERT INTO evidence(document, rule, topics, first, last, cell, say, slots, liveness, rank, strength, matcher) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            [(key, e.rule, " ".join(e.topics), e.start, e.end, e.cell, e.say, json.dumps(dict(e.values)), str(e.liveness), str(e.rank), e.strength, e.matcher)
             for e in compiled.evidence],
        )
        self._db.executemany(
            "INSERT INTO technologies VALUES (?,?,?,?,?,?,?)",
            [(key, t.technology, str(t.liveness), t.start, t.end, t.cell, t.how) for t in compiled.technologies],
        )
        self._db.executemany(
            "INSERT INTO metrics VALUES (?,?,?,?,?,?,?)",
            [(key, m.name, m.value, m.split, m.line, m.cell, str(m.rank)) for m in compiled.metrics],
        )
        self._db.executemany(
            "INSERT INTO figures(document, cell, caption, mime, line, words, data) VALUES (?,?,?,?,?,?,?)",
            [(key, f.cell, f.caption, f.mime, f.line, f.words, f.data) for f in d.figures],
        )

    def _put_passages(self, key: int | None, document: Document, passages: Sequence[Passage]) -> None:
        lines = document.text.split("\n")
        where = " ".join(re.split(r"[/._\-]+", document.path))
        next_id = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM passages").fetchone()[0]
        rows, texts = [], []
        for offset, p in enumerate(passages):
            rows.append((next_id + offset, key, p.start, p.end, p.cell, p.symbol, p.context))
            body = split_identifiers("\n".join(lines[p.start - 1 : p.end]))
            texts.append((next_id + offset, body, split_identifiers(f"{where} {p.symbol} {p.context}")))
        self._db.executemany("INSERT INTO passages VALUES (?,?,?,?,?,?,?)", rows)
        self._db.executemany("INSERT INTO passages_fts(rowid, body, context) VALUES (?,?,?)", texts)

    def update_figures(self, figures: Iterable[Figure]) -> None:
        """Replace captions and words of figures that are known by source, path, cell and line."""
        self._db.executemany(
            "UPDATE figures SET caption = ?, words = ? WHERE cell IS ? AND line IS ? AND document = (SELECT id FROM documents WHERE source = ? AND path = ?)",
            [(f.caption, f.words, f.cell, f.line, f.source, f.path) for f in figures],
        )

    def set_meta(self, key: str, value: str) -> None:
        """Keep a value under a key."""
        self._db.execute("INSERT INTO meta VALUES (?,?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", (key, value))

    def put_vectors(self, document: int, encoder: str, passages: bytes, data: bytes) -> None:
        """Keep the int8 vectors of a document's passages (ids as int64)."""
        self._db.execute("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?)", (document, encoder, passages, data))

    # --- reading ------------------------------------------------------------------------------

    def meta(self, key: str) -> str:
        """The value under a key, or ""."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def sources(self) -> list[tuple[SourceInfo, list[Problem], Any]]:
        """Each source with its ingest report and its history."""
        rows = self._db.execute("SELECT info, problems, history FROM sources ORDER BY id").fetchall()
        return [(SourceInfo(**json.loads(i)), [Problem(**p) for p in json.loads(r)], json.loads(h or "null")) for i, r, h in rows]

    def counts(self) -> dict[str, int]:
        """How many documents, passages, evidence, technologies, metrics and figures there are."""
        tables = ("documents", "passages", "evidence", "technologies", "metrics", "figures", "vectors")
        return {t: self._db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}

    def paths(self) -> list[tuple[int, str, str]]:
        """(id, source, path) of every document, by source and path."""
        return self._db.execute("SELECT id, source, path FROM documents ORDER BY source, path").fetchall()

    def _document(self, source: str, path: str) -> Document | None:
        row = self._db.execute(
            "SELECT d.source, d.path, d.kind, d.language, d.text, d.sha256, s.info, d.rank, d.blob, d.cells, d.flags "
            "FROM documents d JOIN sources s ON s.name = d.source WHERE d.source = ? AND d.path = ?", (source, path),
        ).fetchone()
        if row is None:
            return None
        commit = json.loads(row[6])["commit"]
        cells = tuple(Cell(**c) for c in json.loads(row[9]))
        return Document(row[0], row[1], DocumentKind(row[2]), row[3], row[4], row[5], commit, Rank(row[7]), row[8], cells, (), json.loads(row[10]))

    def ranking(self) -> Ranking:
        """What ranks the passages for words; it knows the dossier as it is now."""
        return Ranking(self._db)

    def count_matching(self, phrase: str) -> int:
        """In how many passages a word or phrase stands."""
        return int(self._db.execute("SELECT count(*) FROM passages_fts WHERE passages_fts MATCH ?", (quoted(phrase),)).fetchone()[0])

    def fetch(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with these ids, in the order of the ids."""
        marks = ",".join("?" * len(ids))
        rows = self._db.execute(
            f"SELECT p.id, p.document, d.source, d.path, p.first, p.last, p.cell, p.symbol, p.context, d.kind, d.rank "
            f"FROM passages p JOIN documents d ON d.id = p.document WHERE p.id IN ({marks})", list(ids),
        ).fetchall()
        found = {
            r[0]: StoredPassage(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], _KINDS[r[9]], _RANKS[r[10]])
            for r in rows
        }
        return [found[i] for i in ids if i in found]

    def passages_of(self, source: str, path: str) -> list[StoredPassage]:
        """A document's passages in file order."""
        ids = [r[0] for r in self._db.execute(
            "SELECT p.id FROM passages p JOIN documents d ON d.id = p.document WHERE d.source = ? AND d.path = ? ORDER BY p.first", (source, path))]
        return self.fetch(ids)

    def spans_with_evidence(self) -> Iterator[tuple[str, str, int, int, int]]:
        """(source, path, passage id, first line, last line) of the passages of documents that hold evidence, in file order."""
        yield from self._db.execute(
            "SELECT d.source, d.path, p.id, p.first, p.last FROM passages p JOIN documents d ON d.id = p.document "
            "WHERE p.document IN (SELECT document FROM evidence) ORDER BY p.document, p.first")

    def evidence(self) -> list[Evidence]:
        """All the evidence, by document and line."""
        rows = self._db.execute(
            "SELECT e.rule, e.topics, d.path, d.source, e.first, e.last, e.cell, e.say, e.slots, e.liveness, e.rank, e.strength, e.matcher "
            "FROM evidence e JOIN documents d ON d.id = e.document ORDER BY d.source, d.path, e.first").fetchall()
        topics = {text: tuple(text.split()) for text in {r[1] for r in rows}}
        slots = json.loads(f"[{','.join(r[8] for r in rows)}]")
        return [
            Evidence(r[0], topics[r[1]], r[2], r[3], r[4], r[5], r[6], r[7], values, _LIVENESS[r[9]], _RANKS[r[10]], r[11], r[12])
            for r, values in zip(rows, slots, strict=True)
        ]

    def technologies(self) -> list[TechnologyUse]:
        """All uses of technologies."""
        rows = self._db.execute(
            "SELECT t.technology, t.liveness, d.source, d.path, t.first, t.last, t.cell, t.how FROM technologies t JOIN documents d ON d.id = t.document")
        return [TechnologyUse(r[0], _LIVENESS[r[1]], *r[2:]) for r in rows]

    def metrics(self) -> list[Metric]:
        """All the numbers with names."""
        rows = self._db.execute(
            "SELECT m.name, m.value, m.split, d.source, d.path, m.line, m.cell, m.rank FROM metrics m JOIN documents d ON d.id = m.document")
        return [Metric(r[0], r[1], r[2], r[3], r[4], r[5], r[6], Rank(r[7])) for r in rows]

    def figures(self) -> list[tuple[int, Figure]]:
        """(id, figure) of all figures, without their bytes."""
        rows = self._db.execute(
            "SELECT f.id, d.source, d.path, f.cell, f.caption, f.mime, f.line, f.words FROM figures f JOIN documents d ON d.id = f.document")
        return [(r[0], Figure(*r[1:8])) for r in rows]

    def figure_bytes(self, figure: int) -> tuple[str, str, str, bytes] | None:
        """(source, path, mime, bytes) of a figure; bytes are empty where the file itself is served."""
        row = self._db.execute(
            "SELECT d.source, d.path, f.mime, f.data FROM figures f JOIN documents d ON d.id = f.document WHERE f.id = ?", (figure,)).fetchone()
        return (row[0], row[1], row[2], bytes(row[3])) if row else None

    def without_vectors(self, encoder: str) -> list[tuple[int, str, str]]:
        """(id, source, path) of the documents that have passages and no vectors by this encoder."""
        return self._db.execute(
            "SELECT d.id, d.source, d.path FROM documents d WHERE EXISTS (SELECT 1 FROM passages p WHERE p.document = d.id) "
            "AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.document = d.id AND v.encoder = ?)", (encoder,)).fetchall()

    def vectors(self, encoder: str) -> list[tuple[bytes, bytes]]:
        """(passage ids as int64, int8 rows) of each document that the encoder has encoded."""
        return self._db.execute("SELECT passages, data FROM vectors WHERE encoder = ? ORDER BY document", (encoder,)).fetchall()
