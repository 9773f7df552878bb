"""Reads what a file imports and where the imported names are used, without a parser per language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proofolio.evidence.codeview import IDENTIFIER, CodeView

_PY_FROM = re.compile(
    r"from[ \t]+(?P<module>\.*[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|(?:[^\n\\;]|\\\n)*)"
)
_PY_IMPORT = re.compile(r"import[ \t]+(?P<names>(?:[^\n\\;]|\\\n)+)")
_PY_NAME = re.compile(r"(?P<name>[\w.]+|\*)(?:\s+as\s+(?P<alias>\w+))?")
_JS = re.compile(
    r"""(?:import|export)\s+(?:type\s+)?(?P<what>[\w*\s{},$]{1,3000}?)\s*from\s*['"](?P<module>[^'"\n]+)['"]"""
    r"""|import\s*['"](?P<side>[^'"\n]+)['"]"""
    r"""|(?:import|require)\s*\(\s*['"](?P<call>[^'"\n]+)['"]\s*\)"""
)
_JS_ASSIGNED = re.compile(r"(?:const|let|var)\s+(?P<what>[\w$]+|\{[^}]*\})\s*(?::[^=\n]+)?=\s*(?:await\s+)?$")
_JS_NAME = re.compile(r"(?:type\s+)?(?P<name>[\w$]+)(?:\s+as\s+(?P<as>[\w$]+)|\s*:\s*(?P<key>[\w$]+))?")
_GO_SPEC = re.compile(r"""(?P<comment>//[^\n]*)|(?:(?P<alias>[\w.]+)[ \t]+)?"(?P<module>[^"\n]+)\"""")
_GO_BLOCK = re.compile(r"^import[ \t]*(?:\((?P<many>[^)]*)\)|(?P<one>[^\n(]+))", re.MULTILINE)
_JVM = re.compile(
    r"^[ \t]*import[ \t]+(?:static[ \t]+)?(?P<module>[\w.]+?)(?P<rest>\.[*_]|\.\{[^}\n]*\})?(?:[ \t]+as[ \t]+(?P<alias>\w+))?[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
_R = re.compile(
    r"""(?P<attach>\b(?:library|require|requireNamespace|p_load)\(\s*)["']?(?P<module>[A-Za-z][\w.]*)["']?|\b(?P<space>[A-Za-z][\w.]*):::?\w"""
)
_LINES = {
    "rust": re.compile(r"^[ \t]*(?:pub[ \t]+)?use[ \t]+(?P<module>\w+(?:::\w+)*)", re.MULTILINE),
    "csharp": re.compile(
        r"^[ \t]*(?:global[ \t]+)?using[ \t]+(?:static[ \t]+)?(?P<module>[A-Z][\w.]*)[ \t]*;", re.MULTILINE
    ),
    "ruby": re.compile(r"""^[ \t]*require[ \t(]+["'](?P<module>[\w/\-]+)["']""", re.MULTILINE),
    "php": re.compile(r"^use[ \t]+(?P<module>[A-Z]\w*(?:\\\w+)*)", re.MULTILINE),
}


@dataclass(frozen=True, slots=True)
class Binding:
    """A name that an import brings into a file.

    ``module`` and ``symbol`` say what is imported (``symbol`` is "" for a whole module), ``name`` is
    what it is called here ("" where nothing is bound: side effects, wildcards). ``line`` is the
    1-based line of the name, ``first`` and ``last`` the lines of the whole statement.
    """

    module: str
    symbol: str
    name: str
    line: int
    first: int
    last: int
    offset: int  # where the statement begins, in the view's text
    commented: bool = False
    wildcard: bool = False
    kept: bool = False  # marked as deliberate: re-exported, or excused to the linter


def bindings_of(view: CodeView) -> list[Binding]:
    """What the file imports, in file order; imports inside comments are marked as such."""
    reader: Callable[[CodeView], Iterator[Binding]] = {
        "python": _python, "js": _javascript, "go": _go, "java": _jvm, "r": _r,
    }.get(view.family, _by_line)  # fmt: skip
    return list(reader(view))


def _keyword_positions(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        if (text[at - 1 : at] not in IDENTIFIER or at == 0) and text[
            at + len(word) : at + len(word) + 1
        ] not in IDENTIFIER:
            yield at
        at = text.find(word, at + len(word))


def _python(view: CodeView) -> Iterator[Binding]:
    text, done = view.text, -1
    for at in _keyword_positions(text, "import"):
        if at < done:
            continue
        start = text.rfind("\n", 0, at) + 1
        before = text[start:at]
        lead = before.lstrip(" \t#>").rsplit(";", 1)[-1].lstrip()
        commented = before.lstrip().startswith("#")
        match = (
            _PY_FROM.match(text, at - len(lead))
            if lead.startswith("from")
            else (_PY_IMPORT.match(text, at) if not lead else None)
        )
        if match is None:
            continue
        done = match.end()
        kept = (
            "noqa"
            in text[match.end("names") - 1 : text.find("\n", done) if text.find("\n", done) >= 0 else None]
        )
        first, last = view.line(match.start()), view.line(match.end() - 1)
        names = match["names"]
        body = re.sub(r"#[^\n]*", lambda m: " " * len(m.group()), names)
        for name in _PY_NAME.finditer(body):
            line = view.line(match.start("names") + name.start())
            yield _python_name(
                match, name, (line, first, last, match.start()), commented, kept or "noqa" in names
            )
            if commented and "," not in body:
                break  # "# import numpy for speed": prose may follow


def _python_name(
    match: re.Match[str], name: re.Match[str], place: tuple[int, int, int, int], commented: bool, kept: bool
) -> Binding:
    imported, alias = name["name"], name["alias"]
    same = alias is not None and alias == imported  # "import x as x" means: exported
    if "module" not in match.groupdict():
        return Binding(imported, "", alias or imported, *place, commented, kept=kept or same)
    if imported == "*":
        return Binding(match["module"], "", "", *place, commented, wildcard=True)
    return Binding(match["module"], imported, alias or imported, *place, commented, kept=kept or same)


def _javascript(view: CodeView) -> Iterator[Binding]:
    text, done = view.text, -1
    for at in sorted(
        {*_keyword_positions(text, "import"), *_keyword_positions(text, "require"), *_export_positions(text)}
    ):
        match = _JS.match(text, at) if at >= done else None
        if match is None:
            continue
        done = match.end()
        start = text.rfind("\n", 0, at) + 1
        commented = text[start:at].lstrip().startswith("//")
        lines = (view.line(at), view.line(done - 1))
        if match["side"] or match["call"]:
            called = text.startswith("(", done)  # require('express')(): what is bound is its result
            assigned = _JS_ASSIGNED.search(text[start:at]) if match["call"] and not called else None
            module, what = match["side"] or match["call"], assigned["what"] if assigned else ""
        else:
            module, what = match["module"], match["what"]
        exported = text.startswith("export", at)
        if not what or exported:
            yield Binding(module, "", "", lines[0], *lines, at, commented)
            continue
        yield from _javascript_names(view, at, module, what, lines, commented)


def _export_positions(text: str) -> Iterator[int]:
    return (
        (m.start() for m in re.finditer(r"^export\s+(?=[\w*\s{},$]{1,3000}?from\s)", text, re.MULTILINE))
        if "export" in text
        else iter(())
    )


def _javascript_names(
    view: CodeView, at: int, module: str, what: str, lines: tuple[int, int], commented: bool
) -> Iterator[Binding]:
    inner = re.search(r"\{([^}]*)\}", what)
    outer = what[: inner.start()] + what[inner.end() :] if inner else what
    star = re.search(r"\*\s*as\s+([\w$]+)", outer)
    if star:
        yield Binding(module, "", star.group(1), lines[0], *lines, at, commented)
    elif default := re.match(r"\s*([\w$]+)", outer):
        yield Binding(module, "default", default.group(1), lines[0], *lines, at, commented)
    for name in _JS_NAME.finditer(inner.group(1)) if inner else ():
        local = name["as"] or name["key"] or name["name"]
        offset = view.text.find(name["name"], at)
        yield Binding(module, name["name"], local, view.line(offset), *lines, at, commented)


def _go(view: CodeView) -> Iterator[Binding]:
    for block in _GO_BLOCK.finditer(view.text):
        group = "many" if block["many"] is not None else "one"
        for spec in _GO_SPEC.finditer(view.text, *block.span(group)):
            if spec["comment"]:
                continue
            line = view.line(spec.start("module"))
            alias = spec["alias"] or ""
            parts = [p for p in spec["module"].split("/") if not re.fullmatch(r"v\d+", p)]
            name = alias or re.sub(r"^go-|-go$|\.v\d+$", "", parts[-1])
            yield Binding(
                spec["module"],
                "",
                "" if alias in {"_", "."} else name,
                line,
                line,
                line,
                spec.start(),
                wildcard=alias in {"_", "."},
            )


def _jvm(view: CodeView) -> Iterator[Binding]:
    for match in _JVM.finditer(view.text):
        line = view.line(match.start("module"))
        module, _, symbol = match["module"].rpartition(".")
        if match["rest"]:
            yield Binding(match["module"], "", "", line, line, line, match.start("module"), wildcard=True)
        else:
            yield Binding(module, symbol, match["alias"] or symbol, line, line, line, match.start("module"))


def _r(view: CodeView) -> Iterator[Binding]:
    for match in _R.finditer(view.text):
        start = view.text.rfind("\n", 0, match.start()) + 1
        line = view.line(match.start())
        commented = "#" in view.text[start : match.start()] and not view.is_code(match.start())
        if match["attach"]:
            yield Binding(match["module"], "", "", line, line, line, match.start(), commented, wildcard=True)
        elif not commented:
            yield Binding(
                match["space"], "", match["space"], line, line, line, match.start(), wildcard=True, kept=True
            )


def _by_line(view: CodeView) -> Iterator[Binding]:
    for match in _LINES[view.family].finditer(view.text):
        line = view.line(match.start("module"))
        module = match["module"].replace("::", ".").replace("\\", ".")
        yield Binding(module, "", "", line, line, line, match.start(), wildcard=True)


def import_lines(bindings: list[Binding]) -> frozenset[int]:
    """The lines that import statements take."""
    return frozenset(n for b in bindings for n in range(b.first, b.last + 1) if not b.commented)


def is_used(view: CodeView, binding: Binding, outside: frozenset[int]) -> bool:
    """Whether a bound name occurs in live code outside the import statements."""
    return next(uses(view, binding, outside), None) is not None


def uses(view: CodeView, binding: Binding, outside: frozenset[int]) -> Iterator[int]:
    """The lines on which a bound name is used, in order."""
    yield from view.occurrences(binding.name, outside)
    if view.family == "python" and not binding.symbol and "." in binding.name:
        # "import a.b" binds a: a.c may be used without a.b ever being named.
        yield from view.occurrences(binding.name.partition(".")[0], outside)
    if (
        view.family == "js"
        and binding.module == "react"
        and binding.name == "React"
        and ("/>" in view.text or "</" in view.text)
    ):
        yield binding.line  # JSX compiles to calls of React
    if view.document.language == "vue":
        kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", binding.name).lower()
        if f"<{kebab}" in view.text:
            yield view.line(view.text.find(f"<{kebab}"))
