"""Reads what a file imports and where the imported names are used, without a parser per language.

A parse of each file would cost more than the rest of the compile together. Imports have few shapes,
and whether a name is used needs only its first occurrence in live code: found by plain string
search, with a look at the one line that it stands on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from proofolio.core.records import Document, DocumentKind
from proofolio.evidence.zones import line_starts

FAMILIES = {
    "python": "python", "javascript": "js", "jsx": "js", "typescript": "js", "tsx": "js", "vue": "js", "svelte": "js",
    "astro": "js", "go": "go", "java": "java", "kotlin": "java", "scala": "java", "groovy": "java", "r": "r",
    "rust": "rust", "csharp": "csharp", "ruby": "ruby", "php": "php",
}  # fmt: skip
_IDENTIFIER = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$")
_STRING_OR_COMMENT = {
    "python": re.compile(r"""(?P<f>[fF][rR]?|[rR][fF])?(?:"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(?P<comment>#.*)"""),
    "js": re.compile(r"""(?P<f>)`(?:[^`\\]|\\.)*`?|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?P<comment>(?<!:)//.*)"""),
}
_HASH_LINE = re.compile(r""""(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|(?P<comment>#.*)""")
_SLASH_LINE = re.compile(r""""(?:[^"\\\n]|\\.)*"?|(?P<comment>//.*)""")
_ANNOTATION = re.compile(r"""(?::|->|\[|\bcast\(|,)\s*["'][\w.\[\], |]*$""")
_TRIPLE = re.compile(r'"""|\'\'\'')
_SMALL = 100_000  # characters up to which counting line ends beats an index of them
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_MAGIC_KEPT = ("%%time", "%%capture", "%%prun", "%%memit")


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


@dataclass(slots=True)
class CodeView:
    """The code of a document with its line numbers, and what is needed to tell code from strings."""

    document: Document
    family: str
    text: str
    _starts: list[int] | None = None
    _spans: list[tuple[int, int]] | None = None
    _span_starts: list[int] = field(default_factory=list)

    def line(self, offset: int) -> int:
        """The 1-based line that holds ``offset``."""
        if len(self.text) < _SMALL:
            return self.text.count("\n", 0, offset) + 1
        if self._starts is None:
            self._starts = line_starts(self.text)
        return bisect_right(self._starts, offset)

    def is_code(self, offset: int) -> bool:
        """Whether the character at ``offset`` is live code: no comment, no string (but a placeholder in one)."""
        if self.inside_block(offset):
            return False
        line_start = self.text.rfind("\n", 0, offset) + 1
        before = self.text[line_start:offset]
        if not any(c in before for c in ("\"", "'", "#", "`", "/")):
            return True
        end = self.text.find("\n", offset)
        line = self.text[line_start : end if end >= 0 else len(self.text)]
        return _code_in_line(line, offset - line_start, self.family)

    def inside_block(self, offset: int) -> bool:
        """Whether ``offset`` stands in text that goes over lines: a triple-quoted string, a block comment."""
        if self._spans is None:
            self._spans = list(_blocks(self.text, self.family))
            self._span_starts = [s for s, _ in self._spans]
        i = bisect_right(self._span_starts, offset) - 1
        return i >= 0 and offset < self._spans[i][1]

    def occurrences(self, name: str, outside: frozenset[int]) -> Iterator[int]:
        """The lines on which ``name`` is used as live code, leaving out the lines ``outside``."""
        text, length = self.text, len(name)
        at = text.find(name)
        while at >= 0:
            if _whole(text, at, at + length) and not _only_named(text, at, at + length, self.family):
                line = self.line(at)
                if line not in outside and (self.is_code(at) or self._annotation(at)):
                    yield line
            at = text.find(name, at + length)

    def _annotation(self, offset: int) -> bool:
        if self.family != "python":
            return False
        return bool(_ANNOTATION.search(self.text[self.text.rfind("\n", 0, offset) + 1 : offset]))


def view_of(document: Document) -> CodeView | None:
    """The code of a document, or None where its language's imports are not read."""
    family = FAMILIES.get(document.language)
    if family is None or document.kind not in {DocumentKind.CODE, DocumentKind.NOTEBOOK}:
        return None
    text = _notebook_code(document) if document.kind is DocumentKind.NOTEBOOK else document.text
    return CodeView(document, family, text)


def _notebook_code(document: Document) -> str:
    """The source of the code cells on their own lines, everything else left blank."""
    lines = document.text.split("\n")
    kept = [""] * len(lines)
    for cell in document.cells:
        if cell.kind != "code":
            continue
        source = range(cell.start - 1, min((cell.output - 1) if cell.output else cell.end, len(lines)))
        first = next((lines[i].strip() for i in source if lines[i].strip()), "")
        if first.startswith("%%") and not first.startswith(_MAGIC_KEPT):
            continue  # another language: %%sql, %%bash
        for i in source:
            kept[i] = "" if lines[i].lstrip()[:1] in {"%", "!"} else lines[i]
    return "\n".join(kept)


