"""Reads dependency manifests: which packages a project declares, at which version, on which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from proofolio.core.records import Document
from proofolio.evidence.keys import settings_of

_REQUIREMENT = re.compile(r"^\s*(?P<name>[A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?\s*(?P<version>(?:[<>=!~^]=?=?\s*[\w.*+\-]+\s*,?\s*)*)")
_QUOTED = re.compile(r"""["'](?P<name>[A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?\s*(?P<version>[<>=!~^][^"';]*)?(?:;[^"']*)?["']""")
_GO = re.compile(r"^\s*(?:require\s+)?(?P<name>[\w.\-]+\.[a-z]+/[\w./\-]+)\s+v(?P<version>[\w.\-+]+)")
_MAVEN = re.compile(r"<artifactId>(?P<name>[^<]+)</artifactId>(?:\s*<version>(?P<version>[^<]+)</version>)?")
_GRADLE = re.compile(r"""(?:implementation|api|testImplementation|runtimeOnly|compileOnly)\s*[( ]?["'](?P<group>[^:"']+):(?P<name>[^:"']+)(?::(?P<version>[^"']+))?["']""")
_GEM = re.compile(r"""^\s*gem\s+["'](?P<name>[\w\-]+)["'](?:\s*,\s*["'](?P<version>[^"']+)["'])?""")
_CONDA = re.compile(r"^\s*-\s+(?:[\w\-]+::)?(?P<name>[A-Za-z][\w.\-]*)\s*(?P<version>[<>=!~][^#\s]*)?\s*(?:#.*)?$")
_R = re.compile(r"\b(?P<name>[A-Za-z][\w.]+)\s*(?:\((?P<version>[^)]*)\))?")
_NPM_SECTIONS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


@dataclass(frozen=True, slots=True)
class Dependency:
    """A declared package: registry name, version constraint as written ("" if none), 1-based line."""

    name: str
    version: str
    line: int
    development: bool = False


def dependencies_of(document: Document) -> Iterator[Dependency]:
    """The packages that a manifest declares; nothing for any other document."""
    name = document.name.lower()
    if name.endswith((".txt", ".in", ".pip")) and ("requirement" in name or "/requirements/" in f"/{document.path}"):
        yield from _lines(document.text, _REQUIREMENT, development="dev" in name or "test" in name)
    elif name == "package.json":
        yield from _npm(document)
    elif name == "pyproject.toml":
        yield from _pyproject(document.text)
    elif name in {"setup.py", "setup.cfg", "pipfile"}:
        yield from _setup(document.text, name)
    elif name in {"environment.yml", "environment.yaml", "conda.yml", "conda.yaml"}:
        yield from _lines(document.text, _CONDA)
    elif name == "go.mod":
        yield from _lines(document.text, _GO)
    elif name == "pom.xml":
        for match in _MAVEN.finditer(document.text):
            yield Dependency(match["name"], match["version"] or "", document.text.count("\n", 0, match.start()) + 1)
    elif name in {"build.gradle", "build.gradle.kts"}:
        yield from _lines(document.text, _GRADLE)
    elif name == "gemfile":
        yield from _lines(document.text, _GEM)
    elif name == "cargo.toml":
        for setting in settings_of(document):
            if "dependencies" in setting.path:
                yield Dependency(setting.key, setting.value, setting.line, "dev-" in setting.path)
    elif name == "description":
        yield from _r_description(document.text)
    elif name in {"packages.yml", "dependencies.yml"}:
        for setting in settings_of(document):
            if setting.key == "package":
                yield Dependency(setting.value.rsplit("/", 1)[-1], "", setting.line)


def _lines(text: str, pattern: re.Pattern[str], development: bool = False) -> Iterator[Dependency]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith(("#", "-r", "-e", "--", "//")):
            continue
        match = pattern.match(line) if pattern is not _GRADLE else pattern.search(line)
        if match and match["name"]:
            version = (match["version"] or "").strip().rstrip(",")
            yield Dependency(match["name"], version, number, development or "test" in line[: match.start("name")].lower())


def _npm(document: Document) -> Iterator[Dependency]:
    for setting in settings_of(document):
        section, _, name = setting.path.partition(".")
        if section in _NPM_SECTIONS and name:
            yield Dependency(name, setting.value, setting.line, section == "devDependencies")


def _pyproject(text: str) -> Iterator[Dependency]:
    section, inside = "", False
    for number, line in enumerate(text.split("\n"), 1):
        head = re.match(r"^\s*\[+([^\]]+)\]+\s*$", line)
        if head:
            section, inside = head.group(1), False
            continue
        development = any(w in section for w in ("dev", "test", "group"))
        if "poetry" in section and section.endswith("dependencies"):
            pair = re.match(r"""^\s*"?([A-Za-z][\w.\-]*)"?\s*=\s*(.+)$""", line)
            if pair and pair.group(1).lower() != "python":
                version = re.search(r"""["']([^"']*)["']""", pair.group(2))
                yield Dependency(pair.group(1), version.group(1) if version else "", number, development)
            continue
        opens = re.match(r"^\s*[\w\-]+\s*=\s*\[", line)
        if opens and (section in {"project.optional-dependencies", "dependency-groups", "build-system"} or re.match(r"^\s*dependencies\b", line)):
            inside = section != "build-system"
        if inside:
            for match in _QUOTED.finditer(line):
                yield Dependency(match["name"], (match["version"] or "").strip(), number, development)
            if line.split("#", 1)[0].rstrip().endswith("]"):
                inside = False


def _setup(text: str, name: str) -> Iterator[Dependency]:
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if name == "pipfile":
            pair = re.match(r"""^([A-Za-z][\w.\-]*)\s*=\s*["{]""", line)
            if pair:
                yield Dependency(pair.group(1), "", number)
            continue
        if "install_requires" in line or "extras_require" in line or "tests_require" in line:
            inside = True
        if inside:
            matches = list(_QUOTED.finditer(line)) if name == "setup.py" else [_REQUIREMENT.match(line)]
            for match in matches:
                if match and match["name"] not in {"install_requires", "tests_require", "extras_require"}:
                    yield Dependency(match["name"], (match["version"] or "").strip(), number)
            if (name == "setup.py" and "]" in line) or (name == "setup.cfg" and not line.strip()):
                inside = False


def _r_description(text: str) -> Iterator[Dependency]:
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        head = re.match(r"^([A-Za-z]+):(.*)$", line)
        if head:
            inside = head.group(1) in {"Imports", "Depends", "Suggests"}
            line = head.group(2)
        if inside:
            for match in _R.finditer(line):
                if match["name"] != "R":
                    yield Dependency(match["name"], match["version"] or "", number)
