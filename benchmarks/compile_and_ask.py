"""Times compile and ask over a real source tree, side by side with floors and with other libraries' search.

    python benchmarks/compile_and_ask.py prefect==3.9.1 --rivals-python PYTHON --runs 3 --write

The tree is a folder, or ``name==version`` of an sdist, which pip then fetches. Every measure is a process of its
own, and the measures take turns within each round, so that a machine that drifts drifts for all of them.
``benchmarks/README.md`` says how to make the rivals' environment and how to read the result.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from timing_report import report
from tree_memory import TreeMemory

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "compile_and_ask.md"
QUESTIONS = HERE / "questions.txt"
COMMAND_QUESTION = "How do you handle failures?"
RIVALS = ("langchain", "haystack", "llamaindex", "txtai")

Row = dict[str, Any]


@dataclass(slots=True)
class Bench:
    """Where a benchmark works, and what it has measured: a row per run under the name of each measure."""

    tree: Path
    work: Path
    rivals_python: str
    model: str
    found: dict[str, list[Row]] = field(default_factory=dict)
    loops: list[list[float]] = field(default_factory=list)

    def take(self, name: str, command: list[str], parse: bool = True) -> Row:
        """Run one measure, after the loop that tells how busy the machine is, and keep what it found."""
        self.loops[-1].append(fixed_loop())
        print(f"  {name}", file=sys.stderr, flush=True)
        row = run(command, parse)
        self.found.setdefault(name, []).append(row)
        return row


BYTECODE = Path(tempfile.gettempdir()) / "proofolio-benchmark-bytecode"


def fixed_loop() -> float:
    """Seconds that the same pure-Python arithmetic takes: it varies with the machine's load, and with nothing else."""
    began, total = time.perf_counter(), 0
    for i in range(2_000_000):
        total += i * i % 7
    return time.perf_counter() - began


def run(command: list[str], parse: bool = True) -> Row:
    """A process's own measures, its time on the wall, and the largest memory of it and its children together.

    Raises SystemExit with what the process said where it failed.
    """
    environment = os.environ | {"PYTHONPATH": str(HERE.parent / "src"), "PYTHONHASHSEED": "0"}
    environment = {
        k: v
        for k, v in environment.items()
        if not k.startswith("PROOFOLIO_") and k != "PYTHONDONTWRITEBYTECODE"
    }
    environment["PYTHONPYCACHEPREFIX"] = str(BYTECODE)  # as an installed package has it
    if command[0] != sys.executable:
        environment.pop("PYTHONPATH")
    with tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        with TreeMemory(process.pid) as memory:
            out, _ = process.communicate()
        wall = time.perf_counter() - began
        errors.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{errors.read()[-3000:]}")
    own: Row = json.loads(out.strip().rsplit("\n", 1)[-1]) if parse else {"seconds": wall}
    return own | {"wall": wall, "peak_mb": max(own.get("peak_mb", 0.0), memory.peak_mb)}


def measure(name: str, *arguments: str) -> list[str]:
    """The command that takes one of our measures."""
    return [sys.executable, str(HERE / "measures.py"), name, *arguments]


def prepare(bench: Bench) -> Row:
    """Compile once, untimed: files into the page cache, byte code made, the passages written down for the rivals."""
    return run(
        measure(
            "prepare",
            str(bench.tree),
            str(bench.work / "prepared"),
            str(bench.work / "files.json"),
            str(bench.work / "passages.jsonl"),
        )
    )


