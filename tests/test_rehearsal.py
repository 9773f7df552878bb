"""The rubric can fail: it marks evidence that an answer cites, and nothing else earns a point."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conftest import ESCAPES, SCRIPT, commit, write
from proofolio import cli
from proofolio.core.records import Role, Status
from proofolio.rehearsal import examiner, own_words, runs
from proofolio.rehearsal.marking import Standing, Verdict, mark
from proofolio.rehearsal.page import scorecard_page
from proofolio.rehearsal.personas import Persona, load_personas
from proofolio.rehearsal.proof import Proofs
from proofolio.rehearsal.scorecard import Scorecard
from proofolio.settings import Settings
from proofolio.workflows import Portfolio, open_compiled

LOADER = '''"""Loads a day of payments."""

import sqlite3


def load_day(db: sqlite3.Connection, day: str, rows: list[tuple[str, str, float]]) -> None:
    """Replace a day: running it again changes nothing."""
    with db:
        db.execute("DELETE FROM payments WHERE load_date = ?", (day,))
        db.executemany(
            "INSERT INTO payments(id, load_date, amount) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount",
            rows,
        )
'''
LOADER_TEST = '''"""The load can be repeated."""

import sqlite3

from loader import load_day


def test_loading_twice_is_idempotent() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE payments(id TEXT PRIMARY KEY, load_date TEXT, amount REAL)")
    load_day(db, "2024-01-01", [("a", "2024-01-01", 1.0)])
    first = db.execute("SELECT * FROM payments").fetchall()
    load_day(db, "2024-01-01", [("a", "2024-01-01", 1.0)])
    assert db.execute("SELECT * FROM payments").fetchall() == first
'''
PROSE = """# Payments platform

Our pipelines are idempotent. Loads merge by a key with MERGE and ON CONFLICT, partitions are overwritten, and a
rerun changes nothing. We test idempotency by loading the same day twice. Failed records go to a quarantine, retries
back off exponentially, and Airflow orchestrates everything on Kubernetes with Prometheus alerts.
"""
STUFFED = PROSE + "".join(
    f"\n## {title}\n\nWe use {words} in production with best practices, tests, validation and monitoring.\n"
    for title, words in {
        "Modelling": "XGBoost, SHAP, cross-validation, early stopping, SMOTE, Optuna and MLflow",
        "Data engineering": "Airflow, dbt, Kafka, Spark, Great Expectations, partitioning, idempotent upserts and backfills",
        "Backend": "FastAPI, JWT authentication, rate limiting, Redis caching, Celery and OpenAPI",
        "Frontend": "React, TypeScript strict mode, ARIA, Vitest, Playwright and memoisation",
        "Operations": "Terraform, Kubernetes autoscaling, Prometheus, Grafana, canary releases and disaster recovery",
        "Security": "encryption at rest, row-level security, audit logging, Vault, GDPR erasure and incident response",
        "Database": "covering indexes, EXPLAIN ANALYZE, replication, PgBouncer, migrations and deadlock handling",
    }.items()
)
TRIVIAL = "import json\nimport sys\n\nprint(json.dumps({'hello': sys.argv[1:]}))\n"
STUFFED_FILES = {
    "README.md": STUFFED,
    "requirements.txt": "xgboost\nshap\nmlflow\nfastapi\napache-airflow\ngreat-expectations\nredis\ncelery\nopenlineage-python\n",
    "main.py": TRIVIAL,
}
DECISION = """# 3. Idempotent loads: a day is replaced, never appended

Status: accepted

## Context

Files arrive twice.

## Decision

A load deletes its day and inserts it again, so that repeating a load changes nothing (idempotent).

## Alternatives considered

