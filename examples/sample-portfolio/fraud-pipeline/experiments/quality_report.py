"""Data-quality report over all delivery days: metrics, thresholds crossed, plots."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.common import plt, save_plot, table, write_csv, write_json
from fraudpipe import quality
from fraudpipe.config import Workdir, settings
from fraudpipe.ledger import Ledger

PANELS = [("reject_rate", "Rejected rows, share"), ("duplicate_rate", "Redelivered rows, share"),
          ("online_device_null", "Online payments without device, share"), ("late_share", "Late rows, share"),
          ("volume_ratio", "Rows against the same weekday before"), ("freshness_gap_hours", "Hours from last event to midnight")]


def _panel(axis: Any, rows: list[dict[str, Any]], column: str, title: str, crossed: set[tuple[str, str]]) -> None:
    days = [r["day"].isoformat()[5:] for r in rows]
    values = [r[column] if r[column] is not None else float("nan") for r in rows]
    axis.plot(days, values, lw=1, color="#345")
    for check, rule in settings("dq_thresholds")["checks"].items():
        base = "volume_ratio" if check.startswith("volume_ratio") else check
        if base == column:
            axis.axhline(rule["warn"], color="#c60", lw=0.9, ls="--")
    for i, row in enumerate(rows):
        if (row["day"].isoformat(), column) in crossed:
            axis.plot(days[i], values[i], "o", color="#c00", ms=5)
    axis.set_title(title, fontsize=9)
    axis.set_xticks(days[::7])


def write_quality(work: Workdir, folder: Path) -> None:
    rows = quality.daily_metrics(work)
    found = quality.breaches(rows)
    rounded = [{k: round(v, 5) if isinstance(v, float) else v for k, v in r.items()} for r in rows]
    write_csv(folder / "daily_metrics.csv", rounded)
    write_json(folder / "breaches.json", [asdict(b) for b in found])
    crossed = {(b.day, "volume_ratio" if b.check.startswith("volume") else b.check) for b in found}
    figure, axes = plt.subplots(3, 2, figsize=(8.4, 6.4))
    for axis, (column, title) in zip(axes.flat, PANELS):
        _panel(axis, rows, column, title, crossed)
    save_plot(figure, folder / "daily_metrics.png")
    totals = Ledger(work.ledger).totals()
    spread = []
    for column, _ in PANELS:
        values = sorted(r[column] for r in rounded[:21] if r[column] is not None)
        spread.append({"metric": column, "min": values[0], "median": values[len(values) // 2], "max": values[-1]})
    text = [
        "# Data-quality report", "",
        f"Deliveries {rows[0]['day']} to {rows[-1]['day']}: {totals['files']} files, {totals['read']} rows read, "
        f"{totals['landed']} landed, {totals['rejected']} rejected to quarantine.",
        "The data is simulated and three incidents were built in on purpose (docs/data-dictionary.md).",
        "Thresholds: config/dq_thresholds.yml. Written by experiments/quality_report.py.", "",
        "## Thresholds crossed", "", table([asdict(b) for b in found]),
        "## Spread in the first three weeks", "",
        "This is what the thresholds were set from. `volume_ratio` needs two earlier days of the same weekday, so it starts in week three.", "",
        table(spread), "![daily metrics](daily_metrics.png)", "",
        "Dashed line: warn threshold. Dot: threshold crossed.", ""]
    (folder / "report.md").write_text("\n".join(text))
