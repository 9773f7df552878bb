"""The export against a real HTTP server on loopback, with injected faults."""
from __future__ import annotations

import random
import socket

import pandas as pd
import pytest

from targeting.crm import export as ex
from targeting.crm.client import CrmClient, CrmError, idempotency_key
from targeting.crm.stub_server import StubCrm


def table(n: int = 10, score: float = 0.25) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": range(1, n + 1), "segment": "warm", "score": score, "scored_at": "1998-06-30"})


@pytest.fixture()
def waits() -> list[float]:
    return []


def client(url: str, waits: list[float], attempts: int = 4) -> CrmClient:
    return CrmClient(url, "secret-token", max_attempts=attempts, base_delay_s=0.2, max_delay_s=5.0, timeout_s=3.0, sleep=waits.append, rng=random.Random(1))


def test_retries_through_500s_with_growing_ceiling(waits) -> None:
    with StubCrm(["500", "500", "500"]) as crm:
        c = client(crm.url, waits)
        assert ex.export(table(), c, ex.Ledger(":memory:"), "c1", 100)["sent"] == 10
    assert c.stats.requests == 4 and c.stats.retries == 3
    assert len(crm.activities) == 10
    assert all(w <= 0.2 * 2**i for i, w in enumerate(waits)) and len(waits) == 3


def test_lost_answer_is_not_applied_twice(waits) -> None:
    with StubCrm(["lost"]) as crm:
        c = client(crm.url, waits)
        ex.export(table(), c, ex.Ledger(":memory:"), "c1", 100)
    assert crm.requests == 2 and c.stats.replayed == 1
    assert len(crm.activities) == len(set(crm.activities)) == 10


def test_without_the_key_the_same_fault_would_double(waits) -> None:
    """Shows that the key, not luck, makes the test above pass."""
    with StubCrm(["lost"], honour_keys=False) as crm:
        ex.export(table(), client(crm.url, waits), ex.Ledger(":memory:"), "c1", 100)
    assert len(crm.activities) == 20


def test_second_export_sends_nothing(waits) -> None:
    ledger = ex.Ledger(":memory:")
    with StubCrm() as crm:
        ex.export(table(), client(crm.url, waits), ledger, "c1", 4)
        again = ex.export(table().sample(frac=1, random_state=2), client(crm.url, waits), ledger, "c1", 4)
        assert again == {"records": 10, "unchanged": 10, "sent": 0}
        assert crm.requests == 3


def test_only_changed_customers_are_sent(waits) -> None:
    ledger, changed = ex.Ledger(":memory:"), table()
    changed.loc[3, "segment"] = "priority"
    with StubCrm() as crm:
        ex.export(table(), client(crm.url, waits), ledger, "c1", 100)
        assert ex.export(changed, client(crm.url, waits), ledger, "c1", 100)["sent"] == 1
        assert crm.customers["00004"]["segment"] == "priority"


def test_crash_between_batches_resumes(waits, tmp_path) -> None:
    path = tmp_path / "ledger.sqlite"
    with StubCrm(["ok", "ok", *["500"] * 4]) as crm:
        ledger = ex.Ledger(path)
        with pytest.raises(CrmError, match="gave up after 4"):
            ex.export(table(), client(crm.url, waits), ledger, "c1", 3)
        ledger.close()
        assert len(crm.customers) == 6
        assert ex.export(table(), client(crm.url, waits), ex.Ledger(path), "c1", 3) == {"records": 10, "unchanged": 6, "sent": 4}
    assert len(crm.activities) == len(set(crm.activities)) == 10


def test_crash_after_applying_but_before_the_ledger(waits, monkeypatch) -> None:
    """A new process with the old ledger sends the same batch with the same key."""
    ledger = ex.Ledger(":memory:")
    with StubCrm() as crm:
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "mark", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                ex.export(table(), client(crm.url, waits), ledger, "c1", 100)
        c = client(crm.url, waits)
        ex.export(table(), c, ledger, "c1", 100)
        assert c.stats.replayed == 1
    assert len(crm.activities) == 10


def test_retry_after_is_respected(waits) -> None:
    with StubCrm(["429"]) as crm:
        ex.export(table(), client(crm.url, waits), ex.Ledger(":memory:"), "c1", 100)
    assert waits[0] >= 1.0


def test_bad_request_is_not_retried_and_not_recorded(waits) -> None:
    ledger = ex.Ledger(":memory:")
    with StubCrm(["400"]) as crm:
        with pytest.raises(CrmError, match="not retried"):
            ex.export(table(), client(crm.url, waits), ledger, "c1", 100)
        assert crm.requests == 1
    assert ledger.known("c1") == {} and waits == []


def test_nobody_listening(waits) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(CrmError, match="no answer"):
        client(f"http://127.0.0.1:{port}", waits, attempts=2).upsert("c1", [])
    assert len(waits) == 1


def test_key_depends_on_content_and_campaign() -> None:
    a, b = ex.to_records(table()), ex.to_records(table(score=0.26))
    assert idempotency_key("c1", a) == idempotency_key("c1", list(a))
    assert len({idempotency_key("c1", a), idempotency_key("c2", a), idempotency_key("c1", b)}) == 3


def test_token_never_over_plain_http_to_another_host() -> None:
    with pytest.raises(ValueError, match="loopback"):
        CrmClient("http://crm.example.com", "t", max_attempts=1, base_delay_s=0, max_delay_s=0, timeout_s=1)


def test_duplicate_customer_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        ex.to_records(pd.concat([table(2), table(1)]))
