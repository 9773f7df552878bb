"""Writes the draft: chooses the frame that a question wants and fills it from what the dossier holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proofolio.answering import frames
from proofolio.answering.absence import asked_for, nothing, shown_for
from proofolio.answering.absence import support as support_of
from proofolio.answering.authorship import authorship_statements
from proofolio.answering.candidates import Group, diverse, groups, search, weigh
from proofolio.answering.choice import choose
from proofolio.answering.decisions import LEADS, record_for, record_statements
from proofolio.answering.diagrams import flow_statement
from proofolio.answering.figures import find_figures
from proofolio.answering.phrasing import dead_word, join, say_evidence, sentence
from proofolio.answering.plan import Kind, Plan, Term
from proofolio.answering.premises import dead_things, false_premise
from proofolio.answering.presupposed import switched_off, takes_for_granted, untrue, uses_of_named
from proofolio.answering.reasons import LIMIT, REASON, TRADE_OFF, as_statement, own_words
from proofolio.answering.telling import tell
from proofolio.core.records import (
    DocumentKind,
    DraftAnswer,
    FigureRef,
    Place,
    Rank,
    Role,
    Statement,
    Status,
)
from proofolio.evidence.rules import Topic
from proofolio.evidence.wordings import without_ways
from proofolio.retrieval.index import Index
from proofolio.retrieval.words import stems

MAX_STATEMENTS = 8
ROOMS = (300, 260, 220, 200, 200, 200, 200)  # characters that the chosen groups may say, best first
SHORT = 4  # telling words up to which a question asks for a practice as such
FITS_TOO = 0.1  # how far below the best a topic still fits a question as well
SHOWN_MORE = 0.12  # what a piece of evidence is worth against nearness, between topics that both fit a question
_DESIGN = re.compile(r"\b(architectur|pipeline|design|data ?flow|flows?\b|stages?|layers?|system)", re.IGNORECASE)
_WHY = re.compile(r"\b(reason|why|rationale|trade-?off)", re.IGNORECASE)
_JUDGED = re.compile(
    r"\b(?:safe to|(?:rely|depend|bet) on|would you (?:bet|trust|stake|rely)|suspicious\w*|surviv\w*|hold \w+ back|obey"
    r"|(?:would|could|might) (?:it|that|this|these|those|they|somebody|someone|anyone|one)\b)", re.IGNORECASE)
ONLY_READ = "I read this off the files at this commit; whether it holds in operation, they cannot show."
MAX_CHARS = 2300  # of statements with the labels of their citations
LABEL = 22  # characters of a label beside its path: lines, commit, brackets
PRIVATE = "That is private, so I keep it out of this interview; ask me about the work and I will show it."
OFF_TOPIC = "That is not something this portfolio can speak to; ask about the work in it: its models, pipelines, code, tests or decisions."


ANSWER_FROM = 0.465  # support from which a question counts as answered; see the risk-coverage curve in benchmarks/


@dataclass(slots=True)
class Composer:
    """Composes drafts over one index; ``voice`` is "first" or "third"."""

    index: Index
    topics: Mapping[str, Topic]
    voice: str = "first"

    def draft(self, plan: Plan, focus: Sequence[Place] = ()) -> DraftAnswer:
        """The draft for a plan; ``focus`` is where the conversation was last."""
        if plan.kind is Kind.PRIVATE:
            return DraftAnswer(plan.question, Status.REFUSED, (Statement(PRIVATE, Role.LIMIT),), confidence=1.0)
        if plan.kind is Kind.OFF_TOPIC:
            return DraftAnswer(plan.question, Status.REFUSED, (Statement(OFF_TOPIC, Role.LIMIT),), confidence=1.0)
        if plan.kind is Kind.AUTHORSHIP:
            statements, confident = authorship_statements(self.index, focus)
            status = Status.ANSWERED if confident else Status.NOT_SHOWN
            return DraftAnswer(plan.question, status, tuple(statements), confidence=0.9)
        terms = weigh(plan, self.index)
        hits = search(plan, self.index, terms, focus=focus)
        ranked = groups(plan, self.index, terms, hits, focus)
        figures = find_figures(plan, self.index, terms)
        if plan.kind is Kind.FIGURE:
            return self._figure(plan, terms, ranked, figures)
        premise = false_premise(plan, self.index) or self._untrue(plan, terms) or switched_off(plan, terms, ranked, self.index)
        if premise is not None:
            return self._corrected(plan, terms, ranked, premise)
        return self._answer(plan, terms, ranked, figures)

    def _untrue(self, plan: Plan, terms: Sequence[Term]) -> list[Statement] | None:
        asked = asked_for(plan, terms, self.topics, self.index)
        return untrue(plan, terms, asked, shown_for(plan, terms, self.topics, self.index), self.index)

    # --- the usual way ------------------------------------------------------------------------

    def _answer(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], figures: Sequence[FigureRef]) -> DraftAnswer:
        topic, shown = self._topic(plan, terms)
        support = support_of(plan, terms, ranked, topic, self.topics, self.index)
        strong = bool(shown and shown.strong())
        general = topic is not None and strong and self._general(plan, topic, terms)
        if support < ANSWER_FROM and not self._flow(plan, terms):
            return self._absent(plan, terms, ranked, topic, shown, support)
        statements: list[Statement] = []
        if general and topic and shown:
            statements = self._by_topic(plan, terms, topic, shown, ranked)
        else:
            statements = self._by_search(plan, terms, ranked, topic, shown)
        if _JUDGED.search(plan.question) and not any(s.role is Role.LIMIT for s in statements):
            statements.append(Statement(ONLY_READ, Role.LIMIT))
        limits = [s for s in statements if s.role is Role.LIMIT]
        status = Status.PARTIAL if limits else Status.ANSWERED
        kept = trim(statements)
        pictures = tuple(f for f in figures[:2]) if general else ()
        return DraftAnswer(plan.question, status, kept, pictures, tuple(k for k, _ in plan.topics), support, nothing(plan, terms, None, self.index))

    def _topic(self, plan: Plan, terms: Sequence[Term]) -> tuple[Topic | None, frames.Shown | None]:
        """The topic that a question asks about; among several that fit, the one that the work shows most of."""
        best: tuple[float, Topic, frames.Shown] | None = None
        top = max((score for _, score in plan.topics), default=0.0)
        for key, score in plan.topics:
            if score >= max(0.9, top - FITS_TOO) and key in self.topics:
                shown = frames.shown(self.topics[key], self.index, terms)
                worth = score + SHOWN_MORE * min(6, len(shown.strong()))
                if best is None or worth > best[0]:
                    best = (worth, self.topics[key], shown)
        return (best[1], best[2]) if best else (None, None)

    def _general(self, plan: Plan, topic: Topic, terms: Sequence[Term]) -> bool:
        """Whether a question asks for the practice as such: it has few telling words beside the topic's."""
        if plan.wants_number or plan.follow_up:
            return False
        spare = stems(without_ways(plan.question, topic, self.topics))
        known = frozenset(s for v in (topic.name, *topic.vocabulary) for s in stems(v))
        left = [t for t in terms if t.weight >= 0.25 and t.stem in spare and t.stem not in known]
        short = sum(t.weight >= 0.15 for t in terms) <= SHORT
        return len(left) <= (1 if short else 0)

    def _by_topic(self, plan: Plan, terms: Sequence[Term], topic: Topic, shown: frames.Shown, ranked: Sequence[Group]) -> list[Statement]:
        first, said = frames.lead(topic, shown.strong() or shown.live, self.voice)
        record = record_for(plan, terms, topic, self.index)
        recorded = record_statements(record, terms, self.index, full=plan.wants_reason) if record else []
        if recorded and record and (record.score >= LEADS or plan.kind is Kind.CHOICE):
            statements = [*recorded, *frames.details(shown.live, [], 3)]
        else:
            statements = [first, *frames.details(shown.live, said, 3 if recorded else 4), *recorded]
        words = [*topic.vocabulary, *(t.word for t in terms if t.weight >= 0.4)]
        taken = {(p.source, p.path, p.start) for s in statements for p in s.places}
        for cue, role, room in ((REASON, Role.REASON, 1), (TRADE_OFF, Role.TRADE_OFF, 1)):
            if any(s.role is role for s in recorded):
                continue
            for document, unit in own_words(self.index, words, cue, room, taken):
                taken.add((document.source, document.path, unit.start))
                statements.append(as_statement(document, unit, role))
        statements += frames.dead_statements(shown.dead, 1)
        if plan.kind is Kind.WALKTHROUGH:
            told = [g for g in ranked if g.document.kind is DocumentKind.PROSE and any(u.kind == "sentence" for u in g.units)][:1]
            statements[1:1] = self._flow(plan, terms) + [tell(g, Role.EVIDENCE, self.index) for g in told if not _overlaps(g, statements)]
        if len(statements) < 5:
            near = [g for g in diverse(ranked, terms, 2) if not _overlaps(g, statements)]
            statements += [tell(g, Role.EVIDENCE, self.index) for g in near[:1]]
        gap = frames.limit_statement(self._gaps(topic, statements))
        for document, unit in own_words(self.index, words, LIMIT, 1, taken):
            if document.rank in {Rank.RECORD, Rank.CLAIM}:
                statements.append(as_statement(document, unit, Role.LIMIT))
        return statements + ([gap] if gap else [])

    def _gaps(self, topic: Topic, statements: Sequence[Statement]) -> list[str]:
        """What a strong answer would also contain; a reason is no gap where one has just been given."""
        reasoned = any(s.role in {Role.REASON, Role.TRADE_OFF} for s in statements)
        return [g for g in frames.missing(topic, self.index) if not (reasoned and _WHY.search(g))]

    def _flow(self, plan: Plan, terms: Sequence[Term]) -> list[Statement]:
        """The stages of the candidate's own flowchart, where a design is to be walked through."""
        if plan.kind is not Kind.WALKTHROUGH or not _DESIGN.search(plan.question):
            return []
        flow = flow_statement(self.index, terms)
        return [flow] if flow else []

    def _by_search(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], topic: Topic | None, shown: frames.Shown | None) -> list[Statement]:
        chosen = choose(plan, self.index, terms, ranked, len(ROOMS))
        statements = [tell(g, Role.LEAD if i == 0 else Role.NUMBER if plan.wants_number else Role.EVIDENCE, self.index, ROOMS[i]) for i, g in enumerate(chosen)]
        statements[1:1] = self._flow(plan, terms)
        if plan.wants_reason or topic is not None:
            record = record_for(plan, terms, topic, self.index)
            recorded = record_statements(record, terms, self.index, full=plan.wants_reason) if record else []
            said = {(p.path, p.start) for s in recorded for p in s.places}
            rest = [s for s in statements if not any((p.path, p.start) in said for p in s.places)]
            statements = [*recorded, *rest] if record and record.score >= LEADS else [*rest[:1], *recorded, *rest[1:]]
        if shown:
            wanted = {t.stem for t in terms if t.weight >= 0.3}
            apt = [e for e in shown.live if stems(e.say) & wanted and not _inside(e, statements)]
            statements += frames.details(apt, [], 2)
        if plan.wants_reason and not any(s.role is Role.REASON for s in statements):
            taken = {(p.source, p.path, p.start) for s in statements for p in s.places}
            words = [t.word for t in terms if t.weight >= 0.3] + [a for t in terms for a in t.other_words()[:4]]
            statements += [as_statement(d, u, Role.REASON) for d, u in own_words(self.index, words, REASON, 1, taken)]
        for use in dead_things(plan, self.index)[:1]:
            text = f"`{use.path.rsplit('/', 1)[-1]}` has this {dead_word(use.liveness)}: `{' '.join(self.index.lines(use.source, use.path)[use.start - 1].split())[:120]}`"
            statements.append(Statement(sentence(text), Role.EVIDENCE, (Place(use.source, use.path, use.start, use.end),)))
        gone = self._unmet(terms)
        if gone:
            statements.append(Statement(sentence(f"I found nothing in the portfolio on {join([repr(w)[1:-1] for w in gone])}"), Role.LIMIT, searched=True))
        if topic is not None:
            gap = frames.limit_statement(self._gaps(topic, statements)[:2])
            statements += [gap] if gap else []
        return statements

    def _unmet(self, terms: Sequence[Term]) -> list[str]:
        """Technical words of the question that the portfolio holds in no wording that is known.

        A word that the vocabulary does not know may stand there under another name: nothing is said of it.
        """
        known = [t for t in terms if t.weight >= 0.6 and t.alternatives]
        return [t.word for t in known if not self.index.count(t.word) and not any(self.index.count(a) for a in t.other_words())][:2]

    # --- other ways ---------------------------------------------------------------------------

    def _absent(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], topic: Topic | None, shown: frames.Shown | None, support: float) -> DraftAnswer:
        statements = [Statement(nothing(plan, terms, topic, self.index), Role.LIMIT, searched=True)]
        if shown and (shown.dead or shown.claimed):
            statements += frames.dead_statements(shown.dead, 1)
            statements += [say_evidence(e) for e in shown.claimed[:1]]
        statements += uses_of_named(plan, self.index)
        opening = "The nearest thing that is shown: "
        for group in choose(plan, self.index, terms, ranked, 5):
            said = tell(group, Role.EVIDENCE, self.index)
            if group.best >= 0.2 and not _overlaps(group, statements):
                statements.append(Statement(f"{opening}{said.text}", said.role, said.places))
                opening = "Also near it: "
        return DraftAnswer(plan.question, Status.NOT_SHOWN, trim(statements[:7]), (), tuple(k for k, _ in plan.topics), 1 - support, statements[0].text)

    def _corrected(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], truth: Sequence[Statement]) -> DraftAnswer:
        statements = [*truth, *(s for s in uses_of_named(plan, self.index) if s.text not in {t.text for t in truth})]
        opening = "What is there: "
        for group in choose(plan, self.index, terms, ranked, 4):
            if not _overlaps(group, statements):
                said = tell(group, Role.EVIDENCE, self.index)
                statements.append(Statement(f"{opening}{said.text}", said.role, said.places))
                opening = "Also: "
        cited = any(s.places for s in truth)
        status = Status.PREMISE_CORRECTED if plan.presupposes or cited or takes_for_granted(plan) else Status.NOT_SHOWN
        return DraftAnswer(plan.question, status, trim(statements), (), tuple(k for k, _ in plan.topics), 0.8, truth[0].text if truth else "")

    def _figure(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], figures: Sequence[FigureRef]) -> DraftAnswer:
        said = [tell(g, Role.EVIDENCE, self.index) for g in diverse(ranked, terms, 3)[:3]]
        if not figures:
            text = f"The portfolio holds no picture of that: I looked through its {len(self.index.figures)} figures (image files, notebook plots, diagrams) and none shows it."
            return DraftAnswer(plan.question, Status.NOT_SHOWN, (Statement(text, Role.LIMIT, searched=True), *said[:2]), (), confidence=0.7, fallback=text)
        shown = figures[:2]
        place = self._figure_place(shown[0])
        opening = Statement(sentence(f"`{shown[0].path}` shows it: {shown[0].caption}"), Role.LEAD, (place,) if place else ())
        return DraftAnswer(plan.question, Status.ANSWERED, trim([opening, *said]), tuple(shown), tuple(k for k, _ in plan.topics), 0.8, "")

    def _figure_place(self, figure: FigureRef) -> Place | None:
        document = self.index.document(figure.source, figure.path)
        if document is None:
            return None
        for cell in document.cells:
            if cell.index == figure.cell:
                return Place(figure.source, figure.path, cell.start, min(cell.end, cell.start + 20))
        line = next((f.line for i, f in self.index.figures if i == figure.id), 1)
        return Place(figure.source, figure.path, line, line)


def trim(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """At most eight statements, as long together as somebody reads with their labels; limits are never cut."""
    kept: list[Statement] = []
    size = sum(len(s.text) for s in statements if s.role is Role.LIMIT)
    seen: set[str] = set()
    for statement in statements:
        length = len(statement.text) + sum(len(p.path) + LABEL for p in statement.places)
        limit = statement.role is Role.LIMIT
        full = len(kept) >= MAX_STATEMENTS or size + length > MAX_CHARS
        if statement.text in seen or (full and not limit):
            continue
        kept.append(statement)
        seen.add(statement.text)
        size += 0 if limit else length
    return tuple(kept)


def _overlaps(group: Group, statements: Sequence[Statement]) -> bool:
    return any(
        p.path == group.passage.path and p.source == group.passage.source and any(p.start <= u.end and u.start <= p.end for u in group.units)
        for s in statements for p in s.places
    )


def _inside(item: object, statements: Sequence[Statement]) -> bool:
    path, start = getattr(item, "path", ""), getattr(item, "start", 0)
    return any(p.path == path and p.start <= start <= p.end for s in statements for p in s.places)
