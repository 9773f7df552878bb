"""Finds the technologies that a question or a piece of prose names, each with its place."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from proofolio.evidence.registry import Registry, Technology, builtin_registry

CONTEXT_WINDOW = 160  # characters on either side in which a context word makes a doubtful name sure
LIST_GAP = 24  # characters between the names of a list, fewer than which may be its "and" or "or"
_TOKEN = re.compile(r"[A-Za-z0-9]+(?:\+\+|#)?")
_GLUE = re.compile(r"[ \t\-._/]{0,2}|\n")
_URL = re.compile(r"\b(?:https?|git|ssh)://\S+|\b[\w.+-]+@[\w-]+\.\w+")
_TITLE = re.compile(r" [A-Z][a-z]")
_HEADING = re.compile(r"^\s*(?:#|=|\*\*|\|)")
_BETWEEN = re.compile(
    r"\s*(?:,|/|&|\+|\||\bor\b|\band\b|\bvs\.?|\bversus\b|\bover\b|\bthan\b|instead of|rather than|\bwith\b)*\s*(?:\b(?:a|the|or|and)\b\s*)?"
)
_CHOICE = {
    "use",
    "used",
    "uses",
    "using",
    "chose",
    "choose",
    "chosen",
    "pick",
    "picked",
    "adopt",
    "adopted",
    "tried",
    "know",
    "prefer",
    "considered",
}
_AFTER_CHOICE = {
    "",
    "for",
    "over",
    "instead",
    "rather",
    "vs",
    "versus",
    "or",
    "and",
    "in",
    "with",
    "here",
    "as",
    "at",
    "on",
    "than",
    "too",
    "anywhere",
    "before",
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A technology that a text names: offsets (end exclusive) and the words as written."""

    technology: Technology
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Alias:
    tokens: tuple[str, ...]
    written: str
    lead: str  # punctuation that must stand before it, as in ".NET"
    doubtful: bool
    technology: Technology


@dataclass(slots=True)
class _Tokens:
    """The words of a text, in lower case, with their places."""

    text: str
    words: list[str] = field(init=False)
    _places: list[re.Match[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._places = list(_TOKEN.finditer(self.text))
        self.words = [m[0].lower() for m in self._places]

    def start(self, index: int) -> int:
        return self._places[index].start()

    def end(self, index: int) -> int:
        return self._places[index].end()


def mentioned_in(question: str, registry: Registry | None = None) -> list[Mention]:
    """The technologies that a question names, in its order; longest names win, one per place and technology.

    A name that is also an English word counts where it is written in its own capitals inside a
    sentence, where a context word stands near, beside another technology, or as what was "used".
    """
    index = _index(registry or builtin_registry())
    text = (
        _URL.sub(lambda m: " " * len(m.group()), question)
        if "://" in question or "@" in question
        else question
    )
    tokens = _Tokens(text)
    sure: list[Mention] = []
    doubtful: list[tuple[Mention, _Alias]] = []
    done = 0
    # Names are rare among words: only where a word can begin one is anything tried.
    begins = {word for word in set(tokens.words) if any(form in index for form in _forms(word))}
    for position in [i for i, word in enumerate(tokens.words) if word in begins]:
        if position < done:
            continue
        aliases, width = _longest(tokens, position, index)
        start, end = tokens.start(position), tokens.end(position + max(width, 1) - 1)
        for alias in aliases:
            if _excluded(text, start, end, alias.technology.unless):
                continue
            mention = Mention(alias.technology, start, end, text[start:end])
            if not alias.doubtful or _convincing(text, mention, alias):
                sure.append(mention)
            else:
                doubtful.append((mention, alias))
        done = position + max(width, 1)
    sure += [m for m, _ in doubtful if _beside(m, sure, text)]
    return sorted(sure, key=lambda m: (m.start, m.technology.id))


def _longest(tokens: _Tokens, first: int, index: Mapping[str, Sequence[_Alias]]) -> tuple[list[_Alias], int]:
    """The aliases of the longest name that begins at token ``first``, and how many tokens it takes."""
    for word in _forms(tokens.words[first]):
        found: list[_Alias] = []
        width = 0
        for alias in index.get(word, ()):  # longest first
            if width and len(alias.tokens) < width:
                break
            if _matches(tokens, first, alias) and all(
                alias.technology is not f.technology for f in found
            ):
                found.append(alias)
                width = len(alias.tokens)
        if found:
            return found, width
    return [], 0


def _forms(word: str) -> Iterator[str]:
    """The word, then without a plural s, then without a version stuck to it."""
    yield word
    if len(word) > 4 and word.endswith("s"):
        yield word[:-1]
    bare = word.rstrip("0123456789")
    if len(bare) > 2 and bare != word:
        yield bare


def _matches(tokens: _Tokens, first: int, alias: _Alias) -> bool:
    last = first + len(alias.tokens) - 1
    if last >= len(tokens.words):
        return False
    for offset, wanted in enumerate(alias.tokens[1:], 1):
        place = first + offset
        word = tokens.words[place]
        if word != wanted and not (place == last and word == wanted + "s"):
            return False
        if not _GLUE.fullmatch(tokens.text, tokens.end(place - 1), tokens.start(place)):
            return False
    start = tokens.start(first)
    return not alias.lead or tokens.text[max(0, start - len(alias.lead)) : start] == alias.lead


def _excluded(text: str, start: int, end: int, phrases: Sequence[str]) -> bool:
    around = text[max(0, start - 40) : end + 40].lower()
    place = start - max(0, start - 40)
    for phrase in phrases:
        at = around.find(phrase)
        while at >= 0:
            if at <= place < at + len(phrase) or place <= at < place + end - start:
                return True
            at = around.find(phrase, at + 1)
    return False


def _convincing(text: str, mention: Mention, alias: _Alias) -> bool:
    start, end = mention.start, mention.end
    if len(mention.text) == 1 and (
        mention.text != alias.written
        or text[end : end + 1] in {"-", "'", "²", "^", "&"}
        or text[start - 1 : start] in {"-", "&", "'"}
    ):
        return False
    line = text.rfind("\n", 0, start) + 1
    capitals = mention.text == alias.written and alias.written.lower() != alias.written
    if capitals and not alias.technology.common:
        before = text[line:start].rstrip(" *_`([\"'")
        title = (
            _TITLE.match(text, end) and text[end - 1].islower()
        )  # "Fiber Optic", "Vector Machine": a title, not a name
        if before and before[-1] not in ".?!:#>-|" and not title and not _HEADING.match(text[line:start]):
            return True
    if alias.technology.context and _near(text, mention, alias.technology.context):
        return True
    words = _TOKEN.findall(text[line:start])
    after = _TOKEN.search(text, end)
    following = (
        after.group().lower() if after and not re.search(r"[,.;?!]", text[end : after.start()]) else ""
    )
    return bool(words) and words[-1].lower() in _CHOICE and following in _AFTER_CHOICE


def _near(text: str, mention: Mention, context: Sequence[str]) -> bool:
    before = text[max(0, mention.start - CONTEXT_WINDOW) : mention.start].lower()
    after = text[mention.end : mention.end + CONTEXT_WINDOW].lower()
    return any(_word(c).search(before) or _word(c).search(after) for c in context)


@lru_cache(maxsize=4096)
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word.lower())}(?!\w)")


