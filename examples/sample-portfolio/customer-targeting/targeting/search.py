"""Grid search over expanding-window folds, and the curves behind the choice.

Caveat that the numbers inherit: early stopping watches the fold it is scored on, so the
fold scores are a little optimistic. It is the same for every combination, and the
hold-out is not touched here.
"""
from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd

from . import metrics, models, snapshots, store
from .config import model_features, params

Snaps = dict[str, snapshots.Snapshot]


def combinations() -> list[dict[str, Any]]:
    """Every combination of the grid, in a fixed order."""
    grid = params()["xgboost"]["grid"]
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]


def run_combination(snaps: Snaps, choice: dict[str, Any], columns: list[str]) -> list[dict[str, Any]]:
    """One row per fold for one combination."""
    rows = []
    for number, fold in enumerate(snapshots.folds(), start=1):
        X, y = snapshots.stack(snaps, fold.train, columns)
        test = snaps[fold.test]
        booster, _ = models.fit_booster(X, y, choice, watch=(test.X[columns], test.y))
        scores = metrics.evaluate(test.y, models.predict(booster, test.X[columns]))
        rows.append({**choice, "fold": number, "train_snapshots": len(fold.train), "test_snapshot": fold.test,
                     "rounds": booster.num_boosted_rounds(), "log_loss": scores["log_loss"],
                     "auc": scores["auc"], "pr_auc": scores["pr_auc"]})
    return rows


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds per combination, best first."""
    keys = list(params()["xgboost"]["grid"])
    table = rows.groupby(keys, as_index=False).agg(
        folds=("fold", "size"), log_loss=("log_loss", "mean"), log_loss_sd=("log_loss", "std"),
        auc=("auc", "mean"), pr_auc=("pr_auc", "mean"), last_fold_rounds=("rounds", "last"),
    )
    return table.sort_values(["log_loss", *keys]).reset_index(drop=True)


def search_booster(snaps: Snaps, out: Path) -> dict[str, Any]:
    """Run the grid, keep all fold scores, return the chosen combination."""
    columns = model_features(list(next(iter(snaps.values())).X.columns))
    rows: list[dict[str, Any]] = []
    for choice in combinations():
        rows += run_combination(snaps, choice, columns)
    frame = pd.DataFrame(rows)
    table = summarise(frame)
    store.write_csv(out / "grid_search_folds.csv", frame)
    store.write_csv(out / "grid_search.csv", table)
    best = table.iloc[0]
    chosen = {k: (int(best[k]) if k in ("max_depth", "min_child_weight") else float(best[k]))
              for k in params()["xgboost"]["grid"]}
    return {"choice": chosen, "rounds": int(best["last_fold_rounds"]), "cv_log_loss": float(best["log_loss"]),
            "cv_auc": float(best["auc"]), "combinations": len(table), "fits": len(frame)}


def search_logistic(snaps: Snaps, out: Path) -> dict[str, Any]:
    """The same folds for the baseline's C, for logged and for plain features."""
    columns = model_features(list(next(iter(snaps.values())).X.columns))
    rows = []
    for log_features, cols, name in ((True, columns, "logistic"), (False, columns, "logistic_plain"),
                                     (False, models.RFM, "logistic_rfm")):
        for C in params()["logistic"]["C_grid"]:
            for number, fold in enumerate(snapshots.folds(), start=1):
                X, y = snapshots.stack(snaps, fold.train, cols)
                test = snaps[fold.test]
                model = models.logistic(C, log_features).fit(X, y)
                scores = metrics.evaluate(test.y, models.predict(model, test.X[cols]))
                rows.append({"model": name, "C": C, "fold": number, "log_loss": scores["log_loss"], "auc": scores["auc"]})
    frame = pd.DataFrame(rows)
    table = frame.groupby(["model", "C"], as_index=False).agg(
        folds=("fold", "size"), log_loss=("log_loss", "mean"), auc=("auc", "mean"))
    store.write_csv(out / "logistic_search.csv", table)
    best = table.loc[table.groupby("model")["log_loss"].idxmin()].set_index("model")
    return {name: {"C": float(row["C"]), "cv_log_loss": float(row["log_loss"]), "cv_auc": float(row["auc"])}
            for name, row in best.iterrows()}


def validation_curve(snaps: Snaps, choice: dict[str, Any], out: Path) -> pd.DataFrame:
    """Log loss per boosting round on the last fold, up to max_rounds without stopping."""
    columns = model_features(list(next(iter(snaps.values())).X.columns))
    fold = snapshots.folds()[-1]
    X, y = snapshots.stack(snaps, fold.train, columns)
    test = snaps[fold.test]
    frames = []
    for reg_lambda in sorted({0.0, *params()["xgboost"]["grid"]["reg_lambda"]}):
        setting = {**choice, "reg_lambda": reg_lambda}
        dtest = (test.X[columns], test.y)
        history = models.curve(X, y, setting, dtest)
        frames.append(pd.DataFrame({"reg_lambda": reg_lambda, "round": range(1, len(history["test"]) + 1),
                                    "train_log_loss": history["train"], "validation_log_loss": history["test"]}))
    frame = pd.concat(frames, ignore_index=True)
    store.write_csv(out / "validation_curve.csv", frame[frame["round"] % 5 == 0])
    return frame


def ablation(snaps: Snaps, choice: dict[str, Any], out: Path) -> pd.DataFrame:
    """What the exclusion of the calendar-bound features, and each family of features, costs."""
    from .feature_dictionary import FEATURES

    everything = [f.name for f in FEATURES]
    kept = model_features(everything)
    sets = {"model features": kept, "with excluded ones back": everything, "RFM only": models.RFM}
    for group in dict.fromkeys(f.group for f in FEATURES):
        inside = {f.name for f in FEATURES if f.group == group}
        sets[f"without {group}"] = [c for c in kept if c not in inside]
    rows = []
    for name, cols in sets.items():
        frame = pd.DataFrame(run_combination(snaps, choice, cols))
        rows.append({"feature_set": name, "features": len(cols), "log_loss": frame["log_loss"].mean(),
                     "auc": frame["auc"].mean(), "pr_auc": frame["pr_auc"].mean()})
    table = pd.DataFrame(rows)
    store.write_csv(out / "ablation.csv", table)
    return table
