"""Writes the page of compile_and_ask.py: what was measured, against the goals, beside the rivals, with the noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

Row = Mapping[str, Any]
Found = Mapping[str, Sequence[Row]]

OURS = {
    "floor": "floor: read and hash",
    "floor and parse": "floor: read, hash and parse",
    "compile": "compile without vectors",
    "unchanged": "compile again, nothing changed",
    "one file changed": "compile again, one file changed",
    "vectors": "vectors of the default encoder, after the first answer",
    "command": "`proofolio ask`, the whole command, compiled and with vectors",
}
ASKS = {"ask, words": 'encoder "none"', "ask, static": 'encoder "static" (the default), vectors made'}
RIVALS = ("langchain", "haystack", "llamaindex", "txtai", "txtai-dense", "fts")


def three(values: Sequence[float], digits: int) -> str:
    """Minimum, median and maximum as table cells."""
    return " | ".join(f"{v:.{digits}f}" for v in (min(values), median(values), max(values)))


def column(rows: Sequence[Row], name: str) -> list[float]:
    """One figure of every run."""
    return [float(row[name]) for row in rows]


def report(told: Row, found: Found, loops: Sequence[Sequence[float]]) -> str:
    """The page, as Markdown."""
    parts = [
        _head(told),
        _goals(found),
        _compile(found),
        _asks(found),
        _rivals(told, found),
        _noise(told, loops),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _head(told: Row) -> str:
    name = told["sdist"].partition("==")[0]
    fetched = (
        f"\n\nThe tree, as fetched:\n\n    pip download --no-deps --no-binary {name} {told['sdist']}\n    tar xf {told['tree']}.tar.gz"
        if name
        else ""
    )
    note = f"{told['note'].rstrip('.')}.\n\n" if told["note"] else ""
    return (
        f"# Compile and ask\n\n{note}**{told['tree']}**: {told['files']:,} files, of which {told['documents']:,} are read as evidence ({told['mb']:.1f} MB, "
        f"{told['parsed']:,} of them code or configuration with a grammar), cut into {told['passages']:,} passages with {told['evidence']:,} pieces of evidence.{fetched}\n\n"
        f"{told['date']}; {told['cpu']}, {told['cores']} cores, {told['system']}, Python {told['python']}, ast-grep-py {told['ast_grep']}. "
        f"{told['runs']} run{'s' * (told['runs'] != 1)} of each measure, taking turns, each in a process of its own; files in the page cache. MB are 10^6 bytes; memory is that of a process and its children together."
    )


def _goals(found: Found) -> str:
    def of(name: str, figure: str, pick: Callable[[Sequence[float]], float] = median) -> float:
        return pick(column(found[name], figure))

    ratios = [
        c / f
        for c, f in zip(
            column(found["compile"], "seconds"), column(found["floor and parse"], "seconds"), strict=True
        )
    ]
    memory = max(of(n, "peak_mb", max) for n in ("compile", "one file changed", "ask, static", "command"))
    rows = [
        (
            "compile without vectors, times read + hash + parse of the same round",
            "2.5",
            f"{median(ratios):.1f}",
            median(ratios) <= 2.5,
            f"{min(ratios):.1f} to {max(ratios):.1f}",
        ),
        (
            "peak memory of compile, recompile and ask, MB",
            "300",
            f"{memory:.0f}",
            memory <= 300,
            "the largest of all runs",
        ),
    ]
    for what, goal, name, figure, scale, digits in (
        ("compile after one changed file, s", 0.5, "one file changed", "seconds", 1, 2),
        ("warm ask, p50, ms", 15, "ask, static", "p50", 1, 0),
        ("the command `proofolio ask`, s", 0.5, "command", "seconds", 1, 2),
    ):
        values = [v * scale for v in column(found[name], figure)]
        rows.append(
            (
                what,
                f"{goal}",
                f"{median(values):.{digits}f}",
                median(values) <= goal,
                f"{min(values):.{digits}f} to {max(values):.{digits}f}",
            )
        )
    lines = [
        f"| {what} | {goal} | {value} | {'yes' if met else '**no**'} | {spread} |"
        for what, goal, value, met, spread in rows
    ]
    cpu = of("compile", "cpu") / of("floor and parse", "cpu")
    return (
        "\n".join(
            [
                "## Against the goals",
                "",
                "| | goal, at most | median | met | range |",
                "|---|---:|---:|---|---|",
                *lines,
            ]
        )
        + f"\n\nIn processor time the compile takes {cpu:.1f} times the floor: that ratio depends less on what else the machine does."
    )


def _compile(found: Found) -> str:
    lines = [
        "## Compile",
        "",
        "| | min, s | median, s | max, s | processor, s | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, label in OURS.items():
        rows = found[name]
        cpu = f"{median(column(rows, 'cpu')):.2f}" if "cpu" in rows[0] else ""
        lines.append(
            f"| {label} | {three(column(rows, 'seconds'), 2)} | {cpu} | {max(column(rows, 'peak_mb')):.0f} |"
        )
    size = median(column(found["compile"], "dossier_mb"))
    return (
        "\n".join(lines)
        + f"\n\nThe floors read exactly the files that the compile reads, and parse those that it parses, with the same parser. The dossier takes {size:.0f} MB without vectors. The compile finds secrets, evidence, technologies and metrics and writes the search index, none of which the floor does."
    )


def _asks(found: Found) -> str:
    lines = [
        "## Ask, warm",
        "",
        "Forty questions (`benchmarks/questions.txt`) after five to warm up. Minimum, median and maximum over the runs.",
        "",
        "| | min p50, ms | median p50, ms | max p50, ms | median p95, ms | slowest, ms | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, label in ASKS.items():
        rows = found[name]
        memory = max(column(rows, "peak_mb"))
        lines.append(
            f"| new questions, {label} | {three(column(rows, 'p50'), 1)} | {median(column(rows, 'p95')):.1f} | {max(column(rows, 'most')):.0f} | {memory:.0f} |"
        )
        lines.append(
            f"| the same again, {label} | {three(column(rows, 'again_p50'), 1)} | {median(column(rows, 'again_p95')):.1f} | | |"
        )
    opened = median(column(found["ask, static"], "opened"))
    return (
        "\n".join(lines)
        + f"\n\nAn ask plans, searches, composes and verifies. Opening the portfolio before the first one, with its look for changed files, takes {opened:.2f} s."
    )


def _rivals(told: Row, found: Found) -> str:
    lines = [
        f"## Beside other libraries, {told['passages']:,} passages", "",
        "| | index, min s | index, median s | index, max s | query p50, ms | query p95, ms | new process to first hit, s | peak memory, MB |", "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    words, compiled = found["ask, words"], found["compile"]
    lines.append(
        f"| Proofolio: whole compile; search by words only | {three(column(compiled, 'seconds'), 2)} | {median(column(words, 'words_p50')):.1f} | {median(column(words, 'words_p95')):.1f} "
        f"| {median(column(found['command'], 'seconds')):.2f} (an answer) | {max(column(compiled, 'peak_mb')):.0f} |"
    )
    for name in RIVALS:
        if rows := found.get(name):
            runs = "" if len(rows) == told["runs"] else f", {len(rows)} run"
            lines.append(
                f"| {rows[0]['label']}{runs} | {three(column(rows, 'seconds'), 2)} | {median(column(rows, 'p50')):.1f} | {median(column(rows, 'p95')):.1f} "
                f"| {median(column(rows, 'first')):.2f} | {max(column(rows, 'peak_mb')):.0f} |"
            )
    lines += [
        "",
        "Read with care: the others get the passages' texts ready in memory, and index words. Proofolio's time has the reading, the cutting, the redaction and the evidence in it as well. "
        "Their indexes live in memory, so that a new process imports the library and builds again before its first hit (LlamaIndex and txtai can also save one); Proofolio opens its dossier. "
        "Ten hits a query, the libraries' own defaults for everything else.",
    ]
    return "\n".join(lines)


def _noise(told: Row, loops: Sequence[Sequence[float]]) -> str:
    lines = [
        "## Noise",
        "",
        "The same arithmetic, timed before every measure; on a quiet machine the three figures of a round are within a few hundredths of each other.",
        "",
        "| round | min, s | median, s | max, s | slowest / fastest |",
        "|---:|---:|---:|---:|---:|",
    ]
    lines += [f"| {n} | {three(loop, 3)} | {max(loop) / min(loop):.2f} |" for n, loop in enumerate(loops, 1)]
    return (
        "\n".join(lines)
        + f"\n\nLoad average {told['load_before']:.1f} before the first round and {told['load_after']:.1f} after the last (which this benchmark's own processes are part of)."
    )
