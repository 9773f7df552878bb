"""Starts the page: compiles, opens, listens; vectors are made while the first visitor reads."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from proofolio.core.errors import UsageError
from proofolio.settings import Settings
from proofolio.workflows import make_vectors, open_compiled


def run(portfolio: str, settings: Settings, host: str, port: int, *, browse: bool, progress: Callable[[str, int, int], None]) -> None:
    """Serve a portfolio until interrupted. Raises UsageError where the port is taken."""
    import uvicorn

    from proofolio.server.app import make_app

    _check_port(host, port)
    opened = open_compiled(portfolio, settings, progress, vectors="soon")
    if opened.encoder is not None and opened.pending_vectors():
        encoder = opened.encoder

        def finish() -> None:
            make_vectors(opened.path, encoder)
            opened.index.forget_vectors()

        threading.Thread(target=finish, daemon=True).start()
    title = opened.settings.candidate or Path(portfolio.rstrip("/")).name or "Portfolio"
    address = f"http://{host}:{port}/"
    print(f"Ask at {address} (Ctrl+C ends it)", flush=True)
    if browse:
        webbrowser.open(address)
    uvicorn.run(make_app(opened, title), host=host, port=port, log_level="warning", server_header=False)


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another --port.") from error
