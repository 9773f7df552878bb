"""Checks what a README points at: files, commands, pictures, settings, routes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from posixpath import dirname, normpath

from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work
from proofolio.core.records import Place
from proofolio.evidence.keys import settings_of

_LINK = re.compile(r"\]\(\s*<?(?P<path>[^)\s>]+)|<(?:img|a)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?(?P<html>[^\"'\s>]+)", re.IGNORECASE)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PATH = re.compile(r"^\.{0,2}/?(?:[\w.@-]+/)*[\w@-][\w.@-]*\.(?:py|ipynb|sql|sh|ts|tsx|js|jsx|mjs|go|rs|java|kt|rb|r|scala|tf|ya?ml|toml|json|md|cfg|ini|dockerfile|html|css|proto|png|jpe?g|svg|gif|pdf)$", re.IGNORECASE)
_TREE = re.compile(r"^(?P<lead>[\s│|]*(?:[├└|+`\\][─\-–]*[─\-–]\s*))(?P<name>[\w.@()\[\]{}-][^#:←→\t]*?)/?(?P<slash>/?)\s*(?:\s{2,}.*|[#:←→].*|\s-+\s.*|\s\(.*)?$")
_COMMAND = re.compile(r"^(?:\$\s+|>\s+)?(?:sudo\s+)?(?:[A-Z_]+=\S+\s+)*(?P<line>(?:poetry run |pipenv run |uv run |pdm run |hatch run )?(?:python3?|bash|sh|source|\./|make|npm|yarn|pnpm|pip3?|pytest|docker-compose|docker compose|docker|streamlit|node|Rscript|uvicorn|gunicorn|celery|dbt|terraform|kubectl|jupyter|flask|go run|sqlite3).*)$")
_ENV = re.compile(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_ROUTE = re.compile(r"\b(?P<verb>GET|POST|PUT|PATCH|DELETE)\b[`*\s|:]{1,8}(?P<route>/[\w/{}<>:.\-]*\w[\w/{}<>:.\-]*)")
# Made when the work runs, or kept out of a repository on purpose.
_PRODUCED = re.compile(r"(?:^|/)(?:\.env\S*|\.venv|venv|env|node_modules|data|datasets?|raw|processed|outputs?|dist|build|target|logs?|models?|checkpoints?|weights|artifacts?|mlruns|tmp|cache|\.cache|coverage|htmlcov|credentials\S*|secrets?\S*|keys?|\.git|__pycache__|\.terraform|terraform\.tfvars|kaggle\.json|profiles\.yml|local\S*|\.\w+)(?:/|$)|your|example|path/to|<|\*|\$|\{|x{3,}|~|\.\.\.", re.IGNORECASE)
_SETUP = re.compile(r"\b(?:create|add|download|save|put|place|copy|generate[sd]?|writes?|written|output|produces?|will be|rename|replace|provide|your|e\.g\.|for example|such as|cd)\b", re.IGNORECASE)
_FOREIGN = re.compile(r"\bgit clone\b|\bcurl\b|\bwget\b|<[a-z_ -]+>|\bcp\b|>\s*\S+$", re.IGNORECASE)
_ANYWHERE = re.compile(r"(?:readme|index|__init__|license|contributing|changelog|dockerfile|config|settings|package|requirements|values|makefile|utils?|main|test)\b", re.IGNORECASE)
LANGUAGE_WORDS = {"readme.md", "license", "license.md"}


def check_tree(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """An entry of a drawn folder tree: is there such a file?"""
    match = _TREE.match(sentence.raw) if sentence.kind == "snippet" else None
    if match is None or not _checkable(sentence, work):
        return
    name = match["name"].strip().strip("*").rstrip("/\\")
    if not name or (" " in name and "." not in name) or _PRODUCED.search(name) or not re.search(r"\w", name) or "," in name or name.lower() in LANGUAGE_WORDS:
        return
    files = work.files(sentence.place.source)
    base = name.rsplit("/", 1)[-1].lower()
    known = [f for f in files if f.rstrip("/").rsplit("/", 1)[-1].lower() == base]
    if not known:
        yield _absent(f"{name} (in the drawn folder tree)", name, sentence, work)


def check_paths(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A file that the text names in backticks, links to or shows as a picture."""
    if not _checkable(sentence, work) or sentence.kind == "badge" or (sentence.resume and sentence.kind != "sentence"):
        return
    named = [(m["path"] or m["html"], True) for m in _LINK.finditer(sentence.raw)]
    if sentence.kind != "snippet":
        named += [(p, False) for p in _INLINE.findall(sentence.raw)]
    for path, linked in dict.fromkeys(named):
        path = re.sub(r"[?#].*$|:\d+(?:-\d+)?$|^@/", "", path.replace("%20", " ").strip())
        if not path or "://" in path or path.startswith(("mailto:", "#", "/", "data:", "//")) or _PRODUCED.search(path):
            continue
        if not re.fullmatch(r"[\w./@%+ ()&-]+", path) or (not linked and "/" not in path and not re.search(r"\.(?:py|ipynb|sh|sql|js|tsx?)$", path)):
            continue
        if linked or (_PATH.match(path) and not _SETUP.search(sentence.text)):
            found = _resolve(path, sentence, work)
            if found is not None:
                yield found


