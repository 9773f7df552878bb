"""Checks versions, licences, ports and badges against manifests, images and licence files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work
from proofolio.core.records import DocumentKind, Place
from proofolio.evidence.manifests import dependencies_of

_VERSION = r"v?(?P<version>\d{1,3}(?:\.\d+){0,2})(?P<plus>\s*\+|\.x|\s+or (?:higher|newer|later|above)|\s*(?:and|or) above)?(?![\w%]|\.\d|\s*(?:%|years|times|million|k\b))"
_RUNTIME = re.compile(rf"\b(?P<name>Python|Node(?:\.?js)?|Java|JDK|Go|Golang|PHP|Ruby|\.NET)\s*(?:version\s*|>=\s*|-)?{_VERSION}", re.IGNORECASE)
_LIBRARY = re.compile(rf"\b(?P<name>React|Vue|Angular|Svelte|Next(?:\.?js)|Nuxt|Django|Flask|FastAPI|TensorFlow|PyTorch|Pydantic|SQLAlchemy|Airflow|Spark|PySpark|Rails|Laravel|Express|Vite|Tailwind(?: ?CSS)?|TypeScript|pandas|dbt)\s+(?:version\s*)?{_VERSION}", re.IGNORECASE)
_BADGE_VERSION = re.compile(r"badge/(?P<name>python|node(?:\.?js)?|java|go|react|vue|django|flask|fastapi|typescript|tensorflow)[-_ ]v?(?P<version>\d{1,3}(?:\.\d+){0,2})(?P<plus>(?:%2B|\+|\.x)?)", re.IGNORECASE)
_PACKAGES = {
    "react": {"react"}, "vue": {"vue"}, "angular": {"@angular/core"}, "svelte": {"svelte"}, "nextjs": {"next"}, "next.js": {"next"},
    "nuxt": {"nuxt"}, "spark": {"pyspark"}, "pytorch": {"torch"}, "airflow": {"apache-airflow"}, "tailwindcss": {"tailwindcss"},
    "tailwind css": {"tailwindcss"}, "tailwind": {"tailwindcss"}, "dbt": {"dbt-core"}, "laravel": {"laravel/framework"},
}  # fmt: skip
_LICENCES = {
    "MIT": re.compile(r"\bMIT\b", re.IGNORECASE),
    "Apache 2.0": re.compile(r"\bapache(?:[ _-]?license)?[ _,-]*(?:version )?2", re.IGNORECASE),
    "GPL": re.compile(r"(?<![AL])\bGPL|GNU GENERAL PUBLIC LICENSE", re.IGNORECASE),
    "BSD": re.compile(r"\bBSD\b|Redistribution and use in source and binary forms", re.IGNORECASE),
    "MPL": re.compile(r"\bMPL\b|Mozilla Public License", re.IGNORECASE),
    "AGPL": re.compile(r"\bAGPL|GNU AFFERO", re.IGNORECASE),
}
_LICENCE_TEXT = {
    "MIT": re.compile(r"MIT License|Permission is hereby granted, free of charge", re.IGNORECASE),
    "Apache 2.0": re.compile(r"Apache License\s+Version 2", re.IGNORECASE),
    "AGPL": re.compile(r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version"),
    "GPL": re.compile(r"GNU GENERAL PUBLIC LICENSE\s+Version"),
    "BSD": re.compile(r"Redistribution and use in source and binary forms", re.IGNORECASE),
    "MPL": re.compile(r"Mozilla Public License", re.IGNORECASE),
}
_PORT = re.compile(r"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(?P<port>\d{2,5})\b")
_USUAL_PORTS = {"80", "443", "3000", "5000", "8000", "8080", "8888", "5173", "4200", "8501", "5432", "3306", "27017", "6379", "9092", "9090", "9200", "5601", "7860", "5555", "8265", "6006", "4173", "1313", "8081", "8793", "9000", "15672", "5672", "4040", "7077", "3001"}


@dataclass(frozen=True, slots=True)
class _Stated:
    version: tuple[int, ...]
    kind: str  # "pin", "least", "family"
    place: Place


def check_versions(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A version of a language or library against what manifests and images say."""
    if sentence.kind == "snippet" or sentence.commentary:
        return
    text = sentence.raw if sentence.kind == "badge" else sentence.text
    patterns = (_BADGE_VERSION,) if sentence.kind == "badge" else (_RUNTIME, _LIBRARY)
    for pattern in patterns:
        for match in pattern.finditer(text):
            name, version = match["name"], match["version"]
            claimed = tuple(int(p) for p in version.split("."))
            if len(claimed) == 1 and (name.lower() == "python" or re.search(r"\b(?:from|and|or|than|either|both)\s*$", text[: match.start()])):
                continue  # "Python 3" tells it from Python 2
            stated = list(_stated(name.lower(), sentence, work))
            if not stated:
                continue
            fitting = [s for s in stated if _fits(claimed, bool(match["plus"]), s)]
            said = f"{name} {version}{'+' if match['plus'] else ''}"
            if fitting:
                yield Finding(said, Verdict.SUPPORTED, "Manifest or image agree.", tuple(s.place for s in fitting[:2]))
                continue
            shown = ", ".join(dict.fromkeys((">= " if s.kind == "least" else "") + ".".join(map(str, s.version)) for s in stated[:3]))
            yield Finding(said, Verdict.CONTRADICTED, f"The work states {shown}.", tuple(s.place for s in stated[:3]), (), (), f"{name} {shown.removeprefix('>= ')}")


