"""Export all scored customers to the stub server through scripted faults, twice.

The committed result (results/crm_export_demo.json) shows the mechanism. It is not a
deployment: no live CRM was connected.
"""
from __future__ import annotations

import random
from typing import Any

import pandas as pd

from ..config import params
from . import export as ex
from .client import CrmClient, CrmError
from .stub_server import StubCrm

SCRIPT = ["ok", "500", "500", "ok", "lost", "ok", "429", "ok", "lost", "500", "ok"]


def run(table: pd.DataFrame) -> dict[str, Any]:
    """First run meets the script, a crash follows, then a full run and a repeat of it."""
    cfg = params()["crm"]
    waits: list[float] = []

    def new_client(url: str, attempts: int) -> CrmClient:
        return CrmClient(url, "demo-token", max_attempts=attempts, base_delay_s=cfg["base_delay_s"], max_delay_s=cfg["max_delay_s"],
                         timeout_s=cfg["timeout_s"], sleep=waits.append, rng=random.Random(params()["seed"]))

    ledger = ex.Ledger(":memory:")
    with StubCrm(SCRIPT + ["ok"] * 5 + ["500"] * cfg["max_attempts"]) as crm:
        first = new_client(crm.url, cfg["max_attempts"])
        try:
            ex.export(table, first, ledger, cfg["campaign_id"], cfg["batch_size"])
            ended = "complete"
        except CrmError as error:
            ended = str(error).split(":")[0]
        acknowledged = len(ledger.known(cfg["campaign_id"]))
        second = new_client(crm.url, cfg["max_attempts"])
        resumed = ex.export(table, second, ledger, cfg["campaign_id"], cfg["batch_size"])
        repeat = ex.export(table, new_client(crm.url, cfg["max_attempts"]), ledger, cfg["campaign_id"], cfg["batch_size"])
        return {"note": "loopback stub server with injected faults; no live CRM was connected",
                "customers": len(table), "first_run": {"ended": ended, "acknowledged": acknowledged, "requests": first.stats.requests,
                                                       "retries": first.stats.retries, "replayed": first.stats.replayed, "statuses": first.stats.statuses},
                "second_run": {**resumed, "requests": second.stats.requests}, "third_run": repeat,
                "customers_in_crm": len(crm.customers), "activities_in_crm": len(crm.activities),
                "duplicate_activities": len(crm.activities) - len(set(crm.activities)), "waited_s_simulated": round(sum(waits), 2)}
