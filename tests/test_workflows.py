"""Compiling and asking as a whole: only what changed is read, what is gone is gone, nothing is half done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import proofolio
from conftest import PARAMS, QUESTION, README, SECRET, STAGING, TRAIN, churn_files, commit, git, write
from proofolio.compiling import compile_portfolio, dossier_path
from proofolio.compiling_files import compile_file
from proofolio.core.errors import DossierError, PortfolioError, UnreadableFileError, UsageError
from proofolio.core.records import Answer, Status
from proofolio.settings import Settings, load_settings
from proofolio.workflows import (
    ask_many,
    check_questions,
    clean_question,
    open_compiled,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=str(tmp_path / "cache"), encoder="none")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A plain folder that a test may change."""
    return write(
        tmp_path / "work",
        {"src/train.py": TRAIN, "models/staging.sql": STAGING, "params.yaml": PARAMS, "README.md": README},
    )


def places(answer: Answer) -> set[str]:
    return {c.path for s in answer.statements for c in s.citations}


# --- reading again -----------------------------------------------------------------------------------


def test_a_second_compile_reads_nothing_and_a_third_only_what_changed(work: Path, settings: Settings) -> None:
    assert (compile_portfolio(str(work), settings).read, compile_portfolio(str(work), settings).read) == (
        4,
        0,
    )
    write(work, {"params.yaml": PARAMS + "seed: 7\n", "src/new.py": "x = 1\n"})
    opened: list[str] = []
    report = compile_portfolio(str(work), settings, lambda what, done, total: opened.append(what))
    assert (report.read, report.unchanged, report.removed) == (2, 3, 0)
    assert [what for what in opened if what.startswith("reading ")] == [
        "reading work/params.yaml",
        "reading work/src/new.py",
    ]


def test_a_recompile_gives_what_a_first_compile_would(work: Path, settings: Settings, tmp_path: Path) -> None:
    compile_portfolio(str(work), settings)
    write(work, {"params.yaml": "model:\n  max_depth: 9\n", "src/train.py": "# changed\n" + TRAIN})
    (work / "models/staging.sql").unlink()
    again = open_compiled(str(work), settings)
    fresh = open_compiled(str(work), Settings(cache=str(tmp_path / "other"), encoder="none"))
    assert again.index.evidence == fresh.index.evidence
    assert again.index.metrics == fresh.index.metrics
    assert {k: sorted(map(str, v)) for k, v in again.index.technologies.items()} == {
        k: sorted(map(str, v)) for k, v in fresh.index.technologies.items()
    }
    assert again.ask(QUESTION).to_json() | {"elapsed_ms": 0} == fresh.ask(QUESTION).to_json() | {
        "elapsed_ms": 0
    }


def test_a_file_that_is_gone_is_no_longer_cited(work: Path, settings: Settings) -> None:
    with open_compiled(str(work), settings) as opened:
        assert "src/train.py" in places(opened.ask(QUESTION))
    (work / "src/train.py").unlink()
    with open_compiled(str(work), settings) as opened:
        assert opened.report is not None
        assert opened.report.removed == 1
        assert "src/train.py" not in places(opened.ask(QUESTION))
        assert opened.document("work", "src/train.py") is None


def test_a_new_commit_is_cited_although_the_file_is_the_same(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "repo", {"src/train.py": TRAIN})
    first = commit(root)
    with open_compiled(str(root), settings) as opened:
        assert {c.commit for s in opened.ask(QUESTION).statements for c in s.citations} == {first}
    second = commit(write(root, {"other.py": "x = 1\n"}))
    with open_compiled(str(root), settings) as opened:
        assert opened.report is not None
        assert opened.report.read == 1
        assert {c.commit for s in opened.ask(QUESTION).statements for c in s.citations} == {second}


def test_uncommitted_work_is_named_and_not_cited(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "repo", {"src/train.py": TRAIN})
    commit(root)
    write(root, {"src/train.py": "print('nothing')\n"})
    with open_compiled(str(root), settings) as opened:
        assert opened.report is not None
        assert opened.report.sources[0].dirty == 1
        assert "src/train.py" in places(opened.ask(QUESTION))


