"""Drift check: population stability index (PSI) of every model feature and of the score.

    python -m targeting.drift --period 1998-06-30

Exit code 0: stable or warnings only, 2: at least one feature or the score at or above the
alert threshold. ops/crontab runs it on a schedule.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from . import data, features, models, store
from .config import ROOT, model_features, params

MODEL_FILE = ROOT / "results" / "model.ubj"


def psi(reference: np.ndarray, current: np.ndarray, bins: int = 10) -> float:
    """PSI over quantile bins of the reference, with missing values as a bin of their own."""
    ref, cur = np.asarray(reference, float), np.asarray(current, float)
    known = ref[~np.isnan(ref)]
    inner = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.array([])
    size = len(inner) + 2

    def shares(x: np.ndarray) -> np.ndarray:
        # side="left" puts a value on an edge into the lower bin, so a spike such as
        # "0 orders" becomes a bin of its own instead of sharing one with the rest.
        index = np.where(np.isnan(x), size - 1, np.searchsorted(inner, x, side="left"))
        counts = np.bincount(index, minlength=size) + 0.5  # keeps empty bins finite
        return counts / counts.sum()

    p, q = shares(ref), shares(cur)
    return float(((q - p) * np.log(q / p)).sum())


def level(value: float) -> str:
    cfg = params()["drift"]
    return "alert" if value >= cfg["alert"] else "warn" if value >= cfg["warn"] else "stable"


def check(orders: pd.DataFrame, booster: xgb.Booster, period: str) -> dict[str, Any]:
    """PSI of features and score between the reference snapshot and the period."""
    cfg = params()["drift"]
    ref, cur = features.build(orders, cfg["reference"]), features.build(orders, period)
    columns = model_features(list(ref.columns))
    # One-time buyers sit on one value of many features, and that value creeps with tenure:
    # a spike that moves by 0.001 across a bin edge scores like an upheaval. The column for
    # repeat buyers tells such artefacts from movement.
    rep_ref, rep_cur = ref[ref["orders_total"] > 1], cur[cur["orders_total"] > 1]
    rows = []
    for name in columns:
        value = psi(ref[name].to_numpy(), cur[name].to_numpy(), cfg["bins"])
        repeat = psi(rep_ref[name].to_numpy(), rep_cur[name].to_numpy(), cfg["bins"])
        rows.append({"feature": name, "psi": value, "psi_repeat_buyers": repeat, "level": level(value),
                     "reference_median": float(ref[name].median()), "current_median": float(cur[name].median())})
    rows.sort(key=lambda r: -r["psi"])
    p_ref, p_cur = models.predict(booster, ref[columns]), models.predict(booster, cur[columns])
    score_psi = psi(p_ref, p_cur, cfg["bins"])
    counts = {name: sum(r["level"] == name for r in rows) for name in ("stable", "warn", "alert")}
    return {"reference": cfg["reference"], "period": period, "customers": len(cur), "thresholds": {"warn": cfg["warn"], "alert": cfg["alert"]},
            "score": {"psi": score_psi, "level": level(score_psi), "reference_mean": float(p_ref.mean()), "current_mean": float(p_cur.mean())},
            "features_by_level": counts, "features": rows}


def to_markdown(report: dict[str, Any]) -> str:
    """The report for people."""
    s = report["score"]
    lines = [f"# Drift report {report['period']}", "",
             f"Reference snapshot {report['reference']}, {report['customers']} customers. "
             f"Warn from {report['thresholds']['warn']}, alert from {report['thresholds']['alert']}.", "",
             f"Score PSI: **{s['psi']:.3f}** ({s['level']}); mean score {s['reference_mean']:.4f} then, {s['current_mean']:.4f} now.", "",
             "Features: " + ", ".join(f"{n} {k}" for k, n in report["features_by_level"].items()) + ".", "",
             "| Feature | PSI | Level | PSI, repeat buyers | Median then | Median now |", "|---|---:|---|---:|---:|---:|"]
    lines += [f"| `{r['feature']}` | {r['psi']:.3f} | {r['level']} | {r['psi_repeat_buyers']:.3f} | {r['reference_median']:.3g} | {r['current_median']:.3g} |"
              for r in report["features"]]
    return "\n".join(lines) + "\n"


def write(report: dict[str, Any], out: Path) -> None:
    store.write_json(out / f"{report['period']}.json", report)
    (out / f"{report['period']}.md").write_text(to_markdown(report), encoding="utf-8")


def exit_code(report: dict[str, Any]) -> int:
    return 2 if report["features_by_level"]["alert"] or report["score"]["level"] == "alert" else 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="PSI drift check")
    parser.add_argument("--period", required=True, help="cutoff date of the period to check, YYYY-MM-DD, or 'latest'")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "drift")
    args = parser.parse_args(argv)
    orders = data.load_orders()
    period = str(orders["date"].max().date()) if args.period == "latest" else args.period
    booster = xgb.Booster(model_file=MODEL_FILE)
    report = check(orders, booster, period)
    write(report, args.out)
    print(f"{period}: score PSI {report['score']['psi']:.3f} ({report['score']['level']}), features {report['features_by_level']}")
    return exit_code(report)


if __name__ == "__main__":
    sys.exit(main())
