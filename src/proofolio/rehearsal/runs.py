"""Keeps rehearsals beside the dossier, and says what changed between two of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proofolio.core.errors import DossierError, UsageError
from proofolio.rehearsal.scorecard import Scorecard

MAX_KEPT = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """What is kept of a scenario: its score, how the answer ended, the verdict of each point by its text."""

    score: float
    status: str
    points: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A kept rehearsal: its id (the time in UTC), the commits that it read, its scenarios by ``persona/scenario``."""

    id: str
    score: float
    commits: Mapping[str, str]
    scenarios: Mapping[str, Marked]


@dataclass(frozen=True, slots=True)
class Change:
    """A scenario that came out otherwise than before, with the rubric points that it gained and lost."""

    key: str
    before: float
    after: float
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since a run, over the scenarios that both have."""

    since: str
    before: float
    after: float
    compared: int
    changes: tuple[Change, ...]

    @property
    def regressions(self) -> tuple[Change, ...]:
        """The scenarios that score less than before."""
        return tuple(c for c in self.changes if c.after < c.before)

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON."""
        return {**asdict(self), "regressions": [c.key for c in self.regressions]}


def run_of(card: Scorecard, commits: Mapping[str, str], now: datetime | None = None) -> Run:
    """A scorecard as it is kept."""
    ident = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scenarios = {
        r.scenario.key: Marked(r.marks.score, str(r.answer.status), {p.point.text: str(p.verdict) for p in r.marks.points})
        for r in card.results
    }
    return Run(ident, card.score, dict(commits), scenarios)


def folder_of(dossier: Path) -> Path:
    """Where the rehearsals of a dossier lie."""
    return dossier.with_name(f"{dossier.stem}.rehearsals")


def keep(run: Run, folder: Path) -> Run:
    """Write a run, under an id of its own, and drop the oldest beyond a hundred; raises DossierError where that fails."""
    ident, number = run.id, 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                with (folder / f"{ident}.json").open("x", encoding="utf-8") as file:
                    json.dump({**asdict(run), "id": ident}, file, ensure_ascii=False, indent=1)
                break
            except FileExistsError:  # a second rehearsal within the same second
                number += 1
                ident = f"{run.id}-{number}"
        for old in sorted(folder.glob("*.json"), key=lambda p: p.stem)[:-MAX_KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise DossierError(f"{folder} cannot be written: {error.strerror}.", "Set PROOFOLIO_CACHE to a folder that you can write.") from error
    return Run(ident, run.score, run.commits, run.scenarios)


def find(since: str, folder: Path, asked: Collection[str]) -> Run | None:
    """The run that ``--since`` names: "last", an id, or a file (kept, or written with ``--format json``).

    "last" is the newest run that asked all the scenarios that are asked now, else the newest that asked any of
    them; None where there is no such run yet. Raises UsageError where a named run does not exist or is none.
    """
    kept = sorted(folder.glob("*.json"), key=lambda p: p.stem, reverse=True)
    if since == "last":
        runs = [run for path in kept if (run := _read(path)) is not None]
        whole = (run for run in runs if set(asked) <= set(run.scenarios))
        return next(whole, next((run for run in runs if set(asked) & set(run.scenarios)), None))
    named = folder / f"{since}.json"
    path = named if "/" not in since and named.is_file() else Path(since)
    if not path.is_file():
        known = ", ".join(p.stem for p in kept[:5]) or "none yet"
        raise UsageError(f"There is no run {since!r}.", f'Use "last", a file, or one of the newest: {known}.')
    run = _read(path)
    if run is None:
        raise UsageError(f"{since} is no rehearsal.", "Name a file that `proofolio rehearse --format json` wrote.")
    return run


def _read(path: Path) -> Run | None:
    """A kept run, or a scorecard of the answer contract; None where the file is neither."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        scenarios = data["scenarios"]
        if isinstance(scenarios, list):
            marked = {f"{s['persona']}/{s['scenario']}": _marked(s, {p["text"]: p["verdict"] for p in s["points"]}) for s in scenarios}
        else:
            marked = {key: _marked(s, s["points"]) for key, s in scenarios.items()}
        return Run(str(data.get("id") or path.stem), float(data["score"]), dict(data.get("commits", {})), marked)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _marked(entry: Mapping[str, Any], points: Mapping[str, Any]) -> Marked:
    return Marked(float(entry["score"]), str(entry["status"]), {str(k): str(v) for k, v in points.items()})


def compare(before: Run, after: Run) -> Comparison:
    """What changed between two runs, the largest losses first; scores are means over the scenarios of both."""
    common = [key for key in after.scenarios if key in before.scenarios]
    changes = sorted(_changes(before, after, common), key=lambda c: (c.after - c.before, c.key))
    return Comparison(before.id, _mean(before, common), _mean(after, common), len(common), tuple(changes))


def _changes(before: Run, after: Run, common: Collection[str]) -> Iterator[Change]:
    for key in common:
        old, new = before.scenarios[key], after.scenarios[key]
        gained = tuple(t for t, v in new.points.items() if v == "shown" and old.points.get(t) != "shown")
        lost = tuple(t for t, v in old.points.items() if v == "shown" and new.points.get(t) != "shown")
        if old.score != new.score or gained or lost:
            yield Change(key, old.score, new.score, gained, lost)


def _mean(run: Run, keys: Collection[str]) -> float:
    return round(sum(run.scenarios[k].score for k in keys) / len(keys), 1) if keys else 0.0
