"""Translates an interviewer's words into the words that stand in work: from question to search.

``packs/concepts.yaml`` holds groups of words that mean the same to an interviewer, each with the
identifiers that stand in code where the thing is done. An entry has an ``id``, ``words`` (single
words and phrases; stems match, function words are skipped, one other word may stand inside a
phrase) and ``code`` (terms for the search). A leading ``~`` marks what is weak: an everyday word
that only hints at the concept, a term that also stands in unrelated code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import Stemmer

from proofolio.core.errors import PackError
from proofolio.evidence.compiled import load_compiled, packs_folder
from proofolio.evidence.rules import read_pack

PHRASE_WEIGHT = 1.0
WORD_WEIGHT = 0.8
GAP_FACTOR = 0.8
WEAK_FACTOR = 0.45
MAX_GAP = 1
_WORD = re.compile(r"[A-Za-z]+(?:['’](?:s|t|re|ve|ll|d)\b)?|\d+")
_BRITISH = re.compile(r"(?<=[a-z]{3})is(?=(?:e|es|ed|ing|er|ers|ation|ations|able)$)")
_OUR = re.compile(r"(?<=[a-z]{3})our(?=(?:s|ed|ing|ite|al|able)?$)")
# Carry no meaning inside a phrase. Prepositions stay: they tell "sign in" from "sign".
SKIPPED = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "done",
        "doing",
        "have",
        "has",
        "had",
        "having",
        "would",
        "could",
        "should",
        "will",
        "can",
        "may",
        "might",
        "shall",
        "i",
        "you",
        "he",
        "she",
        "we",
        "they",
        "it",
        "me",
        "him",
        "her",
        "us",
        "them",
        "my",
        "your",
        "his",
        "our",
        "their",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "and",
        "or",
        "of",
        "to",
        "so",
        "just",
        "really",
        "ever",
        "please",
        "if",
        "as",
    ]
)
_IRREGULAR = {
    "ran": "run", "broke": "break", "broken": "break", "went": "go", "gone": "go", "sent": "send", "lost": "lose",
    "kept": "keep", "told": "tell", "chose": "choose", "chosen": "choose", "built": "build", "wrote": "write",
    "written": "write", "hid": "hide", "hidden": "hide", "fell": "fall", "fallen": "fall", "grew": "grow",
    "grown": "grow", "knew": "know", "known": "know", "threw": "throw", "thrown": "throw", "caught": "catch",
    "thought": "think", "held": "hold", "made": "make", "took": "take", "taken": "take", "gave": "give",
    "given": "give", "shown": "show", "stole": "steal", "stolen": "steal", "woke": "wake", "woken": "wake",
    "spoke": "speak", "spoken": "speak", "brought": "bring", "bought": "buy", "seen": "see", "saw": "see",
    "found": "find", "got": "get", "gotten": "get", "drew": "draw", "drawn": "draw", "bound": "bind",
    "learnt": "learned", "spent": "spend", "paid": "pay", "indices": "index", "indexes": "index",
    "data": "data", "criteria": "criterion", "analyses": "analysis", "matrices": "matrix", "hashes": "hash",
    "tried": "try", "tries": "try", "dying": "die", "died": "die", "dies": "die", "tying": "tie", "lying": "lie", "centre": "center",
    "licence": "license", "licences": "license", "programme": "program", "grey": "gray", "artefact": "artifact", "artefacts": "artifact",
}  # fmt: skip
# Porter takes these for forms of another word: responsive and response, author and authorise. A word that
# begins so stands for itself (in American spelling).
_APART = (
    "accessib", "accountab", "anonymiz", "anonymous", "authoriz", "billing", "clustering", "communit",
    "experiment", "generaliz", "generativ", "generator", "https", "importan", "integrity", "invalidat",
    "learned", "limitation", "liveness", "localiz", "memoriz", "minorit", "naming", "newsletter",
    "normaliz", "optimizer", "ordering", "personaliz", "precision", "productioni", "production",
    "readiness", "regulariz", "regulat", "relational", "repeatab", "replica", "replicat", "requirement",
    "responsib", "responsive", "rounding", "sensitivity", "serializ", "settings", "several", "severity",
    "specificity", "stacking", "standardiz", "tokeniz", "virtualiz",
)  # fmt: skip
_porter = Stemmer.Stemmer("porter")


@dataclass(frozen=True, slots=True)
class Concept:
    """A group of words that mean the same to an interviewer, and the terms that show it in work.

    ``phrases`` are stems with the weight of their match, ``terms`` search terms with theirs.
    """

    id: str
    phrases: tuple[tuple[tuple[str, ...], float], ...]
    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Expansion:
    """A concept that a question names: where (0-based offsets, end exclusive), and what to search for.

    Weights lie in (0, 1]: the certainty of the match times how telling the term is.
    """

    concept: str
    start: int
    end: int
    text: str
    terms: tuple[tuple[str, float], ...]

    @property
    def weight(self) -> float:
        """The certainty of the match: the weight of its most telling term."""
        return max(weight for _, weight in self.terms)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The concepts, indexed by the first stem of each phrase: (rest of the stems, weight, concept)."""

    concepts: Mapping[str, Concept]
    by_first: Mapping[str, tuple[tuple[tuple[str, ...], float, Concept], ...]]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The Porter stem of a word with irregular forms and British spelling made regular first."""
    word = word.lower()
    word = _IRREGULAR.get(word, word)
    word = _OUR.sub("or", _BRITISH.sub("iz", word))
    if word.startswith(_APART):
        return next(prefix for prefix in _APART if word.startswith(prefix))
    return str(_porter.stemWord(word))


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """The words that count inside a phrase, stemmed, with their offsets."""
    for match in _WORD.finditer(text):
        word = match.group().lower().replace("’", "'").partition("'")[0]
        if word not in SKIPPED:
            yield stem(word), match.start(), match.end()


def phrase_stems(phrase: str) -> tuple[str, ...]:
    """The stems of a phrase in order, without the words that carry nothing."""
    return tuple(s for s, _, _ in _words(phrase))


def pack_files() -> list[Path]:
    """The concept packs that ship with the package."""
    return [packs_folder() / "concepts.yaml"]


def build(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Read, check and stem concept files; raises PackError naming the file, the concept and the fault."""
    built: dict[str, dict[str, Any]] = {}
    for path in paths:
        for entry in read_pack(path):
            where = f"{path.name}: concept {entry['id']}"
            if str(entry["id"]) in built:
                raise PackError(f"{where} is defined twice.", "Rename one.")
            built[str(entry["id"])] = _checked(entry, where)
    return list(built.values())


