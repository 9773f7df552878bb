"""Reads settings out of configuration text, line by line: dotted key, value, line.

Line by line rather than with a parser per format, because real configuration is full of templates
(Helm, Jinja) that no parser accepts, because a line number is needed for each value, and because
text that is never expanded cannot be a bomb.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from proofolio.core.records import Document

MAX_DEPTH = 60
_YAML = re.compile(r"^(?P<indent>[ ]*)(?P<dash>(?:- +)*)(?P<rest>.*)$")
_YAML_PAIR = re.compile(r"""^(?P<key>"[^"]*"|'[^']*'|[^\s:#\[{][^:#]*?)\s*:(?:\s+(?P<value>.*))?$""")
_JSON_TOKEN = re.compile(r'"(?P<string>(?:[^"\\]|\\.)*)"(?P<colon>\s*:)?|(?P<mark>[{}\[\],])|(?P<bare>[^\s{}\[\],:"]+)')
_FLOW = re.compile(r"""[{,]\s*["']?(?P<key>[\w.-]+)["']?\s*:\s*(?P<value>"[^"]*"|'[^']*'|[^,{}\[\]]+)""")
_ASSIGN = re.compile(r"""^\s*(?:export\s+|set\s+)?(?P<key>"[^"]+"|[\w.\-/$]+(?:\s*\.\s*[\w\-]+)*)\s*(?:=|:=|\?=)\s*(?P<value>.*?)\s*$""")
_SECTION = re.compile(r"^\s*\[\[?(?P<name>[^\]]+)\]\]?\s*$")
_BLOCK = re.compile(r'^\s*(?P<head>[\w~^$@/.*\-\\"\s]+?)\s*\{\s*$')
_SCOPE = re.compile(r"^\s*(?P<head>location|if|map|geo|upstream|limit_except)\b[^{;]*\{\s*$")  # nginx
_INSTRUCTION = re.compile(r"^\s*(?P<key>[A-Z]{2,})\s+(?P<value>.+)$")
_NGINX = re.compile(r"^\s*(?P<key>[a-z_]+)\s+(?P<value>[^{};]+);")


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A setting: its dotted ``path``, its value as written (without quotes), its 1-based line."""

    path: str
    value: str
    line: int

    @property
    def key(self) -> str:
        """The last part of the path."""
        return self.path.rsplit(".", 1)[-1]


def settings_of(document: Document) -> Iterator[KeyValue]:
    """Every setting of a configuration document, in file order."""
    return iter(_read(document.language, document.text)) if document.language in _READERS else iter(())


@lru_cache(maxsize=4)  # rules, technologies, dependencies and metrics ask for the same file in turn
def _read(language: str, text: str) -> tuple[KeyValue, ...]:
    return tuple(_READERS[language](text))


def _clean(value: str) -> str:
    value = value.strip().rstrip(",").strip()
    if value[:1] in {'"', "'"}:
        end = value.find(value[0], 1)
        return value[1:end] if end > 0 else value[1:]
    comment = re.search(r"\s#\s?", value)
    return value[: comment.start()].rstrip() if comment else value


def _yaml(text: str) -> Iterator[KeyValue]:
    stack: list[tuple[int, str]] = []
    block_indent = -1
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "{{", "---")):
            continue
        match = _YAML.match(line.expandtabs(2))
        if match is None:
            continue
        indent = len(match["indent"])
        if block_indent >= 0 and indent > block_indent:
            continue  # inside a literal block: text, not settings
        block_indent = -1
        column = indent + len(match["dash"])
        while stack and stack[-1][0] >= column:
            stack.pop()
        if match["dash"]:
            while stack and stack[-1][0] > indent:
                stack.pop()
        pair = _YAML_PAIR.match(match["rest"])
        if pair is None:
            if match["dash"] and stack:
                path = ".".join(k for _, k in stack)
                yield KeyValue(path, _clean(match["rest"]), number)
                yield from _flow(path, match["rest"], number)
            continue
        key, value = pair["key"].strip("\"' "), (pair["value"] or "").strip()
        if value.startswith("#"):
            value = ""  # a parent key with a remark beside it
        path = ".".join([k for _, k in stack] + [key])
        if not value or (value.startswith(("#", "&", "!")) and " " not in value):
            if len(stack) < MAX_DEPTH:
                stack.append((column, key))
        elif value[0] in "|>":
            block_indent = column
        yield KeyValue(path, "" if value[:1] in {"|", ">", "#"} else _clean(value), number)
        yield from _flow(path, value, number)


def _flow(path: str, value: str, number: int) -> Iterator[KeyValue]:
    """The settings of a mapping that is written on one line: ``{warn: 0.1, fail: 0.25}``."""
    if value.startswith("{") and not value.startswith(("{{", "{%")):
        for pair in _FLOW.finditer(value):
            yield KeyValue(f"{path}.{pair['key']}", _clean(pair["value"]), number)


def _json(text: str) -> Iterator[KeyValue]:
    stack: list[str] = []
    pending = ""
    for number, line in enumerate(text.split("\n"), 1):
        for token in _JSON_TOKEN.finditer(line):
            if token["mark"] in {"{", "["}:
                if len(stack) >= MAX_DEPTH:
                    return
                stack.append(pending)
                pending = ""
            elif token["mark"] in {"}", "]"}:
                if stack:
                    stack.pop()
                pending = ""
            elif token["colon"]:
                pending = token["string"]
            elif token["mark"] is None:
                value = token["string"] if token["string"] is not None else token["bare"]
                path = ".".join(p for p in [*stack, pending] if p)
                if path:
                    yield KeyValue(path, value, number)
                pending = ""


def _sections(text: str) -> Iterator[KeyValue]:
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith(("#", ";", "!")):
            continue
        head = _SECTION.match(line)
        if head:
            section = head["name"].strip().strip('"')
            continue
        pair = _ASSIGN.match(line)
        if pair is None:
            pair = re.match(r"^\s*(?P<key>[\w.\-]+)\s*:\s+(?P<value>.+)$", line)
        if pair:
            key = pair["key"].strip('"')
            yield KeyValue(f"{section}.{key}" if section else key, _clean(pair["value"]), number)


def _braces(text: str) -> Iterator[KeyValue]:
    stack: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        code = line.split("#", 1)[0].split("//", 1)[0] if "://" not in line else line
        scope = _SCOPE.match(code)
        if scope:
            if len(stack) < MAX_DEPTH:
                stack.append(scope["head"])
            continue
        block = _BLOCK.match(code) or re.match(r"^\s*(?P<head>[\w\-]+)\s*=\s*[\[{]\s*$", code)
        if block:
            if len(stack) < MAX_DEPTH:
                stack.append(".".join(block["head"].replace('"', "").split()))
            continue
        if code.strip() in {"}", "]", "},", "],"}:
            if stack:
                stack.pop()
            continue
        pair = _ASSIGN.match(code) or _NGINX.match(code)
        if pair:
            yield KeyValue(".".join([*stack, pair["key"]]), _clean(pair["value"]), number)


def _dockerfile(text: str) -> Iterator[KeyValue]:
    for number, line in enumerate(text.split("\n"), 1):
        pair = _INSTRUCTION.match(line)
        if pair:
            yield KeyValue(pair["key"], pair["value"].strip(), number)


_READERS: dict[str, Callable[[str], Iterator[KeyValue]]] = {
    "yaml": _yaml, "json": _json, "toml": _sections, "ini": _sections, "properties": _sections,
    "env": _sections, "hcl": _braces, "nginx": _braces, "dockerfile": _dockerfile,
}  # fmt: skip
