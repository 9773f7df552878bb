"""The prose must agree with the result files."""
from __future__ import annotations

import re

import pandas as pd
import pytest
from reproduce import compare

from targeting import search, store
from targeting.config import ROOT, params

RESULTS = ROOT / "results"


def test_grid_is_complete_and_the_choice_is_its_best_row() -> None:
    table = pd.read_csv(RESULTS / "grid_search.csv")
    chosen = store.read_json(RESULTS / "chosen.json")["xgboost"]
    assert len(table) == len(search.combinations()) == chosen["combinations"]
    assert (table["folds"] == 5).all()
    best = table.loc[table["log_loss"].idxmin()]
    assert {k: best[k] for k in chosen["choice"]} == pytest.approx(chosen["choice"])


def test_readme_quotes_the_hold_out_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = store.read_json(RESULTS / "holdout_comparison.json")
    for name in ("logistic", "xgboost", "random_forest", "bg_nbd", "logistic_rfm"):
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{name}`"))
        for metric in ("auc", "pr_auc", "lift_10", "brier", "log_loss"):
            digits = 2 if metric == "lift_10" else 4
            assert f"{found['models'][name][metric]['value']:.{digits}f}" in row, (name, metric)


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_plots_are_small() -> None:
    plots = list((ROOT / "plots").glob("*.png"))
    assert len(plots) >= 8
    assert all(p.stat().st_size < 80_000 for p in plots)


def test_check_notices_a_changed_figure(capsys) -> None:
    assert compare({"xgboost.auc": 0.84}, {"xgboost.auc": 0.8401}) == []
    assert compare({"xgboost.auc": 0.85}, {"xgboost.auc": 0.84}) == ["xgboost.auc"]
    assert compare({}, {"xgboost.auc": 0.84}) == ["xgboost.auc"]


def test_holdout_cutoff_is_the_last_scorable_quarter_end() -> None:
    summary = store.read_json(RESULTS / "data_summary.json")
    assert summary["customers"] == 23570
    assert list(summary["snapshots"])[-1] == params()["snapshots"]["holdout"]
