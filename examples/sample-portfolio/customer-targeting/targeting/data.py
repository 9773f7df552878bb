"""Load the CDNOW master log and turn lines into orders.

The log ships inside the `Lifetimes` wheel. The file is read by path and the package
itself is not imported: its `__init__` needs `pkg_resources`, which newer setuptools
releases no longer have.
"""
from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pandas as pd

from .config import params

COLUMNS = ["customer_id", "date", "cds", "value"]


def log_path() -> Path:
    """Where the installed package keeps the master log."""
    cfg = params()["data"]
    spec = importlib.util.find_spec(cfg["package"])
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"package {cfg['package']!r} is not installed")
    return Path(spec.origin).parent / cfg["file"]


def load_lines(path: Path | None = None, verify: bool = True) -> pd.DataFrame:
    """Raw log lines, one per (customer, date, cart), after a checksum and range checks."""
    path = path or log_path()
    if verify:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != params()["data"]["sha256"]:
            raise ValueError(f"{path.name}: checksum {digest} is not the one the results were made from")
    lines = pd.read_csv(path, sep=r"\s+", header=0, names=COLUMNS)
    lines["date"] = pd.to_datetime(lines["date"].astype(str), format="%Y%m%d")
    if lines.isna().any().any() or (lines["cds"] < 1).any() or (lines["value"] < 0).any():
        raise ValueError("log has missing, negative or empty lines")
    return lines


def to_orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per customer and day.

    The log has no clock time, so several carts on a day cannot be put in order and a
    "gap" of zero days between them would mean nothing. They count as one order; how
    many carts it had is kept. Exact duplicate lines (255) are kept as well: two equal
    carts on a day are possible and the source gives no cart id that could tell.
    """
    orders = (
        lines.groupby(["customer_id", "date"], sort=True)
        .agg(cds=("cds", "sum"), value=("value", "sum"), carts=("value", "size"))
        .reset_index()
    )
    return orders


def load_orders() -> pd.DataFrame:
    """Orders of all customers, sorted by customer and date."""
    return to_orders(load_lines())
