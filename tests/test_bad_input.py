"""Bad input ends in an error that says what to try, or in one line of the report; never in a crash or a wait."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from proofolio.core.errors import PortfolioError, UnreadableFileError
from proofolio.core.records import Document, FileEntry, Problem, SourceInfo
from proofolio.readers import parse, read, segment
from proofolio.settings import Settings
from proofolio.sources import Source, history, open_portfolio, open_source


def may_read_everything() -> bool:
    """Whether permissions do not bind this process, as they do not bind root."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "closed"
        place.touch(mode=0o000)
        return os.access(place, os.R_OK)


bound = pytest.mark.skipif(may_read_everything(), reason="permissions do not bind this user")
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


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


def document(path: str, raw: bytes) -> Document | None:
    entry = FileEntry(path, len(raw), "", lambda: raw)
    return read(entry, SourceInfo("s", "folder", "."), lambda text, _: text)


# --- nothing there ----------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["", "   ", "/no/such/place", "~nobody-of-that-name/x", "a\0b", "github.com/ann/shop"])
def test_a_path_that_does_not_exist(spec: str, settings: Settings) -> None:
    with pytest.raises(PortfolioError) as caught:
        open_portfolio(spec, settings)
    assert caught.value.try_next
    assert caught.value.exit_status == 3


def test_a_web_address_without_its_scheme_is_recognised(settings: Settings) -> None:
    with pytest.raises(PortfolioError, match=r"https://github\.com/ann/shop"):
        open_source("github.com/ann/shop", settings)


def test_an_empty_folder(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PortfolioError, match="holds nothing to read") as caught:
        open_source(str(tmp_path / "empty"), settings)
    assert caught.value.try_next


def test_a_folder_of_which_everything_is_left_out_says_what(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "in" / "node_modules").mkdir(parents=True)
    (tmp_path / "in" / "node_modules" / "a.js").write_text("1")
    with pytest.raises(PortfolioError, match="node_modules"):
        open_source(str(tmp_path / "in"), settings)


@pytest.mark.parametrize("url", ["file:///no/such/repository", "https://localhost:1/x.git", "ssh://localhost:1/x.git"])
def test_a_url_that_does_not_resolve(url: str, settings: Settings) -> None:
    with pytest.raises(PortfolioError, match="cannot be cloned") as caught:
        open_source(url, settings)
    assert caught.value.try_next


@pytest.mark.parametrize("url", ["http://example.org/x.git", "ext::sh -c id://x", "ftp://example.org/x", "fd://17/x"])
def test_a_scheme_that_is_not_allowed_is_not_tried(url: str, settings: Settings) -> None:
    with pytest.raises(PortfolioError, match=r"is not cloned|does not exist"):
        open_source(url, settings)


@bound
def test_a_folder_without_permission(tmp_path: Path, settings: Settings) -> None:
    root = tmp_path / "closed"
    root.mkdir()
    root.chmod(0)
    try:
        with pytest.raises(PortfolioError, match="permission"):
            open_source(str(root), settings)
    finally:
        root.chmod(0o700)


@bound
def test_a_file_and_a_folder_inside_without_permission_are_a_line_each(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    (tmp_path / "b.py").chmod(0)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub").chmod(0)
    try:
        source = open_source(str(tmp_path), settings)
        assert [p.path for p in source.problems if p.kind == "unreadable"] == ["sub/"]
        closed = next(e for e in source.entries() if e.path == "b.py")
        with pytest.raises(UnreadableFileError, match=r"[Pp]ermission"):
            closed.read()
    finally:
        (tmp_path / "sub").chmod(0o700)


# --- git --------------------------------------------------------------------------------------------


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


@posix
def test_nothing_of_a_repository_is_run(tmp_path: Path, settings: Settings) -> None:
    root = repository(tmp_path / "shop", **{"app.py": "x = 1\n", ".gitattributes": "*.py filter=evil diff=evil\n"})
    trap, mark = tmp_path / "trap.sh", tmp_path / "was-run"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv",
                "diff.evil.command", "diff.external", "core.pager", "core.sshCommand", "core.askPass", "gpg.program",
                "credential.helper", "core.editor", "alias.log", "alias.ls-tree"):  # fmt: skip
        git(root, "config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    git(root, "config", "filter.evil.required", "true")
    git(root, "config", "log.showSignature", "true")
    for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
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


# --- folders ----------------------------------------------------------------------------------------


@posix
def test_links_are_not_followed_and_special_files_not_opened(tmp_path: Path, settings: Settings) -> None:
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    (root / "a.py").write_text("x = 1\n")
    (tmp_path / "outside.py").write_text("secret\n")
    (root / "out.py").symlink_to(tmp_path / "outside.py")
    (root / "up").symlink_to(root)
    (root / "sub" / "loop").symlink_to(root / "sub")
    (root / "self").symlink_to(root / "self")
    (root / "gone").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(root / "sock"))
    try:
        source = open_source(str(root), settings)
    finally:
        listener.close()
    assert paths(source) == ["a.py"]
    lines = {p.path: p.what for p in source.problems}
    assert "leaves the folder" in lines["out.py"]
    assert "leads nowhere" in lines["gone"] and "leads nowhere" in lines["self"]
    assert "not a regular file" in lines["pipe"] and "not a regular file" in lines["sock"]


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="the file system takes no such name")
def test_a_name_that_is_no_text_is_a_line(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.py")).write_text("x = 1\n")
    source = open_source(str(tmp_path), settings)
    assert paths(source) == ["a.py"]
    assert [(p.path, p.what) for p in source.problems] == [("bad\\xff.py", "its name is not valid UTF-8")]
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "work")
    assert paths(open_source(str(tmp_path), settings)) == ["a.py"]


