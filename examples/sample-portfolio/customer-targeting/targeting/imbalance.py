"""Class weights against resampling, on the last development fold.

Only training rows are weighted or resampled. The validation snapshot keeps its natural
base rate, otherwise the comparison would flatter the resamplers.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler

from . import metrics, models, snapshots, store
from .config import model_features, params


def compare(snaps: dict[str, snapshots.Snapshot], chosen: dict[str, Any], out: Path) -> pd.DataFrame:
    """One row per model and treatment."""
    fold = snapshots.folds()[-1]
    test = snaps[fold.test]
    columns = model_features(list(test.X.columns))
    X, y = snapshots.stack(snaps, fold.train, columns)
    seed = params()["seed"]
    filled = X.fillna(X.median())  # SMOTE interpolates between neighbours and cannot take missing values
    treatments: dict[str, tuple[pd.DataFrame, np.ndarray, np.ndarray | None]] = {
        "none": (X, y, None),
        "none, gaps filled": (filled, y, None),  # tells the cost of filling from the cost of SMOTE
        "class weights": (X, y, np.where(y == 1, (1 - y.mean()) / y.mean(), 1.0)),
        "random undersampling": (*RandomUnderSampler(random_state=seed).fit_resample(X, y), None),
        "random oversampling": (*RandomOverSampler(random_state=seed).fit_resample(X, y), None),
        "SMOTE": (*SMOTE(random_state=seed).fit_resample(filled, y), None),
    }
    rows = []
    for treatment, (Xt, yt, weight) in treatments.items():
        target = test.X[columns].fillna(X.median()) if treatment in ("SMOTE", "none, gaps filled") else test.X[columns]
        booster, _ = models.fit_booster(Xt, yt, chosen["xgboost"]["choice"], rounds=chosen["xgboost"]["rounds"], weight=weight)
        linear = models.logistic(chosen["logistic"]["C"])
        linear.fit(Xt, yt, logisticregression__sample_weight=weight)
        for name, model in (("logistic", linear), ("xgboost", booster)):
            p = models.predict(model, target)
            rows.append({"model": name, "treatment": treatment, "train_rows": len(yt), "train_base_rate": float(np.average(yt, weights=weight)),
                         **metrics.evaluate(test.y, p), "mean_score": float(p.mean()), "observed": float(test.y.mean())})
    table = pd.DataFrame(rows).sort_values(["model"], kind="stable")
    store.write_csv(out / "imbalance.csv", table)
    return table