def _stated(name: str, sentence: Sentence, work: Work) -> Iterator[_Stated]:
    source = sentence.place.source
    runtime = {"nodejs": "node", "node.js": "node", "jdk": "java", "golang": "go"}.get(name, name)
    if runtime in {"python", "node", "java", "go", "php", "ruby", ".net"}:
        yield from _runtime(runtime, source, work)
        return
    packages = _PACKAGES.get(name, {name})
    for document in work.documents:
        if document.source == source:
            for dependency in dependencies_of(document):
                numbers = re.search(r"\d+(?:\.\d+)*", dependency.version)
                if dependency.name.lower() in packages and numbers:
                    kind = "least" if ">" in dependency.version and "<" not in dependency.version else "family" if re.search(r"[\^~<>*]", dependency.version) else "pin"
                    yield _Stated(_numbers(numbers.group()), kind, Place(source, document.path, dependency.line, dependency.line))


def _runtime(name: str, source: str, work: Work) -> Iterator[_Stated]:
    image = re.compile(rf"^\s*FROM\s+(?:--platform=\S+\s+)?(?:[\w.\-]+/)*{'(?:openjdk|eclipse-temurin|amazoncorretto)' if name == 'java' else 'golang' if name == 'go' else re.escape(name)}:v?(\d+(?:\.\d+)*)", re.IGNORECASE)
    for document in work.documents:
        if document.source != source or (document.kind is DocumentKind.PROSE and document.name not in {"runtime.txt", ".python-version", ".nvmrc", ".node-version"}):
            continue
        for number, line in enumerate(document.text.split("\n")[:600], 1):
            place = Place(source, document.path, number, number)
            found = image.match(line)
            if found:
                yield _Stated(_numbers(found.group(1)), "pin", place)
            for pattern, kind, only in _RUNTIME_LINES.get(name, ()):
                hit = re.search(pattern, line) if re.search(only, document.path, re.IGNORECASE) else None
                if hit:
                    least = "least" if kind == "spec" and re.search(r">|\^", hit.group(0)) else "pin"
                    for digits in re.findall(r"\d+(?:\.\d+)*", hit.group(1)):
                        yield _Stated(_numbers(digits), least, place)
                        if kind == "spec":
                            break


_RUNTIME_LINES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "python": (
        (r"(?:requires-python|python_requires|^python)\s*=\s*[\"']([^\"']+)", "spec", r"(?:pyproject\.toml|setup\.(?:py|cfg)|Pipfile)$"),
        (r"python_version\s*=\s*[\"']([\d.]+)", "pin", r"Pipfile$"),
        (r"python-version:\s*(.+)", "pin", r"\.ya?ml$"),
        (r"^(?:python-)?(\d+\.\d+(?:\.\d+)?)\s*$", "pin", r"(?:runtime\.txt|\.python-version)$"),
        (r"^\s*-\s*python\s*=+\s*([\d.]+)", "pin", r"environment\.ya?ml$"),
    ),
    "node": (
        (r"\"node\"\s*:\s*\"([^\"]+)\"", "spec", r"package\.json$"),
        (r"^v?(\d+(?:\.\d+)*)\s*$", "pin", r"\.n(?:vmrc|ode-version)$"),
        (r"node-version:\s*(.+)", "pin", r"\.ya?ml$"),
    ),
    "java": (
        (r"<(?:java\.version|maven\.compiler\.(?:source|release|target))>([\d.]+)<", "pin", r"pom\.xml$"),
        (r"(?:sourceCompatibility|JavaLanguageVersion\.of|jvmTarget)\D{0,20}(\d+)", "pin", r"\.gradle(?:\.kts)?$"),
    ),
    "go": ((r"^go\s+(\d+\.\d+)", "least", r"go\.mod$"),),
}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(p) for p in text.split(".")[:3])


