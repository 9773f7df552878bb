"""Says a logical line of code by what it does: the verb phrase that an answer puts after its subject."""

from __future__ import annotations

import re

MAX_FRAGMENT = 130

_ASSIGN = re.compile(r"^(?:export\s+)?(?:(?:const|let|var|val|final|static|public|private|protected|readonly|local|my)\s+)*(?:(?!(?:where|and|or|on|when|if|not|in|then|case|having|assert|with|select)\b)\w+(?:<[^>]*>)?\s+)?(?P<name>[A-Za-z_$][\w.$\[\]'\"]*)\s*(?::\s*[^=]{1,60})?\s*(?:=(?![=>])|:=|<-(?!<))\s*(?P<value>.+)$")
_SHELL_ASSIGN = re.compile(r"^(?:(?:export|local|readonly|declare(?:\s+-\w+)?)\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>\S.*)$")
_TYPED = re.compile(r"^(?P<name>[A-Za-z_]\w*)\??\s*:\s*(?P<type>[A-Za-z_][\w.]*(?:\[.*\]|<.*>)?(?:\[\])?(?:\s*\|\s*[\w.\[\]'\"]+)*)\s*;?$")
_TYPE_NAME = re.compile(r"^(?:str|int|float|bool|bytes|dict|list|set|tuple|object|string|number|boolean|unknown|any|void|null|undefined|never|[A-Z]\w*)\b")
_METHOD = re.compile(r"^(?:(?:public|private|protected|static|async|override|get|set)\s+)*(?!(?:if|for|while|switch|catch|with|function)\b)[\w$]+\s*(?:<[^>]*>)?\([^'\"`=]*\)\s*(?::\s*[^={]+)?\{$")
_KWARG = re.compile(r"^(?P<name>[A-Za-z_][\w\-]*)\s*[=:]\s*(?P<value>.+?),?$")
DEFINITION = re.compile(r"^(?:export\s+)?(?:default\s+)?(?:public\s+|private\s+|protected\s+|static\s+|abstract\s+)*(?:async\s+)?(?:def|class|function\*?|func|fn|interface|struct|enum|type|fun|trait|impl)\s+(?P<name>(?:\([^)]*\)\s*)?[\w$]+)")
_ARROW = re.compile(r"^(?:export\s+)?(?:const|let|var)\s+(?P<name>[\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:\([^)]*\)|\w+)\s*(?::[^=]+)?=>")
_TEST = re.compile(r"^(?:it|test)(?:\.\w+)?\(\s*[\"'`](?P<name>.+?)[\"'`]|^(?:async\s+)?def\s+(?P<fn>test_\w+)|^func\s+(?P<go>Test\w+)")
_ROUTE = re.compile(r"^@?\w+\.(?P<verb>get|post|put|patch|delete|route|websocket|api_route)\(\s*[\"'](?P<path>[^\"']*)[\"']", re.IGNORECASE)
_IMPORT = re.compile(r"^(?:import\b|from\s+\S+\s+import\b|const\s+.+=\s*require\(|library\(|using\s|#include|use\s)")
_BRANCH = re.compile(r"^(?:\}\s*)?(?:if|elif|else if|while|unless)\b\s*(?P<cond>.+?)\s*(?:[:{]|;\s*(?:then|do))?$")
_CAUGHT = re.compile(r"^(?:except|catch|rescue)\b|^\}\s*catch")
_CALL = re.compile(r"^[\w.$]+(?:<[^>]*>)?\(.*")
_SAID_AS = ("raise ", "throw ", "return ", "yield ")
_ONE_MORE = re.compile(r"\s*[\w*]+\s*=(?!=)")
DASHED = frozenset({"sql", "lua", "haskell", "elm", "ada", "vhdl", "plsql"})  # "--" opens a comment there
SLASHED = frozenset({
    "javascript", "typescript", "tsx", "jsx", "java", "kotlin", "scala", "go", "rust", "c", "cpp", "c++", "csharp", "swift",
    "dart", "groovy", "scss", "less", "zig", "vue", "svelte",
})  # "//" opens a comment there, and "#" does not


_NOT_DECORATED = frozenset({"css", "scss", "sass", "less", "makefile", "shell", "batch", "powershell", "sql", "razor", "text"})  # "@" opens something else there


def fragment(text: str, limit: int = MAX_FRAGMENT) -> str:
    """A piece of code on one line, cut at a word, safe between backticks."""
    text = " ".join(text.split()).replace("`", "'")
    if len(text) > limit:
        text = text[: limit - 1].rsplit(" ", 1)[0] + "…"
    return text


_SECRET_NAME = re.compile(r"(?:passw(?:or)?d|passwd|pwd|secret|(?:secret|access|api|private|account)[._-]?key|(?:auth|access|bearer|api|bot)[._-]?token)[\"'\]]*$", re.IGNORECASE)
_LOOKED_UP = re.compile(r"\$\{|\$\(|\{\{|\benv\b|environ|getenv|secrets?[.(\[]|[A-Za-z_]\w*\(|^[A-Za-z_]\w*(?:\.\w+)+$|^(?:None|null|nil|undefined|true|false)$|\[redacted")
KEPT_BACK = "set (its value is kept back)"


