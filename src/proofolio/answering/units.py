"""Cuts a passage into units: the smallest things that can be said and cited on their own.

A unit is a logical line of code, a setting, a comment, a sentence, a table row or a printed line. It
knows how to be said ("sets `X` to `3`"), so that an answer is made of sentences about the work and
never of passages poured out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from proofolio.answering.clauses import (
    DASHED,
    DEFINITION,
    KEPT_BACK,
    SLASHED,
    clause_of,
    fragment,
    keeps_back,
)
from proofolio.core.records import Document, DocumentKind
from proofolio.evidence.keys import settings_of

MAX_JOIN = 10
_QUOTING = frozenset({"python", ""})  # languages in which three quotes open a text of several lines

_COMMENT = re.compile(r"^\s*(?:#+|//+|--|/?\*+|<!--|;|\{#|\{/\*)\s?(?P<text>.*?)(?:\*/\}?|-->|#\})?\s*$")
_BARE_MARK = re.compile(r"\s+#\s*$")
_CODEISH = re.compile(
    r"^[\w.\[\]'\"]+(?:\s*:\s*\w+)?\s*[-+*/|]?=(?!=)\s*(?!(?:[a-z]+\s+){2,}[a-z]+\b)\S"  # an assignment whose value is no phrase
    r"|^(?:await\s+)?[\w.]+\(.*[\w)\](,{:;]$|^[)\].].*[)\]]$|[;{}]\s*$|^@[\w.]+(?:\(.*\))?$"
    r"|^import\s+[\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+)*$|^from\s+[\w.]+\s+import\b"
    r"|^(?:return|raise|yield|await|assert|del)(?:\s+[^\s()=\[]+$|\s.*[(=\[].*)"
    r"|^(?:if|elif|for|while|with|except|try|else|(?:async\s+)?def|class)\b.*:$"
    r"|^(?:const|let|var)\s+\w+.*=|^(?:async\s+)?function\b.*\(|^SELECT\s.*(?:\*|,|\bFROM\b)"
    r"|^(?!(?:todo|note|see|fixme|hint|warning|example|default|nb)\b)[a-z_][\w-]*:\s*[^\s:]+$"
    r"|^([\"'])[\w.-]+\1\s*(?::|=>)\s*\S.*,$"  # an entry of a dictionary
)
_SENTENCE_LIKE = re.compile(r"^(?!(?:if|for|while|return|raise|with|await|async|def|class|import|from|assert|else|elif|try|except)\b)[A-ZÀ-Þ]?[\w'’-]*(?:\s+[\w'’/-]+){3,}[^=]*$|^[A-Z][a-z]+\b(?:[ ,][^=;{}]+)?[.:!?)]?$", re.UNICODE)
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]*_`]*\s+(?=[\"'(\[*_`]*[A-ZÀ-ÖØ-Þ\d])")
_MARKDOWN = re.compile(r"\[!\[[^\]]*\]\([^)]*\)\]\([^)]*\)|<!--.*?-->|!\[[^\]]*\]\([^)]*\)|\[(?P<text>[^\]]+)\]\([^)]*\)|(?P<tag></?(?:a|abbr|b|br|center|code|details|div|em|font|h[1-6]|hr|i|img|kbd|li|ol|p|picture|pre|small|source|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul|video)\b[^>]*>)")
_NOISE = re.compile(r"\bwarn(?:ings?)?\b|Warning\b|site-packages|^\[Parallel|\bit/s\]|\d+%\|[█#▏ ]|^\s*(?:Collecting|Requirement already|Downloading|Installing)\b|Trust notebook|^<.*>$", re.IGNORECASE)
_REPR = re.compile(r"^\s*[\w.]*\(?(?:\w+=[^=]*,\s*)*\w+=[^=,]+[,)]+\s*$|^\s*<[\w.]+ .*>$|^<.* at 0x")
_RUN_IN = re.compile(r"^\s*(?:[-*+]\s+|\d+[.)]\s+)?(?:\*\*|__)(?P<head>[^*_]{2,60}?)(?:[.:](?:\*\*|__)|(?:\*\*|__)[.:])\s+(?=\S)")
_QUOTES = re.compile(r"\"\"\"|\'\'\'|#.*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")
_DOCSTRING = re.compile(r"^[rRuUbBfF]{0,2}(?:\"\"\"|\'\'\')")
_BEFORE_QUOTES = frozenset("rRuUbBfF\"'")
_NOTHING = frozenset({"}", "{", ")", "]", "});", ");", "},", "],", "};", "else:", "try:", "*/", "/**", "---", '"""', "'''"})
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")


