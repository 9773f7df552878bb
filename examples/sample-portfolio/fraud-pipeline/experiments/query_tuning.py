"""Three queries before and after tuning, with plans. Results of each pair are compared first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from experiments.common import MACHINE, RESULTS, timed, write_csv
from fraudpipe.config import PROJECT, Workdir

VELOCITY_JOIN = """
select a.txn_id, count(*) as n_1h
from t a join t b
  on b.card_id = a.card_id and b.event_ts between a.event_ts - interval 1 hour and a.event_ts
group by a.txn_id"""
VELOCITY_WINDOW = """
select txn_id, count(*) over (partition by card_id order by event_ts
    range between interval 1 hour preceding and current row) as n_1h
from t"""
DEVICE_EXISTS = """
select a.txn_id
from t a
where a.device_id is not null and not exists (
    select 1 from t b
    where b.card_id = a.card_id and b.device_id = a.device_id and b.event_ts < a.event_ts)"""
DEVICE_FIRST = """
select a.txn_id
from t a join (select card_id, device_id, min(event_ts) as first_ts from t
               where device_id is not null group by 1, 2) f
  on f.card_id = a.card_id and f.device_id = a.device_id and a.event_ts = f.first_ts"""
HISTORY = "select count(*), sum(amount_cents), max(event_ts) from {} where card_id = 'c012345'"
WEEK = "select count(*), sum(amount_cents) from {} where event_ts >= timestamp '2026-10-05'"


def explain(db: duckdb.DuckDBPyConnection, query: str) -> str:
    return db.execute("explain analyze " + query).fetchall()[0][1]


def digest(db: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Count and checksum of a result, so that before and after can be compared without printing it."""
    return db.execute(f"select count(*), bit_xor(hash(q)) from ({query}) q").fetchone()


def main(work: Workdir) -> list[dict[str, Any]]:
    out = RESULTS / "query_tuning"
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with duckdb.connect(config={"threads": 2}) as db:
        # attached under its own name, because a copy in memory is what I want to query
        db.execute(f"attach '{work.warehouse}' as w (read_only)")
        db.execute("create table t as select txn_id, card_id, event_ts, amount_cents, device_id "
                   "from w.main.fct_transactions order by event_ts")
        db.execute("create table t_indexed as select * from t order by event_ts")
        db.execute("create index by_card on t_indexed (card_id)")
        db.execute("create index by_time on t_indexed (event_ts)")
        db.execute("create table t_sorted as select * from t order by card_id, event_ts")
        total = db.execute("select count(*) from t").fetchone()[0]
        pairs = [
            ("q1_velocity", "before: self-join", VELOCITY_JOIN, 5),
            ("q1_velocity", "after: window frame", VELOCITY_WINDOW, 5),
            ("q2_new_device", "before: not exists", DEVICE_EXISTS, 5),
            ("q2_new_device", "after: first use joined", DEVICE_FIRST, 5),
            ("q3_card_history", "before: no index", HISTORY.format("t"), 31),
            ("q3_card_history", "after: ART index on card_id", HISTORY.format("t_indexed"), 31),
            ("q3_card_history", "other: table sorted by card", HISTORY.format("t_sorted"), 31),
            ("q4_last_week", "before: no index", WEEK.format("t"), 31),
            ("q4_last_week", "after: ART index on event_ts", WEEK.format("t_indexed"), 31),
        ]
        results: dict[str, tuple[Any, ...]] = {}
        for query_id, variant, query, repeats in pairs:
            same = results.setdefault(query_id, digest(db, query)) == digest(db, query)
            name = f"{query_id}__{variant.split(':')[0]}.txt" if not variant.startswith("other") else f"{query_id}__other.txt"
            (out / name).write_text(f"-- {query_id}, {variant}\n-- {MACHINE}, {total} rows\n{query.strip()}\n\n{explain(db, query)}\n")
            rows.append({"query": query_id, "variant": variant, "rows": total, "same_result": same,
                         **timed(lambda q=query: db.execute(q).fetchall(), repeats)})
            print(rows[-1], flush=True)
    write_csv(out / "timings.csv", rows)
    return rows


if __name__ == "__main__":
    main(Workdir(PROJECT / "data" / "scale" / "100x"))
