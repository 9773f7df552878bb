"""Record contracts of the processor feed, one class per layout, and the upcast between them.

Everything after the loader sees only the newest layout. The published JSON schemas in schemas/ are
generated from these classes (`python -m fraudpipe.contracts`), and a test fails when they differ.
"""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from fraudpipe.config import PROJECT


@lru_cache(maxsize=None)
def known_cities() -> frozenset[str]:
    with (PROJECT / "dbt/seeds/cities.csv").open() as handle:
        return frozenset(row["city"] for row in csv.DictReader(handle))


def _empty_to_none(value: Any) -> Any:
    return None if value == "" else value


DeviceId = Annotated[str, Field(pattern=r"^d\d{8}$")]


class _Base(BaseModel):
    # "forbid": a new column must not slip through as silently ignored data
    model_config = ConfigDict(extra="forbid")

    txn_id: Annotated[str, Field(pattern=r"^t\d{9}$")]
    event_ts: datetime
    card_id: Annotated[str, Field(pattern=r"^c\d{6}$")]
    merchant_id: Annotated[str, Field(pattern=r"^m\d{5}$")]
    amount: Annotated[Decimal, Field(gt=0, le=50_000, decimal_places=2)]
    currency: Literal["EUR"]
    city: str
    channel: Literal["pos", "online"]
    device_id: Annotated[DeviceId | None, BeforeValidator(_empty_to_none)]

    @field_validator("city")
    @classmethod
    def city_is_known(cls, value: str) -> str:
        if value not in known_cities():
            raise ValueError("unknown city code")
        return value

    @field_validator("event_ts")
    @classmethod
    def event_is_plausible(cls, value: datetime, info: ValidationInfo) -> datetime:
        """No events after the delivery day, none older than the feed is allowed to be."""
        if info.context:
            delivered: date = info.context["file_date"]
            if value.date() > delivered:
                raise ValueError("event after its delivery day")
            if value.date() < delivered - timedelta(days=info.context["max_event_age_days"]):
                raise ValueError("event too old for this feed")
        return value


class TransactionV1(_Base):
    """Layout until 2026-09-21."""

    mcc: Annotated[str, Field(pattern=r"^\d{4}$")]


class TransactionV2(_Base):
    """Layout from 2026-09-22: `mcc` renamed, `entry_mode` added."""

    merchant_category_code: Annotated[str, Field(pattern=r"^\d{4}$")]
    entry_mode: Literal["chip", "contactless", "magstripe", "ecom"] | None


CONTRACTS: dict[int, type[_Base]] = {1: TransactionV1, 2: TransactionV2}
LATEST = max(CONTRACTS)


class UnknownLayout(ValueError):
    """The header matches no known contract."""


def detect_version(header: list[str], allowed: int = LATEST) -> int:
    """The layout is recognised by its exact set of columns, not by the date."""
    for version, model in CONTRACTS.items():
        if version <= allowed and set(header) == set(model.model_fields):
            return version
    known = {v: sorted(m.model_fields) for v, m in CONTRACTS.items() if v <= allowed}
    extra = sorted(set(header) - set(known[max(known)]))
    missing = sorted(set(known[max(known)]) - set(header))
    raise UnknownLayout(f"header matches no layout up to v{allowed}; "
                        f"against v{max(known)}: extra {extra}, missing {missing}")


def upcast(record: dict[str, Any], version: int, target: int = LATEST) -> dict[str, Any]:
    """Bring a validated record to the target layout. Unknown stays NULL: never guess a value."""
    if version == 1 and target == 2:
        record = dict(record)
        record["merchant_category_code"] = record.pop("mcc")
        record["entry_mode"] = None
    elif version != target:
        raise UnknownLayout(f"no upcast from v{version} to v{target}")
    return record


def write_schemas() -> None:
    for version, model in CONTRACTS.items():
        path = PROJECT / "schemas" / f"transaction.v{version}.json"
        path.write_text(json.dumps(model.model_json_schema(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    write_schemas()
