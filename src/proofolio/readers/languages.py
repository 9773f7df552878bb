"""Tells what a file is from its name, as data: document kind and language by name, ending and shebang."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from proofolio.core.records import DocumentKind

_CODE, _CONFIG, _PROSE = DocumentKind.CODE, DocumentKind.CONFIG, DocumentKind.PROSE

# fmt: off
# language: the endings that mean it
_CODE_ENDINGS: dict[str, tuple[str, ...]] = {
    "python": (".py", ".pyi", ".pyw", ".pyx", ".pxd", ".star", ".bzl"),
    "r": (".r", ".rmd", ".qmd", ".rprofile"),
    "javascript": (".js", ".mjs", ".cjs", ".es6"),
    "jsx": (".jsx",),
    "typescript": (".ts", ".mts", ".cts"),
    "tsx": (".tsx",),
    "vue": (".vue",),
    "svelte": (".svelte",),
    "astro": (".astro",),
    "go": (".go",),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "scala": (".scala", ".sc", ".sbt"),
    "groovy": (".groovy", ".gradle"),
    "rust": (".rs",),
    "c": (".c", ".h"),
    "cpp": (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".ino", ".cu", ".cuh"),
    "csharp": (".cs", ".csx", ".razor", ".cshtml"),
    "fsharp": (".fs", ".fsx"),
    "php": (".php", ".phtml"),
    "ruby": (".rb", ".rake", ".gemspec", ".ru"),
    "swift": (".swift",),
    "dart": (".dart",),
    "elixir": (".ex", ".exs"),
    "erlang": (".erl", ".hrl"),
    "haskell": (".hs",),
    "ocaml": (".ml", ".mli"),
    "clojure": (".clj", ".cljs", ".cljc"),
    "lua": (".lua",),
    "perl": (".pl", ".pm"),
    "julia": (".jl",),
    "matlab": (".m",),
    "sas": (".sas",),
    "stata": (".do", ".ado"),
    "solidity": (".sol",),
    "zig": (".zig",),
    "shell": (".sh", ".bash", ".zsh", ".ksh", ".fish", ".bats"),
    "powershell": (".ps1", ".psm1", ".psd1"),
    "batch": (".bat", ".cmd"),
    "css": (".css", ".scss", ".sass", ".less"),
    "html": (".html", ".htm", ".xhtml", ".hbs", ".ejs", ".jinja", ".jinja2", ".j2", ".twig", ".erb"),
    "graphql": (".graphql", ".gql"),
    "protobuf": (".proto",),
    "thrift": (".thrift",),
    "avro": (".avsc", ".avdl"),
    "rego": (".rego",),
    "cypher": (".cypher", ".cql"),
    "dax": (".dax",),
    "lookml": (".lkml", ".lookml"),
    "stan": (".stan",),
    "text": (".vb", ".vbs", ".vba", ".bas", ".pas", ".f90", ".f", ".asm", ".s", ".v", ".sv", ".vhd", ".tcl",
             ".awk", ".cob", ".abap", ".nix", ".cmake"),
}
_CONFIG_ENDINGS: dict[str, tuple[str, ...]] = {
    "yaml": (".yaml", ".yml", ".dvc"),
    "toml": (".toml",),
    "ini": (".ini", ".cfg", ".editorconfig", ".service", ".timer", ".socket", ".desktop", ".flake8", ".pylintrc"),
    "properties": (".properties",),
    "env": (".env",),
    "json": (".json", ".jsonc", ".json5", ".webmanifest", ".geojson", ".har"),
    "jsonl": (".jsonl", ".ndjson"),
    "xml": (".xml", ".csproj", ".fsproj", ".vbproj", ".props", ".targets", ".plist", ".xsd", ".xsl", ".config",
            ".pom", ".kml", ".drawio"),
    "hcl": (".tf", ".hcl", ".tfvars", ".nomad"),
    "bicep": (".bicep",),
    "nginx": (".nginx",),
    "text": (".conf", ".cnf", ".cron", ".crontab", ".rules", ".tmpl", ".tpl", ".sln"),
    "prisma": (".prisma",),
    "csv": (".csv",),
    "tsv": (".tsv", ".tab", ".psv"),
}
_PROSE_ENDINGS: dict[str, tuple[str, ...]] = {
    "markdown": (".md", ".markdown", ".mdx", ".mkd"),
    "rst": (".rst",),
    "text": (".txt", ".adoc", ".asciidoc", ".org", ".tex", ".textile", ".log"),
    "mermaid": (".mmd", ".mermaid"),
    "plantuml": (".puml", ".plantuml"),
    "pdf": (".pdf",),
    "docx": (".docx",),
}
IMAGE_TYPES: dict[str, str] = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".svg": "image/svg+xml", ".webp": "image/webp",
}

_BY_ENDING: dict[str, tuple[DocumentKind, str]] = {
    ending: (kind, language)
    for kind, table in ((_CODE, _CODE_ENDINGS), (_CONFIG, _CONFIG_ENDINGS), (_PROSE, _PROSE_ENDINGS))
    for language, endings in table.items()
    for ending in endings
} | {
    ".sql": (DocumentKind.SQL, "sql"),
    ".ddl": (DocumentKind.SQL, "sql"),
    ".dml": (DocumentKind.SQL, "sql"),
    ".hql": (DocumentKind.SQL, "sql"),
    ".psql": (DocumentKind.SQL, "sql"),
    ".pgsql": (DocumentKind.SQL, "sql"),
    ".plsql": (DocumentKind.SQL, "sql"),
    ".ipynb": (DocumentKind.NOTEBOOK, "python"),
} | {ending: (DocumentKind.IMAGE, ending[1:]) for ending in IMAGE_TYPES}

# Lower-case names and patterns, first match wins: they are more telling than an ending.
_BY_NAME: tuple[tuple[str, DocumentKind, str], ...] = (
    ("dockerfile", _CONFIG, "dockerfile"),
    ("dockerfile.*", _CONFIG, "dockerfile"),
    ("*.dockerfile", _CONFIG, "dockerfile"),
    ("containerfile", _CONFIG, "dockerfile"),
    ("makefile", _CONFIG, "makefile"),
    ("makefile.*", _CONFIG, "makefile"),
    ("gnumakefile", _CONFIG, "makefile"),
    ("*.mk", _CONFIG, "makefile"),
    ("justfile", _CONFIG, "makefile"),
    ("jenkinsfile*", _CODE, "groovy"),
    ("vagrantfile", _CODE, "ruby"),
    ("rakefile", _CODE, "ruby"),
    ("gemfile", _CONFIG, "ruby"),
    ("brewfile", _CONFIG, "ruby"),
    ("podfile", _CONFIG, "ruby"),
    ("fastfile", _CODE, "ruby"),
    ("tiltfile", _CODE, "python"),
    ("snakefile", _CODE, "python"),
    ("*.smk", _CODE, "python"),
    ("cmakelists.txt", _CONFIG, "cmake"),
    ("procfile*", _CONFIG, "yaml"),
    ("pipfile", _CONFIG, "toml"),
    ("cargo.toml", _CONFIG, "toml"),
    ("go.mod", _CONFIG, "gomod"),
    ("go.work", _CONFIG, "gomod"),
    ("caddyfile*", _CONFIG, "text"),
    ("nginx*.conf*", _CONFIG, "nginx"),
    ("requirements*.txt", _CONFIG, "requirements"),
    ("*requirements.txt", _CONFIG, "requirements"),
    ("requirements*.in", _CONFIG, "requirements"),
    ("constraints*.txt", _CONFIG, "requirements"),
    ("runtime.txt", _CONFIG, "text"),
    ("packages.txt", _CONFIG, "text"),
    ("robots.txt", _CONFIG, "text"),
    ("crontab*", _CONFIG, "text"),
    (".env", _CONFIG, "env"),
    (".env.*", _CONFIG, "env"),
    ("*.env.*", _CONFIG, "env"),
    ("env.example", _CONFIG, "env"),
    (".flaskenv", _CONFIG, "env"),
    (".coveragerc", _CONFIG, "ini"),
    (".pylintrc", _CONFIG, "ini"),
    (".flake8", _CONFIG, "ini"),
    (".npmrc", _CONFIG, "properties"),
    (".sqlfluff", _CONFIG, "ini"),
    (".gitconfig", _CONFIG, "ini"),
    (".gitmodules", _CONFIG, "ini"),
    (".editorconfig", _CONFIG, "ini"),
    (".eslintrc", _CONFIG, "json"),
    (".prettierrc", _CONFIG, "json"),
    (".babelrc", _CONFIG, "json"),
    (".clang-*", _CONFIG, "yaml"),
    (".yamllint", _CONFIG, "yaml"),
    (".*ignore", _CONFIG, "text"),
    (".gitattributes", _CONFIG, "text"),
    ("codeowners", _CONFIG, "text"),
    (".*rc", _CONFIG, "text"),
    (".*-version", _CONFIG, "text"),
    (".tool-versions", _CONFIG, "text"),
    ("description", _CONFIG, "properties"),
    ("namespace", _CONFIG, "text"),
    ("license*", _PROSE, "text"),
    ("licence*", _PROSE, "text"),
    ("copying*", _PROSE, "text"),
    ("notice*", _PROSE, "text"),
    ("authors", _PROSE, "text"),
    ("contributors", _PROSE, "text"),
    ("changelog", _PROSE, "text"),
    ("readme", _PROSE, "text"),
    ("todo", _PROSE, "text"),
)
_EXACT = {name: (kind, language) for name, kind, language in _BY_NAME if not set(name) & set("*?[")}
_PATTERNS = tuple(each for each in _BY_NAME if set(each[0]) & set("*?["))

_SHEBANG = re.compile(r"^#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?P<name>[a-zA-Z]+)")
_BY_SHEBANG = {
    "python": "python", "bash": "shell", "sh": "shell", "zsh": "shell", "ksh": "shell", "dash": "shell",
    "node": "javascript", "deno": "typescript", "ruby": "ruby", "perl": "perl", "rscript": "r", "php": "php",
    "make": "makefile", "fish": "shell", "julia": "julia", "pwsh": "powershell",
}
# An ending that says only what the file is before it is filled in: "compose.yml.j2", "app.env.example".
_SAMPLE_ENDINGS = (".example", ".sample", ".dist", ".template", ".tpl", ".tmpl", ".j2", ".jinja", ".jinja2", ".in",
                   ".bak", ".old", ".orig", ".disabled", ".backup", ".save")

_LOCKS = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "bun.lock", "deno.lock",
    "poetry.lock", "pipfile.lock", "uv.lock", "pdm.lock", "pixi.lock", "conda-lock.yml", "requirements.lock",
    "cargo.lock", "go.sum", "go.work.sum", "gemfile.lock", "composer.lock", "mix.lock", "pubspec.lock",
    "podfile.lock", "packages.lock.json", "flake.lock", ".terraform.lock.hcl", "renv.lock", "package-lock.yml",
    "gradle.lockfile", "chart.lock", "packrat.lock", "project.assets.json", "dvc.lock", "manifest.toml",
})

# fmt: on


def is_lock(path: str) -> bool:
    """Whether a file records resolved versions: read for those, never searched or cut into passages."""
    return path.rsplit("/", 1)[-1].lower() in _LOCKS


def classify(path: str) -> tuple[DocumentKind, str] | None:
    """Kind and language by name, or None where only the content can tell."""
    name = path.rsplit("/", 1)[-1].lower()
    if name in _EXACT:
        return _EXACT[name]
    known = _by_ending(name)
    for pattern, kind, language in _PATTERNS:
        if fnmatchcase(name, pattern) and (kind is not _PROSE or known is None):
            return kind, language
    if known is None or name.endswith((".j2", ".jinja", ".jinja2", ".tpl", ".tmpl", ".in")):
        for ending in _SAMPLE_ENDINGS:
            if name.endswith(ending) and len(name) > len(ending):
                inner = classify(path[: -len(ending)])
                return inner or known
    if known is None and (name.endswith("ignore") or "/cron.d/" in f"/{path}"):
        return _CONFIG, "text"
    return known


def _by_ending(name: str) -> tuple[DocumentKind, str] | None:
    dot = name.rfind(".")
    return _BY_ENDING.get(name[dot:]) if dot >= 0 else None


def by_shebang(first_line: str) -> str | None:
    """The language of a script that says what runs it."""
    match = _SHEBANG.match(first_line)
    if match is None:
        return None
    name = match["name"].lower()
    return _BY_SHEBANG.get(name) or ("python" if name.startswith("python") else None)
