"""Proofolio: a portfolio that can be cross-examined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proofolio.core.version import __version__

__all__ = ["Answer", "Portfolio", "Settings", "__version__", "ask", "open_compiled"]

if TYPE_CHECKING:
    from proofolio.core.records import Answer
    from proofolio.settings import Settings
    from proofolio.workflows import Portfolio, ask, open_compiled

_HOMES = {
    "Answer": "proofolio.core.records", "Settings": "proofolio.settings", "Portfolio": "proofolio.workflows",
    "ask": "proofolio.workflows", "open_compiled": "proofolio.workflows",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: importing the package stays cheap."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'proofolio' has no attribute {name!r}")
