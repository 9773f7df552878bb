"""Decides how much a file can prove (its rank) and whether it takes part in what runs (its flags)."""

from __future__ import annotations

import re

from proofolio.core.records import DocumentKind, Rank

# fmt: off
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "e2e", "integration_tests", "unit_tests",
                           "testing", "cypress", "androidtest", "testdata"})
_TEST_NAME = re.compile(
    r"^(?:test_.*|.*_test|.*[.\-](?:test|spec|e2e|cy)|conftest|.*_spec|.*(?:Test|Tests|IT|Spec))\.[A-Za-z]+$|^test\.\w+$"
)
_RECORD_FOLDERS = frozenset({"decisions", "decision-records", "adr", "adrs", "rfc", "rfcs", "design", "design-docs",
                             "designs", "postmortem", "postmortems", "post-mortems", "incidents", "runbook",
                             "runbooks", "proposals", "architecture-decisions"})
_RECORD_NAME = re.compile(
    r"(?:^|[-_. ])(?:adr|rfc|runbook|post[-_ ]?mortem|decisions?|design|architecture|incident|model[-_ ]?card|"
    r"data[-_ ]?dictionary)(?:[-_. \d]|$)",
    re.IGNORECASE,
)
_METRIC_NAME = re.compile(
    r"^(?:metrics?|scores?|results?|summary|evaluation|eval|benchmarks?|report|leaderboard|performance|run_results|"
    r"coverage|coverage-final|coverage-summary|junit|test-?results?|pytest|cv_results|classification_report|"
    r"confusion_matrix|lighthouse)(?:[-_. ].*)?\.(?:json|xml|csv|tsv|ya?ml|txt|jsonl)$"
    r"|.*[-_.](?:metrics?|results?|scores?|evaluation|benchmarks?|coverage|leaderboard|report|summary|comparison)"
    r"\.(?:json|xml|csv|tsv|jsonl)$|^TEST-.*\.xml$",
    re.IGNORECASE,
)
_RESULT_FOLDERS = frozenset({"results", "result", "reports", "report", "metrics", "outputs", "output", "evaluation",
                             "benchmarks", "benchmark", "experiments"})
_MEASURE = re.compile(
    r"(?<![a-z])(?:auc|accuracy|precision|recall|f1|rmse|mae|mape|r2|brier|log_?loss|loss|score|p50|p95|p99|latency|"
    r"duration|seconds|importance|lift|gain|psi|p_?value|coef|std|ci_low|ci_high|throughput|rows_per_s)(?![a-z])",
    re.IGNORECASE,
)
_DATA_FOLDERS = frozenset({"data", "raw", "seeds", "seed", "fixtures", "fixture", "input", "inputs", "dataset",
                           "datasets", "testdata", "samples", "sample", "mocks", "mock", "landing", "external"})
_DEAD_FOLDERS = frozenset({"archive", "archived", "archives", "old", "deprecated", "backup", "backups", "legacy",
                           "unused", "obsolete", "attic", "graveyard", "trash", "do_not_use", "not_used"})
_DEAD_NAME = re.compile(r"(?:\.(?:bak|old|orig|disabled|backup|save|deprecated|rej)|~)$", re.IGNORECASE)
_SAMPLE_NAME = re.compile(r"(?:^|[._-])(?:example|sample|dist)(?:[._-]|$)", re.IGNORECASE)
_TEMPLATE_NAME = re.compile(r"\.(?:j2|jinja2?|tpl|tmpl|template|erb|mustache|gotmpl)$", re.IGNORECASE)
_TEMPLATE_FOLDERS = frozenset({"cookiecutter", "{{cookiecutter.project_slug}}", "issue_template", "skeleton",
                               "scaffold"})
_STATUS = re.compile(
    r"^[\s*_#>|\-]*status[\s*_]*[:|\n]\s*[*_`|\s\[]*(?P<status>[A-Za-z]+)", re.IGNORECASE | re.MULTILINE
)
_UNDECIDED = {"proposed", "draft", "rejected", "superseded", "deprecated", "wip", "pending", "declined", "withdrawn"}
_STATUS_LINES = 40
_RESUME_NAME = re.compile(r"(?:^|[-_. ])(?:resume|résumé|cv|curriculum[-_ ]?vitae|lebenslauf)(?:[-_. ]|$)", re.IGNORECASE)
# fmt: on


