"""Secrets leave a text here, after a reader has decoded it and before anything is stored.

A detector library knows the tokens of some hundred providers; ``packs/secrets.yaml`` adds the forms that it
lacks; this module adds what needs context: private keys over many lines, Kubernetes secrets, and names that
are assigned a value (``db_password = "..."``). What is found is never kept: not in a record, log or error.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import redact_secret

from proofolio.core.errors import UnreadableFileError
from proofolio.evidence.secret_values import describes, is_placeholder, is_secret, load_pack, name_class

MASK = re.compile(r"\[redacted: [a-z0-9 .-]+\]")
# The library's guess from the words around a value; the rules below know more about the file.
LIBRARY_GUESSES = frozenset({"contextual_secret", "authorization_credential"})


@dataclass(frozen=True, slots=True)
class Redaction:
    """A secret that was removed: what it was and the 1-based line it began on; never the secret."""

    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets: as many lines as before, and what was taken out, in order."""

    text: str
    found: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: str
    certain: bool  # a form of its own, rather than a value judged by its name


def redact(text: str, path: str) -> Redacted:
    """Replace every secret in ``text`` by ``[redacted: kind]``; line numbers stay.

    ``path`` decides how values are written (quoted in code, bare in YAML). Redacting twice changes nothing.
    Raises UnreadableFileError, which names the path alone, where the text cannot be searched.
    """
    found: list[Redaction] = []
    # A replacement can lay bare a second secret beside it. Each round takes text away, so this ends.
    while spans := _outside_masks(text, _merge(_search(text, path))):
        starts = [0, *(m.end() for m in re.finditer("\n", text))]
        found += [Redaction(s.kind, bisect_right(starts, s.start)) for s in spans]
        text = _replace(text, spans)
    return Redacted(text, tuple(sorted(found, key=lambda r: r.line)))


def _search(text: str, path: str) -> Iterator[_Span]:
    lower = _ascii_lower(text)
    yield from _library(text, path)
    yield from _patterns(text, lower, path)
    if "-----begin" in lower:
        yield from _private_keys(text)
    if "secret" in lower and "kind" in lower:
        yield from _kubernetes(text)
    yield from _assignments(text, lower, path)


def _ascii_lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    # A few letters grow in lower case (U+0130); offsets must hold.
    return "".join(c.lower() if c.isascii() else c for c in text)


