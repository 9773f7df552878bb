"""Files that count in full only where a question asks for their kind: tests, deliveries, rows of data, licences."""

from __future__ import annotations

import re
from functools import lru_cache

_ASIDE = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice|code_of_conduct|authors|\.gitignore|\.dockerignore|\.gitattributes|\.editorconfig|\.proofolioignore)[^/]*$", re.IGNORECASE)
_RESUME = re.compile(r"(?:^|/)(?:resume|cv|résumé|lebenslauf|curriculum[^/]*)\.[^/]*$", re.IGNORECASE)
_RESUME_ASKED = re.compile(r"\b(resume|résumé|cv|claims?|experience|career|background|skills?)\b", re.IGNORECASE)
_ASIDE_ASKED = re.compile(r"licen[cs]|copyright|conduct|ignore", re.IGNORECASE)
_TESTS_ASKED = re.compile(r"\b(tests?|tested|testing|cover(ed|age)?|verif\w+|proof|prove|fixtures?|mock\w*|assert\w*|check(ed|s)?)\b", re.IGNORECASE)
_DELIVERY = re.compile(r"(?:^|/)(?:\.github/workflows|\.gitlab-ci|\.circleci|azure-pipelines|jenkinsfile|\.travis)", re.IGNORECASE)  # its keys are everyday words: name, job, run
_DELIVERY_ASKED = re.compile(
    r"\b(?:ci|cd|(?:build|deploy|pipeline|release|workflow|merge|push|commit|lint|check|test|publish|ship|image|branch|gate|automat|environment|secret|credential|tag|version"
    r"|terraform|infrastructure|roll|schedul|action|scan|vulnerab)\w*|coverage|nightly|cron)\b", re.IGNORECASE)
_ROWS = re.compile(r"\.(?:csv|tsv|jsonl|ndjson|geojson|svg)$|swagger|openapi", re.IGNORECASE)  # data, and descriptions that are made from code
_ROWS_ASKED = re.compile(r"\b(?:sample|rows?|records?|data ?sets?|csv|columns?|values?|results?|measured|openapi|swagger|specification|contract)\b", re.IGNORECASE)
_WORDING = re.compile(r"(?:^|/)(?:locales?|i18n|l10n|translations?|lang)/", re.IGNORECASE)  # the wording of an interface, language by language
_WORDING_ASKED = re.compile(r"\b(languages?|translat\w*|locali[sz]\w*|internationali[sz]\w*|i18n|wording|texts?|labels?|messages?)\b", re.IGNORECASE)

TEST, DELIVERY, ROWS, ASIDE, RESUME, WORDING = "test", "delivery", "rows", "aside", "resume", "wording"
_OF_PATHS = ((DELIVERY, _DELIVERY), (ROWS, _ROWS), (ASIDE, _ASIDE), (RESUME, _RESUME), (WORDING, _WORDING))
_OF_QUESTIONS = (
    (TEST, _TESTS_ASKED), (DELIVERY, _DELIVERY_ASKED), (ROWS, _ROWS_ASKED), (ASIDE, _ASIDE_ASKED), (RESUME, _RESUME_ASKED), (WORDING, _WORDING_ASKED))


@lru_cache(maxsize=20_000)
def kinds_of(path: str) -> frozenset[str]:
    """The kinds that a file is of, by its path; seldom any."""
    return frozenset(kind for kind, pattern in _OF_PATHS if pattern.search(path))


@lru_cache(maxsize=256)
def kinds_asked(question: str) -> frozenset[str]:
    """The kinds that a question asks for."""
    return frozenset(kind for kind, pattern in _OF_QUESTIONS if pattern.search(question))
