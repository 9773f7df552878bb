"""The models that are compared, all built from params.yaml and all single-threaded."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from .config import params

RFM = ["recency_days", "orders_total", "spend_total"]


def signed_log(X: Any) -> Any:
    """log(1+|x|) with the sign kept. Counts and money are right-skewed, slopes can be negative."""
    return np.sign(X) * np.log1p(np.abs(X))


def logistic(C: float, log_features: bool = True) -> Pipeline:
    """Baseline. Missing gap features are set to the median; `is_one_timer` says where."""
    steps: list[Any] = [FunctionTransformer(signed_log)] if log_features else []
    steps += [
        SimpleImputer(strategy="median"),
        StandardScaler(),
        LogisticRegression(C=C, max_iter=params()["logistic"]["max_iter"]),
    ]
    return make_pipeline(*steps)


def booster_params(choice: dict[str, Any]) -> dict[str, Any]:
    """Full xgboost parameter set for one grid choice."""
    return {**params()["xgboost"]["fixed"], **choice, "nthread": 1, "seed": params()["seed"]}


def fit_booster(
    X: pd.DataFrame,
    y: np.ndarray,
    choice: dict[str, Any],
    rounds: int | None = None,
    watch: tuple[pd.DataFrame, np.ndarray] | None = None,
    weight: np.ndarray | None = None,
) -> tuple[xgb.Booster, dict[str, list[float]]]:
    """Fit xgboost: a fixed number of rounds, or early stopping on `watch`.

    Returns the booster and the log-loss history (train, test).
    """
    cfg = params()["xgboost"]
    train = xgb.DMatrix(X, label=y, weight=weight, nthread=1)
    evals = [(train, "train")]
    history: dict[str, dict[str, list[float]]] = {}
    stop = None
    if watch is not None:
        evals.append((xgb.DMatrix(watch[0], label=watch[1], nthread=1), "test"))
        stop = cfg["early_stopping_rounds"]
    booster = xgb.train(
        booster_params(choice), train, num_boost_round=rounds or cfg["max_rounds"], evals=evals,
        early_stopping_rounds=stop, evals_result=history, verbose_eval=False,
    )
    if watch is not None:
        booster = booster[: booster.best_iteration + 1]
    return booster, {name: h["logloss"] for name, h in history.items()}


def predict(model: Any, X: pd.DataFrame) -> np.ndarray:
    """Probability of an order in the horizon."""
    if isinstance(model, xgb.Booster):
        return model.predict(xgb.DMatrix(X, nthread=1)).astype(float)
    return model.predict_proba(X)[:, 1]


def forest() -> Pipeline:
    """Random forest, the rejected alternative that was run all the same."""
    cfg = params()["random_forest"]
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value=-1.0),
        RandomForestClassifier(
            n_estimators=cfg["n_estimators"], min_samples_leaf=cfg["min_samples_leaf"],
            max_features=cfg["max_features"], n_jobs=1, random_state=params()["seed"],
        ),
    )


def curve(X: pd.DataFrame, y: np.ndarray, choice: dict[str, Any],
          watch: tuple[pd.DataFrame, np.ndarray]) -> dict[str, list[float]]:
    """Log-loss history over all rounds, without stopping, to show what stopping avoids."""
    history: dict[str, dict[str, list[float]]] = {}
    train = xgb.DMatrix(X, label=y, nthread=1)
    test = xgb.DMatrix(watch[0], label=watch[1], nthread=1)
    xgb.train(booster_params(choice), train, num_boost_round=params()["xgboost"]["max_rounds"],
              evals=[(train, "train"), (test, "test")], evals_result=history, verbose_eval=False)
    return {name: h["logloss"] for name, h in history.items()}
