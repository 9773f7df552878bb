"""Finds numbers with names: printed scores, metric files, report rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofolio.core.records import Document, DocumentKind, Metric, Rank
from proofolio.evidence.keys import settings_of

NAMES = (
    r"(?:roc[ _-]?auc|pr[ _-]?auc|auc(?:[ _-]?(?:roc|pr))?|average[ _-]?precision|accuracy|acc|balanced[ _-]?accuracy|precision|recall|sensitivity|specificity|"
    r"f1(?:[ _-]?score)?|f[ _-]?beta|log[ _-]?loss|brier(?:[ _-]?score)?|r2(?:[ _-]?score)?|r[²^]2?|rmse|mae|mape|smape|mse|rmsle|concordance(?:[ _-]?index)?|c[ _-]?index|"
    r"silhouette(?:[ _-]?score)?|perplexity|bleu|rouge[-_ ]?\w*|iou|map(?:@\d+)?|ndcg(?:@\d+)?|lift|psi|ks|gini|kappa|mcc|loss|coverage|line-rate|branch-rate|"
    r"latency|throughput|p50|p90|p95|p99|duration|elapsed|runtime|rows|n_?samples|observations|events|p[ _-]?values?|confidence|error[ _-]?rate|uptime|failures|tests|errors|skipped)"
)
_PRINTED = re.compile(rf"(?<![\w.])(?P<name>(?:(?:train(?:ing)?|val(?:id(?:ation)?)?|test|hold[- ]?out|cv|mean|best|final|oof)[ _-]+)?{NAMES})(?:\s*\([^)]{{0,30}}\))?\s*(?:[:=|]|is|of|was)?\s*(?P<value>[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?\s?%?)(?![\w])", re.IGNORECASE)
_KEYED = re.compile(rf"(?:^|[._\-]){NAMES}(?:$|[._\-])", re.IGNORECASE)
_SPLIT = re.compile(r"\b(train(?:ing)?|valid(?:ation)?|val|test|hold[- ]?out|cross[- ]?validation|cv|oof)\b", re.IGNORECASE)
_VALUE = re.compile(r"^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?$", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
MAX_PER_DOCUMENT = 60


def metrics_of(document: Document) -> list[Metric]:
    """The named numbers of a document, at most sixty: outputs and metric files first of all."""
    found: list[Metric] = []
    for metric in _all(document):
        found.append(metric)
        if len(found) >= MAX_PER_DOCUMENT:
            break
    return found


def _all(document: Document) -> Iterator[Metric]:
    if document.kind is DocumentKind.METRICS:
        for setting in settings_of(document):
            if _KEYED.search(setting.path) and _VALUE.match(setting.value):
                yield _metric(document, setting.path.replace("_", " "), setting.value, setting.path, setting.line, Rank.OUTPUT)
        if document.language in {"json", "yaml"}:
            return
    if document.kind not in {DocumentKind.NOTEBOOK, DocumentKind.METRICS, DocumentKind.PROSE}:
        return
    lines = document.text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > 400 or not _DIGIT.search(line):
            continue
        cell = document.cell_at(number)
        if cell and cell.kind == "code" and not (cell.output and number > cell.output):
            continue
        rank = Rank.OUTPUT if cell and cell.kind == "code" else document.rank
        for match in _PRINTED.finditer(line):
            yield _metric(document, " ".join(match["name"].split()), match["value"].strip(), line, number, rank)


def _metric(document: Document, name: str, value: str, where: str, line: int, rank: Rank) -> Metric:
    split = _SPLIT.search(where)
    cell = document.cell_at(line)
    return Metric(name, value, split.group(1).lower() if split else "", document.source, document.path, line, cell.index if cell else None, rank)
