"""Idempotent export: only what changed since the last acknowledged export is sent.

Two layers, because each covers a hole in the other. The ledger (SQLite) remembers what the
CRM acknowledged, so a second run sends nothing. The idempotency key covers the gap between
"the CRM applied it" and "we wrote that down".
"""
from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from .client import CrmClient

COLUMNS = ["customer_id", "segment", "score", "scored_at"]


class Ledger:
    """What the CRM has acknowledged, per campaign and customer."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("CREATE TABLE IF NOT EXISTS sent (campaign_id TEXT, customer_id TEXT, digest TEXT, PRIMARY KEY (campaign_id, customer_id))")

    def known(self, campaign_id: str) -> dict[str, str]:
        rows = self._db.execute("SELECT customer_id, digest FROM sent WHERE campaign_id = ?", (campaign_id,))
        return dict(rows.fetchall())

    def mark(self, campaign_id: str, records: list[dict[str, Any]]) -> None:
        """Record an acknowledged batch, all of it or nothing."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)",
                                 [(campaign_id, r["customer_id"], digest(r)) for r in records])

    def close(self) -> None:
        self._db.close()


def digest(record: dict[str, Any]) -> str:
    """Digest of one record's content."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def to_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Records in a fixed order, scores rounded so that noise in the last digit is no change."""
    missing = set(COLUMNS) - set(table.columns)
    if missing:
        raise ValueError(f"missing columns: {sorted(missing)}")
    if table["customer_id"].duplicated().any():
        raise ValueError("a customer appears twice")
    ordered = table.sort_values("customer_id")
    return [{"customer_id": f"{int(r.customer_id):05d}", "segment": str(r.segment), "score": round(float(r.score), 4),
             "scored_at": str(r.scored_at)} for r in ordered.itertuples()]


def batches(records: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(records), size):
        yield records[start:start + size]


def export(table: pd.DataFrame, client: CrmClient, ledger: Ledger, campaign_id: str, batch_size: int) -> dict[str, int]:
    """Send new and changed records. Safe to run again after any failure."""
    records = to_records(table)
    known = ledger.known(campaign_id)
    todo = [r for r in records if known.get(r["customer_id"]) != digest(r)]
    sent = 0
    for batch in batches(todo, batch_size):
        client.upsert(campaign_id, batch)
        ledger.mark(campaign_id, batch)
        sent += len(batch)
    return {"records": len(records), "unchanged": len(records) - len(todo), "sent": sent}
