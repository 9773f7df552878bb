"""Writes the draft: chooses the frame that a question wants and fills it from what the dossier holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proofolio.answering import frames
from proofolio.answering.authorship import authorship_statements
from proofolio.answering.candidates import Group, covered_weight, cut, diverse, groups, search, weigh
from proofolio.answering.figures import find_figures
from proofolio.answering.phrasing import dead_word, say_group, sentence
from proofolio.answering.plan import Kind, Plan, Term
from proofolio.answering.premises import dead_things, false_premise
from proofolio.answering.reasons import LIMIT, REASON, TRADE_OFF, as_statement, own_words
from proofolio.core.records import DraftAnswer, FigureRef, Liveness, Place, Rank, Role, Statement, Status
from proofolio.evidence.rules import Topic
from proofolio.retrieval.index import Index

MAX_STATEMENTS = 8
_RUNS = {"setting", "call", "output", "decorator", "route", "definition", "line", "condition", "return", "raise", "test"}
MAX_CHARS = 1700
PRIVATE = "That is private, so I keep it out of this interview; ask me about the work and I will show it."
OFF_TOPIC = "That is not something this portfolio can speak to; ask about the work in it: its models, pipelines, code, tests or decisions."


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Support below which a question counts as not shown; see the risk-coverage curve in benchmarks/.

    ``unknown``: no topic is asked. ``shown``: the topic has live evidence. ``bare``: it has none, so only
    work that meets the question's own words can answer it.
    """

    unknown: float = 0.34
    shown: float = 0.30
    bare: float = 0.62


