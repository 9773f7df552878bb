"""Finds the topics that a question asks about by the words it uses: of thousands of ways of asking, few are tried.

A way of asking is a pattern of the topic packs, cut at its outermost ``|`` into alternatives, each of which has
its own texts that must stand in a question. A question's short runs of letters lead to the alternatives that may
match; a regular expression is compiled when it is first tried.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from proofolio.evidence.compiled import load_compiled
from proofolio.evidence.literals import needs_of
from proofolio.evidence.patterns import KIN
from proofolio.evidence.rules import Topic, builtin_topics, load_topics, topic_files

GRAM = 4  # characters at the start of a text by which alternatives are found
_WHOLE = re.compile(r"\\[1-9]|\(\?P=|\(\?[aiLmsux]+\)|\(\?\(")  # what ties the alternatives of a pattern together


@dataclass(slots=True)
class Wording:
    """An alternative of a way of asking: of each of ``needs``, one text stands in every question that it matches."""

    topic: str
    way: int  # which of the topic's ways of asking it belongs to
    pattern: str
    needs: Sequence[Sequence[str]]
    _compiled: re.Pattern[str] | None = None

    def matches(self, question: str) -> bool:
        """Whether a question is worded so."""
        if self._compiled is None:
            self._compiled = re.compile(self.pattern, re.IGNORECASE)
        return self._compiled.search(question) is not None


@dataclass(slots=True)
class Wordings:
    """Every alternative of every topic, with those that need nothing apart."""

    all: Sequence[Wording]
    free: list[Wording] = field(default_factory=list)
    by_gram: dict[str, list[Wording]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for wording in self.all:
            if not wording.needs:
                self.free.append(wording)
                continue
            for gram in {text[:GRAM] for text in wording.needs[0]}:
                self.by_gram.setdefault(gram, []).append(wording)

    def ways(self, question: str) -> set[tuple[str, int]]:
        """The ways of asking that a question uses: of which topic, and the how many-th of it."""
        return {(w.topic, w.way) for w in self._candidates(question) if w.matches(question)}

    def _candidates(self, question: str) -> Iterator[Wording]:
        if not question.isascii() and KIN.search(question):
            yield from self.all  # what is needed may be written with a letter that only equals it
            return
        yield from self.free
        low = question.lower()
        grams = {low[at : at + size] for size in range(1, GRAM + 1) for at in range(len(low) - size + 1)}
        seen: set[int] = set()
        for gram in grams & self.by_gram.keys():
            for wording in self.by_gram[gram]:
                if id(wording) not in seen:
                    seen.add(id(wording))
                    if all(any(text in low for text in texts) for texts in wording.needs):
                        yield wording


def asked_in(question: str, topics: Mapping[str, Topic]) -> Counter[str]:
    """How many of its ways of asking a question uses, by topic; those that it does not use at all are left out."""
    return Counter(topic for topic, _ in _wordings(topics).ways(question))


def without_ways(question: str, topic: Topic, topics: Mapping[str, Topic]) -> str:
    """A question without what its ways of asking about a topic take up: what is left are words of its own."""
    known, tried, ways = _wordings(topics), "", set[tuple[str, int]]()
    for way, pattern in enumerate(topic.ask):
        if question != tried:
            tried, ways = question, known.ways(question)
        if (topic.id, way) in ways:
            question = pattern.sub(" ", question)
    return question


def _wordings(topics: Mapping[str, Topic]) -> Wordings:
    return _builtin() if topics is builtin_topics() else Wordings([Wording(*entry) for entry in _entries(topics)])


@lru_cache(maxsize=1)
def _builtin() -> Wordings:
    return Wordings([Wording(*entry) for entry in load_compiled("wordings", topic_files(), build)])


def build(paths: Sequence[Path]) -> list[Any]:
    """The alternatives of topic files as plain entries."""
    return list(_entries(load_topics(paths)))


def _entries(topics: Mapping[str, Topic]) -> Iterator[list[Any]]:
    for topic in topics.values():
        for way, pattern in enumerate(topic.ask):
            for alternative in alternatives(pattern.pattern):
                yield [topic.id, way, alternative, [list(need.texts) for need in needs_of(alternative, re.IGNORECASE)[0]]]


def alternatives(pattern: str) -> list[str]:
    """A pattern cut at each ``|`` that stands in no bracket; uncut where its parts refer to each other."""
    if _WHOLE.search(pattern):
        return [pattern]
    parts, depth, at, begun = [], 0, 0, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[":
            at = _class_end(pattern, at)
        elif char == "|" and not depth:
            parts.append(pattern[begun:at])
            begun = at + 1
        else:
            depth += (char == "(") - (char == ")")
        at += 1
    return [*parts, pattern[begun:]]


def _class_end(pattern: str, at: int) -> int:
    """Where a class of characters that opens at ``at`` closes; a bracket right behind its start is one of them."""
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    at += pattern[at : at + 1] == "]"
    while pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at
