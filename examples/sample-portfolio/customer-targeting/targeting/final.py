"""Final fits, the hold-out comparison and calibration.

All models are trained on the same rows (all development snapshots) and scored on the same
hold-out snapshot. The validation scores come from models that never saw the validation
snapshot; thresholds are tuned on those.
"""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from . import bgnbd, metrics, models, snapshots, store
from .config import model_features, params

Snaps = dict[str, snapshots.Snapshot]
MAIN = ("logistic", "xgboost")


def model_scores(snaps: Snaps, fold: snapshots.Fold, chosen: dict[str, Any], which: tuple[str, ...]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Fit each named model on the fold's training rows and score its test snapshot."""
    test = snaps[fold.test]
    columns = model_features(list(test.X.columns))
    scores: dict[str, np.ndarray] = {}
    fitted: dict[str, Any] = {}
    X, y = snapshots.stack(snaps, fold.train, columns)
    for name in which:
        cols = columns
        if name == "xgboost":
            model, _ = models.fit_booster(X, y, chosen["xgboost"]["choice"], rounds=chosen["xgboost"]["rounds"])
        elif name == "random_forest":
            model = models.forest().fit(X, y)
        elif name == "bg_nbd":
            # BG/NBD is a model of the whole history: fitted once, on the latest training snapshot.
            model = bgnbd.fit(*bgnbd.from_features(snaps[fold.train[-1]].X))
            weeks = params()["snapshots"]["horizon_days"] / 7
            scores[name] = model.p_order(*bgnbd.from_features(test.X), weeks)
            fitted[name] = model
            continue
        elif name == "recency_only":
            scores[name] = -test.X["recency_days"].to_numpy()
            continue
        else:
            cols = models.RFM if name == "logistic_rfm" else columns
            model = models.logistic(chosen[name]["C"], log_features=name == "logistic")
            model.fit(snapshots.stack(snaps, fold.train, cols)[0], y)
        scores[name] = models.predict(model, test.X[cols])
        fitted[name] = model
    return scores, fitted


def comparison(y: np.ndarray, scores: dict[str, np.ndarray], replicates: int,
               extra: Callable[[np.ndarray], dict[str, float]] | None = None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Hold-out metrics with bootstrap intervals, and paired differences against the baseline."""
    cfg = params()["bootstrap"]
    draws = metrics.paired_bootstrap(y, scores, replicates, params()["seed"], extra)
    out: dict[str, Any] = {"rows": len(y), "base_rate": float(y.mean()), "replicates": replicates, "models": {}, "minus_logistic": {}}
    point = {name: metrics.evaluate(y, p) for name, p in scores.items()}
    for name in scores:
        out["models"][name] = {
            m: {"value": point[name][m], "ci95": metrics.interval(draws[f"{name}/{m}"], cfg["level"])} for m in metrics.METRICS}
        out["models"][name]["mean_score"] = float(scores[name].mean())
        if name != "logistic":
            out["minus_logistic"][name] = {
                m: {"value": point[name][m] - point["logistic"][m],
                    "ci95": metrics.interval(draws[f"{name}/{m}"] - draws[f"logistic/{m}"], cfg["level"])}
                for m in metrics.METRICS}
    return out, draws


def new_customers_check(snaps: Snaps, chosen: dict[str, Any]) -> dict[str, Any]:
    """The same hold-out, but scored by models that never saw the customer.

    The main split shares customers between training and hold-out, as production would.
    If the models lived on remembering customers, they would lose here.
    """
    fold = snapshots.final_fold()
    test = snaps[fold.test]
    columns = model_features(list(test.X.columns))
    ids = test.X.index.to_numpy()
    scores = {name: np.zeros(len(ids)) for name in MAIN}
    for keep, out in KFold(5, shuffle=True, random_state=params()["seed"]).split(ids):
        X = pd.concat([snaps[c].X.loc[ids[keep], columns] for c in fold.train], ignore_index=True)
        y = np.concatenate([snaps[c].y[snaps[c].X.index.get_indexer(ids[keep])] for c in fold.train])
        booster, _ = models.fit_booster(X, y, chosen["xgboost"]["choice"], rounds=chosen["xgboost"]["rounds"])
        scores["xgboost"][out] = models.predict(booster, test.X[columns].iloc[out])
        scores["logistic"][out] = models.predict(models.logistic(chosen["logistic"]["C"]).fit(X, y), test.X[columns].iloc[out])
    return {name: metrics.evaluate(test.y, p) for name, p in scores.items()}


def calibration_table(y: np.ndarray, p: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Mean score against observed rate in bins of equal size."""
    rank = pd.Series(p).rank(method="first")
    frame = pd.DataFrame({"bin": np.ceil(rank / len(p) * bins).astype(int), "score": p, "observed": y})
    return frame.groupby("bin", as_index=False).agg(customers=("observed", "size"), mean_score=("score", "mean"), observed=("observed", "mean"))


def recalibration(snaps: Snaps, validation: dict[str, np.ndarray], holdout: dict[str, np.ndarray], chosen: dict[str, Any]) -> dict[str, Any]:
    """Raw scores of the final model against Platt and isotonic maps learnt on validation.

    The maps belong to the model that did not see the validation snapshot, so that model's
    hold-out scores are the ones mapped.
    """
    cfg = params()["snapshots"]
    val, test = snaps[cfg["validation"]], snaps[cfg["holdout"]]
    early = snapshots.Fold(snapshots.folds()[-1].train, cfg["holdout"])
    out: dict[str, Any] = {}
    for name in MAIN:
        p_val = validation[name]
        p_early = model_scores(snaps, early, chosen, (name,))[0][name]
        logit = lambda p: np.log(p / (1 - p)).reshape(-1, 1)  # noqa: E731
        platt = LogisticRegression(C=1e6).fit(logit(p_val), val.y)
        iso = IsotonicRegression(out_of_bounds="clip").fit(p_val, val.y)
        variants = {"final, raw": holdout[name], "without last snapshot, raw": p_early,
                    "without last snapshot, Platt": platt.predict_proba(logit(p_early))[:, 1],
                    "without last snapshot, isotonic": iso.predict(p_early)}
        out[name] = {v: {"brier": metrics.evaluate(test.y, p)["brier"], "log_loss": metrics.evaluate(test.y, p)["log_loss"],
                         "mean_score": float(p.mean()), "observed": float(test.y.mean()),
                         "slope": calibration_slope(test.y, p)} for v, p in variants.items()}
    return out


def calibration_slope(y: np.ndarray, p: np.ndarray) -> float:
    """Slope of a logistic fit of the outcome on the score's logit; 1 is perfect, below 1 overconfident."""
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    logit = np.log(clipped / (1 - clipped)).reshape(-1, 1)
    return float(LogisticRegression(C=1e6).fit(logit, y).coef_[0, 0])


def save_calibration(y: np.ndarray, scores: dict[str, np.ndarray], out: Path) -> pd.DataFrame:
    """Calibration bins of the main models on the hold-out."""
    frames = [calibration_table(y, scores[name]).assign(model=name) for name in (*MAIN, "random_forest", "bg_nbd") if name in scores]
    table = pd.concat(frames, ignore_index=True)
    store.write_csv(out / "calibration.csv", table)
    return table
