"""Turns files into documents, and documents into passages."""

from proofolio.readers.languages import is_lock
from proofolio.readers.reading import read
from proofolio.readers.segmenter import segment

__all__ = ["is_lock", "read", "segment"]