Appending and deduplicating later was rejected because reports would count rows twice until then.
"""


def opened(root: Path, files: Mapping[str, str], cache: Path, encoder: str = "none") -> Portfolio:
    return open_compiled(str(write(root, files)), Settings(cache=str(cache), encoder=encoder))


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


def asked(portfolio: Portfolio, *scenarios: str) -> Scorecard:
    return examiner.rehearse(portfolio, examiner.choose(load_personas(), (), scenarios), quiet)


@pytest.fixture(scope="module")
def solid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portfolio]:
    """A small pipeline that replaces a day, tests that, and records why."""
    root = tmp_path_factory.mktemp("solid")
    files = {"loader.py": LOADER, "tests/test_loader.py": LOADER_TEST, "docs/decisions/0003-replace-a-day.md": DECISION}
    with opened(root / "payments", files, root / "cache") as portfolio:
        yield portfolio


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Mapping[str, str]], Scorecard]:
    """A rehearsal of all hundred scenarios over the files of a portfolio."""

    def rehearse(name: str, files: Mapping[str, str]) -> Scorecard:
        root = tmp_path_factory.mktemp(name)
        with opened(root / name, files, root / "cache") as portfolio:
            return examiner.rehearse(portfolio, load_personas(), quiet)

    return rehearse


# --- portfolios that it must be able to fail ---------------------------------------------------------


def test_nothing_scores_nothing_and_says_so(whole: Callable[..., Scorecard]) -> None:
    card = whole("empty", {"notes.txt": "Hello.\n"})
    assert len(card.results) == 100
    assert card.score == 0
    assert all(r.answer.status in {Status.NOT_SHOWN, Status.REFUSED, Status.PREMISE_CORRECTED} for r in card.results)
    assert sum(r.marks.standing is Standing.HONEST for r in card.results) >= 90
    assert all(r.advice for r in card.results)


def test_prose_without_code_shows_no_practice(whole: Callable[..., Scorecard]) -> None:
    card = whole("prose", {"README.md": PROSE, "docs/about.md": PROSE})
    assert card.score <= 2
    engineer = [r for r in card.results if r.scenario.persona == "data-engineer"]
    assert all(r.marks.score <= 20 for r in engineer)


def test_keywords_over_trivial_code_come_out_badly(whole: Callable[..., Scorecard]) -> None:
    card = whole("stuffed", STUFFED_FILES)
    assert card.score <= 2
    assert all(r.marks.standing is not Standing.STRONG for r in card.results)
    claimed = [a for r in card.results for a in r.advice if "claims it, and no code" in a or "only declares it" in a]
    assert claimed, "what is only claimed is told as that"


def test_keywords_in_documents_show_that_there_are_documents(whole: Callable[..., Scorecard]) -> None:
    names = ("docs/decisions/0001-everything.md", "docs/runbook.md", "docs/architecture.md")
    card = whole("written", {**STUFFED_FILES, **dict.fromkeys(names, STUFFED)})
    assert card.score <= 5
    cited = {c.path for r in card.results for m in r.marks.points for c in m.citations}
    assert cited <= set(names)
    assert not any(r.marks.score for r in card.results if r.scenario.persona in {"frontend-engineer", "senior-data-scientist"})


def test_code_without_prose_shows_what_it_does_and_not_what_is_to_be_written(solid: Portfolio, tmp_path: Path) -> None:
    files = {"loader.py": LOADER, "tests/test_loader.py": LOADER_TEST}
    with opened(tmp_path / "code", files, tmp_path / "cache") as portfolio:
        bare = asked(portfolio, "data-engineer/idempotency").results[0]
    full = asked(solid, "data-engineer/idempotency").results[0]
    verdicts = {m.point.text: m.verdict for m in bare.marks.points}
    assert verdicts["Loads replace or merge by a key instead of appending"] is Verdict.SHOWN
    assert verdicts["The decision is written down"] is not Verdict.SHOWN
    assert 30 <= bare.marks.score < full.marks.score
    assert next(m for m in full.marks.points if m.point.text == "The decision is written down").verdict is Verdict.SHOWN


# --- what earns a point ------------------------------------------------------------------------------


def test_what_is_shown_cites_live_evidence_of_its_point(solid: Portfolio) -> None:
    result = asked(solid, "data-engineer/idempotency").results[0]
    proofs = Proofs(solid.index)
    shown = [m for m in result.marks.points if m.verdict is Verdict.SHOWN]
    assert shown
    for marked in shown:
        assert marked.citations
        held = {p.place.path for p in proofs.of(marked.point) if not p.why_not}
        assert {c.path for c in marked.citations} <= held


def test_an_answer_to_another_question_scores_zero(solid: Portfolio) -> None:
    (persona,) = examiner.choose(load_personas(), (), ("data-engineer/idempotency",))
    scenario = persona.scenarios[0]
    proofs = Proofs(solid.index)
    right = solid.ask(scenario.question, asker="data-engineering")
    other = solid.ask("Which chart library draws the dashboards?")
    assert mark(scenario, [right], proofs, solid.topics).score > 0
    assert mark(scenario, [other], proofs, solid.topics).score == 0
    # The same fluent words without the places that they rest on earn nothing either.
    bare = replace(right, statements=tuple(replace(s, citations=()) for s in right.statements))
    assert mark(scenario, [bare], proofs, solid.topics).score == 0


def test_length_and_wording_change_nothing(solid: Portfolio) -> None:
    (persona,) = examiner.choose(load_personas(), (), ("data-engineer/idempotency",))
    scenario, proofs = persona.scenarios[0], Proofs(solid.index)
    answer = solid.ask(scenario.question, asker="data-engineering")
    padded = replace(answer, statements=tuple(replace(s, text=f"{s.text} {PROSE}" * 5) for s in answer.statements))
    dull = replace(answer, statements=tuple(replace(s, text="Yes.") for s in answer.statements if s.role is not Role.LIMIT))
    scores = {mark(scenario, [a], proofs, solid.topics).score for a in (answer, padded, dull)}
    assert len(scores) == 1


def test_dead_code_shows_nothing(tmp_path: Path) -> None:
    dead = "".join(f"# {line}\n" if line.strip() else "\n" for line in LOADER.split("\n"))
    with opened(tmp_path / "dead", {"loader.py": f"X = 1\n{dead}"}, tmp_path / "cache") as portfolio:
        assert asked(portfolio, "data-engineer/idempotency").score == 0


def test_an_honest_not_shown_is_honest_and_not_strong(solid: Portfolio) -> None:
    result = asked(solid, "staff-engineer/mentorship").results[0]
    assert result.answer.status is Status.NOT_SHOWN
    assert result.marks.score == 0
    assert result.marks.standing is Standing.HONEST
    assert {m.verdict for m in result.marks.points} == {Verdict.ADMITTED}
    assert any("proofolio answer staff-engineer/mentorship" in a for a in result.advice)


def test_denying_what_the_work_has_is_no_admission(solid: Portfolio) -> None:
    (persona,) = examiner.choose(load_personas(), (), ("data-engineer/idempotency",))
    scenario = persona.scenarios[0]
    answer = solid.ask("Which chart library draws the dashboards?")
    denied = replace(answer, status=Status.NOT_SHOWN)
    verdicts = {m.point.text: m.verdict for m in mark(scenario, [denied], Proofs(solid.index), solid.topics).points}
    assert verdicts["Loads replace or merge by a key instead of appending"] is Verdict.SKIPPED


# --- the one who asks --------------------------------------------------------------------------------


def test_the_answer_fits_the_one_who_asks(compiled: Portfolio) -> None:
    from proofolio.answering.plan import plan

    question = "How do you handle errors?"
    first = {p.trade: plan(question, compiled.topics, {}, p.trade).topics for p in load_personas()}
    for trade in ("data-engineering", "backend", "frontend"):
        assert compiled.topics[first[trade][0][0]].trade == trade
    assert plan(question, compiled.topics, {}) == plan(question, compiled.topics, {}, "")


# --- choosing ----------------------------------------------------------------------------------------


def test_scenarios_are_named_with_and_without_their_persona() -> None:
    personas = load_personas()
    assert [p.id for p in examiner.choose(personas, ("staff-engineer",))] == ["staff-engineer"]
    (only,) = examiner.choose(personas, (), ("data-engineer/idempotency",))
    assert [s.key for s in only.scenarios] == ["data-engineer/idempotency"]
    assert examiner.find_scenario(personas, "data-engineer/idempotency")[1].id == "idempotency"
    several = [s.id for p in personas for s in p.scenarios]
    twice = next(s for s in several if several.count(s) > 1)
    assert len(examiner.choose(personas, (), (twice,))) > 1
    for call in (lambda: examiner.choose(personas, ("nobody",)), lambda: examiner.choose(personas, (), ("nothing",)),
                 lambda: examiner.find_scenario(personas, twice), lambda: examiner.find_scenario(personas, "x/y")):  # fmt: skip
        with pytest.raises(Exception, match=r"(There is no|Several personas)"):
            call()


# --- runs --------------------------------------------------------------------------------------------


def kept(name: str, **scores: float) -> runs.Run:
    scenarios = {k.replace("_", "/"): runs.Marked(v, "answered", {"a": "shown" if v else "skipped"}) for k, v in scores.items()}
    return runs.Run(name, sum(scores.values()) / len(scores), {}, scenarios)


def test_two_runs_are_compared_over_what_both_asked() -> None:
    found = runs.compare(kept("1", p_a=50, p_b=0, p_c=10), kept("2", p_a=0, p_b=80, p_d=100))
    assert (found.compared, found.before, found.after) == (2, 25.0, 40.0)
    assert [(c.key, c.gained, c.lost) for c in found.changes] == [("p/a", (), ("a",)), ("p/b", ("a",), ())]
    assert [c.key for c in found.regressions] == ["p/a"]


def test_runs_are_kept_apart_and_the_last_that_fits_is_found(tmp_path: Path) -> None:
    first = runs.keep(kept("20240101T000000Z", p_a=1, p_b=2), tmp_path)
    second = runs.keep(kept("20240101T000000Z", p_a=3), tmp_path)
    assert first.id != second.id
    assert runs.find("last", tmp_path, ["p/a"]) == second
    assert runs.find("last", tmp_path, ["p/a", "p/b"]) == first
    assert runs.find("last", tmp_path, ["p/z"]) is None
    assert runs.find(first.id, tmp_path, []) == first
    with pytest.raises(Exception, match="no run 'nope'"):
        runs.find("nope", tmp_path, [])
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(Exception, match="is no rehearsal"):
        runs.find("other", tmp_path, [])


def test_only_the_newest_hundred_runs_are_kept(tmp_path: Path) -> None:
    for number in range(runs.MAX_KEPT + 3):
        runs.keep(kept(f"2024{number:04}", p_a=1), tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == runs.MAX_KEPT
    assert not (tmp_path / "20240000.json").exists()


# --- the page ----------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """What a page is made of: its tags, where its links lead, its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given.get("href") or ""] if tag == "a" else []
        self.loaded += [f"{tag} {k}" for k in given if k in {"src", "srcset", "action", "data"} or k.startswith("on")]


