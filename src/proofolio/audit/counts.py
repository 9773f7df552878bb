"""Checks counts of things that can be counted in the files: notebooks, tests, routes, tables, services."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work
from proofolio.core.records import Document, DocumentKind, Place
from proofolio.evidence.keys import settings_of

_WORDS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())} | {"fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "dozen": 12}
_COUNT = r"(?<![\w.-])(?P<least>over|more than|at least|around|about|nearly|~|some)?\s*\b(?P<count>\d{1,4}|" + "|".join(_WORDS) + r")(?P<plus>\+)?\s+(?:(?!(?:of|to|the|and|or|per)\b)[A-Za-z/-]+\s+){0,2}?"
Counter = Callable[[Document], Iterator[int]]
_ROUTE = re.compile(r"@\w+(?:\.\w+)*\.(?:route|get|post|put|patch|delete|api_route|websocket)\(|\b(?:app|router|api|server|r)\.(?:get|post|put|patch|delete)\(\s*['\"`/]|^\s*(?:re_)?path\(|@(?:Get|Post|Put|Patch|Delete|Request)Mapping\b|@(?:Get|Post|Put|Patch|Delete)\(|router\.register\(|\.(?:GET|POST|PUT|PATCH|DELETE|HandleFunc)\(|^export (?:async )?function (?:GET|POST|PUT|PATCH|DELETE)\b")
_CASE = re.compile(r"^\s*(?:async )?def test_|^\s*(?:it|test)(?:\.each\(.*\))?\s*\(|@Test\b|^func Test\w|#\[(?:tokio::)?test\]|^\s*TEST(?:_F)?\(|test_that\(|^\s*Scenario:")
_TABLE = re.compile(r"\bCREATE TABLE\b|\bclass \w+\((?:.*\b)?(?:Base|Model|SQLModel|DeclarativeBase|models\.Model|db\.Model)\b|op\.create_table\(|^\s*model \w+ \{|@Entity\b|create_table ", re.IGNORECASE)


def _lines(pattern: re.Pattern[str]) -> Counter:
    def count(document: Document) -> Iterator[int]:
        if document.kind in {DocumentKind.CODE, DocumentKind.SQL, DocumentKind.CONFIG, DocumentKind.NOTEBOOK}:
            yield from (n for n, line in enumerate(document.text.split("\n"), 1) if pattern.search(line))

    return count


def _each(path: str) -> Counter:
    pattern = re.compile(path, re.IGNORECASE)

    def count(document: Document) -> Iterator[int]:
        if pattern.search(document.path):
            yield 1

    return count


def _services(document: Document) -> Iterator[int]:
    if re.search(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$", document.path):
        seen: set[str] = set()
        for setting in settings_of(document):
            parts = setting.path.split(".")
            if parts[0] == "services" and len(parts) > 1 and parts[1] not in seen:
                seen.add(parts[1])
                yield setting.line


# What is counted, the words for it (after the number), how, and whether a larger number is surely wrong.
THINGS: tuple[tuple[str, re.Pattern[str], Counter], ...] = (
    ("notebooks", re.compile(_COUNT + r"(?:notebooks|jupyter notebooks)\b", re.IGNORECASE), _each(r"\.ipynb$")),
    ("test cases", re.compile(_COUNT + r"(?:unit |integration |automated |pytest |e2e )?(?:tests|test cases)\b(?! (?:fail|set|sample|image|data|user|customer|point))", re.IGNORECASE), _lines(_CASE)),
    ("routes", re.compile(_COUNT + r"(?:endpoints|routes|API calls)\b", re.IGNORECASE), _lines(_ROUTE)),
    ("tables", re.compile(_COUNT + r"(?:database tables|db tables|SQL tables)\b", re.IGNORECASE), _lines(_TABLE)),
    ("dbt models", re.compile(_COUNT + r"dbt models\b", re.IGNORECASE), _each(r"(?:^|/)models/.*\.sql$")),
    ("Airflow DAGs", re.compile(_COUNT + r"DAGs\b"), _lines(re.compile(r"\bDAG\(|@dag\b"))),
    ("containers", re.compile(_COUNT + r"(?:docker |compose )?(?:containers|microservices|docker services)\b", re.IGNORECASE), _services),
    ("workflows", re.compile(_COUNT + r"(?:github actions |ci |github )?workflows\b", re.IGNORECASE), _each(r"^\.github/workflows/[^/]+\.ya?ml$")),
    ("decision records", re.compile(_COUNT + r"(?:ADRs|decision records|architecture decision records)\b", re.IGNORECASE), _each(r"(?:^|/)(?:adrs?|decisions)/[^/]+\.md$")),
)  # fmt: skip


def check_counts(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A number of things against how many there are; more than claimed is no overclaim."""
    if sentence.kind in {"snippet", "badge"} or sentence.commentary or re.search(r"\b(?:per|each|every|other|hour|minute|second|rate limit|example)\b", sentence.text, re.IGNORECASE):
        return
    for name, pattern, counter in THINGS:
        match = pattern.search(sentence.text)
        if match is None:
            continue
        word = match["count"].lower()
        claimed = int(word) if word.isdigit() else _WORDS[word]
        found = [Place(d.source, d.path, n, n) for d in work.documents if _counts(d, sentence, work) for n in counter(d)]
        if claimed < 2:
            continue
        said = match[0].strip()
        searched = (f"{name} in {len(work.documents)} files",)
        places = tuple({p.path: p for p in found}.values())[:3]
        if len(found) >= claimed:
            yield Finding(said, Verdict.SUPPORTED, f"There are {len(found)}.", places)
        elif not found:
            yield Finding(said, Verdict.UNSUPPORTED, "None was found.", (), (), searched)
        elif _sure(name, claimed, len(found), work):
            yield Finding(said, Verdict.OVERSTATED, f"{len(found)} {name} were found.", places, (), searched, f"{len(found)} {name}")


def _counts(document: Document, sentence: Sentence, work: Work) -> bool:
    return ("dead" not in document.flags and (document.source == sentence.place.source or sentence.resume) and document.kind is not DocumentKind.PROSE) or (document.path.endswith(".md") and document.source == sentence.place.source)


def _sure(name: str, claimed: int, found: int, work: Work) -> bool:
    """Whether fewer found means fewer there: tests are multiplied by parameters, routers make several routes."""
    if name == "test cases" and any(re.search(r"parametrize|\.each[(`]|@ParameterizedTest|dbt|@given|TestCase\b.*for ", d.text) for d in work.tests):
        return False
    if name == "routes":
        return found < claimed * 0.5 and not any(re.search(r"ViewSet|router\.register|resources? :|crud|CRUDRouter|graphql|Route::resource|@app\.get\(f", d.text) for d in work.made)
    if name == "containers":
        return False
    return found < claimed
