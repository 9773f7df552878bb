"""Bad input ends in an error that says what to try, or in one line of the report; never in a crash."""

from __future__ import annotations

import io
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
from proofolio.settings import Settings
from proofolio.sources import Source, open_portfolio, open_source


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


def paths(source: Source) -> list[str]:
    return [entry.path for entry in source.entries()]


# --- nothing there --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec", ["", "   ", "/no/such/place", "~nobody-of-that-name/x", "a\0b", "github.com/ann/shop"]
)
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


@pytest.mark.parametrize(
    "url", ["file:///no/such/repository", "https://localhost:1/x.git", "ssh://localhost:1/x.git"]
)
def test_a_url_that_does_not_resolve(url: str, settings: Settings) -> None:
    with pytest.raises(PortfolioError, match="cannot be cloned") as caught:
        open_source(url, settings)
    assert caught.value.try_next


@pytest.mark.parametrize(
    "url", ["http://example.org/x.git", "ext::sh -c id://x", "ftp://example.org/x", "fd://17/x"]
)
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
def test_a_file_and_a_folder_inside_without_permission_are_a_line_each(
    tmp_path: Path, settings: Settings
) -> None:
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


# --- folders --------------------------------------------------------------------------------------


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


# --- archives -------------------------------------------------------------------------------------


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


def test_many_files_that_are_too_much_together(tmp_path: Path) -> None:
    members = [(tarfile.TarInfo(f"f{i}.txt"), b"\0" * 1_000_000) for i in range(20)]
    with pytest.raises(PortfolioError, match="unpacks to more than"):
        open_source(tarred(tmp_path / "x.tgz", members), Settings(max_archive_bytes=10_000_000))


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


@pytest.mark.parametrize(
    "name", ["../evil.py", "a/../../evil.py", "/etc/evil.py", "C:\\evil.py", "..\\evil.py"]
)
@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_a_path_that_leaves_the_archive_is_left_out(
    tmp_path: Path, settings: Settings, name: str, kind: str
) -> None:
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
    with open_source(
        zipped(tmp_path / "x.zip", {"a.py": b"x = 1\n", "inner.zip": inner}), settings
    ) as source:
        assert paths(source) == ["a.py"]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("raw", [b"", b"no archive at all", b"PK\x03\x04" + b"\xff" * 400])
def test_a_damaged_archive(tmp_path: Path, settings: Settings, kind: str, raw: bytes) -> None:
    place = tmp_path / f"x.{kind}"
    place.write_bytes(raw)
    with pytest.raises(PortfolioError) as caught:
        open_source(str(place), settings)
    assert caught.value.try_next


@pytest.mark.parametrize(
    "make", [zipped, lambda p, m: tarred(p, [(tarfile.TarInfo(n), d) for n, d in m.items()])]
)
def test_an_archive_cut_short(tmp_path: Path, settings: Settings, make: Callable[..., str]) -> None:
    place = tmp_path / ("x.zip" if make is zipped else "x.tgz")
    make(place, {f"f{i}.py": os.urandom(5_000) for i in range(20)})
    place.write_bytes(place.read_bytes()[: place.stat().st_size // 2])
    with pytest.raises(PortfolioError, match="cannot be read as an archive"):
        open_source(str(place), settings)


def test_what_was_unpacked_is_removed(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with open_source(tarred(tmp_path / "x.tgz", [(tarfile.TarInfo("a.py"), b"x = 1\n")]), settings):
        assert list(temporary.iterdir())
    assert not list(temporary.iterdir())