def is_test(path: str) -> bool:
    """Whether a file is a test or lies among tests."""
    *folders, name = path.split("/")
    if any(folder.lower() in _TEST_FOLDERS for folder in folders):
        return True
    return bool(_TEST_NAME.match(name)) and not name.lower().endswith(
        (".md", ".ipynb", ".txt", ".yml", ".yaml")
    )


def is_resume(path: str) -> bool:
    """Whether a file is somebody's résumé by its name."""
    return bool(_RESUME_NAME.search(path.rsplit("/", 1)[-1].rsplit(".", 1)[0] + "."))


def is_measured(path: str, language: str, text: str = "") -> bool:
    """Whether a file holds what a run put out: metrics, a test or coverage report, a small result table.

    A table is told by its name, its folder or a measure among its columns (the first line of ``text``).
    """
    *folders, name = path.split("/")
    lowered = [folder.lower() for folder in folders]
    if language in {"json", "xml", "csv", "tsv", "yaml", "jsonl", "text"} and _METRIC_NAME.match(name):
        return (
            language not in {"yaml", "text"}
            or bool(set(lowered) & _RESULT_FOLDERS)
            or name.startswith("metrics")
        )
    if "mlruns" in lowered and "metrics" in lowered:
        return True
    if language in {"csv", "tsv"}:
        if set(lowered) & _DATA_FOLDERS:
            return False
        return bool(set(lowered) & _RESULT_FOLDERS or _MEASURE.search(text.split("\n", 1)[0]))
    return language in {"json", "xml", "jsonl"} and bool(set(lowered) & _RESULT_FOLDERS)


def rank_of(path: str, kind: DocumentKind, language: str) -> Rank:
    """How much a document can prove. A notebook's outputs are ranked cell by cell elsewhere."""
    if kind is DocumentKind.METRICS:
        return Rank.OUTPUT
    if kind is DocumentKind.IMAGE:
        return Rank.OUTPUT
    if kind is DocumentKind.PROSE:
        *folders, name = path.split("/")
        if is_resume(path):
            return Rank.CLAIM
        if any(folder.lower() in _RECORD_FOLDERS for folder in folders) or _RECORD_NAME.search(
            name.rsplit(".", 1)[0]
        ):
            return Rank.RECORD
        return Rank.CLAIM
    if language == "json" and is_resume(path):
        return Rank.CLAIM
    if language in {"csv", "tsv", "jsonl"}:
        return Rank.CLAIM  # raw data shows nothing that was done
    return Rank.TEST if is_test(path) else Rank.CODE


def flags_of(path: str, kind: DocumentKind, language: str, text: str) -> dict[str, str]:
    """What keeps a file from being live: "dead" (with the reason), "sample", "template", "proposed"."""
    flags: dict[str, str] = {}
    *folders, name = path.split("/")
    dead = _dead(path, folders, name)
    if dead:
        flags["dead"] = dead
    if kind is DocumentKind.CONFIG and _SAMPLE_NAME.search(name):
        flags["sample"] = "1"
    if _TEMPLATE_NAME.search(name) or any(folder.lower() in _TEMPLATE_FOLDERS for folder in folders):
        flags["template"] = "1"
    if kind is DocumentKind.PROSE and rank_of(path, kind, language) is Rank.RECORD:
        status = _status(text)
        if status:
            flags["proposed"] = status
    return flags


def _dead(path: str, folders: list[str], name: str) -> str:
    for folder in folders:
        if folder.lower().lstrip("_.") in _DEAD_FOLDERS:
            return f"kept in a folder named {folder}"
    if _DEAD_NAME.search(name):
        return f"its name ends in {name[name.rfind('.') :] if '.' in name else '~'}"
    if "/.github/workflows/" in path:
        return "a workflow in a nested .github folder, which GitHub never runs"
    return ""


def _status(text: str) -> str:
    """The status of a decision record where it is not an accepted one, in lower case."""
    head = "\n".join(text.split("\n", _STATUS_LINES)[:_STATUS_LINES])
    match = _STATUS.search(head)
    status = match["status"].lower() if match else ""
    return status if status in _UNDECIDED else ""
