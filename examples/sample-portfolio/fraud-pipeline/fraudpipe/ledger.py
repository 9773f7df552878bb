"""Load ledger: which file, with which content, was landed when, and whether dbt has seen it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

DDL = """
create table if not exists loads (
    file_name      text not null,
    sha256         text not null,
    file_date      text not null,
    source_version integer not null,
    landed_version integer not null,
    rows_read      integer not null,
    rows_landed    integer not null,
    rows_rejected  integer not null,
    landed_at      text not null,
    transformed_at text,
    primary key (file_name)
)
"""


@dataclass(frozen=True)
class Entry:
    file_name: str
    sha256: str
    file_date: date
    source_version: int
    landed_version: int
    rows_read: int
    rows_landed: int
    rows_rejected: int


class Ledger:
    """One row per file name: the newest content wins. SQLite, because it must survive a warehouse
    rebuild and must be writable while DuckDB is not."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with self._open() as db:
            db.execute(DDL)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as db, db:
            yield db

    def seen(self, file_name: str, sha256: str, landed_version: int) -> bool:
        query = "select 1 from loads where file_name = ? and sha256 = ? and landed_version = ?"
        with self._open() as db:
            return db.execute(query, (file_name, sha256, landed_version)).fetchone() is not None

    def record(self, entry: Entry) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        values = (entry.file_name, entry.sha256, entry.file_date.isoformat(), entry.source_version,
                  entry.landed_version, entry.rows_read, entry.rows_landed, entry.rows_rejected, now)
        with self._open() as db:
            db.execute("insert or replace into loads values (?,?,?,?,?,?,?,?,?,null)", values)

    def pending_from(self) -> date | None:
        """Oldest delivery day that dbt has not processed. Survives a crash between the two steps."""
        with self._open() as db:
            row = db.execute("select min(file_date) from loads where transformed_at is null").fetchone()
        return date.fromisoformat(row[0]) if row[0] else None

    def mark_transformed(self) -> int:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._open() as db:
            return db.execute("update loads set transformed_at = ? where transformed_at is null", (now,)).rowcount

    def forget(self, day: date) -> int:
        """Make the next run land this delivery day again (runbook, "raw file damaged")."""
        with self._open() as db:
            return db.execute("delete from loads where file_date = ?", (day.isoformat(),)).rowcount

    def totals(self) -> dict[str, int]:
        query = "select count(*), sum(rows_read), sum(rows_landed), sum(rows_rejected) from loads"
        with self._open() as db:
            files, read, landed, rejected = db.execute(query).fetchone()
        return {"files": files, "read": read or 0, "landed": landed or 0, "rejected": rejected or 0}

    def by_day(self) -> list[tuple[str, int, int, int]]:
        query = "select file_date, rows_read, rows_landed, rows_rejected from loads order by file_date"
        with self._open() as db:
            return db.execute(query).fetchall()