def test_the_page_is_self_contained_escaped_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    nasty = LOADER.replace("Loads a day of payments.", f"Loads a day {SCRIPT} {ESCAPES}").replace("payments", "payments<b>x</b>")
    with opened(tmp_path / "nasty", {"loader.py": nasty, "README.md": f"# {SCRIPT}\n\nIdempotent loads {SCRIPT}.\n"}, tmp_path / "cache") as portfolio:
        card = asked(portfolio, "data-engineer/idempotency", "documentation")
    before, after = kept(SCRIPT, **{"data-engineer_idempotency": 90}), runs.run_of(card, {})
    html = scorecard_page(card, SCRIPT, runs.compare(before, after))
    page = _Page()
    page.feed(html)
    assert not {"script", "link", "img", "iframe", "object", "form", "b-x"} & set(page.tags)
    assert page.loaded == []
    assert "\x1b" not in html and "\u202e" not in html
    assert len(set(page.ids)) == len(page.ids)
    assert page.links and all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert re.search(r"default-src 'none'; style-src 'sha256-[\w+/=]+'", html)
    assert "no longer shown" in html


# --- the candidate's own words -----------------------------------------------------------------------


def worded(root: Path, cache: Path, words: str, files: Mapping[str, str] | None = None, scenario: str = "data-engineer/idempotency") -> Path:
    """A portfolio whose candidate has written words on a scenario."""
    write(root, files or {"loader.py": LOADER})
    persona, found = examiner.find_scenario(load_personas(), scenario)
    with open_compiled(str(root), Settings(cache=str(cache), encoder="none")) as portfolio:
        path, made = own_words.write_template(root / "proofolio-answers", persona, found, portfolio.ask(found.question))
    assert made
    path.write_text(path.read_text(encoding="utf-8") + words, encoding="utf-8")
    return path


