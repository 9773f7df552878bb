"""Score bands with frozen cut points."""
from __future__ import annotations

import numpy as np
import pandas as pd

from .config import params


def cut_points(validation_scores: np.ndarray) -> list[float]:
    """Cut points from the validation scores. They stay fixed until the model is replaced,
    so that a customer does not change segment because others changed."""
    return [float(q) for q in np.quantile(validation_scores, params()["segments"]["quantiles"])]


def assign(scores: np.ndarray, cuts: list[float]) -> np.ndarray:
    """Segment name per score; a score on a cut point belongs to the higher segment."""
    names = np.asarray(params()["segments"]["names"])
    return names[np.searchsorted(np.asarray(cuts), scores, side="right")]


def summary(segment: np.ndarray, scores: np.ndarray, y: np.ndarray | None = None, value: np.ndarray | None = None) -> dict[str, dict[str, float]]:
    """Size, mean score and, where known, outcome per segment."""
    frame = pd.DataFrame({"segment": segment, "score": scores})
    if y is not None and value is not None:
        frame["y"], frame["value"] = y, value
    out: dict[str, dict[str, float]] = {}
    for name in params()["segments"]["names"]:
        part = frame[frame["segment"] == name]
        info = {"customers": len(part), "mean_score": float(part["score"].mean())}
        if y is not None:
            info |= {"observed_rate": float(part["y"].mean()), "share_of_buyers": float(part["y"].sum() / frame["y"].sum()),
                     "share_of_spend": float(part["value"].sum() / frame["value"].sum())}
        out[name] = info
    return out
