"""Whom to mail: profit as a function of the score threshold.

The profit is a calculation on assumptions (params.yaml, `campaign`), above all on
`incremental_share`. The log has no campaign in it, so nothing here measures uplift.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import store
from .config import params


def row_profit(future_value: np.ndarray, incremental_share: float | None = None) -> np.ndarray:
    """Profit of mailing each customer: caused margin less the cost of contact."""
    cfg = params()["campaign"]
    share = cfg["incremental_share"] if incremental_share is None else incremental_share
    value = np.minimum(future_value, cfg["cap_order_value"])
    return cfg["gross_margin"] * share * value - cfg["contact_cost"]


def profit_curve(p: np.ndarray, profit: np.ndarray, steps: int = 200) -> pd.DataFrame:
    """Total profit when everybody with a score at or above the threshold is mailed."""
    grid = np.unique(np.quantile(p, np.linspace(0, 1, steps + 1)))
    order = np.argsort(p, kind="stable")
    below = np.searchsorted(p[order], grid, side="left")
    tail = np.r_[np.cumsum(profit[order][::-1])[::-1], 0.0]
    return pd.DataFrame({"threshold": grid, "mailed": len(p) - below, "profit": tail[below]})


def tune(p: np.ndarray, profit: np.ndarray) -> float:
    """Threshold of the highest profit; above the highest score when mailing never pays."""
    curve = profit_curve(p, profit)
    best = curve.loc[curve["profit"].idxmax()]
    return float(best["threshold"]) if best["profit"] > 0 else float(np.nextafter(p.max(), 2.0))


def decide(validation: dict[str, np.ndarray], holdout: dict[str, np.ndarray],
           val_value: np.ndarray, test_value: np.ndarray, incremental_share: float | None = None) -> dict[str, Any]:
    """Tune on validation, apply unchanged to the hold-out, per model."""
    profit_val, profit_test = row_profit(val_value, incremental_share), row_profit(test_value, incremental_share)
    out: dict[str, Any] = {}
    for name, p_val in validation.items():
        threshold = tune(p_val, profit_val)
        mailed = holdout[name] >= threshold
        out[name] = {"threshold": threshold, "mailed_holdout": int(mailed.sum()), "profit_holdout": float(profit_test[mailed].sum()),
                     "buyers_among_mailed": float((test_value[mailed] > 0).mean()) if mailed.any() else None}
    out["mail everybody"] = {"mailed_holdout": len(test_value), "profit_holdout": float(profit_test.sum())}
    return out


def sensitivity(validation: dict[str, np.ndarray], holdout: dict[str, np.ndarray],
                val_value: np.ndarray, test_value: np.ndarray, out: Path) -> pd.DataFrame:
    """The same decision under other assumptions about the incremental share."""
    rows = []
    for share in params()["campaign"]["sensitivity"]:
        for name, result in decide(validation, holdout, val_value, test_value, share).items():
            rows.append({"incremental_share": share, "policy": name, **result})
    table = pd.DataFrame(rows)
    store.write_csv(out / "profit_sensitivity.csv", table)
    return table
