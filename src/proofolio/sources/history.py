"""Who did the work, as git recorded it: commits and lines by author, and the authors of cited lines."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from proofolio.sources import command as git
from proofolio.sources.base import Source
from proofolio.sources.git import GitSource

BULK_LINES = 5_000  # a commit that adds more is an import, not a day's work
BULK_FILES = 200
_TRAILER = re.compile(
    r"^co-authored-by:\s*(?P<name>.*?)\s*<(?P<email>[^>]*)>\s*$", re.IGNORECASE | re.MULTILINE
)
_NUMSTAT = re.compile(r"(?:^|[\0\n])(\d+|-)\t(\d+|-)\t")
_HEADER = re.compile(r"^[0-9a-f]{40,64} \d+ \d+")


@dataclass(frozen=True, slots=True)
class Author:
    """One person's part in a source's history. Dates are ISO 8601 days; lines leave out merges and imports."""

    name: str
    email: str
    commits: int
    first: str
    last: str
    added: int
    removed: int
    merges: int = 0
    bulk_commits: int = 0
    bulk_added: int = 0
    co_authored: int = 0  # commits of others that name this person in a Co-authored-by trailer


@dataclass(frozen=True, slots=True)
class History:
    """The authors of a source, most commits first; ``commits`` counts every commit that touches it.

    ``lines_known`` is False for a partial clone, where lines added and removed cannot be counted.
    """

    authors: tuple[Author, ...]
    commits: int
    shallow: bool = False
    lines_known: bool = True


@dataclass(frozen=True, slots=True)
class BlameLines:
    """Lines of a cited span that one commit left there; ``date`` is an ISO 8601 day, ``lines`` a count."""

    author: str
    email: str
    commit: str
    date: str
    lines: int


@dataclass(slots=True)
class _Tally:
    name: str
    email: str
    dates: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def history(source: Source) -> History | None:
    """The authors of a git source (mailmap honoured), or None where there is no history to read."""
    if not isinstance(source, GitSource) or source.info.commit is None:
        return None
    lines_known = True
    try:
        raw = _log(source, "--no-ext-diff", "--no-textconv", "--find-renames", "--numstat")
    except git.GitError:  # a partial clone lacks the older files, of which lines would be counted
        try:
            raw, lines_known = _log(source, "--no-patch"), False
        except git.GitError:  # a damaged history: the files at HEAD are still worth reading
            return None
    tallies: dict[str, _Tally] = {}
    records = raw.decode("utf-8", "replace").split("\x1e")[1:]
    for record in records:
        _count(record, tallies)
    authors = sorted((_author(tally) for tally in tallies.values()), key=lambda a: (-a.commits, a.name))
    return History(tuple(authors), len(records), source.info.shallow, lines_known)


def _log(source: GitSource, *options: str) -> bytes:
    within = ["--", "."] if source.checkout.prefix else []
    # %aN and %aE honour the repository's .mailmap
    form = "--format=%x1e%P%x1f%aN%x1f%aE%x1f%as%x1f%B%x1f"
    commit = source.info.commit or "HEAD"
    return git.run(source.checkout.place, "log", *options, "-z", form, commit, *within)


def _count(record: str, tallies: dict[str, _Tally]) -> None:
    """Add one commit of ``git log`` to its author (and to the people that its trailers name)."""
    parents, name, email, date, message, stats = (record.split("\x1f") + [""] * 6)[:6]
    tally = _tally(tallies, name, email)
    tally.dates.append(date)
    tally.counts["commits"] += 1
    for person in _TRAILER.finditer(message):
        if person["email"].lower() != email.lower():
            _tally(tallies, person["name"], person["email"]).counts["co_authored"] += 1
    if len(parents.split()) > 1:
        tally.counts["merges"] += 1
        return
    files = [(int(a), int(r)) if a != "-" else (0, 0) for a, r in _NUMSTAT.findall(stats)]
    added = sum(a for a, _ in files)
    if added > BULK_LINES or len(files) > BULK_FILES:
        tally.counts["bulk_commits"] += 1
        tally.counts["bulk_added"] += added
        return
    tally.counts["added"] += added
    tally.counts["removed"] += sum(r for _, r in files)


def _tally(tallies: dict[str, _Tally], name: str, email: str) -> _Tally:
    return tallies.setdefault(email.lower() or name, _Tally(name, email))


def _author(tally: _Tally) -> Author:
    count = tally.counts
    return Author(
        name=tally.name,
        email=tally.email,
        commits=count["commits"],
        first=min(tally.dates, default=""),
        last=max(tally.dates, default=""),
        added=count["added"],
        removed=count["removed"],
        merges=count["merges"],
        bulk_commits=count["bulk_commits"],
        bulk_added=count["bulk_added"],
        co_authored=count["co_authored"],
    )


def blame(source: Source, path: str, start: int, end: int) -> list[BlameLines]:
    """Who wrote lines ``start``..``end`` (1-based, inclusive) of ``path`` at the source's commit.

    One record a commit, most lines first. Empty for a source without history, and where the file or
    the lines do not exist.
    """
    if not isinstance(source, GitSource) or source.info.commit is None or start < 1 or end < start:
        return []
    try:
        raw = git.run(
            source.checkout.place,
            "blame",
            "--porcelain",
            "-L",
            f"{start},{end}",
            source.info.commit,
            "--",
            path,
        )
    except git.GitError:
        return []
    return _blamed(raw.decode("utf-8", "replace"))


def _blamed(porcelain: str) -> list[BlameLines]:
    """Sum up ``git blame --porcelain``: a commit's details stand only where it appears first."""
    lines: dict[str, int] = defaultdict(int)
    details: dict[str, dict[str, str]] = defaultdict(dict)
    commit = ""
    for line in porcelain.split("\n"):
        if line.startswith("\t"):
            lines[commit] += 1
        elif _HEADER.match(line):
            commit = line.split(" ", 1)[0]
        else:
            key, _, value = line.partition(" ")
            details[commit].setdefault(key, value)
    found = [
        BlameLines(
            author=details[c].get("author", ""),
            email=details[c].get("author-mail", "").strip("<>"),
            commit=c,
            date=_day(details[c].get("author-time", "0")),
            lines=count,
        )
        for c, count in lines.items()
    ]
    return sorted(found, key=lambda each: (-each.lines, each.commit))


def _day(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), tz=UTC).date().isoformat()
