"""Seconds and peak memory of each stage at 1x, 10x and 100x. Every stage is a process of its own, so
the peak memory belongs to that stage (and to the dbt process it starts)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from experiments.common import MACHINE, RESULTS, plt, save_plot, write_csv, write_json
from fraudpipe.config import PROJECT, Workdir
from fraudpipe.ledger import Ledger

SIZES = {"1x": 500, "10x": 5_000, "100x": 50_000}
STAGES = ["simulate", "load", "transform_full", "quality", "publish", "load_one_day", "transform_one_day"]
LAST = date(2026, 10, 12)


def run_stage(stage: str, root: Path, cards: int) -> None:
    """Body of the child process."""
    from fraudpipe import quality, runner, warehouse
    from fraudpipe.loader import load_inbox
    from fraudpipe.reliability import RunLog
    from fraudpipe.simulate import Spec, generate

    work = Workdir(root)
    files = sorted(work.inbox.glob("*.csv.gz"))
    if stage == "simulate":
        generate(Spec(seed=7, start=date(2026, 9, 1), days=42, cards=cards, schema_v2_from=date(2026, 9, 22)), work)
    elif stage.startswith("load"):
        load_inbox(work, RunLog(work.logs, "scale"), files if stage == "load_one_day" else files[:-1])
    elif stage == "transform_full":
        warehouse.build(work, full_refresh=True)
        Ledger(work.ledger).mark_transformed()
    elif stage == "transform_one_day":
        warehouse.build(work, "2026-10-09")
    elif stage == "quality":
        quality.check(work)
    elif stage == "publish":
        runner.publish(work)


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(p for child in below for p in tree(int(child)))]


def peak_mb(pid: int) -> float:
    """High-water mark of one process. Not ru_maxrss: a child inherits that from the process that
    started it, so every small stage showed the size of this script (docs/what-went-wrong.md)."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


def measure(stage: str, root: Path, cards: int) -> tuple[float, float]:
    """(seconds, peak MB of the largest process), memory read every 20 ms."""
    command = [sys.executable, "-m", "experiments.scale", stage, str(root), str(cards)]
    began, peak = time.perf_counter(), 0.0
    child = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    while child.poll() is None:
        peak = max([peak, *map(peak_mb, tree(child.pid))])
        time.sleep(0.02)
    if child.returncode:
        raise RuntimeError(f"{stage} failed with status {child.returncode}")
    return time.perf_counter() - began, peak


def folder_mb(path: Path) -> float:
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) / 1e6


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.4))
    for stage in STAGES:
        part = [r for r in rows if r["stage"] == stage]
        axes[0].plot([r["rows_total"] for r in part], [r["seconds"] for r in part], "o-", ms=3, lw=1, label=stage)
        axes[1].plot([r["rows_total"] for r in part], [r["peak_mb"] for r in part], "o-", ms=3, lw=1, label=stage)
    for axis, title in zip(axes, ("seconds", "peak memory, MB")):
        axis.set(xscale="log", yscale="log", xlabel="rows in the inbox", title=title)
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("")
    axes[0].set_yticks([1, 3, 10, 30])
    axes[1].set_yticks([100, 200, 400, 800])
    axes[1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5))
    save_plot(figure, path)


def main(root: Path) -> None:
    rows: list[dict[str, Any]] = []
    for size, cards in SIZES.items():
        folder = root / size
        shutil.rmtree(folder, ignore_errors=True)
        for stage in STAGES:
            seconds, peak = measure(stage, folder, cards)
            rows.append({"size": size, "cards": cards, "stage": stage, "seconds": round(seconds, 2), "peak_mb": round(peak)})
            print(rows[-1], flush=True)
        work = Workdir(folder)
        facts = {"rows_total": Ledger(work.ledger).totals()["read"], "inbox_mb": round(folder_mb(work.inbox), 1),
                 "raw_mb": round(folder_mb(work.raw), 1), "warehouse_mb": round(work.warehouse.stat().st_size / 1e6, 1)}
        for row in rows[-len(STAGES):]:
            row.update(facts)
    nodes = json.loads((root / "100x" / "dbt_target" / "run_results.json").read_text())["results"]
    slowest = sorted(nodes, key=lambda n: -n["execution_time"])[:12]
    write_csv(RESULTS / "scale" / "one_day_nodes_100x.csv", [
        {"node": n["unique_id"].split(".")[2], "kind": n["unique_id"].split(".")[0], "seconds": round(n["execution_time"], 2)} for n in slowest])
    kinds = {k: round(sum(n["execution_time"] for n in nodes if n["unique_id"].startswith(k)), 2) for k in ("model", "test", "seed")}
    write_json(RESULTS / "scale" / "one_day_100x.json", kinds)
    write_csv(RESULTS / "scale" / "scale.csv", rows)
    (RESULTS / "scale" / "machine.txt").write_text(MACHINE + ", shared with other work\n")
    plot(rows, RESULTS / "scale" / "scale.png")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        run_stage(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(PROJECT / "data" / "scale")
