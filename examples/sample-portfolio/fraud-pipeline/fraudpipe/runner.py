"""The stages of one run, in order: load, transform, quality, publish."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fraudpipe import quality, warehouse
from fraudpipe.config import Workdir, settings
from fraudpipe.contracts import LATEST
from fraudpipe.ledger import Ledger
from fraudpipe.loader import load_inbox
from fraudpipe.reliability import AlreadyRunning, RunLog, publish_folder, single_writer

OK, QUALITY_WARN, LOAD_FAILED, TRANSFORM_FAILED, LOCKED, QUALITY_BLOCK = 0, 2, 3, 4, 5, 6


@dataclass
class Run:
    """What one run did, for the caller and for the tests."""

    run_id: str
    exit_code: int = OK
    stages: dict[str, Any] = field(default_factory=dict)


def publish(work: Workdir) -> dict[str, int]:
    """Export the marts as Parquet and switch the `current` link to them."""
    counts: dict[str, int] = {}

    def write(folder: Path) -> None:
        with warehouse.connect(work) as db:
            for table in ("mart_alerts", "mart_card_cases"):
                target = str(folder / f"{table}.parquet").replace("'", "''")
                db.execute(f"copy (select * from {table} order by 1) to '{target}' (format parquet)")
                counts[table] = db.execute(f"select count(*) from {table}").fetchone()[0]

    publish_folder(write, work.published / "current")
    return counts


class Pipeline:
    """Stages share one run id and one log. Each stage may be repeated without harm."""

    def __init__(self, work: Workdir, canonical: int = LATEST) -> None:
        self.work, self.canonical = work, canonical
        self.result = Run(run_id=uuid.uuid4().hex[:12])
        self.log = RunLog(work.logs, self.result.run_id)

    def _stage(self, name: str, call: Callable[[], Any]) -> Any:
        self.log.event(name, "start")
        began = time.perf_counter()
        try:
            body = call()
        except Exception as error:
            self.log.event(name, "failed", seconds=round(time.perf_counter() - began, 2))
            self.log.error(name, type(error).__name__, str(error))
            raise
        self.log.event(name, "ok", seconds=round(time.perf_counter() - began, 2), detail=body)
        self.result.stages[name] = body
        return body

    def _transform(self, window_from: date | None, full_refresh: bool) -> dict[str, Any]:
        ledger = Ledger(self.work.ledger)
        pending = ledger.pending_from()
        if pending is None and window_from is None and not full_refresh:
            return {"skipped": "nothing new"}
        starts = [d for d in (pending, window_from) if d]
        lookback = timedelta(days=settings()["transform"]["late_lookback_days"])
        start = min(starts) - lookback if starts else None
        body = warehouse.build(self.work, start.isoformat() if start else None, full_refresh,
                               {"raw_schema_version": self.canonical})
        ledger.mark_transformed()
        return {"window_from": start, **body}

    def run(self, files: list[Path] | None = None, window_from: date | None = None,
            full_refresh: bool = False, check_quality: bool = True) -> Run:
        """Run all stages. The exit code names the first stage that needs a person."""
        result = self.result
        try:
            with single_writer(self.work.root):
                report = self._stage("load", lambda: load_inbox(self.work, self.log, files, self.canonical).summary())
                if report["refused"]:
                    result.exit_code = LOAD_FAILED      # the good files still go through
                self._stage("transform", lambda: self._transform(window_from, full_refresh))
                if check_quality:
                    verdict = self._stage("quality", lambda: quality.check(self.work))
                    if verdict["level"] == "block":
                        self.log.event("publish", "withheld", reason="quality")
                        result.exit_code = QUALITY_BLOCK
                    elif verdict["level"] == "warn" and result.exit_code == OK:
                        result.exit_code = QUALITY_WARN
                if result.exit_code != QUALITY_BLOCK:
                    self._stage("publish", lambda: publish(self.work))
        except AlreadyRunning as error:
            self.log.error("lock", "already_running", str(error))
            result.exit_code = LOCKED
        except warehouse.TransformFailed:
            result.exit_code = TRANSFORM_FAILED
        self.log.event("run", "end", exit_code=result.exit_code)
        return result
