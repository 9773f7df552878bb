from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from fraudpipe.config import PROJECT
from fraudpipe.contracts import CONTRACTS, TransactionV1, TransactionV2, UnknownLayout, detect_version, upcast

CONTEXT = {"file_date": date(2026, 9, 10), "max_event_age_days": 30}
V1 = {"txn_id": "t000000001", "event_ts": "2026-09-10T08:00:00", "card_id": "c000001", "merchant_id": "m00001", "mcc": "5411",
      "amount": "12.50", "currency": "EUR", "city": "BER", "channel": "pos", "device_id": ""}


@pytest.mark.parametrize("field, value, reason", [
    ("amount", "-1.00", "greater_than"), ("amount", "12,50", "decimal_parsing"), ("amount", "1.005", "decimal_max_places"),
    ("city", "XXX", "value_error"), ("card_id", "", "string_pattern_mismatch"), ("currency", "USD", "literal_error"),
    ("event_ts", "2026-09-11T00:00:01", "value_error"), ("event_ts", "2026-08-01T00:00:00", "value_error"),
    ("device_id", "iphone", "string_pattern_mismatch")])
def test_bad_field_is_rejected_with_its_reason(field: str, value: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TransactionV1.model_validate(V1 | {field: value}, context=CONTEXT)
    assert [(e["loc"][0], e["type"]) for e in caught.value.errors()] == [(field, reason)]


def test_upcast_renames_and_leaves_the_unknown_unknown() -> None:
    record: dict[str, Any] = TransactionV1.model_validate(V1, context=CONTEXT).__dict__
    new = upcast(record, 1)
    assert new["merchant_category_code"] == "5411" and "mcc" not in new
    assert new["entry_mode"] is None and new["device_id"] is None
    assert set(new) == set(TransactionV2.model_fields)
    assert "mcc" in record                                    # the input is not changed


def test_layout_is_found_by_columns_in_any_order() -> None:
    assert detect_version(list(reversed(list(TransactionV1.model_fields)))) == 1
    assert detect_version(list(TransactionV2.model_fields)) == 2


def test_new_layout_is_refused_by_an_old_loader() -> None:
    with pytest.raises(UnknownLayout, match=r"extra \['entry_mode', 'merchant_category_code'\], missing \['mcc'\]"):
        detect_version(list(TransactionV2.model_fields), allowed=1)


@pytest.mark.parametrize("version", CONTRACTS)
def test_published_schema_is_the_one_in_use(version: int) -> None:
    published = json.loads((PROJECT / "schemas" / f"transaction.v{version}.json").read_text())
    assert published == CONTRACTS[version].model_json_schema()
