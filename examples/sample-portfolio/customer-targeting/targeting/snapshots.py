"""Cutoffs, labels and the time-based splits.

A snapshot is (features as of the cutoff, label from the 90 days after it). A model that
is tested on snapshot V may be trained on snapshot S only if S's label window has closed
on or before V. `folds` selects by that rule and `final_fold` raises if it is broken, so
that a change in params.yaml cannot leak quietly.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import features
from .config import params


@dataclass(frozen=True)
class Snapshot:
    cutoff: str
    X: pd.DataFrame
    y: np.ndarray            # 1 = at least one order in the horizon
    future_value: np.ndarray  # dollars in the horizon, for the profit curve only


@dataclass(frozen=True)
class Fold:
    train: tuple[str, ...]
    test: str


def window_end(cutoff: str) -> pd.Timestamp:
    """Last day of the label window."""
    return pd.Timestamp(cutoff) + pd.Timedelta(days=params()["snapshots"]["horizon_days"])


def make_snapshot(orders: pd.DataFrame, cutoff: str) -> Snapshot:
    """Features up to the cutoff and the outcome after it."""
    end = window_end(cutoff)
    if orders["date"].max() < end:
        raise ValueError(f"the log ends before the label window of {cutoff} closes")
    X = features.build(orders, cutoff)
    after = orders[(orders["date"] > pd.Timestamp(cutoff)) & (orders["date"] <= end)]
    value = after.groupby("customer_id")["value"].sum().reindex(X.index)
    return Snapshot(cutoff, X, value.notna().to_numpy(int), value.fillna(0.0).to_numpy(float))


def make_all(orders: pd.DataFrame) -> dict[str, Snapshot]:
    """All snapshots named in the parameters, by cutoff."""
    cfg = params()["snapshots"]
    return {c: make_snapshot(orders, c) for c in [*cfg["development"], cfg["holdout"]]}


def folds(cutoffs: list[str] | None = None) -> list[Fold]:
    """Expanding-window folds: each cutoff is tested by a model trained on all snapshots
    whose label window had closed by then. Cutoffs without such a snapshot are not tested."""
    cutoffs = sorted(cutoffs or params()["snapshots"]["development"])
    out = []
    for test in cutoffs:
        train = tuple(c for c in cutoffs if window_end(c) <= pd.Timestamp(test))
        if train:
            out.append(Fold(train, test))
    return out


def final_fold() -> Fold:
    """Train on every development snapshot, test on the hold-out."""
    cfg = params()["snapshots"]
    fold = Fold(tuple(cfg["development"]), cfg["holdout"])
    check_closed(fold)
    return fold


def check_closed(fold: Fold) -> None:
    """Raise when a training label window reaches past the test cutoff."""
    for cutoff in fold.train:
        if window_end(cutoff) > pd.Timestamp(fold.test):
            raise ValueError(f"labels of {cutoff} close on {window_end(cutoff).date()}, after {fold.test}")


def stack(snaps: dict[str, Snapshot], cutoffs: tuple[str, ...], columns: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of several snapshots under each other."""
    X = pd.concat([snaps[c].X[columns] for c in cutoffs], ignore_index=True)
    return X, np.concatenate([snaps[c].y for c in cutoffs])