def _merge(spans: Iterator[_Span]) -> list[_Span]:
    """Join overlapping spans; the kind that is certain, then the longer one, gives its name."""
    merged: list[_Span] = []
    for span in sorted((s for s in spans if s.end > s.start), key=lambda s: (s.start, -s.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            best = max(last, span, key=lambda s: (s.certain, s.end - s.start))
            merged[-1] = _Span(last.start, max(last.end, span.end), best.kind, best.certain)
        else:
            merged.append(span)
    return merged


def _outside_masks(text: str, spans: list[_Span]) -> list[_Span]:
    if "[redacted: " not in text:
        return spans
    masks = [m.span() for m in MASK.finditer(text)]
    kept: list[_Span] = []
    for span in spans:
        start = span.start
        for mask_start, mask_end in [*masks, (span.end, span.end)]:
            if mask_end > start and mask_start <= span.end:
                # Three characters between two masks are punctuation, not a rest of the secret.
                if len(text[start:mask_start].strip(" \t\r\n\"',;\\")) > 3:
                    kept.append(_Span(start, mask_start, span.kind, span.certain))
                start = max(start, mask_end)
    return kept


def _replace(text: str, spans: list[_Span]) -> str:
    parts: list[str] = []
    at = 0
    for span in spans:
        parts.append(text[at : span.start])
        for line in text[span.start : span.end].splitlines(keepends=True):
            body = line.splitlines()[0]
            indent = body[: len(body) - len(body.lstrip())]
            parts.append((f"{indent}[redacted: {span.kind}]" if body.strip() else body) + line[len(body) :])
        at = span.end
    return "".join([*parts, text[at:]])


# --- forms that are a secret wherever they stand ------------------------------------------------


# Tokens that providers make are long and hold a digit. Reading only around such runs took the library's share
# of 12 MB of Python from 0.5 s to 0.04 s; longer runs are pictures.
SHORTEST_TOKEN, LONGEST_TOKEN = 20, 8_000
BEFORE, AFTER = 240, 480  # characters of context that the longest rule needs
FLAT = bytes(
    ord("x") if chr(c) in string.ascii_letters + string.digits + "_+/=-" else ord(" ") for c in range(256)
)
HAS_DIGIT = re.compile(r"\d").search


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    # `bytes.find` over a flattened copy is twenty times faster than a pattern of twenty or more characters.
    flat = text.encode("ascii", "replace").translate(FLAT) + b" "
    at = flat.find(b"x" * SHORTEST_TOKEN)
    while at >= 0:
        end = flat.find(b" ", at)
        if end - at < LONGEST_TOKEN and HAS_DIGIT(text, at, end):
            yield at, end
        at = flat.find(b"x" * SHORTEST_TOKEN, end)


def _library(text: str, path: str) -> Iterator[_Span]:
    for start, end in _windows(text, _candidates(text)):
        # A lone surrogate cannot be encoded; a question mark has its width.
        part = text[start:end].encode("utf-8", "replace").decode("utf-8")
        limits = redact_secret.WholeInputLimits(max_input_bytes=4 * len(part) + 64, max_findings=1_000_000)
        try:
            findings = redact_secret.scan(part, limits=limits)
        except redact_secret.SecretScanError as error:
            # `from None`: nothing of the text may travel in a traceback.
            raise UnreadableFileError(
                f"{path} could not be searched for secrets ({type(error).__name__}).", "Exclude the file."
            ) from None
        for finding in findings:
            value = part[finding.start : finding.end]
            if finding.type not in LIBRARY_GUESSES and not is_placeholder(value) and not describes(value):
                yield _Span(start + finding.start, start + finding.end, finding.type.replace("_", " "), True)


def _windows(text: str, hits: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The surroundings of each hit, joined where they meet: whole lines where lines are short."""
    start = end = -1
    for hit_start, hit_end in hits:
        if hit_end + BEFORE < end:
            continue
        low, high = max(0, hit_start - BEFORE), min(len(text), hit_end + AFTER)
        low = max(low, text.rfind("\n", 0, low) + 1, low - BEFORE)
        if low > end >= 0:
            yield start, end
        start, end = (low, high) if low > end else (start, high)
    if end >= 0:
        yield start, end


def _patterns(text: str, lower: str, path: str) -> Iterator[_Span]:
    for pattern in load_pack().patterns:
        windows: Iterable[tuple[int, int]]
        if pattern.paths is not None:
            windows = [(0, len(text))] if pattern.paths.search(path) else []
        else:
            windows = _windows(text, sorted((at, at) for at in _find_all(lower, pattern.needs)))
        for match in (m for low, high in windows for m in pattern.find.finditer(text, low, high)):
            group = match.lastgroup or "secret"
            if not is_placeholder(match[group]) and not describes(match[group]):
                yield _Span(*match.span(group), pattern.kind, True)


KEY_START = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----")
KEY_BREAK = re.compile(r"\\r|\\n|[\r\n]")
KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/=]{16,}")
KEY_LINE = re.compile(r"""[\s"'+,;#*>|.\\-]*+(?:[A-Za-z0-9+/=]*+|[A-Za-z][A-Za-z-]*:\ .*)[\s"'+,;\\()]*""")


def _private_keys(text: str) -> Iterator[_Span]:
    """Armoured private keys, whole or cut off, indented, quoted line by line or written with ``\\n``."""
    for match in KEY_START.finditer(text):
        end = text.find(f"-----END {match[1]}-----", match.end(), match.end() + 40_000)
        closed = end >= 0 and KEY_START.search(text, match.end(), end) is None
        stop = end if closed else min(len(text), match.end() + 40_000)
        at = last = match.end()
        material = 0
        while at < stop:
            cut = KEY_BREAK.search(text, at, stop)
            line_end = cut.start() if cut else stop
            if not KEY_LINE.fullmatch(text, at, line_end):
                break
            if KEY_MATERIAL.search(text, at, line_end):
                material += line_end - at
                last = line_end
            at = cut.end() if cut else stop
        if material >= 32:
            whole = closed and at >= stop
            yield _Span(match.start(), end + len(match[1]) + 14 if whole else last, "private key", True)


K8S_SECRET = re.compile(r"""(?m)^[ +-]*["']?kind["']?:[ ]*["']?Secret["']?[ ]*,?\r?$""")
K8S_BLOCK = re.compile(r"(?m)^([ +-]*)(?:data|stringData):[ ]*\r?\n((?:\1[ ]+.*(?:\n|\Z)|[ ]*\r?\n)+)")
K8S_ENTRY = re.compile(
    r"(?m)^([ +-]*)[\w.\"'-]+:[ ]+(?P<value>[|>][-+\d]*[ ]*\r?\n(?:\1[ ]+.*(?:\n|\Z))+|\S.*$)"
)


def _kubernetes(text: str) -> Iterator[_Span]:
    """Every value under ``data`` and ``stringData`` of a YAML document of kind Secret."""
    at = 0
    for document in re.split(r"(?m)^(?=---)", text):
        if K8S_SECRET.search(document):
            for block in K8S_BLOCK.finditer(document):
                for entry in K8S_ENTRY.finditer(block[2]):
                    start, end = (at + block.start(2) + offset for offset in entry.span("value"))
                    value = text[start:end]
                    if re.match(r"[|>][-+\d]*[ ]*(?:\r?\n|\Z)", value):  # a block: what is under it, if anything is
                        start += len(value.partition("\n")[0]) + 1
                    if start < end and not is_placeholder(value.strip(" \r\n\"'")):
                        yield _Span(start, start + len(text[start:end].rstrip()), "kubernetes secret", True)
        at += len(document)


# --- names that are assigned a value ------------------------------------------------------------

NAME_CHARACTERS = string.ascii_letters + string.digits + "_.-"
NAME = re.compile(r"[\w.-]{0,60}")
SEPARATOR = re.compile(
    r"""
    (?P<close>\\?["'`]?[\])]{0,2})
    (?: (?: \s?:\s?[A-Za-z][\w.\[\], |?]{0,40}? | [ ]string ) (?=[ ]?=[ ]?[bBrRuUfF]{0,2}["'`]) )?   # password: str = "..."
    (?: \s{0,40},?\s{0,40}(?:-\s+)?["']?\bvalue["']?\s{0,40}[:=]\s{0,40}                 # name: PASSWORD, value: ...
      | \s{0,40} (?: => | :=(?!=) | \|\|= | \?\?= | ={1,3} | <- )  \s{0,40}
      | \s? : -? \s{0,40}                                                   # JSON, YAML, ${PASSWORD:-...}
      | \s{0,40} (?: \|\| | \?\? | \bor\b | \bis\b:? ) \s{0,40} (?=\\?["'`])     # process.env.PASSWORD || "..."
      | (?P<cell>[ ]{0,40}\|[ ]{0,40})                                            # | password | ... |
      | (?P<flag>[ ]) (?=[^\s=-])                                      # --password ..., ENV PASSWORD ...
      | (?P<argument>\s{0,40},\s{0,40}(?:default\s{0,40}=\s{0,40})?) (?=\\?["'`])           # getenv("PASSWORD", "...")
      | (?P<tag>>)                                                     # <password>...</password>
      | (?P<call>\()                                                   # setPassword("...")
    )
    """,
    re.VERBOSE,
)
QUOTED = re.compile(
    r"""(?P<prefix>[bBrRuUfFN$@]{0,2})(?P<quote>\\?["'`])(?P<value>(?:(?!(?P=quote)).){1,4000})(?P=quote)"""
)
# Bare values are judged by their first 400 characters, so that a line of nothing but names stays cheap.
BARE_CONFIG = re.compile(r"""(?:(?![;&][\w ]+=|[ ]\#)[^\s"'`]){1,400}""")
BARE = re.compile(r"""[^\s"'`,;&(){}\[\]<>\\]{1,400}""")
LOOKUP = re.compile(
    r"""(?:get|env|var|config|property|option|setting|Value|Header|define)\w*\s*\(\s*\\?["']$""",
    re.IGNORECASE,
)
LINE_START = re.compile(
    r"""[+\s>-]*(?:(?:export|set|ENV|ARG|declare|readonly|local|typeset|-\w)\s+)*["']?[\w.-]*"""
)


def _assignments(text: str, lower: str, path: str) -> Iterator[_Span]:
    pack = load_pack()
    ending = path.rsplit("/", 1)[-1].rpartition(".")[2].lower()
    style = "quoted" if ending in pack.quoted else "prose" if ending in pack.prose else "config"
    printed = ending == "ipynb"
    end = -1
    for at in sorted(_find_all(lower, pack.names["hints"])):
        if at < end:
            continue
        before = text[max(0, at - 60) : at]
        start, end = at - len(before) + len(before.rstrip(NAME_CHARACTERS)), _end_of_name(text, at)
        separator = SEPARATOR.match(text, end)
        name = text[start:end].strip(".-")
        kind = name_class(name) if separator else None
        if separator is None or kind is None or not _fits(text, start, name, separator, style):
            continue
        span = _value(text, separator, start, style, name, kind, printed)
        if span is not None:
            end = span[1]
            yield _Span(*span, kind, False)


def _end_of_name(text: str, at: int) -> int:
    match = NAME.match(text, at)
    return match.end() if match else at


def _find_all(lower: str, needles: Iterable[str]) -> set[int]:
    # `str.find` is ten times faster here than one case-insensitive pattern.
    places: set[int] = set()
    for needle in needles:
        at = lower.find(needle)
        while at >= 0:
            places.add(at)
            at = lower.find(needle, at + len(needle))
    return places


def _fits(text: str, start: int, name: str, separator: re.Match[str], style: str) -> bool:
    """Whether a separator that is only sometimes an assignment is one here."""
    if separator["cell"]:
        return style == "prose" or text.endswith("| ", 0, start)
    if separator["flag"]:
        line = text[max(text.rfind("\n", 0, start) + 1, start - 80) : start + len(name)]
        return "--" in line[-len(name) - 2 :] or bool(re.match(r"\s*(?:ENV|ARG)\s+\S+$", line))
    if separator["argument"]:
        return separator["close"][-1:] not in ("]", ")") and bool(
            LOOKUP.search(text, max(0, start - 40), start)
        )
    if separator["tag"]:
        return text[start - 1 : start] == "<"
    if separator["call"]:
        return bool(re.match(r"(?:set|with)_?[Pp]ass", name.rsplit(".", 1)[-1])) or name.endswith(".password")
    return True


EXPRESSION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\(|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")


def _value(
    text: str, separator: re.Match[str], start: int, style: str, name: str, kind: str, printed: bool
) -> tuple[int, int] | None:
    """The span of the assigned value, if it is a literal that looks like a secret."""
    at = separator.end()
    quoted = QUOTED.match(text, at)
    if quoted is not None:
        return quoted.span("value") if is_secret(quoted["value"], name, kind, style, True) else None
    leading = style == "config" and bool(LINE_START.fullmatch(text, text.rfind("\n", 0, start) + 1, start))
    bare = (BARE_CONFIG if leading else BARE).match(text, at)
    if bare is None:
        return None
    value = bare[0].rstrip(",;:)]}.")
    after = text[bare.end() : bare.end() + 1]
    if EXPRESSION.match(value) or after == "(" or (separator["tag"] and after != "<"):
        return None  # settings.SECRET_KEY, create_token(), an opening tag without its end
    # Bare words are variables in code; in what a notebook's cell printed they may be the value itself.
    variable = not printed or (value.isidentifier() and ":" not in separator[0])
    inside = _in_string(text, start) and not separator["close"]
    if style == "quoted" and variable and not inside and not separator["tag"]:
        return None
    literal = bool(separator["tag"]) or (leading and not _followed_by_words(text, bare.end()))
    if not is_secret(value, name, kind, style if literal else "prose", literal):
        return None
    rest = BARE.match(text, at + len(value)) if len(bare[0]) == 400 else None
    while rest is not None and len(rest[0]) == 400:
        rest = BARE.match(text, rest.end())
    return at, rest.end() if rest else at + len(value)


def _followed_by_words(text: str, at: int) -> bool:
    rest = text[at : at + 80].split("\n", 1)[0].strip()
    return bool(rest) and not rest.startswith(("#", "//", ";", "\\", '"', "'", "&", "|"))


def _in_string(text: str, start: int) -> bool:
    if text[start - 1 : start] in ("?", "&", ";"):
        return True
    line = text[max(text.rfind("\n", 0, start) + 1, start - 400) : start].replace('\\"', "")
    return any(line.count(quote) % 2 for quote in "\"'`")


# --- private details of people ------------------------------------------------------------------


def mask_private(text: str) -> str:
    """Mask e-mail addresses, phone numbers, street addresses and national ids in a prose document.

    Meant for résumés and READMEs. Conservative: versions, dates, ids, IP addresses and clone URLs
    (``git@host:path``) stay. Lines stay; masking twice changes nothing.
    """
    for pattern in load_pack().private:
        text = pattern.find.sub(f"[redacted: {pattern.kind}]", text)
    return text
