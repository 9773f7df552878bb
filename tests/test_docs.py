"""The documentation is complete and its examples run: what is not written down does not exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from proofolio.cli import cli
from proofolio.core.errors import UsageError
from proofolio.core.records import Role, Status
from proofolio.evidence.registry import MAPS
from proofolio.evidence.rules import MATCHER_KINDS
from proofolio.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
PACKS = ROOT / "src" / "proofolio" / "packs"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GUIDES = [page for page in PAGES if "decisions" not in page.parts and page.name != "CHANGELOG.md"]
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
_LABEL = re.compile(r"^\[\d+\] (?P<path>\S+?):(?P<start>\d+)(?:-(?P<end>\d+))?@[0-9a-f]{7}$", re.MULTILINE)

TRAIN = '''"""Trains the churn model."""
import xgboost as xgb
from sklearn.model_selection import train_test_split


def train(X, y):
    """Fit with early stopping on a hold-out."""
    # 50 rounds, because the validation loss was flat after that.
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y)
    model = xgb.XGBClassifier(max_depth=4, early_stopping_rounds=50)
    model.fit(X_train, y_train, eval_set=[(X_test, y_test)])
    return model
'''
QUESTIONS = '''{"id": "q1", "question": "How did you prevent overfitting?"}
{"id": "q2", "question": "Why that many rounds?", "after": "q1"}
'''


def documentation(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def commands() -> Iterator[tuple[str, click.Command]]:
    """(name, command) of every command of the command line."""
    assert isinstance(cli, click.Group)
    yield from cli.commands.items()


def options() -> list[object]:
    return [
        pytest.param(name, flag, id=f"{name} {flag}")
        for name, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    ]


def blocks(language: str) -> list[object]:
    """The code blocks of a language, by page."""
    return [
        pytest.param(page, match["body"], id=f"{page.relative_to(ROOT)}:{number}")
        for page in GUIDES
        for number, match in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8")))
        if match["language"] == language
    ]


def examples() -> list[object]:
    """Every ``$ proofolio ...`` line of a console block."""
    return [
        pytest.param(page, line[2:], id=f"{page.relative_to(ROOT)}: {line[2:]}")
        for page, body in (parameter.values for parameter in blocks("console"))  # type: ignore[attr-defined]
        for line in body.split("\n")
        if line.startswith("$ ")
    ]


# --- what there is, is documented ----------------------------------------------------------------

PAGE_OF = {
    "ask": "docs/ask.md", "compile": "docs/compile.md", "evidence": "docs/evidence.md", "serve": "docs/serve.md",
    "init": "docs/init-and-settings.md", "doctor": "docs/doctor.md", "rehearse": "docs/rehearse.md", "answer": "docs/rehearse.md",
    "audit": "docs/audit.md",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_has_a_page_with_an_example(name: str) -> None:
    assert re.search(rf"^\$ proofolio {name}\b", documentation(PAGE_OF[name]), re.MULTILINE)


@pytest.mark.parametrize(("name", "flag"), options())
def test_every_option_is_documented_on_its_commands_page(name: str, flag: str) -> None:
    assert re.search(rf"`{re.escape(flag)}[ `]", documentation(PAGE_OF[name]))


def settings() -> list[str]:
    """The settings that a file may set, as the error message about an unknown one lists them."""
    with pytest.raises(UsageError) as raised:
        load_settings(None, no_such_setting="")
    return raised.value.try_next.removeprefix("Known: ").rstrip(".").split(", ")


@pytest.mark.parametrize("name", settings())
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    row = next((line for line in documentation("docs/init-and-settings.md").split("\n") if line.startswith(f"| `{name}`")), "")
    assert f"`PROOFOLIO_{name.upper()}`" in row
    default = getattr(Settings(), name)
    assert default in {(), ""} or f"`{default}`" in row or f'`"{default}"`' in row


def test_every_environment_variable_is_documented() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    pages = documentation(*(str(page.relative_to(ROOT)) for page in GUIDES))
    assert set(re.findall(r"PROOFOLIO_[A-Z_]+\b", code)) <= set(re.findall(r"PROOFOLIO_[A-Z_]+\b", pages))


@pytest.mark.parametrize("value", [*Status, *Role])
def test_every_status_and_role_is_documented(value: str) -> None:
    assert f"| `{value}` |" in documentation("docs/answers.md")


def _section(title: str) -> str:
    return re.split(r"^## ", documentation("docs/packs.md").partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def _entries(pattern: str) -> list[dict[str, object]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [e for path in sorted(PACKS.glob(pattern)) for e in yaml.load(path.read_text(encoding="utf-8"), Loader=loader)]


def _fields(entries: list[dict[str, object]], *nested: str) -> set[str]:
    """The fields of entries, and of the mappings in their ``nested`` fields."""
    found = {field for entry in entries for field in entry}
    for name in nested:
        for entry in entries:
            inner = entry.get(name, [])
            for item in inner if isinstance(inner, list) else [inner]:
                assert isinstance(item, dict)
                found |= set(item)
    return found


@pytest.mark.parametrize(
    ("title", "pattern", "nested"),
    [
        ("A rule", "rules/*.yaml", ("match", "examples", "counterexamples")),
        ("A topic", "topics/*.yaml", ("expects", "near_misses")),
        ("A technology", "technologies/*.yaml", ("code", "keys")),
        ("A concept", "concepts.yaml", ()),
    ],
)
def test_every_pack_field_is_documented(title: str, pattern: str, nested: tuple[str, ...]) -> None:
    documented = set(re.findall(r"`(\w+)`", _section(title)))
    assert _fields(_entries(pattern), *nested) - documented == set()


@pytest.mark.parametrize("field", ["imports", "dependencies"])
def test_every_language_and_registry_of_a_technology_is_documented(field: str) -> None:
    row = next(line for line in _section("A technology").split("\n") if line.startswith(f"| `{field}`"))
    assert {name for name in MAPS[field] if not re.search(rf"\b{name}\b", row)} == set()


@pytest.mark.parametrize("kind", MATCHER_KINDS)
def test_every_matcher_kind_is_documented(kind: str) -> None:
    assert f"\n| `{kind}` |" in _section("A rule")


@pytest.mark.parametrize("name", sorted(yaml.safe_load((PACKS / "secrets.yaml").read_text(encoding="utf-8"))))
def test_every_part_of_the_secrets_pack_is_documented(name: str) -> None:
    assert f"`{name}`" in _section("Secrets")


def test_every_page_of_the_documentation_is_reachable_from_its_index() -> None:
    index = documentation("docs/README.md")
    missing = [p.name for p in (ROOT / "docs").glob("*.md") if p.name != "README.md" and f"({p.name})" not in index]
    assert not missing


# --- what is documented, is there ----------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for match in _LINK.finditer(re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)):
        target = (page.parent / match["path"]).resolve() if match["path"] else page
        if not target.exists() or (match["anchor"] and match["anchor"] not in _anchors(target)):
            broken.append(match.group())
    assert not broken


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a reader's: a repository ``churn-model`` and a file of questions."""
    folder = tmp_path_factory.mktemp("workplace")
    repository = folder / "churn-model"
    (repository / "src").mkdir(parents=True)
    (repository / "src" / "train.py").write_text(TRAIN, encoding="utf-8")
    (repository / "README.md").write_text("# Churn\n\nWho will leave next month.\n", encoding="utf-8")
    identity = ["-c", "user.name=Sam Doe", "-c", "user.email=sam@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "Train the model"]):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True)
    (folder / "questions.jsonl").write_text(QUESTIONS, encoding="utf-8")
    (folder / "examples").symlink_to(ROOT / "examples", target_is_directory=True)
    return folder


def _environment(workplace: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PROOFOLIO_")}
    path = f"{workplace / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return {**kept, "PATH": path, "PROOFOLIO_CACHE": str(workplace / "cache"), "HOME": str(workplace)}


@pytest.mark.parametrize(("page", "command"), [e for e in examples() if "proofolio serve" not in e.id])  # type: ignore[attr-defined]
def test_console_examples_run(workplace: Path, page: Path, command: str) -> None:
    (workplace / "churn-model" / "proofolio.toml").unlink(missing_ok=True)
    if "proofolio.toml" in command:
        subprocess.run(["proofolio", "init", "churn-model"], cwd=workplace, env=_environment(workplace), check=True)
    done = subprocess.run(
        command, shell=True, cwd=workplace, env=_environment(workplace), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(("page", "command"), [e for e in examples() if "proofolio serve" in e.id])  # type: ignore[attr-defined]
def test_serve_examples_serve(workplace: Path, page: Path, command: str) -> None:
    free = re.sub(r"--port \d+", "--port 0", command)
    server = subprocess.Popen(
        f"exec {free}", shell=True, cwd=workplace, env=_environment(workplace), stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address, "the server did not say where it is"
        with urllib.request.urlopen(address.group(), timeout=30) as page_of_it:
            assert page_of_it.status == 200
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python_examples_run(workplace: Path, page: Path, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workplace, env=_environment(workplace), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "body"), blocks("toml"))
def test_toml_examples_are_toml_with_known_settings(page: Path, body: str) -> None:
    import tomllib

    data = tomllib.loads(body)
    assert page.name != "init-and-settings.md" or set(data) <= set(settings())


@pytest.mark.parametrize(("page", "body"), blocks("yaml"))
def test_pack_examples_are_packs_that_prove_themselves(page: Path, body: str, tmp_path: Path) -> None:
    from proofolio.core.records import FileEntry, SourceInfo
    from proofolio.evidence import concepts, registry
    from proofolio.evidence.extractor import Extractor
    from proofolio.evidence.rules import load_rules, load_topics
    from proofolio.readers import read

    file = tmp_path / "example.yaml"
    file.write_text(body, encoding="utf-8")
    if "scenarios:" in body:
        from proofolio.rehearsal.personas import builtin_known, read_persona

        name = yaml.safe_load(body)["id"]
        assert read_persona(file.rename(tmp_path / f"{name}.yaml"), builtin_known()).id == name
    elif "match:" in body:
        (rule,) = load_rules([file])
        for example in (*rule.examples, *rule.counterexamples):
            raw = example.text.encode()
            document = read(FileEntry(example.path, len(raw), "", lambda raw=raw: raw), SourceInfo("s", "folder", "."), lambda text, _: text)
            assert document is not None
            said = [evidence.say for evidence in Extractor([rule]).extract(document)]
            assert said == ([example.says] if example in rule.examples else [])
    elif "ask:" in body:
        (topic,) = load_topics([file]).values()
        assert all(any(p.search(question) for p in topic.ask) for question in topic.examples)
    elif "category:" in body:
        assert registry.build([file])
    else:
        assert concepts.build([file])


def test_the_answers_that_the_readme_shows_cite_what_is_there() -> None:
    shown = list(_LABEL.finditer(documentation("README.md")))
    sample = [path for path in (ROOT / "examples" / "sample-portfolio").rglob("*") if path.is_file()]
    assert shown, "the README shows no answer; run ./dev readme"
    for label in shown:
        lengths = [len(p.read_text(encoding="utf-8").split("\n")) for p in sample if p.as_posix().endswith("/" + label["path"])]
        assert any(int(label["end"] or label["start"]) <= length for length in lengths), label.group()