def _blocks(text: str, family: str) -> Iterator[tuple[int, int]]:
    """Spans of text that go over lines and are no code: triple-quoted strings, block comments."""
    if family == "python":
        if '"""' not in text and "'''" not in text:
            return
        opened, mark = -1, ""
        for match in _TRIPLE.finditer(text):
            if opened < 0:
                opened, mark = match.start(), match.group()
            elif match.group() == mark and text[match.start() - 1] != "\\":
                formatted = text[opened - 1 : opened] in {"f", "F"}
                yield from _literal_parts(text, opened, match.end()) if formatted else [(opened, match.end())]
                opened = -1
    elif family not in {"r", "ruby"} and "/*" in text:
        for match in _BLOCK_COMMENT.finditer(text):
            yield match.span()


def _literal_parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a formatted string that are no placeholders."""
    for match in re.compile(r"\{[^{}]*\}").finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def _code_in_line(line: str, column: int, family: str) -> bool:
    pattern = _STRING_OR_COMMENT.get(family) or (_HASH_LINE if family in {"r", "ruby"} else _SLASH_LINE)
    for match in pattern.finditer(line):
        if match.start() > column:
            return True
        if column < match.end():
            groups = match.groupdict()
            if groups.get("comment") is not None or groups.get("f") is None:
                return False
            before = line[match.start() : column]
            return before.rfind("{") > before.rfind("}")
    return True


def _whole(text: str, start: int, end: int) -> bool:
    """Whether the span is a whole identifier that is no attribute of another."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before in _IDENTIFIER and before or after in _IDENTIFIER and after:
        return False
    return before != "." or text[start - 3 : start] == "..."


def _only_named(text: str, start: int, end: int, family: str) -> bool:
    """Whether the identifier only names something: a keyword argument, an attribute, an object's key."""
    rest = text[end : end + 12].lstrip(" \t")
    if rest[:1] == "=" and rest[1:2] not in {"=", ">"}:
        return True
    if family == "js" and rest[:1] == ":":
        return text[max(0, start - 40) : start].rstrip()[-1:] in {"{", ","}
    return False


# --- the shapes of imports ------------------------------------------------------------------------

_PY_FROM = re.compile(r"from[ \t]+(?P<module>\.*[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|(?:[^\n\\;]|\\\n)*)")
_PY_IMPORT = re.compile(r"import[ \t]+(?P<names>(?:[^\n\\;]|\\\n)+)")
_PY_NAME = re.compile(r"(?P<name>[\w.]+|\*)(?:\s+as\s+(?P<alias>\w+))?")
_JS = re.compile(
    r"""(?:import|export)\s+(?:type\s+)?(?P<what>[\w*\s{},$]+?)\s*from\s*['"](?P<module>[^'"\n]+)['"]"""
    r"""|import\s*['"](?P<side>[^'"\n]+)['"]"""
    r"""|(?:import|require)\s*\(\s*['"](?P<call>[^'"\n]+)['"]\s*\)"""
)
_JS_ASSIGNED = re.compile(r"(?:const|let|var)\s+(?P<what>[\w$]+|\{[^}]*\})\s*(?::[^=\n]+)?=\s*(?:await\s+)?$")
_JS_NAME = re.compile(r"(?:type\s+)?(?P<name>[\w$]+)(?:\s+as\s+(?P<as>[\w$]+)|\s*:\s*(?P<key>[\w$]+))?")
_GO_SPEC = re.compile(r"""(?P<comment>//[^\n]*)|(?:(?P<alias>[\w.]+)[ \t]+)?"(?P<module>[^"\n]+)\"""")
_GO_BLOCK = re.compile(r"^import[ \t]*(?:\((?P<many>[^)]*)\)|(?P<one>[^\n(]+))", re.MULTILINE)
_JVM = re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?(?P<module>[\w.]+?)(?P<rest>\.[*_]|\.\{[^}\n]*\})?(?:[ \t]+as[ \t]+(?P<alias>\w+))?[ \t]*;?[ \t]*$", re.MULTILINE)
_R = re.compile(r"""(?P<attach>\b(?:library|require|requireNamespace|p_load)\(\s*)["']?(?P<module>[A-Za-z][\w.]*)["']?|\b(?P<space>[A-Za-z][\w.]*):::?\w""")
_LINES = {
    "rust": re.compile(r"^[ \t]*(?:pub[ \t]+)?use[ \t]+(?P<module>\w+(?:::\w+)*)", re.MULTILINE),
    "csharp": re.compile(r"^[ \t]*(?:global[ \t]+)?using[ \t]+(?:static[ \t]+)?(?P<module>[A-Z][\w.]*)[ \t]*;", re.MULTILINE),
    "ruby": re.compile(r"""^[ \t]*require[ \t(]+["'](?P<module>[\w/\-]+)["']""", re.MULTILINE),
    "php": re.compile(r"^use[ \t]+(?P<module>[A-Z]\w*(?:\\\w+)*)", re.MULTILINE),
}


