"""The command line: translates arguments into workflows and errors into exit statuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from proofolio import __version__
from proofolio.core.errors import ProofolioError, UsageError

if TYPE_CHECKING:
    from proofolio.settings import Settings
    from proofolio.workflows import CompileReport, Portfolio

F = TypeVar("F", bound=Callable[..., Any])
_COMMON = (
    click.option("--cache", help="Folder for dossiers and clones (default: the platform's cache folder)."),
    click.option("--encoder", help='Dense encoder: "static" (default), "none", or one that a package brings.'),
    click.option("--quiet", "-q", is_flag=True, help="No progress and no ingest report."),
)


def _common(function: F) -> F:
    for option in reversed(_COMMON):
        function = option(function)
    return function


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="proofolio")
def cli() -> None:
    """A portfolio that can be cross-examined: every answer cited to file and line."""


def main() -> None:
    """Run the command line; each of our errors is one sentence on standard error and its exit status."""
    try:
        cli.main(standalone_mode=False)
    except ProofolioError as error:
        click.echo(f"proofolio: {error}", err=True)
        sys.exit(error.exit_status)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.UsageError as error:
        click.echo(f"proofolio: {error.format_message()} Run `proofolio --help` for the options.", err=True)
        sys.exit(2)
    except click.Abort:
        click.echo("proofolio: stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar that names what is being done; appears after half a second, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("opening", total=None)
        yield lambda what, done, total: bar.update(task, description=what[-60:], completed=done, total=total or None)


def _settings(cache: str | None, encoder: str | None, **flags: Any) -> Settings:
    from proofolio.settings import load_settings

    return load_settings(None, cache=cache, encoder=encoder, **flags)


def _open(portfolio: str, settings: Settings, quiet: bool, vectors: str) -> Portfolio:
    from proofolio.workflows import open_compiled

    with _progress(quiet) as progress:
        opened = open_compiled(portfolio, settings, progress, vectors=vectors)
    if not quiet and opened.report and opened.report.read:
        _print_report(opened.report, brief=True)
    return opened


def _print_report(report: CompileReport, *, brief: bool) -> None:
    from proofolio.rendering.terminal import report_lines

    for line in report_lines(report, brief=brief):
        click.echo(line, err=brief)


@cli.command()
@click.argument("portfolio")
@click.argument("question", required=False)
@click.option("--questions", "questions_file", type=click.Path(dir_okay=False), help='A file of {"id", "question", "after"?} lines.')
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json", "jsonl"]), help="How to print (default: text; jsonl with --questions).")
@click.option("--code/--no-code", default=False, help="Print the cited code under the answer.")
@click.option("--voice", type=click.Choice(["first", "third"]), help="Answer as the candidate, or about the candidate.")
@_common
def ask(portfolio: str, question: str | None, questions_file: str | None, form: str | None, code: bool, voice: str | None, cache: str | None, encoder: str | None, quiet: bool) -> None:
    """Ask PORTFOLIO (a folder, a git URL, an archive, a proofolio.toml or a dossier) a QUESTION."""
    from proofolio.rendering import render
    from proofolio.workflows import ask_many, clean_question

    if (question is None) == (questions_file is None):
        raise UsageError("Give either a QUESTION or --questions FILE.", 'For example: proofolio ask . "How do you handle failures?"')
    settings = _settings(cache, encoder, **({"voice": voice} if voice else {}))
    if questions_file is not None:
        entries = list(_read_questions(Path(questions_file)))
        with _open(portfolio, settings, quiet, "now") as opened:
            for answer in ask_many(opened, entries):
                click.echo(json.dumps(answer.to_json(), ensure_ascii=False) if form in {None, "jsonl", "json"} else render(answer, form or "text", code=code))
        return
    assert question is not None
    clean_question(question)
    with _open(portfolio, settings, quiet, "soon") as opened:
        answer = opened.ask(question)
        click.echo(render(answer, form or "text", code=code, colour=sys.stdout.isatty()))
        if opened.pending_vectors():
            with _progress(quiet) as progress:
                opened.make_vectors(progress)


def _read_questions(path: Path) -> Iterator[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The questions file {path} cannot be read: {error}.", "Give a UTF-8 file of JSON lines.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise UsageError(f"{path}, line {number} is no JSON: {error.msg}.", 'Each line is {"id": ..., "question": ...}.') from error
        if not isinstance(entry, dict):
            raise UsageError(f"{path}, line {number} is no object.", 'Each line is {"id": ..., "question": ...}.')
        yield entry


@cli.command("compile")
@click.argument("portfolio", default=".")
@click.option("--report", "full", is_flag=True, help="List every skipped, unreadable and redacted file.")
@_common
def compile_command(portfolio: str, full: bool, cache: str | None, encoder: str | None, quiet: bool) -> None:
    """Read PORTFOLIO into its dossier; only what changed is read again."""
    settings = _settings(cache, encoder)
    with _open(portfolio, settings, True, "later") as opened:
        with _progress(quiet) as progress:
            opened.make_vectors(progress)
        if opened.report and not quiet:
            _print_report(opened.report, brief=False) if full else _print_report(opened.report, brief=True)
            click.echo(f"dossier: {opened.path}")


@cli.command()
@click.argument("portfolio", default=".")
@click.argument("topic", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@_common
def evidence(portfolio: str, topic: str | None, form: str, cache: str | None, encoder: str | None, quiet: bool) -> None:
    """Show what PORTFOLIO shows on TOPIC (an id such as ml.validation, or a word), with places."""
    from proofolio.rendering.evidence import evidence_json, evidence_text

    with _open(portfolio, _settings(cache, encoder), quiet, "later") as opened:
        click.echo(evidence_json(opened.index, opened.topics, topic) if form == "json" else evidence_text(opened.index, opened.topics, topic))


@cli.command()
def doctor() -> None:
    """Check the installation: what works, what is degraded and why."""
    from proofolio.doctor import diagnose

    healthy = True
    for check in diagnose():
        healthy &= check.ok or not check.required
        mark = "ok  " if check.ok else ("FAIL" if check.required else "warn")
        click.echo(f"{mark} {check.name}: {check.detail}")
    if not healthy:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("portfolio", default=".")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--open/--no-open", "browse", default=False, help="Open the page in the browser.")
@_common
def serve(portfolio: str, host: str, port: int, browse: bool, cache: str | None, encoder: str | None, quiet: bool) -> None:
    """Serve PORTFOLIO as a page where an interviewer can ask."""
    from proofolio.server.run import run

    with _progress(quiet) as progress:
        run(portfolio, _settings(cache, encoder), host, port, browse=browse, progress=progress)


@cli.command()
@click.argument("folder", default=".")
@click.option("--force", is_flag=True, help="Replace a proofolio.toml that is there.")
def init(folder: str, force: bool) -> None:
    """Write a commented proofolio.toml into FOLDER."""
    from proofolio.scaffold import write_config

    click.echo(f"wrote {write_config(Path(folder), force=force)}")


if __name__ == "__main__":
    main()