def test_a_two_gigabyte_file_is_not_read(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    with (tmp_path / "huge.csv").open("wb") as huge:
        os.truncate(huge.fileno(), 2_000_000_000)
    source = open_source(str(tmp_path), settings)
    assert paths(source) == ["a.py"]
    assert [p.path for p in source.problems if "too large: 2,000,000,000 bytes" in p.what] == ["huge.csv"]


def test_too_many_files_are_a_line(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"f{i:02}.py").write_text("x = 1\n")
    source = open_source(str(tmp_path), Settings(max_files=5))
    assert len(paths(source)) == 5
    assert ["15 files left out: over max_files" in p.what for p in source.problems] == [True]


# --- archives ---------------------------------------------------------------------------------------


def zipped(place: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return str(place)


def tarred(place: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> str:
    with tarfile.open(place, "w:gz" if place.suffix in {".gz", ".tgz"} else "w:xz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return str(place)


@pytest.mark.parametrize("kind", ["zip", "tgz", "tar.xz"])
def test_an_archive_that_unpacks_to_too_much(tmp_path: Path, kind: str) -> None:
    bomb = b"\0" * 30_000_000
    place = tmp_path / f"bomb.{kind}"
    if kind == "zip":
        spec = zipped(place, {"a.py": b"x = 1\n", "b.txt": bomb})
    else:
        spec = tarred(place, [(tarfile.TarInfo("a.py"), b"x = 1\n"), (tarfile.TarInfo("b.txt"), bomb)])
    assert place.stat().st_size < 100_000
    with pytest.raises(PortfolioError, match="unpacks to more than") as caught:
        open_source(spec, Settings(max_archive_bytes=10_000_000))
    assert "max_archive_bytes" in caught.value.try_next


def test_a_header_that_lies_about_its_size_is_stopped_all_the_same(tmp_path: Path) -> None:
    """A zip member that declares 10 bytes and holds 30,000,000: no more than declared is taken."""
    place = tmp_path / "liar.zip"
    zipped(place, {"a.py": b"#" * 30_000_000})
    raw = bytearray(place.read_bytes())
    size = (30_000_000).to_bytes(4, "little")
    while (at := raw.find(size)) >= 0:
        raw[at : at + 4] = (10).to_bytes(4, "little")
    place.write_bytes(raw)
    source = open_source(str(place), Settings(max_archive_bytes=1_000_000))
    for entry in source.entries():
        with pytest.raises(UnreadableFileError, match="damaged"):
            entry.read()


@pytest.mark.parametrize("name", ["../evil.py", "a/../../evil.py", "/etc/evil.py", "C:\\evil.py", "..\\evil.py"])
@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_a_path_that_leaves_the_archive_is_left_out(tmp_path: Path, settings: Settings, name: str, kind: str) -> None:
    place = tmp_path / f"x.{kind}"
    good, bad = ("src/a.py", b"x = 1\n"), (name, b"evil\n")
    if kind == "zip":
        spec = zipped(place, dict([good, bad]))
    else:
        spec = tarred(place, [(tarfile.TarInfo(n), data) for n, data in (good, bad)])
    with open_source(spec, settings) as source:
        assert [(e.path, e.read()) for e in source.entries()] == [("a.py", b"x = 1\n")]
        assert any("leaves the archive" in p.what for p in source.problems)
    assert not list(tmp_path.rglob("evil*"))


def test_links_and_devices_in_an_archive_are_left_out(tmp_path: Path, settings: Settings) -> None:
    link, device = tarfile.TarInfo("link.py"), tarfile.TarInfo("zero.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type = tarfile.CHRTYPE
    spec = tarred(tmp_path / "x.tgz", [(tarfile.TarInfo("a.py"), b"x = 1\n"), (link, b""), (device, b"")])
    with open_source(spec, settings) as source:
        assert paths(source) == ["a.py"]
        assert {p.path for p in source.problems} == {"link.py", "zero.py"}


def test_an_archive_in_an_archive_is_not_opened(tmp_path: Path, settings: Settings) -> None:
    inner = Path(zipped(tmp_path / "inner.zip", {"b.py": b"y = 1\n"})).read_bytes()
    with open_source(zipped(tmp_path / "x.zip", {"a.py": b"x = 1\n", "inner.zip": inner}), settings) as source:
        assert paths(source) == ["a.py"]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("raw", [b"", b"no archive at all", b"PK\x03\x04" + b"\xff" * 400])
def test_a_damaged_archive(tmp_path: Path, settings: Settings, kind: str, raw: bytes) -> None:
    place = tmp_path / f"x.{kind}"
    place.write_bytes(raw)
    with pytest.raises(PortfolioError) as caught:
        open_source(str(place), settings)
    assert caught.value.try_next


@pytest.mark.parametrize("make", [zipped, lambda p, m: tarred(p, [(tarfile.TarInfo(n), d) for n, d in m.items()])])
def test_an_archive_cut_short(tmp_path: Path, settings: Settings, make: Callable[..., str]) -> None:
    place = tmp_path / ("x.zip" if make is zipped else "x.tgz")
    make(place, {f"f{i}.py": os.urandom(5_000) for i in range(20)})
    place.write_bytes(place.read_bytes()[: place.stat().st_size // 2])
    with pytest.raises(PortfolioError, match="cannot be read as an archive"):
        open_source(str(place), settings)


def test_what_was_unpacked_is_removed(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with open_source(tarred(tmp_path / "x.tgz", [(tarfile.TarInfo("a.py"), b"x = 1\n")]), settings):
        assert list(temporary.iterdir())
    assert not list(temporary.iterdir())


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xef\xbb\xbfname: \xc3\xa9\n", "name: é\n"),
        ("name: é\n".encode("utf-16"), "name: é\n"),
        ("name: é\n".encode("utf-16-le"), "name: é\n"),
        ("\ufeffname: é\n".encode("utf-32-le"), "name: é\n"),
        (b"name: \xe9\x80\n", "name: é€\n"),
        (b"name: \x81\xe9\n", "name: \x81é\n"),
        (b"a: 1\r\nb: 2\rc: 3\nd: 4", "a: 1\nb: 2\nc: 3\nd: 4"),
        (b"a: 1\n\r\n\rb: 2", "a: 1\n\n\nb: 2"),
        ("a: 1\x0b\x0c\u2028\u0085b: 2\n".encode(), "a: 1\x0b\x0c\u2028\u0085b: 2\n"),
        (b"a: " + b"x" * 9_000 + b"\nb: \x00\n", None),
    ],
)
def test_encodings_and_line_ends(raw: bytes, text: str | None) -> None:
    found = document("a.yaml", raw)
    assert found is not None
    if text is None:
        assert "\0" not in found.text and found.text.count("\n") == 2
    else:
        assert found.text == text


def test_zero_bytes_make_a_file_binary() -> None:
    assert document("data", b"\x00\x01\x02" * 100) is None
    with pytest.raises(UnreadableFileError, match="binary"):
        document("app.py", b"import os\n\x00\x01\x02\x00")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"not json", "its JSON cannot be read"),
        (b"", "its JSON cannot be read"),
        (b"[1, 2]", "its JSON is a list"),
        (b'{"metadata": {}}', "has no cells"),
        (b'{"cells": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
    ],
)
def test_a_notebook_that_is_none(raw: bytes, why: str) -> None:
    with pytest.raises(UnreadableFileError, match=why) as caught:
        document("x.ipynb", raw)
    assert "x.ipynb" in str(caught.value)


@pytest.mark.parametrize(
    "cell",
    [
        None, 7, "code", {}, {"cell_type": "code"}, {"cell_type": "code", "source": 5, "outputs": None},
        {"cell_type": "code", "source": ["a", 1, None], "outputs": [None, {}, {"output_type": "stream", "text": 3}]},
        {"cell_type": "code", "source": "x", "outputs": [{"output_type": "display_data", "data": {"image/png": "%%"}}]},
        {"cell_type": "code", "source": "x", "outputs": [{"output_type": "execute_result", "data": []}]},
        {"cell_type": "markdown", "source": "x", "attachments": {"a": {"image/png": "AA"}, "b": 3}},
        {"cell_type": "code", "source": "print('\ud83d')", "outputs": []},
    ],
)  # fmt: skip
def test_a_notebook_with_odd_cells_is_read(cell: object) -> None:
    raw = json.dumps({"cells": [cell, {"cell_type": "code", "source": "y = 1", "outputs": []}]}).encode()
    found = document("x.ipynb", raw)
    assert found is not None and "y = 1" in found.text
    assert [c.index for c in found.cells] == [0, 1]
    found.text.encode("utf-8")
    segment(found)


def pdf(encrypt: bool = False) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    if encrypt:
        writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("cv.pdf", pdf(encrypt=True), "encrypted"),
        ("cv.pdf", pdf(), "without text"),
        ("cv.pdf", b"%PDF-1.4\nnonsense", "cannot be read"),
        ("cv.pdf", b"", "cannot be read"),
        ("cv.docx", b"PK nonsense", "not a Word document"),
        ("plot.png", b"no picture", "not a picture"),
        ("plot.png", b"", "not a picture"),
        ("plot.svg", b"<html></html>", "not an SVG"),
        ("model.py", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
    ],
)
def test_a_document_that_cannot_be_read_says_why(name: str, raw: bytes, why: str) -> None:
    with pytest.raises(UnreadableFileError, match=why) as caught:
        document(name, raw)
    assert name in str(caught.value)


def docx(body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<w>" + b" " * 60_000_000 + b"</w>", "unpacks to more than"),
        (b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>', "entities"),
        (b"<w:document", "damaged"),
    ],
)
def test_a_word_document_that_is_a_bomb(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableFileError, match=why):
        document("cv.docx", docx(body))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "(" * 50_000),
        ("a.js", "[" * 50_000),
        ("a.ts", "const a = () => {\n" * 5_000),
        ("a.yaml", "\n".join(" " * i + "a:" for i in range(3_000))),
        ("a.json", "[\n" * 1_900),
        ("a.sql", "{{ " * 50_000 + "\n" + "'" * 999),
        ("a.md", "# " + "[" * 50_000 + "\n" + "`" * 3 + "\n"),
        ("a.tf", "a {\n" * 20_000),
        ("docs/adr/1.md", "-" * 50_000),
    ],
)
@pytest.mark.timeout(60)
def test_deep_or_unclosed_text_ends(name: str, text: str) -> None:
    found = document(name, text.encode())
    if found is not None:
        assert segment(found)


