from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from targeting import data, features
from targeting.config import model_features
from targeting.feature_dictionary import FEATURES


def log(*rows: tuple[int, str, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "cds", "value"])
    frame["date"] = pd.to_datetime(frame["date"])
    return data.to_orders(frame)


def test_hand_computed_customer() -> None:
    orders = log((1, "1997-01-01", 1, 10.0), (1, "1997-01-11", 3, 30.0), (1, "1997-02-10", 2, 20.0))
    row = features.build(orders, "1997-03-02").loc[1]
    assert row["orders_total"] == 3
    assert row["recency_days"] == 20
    assert row["tenure_days"] == 60
    assert (row["gap_first"], row["gap_last"], row["gap_mean"], row["gap_max"]) == (10, 30, 20, 30)
    assert row["overdue_ratio"] == 1.0
    assert row["overdue_vs_longest"] == pytest.approx(2 / 3)
    assert row["orders_30d"] == 1 and row["spend_30d"] == 20.0
    assert row["order_value_slope"] == pytest.approx(5.0)   # 10, 30, 20 on positions 0, 1, 2
    assert row["basket_slope"] == pytest.approx(0.5)
    assert row["orders_decay_30d"] == pytest.approx(2 ** (-20 / 30) + 2 ** (-50 / 30) + 2 ** (-60 / 30))
    assert row["price_per_cd"] == 10.0
    assert row["second_order_30d"] == 1.0
    assert row["late_half_orders_share"] == pytest.approx(1 / 3)


def test_one_time_buyer_has_no_gaps() -> None:
    row = features.build(log((1, "1997-01-05", 2, 25.0)), "1997-03-01").loc[1]
    assert row["is_one_timer"] == 1.0
    assert row[["gap_mean", "gap_std", "order_value_std", "clumpiness", "overdue_ratio"]].isna().all()
    assert row["second_order_30d"] == 0.0


def test_carts_of_a_day_are_one_order() -> None:
    row = features.build(log((1, "1997-01-05", 2, 25.0), (1, "1997-01-05", 1, 5.0)), "1997-03-01").loc[1]
    assert row["orders_total"] == 1 and row["spend_total"] == 30.0 and row["multi_cart_share"] == 1.0


def test_clumpiness_orders_even_below_bursty() -> None:
    even = log((1, "1997-01-01", 1, 1.0), (1, "1997-01-31", 1, 1.0), (1, "1997-03-02", 1, 1.0))
    burst = log((1, "1997-01-01", 1, 1.0), (1, "1997-01-02", 1, 1.0), (1, "1997-01-03", 1, 1.0))
    low, high = (features.build(o, "1997-03-31").loc[1, "clumpiness"] for o in (even, burst))
    assert 0 <= low < 0.01 < high <= 1


def test_dictionary_matches_the_table(some_orders: pd.DataFrame) -> None:
    X = features.build(some_orders, "1997-09-30")
    assert list(X.columns) == [f.name for f in FEATURES]
    assert len(FEATURES) >= 40 and all(f.definition and f.reason for f in FEATURES)
    assert not np.isinf(X.to_numpy()).any()


def test_only_two_order_features_are_missing_for_others(some_orders: pd.DataFrame) -> None:
    X = features.build(some_orders, "1997-09-30")
    repeat = X[(X["orders_total"] >= 3) & (X["spend_total"] > 0) & (X["order_value_mean"] > 0)]
    assert not repeat.isna().any().any()


def test_shuffled_input_gives_the_same_table(some_orders: pd.DataFrame) -> None:
    shuffled = some_orders.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(features.build(some_orders, "1997-09-30"), features.build(shuffled, "1997-09-30"))


def test_excluded_names_must_exist() -> None:
    with pytest.raises(ValueError, match="unknown"):
        model_features(["recency_days"])


def test_damaged_log_is_refused(tmp_path) -> None:
    bad = tmp_path / "log.txt"
    bad.write_text(" customer_id date cds value\n 1 19970101 1 11.77\n")
    with pytest.raises(ValueError, match="checksum"):
        data.load_lines(bad)
    bad.write_text(" customer_id date cds value\n 1 19970101 0 11.77\n")
    with pytest.raises(ValueError, match="empty lines"):
        data.load_lines(bad, verify=False)
