"""The commands of the rehearsal: translates arguments into a rehearsal, its files and its gate; own words likewise."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofolio.core.errors import DossierError, UsageError

if TYPE_CHECKING:
    from proofolio.rehearsal.runs import Comparison, Run
    from proofolio.rehearsal.scorecard import Scorecard
    from proofolio.settings import Settings
    from proofolio.workflows import Portfolio

Progress = Callable[[str, int, int], None]
GATE = 4  # the exit status of a rehearsal that a gate stops: neither a fault of the program nor bad usage
_FORMATS = {".html": "html", ".htm": "html", ".json": "json"}


@dataclass(frozen=True, slots=True)
class Shared:
    """What the commands take from the command line: its options, its way to open a portfolio, its progress bar."""

    common: Callable[[Callable[..., None]], Callable[..., None]]
    settings: Callable[..., Settings]
    open: Callable[[str, Settings, bool, str], Portfolio]
    progress: Callable[[bool], AbstractContextManager[Progress]]


def add_commands(cli: click.Group, shared: Shared) -> None:
    """Add ``rehearse`` and ``answer`` to the command line."""

    @cli.command()
    @click.argument("portfolio", default=".")
    @click.option("--persona", "wanted", multiple=True, metavar="ID", help="Only this interviewer; may be repeated.")
    @click.option("--scenario", "scenarios", multiple=True, metavar="ID", help='Only this scenario ("idempotency" or "data-engineer/idempotency"); may be repeated.')
    @click.option("--format", "form", type=click.Choice(["text", "json", "html"]), help="How to print (default: text).")
    @click.option("--output", "outputs", multiple=True, metavar="FILE", help="Write to a file, by its ending HTML, JSON or text; may be repeated.")
    @click.option("--personas", "folder", metavar="FOLDER", help="Take the persona files of a folder as well.")
    @click.option("--since", metavar="RUN", help='Show what changed since a run: "last", its id, or a file of JSON.')
    @click.option("--fail-under", type=click.FloatRange(0, 100), metavar="N", help="End with status 4 where the score is under N.")
    @click.option("--fail-on-regression", is_flag=True, help="End with status 4 where a scenario scores less than before.")
    @shared.common
    def rehearse(
        portfolio: str, wanted: tuple[str, ...], scenarios: tuple[str, ...], form: str | None, outputs: tuple[str, ...], folder: str | None,
        since: str | None, fail_under: float | None, fail_on_regression: bool, cache: str | None, encoder: str | None, quiet: bool,
    ) -> None:  # fmt: skip
        """Put the scenarios of all interviewers to PORTFOLIO, mark the answers by evidence, and say what to do.

        PORTFOLIO may be left out where it is this folder. Each run is kept and can be compared with.
        """
        from proofolio.rehearsal import examiner, runs
        from proofolio.rehearsal.personas import load_personas

        personas = examiner.choose(load_personas(Path(folder) if folder else None), wanted, scenarios)
        _check_places(outputs)
        with shared.open(portfolio, shared.settings(cache, encoder), quiet, "now") as opened:
            kept = runs.folder_of(opened.path)
            keys = [s.key for p in personas for s in p.scenarios]
            baseline = since or ("last" if fail_on_regression else None)
            before = runs.find(baseline, kept, keys) if baseline else None
            with _heard(shared, quiet) as progress:
                card = examiner.rehearse(opened, personas, progress)
            commits = {info.name: info.commit or "" for info, _, _ in opened.index.sources}
            run = runs.run_of(card, commits)
            try:
                run = runs.keep(run, kept)
            except DossierError as error:  # the marks are made; only the next comparison lacks them
                click.echo(f"proofolio: {error}", err=True)
        if baseline and before is None:
            click.echo("proofolio: there is no earlier run to compare with; this one is kept.", err=True)
        comparison = runs.compare(before, run) if before else None
        _print(card, run, comparison, form, outputs, _called(portfolio))
        _gate(card, comparison, fail_under, fail_on_regression)

    @cli.command()
    @click.argument("portfolio")
    @click.argument("scenario", required=False)
    @click.option("--personas", "folder", metavar="FOLDER", help="Take the persona files of a folder as well.")
    @shared.common
    def answer(
        portfolio: str, scenario: str | None, folder: str | None, cache: str | None, encoder: str | None, quiet: bool
    ) -> None:
        """Write a file for your own words on a SCENARIO (data-engineer/idempotency) beside PORTFOLIO.

        PORTFOLIO may be left out where it is this folder. A file that is there is left as it is.
        """
        from proofolio.rehearsal import examiner, own_words
        from proofolio.rehearsal.personas import load_personas

        if scenario is None:
            portfolio, scenario = ".", portfolio
        persona, asked = examiner.find_scenario(load_personas(Path(folder) if folder else None), scenario)
        place = own_words.folder_for(portfolio)
        with shared.open(portfolio, shared.settings(cache, encoder), quiet, "soon") as opened:
            path, made = own_words.write_template(place, persona, asked, opened.ask(asked.question, None, persona.trade))
        click.echo(str(path))
        if not quiet and not made:
            click.echo("It was there already and is left as it is.", err=True)
        if not quiet and any((parent / ".git").exists() for parent in path.resolve().parents):
            click.echo("It lies in a git repository: commit it once your words are in, so that they are read.", err=True)
        if os.environ.get("EDITOR") and sys.stdin.isatty() and sys.stdout.isatty():
            click.edit(filename=str(path), editor=os.environ["EDITOR"])


def _called(portfolio: str) -> str:
    """What a portfolio is called: the last part of what was named."""
    name = Path(portfolio).resolve().name if "://" not in portfolio else portfolio.rstrip("/").rsplit("/", 1)[-1]
    return name.removesuffix(".git").removesuffix(".dossier") or portfolio


@contextmanager
def _heard(shared: Shared, quiet: bool) -> Iterator[Progress]:
    """The progress bar on a terminal; elsewhere, a line of standard error for each tenth of the way."""
    if quiet or sys.stderr.isatty():
        with shared.progress(quiet) as progress:
            yield progress
        return
    told = 0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal told
        if total and done * 10 // total > told:
            told = done * 10 // total
            click.echo(f"{done} of {total} scenarios", err=True)

    yield tell


def _check_places(outputs: tuple[str, ...]) -> None:
    """Tell before the work is done that its results could not be written."""
    for name in outputs:
        if Path(name).is_dir() or not Path(name).resolve().parent.is_dir():
            raise UsageError(f"{name} cannot be written: it is a folder, or its folder does not exist.", "Name a file in a folder that exists.")


def _print(card: Scorecard, run: Run, comparison: Comparison | None, form: str | None, outputs: tuple[str, ...], name: str) -> None:
    for place in outputs:
        kind = form or _FORMATS.get(Path(place).suffix.lower(), "text")
        try:
            Path(place).write_text(_shown(card, run, comparison, kind, name) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{place} cannot be written: {error.strerror}.", "Check the folder's permissions.") from error
    click.echo(_shown(card, run, comparison, "text" if outputs else form or "text", name))


def _shown(card: Scorecard, run: Run, comparison: Comparison | None, form: str, name: str) -> str:
    if form == "html":
        from proofolio.rehearsal.page import scorecard_page

        return scorecard_page(card, name, comparison)
    if form == "json":
        from proofolio.rendering.clean import json_text

        data: dict[str, Any] = {"id": run.id, **card.to_json(), "commits": dict(run.commits)}
        return json_text(data | ({"changes": comparison.to_json()} if comparison else {}), indent=2)
    from proofolio.rehearsal.text import scorecard_text

    return scorecard_text(card, comparison)


def _gate(card: Scorecard, comparison: Comparison | None, under: float | None, on_regression: bool) -> None:
    """End with a status of its own where a gate does not hold."""
    stopped = False
    if under is not None and card.score < under:
        click.echo(f"proofolio: the score is {card.score:.1f}, under {under:g}.", err=True)
        stopped = True
    if on_regression and comparison is not None and comparison.regressions:
        worse = ", ".join(f"{c.key} ({c.before:.0f} -> {c.after:.0f})" for c in comparison.regressions)
        click.echo(f"proofolio: worse than in {comparison.since}: {worse}.", err=True)
        stopped = True
    if stopped:
        raise click.exceptions.Exit(GATE)
