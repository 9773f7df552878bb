"""Looks into the git history for what a claim names and the work no longer has."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from proofolio.core.records import Citation, DocumentKind, SourceInfo
from proofolio.evidence.redaction import redact
from proofolio.readers.languages import classify
from proofolio.sources import command as git
from proofolio.sources.git import find_checkout

MAX_LOOKS = 60  # searches of a history in one audit ...
SECONDS = 15  # ... and how long one may take
MAX_FILES = 400  # of a history that are searched
_KINDS = {DocumentKind.CODE, DocumentKind.NOTEBOOK, DocumentKind.SQL, DocumentKind.CONFIG}
_PROSE = (".md", ".rst", ".txt", ".pdf", ".html", ".lock", ".csv", ".svg", ".docx", ".adoc")
_LOCK = re.compile(r"(?:^|/)(?:package-lock\.json|yarn\.lock|poetry\.lock|uv\.lock|pnpm-lock\.yaml)$")


class Past:
    """The histories of a portfolio's git sources; finds nothing where there is none."""

    def __init__(self, sources: Mapping[str, SourceInfo]) -> None:
        self._places = {n: Path(i.location) for n, i in sources.items() if i.kind == "git" and i.commit and Path(i.location).is_dir()}
        self._infos = sources
        self._looks = 0
        self._files: dict[str, list[str]] = {}
        self._kept: dict[tuple[str, ...], Citation | None] = {}

    def file(self, source: str, path: str) -> Citation | None:
        """The first lines of a file that an earlier commit had at ``path`` and HEAD has not."""
        return self._once(("file", source, path), lambda: self._file(source, path))

    def text(self, source: str, text: str, beside: str = "", within: str = "", only: str = "") -> Citation | None:
        """The line with ``text`` in a file (no prose) from which a later commit took it.

        ``beside`` is a pattern that the file held too, ``within`` one that the line itself matches;
        ``only`` is a pattern of the paths that are looked into.
        """
        return self._once(("text", source, text, beside, within, only), lambda: self._text(source, text, beside, within, only))

    def _once(self, key: tuple[str, ...], look: object) -> Citation | None:
        if key not in self._kept:
            self._looks += 1
            found = None
            if self._looks <= MAX_LOOKS and key[1] in self._places and callable(look):
                try:
                    found = look()
                except git.GitError:  # a partial or damaged history shows nothing
                    found = None
            self._kept[key] = found
        return self._kept[key]

    def _prefix(self, source: str) -> str:
        checkout = find_checkout(self._places[source])
        return checkout.prefix if checkout else ""

    def _file(self, source: str, path: str) -> Citation | None:
        place, head = self._places[source], self._infos[source].commit or "HEAD"
        raw = git.run(place, "log", "--diff-filter=D", "--no-renames", "--format=%H", "-n", "1", head, "--", path, timeout=SECONDS)
        commit = raw.decode().strip()
        return self._cited(source, f"{commit}^", path, "") if commit else None

    def _text(self, source: str, text: str, beside: str, within: str, only: str) -> Citation | None:
        place, head = self._places[source], self._infos[source].commit or "HEAD"
        written = [n for n in self._written(source) if not only or re.search(only, n, re.IGNORECASE)]
        if not written:
            return None
        raw = git.run(place, "log", "-i", f"-S{text}", "--no-renames", "--relative", "--name-status", "--format=%x1e%H", "-n", "12", head, "--", *written[:MAX_FILES], timeout=SECONDS)
        for record in raw.decode("utf-8", "replace").split("\x1e")[1:]:
            commit, _, names = record.strip().partition("\n")
            for line in names.strip().split("\n"):
                status, _, path = line.partition("\t")
                if status[:1] not in {"M", "D"} or path.lower().endswith(_PROSE) or _LOCK.search(path):
                    continue
                found = self._cited(source, f"{commit}^", path, text, beside, within)
                if found:
                    return found
        return None

    def _written(self, source: str) -> list[str]:
        """The files of code and configuration that the history ever had, the most changed first.

        Only these are searched: pictures and models are no text, and a partial copy may lack them.
        """
        if source not in self._files:
            raw = git.run(self._places[source], "log", "--no-renames", "--relative", "--name-only", "-z", "--format=", self._infos[source].commit or "HEAD", "--", ".", timeout=SECONDS)
            names = Counter(n.decode("utf-8", "replace").strip("\n") for n in raw.split(b"\0"))
            code = [n for n, _ in names.most_common() if (known := classify(n)) and known[0] in _KINDS and not n.lower().endswith(_PROSE) and not _LOCK.search(n)]
            self._files[source] = code
        return self._files[source]

    def _cited(self, source: str, revision: str, path: str, text: str, beside: str = "", within: str = "") -> Citation | None:
        place = self._places[source]
        commit = git.text(place, "rev-parse", revision)
        raw = git.run(place, "cat-file", "blob", f"{commit}:{self._prefix(source)}{path}", timeout=SECONDS)
        if b"\0" in raw[:4000]:
            return Citation(source, path, None, None, None, commit, hashlib.sha256(raw).hexdigest(), "")
        lines = redact(raw.decode("utf-8", "replace"), path).text.split("\n")
        if beside and not re.search(beside, "\n".join(lines), re.IGNORECASE):
            return None
        fits = re.compile(within, re.IGNORECASE)
        number = next((n for n, line in enumerate(lines, 1) if text.lower() in line.lower() and not line.lstrip().startswith("#") and fits.search(line)), 0)
        if text and not number:
            return None
        start, end = (number, number) if text else (1, min(3, len(lines)))
        quote = "\n".join(line[:400] for line in lines[start - 1 : end])
        return Citation(source, path, start, end, None, commit, hashlib.sha256(raw).hexdigest(), quote)
