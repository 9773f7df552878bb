"""Ranking and probability metrics that accept row weights, and the paired bootstrap.

Everything is computed from scores sorted once. A bootstrap replicate is then a vector of
draw counts, used as weights, which makes 2,000 replicates a matter of seconds.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

METRICS = ("auc", "pr_auc", "lift_10", "lift_05", "brier", "log_loss")


class Scored:
    """Labels and scores, prepared for weighted metrics."""

    def __init__(self, y: np.ndarray, p: np.ndarray) -> None:
        self.order = np.argsort(-p, kind="stable")
        sorted_p = p[self.order]
        self.y = y[self.order].astype(float)
        # Tied scores form one step of the curve. Splitting them would reward row order.
        self.starts = np.flatnonzero(np.r_[True, np.diff(sorted_p) != 0])
        clipped = np.clip(sorted_p, 1e-9, 1 - 1e-9)
        self.square = (sorted_p - self.y) ** 2
        self.loss = -(self.y * np.log(clipped) + (1 - self.y) * np.log(1 - clipped))

    def all(self, weight: np.ndarray | None = None) -> dict[str, float]:
        """All metrics under row weights given in the original row order."""
        w = np.ones(len(self.y)) if weight is None else weight[self.order].astype(float)
        pos = np.add.reduceat(w * self.y, self.starts)
        tot = np.add.reduceat(w, self.starts)
        cum_pos, cum_tot = np.cumsum(pos), np.cumsum(tot)
        P, W = cum_pos[-1], cum_tot[-1]
        neg = tot - pos
        below = (W - P) - np.cumsum(neg)
        auc = float((pos * (below + neg / 2)).sum() / (P * (W - P)))
        with np.errstate(invalid="ignore"):
            precision = np.where(cum_tot > 0, cum_pos / cum_tot, 0.0)
        return {
            "auc": auc,
            "pr_auc": float((precision * pos).sum() / P),
            "lift_10": _lift(cum_tot, cum_pos, 0.10),
            "lift_05": _lift(cum_tot, cum_pos, 0.05),
            "brier": float((w * self.square).sum() / W),
            "log_loss": float((w * self.loss).sum() / W),
        }


def _lift(cum_tot: np.ndarray, cum_pos: np.ndarray, share: float) -> float:
    """Share of buyers in the top `share` of customers, over the base rate."""
    cut = share * cum_tot[-1]
    captured = np.interp(cut, np.r_[0.0, cum_tot], np.r_[0.0, cum_pos])
    return float((captured / cut) / (cum_pos[-1] / cum_tot[-1]))


def evaluate(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """All metrics, unweighted."""
    return Scored(y, p).all()


def paired_bootstrap(
    y: np.ndarray, scores: dict[str, np.ndarray], replicates: int, seed: int,
    extra: Callable[[np.ndarray], dict[str, float]] | None = None,
) -> dict[str, np.ndarray]:
    """Bootstrap over customers. Every model sees the same draw, so differences are paired.

    Returns arrays of replicates under the keys "model/metric" (and the keys of `extra`).
    """
    rng = np.random.default_rng(seed)
    prepared = {name: Scored(y, p) for name, p in scores.items()}
    n = len(y)
    draws: dict[str, list[float]] = {}
    for _ in range(replicates):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)
        for name, scored in prepared.items():
            for metric, value in scored.all(weight).items():
                draws.setdefault(f"{name}/{metric}", []).append(value)
        for key, value in (extra(weight) if extra else {}).items():
            draws.setdefault(key, []).append(value)
    return {key: np.asarray(values) for key, values in draws.items()}


def interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """Percentile interval."""
    tail = (1 - level) / 2 * 100
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
