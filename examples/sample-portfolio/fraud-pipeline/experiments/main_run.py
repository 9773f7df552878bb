"""The main run: 28 days in one go, two weeks day by day, then the weekly backfill and the evaluation."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from experiments.common import MACHINE, RESULTS, table, write_csv, write_json
from experiments.quality_report import write_quality
from fraudpipe import evaluate, warehouse
from fraudpipe.config import PROJECT, Workdir, settings
from fraudpipe.ledger import Ledger
from fraudpipe.runner import Pipeline
from fraudpipe.simulate import Spec, generate

FIRST_DAILY = date(2026, 9, 29)


def inbox_until(work: Workdir, day: date) -> list[Path]:
    return [p for p in sorted(work.inbox.glob("transactions_*.csv.gz")) if p <= work.source_file(day)]


def differing_rows(work: Workdir, reference: Path, tables: list[str]) -> dict[str, int]:
    """Rows that are in one warehouse and not in the other, both ways."""
    out: dict[str, int] = {}
    with warehouse.connect(work) as db:
        db.execute(f"attach '{reference}' as ref (read_only)")
        for name in tables:
            out[name] = db.execute(f"""select count(*) from (
                (select * from {name} except all select * from ref.main.{name}) union all
                (select * from ref.main.{name} except all select * from {name}))""").fetchone()[0]
    return out


def detection(work: Workdir, folder: Path) -> dict[str, Any]:
    """Write the detection tables; returns the key figures."""
    rules = [r for p in ("tuning", "reporting") for r in evaluate.per_rule(work, p)]
    cases = [r for p in ("tuning", "reporting") for r in evaluate.per_case(work, p)]
    patterns = [r for p in ("tuning", "reporting") for r in evaluate.per_pattern(work, p)]
    write_csv(folder / "per_rule.csv", rules)
    write_csv(folder / "per_case.csv", cases)
    write_csv(folder / "per_pattern.csv", patterns)
    write_csv(folder / "threshold_sweep.csv", evaluate.sweep(work))
    text = ["# Detection on simulated labels", "",
            "Tuning period 2026-09-08 to 2026-09-27, reporting period 2026-09-28 to 2026-10-12. Intervals: Wilson, 95 %.",
            "Written by experiments/main_run.py.", ""]
    for period in ("reporting", "tuning"):
        text += [f"## {period.capitalize()} period", "", "Per transaction:", "",
                 table([r for r in rules if r["period"] == period],
                       ["rule", "enabled", "flagged", "true_positives", "precision", "precision_low", "precision_high", "recall"]),
                 "Per case (card and day):", "",
                 table([r for r in cases if r["period"] == period],
                       ["severity", "cases", "cases_per_day", "true_positives", "precision", "precision_low", "precision_high", "recall"]),
                 "Per simulated pattern (fraudulent card-days with at least one alert):", "",
                 table([r for r in patterns if r["period"] == period],
                       ["pattern", "fraud_card_days", "caught", "recall", "recall_low", "recall_high", "amount_eur", "amount_caught_eur"])]
    (folder / "summary.md").write_text("\n".join(text))
    total = next(r for r in cases if r["period"] == "reporting" and r["severity"] == "all")
    return {k: total[k] for k in ("cases", "true_positives", "cases_per_day", "precision", "recall")}


def simulate_main(work: Workdir, **changes: Any) -> dict[str, int]:
    return generate(Spec(**(settings()["simulation"] | changes)), work)


def blind_check(root: Path) -> dict[str, Any]:
    """Same rules, another seed, drawn after the thresholds were fixed."""
    work = Workdir(root)
    simulate_main(work, seed=777_001)
    Pipeline(work).run()
    cases = [r for r in evaluate.per_case(work, "reporting")]
    rules = evaluate.per_rule(work, "reporting")
    return {"seed": 777_001, "per_case": cases, "per_rule": rules}


def main(root: Path) -> None:
    out = RESULTS / "main_run"
    shutil.rmtree(root, ignore_errors=True)
    work = Workdir(root)
    injected = simulate_main(work)
    days: list[dict[str, Any]] = []
    day = FIRST_DAILY - timedelta(1)
    last = settings()["simulation"]["start"] + timedelta(settings()["simulation"]["days"] - 1)
    while day <= last:
        result = Pipeline(work).run(files=inbox_until(work, day))
        days.append({"until": day.isoformat(), "exit_code": result.exit_code,
                     "files_landed": result.stages["load"]["landed"], "files_skipped": result.stages["load"]["skipped"],
                     "rows_landed": result.stages["load"]["rows_landed"], "rows_rejected": result.stages["load"]["rows_rejected"],
                     "window_from": str(result.stages["transform"]["window_from"]),
                     "tests_warned": ",".join(result.stages["transform"]["warned"]),
                     "quality": result.stages["quality"]["level"],
                     "alerts_published": result.stages["publish"]["mart_alerts"]})
        print(days[-1], flush=True)
        day += timedelta(1)
    write_csv(out / "daily_runs.csv", days)

    # What did the three-day lookback miss? Compare with a warehouse built from scratch on the same files.
    reference = Workdir(root.parent / "reference")
    shutil.rmtree(reference.root, ignore_errors=True)
    reference.root.mkdir(parents=True)
    shutil.copytree(work.raw, reference.raw)
    warehouse.build(reference, full_refresh=True)
    before = differing_rows(work, reference.warehouse, warehouse.CHECKED)
    backfill_from = date(2026, 9, 22)
    Pipeline(work).run(window_from=backfill_from)
    after = differing_rows(work, reference.warehouse, warehouse.CHECKED)
    write_json(out / "late_rows.json", {"lookback_days": 3, "differs_before_backfill": before,
                                        "backfill_from": backfill_from, "differs_after_backfill": after})
    unit = warehouse.dbt(work, "test", "--select", "test_type:unit")
    write_json(out / "summary.json", {"machine": MACHINE, "injected": injected, "ledger": Ledger(work.ledger).totals(),
                                      "tables": warehouse.fingerprints(work), "source_freshness": warehouse.freshness(work),
                                      "unit_tests": unit["status"]})
    shutil.copy(work.logs / "run_log.jsonl", out / "run_log.jsonl")
    write_quality(work, RESULTS / "quality")
    print(detection(work, RESULTS / "detection"))
    write_json(RESULTS / "detection" / "blind_seed.json", blind_check(root.parent / "blind"))


if __name__ == "__main__":
    main(PROJECT / "data" / "main")
    print(json.loads((RESULTS / "main_run" / "late_rows.json").read_text()))
