"""Starts the page over a compiled portfolio; vectors are made while the first visitor reads."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proofolio.compiling import make_vectors
from proofolio.core.errors import DossierError, UsageError
from proofolio.workflows import Portfolio

_log = logging.getLogger("proofolio")


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there, taken before anything slow is done; closed at the end.

    ``port`` 0 takes a free one. Raises UsageError where the address cannot be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind)
    except OSError as error:
        raise UsageError(
            f"{host} is no address to listen on: {error.strerror}.", "Choose another --host."
        ) from error
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise UsageError(
            f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another --port."
        ) from error
    with taken:
        yield taken


def run(opened: Portfolio, spec: str, taken: socket.socket, host: str, *, browse: bool) -> None:
    """Serve an open portfolio until interrupted."""
    import uvicorn

    from proofolio.server.app import make_app

    if opened.report is not None and opened.encoder is not None and opened.pending_vectors():
        threading.Thread(target=_finish_vectors, args=(opened,), daemon=True).start()
    port = taken.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    print(f"Ask at {address} (Ctrl+C ends it)", flush=True)
    if browse:
        webbrowser.open(address)
    app = make_app(opened, title_of(opened, spec), hosts=local_names(host))
    config = uvicorn.Config(app, log_level="warning", server_header=False, access_log=False)
    uvicorn.Server(config).run(sockets=[taken])


def _finish_vectors(opened: Portfolio) -> None:
    """The open portfolio notices by itself that its dossier has changed."""
    assert opened.encoder is not None
    try:
        make_vectors(opened.path, opened.encoder)
    except DossierError as error:
        _log.warning("%s Until then, questions are searched by words alone.", error)


def title_of(opened: Portfolio, spec: str) -> str:
    """What the page is called: the candidate, else the portfolio's own name."""
    return opened.settings.candidate or Path(spec.rstrip("/")).expanduser().resolve().name or "Portfolio"


def local_names(host: str) -> frozenset[str]:
    """The names by which a browser may call a server that listens on ``host``; empty for any name.

    A server for this machine alone refuses others, so that no web page can read a portfolio by
    pointing its own name at this machine (DNS rebinding).
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    return frozenset({"localhost", "127.0.0.1", "::1", host}) if loopback else frozenset()
