"""Configuration and the folder layout of a working directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=None)
def settings(name: str = "pipeline") -> dict[str, Any]:
    """Read config/<name>.yml once."""
    return yaml.safe_load((PROJECT / "config" / f"{name}.yml").read_text())


@dataclass(frozen=True)
class Workdir:
    """All state of one pipeline lives under one folder, so a test can have its own."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def truth(self) -> Path:
        return self.root / "truth"

    @property
    def raw(self) -> Path:
        return self.root / "raw" / "transactions"

    @property
    def staging_area(self) -> Path:
        """Half-written files live here, outside the folder that dbt reads."""
        return self.root / "raw" / "_tmp"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.sqlite"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def source_file(self, day: date) -> Path:
        return self.inbox / f"transactions_{day.isoformat()}.csv.gz"

    def partition(self, day: date) -> Path:
        return self.raw / f"file_date={day.isoformat()}"


def file_day(path: Path) -> date:
    """The delivery day is in the file name: transactions_2026-09-01.csv.gz."""
    return date.fromisoformat(path.name.removeprefix("transactions_").removesuffix(".csv.gz"))
