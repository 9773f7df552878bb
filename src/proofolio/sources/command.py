"""Runs git so that nothing of an untrusted repository is executed: no hook, filter, monitor, pager or fetch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from proofolio.core.errors import PortfolioError

TIMEOUT_S = 120
CLONE_TIMEOUT_S = 1800
PROTOCOLS = "https:ssh:file:git"
# fmt: off
_SAFE = (
    "core.fsmonitor=", "core.hooksPath=" + os.devnull, "safe.directory=*", "core.quotePath=off", "core.pager=cat",
    "log.showSignature=false", "diff.external=", "core.alternateRefsCommand=", "uploadpack.packObjectsHook=",
    "protocol.ext.allow=never", "submodule.recurse=false", "fetch.recurseSubmodules=false", "gc.auto=0",
    "maintenance.auto=false", "advice.detachedHead=false", "core.attributesFile=" + os.devnull,
    "blame.ignoreRevsFile=",
)
# Set by git itself where Proofolio is run from a hook: they would point every command at that repository.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_PREFIX",
            "GIT_COMMON_DIR", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS",
            "GIT_CONFIG_COUNT", "GIT_EXTERNAL_DIFF", "GIT_REPLACE_REF_BASE")
# fmt: on


class GitError(Exception):
    """A git command failed; ``str()`` is git's last line."""


def environment(network: bool = False) -> dict[str, str]:
    """The environment for git: never asks, never fetches on its own, ignores the machine's own settings.

    With ``network`` (clone and fetch) the user's own git settings count, since credentials live there.
    """
    env = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    env.update(
        GIT_TERMINAL_PROMPT="0", GIT_CONFIG_NOSYSTEM="1", GIT_OPTIONAL_LOCKS="0", LC_ALL="C", LANGUAGE="C"
    )
    env.update(GIT_NO_REPLACE_OBJECTS="1", GIT_NO_LAZY_FETCH="1", GIT_LFS_SKIP_SMUDGE="1", GIT_PAGER="cat")
    if network:
        env["GIT_ALLOW_PROTOCOL"] = PROTOCOLS
        env.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        env["GIT_ASKPASS"] = env["SSH_ASKPASS"] = ""
    else:
        env["GIT_ALLOW_PROTOCOL"] = "none"
        env["GIT_CONFIG_GLOBAL"] = os.devnull
    return env


def command(place: Path | None, *arguments: str) -> list[str]:
    """The full command line for git in ``place``."""
    words = ["git", "--no-pager", "--literal-pathspecs"]
    if place is not None:
        words += ["-C", str(place)]
    for setting in _SAFE:
        words += ["-c", setting]
    return [*words, *arguments]


def run(place: Path | None, *arguments: str, network: bool = False, timeout: float = TIMEOUT_S) -> bytes:
    """What git prints. Raises GitError with git's last line, PortfolioError where git is not installed."""
    try:
        done = subprocess.run(
            command(place, *arguments),
            env=environment(network),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise missing_git() from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git took longer than {timeout:.0f} s") from error
    if done.returncode != 0:
        raise GitError(last_line(done.stderr) or f"git ended with status {done.returncode}")
    return done.stdout


def text(place: Path | None, *arguments: str) -> str:
    """What git prints, as text without its last line end."""
    return run(place, *arguments).decode("utf-8", "replace").rstrip("\n")


def missing_git() -> PortfolioError:
    """The error for a machine without git."""
    return PortfolioError(
        "git is not installed, and this source is a git repository.", "Install git and try again."
    )


def last_line(stderr: bytes) -> str:
    """The line of git's messages that says what went wrong."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))]
    return (telling or lines or [""])[-1]


def without_filters(place: Path) -> list[str]:
    """Options that switch off each content filter that the repository's settings name.

    ``git status`` runs a clean filter on a file whose time stamp changed, which is a program of the
    repository's choosing.
    """
    try:
        names = run(place, "config", "--name-only", "-z", "--get-regexp", r"^filter\.").decode(
            "utf-8", "replace"
        )
    except GitError:  # no such setting
        return []
    options: list[str] = []
    for driver in sorted(
        {name[len("filter.") :].rsplit(".", 1)[0] for name in names.split("\0") if "." in name}
    ):
        for key, value in (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")):
            options += ["-c", f"filter.{driver}.{key}={value}"]
    return options


def run_status(place: Path, *pathspec: str) -> bytes:
    """``git status`` (porcelain, NUL-separated) without running any filter of the repository."""
    options = without_filters(place)
    return run(
        place,
        *options,
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=all",
        "--no-renames",
        "--",
        *pathspec,
    )
