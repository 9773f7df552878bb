"""The command line: translates arguments into workflows and errors into exit statuses."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from proofolio import __version__
from proofolio.audit_cli import add_audit
from proofolio.core.errors import DossierError, ProofolioError, UsageError
from proofolio.rehearsal_cli import Shared, add_commands

if TYPE_CHECKING:
    from proofolio.compiling import CompileReport
    from proofolio.settings import Settings
    from proofolio.workflows import Portfolio

F = TypeVar("F", bound=Callable[..., Any])
Progress = Callable[[str, int, int], None]
DEBUG = "PROOFOLIO_DEBUG"
_AN_ENTRY = 'Each line is {"id": ..., "question": ...}.'
_REDRAW = 0.1  # seconds
_PATIENCE = 0.5  # seconds without a sign of life that a person does not mind
_COMMON = (
    click.option("--cache", help="Folder for dossiers and clones (default: the platform's cache folder)."),
    click.option(
        "--encoder", help='Dense encoder: "static" (default), "none", or one that a package brings.'
    ),
    click.option("--quiet", "-q", is_flag=True, help="No progress and no ingest report."),
)


def _common(function: F) -> F:
    for option in reversed(_COMMON):
        function = option(function)
    return function


# --- from errors to exit statuses ------------------------------------------------------------------


def main() -> None:
    """Run the command line and end with its exit status: 0 done, 1 a fault, 2 bad usage, 3 no portfolio.

    Each error is one sentence on standard error. A traceback appears only with PROOFOLIO_DEBUG=1.
    """
    _short_lived()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that cannot show a character is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except ProofolioError as error:
        _debug()
        _fail(str(error), error.exit_status)
    except click.UsageError as error:
        _fail(f"{_sentence(error.format_message())} Run `{_command(error)} --help` for the options.", 2)
    except click.ClickException as error:
        _fail(_sentence(error.format_message()), 2)
    except click.Abort:
        _fail("stopped.", 130)
    except BrokenPipeError:  # the reader of a pipe went away: nothing is left to be told to anyone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _debug()
        _fail(
            f"an unexpected {type(error).__name__} in {_origin(error)}. "
            f"Please report it with what you ran; {DEBUG}=1 shows the traceback.",
            1,
        )


def _short_lived() -> None:
    """Settings of the interpreter for a program that loads much, answers and ends; what is set outside counts more."""
    gc.set_threshold(50_000, 20, 20)  # what is loaded stays: looking through it for garbage is a tenth of a question's time
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads would spin for longer than any product here takes


def _fail(message: str, status: int) -> None:
    from proofolio.rendering.clean import clean

    click.echo(f"proofolio: {clean(message)}", err=True)
    sys.exit(status)


def _debug() -> None:
    if os.environ.get(DEBUG, "0") not in {"", "0"}:
        import traceback

        traceback.print_exc()


def _origin(error: BaseException) -> str:
    """Where of ours an error arose. Its message is not shown: it may quote a candidate's file."""
    place, trace = "the command line", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("proofolio."):
            place = f"{module}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _command(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "proofolio"