def one_round(bench: Bench, number: int, last: bool) -> None:
    """Every measure once; rivals stand between ours."""
    files, texts, cache = (
        str(bench.work / "files.json"),
        str(bench.work / "passages.jsonl"),
        str(bench.work / f"cache-{number}"),
    )
    tree = str(bench.tree)
    asked = str(QUESTIONS)
    rivals = (
        [(n, [bench.rivals_python, str(HERE / "rivals.py"), n, texts, asked]) for n in RIVALS]
        if bench.rivals_python
        else []
    )
    if rivals and bench.model and last:  # minutes rather than seconds: once is enough to tell
        rivals.append(
            (
                "txtai-dense",
                [bench.rivals_python, str(HERE / "rivals.py"), "txtai-dense", texts, asked, bench.model],
            )
        )
    command = [
        sys.executable,
        "-m",
        "proofolio.cli",
        "ask",
        tree,
        COMMAND_QUESTION,
        "--cache",
        cache,
        "--quiet",
    ]

    def rival() -> None:
        if rivals:
            bench.take(*rivals.pop(0))

    bench.take("floor", measure("floor", files, "read"))
    rival()
    bench.take("floor and parse", measure("floor", files, "parse"))
    bench.take("compile", measure("compile", tree, cache))
    rival()
    bench.take("unchanged", measure("compile", tree, cache))
    change_one_file(bench.tree, files, number)
    bench.take("one file changed", measure("compile", tree, cache))
    rival()
    bench.take("ask, words", measure("ask", tree, cache, "none", asked))
    bench.take("vectors", measure("vectors", tree, cache))
    rival()
    bench.take("ask, static", measure("ask", tree, cache, "static", asked))
    bench.take("command", command, parse=False)
    bench.take("fts", measure("fts", texts, asked))
    while rivals:
        rival()


def change_one_file(tree: Path, files: str, number: int) -> None:
    """Append a line to a Python file of the middling size: what a person does between two questions."""
    listed = [
        Path(path)
        for path, grammar in json.loads(Path(files).read_text(encoding="utf-8"))
        if grammar == "python"
    ]
    middle = sorted(listed, key=lambda p: (p.stat().st_size, str(p)))[len(listed) // 2]
    with middle.open("a", encoding="utf-8") as file:
        file.write(f"\n# benchmark: change number {number}\n")


def fetch(spec: str, work: Path) -> Path:
    """The unpacked sdist of ``name==version``."""
    name = spec.partition("==")[0]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            name,
            "-d",
            str(work),
            spec,
        ],
        check=True,
    )
    archive = next(work.glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(work / "sdist", filter="data")
    return next((work / "sdist").iterdir())


def machine() -> Row:
    """What ran it, in the words that matter for timings."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n")
        cpu = next(line.partition(":")[2].strip() for line in told if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "ast_grep": version("ast-grep-py"),
    }


def main() -> None:
    """Measure, print the page, and keep it with ``--write``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", help="a folder, or name==version of an sdist")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--rivals-python", default="", metavar="PYTHON", help="the Python of an environment with the rivals"
    )
    parser.add_argument(
        "--txtai-model",
        default="",
        metavar="FOLDER",
        help="also txtai's embeddings, with this transformers model; once",
    )
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the page")
    parser.add_argument("--raw", type=Path, metavar="FILE", help="write every run as JSON")
    parser.add_argument("--write", action="store_true", help="keep the page in benchmarks/results")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        origin = Path(given.tree) if Path(given.tree).is_dir() else fetch(given.tree, work)
        tree = work / "tree" / origin.resolve().name  # a copy: one of its files is changed
        shutil.copytree(origin, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        bench = Bench(tree, work, given.rivals_python, given.txtai_model)
        load = os.getloadavg()[0]
        told = {
            "tree": tree.name,
            "sdist": given.tree if "==" in given.tree else "",
            "files": sum(p.is_file() for p in tree.rglob("*")),
            "date": date.today().isoformat(),
        }
        told |= prepare(bench) | machine()
        for number in range(given.runs):
            print(f"round {number + 1} of {given.runs}", file=sys.stderr, flush=True)
            bench.loops.append([])
            one_round(bench, number, number == given.runs - 1)
    told |= {"runs": given.runs, "load_before": load, "load_after": os.getloadavg()[0], "note": given.note}
    page = report(told, bench.found, bench.loops)
    print(page, end="")
    if given.raw:
        given.raw.write_text(
            json.dumps({"told": told, "found": bench.found, "loops": bench.loops}, indent=1), encoding="utf-8"
        )
    if given.write:
        RESULTS.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