class Unit(NamedTuple):
    """Lines ``start``..``end`` (1-based), what kind of thing they are, the text to search and say."""

    start: int
    end: int
    kind: str
    text: str
    clause: str
    context: str = ""
    dead: bool = False


def units_of(document: Document, first: int, last: int, lines: Sequence[str], strings: Mapping[int, int] | None = None) -> list[Unit]:
    """The units within lines ``first``..``last`` of a document; ``strings`` is what ``strings_of`` found in all of it, if known."""
    if document.kind is DocumentKind.NOTEBOOK:
        return list(_notebook(document, first, last, lines))
    if document.kind is DocumentKind.PROSE:
        return list(_prose(first, last, lines))
    if document.kind in {DocumentKind.CONFIG, DocumentKind.METRICS}:
        units = list(_settings(document, first, last, lines))
        if units:
            return units
    return list(_code(first, last, lines, document.language, strings=strings))


def strings_of(document: Document, lines: Sequence[str]) -> dict[int, int]:
    """The lines of a document that begin within a triple-quoted string, each with the line that opened it."""
    return _strings(lines, 1, len(lines)) if document.language in _QUOTING and document.kind is not DocumentKind.NOTEBOOK else {}


def plain(text: str) -> str:
    """Markdown reduced to what a reader sees."""
    text = _MARKDOWN.sub(lambda m: m["text"] or "", text)
    text = re.sub(r"\*\*|(?<!\w)__|__(?!\w)", "", text)
    text = re.sub(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+(?:\[[ x]\]\s+)?|\d+[.)]\s+)", "", text)
    return " ".join(text.split())


def _settings(document: Document, first: int, last: int, lines: Sequence[str]) -> Iterator[Unit]:
    known: dict[int, tuple[str, str]] = {}
    for setting in settings_of(document):
        if first <= setting.line <= last:
            known.setdefault(setting.line, (setting.path, setting.value))
    if not known:
        return
    for number in range(first, last + 1):
        line = lines[number - 1]
        if re.fullmatch(r"\s*(?:---|\.\.\.)\s*", line):
            continue  # what separates YAML documents is no remark
        comment = _COMMENT.match(line) if re.match(r"^\s*(?:#|//|;|<!--|\{#)", line) else None
        if number in known and not (comment and line.lstrip()[:1] == "#"):
            path, value = known[number]
            tail = _tail(path)
            note = _remark(line, ("#",))
            clause = f"`{fragment(tail)}` is `{fragment(value)}`" if value else f"`{fragment(path)}` is set up"
            if value and keeps_back(path, value):
                clause = f"`{fragment(tail)}` is {KEPT_BACK}"
                note = None
            if document.language == "dockerfile" and not keeps_back(path, value):
                clause = f"`{fragment(path + ' ' + value)}`"
            if note:
                clause += f' ("{fragment(note[1], 90)}")'
            yield Unit(number, number, "setting" if value else "block", f"{path} {line.strip()}", clause, path)
        elif comment and comment["text"].strip():
            yield _comment_unit(number, number, comment["text"].strip())
        elif line.strip() and len(line.strip()) > 3:
            yield Unit(number, number, "line", line.strip(), f"`{fragment(line)}`")


