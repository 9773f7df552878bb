"""Simulated card transactions. NOTHING here is real: cards, merchants, amounts and fraud are drawn
from a seeded random generator. Only the city coordinates are real.

The generator writes what a card processor would drop every night: one gzip CSV per delivery day,
with late rows, redelivered rows, malformed rows, a layout change (v1 to v2) and three incidents.
The fraud labels go to a separate folder which the pipeline never reads; only evaluate.py does.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fraudpipe.config import PROJECT, Workdir
from fraudpipe.simulate_fraud import Rows, fraud_rows

MCC = np.array(["5411", "5812", "5541", "5999", "5732", "4111", "7995", "6051"])
MCC_WEIGHT = np.array([0.30, 0.20, 0.12, 0.14, 0.08, 0.12, 0.025, 0.015])
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 11, 13, 12, 10, 10, 11, 13, 14, 12, 9, 7, 4, 2], float)
WEEKDAY = np.array([0.95, 0.95, 1.0, 1.0, 1.15, 1.2, 0.75])
COLUMNS_V1 = ["txn_id", "event_ts", "card_id", "merchant_id", "mcc", "amount", "currency", "city",
              "channel", "device_id"]
COLUMNS_V2 = ["txn_id", "event_ts", "card_id", "merchant_id", "merchant_category_code", "amount",
              "currency", "city", "channel", "device_id", "entry_mode"]


@dataclass(frozen=True)
class Spec:
    seed: int
    start: date
    days: int
    cards: int
    schema_v2_from: date
    incidents: bool = True


def cities() -> list[str]:
    with (PROJECT / "dbt/seeds/cities.csv").open() as handle:
        return [row["city"] for row in csv.DictReader(handle)]


def _legit(spec: Spec, rng: np.random.Generator) -> tuple[Rows, dict[str, np.ndarray]]:
    """Ordinary behaviour, including the things that look like fraud and are not."""
    n, n_city = spec.cards, len(cities())
    card = {
        "home": rng.integers(0, n_city, n),
        "mu": rng.normal(3.1, 0.45, n),
        "rate": rng.gamma(4.0, 0.24, n),
        "online": rng.beta(3, 5, n),
        # 1.5 % of the cards are used by two people in two cities: honest geography jumps
        "second_city": np.where(rng.random(n) < 0.015, rng.integers(0, n_city, n), -1),
        "trip_city": np.where(rng.random(n) < 0.15, rng.integers(0, n_city, n), -1),
        "trip_start": rng.integers(2, max(3, spec.days), n),
        "trip_len": rng.integers(2, 7, n),
        "new_device_day": np.where(rng.random(n) < 0.08, rng.integers(1, spec.days + 1, n), 10_000),
    }
    weekdays = np.array([(spec.start + timedelta(d)).weekday() for d in range(spec.days)])
    counts = rng.poisson(card["rate"][:, None] * WEEKDAY[weekdays][None, :])
    # shopping-centre bursts: a handful of payments within forty minutes, all honest
    burst = (rng.random(counts.shape) < 0.0015) & (counts > 0)
    extra = np.where(burst, rng.integers(2, 6, counts.shape), 0)
    who, day = np.nonzero(counts + extra)
    reps = (counts + extra)[who, day]
    who, day, is_burst = (np.repeat(x, reps) for x in (who, day, burst[who, day]))
    size = who.size
    second = rng.choice(24, size, p=HOURS / HOURS.sum()) * 3600 + rng.integers(0, 3600, size)
    anchor = (who * 7919 + day * 104_729) % 30_000 + 36_000
    second = np.where(is_burst, anchor + rng.integers(0, 2400, size), second)
    online = rng.random(size) < card["online"][who]
    big = rng.random(size) < 0.004
    amount = np.exp(rng.normal(card["mu"][who], 0.75) + np.where(big, rng.uniform(1.6, 2.6, size), 0))
    hour = second // 3600
    start, length = card["trip_start"][who], card["trip_len"][who]
    abroad = (card["trip_city"][who] >= 0) & (day >= start) & (day < start + length)
    # nobody pays at a till while on the plane: noon to 15:00 of a travel day is online
    travel_day = (card["trip_city"][who] >= 0) & ((day == start) | (day == start + length))
    online |= travel_day & (hour >= 12) & (hour < 15)
    going = (day == start) & (hour < 12)
    returning = (day == start + length) & (hour < 12) & (card["trip_city"][who] >= 0)
    at_trip = (abroad & ~going) | returning
    place = np.where(at_trip, card["trip_city"][who], card["home"][who])
    partner = (card["second_city"][who] >= 0) & (rng.random(size) < 0.35)
    place = np.where(partner, card["second_city"][who], place)
    place = np.where(online, rng.integers(0, n_city, size), place)
    generation = (day >= card["new_device_day"][who]).astype(int)
    device = who * 10 + np.where(rng.random(size) < 0.2, 1, 0) + generation * 2
    rows = Rows(card=who, second=day * 86_400 + second, amount=np.maximum(amount, 0.5), city=place,
                online=online, device=np.where(online, device, -1),
                mcc=rng.choice(MCC.size, size, p=MCC_WEIGHT), pattern=np.zeros(size, int))
    return rows, card


def _malform(row: dict[str, str], kind: int) -> None:
    """Break one field the way real feeds break."""
    key, value = [("amount", "-" + row["amount"]), ("city", "XXX"), ("card_id", ""),
                  ("event_ts", "31/02/2026 25:61"), ("currency", "EURO"), ("amount", "12,50")][kind]
    row[key] = value


def write_gzip_csv(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """gzip with mtime 0: the same rows always give the same bytes, hence the same content hash."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=4) as gz:
        gz.write(text.getvalue().encode())


