"""Writes the commented proofolio.toml that a candidate starts from."""

from __future__ import annotations

from pathlib import Path

from proofolio.core.errors import UsageError
from proofolio.settings import CONFIG_NAME

TEMPLATE = """# Proofolio's settings for this portfolio. Everything is optional.

# Where the work is: folders, git repositories (paths or URLs), archives, a résumé. Relative to this file.
sources = ["."]

# Whose work it is: the name for answers in the third person, the addresses that commits carry.
candidate = ""
emails = []

# "first": answers say "I"; "third": answers speak about the candidate.
voice = "first"

# What to leave out, as in .gitignore. A .proofolioignore file in a source does the same.
exclude = []

# Larger files are named in the ingest report and not read. In bytes.
# max_file_bytes = 5_000_000
"""


def write_config(folder: Path, *, force: bool = False) -> Path:
    """Write proofolio.toml into a folder.

    Raises UsageError where there is one, where there is no such folder, and where it cannot be written.
    """
    path = folder / CONFIG_NAME
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Make it first, or name another.")
    if path.exists() and not force:
        raise UsageError(f"{path} exists.", "Edit it, or run `proofolio init --force` to replace it.")
    try:
        path.write_text(TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}.", "Check the folder's permissions."
        ) from error
    return path
