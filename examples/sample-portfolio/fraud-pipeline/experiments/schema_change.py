"""Replay of the layout change of 2026-09-22: `mcc` renamed, `entry_mode` added. Small data."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from experiments.common import RESULTS, write_json
from fraudpipe import warehouse
from fraudpipe.config import PROJECT, Workdir
from fraudpipe.loader import load_inbox
from fraudpipe.reliability import RunLog
from fraudpipe.runner import Pipeline
from fraudpipe.simulate import Spec, generate

CUT = date(2026, 9, 8)
SPEC = Spec(seed=43, start=date(2026, 9, 1), days=12, cards=300, schema_v2_from=CUT, incidents=False)


def columns(work: Workdir) -> list[str]:
    with warehouse.connect(work) as db:
        return [r[0] for r in db.execute("describe fct_transactions").fetchall()]


def keep_old_rows(work: Workdir, path: Path) -> int:
    with warehouse.connect(work) as db:
        db.execute(f"copy (select * from fct_transactions where file_date < date '{CUT}') to '{path}' (format parquet)")
        return db.execute(f"select count(*) from read_parquet('{path}')").fetchone()[0]


def compare_old_rows(work: Workdir, path: Path, names: list[str]) -> dict[str, int]:
    """The rows from before the change, over the old columns. A row that was delivered a second time
    after the change now carries the later delivery; it is counted apart."""
    listed = ", ".join(names)
    with warehouse.connect(work) as db:
        db.execute(f"create temp view changed as select {listed} from read_parquet('{path}') "
                   f"except select {listed} from fct_transactions")
        total, again = db.execute(f"""select count(*), count(*) filter (where f.file_date >= date '{CUT}')
            from changed c left join fct_transactions f using (txn_id)""").fetchone()
    return {"redelivered_since": again, "changed_or_lost": total - again}


def by_version(work: Workdir) -> list[dict[str, Any]]:
    with warehouse.connect(work) as db:
        rows = db.execute("""select source_version, count(*), count(merchant_category_code), count(entry_mode)
            from fct_transactions group by 1 order by 1""").fetchall()
    return [dict(zip(("source_version", "rows", "with_category", "with_entry_mode"), r)) for r in rows]


def main(root: Path, write: bool = True) -> dict[str, Any]:
    shutil.rmtree(root, ignore_errors=True)
    work = Workdir(root)
    generate(SPEC, work)
    files = sorted(work.inbox.glob("*.csv.gz"))
    first = Pipeline(work, canonical=1).run(files=files[:7])
    before = {"exit_code": first.exit_code, "columns": columns(work)}
    snapshot = root / "before.parquet"
    kept = keep_old_rows(work, snapshot)
    surprise = Pipeline(work, canonical=1).run(files=files[:8])
    # the rejected option, on a copy: on_schema_change = ignore
    ignored = Workdir(root.parent / f"{root.name}_ignore")
    shutil.rmtree(ignored.root, ignore_errors=True)
    shutil.copytree(work.root, ignored.root)
    load_inbox(ignored, RunLog(ignored.logs, "ignore"))
    try:
        warehouse.build(ignored, "2026-08-29", variables={"on_schema_change": "ignore"})
        outcome = "dbt build passed"
    except warehouse.TransformFailed as error:
        outcome = next(line.strip() for line in str(error).splitlines() if "Error:" in line)
    upgraded = Pipeline(work).run()
    after_columns = columns(work)
    body = {
        "1_before": before | {"old_rows": kept},
        "2_v2_file_meets_v1_loader": {"exit_code": surprise.exit_code, "refused": surprise.stages["load"]["refused"]},
        "3_loader_upgraded": {
            "exit_code": upgraded.exit_code, "files_landed_again": upgraded.stages["load"]["landed"],
            "columns_added": [c for c in after_columns if c not in before["columns"]],
            "columns_lost": [c for c in before["columns"] if c not in after_columns],
            "old_rows": {"rows_before": kept, **compare_old_rows(work, snapshot, before["columns"])},
            "by_source_version": by_version(work)},
        "4_rejected_option_ignore": {
            "columns_added": [c for c in columns(ignored) if c not in before["columns"]],
            "dbt_build": outcome,
            "note": "the models succeed without the column; only the data test on that column notices"},
    }
    if write:
        write_json(RESULTS / "schema_change" / "replay.json", body)
        shutil.copy(work.logs / "errors.jsonl", RESULTS / "schema_change" / "errors.jsonl")
    return body


if __name__ == "__main__":
    print(main(PROJECT / "data" / "schema_change"))
