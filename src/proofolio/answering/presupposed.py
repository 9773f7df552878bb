"""Checks practices, claims and files that a question takes for given, where ``premises`` checks technologies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from proofolio.answering.absence import Asked
from proofolio.answering.candidates import Group, cut
from proofolio.answering.clauses import fragment
from proofolio.answering.meeting import meets
from proofolio.answering.phrasing import join, places, sentence, speaker
from proofolio.answering.plan import Kind, Plan, Term
from proofolio.answering.units import Unit
from proofolio.core.records import Document, DocumentKind, Liveness, Place, Rank, Role, Statement
from proofolio.evidence.registry import builtin_registry
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stems

SURELY = 0.5  # score from which a question asks for an expectation
SHOWN = 0.75  # share of the words met from which evidence on the topic speaks of the same thing
CLEARLY = 0.1  # by how much what is missing has to fit better than what is there
CLAIMED = 0.2  # share of a question's telling words that a claim has to hold for it to be the one meant
WORDY = 5  # words that a sentence has for each word of a name in it, for it to say something of it
FILE_MEANT = 0.3  # what it adds that a file is meant by its name
TELLING_WORD = 0.3  # weight from which a word says what a question is about
OFF_AMONG = 8  # groups among which something switched off is looked for
OFF_MEETS = 0.3  # share of a question's telling words that a line that is commented out has to meet
LENGTHY = 0.004  # what each further word of a claim costs it: the shorter one says more surely what was meant
_TAKEN = re.compile(
    r"\b(?:why (?:did|do|have) (?:you|they|your team)|what made you|how did you (?:decide|choose|pick|set up|configure|tune|come)"
    r"|you (?:split|used|run|ran|chose|built|cache|cached|set up|created|wrote|apply|applied|moved|migrated|replicated)"
    r"|which .{2,40} (?:did|do|have) you (?:choose|chosen|pick|picked|use|used|settle on|go with)|with .{3,60} in place|given that|since you)\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"\b(?:I (?:read|noticed|see|saw|heard|understand)|(?:your|the) (?:\w+ )?(?:readme|overview|documentation|docs|description|notes?|write-?up|page) (?:\w+ )?"
    r"(?:says?|lists?|claims?|mentions?|names?|promises?|describes?|shows?)|according to (?:your|the))\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"`(?P<code>[A-Za-z_][\w.\-/]*)`|(?<![\w/])(?P<file>[\w\-]+\.(?:py|ts|tsx|js|jsx|go|rs|java|kt|rb|sql|ya?ml|toml|json|sh|tf|ipynb))(?!\w)")


def takes_for_granted(plan: Plan) -> bool:
    """Whether a question speaks of something as done or chosen ("why did you", "which X did you choose")."""
    return bool(_TAKEN.search(plan.question))


def untrue(plan: Plan, terms: Sequence[Term], asked: Sequence[Asked], shown: float, index: Index) -> list[Statement] | None:
    """What is true instead of a claim or a practice that the question takes for given; None where nothing speaks against it.

    ``shown`` is how well live evidence meets the question's words: where it does, nothing is denied.
    """
    if _TOLD.search(plan.question):
        denied = list(_denied_claim(terms, index))
        if denied:
            return denied
    if plan.kind in {Kind.YES_NO, Kind.NUMBER, Kind.FIGURE, Kind.WHERE} or plan.follow_up or not takes_for_granted(plan):
        return None
    gone = next((a for a in asked if not a.live), None)
    there = max((a.score for a in asked if a.live), default=0.0)
    if gone is None or gone.score < SURELY or gone.score < there + CLEARLY or shown >= SHOWN * gone.words:
        return None
    text = f"that is not so here: I looked for {gone.expectation.text} in its {len(index.paths)} files, by rules, words and meaning, and found none"
    return [Statement(sentence(text), Role.LIMIT, searched=True)]


def switched_off(plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], index: Index) -> list[Statement] | None:
    """What the question takes for active and that only stands there as a comment; None where something like it runs."""
    if plan.kind in {Kind.YES_NO, Kind.FIGURE, Kind.WALKTHROUGH} or plan.follow_up:
        return None
    telling = [t for t in terms if t.weight > TELLING_WORD]
    weight = sum(t.weight for t in telling) or 1.0
    best: tuple[float, Group, Unit] | None = None
    for group in ranked[:OFF_AMONG]:
        if group.document.kind is DocumentKind.PROSE or group.passage.rank is Rank.TEST:
            continue
        for unit, own in cut(index, group.document, group.passage):
            if not unit.dead:
                continue
            met = [t for t in telling if meets(t, own, frozenset()) >= SURELY]
            score = sum(t.weight for t in met) / weight
            if score >= OFF_MEETS and (best is None or score > best[0]) and not any(_runs(t, own, index) for t in met):
                best = (score, group, unit)
    if best is None:
        return None
    _, group, unit = best
    near = [u for u, _ in cut(index, group.document, group.passage) if u.dead and abs(u.start - unit.start) <= 2]
    text = f"that is not in force here: {join([u.clause for u in near[:3]])} in `{group.document.name}`, and I found nothing like it that runs"
    return [Statement(sentence(text), Role.PREMISE, places(group.document, near[:3]), searched=True)]


def _runs(term: Term, own: frozenset[str], index: Index) -> bool:
    """Whether what a dead line holds for a word of the question stands in a line that takes part as well."""
    held = [term.word] if term.stem in own else [a.phrase for a in term.alternatives if a.stems <= own]
    for phrase in held:
        wanted = stems(phrase)
        for passage in index.fetch([k for k, _ in index.lexical([phrase], 30)]):
            document = index.document(passage.source, passage.path)
            if document is None or document.kind is DocumentKind.PROSE:
                continue
            if any(wanted <= said and not u.dead and u.kind not in {"comment", "docstring"} for u, said in cut(index, document, passage)):
                return True
    return False


def _denied_claim(terms: Sequence[Term], index: Index) -> Iterator[Statement]:
    """A sentence of a README that the question repeats and whose names stand nowhere in the work itself."""
    telling = [t for t in terms if t.weight > 0.15]
    weight = sum(t.weight for t in telling) or 1.0
    best: tuple[float, Document, Unit, list[str]] | None = None
    asked = frozenset(t.stem for t in telling)
    words = [t.word for t in telling] + [a for t in telling for a in t.other_words()]
    for passage in index.fetch([k for k, _ in index.lexical(words, 80)]):
        document = index.document(passage.source, passage.path)
        if document is None or passage.rank is not Rank.CLAIM or document.kind is not DocumentKind.PROSE:
            continue
        for unit, own in cut(index, document, passage):
            line = " ".join(index.lines(passage.source, passage.path)[unit.start - 1 : unit.end])
            score = sum(t.weight * meets(t, own, frozenset()) for t in telling) / weight
            missing = [n for n, file in _names(line) if _is_meant(n, file, score, own, asked) and not _stands(n, index)]
            score += FILE_MEANT * any(file for n, file in _names(line) if n in missing) - LENGTHY * len(own)
            if missing and (best is None or score > best[0]):
                best = (score, document, unit, missing)
    if best is None:
        return
    _, document, unit, missing = best
    names = join([f"`{n}`" for n in missing[:2]])
    text = f"{sentence(f'{speaker(document)} {unit.clause}')} I found no {names} in the code, though, so that is a claim and not what the work does"
    yield Statement(sentence(text), Role.PREMISE, places(document, [unit]))


def _names(line: str) -> list[tuple[str, bool]]:
    """The names of code and of files on a line, each with whether it is a file's."""
    return [(m["code"] or m["file"], bool(m["file"]) or "." in m["code"]) for m in _NAME.finditer(line)]


