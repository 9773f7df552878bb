"""Odd and broken repositories are read as far as they go, and nothing that they hold is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from proofolio.core.errors import PortfolioError, UnreadableFileError
from proofolio.core.records import Problem
from proofolio.settings import Settings
from proofolio.sources import Source, history, open_source


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=str(tmp_path / "cache"))


def git(place: Path, *words: str) -> str:
    settings = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false",
                "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always")  # fmt: skip
    done = subprocess.run(["git", *settings, *words], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(root: Path, **files: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {"app.py": "x = 1\n"}).items():
        (root / name).write_text(text)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "work")
    return root


def paths(source: Source) -> list[str]:
    return [entry.path for entry in source.entries()]


def warnings(source: Source) -> list[Problem]:
    return [problem for problem in source.problems if problem.kind == "warning"]


def test_a_repository_without_a_commit_is_read_as_it_lies(tmp_path: Path, settings: Settings) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    source = open_source(str(tmp_path), settings)
    assert (source.info.kind, paths(source)) == ("folder", ["a.py"])
    assert "no commit" in warnings(source)[0].what


def test_a_bare_repository_without_a_commit(tmp_path: Path, settings: Settings) -> None:
    git(tmp_path, "init", "-q", "--bare", "x.git")
    with pytest.raises(PortfolioError, match="without a commit"):
        open_source(str(tmp_path / "x.git"), settings)
    with pytest.raises(PortfolioError, match="no commit"):
        open_source((tmp_path / "x.git").as_uri(), settings)


def test_a_shallow_clone_says_so(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "full")
    (root / "b.py").write_text("y = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "more")
    git(tmp_path, "clone", "-q", "--depth=1", root.as_uri(), "short")
    source = open_source(str(tmp_path / "short"), settings)
    assert source.info.shallow
    assert "shallow" in warnings(source)[0].what
    found = history(source)
    assert found is not None and found.shallow and found.commits == 1


def test_a_submodule_is_named_and_not_followed(tmp_path: Path, settings: Settings) -> None:
    inner, outer = repository(tmp_path / "inner"), repository(tmp_path / "outer")
    git(outer, "submodule", "add", "-q", str(inner), "lib")
    git(outer, "commit", "-q", "-m", "lib")
    source = open_source(str(outer), settings)
    assert paths(source) == [".gitmodules", "app.py"]
    assert [(p.path, "submodule" in p.what) for p in warnings(source)] == [("lib", True)]


def test_uncommitted_changes_are_counted_and_not_read(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "shop")
    (root / "app.py").write_text("x = 2\n")
    (root / "new.py").write_text("y = 1\n")
    source = open_source(str(root), settings)
    assert source.info.dirty == 2
    assert [e.read() for e in source.entries()] == [b"x = 1\n"]
    assert "2 changed or untracked" in warnings(source)[0].what


def test_changes_elsewhere_in_the_repository_do_not_count(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "app.py").write_text("x = 1\n")
    repository(tmp_path)
    (tmp_path / "other.py").write_text("y = 1\n")
    assert open_source(str(tmp_path / "shop"), settings).info.dirty == 0


def test_an_untracked_folder_of_a_repository_is_a_plain_folder(tmp_path: Path, settings: Settings) -> None:
    repository(tmp_path, **{"app.py": "x = 1\n", ".gitignore": "drafts/\n"})
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "idea.md").write_text("# Idea\n")
    source = open_source(str(tmp_path / "drafts"), settings)
    assert (source.info.kind, source.info.commit, paths(source)) == ("folder", None, ["idea.md"])


@pytest.mark.parametrize("damage", ["HEAD", "objects", "config", "ref"])
def test_a_broken_repository_is_read_without_history(tmp_path: Path, settings: Settings, damage: str) -> None:
    root = repository(tmp_path / "shop")
    if damage == "objects":
        for place in (root / ".git" / "objects").rglob("*"):
            if place.is_file():
                place.chmod(0o600)
                place.write_bytes(b"nonsense")
    elif damage == "ref":
        (root / ".git" / "refs" / "heads" / "main").write_text("0" * 39 + "1\n")
    else:
        (root / ".git" / damage).write_text("nonsense [\n")
    source = open_source(str(root), settings)
    assert (source.info.kind, paths(source)) == ("folder", ["app.py"])
    assert "without history" in warnings(source)[0].what
    assert history(source) is None


def test_a_broken_bare_repository_is_an_error(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "shop")
    git(tmp_path, "clone", "-q", "--bare", str(root), "shop.git")
    (tmp_path / "shop.git" / "HEAD").write_text("nonsense\n")
    with pytest.raises(PortfolioError, match=r"git repository|nothing to read") as caught:
        open_source(str(tmp_path / "shop.git"), settings)
    assert caught.value.try_next


def test_a_missing_object_is_a_line_for_its_file(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "shop", **{"a.py": "a = 1\n", "b.py": "b = 1\n", "c.py": "c = 1\n"})
    name = git(root, "rev-parse", "HEAD:b.py")
    (root / ".git" / "objects" / name[:2] / name[2:]).unlink()
    source = open_source(str(root), settings)
    assert [(e.path, e.read()) for e in source.entries()] == [("a.py", b"a = 1\n"), ("c.py", b"c = 1\n")]
    assert [p.path for p in source.problems if "not in this copy" in p.what] == ["b.py"]


def test_an_object_that_vanishes_stops_only_its_file(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "shop", **{"a.py": "a = 1\n", "b.py": "b = 1\n", "c.py": "c = 1\n"})
    name = git(root, "rev-parse", "HEAD:b.py")
    with open_source(str(root), settings) as source:
        (root / ".git" / "objects" / name[:2] / name[2:]).unlink()
        entries = {entry.path: entry for entry in source.entries()}
        with pytest.raises(UnreadableFileError, match=r"b\.py is not in this copy"):
            entries["b.py"].read()
        assert entries["c.py"].read() == b"c = 1\n"  # the reader goes on


def test_a_partial_clone_fetches_nothing(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "full", **{"a.py": "a = 1\n", "b.py": "b = 1\n" * 500})
    git(root, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:limit=100", root.as_uri(), "part")
    source = open_source(str(tmp_path / "part"), settings)
    assert [(e.path, e.read()) for e in source.entries()] == [("a.py", b"a = 1\n")]
    assert [p.path for p in source.problems if "partial clone" in p.what] == ["b.py"]
    found = history(source)
    assert found is not None and found.commits == 1 and not found.lines_known


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
def test_nothing_of_a_repository_is_run(tmp_path: Path, settings: Settings) -> None:
    root = repository(
        tmp_path / "shop", **{"app.py": "x = 1\n", ".gitattributes": "*.py filter=evil diff=evil\n"}
    )
    trap, mark = tmp_path / "trap.sh", tmp_path / "was-run"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv",
                "diff.evil.command", "diff.external", "core.pager", "core.sshCommand", "core.askPass", "gpg.program",
                "credential.helper", "core.editor", "alias.log", "alias.ls-tree"):  # fmt: skip
        git(root, "config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    git(root, "config", "filter.evil.required", "true")
    git(root, "config", "log.showSignature", "true")
    for hook in (
        "post-checkout",
        "pre-commit",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
    ):
        place = root / ".git" / "hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_text(trap.read_text())
        place.chmod(0o755)
    (root / "app.py").write_text("x = 2\n")
    mark.unlink(missing_ok=True)
    with open_source(str(root), settings) as source:
        assert [entry.read() for entry in source.entries() if entry.path == "app.py"] == [b"x = 1\n"]
        assert history(source) is not None
        assert source.info.dirty == 1
    assert not mark.exists()


def test_the_repository_that_git_itself_runs_in_does_not_leak_in(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, root = repository(tmp_path / "other"), repository(tmp_path / "shop", **{"shop.py": "x = 1\n"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert paths(open_source(str(root), settings)) == ["shop.py"]