def check_commands(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A command of a fenced block or in backticks: do its script, target, service or file exist?"""
    if not _checkable(sentence, work) or sentence.resume:
        return
    lines = [sentence.raw.strip()] if sentence.kind == "snippet" else _INLINE.findall(sentence.raw)
    for line in lines:
        match = _COMMAND.match(line.strip())
        if match is None or _FOREIGN.search(line) or "<" in line:
            continue
        command = re.split(r"\s+#|\s*(?:&&|\|\||;|\|)\s*", match["line"].strip())[0]
        finding = _command(command, sentence, work)
        if finding is not None:
            yield finding


def check_settings(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A setting in capitals that the text names: does anything read it?"""
    if sentence.kind == "snippet" or sentence.resume or sentence.commentary:
        return
    for name in dict.fromkeys(p.split("=")[0].strip() for p in _INLINE.findall(sentence.raw)):
        if not _ENV.match(name):
            continue
        word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
        places = work.find(word, limit=2)
        if places:
            yield Finding(f"setting {name}", Verdict.SUPPORTED, f"`{name}` is read or set here.", tuple(places))
        elif not work.names(name) and not _joined(name, work):
            past = work.past.text(sentence.place.source, name)
            verdict = Verdict.STALE if past else Verdict.UNSUPPORTED
            why = "An earlier commit read this setting; nothing does now." if past else "Nothing in code or configuration names this setting."
            yield Finding(f"setting {name}", verdict, why, (), (past,) if past else (), (f"`{name}` in every file but prose",), None)


def check_routes(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A route that the text lists: do its parts stand in the code?"""
    if sentence.commentary or sentence.resume:
        return
    for match in _ROUTE.finditer(sentence.raw):
        parts = [p for p in re.split(r"/", match["route"]) if p and not re.search(r"[{}<>:$]", p) and re.search(r"[A-Za-z]", p)]
        if not parts:
            continue
        text = f"{match['verb']} {match['route']}"
        last = re.compile(rf"(?<![A-Za-z0-9]){re.escape(parts[-1])}(?![A-Za-z0-9])", re.IGNORECASE)
        written = re.compile(rf"['\"`/]{re.escape(parts[-1])}(?![A-Za-z0-9])")
        places = work.find(written, limit=2) or work.find(last, limit=2)
        if places:
            yield Finding(text, Verdict.SUPPORTED, "The route is named in the code.", tuple(places))
        else:
            past = work.past.text(sentence.place.source, parts[-1])
            why = "An earlier commit had this route." if past else "No code or configuration names this route."
            yield Finding(text, Verdict.STALE if past else Verdict.UNSUPPORTED, why, (), (past,) if past else (), (f"`{parts[-1]}` in code and configuration",))


def _checkable(sentence: Sentence, work: Work) -> bool:
    return not sentence.commentary and work.knows_every_file(sentence.place.source)


def _joined(name: str, work: Work) -> bool:
    """Whether a prefix is added to settings by the framework (pydantic's env_prefix, Vite, Spring): then the rest counts."""
    parts = name.split("_")
    return any(work.names("_".join(parts[i:])) for i in range(1, len(parts)) if len("_".join(parts[i:])) > 5) or work.names(name.lower())


def _resolve(path: str, sentence: Sentence, work: Work) -> Finding | None:
    source = sentence.place.source
    files = work.files(source)
    folder = dirname(sentence.place.path)
    for base in (folder, ""):
        full = normpath(f"{base}/{path}" if base else path)
        if full.startswith("../"):
            return None  # outside of what is read
        if full in files or full + "/" in files or full == ".":
            return None if not _is_code(path) else _there(path, full, source, work)
    if "/" not in path.strip("./"):
        same = [f for f in files if f.rsplit("/", 1)[-1].lower() == path.strip("./").lower()]
        if same:
            return None  # a bare name means the file wherever it lies
    elif any(f.lower().endswith("/" + path.strip("./").lower()) or f.lower() == path.strip("./").lower() for f in files):
        return None
    return _absent(path, path, sentence, work)


def _is_code(path: str) -> bool:
    return not re.search(r"\.(?:png|jpe?g|gif|svg|webp|pdf|md)$|/$", path, re.IGNORECASE)


def _there(text: str, full: str, source: str, work: Work) -> Finding | None:
    document = work.index.document(source, full)
    if document is None or not document.text.strip():
        return None
    return Finding(text, Verdict.SUPPORTED, "The file is there.", (Place(source, full, 1, min(2, document.text.count("\n") + 1)),))


def _absent(text: str, path: str, sentence: Sentence, work: Work) -> Finding:
    source, clean = sentence.place.source, normpath(path.strip().lstrip("/"))
    name = clean.rsplit("/", 1)[-1]
    elsewhere = sorted(f for f in work.files(source) if f.rsplit("/", 1)[-1] == name and work.index.document(source, f))
    searched = (f"{clean} among the {len(work.files(source))} files and folders of {source}",)
    near = difflib.get_close_matches(name, {f.rstrip("/").rsplit("/", 1)[-1] for f in work.files(source)}, n=1, cutoff=0.85)
    past = work.past.file(source, clean)
    if past is None and "/" in clean and len(elsewhere) == 1 and not _ANYWHERE.match(name):
        place = Place(source, elsewhere[0], 1, 1)
        return Finding(text, Verdict.CONTRADICTED, f"The file lies at `{elsewhere[0]}`.", (place,), (), searched, f"Name it `{elsewhere[0]}`.")
    if past is not None:
        return Finding(text, Verdict.STALE, "An earlier commit had this file; it was removed.", (), (past,), searched, "Drop the reference, or bring the file back.")
    return Finding(text, Verdict.UNSUPPORTED, "There is no such file or folder.", (), (), searched, f"The nearest name is `{near[0]}`." if near else None)


# --- commands -------------------------------------------------------------------------------------


def _command(command: str, sentence: Sentence, work: Work) -> Finding | None:
    words = command.split()
    while words and words[0] in {"poetry", "pipenv", "uv", "pdm", "hatch", "run", "sudo"}:
        words = words[1:]
    if not words:
        return None
    if words[0] in {"npm", "yarn", "pnpm"}:
        return _script(words, command, sentence, work)
    if words[0] == "make":
        return _target(words, command, sentence, work)
    return _files_of_command(words, command, sentence, work)


def _script(words: list[str], command: str, sentence: Sentence, work: Work) -> Finding | None:
    builtin = {"install", "ci", "i", "add", "init", "create", "global", "publish", "link", "audit", "exec", "dlx", "update", "login", "set", "config", "prune", "--version", "-v", "list", "ls", "outdated"}
    rest = [w for w in words[1:] if not w.startswith("-")]
    if rest[:1] == ["run"]:
        rest = rest[1:]
    elif words[0] == "npm" and rest[:1] not in (["test"], ["start"]):
        return None
    if not rest or rest[0] in builtin or not re.fullmatch(r"[\w:.-]+", rest[0]):
        return None
    manifests = [d for d in work.documents if d.name == "package.json" and d.source == sentence.place.source]
    for document in manifests:
        for setting in settings_of(document):
            if setting.path == f"scripts.{rest[0]}":
                return Finding(command, Verdict.SUPPORTED, "The script is defined.", (Place(document.source, document.path, setting.line, setting.line),))
    if not manifests or "workspaces" in manifests[0].text or (words[0] != "npm" and work.names(rest[0])):
        return None
    return _nowhere(command, f"`{rest[0]}` among the scripts of {len(manifests)} package.json", sentence, work, f'"{rest[0]}":')


def _target(words: list[str], command: str, sentence: Sentence, work: Work) -> Finding | None:
    targets = [w for w in words[1:] if re.fullmatch(r"[\w./-]+", w) and not w.startswith("-")]
    makefiles = [d for d in work.documents if d.name.lower() in {"makefile", "gnumakefile"} or d.path.endswith(".mk")]
    makefiles = [d for d in makefiles if d.source == sentence.place.source]
    if not targets or "-C" in words or "-f" in words:
        return None
    for document in makefiles:
        for number, line in enumerate(document.text.split("\n"), 1):
            head = re.match(r"^([\w./% -]+):(?!=)", line)
            if head and any(t == targets[0] or ("%" in t and re.fullmatch(t.replace("%", ".+"), targets[0])) for t in head.group(1).split()):
                return Finding(command, Verdict.SUPPORTED, "The target is defined.", (Place(document.source, document.path, number, number),))
    if any(re.search(r"^-?include |\$\(eval|^%", d.text, re.MULTILINE) for d in makefiles):
        return None
    if not any(f.rsplit("/", 1)[-1].lower() in {"makefile", "gnumakefile"} for f in work.files(sentence.place.source)) or makefiles:
        return _nowhere(command, f"target `{targets[0]}` in {len(makefiles)} Makefile(s)", sentence, work, f"{targets[0]}:")
    return None


def _files_of_command(words: list[str], command: str, sentence: Sentence, work: Work) -> Finding | None:
    first = words[0]
    wanted: list[str] = []
    if first in {"python", "python3", "bash", "sh", "source", "node", "Rscript", "streamlit"}:
        wanted = [w for w in words[1:] if re.search(r"\.(?:py|sh|js|mjs|ts|R|r)$", w)][:1]
    elif first.startswith("./") and (sentence.kind == "snippet" or re.search(r"\.\w+$", first)):
        wanted = [first]
    elif first in {"pip", "pip3"} and "-r" in words[:-1]:
        wanted = [words[words.index("-r") + 1]]
    elif first in {"uvicorn", "gunicorn"}:
        app = next((w for w in words[1:] if re.fullmatch(r"[\w.]+:\w+", w)), "")
        wanted = [app.split(":")[0].replace(".", "/") + ".py"] if app else []
    if not wanted or wanted[0].startswith("/") or _PRODUCED.search(wanted[0]) or "activate" in command or not work.knows_every_file(sentence.place.source):
        return None
    path = normpath(wanted[0].strip("\"'")).lstrip("/")
    files = work.files(sentence.place.source)
    near = sorted((f for f in files if f.rstrip("/") == path or f.rstrip("/").endswith("/" + path)), key=len)
    near = near or [f for f in files if path.endswith(".py") and (f == path[:-3] + "/" or f.endswith("/" + path[:-3] + "/"))]
    if near:
        document = work.index.document(sentence.place.source, near[0])
        if document is None or not document.text.strip():
            return None
        return Finding(command, Verdict.SUPPORTED, "The file is there.", (Place(document.source, document.path, 1, 1),))
    return _absent(command, path, sentence, work)


def _nowhere(command: str, searched: str, sentence: Sentence, work: Work, text: str) -> Finding:
    past = work.past.text(sentence.place.source, text)
    if past is not None:
        return Finding(command, Verdict.STALE, "An earlier commit defined it.", (), (past,), (searched,), "Drop the command, or bring it back.")
    return Finding(command, Verdict.UNSUPPORTED, "Nothing defines it.", (), (), (searched,))
