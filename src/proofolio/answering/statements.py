"""Adds the candidate's own words to a draft: after the evidence, worded as theirs, and contradicted where the code disagrees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from proofolio.answering.phrasing import join, places, sentence
from proofolio.answering.plan import Kind, Plan
from proofolio.answering.units import Unit, units_of
from proofolio.core.records import Document, DraftAnswer, Liveness, Place, Role, Statement, Status
from proofolio.evidence.mentions import Mention, mentioned_in
from proofolio.evidence.registry import builtin_registry
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import FILLER, content_words, stem

MAX_SENTENCES = 3
MEANT = 0.62  # cosine from which two questions count as the same
MET = 0.6  # share of a question's telling words that own words and their question hold
_UNASKED = frozenset({Kind.PRIVATE, Kind.OFF_TOPIC, Kind.AUTHORSHIP, Kind.FIGURE})
_DENIED = re.compile(r"\b(?:no|not|never|without|don't use|do not use|did not use|didn't use|never used|avoided|no longer)\s+(?:use |used |using |any |a |an |the )?$", re.IGNORECASE)
_SET_ASIDE = re.compile(r"\b(?:instead of|rather than|over|against|versus|vs\.?|than|rejected|considered|looked at|ruled out|moved (?:away )?from|migrated from|like|unlike|compared (?:to|with))\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A file of the candidate's words: the question that it answers, and its sentences."""

    document: Document
    question: str
    units: tuple[Unit, ...]


def own_words_of(index: Index) -> list[OwnWords]:
    """Every file of own words that holds some; see ``readers.statements`` for how they are told from their template."""
    return index.keep("own words", lambda: list(_read(index)))


def _read(index: Index) -> Iterator[OwnWords]:
    for _, source, path in index.paths:
        if "proofolio-answers/" not in f"/{path}" and "proofolio-answers" not in source:
            continue
        document = index.document(source, path)
        if document is None or "statement" not in document.flags:
            continue
        lines = document.text.split("\n")
        units = tuple(u for u in units_of(document, 1, len(lines), lines) if u.kind in {"sentence", "row"} and len(u.text.split()) >= 3)
        if units:
            yield OwnWords(document, document.flags["statement"], units)


def with_own_words(draft: DraftAnswer, plan: Plan, index: Index, voice: str = "first") -> DraftAnswer:
    """The draft with what the candidate says to this question, where they say something.

    Own words never lead where the work shows something, never raise the confidence, and turn "not shown" into
    no more than "partial". A technology that they name and nothing uses is answered with a conflict.
    """
    if plan.kind in _UNASKED or draft.status is Status.REFUSED:
        return draft
    fitting = _fitting(plan, index)
    if fitting is None:
        return draft
    units = _telling(fitting, plan)
    said = Statement(f"{'I say' if voice == 'first' else 'The candidate says'}: {' '.join(sentence(u.clause) for u in units)}", Role.REASON, places(fitting.document, units))
    limits = [s for s in draft.statements if s.role is Role.LIMIT]
    shown = [s for s in draft.statements if s.role is not Role.LIMIT]
    status = Status.PARTIAL if draft.status is Status.NOT_SHOWN else draft.status
    disputed = list(_disputed(fitting, units, index, voice))
    if draft.status is Status.NOT_SHOWN or all(s.role is Role.LIMIT for s in draft.statements):  # what is not shown is said first: the words are no evidence
        return replace(draft, status=status, statements=(*limits, said, *disputed, *shown))
    return replace(draft, status=status, statements=(*shown, said, *disputed, *limits))


def _fitting(plan: Plan, index: Index) -> OwnWords | None:
    """The own words that answer a question: written for it, or for one that means the same, or holding its words."""
    files = own_words_of(index)
    if not files:
        return None
    near = index.similarity(plan.question, [f.question for f in files])
    wanted = {t.stem: t.weight for t in plan.terms if t.word not in FILLER and t.weight >= 0.5}
    best: tuple[float, OwnWords] | None = None
    for own, cosine in zip(files, near, strict=True):
        held = {stem(w) for w in content_words(f"{own.question} {' '.join(u.text for u in own.units)}")}
        met = sum(w for s, w in wanted.items() if s in held) / (sum(wanted.values()) or 1.0)
        same = plan.question.strip().lower() == own.question.strip().lower()
        score = 2.0 if same else max(cosine if cosine >= MEANT else 0.0, met if met >= MET and wanted else 0.0)
        if score > (best[0] if best else 0.0):
            best = (score, own)
    return best[1] if best else None


def _telling(own: OwnWords, plan: Plan) -> list[Unit]:
    """The sentences that meet the question best, in their order."""
    wanted = {t.stem: t.weight for t in plan.terms}

    def meets(unit: Unit) -> float:
        return sum(wanted.get(stem(w), 0.0) for w in content_words(unit.text))

    ranked = sorted(own.units, key=lambda u: (-meets(u), u.start))[:MAX_SENTENCES]
    return sorted(ranked, key=lambda u: u.start)


def _disputed(own: OwnWords, units: Sequence[Unit], index: Index, voice: str) -> Iterator[Statement]:
    """What the code says against the words: a technology that nothing uses, or one that they deny and the code uses."""
    whose = "My own words" if voice == "first" else "The candidate's words"
    seen: set[str] = set()
    for unit in units:
        for mention in mentioned_in(unit.text):
            if mention.technology.id in seen:
                continue
            seen.add(mention.technology.id)
            before = unit.text[: mention.start]
            live = [u for u in index.technologies.get(mention.technology.id, []) if u.liveness is Liveness.LIVE]
            here = places(own.document, [unit])
            if _DENIED.search(before) and live:
                use = live[0]
                text = f"{whose} deny {mention.technology.name}, but `{use.path}` uses it"
                yield Statement(sentence(text), Role.CONFLICT, (*here, Place(use.source, use.path, use.start, use.end)))
            elif not live and not _DENIED.search(before) and not _SET_ASIDE.search(before):
                yield _unused(mention, here, index, whose)


def _unused(mention: Mention, here: tuple[Place, ...], index: Index, whose: str) -> Statement:
    registry, name = builtin_registry(), mention.technology.name
    text = f"{whose} name {name}, but nothing in this portfolio's code or configuration uses it"
    kin = [t for t in registry.alternatives(mention.technology.id) if any(u.liveness is Liveness.LIVE for u in index.technologies.get(t, []))][:3]
    uses = [next(u for u in index.technologies[t] if u.liveness is Liveness.LIVE) for t in kin]
    if uses:
        text += f"; of its kind it uses {join([registry.technologies[t].name for t in kin])}"
    return Statement(sentence(text), Role.CONFLICT, (*here, *(Place(u.source, u.path, u.start, u.end) for u in uses)))
