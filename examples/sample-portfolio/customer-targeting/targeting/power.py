"""How large an A/B test of the campaign has to be."""
from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from scipy.stats import norm

from . import store
from .config import params


def sample_size(base: float, uplift: float, control_share: float, alpha: float, power: float) -> int:
    """Total customers for a two-sided two-proportion z-test with unequal arms."""
    treated = base + uplift
    if not 0 < base < 1 or not 0 < treated < 1 or uplift == 0:
        raise ValueError("rates must lie in (0, 1) and differ")
    q1, q0 = 1 - control_share, control_share
    pooled = q1 * treated + q0 * base
    z_a, z_b = norm.ppf(1 - alpha / 2), norm.ppf(power)
    null = math.sqrt(pooled * (1 - pooled) * (1 / q1 + 1 / q0))
    alt = math.sqrt(treated * (1 - treated) / q1 + base * (1 - base) / q0)
    return math.ceil(((z_a * null + z_b * alt) / uplift) ** 2)


def detectable(base: float, total: int, control_share: float, alpha: float, power: float) -> float:
    """Smallest positive uplift that `total` customers can show, by bisection."""
    low, high = 1e-5, 0.999 - base
    for _ in range(80):
        mid = (low + high) / 2
        if sample_size(base, mid, control_share, alpha, power) > total:
            low = mid
        else:
            high = mid
    return high


def table(segments: dict[str, dict[str, float]], out: Path) -> pd.DataFrame:
    """Needed size per segment, uplift and control share, beside what the segment has."""
    cfg = params()["power"]
    rows = []
    for name, info in segments.items():
        for share in cfg["holdout_shares"]:
            for uplift in cfg["absolute_uplifts"]:
                need = sample_size(info["observed_rate"], uplift, share, cfg["alpha"], cfg["power"])
                rows.append({"segment": name, "customers": int(info["customers"]), "base_rate": info["observed_rate"], "control_share": share,
                             "absolute_uplift": uplift, "needed": need, "enough": need <= info["customers"]})
    frame = pd.DataFrame(rows)
    store.write_csv(out / "power.csv", frame)
    store.write_csv(out / "power_detectable.csv", detectable_table(segments))
    return frame


def detectable_table(segments: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Smallest uplift each segment can show, and the two mailed segments together, beside
    the uplift that the profit calculation assumes (incremental_share of the buyers)."""
    cfg = params()["power"]
    mailed = [segments[name] for name in ("warm", "priority")]
    total = sum(int(s["customers"]) for s in mailed)
    pooled = {"customers": total, "observed_rate": sum(s["observed_rate"] * s["customers"] for s in mailed) / total}
    rows = []
    for name, info in {**segments, "warm + priority": pooled}.items():
        for share in cfg["holdout_shares"]:
            rate = info["observed_rate"]
            rows.append({"segment": name, "customers": int(info["customers"]), "base_rate": rate, "control_share": share,
                         "detectable_uplift": detectable(rate, int(info["customers"]), share, cfg["alpha"], cfg["power"]),
                         "assumed_uplift": rate * params()["campaign"]["incremental_share"]})
    return pd.DataFrame(rows)
