#!/usr/bin/env python
"""Command line of the pipeline.

    python pipeline.py simulate                 write the simulated inbox (never part of a run)
    python pipeline.py run                      load what is new, transform, check, publish
    python pipeline.py backfill --from DAY      rebuild everything from DAY on
    python pipeline.py backfill --full          rebuild the warehouse from the landed files
    python pipeline.py reload --day DAY         land this delivery again from the inbox, then run

Exit codes: 0 done, 2 quality warning (published), 3 a file was refused (the rest went through),
4 dbt failed, 5 another run holds the lock, 6 quality block (not published).
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from fraudpipe.config import PROJECT, Workdir, settings
from fraudpipe.ledger import Ledger
from fraudpipe.runner import Pipeline
from fraudpipe.simulate import Spec, generate


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, default=PROJECT / "data")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("simulate")
    run = commands.add_parser("run")
    run.add_argument("--until", type=date.fromisoformat, help="ignore deliveries after this day")
    back = commands.add_parser("backfill")
    group = back.add_mutually_exclusive_group(required=True)
    group.add_argument("--from", dest="start", type=date.fromisoformat)
    group.add_argument("--full", action="store_true")
    reload = commands.add_parser("reload")
    reload.add_argument("--day", type=date.fromisoformat, required=True)
    options = parser.parse_args(arguments)
    work = Workdir(options.workdir.resolve())

    if options.command == "simulate":
        print(generate(Spec(**settings()["simulation"]), work))
        return 0
    pipeline = Pipeline(work)
    if options.command == "run":
        files = None
        if options.until:
            files = [p for p in sorted(work.inbox.glob("transactions_*.csv.gz")) if p <= work.source_file(options.until)]
        result = pipeline.run(files=files)
    elif options.command == "reload":
        Ledger(work.ledger).forget(options.day)
        result = pipeline.run()
    else:
        result = pipeline.run(window_from=options.start, full_refresh=options.full)
    for stage, detail in result.stages.items():
        print(f"{stage:10} {detail}")
    print(f"exit code  {result.exit_code}")
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main())
