"""SHAP values and permutation importance on the hold-out.

SHAP tells what the model did with a feature, not what the feature does to the customer.
Many features here say nearly the same thing (recency_days and recency_share, the two decay
sums), so single SHAP ranks among them mean little; `family_table` adds them up.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shap
import xgboost as xgb

from . import metrics, models, store
from .config import params
from .feature_dictionary import FEATURES

SAMPLE = 4000


def shap_values(booster: xgb.Booster, X: pd.DataFrame) -> tuple[shap.Explanation, pd.DataFrame]:
    """SHAP values (log-odds) for a fixed sample of customers."""
    rows = X.sample(min(SAMPLE, len(X)), random_state=params()["seed"]).sort_index()
    explainer = shap.TreeExplainer(booster)
    values = explainer.shap_values(rows)
    base = float(np.ravel(explainer.expected_value)[0])
    return shap.Explanation(values=values, base_values=np.full(len(rows), base), data=rows.to_numpy(), feature_names=list(rows.columns)), rows


def shap_table(explanation: shap.Explanation) -> pd.DataFrame:
    """Mean absolute SHAP per feature and the sign of its link with the feature."""
    values, data = explanation.values, explanation.data
    rows = []
    for i, name in enumerate(explanation.feature_names):
        known = ~np.isnan(data[:, i])
        varied = known.sum() > 2 and np.ptp(data[known, i]) > 0 and np.ptp(values[known, i]) > 0
        rank = pd.Series(data[known, i]).corr(pd.Series(values[known, i]), method="spearman") if varied else np.nan
        rows.append({"feature": name, "mean_abs_shap": float(np.abs(values[:, i]).mean()), "rank_correlation": rank})
    return pd.DataFrame(rows).sort_values("mean_abs_shap", ascending=False).reset_index(drop=True)


def family_table(table: pd.DataFrame) -> pd.DataFrame:
    """Share of total mean |SHAP| by feature family."""
    family = {f.name: f.group for f in FEATURES}
    total = table["mean_abs_shap"].sum()
    out = table.assign(family=table["feature"].map(family)).groupby("family", as_index=False)["mean_abs_shap"].sum()
    out["share"] = out["mean_abs_shap"] / total
    return out.sort_values("share", ascending=False).reset_index(drop=True)


def permutation(booster: xgb.Booster, X: pd.DataFrame, y: np.ndarray, repeats: int = 5) -> pd.DataFrame:
    """Fall in hold-out AUC when one feature is shuffled."""
    rng = np.random.default_rng(params()["seed"])
    base = metrics.evaluate(y, models.predict(booster, X))["auc"]
    used = set(booster.get_score(importance_type="weight"))
    rows = []
    for name in X.columns:
        drops = []
        if name in used:
            for _ in range(repeats):
                shuffled = X.copy()
                shuffled[name] = rng.permutation(shuffled[name].to_numpy())
                drops.append(base - metrics.evaluate(y, models.predict(booster, shuffled))["auc"])
        rows.append({"feature": name, "auc_drop": float(np.mean(drops)) if drops else 0.0,
                     "auc_drop_sd": float(np.std(drops)) if drops else 0.0, "used_by_model": name in used})
    return pd.DataFrame(rows).sort_values("auc_drop", ascending=False).reset_index(drop=True)


def run(booster: xgb.Booster, X: pd.DataFrame, y: np.ndarray, out: Path) -> tuple[shap.Explanation, pd.DataFrame, dict[str, Any]]:
    """Write the tables; return what the plots need."""
    explanation, rows = shap_values(booster, X)
    table = shap_table(explanation)
    store.write_csv(out / "shap_importance.csv", table)
    store.write_csv(out / "shap_families.csv", family_table(table))
    store.write_csv(out / "permutation_importance.csv", permutation(booster, X, y))
    margin = booster.predict(xgb.DMatrix(rows, nthread=1), output_margin=True)
    gap = float(np.abs(explanation.values.sum(axis=1) + explanation.base_values - margin).max())
    return explanation, rows, {"sample": len(rows), "base_value": float(explanation.base_values[0]), "largest_additivity_gap": gap}
