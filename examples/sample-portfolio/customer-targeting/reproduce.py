"""Make every committed result again, or check the quick ones.

    python reproduce.py                 everything, grid search included
    python reproduce.py --skip-search   everything but the grid; uses results/chosen.json
    python reproduce.py --check         quick parts into a temporary folder, compared with results/
"""
from __future__ import annotations

import os

# Before numpy is imported: one thread, so that sums are added in the same order each time.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from targeting import feature_dictionary, final, pipeline, search, snapshots, store  # noqa: E402
from targeting.config import ROOT, model_features, params  # noqa: E402

RESULTS, PLOTS, NOTEBOOK = ROOT / "results", ROOT / "plots", ROOT / "notebooks" / "exploration.ipynb"
# Allowed difference: relative, with a floor for figures near zero. Dollars hang on a few
# hundred buyers around the threshold, so they get more room.
TOLERANCE = {"profit.": (0.02, 5.0), "drift.": (0.05, 0.002), "": (0.005, 0.0005)}


class Clock:
    """Prints and keeps how long each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._start, 1)
        self._start = now
        print(f"{stage:<28} {self.seconds[stage]:7.1f} s", flush=True)


def full(skip_search: bool) -> int:
    """Run all stages and write results/, plots/ and the notebook."""
    from targeting import campaign, explain, imbalance, metrics, plots

    clock = Clock()
    lines, orders = pipeline.load_orders()
    snaps = snapshots.make_all(orders)
    store.write_json(RESULTS / "data_summary.json", pipeline.data_summary(orders, lines, snaps))
    feature_dictionary.write()
    clock.lap("data and features")
    if not skip_search:
        chosen = search.search_logistic(snaps, RESULTS)
        clock.lap("logistic search")
        chosen["xgboost"] = search.search_booster(snaps, RESULTS)
        store.write_json(RESULTS / "chosen.json", chosen)
        clock.lap("grid search")
    chosen = store.read_json(RESULTS / "chosen.json")
    choice, rounds = chosen["xgboost"]["choice"], chosen["xgboost"]["rounds"]
    curve = search.validation_curve(snaps, choice, RESULTS)
    plots.validation_curve(curve, rounds, choice["reg_lambda"], PLOTS)
    clock.lap("validation curve")
    search.ablation(snaps, choice, RESULTS)
    clock.lap("ablation")

    core = pipeline.core(orders, chosen, RESULTS)
    core.figures["cv_log_loss_of_chosen"] = pipeline.cv_of_chosen(core.snaps, chosen)
    store.write_json(RESULTS / "key_figures.json", core.figures)
    core.fitted["xgboost"].save_model(RESULTS / "model.ubj")
    clock.lap("core")

    cfg = params()["snapshots"]
    test = core.snaps[cfg["holdout"]]
    slow = tuple(n for n in pipeline.HOLDOUT_MODELS if n not in core.holdout)
    core.holdout |= final.model_scores(core.snaps, snapshots.final_fold(), chosen, slow)[0]
    scores = {n: core.holdout[n] for n in pipeline.HOLDOUT_MODELS}
    profit = store.read_json(RESULTS / "profit.json")
    gain = {n: (core.holdout[n] >= profit[n]["threshold"]) * campaign.row_profit(test.future_value) for n in pipeline.PROFIT_MODELS}

    def profit_draw(weight: Any) -> dict[str, float]:
        return {f"profit/{n}": float(weight @ g) for n, g in gain.items()}

    table, draws = final.comparison(test.y, scores, params()["bootstrap"]["replicates"], profit_draw)
    level = params()["bootstrap"]["level"]
    table["profit"] = {n: {"value": float(g.sum()), "ci95": metrics.interval(draws[f"profit/{n}"], level)} for n, g in gain.items()}
    difference = draws["profit/xgboost"] - draws["profit/logistic"]
    table["profit_xgboost_minus_logistic"] = {"value": float(gain["xgboost"].sum() - gain["logistic"].sum()), "ci95": metrics.interval(difference, level)}
    store.write_json(RESULTS / "holdout_comparison.json", table)
    clock.lap("hold-out with bootstrap")

    store.write_json(RESULTS / "unseen_customers.json", final.new_customers_check(core.snaps, chosen))
    clock.lap("unseen customers")
    store.write_json(RESULTS / "recalibration.json", final.recalibration(core.snaps, core.validation, core.holdout, chosen))
    plots.calibration(final.save_calibration(test.y, scores, RESULTS), PLOTS)
    clock.lap("calibration")
    imbalance.compare(core.snaps, chosen, RESULTS)
    clock.lap("imbalance")
    columns = model_features(list(test.X.columns))
    explanation, rows, info = explain.run(core.fitted["xgboost"], test.X[columns], test.y, RESULTS)
    sample_scores = core.holdout["xgboost"][test.X.index.get_indexer(rows.index)]
    info["local_example"] = plots.shap_plots(explanation, rows, sample_scores, PLOTS)
    store.write_json(RESULTS / "shap_info.json", info)
    clock.lap("explanations")

    import pandas as pd

    plots.profit(pd.read_csv(RESULTS / "profit_curve.csv"), {n: profit[n]["threshold"] for n in pipeline.PROFIT_MODELS}, PLOTS)
    plots.differences(table["minus_logistic"], PLOTS)
    plots.power(pd.read_csv(RESULTS / "power.csv"), PLOTS)
    plots.drift([store.read_json(RESULTS / "drift" / f"{p}.json") for p in params()["drift"]["periods"]], PLOTS)
    clock.lap("plots")
    run_notebook()
    clock.lap("notebook")
    previous = store.read_json(RESULTS / "runtime.json")["seconds"] if (RESULTS / "runtime.json").exists() else {}
    store.write_json(RESULTS / "runtime.json", {"note": "wall seconds on one core of a shared 2-core machine", "seconds": {**previous, **clock.seconds}})
    return 0


def run_notebook() -> None:
    """Execute the notebook in place, without timestamps that would change at every run."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(book, timeout=300, record_timing=False, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    nbformat.write(book, NOTEBOOK)