def _tail(path: str) -> str:
    """The end of a setting's path that tells what it is: its last name, or two where the last says little."""
    names = path.split(".")
    return ".".join(names[-2:] if len(names[-1]) < 8 else names[-1:])


def _looks_like_code(text: str) -> bool:
    """Whether a comment holds code that was switched off rather than a remark."""
    if _SENTENCE_LIKE.match(text):
        return False
    return bool(_CODEISH.search(text)) and len(text.split()) < 14


def _comment_unit(start: int, end: int, text: str) -> Unit:
    if _looks_like_code(text):
        return Unit(start, end, "dead", text, f"`{fragment(text)}` is commented out", dead=True)
    return Unit(start, end, "comment", text, f'a comment says "{fragment(text, 200)}"')


def _marks(language: str) -> tuple[str, ...]:
    """The marks that open a comment in a language; where it is not known, those of most scripts."""
    if language in DASHED:
        return ("--",)
    return ("//",) if language in SLASHED else ("#",) if language in {"python", "shell", "r", "ruby", "julia", "perl"} else ("#", "//")


def _strings(lines: Sequence[str], base: int, last: int) -> dict[int, int]:
    """The Python lines that begin within a triple-quoted string, each with the line that opened it."""
    inside: dict[int, int] = {}
    quote, opened = "", 0
    for number in range(base, min(last, len(lines)) + 1):
        line, at = lines[number - 1], 0
        if not quote and '"""' not in line and "'''" not in line:
            continue
        if quote:
            inside[number] = opened
            end = line.find(quote)
            if end < 0:
                continue
            quote, at = "", end + 3
        while at < len(line):
            token = _QUOTES.search(line, at)
            if token is None:
                break
            at = token.end()
            if token[0] in {'"""', "'''"}:
                end = line.find(token[0], at)
                if end < 0:
                    quote, opened = token[0], number
                    break
                at = end + 3
    return inside


def _code(
    first: int, last: int, lines: Sequence[str], language: str = "", base: int = 1, strings: Mapping[int, int] | None = None
) -> Iterator[Unit]:
    inside = strings if strings is not None else _strings(lines, base, last) if language in _QUOTING else {}
    openers = frozenset(inside.values())
    marks = _marks(language)
    opening, begins = _opening(marks), frozenset("/*{<" + "".join(mark[0] for mark in marks))  # no other character opens a remark
    number = first
    while number <= last:
        line = lines[number - 1] if number <= len(lines) else ""
        stripped = line.strip()
        if not stripped or stripped.startswith("#!") or (stripped in _NOTHING and number not in openers):
            number += 1
            continue
        opened = inside.get(number)
        if opened is not None or (number in openers and _DOCSTRING.match(stripped)):
            start = number if opened is None else opened
            end = number
            while end < last and inside.get(end + 1) == start:
                end += 1
            if _DOCSTRING.match(lines[start - 1].strip()):
                yield from _docstring(number, end, lines, '"""' if '"""' in lines[start - 1] else "'''")
            else:  # text that the code holds (a query, a template), not what it says of itself
                for n in range(number, end + 1):
                    if len(lines[n - 1].strip(" \t\"')")) > 3:
                        yield Unit(n, n, "line", lines[n - 1].strip(), f"has `{fragment(lines[n - 1])}`")
            number = end + 1
            continue
        if stripped[0] in _BEFORE_QUOTES and _DOCSTRING.match(stripped):
            yield from _docstring(number, number, lines, '"""' if '"""' in stripped else "'''")
            number += 1
            continue
        comment = _COMMENT.match(line) if stripped[0] in begins and opening.match(line) else None
        if comment:
            end, text = number, comment["text"].strip()
            dead = _looks_like_code(text)
            while not dead and end < last:
                following = _COMMENT.match(lines[end]) if opening.match(lines[end]) else None
                if following is None or not following["text"].strip() or _looks_like_code(following["text"].strip()):
                    break
                text += " " + following["text"].strip()
                end += 1
            if text:
                yield _comment_unit(number, end, text)
            number = end + 1
            continue
        end, text = _join(number, last, lines, marks)
        yield _code_unit(number, end, text, language, marks)
        number = end + 1


