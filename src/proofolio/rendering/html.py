"""Candidate text as HTML that cannot do anything: everything escaped, code highlighted by class."""

from __future__ import annotations

from html import escape

from markupsafe import Markup
from pygments import lex
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.token import STANDARD_TYPES, Token, _TokenType
from pygments.util import ClassNotFound

from proofolio.rendering.clean import clean

MAX_LINE = 400


def inline_code(text: str) -> Markup:
    """A sentence with its `code` in code elements, all of it escaped."""
    parts = clean(text).split("`")
    return Markup("".join(f"<code>{escape(p)}</code>" if i % 2 else escape(p) for i, p in enumerate(parts)))


def code_table(text: str, language: str, first: int, last: int, start: int, end: int) -> Markup:
    """Lines ``first``..``last`` as table rows, ``start``..``end`` marked; rows have ids ``L12``."""
    lines = [line[:MAX_LINE] for line in clean(text).split("\n")[first - 1 : last]]
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    rendered = [""]
    for kind, value in lex("\n".join(lines), lexer):
        pieces = value.split("\n")
        for i, piece in enumerate(pieces):
            if i:
                rendered.append("")
            if piece:
                rendered[-1] += _span(kind, piece)
    rows = []
    for number, line in enumerate(rendered[: last - first + 1], first):
        cited = start <= number <= end
        rows.append(f'<tr id="L{number}"{" class=cited" if cited else ""}><th scope="row">{number}</th><td><pre>{line or " "}</pre></td></tr>')
    return Markup("\n".join(rows))


def _span(kind: _TokenType, text: str) -> str:
    while kind not in STANDARD_TYPES and kind is not Token:
        kind = kind.parent
    name = STANDARD_TYPES.get(kind, "")
    return f'<span class="t-{name}">{escape(text)}</span>' if name else escape(text)
