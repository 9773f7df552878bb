"""Collects the scores that runs put out: metric files, result tables, notebook outputs, by the name of the score."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from proofolio.audit.work import Work
from proofolio.core.records import Document, DocumentKind, Place
from proofolio.evidence.keys import settings_of

NAMES = {
    "auc": r"(?:roc[ _-]?)?auc(?:[ _-]?(?:roc|score))?|auroc|roc[ _-]auc[ _-]score",
    "pr-auc": r"(?:pr|average)[ _-]?(?:auc|precision)|auprc",
    "accuracy": r"acc(?:uracy)?(?:[ _-]score)?",
    "precision": r"precision(?:[ _-]score)?",
    "recall": r"recall(?:[ _-]score)?|sensitivity|tpr",
    "f1": r"f1(?:[ _-]?score)?|f-?score|f[ _-]?measure",
    "rmse": r"rmse|root mean squared? error",
    "mae": r"mae|mean absolute error",
    "mape": r"mape",
    "mse": r"mse|mean squared? error",
    "r2": r"r2(?:[ _-]?score)?|r\^2|r²|r-squared",
    "log-loss": r"log[ _-]?loss",
    "brier": r"brier(?:[ _-]?score)?",
    "lift": r"lift",
    "concordance": r"concordance(?:[ _-]index)?|c[ _-]index",
    "silhouette": r"silhouette(?:[ _-]score)?",
    "map": r"map(?:@[\d.:]+)?|mean average precision",
    "iou": r"m?iou",
    "bleu": r"bleu",
    "perplexity": r"perplexity",
    "ndcg": r"ndcg(?:@\d+)?",
    "kappa": r"kappa",
    "specificity": r"specificity",
    "loss": r"loss",
}  # fmt: skip
LOWER_IS_BETTER = {"rmse", "mae", "mape", "mse", "log-loss", "brier", "perplexity", "loss"}
_GROUPS = {n: re.compile(rf"(?<![a-z0-9])(?:{p})(?![a-z0-9])", re.IGNORECASE) for n, p in NAMES.items()}
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])\s?%?", re.IGNORECASE)
_ALONE = re.compile(r"^\s*(?:np\.float64\()?(-?\d+\.\d+)\)?\s*$")
_BOUND = re.compile(r"(?:^|[._\-])(?:ci|ci95|interval|lower|upper|low|high|std|sd|se|stderr|bound|bounds|difference|diff|delta|drop|change|gain|improvement|threshold|weight|rank|range|target|baseline)(?:$|[._\-\d])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Observed:
    """A number that a run put out: its score's name, its value, what its line and file say of it, its place."""

    group: str
    value: float
    about: str
    place: Place


def groups_in(text: str) -> list[tuple[str, re.Match[str]]]:
    """The scores that a text names, with their places; "precision" is not read out of "average precision"."""
    found = [(name, m) for name, pattern in _GROUPS.items() for m in pattern.finditer(text.replace("_", " "))]
    return [(n, m) for n, m in found if not any(o.start() <= m.start() and m.end() <= o.end() and len(o[0]) > len(m[0]) for _, o in found)]


def observed(work: Work) -> dict[str, list[Observed]]:
    """Every number put out, by the name of its score."""
    return work.index.keep("audit observed", lambda: _collect(work))


def _collect(work: Work) -> dict[str, list[Observed]]:
    table: dict[str, list[Observed]] = defaultdict(list)
    for document in work.documents:
        if document.kind is DocumentKind.METRICS:
            items = _file(document)
        elif document.kind is DocumentKind.NOTEBOOK:
            items = _notebook(document)
        else:
            continue
        for item in items:
            table[item.group].append(item)
    return table


def _file(document: Document) -> Iterator[Observed]:
    if document.language in {"csv", "tsv"}:
        yield from _table(document)
        return
    seen = False
    for setting in settings_of(document):
        seen = True
        for number in _NUMBER.findall(setting.value)[:1]:
            if _BOUND.search(setting.path):
                continue
            for group, _ in groups_in(setting.path.replace(".", " ")):
                yield _one(group, number, f"{document.path} {setting.path}", document, setting.line)
    if not seen:
        for line, text in enumerate(document.text.split("\n"), 1):
            yield from _printed(text, document.path, document, line)


def _table(document: Document) -> Iterator[Observed]:
    lines = document.text.split("\n")
    split = "\t" if document.language == "tsv" else ","
    head = [h.strip().strip('"') for h in lines[0].split(split)]
    columns = {i: [g for g, _ in groups_in(h)] for i, h in enumerate(head)}
    for number, line in enumerate(lines[1:], 2):
        cells = line.split(split)
        named = [g for g, _ in groups_in(cells[0])] if cells else []
        for i, cell in enumerate(cells):
            for group in [*columns.get(i, []), *(named if i else [])]:
                if _NUMBER.fullmatch(cell.strip()):
                    yield _one(group, cell, f"{document.path} {line} {head[i] if i < len(head) else ''}", document, number)


def _notebook(document: Document) -> Iterator[Observed]:
    lines = document.text.split("\n")
    for cell in document.cells:
        if cell.kind != "code" or not cell.output:
            continue
        code = "\n".join(lines[cell.start - 1 : cell.output - 1])
        head: list[list[str]] = []
        for number in range(cell.output, cell.end + 1):
            line = lines[number - 1]
            if not re.search(r"\d", line):
                words = line.split()
                named = [[g for g, _ in groups_in(w)] for w in words]
                if sum(map(bool, named)) >= 2 and len(words) <= 8:
                    head = named  # the head of a report: its columns name the numbers below
                continue
            alone = _ALONE.match(line)
            if alone:
                for group, _ in groups_in(code):
                    yield _one(group, alone.group(1), code, document, number)
            elif head:
                numbers = _NUMBER.findall(line)
                for column, groups in enumerate(head):
                    value = numbers[len(numbers) - len(head) + column] if len(numbers) >= len(head) else ""
                    for group in groups:
                        if value:
                            yield _one(group, value, f"{line} {code}", document, number)
            yield from _printed(line, code, document, number)


def _printed(line: str, about: str, document: Document, number: int) -> Iterator[Observed]:
    if len(line) > 400:
        return
    for group, match in groups_in(line):
        for value in _NUMBER.finditer(line, match.end()):
            if value.start() - match.end() < 40:
                yield _one(group, value[0], f"{line} {about}", document, number)
            break


def _one(group: str, value: str, about: str, document: Document, line: int) -> Observed:
    number = float(value.strip().rstrip("%").strip())
    if value.strip().endswith("%"):
        number /= 100
    return Observed(group, number, about.lower(), Place(document.source, document.path, line, line))


def same(claimed: str, seen: float) -> bool:
    """Whether an observed number reads as the claimed one at the claim's own precision; 84 % is 0.84."""
    percent = claimed.endswith("%")
    plain = claimed.rstrip("% ").replace(",", "")
    places = len(plain.split(".")[1]) if "." in plain else 0
    unit = 10.0**-places
    value = float(plain)
    scales = (100.0, 1.0) if percent or value > 1 else (1.0, 0.01)
    # Half a unit for rounding, and the same again for who cut instead of rounding.
    return any(-0.01 * unit <= seen * s - value < unit or abs(seen * s - value) <= 0.5 * unit + 1e-9 for s in scales)
