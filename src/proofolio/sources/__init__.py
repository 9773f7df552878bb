"""Where work is read from: folders, git repositories, archives, single files."""

from proofolio.sources.base import Source
from proofolio.sources.history import Author, BlameLines, History, blame, history
from proofolio.sources.opening import open_portfolio, open_source

__all__ = ["Author", "BlameLines", "History", "Source", "blame", "history", "open_portfolio", "open_source"]
