"""Small real portfolios, and a cache of their own: no test touches the caches or settings of a person."""

from __future__ import annotations

import base64
import json
import os
import struct
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from proofolio.settings import Settings
from proofolio.workflows import Portfolio, open_compiled

# Built from parts, so that no file of ours holds what a scanner would take for a secret.
SECRET = "AKIA" + "Z7QX4TNM2LHWJ5RB"
SCRIPT = "<script>alert(1)</script>"
ESCAPES = "\x1b]0;owned\x07\x1b[31mred\x1b[0m \u202egnirts\u202c \x9b31m"
NASTY_NAME = '<img src=x onerror=alert(1)> "quoted" & \u202egnp.py'
QUESTION = "How did you validate the model?"

TRAIN = '''"""Trains the churn model."""

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split


def train(frame: pd.DataFrame) -> RandomForestClassifier:
    """Fit on four fifths and report the cross-validated F1."""
    train_part, test_part = train_test_split(frame, test_size=0.2, random_state=7, stratify=frame["churned"])
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=7)
    model = RandomForestClassifier(n_estimators=300, max_depth=6, class_weight="balanced")
    scores = cross_val_score(model, train_part.drop(columns="churned"), train_part["churned"], cv=folds, scoring="f1")
    print(f"F1 {scores.mean():.3f} +/- {scores.std():.3f}, {len(test_part)} held out")
    return model.fit(train_part.drop(columns="churned"), train_part["churned"])


if __name__ == "__main__":
    train(pd.read_csv("data/customers.csv"))
'''
README = """# Churn

I predict which customers leave. The model reaches 99 % accuracy on every data set.

![ROC curve of the final model](plots/roc_curve.png)

## How the data flows

```mermaid
flowchart LR
  raw[Raw customers] --> features[Features] --> model[Churn model]
```
"""
STAGING = """-- One row a customer; the newest record wins.
with ranked as (
    select *, row_number() over (partition by customer_id order by loaded_at desc) as newest
    from raw.customers
)
select customer_id, lower(email) as email, churned
from ranked
where newest = 1
"""
PARAMS = """model:
  n_estimators: 300
  max_depth: 6
split:
  test_size: 0.2
"""


def git(place: Path, *words: str) -> str:
    """Run git as nobody in particular; returns what it printed."""
    settings = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false",
                "-c", "init.defaultBranch=main")  # fmt: skip
    done = subprocess.run(["git", *settings, *words], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files under a folder, making what folders they need."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def commit(root: Path, message: str = "work") -> str:
    """Commit everything under a folder, which becomes a repository; returns the commit."""
    if not (root / ".git").exists():
        git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


def png(width: int = 240, height: int = 120) -> bytes:
    """A picture with a rising line, so that one sees that it is shown."""
    rows = []
    for y in range(height):
        row = bytearray(b"\xff\xff\xff" * width)
        for x in range(width):
            if abs((height - y) - x * height // width) < 3:
                row[3 * x : 3 * x + 3] = b"\x0b\x5d\x4e"
        rows.append(b"\0" + bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )


def notebook() -> str:
    """A notebook whose second cell draws a SHAP summary and prints a score."""
    plot = {"image/png": base64.b64encode(png()).decode(), "text/plain": ["<Figure size 240x120>"]}
    draw = ["import shap\n", "explainer = shap.TreeExplainer(model)\n",
            "shap.summary_plot(explainer.shap_values(X_test), X_test)\n", "plt.title('SHAP summary of the churn model')\n"]  # fmt: skip
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["Test F1: 0.612\n"]},
        {"output_type": "display_data", "data": plot, "metadata": {}},
    ]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Explaining the model\n"]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": draw, "outputs": outputs},
    ]
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells})


def churn_files() -> dict[str, str | bytes]:
    """The files of a small and honest project, but for the secret that it holds."""
    return {
        "README.md": README,
        "src/train.py": TRAIN,
        "src/settings.py": f'"""Where the data lies."""\n\nBUCKET = "customers"\nAWS_ACCESS_KEY_ID = "{SECRET}"\n',
        "models/staging.sql": STAGING,
        "params.yaml": PARAMS,
        "notebooks/explain.ipynb": notebook(),
        "plots/roc_curve.png": png(),
    }


def hostile_files() -> dict[str, str | bytes]:
    """What a candidate may have for fun or for harm: markup, terminal escapes, direction overrides."""
    return {
        "README.md": f"# Hostile {SCRIPT}\n\nI validate the model with {SCRIPT} and {ESCAPES} by cross-validation.\n"
        "![pixel](http://tracker.example/x.png) [run](javascript:alert(1))\n",
        "src/app.py": TRAIN + f'\nBANNER = "{SCRIPT}"  # {ESCAPES}\n',
        f"src/{NASTY_NAME}": TRAIN,
        "plots/roc_curve.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
        '<script>fetch("http://tracker.example/")</script><rect width="20" height="20"/></svg>',
    }


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings of the environment do not count; caches and git's configuration are the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("PROOFOLIO_")]:
            patch.delenv(name)
        patch.setenv("PROOFOLIO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="session")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed repository: Python, SQL, YAML, a notebook with a plot, a picture, a claim, a secret."""
    root = write(tmp_path_factory.mktemp("portfolios") / "churn", churn_files())
    commit(root)
    return root


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose content and names try to become markup, escapes and requests."""
    return write(tmp_path_factory.mktemp("portfolios") / "hostile", hostile_files())


@pytest.fixture(scope="session")
def compiled(churn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portfolio]:
    """The churn repository, compiled and open, without a dense encoder."""
    with open_compiled(
        str(churn), Settings(cache=str(tmp_path_factory.mktemp("compiled")), encoder="none")
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def compiled_hostile(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portfolio]:
    """The hostile folder, compiled and open, without a dense encoder."""
    with open_compiled(
        str(hostile), Settings(cache=str(tmp_path_factory.mktemp("compiled")), encoder="none")
    ) as opened:
        yield opened
