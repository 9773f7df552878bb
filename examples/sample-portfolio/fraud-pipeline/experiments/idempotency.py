"""Is a rerun harmless? Four ways to repeat a run, row counts and checksums compared each time."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from experiments.common import MACHINE, RESULTS, write_json
from fraudpipe import warehouse
from fraudpipe.config import PROJECT, Workdir
from fraudpipe.runner import Pipeline


def published_hashes(work: Workdir) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in sorted((work.published / "current").iterdir())}


def prove(work: Workdir, window: date) -> dict[str, Any]:
    """`work` has an inbox and nothing else, or a finished run."""
    steps: list[dict[str, Any]] = []

    def step(name: str, **arguments: Any) -> None:
        result = Pipeline(work).run(**arguments)
        tables = warehouse.fingerprints(work)
        same = not steps or tables == steps[0]["tables"]
        steps.append({"step": name, "exit_code": result.exit_code, "files_landed": result.stages["load"]["landed"],
                      "files_skipped": result.stages["load"]["skipped"],
                      "transform": result.stages["transform"].get("skipped", "ran"), "same_as_first": same,
                      "published": published_hashes(work), "tables": tables})
        print(name, "same" if same else "DIFFERS", flush=True)

    step("first run")
    step("second run, nothing new")
    step("window rebuilt", window_from=window)
    work.ledger.unlink()
    step("ledger lost, everything landed again")
    step("full refresh", full_refresh=True)
    return {"machine": MACHINE, "identical": all(s["same_as_first"] for s in steps), "steps": steps}


def main(source: Path, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(Workdir(source).inbox, Workdir(root).inbox)
    body = prove(Workdir(root), date(2026, 10, 6))
    write_json(RESULTS / "idempotency" / "proof.json", body)
    shutil.copy(Workdir(root).logs / "run_log.jsonl", RESULTS / "idempotency" / "run_log.jsonl")


if __name__ == "__main__":
    main(PROJECT / "data" / "main", PROJECT / "data" / "idempotency")