def compare(found: dict[str, float], committed: dict[str, float]) -> list[str]:
    """Print each comparison; return the names that differ."""
    bad = []
    for name in sorted(set(found) | set(committed)):
        if name not in found or name not in committed:
            print(f"MISSING {name}")
            bad.append(name)
            continue
        relative, floor = next(t for prefix, t in TOLERANCE.items() if name.startswith(prefix))
        a, b = float(found[name]), float(committed[name])
        ok = abs(a - b) <= max(relative * abs(b), floor)
        print(f"{'ok     ' if ok else 'DIFFERS'} {name:<36} now {a:<14.6g} committed {b:.6g}")
        bad += [] if ok else [name]
    return bad


def check() -> int:
    """Repeat the quick parts away from results/ and compare."""
    started = time.perf_counter()
    _, orders = pipeline.load_orders()
    chosen = store.read_json(RESULTS / "chosen.json")
    with tempfile.TemporaryDirectory() as folder:
        core = pipeline.core(orders, chosen, Path(folder))
    core.figures["cv_log_loss_of_chosen"] = pipeline.cv_of_chosen(core.snaps, chosen)
    bad = compare(json.loads(json.dumps(store.rounded(core.figures))), store.read_json(RESULTS / "key_figures.json"))
    if feature_dictionary.to_markdown() != (ROOT / "docs" / "feature_dictionary.md").read_text(encoding="utf-8"):
        print("DIFFERS docs/feature_dictionary.md")
        bad.append("feature_dictionary")
    print(f"{'FAILED: ' + ', '.join(bad) if bad else 'all figures agree'} ({time.perf_counter() - started:.0f} s)")
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--skip-search", action="store_true")
    args = parser.parse_args()
    return check() if args.check else full(args.skip_search)


if __name__ == "__main__":
    sys.exit(main())
