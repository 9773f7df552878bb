"""A file becomes a document: what it is, what it can prove, what keeps it from being live."""

from __future__ import annotations

import hashlib
import io

import pytest

from proofolio.core.records import Document, DocumentKind, FileEntry, Rank, SourceInfo
from proofolio.readers import is_lock, read, segment


def document(path: str, text: str | bytes = "x = 1\n") -> Document | None:
    raw = text.encode() if isinstance(text, str) else text
    entry = FileEntry(path, len(raw), "blob", lambda: raw)
    return read(entry, SourceInfo("shop", "git", ".", commit="c" * 40), lambda body, _: body)


def must(path: str, text: str | bytes = "x = 1\n") -> Document:
    found = document(path, text)
    assert found is not None
    return found


def test_provenance_is_carried() -> None:
    raw = b"import os\r\nprint(1)\r\n"
    found = must("src/app.py", raw)
    assert found.text == "import os\nprint(1)\n"
    assert found.sha256 == hashlib.sha256(raw).hexdigest()
    assert (found.source, found.path, found.commit, found.blob) == ("shop", "src/app.py", "c" * 40, "blob")


@pytest.mark.parametrize(
    ("path", "kind", "language"),
    [
        ("a.py", "code", "python"), ("a.R", "code", "r"), ("report.Rmd", "code", "r"), ("a.tsx", "code", "tsx"),
        ("a.jsx", "code", "jsx"), ("a.mjs", "code", "javascript"), ("App.vue", "code", "vue"), ("a.kts", "code", "kotlin"),
        ("a.h", "code", "c"), ("a.cu", "code", "cpp"), ("run.sh", "code", "shell"), ("Jenkinsfile", "code", "groovy"),
        ("q.sql", "sql", "sql"), ("q.ddl", "sql", "sql"), ("main.tf", "config", "hcl"),
        ("prod.tfvars", "config", "hcl"), ("Dockerfile", "config", "dockerfile"),
        ("Dockerfile.dev", "config", "dockerfile"), ("api.Dockerfile", "config", "dockerfile"),
        ("Makefile", "config", "makefile"), ("docker-compose.yml", "config", "yaml"), ("Procfile", "config", "yaml"),
        ("pyproject.toml", "config", "toml"), ("Pipfile", "config", "toml"), (".coveragerc", "config", "ini"),
        (".env", "config", "env"), (".env.example", "config", "env"), ("app.env", "config", "env"),
        ("requirements.txt", "config", "requirements"), ("requirements-dev.txt", "config", "requirements"),
        ("dev-requirements.txt", "config", "requirements"), ("go.mod", "config", "gomod"),
        ("nginx.conf", "config", "nginx"), ("nginx/nginx.prod.conf", "config", "nginx"),
        ("application.properties", "config", "properties"), ("package.json", "config", "json"),
        (".eslintrc", "config", "json"), (".gitignore", "config", "text"), (".dockerignore", "config", "text"),
        ("data.csv", "config", "csv"), ("pom.xml", "config", "xml"), ("crontab", "config", "text"),
        ("compose.yml.j2", "config", "yaml"), ("config.toml.example", "config", "toml"), ("app.py.bak", "code", "python"),
        ("README", "prose", "text"), ("LICENSE", "prose", "text"), ("notes.txt", "prose", "text"),
        ("guide.md", "prose", "markdown"), ("docs/index.rst", "prose", "rst"), ("flow.mmd", "prose", "mermaid"),
        ("page.html", "code", "html"), ("style.scss", "code", "css"), ("strange.xyz", "prose", "text"),
    ],
)  # fmt: skip
def test_kind_and_language_by_name(path: str, kind: str, language: str) -> None:
    found = must(path)
    assert (str(found.kind), found.language) == (kind, language)


@pytest.mark.parametrize(
    ("first", "language"),
    [("#!/usr/bin/env python3", "python"), ("#!/bin/bash -e", "shell"), ("#!/usr/bin/env -S node --x", "javascript"),
     ("#!/usr/bin/Rscript", "r"), ("#! /usr/bin/python2.7", "python")],
)  # fmt: skip
def test_a_script_says_what_runs_it(first: str, language: str) -> None:
    found = must("bin/deploy", f"{first}\nx\n")
    assert (found.kind, found.language, found.rank) == (DocumentKind.CODE, language, Rank.CODE)


