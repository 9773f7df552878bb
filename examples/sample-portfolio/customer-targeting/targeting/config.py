"""Paths and the parameters from params.yaml."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def params() -> dict[str, Any]:
    """The parameter file, read once. Callers must not change what they get."""
    with open(ROOT / "params.yaml", encoding="utf-8") as handle:
        return yaml.safe_load(handle)


def model_features(all_features: list[str]) -> list[str]:
    """Features the models see: all of them less the excluded ones."""
    excluded = set(params()["features"]["excluded_from_model"])
    unknown = excluded - set(all_features)
    if unknown:
        raise ValueError(f"excluded_from_model names unknown features: {sorted(unknown)}")
    return [name for name in all_features if name not in excluded]