def _beside(mention: Mention, sure: Sequence[Mention], text: str) -> bool:
    """Whether only list words stand between a doubtful name and a sure one ("Python and R"); ``sure`` is in order."""
    first = bisect_right(sure, mention.start - LIST_GAP, key=lambda m: m.end)
    last = bisect_left(sure, mention.end + LIST_GAP, key=lambda m: m.start)
    for other in sure[first:last]:
        left, right = (other, mention) if other.start < mention.start else (mention, other)
        between = text[left.end : right.start]
        if " and " in between and mention.text.islower():
            continue  # "reads feeds and makes files": a verb
        if between.strip() and _BETWEEN.fullmatch(between):
            return True
    return False


# Keyed by identity: registries are made once a process and hold mappings, which have no hash.
_indices: dict[int, tuple[Registry, Mapping[str, Sequence[_Alias]]]] = {}


def _index(registry: Registry) -> Mapping[str, Sequence[_Alias]]:
    known = _indices.get(id(registry))
    if known is None or known[0] is not registry:
        known = (registry, _build_index(registry))
        _indices[id(registry)] = known
    return known[1]


def _build_index(registry: Registry) -> dict[str, list[_Alias]]:
    index: dict[str, list[_Alias]] = defaultdict(list)
    for technology in registry.technologies.values():
        for alias in dict.fromkeys(_aliases(technology)):
            index[alias.tokens[0]].append(alias)
    return {word: sorted(aliases, key=lambda a: -len(a.tokens)) for word, aliases in index.items()}


def _aliases(technology: Technology) -> Iterator[_Alias]:
    names = [(technology.name, technology.ambiguous)] + [
        (a.removeprefix("~"), a.startswith("~")) for a in technology.aliases
    ]
    known: set[tuple[str, ...]] = set()
    for name, doubtful in names:
        tokens = tuple(t.lower() for t in _TOKEN.findall(name))
        lead = name[: len(name) - len(name.lstrip(".@"))]
        for form in (tokens, ("".join(tokens),)):
            # "nodejs" for "node.js"; joined short names would be words of their own ("go to").
            if form not in known and (form == tokens or len(form[0]) > 4):
                known.add(form)
                yield _Alias(form, name, lead, doubtful, technology)
