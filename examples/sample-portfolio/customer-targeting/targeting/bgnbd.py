"""BG/NBD (Fader, Hardie & Lee 2005), fitted by maximum likelihood.

Written out here because `lifetimes` is no longer maintained and pulls an automatic
differentiation package in for four parameters. tests/test_bgnbd.py checks the fit
against the parameters published for the CDNOW sample.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln


@dataclass(frozen=True)
class BgNbd:
    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Probability that the customer has not dropped out. 1 for x = 0 by construction."""
        odds = self.a / (self.b + np.maximum(x, 1) - 1) * ((self.alpha + T) / (self.alpha + t_x)) ** (self.r + x)
        return np.where(x == 0, 1.0, 1.0 / (1.0 + odds))

    def p_order(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, horizon: float) -> np.ndarray:
        """P(at least one order in the next `horizon`).

        Given alive at T the rate is Gamma(r + x, alpha + T), and a customer can only drop
        out at an order, so no order happens with ((alpha + T) / (alpha + T + h))^(r + x).
        """
        none = ((self.alpha + T) / (self.alpha + T + horizon)) ** (self.r + x)
        return self.p_alive(x, t_x, T) * (1.0 - none)


def log_likelihood(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> float:
    """Log-likelihood at theta = log(r, alpha, a, b)."""
    r, alpha, a, b = np.exp(theta)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    stay = -(r + x) * np.log(alpha + T)
    # For x > 0 the second path: dropped out right after the last order.
    ratio = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
    leave = np.where(x > 0, ratio - (r + x) * np.log(alpha + t_x), -np.inf)
    return float((common + np.logaddexp(stay, leave)).sum())


def fit(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> BgNbd:
    """Fit on repeat-order count, time of the last order and age (weeks)."""
    n = len(x)
    result = minimize(
        lambda th: -log_likelihood(th, x, t_x, T) / n, np.log([0.5, 5.0, 0.5, 2.0]),
        method="L-BFGS-B", bounds=[(-8, 8)] * 4,
    )
    if not result.success:
        raise RuntimeError(f"BG/NBD did not converge: {result.message}")
    return BgNbd(*np.exp(result.x))


def from_features(X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, t_x, T) in weeks from the feature table."""
    return (
        (X["orders_total"] - 1).to_numpy(),
        X["active_span_days"].to_numpy() / 7,
        X["tenure_days"].to_numpy() / 7,
    )
