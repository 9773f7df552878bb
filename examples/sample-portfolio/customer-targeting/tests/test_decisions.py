"""Profit curve, segments, power and drift: the parts that turn scores into action."""
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from targeting import campaign, drift, power, segments
from targeting.config import ROOT, params


def test_profit_of_a_row() -> None:
    cfg = params()["campaign"]
    spend = np.array([0.0, 100.0, 10_000.0])
    want = [cfg["gross_margin"] * cfg["incremental_share"] * v - cfg["contact_cost"] for v in (0, 100, cfg["cap_order_value"])]
    assert campaign.row_profit(spend) == pytest.approx(want)


def test_tuned_threshold_beats_every_other_on_the_same_data(rng) -> None:
    p = rng.random(500)
    profit = np.where(rng.random(500) < p, 3.0, -2.0)
    best = profit[p >= campaign.tune(p, profit)].sum()
    curve = campaign.profit_curve(p, profit)
    assert best == pytest.approx(curve["profit"].max())
    assert curve["profit"].iloc[0] == pytest.approx(profit.sum())


def test_nobody_is_mailed_when_it_never_pays(rng) -> None:
    p = rng.random(50)
    assert not (p >= campaign.tune(p, np.full(50, -1.0))).any()


def test_segments_are_stable_and_ordered() -> None:
    cuts = [0.1, 0.3, 0.6]
    assert segments.assign(np.array([0.05, 0.1, 0.3, 0.59, 0.6]), cuts).tolist() == ["dormant", "watch", "warm", "warm", "priority"]


def test_sample_size_against_a_textbook_case() -> None:
    """10% against 12%, equal arms, 5% two-sided, 80%: 3,841 per arm (Fleiss, without correction)."""
    assert power.sample_size(0.10, 0.02, 0.5, 0.05, 0.8) == pytest.approx(2 * 3841, abs=4)


def test_power_holds_in_simulation(rng) -> None:
    base, uplift, share = 0.30, 0.04, 0.2
    n = power.sample_size(base, uplift, share, 0.05, 0.8)
    n0, n1 = round(n * share), n - round(n * share)
    a, b = rng.binomial(n0, base, 20_000) / n0, rng.binomial(n1, base + uplift, 20_000) / n1
    pooled = (a * n0 + b * n1) / n
    z = (b - a) / np.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.80, abs=0.015)


def test_detectable_is_the_inverse() -> None:
    n = power.sample_size(0.2, 0.03, 0.5, 0.05, 0.8)
    assert power.detectable(0.2, n, 0.5, 0.05, 0.8) == pytest.approx(0.03, abs=1e-4)


def test_psi_is_zero_on_itself_and_grows(rng) -> None:
    x = rng.normal(size=5000)
    assert drift.psi(x, x) == pytest.approx(0.0, abs=1e-12)
    small, large = drift.psi(x, x + 0.1), drift.psi(x, x + 0.8)
    assert small < params()["drift"]["warn"] < params()["drift"]["alert"] < large


def test_psi_sees_missing_values_and_spikes(rng) -> None:
    x = rng.normal(size=4000)
    gone = np.where(np.arange(4000) < 1500, np.nan, x)
    assert drift.psi(x, gone) > params()["drift"]["alert"]
    zeros = np.r_[np.zeros(3500), np.ones(500)]
    assert drift.psi(zeros, np.r_[np.zeros(2500), np.ones(1500)]) > 0.1


@pytest.mark.parametrize(("feature", "score", "code"), [(0, "stable", 0), (0, "warn", 0), (3, "stable", 2), (0, "alert", 2)])
def test_exit_code(feature: int, score: str, code: int) -> None:
    assert drift.exit_code({"features_by_level": {"alert": feature}, "score": {"level": score}}) == code


def test_drift_command_reports_on_the_committed_model(tmp_path, capsys) -> None:
    if not drift.MODEL_FILE.exists():
        pytest.skip("model not built yet")
    code = drift.main(["--period", "latest", "--out", str(tmp_path)])
    committed = pd.read_json(ROOT / "results" / "drift" / "1998-06-30.json", typ="series")
    assert f"{committed['score']['psi']:.3f}" in capsys.readouterr().out
    assert code == drift.exit_code(committed)
