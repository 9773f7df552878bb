"""Files that are damaged, hostile or not what they say end in a reason, and never in a wait."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from proofolio.core.errors import UnreadableFileError
from proofolio.core.records import Document, FileEntry, SourceInfo
from proofolio.readers import parse, read, segment


def document(path: str, raw: bytes) -> Document | None:
    entry = FileEntry(path, len(raw), "", lambda: raw)
    return read(entry, SourceInfo("s", "folder", "."), lambda text, _: text)


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
    good, broken = (
        document("a.ts", b"function go() {\n  return 1\n}\n"),
        document("b.ts", BROKEN_TYPESCRIPT.encode()),
    )
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
    raw = json.dumps(
        {"cells": [{"cell_type": "code", "source": "plt.title('Big')", "outputs": [output]}]}
    ).encode()
    found = document("x.ipynb", raw)
    assert found is not None and found.figures == ()
    assert "[figure: Big]" in found.text
