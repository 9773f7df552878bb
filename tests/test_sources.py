"""Every kind of source offers the same files under the same names: one contract, run over each kind."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from proofolio.core.errors import PortfolioError
from proofolio.settings import Settings
from proofolio.sources import Source, blame, history, open_portfolio, open_source

FILES = {
    "README.md": "# Shop\n",
    "src/app.py": "def total(prices):\n    return sum(prices)\n",
    "src/data with spaces/über 📈.sql": "select 1;\n",
    'odd/it\'s "quoted"\nnewline.txt': "text\n",
    "node_modules/left-pad/index.js": "module.exports = 1\n",
    "target/run_results.json": '{"results": []}\n',
    "target/manifest.json": "{}\n",
    "dbt_project.yml": "name: shop\n",
    "model.pkl": "\x80\x04",
    "ignored/secret.py": "x = 1\n",
    ".proofolioignore": "ignored/\n",
}
EXPECTED = {
    "README.md",
    "src/app.py",
    "src/data with spaces/über 📈.sql",
    'odd/it\'s "quoted"\nnewline.txt',
    "target/run_results.json",
    "dbt_project.yml",
    ".proofolioignore",
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root


def git(place: Path, *words: str) -> str:
    settings = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false",
                "-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null")  # fmt: skip
    done = subprocess.run(["git", *settings, *words], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(root: Path, message: str = "work", *options: str) -> str:
    if not (root / ".git").exists():
        git(root, "init", "-q")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", message, *options)
    return git(root, "rev-parse", "HEAD")


def as_folder(root: Path) -> str:
    return str(root)


def as_git(root: Path) -> str:
    commit(root)
    return str(root)


def as_git_subfolder(root: Path) -> str:
    top = root.parent
    write(top, {"elsewhere.py": "x = 1\n"})
    commit(top)
    return str(root)


def as_bare(root: Path) -> str:
    commit(root)
    bare = root.parent / "bare.git"
    git(root.parent, "clone", "-q", "--bare", str(root), str(bare))
    return str(bare)


def as_url(root: Path) -> str:
    commit(root)
    return root.as_uri()


def as_zip(root: Path) -> str:
    place = root.parent / "work.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.write(root / name, f"shop-main/{name}")
    return str(place)


def as_tar(root: Path) -> str:
    place = root.parent / "work.tar.gz"
    with tarfile.open(place, "w:gz") as archive:
        archive.add(root, "shop-main")
    return str(place)


KINDS = [as_folder, as_git, as_git_subfolder, as_bare, as_url, as_zip, as_tar]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=str(tmp_path / "cache"))


@pytest.fixture(params=KINDS, ids=lambda make: make.__name__)
def source(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Source:
    make: Callable[[Path], str] = request.param
    return open_source(make(write(tmp_path / "in" / "shop", FILES)), settings)


def test_offers_the_files_and_only_those(source: Source) -> None:
    with source:
        assert {entry.path for entry in source.entries()} == EXPECTED


def test_entries_are_ordered_and_say_their_size(source: Source) -> None:
    with source:
        entries = source.entries()
        assert [entry.path for entry in entries] == sorted(entry.path for entry in entries)
        for entry in entries:
            assert entry.read() == FILES[entry.path].encode()
            assert entry.size == len(FILES[entry.path].encode())


def test_blobs_tell_contents_apart_and_stay(source: Source) -> None:
    with source:
        blobs = {entry.path: entry.blob for entry in source.entries()}
        assert all(blobs.values())
        assert blobs == {entry.path: entry.blob for entry in source.entries()}


def test_what_is_left_out_is_a_line_a_folder(source: Source) -> None:
    with source:
        source.entries()
        lines = {problem.path: problem.what for problem in source.problems}
    assert "dependencies" in lines["node_modules/"]
    assert "model.pkl" in lines
    assert "build output" in lines["target/"]
    assert all(problem.source == source.info.name for problem in source.problems)
    assert len(source.problems) < 8


def test_a_closed_source_reads_no_more(source: Source) -> None:
    entry = next(entry for entry in source.entries() if entry.path == "src/app.py")
    source.close()
    source.close()  # closing twice is harmless
    if source.info.kind == "folder":
        assert entry.read()
    else:
        with pytest.raises(Exception, match=r"closed"):
            entry.read()


def test_exclude_leaves_out_what_it_matches(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", FILES)
    commit(root)
    settings = Settings(exclude=("*.sql", "odd/", "/target/"))
    with open_source(str(root), settings) as source:
        assert {entry.path for entry in source.entries()} == {
            "README.md", "src/app.py", "dbt_project.yml", ".proofolioignore"
        }  # fmt: skip


def test_the_export_of_a_notebook_is_left_out_and_other_documents_are_not(tmp_path: Path) -> None:
    for name in ("eda.ipynb", "eda.pdf", "eda.html", "report.pdf", "eda.md"):
        (tmp_path / name).write_text("x")
    source = open_source(str(tmp_path), Settings())
    assert [entry.path for entry in source.entries()] == ["eda.ipynb", "eda.md", "report.pdf"]
    assert any("export of the notebook" in problem.what for problem in source.problems)


def test_a_changed_file_has_another_blob(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "shop", {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    before = {entry.path: entry.blob for entry in open_source(str(root), settings).entries()}
    (root / "a.py").write_text("x = 22\n")
    after = {entry.path: entry.blob for entry in open_source(str(root), settings).entries()}
    assert before["a.py"] != after["a.py"]
    assert before["b.py"] == after["b.py"]


# --- ignore rules -----------------------------------------------------------------------------------


def paths(root: Path, settings: Settings | None = None) -> set[str]:
    with open_source(str(root), settings or Settings()) as source:
        return {entry.path for entry in source.entries()}


def test_gitignore_counts_in_a_plain_folder_nested_ones_too(tmp_path: Path) -> None:
    write(tmp_path, {
        "a.py": "1", "notes.log": "1", "keep.log": "1", ".gitignore": "*.log\n!keep.log\n/out/\n",
        "out/x.py": "1", "sub/out/y.py": "1", "sub/b.py": "1", "sub/.gitignore": "b.py\n",
    })  # fmt: skip
    assert paths(tmp_path) == {"a.py", "keep.log", ".gitignore", "sub/out/y.py", "sub/.gitignore"}


def test_gitignore_does_not_hide_what_is_committed(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1", "forced.log": "1", ".gitignore": "*.log\n"})
    commit(tmp_path)
    assert "forced.log" in paths(tmp_path)


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        (
            {"go.mod": "module x", "main.go": "1", "vendor/modules.txt": "1", "vendor/a/b.go": "1"},
            {"go.mod", "main.go"},
        ),
        ({"shop/vendor/models.py": "1", "shop/views.py": "1"}, {"shop/vendor/models.py", "shop/views.py"}),
        ({"static/vendor/jquery.js": "1", "app.py": "1"}, {"app.py"}),
        ({"build/Dockerfile": "FROM x", "main.go": "1"}, {"build/Dockerfile", "main.go"}),
        ({"dist/main.3fa2b1c0.js": "1", "dist/index.html": "1", "src/main.ts": "1"}, {"src/main.ts"}),
        ({"src/target/model.py": "1", "src/app.py": "1"}, {"src/target/model.py", "src/app.py"}),
        (
            {"Cargo.toml": "[package]", "target/debug/x.d": "1", "src/main.rs": "1"},
            {"Cargo.toml", "src/main.rs"},
        ),
        ({"py/pyvenv.cfg": "home", "py/lib/a.py": "1", "a.py": "1"}, {"a.py"}),
        ({"api_pb2.py": "1", "app.min.js": "1", "app.js.map": "1", "a.py": "1"}, {"a.py"}),
        (
            {"package-lock.json": "{}", "poetry.lock": "x", "a.py": "1"},
            {"package-lock.json", "poetry.lock", "a.py"},
        ),
        ({"a.egg-info/PKG-INFO": "1", ".venv/x.py": "1", "a.py": "1"}, {"a.py"}),
    ],
)
def test_built_in_rules_look_at_the_surroundings(
    tmp_path: Path, files: dict[str, str], kept: set[str]
) -> None:
    assert paths(write(tmp_path, files)) == kept


def test_an_ignore_file_that_git_would_not_understand_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1", "b.py": "1", ".gitignore": "!\n[\nb.py\n***\\\n"})
    assert paths(tmp_path) == {"a.py", ".gitignore"}


# --- what a portfolio is made of --------------------------------------------------------------------


def test_a_folder_of_repositories_is_a_source_each_and_one_for_the_rest(
    tmp_path: Path, settings: Settings
) -> None:
    for name in ("one", "two"):
        commit(write(tmp_path / name, {"app.py": f"name = '{name}'\n"}))
    write(tmp_path, {"resume.md": "# Me\n", "loose/note.md": "# Note\n"})
    _, sources = open_portfolio(str(tmp_path), settings)
    assert [(s.info.name, s.info.kind) for s in sources] == [
        ("one", "git"), ("two", "git"), (tmp_path.name, "folder")
    ]  # fmt: skip
    assert {e.path for e in sources[2].entries()} == {"resume.md", "loose/note.md"}


def test_a_folder_of_repositories_and_nothing_else_has_no_rest(tmp_path: Path, settings: Settings) -> None:
    commit(write(tmp_path / "one", {"app.py": "x = 1\n"}))
    assert [s.info.name for s in open_portfolio(str(tmp_path), settings)[1]] == ["one"]


def test_a_configuration_names_the_sources_and_its_settings_apply(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {
        "a/shop/app.py": "1", "b/shop/app.py": "1", "b/shop/skip.sql": "1",
        "me/proofolio.toml": 'sources = ["../a/shop", "../b/shop"]\nvoice = "third"\nexclude = ["*.sql"]\n',
    })  # fmt: skip
    for spec in (tmp_path / "me", tmp_path / "me" / "proofolio.toml"):
        applied, sources = open_portfolio(str(spec), settings)
        assert applied.voice == "third"
        assert applied.cache == settings.cache  # what the caller set wins
        assert [s.info.name for s in sources] == ["shop", "shop-2"]
        assert {e.path for e in sources[1].entries()} == {"app.py"}
        assert all(p.source == "shop-2" for p in sources[1].problems)


def test_a_single_file_is_a_source(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {"resume.md": "# Me\n"})
    _, sources = open_portfolio(str(tmp_path / "resume.md"), settings)
    assert [(e.path, e.read()) for e in sources[0].entries()] == [("resume.md", b"# Me\n")]
    assert sources[0].info.name == "resume"


def test_a_warning_is_not_lost_when_a_name_is_made_unique(tmp_path: Path, settings: Settings) -> None:
    for place in ("a/shop", "b/shop"):
        commit(write(tmp_path / place, {"app.py": "1"}))
    write(tmp_path, {"b/shop/new.py": "1"})
    write(tmp_path, {"proofolio.toml": 'sources = ["a/shop", "b/shop"]\n'})
    _, sources = open_portfolio(str(tmp_path), settings)
    assert [(p.source, p.kind) for p in sources[1].problems] == [("shop-2", "warning")]


# --- history ----------------------------------------------------------------------------------------


def test_history_counts_lines_by_author_and_imports_apart(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {"a.py": "1\n2\n3\n"})
    commit(tmp_path, "start")
    write(tmp_path, {"a.py": "1\n2\n"})
    commit(tmp_path, "less\n\nCo-authored-by: Bob <bob@example.org>")
    write(tmp_path, {"data.txt": "x\n" * 6_000})
    commit(tmp_path, "import", "--author=Cid <cid@example.org>")
    write(tmp_path, {".mailmap": "Ann Other <ann@home.example> <ann@example.org>\n"})
    commit(tmp_path, "map")
    found = history(open_source(str(tmp_path), settings))
    assert found is not None and found.commits == 4 and found.lines_known
    by_email = {author.email: author for author in found.authors}
    ann, bob, cid = by_email["ann@home.example"], by_email["bob@example.org"], by_email["cid@example.org"]
    assert (ann.name, ann.commits, ann.added, ann.removed) == ("Ann Other", 3, 4, 1)
    assert (bob.commits, bob.co_authored) == (0, 1)
    assert (cid.added, cid.bulk_commits, cid.bulk_added) == (0, 1, 6_000)


def test_history_does_not_count_a_merge_twice_or_a_move_as_work(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {"a.py": "".join(f"line {i}\n" for i in range(50))})
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "side")
    git(tmp_path, "mv", "a.py", "b.py")
    commit(tmp_path, "move")
    git(tmp_path, "checkout", "-q", "main")
    write(tmp_path, {"c.py": "1\n"})
    commit(tmp_path)
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "merge", "side")
    found = history(open_source(str(tmp_path), settings))
    assert found is not None
    assert (found.authors[0].added, found.authors[0].merges, found.commits) == (51, 1, 4)


def test_blame_tells_the_authors_of_cited_lines(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {"sub/a.py": "1\n2\n"})
    commit(tmp_path)
    write(tmp_path, {"sub/a.py": "1\n2\n3\n"})
    last = commit(tmp_path, "more", "--author=Cid <cid@example.org>")
    source = open_source(str(tmp_path / "sub"), settings)
    found = blame(source, "a.py", 1, 3)
    assert [(b.author, b.email, b.lines) for b in found] == [
        ("Ann", "ann@example.org", 2), ("Cid", "cid@example.org", 1)
    ]  # fmt: skip
    assert found[1].commit == last
    assert blame(source, "a.py", 9, 12) == []
    assert blame(source, "gone.py", 1, 1) == []


def test_history_of_a_folder_is_that_of_the_folder(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {"one/a.py": "1\n"})
    commit(tmp_path)
    write(tmp_path, {"two/b.py": "1\n"})
    commit(tmp_path)
    found = history(open_source(str(tmp_path / "one"), settings))
    assert found is not None and found.commits == 1


def test_a_plain_folder_has_no_history(tmp_path: Path, settings: Settings) -> None:
    source = open_source(str(write(tmp_path, {"a.py": "1\n"})), settings)
    assert history(source) is None
    assert blame(source, "a.py", 1, 1) == []


# --- clones -----------------------------------------------------------------------------------------


def test_a_clone_is_refreshed_and_follows_the_default_branch(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "shop", {"a.py": "1\n"})
    first = commit(root)
    assert open_source(root.as_uri(), settings).info.commit == first
    git(root, "checkout", "-q", "-b", "trunk")
    write(root, {"b.py": "1\n"})
    second = commit(root)
    source = open_source(root.as_uri(), settings)
    assert source.info.commit == second
    assert {e.path for e in source.entries()} == {"a.py", "b.py"}
    assert source.info.name == "shop"


def test_a_clone_that_cannot_be_refreshed_is_still_read(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "shop", {"a.py": "1\n"})
    commit(root)
    url = root.as_uri()
    open_source(url, settings)
    root.rename(tmp_path / "gone")
    source = open_source(url, settings)
    assert [p.kind for p in source.problems] == ["warning"]
    assert "could not be reached" in source.problems[0].what


def test_credentials_are_kept_nowhere(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "shop", {"a.py": "1\n"})
    commit(root)
    git(root, "remote", "add", "origin", "https://ann:hunter22@example.org/ann/shop.git?token=abc")
    source = open_source(str(root), settings)
    assert source.info.remote == "https://example.org/ann/shop.git"
    with pytest.raises(PortfolioError) as caught:
        open_source("https://ann:hunter22@localhost:1/shop.git", settings)
    assert "hunter22" not in str(caught.value)
    assert "localhost" in str(caught.value)
