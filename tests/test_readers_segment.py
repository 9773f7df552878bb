"""Passages are what a reader would cut: a function, a CTE, a service, a section. No line is lost or doubled."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofolio.core.records import Document, DocumentKind, FileEntry, Passage, Rank, SourceInfo
from proofolio.readers import read, segment
from proofolio.readers.code_cuts import DEFINITIONS


def document(path: str, text: str) -> Document:
    raw = text.encode()
    found = read(
        FileEntry(path, len(raw), "", lambda: raw), SourceInfo("s", "folder", "."), lambda body, _: body
    )
    assert found is not None
    return found


def cut(path: str, text: str) -> list[tuple[int, int, str, str]]:
    return [(p.start, p.end, p.context, p.symbol) for p in segment(document(path, text))]


def assert_whole(text: str, passages: list[Passage], limit: int = 40) -> None:
    lines = text.split("\n")
    held = [0] * (len(lines) + 1)
    for p in passages:
        assert 1 <= p.start <= p.end <= len(lines)
        assert p.end - p.start < limit
        for line in range(p.start, p.end + 1):
            held[line] += 1
    assert [i for i, line in enumerate(lines, 1) if held[i] != 1 and (line.strip() or held[i])] == []
    assert passages == sorted(passages, key=lambda p: p.start)


PYTHON = '''\
"""Doc."""
import os

LIMIT = 3

# Why this exists.
@retry(
    times=3,
)
def load(path):
    def inner():
        return 1
    return inner()


class Model(Base):
    """Says."""

    depth: int = 4
    rate: float = 0.1
    rounds: int = 50
    seed: int = 7

    # How.
    @property
    def size(self):
        return self.depth

    async def fit(self, x):
        return x

    class Config:
        frozen = True


class Empty:
    pass


if __name__ == "__main__":
    load("x")
'''


def test_python() -> None:
    assert cut("a.py", PYTHON) == [
        (1, 4, "", ""),
        (6, 13, "", "load"),
        (16, 22, "", "Model"),
        (24, 27, "Model", "Model.size"),
        (29, 30, "Model", "Model.fit"),
        (32, 33, "Model", "Model.Config"),
        (36, 37, "", "Empty"),
        (40, 41, "", ""),
    ]


def test_a_bare_class_header_goes_with_its_first_method() -> None:
    body = "".join(f"        x{i} = {i}\n" for i in range(12))
    text = (
        f"class Guard:\n    def check(self):\n{body}        return x1\n\n    def drop(self):\n        pass\n"
    )
    assert cut("a.py", text) == [(1, 15, "Guard", "Guard.check"), (17, 18, "Guard", "Guard.drop")]


def test_a_long_function_is_cut_at_blank_lines() -> None:
    text = "def f():\n" + "".join(f"    a{i} = {i}\n" + ("\n" if i % 13 == 12 else "") for i in range(70))
    passages = cut("a.py", text)
    assert [symbol for *_, symbol in passages] == ["f", "f", "f"]
    lines = text.split("\n")
    assert all(lines[end] == "" for _, end, *_ in passages[:-1])  # each cut is at a blank line


def test_blank_lines_go_before_outer_lines() -> None:
    text = "".join(f"a{i} = {i}\n" + ("\n" if i % 13 == 12 else "") for i in range(70))
    lines = text.split("\n")
    assert all(lines[end] == "" for _, end, *_ in cut("a.py", text)[:-1])


def test_cells_of_a_script_are_passages() -> None:
    text = "# %% load\na = 1\n# %% fit\nb = 2\n"
    assert [(s, e) for s, e, *_ in cut("a.py", text)] == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("path", "text", "symbols"),
    [
        ("a.ts", "import x\nexport interface Shop {\n  a: string\n}\nexport const load = async (x) => {\n  return x\n}\n",
         ["", "Shop", "load"]),
        ("a.test.js", "describe('cart', () => {\n  const a = 1\n\n  it('adds', () => {\n    go()\n  })\n  it('drops', () => {\n"
         "    go()\n  })\n})\n", ["cart.adds", "cart.drops"]),
        ("a.go", "package x\n\n// Run runs.\nfunc (s *Shop) Run() {\n}\n\ntype Shop struct {\n\tA int\n}\n",
         ["", "Shop.Run", "Shop"]),
        ("A.java", "class A {\n  int x;\n  int y;\n  int z;\n\n  @Test\n  void run() {\n    go();\n  }\n\n  A(int x) {\n"
         "    this.x = x;\n  }\n}\n", ["A", "A.run", "A.A"]),
        ("a.rs", "use x;\n\n#[derive(Debug)]\nstruct A {\n    b: u8,\n}\n\nfn go() -> u8 {\n    1\n}\n", ["", "A", "go"]),
        ("a.kt", "package x\n\nfun go(a: Int): Int {\n    return a\n}\n\nclass B(val a: Int)\n", ["", "go", "B"]),
        ("a.rb", "module Shop\n  def self.go\n    1\n  end\nend\n", ["Shop"]),
        ("a.php", "<?php\nfunction go($a) {\n    return 1;\n}\n", ["", "go"]),
        ("a.cs", "namespace X {\n  class A {\n    int b;\n  }\n}\n", ["A"]),
        ("a.c", "#include <a.h>\n\nstatic int go(int a)\n{\n    return a;\n}\n", ["", "go"]),
        ("a.cpp", "namespace x {\nclass A {\n  int b;\n};\n}\nint main() {\n  return 0;\n}\n", ["A", "main"]),
        ("a.scala", "object Job {\n  def run(a: Int): Int = {\n    a\n  }\n}\n", ["Job"]),
        ("a.sh", "set -e\n\ndeploy() {\n  echo hi\n}\n\ndeploy\n", ["", "deploy", ""]),
        ("main.tf", 'resource "aws_s3_bucket" "logs" {\n  a = 1\n}\n\nvariable "region" {\n}\n',
         ["resource.aws_s3_bucket.logs", "variable.region"]),
        ("a.R", "library(x)\n\nfit_model <- function(d) {\n  glm(d)\n}\n\nfit_model(d)\n", ["", "fit_model", ""]),
        ("a.ex", "defmodule Shop do\n  def go, do: 1\nend\n", ["Shop"]),
    ],
)  # fmt: skip
def test_definitions_by_language(path: str, text: str, symbols: list[str]) -> None:
    assert [symbol for *_, symbol in cut(path, text)] == symbols
    assert_whole(text, segment(document(path, text)))


def test_sql_by_statement() -> None:
    text = (
        "create table a (\n  x int -- not; here\n);\n\ninsert into b values ('a;b');\n"
        + "\n-- long\n"
        + "select 1,\n" * 20
        + "2;\n"
    )
    passages = cut("load.sql", text)
    assert [(p[0], p[3]) for p in passages] == [(1, "a, b"), (7, "")]
    assert all(context == "load" for _, _, context, _ in passages)


def test_sql_by_cte() -> None:
    text = (
        "{{ config(materialized='incremental') }}\n\nwith orders as (\n    select *\n    from {{ ref('stg; orders') }}\n),\n\n"
        "-- one row a day\ndaily as (\n    select day, sum(x) over w\n    from orders\n    window\n        w as (partition by day)\n),\n\n"
        "ranked as (\n    select *\n    from daily\n)\n\nselect *\nfrom ranked\n"
    )
    assert cut("models/fct_days.sql", text) == [
        (1, 6, "fct_days", "orders"),
        (8, 14, "fct_days", "daily"),
        (16, 19, "fct_days", "ranked"),
        (21, 22, "fct_days", ""),
    ]


def test_compose_services_are_cut_apart() -> None:
    service = "".join(f"    key{i}: {i}\n" for i in range(10))
    text = f"version: '3'\n\nservices:\n  # The API.\n  api:\n{service}\n  db:\n{service}\nvolumes:\n  data: {{}}\n"
    assert [(p[2], p[3]) for p in cut("docker-compose.yml", text)] == [
        ("", "version"), ("services", "api"), ("services", "db"), ("", "volumes")
    ]  # fmt: skip


def test_kubernetes_manifests_say_what_they_declare() -> None:
    text = (
        "# both\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    a: b\n  name: api\nspec:\n  a: 1\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata: {}\n"
    )
    assert [(p[0], p[2]) for p in cut("k8s/api.yaml", text)] == [(1, "Deployment api"), (10, "Service")]


def test_a_yaml_list_in_the_column_of_its_key_is_under_the_key() -> None:
    steps = "".join(f"- name: step {i}\n  run: |\n    a\n    b\n    c\n    d\n" for i in range(6))
    contexts = {(p[2], p[3]) for p in cut("a.yml", "name: x\nsteps:\n" + steps)}
    assert ("steps", "step 2, step 3") in contexts


@pytest.mark.parametrize(
    ("path", "text", "symbols"),
    [
        (
            "pyproject.toml",
            "[project]\n" + "a = 1\n" * 11 + "# why\n[tool.ruff]\n" + "b = 1\n" * 11,
            ["project", "tool.ruff"],
        ),
        ("Dockerfile", "FROM a AS build\n" + "RUN x\n" * 12 + "FROM b\nCOPY y\n", ["build", ""]),
        ("Makefile", "test:\n" + "\tpytest\n" * 12 + "lint: test\n\truff\n", ["test", "lint"]),
        (
            "package.json",
            '{\n  "name": "x",\n  "scripts": {\n' + '    "a": "b",\n' * 16 + "  }\n}\n",
            ["name", "a", "a"],
        ),
    ],
)
def test_config_by_section(path: str, text: str, symbols: list[str]) -> None:
    found = cut(path, text)
    assert [symbol for *_, symbol in found][: len(symbols)] == symbols
    assert_whole(text, segment(document(path, text)), limit=31)


def test_prose_by_heading_with_its_trail() -> None:
    text = "Intro.\n\n# Model\n\n## Results\n\nAUC 0.81.\n\n### Calibration\nGood.\n\n```py\n# no heading\n```\n\n## Limits\nNone.\n"
    assert [p[:3] for p in cut("a.md", text)] == [
        (1, 1, ""),
        (3, 7, "Model > Results"),
        (9, 14, "Model > Results > Calibration"),
        (16, 17, "Model > Limits"),
    ]


def test_other_kinds_of_heading() -> None:
    assert [p[2] for p in cut("a.md", "Title\n=====\ntext\n\nSub\n---\ntext\n\n- item\n---\n")] == [
        "Title",
        "Title > Sub",
    ]
    assert [p[2] for p in cut("a.rst", "Title\n=====\n\ntext\n\nSub\n~~~\n\ntext\n")] == [
        "Title",
        "Title > Sub",
    ]
    assert [p[2] for p in cut("resume.txt", "Jane\n\nWORK EXPERIENCE\nx\n\nEducation\ny\n")] == [
        "", "Work Experience", "Education"
    ]  # fmt: skip
    assert [p[2] for p in cut("a.Rmd", "# Model\n\n```{r}\nglm(x)\n```\n\n## Check\ntext\n")] == [
        "Model",
        "Model > Check",
    ]


def test_paragraphs_stay_together() -> None:
    paragraph = "line\n" * 8 + "\n"
    passages = cut("a.md", "# T\n\n" + paragraph * 5)
    assert [(p[0], p[1]) for p in passages] == [(1, 19), (21, 37), (39, 46)]


def test_pictures_and_empty_files_have_no_passages() -> None:
    assert segment(document("a.svg", "<svg/>")) == []
    assert segment(document("a.py", "\n  \n")) == []


LINE = st.sampled_from([
    "", "  ", "x = 1", "    y: 2", "def f(a):", "    return 1", "class A:", "@d", "# c", "-- c", "select 1;", "with a as (", ")",
    "{", "}", "[s]", "key:", "  key:", "    - name: b", "- a", "---", "## H", "# T", "```", "===", "| a | b |", "FROM x AS y", "all: b",
    "func f() {", "resource \"a\" \"b\" {", "'", "/*", "*/", "{{ x", "$$", "it('x', () => {", "})", "const f = () => {", "end", "module A",
    "\tx", "é\u2028z", "a\x0bb", "<a>", "</a>", "kind: Job", "metadata:", "  name: q", "%%", "Summary", "SKILLS", "x" * 120,
])  # fmt: skip
KINDS = [(DocumentKind.CODE, language) for language in [*DEFINITIONS, "r", "swift", "vue", "html", "text"]] + [
    (DocumentKind.CONFIG, language)
    for language in ("yaml", "json", "toml", "ini", "env", "hcl", "nginx", "dockerfile", "makefile", "xml", "csv", "text")
] + [(DocumentKind.PROSE, language) for language in ("markdown", "rst", "text", "pdf")] + [
    (DocumentKind.SQL, "sql"), (DocumentKind.METRICS, "json"), (DocumentKind.METRICS, "csv")
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(KINDS), st.lists(LINE, max_size=120))
def test_every_line_is_in_one_passage(kind: tuple[DocumentKind, str], lines: list[str]) -> None:
    text = "\n".join(lines)
    found = Document("s", "a.x", kind[0], kind[1], text, "", None, Rank.CODE)
    assert_whole(text, segment(found))
