"""Run dbt in its own process, and look at what it built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from fraudpipe.config import PROJECT, Workdir

# Columns that say when something was built, not what was built. They may differ between two runs.
VOLATILE = {"_loaded_at"}
CHECKED = ["fct_transactions", "feat_card_velocity", "feat_amount_profile", "feat_device", "feat_geo",
           "mart_alerts", "mart_card_cases"]


class TransformFailed(RuntimeError):
    """dbt returned an error: a model failed or a test of severity error failed."""


def dbt(work: Workdir, *arguments: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run one dbt command. A process of its own: dbt keeps the DuckDB file open until it ends."""
    target, logs = work.root / "dbt_target", work.logs / "dbt"
    environment = os.environ | {
        "FRAUD_RAW_DIR": str(work.raw), "FRAUD_WAREHOUSE": str(work.warehouse),
        "DBT_PROFILES_DIR": str(PROJECT / "dbt"), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_PATH": str(logs), "DBT_TARGET_PATH": str(target), "DBT_USE_COLORS": "false"}
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--no-version-check", *arguments,
               "--project-dir", str(PROJECT / "dbt"), "--vars", json.dumps(variables or {})]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=PROJECT / "dbt")
    results = _results(target / "run_results.json")
    if done.returncode != 0:
        # the message ends up in a log that people share, so no local paths
        tail = "\n".join(done.stdout.splitlines()[-25:]).replace(str(work.root), "<workdir>").replace(str(PROJECT), ".")
        raise TransformFailed(f"dbt {arguments[0]} exited {done.returncode}\n{tail}")
    return results


def _results(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    nodes = json.loads(path.read_text())["results"]
    status: dict[str, int] = {}
    for node in nodes:
        status[node["status"]] = status.get(node["status"], 0) + 1
    slowest = sorted(nodes, key=lambda n: -n["execution_time"])[:3]
    return {"status": dict(sorted(status.items())),
            "warned": [n["unique_id"].split(".")[2] for n in nodes if n["status"] == "warn"],
            "slowest": {n["unique_id"].split(".")[2]: round(n["execution_time"], 2) for n in slowest}}


def build(work: Workdir, window_from: str | None = None, full_refresh: bool = False,
          variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Seeds, models and data tests. Unit tests need no data and run in pytest and CI instead."""
    body = dict(variables or {}) | ({"window_from": window_from} if window_from else {})
    flags = ["--full-refresh"] if full_refresh else []
    return dbt(work, "build", "--exclude-resource-type", "unit_test", *flags, variables=body)


def freshness(work: Workdir) -> dict[str, str]:
    """Status of each source. dbt exits non-zero when one is stale, and that is an answer, not a crash."""
    try:
        dbt(work, "source", "freshness")
    except TransformFailed:
        pass
    nodes = json.loads((work.root / "dbt_target" / "sources.json").read_text())["results"]
    return {n["unique_id"].removeprefix("source.fraud."): n["status"] for n in nodes}


def connect(work: Workdir) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(work.warehouse), read_only=True)


def fingerprints(work: Workdir, tables: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """Row count and an order-independent checksum for each table."""
    out: dict[str, dict[str, Any]] = {}
    with connect(work) as db:
        for table in tables or CHECKED:
            names = sorted(r[0] for r in db.execute(f"describe {table}").fetchall() if r[0] not in VOLATILE)
            row = ", '|', ".join(f"coalesce(cast({n} as varchar), '~')" for n in names)
            rows, total = db.execute(
                f"select count(*), sum(md5_number_lower(concat({row}))::hugeint) from {table}").fetchone()
            out[table] = {"rows": rows, "checksum": f"{(total or 0) % 2**64:016x}"}
    return out
