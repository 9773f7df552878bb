"""The command of the audit: translates arguments into audited claims, their report and a status for CI."""

from __future__ import annotations

from pathlib import Path

import click

from proofolio.core.errors import UsageError
from proofolio.rehearsal_cli import Shared

GATE = 4  # the exit status where --fail-on matches, as of a rehearsal that a gate stops
VERDICTS = ("supported", "overstated", "contradicted", "stale", "unsupported", "not_checkable")


def add_audit(cli: click.Group, shared: Shared) -> None:
    """Add ``audit`` to the command line."""

    @cli.command()
    @click.argument("what", nargs=-1, required=True, metavar="[RESUME] PORTFOLIO")
    @click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
    @click.option("--fail-on", "gates", multiple=True, type=click.Choice(VERDICTS), help="End with status 4 where a claim has this verdict; may be repeated.")
    @click.option("--all", "full", is_flag=True, help="List what is supported as well.")
    @shared.common
    def audit(what: tuple[str, ...], form: str, gates: tuple[str, ...], full: bool, cache: str | None, encoder: str | None, quiet: bool) -> None:
        """Hold the claims of RESUME and of the READMEs against the work in PORTFOLIO.

        RESUME is a Markdown, text, PDF, DOCX or JSON Resume file; without one, the résumés in the portfolio count.
        """
        from proofolio.audit.auditor import audit as audit_claims
        from proofolio.audit.auditor import failing
        from proofolio.audit.report import to_json, to_text
        from proofolio.audit.resume import read_resume

        if len(what) > 2:
            raise UsageError("The audit takes a résumé and a portfolio.", "Several sources go into one proofolio.toml.")
        resume = read_resume(Path(what[0])) if len(what) == 2 else None
        with shared.open(what[-1], shared.settings(cache, encoder), quiet, "later") as opened:
            claims = audit_claims(opened.index, resume)
        click.echo(to_json(claims) if form == "json" else to_text(claims, full=full))
        found = failing(claims, gates)
        if found:
            click.echo(f"proofolio: {found} claim{'s are' if found > 1 else ' is'} {' or '.join(dict.fromkeys(gates)).replace('_', ' ')}.", err=True)
            raise click.exceptions.Exit(GATE)