@pytest.mark.parametrize(
    ("path", "rank"),
    [
        ("src/app.py", "code"), ("k8s/api.yaml", "code"), ("models/orders.sql", "code"),
        ("tests/test_app.py", "test"), ("src/app.test.tsx", "test"), ("pkg/app_test.go", "test"),
        ("src/__tests__/a.js", "test"), ("spec/user_spec.rb", "test"), ("src/OrderServiceTest.java", "test"),
        ("conftest.py", "test"), ("e2e/login.spec.ts", "test"), ("dbt/tests/assert_x.sql", "test"),
        ("src/contest.py", "code"), ("src/latest.py", "code"), ("src/attestation.ts", "code"),
        ("docs/decisions/0001-use-x.md", "record"), ("docs/adr/1.md", "record"), ("docs/runbook.md", "record"),
        ("postmortems/2024-01.md", "record"), ("MODEL_CARD.md", "record"), ("docs/data-dictionary.md", "record"),
        ("README.md", "claim"), ("docs/intro.md", "claim"), ("resume.md", "claim"), ("cv.txt", "claim"),
        ("resume.json", "claim"), ("resume/design-resume.md", "claim"),
        ("coverage.xml", "output"), ("reports/junit.xml", "output"), ("metrics.json", "output"),
        ("target/run_results.json", "output"), ("results/scores.csv", "output"), ("model_comparison.csv", "output"),
        ("mlruns/0/ab/metrics/auc", "output"), ("data/raw/users.csv", "claim"), ("seeds/scores.csv", "output"),
        ("package.json", "code"), ("src/results.py", "code"),
    ],
)  # fmt: skip
def test_what_a_file_can_prove(path: str, rank: str) -> None:
    text = '{"basics": {}}' if path.endswith("resume.json") else "x\n"
    assert str(must(path, text).rank) == rank


@pytest.mark.parametrize(
    ("header", "rank"),
    [
        ("model,auc,brier", "output"),
        ("name,city,age", "claim"),
        ("step,p95_ms", "output"),
        ("recalled,scored_by", "claim"),
    ],
)
def test_a_table_with_a_measure_among_its_columns_is_a_result(header: str, rank: str) -> None:
    assert str(must("table.csv", f"{header}\n1,2,3\n").rank) == rank


@pytest.mark.parametrize(
    ("path", "text", "flags"),
    [
        ("src/app.py", "x\n", {}),
        ("archive/app.py", "x\n", {"dead": "kept in a folder named archive"}),
        ("src/_deprecated/app.py", "x\n", {"dead": "kept in a folder named _deprecated"}),
        ("app.py.bak", "x\n", {"dead": "its name ends in .bak"}),
        ("src/archiver/app.py", "x\n", {}),
        (".github/workflows/ci.yml", "on: push\n", {}),
        ("app/.github/workflows/ci.yml", "on: push\n",
         {"dead": "a workflow in a nested .github folder, which GitHub never runs"}),
        (".env.example", "A=1\n", {"sample": "1"}),
        ("config.sample.yml", "a: 1\n", {"sample": "1"}),
        ("src/sampler.py", "x\n", {}),
        ("resample.py", "x\n", {}),
        ("compose.yml.j2", "a: {{ b }}\n", {"template": "1"}),
        ("docs/adr/1.md", "# One\n\nStatus: Accepted\n", {}),
        ("docs/adr/2.md", "# Two\n\n**Status:** Proposed\n", {"proposed": "proposed"}),
        ("docs/adr/3.md", "# Three\n\n## Status\n\nSuperseded by 4\n", {"proposed": "superseded"}),
        ("docs/adr/4.md", "---\nstatus: draft\n---\n", {"proposed": "draft"}),
        ("docs/adr/5.md", "# Five\n\n* Status: rejected\n", {"proposed": "rejected"}),
        ("docs/adr/6.md", "# Six\n\nStatus pages were proposed.\n", {}),
        ("docs/guide.md", "Status: proposed\n", {}),
        ("poetry.lock", "x\n", {"lock": "1"}),
    ],
)  # fmt: skip
def test_what_keeps_a_file_from_being_live(path: str, text: str, flags: dict[str, str]) -> None:
    assert dict(must(path, text).flags) == flags