def _is_meant(name: str, file: bool, score: float, own: frozenset[str], asked: frozenset[str]) -> bool:
    """Whether a name is what the question is about: a file by the words in its name, code by the sentence around it."""
    if file:
        return len(stems(name.rsplit(".", 1)[0]) & asked) >= 2
    return score >= CLAIMED and len(own) >= WORDY * len(stems(name))


def _stands(name: str, index: Index) -> bool:
    """Whether a name stands in code, settings or a path of the work, outside of what is only said about it."""
    if "." in name and any(p == name or p.endswith("/" + name.rsplit("/", 1)[-1]) for _, _, p in index.paths):
        return True
    bare = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    found = index.fetch([k for k, _ in index.lexical([name], 30)])
    return any(p.rank not in {Rank.CLAIM, Rank.RECORD} and p.kind is not DocumentKind.PROSE and bare.search(index.text(p)) for p in found)


def uses_of_named(plan: Plan, index: Index) -> list[Statement]:
    """What a technology that the question names is used for here: its live uses, told by what rules found there or by the line."""
    registry = builtin_registry()
    told: list[Statement] = []
    for mention in plan.technologies[:2]:
        uses = [u for u in index.technologies.get(mention.technology.id, []) if u.liveness is Liveness.LIVE and u.how not in {"declared", "imported"}]
        uses = uses or [u for u in index.technologies.get(mention.technology.id, []) if u.liveness is Liveness.LIVE]
        lines: list[tuple[str, Place]] = []
        for use in uses:
            line = " ".join(index.lines(use.source, use.path)[use.start - 1].split())
            if line and line not in {text for text, _ in lines}:
                lines.append((line, Place(use.source, use.path, use.start, use.start)))
        if lines:
            name = registry.technologies[mention.technology.id].name
            shown = [(f"`{fragment(text, 90)}`", place) for text, place in lines[:2]]
            told.append(Statement(sentence(f"What {name} does here: {join([t for t, _ in shown])}"), Role.EVIDENCE, tuple(p for _, p in shown)))
    return told


