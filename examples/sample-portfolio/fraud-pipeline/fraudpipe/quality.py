"""Data-quality metrics per delivery day, and thresholds that turn them into alerts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from statistics import median
from typing import Any

import duckdb

from fraudpipe.config import Workdir, settings
from fraudpipe.ledger import Ledger
from fraudpipe.reliability import publish_file

METRICS_SQL = """
with raw as (
    select *, cast(event_ts as date) as event_date
    from read_parquet(?, hive_partitioning = true, union_by_name = true)
), ranked as (
    select *, row_number() over (partition by txn_id order by file_date, _row_number) as delivery
    from raw
)
select
    cast(file_date as date) as day,
    count(*) as rows,
    avg(case when delivery > 1 then 1 else 0 end) as duplicate_rate,
    coalesce(avg(case when device_id is null then 1 else 0 end) filter (where channel = 'online'), 0) as online_device_null,
    avg(case when event_date < file_date and delivery = 1 then 1 else 0 end) as late_share,
    date_diff('second', max(event_ts), cast(file_date as timestamp) + interval 1 day) / 3600.0 as freshness_gap_hours
from ranked
group by file_date
order by day
"""


@dataclass(frozen=True)
class Breach:
    day: str
    check: str
    value: float
    level: str
    threshold: float


def daily_metrics(work: Workdir) -> list[dict[str, Any]]:
    """One row per delivery day; the reject rate comes from the ledger, the rest from the raw files."""
    rejects = {day: rejected / max(read, 1) for day, read, _, rejected in Ledger(work.ledger).by_day()}
    with duckdb.connect() as db:
        cursor = db.execute(METRICS_SQL, [str(work.raw / "file_date=*/*.parquet")])
        names = [c[0] for c in cursor.description]
        rows = [dict(zip(names, r)) for r in cursor.fetchall()]
    baseline = settings("dq_thresholds")["volume_baseline"]
    for i, row in enumerate(rows):
        day: date = row["day"]
        same = [r["rows"] for r in rows[:i] if r["day"].weekday() == day.weekday()][-baseline["weeks"]:]
        row["reject_rate"] = rejects.get(day.isoformat(), 0.0)
        row["volume_ratio"] = row["rows"] / median(same) if len(same) >= baseline["min_days"] else None
    return rows


def breaches(rows: list[dict[str, Any]]) -> list[Breach]:
    found: list[Breach] = []
    for row in rows:
        for check, rule in settings("dq_thresholds")["checks"].items():
            column = "volume_ratio" if check.startswith("volume_ratio") else check
            value = row[column]
            if value is None:
                continue
            for level in ("block", "warn"):
                limit = rule[level]
                crossed = value > limit if rule["direction"] == "above" else value < limit
                if crossed:
                    found.append(Breach(row["day"].isoformat(), check, round(value, 4), level, limit))
                    break
    return found


def check(work: Workdir, whole_history: bool = False) -> dict[str, Any]:
    """Judge the newest delivery day (or all days) and write the alert file when something crossed."""
    rows = daily_metrics(work)
    newest = rows[-1]["day"].isoformat() if rows else None
    found = [b for b in breaches(rows) if whole_history or b.day == newest]
    levels = {b.level for b in found}
    level = "block" if "block" in levels else "warn" if "warn" in levels else "ok"
    body = {"level": level, "day": newest, "breaches": [asdict(b) for b in found]}
    if found:
        text = json.dumps(body, indent=1) + "\n"
        publish_file(lambda p: p.write_text(text) and None, work.logs / "_tmp", work.logs / "quality_alert.json")
    return body
