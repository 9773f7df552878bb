"""Finds the technologies that configuration declares, deploys and runs: manifests, images, commands, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from proofolio.core.records import Document, DocumentKind
from proofolio.evidence.extractor import path_matches
from proofolio.evidence.keys import KeyValue, settings_of
from proofolio.evidence.manifests import dependencies_of
from proofolio.evidence.registry import Index, Pattern, Registry, package_name

_ECOSYSTEMS = (
    ("package.json", "npm"), ("go.mod", "go"), ("pom.xml", "maven"), ("build.gradle", "maven"), ("build.gradle.kts", "maven"),
    ("gemfile", "gem"), ("cargo.toml", "cargo"), ("description", "cran"), ("packages.yml", "dbt"), ("dependencies.yml", "dbt"),
)  # fmt: skip
_SETTINGS = {"yaml", "json", "toml", "ini", "properties", "env", "hcl", "nginx", "dockerfile"}
MAX_VALUE = 300  # characters: longer values are text or embedded data, no names of images
_TELLING = frozenset(
    {
        "image",
        "from",
        "uses",
        "chart",
        "repo",
        "repository",
        "scripts",
        "dependencies",
        "images",
        "services",
        "url",
    }
)
_TAG = re.compile(r"^(?:[a-z]+://)?(?P<name>[^\s@]+?)(?::[\w.\-${}:]+)?(?:@sha256:\w+)?$")
_REPOSITORY = re.compile(
    r"^(?:https?://|git@|ssh://git@|oci://)?(?:[\w.\-]+\.(?:com|org|io|net|dev)[/:])?(?P<name>[\w.\-]+/[\w.\-]+)"
)
_CDN = re.compile(
    r"""(?:npm/|unpkg\.com/|ajax/libs/|esm\.sh/|cdn\.skypack\.dev/|code\.)(?P<name>(?:@[\w\-]+/)?[\w\-]+(?:\.js)?)"""
)
_SCRIPTED = re.compile(
    r"(?:^|/)(?:\.github/workflows/[^/]+|\.gitlab-ci[^/]*|\.circleci/[^/]+|azure-pipelines[^/]*|bitbucket-pipelines[^/]*"
    r"|\.travis\.ya?ml|taskfile\.ya?ml|\.pre-commit-config\.yaml|procfile[^/]*|jenkinsfile[^/]*|tox\.ini|noxfile\.py|vercel\.json"
    r"|docker-compose[^/]*|compose\.ya?ml|compose\.[\w.\-]+\.ya?ml|cloudbuild\.ya?ml|buildspec\.ya?ml|render\.yaml|app\.ya?ml|dvc\.yaml)$"
)
_NO_COMMAND = re.compile(r"""\s*(?:#|-?\s*(?:name|description|id|title)\s*:|(?:echo|printf)\b)""")
_COMMAND_KEYS = {"command", "args", "entrypoint", "run", "script", "cmd"}


def files_of(document: Document, registry: Registry) -> list[str]:
    """The technologies that a file's own name proves."""
    path, name = document.path.lower(), document.name.lower()
    found = list(registry.file_names.get(name, ()))
    found += (
        [t for glob, t in registry.file_globs if path_matches(path, glob)]
        if name.rsplit(".", 1)[-1] in registry.file_endings
        else []
    )
    return list(dict.fromkeys(found))


def dependencies_in(
    document: Document, registry: Registry, words: frozenset[str]
) -> Iterator[tuple[str, int]]:
    """(technology, line) for each declared package that is known."""
    name = document.name.lower()
    ecosystem = next((e for n, e in _ECOSYSTEMS if n == name), "pypi")
    index = registry.dependencies[ecosystem]
    for dependency in dependencies_of(document):
        for candidate in _package_forms(package_name(dependency.name, ecosystem), ecosystem):
            for technology in index.get(candidate, ()):
                yield technology, dependency.line


def _package_forms(name: str, ecosystem: str) -> Iterator[str]:
    """The name, then what it belongs to: a scope, a module path, a family that the pack gives with ``*``."""
    yield name
    if ecosystem == "go" or name.startswith("@"):
        for i, character in enumerate(name):
            if character == "/":
                yield name[:i]
    parts = name.split("-")
    for n in range(len(parts) - 1, 0, -1):
        yield "-".join(parts[:n]) + "-*"
        if ecosystem == "maven":
            yield "-".join(parts[:n])


def settings_in(
    document: Document, registry: Registry, words: frozenset[str]
) -> Iterator[tuple[str, int, str]]:
    """(technology, line, how) for images, charts, actions and the settings that packs name."""
    if document.language not in _SETTINGS:
        return
    patterns = {
        id(p): p for a in registry.patterns.keys() & words for p in registry.patterns[a] if p.key or p.value
    }
    wanted = [p for p in patterns.values() if _meant_for(p, document)]
    if not wanted and not words & _TELLING:
        return
    for setting in settings_of(document):
        for technology, how in _setting(setting, document, registry):
            yield technology, setting.line, how
        for pattern in wanted:
            if _search(pattern.key, setting.path) and _search(pattern.value, setting.value):
                yield pattern.technology, setting.line, "configured"


def _meant_for(pattern: Pattern, document: Document) -> bool:
    if pattern.languages and document.language not in pattern.languages:
        return False
    return not pattern.paths or any(path_matches(document.path, p) for p in pattern.paths)


def _search(pattern: str, text: str) -> bool:
    return not pattern or _compiled(pattern).search(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _setting(setting: KeyValue, document: Document, registry: Registry) -> Iterator[tuple[str, str]]:
    key, value, path = setting.key.lower(), setting.value, setting.path.lower()
    if not value or len(value) > MAX_VALUE:
        return
    if (
        key in {"image", "from"}
        or path.endswith(("image.repository", "images.name", "image.name"))
        or (key == "services" and ":" in value)
    ):
        reference = value.split()[-3 if " as " in value.lower() else -1] if key == "from" else value
        yield from ((t, "image") for t in image_technologies(reference, registry.images))
    elif key == "chart" or (document.name.lower() == "chart.yaml" and path.endswith("dependencies.name")):
        yield from ((t, "configured") for t in registry.charts.get(value.rsplit("/", 1)[-1].lower(), ()))
    elif key in {"uses", "repo", "repository", "url", "source"}:
        yield from ((t, "configured") for t in _repository(value, registry.repositories))
    elif key == "id" and document.name == ".pre-commit-config.yaml":
        yield from ((t, "called") for t in registry.commands.get(value.lower(), ()))


def image_technologies(reference: str, images: Index) -> tuple[str, ...]:
    """The technologies of a container image: ``docker.io/bitnami/redis:7`` is bitnami/redis, then redis."""
    match = _TAG.match(reference.strip().lower())
    if match is None:
        return ()
    parts = match["name"].split("/")
    for first in range(len(parts)):
        found = images.get("/".join(parts[first:]))
        if found:
            return found
    return ()


def _repository(value: str, repositories: Index) -> tuple[str, ...]:
    match = _REPOSITORY.match(value.lower())
    if match is None:
        return ()
    name = match["name"].partition("@")[0].removesuffix(".git")
    return repositories.get(name) or repositories.get(name.partition("/")[0] + "/*", ())


def web_packages(document: Document, registry: Registry) -> Iterator[tuple[str, int]]:
    """(technology, line) for the libraries that a page loads from a content delivery network."""
    if "//" not in document.text:
        return
    for match in _CDN.finditer(document.text):
        name = match["name"].lower()
        for technology in registry.dependencies["npm"].get(
            name, registry.dependencies["npm"].get(name.removesuffix(".js"), ())
        ):
            yield technology, document.text.count("\n", 0, match.start()) + 1


def commands_in(document: Document, registry: Registry, words: frozenset[str]) -> Iterator[tuple[str, int]]:
    """(technology, line) for the programs that scripts, workflows, images and package scripts run."""
    candidates = (
        [c for c in registry.commands if c in words or ("-" in c and c.split("-")[0] in words)]
        if _runs(document)
        else []
    )
    if not candidates:
        return
    if _is_script(document):
        lines = [
            (n, line) for n, line in enumerate(document.text.split("\n"), 1) if not _NO_COMMAND.match(line)
        ]
        if document.name.lower().startswith("procfile"):
            lines = [(n, line.partition(":")[2].strip()) for n, line in lines]
    else:
        lines = [(s.line, s.value) for s in settings_of(document) if _is_command(s)]
    for command in candidates:
        pattern = _command(command)
        for number, line in lines:
            if command in line.lower() and pattern.search(line):
                yield from ((t, number) for t in registry.commands[command])


def _runs(document: Document) -> bool:
    return document.kind in {DocumentKind.CONFIG, DocumentKind.CODE} and (
        _is_script(document)
        or document.name.lower() in {"package.json", "pyproject.toml"}
        or document.language == "yaml"
    )


def _is_script(document: Document) -> bool:
    return document.language in {"shell", "makefile", "dockerfile", "powershell", "batch"} or bool(
        _SCRIPTED.search(document.path.lower())
    )


def _is_command(setting: KeyValue) -> bool:
    path = setting.path.lower()
    return path.startswith("scripts.") or path.rsplit(".", 1)[-1] in _COMMAND_KEYS


@lru_cache(maxsize=512)
def _command(command: str) -> re.Pattern[str]:
    before = (
        r"(?:^[\s\-@]*|&&|\|\||[;|(`]|\$\(|\b[A-Z_]+=\S+\s+|"
        r"\b(?:sudo|npx|bunx|exec|run|-m|then|time|do|RUN|CMD|ENTRYPOINT|command|script|entrypoint|args|pipx|yarn|pnpm)\b[\s:\[\"'>|]*|\s-m\s+)"
    )
    return re.compile(rf"{before}\s*[\"']?(?:[\w./]*/)?{re.escape(command)}(?=[\s\"',;)|&]|$)", re.IGNORECASE)
