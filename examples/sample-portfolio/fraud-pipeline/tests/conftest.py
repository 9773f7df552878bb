"""A tiny simulated inbox and a finished run on it, shared by the slower tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fraudpipe.config import Workdir
from fraudpipe.runner import Pipeline, Run
from fraudpipe.simulate import Spec, generate

TINY = Spec(seed=5, start=date(2026, 9, 1), days=6, cards=80, schema_v2_from=date(2026, 9, 4), incidents=False)


@pytest.fixture
def inbox(tmp_path: Path) -> Workdir:
    work = Workdir(tmp_path / "work")
    generate(TINY, work)
    return work


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, Run]:
    work = Workdir(tmp_path_factory.mktemp("finished"))
    generate(TINY, work)
    return work, Pipeline(work).run()
