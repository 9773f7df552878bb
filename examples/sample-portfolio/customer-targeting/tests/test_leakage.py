"""Nothing after the cutoff may reach a feature, and no label window may reach a test cutoff."""
from __future__ import annotations

import pandas as pd
import pytest

from targeting import features, snapshots
from targeting.config import params

CUTOFF = pd.Timestamp("1997-09-30")


def test_later_orders_change_no_feature(some_orders: pd.DataFrame) -> None:
    before = features.build(some_orders[some_orders["date"] <= CUTOFF], CUTOFF)
    with_future = features.build(some_orders, CUTOFF)
    pd.testing.assert_frame_equal(before, with_future)


def test_invented_later_orders_change_no_feature(some_orders: pd.DataFrame) -> None:
    ids = some_orders["customer_id"].unique()
    invented = pd.DataFrame({"customer_id": ids, "date": CUTOFF + pd.Timedelta(days=1), "cds": 99, "value": 9999.0, "carts": 5})
    stranger = pd.DataFrame({"customer_id": [10**6], "date": [CUTOFF + pd.Timedelta(days=3)], "cds": [1], "value": [1.0], "carts": [1]})
    changed = pd.concat([some_orders, invented, stranger], ignore_index=True)
    pd.testing.assert_frame_equal(features.build(some_orders, CUTOFF), features.build(changed, CUTOFF))


def test_an_order_on_the_cutoff_day_does_count(some_orders: pd.DataFrame) -> None:
    """The mirror image: the test above would also pass if features ignored everything."""
    ids = some_orders["customer_id"].unique()
    on_the_day = pd.DataFrame({"customer_id": ids, "date": CUTOFF, "cds": 3, "value": 50.0, "carts": 1})
    base = some_orders[some_orders["date"] < CUTOFF]
    found = features.build(pd.concat([base, on_the_day]), CUTOFF)
    assert (found["recency_days"] == 0).all()
    assert (found["orders_total"] == base.groupby("customer_id").size() + 1).all()


def test_label_starts_the_day_after_the_cutoff() -> None:
    end = CUTOFF + pd.Timedelta(days=params()["snapshots"]["horizon_days"])
    rows = [(1, CUTOFF), (2, CUTOFF), (2, CUTOFF + pd.Timedelta(days=1)), (3, CUTOFF), (3, end), (4, CUTOFF), (4, end + pd.Timedelta(days=1))]
    log = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(cds=1, value=10.0, carts=1)
    snap = snapshots.make_snapshot(log, str(CUTOFF.date()))
    assert snap.y.tolist() == [0, 1, 1, 0]
    assert snap.future_value.tolist() == [0.0, 10.0, 10.0, 0.0]


def test_open_label_window_is_refused(some_orders: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="ends before"):
        snapshots.make_snapshot(some_orders, "1998-05-31")


def test_every_fold_trains_on_closed_windows_only() -> None:
    found = snapshots.folds()
    assert len(found) == 5
    for fold in [*found, snapshots.final_fold()]:
        assert fold.train
        assert all(snapshots.window_end(c) <= pd.Timestamp(fold.test) for c in fold.train)
    assert params()["snapshots"]["holdout"] not in {c for f in found for c in (*f.train, f.test)}


def test_overlapping_window_is_refused() -> None:
    with pytest.raises(ValueError, match="close on"):
        snapshots.check_closed(snapshots.Fold(("1997-11-30",), "1997-12-31"))
