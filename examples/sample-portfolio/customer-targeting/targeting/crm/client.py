"""HTTP client for the CRM's segment endpoint: retries, backoff, idempotency keys.

A request may be applied while its answer is lost. The client therefore has to be free to
send the same request twice, and the key tells the server that it is the same request. The
key is a digest of the content, so a restarted process sends the same key as the one that died.
"""
from __future__ import annotations

import hashlib
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class CrmError(RuntimeError):
    """The CRM refused a request, or did not answer within the allowed attempts."""


@dataclass
class Stats:
    requests: int = 0
    retries: int = 0
    replayed: int = 0          # answers the server marked as a repeat of an earlier request
    statuses: dict[str, int] = field(default_factory=dict)


def idempotency_key(campaign_id: str, records: list[dict[str, Any]]) -> str:
    """Digest of campaign and content; the same content always gives the same key."""
    body = json.dumps([campaign_id, records], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()[:40]


class CrmClient:
    """Sends batches. `sleep` and `rng` are injected so that tests run without waiting."""

    def __init__(self, base_url: str, token: str, *, max_attempts: int, base_delay_s: float, max_delay_s: float,
                 timeout_s: float, sleep: Callable[[float], None] = time.sleep, rng: random.Random | None = None) -> None:
        if not base_url.startswith(("http://127.0.0.1", "http://localhost", "https://")):
            raise ValueError("plain http is only allowed on loopback: the request carries a token")
        self.url = base_url.rstrip("/") + "/v1/segments"
        self._token = token
        self.max_attempts, self.base_delay_s, self.max_delay_s = max_attempts, base_delay_s, max_delay_s
        self.timeout_s, self._sleep, self._rng = timeout_s, sleep, rng or random.Random()
        self.stats = Stats()

    def upsert(self, campaign_id: str, records: list[dict[str, Any]]) -> dict[str, Any]:
        """Send one batch; returns the server's answer or raises CrmError."""
        key = idempotency_key(campaign_id, records)
        body = json.dumps({"campaign_id": campaign_id, "records": records}).encode()
        reason = ""
        for attempt in range(1, self.max_attempts + 1):
            if attempt > 1:
                self.stats.retries += 1
            status, answer, retry_after = self._post(key, body)
            self.stats.requests += 1
            self.stats.statuses[str(status)] = self.stats.statuses.get(str(status), 0) + 1
            if 200 <= status < 300:
                self.stats.replayed += bool(answer.get("replayed"))
                return answer
            reason = f"status {status}: {answer}" if status else f"no answer: {answer}"
            if status and status not in RETRY_STATUS:
                raise CrmError(f"refused, not retried, {reason}")
            if attempt < self.max_attempts:
                self._sleep(self._delay(attempt, retry_after))
        raise CrmError(f"gave up after {self.max_attempts} attempts, {reason}")

    def _delay(self, attempt: int, retry_after: float | None) -> float:
        """Full jitter: many clients that failed together must not come back together."""
        ceiling = min(self.max_delay_s, self.base_delay_s * 2 ** (attempt - 1))
        drawn = self._rng.uniform(0, ceiling)
        return drawn if retry_after is None else min(self.max_delay_s, max(drawn, retry_after))

    def _post(self, key: str, body: bytes) -> tuple[int, dict[str, Any], float | None]:
        """One attempt. Status 0 stands for "no usable answer"."""
        request = urllib.request.Request(self.url, data=body, method="POST", headers={
            "Content-Type": "application/json", "Authorization": f"Bearer {self._token}", "Idempotency-Key": key})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
                return response.status, json.loads(response.read() or b"{}"), None
        except urllib.error.HTTPError as error:
            after = error.headers.get("Retry-After")
            text = error.read().decode(errors="replace")[:200]
            return error.code, {"error": text}, float(after) if after and after.isdigit() else None
        except (urllib.error.URLError, TimeoutError, ConnectionError, OSError, json.JSONDecodeError) as error:
            return 0, {"error": type(error).__name__}, None
