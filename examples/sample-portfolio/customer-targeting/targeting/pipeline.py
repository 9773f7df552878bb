"""The stages that reproduce.py runs. `core` is the quick part that --check repeats."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from . import campaign, data, drift, features, final, metrics, models, power, search, segments, snapshots, store
from .config import model_features, params
from .crm import demo

PROFIT_MODELS = ("xgboost", "logistic", "logistic_rfm", "recency_only")
HOLDOUT_MODELS = ("logistic", "xgboost", "random_forest", "bg_nbd", "logistic_plain", "logistic_rfm")
QUICK_MODELS = ("logistic", "xgboost", "bg_nbd", "logistic_rfm", "recency_only")


@dataclass
class Core:
    snaps: dict[str, snapshots.Snapshot]
    validation: dict[str, np.ndarray]
    holdout: dict[str, np.ndarray]
    fitted: dict[str, Any]
    figures: dict[str, float]


def data_summary(orders: pd.DataFrame, lines: pd.DataFrame, snaps: dict[str, snapshots.Snapshot]) -> dict[str, Any]:
    """What is in the log, and the base rate per snapshot."""
    first = orders.groupby("customer_id")["date"].min()
    return {
        "lines": len(lines), "exact_duplicate_lines": int(lines.duplicated().sum()), "orders": len(orders),
        "customers": int(orders["customer_id"].nunique()), "first_day": str(orders["date"].min().date()), "last_day": str(orders["date"].max().date()),
        "last_first_order": str(first.max().date()), "one_time_buyers_share": float((orders.groupby("customer_id").size() == 1).mean()),
        "zero_value_orders": int((orders["value"] == 0).sum()),
        "snapshots": {c: {"customers": len(s.y), "base_rate": float(s.y.mean()),
                          "mean_spend_of_buyers": float(s.future_value[s.y == 1].mean())} for c, s in snaps.items()},
    }


def core(orders: pd.DataFrame, chosen: dict[str, Any], out: Path) -> Core:
    """Fit, score the hold-out, decide, segment, check drift, size the test, export to the stub."""
    cfg = params()["snapshots"]
    snaps = snapshots.make_all(orders)
    validation, _ = final.model_scores(snaps, snapshots.folds()[-1], chosen, QUICK_MODELS)
    holdout, fitted = final.model_scores(snaps, snapshots.final_fold(), chosen, QUICK_MODELS)
    val, test = snaps[cfg["validation"]], snaps[cfg["holdout"]]
    figures: dict[str, float] = {"customers": len(test.y), "holdout_base_rate": float(test.y.mean())}
    for name in QUICK_MODELS:
        scores = metrics.evaluate(test.y, holdout[name])
        keep = ("auc", "pr_auc", "lift_10") if name == "recency_only" else metrics.METRICS
        figures |= {f"{name}.{m}": scores[m] for m in keep}

    picked = {name: validation[name] for name in PROFIT_MODELS}
    profit = campaign.decide(picked, holdout, val.future_value, test.future_value)
    store.write_json(out / "profit.json", profit)
    curves = []
    for split, scores, snap in (("validation", validation, val), ("holdout", holdout, test)):
        for name in PROFIT_MODELS:
            curves.append(campaign.profit_curve(scores[name], campaign.row_profit(snap.future_value)).assign(split=split, model=name))
    store.write_csv(out / "profit_curve.csv", pd.concat(curves, ignore_index=True))
    campaign.sensitivity(picked, holdout, val.future_value, test.future_value, out)
    figures |= {f"profit.{n}": r["profit_holdout"] for n, r in profit.items()}

    cuts = segments.cut_points(validation["xgboost"])
    labels = segments.assign(holdout["xgboost"], cuts)
    summary = segments.summary(labels, holdout["xgboost"], test.y, test.future_value)
    store.write_json(out / "segments.json", {"cut_points": cuts, "holdout": summary})
    figures |= {f"segment.{n}.observed_rate": s["observed_rate"] for n, s in summary.items()}
    power.table(summary, out)
    figures["power.priority_1pt_half"] = power.sample_size(summary["priority"]["observed_rate"], 0.01, 0.5, 0.05, 0.8)

    booster = fitted["xgboost"]
    for period in params()["drift"]["periods"]:
        report = drift.check(orders, booster, period)
        drift.write(report, out / "drift")
        figures[f"drift.{period}.score_psi"] = report["score"]["psi"]
        figures[f"drift.{period}.features_alert"] = report["features_by_level"]["alert"]

    table = score_latest(orders, booster, cuts)
    export = demo.run(table)
    store.write_json(out / "crm_export_demo.json", export)
    figures["crm.customers_in_crm"] = export["customers_in_crm"]
    figures["crm.duplicate_activities"] = export["duplicate_activities"]
    return Core(snaps, validation, holdout, fitted, figures)


def score_latest(orders: pd.DataFrame, booster: xgb.Booster, cuts: list[float]) -> pd.DataFrame:
    """Scores and segments at the end of the log, as a campaign would use them."""
    cutoff = params()["scoring"]["cutoff"]
    X = features.build(orders, cutoff)
    p = models.predict(booster, X[model_features(list(X.columns))])
    return pd.DataFrame({"customer_id": X.index, "segment": segments.assign(p, cuts), "score": p, "scored_at": cutoff})


def cv_of_chosen(snaps: dict[str, snapshots.Snapshot], chosen: dict[str, Any]) -> float:
    """Mean fold log loss of the chosen combination; must equal its row in grid_search.csv."""
    columns = model_features(list(next(iter(snaps.values())).X.columns))
    return float(pd.DataFrame(search.run_combination(snaps, chosen["xgboost"]["choice"], columns))["log_loss"].mean())


def load_orders() -> tuple[pd.DataFrame, pd.DataFrame]:
    lines = data.load_lines()
    return lines, data.to_orders(lines)
