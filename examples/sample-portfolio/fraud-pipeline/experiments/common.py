"""Shared helpers of the experiments: writing results, timing, plot style."""

from __future__ import annotations

import csv
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)

from fraudpipe.config import PROJECT  # noqa: E402

RESULTS = PROJECT / "results"
MACHINE = "2-core VM, 24 GB memory, Python 3.11, DuckDB 1.4.5"
plt.rcParams.update({"figure.dpi": 90, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
                     "axes.grid": True, "grid.alpha": 0.3})


def write_json(path: Path, body: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, indent=1, default=str) + "\n")


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Markdown table."""
    columns = list(columns or rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join("" if r[c] is None else str(r[c]) for c in columns) + " |" for r in rows]
    return "\n".join(lines) + "\n"


def save_plot(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)
    with Image.open(path) as image:      # a palette is enough for lines and keeps the file small
        image.convert("RGB").quantize(64).save(path, optimize=True)


def timed(call: Callable[[], Any], repeats: int, warmup: int = 1) -> dict[str, float]:
    """Median and spread in milliseconds. The warm-up call is thrown away: I compare query plans, not
    the state of the file cache."""
    for _ in range(warmup):
        call()
    seconds: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    quartiles = statistics.quantiles(seconds, n=4)
    return {"repeats": repeats, "median_ms": round(statistics.median(seconds) * 1000, 2),
            "p25_ms": round(quartiles[0] * 1000, 2), "p75_ms": round(quartiles[2] * 1000, 2),
            "min_ms": round(min(seconds) * 1000, 2)}
