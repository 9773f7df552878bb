"""The sample portfolio is what it says: its code runs, and what is committed came out of running it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECTS = sorted(path.parent for path in (ROOT / "examples" / "sample-portfolio").glob("*/requirements.txt"))
STEP_S = 280  # below pytest's own limit, so that a hanging step is named


def run(*command: str, cwd: Path) -> None:
    """Run a command of a project; its output is part of the failure."""
    kept = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    # The projects' thread pools would each take all cores, beside the tests that run next to them.
    limited = {**kept, "OMP_NUM_THREADS": "2", "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=cwd, env=limited, capture_output=True, text=True, timeout=STEP_S, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def python_of(project: Path) -> str:
    """The interpreter of the project's own environment, which is made anew when its requirements change."""
    folder = ROOT / f".venv-sample-{project.name}"
    made_of = folder / ".made-of"
    requirements = (project / "requirements.txt").read_text(encoding="utf-8")
    if not made_of.is_file() or made_of.read_text(encoding="utf-8") != requirements:
        run(sys.executable, "-m", "venv", "--clear", str(folder), cwd=ROOT)
        run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", "requirements.txt", cwd=project)
        made_of.write_text(requirements, encoding="utf-8")
    return str(folder / "bin" / "python")


def test_there_are_two_projects() -> None:
    assert [project.name for project in PROJECTS] == ["customer-targeting", "fraud-pipeline"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_sample_project_runs_again_and_gives_what_is_committed(project: Path) -> None:
    python = python_of(project)
    run(python, "reproduce.py", "--check", cwd=project)
    run(python, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", cwd=project)
