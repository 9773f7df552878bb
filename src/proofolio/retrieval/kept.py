"""Keeps the vectors of texts that are the same for every portfolio (the topics' examples), from one run to the next.

They are many and each run compares its question with all of them. A file holds those of one encoder and one list
of texts; what cannot be read is encoded anew, and what cannot be written is not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from proofolio.retrieval.encoder import Encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 8  # files that are kept: a few lists of texts, for two or three encoders
MANY = 50  # texts from which their vectors are worth a file


def vectors(encoder: Encoder, texts: Sequence[str], folder: Path | None) -> NDArray[np.float32]:
    """The encoder's rows for texts, shape (len(texts), dimensions): from a file in ``folder``, or made and written there."""
    import numpy as np

    if folder is None or len(texts) < MANY:
        return encoder.encode(list(texts))
    digest = hashlib.sha256("\0".join((encoder.name, *texts)).encode("utf-8", "surrogatepass")).hexdigest()
    path = folder / f"{digest[:32]}.float32"
    with contextlib.suppress(OSError, ValueError):
        return np.fromfile(path, np.float32).reshape(len(texts), encoder.dimensions)
    rows = encoder.encode(list(texts))
    with contextlib.suppress(OSError):
        _write(path, rows)
    return rows


def _write(path: Path, rows: NDArray[np.float32]) -> None:
    """Write whole or not at all, and let go of the oldest files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(rows.tobytes())
    draft.replace(path)
    for old in sorted(path.parent.glob("*.float32"), key=lambda p: p.stat().st_mtime_ns)[:-MOST]:
        old.unlink(missing_ok=True)