def keeps_back(name: str, value: str) -> bool:
    """Whether a name is that of a credential and its value stands there as written: told of, never told.

    Redaction takes out what looks like a secret; a password that is a plain word ("postgres") looks like none.
    """
    return bool(_SECRET_NAME.search(name)) and bool(value.strip("\"' ")) and not _LOOKED_UP.search(value)


def _set(name: str, value: str) -> tuple[str, str]:
    """How an assignment is said; of a value that goes on over the next lines, only that it is built."""
    shown = value.rstrip("{[( ")
    if keeps_back(name, value):
        return "setting", f"has `{fragment(name, 60)}` {KEPT_BACK}"
    if not shown:
        return "setting", f"builds `{fragment(name, 60)}`"
    return "setting", f"sets `{fragment(name, 60)}` to `{fragment(shown + ('…' if shown != value else ''))}`"


def _balanced(code: str) -> str:
    """Code without brackets around all of it, and without those at its end that close nothing in it."""
    while code.endswith((")", "]", "}")) and sum(map(code.count, ")]}")) > sum(map(code.count, "([{")):
        code = code[:-1].rstrip()
    depth = 0
    for i, ch in enumerate(code):
        depth += (ch == "(") - (ch == ")")
        if depth == 0 and (i < len(code) - 1 or ch != ")"):
            return code
    return code[1:-1].strip() if code.startswith("(") else code


def _several(value: str) -> bool:
    """Whether more arguments follow the first on a line within a call (``a=1, b=2``)."""
    if "," not in value and ")" not in value and "]" not in value and "}" not in value:
        return False
    depth, quote = 0, ""
    for i, ch in enumerate(value):
        if quote:
            quote = "" if ch == quote else quote
        elif ch in "\"'`":
            quote = ch
        elif ch in "([{":
            depth += 1
        elif ch in ")]}":
            depth -= 1
        elif ch == "," and depth <= 0 and _ONE_MORE.match(value, i + 1):
            return True
    return depth < 0


def clause_of(code: str, language: str = "") -> tuple[str, str]:
    """The kind of a logical line of code, and how it is said."""
    first = code[:1]  # most expressions below can begin with few characters
    test = _TEST.match(code) if first in "itadf" else None
    if test:
        name = test["name"] or test["fn"] or test["go"]
        return "test", f"tests `{fragment(name)}`"
    route = _ROUTE.match(code) if "(" in code and "." in code else None
    if route:
        verb = route["verb"].upper().replace("API_ROUTE", "ROUTE")
        return "route", f"serves `{fragment(code.lstrip('@'))}`" if verb == "ROUTE" else f"serves `{verb} {route['path'] or '/'}`"
    if code.startswith("@") and language not in _NOT_DECORATED:
        return "decorator", f"is decorated with `{fragment(code)}`"
    if first in "ifclu#" and _IMPORT.match(code):
        return "import", f"has `{fragment(code)}`"
    definition = (DEFINITION.match(code) if first in "edpsacfit" else None) or (_ARROW.match(code) if "=>" in code else None)
    if definition:
        return "definition", f"defines `{fragment(code.rstrip(':{ '), 100)}`"
    if code.startswith(_SAID_AS):
        word = code.partition(" ")[0]
        return word, f"{word}s `{fragment(code[len(word) + 1 :])}`"
    branch = _BRANCH.match(code) if first in "}iewu" else None
    if branch:
        return "condition", f"checks `{fragment(_balanced(branch['cond'].strip()))}`"
    if first in "ecr}" and _CAUGHT.match(code):
        return "except", f"catches with `{fragment(code.rstrip(':{ '))}`"
    if language in SLASHED and _METHOD.match(code):
        return "definition", f"defines `{fragment(code.rstrip('{ '), 100)}`"
    if language in DASHED:
        return "line", f"has `{fragment(code)}`"
    typed = _TYPED.match(code) if ":" in code else None
    if typed and _TYPE_NAME.match(typed["type"]):
        return "setting", f"declares `{fragment(code)}`"
    assign = (_SHELL_ASSIGN if language == "shell" else _ASSIGN).match(code) if "=" in code or "<-" in code else None
    found = assign if not code.endswith("=>") else None
    keyword = _KWARG.match(code) if found is None and language != "shell" else None
    found = found or keyword
    if found and (_several(found["value"]) or (":" in code[: found.start("value")] and found is keyword and language == "python")):
        return "setting", f"has `{fragment(_balanced(code.rstrip(',')))}`"
    if found:
        return _set(found["name"], found["value"].rstrip(",") if found is keyword else found["value"])
    if _CALL.match(code) or code.startswith("await "):
        return "call", f"calls `{fragment(code.removeprefix('await '))}`"
    return "line", f"has `{fragment(code)}`"