def _docstring(first: int, last: int, lines: Sequence[str], quote: str) -> Iterator[Unit]:
    """The sentences of a docstring, each with its lines; headings and field lists stand alone."""
    buffer: list[tuple[int, str]] = []
    for number in range(first, last + 1):
        text = lines[number - 1].strip().replace(quote, "").strip().removeprefix("r" + quote).strip()
        if not text or re.fullmatch(r"[-=~#]+", text):
            yield from _said(buffer)
            continue
        if re.match(r"^(?:[-*#]|\d+[.)]\s|:\w+|@\w+|\w+(?:\s*\([^)]*\))?:\s)", text):
            yield from _said(buffer)
        buffer.append((number, re.sub(r"^(?:[#*\- ]+|\d+[.)]\s+)", "", text)))
    yield from _said(buffer)


def _said(buffer: list[tuple[int, str]]) -> Iterator[Unit]:
    for unit in _flush(buffer):
        yield Unit(unit.start, unit.end, "docstring", unit.text, f"its docstring says {unit.clause}")


def _join(number: int, last: int, lines: Sequence[str], marks: tuple[str, ...] = ("#", "//")) -> tuple[int, str]:
    """A logical line: joined while brackets stay open, for at most ten lines and 260 characters."""
    text, end = lines[number - 1].strip(), number
    if "(" not in text and "[" not in text:
        return end, text
    if _open(_uncommented(text, marks)):
        text = _uncommented(text, marks).rstrip("# ")
    while end < last and end - number < MAX_JOIN and len(text) < 260 and _open(text) and not text.endswith("{"):
        following = _uncommented(lines[end].strip(), marks)
        if following.startswith(marks):
            end += 1
            continue
        if DEFINITION.match(following):
            break
        text += (" " if text[-1:] not in "([" else "") + following
        end += 1
    return end, text


@lru_cache(maxsize=16)
def _opening(marks: tuple[str, ...]) -> re.Pattern[str]:
    """What a line of comment begins with."""
    return re.compile(rf"^\s*(?:{'|'.join(marks)}|/?\*(?!\*?[\w(])|\{{/\*|<!--)")


@lru_cache(maxsize=16)
def _before_remark(marks: tuple[str, ...]) -> re.Pattern[str]:
    """What stands between the code of a line and a remark at its end."""
    return re.compile(rf"(?<=\S)\s+(?:{'|'.join(marks)})\s+(?=\S)")


def _remark(text: str, marks: tuple[str, ...]) -> tuple[str, str] | None:
    """The code of a line and the remark at its end, where there is one outside of quotes."""
    for mark in marks:
        if mark in text:
            break
    else:
        return None
    for found in _before_remark(marks).finditer(text):
        code, said = text[: found.start()], text[found.end() :].strip()
        if len(said) > 3 and not any(code.count(q) % 2 for q in "\"'`"):
            return code, said
    return None


def _uncommented(text: str, marks: tuple[str, ...]) -> str:
    """A line without the remark at its end."""
    found = _remark(text, marks)
    text = found[0] if found else text
    return _BARE_MARK.sub("", text) if "#" in text and "#" in marks else text


def _open(text: str) -> bool:
    return text.count("(") + text.count("[") > text.count(")") + text.count("]")


def _code_unit(start: int, end: int, text: str, language: str = "", marks: tuple[str, ...] = ("#", "//")) -> Unit:
    text = _BARE_MARK.sub("", text) if "#" in text and "#" in marks else text
    note = _remark(text, marks)
    code = note[0] if note else text
    kind, clause = clause_of(code.rstrip(";").rstrip(), language)
    if note:
        clause += f' ("{fragment(note[1], 90)}")'
    return Unit(start, end, kind, text, clause)


