"""Files that many processes read come back in order, whole, and with the errors of the one that failed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from proofolio.core.errors import UnreadableFileError
from proofolio.core.records import FileEntry, SourceInfo
from proofolio.crew import WORTH_IT, Crew, hands_for
from proofolio.settings import Settings
from proofolio.workflows import open_compiled

INFO = SourceInfo("s", "folder", "/s")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def entries(count: int) -> list[tuple[FileEntry, SourceInfo]]:
    def content(n: int) -> bytes:
        if n == 7:
            raise UnreadableFileError("f7 is gone.", "Look elsewhere.")
        return b"x" * (n * 5_000 % 300_000)

    return [(FileEntry(f"f{n}", 5_000, str(n), lambda n=n: content(n)), INFO) for n in range(count)]  # type: ignore[misc]


def length(entry: FileEntry, info: SourceInfo) -> tuple[str, int, str]:
    try:
        return info.name, len(entry.read()), ""
    except UnreadableFileError as error:
        return info.name, -1, str(error)


@pytest.mark.parametrize("hands", [0, 1, 3])
def test_results_come_in_order_with_the_errors(hands: int) -> None:
    with Crew(length, hands) as crew:
        found = [(e.path, *result) for e, result in crew.work(entries(100))]
    assert [f[0] for f in found] == [f"f{n}" for n in range(100)]
    assert [f[2] for f in found if f[0] != "f7"] == [n * 5_000 % 300_000 for n in range(100) if n != 7]
    assert found[7][2:] == (-1, "f7 is gone. Look elsewhere.")


def test_what_a_process_that_dies_had_is_read_again() -> None:
    parent = os.getpid()

    def dying(entry: FileEntry, info: SourceInfo) -> str:
        if entry.path == "f40" and os.getpid() != parent:
            os._exit(9)
        return entry.path

    with Crew(dying, 2) as crew:
        assert [result for _, result in crew.work(entries(100))] == [f"f{n}" for n in range(100)]


def test_an_empty_crew_and_no_files() -> None:
    with Crew(length, 2) as crew:
        assert list(crew.work([])) == []


def test_a_program_with_threads_reads_by_itself() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert hands_for(10 * WORTH_IT) == 0
    finally:
        stop.set()
        thread.join()
    assert hands_for(WORTH_IT - 1) == 0


def test_many_files_compile_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for n in range(40):
        (work / f"m{n}.py").write_text(f"import pandas as pd\n\n\ndef load_{n}():\n    return pd.read_csv('{n}.csv')\n")
    found = []
    for hands in (0, 2):
        monkeypatch.setattr("proofolio.crew.hands_for", lambda files, hands=hands: hands)
        with open_compiled(str(work), Settings(cache=str(tmp_path / str(hands)), encoder="none")) as opened:
            answer = opened.ask("Where is the data loaded from?").to_json() | {"elapsed_ms": 0}
            assert opened.report is not None
            found.append((opened.report.counts, answer))
    assert found[0] == found[1]
