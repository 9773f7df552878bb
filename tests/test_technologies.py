"""Each technology is proved by its own example; liveness by small files of each language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofolio.core.errors import PackError
from proofolio.core.records import Document, FileEntry, Liveness, SourceInfo, TechnologyUse
from proofolio.evidence.compiled import compiled_path, fingerprint, load_compiled
from proofolio.evidence.registry import build, load_registry, pack_files
from proofolio.evidence.rules import read_pack
from proofolio.evidence.technologies import (
    builtin_registry,
    mentioned_in,
    technology_uses,
    unused_imports,
    words_of,
)
from proofolio.readers import read

REGISTRY = builtin_registry()
ENTRIES: list[dict[str, Any]] = [entry for path in pack_files() for entry in read_pack(path)]


def document(path: str, text: str) -> Document:
    raw = text.encode()
    entry = FileEntry(path=path, size=len(raw), blob="", read=lambda: raw)
    found = read(entry, SourceInfo(name="work", kind="folder", location="."), lambda body, _: body)
    assert found is not None, path
    return found


def notebook(*cells: tuple[str, str] | tuple[str, str, str]) -> str:
    """A notebook of (kind, source[, printed output]) cells."""
    made = []
    for kind, source, *output in cells:
        cell: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": {}}
        if kind == "code":
            printed = [{"output_type": "stream", "name": "stdout", "text": output[0]}] if output else []
            cell |= {"outputs": printed, "execution_count": 1}
        made.append(cell)
    meta = {"language_info": {"name": "python"}}
    return json.dumps({"cells": made, "metadata": meta, "nbformat": 4, "nbformat_minor": 5})


def uses(path: str, text: str, technology: str) -> list[TechnologyUse]:
    return [u for u in technology_uses(document(path, text)) if u.technology == technology]


def livenesses(path: str, text: str, technology: str) -> set[Liveness]:
    return {u.liveness for u in uses(path, text, technology)}


# --- the packs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e["id"])
def test_example_is_live_and_counterexample_is_not(entry: dict[str, Any]) -> None:
    for path, text in entry["example"].items():
        assert Liveness.LIVE in livenesses(path, text, entry["id"]), f"{path}: {text!r} shows no live use"
    for path, text in entry["counterexample"].items():
        assert Liveness.LIVE not in livenesses(path, text, entry["id"]), f"{path}: {text!r} shows live use"


def test_there_are_technologies_for_every_trade() -> None:
    assert len(REGISTRY.technologies) >= 350
    for known in (
        "scikit-learn",
        "kafka",
        "dbt",
        "power-bi",
        "fastapi",
        "react",
        "vault",
        "kubernetes",
        "postgresql",
        "aws",
        "jwt",
    ):
        assert known in REGISTRY.technologies


def test_the_compiled_pack_is_fresh() -> None:
    compiled = json.loads(compiled_path("technologies").read_text(encoding="utf-8"))
    assert compiled["sources"] == fingerprint(pack_files()), "run `python -m proofolio.evidence.compiled`"
    assert compiled["entries"] == build(pack_files())


def test_a_stale_compiled_pack_is_not_used(tmp_path: Path) -> None:
    pack = tmp_path / "mine.yaml"
    pack.write_text("- id: x\n", encoding="utf-8")
    assert load_compiled("technologies", [pack], lambda _: [{"id": "built"}]) == [{"id": "built"}]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"category": None}, "lacks 'category'"),
        ({"colour": "red"}, "unknown fields: colour"),
        ({"imports": {"cobol": ["x"]}}, "imports has no 'cobol'"),
        ({"aliases": [3]}, "no list of strings"),
        ({"code": [{"pattern": "x"}]}, "code needs anchors"),
        ({"code": [{"anchors": ["x"], "pattern": "("}]}, "no regular expression"),
    ],
)
def test_a_malformed_entry_says_what_is_wrong(tmp_path: Path, change: Mapping[str, Any], says: str) -> None:
    good = {"id": "x", "name": "X", "category": "tool", "example": {"a": "b"}, "counterexample": {"a": "b"}}
    entry = {k: v for k, v in (good | dict(change)).items() if v is not None}
    pack = tmp_path / "mine.yaml"
    pack.write_text(json.dumps([entry]), encoding="utf-8")
    with pytest.raises(PackError, match=says.replace("(", "\\(")):
        build([pack])


def test_defining_a_technology_twice_is_an_error(tmp_path: Path) -> None:
    entry = {"id": "x", "name": "X", "category": "tool", "example": {"a": "b"}, "counterexample": {"a": "b"}}
    pack = tmp_path / "mine.yaml"
    pack.write_text(json.dumps([entry, entry]), encoding="utf-8")
    with pytest.raises(PackError, match="defined twice"):
        build([pack])


def test_alternatives_stand_in_the_same_category() -> None:
    assert {"rabbitmq", "sqs", "redis"} <= set(REGISTRY.alternatives("kafka"))
    assert "kafka" not in REGISTRY.alternatives("kafka")
    assert "postgresql" not in REGISTRY.alternatives("kafka")
    assert {"lightgbm", "catboost"} <= set(REGISTRY.alternatives("xgboost"))


def test_a_registry_of_ones_own() -> None:
    own = load_registry(
        [{"id": "acme", "name": "AcmeDB", "category": "database", "imports": {"python": ["acmedb"]}}]
    )
    found = technology_uses(document("a.py", "import acmedb\n\nacmedb.connect()\n"), own)
    assert [(u.technology, u.start, u.liveness) for u in found] == [("acme", 3, Liveness.LIVE)]
    assert [m.technology.id for m in mentioned_in("Why AcmeDB?", own)] == ["acme"]


# --- imports --------------------------------------------------------------------------------------

USED = [
    ("a.py", "import xgboost as xgb\n\nmodel = xgb.XGBClassifier()\n", "xgboost", 3),
    ("a.py", "from sklearn import metrics as m, svm\nprint(m.f1_score(1, 1))\n", "scikit-learn", 2),
    (
        "a.py",
        "from pandas import (\n    DataFrame as Frame,  # kept\n    Series,\n)\n\nframe = Frame()\n",
        "pandas",
        6,
    ),
    ("a.py", "import google.cloud.bigquery\n\nc = google.cloud.bigquery.Client()\n", "bigquery", 3),
    ("a.py", "import numpy as np\nx = f'{np.mean([1])}'\n", "numpy", 2),
    ("a.py", 'import pandas as pd\n\n\ndef f(x: "pd.DataFrame") -> None: ...\n', "pandas", 4),
    ("a.py", "def f():\n    import redis\n    return redis.Redis()\n", "redis", 3),
    ("a.ts", "import React, { useState as state } from 'react';\nconst [a] = state(0);\n", "react", 2),
    ("a.ts", "import * as d3 from 'd3';\n\nd3.select('x');\n", "d3", 3),
    ("a.js", "const { Pool } = require('pg');\n\nnew Pool();\n", "postgresql", 3),
    ("a.js", "const app = require('express')();\n", "express", 1),
    ("a.tsx", "import {\n  useQuery,\n} from '@tanstack/react-query';\nuseQuery({});\n", "tanstack-query", 4),
    ("a.tsx", "import React from 'react';\nexport const A = () => <p>hi</p>;\n", "react", 1),
    (
        "main.go",
        'package main\n\nimport (\n\t"fmt"\n\tgoredis "github.com/redis/go-redis/v9"\n)\n\nvar c = goredis.NewClient(nil)\n',
        "redis",
        8,
    ),
    (
        "A.java",
        "import org.apache.kafka.clients.producer.KafkaProducer;\n\nclass A { KafkaProducer p; }\n",
        "kafka",
        3,
    ),
    ("a.R", "library(survival)\nfit <- survfit(Surv(t, e) ~ 1)\n", "r-survival", 1),
    ("a.R", "fit <- survival::coxph(s ~ x)\n", "r-survival", 1),
    ("a.rs", "use tokio::net::TcpListener;\n", "tokio", 1),
]


@pytest.mark.parametrize(("path", "text", "technology", "line"), USED)
def test_imported_and_used_is_live_where_it_is_used(path: str, text: str, technology: str, line: int) -> None:
    live = [u for u in uses(path, text, technology) if u.liveness is Liveness.LIVE]
    assert line in {u.start for u in live}


DEAD = [
    (
        "a.py",
        "from imblearn.over_sampling import SMOTE, ADASYN\n\nADASYN()\nprint('SMOTE is not used')  # SMOTE()\n",
        "smote",
    ),
    ("a.py", 'import xgboost as xgb\n\n\ndef f():\n    """Call xgb.train here."""\n', "xgboost"),
    ("a.py", "import requests\n\nclass A:\n    def f(self):\n        return self.requests\n", "requests"),
    ("a.py", "import redis\n\nconnect(redis=None)\n", "redis"),
    ("a.py", "import shap\n\n# shap.TreeExplainer(model)\n", "shap"),
    ("a.ts", "import axios from 'axios';\n\n// axios.get('/x')\nexport const a = { axios: 1 };\n", "axios"),
    ("a.ts", "import axios from 'axios';\n/* axios.get('/x')\n   axios.put('/y') */\n", "axios"),
    ("A.java", "import org.apache.kafka.clients.producer.KafkaProducer;\n\nclass A { }\n", "kafka"),
]


@pytest.mark.parametrize(("path", "text", "technology"), DEAD)
def test_imported_and_never_used_is_imported_only(path: str, text: str, technology: str) -> None:
    assert livenesses(path, text, technology) == {Liveness.IMPORTED_ONLY}


def test_a_dead_symbol_is_told_from_its_used_library() -> None:
    text = (
        "from imblearn.over_sampling import SMOTE\nfrom imblearn.pipeline import Pipeline\n\nPipeline([])\n"
    )
    assert livenesses("a.py", text, "smote") == {Liveness.IMPORTED_ONLY}
    assert livenesses("a.py", text, "imbalanced-learn") == {Liveness.LIVE}


def test_commented_imports_are_commented() -> None:
    assert livenesses("a.py", "# import xgboost as xgb\nx = 1\n", "xgboost") == {Liveness.COMMENTED}
    assert livenesses("a.ts", "// import axios from 'axios';\n", "axios") == {Liveness.COMMENTED}
    assert livenesses("a.R", "# library(xgboost)\n", "xgboost") == {Liveness.COMMENTED}


def test_an_import_in_a_docstring_is_no_import() -> None:
    assert uses("a.py", '"""Example:\n\nimport xgboost\nxgboost.train()\n"""\n', "xgboost") == []


def test_side_effect_imports_are_live() -> None:
    assert livenesses("a.ts", "import 'bootstrap/dist/css/bootstrap.css';\n", "bootstrap") == {Liveness.LIVE}
    assert livenesses("m.go", 'package m\n\nimport _ "github.com/lib/pq"\n', "postgresql") == {Liveness.LIVE}


def test_what_a_package_hands_on_is_live() -> None:
    for path, text in (
        ("app/__init__.py", "from redis import Redis\n"),
        ("app/cache.py", "from redis import Redis as Redis\n"),
        ("app/cache.py", "from redis import Redis\n\n__all__ = ['Redis']\n"),
    ):
        assert livenesses(path, text, "redis") == {Liveness.LIVE}


def test_notebook_code_counts_and_its_prose_and_output_do_not() -> None:
    cells = notebook(
        ("markdown", "We compared XGBoost and **LightGBM**."),
        ("code", "import xgboost as xgb\nimport lightgbm as lgb\n"),
        ("code", "xgb.train({}, None)\n", "lgb.train was slower\n"),
    )
    (live,) = [u for u in uses("a.ipynb", cells, "xgboost") if u.liveness is Liveness.LIVE]
    assert (live.cell, live.how) == (2, "called")
    assert livenesses("a.ipynb", cells, "lightgbm") == {Liveness.MENTIONED, Liveness.IMPORTED_ONLY}


def test_a_skipped_test_does_not_run() -> None:
    text = "import pytest\nimport redis\n\n\n@pytest.mark.skip\ndef test_cache():\n    redis.Redis()\n"
    assert livenesses("tests/test_a.py", text, "redis") == {Liveness.SKIPPED}


def test_a_dead_folder_never_runs() -> None:
    assert livenesses("old/a.py", "import redis\n\nredis.Redis()\n", "redis") == {Liveness.NEVER_RUN}
    nested = "on: push\njobs:\n  a:\n    steps:\n      - uses: aquasecurity/trivy-action@v1\n"
    assert livenesses("app/.github/workflows/ci.yml", nested, "trivy") == {Liveness.NEVER_RUN}
    assert livenesses(".github/workflows/ci.yml", nested, "trivy") == {Liveness.LIVE}


# --- configuration --------------------------------------------------------------------------------


def test_a_declared_package_is_only_mentioned() -> None:
    (use,) = uses("requirements.txt", "psycopg2_binary==2.9\n", "postgresql")
    assert (use.liveness, use.how, use.start) == (Liveness.MENTIONED, "declared", 1)
    (use,) = uses(
        "package.json", '{\n  "dependencies": {"@tanstack/react-query": "5"}\n}\n', "tanstack-query"
    )
    assert (use.liveness, use.start) == (Liveness.MENTIONED, 2)


IMAGES = [
    "redis",
    "redis:7-alpine",
    "docker.io/library/redis:7",
    "registry.example.org:5000/bitnami/redis@sha256:0a1b",
]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_known_by_its_name(image: str) -> None:
    (use,) = uses("docker-compose.yml", f"services:\n  cache:\n    image: {image}\n", "redis")
    assert (use.liveness, use.how, use.start) == (Liveness.LIVE, "image", 3)


def test_another_image_that_holds_the_name_is_not_it() -> None:
    assert (
        uses("docker-compose.yml", "services:\n  x:\n    image: oliver006/redis_exporter:v1\n", "redis") == []
    )


def test_a_stage_of_a_dockerfile_is_known_by_its_base() -> None:
    assert [
        u.how for u in uses("Dockerfile", "FROM --platform=linux/amd64 node:20 AS build\n", "nodejs")
    ] == ["image"]


COMMANDS = [
    ("Makefile", "test:\n\t@cd app && pytest -q\n"),
    ("Dockerfile", 'FROM x\nCMD ["pytest", "-q"]\n'),
    (
        ".github/workflows/ci.yml",
        "jobs:\n  a:\n    steps:\n      - run: |\n          pip install .\n          python -m pytest\n",
    ),
    ("package.json", '{"scripts": {"check": "tsc && pytest"}}\n'),
    ("run.sh", "poetry run pytest tests\n"),
    ("Procfile", "release: pytest\n"),
]


@pytest.mark.parametrize(("path", "text"), COMMANDS)
def test_a_command_that_is_run_is_live(path: str, text: str) -> None:
    assert Liveness.LIVE in livenesses(path, text, "pytest")


NO_COMMANDS = [
    (".github/workflows/ci.yml", "jobs:\n  a:\n    steps:\n      - name: pytest\n        run: echo done\n"),
    ("run.sh", "echo pytest is not run\n# pytest\n"),
    ("package.json", '{"scripts": {"pytest": "echo none"}}\n'),
]


@pytest.mark.parametrize(("path", "text"), NO_COMMANDS)
def test_a_command_that_is_only_named_is_not_live(path: str, text: str) -> None:
    assert uses(path, text, "pytest") == []


def test_a_connection_address_says_what_is_talked_to() -> None:
    assert livenesses("app.py", 'URL = "postgresql+asyncpg://localhost/app"\n', "postgresql") == {
        Liveness.LIVE
    }
    assert uses("app.py", '# URL = "postgresql://localhost/app"\n', "postgresql") == []
    assert uses("data.csv", "url\ns3://their-bucket/x\n", "s3") == []


def test_prose_only_mentions() -> None:
    (use,) = uses("README.md", "# Work\n\nIt runs on Kafka and Kafka Streams.\n", "kafka")
    assert (use.liveness, use.how, use.start) == (Liveness.MENTIONED, "mentioned", 3)


def test_words_already_at_hand_change_nothing() -> None:
    given_document = document("a.py", USED[0][1])
    assert technology_uses(given_document, words=words_of(given_document.text)) == technology_uses(
        given_document
    )


# --- imports that are never used --------------------------------------------------------------------


def unused(path: str, text: str) -> list[tuple[str, str, int]]:
    return [(u.symbol, u.module, u.line) for u in unused_imports(document(path, text))]


def test_unused_imports_of_python() -> None:
    text = (
        "from __future__ import annotations\n"
        "import os, sys\n"
        "from typing import (\n    Any,\n    cast,\n)\n"
        "import json  # noqa: F401\n"
        "from .models import User as User, Group\n"
        "from app import *\n"
        "try:\n    import lxml\nexcept ImportError:\n    pass\n"
        "__all__ = ['cast']\n"
        "print(sys.argv)\n"
    )
    assert unused("a.py", text) == [("os", "os", 2), ("Any", "typing", 4), ("Group", ".models", 8)]
    assert unused("pkg/__init__.py", text) == []


def test_unused_imports_of_typescript() -> None:
    text = "import React, { useState } from 'react';\nimport type { A } from './a';\nimport './a.css';\nexport { B } from './b';\nexport const x: A = <p/>;\n"
    assert unused("a.tsx", text) == [("useState", "react", 1)]


def test_unused_imports_of_a_notebook() -> None:
    cells = notebook(
        ("code", "import numpy as np\nfrom sklearn.metrics import f1_score\n"),
        ("markdown", "f1_score"),
        ("code", "np.ones(3)"),
    )
    ((symbol, module, _),) = unused("a.ipynb", cells)
    assert (symbol, module) == ("f1_score", "sklearn.metrics")


def test_other_languages_have_no_unused_imports() -> None:
    assert unused("a.go", 'package a\n\nimport "fmt"\n') == []


# --- properties -----------------------------------------------------------------------------------

PIECES = [
    "import ",
    "from ",
    "redis",
    "np",
    " as ",
    "(",
    ")",
    "\n",
    '"""',
    "'",
    "#",
    "`",
    "${",
    "}",
    "{",
    "//",
    "/*",
    "*/",
    ",",
    "require('pg')",
    ": ",
    "image: ",
    "FROM ",
    "é",
    " ",
    "://",
    "postgres",
]
PATHS = [
    "a.py",
    "a.ts",
    "a.go",
    "A.java",
    "a.R",
    "a.sql",
    "docker-compose.yml",
    "Dockerfile",
    "Makefile",
    "README.md",
    "a.vue",
    "main.tf",
    "package.json",
]


@given(st.sampled_from(PATHS), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read_and_each_place_stands_in_it(path: str, text: str) -> None:
    made = document(path, text)
    lines = made.text.count("\n") + 1
    assert all(1 <= u.start <= u.end <= lines for u in technology_uses(made))
    assert all(1 <= u.line <= lines for u in unused_imports(made))
