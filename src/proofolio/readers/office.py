"""Reads the text of PDF and Word documents; lines are those of the extracted text."""

from __future__ import annotations

import io
import logging
import time
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

from proofolio.core.errors import UnreadableFileError

MAX_PAGES = 400
MAX_SECONDS = 30  # after which the pages read so far have to do
MAX_XML_BYTES = 50_000_000  # word/document.xml unpacked; a thesis has about 5,000,000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_pdf(raw: bytes, path: str) -> tuple[str, dict[str, str]]:
    """The text of a PDF, page after page, and {"pages": "1,40,82"}: the line on which each page starts.

    Raises UnreadableFileError where it is encrypted, damaged or holds no text.
    """
    import pypdf  # slow to import, and most portfolios have no PDF
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings about odd files are nobody's concern
    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableFileError(f"{path} is an encrypted PDF.", "Save it without a password.")
        until = time.monotonic() + MAX_SECONDS
        pages = [page.extract_text() for page in reader.pages[:MAX_PAGES] if time.monotonic() < until]
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        zlib.error,
        OSError,
        ImportError,
        AssertionError,
        NotImplementedError,
        MemoryError,
    ) as error:
        # pypdf meets damaged files with whatever its parsing of them runs into.
        what = str(error).strip() or type(error).__name__
        raise UnreadableFileError(
            f"{path} is a PDF that cannot be read: {what}.", "Export it again."
        ) from error
    lines: list[str] = []
    starts: list[str] = []
    for page in pages:
        if lines:
            lines.append("")
        starts.append(str(len(lines) + 1))
        lines += [" ".join(line.split()) for line in _plain(page).strip().split("\n")]
    if not any(lines):
        raise UnreadableFileError(f"{path} is a PDF without text (a scan).", "Give a text version beside it.")
    return "\n".join(lines), {"pages": ",".join(starts)}


def _plain(text: str) -> str:
    # Odd fonts give lone surrogates and zero bytes, which cannot be stored.
    cleaned = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return cleaned.replace("\r\n", "\n").replace("\r", "\n")


def read_docx(raw: bytes, path: str) -> str:
    """The paragraphs and tables of a Word document: a line a paragraph, headings marked as in Markdown.

    Raises UnreadableFileError where it is damaged or unpacks to more than MAX_XML_BYTES.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package, package.open("word/document.xml") as part:
            xml = part.read(MAX_XML_BYTES + 1)
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        zlib.error,
    ) as error:
        raise UnreadableFileError(
            f"{path} is not a Word document: {error}.", "Save it again as .docx."
        ) from error
    if len(xml) > MAX_XML_BYTES:
        raise UnreadableFileError(f"{path} unpacks to more than {MAX_XML_BYTES:,} bytes.", "Save it as text.")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:  # Word writes none; entities can grow without end
        raise UnreadableFileError(f"{path} declares XML entities, which no Word document does.")
    try:
        body = ElementTree.fromstring(xml).find(f"{_W}body")
    except (ElementTree.ParseError, RecursionError) as error:
        raise UnreadableFileError(f"{path} is a damaged Word document: {error}.", "Save it again.") from error
    return "\n".join(_blocks(body)) if body is not None else ""


def _blocks(parent: ElementTree.Element) -> Iterator[str]:
    for child in parent:
        if child.tag == f"{_W}p":
            yield _paragraph(child)
        elif child.tag == f"{_W}tbl":
            for row in child.iter(f"{_W}tr"):
                cells = (" ".join("".join(_runs(cell)).split()) for cell in row.iter(f"{_W}tc"))
                yield " | ".join(cells)
        elif child.tag in {f"{_W}sdt", f"{_W}sdtContent"}:
            yield from _blocks(child)


def _paragraph(node: ElementTree.Element) -> str:
    text = " ".join("".join(_runs(node)).split())
    style = node.find(f"{_W}pPr/{_W}pStyle")
    name = style.get(f"{_W}val", "") if style is not None else ""
    digits = name.removeprefix("Heading").strip()
    if text and name.startswith("Heading") and digits.isdigit():
        return "#" * min(int(digits), 6) + " " + text
    if text and name == "Title":
        return "# " + text
    return f"- {text}" if text and node.find(f"{_W}pPr/{_W}numPr") is not None else text


def _runs(node: ElementTree.Element) -> Iterator[str]:
    for part in node.iter():
        if part.tag == f"{_W}t":
            yield part.text or ""
        elif part.tag in {f"{_W}tab", f"{_W}br"}:
            yield " "