def test_a_file_that_becomes_unreadable_is_a_line_and_no_longer_cited(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_portfolio(str(work), settings)
    os.utime(work / "src/train.py", ns=(1, 1))
    real = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.name == "train.py":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", denied)  # permissions do not bind root, under whom tests may run
    for _ in range(2):  # the line stays as long as the trouble does
        report = compile_portfolio(str(work), settings)
        [problem] = [p for p in report.problems if p.kind == "unreadable"]
        assert (problem.path, "Permission denied" in problem.what) == ("src/train.py", True)
    with open_compiled(str(work), settings) as opened:
        assert "src/train.py" not in places(opened.ask(QUESTION))
    monkeypatch.undo()
    os.utime(work / "src/train.py", ns=(2, 2))
    assert compile_portfolio(str(work), settings).problems == []


def test_what_settings_leave_out_goes_when_they_change(work: Path, settings: Settings) -> None:
    compile_portfolio(str(work), settings)
    write(work, {"proofolio.toml": 'exclude = ["src/"]\n'})
    with open_compiled(str(work), settings) as opened:
        assert opened.document("work", "src/train.py") is None


def test_secrets_are_redacted_reported_and_never_stored(churn: Path, settings: Settings) -> None:
    report = compile_portfolio(str(churn), settings)
    assert [(p.path, SECRET in p.what) for p in report.redacted] == [("src/settings.py", False)]
    for file in report.dossier.parent.iterdir():
        assert SECRET.encode() not in file.read_bytes(), file.name


# --- several at once, and sudden ends ----------------------------------------------------------------

COMPILE = "import sys; from proofolio.cli import main; sys.argv[1:1] = ['compile']; main()"


def start_compile(root: Path, settings: Settings, code: str = COMPILE) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, str(root), "--cache", settings.cache, "--encoder", "none"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_compiles_at_once_both_end_well(work: Path, settings: Settings) -> None:
    write(work, {f"src/module_{n}.py": TRAIN for n in range(30)})
    both = [start_compile(work, settings) for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    read = sorted(out.decode().split(" read, ")[0].rsplit("\n", 1)[-1] for out, _ in ends)
    assert read == ["0 files", "34 files"], "the second finds the work done"
    with open_compiled(str(work), settings) as opened:
        assert opened.report is not None
        assert opened.report.read == 0
        assert opened.report.counts["documents"] == 34
        assert opened.ask(QUESTION).statements


# The tenth file that is read never ends: the kill comes in the middle of a compile, whatever the machine.
STUCK = """
import sys, time, proofolio.compiling_files as w
real, seen = w.compile_file, []
def stuck(*words):
    seen.append(1)
    if len(seen) == 10:
        print("stuck", flush=True); time.sleep(120)
    return real(*words)
w.compile_file = stuck
from proofolio.cli import main
sys.argv[1:1] = ["compile"]; main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_compile_that_is_killed_leaves_the_dossier_that_was_there(work: Path, settings: Settings) -> None:
    with open_compiled(str(work), settings) as opened:
        before = opened.ask(QUESTION).to_json() | {"elapsed_ms": 0}
    write(work, {f"src/module_{n}.py": TRAIN for n in range(20)} | {"src/train.py": "x = 1\n"})
    process = start_compile(work, settings, STUCK)
    assert process.stdout is not None
    assert process.stdout.readline() == b"stuck\n"
    process.kill()
    process.communicate()
    dossier = dossier_path(str(work), settings)
    with open_compiled(str(dossier), settings) as previous:
        assert previous.ask(QUESTION).to_json() | {"elapsed_ms": 0} == before
    report = compile_portfolio(str(work), settings)
    assert (report.read, report.counts["documents"]) == (21, 24), "the lock of the dead is not waited for"


def test_a_first_compile_that_is_killed_is_done_again(work: Path, settings: Settings) -> None:
    write(work, {f"src/module_{n}.py": TRAIN for n in range(20)})
    process = start_compile(work, settings, STUCK)
    assert process.stdout is not None
    assert process.stdout.readline() == b"stuck\n"
    process.kill()
    process.communicate()
    assert compile_portfolio(str(work), settings).read == 24


def full_disk(place: Path) -> bool:
    """Make a file system of 600 kB there; whether that could be done (it takes root, and Linux)."""
    place.mkdir()
    if not shutil.which("mount"):
        return False
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], capture_output=True, check=False
    )
    return done.returncode == 0


def test_a_full_disk_is_told_and_leaves_the_dossier_that_was_there(work: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    if not full_disk(disk):
        pytest.skip("no file system can be mounted here; test_store simulates it")
    try:
        settings = Settings(cache=str(disk), encoder="none")
        with open_compiled(str(work), settings) as opened:
            before = opened.ask(QUESTION).to_json() | {"elapsed_ms": 0}
        write(work, {f"src/module_{n}.py": TRAIN * 20 for n in range(60)})
        with pytest.raises(DossierError, match=r"full.*Free some disk space") as error:
            compile_portfolio(str(work), settings)
        assert error.value.exit_status == 1
        for n in range(60):
            (work / f"src/module_{n}.py").unlink()
        with open_compiled(str(work), settings) as opened:
            assert opened.ask(QUESTION).to_json() | {"elapsed_ms": 0} == before
        (disk / "rest").write_bytes(b"")
        fill_up(disk / "rest")
        with pytest.raises(DossierError, match=r"No space left|full"):
            compile_portfolio(str(write(tmp_path / "another", {"a.py": TRAIN})), settings)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill_up(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while file.write(b"x" * 4_096):
                pass
    except OSError:  # that is the point
        return


def test_another_compile_is_waited_for_and_not_for_ever(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    path = dossier_path(str(work), settings)
    path.parent.mkdir(parents=True)
    lock = FileLock(f"{path}.lock", thread_local=False)
    lock.acquire()
    timer = threading.Timer(0.3, lock.release)
    timer.start()
    started = time.perf_counter()
    assert compile_portfolio(str(work), settings).read == 4
    assert time.perf_counter() - started > 0.2
    timer.join()
    monkeypatch.setattr("proofolio.compiling.FileLock", lambda name, timeout: FileLock(name, timeout=0.05))
    with lock, pytest.raises(DossierError, match="Another compile has held"):
        compile_portfolio(str(work), settings)


# --- what a portfolio may be -------------------------------------------------------------------------


def test_several_sources_of_a_configuration_are_answered_together(tmp_path: Path, settings: Settings) -> None:
    commit(write(tmp_path / "model", {"src/train.py": TRAIN}))
    write(tmp_path / "warehouse", {"models/staging.sql": STAGING})
    config = write(
        tmp_path, {"proofolio.toml": 'sources = ["model", "warehouse"]\nvoice = "third"\ncandidate = "Ann"\n'}
    )
    for spec in (config, config / "proofolio.toml"):
        with open_compiled(str(spec), settings) as opened:
            assert [info.name for info, _, _ in opened.index.sources] == ["model", "warehouse"]
            assert (opened.settings.voice, opened.settings.candidate) == ("third", "Ann")
            assert "src/train.py" in places(opened.ask(QUESTION))
            assert "models/staging.sql" in places(opened.ask("How do you deduplicate customers in staging?"))
    write(tmp_path, {"proofolio.toml": 'sources = ["model"]\n'})
    with open_compiled(str(tmp_path), settings) as opened:
        assert [info.name for info, _, _ in opened.index.sources] == ["model"]
        assert opened.document("warehouse", "models/staging.sql") is None


def test_a_source_that_is_missing_is_told_by_name(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {"proofolio.toml": 'sources = ["nowhere"]\n', "a.py": "x = 1\n"})
    with pytest.raises(PortfolioError, match="nowhere"):
        open_compiled(str(tmp_path), settings)


def test_an_unknown_setting_stops_before_anything_is_read(work: Path, settings: Settings) -> None:
    write(work, {"proofolio.toml": 'candidat = "Ann"\n'})
    with pytest.raises(UsageError, match="unknown setting 'candidat'"):
        open_compiled(str(work), settings)
    assert not Path(settings.cache).exists()


def test_the_cache_of_a_configuration_is_used(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROOFOLIO_CACHE")
    write(work, {"proofolio.toml": f"cache = {json.dumps(str(tmp_path / 'mine'))}\n"})
    report = compile_portfolio(str(work), load_settings(encoder="none"))
    assert report.dossier.is_relative_to(tmp_path / "mine")


def test_a_dossier_answers_without_its_portfolio(work: Path, settings: Settings, tmp_path: Path) -> None:
    report = compile_portfolio(str(work), settings)
    moved = Path(shutil.copy(report.dossier, tmp_path / "moved.dossier"))
    shutil.rmtree(work)
    with open_compiled(str(moved), settings) as opened:
        assert opened.report is None
        assert "src/train.py" in places(opened.ask(QUESTION))
    with pytest.raises(PortfolioError, match="work"):
        open_compiled(str(work), settings)


def test_a_portfolio_without_anything_to_read_is_an_error(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path / "junk", {"a.bin": b"\0\1" * 50})
    with pytest.raises(PortfolioError):
        compile_portfolio(str(tmp_path / "junk"), settings)


def test_an_archive_is_a_portfolio(work: Path, settings: Settings, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", work)
    with open_compiled(archive, settings) as opened:
        citations = [c for s in opened.ask(QUESTION).statements for c in s.citations]
        assert {c.commit for c in citations} == {None}


def test_a_repository_s_folder_is_cited_from_that_folder(tmp_path: Path, settings: Settings) -> None:
    root = write(tmp_path / "mono", {"model/src/train.py": TRAIN, "other/x.py": "x = 1\n"})
    head = commit(root)
    with open_compiled(str(root / "model"), settings) as opened:
        [info] = [info for info, _, _ in opened.index.sources]
        assert info.commit == head
        assert opened.document("model", "src/train.py") is not None
    assert git(root, "status", "--porcelain") == "", "nothing is written into a candidate's folder"


# --- asking ------------------------------------------------------------------------------------------


def test_each_citation_is_the_text_of_its_file(churn: Path, settings: Settings) -> None:
    with open_compiled(str(churn), settings) as opened:
        for question in (
            QUESTION,
            "How is the staging table deduplicated?",
            "What is the accuracy?",
            "Do you use Kafka?",
        ):
            for statement in opened.ask(question).statements:
                for citation in statement.citations:
                    document = opened.document(citation.source, citation.path)
                    assert document is not None
                    assert citation.sha256 == document.sha256
                    lines = document.text.split("\n")[(citation.start or 1) - 1 : citation.end]
                    assert citation.quote == "\n".join(lines)


@pytest.mark.parametrize("question", ["", "  \n", "\x00", "🙂", "¿?", "x" * 2_001])
def test_a_question_that_cannot_be_asked_is_refused(question: str) -> None:
    with pytest.raises(UsageError):
        clean_question(question)


@pytest.mark.parametrize(
    "question", ["a", "Wie wurde validiert?", "検証は?", "x" * 2_000, 'quo"te AND (NEAR * : ^', "\ud800 why?"]
)
def test_a_question_that_can_be_asked_is_answered(churn: Path, settings: Settings, question: str) -> None:
    with open_compiled(str(churn), settings) as opened:
        answer = opened.ask(question)
        assert answer.status in set(Status)
        json.dumps(answer.to_json()).encode("utf-8")


def test_questions_are_checked_before_the_first_is_answered(churn: Path, settings: Settings) -> None:
    with open_compiled(str(churn), settings) as opened, pytest.raises(UsageError, match="Question 2"):
        next(ask_many(opened, [{"question": QUESTION}, {"question": ""}]))
    checked = check_questions(
        [{"question": "Why?", "id": None}, {"question": "And?", "after": 1, "id": "x", "kind": "extra"}]
    )
    assert checked == [{"id": "1", "question": "Why?"}, {"id": "x", "question": "And?", "after": "1"}]


def test_a_follow_up_does_not_change_what_another_sees(churn: Path, settings: Settings) -> None:
    first, aside = (
        {"id": "a", "question": QUESTION},
        {"id": "b", "question": "How is the staging table deduplicated?", "after": "a"},
    )
    last = {"id": "c", "question": "Why did you do it that way?", "after": "a"}
    with open_compiled(str(churn), settings) as opened:
        with_aside = list(ask_many(opened, [first, aside, last]))[-1]
        without = list(ask_many(opened, [first, last]))[-1]
    assert with_aside.to_json() | {"elapsed_ms": 0} == without.to_json() | {"elapsed_ms": 0}


def test_vectors_are_made_once_and_used(work: Path, tmp_path: Path) -> None:
    settings = Settings(cache=str(tmp_path / "cache"))
    with open_compiled(str(work), settings, vectors="later") as opened:
        pending = opened.pending_vectors()
        assert pending > 0
        opened.make_vectors()
        assert opened.pending_vectors() == 0
        assert opened.index.dense(QUESTION, 3)
    write(work, {"params.yaml": PARAMS + "seed: 7\n"})
    with open_compiled(str(work), settings, vectors="later") as opened:
        assert opened.pending_vectors() == 1, "only what changed is encoded again"


def test_a_picture_that_cannot_be_read_twice_is_a_line(work: Path, settings: Settings) -> None:
    from proofolio.core.records import FileEntry, SourceInfo
    from proofolio.evidence.extractor import Extractor
    from proofolio.evidence.registry import builtin_registry
    from proofolio.evidence.rules import builtin_rules

    def gone() -> bytes:
        raise UnreadableFileError("plots/a.png cannot be read: its source is closed.")

    entry = FileEntry("plots/a.png", 10, "b", gone)
    compiled, [problem] = compile_file(
        entry, SourceInfo("s", "folder", "/s"), Extractor(builtin_rules()), builtin_registry()
    )
    assert compiled is None
    assert problem.kind == "unreadable"


def test_from_python(churn: Path, settings: Settings) -> None:
    answer = proofolio.ask(churn, QUESTION, settings)
    assert isinstance(answer, proofolio.Answer)
    assert "src/train.py" in answer.text
    assert set(proofolio.__all__) <= set(dir(proofolio)) | {
        "Answer",
        "Portfolio",
        "Settings",
        "ask",
        "open_compiled",
    }
    with pytest.raises(AttributeError):
        _ = proofolio.nothing


def test_the_files_of_the_fixture_are_what_was_read(churn: Path, settings: Settings) -> None:
    with open_compiled(str(churn), settings) as opened:
        assert {path for _, _, path in opened.index.paths} == set(churn_files())