@dataclass(slots=True)
class Composer:
    """Composes drafts over one index; ``voice`` is "first" or "third"."""

    index: Index
    topics: Mapping[str, Topic]
    voice: str = "first"
    thresholds: Thresholds = Thresholds()

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
        hits = search(plan, self.index, terms)
        ranked = groups(plan, self.index, terms, hits)
        figures = find_figures(plan, self.index, terms)
        if plan.kind is Kind.FIGURE:
            return self._figure(plan, terms, ranked, figures)
        premise = false_premise(plan, self.index)
        if premise is not None:
            return self._corrected(plan, terms, ranked, premise.statements, absent=premise.absent)
        return self._answer(plan, terms, ranked, figures)

    # --- the usual way ------------------------------------------------------------------------

    def _answer(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], figures: Sequence[FigureRef]) -> DraftAnswer:
        topic, shown = self._topic(plan, terms)
        support = self.support(plan, terms, ranked, shown)
        strong = bool(shown and shown.strong())
        general = topic is not None and strong and self._general(plan, topic, terms)
        if not self._carried(plan, topic, shown, support) and not general:
            return self._absent(plan, terms, ranked, topic, shown, support)
        statements: list[Statement] = []
        if general and topic and shown:
            statements = self._by_topic(plan, terms, topic, shown, ranked)
        else:
            statements = self._by_search(plan, terms, ranked, topic, shown)
        limits = [s for s in statements if s.role is Role.LIMIT]
        status = Status.PARTIAL if limits else Status.ANSWERED
        kept = trim(statements)
        pictures = tuple(f for f in figures[:2]) if general else ()
        return DraftAnswer(plan.question, status, kept, pictures, tuple(k for k, _ in plan.topics), support, self._nothing(plan, terms))

    def _carried(self, plan: Plan, topic: Topic | None, shown: frames.Shown | None, support: float) -> bool:
        """Whether the work carries an answer. Where the topic has no live evidence, words alone do not: they
        have to stand in something that runs."""
        if topic is None or shown is None:
            return support >= self.thresholds.unknown
        if shown.strong():
            return support >= self.thresholds.shown
        if shown.claimed and support >= self.thresholds.unknown:
            return True
        return support >= self.thresholds.bare and self._practised(topic)

    def _practised(self, topic: Topic) -> bool:
        """Whether a word that only stands where the topic is practised stands in code, settings or outputs."""
        for passage in self.index.fetch([k for k, _ in self.index.lexical(topic.vocabulary, 20)]):
            document = self.index.document(passage.source, passage.path)
            if document is None or "dead" in document.flags or passage.rank in {Rank.CLAIM, Rank.RECORD}:
                continue
            for unit, own in cut(self.index, document, passage):
                if unit.kind in _RUNS and any(frames.stems(v) <= own for v in topic.vocabulary):
                    return True
        return False

    def _topic(self, plan: Plan, terms: Sequence[Term]) -> tuple[Topic | None, frames.Shown | None]:
        for key, score in plan.topics:
            if score >= 0.9 and key in self.topics:
                topic = self.topics[key]
                return topic, frames.shown(topic, self.index, terms)
        return None, None

    def _general(self, plan: Plan, topic: Topic, terms: Sequence[Term]) -> bool:
        """Whether a question asks for the practice as such: it has few telling words beside the topic's."""
        if plan.wants_number or plan.follow_up:
            return False
        spare = plan.question
        for pattern in topic.ask:
            spare = pattern.sub(" ", spare)
        known = frozenset(s for v in (topic.name, *topic.vocabulary) for s in frames.stems(v))
        left = [t for t in terms if t.weight >= 0.25 and t.stem in frames.stems(spare) and t.stem not in known]
        return len(left) <= 2

    def _by_topic(self, plan: Plan, terms: Sequence[Term], topic: Topic, shown: frames.Shown, ranked: Sequence[Group]) -> list[Statement]:
        first, said = frames.lead(topic, shown.strong() or shown.live, self.voice)
        statements = [first, *frames.details(shown.live, said, 4)]
        words = [*topic.vocabulary, *(t.word for t in terms if t.weight >= 0.4)]
        taken = {(p.source, p.path, p.start) for s in statements for p in s.places}
        for cue, role, room in ((REASON, Role.REASON, 1), (TRADE_OFF, Role.TRADE_OFF, 1)):
            for document, unit in own_words(self.index, words, cue, room, taken):
                taken.add((document.source, document.path, unit.start))
                statements.append(as_statement(document, unit, role))
        statements += frames.dead_statements(shown.dead, 1)
        near = [g for g in diverse(ranked, terms, 2) if not _overlaps(g, statements)]
        statements += [say_group(g, Role.EVIDENCE) for g in near[:1]]
        gap = frames.limit_statement(frames.missing(topic, self.index), plan)
        for document, unit in own_words(self.index, words, LIMIT, 1, taken):
            if document.rank.value in {"record", "claim"}:
                statements.append(as_statement(document, unit, Role.LIMIT))
        return statements + ([gap] if gap else [])

    def _by_search(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], topic: Topic | None, shown: frames.Shown | None) -> list[Statement]:
        chosen = diverse(ranked, terms, 5)
        statements = [say_group(g, Role.LEAD if i == 0 else Role.NUMBER if plan.wants_number else Role.EVIDENCE) for i, g in enumerate(chosen)]
        if shown:
            wanted = {t.stem for t in terms if t.weight >= 0.3}
            apt = [e for e in shown.live if frames.stems(e.say) & wanted and not _inside(e, statements)]
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
            statements.append(Statement(sentence(f"I found nothing in the portfolio on {frames.join([repr(w)[1:-1] for w in gone])}"), Role.LIMIT, searched=True))
        if topic is not None:
            gap = frames.limit_statement(frames.missing(topic, self.index)[:2], plan)
            statements += [gap] if gap else []
        return statements

    def _unmet(self, terms: Sequence[Term]) -> list[str]:
        """Technical words of the question that the portfolio holds in no wording that is known.

        A word that the vocabulary does not know may stand there under another name: nothing is said of it.
        """
        known = [t for t in terms if t.weight >= 0.6 and t.alternatives]
        return [t.word for t in known if not self.index.count(t.word) and not any(self.index.count(a) for a in t.other_words())][:2]

    def support(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], shown: frames.Shown | None) -> float:
        """How well the work carries an answer, 0 to 1: one passage that meets the question, and several together."""
        if not ranked:
            return 0.0
        together = covered_weight(diverse(ranked, terms, 4), terms)
        alone = max(g.coverage for g in ranked[:8])
        best = min(1.0, ranked[0].best)
        return 0.35 * alone + 0.3 * together + 0.35 * best

    # --- other ways ---------------------------------------------------------------------------

    def _absent(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], topic: Topic | None, shown: frames.Shown | None, support: float) -> DraftAnswer:
        statements = [Statement(self._nothing(plan, terms, topic), Role.LIMIT, searched=True)]
        if shown and (shown.dead or shown.claimed):
            statements += frames.dead_statements(shown.dead, 1)
            statements += [frames.say_evidence(e) for e in shown.claimed[:1]]
        nearest = [g for g in diverse(ranked, terms, 2) if g.best >= 0.2]
        for group in nearest:
            said = say_group(group, Role.EVIDENCE)
            if not _overlaps(group, statements):
                statements.append(Statement(f"The nearest thing that is shown: {said.text}", said.role, said.places))
        return DraftAnswer(plan.question, Status.NOT_SHOWN, trim(statements[:4]), (), tuple(k for k, _ in plan.topics), 1 - support, statements[0].text)

    def _nothing(self, plan: Plan, terms: Sequence[Term], topic: Topic | None = None) -> str:
        looked = [t.word for t in sorted(terms, key=lambda t: -t.weight) if t.weight >= 0.3][:5]
        about = topic.name.lower() if topic else "that"
        files = len(self.index.paths)
        words = f" for {frames.join([repr(w)[1:-1] for w in looked])}" if looked else ""
        return f"The portfolio does not show {about}: I searched its {files} files{words}, by words, meaning and practice, and found nothing that answers the question."

    def _corrected(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], truth: Sequence[Statement], *, absent: bool) -> DraftAnswer:
        statements = list(truth)
        for group in diverse(ranked, terms, 3)[:2]:
            if not _overlaps(group, statements):
                said = say_group(group, Role.EVIDENCE)
                statements.append(Statement(f"What is there: {said.text}", said.role, said.places))
        cited = any(s.places for s in truth)
        status = Status.PREMISE_CORRECTED if plan.presupposes or cited else Status.NOT_SHOWN
        return DraftAnswer(plan.question, status, trim(statements), (), tuple(k for k, _ in plan.topics), 0.8, truth[0].text if truth else "")

    def _figure(self, plan: Plan, terms: Sequence[Term], ranked: Sequence[Group], figures: Sequence[FigureRef]) -> DraftAnswer:
        said = [say_group(g, Role.EVIDENCE) for g in diverse(ranked, terms, 3)[:3]]
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
    """At most eight statements and about 180 words beside the code; limits are never cut."""
    kept: list[Statement] = []
    size = 0
    seen: set[str] = set()
    for statement in statements:
        full = len(kept) >= MAX_STATEMENTS or size + len(statement.text) > MAX_CHARS
        if statement.text in seen or (full and statement.role is not Role.LIMIT):
            continue
        kept.append(statement)
        seen.add(statement.text)
        size += len(statement.text)
    return tuple(kept)


def _overlaps(group: Group, statements: Sequence[Statement]) -> bool:
    return any(
        p.path == group.passage.path and p.source == group.passage.source and any(p.start <= u.end and u.start <= p.end for u in group.units)
        for s in statements for p in s.places
    )


def _inside(item: object, statements: Sequence[Statement]) -> bool:
    path, start = getattr(item, "path", ""), getattr(item, "start", 0)
    return any(p.path == path and p.start <= start <= p.end for s in statements for p in s.places)


def live(item: object) -> bool:
    """Whether a piece of evidence takes part in what runs."""
    return getattr(item, "liveness", None) is Liveness.LIVE
