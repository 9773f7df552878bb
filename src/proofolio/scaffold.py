"""Writes the commented proofolio.toml that a candidate starts from."""

from __future__ import annotations

from pathlib import Path

from proofolio.core.errors import UsageError
from proofolio.settings import CONFIG_NAME

TEMPLATE = '''# Proofolio's settings for this portfolio. Everything is optional.

# Where the work is: folders, git repositories (paths or URLs), archives, a résumé. Relative to this file.
sources = ["."]

# Whose work it is: the name for answers in the third person, the addresses that commits carry.
candidate = ""
emails = []

# "first": answers say "I"; "third": answers speak about the candidate.
voice = "first"

# What to leave out, as in .gitignore. A .proofolioignore file in a source does the same.
exclude = []
'''


def write_config(folder: Path, *, force: bool = False) -> Path:
    """Write proofolio.toml into a folder; raises UsageError where there is one, or no such folder."""
    path = folder / CONFIG_NAME
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Make it first, or name another.")
    if path.exists() and not force:
        raise UsageError(f"{path} exists.", "Edit it, or run `proofolio init --force` to replace it.")
    path.write_text(TEMPLATE, encoding="utf-8")
    return path
