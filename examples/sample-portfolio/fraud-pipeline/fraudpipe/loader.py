"""Validate the processor's daily files and land them as one Parquet file per delivery day."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from fraudpipe.config import Workdir, file_day, settings
from fraudpipe.contracts import CONTRACTS, LATEST, UnknownLayout, detect_version, upcast
from fraudpipe.ledger import Entry, Ledger
from fraudpipe.reliability import RunLog, fault_point, publish_file, with_retry

_CORE = [("txn_id", pa.string()), ("event_ts", pa.timestamp("us")), ("card_id", pa.string()),
         ("merchant_id", pa.string()), ("amount", pa.decimal128(12, 2)), ("currency", pa.string()),
         ("city", pa.string()), ("channel", pa.string()), ("device_id", pa.string())]
_META = [("_source_file", pa.string()), ("_source_sha256", pa.string()), ("_source_version", pa.int8()),
         ("_row_number", pa.int32()), ("_loaded_at", pa.timestamp("us"))]
ARROW = {
    1: pa.schema(_CORE + [("mcc", pa.string())] + _META),
    2: pa.schema(_CORE + [("merchant_category_code", pa.string()), ("entry_mode", pa.string())] + _META),
}


class FileRejected(Exception):
    """The file as a whole cannot be trusted. Not transient: a person has to look."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass
class LoadReport:
    landed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    rows_landed: int = 0
    rows_rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        body = asdict(self)
        return body | {k: len(body[k]) for k in ("landed", "skipped")} | {"reasons": dict(sorted(self.reasons.items()))}


def read_bytes(path: Path) -> bytes:
    """Separate so that the failure drill and the tests can make it fail."""
    return path.read_bytes()


def _reason(error: ValidationError) -> str:
    return "; ".join(sorted({f"{'.'.join(map(str, e['loc']))}:{e['type']}" for e in error.errors()}))


def parse(body: bytes, path: Path, canonical: int = LATEST) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """(layout version, good rows in the canonical layout, rejected rows with their reason)."""
    try:
        lines = gzip.decompress(body).decode("utf-8").splitlines()
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise FileRejected("corrupt_file", f"{path.name}: {type(error).__name__}: {error}") from error
    reader = csv.DictReader(lines)
    try:
        version = detect_version(list(reader.fieldnames or []), allowed=canonical)
    except UnknownLayout as error:
        raise FileRejected("unknown_layout", f"{path.name}: {error}") from error
    validate = TypeAdapter(CONTRACTS[version]).validate_python
    context = {"file_date": file_day(path), "max_event_age_days": settings()["load"]["max_event_age_days"]}
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for number, row in enumerate(reader, start=2):      # line 1 is the header
        try:
            record = upcast(validate(row, context=context).__dict__, version, canonical)
            good.append({**record, "_row_number": number})
        except ValidationError as error:
            bad.append({"row_number": number, "reason": _reason(error), "record": row})
    if not good and not bad:
        raise FileRejected("empty_file", f"{path.name}: header but no rows")
    rate = len(bad) / (len(good) + len(bad))
    limit = settings()["load"]["max_reject_rate"]
    if rate > limit:
        raise FileRejected("too_many_rejects", f"{path.name}: {rate:.1%} of the rows rejected, limit {limit:.0%}")
    return version, good, bad


def _land(path: Path, work: Workdir, ledger: Ledger, report: LoadReport, canonical: int) -> None:
    body = read_bytes(path)
    sha = hashlib.sha256(body).hexdigest()
    if ledger.seen(path.name, sha, canonical):
        report.skipped.append(path.name)
        return
    version, good, bad = parse(body, path, canonical)
    loaded_at = datetime.now(timezone.utc).replace(tzinfo=None)
    meta = {"_source_file": path.name, "_source_sha256": sha, "_source_version": version, "_loaded_at": loaded_at}
    table = pa.Table.from_pylist([row | meta for row in good], schema=ARROW[canonical])
    day = file_day(path)
    quarantined = work.quarantine / "rows" / f"{day.isoformat()}.jsonl"
    if bad:
        lines = "".join(json.dumps(row, sort_keys=True) + "\n" for row in bad)
        publish_file(lambda p: p.write_text(lines) and None, work.staging_area, quarantined)
    else:
        quarantined.unlink(missing_ok=True)      # of an earlier version of this delivery
    # Fixed file name: replacing a delivery is one rename, so old and new rows never stand together.
    publish_file(lambda p: pq.write_table(table, p, compression="zstd"), work.staging_area,
                 work.partition(day) / "part-0.parquet")
    fault_point("before_ledger")
    ledger.record(Entry(path.name, sha, day, version, canonical, len(good) + len(bad), len(good), len(bad)))
    report.landed.append(path.name)
    report.rows_landed += len(good)
    report.rows_rejected += len(bad)
    report.reasons.update(row["reason"] for row in bad)


def load_inbox(work: Workdir, log: RunLog, files: list[Path] | None = None, canonical: int = LATEST,
               sleep: Callable[[float], None] | None = None) -> LoadReport:
    """Land every new or changed file. A refused file does not stop the others; the caller sees it."""
    ledger, report, retry = Ledger(work.ledger), LoadReport(), settings()["load"]["retry"]
    extra = {"sleep": sleep} if sleep else {}
    for path in files if files is not None else sorted(work.inbox.glob("transactions_*.csv.gz")):
        def warn(attempt: int, delay: float, error: BaseException, name: str = path.name) -> None:
            log.event("load", "retry", file=name, attempt=attempt, delay_s=delay, error=repr(error))

        try:
            with_retry(lambda: _land(path, work, ledger, report, canonical), on_retry=warn, **retry, **extra)
        except FileRejected as error:
            report.refused.append(path.name)
            log.error("load", error.kind, str(error), file=path.name)
        except OSError as error:
            report.refused.append(path.name)
            log.error("load", "retries_exhausted", repr(error), file=path.name)
    return report
