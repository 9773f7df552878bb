"""Checks claimed practices (tests, CI, real time, encryption ...) by the traces that ``practices.yaml`` names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work
from proofolio.core.records import DocumentKind, Liveness, Place, Rank
from proofolio.evidence.keys import KeyValue, settings_of
from proofolio.evidence.mentions import mentioned_in

_NEGATED = re.compile(r"\b(?:no|not|never|neither|nor|without|lacks?|isn't|don't|doesn't|aren't|instead of|rather than|unlike|considered|rejected)\b[^.;,]{0,30}$", re.IGNORECASE)
_COVERAGE = re.compile(r"\bcoverall|\bcodecov|\bcoverage\b", re.IGNORECASE)
_PERCENT = re.compile(r"(?P<value>\d{2,3}(?:\.\d+)?)\s?%\s*(?:\+\s*)?(?:\w+\s+){0,3}?(?:code |test |line |branch )?coverage\b|\bcoverage(?: is| of|:|-)?\s*(?:over|above|>=?|~)?\s*(?P<after>\d{2,3}(?:\.\d+)?)\s?%", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice, how it is claimed and what shows or refutes it (patterns; "" where there is none)."""

    id: str
    name: str
    claim: re.Pattern[str]
    unless: re.Pattern[str] | None
    rules: tuple[str, ...]
    code: re.Pattern[str] | None
    strong: re.Pattern[str] | None
    files: re.Pattern[str] | None
    against: re.Pattern[str] | None
    refutes: str
    instead: str
    tests: bool
    volumes: bool


@lru_cache(maxsize=1)
def practices() -> tuple[Practice, ...]:
    """The practices that can be checked."""
    entries = yaml.safe_load(files("proofolio.audit").joinpath("practices.yaml").read_text(encoding="utf-8"))
    return tuple(_practice(e) for e in entries)


def _practice(entry: Mapping[str, object]) -> Practice:
    def pattern(key: str, flags: int = 0) -> re.Pattern[str] | None:
        return re.compile(str(entry[key]), flags) if key in entry else None

    rules = entry.get("rules", [])
    claim = pattern("claim", re.IGNORECASE)
    assert claim is not None
    return Practice(
        str(entry["id"]), str(entry["name"]), claim, pattern("except", re.IGNORECASE), tuple(map(str, rules if isinstance(rules, list) else [])),
        pattern("code"), pattern("strong"), pattern("files"), pattern("against"), str(entry.get("refutes", "")), str(entry.get("instead", "")),
        bool(entry.get("tests")), bool(entry.get("volumes")),
    )  # fmt: skip


