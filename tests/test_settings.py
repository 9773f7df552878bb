"""Settings: defaults, then a file, then the environment, then flags; and what is wrong with a wrong one."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from proofolio.core.errors import UsageError
from proofolio.scaffold import TEMPLATE, write_config
from proofolio.settings import Settings, load_settings


def config(folder: Path, text: str) -> Path:
    path = folder / "proofolio.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_layer_wins_over_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = config(tmp_path, 'candidate = "File"\nvoice = "third"\nmax_files = 7\nencoder = "none"\n')
    monkeypatch.setenv("PROOFOLIO_VOICE", "first")
    monkeypatch.setenv("PROOFOLIO_MAX_FILES", "8")
    settings = load_settings(file, max_files=9, encoder=None)
    assert (settings.candidate, settings.voice, settings.max_files, settings.encoder) == (
        "File",
        "first",
        9,
        "none",
    )
    assert {"voice", "max_files"} <= settings.given
    assert not {"candidate", "encoder"} & settings.given


def test_relative_sources_are_relative_to_the_file(tmp_path: Path) -> None:
    file = config(
        tmp_path,
        'sources = ["work", "../other", "/absolute", "https://example.org/x.git", "git@example.org:x.git"]',
    )
    assert load_settings(file).sources == (
        str(tmp_path / "work"), str(tmp_path.parent / "other"), "/absolute", "https://example.org/x.git", "git@example.org:x.git",
    )  # fmt: skip


def test_a_list_in_the_environment_is_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFOLIO_EMAILS", "ann@example.org, a@example.com,")
    assert load_settings().emails == ("ann@example.org", "a@example.com")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sourcse = []", "unknown setting 'sourcse'"),
        ("given = []", "unknown setting 'given'"),
        ("sources = 3", "'sources' has the wrong type"),
        ("sources = [3]", "'sources' has the wrong type"),
        ("candidate = 3", "'candidate' has the wrong type"),
        ('max_files = "many"', "'max_files' has the wrong type"),
        ('voice = "second"', "voice is 'second'"),
        ("sources = [", "cannot be read"),
        ("[sources]\na = 1", "'sources' has the wrong type"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        load_settings(config(tmp_path, text))
    assert "proofolio.toml" in str(error.value)


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "proofolio.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path / "proofolio.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path / "nowhere.toml")


def test_the_cache_is_where_it_is_said_to_be() -> None:
    assert Settings(cache="/somewhere").cache_dir() == Path("/somewhere")
    assert Settings().cache_dir().name == "proofolio"


def test_the_template_sets_known_names_to_their_defaults(tmp_path: Path) -> None:
    known = {f.name: getattr(Settings(), f.name) for f in fields(Settings)}
    for line in TEMPLATE.splitlines():
        if line.startswith("# ") and " = " in line and not line.endswith("."):
            line = line.removeprefix("# ")
        values = tomllib.loads(line)
        for name, value in values.items():
            assert name == "sources" or known[name] == (tuple(value) if isinstance(value, list) else value)
    assert load_settings(write_config(tmp_path)).sources == (str(tmp_path),)
