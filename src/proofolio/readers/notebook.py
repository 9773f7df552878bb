"""Reads a Jupyter notebook (nbformat 3 and 4) without running it: cells, outputs and plots as they were saved."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from proofolio.core.errors import UnreadableFileError
from proofolio.core.records import Cell, Figure
from proofolio.readers.captions import caption_from_code, heading_of, plain_words

OUTPUT_MARK = "# Output:"
MAX_OUTPUT_LINES = 200
MAX_FIGURE_BYTES = 1_500_000
MAX_HTML = 500_000  # characters of an HTML output that are looked at
MAX_CELLS = 10_000
_IMAGES = ("image/png", "image/jpeg", "image/svg+xml", "image/gif")
_V3_KEYS = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "html": "text/html",
    "text": "text/plain",
    "latex": "text/latex",
}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*\x07")
_OBJECT = re.compile(
    r"^\s*<[\w.]+[^<>]*(?:object| at 0x[0-9a-fA-F]+|size [\dx. ]+ with \d+ Axes?)[^<>]*>\s*$"
)
_ROW = re.compile(r"<tr\b(?:(?!<tr\b).)*?</tr>", re.DOTALL | re.IGNORECASE)
_CELL = re.compile(r"<t[hd]\b[^<>]*>((?:(?!<t[hd]\b).)*?)</t[hd]>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(
    r"<(?:script|style)\b(?:(?!<(?:script|style)\b).)*?</(?:script|style)>|<[^<>]{0,2000}>",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Notebook:
    """What a notebook says: its text, where each cell stands in it, its plots, its language."""

    text: str
    cells: tuple[Cell, ...]
    figures: tuple[Figure, ...]
    language: str


@dataclass(slots=True)
class _Builder:
    source: str
    path: str
    lines: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    heading: str = ""  # the last Markdown heading
    said: str = ""  # the text of the last Markdown cell


def read_notebook(text: str, source: str, path: str) -> Notebook:
    """Read the JSON ``text`` of a notebook. Raises UnreadableFileError where it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error) or "out of memory"
        raise UnreadableFileError(
            f"{path} is not a notebook: its JSON cannot be read ({reason}).", _TRY
        ) from error
    if not isinstance(data, dict):
        raise UnreadableFileError(f"{path} is not a notebook: its JSON is a {type(data).__name__}.", _TRY)
    cells = _cells_of(data)
    if cells is None:
        raise UnreadableFileError(f"{path} is not a notebook: it has no cells.", _TRY)
    builder = _Builder(source, path)
    for index, cell in enumerate(cells[:MAX_CELLS]):
        _add_cell(builder, index, cell if isinstance(cell, dict) else {})
    return Notebook("\n".join(builder.lines), tuple(builder.cells), tuple(builder.figures), _language(data))


_TRY = "Open it in Jupyter and save it again."


def _cells_of(data: Mapping[str, Any]) -> list[Any] | None:
    cells = data.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = data.get("worksheets")
    if not isinstance(sheets, list):
        return None
    found: list[Any] = []
    for sheet in sheets:
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list):
            found += sheet["cells"]
    return found


def _language(data: Mapping[str, Any]) -> str:
    metadata = _mapping(data.get("metadata"))
    kernel = _mapping(metadata.get("kernelspec"))
    info = _mapping(metadata.get("language_info"))
    for value in (info.get("name"), kernel.get("language"), kernel.get("name")):
        if isinstance(value, str) and value:
            name = value.lower()
            return {
                "ir": "r",
                "python3": "python",
                "python2": "python",
                "ipython": "python",
                "bash": "shell",
            }.get(name, name)
    return "python"


def _add_cell(builder: _Builder, index: int, cell: Mapping[str, Any]) -> None:
    kind = str(cell.get("cell_type", "raw"))
    source = _text(cell.get("source", cell.get("input", "")))
    if kind == "heading":  # nbformat 3
        level = cell.get("level")
        kind, source = (
            "markdown",
            "#" * (level if isinstance(level, int) and 0 < level < 7 else 1) + " " + source,
        )
    kind = kind if kind in {"code", "markdown"} else "raw"
    lines = source.rstrip("\n").split("\n") if source.strip() else []
    if builder.lines and (lines or cell.get("outputs")):
        builder.lines.append("")
    start = len(builder.lines) + 1
    builder.lines += lines
    output: int | None = None
    executed = True
    if kind == "markdown":
        builder.heading = heading_of(source) or builder.heading
        builder.said = source
        _add_attachments(builder, index, cell, start)
    elif kind == "code":
        outputs = (
            [o for o in cell.get("outputs") or () if isinstance(o, dict)] if _is_list(cell, "outputs") else []
        )
        count = cell.get("execution_count", cell.get("prompt_number"))
        executed = count is not None or bool(outputs)
        output = _add_outputs(builder, index, source, outputs)
    builder.cells.append(Cell(index, kind, start, len(builder.lines), output, executed))


