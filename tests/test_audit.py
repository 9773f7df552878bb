"""The audit: each kind of false claim is told, what is true or planned is not accused, citations hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from conftest import commit, git, write
from proofolio.audit.auditor import audit
from proofolio.audit.claims import is_plan
from proofolio.audit.observed import same
from proofolio.audit.practices import practices
from proofolio.audit.records import AuditedClaim
from proofolio.audit.resume import read_resume
from proofolio.cli import cli
from proofolio.core.errors import PortfolioError
from proofolio.settings import Settings
from proofolio.workflows import open_compiled

SAMPLE = Path(__file__).parent.parent / "examples" / "sample-portfolio"
TRAIN = """import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

frame = pd.read_csv("data/x.csv")
X_train, X_test, y_train, y_test = train_test_split(frame, frame.y, test_size=0.2)
model = RandomForestClassifier(n_estimators=300, max_depth=6, class_weight={0: 1, 1: 2})
model.fit(X_train, y_train)
"""
COMPOSE = """services:
  api:
    build: .
    ports:
      - "8123:8123"
  store:
    image: mongo:6
"""
API = """from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/list")
def orders():
    return []
"""
Audited = Callable[..., dict[str, AuditedClaim]]


def make(root: Path, readme: str, files: Mapping[str, str], before: Mapping[str, str] | None = None) -> Path:
    """A repository with a README; ``before`` is an earlier commit whose files are gone or changed."""
    root.mkdir()
    if before:
        write(root, before)
        commit(root, "before")
        for name in before:
            (root / name).unlink()
    write(root, {"README.md": readme, **files})
    commit(root)
    return root


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    def run(readme: str, files: Mapping[str, str], before: Mapping[str, str] | None = None, resume: str = "") -> dict[str, AuditedClaim]:
        root = make(tmp_path / "work", readme, files, before)
        document = None
        if resume:
            write(tmp_path, {"cv.md": resume})
            document = read_resume(tmp_path / "cv.md")
        settings = Settings(cache=str(tmp_path / "cache"), encoder="none")
        with open_compiled(str(root), settings, vectors="later") as opened:
            claims = audit(opened.index, document)
            for claim in claims:
                for citation in (claim.where, *claim.evidence):
                    held = opened.index.document(citation.source, citation.path)
                    if held is not None and citation.commit == held.commit and citation.start:
                        assert citation.quote == "\n".join(held.text.split("\n")[citation.start - 1 : citation.end])
        return {c.text: c for c in claims}

    return run


def only(claims: Mapping[str, AuditedClaim], part: str) -> AuditedClaim:
    found = [c for text, c in claims.items() if part.lower() in text.lower()]
    assert found, f"no claim has {part!r}: {list(claims)}"
    return found[0]


# --- the kinds of claims ----------------------------------------------------------------------------

SCORES = {"results/metrics.json": '{"random_forest": {"auc": 0.8123, "accuracy": 0.794}}\n'}
CASES = [
    pytest.param("The random forest reached an AUC of 0.95.", {"train.py": TRAIN, **SCORES}, "0.95", "contradicted", id="a score that no run put out"),
    pytest.param("The random forest reached an AUC of 0.81.", {"train.py": TRAIN, **SCORES}, "0.81", "supported", id="a score at its own precision"),
    pytest.param("It has an accuracy of 79 %.", {"train.py": TRAIN, **SCORES}, "79", "supported", id="a score in percent"),
    pytest.param("It has an F1 score of 0.77.", {"train.py": TRAIN, **SCORES}, "0.77", "unsupported", id="a score without an output"),
    pytest.param("I use a class weight of 1:3.", {"train.py": TRAIN}, "1:3", "contradicted", id="another class weight"),
    pytest.param("I use a class weight of 1:2.", {"train.py": TRAIN}, "1:2", "supported", id="the class weight"),
    pytest.param("A max depth of 12 was chosen.", {"train.py": TRAIN}, "max depth", "contradicted", id="another parameter"),
    pytest.param("The split is 70/30 into train and test.", {"train.py": TRAIN}, "70/30", "contradicted", id="another split"),
    pytest.param("The split is 80/20 into train and test.", {"train.py": TRAIN}, "80/20", "supported", id="the split"),
    pytest.param("Models are trained with XGBoost.", {"train.py": TRAIN}, "XGBoost", "unsupported", id="a technology without a trace"),
    pytest.param("Models are trained with XGBoost.", {"train.py": TRAIN, "requirements.txt": "xgboost==2.0\n"}, "XGBoost", "overstated", id="a technology only in the requirements"),
    pytest.param("Tables are handled with pandas.", {"train.py": TRAIN}, "pandas", "supported", id="a technology in use"),
    pytest.param("The code has comprehensive unit tests.", {"train.py": TRAIN}, "unit tests", "unsupported", id="tests that are not there"),
    pytest.param("The code has unit tests.", {"test_a.py": "def test_a():\n    assert 1 + 1 == 2\n"}, "unit tests", "supported", id="tests"),
    pytest.param("A CI/CD pipeline checks it.", {"train.py": TRAIN}, "CI/CD", "unsupported", id="no CI"),
    pytest.param("Tested with 90% coverage.", {"test_a.py": "def test_a():\n    assert 1\n"}, "90%", "unsupported", id="coverage that nothing measures"),
    pytest.param("[![c](https://codecov.io/x/badge.svg)](https://codecov.io)", {"a.py": "x = 1\n", ".coveragerc": "[run]\nomit =\n    app/hard_part.py\n"}, "badge", "overstated", id="a badge that leaves files out"),
    pytest.param("[![c](https://codecov.io/x/badge.svg)](https://codecov.io)", {"a.py": "x = 1\n", "tox.ini": "[testenv]\ncommands = pytest --cov\n", ".coveragerc": "[run]\nomit =\n    tests/*\n"}, "badge", "not_checkable", id="a badge that leaves only tests out"),
    pytest.param("A real-time streaming pipeline.", {"run.py": '"""Nightly batch of the orders."""\nx = 1\n'}, "real-time", "contradicted", id="a batch is no stream"),
    pytest.param("A real-time streaming pipeline.", {"run.py": 'from kafka import KafkaConsumer\n\nfor m in KafkaConsumer("t"):\n    print(m)\n'}, "real-time", "supported", id="a stream"),
    pytest.param("The data are served by public endpoints.", {"api/settings.py": "REST_FRAMEWORK = {\n    'DEFAULT_PERMISSION_CLASSES': ('rest_framework.permissions.IsAuthenticated',),\n}\n"}, "public", "contradicted", id="endpoints that need a token"),
    pytest.param("MongoDB (service store) persists the orders.", {"docker-compose.yml": COMPOSE}, "persists", "overstated", id="a store without a volume"),
    pytest.param("MongoDB (service store) persists the orders.", {"docker-compose.yml": COMPOSE + "    volumes:\n      - d:/data/db\n"}, "persists", "supported", id="a store with a volume"),
    pytest.param("Run it:\n\n```\npython src/train.py\n```", {"model.py": TRAIN}, "src/train.py", "unsupported", id="a command whose script is not there"),
    pytest.param("Run it:\n\n```\npython src/train.py\n```", {"lib/train.py": TRAIN, "src/other.py": "x = 1\n"}, "src/train.py", "contradicted", id="a script that lies elsewhere"),
    pytest.param("Run it:\n\n```\nmake deploy\n```", {"Makefile": "test:\n\tpytest\n"}, "make deploy", "unsupported", id="a target that is not there"),
    pytest.param("Run it:\n\n```\nmake test\n```", {"Makefile": "test:\n\tpytest\n"}, "make test", "supported", id="a target"),
    pytest.param("Needs Python 3.12.", {"Dockerfile": "FROM python:3.9-slim\nCMD python a.py\n"}, "Python 3.12", "contradicted", id="another Python"),
    pytest.param("Needs Python 3.8+.", {"Dockerfile": "FROM python:3.9-slim\nCMD python a.py\n"}, "Python 3.8", "supported", id="a newer Python than asked for"),
    pytest.param("## License\n\nApache 2.0.", {"LICENSE": "MIT License\n\nPermission is hereby granted, free of charge\n", "a.py": "x = 1\n"}, "Apache", "contradicted", id="another licence"),
    pytest.param("It has over 50 endpoints.", {"api.py": API}, "50 endpoints", "overstated", id="far fewer routes"),
    pytest.param("It comes with 3 notebooks.", {"a.ipynb": '{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "a.py": "x = 1\n"}, "3 notebooks", "overstated", id="fewer notebooks"),
    pytest.param("Set `ORDER_LIMIT` (default `50`).", {"a.py": "import os\n\nlimit = int(os.getenv('ORDER_LIMIT', '20'))\n"}, "ORDER_LIMIT defaults", "contradicted", id="another default"),
    pytest.param("Set `ORDER_LIMIT` first.", {"a.py": "limit = 3\n"}, "ORDER_LIMIT", "unsupported", id="a setting that nothing reads"),
    pytest.param("`GET /orders/list` lists, `GET /orders/export` exports.", {"api.py": API}, "/orders/export", "unsupported", id="a route that is not there"),
    pytest.param("The model is state-of-the-art.", {"train.py": TRAIN}, "state-of-the-art", "not_checkable", id="a judgement"),
    pytest.param("It reduced churn by 20%.", {"train.py": TRAIN}, "20%", "not_checkable", id="an outcome in the world"),
    pytest.param("There is no data leakage.", {"train.py": TRAIN}, "leakage", "unsupported", id="leakage that nothing rules out"),
    pytest.param("The model does not overfit.", {"train.py": TRAIN}, "overfit", "overstated", id="guards without a comparison"),
    pytest.param("The regression model fits the data well.", {"fit.py": "import statsmodels.api as sm\n\nmodel = sm.OLS(y, x)\nprint(model.fit().summary())\n"}, "fits the data", "overstated", id="judged on its own data"),
]  # fmt: skip


@pytest.mark.parametrize(("readme", "files", "part", "verdict"), CASES)
def test_a_claim_gets_its_verdict(audited: Audited, readme: str, files: Mapping[str, str], part: str, verdict: str) -> None:
    claim = only(audited(f"# Work\n\n{readme}\n", files), part)
    assert (str(claim.verdict), claim.where.path) == (verdict, "README.md")
    if verdict in {"contradicted", "overstated", "supported"}:
        assert claim.evidence
    if verdict == "unsupported":
        assert claim.searched


NO_CLAIMS = [
    pytest.param("## Roadmap\n\nKubernetes and unit tests.", id="a roadmap"),
    pytest.param("Kafka support is planned.", id="a plan"),
    pytest.param("- [ ] Dockerise with Kubernetes", id="an unticked box"),
    pytest.param("I chose files instead of Kafka.", id="what was waived"),
    pytest.param("There is no Kafka here, and it is not tested in CI.", id="what is denied"),
    pytest.param("In case of `xgboost.core.XGBoostError: x`, start again.", id="an error message"),
    pytest.param("Kafka may be put before it (if needed).", id="what holds only in some case"),
    pytest.param("## References\n\nInspired by Kafka.", id="references"),
    pytest.param("Copy it to `.env` and put the data into `data/raw.csv`.", id="files that are kept out"),
    pytest.param("```\ngit clone https://example.org/x\ncd x\nbash ~/other/run.sh\n```", id="commands about other things"),
]


@pytest.mark.parametrize("readme", NO_CLAIMS)
def test_what_is_no_claim_is_not_accused(audited: Audited, readme: str) -> None:
    claims = audited(f"# Work\n\n{readme}\n", {"train.py": TRAIN})
    assert not [c for c in claims.values() if str(c.verdict) not in {"supported", "not_checkable"}]


def test_a_claim_that_was_true_earlier_is_stale_and_cites_the_earlier_commit(audited: Audited) -> None:
    before = {"boost.py": "import xgboost as xgb\n\nmodel = xgb.XGBClassifier(max_depth=3)\nmodel.fit([[1]], [1])\n", "results/metrics.json": '{"auc": 0.93}\n'}
    files = {"train.py": TRAIN, "results/metrics.json": '{"auc": 0.81}\n'}
    claims = audited("# Work\n\nModels are trained with XGBoost, see `boost.py`. The AUC is 0.93.\n", files, before)
    for part, quoted in (("XGBoost", "xgboost"), ("boost.py", "xgboost"), ("0.93", "0.93")):
        claim = only(claims, part)
        assert str(claim.verdict) == "stale"
        past = claim.evidence[-1]
        assert past.commit and past.commit != claim.where.commit and quoted in past.quote


def test_a_comparison_is_held_against_both_scores(audited: Audited) -> None:
    files = {"a.py": "import xgboost\n\nxgboost.train({})\n", "results/metrics.json": '{"xgboost": {"auc": 0.80}, "logistic": {"auc": 0.84}}\n'}
    claim = only(audited("# Work\n\nXGBoost is clearly ahead of logistic regression in AUC.\n", files), "ahead of")
    assert str(claim.verdict) == "contradicted" and claim.rewording and "0.84" in claim.why


def test_a_resume_from_outside_is_held_against_the_work(audited: Audited) -> None:
    resume = "# Ann\n\n## Projects\n\n- Built models with XGBoost.\n- Led a team of five engineers.\n"
    claims = audited("# Work\n", {"train.py": TRAIN}, None, resume)
    assert str(only(claims, "XGBoost").verdict) == "unsupported"
    led = only(claims, "Led a team")
    assert str(led.verdict) == "not_checkable" and led.where.commit is None and led.where.start == 6


def test_a_resume_as_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "me.json"
    path.write_text(json.dumps({"basics": {"name": "Ann"}, "work": [{"highlights": ["Used Kafka in real-time streaming pipelines."]}]}, indent=1))
    document = read_resume(path)
    root = make(tmp_path / "work", "# Work\n", {"train.py": TRAIN})
    with open_compiled(str(root), Settings(cache=str(tmp_path / "c"), encoder="none"), vectors="later") as opened:
        found = {c.text: str(c.verdict) for c in audit(opened.index, document)}
    assert found["Kafka"] == "unsupported"


def test_a_resume_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(PortfolioError, match="cannot be read"):
        read_resume(tmp_path / "none.md")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(PortfolioError, match="cannot be read"):
        read_resume(tmp_path / "broken.pdf")


def test_the_sample_is_caught_in_its_two_overclaims_and_in_nothing_else(tmp_path: Path) -> None:
    with open_compiled(str(SAMPLE), Settings(cache=str(tmp_path), encoder="none"), vectors="later") as opened:
        claims = audit(opened.index)
    accused = [c for c in claims if str(c.verdict) not in {"supported", "not_checkable"}]
    planted = {"XGBoost reached an AUC of 0.89", "XGBoost ahead of logistic", "real-time streaming fraud detection"}
    assert {p for p in planted if any(p in c.text for c in accused)} == planted
    assert all(c.where.path.startswith("resume.") and any(p in c.text for p in planted) for c in accused)
    assert sum(1 for c in claims if str(c.verdict) == "supported") > 40


# --- the command ----------------------------------------------------------------------------------


def test_the_command_prints_the_contract_and_gates_with_a_status_of_its_own(tmp_path: Path) -> None:
    root = make(tmp_path / "work", "# Work\n\nThe random forest reached an AUC of 0.95.\n", {"train.py": TRAIN, **SCORES})
    cache = ["--cache", str(tmp_path / "c"), "--encoder", "none", "-q"]
    done = CliRunner().invoke(cli, ["audit", str(root), "--format", "json", *cache])
    assert done.exit_code == 0
    claim = next(c for c in json.loads(done.stdout)["claims"] if c["verdict"] == "contradicted")
    assert set(claim) == {"text", "where", "verdict", "evidence", "searched", "rewording"}
    assert claim["where"]["path"] == "README.md" and claim["evidence"][0]["path"] == "results/metrics.json"
    assert len(claim["where"]["sha256"]) == 64 and claim["rewording"] == "auc 0.8123"
    assert CliRunner().invoke(cli, ["audit", str(root), "--fail-on", "contradicted", *cache]).exit_code == 4
    assert CliRunner().invoke(cli, ["audit", str(root), "--fail-on", "stale", *cache]).exit_code == 0
    text = CliRunner().invoke(cli, ["audit", str(root), "--all", *cache]).stdout
    assert "Contradicted" in text and "could say: auc 0.8123" in text and "Supported" in text


def test_a_folder_without_history_is_audited(tmp_path: Path) -> None:
    write(tmp_path / "plain", {"README.md": "# W\n\nRun `python src/go.py`, built with XGBoost.\n", "train.py": TRAIN})
    with open_compiled(str(tmp_path / "plain"), Settings(cache=str(tmp_path / "c"), encoder="none"), vectors="later") as opened:
        found = {c.text: (str(c.verdict), c.where.commit) for c in audit(opened.index)}
    assert found["XGBoost"] == ("unsupported", None) and found["python src/go.py"] == ("unsupported", None)


def test_secrets_of_an_earlier_commit_are_not_quoted(audited: Audited) -> None:
    key = "AKIA" + "Z7QX4TNM2LHWJ5RB"
    claims = audited("# W\n\nKeys: `ORDER_TOKEN_NAME`.\n", {"a.py": "x = 1\n"}, {"b.py": f'ORDER_TOKEN_NAME = "{key}"\n'})
    claim = only(claims, "ORDER_TOKEN_NAME")
    assert str(claim.verdict) == "stale" and key not in json.dumps(claim.to_json())


# --- parts ------------------------------------------------------------------------------------------


@given(st.floats(min_value=0.001, max_value=0.999), st.integers(min_value=1, max_value=4))
def test_a_rounded_score_reads_as_the_score(value: float, places: int) -> None:
    assert same(f"{value:.{places}f}", value)
    assert same(f"{value * 100:.{places}f}%", value)


@given(st.floats(min_value=0.1, max_value=0.8), st.floats(min_value=0.02, max_value=0.19))
def test_another_score_does_not(value: float, more: float) -> None:
    assert not same(f"{value + more:.3f}", value)


def test_every_practice_can_be_checked_by_something() -> None:
    for practice in practices():
        assert practice.rules or practice.code or practice.files or practice.against or practice.tests or practice.volumes, practice.id
        assert bool(practice.against) == bool(practice.refutes) == bool(practice.instead), practice.id
    assert len({p.id for p in practices()}) == len(practices())


@pytest.mark.parametrize(("text", "plan"), [("Kafka support is planned.", True), ("I will assign a weight of 3.", False), ("It will be added.", True), ("Uses Kafka.", False)])
def test_a_plan_is_told_from_a_claim(text: str, plan: bool) -> None:
    assert is_plan(text) is plan


def test_the_repository_is_left_as_it_was(tmp_path: Path, audited: Audited) -> None:
    audited("# W\n\nBuilt with XGBoost.\n", {"a.py": "x = 1\n"})
    assert git(tmp_path / "work", "status", "--porcelain") == ""
