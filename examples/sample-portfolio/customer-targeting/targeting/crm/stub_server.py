"""A loopback stand-in for the CRM, with faults on demand. For tests and the demo only."""
from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Faults a request can meet, in the order of the script:
#   "ok"    answer normally          "500"/"429"  refuse without applying
#   "lost"  apply, then drop the connection before the answer (the dangerous one)
FAULTS = ("ok", "500", "429", "lost", "400")


class StubCrm:
    """Applies each idempotency key at most once and counts what it did."""

    def __init__(self, script: list[str] | None = None, honour_keys: bool = True) -> None:
        self.script = deque(script or [])
        self.honour_keys = honour_keys
        self.customers: dict[str, dict[str, Any]] = {}
        self.activities: list[tuple[str, str]] = []   # what a real CRM would trigger: must not double
        self.answers: dict[str, dict[str, Any]] = {}
        self.seen_tokens: set[str] = set()
        self.requests = 0
        self._lock = threading.Lock()
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                crm.handle(self, body)

            def log_message(self, *args: Any) -> None:
                """Silent: the requests carry a token."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StubCrm:
        self._thread.start()
        return self

    def __exit__(self, *args: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            self.requests += 1
            self.seen_tokens.add(request.headers.get("Authorization", ""))
            fault = self.script.popleft() if self.script else "ok"
            answer = self._apply(request.headers.get("Idempotency-Key", ""), json.loads(body)) if fault in ("ok", "lost") else {"error": fault}
        if fault == "lost":
            request.close_connection = True
            request.connection.close()
            return
        status = 200 if fault == "ok" else int(fault)
        payload = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(payload)))
        if fault == "429":
            request.send_header("Retry-After", "1")
        request.end_headers()
        request.wfile.write(payload)

    def _apply(self, key: str, message: dict[str, Any]) -> dict[str, Any]:
        if self.honour_keys and key in self.answers:
            return {**self.answers[key], "replayed": True}
        for record in message["records"]:
            self.customers[record["customer_id"]] = record
            self.activities.append((message["campaign_id"], record["customer_id"]))
        answer = {"applied": len(message["records"])}
        self.answers[key] = answer
        return answer
