"""Failures injected on purpose, each followed by its recovery. Small data (300 cards, ten days)."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from experiments.common import RESULTS, table, write_json
from fraudpipe import loader, warehouse
from fraudpipe.config import PROJECT, Workdir
from fraudpipe.ledger import Ledger
from fraudpipe.reliability import RunLog, single_writer
from fraudpipe.runner import Pipeline
from fraudpipe.simulate import Spec, generate

SPEC = Spec(seed=41, start=date(2026, 9, 1), days=10, cards=300, schema_v2_from=date(2026, 9, 6), incidents=False)


class Drill:
    def __init__(self, root: Path) -> None:
        shutil.rmtree(root, ignore_errors=True)
        self.work, self.steps = Workdir(root / "drill"), []
        clean = Workdir(root / "clean")
        generate(SPEC, self.work)
        generate(SPEC, clean)
        Pipeline(clean).run()
        self.reference = warehouse.fingerprints(clean)

    def file(self, day: int) -> Path:
        return self.work.source_file(date(2026, 9, day))

    def until(self, day: int) -> list[Path]:
        return [p for p in sorted(self.work.inbox.glob("*.csv.gz")) if p <= self.file(day)]

    def note(self, name: str, expected: int, actual: int, **facts: Any) -> None:
        self.steps.append({"step": name, "expected_exit": expected, "exit_code": actual, **facts})
        print(self.steps[-1], flush=True)

    def run(self, name: str, expected: int, day: int, **facts: Any) -> None:
        result = Pipeline(self.work).run(files=self.until(day))
        self.note(name, expected, result.exit_code, **facts)

    def crash(self, name: str, fault: str, day: int) -> None:
        """In a process of its own, ended by os._exit: no cleanup code runs, as in a power cut."""
        command = [sys.executable, "pipeline.py", "--workdir", str(self.work.root), "run", "--until", f"2026-09-{day:02d}"]
        code = subprocess.run(command, cwd=PROJECT, env=os.environ | {"FRAUD_FAULT": fault}, capture_output=True).returncode
        known = {row[0] for row in Ledger(self.work.ledger).by_day()}
        self.note(name, 137, code, parquet_visible=(self.work.partition(date(2026, 9, day)) / "part-0.parquet").exists(),
                  in_ledger=f"2026-09-{day:02d}" in known)


def transient(drill: Drill) -> None:
    original, calls = loader.read_bytes, {"n": 0}

    def flaky(path: Path) -> bytes:
        if path == drill.file(4):
            calls["n"] += 1
            if calls["n"] <= 2:
                raise ConnectionError("share not reachable (injected)")
        return original(path)

    loader.read_bytes = flaky
    drill.run("share unreachable twice while reading day 4", 0, 4, reads_of_the_file=3)
    loader.read_bytes = lambda path: (_ for _ in ()).throw(TimeoutError("injected")) if path == drill.file(5) else original(path)
    drill.run("share down for good on day 5", 3, 5)
    loader.read_bytes = original
    drill.run("share back", 0, 5)


def corrupt(drill: Drill) -> None:
    good = drill.file(6).read_bytes()
    drill.file(6).write_bytes(good[: len(good) // 2])
    drill.run("day 6 arrives truncated, day 7 is fine", 3, 7, day_6_landed=False)
    drill.file(6).write_bytes(good)
    drill.run("day 6 delivered again", 0, 7)
    lines = gzip.decompress(drill.file(8).read_bytes()).decode().splitlines()
    wrong = [lines[0]] + [line.replace(",EUR,", ",USD,") if i % 5 == 0 else line for i, line in enumerate(lines[1:])]
    keep = drill.file(8).read_bytes()
    drill.file(8).write_bytes(gzip.compress("\n".join(wrong).encode(), mtime=0))
    drill.run("day 8 with a fifth of the rows in USD", 3, 8)
    drill.file(8).write_bytes(keep)
    drill.run("day 8 corrected", 0, 8)


def damaged_raw(drill: Drill) -> None:
    target = str(drill.work.partition(date(2026, 9, 9)) / "part-0.parquet")
    before = os.readlink(drill.work.published / "current")
    with duckdb.connect() as db:
        db.execute(f"create table t as select * exclude (file_date) replace ('atm' as channel) from read_parquet('{target}')")
        db.execute(f"copy t to '{target}' (format parquet)")
    result = Pipeline(drill.work).run(files=drill.until(9), window_from=date(2026, 9, 9))
    drill.note("landed file of day 9 edited by hand (channel atm)", 4, result.exit_code,
               published_unchanged=os.readlink(drill.work.published / "current") == before)
    Ledger(drill.work.ledger).forget(date(2026, 9, 9))
    drill.run("day 9 landed again from the inbox", 0, 9)


def half_built(drill: Drill) -> None:
    """A model fails after its window was emptied: clear_window commits on its own (docs/what-went-wrong.md)."""
    loader.load_inbox(drill.work, RunLog(drill.work.logs, "drill"), drill.until(10))
    before = os.readlink(drill.work.published / "current")
    code = 0
    try:
        warehouse.build(drill.work, "2026-09-07", variables={"testing_small_amount": "no_such_column"})
    except warehouse.TransformFailed:
        code = 4
    with warehouse.connect(drill.work) as db:
        short = db.execute("select (select count(*) from fct_transactions) - (select count(*) from feat_card_velocity)").fetchone()[0]
    drill.note("feature model fails after its window was emptied", 4, code, rows_without_features=short,
               published_unchanged=os.readlink(drill.work.published / "current") == before,
               still_pending_from=str(Ledger(drill.work.ledger).pending_from()))


def main(root: Path) -> None:
    drill = Drill(root)
    drill.run("days 1 to 3", 0, 3)
    transient(drill)
    corrupt(drill)
    drill.crash("power cut before the rename of day 9", "before_publish", 9)
    drill.run("next run after the cut", 0, 9)
    drill.crash("power cut between rename and ledger, day 10", "before_ledger", 10)
    with single_writer(drill.work.root):
        drill.run("second run while the first holds the lock", 5, 9)
    damaged_raw(drill)
    half_built(drill)
    drill.run("last run, all ten days", 0, 10)
    tables = warehouse.fingerprints(drill.work)
    body = {"as_expected": all(s["expected_exit"] == s["exit_code"] for s in drill.steps),
            "equal_to_undisturbed_run": tables == drill.reference, "steps": drill.steps, "tables": tables}
    out = RESULTS / "failure_drill"
    write_json(out / "drill.json", body)
    for name in ("run_log.jsonl", "errors.jsonl"):
        shutil.copy(drill.work.logs / name, out / name)
    rows = [{"step": s["step"], "exit code": s["exit_code"],
             "noted": ", ".join(f"{k}: {v}" for k, v in s.items() if k not in ("step", "expected_exit", "exit_code"))} for s in drill.steps]
    (out / "drill.md").write_text("# Failure drill\n\nWritten by experiments/failure_drill.py; the logs of these runs stand beside this file.\n\n"
                                  + table(rows) + f"\nAfter all of it, equal to an undisturbed run (rows and checksums of {len(tables)} tables): "
                                  f"**{body['equal_to_undisturbed_run']}**.\n")


if __name__ == "__main__":
    main(PROJECT / "data" / "failure")
