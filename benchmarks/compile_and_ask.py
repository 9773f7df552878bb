"""Times compile and ask over a source tree, side by side with the floors: read and hash, plus parse.

    python benchmarks/compile_and_ask.py TREE [--runs 3] > benchmarks/results/compile_and_ask.md

TREE is an unpacked sdist of at least 1,000 files. Each measurement is a process of its own; the runs of all
measurements alternate, so that a machine that drifts drifts for all of them. Peak memory is the process's own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FLOOR = """
import hashlib, resource, sys, time
from pathlib import Path
files = [p for p in Path(sys.argv[1]).rglob("*.py")]
began = time.perf_counter()
texts = []
for path in files:
    data = path.read_bytes(); hashlib.sha256(data).hexdigest(); texts.append(data.decode("utf-8", "replace"))
if sys.argv[2] == "parse":
    from ast_grep_py import SgRoot
    for text in texts: SgRoot(text, "python").root().kind()
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(files))
"""
COMPILE = """
import resource, sys, time
from proofolio.settings import Settings
from proofolio.workflows import compile_portfolio
began = time.perf_counter()
report = compile_portfolio(sys.argv[1], Settings(cache=sys.argv[2], encoder="none"))
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, report.read + report.unchanged, report.counts["passages"])
"""
ASK = """
import statistics, sys, time
from proofolio.settings import Settings
from proofolio.workflows import open_compiled
questions = ["How do you handle failures?", "How are passwords hashed?", "Which databases are supported?", "How is caching invalidated?", "How are migrations tested?"]
with open_compiled(sys.argv[1], Settings(cache=sys.argv[2], encoder="none"), vectors="later") as portfolio:
    for question in questions: portfolio.ask(question)
    times = [portfolio.ask(q).elapsed_ms for _ in range(5) for q in questions]
print(statistics.median(times), max(times))
"""


def run(code: str, *arguments: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return [float(x) for x in done.stdout.split()]


def row(name: str, runs: list[list[float]]) -> str:
    seconds, memory = [r[0] for r in runs], [r[1] for r in runs]
    return f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {statistics.median(memory):.0f} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("tree", type=Path)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    tree = str(given.tree)
    found: dict[str, list[list[float]]] = {"read and hash": [], "read, hash and parse": [], "compile without vectors": [], "compile again, nothing changed": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.runs):
            cache = str(Path(folder) / str(number))
            found["read and hash"].append(run(FLOOR, tree, "read"))
            found["read, hash and parse"].append(run(FLOOR, tree, "parse"))
            found["compile without vectors"].append(run(COMPILE, tree, cache))
            found["compile again, nothing changed"].append(run(COMPILE, tree, cache))
        asked = run(ASK, tree, cache)
    load = os.getloadavg()[0]
    files, passages = found["compile without vectors"][0][2:4]
    ratio = statistics.median(r[0] for r in found["compile without vectors"]) / statistics.median(r[0] for r in found["read, hash and parse"])
    print(f"# Compile and ask\n\n{files:.0f} files, {passages:.0f} passages; {given.runs} runs of each in turn, {os.cpu_count()} cores, load average {load:.1f} at the end.\n")
    print("| What | Median, s | Range, s | Peak memory, MB |\n|---|---:|---:|---:|")
    print("\n".join(row(name, runs) for name, runs in found.items()))
    print(f"\nCompile is {ratio:.1f} times read, hash and parse (goal 2.5). A warm ask takes {asked[0]:.0f} ms in the median, {asked[1]:.0f} ms at most (goal for the median 15 ms).")
    print(f"\n<!-- {json.dumps({k: [r[0] for r in v] for k, v in found.items()})} -->")


if __name__ == "__main__":
    main()
