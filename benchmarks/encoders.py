"""What each encoder adds to search on an exam, in recall of the places of facts, against what it costs in compile time.

    python benchmarks/encoders.py EXAM REPOSITORIES [--minilm FOLDER] [--bge FOLDER] [--write]

EXAM holds ``questions/NAME.yaml`` and ``score.py``; REPOSITORIES holds the repository of each under its NAME. Nothing
of their content is kept: the page has shares and seconds. The engine is used as it is, with the encoder put in as a
package of a stranger would be; each encoder and repository is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from probe import Clock, say, times_ms

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "encoders.md"
DEPTHS = (5, 10, 20, 50)
SLACK = 5  # lines by which a passage may miss a place, as the exam's own marking has it
LABELS = {
    "none": "none",
    "static": "static (wordllama, 256 dimensions)",
    "minilm": "MiniLM-L6 (ONNX, int8, 384)",
    "bge": "bge-small-en (ONNX, int8, 384)",
}
WAYS = {
    "alone": "by the encoder alone (none: BM25 alone)",
    "search": "by the engine's search, fused",
    "order": "in the engine's order of candidates",
}

Question = Mapping[str, Any]
Found = dict[str, Any]


# --- one encoder on one repository, in a process of its own ----------------------------------------


def one(encoder: str, repository: str, exam: str, cache: str, answers: str) -> None:
    """Compile, make vectors, rank the places of every fact, answer every question; prints figures only."""
    import yaml

    from proofolio.compiling import compile_portfolio, make_vectors
    from proofolio.settings import Settings
    from proofolio.workflows import ask_many, open_compiled

    settings = Settings(cache=cache, encoder=encoder)
    questions: list[Question] = yaml.safe_load(Path(exam).read_text(encoding="utf-8"))["questions"]
    with Clock() as compiled:
        report = compile_portfolio(repository, settings)
    with open_compiled(repository, settings, vectors="later") as portfolio, Clock() as encoded:
        if portfolio.encoder is not None:
            make_vectors(portfolio.path, portfolio.encoder)
    with open_compiled(repository, settings, vectors="later") as portfolio:
        facts, hits = ranks(portfolio, questions)
        queries = times_ms(
            lambda q: portfolio.encoder and portfolio.encoder.encode([q + "?"]),
            [q["question"] for q in questions],
        )
        with Path(answers).open("w", encoding="utf-8") as out:
            asked = [{k: q[k] for k in ("id", "question", "after") if k in q} for q in questions]
            for answer in ask_many(portfolio, asked):
                out.write(json.dumps(answer.to_json()) + "\n")
    say(
        compile=compiled.seconds,
        vectors=encoded.seconds,
        vectors_cpu=encoded.cpu,
        passages=report.counts["passages"],
        facts=facts,
        hits=hits,
        query_ms=sum(queries) / len(queries),
    )


def ranks(portfolio: Any, questions: Sequence[Question]) -> tuple[int, dict[str, dict[int, int]]]:
    """How many facts the questions expect, and how many have their place among the first k, by way and k."""
    from proofolio.answering.candidates import groups, search, weigh
    from proofolio.answering.conversation import Conversation

    index, topics = portfolio.index, portfolio.topics
    examples = {key: topic.examples for key, topic in topics.items()}
    talks: dict[str, Conversation] = {}
    hits: dict[str, Counter[int]] = {way: Counter() for way in WAYS}
    total = 0
    for question in questions:
        talk = Conversation(list(talks[question["after"]].plans)) if "after" in question else Conversation()
        plan = talk.understand(question["question"], topics, index.nearest(question["question"], examples))
        talk.plans.append(plan)
        talks[question["id"]] = talk
        terms = weigh(plan, index)
        found = search(plan, index, terms)
        if portfolio.encoder is None:
            alone = [k for k, _ in index.lexical([t.word for t in terms], DEPTHS[-1])]
        else:
            alone = [k for k, _ in index.dense(plan.question, DEPTHS[-1])]
        by_id = {p.id: p for p in index.fetch(alone)}
        lists = {
            "alone": [by_id[k] for k in alone],
            "search": [h.passage for h in found],
            "order": [g.passage for g in groups(plan, index, terms, found)],
        }
        for fact in question.get("expected_facts", []):
            if fact.get("optional"):
                continue
            total += 1
            places = list(_places(fact))
            for way, passages in lists.items():
                rank = next(
                    (i for i, p in enumerate(passages) if any(_holds(p, place) for place in places)), None
                )
                hits[way].update(k for k in DEPTHS if rank is not None and rank < k)
    return total, {way: dict(counted) for way, counted in hits.items()}


def _places(fact: Mapping[str, Any]) -> Iterator[tuple[str, str, int, int]]:
    """(path, "cell" | "line" | "file", first, last) of each place of a fact."""
    where = fact.get("where", [])
    for place in where if isinstance(where, list) else [where]:
        if match := re.match(r"(.+?)#cell(\d+)(?:-(\d+))?$", place):
            yield match[1], "cell", int(match[2]), int(match[3] or match[2])
        elif match := re.match(r"(.+?):(\d+)(?:-(\d+))?$", place):
            yield match[1], "line", int(match[2]), int(match[3] or match[2])
        else:
            yield place, "file", 0, 0


def _holds(passage: Any, place: tuple[str, str, int, int]) -> bool:
    path, unit, first, last = place
    if passage.path != path or unit == "file":
        return bool(passage.path == path)
    if unit == "cell":
        return passage.cell is not None and first <= passage.cell <= last
    return bool(passage.first <= last + SLACK and passage.last >= first - SLACK)


# --- all of them, and the page ---------------------------------------------------------------------


def register(folder: Path) -> None:
    """A package in ``folder`` that brings the ONNX encoders as entry points."""
    info = folder / "proofolio_bench_encoders-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: proofolio-bench-encoders\nVersion: 0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[proofolio.encoders]\nminilm = onnx_encoders:minilm\nbge = onnx_encoders:bge\n", encoding="utf-8"
    )


def measured(encoder: str, name: str, given: argparse.Namespace, work: Path) -> Found:
    """One encoder on one repository."""
    answers = work / "answers" / encoder
    answers.mkdir(parents=True, exist_ok=True)
    paths = os.pathsep.join([str(HERE.parent / "src"), str(HERE), str(work)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PROOFOLIO_")} | {
        "PYTHONPATH": paths
    }
    environment |= {"PROOFOLIO_BENCH_MINILM": given.minilm, "PROOFOLIO_BENCH_BGE": given.bge}
    command = [
        sys.executable,
        __file__,
        "--one",
        encoder,
        str(given.repositories / name),
        str(given.exam / "questions" / f"{name}.yaml"),
        str(work / f"cache-{encoder}-{name}"),
        str(answers / f"{name}.jsonl"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{encoder} failed on a repository:\n{done.stderr[-3000:]}")
    row: Found = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    return row


def graded(exam: Path, answers: Path) -> tuple[str, str]:
    """(strict pass, facts both said and cited) as the exam's own marking has them."""
    done = subprocess.run(
        [sys.executable, str(exam / "score.py"), "grade", str(answers)],
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(row for row in done.stdout.split("\n") if row.startswith("ALL"))
    found = re.search(r"pass=\s*([\d.]+%).*both=\s*([\d.]+%)", line)
    if found is None:
        raise SystemExit(f"The marking printed what was not understood: {line}")
    return found[1], found[2]


def report(rows: Mapping[str, Sequence[Found]], grades: Mapping[str, tuple[str, str]], note: str) -> str:
    """The page, as Markdown."""
    first = next(iter(rows.values()))
    told = f" {note}" if note else ""
    passages, facts = sum(r["passages"] for r in first), sum(r["facts"] for r in first)
    lines = [
        "# Encoders: what they add against what they cost", "",
        f"{len(first)} practice repositories of an exam, {passages:,} passages; the places of {facts} facts that its questions expect. Share of the facts whose place is among the first k, by what ranks.{told}", "",
    ]  # fmt: skip
    for way, label in WAYS.items():
        lines += [
            f"## Recall {label}",
            "",
            f"| encoder | {' | '.join(f'@{k}' for k in DEPTHS)} |",
            "|---|" + "---:|" * len(DEPTHS),
        ]
        for name, found in rows.items():
            shares = [sum(r["hits"][way].get(str(k), 0) for r in found) / facts for k in DEPTHS]
            lines.append(f"| {LABELS[name]} | {' | '.join(f'{s:.3f}' for s in shares)} |")
        lines.append("")
    lines += [
        "## The exam, and the cost",
        "",
        "| encoder | strict pass | facts said and cited | compile without vectors, s | vectors, s | vectors, processor s | passages per processor second | a question, ms | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, found in rows.items():
        spent, cpu = sum(r["vectors"] for r in found), sum(r["vectors_cpu"] for r in found)
        speed = f"{passages / cpu:,.0f}" if name != "none" else "–"
        query = sum(r["query_ms"] for r in found) / len(found)
        vectors, per_query = (
            (f"{spent:.1f} | {cpu:.1f}", f"{query:.1f}") if name != "none" else ("0 | 0", "0")
        )
        lines.append(
            f"| {LABELS[name]} | {grades[name][0]} | {grades[name][1]} | {sum(r['compile'] for r in found):.1f} | {vectors} | {speed} | {per_query} | {max(r['peak_mb'] for r in found):.0f} |"
        )
    lines += [
        "", "Without an encoder the engine also loses what the static table tells besides: how much a word of the question says by itself, and which topic's examples are nearest to it. "
        "The two transformers borrow the first from the static table and make the second themselves. Their sessions use one thread. Made by `benchmarks/encoders.py`; the seconds are of one run and move with the machine's load, the shares do not.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print the page, and keep it with ``--write``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("exam", type=Path)
    parser.add_argument("repositories", type=Path)
    parser.add_argument(
        "--minilm", default="", metavar="FOLDER", help="model.onnx and tokenizer.json of all-MiniLM-L6-v2"
    )
    parser.add_argument(
        "--bge", default="", metavar="FOLDER", help="model.onnx and tokenizer.json of bge-small-en"
    )
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the page")
    parser.add_argument("--write", action="store_true", help="keep the page in benchmarks/results")
    given = parser.parse_args()
    encoders = ["none", "static", *(n for n in ("minilm", "bge") if getattr(given, n))]
    names = sorted(p.stem for p in (given.exam / "questions").glob("*.yaml"))
    rows: dict[str, list[Found]] = {name: [] for name in encoders}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        register(work)
        for number, name in enumerate(names, 1):
            for encoder in encoders:
                print(f"repository {number} of {len(names)}, {encoder}", file=sys.stderr, flush=True)
                rows[encoder].append(measured(encoder, name, given, work))
        grades = {encoder: graded(given.exam, work / "answers" / encoder) for encoder in encoders}
    page = report(rows, grades, given.note)
    print(page, end="")
    if given.write:
        RESULTS.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        main()