def test_a_lock_file_is_read_and_never_cut() -> None:
    assert is_lock("a/poetry.lock") and is_lock("package-lock.json") and not is_lock("block.py")
    assert segment(must("uv.lock", "name = 'x'\n")) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("api.py", "# Code generated by a tool. DO NOT EDIT.\nx = 1\n"),
        ("api.ts", "/* @generated by x */\nexport const a = 1\n"),
        ("bundle.js", "var a=1;" * 5_000),
        ("crds.yaml", "# This manifest was generated. DO NOT EDIT.\n" + "a: 1\n" * 600),
        ("blob", b"\x00\x01"),
    ],
)
def test_what_nobody_wrote_is_no_evidence(path: str, text: str | bytes) -> None:
    assert document(path, text) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gen.py", "print('DO NOT EDIT')\n"),  # writes such a header, and has none
        (
            "sync.yaml",
            "# This manifest was generated. DO NOT EDIT.\ninterval: 1m\n",
        ),  # short: it runs all the same
        ("README.md", "Files marked DO NOT EDIT are generated.\n"),
        ("data.csv", "a,b\n" + "1" * 30_000 + ",2\n"),
    ],
)
def test_what_only_looks_generated_is_read(path: str, text: str) -> None:
    assert document(path, text) is not None


def test_of_raw_data_the_first_lines_are_kept() -> None:
    found = must("data/users.csv", "id,name\n" + "1,x\n" * 5_000)
    assert found.text.count("\n") == 19
    assert "5,002 lines" in found.flags["data"]
    assert "data" not in must("results/curve.csv", "step,loss\n" + "1,2\n" * 900).flags


def test_redaction_is_applied_to_everything_that_is_kept() -> None:
    notebook = (
        b'{"cells": [{"cell_type": "code", "source": "plt.title(\'SECRET plot\')", "outputs": ['
        b'{"output_type": "stream", "text": "SECRET out"},'
        b'{"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}]}]}'
    )
    for path, raw in (
        ("x.ipynb", notebook),
        ("SECRET/a.png", b"\x89PNG"),
        ("a.md", b"# SECRET\n```mermaid\nSECRET\n```\n"),
    ):
        entry = FileEntry(path, len(raw), "", lambda raw=raw: raw)  # type: ignore[misc]
        found = read(
            entry, SourceInfo("s", "folder", "."), lambda text, _: text.replace("SECRET", "[redacted]")
        )
        assert found is not None and found.figures
        assert "SECRET" not in found.text
        assert not any("SECRET" in f.caption + f.words for f in found.figures)
        assert not any(b"SECRET" in f.data for f in found.figures)


# --- office documents -------------------------------------------------------------------------------


def test_a_word_document_keeps_headings_lists_and_tables() -> None:
    import docx

    made = docx.Document()
    made.add_heading("Jane", 0)
    made.add_heading("Experience", 1)
    made.add_paragraph("Cut costs by 40%.")
    made.add_paragraph("Led a team", style="List Number")
    table = made.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "AUC", "0.81"
    out = io.BytesIO()
    made.save(out)
    found = must("resume.docx", out.getvalue())
    lines = [line for line in found.text.split("\n") if line]
    assert lines == ["# Jane", "# Experience", "Cut costs by 40%.", "Led a team", "AUC | 0.81"]
    assert (found.kind, found.language, found.rank) == (DocumentKind.PROSE, "docx", Rank.CLAIM)


def test_a_pdf_gives_its_pages() -> None:
    found = must("resume.pdf", text_pdf(["Skills", "Python"], ["Projects", "Churn model"]))
    assert found.text.split("\n") == ["Skills", "Python", "", "Projects", "Churn model"]
    assert found.flags["pages"] == "1,4"
    assert [p.context for p in segment(found)] == ["Skills", "Projects"]


def text_pdf(*pages: list[str]) -> bytes:
    """A PDF of text pages, made by hand: one font, one line below the other."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for lines in pages:
        shown = b" ".join(b"(%s) Tj T*" % line.encode() for line in lines)
        stream = b"BT /F1 12 Tf 14 TL 50 700 Td " + shown + b" ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        contents = len(objects)
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R "
                       b"/Resources << /Font << /F1 3 0 R >> >> >>" % contents)  # fmt: skip
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table, len(objects) + 1, len(out)
    )  # fmt: skip
