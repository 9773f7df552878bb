"""Behavioural features of every customer as of a cutoff date.

The one rule: `build` drops everything after the cutoff in its first line, and nothing
below that line sees the full log. tests/test_leakage.py checks it from outside.
Definitions and reasons are in feature_dictionary.py.
"""
from __future__ import annotations

import numpy as np
import pandas as pd

HALF_LIVES = (30, 90)
WINDOWS = (30, 60, 90)


def _ratio(num: pd.Series, den: pd.Series) -> pd.Series:
    """num / den with an undefined ratio left missing, not infinite."""
    return num / den.where(den != 0)


def _slope(position: pd.Series, y: pd.Series, key: pd.Series) -> pd.Series:
    """Least-squares slope of y on the order's position, per customer."""
    mx, my = position.groupby(key).mean(), y.groupby(key).mean()
    dx = position - key.map(mx)
    dy = y - key.map(my)
    return _ratio((dx * dy).groupby(key).sum(), (dx * dx).groupby(key).sum())


def _recency_frequency(o: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    g = o.groupby("customer_id")
    out = pd.DataFrame(index=g.size().index)
    out["orders_total"] = g.size().astype(float)
    out["recency_days"] = (cutoff - g["date"].max()).dt.days.astype(float)
    out["tenure_days"] = (cutoff - g["date"].min()).dt.days.astype(float)
    out["active_span_days"] = out["tenure_days"] - out["recency_days"]
    out["recency_share"] = out["recency_days"] / (out["tenure_days"] + 1)
    out["repeat_rate_month"] = (out["orders_total"] - 1) / (out["tenure_days"] + 1) * 30
    out["is_one_timer"] = (out["orders_total"] == 1).astype(float)
    for days in WINDOWS:
        out[f"orders_{days}d"] = (o["age"] < days).groupby(o["customer_id"]).sum().astype(float)
    for half in HALF_LIVES:
        weight = np.exp2(-o["age"] / half)
        out[f"orders_decay_{half}d"] = weight.groupby(o["customer_id"]).sum()
    month = (o["age"] // 30).astype(int)
    out["active_months"] = month.groupby(o["customer_id"]).nunique().astype(float)
    out["active_month_share"] = out["active_months"] / (out["tenure_days"] // 30 + 1)
    return out


def _gaps(o: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    gap = o.groupby("customer_id")["date"].diff().dt.days
    g = gap.groupby(o["customer_id"])
    out = pd.DataFrame(index=base.index)
    out["gap_mean"], out["gap_median"] = g.mean(), g.median()
    out["gap_std"] = g.std()
    out["gap_min"], out["gap_max"] = g.min(), g.max()
    out["gap_last"] = g.last()
    out["gap_first"] = g.first()
    out["gap_cv"] = _ratio(out["gap_std"], out["gap_mean"])
    out["gap_last_to_mean"] = _ratio(out["gap_last"], out["gap_mean"])
    out["overdue_ratio"] = _ratio(base["recency_days"], out["gap_mean"])
    out["overdue_vs_longest"] = _ratio(base["recency_days"], out["gap_max"])
    out["second_order_30d"] = (out["gap_first"] <= 30).astype(float)
    # Clumpiness (Zhang, Bradlow & Small 2013): 1 + sum(p log p) / log(n+1) over the
    # shares of the observed time that the gaps and the open gap at the end take.
    total = base["tenure_days"] + 1
    share = gap / o["customer_id"].map(total)
    inner = (share * np.log(share)).groupby(o["customer_id"]).sum(min_count=1)
    open_share = (base["recency_days"] + 1) / total
    entropy = inner + open_share * np.log(open_share)
    out["clumpiness"] = 1 + entropy / np.log(base["orders_total"])
    return out.replace([np.inf, -np.inf], np.nan)


def _spend(o: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    key = o["customer_id"]
    g = o.groupby("customer_id")["value"]
    out = pd.DataFrame(index=base.index)
    out["spend_total"] = g.sum()
    out["order_value_mean"], out["order_value_median"] = g.mean(), g.median()
    out["order_value_max"], out["order_value_min"] = g.max(), g.min()
    out["order_value_std"] = g.std()
    out["order_value_cv"] = _ratio(out["order_value_std"], out["order_value_mean"])
    out["order_value_first"], out["order_value_last"] = g.first(), g.last()
    out["last_value_to_mean"] = _ratio(out["order_value_last"], out["order_value_mean"])
    for days in WINDOWS[::2]:
        out[f"spend_{days}d"] = o["value"].where(o["age"] < days, 0.0).groupby(key).sum()
    out["spend_decay_90d"] = (o["value"] * np.exp2(-o["age"] / 90)).groupby(key).sum()
    out["spend_per_month"] = out["spend_total"] / (base["tenure_days"] + 1) * 30
    out["spend_90d_share"] = _ratio(out["spend_90d"], out["spend_total"])
    out["order_value_slope"] = _slope(o["position"], o["value"], key)
    return out


def _trend(o: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    key = o["customer_id"]
    out = pd.DataFrame(index=base.index)
    last45 = (o["age"] < 45).groupby(key).sum()
    prior45 = ((o["age"] >= 45) & (o["age"] < 90)).groupby(key).sum()
    out["orders_change_45d"] = (last45 - prior45).astype(float)
    late = o["age"] < key.map(base["tenure_days"] / 2)
    out["late_half_orders_share"] = late.groupby(key).mean()
    out["late_half_spend_share"] = _ratio(
        o["value"].where(late, 0.0).groupby(key).sum(), o["value"].groupby(key).sum()
    )
    return out


def _calendar(o: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    key = o["customer_id"]
    weekday = o["date"].dt.day_of_week
    out = pd.DataFrame(index=base.index)
    out["weekend_share"] = (weekday >= 5).groupby(key).mean()
    out["distinct_weekdays"] = weekday.groupby(key).nunique().astype(float)
    out["month_start_share"] = (o["date"].dt.day <= 10).groupby(key).mean()
    out["acquired_day"] = o.groupby("customer_id")["date"].min().dt.day_of_year.astype(float)
    out["acquired_weekend"] = (weekday >= 5).groupby(key).first().astype(float)
    out["last_order_weekend"] = (weekday >= 5).groupby(key).last().astype(float)
    return out


def _basket(o: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    key = o["customer_id"]
    g = o.groupby("customer_id")["cds"]
    out = pd.DataFrame(index=base.index)
    out["cds_total"] = g.sum().astype(float)
    out["basket_mean"], out["basket_max"] = g.mean(), g.max().astype(float)
    out["basket_std"] = g.std()
    out["basket_first"], out["basket_last"] = g.first().astype(float), g.last().astype(float)
    out["single_cd_share"] = (o["cds"] == 1).groupby(key).mean()
    out["big_basket_share"] = (o["cds"] >= 5).groupby(key).mean()
    out["price_per_cd"] = o["value"].groupby(key).sum() / out["cds_total"]
    out["free_order_share"] = (o["value"] == 0).groupby(key).mean()
    out["multi_cart_share"] = (o["carts"] > 1).groupby(key).mean()
    out["basket_slope"] = _slope(o["position"], o["cds"].astype(float), key)
    return out


def build(orders: pd.DataFrame, cutoff: str | pd.Timestamp) -> pd.DataFrame:
    """Feature table, one row per customer with an order on or before the cutoff."""
    cutoff = pd.Timestamp(cutoff)
    o = orders.loc[orders["date"] <= cutoff].sort_values(["customer_id", "date"]).reset_index(drop=True)
    if o.empty:
        raise ValueError(f"no orders on or before {cutoff.date()}")
    o["age"] = (cutoff - o["date"]).dt.days
    o["position"] = o.groupby("customer_id").cumcount().astype(float)
    base = _recency_frequency(o, cutoff)
    parts = [base] + [block(o, base) for block in (_gaps, _spend, _trend, _calendar, _basket)]
    return pd.concat(parts, axis=1)