def _prose(first: int, last: int, lines: Sequence[str]) -> Iterator[Unit]:
    fence = False
    buffer: list[tuple[int, str]] = []
    header: list[str] = []
    for number in range(first, last + 1):
        line = lines[number - 1] if number <= len(lines) else ""
        stripped = line.strip()
        if stripped.startswith(("```", "~~~")):
            yield from _flush(buffer)
            fence = not fence
            continue
        row = _ROW.match(line)
        if fence or row or not stripped or stripped.startswith("#") or re.match(r"^\s*(?:[-*+]|\d+[.)])\s", line) or re.fullmatch(r"[=\-~^]{3,}", stripped):
            yield from _flush(buffer)
        if fence and stripped:
            yield Unit(number, number, "snippet", stripped, f"`{fragment(stripped)}`")
        elif row:
            cells = [plain(c) for c in row.group(1).split("|")]
            if all(re.fullmatch(r":?-*:?", c) for c in cells):
                continue
            following = lines[number] if number < len(lines) else ""
            if re.match(r"^\s*\|[\s:|\-]+\|\s*$", following):
                header = cells
                continue
            said = "; ".join(f"{h}: {c}" if h and h != c else c for h, c in _zip(header, cells) if c)
            yield Unit(number, number, "row", " ".join(header + cells), f'"{fragment(said, 240)}"')
        elif re.match(r"(?:<!--.*-->|>\s*\[!\w+\])$", stripped):
            continue  # a remark to the renderer
        elif stripped.startswith("#"):
            yield Unit(number, number, "heading", plain(stripped), f'a section is headed "{fragment(plain(stripped), 100)}"')
        elif stripped and not re.fullmatch(r"[=\-~^*_]{3,}", stripped):
            buffer.append((number, line))
    yield from _flush(buffer)


def _zip(header: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    for i, cell in enumerate(cells):
        yield (header[i] if i < len(header) else ""), cell


def _flush(buffer: list[tuple[int, str]]) -> Iterator[Unit]:
    """The sentences of a paragraph, each with the lines that it stands on; a bold run-in head is their context."""
    if not buffer:
        return
    text, marks = "", []
    for number, line in buffer:
        marks.append((len(text), number))
        text += line.strip() + " "
    head = _RUN_IN.match(text)
    context = plain(head["head"]) if head else ""
    position = head.end() if head else 0
    for sentence in _SENTENCE.split(text[position:].strip()):
        at = text.find(sentence, position)
        stop = at + len(sentence)
        start = max(n for o, n in marks if o <= max(at, 0))
        end = max(n for o, n in marks if o < max(stop, 1))
        position = max(stop, position)
        said = plain(sentence)
        if len(said) > 2:
            yield Unit(start, end, "sentence", said, f'"{fragment(said, 320)}"', context)
    buffer.clear()


def _notebook(document: Document, first: int, last: int, lines: Sequence[str]) -> Iterator[Unit]:
    for cell in document.cells:
        start, end = max(first, cell.start), min(last, cell.end)
        if start > end:
            continue
        if cell.kind != "code":
            yield from _prose(start, end, lines)
            continue
        code_end = min(end, cell.output - 1) if cell.output else end
        if start <= code_end:
            yield from _code(start, code_end, lines, document.language or "python", cell.start)
        if cell.output and end > cell.output:
            head = ""
            for number in range(max(start, cell.output + 1), end + 1):
                line = lines[number - 1].rstrip()
                if line.strip() and not _NOISE.search(line):
                    words = line.split()
                    if not any(ch.isdigit() for ch in line) and 2 <= len(words) <= 12:
                        head = line.strip()
                    text = f"{head} {line.strip()}" if head and head != line.strip() else line.strip()
                    kind = "repr" if _REPR.match(line) else "output"
                    yield Unit(number, number, kind, text, f"`{fragment(line)}`", head)