def generate(spec: Spec, work: Workdir) -> dict[str, int]:
    """Write the inbox files and the labels. Returns counts of what was injected."""
    rng = np.random.default_rng(spec.seed)
    legit, card = _legit(spec, rng)
    rows = legit.append(fraud_rows(rng, spec.days, card, len(cities())))
    rows = rows.take(np.lexsort((rows.card, rows.second)))
    rows = rows.take(np.flatnonzero(rows.second < spec.days * 86_400))
    n = rows.card.size
    day = rows.second // 86_400
    # delivery: most rows come with the file of their day, 1.2 % are 1-2 days late, 0.03 % 5 days
    draw = rng.random(n)
    delay = np.where(draw < 0.0003, 5, np.where(draw < 0.0123, rng.integers(1, 3, n), 0))
    delivered = np.minimum(day + delay, spec.days - 1)
    redelivered = rng.random(n) < 0.004
    broken = rng.random(n) < 0.003
    broken_kind = rng.integers(0, 6, n)
    keep = np.ones(n, bool)
    lose_device = np.zeros(n, bool)
    if spec.incidents:
        keep &= ~((day == 30) & (rng.random(n) < 0.45))                       # partial outage
        lose_device = (day == 33) & rows.online & (rng.random(n) < 0.20)      # SDK bug
        redelivered |= (day == 37) & (rng.random(n) < 0.05)                   # double send
    merchants = max(40, spec.cards // 5)
    merchant = rng.integers(0, merchants, n)
    entry_draw = rng.random(n)
    names, truth = cities(), {"txn_id": [], "is_fraud": [], "pattern": []}
    midnight = datetime.combine(spec.start, datetime.min.time())
    order = np.argsort(delivered, kind="stable")
    bounds = np.searchsorted(delivered[order], np.arange(spec.days + 1))
    carry: list[dict[str, str]] = []
    stats = {"rows": 0, "broken": 0, "redelivered": 0, "late": 0, "fraud": 0}
    for d in range(spec.days):
        out, carry = carry, []
        for i in order[bounds[d]:bounds[d + 1]]:
            if not keep[i]:
                continue
            online = bool(rows.online[i])
            mode = "ecom" if online else ("contactless" if entry_draw[i] < 0.7 else "chip" if entry_draw[i] < 0.97 else "magstripe")
            if rows.pattern[i] == 4 and not online:
                mode = "magstripe"                                            # a cloned card has no chip
            category = str(MCC[rows.mcc[i]])
            device = "" if rows.device[i] < 0 or lose_device[i] else f"d{rows.device[i]:08d}"
            row = {"txn_id": f"t{i:09d}",
                   "event_ts": (midnight + timedelta(seconds=int(rows.second[i]))).isoformat(),
                   "card_id": f"c{rows.card[i]:06d}", "merchant_id": f"m{merchant[i]:05d}",
                   "mcc": category, "merchant_category_code": category,
                   "amount": f"{rows.amount[i]:.2f}", "currency": "EUR", "city": names[rows.city[i]],
                   "channel": "online" if online else "pos", "device_id": device, "entry_mode": mode}
            if redelivered[i]:
                carry.append(dict(row))
            if broken[i]:
                _malform(row, int(broken_kind[i]))
            out.append(row)
            truth["txn_id"].append(row["txn_id"])
            truth["is_fraud"].append(bool(rows.pattern[i] > 0))
            truth["pattern"].append(int(rows.pattern[i]))
            stats["broken"] += int(broken[i])
            stats["redelivered"] += int(redelivered[i])
            stats["late"] += int(delivered[i] > day[i])
            stats["fraud"] += int(rows.pattern[i] > 0)
        today = spec.start + timedelta(d)
        columns = COLUMNS_V2 if today >= spec.schema_v2_from else COLUMNS_V1
        write_gzip_csv(work.source_file(today), columns, out)
        stats["rows"] += len(out)
    work.truth.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(truth), work.truth / "labels.parquet")
    return stats
