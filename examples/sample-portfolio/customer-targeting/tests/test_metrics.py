from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from targeting import metrics


@pytest.fixture(params=[False, True], ids=["distinct", "tied"])
def sample(request, rng) -> tuple[np.ndarray, np.ndarray]:
    p = rng.beta(1, 5, 800)
    if request.param:
        p = np.round(p, 1).clip(0.05, 0.95)
    return (rng.random(800) < p).astype(int), p


def test_agrees_with_scikit_learn(sample) -> None:
    y, p = sample
    found = metrics.evaluate(y, p)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["pr_auc"] == pytest.approx(average_precision_score(y, p))
    assert found["brier"] == pytest.approx(brier_score_loss(y, p))
    assert found["log_loss"] == pytest.approx(log_loss(y, p))


def test_weights_equal_repeated_rows(sample, rng) -> None:
    y, p = sample
    weight = rng.integers(0, 4, len(y))
    weighted = metrics.Scored(y, p).all(weight)
    repeated = metrics.evaluate(np.repeat(y, weight), np.repeat(p, weight))
    for name in metrics.METRICS:
        assert weighted[name] == pytest.approx(repeated[name]), name


def test_lift_of_a_perfect_and_a_constant_score() -> None:
    y = np.r_[np.ones(100), np.zeros(900)]
    assert metrics.evaluate(y, y * 0.8 + 0.1)["lift_10"] == pytest.approx(10.0)
    assert metrics.evaluate(y, np.full(1000, 0.1))["lift_10"] == pytest.approx(1.0)


def test_paired_difference_is_tighter_than_separate_intervals(rng) -> None:
    p = rng.beta(1, 5, 3000)
    y = (rng.random(3000) < p).astype(int)
    near = np.clip(p + rng.normal(0, 0.01, 3000), 0.001, 0.999)
    draws = metrics.paired_bootstrap(y, {"a": p, "b": near}, 200, 1)
    width = np.ptp(metrics.interval(draws["a/auc"], 0.95))
    assert np.ptp(metrics.interval(draws["a/auc"] - draws["b/auc"], 0.95)) < width / 2


def test_bootstrap_repeats_with_the_seed(sample) -> None:
    y, p = sample
    one, two = (metrics.paired_bootstrap(y, {"a": p}, 20, 3)["a/auc"] for _ in range(2))
    assert (one == two).all()
