"""All figures. Each is drawn from the files in results/, or from arrays of the same run."""
from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import shap  # noqa: E402

BLUE, ORANGE, GREEN, GREY = "#1f5a94", "#d9742b", "#3a8f5c", "#8a8a8a"
COLOURS = {"xgboost": BLUE, "logistic": ORANGE, "random_forest": GREEN, "bg_nbd": GREY, "logistic_rfm": GREY, "recency_only": GREEN}


def save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt.tight_layout()
    plt.savefig(path, dpi=90, bbox_inches="tight", metadata={"Software": None})
    plt.close("all")


def validation_curve(frame: pd.DataFrame, rounds: int, chosen_lambda: float, out: Path) -> None:
    """Train and validation loss by round; the right panel shows what the L2 penalty does."""
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    part = frame[frame["reg_lambda"] == chosen_lambda]
    left.plot(part["round"], part["train_log_loss"], color=GREY, label="train")
    left.plot(part["round"], part["validation_log_loss"], color=BLUE, label="validation (1997-12-31)")
    left.axvline(rounds, color=ORANGE, ls="--", lw=1, label=f"stopped at {rounds}")
    best = part["validation_log_loss"].min()
    both = part[["train_log_loss", "validation_log_loss"]]
    left.set(xlabel="boosting round", ylabel="log loss", title=f"Chosen setting, lambda {chosen_lambda:g}", ylim=(both.min().min() - 0.005, both.iloc[len(both) // 40].max()))
    left.legend(fontsize=8)
    for (value, part), colour in zip(frame.groupby("reg_lambda"), (GREY, ORANGE, BLUE, GREEN), strict=False):
        right.plot(part["round"], part["validation_log_loss"], color=colour, label=f"lambda {value:g}")
    right.set(xlabel="boosting round", title="Validation loss by L2 penalty", ylim=(best - 0.0005, best + 0.006))
    right.legend(fontsize=8)
    save(out / "validation_curve.png")


def calibration(table: pd.DataFrame, out: Path) -> None:
    plt.figure(figsize=(4.6, 4.2))
    for name, part in table.groupby("model"):
        plt.plot(part["mean_score"], part["observed"], "o-", ms=4, lw=1, color=COLOURS[name], label=name)
    top = table[["mean_score", "observed"]].to_numpy().max() * 1.05
    plt.plot([0, top], [0, top], color="black", lw=0.7, ls=":")
    plt.xlabel("mean score in decile")
    plt.ylabel("observed rate, hold-out")
    plt.title("Calibration on the hold-out")
    plt.legend(fontsize=8)
    save(out / "calibration.png")


def profit(curves: pd.DataFrame, thresholds: dict[str, float], out: Path) -> None:
    _, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axis, split in zip(axes, ("validation", "holdout"), strict=True):
        for name, part in curves[curves["split"] == split].groupby("model"):
            part = part.sort_values("mailed")
            axis.plot(part["mailed"], part["profit"], lw=1.2, color=COLOURS[name], ls=":" if name == "logistic_rfm" else "-", label=name)
            at = part.iloc[(part["threshold"] - thresholds[name]).abs().argmin()]
            axis.plot(at["mailed"], at["profit"], "o", ms=4, color=COLOURS[name])
        axis.axhline(0, color="black", lw=0.6)
        axis.set(xlabel="customers mailed", title=f"{split}, dot = tuned threshold", xlim=(0, 8000), ylim=(-1500, None))
    axes[0].set_ylabel("profit in dollars (on assumptions)")
    axes[0].legend(fontsize=8)
    save(out / "profit_curve.png")


def differences(minus: dict[str, dict[str, dict[str, object]]], out: Path) -> None:
    """Paired differences against the logistic baseline with their intervals."""
    names = [n for n in ("xgboost", "random_forest", "bg_nbd", "logistic_plain", "logistic_rfm") if n in minus]
    _, axes = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
    for axis, metric, title in zip(axes, ("auc", "log_loss"), ("AUC (right is better)", "log loss (left is better)"), strict=True):
        for row, name in enumerate(names):
            low, high = minus[name][metric]["ci95"]
            axis.plot([low, high], [row, row], color=BLUE, lw=2)
            axis.plot(minus[name][metric]["value"], row, "o", color=BLUE, ms=4)
        axis.axvline(0, color="black", lw=0.7)
        axis.set(title=f"Difference to logistic: {title}", yticks=range(len(names)), yticklabels=names)
        axis.title.set_fontsize(9)
    save(out / "difference_to_baseline.png")


def shap_plots(explanation: shap.Explanation, rows: pd.DataFrame, p: np.ndarray, out: Path) -> dict[str, float]:
    """Summary, dependence of the strongest feature, and one customer."""
    plt.figure()
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(len(rows), 1500, replace=False))
    shap.summary_plot(explanation.values[some], rows.iloc[some], max_display=15, show=False, plot_size=(7, 4.8), rng=rng)
    save(out / "shap_summary.png")

    strongest = int(np.abs(explanation.values).mean(axis=0).argmax())
    name = explanation.feature_names[strongest]
    plt.figure(figsize=(6, 3.6))
    orders = rows["orders_total"].clip(upper=6)
    points = plt.scatter(rows[name], explanation.values[:, strongest], c=orders, s=5, cmap="viridis")
    plt.colorbar(points, label="orders_total (capped at 6)")
    plt.axhline(0, color="black", lw=0.6)
    plt.xlabel(name)
    plt.ylabel("SHAP value (log-odds)")
    plt.title(f"What the model does with {name}")
    save(out / "shap_dependence.png")

    # A customer at the edge of the mailing list is the case a colleague will ask about.
    target = int(np.argsort(p, kind="stable")[int(0.93 * len(p))])
    plt.figure()
    shap.plots.waterfall(explanation[target], max_display=10, show=False)
    plt.gcf().set_size_inches(7.5, 4.2)
    save(out / "shap_local.png")
    return {"customer_id": int(rows.index[target]), "score": float(p[target])}


def power(frame: pd.DataFrame, out: Path) -> None:
    plt.figure(figsize=(5.5, 3.4))
    part = frame[frame["control_share"] == 0.5]
    for (name, rows), colour in zip(part.groupby("segment", sort=False), (GREY, GREEN, ORANGE, BLUE), strict=True):
        plt.plot(rows["absolute_uplift"] * 100, rows["needed"], "o-", ms=4, color=colour, label=f"{name} (has {rows['customers'].iloc[0]:,})")
    plt.yscale("log")
    plt.xlabel("uplift to detect, percentage points")
    plt.ylabel("customers needed, both arms")
    plt.title("A/B test size, 80% power, 5% level, equal arms")
    plt.legend(fontsize=8)
    save(out / "power.png")


def drift(reports: list[dict[str, object]], out: Path) -> None:
    """The fifteen features that moved most."""
    last = reports[-1]
    names = [r["feature"] for r in last["features"][:15]][::-1]
    plt.figure(figsize=(6.5, 4))
    for shift, (report, colour) in enumerate(zip(reports, (GREY, BLUE), strict=True)):
        values = {r["feature"]: r["psi"] for r in report["features"]}
        plt.barh(np.arange(len(names)) + 0.2 - 0.4 * (1 - shift), [values[n] for n in names], height=0.38, color=colour, label=report["period"])
    for line in (0.1, 0.25):
        plt.axvline(line, color=ORANGE, lw=0.8, ls="--")
    plt.yticks(range(len(names)), names, fontsize=8)
    plt.xlabel(f"PSI against {last['reference']}")
    plt.legend(fontsize=8)
    save(out / "drift_psi.png")