def _checked(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    phrases: dict[tuple[str, ...], float] = {}
    for raw in _strings(entry, "words", where):
        stems = phrase_stems(raw.removeprefix("~"))
        if not stems or (len(stems) == 1 and len(raw.split()) > 1):
            # "who may" would be "who" and match every other question.
            raise PackError(
                f"{where}: too little of {raw!r} carries meaning.", "Use a word or a longer phrase."
            )
        weight = WORD_WEIGHT if len(stems) == 1 else PHRASE_WEIGHT
        weight *= WEAK_FACTOR if raw.startswith("~") else 1.0
        phrases[stems] = max(weight, phrases.get(stems, 0.0))
    terms = {
        t.removeprefix("~"): WEAK_FACTOR if t.startswith("~") else 1.0 for t in _strings(entry, "code", where)
    }
    return {
        "id": str(entry["id"]),
        "phrases": [[list(stems), round(w, 3)] for stems, w in phrases.items()],
        "terms": [[term, weight] for term, weight in terms.items()],
    }


def _strings(entry: Mapping[str, Any], field: str, where: str) -> list[str]:
    values = entry.get(field)
    if not isinstance(values, list) or not values or not all(isinstance(v, (str, int)) for v in values):
        raise PackError(
            f"{where} needs a list {field!r} of words.", "Quote numbers and words such as no, on, null."
        )
    return [str(v).strip() for v in values]


def load_vocabulary(entries: Sequence[Mapping[str, Any]]) -> Vocabulary:
    """The vocabulary of built entries (see ``build``)."""
    concepts: dict[str, Concept] = {}
    by_first: dict[str, list[tuple[tuple[str, ...], float, Concept]]] = {}
    for entry in entries:
        phrases = tuple((tuple(stems), float(weight)) for stems, weight in entry["phrases"])
        concept = Concept(entry["id"], phrases, tuple((str(t), float(w)) for t, w in entry["terms"]))
        concepts[concept.id] = concept
        for stems, weight in phrases:
            by_first.setdefault(stems[0], []).append((stems[1:], weight, concept))
    return Vocabulary(concepts, {k: tuple(v) for k, v in by_first.items()})


@lru_cache(maxsize=1)
def builtin_vocabulary() -> Vocabulary:
    """The concepts that ship with the package."""
    return load_vocabulary(load_compiled("concepts", pack_files(), build))


def expand(question: str, vocabulary: Vocabulary | None = None) -> list[Expansion]:
    """The concepts that a question names, in the order of its words, each at its most certain place.

    A match that lies inside a longer one is dropped: "put back the old version" is about rolling
    back, not about versions.
    """
    vocabulary = vocabulary or builtin_vocabulary()
    words = list(_words(question))
    found = [m for i in range(len(words)) for m in _at(words, i, vocabulary)]
    best: dict[str, tuple[int, int, float, Concept]] = {}
    for start, end, weight, concept in found:
        if any(s <= start and end <= e and e - s > end - start for s, e, _, _ in found):
            continue
        known = best.get(concept.id)
        if known is None or weight > known[2]:
            best[concept.id] = (start, end, weight, concept)
    expansions = [
        Expansion(
            concept=concept.id, start=words[start][1], end=words[end][2],
            text=question[words[start][1] : words[end][2]],
            terms=tuple((term, round(weight * telling, 3)) for term, telling in concept.terms),
        )
        for start, end, weight, concept in best.values()
    ]  # fmt: skip
    return sorted(expansions, key=lambda e: (e.start, -e.end, e.concept))


def _at(
    words: Sequence[tuple[str, int, int]], first: int, vocabulary: Vocabulary
) -> Iterator[tuple[int, int, float, Concept]]:
    """Matches that begin at word ``first``: (first word, last word, weight, concept)."""
    for rest, weight, concept in vocabulary.by_first.get(words[first][0], ()):
        last, gaps = first, 0
        for wanted in rest:
            step = next(
                (
                    g
                    for g in range(MAX_GAP + 1)
                    if last + 1 + g < len(words) and words[last + 1 + g][0] == wanted
                ),
                None,
            )
            if step is None or gaps + step > MAX_GAP:
                break
            last, gaps = last + 1 + step, gaps + step
        else:
            yield first, last, weight * (GAP_FACTOR if gaps else 1.0), concept