def question_of(scenario: str) -> tuple[Persona, str]:
    persona, found = examiner.find_scenario(load_personas(), scenario)
    return persona, found.question


def test_own_words_are_said_as_such_after_the_evidence_and_earn_no_point(tmp_path: Path) -> None:
    words = "The bank sent us the same file twice every quarter end, so my team lead asked for loads that can be repeated.\n"
    root = tmp_path / "payments"
    path = worded(root, tmp_path / "cache", words)
    with open_compiled(str(root), Settings(cache=str(tmp_path / "cache"), encoder="none")) as portfolio:
        answer = portfolio.ask(question_of("data-engineer/idempotency")[1])
        result = asked(portfolio, "data-engineer/idempotency").results[0]
    said = [s for s in answer.statements if s.text.startswith("I say: ")]
    assert len(said) == 1 and "The bank sent us the same file twice" in said[0].text
    assert answer.statements[0] is not said[0]
    (citation,) = said[0].citations
    assert citation.path == "proofolio-answers/data-engineer/idempotency.md"
    assert citation.quote == path.read_text(encoding="utf-8").split("\n")[(citation.start or 0) - 1]
    assert not any(c.path == citation.path for m in result.marks.points for c in m.citations)
    assert not any("proofolio answer" in a for a in result.advice)


