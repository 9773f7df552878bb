"""Finds the imports that a file never uses: things that are named in the work and do nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from proofolio.core.records import Document
from proofolio.evidence.codeview import CodeView, view_of
from proofolio.evidence.imports import Binding, bindings_of, import_lines, is_used


@dataclass(frozen=True, slots=True)
class UnusedImport:
    """A symbol that a file imports and never uses; ``line`` is 1-based."""

    symbol: str
    module: str
    line: int


def unused_imports(document: Document) -> list[UnusedImport]:
    """The symbols that a Python, JavaScript or TypeScript document imports and never uses.

    Left out is what is imported on purpose: a package's re-exports (``__init__.py``, ``__all__``,
    ``import x as x``), what carries ``noqa``, and what is imported only to see whether it is there.
    """
    view = view_of(document)
    if (
        view is None
        or view.family not in {"python", "js"}
        or document.name == "__init__.py"
        or document.name.endswith((".pyi", ".d.ts"))
    ):
        return []
    bindings = bindings_of(view)
    outside = import_lines(bindings)
    exported = exported_names(view.text)
    return [
        UnusedImport(b.symbol if b.symbol not in {"", "default"} else b.name, b.module, b.line)
        for b in bindings
        if b.name and not (b.commented or b.kept or b.module == "__future__" or b.name in exported)
        and not view.inside_block(b.offset)
        and not is_used(view, b, outside)
        and not _tried(view, b)
    ]  # fmt: skip


def exported_names(text: str) -> frozenset[str]:
    """The names in a Python module's ``__all__``."""
    at = text.find("__all__")
    if at < 0:
        return frozenset()
    body = re.search(r"[\[(]([^\])]*)[\])]", text[at:])
    return frozenset(re.findall(r"""["'](\w+)["']""", body.group(1))) if body else frozenset()


def _tried(view: CodeView, binding: Binding) -> bool:
    """Whether an import stands in a ``try`` that asks for nothing but its presence."""
    lines = view.text.split("\n", binding.first)[: binding.first - 1]
    previous = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return previous.startswith("try:")