BROKEN_TYPESCRIPT = """\
  or (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const controller = new AbortController()
    let timedOut = false
    const timeoutId =
      timeoutMs > 0
        ? window.setTimeout(() => {
          }, timeoutMs)
        : undefined
    const abortFromCaller = () => {
      controller.abort()
    }
    if (options.signal?.aborted) {
      throw new ApiClientError({
    plication/json; charset=utf-8',
"""


@pytest.mark.timeout(60)
def test_code_that_a_parser_does_not_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    good, broken = document("a.ts", b"function go() {\n  return 1\n}\n"), document("b.ts", BROKEN_TYPESCRIPT.encode())
    assert good is not None and broken is not None
    assert [p.symbol for p in segment(good)] == ["go"]  # the trial process is up
    monkeypatch.setattr("proofolio.readers.parsing.LIMIT_S", 0.5)
    assert [(p.start, p.end) for p in segment(broken)] == [(1, 14)]
    assert parse(broken.text, "typescript") is None
    monkeypatch.undo()
    assert parse(good.text, "typescript") is not None  # and is made anew after it was ended


def test_a_redaction_that_loses_lines_is_refused() -> None:
    entry = FileEntry("a.py", 4, "", lambda: b"a\nb\n")
    with pytest.raises(UnreadableFileError, match="redaction"):
        read(entry, SourceInfo("s", "folder", "."), lambda text, _: text.replace("\n", ""))


def test_a_very_long_line_is_cut_and_says_so() -> None:
    found = document("notes.md", b"short\n" + b"x" * 50_000 + b"\nend\n")
    assert found is not None
    lines = found.text.split("\n")
    assert len(lines) == 4 and lines[1].endswith("(line cut)") and len(lines[1]) < 5_000


def test_a_picture_too_large_to_keep_leaves_its_line(tmp_path: Path) -> None:
    data = base64.b64encode(b"\x89PNG" + os.urandom(2_000_000)).decode()
    output = {"output_type": "display_data", "data": {"image/png": data}}
    raw = json.dumps({"cells": [{"cell_type": "code", "source": "plt.title('Big')", "outputs": [output]}]}).encode()
    found = document("x.ipynb", raw)
    assert found is not None and found.figures == ()
    assert "[figure: Big]" in found.text