def bindings_of(view: CodeView) -> list[Binding]:
    """What the file imports, in file order; imports inside comments are marked as such."""
    reader: Callable[[CodeView], Iterator[Binding]] = {
        "python": _python, "js": _javascript, "go": _go, "java": _jvm, "r": _r,
    }.get(view.family, _by_line)  # fmt: skip
    return list(reader(view))


def _keyword_positions(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        if (text[at - 1 : at] not in _IDENTIFIER or at == 0) and text[at + len(word) : at + len(word) + 1] not in _IDENTIFIER:
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
        match = _PY_FROM.match(text, at - len(lead)) if lead.startswith("from") else (_PY_IMPORT.match(text, at) if not lead else None)
        if match is None:
            continue
        done = match.end()
        kept = "noqa" in text[match.end("names") - 1 : text.find("\n", done) if text.find("\n", done) >= 0 else None]
        first, last = view.line(match.start()), view.line(match.end() - 1)
        names = match["names"]
        body = re.sub(r"#[^\n]*", lambda m: " " * len(m.group()), names)
        for name in _PY_NAME.finditer(body):
            line = view.line(match.start("names") + name.start())
            yield _python_name(match, name, (line, first, last, match.start()), commented, kept or "noqa" in names)
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
    for at in sorted({*_keyword_positions(text, "import"), *_keyword_positions(text, "require"), *_export_positions(text)}):
        match = _JS.match(text, at) if at >= done else None
        if match is None:
            continue
        done = match.end()
        start = text.rfind("\n", 0, at) + 1
        commented = text[start:at].lstrip().startswith("//")
        lines = (view.line(at), view.line(done - 1))
        if match["side"] or match["call"]:
            assigned = _JS_ASSIGNED.search(text[start:at]) if match["call"] else None
            module, what = match["side"] or match["call"], assigned["what"] if assigned else ""
        else:
            module, what = match["module"], match["what"]
        exported = text.startswith("export", at)
        if not what or exported:
            yield Binding(module, "", "", lines[0], *lines, at, commented)
            continue
        yield from _javascript_names(view, at, module, what, lines, commented)


def _export_positions(text: str) -> Iterator[int]:
    return (m.start() for m in re.finditer(r"^export\s+(?=[\w*\s{},$]+?from\s)", text, re.MULTILINE)) if "export" in text else iter(())


def _javascript_names(view: CodeView, at: int, module: str, what: str, lines: tuple[int, int], commented: bool) -> Iterator[Binding]:
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
            yield Binding(spec["module"], "", "" if alias in {"_", "."} else name, line, line, line, spec.start(), wildcard=alias in {"_", "."})


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
            yield Binding(match["space"], "", match["space"], line, line, line, match.start(), wildcard=True, kept=True)


def _by_line(view: CodeView) -> Iterator[Binding]:
    for match in _LINES[view.family].finditer(view.text):
        line = view.line(match.start("module"))
        module = match["module"].replace("::", ".").replace("\\", ".")
        yield Binding(module, "", "", line, line, line, match.start(), wildcard=True)


# --- names that are never used -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnusedImport:
    """A symbol that a file imports and never uses; ``line`` is 1-based."""

    symbol: str
    module: str
    line: int


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
        for line in view.occurrences(binding.name.partition(".")[0], outside):
            yield line
    if view.family == "js" and binding.module == "react" and binding.name == "React" and ("/>" in view.text or "</" in view.text):
        yield binding.line  # JSX compiles to calls of React
    if view.document.language == "vue":
        kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", binding.name).lower()
        if f"<{kebab}" in view.text:
            yield view.line(view.text.find(f"<{kebab}"))


def unused_imports(document: Document) -> list[UnusedImport]:
    """The symbols that a Python, JavaScript or TypeScript document imports and never uses.

    Left out is what is imported on purpose: a package's re-exports (``__init__.py``, ``__all__``,
    ``import x as x``), what carries ``noqa``, and what is imported only to see whether it is there.
    """
    view = view_of(document)
    if view is None or view.family not in {"python", "js"} or document.name == "__init__.py" or document.name.endswith((".pyi", ".d.ts")):
        return []
    bindings = bindings_of(view)
    outside = import_lines(bindings)
    exported = _exported(view.text)
    return [
        UnusedImport(b.symbol if b.symbol not in {"", "default"} else b.name, b.module, b.line)
        for b in bindings
        if b.name and not (b.commented or b.kept or b.module == "__future__" or b.name in exported)
        and not view.inside_block(b.offset)
        and not is_used(view, b, outside)
        and not _tried(view, b)
    ]  # fmt: skip


def _exported(text: str) -> frozenset[str]:
    at = text.find("__all__")
    if at < 0:
        return frozenset()
    body = re.search(r"[\[(]([^\])]*)[\])]", text[at:])
    return frozenset(re.findall(r"""["'](\w+)["']""", body.group(1))) if body else frozenset()


def _tried(view: CodeView, binding: Binding) -> bool:
    """Whether an import stands in a ``try`` that asks for nothing but its presence."""
    lines = view.text.split("\n", binding.first)[: binding.first - 1]
    previous = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return previous.startswith("try:")