def _is_list(cell: Mapping[str, Any], key: str) -> bool:
    return isinstance(cell.get(key), list)


def _add_outputs(builder: _Builder, index: int, source: str, outputs: list[dict[str, Any]]) -> int | None:
    """Append what a cell printed under the output mark; returns the mark's line, None if it printed nothing."""
    printed: list[str] = []
    pictures: list[tuple[str, bytes, int]] = []
    for output in outputs:
        for part in _output_parts(output):
            if isinstance(part, str):
                printed += part.rstrip("\n").split("\n")
            else:
                pictures.append((part[0], part[1], len(printed)))
                printed.append("")  # filled in below, when the number of pictures is known
    while printed and not printed[-1].strip() and not (pictures and pictures[-1][2] == len(printed) - 1):
        printed.pop()
    if not printed:
        return None
    captions = caption_from_code(source, len(pictures))
    mark = len(builder.lines) + 1
    first = mark + 1
    kept_figures = []
    for (mime, data, at), said in zip(pictures, captions, strict=True):
        caption = said if said and "(" not in said else ": ".join(w for w in (builder.heading, said) if w)
        caption = caption or f"Plot in cell {index}"
        printed[at] = f"[figure: {caption}]"
        if data and at < MAX_OUTPUT_LINES:
            words = plain_words(f"{builder.heading}\n{builder.said}\n{source}")
            kept_figures.append(
                Figure(builder.source, builder.path, index, caption, mime, first + at, words, data)
            )
    if len(printed) > MAX_OUTPUT_LINES:
        printed = [*printed[:MAX_OUTPUT_LINES], f"[… {len(printed) - MAX_OUTPUT_LINES:,} more lines]"]
    builder.lines += [OUTPUT_MARK, *printed]
    builder.figures += kept_figures
    return mark


def _output_parts(output: Mapping[str, Any]) -> Iterator[str | tuple[str, bytes]]:
    """The text and the pictures of one output, in order."""
    kind = output.get("output_type")
    if kind == "stream":
        yield _printed(_text(output.get("text")))
        return
    if kind in {"error", "pyerr"}:
        yield f"{output.get('ename', 'Error')}: {_printed(_text(output.get('evalue')))}"
        return
    data = _mapping(output.get("data")) or {v: output[k] for k, v in _V3_KEYS.items() if k in output}
    picture = next((mime for mime in _IMAGES if mime in data), None)
    words = _shown_text(data, bool(picture))
    if words:
        yield _printed(words)
    if picture:
        yield picture, _picture(picture, data[picture])


def _shown_text(data: Mapping[str, Any], has_picture: bool) -> str:
    plain = _text(data.get("text/plain"))
    if (len(plain) < 500 and _OBJECT.match(plain)) or (has_picture and plain.lstrip().startswith("<")):
        plain = ""  # "<Figure size 640x480 with 1 Axes>" says nothing
    if plain:
        return plain
    for mime in ("text/markdown", "text/latex"):
        if mime in data:
            return _text(data[mime])
    return _from_html(_text(data.get("text/html"))) if "text/html" in data else ""


def _from_html(markup: str) -> str:
    """The words of an HTML output; a table keeps its rows."""
    markup = markup[:MAX_HTML]
    rows = _ROW.findall(markup)
    if rows:
        cells = ([_words_of(cell) for cell in _CELL.findall(row)] for row in rows[: 2 * MAX_OUTPUT_LINES])
        return "\n".join(" | ".join(row) for row in cells)
    lines = (line.strip() for line in html.unescape(_TAG.sub(" ", markup)).split("\n"))
    return "\n".join(" ".join(line.split()) for line in lines if line)


def _words_of(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def _printed(text: str) -> str:
    """Terminal output as it looked in the end: no colours, a progress bar only in its last state."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" not in text:
        return text
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n"))
    return "\n".join(lines)


def _picture(mime: str, value: Any) -> bytes:
    """The bytes of a saved plot; none where it is damaged or too large to keep."""
    text = _text(value)
    if len(text) > MAX_FIGURE_BYTES * 4 // 3 + 4:
        return b""
    if mime == "image/svg+xml" and text.lstrip().startswith("<"):
        return text.encode("utf-8")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _add_attachments(builder: _Builder, index: int, cell: Mapping[str, Any], line: int) -> None:
    for name, kinds in _mapping(cell.get("attachments")).items():
        for mime, value in _mapping(kinds).items():
            data = _picture(mime, value) if mime in _IMAGES else b""
            if data:
                caption = builder.heading or plain_words(str(name).rsplit(".", 1)[0]) or "Picture"
                words = plain_words(builder.said)
                builder.figures.append(
                    Figure(builder.source, builder.path, index, caption, mime, line, words, data)
                )


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    # A lone surrogate ("\ud83d" without its half) is legal JSON and cannot be stored as UTF-8.
    return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
