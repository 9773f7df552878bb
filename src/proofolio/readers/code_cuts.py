"""Cuts code at its definitions: one query a file for the kinds of node that define something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ast_grep_py import SgNode

from proofolio.readers.parsing import parse
from proofolio.readers.windows import CODE_LINES, Run

WHOLE_CLASS_LINES = 12  # a class of up to that many lines stays one passage
MAX_HEADER = 2  # lines
MIN_NESTED = 3  # lines; a shorter arrow function is part of the line that holds it


def _rule(*kinds: str, extra: tuple[Any, ...] = ()) -> Any:
    return {"rule": {"any": [*({"kind": kind} for kind in kinds), *extra]}}


_ARROW = {
    "kind": "variable_declarator",
    "has": {"any": [{"kind": "arrow_function"}, {"kind": "function_expression"}], "stopBy": "end"},
}
_TEST = {  # describe("...", () => {...}), it("...", ...): a test file defines nothing else
    "kind": "call_expression",
    "has": {
        "field": "function",
        "regex": r"^(describe|context|suite|it|test)(\.(only|skip|concurrent|describe))*$",
    },
}
_JS = ("function_declaration", "generator_function_declaration", "class_declaration", "method_definition")
_TS = (
    *_JS,
    "abstract_class_declaration",
    "interface_declaration",
    "type_alias_declaration",
    "enum_declaration",
    "internal_module",
)

# The nodes that define something, by language.
DEFINITIONS: dict[str, Any] = {
    "python": _rule("function_definition", "class_definition", "decorated_definition"),
    "javascript": _rule(*_JS, extra=(_ARROW, _TEST)),
    "jsx": _rule(*_JS, extra=(_ARROW, _TEST)),
    "typescript": _rule(*_TS, extra=(_ARROW, _TEST)),
    "tsx": _rule(*_TS, extra=(_ARROW, _TEST)),
    "go": _rule("function_declaration", "method_declaration", "type_declaration"),
    "java": _rule(
        "class_declaration", "interface_declaration", "enum_declaration", "record_declaration",
        "annotation_type_declaration", "method_declaration", "constructor_declaration",
    ),
    "kotlin": _rule("class_declaration", "object_declaration", "function_declaration", "companion_object"),
    "scala": _rule(
        "class_definition", "object_definition", "trait_definition", "function_definition",
        "enum_definition", "given_definition",
    ),
    "rust": _rule(
        "function_item", "impl_item", "struct_item", "enum_item", "trait_item", "mod_item",
        "macro_definition", "union_item",
    ),
    "c": _rule(
        "function_definition", "struct_specifier", "enum_specifier", "union_specifier", "type_definition",
    ),
    "cpp": _rule(
        "function_definition", "class_specifier", "struct_specifier", "enum_specifier",
        "namespace_definition", "template_declaration", "union_specifier",
    ),
    "csharp": _rule(
        "class_declaration", "interface_declaration", "struct_declaration", "record_declaration",
        "enum_declaration", "method_declaration", "constructor_declaration", "namespace_declaration",
    ),
    "php": _rule(
        "function_definition", "class_declaration", "interface_declaration", "trait_declaration",
        "enum_declaration", "method_declaration",
    ),
    "ruby": _rule("method", "singleton_method", "class", "module"),
    "shell": _rule("function_definition"),
    "hcl": _rule("block"),
}  # fmt: skip

_CONTAINERS = frozenset({
    "class_definition", "class_declaration", "abstract_class_declaration", "interface_declaration",
    "internal_module", "record_declaration", "object_declaration", "companion_object", "object_definition",
    "trait_definition", "impl_item", "trait_item", "mod_item", "class_specifier", "struct_specifier",
    "namespace_definition", "namespace_declaration", "struct_declaration", "trait_declaration", "class", "module",
    "enum_declaration", "enum_definition",
})  # fmt: skip
_GROUPS = re.compile(r"^\s*(?:describe|context|suite|test\.describe)\b")
_TITLE = re.compile(r"""\(\s*(["'`])(?P<title>.+?)\1""")
_CELL_MARK = re.compile(r"^#\s*(?:%%|In\[|COMMAND -{4,}|-{4,}\s*$|.*-{4,}\s*$)")
_WRAPPERS = frozenset({"decorated_definition", "template_declaration"})
_NAMESPACES = frozenset({"namespace_definition", "namespace_declaration"})
_LEADING = re.compile(r"^\s*(?:#(?!!)|//|/\*|\*(?:\s|/|$)|--|@\w|\[\w+.*\]\s*$|%%)")
_CLOSERS = frozenset({"", "end"})  # what is left of a line that only closes brackets
_NAMED = re.compile(
    r"\b(?:fun|class|object|interface|trait|struct|enum|impl|union|def|function|func|fn|type|module|namespace|"
    r"macro_rules!)\s+(?:<[^>]*>\s*)?(?:[\w]+\.)?(?P<name>\w+)"
)
_CALLED = re.compile(r"(?P<name>[~\w:]+)\s*\(")
_RECEIVER = re.compile(r"^func\s*\(\s*\w*\s*\*?\s*(?P<type>\w+)")
_LABELS = re.compile(r'[\w-]+|"[^"]*"')


def code_runs(text: str, lines: Sequence[str], language: str) -> list[Run]:
    """The runs of a code file: each function alone, a class's own lines under its name, the rest between."""
    root = parse(text, language) if language in DEFINITIONS else None
    if root is None:
        return list(_heuristic_runs(lines))
    definitions = _definitions(root, lines, language)
    owner = [-1] * len(lines)
    for index, (start, end, _, _) in enumerate(definitions):
        owner[start : end + 1] = [index] * (end + 1 - start)
    runs: list[Run] = []
    i, count = 0, len(lines)
    while i < count:
        j = i + 1
        while j < count and owner[j] == owner[i]:
            j += 1
        at = owner[i]
        symbol = definitions[at][2] if at >= 0 else ""
        if at < 0:
            j = min([j, *(k for k in range(i + 1, j) if _CELL_MARK.match(lines[k]))])
        if runs and all(line.strip(" \t)]};,") in _CLOSERS for line in lines[i:j]):
            runs[-1] = Run(runs[-1].start, j, runs[-1].context, runs[-1].symbol)  # a closing bracket
        elif any(line.strip() for line in lines[i:j]):
            runs.append(Run(i, j, symbol.rpartition(".")[0], symbol))
        i = j
    return list(_with_headers(runs, lines, {name: kind for _, _, name, kind in definitions if kind}))


def _with_headers(runs: Sequence[Run], lines: Sequence[str], containers: Mapping[str, str]) -> Iterator[Run]:
    """The runs, a class's bare header line (no fields, no docstring) joined to the method that follows it."""
    held: Run | None = None
    for run in runs:
        inside = held and (run.symbol.startswith(held.symbol + ".") or containers[held.symbol] in _NAMESPACES)
        if held and inside and run.end - held.start <= CODE_LINES:
            run = Run(held.start, run.end, run.context, run.symbol)
        elif held:
            yield held
        own = sum(1 for line in lines[run.start : run.end] if line.strip())
        held = run if run.symbol in containers and own <= MAX_HEADER else None
        if held is None:
            yield run
    if held:
        yield held


def _definitions(root: SgNode, lines: Sequence[str], language: str) -> list[tuple[int, int, str, str]]:
    """(first line, last line, dotted name, kind of a container or ""), outer before inner, none in functions."""
    nodes = []
    for node in root.find_all(DEFINITIONS[language]):
        span = node.range()
        nodes.append((span.start.line, -span.end.line, node.kind(), node))
    nodes.sort(key=lambda each: each[:2])
    found: list[tuple[int, int, str, str]] = []
    stack: list[tuple[int, str, bool]] = []  # (last line, dotted name, is a container)
    wrapper: tuple[int, int] | None = None
    floor = 0
    for start, negative_end, kind, node in nodes:
        end = -negative_end
        if kind in _WRAPPERS:
            wrapper = (start, end)
            continue
        header = start
        if wrapper and wrapper[1] == end and wrapper[0] <= start:
            start = wrapper[0]
        while stack and start > stack[-1][0]:
            stack.pop()
        if stack and not stack[-1][2]:
            continue  # inside a function: part of it
        if kind == "variable_declarator" and end - start + 1 < MIN_NESTED:
            continue
        if kind in {"struct_specifier", "enum_specifier", "union_specifier"} and end == start:
            continue  # a use of the type, not its definition
        if kind == "call_expression":
            title = _TITLE.search(lines[header])
            name = title["title"][:80] if title else ""
        else:
            name = _name(node, kind, language, lines[header])
        parent = stack[-1][1] if stack else ""
        dotted = f"{parent}.{name}" if parent and name else name or parent
        is_group = kind == "call_expression" and bool(_GROUPS.match(lines[header]))
        container = (
            is_group or (kind in _CONTAINERS and end - start + 1 > WHOLE_CLASS_LINES) or kind in _NAMESPACES
        )
        first = start
        while first > floor and _LEADING.match(lines[first - 1]):
            first -= 1
        found.append((first, end, dotted, kind if container else ""))
        stack.append((end, "" if kind in _NAMESPACES else dotted, container))
        floor = start + 1 if container else end + 1
    return found


def _name(node: Any, kind: str, language: str, header: str) -> str:
    if language == "hcl":
        return ".".join(word.strip('"') for word in _LABELS.findall(header.split("{")[0]))
    field = node.field("name")
    if field is None and kind == "impl_item":
        field = node.field("type")
    if field is not None:
        name = str(field.text()).split("\n", 1)[0]
        receiver = _RECEIVER.match(header) if kind == "method_declaration" and language == "go" else None
        return f"{receiver['type']}.{name}" if receiver else name
    match = _NAMED.search(header) or _CALLED.search(header)
    return match["name"] if match else ""


# --- languages without a grammar here ---------------------------------------------------------------

_STARTS = re.compile(
    r"^(?:(?P<assigned>[\w.]+)\s*(?:<-|=)\s*function\b|(?:(?:export|public|private|static|async|local|pub|sub|"
    r"defmodule|open|final|override)\s+)*(?:func|def|defp|defmodule|class|sub|function|fn|module|interface|struct|"
    r"enum|extension|protocol|contract|message|service|rpc|type|model|proc|macro)\s+(?P<named>[\w.]+)|"
    r"<(?P<tag>script|template|style)\b)"
)


def _heuristic_runs(lines: Sequence[str]) -> Iterator[Run]:
    """Runs that begin where an unindented line says that something is defined."""
    starts: list[tuple[int, str]] = [(0, "")]
    for i, line in enumerate(lines):
        match = _STARTS.match(line)
        if match is None:
            continue
        first = i
        while first > starts[-1][0] and _LEADING.match(lines[first - 1]):
            first -= 1
        starts.append((first, match["assigned"] or match["named"] or match["tag"] or ""))
    for (start, symbol), (end, _) in zip(starts, [*starts[1:], (len(lines), "")], strict=True):
        body = _body_end(lines, start, end) if symbol else end
        yield Run(start, body, "", symbol)
        if body < end:
            yield Run(body, end)


def _body_end(lines: Sequence[str], start: int, end: int) -> int:
    """Where a definition ends: at its unindented closing bracket or ``end``, if it has one."""
    for i in range(start + 1, end):
        if lines[i][:1] in {"}", ")"} or re.match(r"^end\b|^</", lines[i]):
            return i + 1
    return end
