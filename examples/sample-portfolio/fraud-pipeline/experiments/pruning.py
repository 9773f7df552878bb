"""What does partitioning by delivery day buy? The same rows in three layouts, the same question asked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb

from experiments.common import MACHINE, RESULTS, timed, write_csv
from fraudpipe.config import PROJECT, Workdir

REPEATS = 15


def files_scanned(db: duckdb.DuckDBPyConnection, query: str) -> str:
    plan = db.execute("explain analyze " + query).fetchall()[0][1]
    found = re.search(r"Scanning Files:\s*(\d+/\d+)", plan)
    read = re.search(r"Total Files Read:\s*(\d+)", plan)
    return found.group(1) if found else (read.group(1) if read else "1")


def main(work: Workdir, scratch: Path) -> list[dict[str, Any]]:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    parts = str(work.raw / "file_date=*" / "*.parquet")
    with duckdb.connect(config={"threads": 2}) as db:
        days = "read_parquet('{}', hive_partitioning = true, union_by_name = true)".format(parts)
        db.execute(f"copy (select * from {days} order by file_date, _row_number) to '{scratch}/by_day.parquet' (compression zstd)")
        db.execute(f"copy (select * from {days} order by card_id, event_ts) to '{scratch}/by_card.parquet' (compression zstd)")
        total = db.execute(f"select count(*) from {days}").fetchone()[0]
        one, card = (f"read_parquet('{scratch}/{n}.parquet')" for n in ("by_day", "by_card"))
        # one row comes back: with a row per card I would mostly measure the transfer to Python
        ask = "select count(distinct card_id), count(*), sum(amount) from {} where {}"
        three = "file_date >= date '2026-10-10'"
        cases = [
            ("partitioned by day", "last three deliveries", ask.format(days, three)),
            ("one file, rows in delivery order", "last three deliveries", ask.format(one, three)),
            ("one file, rows in card order", "last three deliveries", ask.format(card, three)),
            ("partitioned by day", "last three event days", ask.format(days, "event_ts >= timestamp '2026-10-10'")),
            ("partitioned by day", "all deliveries", ask.format(days, "true")),
            ("one file, rows in delivery order", "all deliveries", ask.format(one, "true")),
            ("partitioned by day", "one card, all deliveries", ask.format(days, "card_id = 'c000123'")),
            ("one file, rows in card order", "one card, all deliveries", ask.format(card, "card_id = 'c000123'")),
        ]
        rows = [{"layout": layout, "question": question, "rows_total": total, "files_scanned": files_scanned(db, query),
                 **timed(lambda q=query: db.execute(q).fetchall(), REPEATS)} for layout, question, query in cases]
    write_csv(RESULTS / "pruning" / f"pruning_{work.root.name}.csv", rows)
    (RESULTS / "pruning" / "machine.txt").write_text(MACHINE + "\n")
    return rows


if __name__ == "__main__":
    for size in ("10x", "100x"):
        for row in main(Workdir(PROJECT / "data" / "scale" / size), PROJECT / "data" / "pruning"):
            print(row)
