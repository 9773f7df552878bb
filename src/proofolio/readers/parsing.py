"""Parses code once for everybody who looks at it, and never for longer than a file is worth."""

from __future__ import annotations

import atexit
import json
import struct
import subprocess
import sys
import threading
from typing import IO

from ast_grep_py import SgNode, SgRoot

MAX_CHARACTERS = 2_000_000  # a longer source file was generated
LIMIT_S = 5.0

# Our language: ast-grep's grammar. A grammar that ast-grep lacks is a panic there and not an
# exception, so nothing outside this table is ever asked for.
GRAMMARS: dict[str, str] = {
    "python": "python", "javascript": "javascript", "jsx": "tsx", "typescript": "typescript", "tsx": "tsx",
    "go": "go", "java": "java", "kotlin": "kotlin", "scala": "scala", "rust": "rust", "c": "c", "cpp": "cpp",
    "csharp": "csharp", "php": "php", "ruby": "ruby", "shell": "bash", "hcl": "hcl", "yaml": "yaml",
}  # fmt: skip

# Grammars in which broken code never took over a second (23,000 randomly damaged files). In others 14
# broken lines can take minutes (TypeScript: arrow functions in conditional expressions after an
# unclosed bracket), inside native code that holds the interpreter and that nothing can interrupt.
# So those are tried in another process first, which can be ended.
_PLAIN = frozenset({"python", "hcl", "bash"})

_WORKER = """
import json, struct, sys
sys.path[:] = json.loads(sys.argv[1])
from ast_grep_py import SgRoot
while len(head := sys.stdin.buffer.read(8)) == 8:
    name, text = (sys.stdin.buffer.read(size).decode("utf-8") for size in struct.unpack("<II", head))
    SgRoot(text, name).root()
    sys.stdout.buffer.write(b"1")
    sys.stdout.buffer.flush()
"""


class _Trial:
    """A process that parses first; it is ended, and made anew, where a text takes too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ends(self, text: str, grammar: str, limit: float) -> bool:
        """Whether ``text`` is parsed within ``limit`` seconds."""
        with self._lock:
            process = self._process or self._started()
            if process is None:
                return False
            assert process.stdin is not None and process.stdout is not None
            watchdog = threading.Timer(limit, process.kill)
            watchdog.start()
            try:
                ended = _asked(
                    process.stdin, process.stdout, grammar.encode(), text.encode("utf-8", "replace")
                )
            finally:
                watchdog.cancel()
            if not ended:
                self._stop()
            return ended

    def _started(self) -> subprocess.Popen[bytes] | None:
        if not sys.executable:  # an embedded interpreter cannot be started a second time
            return None
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _WORKER, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # no process can be started: such code is cut without being parsed
            return None
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()


def _asked(stdin: IO[bytes], stdout: IO[bytes], name: bytes, text: bytes) -> bool:
    try:
        stdin.write(struct.pack("<II", len(name), len(text)) + name + text)
        stdin.flush()
    except OSError:  # it was ended while it was written to
        return False
    return stdout.read(1) == b"1"


_TRIAL = _Trial()
atexit.register(_TRIAL.close)


class _Last(threading.local):
    """The last tree: it belongs to the thread that made it."""

    text: str | None = None
    grammar: str = ""
    root: SgNode | None = None


_LAST = _Last()


def parse(text: str, language: str) -> SgNode | None:
    """The root of the syntax tree, or None where there is no grammar or parsing would take too long.

    The last tree is kept, so that whoever asks next about the same text does not parse again.
    """
    grammar = GRAMMARS.get(language)
    if grammar is None or len(text) > MAX_CHARACTERS:
        return None
    if _LAST.text == text and _LAST.grammar == grammar:
        return _LAST.root
    root = None
    limit = LIMIT_S * (1 + len(text) / 500_000)
    if grammar in _PLAIN or _TRIAL.ends(text, grammar, limit):
        root = SgRoot(text, grammar).root()
    _LAST.text, _LAST.grammar, _LAST.root = text, grammar, root
    return root