def test_the_template_itself_is_never_quoted_and_proves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "payments"
    worded(root, tmp_path / "cache", "")
    with open_compiled(str(root), Settings(cache=str(tmp_path / "cache"), encoder="none")) as portfolio:
        document = portfolio.document("payments", "proofolio-answers/data-engineer/idempotency.md")
        assert document is not None and document.text.strip() == ""
        assert document.flags["statement"] == question_of("data-engineer/idempotency")[1]
        answer = portfolio.ask(question_of("data-engineer/idempotency")[1])
    assert not any("I say" in s.text for s in answer.statements)
    assert not any("proofolio-answers" in c.path for s in answer.statements for c in s.citations)


def test_own_words_turn_not_shown_into_partial_at_most(tmp_path: Path) -> None:
    root, scenario = tmp_path / "payments", "staff-engineer/mentorship"
    worded(root, tmp_path / "cache", "At my last employer I paired with every new colleague for a month.\n", scenario=scenario)
    settings = Settings(cache=str(tmp_path / "cache"), encoder="none", voice="third")
    with open_compiled(str(root), settings) as portfolio:
        answer = portfolio.ask(question_of(scenario)[1])
        assert asked(portfolio, scenario).score == 0
    assert answer.status is Status.PARTIAL
    assert answer.statements[0].role is Role.LIMIT
    assert any(s.text.startswith('The candidate says: "At my last employer') for s in answer.statements)


@pytest.mark.parametrize(
    ("words", "conflict"),
    [
        ("I built the loads on Apache Airflow with nightly runs.\n", "Airflow"),
        ("I chose plain Python instead of Apache Airflow for the loads.\n", ""),
        ("The loads never used SQLite for anything here.\n", "SQLite"),
    ],
)
def test_the_code_contradicts_own_words_openly(words: str, conflict: str, tmp_path: Path) -> None:
    root = tmp_path / "payments"
    worded(root, tmp_path / "cache", words)
    with open_compiled(str(root), Settings(cache=str(tmp_path / "cache"), encoder="none")) as portfolio:
        answer = portfolio.ask(question_of("data-engineer/idempotency")[1])
    conflicts = [s for s in answer.statements if s.role is Role.CONFLICT and "own words" in s.text]
    assert [conflict in s.text for s in conflicts] == ([True] if conflict else [])
    assert all(any("proofolio-answers" in c.path for c in s.citations) for s in conflicts)


def test_own_words_beside_a_configuration_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"work/loader.py": LOADER, "proofolio.toml": 'sources = ["work"]\n'})
    worded(tmp_path, tmp_path / "cache", "The bank sent every file twice.\n", {"work/loader.py": LOADER})
    with open_compiled(str(tmp_path), Settings(cache=str(tmp_path / "cache"), encoder="none")) as portfolio:
        answer = portfolio.ask(question_of("data-engineer/idempotency")[1])
    assert any(s.text == 'I say: "The bank sent every file twice."' for s in answer.statements)


