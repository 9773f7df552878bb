from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fraudpipe import loader
from fraudpipe.config import Workdir
from fraudpipe.ledger import Ledger
from fraudpipe.reliability import RunLog, publish_file, publish_folder, with_retry

DAY = date(2026, 9, 3)


def load(work: Workdir, **arguments: object) -> loader.LoadReport:
    return loader.load_inbox(work, RunLog(work.logs, "test"), **arguments)  # type: ignore[arg-type]


def rewrite(work: Workdir, day: date, change: object) -> None:
    lines = gzip.decompress(work.source_file(day).read_bytes()).decode().splitlines()
    work.source_file(day).write_bytes(gzip.compress("\n".join(change(lines)).encode(), mtime=0))  # type: ignore[operator]


def errors(work: Workdir) -> list[str]:
    return [json.loads(line)["kind"] for line in (work.logs / "errors.jsonl").read_text().splitlines()]


def test_no_row_disappears(inbox: Workdir) -> None:
    report = load(inbox)
    read = sum(len(gzip.decompress(p.read_bytes()).splitlines()) - 1 for p in inbox.inbox.glob("*.csv.gz"))
    landed = sum(pq.read_metadata(p).num_rows for p in inbox.raw.glob("*/*.parquet"))
    quarantined = sum(len(p.read_text().splitlines()) for p in inbox.quarantine.glob("rows/*.jsonl"))
    assert landed + quarantined == read == report.rows_landed + report.rows_rejected


def test_second_load_does_nothing(inbox: Workdir) -> None:
    load(inbox)
    before = {p: p.stat().st_mtime_ns for p in inbox.raw.rglob("*.parquet")}
    again = load(inbox)
    assert again.landed == [] and len(again.skipped) == 6
    assert {p: p.stat().st_mtime_ns for p in inbox.raw.rglob("*.parquet")} == before


def test_changed_file_replaces_its_partition_only(inbox: Workdir) -> None:
    load(inbox)
    before = pq.read_metadata(inbox.partition(DAY) / "part-0.parquet").num_rows
    rewrite(inbox, DAY, lambda lines: lines[:-1])
    again = load(inbox)
    assert again.landed == [inbox.source_file(DAY).name]
    assert abs(before - pq.read_metadata(inbox.partition(DAY) / "part-0.parquet").num_rows) == 1
    assert Ledger(inbox.ledger).pending_from() == date(2026, 9, 1)


def test_quarantined_row_keeps_line_reason_and_content(inbox: Workdir) -> None:
    rewrite(inbox, DAY, lambda lines: [lines[0], lines[1].replace(",EUR,", ",EURO,"), *lines[2:]])
    load(inbox)
    rows = [json.loads(x) for x in (inbox.quarantine / "rows" / f"{DAY}.jsonl").read_text().splitlines()]
    row = next(r for r in rows if r["row_number"] == 2)
    assert row["reason"] == "currency:literal_error" and row["record"]["currency"] == "EURO"


@pytest.mark.parametrize("kind, change", [
    ("unknown_layout", lambda lines: [lines[0] + ",colour", *lines[1:]]),
    ("too_many_rejects", lambda lines: [lines[0], *(x.replace("EUR", "USD") for x in lines[1:])]),
    ("empty_file", lambda lines: lines[:1])])
def test_untrustworthy_file_is_refused_and_the_rest_goes_on(inbox: Workdir, kind: str, change: object) -> None:
    rewrite(inbox, DAY, change)
    report = load(inbox)
    assert report.refused == [inbox.source_file(DAY).name] and len(report.landed) == 5
    assert not inbox.partition(DAY).exists() and errors(inbox) == [kind]


def test_truncated_file_is_refused_without_retry(inbox: Workdir) -> None:
    body = inbox.source_file(DAY).read_bytes()
    inbox.source_file(DAY).write_bytes(body[:-20])
    waits: list[float] = []
    report = load(inbox, sleep=waits.append)
    assert report.refused and waits == [] and errors(inbox) == ["corrupt_file"]


def test_retry_waits_longer_each_time_and_gives_up() -> None:
    waits: list[float] = []

    def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        with_retry(fail, attempts=5, base_delay_s=1, factor=2, max_delay_s=5, on_retry=lambda *_: None, sleep=waits.append)
    assert waits == [1, 2, 4, 5]


def test_programming_errors_are_not_retried() -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise KeyError

    with pytest.raises(KeyError):
        with_retry(fail, attempts=5, base_delay_s=1, factor=2, max_delay_s=5, on_retry=lambda *_: None, sleep=lambda _: None)
    assert len(calls) == 1


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "out" / "part.txt"
    publish_file(lambda p: p.write_text("old") and None, tmp_path / "tmp", target)

    def broken(path: Path) -> None:
        path.write_text("ne")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        publish_file(broken, tmp_path / "tmp", target)
    assert target.read_text() == "old"


def test_published_folder_switches_as_a_whole_and_keeps_one_to_go_back_to(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        publish_folder(lambda p, t=text: (p / "a.txt").write_text(t) and None, tmp_path / "current")
    assert (tmp_path / "current" / "a.txt").read_text() == "three"
    assert sorted(p.joinpath("a.txt").read_text() for p in tmp_path.glob("current.v*")) == ["three", "two"]
