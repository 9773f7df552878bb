"""Which characters follow each other in a text: what tells that a needle is absent without looking for it.

Half a million needles over a source tree are looked up in no time once most are known to be absent:
a lookup takes a tenth of a search through five thousand characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT, LONG = 3, 5  # characters of a gram
_SHORT_FLAGS, _LONG_FLAGS = 65_536, 262_144
ALWAYS = _SHORT_FLAGS + _LONG_FLAGS  # the place of a flag that is always set
_FIRST, _SECOND = 1021, 31  # of the hash of three characters
_MIXED = 2_654_435  # of the hash of five, out of the two hashes of three in them


def grams_of(text: str) -> bytearray:
    """A flag for each hash, 1 for those of the grams, short and long, that stand in a text (in lower case)."""
    import numpy as np  # a few files compile without it

    flags = bytearray(ALWAYS + 1)
    flags[ALWAYS] = 1
    short, long = hashed(np.frombuffer(text.encode("ascii", "replace"), np.uint8))
    view = np.frombuffer(flags, np.uint8)
    view[short] = 1
    view[long] = 1
    return flags


def hashed(codes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The places of the flags of the grams that begin at each character: of the short ones, of the long ones."""
    import numpy as np

    wide = codes.astype(np.uint16)
    short = wide[:-2] * np.uint16(_FIRST) + wide[1:-1] * np.uint16(_SECOND) + wide[2:]
    mixed = short[:-2] * np.uint32(_MIXED) + short[2:]
    return short, (mixed & np.uint32(_LONG_FLAGS - 1)) + np.uint32(_SHORT_FLAGS)
