from __future__ import annotations

import gzip
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from experiments.idempotency import prove
from fraudpipe import quality, warehouse
from fraudpipe.config import PROJECT, Workdir, settings
from fraudpipe.evaluate import wilson
from fraudpipe.reliability import single_writer
from fraudpipe.runner import LOCKED, OK, Pipeline, Run


@pytest.mark.slow
def test_rerun_in_every_way_gives_the_same_tables(inbox: Workdir) -> None:
    body = prove(inbox, date(2026, 9, 4))
    assert body["identical"], [s["step"] for s in body["steps"] if not s["same_as_first"]]
    first, second = body["steps"][:2]
    assert first["files_landed"] == 6 and second["files_landed"] == 0 and second["transform"] == "nothing new"
    assert first["tables"]["fct_transactions"]["rows"] > 300
    assert len({str(s["published"]) for s in body["steps"]}) == 1


@pytest.mark.slow
def test_checksum_notices_a_changed_cell(finished: tuple[Workdir, Run]) -> None:
    """Without this the idempotency test could pass on a checksum that never changes."""
    work, _ = finished
    before = warehouse.fingerprints(work, ["fct_transactions"])
    with duckdb.connect(str(work.warehouse)) as db:
        victim = db.execute("select min(txn_id), min_by(amount_cents, txn_id) from fct_transactions").fetchone()
        db.execute("update fct_transactions set amount_cents = amount_cents + 1 where txn_id = ?", [victim[0]])
        db.close()
    after = warehouse.fingerprints(work, ["fct_transactions"])
    with duckdb.connect(str(work.warehouse)) as db:
        db.execute("update fct_transactions set amount_cents = ? where txn_id = ?", [victim[1], victim[0]])
    assert before != after and before == warehouse.fingerprints(work, ["fct_transactions"])


@pytest.mark.slow
def test_velocity_against_a_slow_count_in_python(finished: tuple[Workdir, Run]) -> None:
    work, run = finished
    assert run.exit_code == OK
    with warehouse.connect(work) as db:
        rows = db.execute("select txn_id, card_id, event_ts, n_1h, n_24h from feat_card_velocity").fetchall()
    for txn, card, at, n_1h, n_24h in rows[::7]:
        mine = [ts for _, c, ts, _, _ in rows if c == card]
        assert n_1h == sum(at - timedelta(hours=1) <= ts <= at for ts in mine), txn
        assert n_24h == sum(at - timedelta(hours=24) <= ts <= at for ts in mine), txn


@pytest.mark.slow
def test_old_deliveries_have_no_entry_mode_and_new_ones_do(finished: tuple[Workdir, Run]) -> None:
    with warehouse.connect(finished[0]) as db:
        rows = db.execute("select source_version, count(*) = count(entry_mode), count(entry_mode), "
                          "count(*) = count(merchant_category_code) from fct_transactions group by 1 order by 1").fetchall()
    assert rows[0][0] == 1 and rows[0][2] == 0 and rows[0][3]
    assert rows[1][0] == 2 and rows[1][1] and rows[1][3]


@pytest.mark.slow
def test_dbt_unit_tests_pass(finished: tuple[Workdir, Run]) -> None:
    assert warehouse.dbt(finished[0], "test", "--select", "test_type:unit")["status"] == {"pass": 2}


@pytest.mark.slow
def test_withdrawn_payments_leave_no_ghosts(inbox: Workdir, tmp_path: Path) -> None:
    """The processor replaces a delivery by a shorter one. The result must be as if it had never been longer."""
    Pipeline(inbox).run()
    day = inbox.source_file(date(2026, 9, 3))
    lines = gzip.decompress(day.read_bytes()).decode().splitlines()
    day.write_bytes(gzip.compress("\n".join(lines[: len(lines) // 2]).encode(), mtime=0))
    Pipeline(inbox).run()
    clean = Workdir(tmp_path / "clean")
    shutil.copytree(inbox.inbox, clean.inbox)
    Pipeline(clean).run()
    assert warehouse.fingerprints(inbox) == warehouse.fingerprints(clean)


def test_second_writer_is_turned_away(inbox: Workdir) -> None:
    with single_writer(inbox.root):
        assert Pipeline(inbox).run().exit_code == LOCKED
    assert not inbox.raw.exists()


def _day(n: int, **changes: float | None) -> dict[str, object]:
    normal = {"reject_rate": 0.0, "duplicate_rate": 0.0, "online_device_null": 0.0, "late_share": 0.0,
              "volume_ratio": 1.0, "freshness_gap_hours": 0.1}
    return {"day": date(2026, 9, n), **normal, **changes}


@pytest.mark.parametrize("column, value, level", [
    ("volume_ratio", 0.6, "warn"), ("volume_ratio", 0.2, "block"), ("volume_ratio", 3.0, "block"),
    ("duplicate_rate", 0.02, "warn"), ("freshness_gap_hours", 30.0, "block")])
def test_threshold_is_crossed_once_at_the_worst_level(column: str, value: float, level: str) -> None:
    found = quality.breaches([_day(1), _day(2, **{column: value})])  # type: ignore[list-item]
    assert [(b.day, b.level) for b in found] == [("2026-09-02", level)]


def test_missing_baseline_is_no_alarm() -> None:
    assert quality.breaches([_day(1, volume_ratio=None)]) == []


@pytest.mark.slow
def test_blocked_quality_keeps_the_old_publication(inbox: Workdir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings("dq_thresholds")["checks"]["freshness_gap_hours"], "block", -1.0)
    assert Pipeline(inbox).run().exit_code == 6
    assert (inbox.logs / "quality_alert.json").exists() and not (inbox.published / "current").exists()


def test_wilson_interval_matches_a_published_value() -> None:
    low, high = wilson(15, 148)         # Newcombe 1998, table I: 0.0624 to 0.1605
    assert (low, high) == (0.0624, 0.1605)


def test_every_model_and_mart_column_is_described() -> None:
    text = "".join(p.read_text() for p in (PROJECT / "dbt/models").rglob("*.yml"))
    for model in (PROJECT / "dbt/models").rglob("*.sql"):
        assert f"name: {model.stem}" in text, model.stem
