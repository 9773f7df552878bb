from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from targeting import bgnbd, data


def test_published_cdnow_parameters() -> None:
    """Fader, Hardie & Lee (2005), table 1: r .243, alpha 4.414, a .793, b 2.426 on the 1/10 sample."""
    table = pd.read_csv(data.log_path().parent / "cdnow_customers_summary.csv")
    model = bgnbd.fit(table["frequency"].to_numpy(float), table["recency"].to_numpy(float), table["T"].to_numpy(float))
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), rel=0.01)


def test_probability_of_an_order_matches_simulation(rng: np.random.Generator) -> None:
    """Simulate the BG/NBD story and compare with the closed form among customers alike."""
    r, alpha, a, b, T, h, n = 0.8, 6.0, 0.8, 2.5, 30.0, 12.0, 400_000
    rate = rng.gamma(r, 1 / alpha, n)
    drop = rng.beta(a, b, n)
    t, x, last, later, alive = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, bool), np.ones(n, bool)
    while alive.any():
        t = t + rng.exponential(1 / rate)
        inside, after = alive & (t <= T), alive & (t > T) & (t <= T + h)
        x[inside] += 1
        last[inside] = t[inside]
        later |= after
        alive &= inside & (rng.random(n) >= drop)
    group = (x == 2) & (last > 18) & (last < 22)
    want = bgnbd.BgNbd(r, alpha, a, b).p_order(x[group], last[group], np.full(group.sum(), T), h).mean()
    error = np.sqrt(want * (1 - want) / group.sum())
    assert group.sum() > 3000
    assert abs(later[group].mean() - want) < 4 * error


def test_silence_lowers_the_chance_to_be_alive() -> None:
    model = bgnbd.BgNbd(0.243, 4.414, 0.793, 2.426)
    alive = model.p_alive(np.array([4.0, 4.0]), np.array([10.0, 35.0]), np.array([39.0, 39.0]))
    assert alive[0] < alive[1] < 1