# --- the commands ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run the command line in this process."""

    def call(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["proofolio", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return Done(int(ended.value.code or 0), shown.out, shown.err)

    return call


def test_a_rehearsal_in_the_shape_of_the_contract(run: Callable[..., Done], tmp_path: Path) -> None:
    write(tmp_path / "payments", {"loader.py": LOADER})
    done = run("rehearse", tmp_path / "payments", "--persona", "data-engineer", "--format", "json", "--cache", tmp_path / "c", "--encoder", "none")
    assert done.status == 0
    assert "10 of 10 scenarios" in done.err
    card = json.loads(done.out)
    assert 0 <= card["score"] <= 100
    assert len(card["scenarios"]) == 10
    for scenario in card["scenarios"]:
        assert {"persona", "scenario", "score", "status", "question", "answer", "points", "follow_ups", "advice"} <= set(scenario)
        assert scenario["status"] == scenario["answer"]["status"]
        assert {p["verdict"] for p in scenario["points"]} <= {"shown", "admitted_missing", "skipped"}
        assert all(p["citations"] for p in scenario["points"] if p["verdict"] == "shown")
        assert all(f["answer"]["question"] == f["question"] for f in scenario["follow_ups"])
    assert card["score"] == pytest.approx(sum(s["score"] for s in card["scenarios"]) / 10, abs=0.06)


def test_files_comparison_and_gates(run: Callable[..., Done], tmp_path: Path) -> None:
    root, page, baseline = tmp_path / "payments", tmp_path / "card.html", tmp_path / "base.json"
    write(root, {"loader.py": LOADER, "tests/test_loader.py": LOADER_TEST})
    commit(root)
    words = ["rehearse", root, "--scenario", "data-engineer/idempotency", "--cache", tmp_path / "c", "--encoder", "none", "-q"]
    first = run(*words, "--output", page, "--output", baseline, "--fail-on-regression")
    assert first.status == 0
    assert "there is no earlier run" in first.err
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "data-engineer/idempotency" in first.out
    assert run(*words, "--fail-on-regression").status == 0
    under = run(*words, "--fail-under", "99")
    assert (under.status, under.err.count("\n")) == (4, 1)

    (root / "loader.py").write_text("print('hello')\n", encoding="utf-8")
    (root / "tests" / "test_loader.py").unlink()
    commit(root)
    worse = run(*words, "--fail-on-regression")
    assert worse.status == 4
    assert "no longer shown: Loads replace or merge by a key" in worse.out
    assert "data-engineer/idempotency (" in worse.err
    assert json.loads(run(*words, "--since", baseline, "--format", "json").out)["changes"]["regressions"] == ["data-engineer/idempotency"]
    assert run(*words, "--since", "last", "--fail-on-regression").status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--persona", "nobody"), "no persona 'nobody'"),
        (("--scenario", "nothing"), "no scenario 'nothing'"),
        (("--personas", "no-such-folder"), "no persona file"),
        (("--output", "no-such-folder/card.html"), "cannot be written"),
        (("--fail-under", "200"), "fail-under"),
        (("--scenario", "data-engineer/idempotency", "--since", "nope"), "no run 'nope'"),
    ],
)
def test_bad_usage_is_one_sentence_and_status_2(words: tuple[str, ...], said: str, run: Callable[..., Done], tmp_path: Path) -> None:
    write(tmp_path / "payments", {"loader.py": LOADER})
    done = run("rehearse", tmp_path / "payments", *words, "--cache", tmp_path / "c", "--encoder", "none", "-q")
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_answer_writes_a_file_once_and_prints_its_path(run: Callable[..., Done], tmp_path: Path) -> None:
    root = write(tmp_path / "payments", {"loader.py": LOADER})
    words = ["answer", root, "data-engineer/idempotency", "--cache", tmp_path / "c", "--encoder", "none"]
    done = run(*words)
    path = Path(done.out.strip())
    assert done.status == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ") and "loader.py:" in text and "## My words" in text
    path.write_text(f"{text}Mine.\n", encoding="utf-8")
    again = run(*words)
    assert again.out == done.out
    assert "left as it is" in again.err
    assert path.read_text(encoding="utf-8").endswith("Mine.\n")
    assert run("answer", root, "no/such", "--cache", tmp_path / "c").status == 2
    assert run("answer", "https://example.org/x.git", "data-engineer/idempotency").status == 2


def test_a_persona_of_ones_own_is_rehearsed(run: Callable[..., Done], tmp_path: Path) -> None:
    from test_personas import PERSONA, store

    write(tmp_path / "payments", {"loader.py": LOADER})
    (tmp_path / "personas").mkdir()
    store(tmp_path / "personas", PERSONA)
    done = run("rehearse", tmp_path / "payments", "--personas", tmp_path / "personas", "--persona", "recruiter", "--format", "json",
               "--cache", tmp_path / "c", "--encoder", "none", "-q")  # fmt: skip
    card = json.loads(done.out)
    assert [s["scenario"] for s in card["scenarios"]] == ["loads", "tests"]
    assert card["scenarios"][0]["score"] == 100
