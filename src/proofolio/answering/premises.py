"""Checks what a question takes for granted: is the technology there, and does it take part?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from proofolio.answering.candidates import cut
from proofolio.answering.phrasing import dead_word, join, places, sentence, speaker
from proofolio.answering.plan import Kind, Plan
from proofolio.core.records import DocumentKind, Liveness, Place, Rank, Role, Statement, TechnologyUse
from proofolio.evidence.mentions import Mention
from proofolio.evidence.registry import builtin_registry
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stem, stems, words

_ALTERNATIVE = re.compile(r"\b(over|instead of|rather than|versus|vs\.?|compared (?:to|with)|and not|not|or|than|without|why not|against)\s+(?:just |only |a |an |the |plain |simple )?$", re.IGNORECASE)
_AS_VERB = {"chart": "charting", "test": "testing", "cache": "caching"}
SURE = 0.6  # certainty from which a word of the work stands for a word of the question
_HOW_STRONG = {Liveness.IMPORTED_ONLY: 0, Liveness.COMMENTED: 1, Liveness.SKIPPED: 2, Liveness.NEVER_RUN: 3, Liveness.PROPOSED: 4, Liveness.MENTIONED: 5}


def false_premise(plan: Plan, index: Index) -> list[Statement] | None:
    """What is true instead of what the question takes for used; None where its premises hold."""
    for mention in plan.technologies:
        if _ALTERNATIVE.search(plan.question[: mention.start]):
            continue
        uses = index.technologies.get(mention.technology.id, [])
        if any(u.liveness is Liveness.LIVE for u in uses) or (not uses and _word_in_code(mention, index)):
            continue
        if any(u.how == "declared" for u in uses) and _word_in_code(mention, index):
            continue
        return list(_truth(mention, uses, plan, index))
    if plan.presupposes:
        dead = dead_things(plan, index)
        if dead:
            return list(_dead_truth(dead, index))
    return _empty_category(plan, index)


def _dead_truth(dead: Sequence[TechnologyUse], index: Index) -> Iterable[Statement]:
    """What a question takes for done and only stands there: imported, or commented out."""
    use = dead[0]
    name = builtin_registry().technologies[use.technology].name
    line = " ".join(index.lines(use.source, use.path)[use.start - 1].split())[:120].replace("`", "'")
    text = f"that is not what runs here: {name} is {dead_word(use.liveness)} (`{line}`), so it is not used"
    yield Statement(sentence(text), Role.PREMISE, (Place(use.source, use.path, use.start, use.end),))


def _empty_category(plan: Plan, index: Index) -> list[Statement] | None:
    """A kind of tool that the question takes for chosen ("which chart library …") and that nothing here is of."""
    registry = builtin_registry()
    asked = stems(plan.question)
    for category, named, members in _categories():
        if not all(stem(w) in asked or stem(_AS_VERB.get(w, w)) in asked for w in named) or not _asks_for(named, plan.question):
            continue
        if any(u.liveness is Liveness.LIVE for m in members for u in index.technologies.get(m, [])):
            continue
        examples = join([registry.technologies[m].name for m in members[:3]])
        text = f"I found no {category} in use here: I looked for {len(members)} that I know ({examples} among them) in the dependencies and the code"
        return [Statement(sentence(text), Role.LIMIT, searched=True)]
    return None


@lru_cache(maxsize=1)
def _categories() -> tuple[tuple[str, list[str], tuple[str, ...]], ...]:
    """The kinds of tools that have a name of two words or more and three members or more, with those."""
    made = ((c, [w for w in words(c) if w not in {"and", "of", "for"}], tuple(m)) for c, m in builtin_registry().by_category.items())
    return tuple((category, named, members) for category, named, members in made if len(named) > 1 and len(members) > 2)


def _asks_for(named: Sequence[str], question: str) -> bool:
    """Whether a question takes a kind of tool for chosen: its words stand together behind "which", "your" or "the"."""
    said = [stem(w) for w in re.findall(r"[\w']+", question.lower())]
    wanted = [{stem(w), stem(_AS_VERB.get(w, w))} for w in named]
    for at in range(1, len(said) - len(wanted) + 1):
        if all(said[at + i] in wanted[i] for i in range(len(wanted))):
            return bool(set(said[max(0, at - 4) : at]) & {"which", "what", "your", "the"})
    return False


def _word_in_code(mention: Mention, index: Index) -> bool:
    """The registry knows no use, but the name stands in code or configuration: say nothing."""
    for key, _ in index.lexical([mention.text], 30):
        for passage in index.fetch([key]):
            if passage.rank in {Rank.CODE, Rank.OUTPUT, Rank.TEST} and re.search(rf"(?<![A-Za-z]){re.escape(mention.text)}", index.text(passage), re.IGNORECASE):
                return True
    return False


def _truth(mention: Mention, uses: list[TechnologyUse], plan: Plan, index: Index) -> Iterable[Statement]:
    name = mention.technology.name
    no = "No: " if plan.kind is Kind.YES_NO else ""
    dead = sorted(uses, key=lambda u: _HOW_STRONG.get(u.liveness, 9))
    if dead:
        first = dead[0]
        what = dead_word(first.liveness) or "only mentioned"
        if first.how == "declared":
            what = "declared as a dependency but never used in the code"
        text = f"{no}{name} is {what} in `{first.path}`, so it is not used in what runs"
        yield Statement(sentence(text), Role.PREMISE, tuple(Place(u.source, u.path, u.start, u.end) for u in dead[:2]))
        yield from _what_is_said(first, index)
    else:
        text = f"{no or 'that is not so here: '}{name} is not used anywhere in this portfolio; I searched its {len(index.paths)} files for it and found no trace"
        yield Statement(sentence(text), Role.LIMIT, searched=True)
    registry = builtin_registry()
    instead = [t for t in registry.alternatives(mention.technology.id) if any(u.liveness is Liveness.LIVE for u in index.technologies.get(t, []))]
    if instead:
        live = [next(u for u in index.technologies[t] if u.liveness is Liveness.LIVE) for t in instead[:3]]
        names = join([registry.technologies[t].name for t in instead[:3]])
        yield Statement(f"Of its kind ({mention.technology.category}), the work uses {names}.", Role.PREMISE, tuple(Place(u.source, u.path, u.start, u.end) for u in live))


def _what_is_said(use: TechnologyUse, index: Index) -> Iterable[Statement]:
    """The sentence that a technology is mentioned in: often the reason why it was not taken."""
    key = index.passage_at(use.source, use.path, use.start)
    document = index.document(use.source, use.path)
    if key is None or document is None or document.kind is not DocumentKind.PROSE:
        return
    for passage in index.fetch([key]):
        for unit, _ in cut(index, document, passage):
            if unit.kind == "sentence" and unit.start <= use.start <= unit.end:
                yield Statement(sentence(f"{speaker(document)} {unit.clause}"), Role.REASON, places(document, [unit]))
                return


def dead_things(plan: Plan, index: Index) -> list[TechnologyUse]:
    """Dead uses of a technology without a live one, named by what the question says or means."""
    if plan.kind is Kind.FIGURE:
        return []
    sure = {re.sub(r"[\W_]+", "_", p.lower()) for x in plan.expansions for p, w in x.terms if w >= SURE and len(p) > 3}
    found = []
    for uses in index.technologies.values():
        if any(u.liveness is Liveness.LIVE for u in uses):
            continue
        for use in uses:
            if use.liveness in {Liveness.IMPORTED_ONLY, Liveness.COMMENTED}:
                # Whole identifiers: "session" must not find AsyncSession, "SMOTE" has to find SMOTE.
                line = " ".join(index.lines(use.source, use.path)[use.start - 1 : use.end]).lower()
                if sure & set(re.findall(r"\w+", line)):
                    found.append(use)
    return found
