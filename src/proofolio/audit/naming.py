"""Checks the technologies that a claim names: in live use, only declared, once used, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work, place_of
from proofolio.core.records import Citation, Document, DocumentKind, Liveness, Rank, TechnologyUse
from proofolio.evidence.manifests import dependencies_of
from proofolio.evidence.mentions import Mention, mentioned_in
from proofolio.evidence.registry import builtin_registry
from proofolio.evidence.technologies import technology_uses
from proofolio.readers.languages import classify

# Named beside such words a technology is compared with, waived or somebody else's.
_ELSEWHERE = re.compile(
    r"\b(?:instead of|rather than|unlike|compared (?:to|with)|versus|vs\.?|alternative(?:s)? to|not (?:use|need|require)\w*|no (?:need|longer)|"
    r"without|inspired by|based on the|similar to|such as|like|e\.g\.|for example|or any|or another|switch(?:ed)? from|migrat\w+ from|"
    r"replac\w+|optional(?:ly)?|if you|you can|recommend\w*|compatible with|works with|import(?:ed)? (?:to|into)|deprecated|removed|see|by|replaceable (?:with|by)|swapp?(?:able|ed) (?:with|for|out)|switch to|support(?:s|ed)? for)\s+(?:[\w.]+\s+){0,3}$",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\bin case\b|\b(?:if|where|as|when) needed\b|\bif (?:you|the|an?|it)\b|\boptional(?:ly)?\b|\berrors?:|\bexception\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:no|not|never|neither|nor|without|don't|doesn't|isn't)\b[^.;,]{0,40}$", re.IGNORECASE)
_OR = re.compile(r"^\s*(?:,|/|or\b)|\bor\s*$")
# What is used without being imported: drivers, plugins, servers, tools, things outside of a repository.
_UNSEEN = re.compile(
    r"driver|adapter|plugin|server|linter|formatter|test|tool|runner|manager|editor|operating|version control|platform|hosting|cloud|"
    r"documentation|protocol|language|format|shell|browser|notation|method|type check|build|hardware|identity|standard|backend|extension|"
    r"migration|package|design|model|statistic|metric|technique|algorithm|pattern|practice|loss|architecture",
    re.IGNORECASE,
)
# What does nothing unless code imports it.
_LIBRARY = re.compile(r"library$|(?:web|frontend|learning|computing) framework|^ORM$|^task queue$|^HTTP client$|resampling method|optimiser$", re.IGNORECASE)
_PREREQUISITE = re.compile(r"prerequisite|dependenc|requirement|install|getting started|setup|set up|quick ?start|usage|running|deploy|clone|data ?sets?\b|about me|author|licen[sc]e|motivation|introduction|overview of", re.IGNORECASE)
# Nothing in a repository need say these.
_UNCOUNTED = {"pillow", "git", "github", "vscode", "jupyter", "linux", "macos", "windows", "markdown", "excel", "stack-overflow", "kaggle", "bash", "openapi", "mermaid", "colab"}


def check_technologies(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """Every technology that a sentence says is used."""
    if sentence.kind in {"snippet", "badge"} or sentence.commentary or sentence.text.rstrip().endswith("?"):
        return
    if _PREREQUISITE.search(sentence.section.rsplit(" > ", 1)[-1]) and not sentence.resume:
        return
    seen: set[str] = set()
    for mention in mentioned_in(sentence.text):
        if mention.technology.id in seen or mention.technology.id in _UNCOUNTED or not _claimed(mention, sentence):
            continue
        seen.add(mention.technology.id)
        finding = _judge(mention, sentence, work)
        if finding is not None:
            yield finding


def _claimed(mention: Mention, sentence: Sentence) -> bool:
    text = sentence.text
    before = text[: mention.start]
    if re.match(r"[.:]{1,2}\w", text[mention.end :]) or _CONDITION.search(text):
        return False  # a part of an identifier or of an error message; what holds only in some case
    if _ELSEWHERE.search(before) or _NEGATED.search(before) or (_OR.search(text[mention.end : mention.end + 4]) and " or " in text):
        return False
    return not re.search(r"\bor\s+(?:a |an |the )?$", before) and not re.match(r"\s*(?:is|are) (?:a|an|the|one of)\b", text[mention.end :])


def _judge(mention: Mention, sentence: Sentence, work: Work) -> Finding | None:
    technology = mention.technology
    name = technology.name
    uses = work.uses(technology.id)
    if not sentence.resume:
        uses = [u for u in uses if u.source == sentence.place.source] or uses
    live = [u for u in uses if u.liveness is Liveness.LIVE]
    if live:
        return Finding(mention.text, Verdict.SUPPORTED, f"{name} is in live use.", tuple(place_of(u) for u in live[:2]))
    if _runs(mention.text, work):
        return _weak(mention, uses, work)
    dead = [u for u in uses if u.liveness in {Liveness.IMPORTED_ONLY, Liveness.COMMENTED, Liveness.SKIPPED, Liveness.NEVER_RUN}]
    searched = (f"{name} in the imports, dependencies, images, commands and settings of {len(work.index.paths)} files",)
    if dead:
        how = {Liveness.IMPORTED_ONLY: "imported and never called", Liveness.COMMENTED: "commented out", Liveness.SKIPPED: "only in skipped tests", Liveness.NEVER_RUN: "only in a folder that never runs"}[dead[0].liveness]
        return Finding(mention.text, Verdict.OVERSTATED, f"{name} is {how}.", (place_of(dead[0]),), (), searched, f"{name} is {how}")
    declared = [u for u in uses if u.how == "declared"]
    if declared:
        return _declared(mention, declared, searched, work)
    if _related(technology.id, work) or (mention.text.islower() and (technology.ambiguous or mention.text != name.lower())):
        return None
    past = None if sentence.resume or len(mention.text) < 4 else work.past.text(sentence.place.source, mention.text)
    if past is not None and _was_used(past, technology.id):
        return Finding(mention.text, Verdict.STALE, f"An earlier commit used {name}; nothing does now.", (), (past,), searched, f"{name} was used earlier")
    if not sentence.resume and _UNSEEN.search(" ".join(technology.categories)):
        return None  # a method or a platform shows by its results, not by its name
    if sentence.resume:  # a method in a skills list shows in what the work writes of it
        told = [u for u in work.index.technologies.get(technology.id, []) if u.path != sentence.place.path]
        if _UNSEEN.search(" ".join(technology.categories)) and told:
            return Finding(mention.text, Verdict.SUPPORTED, f"The work speaks of {name}.", tuple(place_of(u) for u in told[:1]))
    return Finding(mention.text, Verdict.UNSUPPORTED, f"{name} was not found in what runs.", (), (), searched)


def _runs(word: str, work: Work) -> bool:
    """Whether a line that runs has the name, outside of the manifests that only declare it."""
    pattern = re.compile(rf"(?<![A-Za-z]){re.escape(word)}", re.IGNORECASE)
    for document in work.made:
        if not pattern.search(document.text) or any(True for _ in dependencies_of(document)):
            continue
        if any(pattern.search(line) and not re.match(r"\s*(?:import|from)\s", line) for _, line in work.code_lines(document)):
            return True
    return False


def _weak(mention: Mention, uses: list[TechnologyUse], work: Work) -> Finding:
    places = work.find(re.compile(rf"(?<![A-Za-z]){re.escape(mention.text)}", re.IGNORECASE), limit=2) or [place_of(u) for u in uses[:1]]
    return Finding(mention.text, Verdict.SUPPORTED, f"{mention.technology.name} is named in what runs.", tuple(places))


def _declared(mention: Mention, declared: list[TechnologyUse], searched: tuple[str, ...], work: Work) -> Finding:
    technology = mention.technology
    place = place_of(declared[0])
    library = bool(_LIBRARY.search(technology.category))
    imported = any(technology.id in ids for index in builtin_registry().imports.values() for ids in index.values())
    if library and imported and any(d.kind in {DocumentKind.CODE, DocumentKind.NOTEBOOK} for d in work.made):
        text = f"{technology.name} is a declared dependency that no code uses"
        return Finding(mention.text, Verdict.OVERSTATED, f"{text}.", (place,), (), searched, text)
    return Finding(mention.text, Verdict.SUPPORTED, f"{technology.name} is declared.", (place,))


def _related(technology: str, work: Work) -> bool:
    """Whether a technology whose name begins with this one's (or the reverse) is live: a family, or a part of it."""
    stem = technology.split("-")[0]
    return len(stem) > 2 and any(other.split("-")[0] == stem and work.live(other) for other in work.index.technologies)


def _was_used(past: Citation, technology: str) -> bool:
    """Whether the line of an earlier commit gives the technology away as any line of today would."""
    kind, language = classify(past.path) or (DocumentKind.CODE, "python")
    text = past.quote
    if kind is DocumentKind.NOTEBOOK:  # a line of source within JSON
        kind, language, text = DocumentKind.CODE, "python", text.strip().strip(",").strip('"').replace("\\n", "")
    document = Document(past.source, past.path.removesuffix(".ipynb"), kind, language, text, past.sha256, past.commit, Rank.CODE)
    return any(u.technology == technology and u.how not in {"mentioned", "declared"} for u in technology_uses(document))