# --- what the commands share -----------------------------------------------------------------------


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    """A bar that names what is being done: on a terminal only, and only for what takes a while."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from proofolio.rendering.clean import one_line

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    # Drawn here and by no thread of its own: a program with threads cannot spread its reading over processes.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
    task = bar.add_task("opening", total=None)
    started = drawn = time.monotonic()

    def show(what: str, done: int, total: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        if not bar.live.is_started and now - started >= _PATIENCE:
            bar.start()
        bar.update(task, description=_shortened(one_line(what)), completed=done, total=total or None)
        if bar.live.is_started and now - drawn >= _REDRAW:
            bar.refresh()
            drawn = now

    try:
        yield show
    finally:
        bar.stop()


def _shortened(text: str, width: int = 60) -> str:
    return text if len(text) <= width else f"{text[: width // 3]}…{text[-(width - width // 3 - 1) :]}"


def _settings(cache: str | None, encoder: str | None, **flags: Any) -> Settings:
    from proofolio.settings import load_settings

    return load_settings(None, cache=cache, encoder=encoder, **flags)


def _open(portfolio: str, settings: Settings, quiet: bool, vectors: str) -> Portfolio:
    from proofolio.workflows import open_compiled

    with _progress(quiet) as progress:
        opened = open_compiled(portfolio, settings, progress, vectors=vectors)
    if not quiet and opened.report and (opened.report.read or opened.report.removed):
        _print_report(opened.report, brief=True, err=True)
    return opened


def _print_report(report: CompileReport, *, brief: bool, err: bool = False) -> None:
    from proofolio.rendering.terminal import report_lines

    for line in report_lines(report, brief=brief):
        click.echo(line, err=err)
    if err:
        click.echo("", err=True)


def _finish_vectors(opened: Portfolio, quiet: bool) -> None:
    """Make the vectors that are missing, after the answer: the next question has them."""
    if opened.report is None or not opened.pending_vectors():
        return
    sys.stdout.flush()
    try:
        with _progress(quiet) as progress:
            opened.make_vectors(progress)
    except DossierError as error:  # the answer has been given; search by words goes on without them
        click.echo(f"proofolio: {error}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="proofolio")
def cli() -> None:
    """A portfolio that can be cross-examined: every answer cited to file and line."""


# --- the commands ----------------------------------------------------------------------------------


@cli.command()
@click.argument("portfolio")
@click.argument("question", required=False)
@click.option(
    "--questions",
    "questions_file",
    metavar="FILE",
    help='JSON lines of {"id", "question", "after"?}; "-" reads standard input.',
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "jsonl"]),
    help="How to print (default: text; jsonl with --questions).",
)
@click.option("--code/--no-code", default=False, help="Print the cited code under its place.")
@click.option(
    "--voice", type=click.Choice(["first", "third"]), help="Answer as the candidate, or about them."
)
@_common
def ask(
    portfolio: str,
    question: str | None,
    questions_file: str | None,
    form: str | None,
    code: bool,
    voice: str | None,
    cache: str | None,
    encoder: str | None,
    quiet: bool,
) -> None:
    """Ask PORTFOLIO a QUESTION ("-" reads it from standard input).

    PORTFOLIO is a folder, a git URL, an archive, a proofolio.toml or a dossier. The first question
    compiles it; later ones read only what changed.
    """
    from proofolio.rendering import render
    from proofolio.workflows import ask_many, check_questions, clean_question

    if (question is None) == (questions_file is None):
        raise UsageError(
            "Give either a QUESTION or --questions FILE.",
            'For example: proofolio ask . "How do you handle failures?"',
        )
    settings = _settings(cache, encoder, voice=voice)
    if questions_file is not None:
        entries = check_questions(_read_questions(questions_file))
        form = form or "jsonl"
        with _open(portfolio, settings, quiet, "now") as opened:
            answers = (
                render(a, "jsonl" if form == "json" else form, code=code) for a in ask_many(opened, entries)
            )
            if form == "json":
                click.echo(f"[{','.join(chr(10) + shown for shown in answers)}\n]")
                return
            for shown in answers:
                click.echo(shown if form == "jsonl" else f"{shown.rstrip()}\n")
                sys.stdout.flush()
        return
    asked = _stdin_text() if question == "-" else str(question)
    clean_question(asked)
    with _open(portfolio, settings, quiet, "soon") as opened:
        answer = next(iter(ask_many(opened, [{"id": "q1", "question": asked}])))
        click.echo(render(answer, form or "text", code=code, colour=_colour()))
        _finish_vectors(opened, quiet)


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _stdin_text() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace").removeprefix("\ufeff")


def _read_questions(name: str) -> Iterator[dict[str, Any]]:
    path = Path(name)
    try:
        text = _stdin_text() if name == "-" else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"The questions file {name} cannot be read: {error.strerror}.", "Give a UTF-8 file of JSON lines."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"The questions file {name} is not UTF-8.", "Give a UTF-8 file of JSON lines."
        ) from error
    shown = "standard input" if name == "-" else name
    found = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            raise UsageError(f"{shown}, line {number} is no JSON ({what}).", _AN_ENTRY) from error
        if not isinstance(entry, dict):
            raise UsageError(f"{shown}, line {number} is no object.", _AN_ENTRY)
        found += 1
        yield entry
    if not found:
        raise UsageError(f"There are no questions in {shown}.", _AN_ENTRY)


@cli.command("compile")
@click.argument("portfolio", default=".")
@click.option("--report", "full", is_flag=True, help="List every skipped, unreadable and redacted file.")
@_common
def compile_command(portfolio: str, full: bool, cache: str | None, encoder: str | None, quiet: bool) -> None:
    """Read PORTFOLIO into its dossier; only what changed is read again."""
    from proofolio.workflows import open_compiled

    with _progress(quiet) as progress:
        opened = open_compiled(portfolio, _settings(cache, encoder), progress, vectors="later")
    with opened:
        if opened.report is None:
            raise UsageError(
                f"{portfolio} is a dossier, which is compiled already.", "Name the portfolio itself."
            )
        if not quiet:
            _print_report(opened.report, brief=not full)
        click.echo(f"dossier: {opened.path}")
        _finish_vectors(opened, quiet)


@cli.command()
@click.argument("portfolio", default=".")
@click.argument("topic", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@_common
def evidence(
    portfolio: str, topic: str | None, form: str, cache: str | None, encoder: str | None, quiet: bool
) -> None:
    """Show what PORTFOLIO shows on TOPIC, with places: a topic's id, a word of its name, or a question.

    Without a TOPIC, an overview of all topics. PORTFOLIO may be left out where it is this folder.
    """
    from proofolio.evidence.rules import builtin_topics
    from proofolio.rendering.evidence import evidence_json, evidence_text, topics_for

    if (
        topic is None
        and "/" not in portfolio
        and portfolio in builtin_topics()
        and not Path(portfolio).exists()
    ):
        portfolio, topic = ".", portfolio
    topics_for(builtin_topics(), topic)  # a wrong topic is told before anything is compiled
    with _open(portfolio, _settings(cache, encoder), quiet, "later") as opened:
        show = evidence_json if form == "json" else evidence_text
        click.echo(show(opened.index, opened.topics, topic))


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
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--open/--no-open", "browse", default=False, help="Open the page in the browser.")
@_common
def serve(
    portfolio: str, host: str, port: int, browse: bool, cache: str | None, encoder: str | None, quiet: bool
) -> None:
    """Serve PORTFOLIO as a page where an interviewer can ask."""
    from proofolio.server.run import listen, run

    settings = _settings(cache, encoder)
    with listen(host, port) as socket, _open(portfolio, settings, quiet, "soon") as opened:
        run(opened, portfolio, socket, host, browse=browse)


@cli.command()
@click.argument("folder", default=".")
@click.option("--force", is_flag=True, help="Replace a proofolio.toml that is there.")
def init(folder: str, force: bool) -> None:
    """Write a commented proofolio.toml into FOLDER."""
    from proofolio.scaffold import write_config

    click.echo(f"wrote {write_config(Path(folder), force=force)}")


add_commands(cli, Shared(_common, _settings, _open, _progress))
add_audit(cli, Shared(_common, _settings, _open, _progress))

if __name__ == "__main__":
    main()
