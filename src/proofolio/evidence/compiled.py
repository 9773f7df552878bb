"""Keeps the large packs in a compiled form beside their YAML, so that a question never waits for YAML.

Parsing and checking the technology and concept packs takes about 0.2 s, reading the compiled JSON
a few milliseconds. The compiled file names the hash of the YAML that it was made from: an edited
pack is read from its YAML until ``python -m proofolio.evidence.compiled`` is run again, so a stale
file can be slow and never wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from proofolio.core.errors import PackError

Build = Callable[[Sequence[Path]], list[Any]]


def packs_folder() -> Path:
    """The folder of the packs that ship with the package."""
    return Path(str(files("proofolio").joinpath("packs")))


def compiled_path(name: str) -> Path:
    """Where the compiled form of the pack ``name`` lies."""
    return packs_folder() / "compiled" / f"{name}.json"


def fingerprint(paths: Sequence[Path]) -> str:
    """A hash of the names and contents of pack files; raises PackError where one cannot be read."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            # Line ends are made alike so that a checkout with CRLF still knows its compiled form.
            content = path.read_bytes().replace(b"\r\n", b"\n")
        except OSError as error:
            raise PackError(f"{path.name} cannot be read: {error}.", "Reinstall Proofolio.") from error
        digest.update(path.name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def load_compiled(name: str, paths: Sequence[Path], build: Build) -> list[Any]:
    """The plain entries of a pack: from its compiled form where that is fresh, else from its YAML."""
    entries = read_compiled(name, paths)
    return build(paths) if entries is None else entries


def read_compiled(name: str, paths: Sequence[Path]) -> list[Any] | None:
    """The plain entries of a pack's compiled form; None where that is missing, damaged or older than the YAML."""
    try:
        data = json.loads(compiled_path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # not made yet, or damaged: the YAML is the truth
    if not isinstance(data, dict) or data.get("sources") != fingerprint(paths):
        return None
    entries: list[Any] = data["entries"]
    return entries


def write_compiled(name: str, paths: Sequence[Path], build: Build) -> Path:
    """Write the compiled form of a pack and return its path."""
    target = compiled_path(name)
    target.parent.mkdir(exist_ok=True)
    content = {"sources": fingerprint(paths), "entries": build(paths)}
    target.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    from proofolio.evidence import concepts, registry, rules, wordings

    print(write_compiled("concepts", concepts.pack_files(), concepts.build))
    print(write_compiled("technologies", registry.pack_files(), registry.build))
    print(write_compiled("rules", rules.rule_files(), rules.build_rules))
    print(write_compiled("topics", rules.topic_files(), rules.build_topics))
    print(write_compiled("wordings", rules.topic_files(), wordings.build))
