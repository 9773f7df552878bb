"""Turns files into documents, and documents into passages."""

from proofolio.readers.languages import is_lock
from proofolio.readers.parsing import parse
from proofolio.readers.reading import read
from proofolio.readers.references import caption_figures
from proofolio.readers.segmenter import segment

__all__ = ["caption_figures", "is_lock", "parse", "read", "segment"]
