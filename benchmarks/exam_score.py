"""Grades answer files against a folder of question files, and checks that folder against the checkouts it speaks of.

    python benchmarks/exam_score.py questions NAME [--exam FOLDER]        the questions of NAME as JSON lines
    python benchmarks/exam_score.py grade ANSWERS [--exam FOLDER] [-v]    ANSWERS/NAME.jsonl holds one answer a line
    python benchmarks/exam_score.py check CHECKOUTS [--exam FOLDER]       every place exists, every pattern compiles

FOLDER holds one YAML a repository (default: the exam folder beside this file). A fact counts as said where all its
patterns occur in the text a reader sees first, as cited where a citation falls within SLACK lines of a place of its.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

READ_CHARS = 2400  # only what a reader sees first, so that pouring passages out does not score
SLACK = 5  # lines
FLAGS = re.IGNORECASE | re.DOTALL
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    unit: str  # "line", "cell" or "file"
    first: int = 0
    last: int = 0

    def holds(self, citation: Row) -> bool:
        if citation.get("path") != self.path or self.unit == "file":
            return citation.get("path") == self.path
        if self.unit == "cell":
            return citation.get("cell") is not None and self.first <= int(citation["cell"]) <= self.last
        start = citation.get("start")
        end = citation.get("end") or start
        return start is not None and int(start) <= self.last + SLACK and int(end or 0) >= self.first - SLACK


@dataclass(frozen=True, slots=True)
class Mark:
    id: str
    repository: str
    kind: str
    persona: str
    status: str
    passed: bool
    facts: int
    said: int
    cited: int
    both: int
    citations: int
    on_target: int


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def places(fact: Row) -> list[Place]:
    found = []
    for text in as_list(fact.get("where")):
        cell, line = (
            re.match(r"(.+?)#cell(\d+)(?:-(\d+))?$", text),
            re.match(r"(.+?):(\d+)(?:-(\d+))?$", text),
        )
        hit = cell or line
        unit = "cell" if cell else "line"
        found.append(Place(hit[1], unit, int(hit[2]), int(hit[3] or hit[2])) if hit else Place(text, "file"))
    return found


def matches_all(patterns: Any, text: str) -> bool:
    return all(re.search(pattern, text, FLAGS) for pattern in as_list(patterns))


def passes(question: Row, answer: Row, *, both: int, required: int, every_place: list[Place]) -> bool:
    status, kind = answer.get("status"), question["kind"]
    worded = matches_all(question.get("answer_match"), (answer.get("text") or "")[:READ_CHARS])
    if kind == "unanswerable":
        return status == "not_shown" and worded
    if kind == "false_premise":
        return status in ("premise_corrected", "not_shown") and worded and (both >= 1 or not required)
    if kind == "partial":
        says_limit = any(s.get("role") == "limit" for s in answer.get("statements", []))
        return (
            status in ("partial", "answered", "not_shown", "premise_corrected") and both >= 1 and says_limit
        )
    if kind == "figure":
        wanted = {str(f).split("#")[0] for f in as_list(question.get("figure"))} | {
            p.path for p in every_place
        }
        return any(figure.get("path") in wanted for figure in answer.get("figures", []))
    return required > 0 and both == required


def mark(repository: str, question: Row, answer: Row) -> Mark:
    text = (answer.get("text") or "")[:READ_CHARS]
    citations = [c for statement in answer.get("statements", []) for c in statement.get("citations", [])]
    facts = question.get("expected_facts") or []
    every_place = [place for fact in facts for place in places(fact)]
    required = [fact for fact in facts if not fact.get("optional")]
    said = [matches_all(fact.get("must_match"), text) for fact in required]
    cited = [any(place.holds(c) for c in citations for place in places(fact)) for fact in required]
    both = sum(s and c for s, c in zip(said, cited, strict=True))
    return Mark(
        id=question["id"],
        repository=repository,
        kind=question["kind"],
        persona=question["persona"],
        status=str(answer.get("status")),
        passed=passes(question, answer, both=both, required=len(required), every_place=every_place),
        facts=len(required),
        said=sum(said),
        cited=sum(cited),
        both=both,
        citations=len(citations),
        on_target=sum(any(place.holds(c) for place in every_place) for c in citations),
    )


def table_line(label: str, marks: list[Mark]) -> str:
    count, facts = len(marks), sum(m.facts for m in marks) or 1
    citations = sum(m.citations for m in marks)
    said, cited, both = (sum(getattr(m, name) for m in marks) / facts for name in ("said", "cited", "both"))
    return (
        f"{label:22s} n={count:3d} pass={sum(m.passed for m in marks) / count:6.1%} facts said={said:6.1%} "
        f"cited={cited:6.1%} both={both:6.1%} citations/answer={citations / count:4.1f} "
        f"on target={sum(m.on_target for m in marks) / (citations or 1):6.1%}"
    )


def grade(exams: dict[str, Row], answers: Path, *, verbose: bool) -> None:
    marks: list[Mark] = []
    for name, exam in exams.items():
        file = answers / f"{name}.jsonl"
        if not file.is_file():
            continue
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        by_id = {row["id"]: row for row in rows}
        marks += [mark(name, question, by_id.get(question["id"], {})) for question in exam["questions"]]
    if not marks:
        sys.exit(f"No answer file in {answers} belongs to this exam.")
    if verbose:
        for m in marks:
            print(
                f"{m.id:8s} {m.kind:14s} {'OK' if m.passed else '--'} said {m.said} cited {m.cited} both {m.both} of {m.facts} {m.status}"
            )
        print()
    for attribute in ("kind", "repository", "persona"):
        for value in sorted({getattr(m, attribute) for m in marks}):
            print(table_line(value, [m for m in marks if getattr(m, attribute) == value]))
        print()
    status = sorted({(m.kind, m.status) for m in marks})
    for kind in sorted({m.kind for m in marks}):
        counts = {s: sum(m.kind == kind and m.status == s for m in marks) for k, s in status if k == kind}
        print(f"{kind:22s} " + " ".join(f"{s}={n}" for s, n in counts.items()))
    print()
    print(table_line("ALL", marks))


def cited_text(root: Path, place: Place) -> str | None:
    """What stands at `place`; None where it does not exist; "" for a whole file, which may be an image."""
    file = root / place.path
    if not file.is_file():
        return None
    if place.unit == "file":
        return ""
    raw = file.read_text(encoding="utf-8", errors="replace")
    if place.unit == "line":
        lines = raw.splitlines()
        return (
            "\n".join(lines[place.first - 1 : place.last])
            if 1 <= place.first <= place.last <= len(lines)
            else None
        )
    cells = json.loads(raw)["cells"]
    if place.last >= len(cells):
        return None
    return "\n".join(json.dumps(cell, ensure_ascii=False) for cell in cells[place.first : place.last + 1])


def faults(name: str, exam: Row, root: Path) -> Iterator[str]:
    seen: set[str] = set()
    for question in exam["questions"]:
        if question["id"] in seen or (question.get("after") and question["after"] not in seen):
            yield f"{question['id']}: repeated, or follows a question that does not come before it"
        seen.add(question["id"])
        facts = question.get("expected_facts") or []
        patterns = [
            *as_list(question.get("answer_match")),
            *(p for f in facts for p in as_list(f.get("must_match"))),
        ]
        for pattern in patterns:
            try:
                re.compile(pattern, FLAGS)
            except re.error as fault:
                yield f"{question['id']}: {pattern!r} does not compile: {fault}"
        for fact in facts:
            texts = [cited_text(root, place) for place in places(fact)]
            for text, place in zip(texts, places(fact), strict=True):
                if text is None:
                    yield f"{question['id']}: no such place {place}"
            evidence = "\n".join([fact["fact"], *(text or "" for text in texts)])
            # a pattern that neither the fact nor its evidence satisfies cannot be met by an honest answer
            for pattern in as_list(fact.get("must_match")):
                if not re.search(pattern, evidence, FLAGS):
                    yield f"{question['id']}: {pattern!r} is met by neither the fact nor its evidence"
        for pattern in as_list((question.get("absent") or {}).get("text")):
            for file in (f for f in root.rglob("*") if f.is_file() and ".git" not in f.parts):
                if file.suffix not in {".lock", ".sum", ".png", ".PNG"} and "lock" not in file.name:
                    raw = file.read_text(encoding="utf-8", errors="ignore")
                    if re.search(pattern, raw, FLAGS):
                        yield f"{question['id']}: {pattern!r} is not absent: {file.relative_to(root)}"
    for claim in exam.get("claims_audit") or []:
        for place in [*places(claim), *places({"where": claim.get("evidence")})]:
            if cited_text(root, place) is None:
                yield f"{name}, claim {claim['claim']!r}: no such place {place}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["questions", "grade", "check"])
    parser.add_argument("target", help="NAME, a folder of answers, or a folder of checkouts")
    parser.add_argument("--exam", type=Path, default=Path(__file__).parent / "exam")
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    files = sorted(given.exam.glob("*.yaml"))
    exams: dict[str, Row] = {f.stem: yaml.safe_load(f.read_text(encoding="utf-8")) for f in files}
    if given.action == "grade":
        grade(exams, Path(given.target), verbose=given.verbose)
    elif given.action == "questions":
        if given.target not in exams:
            sys.exit(f"{given.exam} has no {given.target}.yaml; it has {', '.join(exams) or 'nothing'}.")
        for question in exams[given.target]["questions"]:
            print(json.dumps({key: question[key] for key in ("id", "question", "after") if key in question}))
    else:
        found = [f for name, exam in exams.items() for f in faults(name, exam, Path(given.target) / name)]
        print("\n".join(found) or f"{sum(len(e['questions']) for e in exams.values())} questions, no faults")
        sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