def _fits(claimed: tuple[int, ...], plus: bool, stated: _Stated) -> bool:
    """Whether a claimed version and a stated one can both be true, at the precision of the coarser."""
    width = min(len(claimed), len(stated.version))
    ours, theirs = claimed[:width], stated.version[:width]
    if stated.kind == "least":
        return theirs <= ours
    if plus:
        return theirs >= ours
    return theirs[:1] == ours[:1] if stated.kind == "family" else theirs == ours


def check_licence(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """The licence that a README or badge names against the licence file."""
    if sentence.commentary or sentence.resume or sentence.kind == "snippet":
        return
    text = sentence.raw
    if not re.search(r"licen[sc]e", text if sentence.kind == "badge" else f"{sentence.section} {text}", re.IGNORECASE):
        return
    named = [n for n, p in _LICENCES.items() if p.search(text.replace("%20", " ").replace("_", " "))]
    # A folder may hold somebody else's work under another licence: a README is held against the file beside it.
    folder = sentence.place.path.rpartition("/")[0]
    files = [d for d in work.documents if d.source == sentence.place.source and d.path.rpartition("/")[0] == folder and re.match(r"(?:licen[sc]e|copying)(?:[.\-]|$)", d.name, re.IGNORECASE)]
    real = [(n, d) for d in files for n, p in _LICENCE_TEXT.items() if p.search(d.text[:4000])]
    if len(named) != 1 or not real:
        return
    title, document = real[0]
    place = Place(document.source, document.path, 1, min(3, document.text.count("\n") + 1))
    said = f"{named[0]} license"
    if named[0] in {n for n, _ in real}:
        yield Finding(said, Verdict.SUPPORTED, "The licence file agrees.", (place,))
    else:
        yield Finding(said, Verdict.CONTRADICTED, f"The licence file is {title}.", (place,), (), (), f"{title} license")


def check_ports(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A local port that the text names: does anything listen there?"""
    if sentence.commentary or sentence.resume:
        return
    for port in dict.fromkeys(m["port"] for m in _PORT.finditer(sentence.raw)):
        word = re.compile(rf"(?<![\w.]){port}(?![\w.])")
        places = work.find(word, limit=2)
        said = f"port {port}"
        if places:
            yield Finding(said, Verdict.SUPPORTED, "The port is configured.", tuple(places))
        elif port not in _USUAL_PORTS and not work.names(port):
            # Never a contradiction: the port may be that of a tool that is started beside the work.
            searched = (f"`{port}` in code and configuration",)
            yield Finding(said, Verdict.UNSUPPORTED, "Nothing configures this port.", (), (), searched)


def check_defaults(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """``NAME`` with a default, against what the code gives it."""
    if sentence.kind == "snippet" or sentence.commentary:
        return
    for match in re.finditer(r"`(?P<name>[A-Za-z][\w.-]*_\w+)`[^`\n]{0,20}?\bdefaults?(?: value)?(?: is| to|:|=)?\s*`?(?P<value>-?\d+(?:\.\d+)?|true|false)`?\b", sentence.raw, re.IGNORECASE):
        name, value = match["name"], match["value"]
        known = [v for v in work.values.get(re.sub(r"[^a-z0-9]", "", name.lower()), []) if re.fullmatch(r"-?\d[\d_]*(?:\.\d+)?|true|false", v.value, re.IGNORECASE)]
        read = re.compile(rf"['\"`.]{re.escape(name)}['\"`]?\s*(?:,|\|\||\?\?|\)\s*(?:\|\||\?\?|or))\s*['\"`]?(?P<value>-?\d[\d_]*(?:\.\d+)?|true|false)", re.IGNORECASE)
        spoken = [(v.value, v.place) for v in known]
        for place in work.find(read, limit=3):
            line = work.index.lines(place.source, place.path)[place.start - 1]
            spoken += [(m["value"], place) for m in read.finditer(line)]
        if not spoken:
            continue
        same = [p for v, p in spoken if v.replace("_", "").lower() == value.lower()]
        if same:
            yield Finding(f"{name} defaults to {value}", Verdict.SUPPORTED, "The code says so.", tuple(same[:2]))
        else:
            others = ", ".join(dict.fromkeys(v for v, _ in spoken))
            yield Finding(f"{name} defaults to {value}", Verdict.CONTRADICTED, f"The code says {others}.", tuple(p for _, p in spoken[:2]), (), (), f"{name} defaults to {spoken[0][0]}")
