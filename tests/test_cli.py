"""The command line as a person and a program meet it: output, exit statuses, one sentence for bad input."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import QUESTION, SECRET, TRAIN, commit, write
from proofolio import cli
from proofolio.rendering.clean import clean

ROLES = {"lead", "evidence", "number", "reason", "trade_off", "conflict", "limit", "premise"}
STATUSES = {"answered", "partial", "not_shown", "premise_corrected", "refused"}


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process, as ``main`` would be run by its script."""

    def call(*words: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["proofolio", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return Done(int(ended.value.code or 0), shown.out, shown.err)

    return call


def assert_one_sentence(done: Done, status: int, *words: str) -> None:
    """An error: its status, nothing on standard output, one line that holds the words, no traceback."""
    assert done.status == status, done.err
    assert done.out == ""
    assert done.err.startswith("proofolio: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


# --- asking ------------------------------------------------------------------------------------------


def test_ask_answers_with_places_and_reports_what_it_read(run: Run, churn: Path, tmp_path: Path) -> None:
    first = run("ask", churn, QUESTION, "--cache", tmp_path, "--encoder", "none")
    assert first.status == 0
    assert re.search(r"^\[1\] \S+:\d+(-\d+)?@[0-9a-f]{7}$", first.out, re.MULTILINE)
    assert "churn: git at " in first.err
    assert "7 files read" in first.err
    assert "src/settings.py" in first.err
    assert SECRET not in first.out + first.err
    again = run("ask", churn, QUESTION, "--cache", tmp_path, "--encoder", "none", "--code")
    assert again.err == "", "nothing changed, so nothing is reported"
    assert "train_test_split(frame" in again.out


def test_ask_as_json_is_the_object_of_the_contract(run: Run, churn: Path) -> None:
    done = run("ask", churn, QUESTION, "--format", "json", "--encoder", "none", "-q")
    answer = json.loads(done.out)
    assert done.err == ""
    assert list(answer) == [
        "id",
        "question",
        "status",
        "text",
        "statements",
        "figures",
        "topics",
        "confidence",
        "elapsed_ms",
    ]
    assert (answer["id"], answer["question"]) == ("q1", QUESTION)
    assert answer["status"] in STATUSES
    assert "ml.validation" in answer["topics"]
    for statement in answer["statements"]:
        assert statement["role"] in ROLES
        assert statement["citations"] or statement["role"] == "limit"
        for citation in statement["citations"]:
            assert list(citation) == ["source", "path", "start", "end", "cell", "commit", "sha256", "quote"]
            assert re.fullmatch(r"[0-9a-f]{40}", citation["commit"])
            if citation["path"] == "src/train.py":
                lines = TRAIN.split("\n")[citation["start"] - 1 : citation["end"]]
                assert citation["quote"] == "\n".join(lines)


def test_many_questions_are_answered_in_order_and_follow_ups_refer_back(
    run: Run, churn: Path, tmp_path: Path
) -> None:
    questions = [
        {"id": "b", "question": QUESTION},
        {"id": "a", "question": "Why did you do it that way?", "after": "b"},
        {"id": 3, "question": "Do you use Kafka?"},
        {"question": "How is the staging table deduplicated?"},
    ]
    lines = "\n\n".join(json.dumps(q) for q in questions)
    file = write(tmp_path, {"questions.jsonl": "\ufeff" + lines + "\r\n"}) / "questions.jsonl"
    done = run("ask", churn, "--questions", file, "--format", "jsonl", "--encoder", "none")
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [a["id"] for a in answers] == ["b", "a", "3", "4"]
    assert [a["question"] for a in answers] == [q["question"] for q in questions]
    assert answers[1]["topics"] == answers[0]["topics"], "the follow-up is about what was asked before"
    piped = run("ask", churn, "--questions", "-", "--encoder", "none", stdin=lines.encode())
    assert [json.loads(line)["status"] for line in piped.out.splitlines()] == [a["status"] for a in answers]
    listed = run("ask", churn, "--questions", file, "--format", "json", "--encoder", "none")
    assert [a["id"] for a in json.loads(listed.out)] == ["b", "a", "3", "4"]
    assert (
        run("ask", churn, "--questions", file, "--format", "markdown", "--encoder", "none").out.count("## ")
        == 4
    )


def test_a_question_from_standard_input(run: Run, churn: Path) -> None:
    done = run(
        "ask", churn, "-", "--format", "json", "--encoder", "none", stdin=f"\ufeff{QUESTION}\n".encode()
    )
    assert json.loads(done.out)["topics"]


def test_the_voice_of_the_flag_wins_over_the_configuration(run: Run, tmp_path: Path) -> None:
    root = write(
        tmp_path / "work", {"src/train.py": TRAIN, "proofolio.toml": 'voice = "third"\ncandidate = "Ann"\n'}
    )
    assert not re.search(r"\b(I|my)\b", run("ask", root, QUESTION, "--encoder", "none", "-q").out)
    assert re.search(
        r"\b(I|My|my)\b", run("ask", root, QUESTION, "--voice", "first", "--encoder", "none", "-q").out
    )


def test_a_dossier_is_a_portfolio(run: Run, churn: Path, tmp_path: Path) -> None:
    done = run("compile", churn, "--cache", tmp_path, "--encoder", "none", "-q")
    dossier = Path(done.out.removeprefix("dossier: ").strip())
    moved = tmp_path / "elsewhere" / "mine.dossier"
    moved.parent.mkdir()
    dossier.rename(moved)
    assert json.loads(run("ask", moved, QUESTION, "--format", "json", "--encoder", "none").out)["statements"]
    assert_one_sentence(run("compile", moved), 2, "compiled already")


# --- bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "words"),
    [("", "empty"), (" \t\n", "empty"), ("x" * 20_000, "20,000 characters"), ("🙂🙃 🎉", "no words"), ("?!…", "no words"),
     ("\x00", "empty")],
)  # fmt: skip
def test_a_question_that_cannot_be_asked(run: Run, churn: Path, question: str, words: str) -> None:
    assert_one_sentence(run("ask", churn, question), 2, words)


def test_a_question_with_bytes_that_are_no_text_is_answered(churn: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "proofolio.cli",
        "ask",
        str(churn),
        b"How did you \xff\xfe validate the model?",
        "--encoder",
        "none",
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('{"id": "a"}', "Question a has no text"),
        ('{"id": "a", "question": 7}', "Question a has no text"),
        ('{"id": "a", "question": " "}', "Question a: The question is empty."),
        ('{"id": "a", "question": "Why?", "after": "b"}', "comes after 'b'"),
        ("not json", "line 1 is no JSON"),
        ("[1]", "line 1 is no object"),
        ("[" * 100_000, "line 1 is no JSON (nested too deeply)"),
        ("\n \n", "no questions"),
        ("\xff".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_questions_file_that_makes_no_sense(
    run: Run, churn: Path, tmp_path: Path, lines: str | bytes, words: str
) -> None:
    file = write(tmp_path, {"q.jsonl": lines}) / "q.jsonl"
    assert_one_sentence(run("ask", churn, "--questions", file), 2, words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask"], "PORTFOLIO"),
        (["ask", "."], "--questions FILE"),
        (["ask", ".", "Why?", "--questions", "f"], "either"),
        (["ask", ".", "Why?", "--format", "xml"], "'xml'"),
        (["ask", ".", "--questions", "no-such-file"], "No such file"),
        (["frobnicate"], "frobnicate"),
        (["serve", ".", "--port", "99999"], "99999"),
        (["evidence", ".", "no-such-topic"], "No topic"),
        (["init", "no-such-folder"], "There is no folder"),
    ],
)
def test_bad_usage_is_status_2(
    run: Run, churn: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(churn)
    assert_one_sentence(run(*words), 2, said)


def test_a_portfolio_that_cannot_be_read_is_status_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_one_sentence(run("ask", tmp_path / "nowhere", QUESTION), 3, "nowhere")
    assert_one_sentence(run("ask", tmp_path / "empty", QUESTION), 3, "empty")
    assert_one_sentence(run("ask", tmp_path / "nowhere.dossier", QUESTION), 3, "nowhere.dossier")
    fake = write(tmp_path, {"fake.dossier": "no database"}) / "fake.dossier"
    assert_one_sentence(run("ask", fake, QUESTION), 3, "fake.dossier", "Compile it again")
    assert fake.read_text() == "no database"


def test_a_configuration_that_makes_no_sense_is_status_2(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n", "proofolio.toml": "sourcse = []\n"})
    assert_one_sentence(run("ask", tmp_path, QUESTION), 2, "unknown setting 'sourcse'", "Known: sources")


def test_a_cache_that_cannot_be_written_is_status_1(run: Run, churn: Path, tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    assert_one_sentence(
        run("ask", churn, QUESTION, "--cache", tmp_path / "file"), 1, "cannot be written", "PROOFOLIO_CACHE"
    )


def test_a_fault_is_one_sentence_without_what_the_files_hold(
    run: Run, churn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object, **__: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr("proofolio.compiling.open_portfolio", fault)
    done = run("ask", churn, QUESTION)
    assert_one_sentence(
        done, 1, "unexpected KeyError in proofolio.compiling, line ", "report it", "PROOFOLIO_DEBUG=1"
    )
    assert SECRET not in done.err
    monkeypatch.setenv("PROOFOLIO_DEBUG", "1")
    assert "Traceback" in run("ask", churn, QUESTION).err


def test_messages_hold_no_escapes(run: Run) -> None:
    assert_one_sentence(run("ask", "\x1b[31mnowhere", QUESTION), 3, "\\u001b[31mnowhere")


def test_an_interrupt_ends_quietly(run: Run, churn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("proofolio.compiling.open_portfolio", interrupt)
    done = run("ask", churn, QUESTION)
    assert (done.status, done.err.strip()) == (130, "proofolio: stopped.")


# --- the other commands ------------------------------------------------------------------------------


def test_compile_reports_and_reads_only_what_changed(run: Run, tmp_path: Path) -> None:
    root = write(
        tmp_path / "work",
        {
            "a.py": TRAIN,
            "b.py": "# Code generated by x. DO NOT EDIT.\n" + TRAIN,
            "c.ipynb": "{",
            "k.env": f"AWS_ACCESS_KEY_ID={SECRET}\n",
        },
    )
    commit(root)
    first = run("compile", root, "--report", "--encoder", "none")
    assert first.status == 0
    assert re.search(r"^unreadable: work/c\.ipynb: ", first.out, re.MULTILINE)
    assert re.search(r"^skipped: work/b\.py: ", first.out, re.MULTILINE)
    assert re.search(r"^redacted: work/k\.env: .*redacted \(1 place\)", first.out, re.MULTILINE)
    assert first.out.splitlines()[-1].startswith("dossier: ")
    second = run("compile", root, "--report", "--encoder", "none")
    assert "0 files read, 4 unchanged, 0 removed" in second.out
    told = [line for line in first.out.splitlines() if ": work/" in line]
    assert [line for line in second.out.splitlines() if ": work/" in line] == told, (
        "what could not be read is still told"
    )
    commit(write(root, {"new.py": "x = 1\n"}))
    third = run("compile", root, "--report", "--encoder", "none")
    assert "1 file read, 4 unchanged, 0 removed" in third.out
    assert [line for line in third.out.splitlines() if ": work/" in line] == told
    assert SECRET not in first.out + second.out + third.out


def test_evidence_of_this_folder_needs_only_the_topic(
    run: Run, churn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(churn)
    here = run("evidence", "ml.validation", "--encoder", "none", "-q")
    named = run("evidence", churn, "ml.validation", "--encoder", "none", "-q")
    assert here.out == named.out
    assert "src/train.py:" in here.out
    data = json.loads(
        run("evidence", churn, "ml.validation", "--format", "json", "--encoder", "none", "-q").out
    )
    assert data[0]["evidence"]


def test_doctor_says_what_is_well_and_ends_with_1_where_something_needed_is_not(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = run("doctor")
    assert well.status == 0
    for name in (
        "proofolio",
        "git",
        "SQLite",
        "cache",
        "rule packs",
        "syntax parser",
        "dense encoder",
        "PDF reader",
    ):
        assert re.search(rf"^ok   {name}: ", well.out, re.MULTILINE)
    monkeypatch.setenv("PATH", "")
    ill = run("doctor")
    assert ill.status == 1
    assert "FAIL git: not found" in ill.out


def test_init_writes_a_configuration_that_works(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"src/train.py": TRAIN})
    assert run("init", tmp_path).out == f"wrote {tmp_path / 'proofolio.toml'}\n"
    text = (tmp_path / "proofolio.toml").read_text()
    for setting in ("sources", "candidate", "emails", "voice", "exclude"):
        assert re.search(rf"^{setting} = ", text, re.MULTILINE)
    assert run("ask", tmp_path, QUESTION, "--encoder", "none").status == 0
    assert_one_sentence(run("init", tmp_path), 2, "--force")
    assert run("init", tmp_path, "--force").status == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        *([name, "-h"] for name in ("ask", "compile", "evidence", "doctor", "serve", "init")),
    ],
)
def test_help_ends_well(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.status == 0
    assert done.out


def test_a_taken_port_is_bad_usage(run: Run, churn: Path) -> None:
    from proofolio.server.run import listen

    with listen("127.0.0.1", 0) as taken:
        assert_one_sentence(
            run("serve", churn, "--port", str(taken.getsockname()[1])), 2, "cannot be listened on", "--port"
        )


def test_the_bar_names_what_is_being_done(tmp_path: Path) -> None:
    """On a terminal, and only there; a real one, since a bar is drawn for nobody else."""
    root = write(tmp_path / "work", {f"src/module_{n}.py": TRAIN for n in range(60)})
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "PROOFOLIO_CACHE": str(tmp_path / "cache")}
    slow = "import proofolio.cli as c; c._PATIENCE = 0; c.main()"  # a fast machine would show nothing
    command = [sys.executable, "-c", slow, "compile", str(root), "--encoder", "none"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    seen = bytearray()

    def watch() -> None:
        while True:
            try:
                data = os.read(ours, 65_536)
            except OSError:  # the other end is gone
                return
            if not data:
                return
            seen.extend(data)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.wait(timeout=60) == 0
    watcher.join(timeout=10)
    os.close(ours)
    assert re.search(rb"reading work/src/module_\d+\.py", seen)
    assert re.search(rb"\d+/60", seen)


def test_a_reader_that_goes_away_is_no_fault(churn: Path) -> None:
    command = [sys.executable, "-m", "proofolio.cli", "evidence", str(churn), "--encoder", "none", "-q"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read().decode()
    process.wait(timeout=60)
    process.stderr.close()
    assert err == ""


def test_the_shown_command_line_is_clean(run: Run, hostile: Path) -> None:
    done = run("ask", hostile, QUESTION, "--encoder", "none", "--code")
    assert clean(done.out) == done.out
    assert clean(done.err) == done.err
    report = run("compile", hostile, "--report", "--encoder", "none").out
    assert clean(report) == report


def test_nothing_slow_is_loaded_for_help() -> None:
    started = time.perf_counter()
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, proofolio.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"numpy", "fastapi", "rich", "yaml", "sqlite3"} & set(loaded), time.perf_counter() - started
