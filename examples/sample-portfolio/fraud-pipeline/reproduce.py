#!/usr/bin/env python
"""Run everything again, or check the committed figures.

    python reproduce.py            all experiments, writes results/ (about 14 minutes on two cores)
    python reproduce.py --check    the quick parts into a temporary folder, compared with results/
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from experiments import failure_drill, idempotency, main_run, pruning, query_tuning, scale, schema_change
from experiments.common import RESULTS
from fraudpipe import evaluate, quality, warehouse
from fraudpipe.config import PROJECT, Workdir
from fraudpipe.ledger import Ledger
from fraudpipe.runner import Pipeline

TOLERANCE = 1e-4        # the figures are rounded to four digits


class Comparison:
    def __init__(self) -> None:
        self.failures = 0

    def same(self, name: str, committed: Any, measured: Any) -> None:
        try:
            ok = abs(float(committed) - float(measured)) <= TOLERANCE
        except (TypeError, ValueError):
            ok = str(committed) == str(measured)
        self.failures += not ok
        print(f"{'ok  ' if ok else 'DIFF'} {name}: committed {committed}, measured {measured}")


def committed_csv(path: str) -> list[dict[str, str]]:
    with (RESULTS / path).open() as handle:
        return list(csv.DictReader(handle))


def compare_rows(check: Comparison, name: str, committed: list[dict[str, str]], measured: list[dict[str, Any]],
                 key: list[str], values: list[str]) -> None:
    """Match rows by key; a row on one side only is a difference."""
    found = {tuple(str(r[k]) for k in key): r for r in measured}
    check.same(f"{name} rows", len(committed), len(measured))
    for row in committed:
        other = found.get(tuple(row[k] for k in key), {})
        for value in values:
            check.same(f"{name} {' '.join(row[k] for k in key)} {value}", row[value], other.get(value))


def quick_check() -> int:
    """The main data in one full run. It must equal the committed state, which came from day-by-day runs
    and a backfill, so this also checks that the two ways agree."""
    check, began = Comparison(), time.perf_counter()
    summary = json.loads((RESULTS / "main_run" / "summary.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        work = Workdir(Path(folder) / "check")
        injected = main_run.simulate_main(work)
        for name, value in summary["injected"].items():
            check.same(f"simulated {name}", value, injected[name])
        Pipeline(work).run()
        for name, value in summary["ledger"].items():
            check.same(f"ledger {name}", value, Ledger(work.ledger).totals()[name])
        tables = warehouse.fingerprints(work)
        for table, facts in summary["tables"].items():
            for fact in ("rows", "checksum"):
                check.same(f"{table} {fact}", facts[fact], tables[table][fact])
        periods = ("tuning", "reporting")
        compare_rows(check, "per_rule", committed_csv("detection/per_rule.csv"),
                     [r for p in periods for r in evaluate.per_rule(work, p)], ["period", "rule"],
                     ["flagged", "true_positives", "precision", "recall"])
        compare_rows(check, "per_case", committed_csv("detection/per_case.csv"),
                     [r for p in periods for r in evaluate.per_case(work, p)], ["period", "severity"],
                     ["cases", "true_positives", "precision", "recall"])
        compare_rows(check, "per_pattern", committed_csv("detection/per_pattern.csv"),
                     [r for p in periods for r in evaluate.per_pattern(work, p)], ["period", "pattern"], ["fraud_card_days", "caught"])
        compare_rows(check, "sweep", committed_csv("detection/threshold_sweep.csv"), evaluate.sweep(work),
                     ["threshold", "value"], ["flagged", "true_positives"])
        breaches = json.loads((RESULTS / "quality" / "breaches.json").read_text())
        measured = [vars(b) for b in quality.breaches(quality.daily_metrics(work))]
        compare_rows(check, "quality", breaches, measured, ["day", "check"], ["value", "level"])
        again = Pipeline(work).run()
        check.same("second run, files landed", 0, again.stages["load"]["landed"])
        check.same("second run, transform", "nothing new", again.stages["transform"].get("skipped"))
        replay = json.loads((RESULTS / "schema_change" / "replay.json").read_text())
        fresh = json.loads(json.dumps(schema_change.main(Path(folder) / "schema", write=False), default=str))
        for step in replay:
            check.same(f"schema change {step}", replay[step], fresh[step])
    print(f"{check.failures} differences, {time.perf_counter() - began:.0f} s")
    return 1 if check.failures else 0


def everything() -> int:
    data = PROJECT / "data"
    main_run.main(data / "main")
    idempotency.main(data / "main", data / "idempotency")
    failure_drill.main(data / "failure")
    schema_change.main(data / "schema_change")
    scale.main(data / "scale")
    for size in ("10x", "100x"):
        pruning.main(Workdir(data / "scale" / size), data / "pruning")
    query_tuning.main(Workdir(data / "scale" / "100x"))
    return 0


if __name__ == "__main__":
    sys.exit(quick_check() if "--check" in sys.argv[1:] else everything())