def check_practices(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """Every practice that a sentence claims."""
    if sentence.kind in {"snippet", "badge"} or sentence.commentary:
        return
    for practice in practices():
        match = practice.claim.search(sentence.text)
        if match is None or _NEGATED.search(sentence.text[: match.start()]) or (practice.unless and practice.unless.search(sentence.text)):
            continue
        if re.match(r"\W{0,3}(?:is|are|was|were)?\s*(?:not|never)\b", sentence.text[match.end() :], re.IGNORECASE):
            continue
        finding = _judge(practice, match[0], sentence, work)
        if finding is not None:
            yield finding


def _judge(practice: Practice, said: str, sentence: Sentence, work: Work) -> Finding | None:
    said = around(sentence.text, said)
    if practice.volumes:
        return _volumes(said, sentence, work)
    within = _within(sentence, work)
    if practice.against:
        refuted = _refuted(practice, said, within, work)
        if refuted is not None:
            return refuted
    places = _shown(practice, said, within, work)
    if places:
        return Finding(said, Verdict.SUPPORTED, f"The work shows {practice.name}.", tuple(places))
    if practice.refutes and not practice.code:
        return None  # nothing refutes it, and no trace is asked for
    searched = (f"{practice.name}: rules, files and code of {len(work.index.paths)} files",)
    skipped = [e for e in work.index.evidence if e.liveness is not Liveness.LIVE and e.liveness is not Liveness.MENTIONED and _of(e.rule, practice.rules)]
    if skipped:
        return Finding(said, Verdict.OVERSTATED, f"Only what does not run shows {practice.name}.", (Place(skipped[0].source, skipped[0].path, skipped[0].start, skipped[0].end),), (), searched)
    return Finding(said, Verdict.UNSUPPORTED, f"Nothing shows {practice.name}.", (), (), searched)


def around(text: str, said: str) -> str:
    """The clause of a sentence in which words stand; the whole of a short sentence."""
    if len(text) < 120:
        return text
    at = text.find(said)
    left = max((text.rfind(mark, 0, at) for mark in (", ", "; ", ". ", ": ", " while ", " keeping ")), default=-1)
    cuts = [c for c in (text.find(mark, at + len(said)) for mark in (", ", "; ", ". ", " while ", " keeping ")) if c >= 0]
    return text[left + 1 : min(cuts, default=len(text))].strip(" .,;:")


def _within(sentence: Sentence, work: Work) -> frozenset[str]:
    """The sources that a claim speaks of: a README's own; for a résumé those that its heading names, or all."""
    if not sentence.resume:
        return frozenset({sentence.place.source})
    head = set(re.findall(r"[a-z]{4,}", sentence.section.lower()))
    named = {n for n in work.sources if head & set(re.findall(r"[a-z]{4,}", n.lower())) and n != sentence.place.source}
    return frozenset(named or work.sources)


def _of(rule: str, prefixes: tuple[str, ...]) -> bool:
    return any(rule == p or ((p.endswith((".", "-")) or not p.count(".") > 1) and rule.startswith(p)) for p in prefixes)


def _shown(practice: Practice, said: str, within: frozenset[str], work: Work) -> list[Place]:
    if practice.tests:
        return [_first_case(d.source, d.path, d.text) for d in work.tests if d.source in within][:3] or _dbt_tests(within, work)
    found = [
        Place(e.source, e.path, e.start, e.end)
        for e in work.index.evidence
        if e.source in within and e.liveness is Liveness.LIVE and e.rank is not Rank.CLAIM and _of(e.rule, practice.rules)
    ][:2]
    if practice.files:
        for document in work.documents:
            if document.source in within and practice.files.search(document.path) and "dead" not in document.flags and document.kind is not DocumentKind.PROSE:
                found.append(Place(document.source, document.path, 1, 1))
    # What runs is better evidence than what is configured, and a telling trace than a weak one.
    made = sorted((d for d in work.made if d.source in within), key=lambda d: (d.kind is DocumentKind.CONFIG, d.rank is Rank.TEST))
    for pattern in (practice.strong, practice.code):
        if not found and pattern and not (pattern is practice.code and practice.strong and re.search(r"\bstream", said, re.IGNORECASE)):
            found += work.find(pattern, made, limit=2)
    return found[:3]


def _dbt_tests(within: frozenset[str], work: Work) -> list[Place]:
    return work.find(re.compile(r"^\s*(?:data_)?tests:"), [d for d in work.made if d.source in within and d.language == "yaml"], limit=2)


def _first_case(source: str, path: str, text: str) -> Place:
    number = next((n for n, line in enumerate(text.split("\n"), 1) if re.search(r"\btest|\bit\(|@Test|Scenario", line)), 1)
    return Place(source, path, number, number)


def _refuted(practice: Practice, said: str, within: frozenset[str], work: Work) -> Finding | None:
    assert practice.against is not None
    documents = [d for d in work.made if d.source in within]
    if practice.strong and work.find(practice.strong, documents, limit=1):
        return None
    against = work.find(practice.against, documents, limit=2)
    if practice.code and not against:  # a practice of running: what the work itself writes about how it runs counts too
        against = _told(practice.against, within, work)
    if not against:
        return None
    return Finding(said, Verdict(practice.refutes), f"The work says otherwise: {practice.instead}.", tuple(against), (), (), f"{practice.instead[0].upper()}{practice.instead[1:]}")


def _told(pattern: re.Pattern[str], within: frozenset[str], work: Work) -> list[Place]:
    found = []
    for document in work.documents:
        if document.source in within and document.kind is DocumentKind.PROSE and "proposed" not in document.flags:
            for number, line in enumerate(document.text.split("\n"), 1):
                if pattern.search(line) and not re.search(r"\b(?:instead of|replac|was|no longer)\b", line, re.IGNORECASE):
                    found.append(Place(document.source, document.path, number, number))
                    break
    return found[:3]


# --- stores without a volume ------------------------------------------------------------------------


def _volumes(said: str, sentence: Sentence, work: Work) -> Finding | None:
    """A store that is claimed to persist, and whose compose service mounts nothing."""
    named = mentioned_in(sentence.text)
    for document in work.made:
        if document.source != sentence.place.source or not re.search(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$", document.path):
            continue
        services: dict[str, list[KeyValue]] = {}
        for setting in settings_of(document):
            parts = setting.path.split(".")
            if parts[0] == "services" and len(parts) > 1:
                services.setdefault(parts[1], []).append(setting)
        for mention in named:
            key = re.sub(r"[^a-z0-9]", "", mention.text.lower())
            for name, settings in services.items():
                image = next((s.value for s in settings if s.key == "image"), "")
                base = re.sub(r"[^a-z0-9]", "", image.lower().rsplit("/", 1)[-1].split(":")[0])
                if key not in re.sub(r"[^a-z0-9]", "", name.lower()) and key not in base and not (len(base) > 3 and base in key):
                    continue
                if not re.search(r"postgres|mysql|maria|mongo|redis|minio|elastic|cassandra|influx|clickhouse|neo4j|s3|db|sql|qdrant|milvus|weaviate|chroma", f"{name} {image}", re.IGNORECASE):
                    continue
                mounts = [s for s in settings if ".volumes" in s.path]
                first, last = min(s.line for s in settings), max(s.line for s in settings)
                place = Place(document.source, document.path, first, min(last, first + 20))
                if mounts:
                    return Finding(said, Verdict.SUPPORTED, f"Service `{name}` mounts a volume.", (Place(document.source, document.path, mounts[0].line, mounts[0].line),))
                text = f"{mention.text} holds the data while its container lives: service `{name}` mounts no volume"
                return Finding(said, Verdict.OVERSTATED, f"Service `{name}` mounts no volume, so its data go with the container.", (place,), (), (), text)
    return None


# --- coverage -------------------------------------------------------------------------------------


def check_coverage(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A coverage figure or badge: is it measured, and what does the measurement leave out?"""
    text = sentence.raw if sentence.kind == "badge" else sentence.text
    if not _COVERAGE.search(text) or sentence.kind == "snippet" or sentence.commentary:
        return
    percent = _PERCENT.search(text.replace("%25", "%"))
    if sentence.kind != "badge" and percent is None:
        return
    value = (percent["value"] or percent["after"]) if percent else ""
    said = f"coverage badge ({'Coveralls' if 'coverall' in text.lower() else 'Codecov' if 'codecov' in text.lower() else 'coverage'})" if sentence.kind == "badge" else percent[0] if percent else text
    omitted = _omitted(sentence.place.source, work)
    searched = ("coverage reports, coverage settings and CI",)
    if omitted:
        names = ", ".join(dict.fromkeys(work.index.lines(p.source, p.path)[p.start - 1].strip(" -,'\"") for p in omitted))
        yield Finding(said, Verdict.OVERSTATED, f"The measurement leaves files out ({names[:100]}).", tuple(omitted[:4]), (), (), "Coverage of what is measured; some files of the work's own code are left out")
        return
    reported = [m for m in work.index.metrics if re.search(r"coverage|line-rate", m.name, re.IGNORECASE) and m.rank is Rank.OUTPUT]
    floor = work.find(re.compile(r"fail[_-]under\s*[=:]?\s*\d+|\bcoverageThreshold\b|--cov-fail-under"), limit=2)
    if value and floor:
        lines = " ".join(work.index.lines(p.source, p.path)[p.start - 1] for p in floor)
        floors = [float(n) for n in re.findall(r"\d+(?:\.\d+)?", lines)]
        if floors and max(floors) >= float(value):
            yield Finding(said, Verdict.SUPPORTED, "CI or settings demand it.", tuple(floor))
            return
    if reported:
        yield Finding(said, Verdict.NOT_CHECKABLE, "A coverage report is committed; the badge's figure is outside.", tuple(Place(m.source, m.path, m.line, m.line) for m in reported[:1]))
        return
    measured = work.find(re.compile(r"--cov\b|coverage run|\bcoveralls\b|codecov|--coverage\b|jacoco|nyc\b|test:coverage"), limit=2)
    if measured:
        yield Finding(said, Verdict.NOT_CHECKABLE, "Coverage is measured; its figure is outside of the repository.", tuple(measured))
    elif work.tests:
        yield Finding(said, Verdict.UNSUPPORTED, "Tests exist, and nothing measures their coverage.", (), (), searched, "Tests exist; their coverage is not measured here")
    else:
        yield Finding(said, Verdict.UNSUPPORTED, "There are no tests whose coverage could be measured.", (), (), searched)


def _omitted(source: str, work: Work) -> list[Place]:
    """The lines that leave files of the work's own code out of the measurement; tests and migrations are no such code."""
    found = []
    for document in work.documents:
        if document.source != source or not re.search(r"(?:^|/)(?:\.coveragerc|setup\.cfg|tox\.ini|pyproject\.toml|codecov\.ya?ml|\.codecov\.ya?ml)$", document.path):
            continue
        inside = False
        for number, line in enumerate(document.text.split("\n"), 1):
            if re.match(r"\s*(?:omit|ignore)\s*[=:]", line):
                inside = True
            elif inside and (re.match(r"\s*(?:\[|\w[\w-]*\s*[=:])", line) or not line.strip()):
                inside = False
            globs = re.findall(r"[\w*/.\-]*\*?[\w/]+[\w*/.\-]*", re.sub(r"^\s*(?:omit|ignore)\s*[=:]", "", line)) if inside else []
            if any(re.search(r"[a-z]", g) and not re.search(r"test|migration|__init__|venv|site-packages|conftest|setup|manage|wsgi|asgi|settings|docs|example|version|node_modules|/usr/", g) for g in globs):
                found.append(Place(source, document.path, number, number))
    return found


def check_badges(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A build badge: is there a build of that kind?"""
    if sentence.kind != "badge" or not work.knows_every_file(sentence.place.source):
        return
    known = {r"travis-ci": r"^\.travis\.ya?ml$", r"circleci\.com": r"^\.circleci/", r"gitlab\.com/.*pipeline\.svg": r"^\.gitlab-ci\.ya?ml$", r"appveyor": r"appveyor\.ya?ml$"}
    for badge, wanted in known.items():
        if re.search(badge, sentence.raw):
            yield from _badge("build badge", wanted, sentence, work)
    action = re.search(r"actions/workflows/(?P<name>[\w.-]+\.ya?ml)", sentence.raw)
    if action:
        yield from _badge(f"build badge of {action['name']}", rf"^\.github/workflows/{re.escape(action['name'])}$", sentence, work)


def _badge(said: str, wanted: str, sentence: Sentence, work: Work) -> Iterator[Finding]:
    source = sentence.place.source
    there = sorted(f for f in work.files(source) if re.search(wanted, f) and not f.endswith("/"))
    if there and work.index.document(source, there[0]):
        yield Finding(said, Verdict.SUPPORTED, "The build is configured.", (Place(source, there[0], 1, 1),))
    elif not there:
        past = work.past.file(source, wanted.replace("\\", "").strip("^$").replace("ya?ml", "yml"))
        why = "An earlier commit configured this build." if past else "Nothing configures this build."
        yield Finding(said, Verdict.STALE if past else Verdict.UNSUPPORTED, why, (), (past,) if past else (), (f"{wanted} among the files of {source}",))
