"""Detection quality against the simulated labels. The only module that reads them.

Two units are counted. A transaction is "flagged" by a rule when the rule hit it. A case (card and
day) is what a person opens; it is right when the card had at least one fraudulent payment that day.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import duckdb

from fraudpipe.config import Workdir, settings
from fraudpipe.simulate_fraud import PATTERNS


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval for a share; usable for the small counts we have here."""
    if total == 0:
        return (0.0, 1.0)
    p = hits / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return (round(max(0.0, centre - half), 4), round(min(1.0, centre + half), 4))


def ratio(name: str, hits: int, total: int) -> dict[str, Any]:
    low, high = wilson(hits, total)
    return {name: round(hits / total, 4) if total else None, f"{name}_low": low, f"{name}_high": high}


def open_labelled(work: Workdir) -> duckdb.DuckDBPyConnection:
    """Warehouse (read only) with a view `labelled`: every transaction with its simulated label."""
    db = duckdb.connect()
    # the views that dbt made name their catalog, so it must be attached under the same name
    db.execute(f"attach '{work.warehouse}' as warehouse (read_only)")
    db.execute("use warehouse.main")
    db.execute(f"""create temp view labelled as
        select t.txn_id, t.card_id, t.event_date, t.event_ts, t.amount_cents, l.is_fraud, l.pattern
        from fct_transactions t join read_parquet('{work.truth}/labels.parquet') l using (txn_id)""")
    return db


def _period(name: str, column: str = "event_date") -> str:
    """SQL condition for the tuning or the reporting period."""
    cut = settings()["evaluation"]["tune_until"]
    start = settings()["simulation"]["start"]
    warm = settings()["transform"]["warmup_days"]
    if name == "tuning":
        return f"{column} >= date '{start}' + {warm} and {column} < date '{cut}'"
    return f"{column} >= date '{cut}'"


def per_rule(work: Workdir, period: str) -> list[dict[str, Any]]:
    """Precision and recall of each rule and of all enabled rules together, per transaction."""
    out: list[dict[str, Any]] = []
    where = _period(period, "l.event_date")
    with open_labelled(work) as db:
        frauds = db.execute(f"select count(*) from labelled l where is_fraud and {where}").fetchone()[0]
        rows = db.execute(f"""
            select h.rule_id, bool_or(h.enabled), count(distinct h.txn_id),
                   count(distinct h.txn_id) filter (where l.is_fraud)
            from rule_hits h join labelled l using (txn_id) where {where}
            group by 1
            union all
            select 'all enabled rules', true, count(distinct h.txn_id),
                   count(distinct h.txn_id) filter (where l.is_fraud)
            from rule_hits h join labelled l using (txn_id)
            where h.enabled and {where}
            order by 1""").fetchall()
    for rule, enabled, flagged, right in rows:
        out.append({"period": period, "rule": rule, "enabled": enabled, "flagged": flagged, "true_positives": right,
                    "fraud_total": frauds, **ratio("precision", right, flagged), **ratio("recall", right, frauds)})
    return sorted(out, key=lambda r: (not r["rule"].startswith("R"), r["rule"]))


def per_case(work: Workdir, period: str) -> list[dict[str, Any]]:
    """Card-day cases by severity, and the load on the desk."""
    with open_labelled(work) as db:
        where = _period(period, "c.alert_date")
        rows = db.execute(f"""
            with bad as (select distinct card_id, event_date from labelled where is_fraud)
            select case when grouping(severity) = 1 then 'all' else severity end, count(*),
                   count(*) filter (where b.card_id is not null), count(distinct c.alert_date)
            from mart_card_cases c left join bad b on c.card_id = b.card_id and c.alert_date = b.event_date
            where {where} group by grouping sets ((severity), ()) order by 2 desc""").fetchall()
        fraud_days = db.execute(f"select count(distinct (card_id, event_date)) from labelled where is_fraud and {_period(period)}").fetchone()[0]
        days = db.execute(f"select count(distinct event_date) from labelled where {_period(period)}").fetchone()[0]
    return [{"period": period, "severity": s, "cases": n, "true_positives": tp, "cases_per_day": round(n / days, 1),
             **ratio("precision", tp, n), "fraud_card_days": fraud_days, **ratio("recall", tp, fraud_days)}
            for s, n, tp, _ in rows]


def per_pattern(work: Workdir, period: str) -> list[dict[str, Any]]:
    """Which simulated pattern is caught: share of fraudulent card-days with at least one alert."""
    with open_labelled(work) as db:
        rows = db.execute(f"""
            with bad as (select card_id, event_date, max(pattern) as pattern, sum(amount_cents) as cents
                         from labelled where is_fraud and {_period(period)} group by 1, 2)
            select pattern, count(*), count(c.card_id), round(sum(cents) / 100.0, 2),
                   round(coalesce(sum(cents) filter (where c.card_id is not null), 0) / 100.0, 2)
            from bad left join mart_card_cases c on bad.card_id = c.card_id and bad.event_date = c.alert_date
            group by 1 order by 1""").fetchall()
    return [{"period": period, "pattern": PATTERNS[p], "fraud_card_days": n, "caught": k, **ratio("recall", k, n),
             "amount_eur": a, "amount_caught_eur": c} for p, n, k, a, c in rows]


def sweep(work: Workdir) -> list[dict[str, Any]]:
    """Each threshold by itself, on the tuning period only."""
    where = _period("tuning", "l.event_date")
    joins = {
        "velocity_10m_min": ("feat_card_velocity f", "f.n_10m >= {v}", [3, 4, 5, 6]),
        "zscore_min": ("feat_amount_profile f", "f.n_prior >= 8 and f.amount_zscore >= {v}", [2.5, 3.0, 3.5, 4.0]),
        "new_device_ratio_min": (
            "feat_device f join feat_amount_profile p using (txn_id)",
            "f.is_recent_device and l.amount_cents >= 6000 and l.amount_cents / 100.0 >= {v} * p.typical_amount",
            [1.5, 2.0, 3.0, 4.0]),
        "geo_speed_min_kmh": ("feat_geo f", "f.distance_km >= 300 and f.speed_kmh >= {v}", [300, 500, 700, 900, 1200]),
        "testing_1h_min": ("feat_card_velocity f", "f.n_small_online_1h >= {v}", [2, 3, 4]),
    }
    out: list[dict[str, Any]] = []
    with open_labelled(work) as db:
        frauds = db.execute(f"select count(*) from labelled l where is_fraud and {where}").fetchone()[0]
        for name, (source, condition, values) in joins.items():
            for value in values:
                flagged, right = db.execute(f"""
                    select count(*), count(*) filter (where l.is_fraud) from labelled l
                    join {source} on l.txn_id = f.txn_id
                    where {where} and {condition.format(v=value)}""").fetchone()
                out.append({"threshold": name, "value": value, "flagged": flagged, "true_positives": right,
                            "fraud_total": frauds, **ratio("precision", right, flagged)})
    return out
