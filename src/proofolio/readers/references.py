"""Gives image files the captions that the rest of the portfolio has for them: references in prose, code that draws."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from urllib.parse import unquote

from proofolio.core.records import Document, DocumentKind, Figure
from proofolio.readers.captions import caption_from_code, heading_of, plain_words, plot_calls, words_of_path
from proofolio.readers.diagrams import MERMAID

_ENDING = r"(?:png|jpe?g|svg|gif|webp)"
_PICTURE = re.compile(rf"\.{_ENDING}", re.IGNORECASE)
_MARKDOWN = re.compile(
    rf"!\[(?P<alt>[^\]]*)\]\(\s*<?(?P<path>[^)\s>\"]+?\.{_ENDING})(?:\?[^)\s]*)?>?(?:\s+[\"'(](?P<title>[^\"')]*)[\"')])?",
    re.IGNORECASE,
)
_HTML = re.compile(
    rf"<img\b[^>]*?\bsrc\s*=\s*[\"'](?P<path>[^\"']+?\.{_ENDING})(?:\?[^\"']*)?[\"'][^>]*>", re.IGNORECASE
)
_ALT = re.compile(r"\b(?P<key>alt|title)\s*=\s*[\"'](?P<text>[^\"']*)[\"']", re.IGNORECASE)
_RST = re.compile(rf"^\s*\.\.\s+(?:image|figure)::\s*(?P<path>\S+?\.{_ENDING})\s*$", re.IGNORECASE)
_RST_ALT = re.compile(r"^\s+:alt:\s*(?P<text>.+)$")
_NAMED = re.compile(rf"[\"'](?P<path>[^\"'\n]{{0,120}}?[\w)%}}]\.{_ENDING})[\"']", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?]+[.!?]?")
_GENERIC = re.compile(
    r"^(?:an?\s+|the\s+|alt\s+)?(?:image|img|screenshot|screen shot|picture|photo|figure|fig|plot|graph|chart|text|alt|"
    r"logo|diagram|png|jpe?g|svg|untitled|drawing|demo|preview)?[\s\d:._-]*$",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 30, 3  # lines of code around a file name that may say what is drawn
_HOLE = re.compile(r"\{[^{}]*\}|%[-\d.]*[sd]")


@dataclass(frozen=True, slots=True)
class _Mention:
    """What one place says about a picture; ``weight`` is how good a caption ``said`` makes, higher is better."""

    said: str
    words: str
    weight: int


def caption_figures(figures: Iterable[Figure], documents: Iterable[Document]) -> list[Figure]:
    """The image files among ``figures`` with caption and words from ``documents``; plots keep their own.

    The alt text of a reference comes first, then the title that the drawing code sets, the heading above
    the reference, and last the words of the file's name. Made anew each time, so that a reference that is
    gone leaves nothing behind.
    """
    images = [figure for figure in figures if figure.cell is None and figure.mime != MERMAID]
    if not images:
        return []
    by_name: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for figure in images:
        by_name[figure.source, _base(figure.path)].append(figure)
    mentions: dict[tuple[str, str], list[_Mention]] = defaultdict(list)
    for document in documents:
        if document.kind is not DocumentKind.NOTEBOOK and not _PICTURE.search(document.text):
            continue
        lines = document.text.split("\n")
        if document.kind in {DocumentKind.PROSE, DocumentKind.NOTEBOOK} or document.language == "html":
            _in_prose(document, lines, by_name, mentions)
        if document.kind in {DocumentKind.CODE, DocumentKind.NOTEBOOK}:
            _in_code(document, lines, by_name, mentions)
        if document.kind is DocumentKind.NOTEBOOK:
            _exported(document, lines, images, mentions)
    return [_captioned(figure, mentions[figure.source, figure.path]) for figure in images]


def _captioned(figure: Figure, mentions: Sequence[_Mention]) -> Figure:
    name = words_of_path(figure.path)
    folders = [words_of_path(part) for part in figure.path.split("/")[:-1]]
    best = max((m for m in mentions if m.said), key=lambda m: m.weight, default=None)
    caption = best.said if best else name
    said = " ".join(dict.fromkeys(m.words for m in mentions if m.words))
    return replace(figure, caption=caption, words=" ".join([*folders, name, said])[:4_000])


# --- prose ------------------------------------------------------------------------------------------


def _in_prose(
    document: Document,
    lines: Sequence[str],
    by_name: dict[tuple[str, str], list[Figure]],
    mentions: dict[tuple[str, str], list[_Mention]],
) -> None:
    heading = ""
    for i, line in enumerate(lines):
        heading = heading_of(line) or heading
        for path, alt in _references(lines, i):
            for figure in by_name.get((document.source, _base(path)), ()):
                if not _same_file(document.path, path, figure.path):
                    continue
                around = _around(lines, i)
                telling = "" if _GENERIC.match(alt) or _base(figure.path).startswith(alt) else alt
                said, weight = (telling, 3) if telling else (heading, 1)
                words = plain_words(f"{alt} {heading} {around}")
                mentions[figure.source, figure.path].append(_Mention(plain_words(said)[:160], words, weight))


def _references(lines: Sequence[str], i: int) -> Iterable[tuple[str, str]]:
    line = lines[i]
    if "." not in line:
        return
    for match in _MARKDOWN.finditer(line):
        yield match["path"], (match["alt"] or match["title"] or "").strip()
    for match in _HTML.finditer(line):
        said = {m["key"].lower(): m["text"] for m in _ALT.finditer(match.group())}
        yield match["path"], (said.get("alt") or said.get("title") or "").strip()
    directive = _RST.match(line)
    if directive:
        alt = next((m["text"] for each in lines[i + 1 : i + 6] if (m := _RST_ALT.match(each))), "")
        yield directive["path"], alt.strip()


def _around(lines: Sequence[str], i: int) -> str:
    """The sentence before and the sentence after a reference: the nearest lines of prose."""
    before = next((lines[j] for j in range(i - 1, max(-1, i - 4), -1) if lines[j].strip()), "")
    after = next((lines[j] for j in range(i + 1, min(len(lines), i + 4)) if lines[j].strip()), "")
    last = [s.strip() for s in _SENTENCE.findall(plain_words(before)) if s.strip()][-1:]
    first = [s.strip() for s in _SENTENCE.findall(plain_words(after)) if s.strip()][:1]
    return " ".join([*last, *first])


def _same_file(document: str, reference: str, path: str) -> bool:
    """Whether a reference made in ``document`` means the file at ``path``."""
    target = unquote(reference).replace("\\", "/")
    if "://" in target:
        return target.endswith("/" + path)
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(document), target.lstrip("/")))
    return path in {beside, posixpath.normpath(target.lstrip("/"))}


# --- code -------------------------------------------------------------------------------------------


def _in_code(
    document: Document,
    lines: Sequence[str],
    by_name: dict[tuple[str, str], list[Figure]],
    mentions: dict[tuple[str, str], list[_Mention]],
) -> None:
    last = 0
    for i, line in enumerate(lines):
        for match in _NAMED.finditer(line):
            figures = _drawn(document.source, _base(match["path"]), by_name)
            if not figures:
                continue
            nearby = "\n".join(lines[max(last, i - _BEFORE) : i + _AFTER + 1])
            title = caption_from_code("\n".join(lines[max(last, i - _BEFORE) : i + 1]), 1)[0]
            words = plain_words(f"{title} {' '.join(plot_calls(nearby)[-3:])}")
            drawn_once = len(figures) == 1  # a name with holes is drawn in a loop: the title has holes too
            for figure in figures:
                said = title if title and drawn_once and not _HOLE.search(title) else ""
                mentions[figure.source, figure.path].append(_Mention(said, words, 2))
            last = i + 1


def _exported(document: Document, lines: Sequence[str], images: Sequence[Figure], mentions: dict[tuple[str, str], list[_Mention]]) -> None:
    """Plots that nbconvert wrote beside a notebook: ``NAME_files/NAME_CELL_OUTPUT.png`` says which cell drew it."""
    stem = document.path.removesuffix(".ipynb")
    named = re.compile(rf"{re.escape(stem)}_files/{re.escape(stem.rsplit('/', 1)[-1])}_(?P<cell>\d+)_(?P<output>\d+)\.{_ENDING}$", re.IGNORECASE)
    by_cell: dict[int, list[tuple[int, Figure]]] = defaultdict(list)
    for figure in images:
        if figure.source == document.source and (match := named.match(figure.path)):
            by_cell[int(match["cell"])].append((int(match["output"]), figure))
    heading = ""
    for cell in document.cells:
        text = "\n".join(lines[cell.start - 1 : (cell.output or cell.end + 1) - 1])
        if cell.kind != "code":
            heading = heading_of(text) or heading
        calls = plot_calls(text) if cell.kind == "code" else []
        drawn = [figure for _, figure in sorted(by_cell.get(cell.index, ()), key=lambda d: d[0])] if calls else []  # else an earlier state drew it
        for figure, title in zip(drawn, caption_from_code(text, len(drawn)), strict=True):
            said = title if title and "(" not in title else ": ".join(w for w in (heading, title) if w)
            mentions[figure.source, figure.path].append(_Mention(plain_words(said)[:160], plain_words(f"{heading} {title} {' '.join(calls[-3:])}"), 2))


def _drawn(source: str, name: str, by_name: dict[tuple[str, str], list[Figure]]) -> list[Figure]:
    if not _HOLE.search(name):
        return by_name.get((source, name), [])
    if len(re.sub(r"\W", "", _HOLE.sub("", name.rsplit(".", 1)[0]))) < 4:
        return []  # "{name}.png" could be any picture
    pattern = re.compile(translate(_HOLE.sub("*", name)))
    return [
        f
        for (owner, base), found in by_name.items()
        if owner == source and pattern.match(base)
        for f in found
    ]


def _base(path: str) -> str:
    return unquote(path).replace("\\", "/").rsplit("/", 1)[-1]
