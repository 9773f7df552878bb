"""Brings a repository that a URL names onto this machine, once, and refreshes it when asked again."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from proofolio.core.errors import PortfolioError
from proofolio.settings import Settings
from proofolio.sources import command as git
from proofolio.sources.git import without_credentials

_SCP_LIKE = re.compile(r"^[\w.\-]+@[\w.\-]+:(?!//)\S+$")
_SCHEMES = frozenset({"https", "ssh", "file", "git"})


def is_url(spec: str) -> bool:
    """Whether ``spec`` names a repository elsewhere: ``https://...``, ``git@host:path``."""
    return "://" in spec or bool(_SCP_LIKE.match(spec))


def clone(url: str, settings: Settings) -> tuple[Path, str]:
    """A bare clone of ``url`` under the cache folder, and a warning ("" if it is fresh).

    Raises PortfolioError with git's last line where the URL does not resolve.
    """
    _check_scheme(url)
    shown = without_credentials(url)
    folder = settings.cache_dir() / "clones" / _slug(shown)
    try:
        if folder.is_dir():
            return folder, _refresh(folder, url, shown)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".cloning-") as temporary:
            fresh = Path(temporary) / "clone"
            git.run(
                None,
                "clone",
                "--bare",
                "--quiet",
                "--no-recurse-submodules",
                "--template=",
                "--",
                url,
                str(fresh),
                network=True,
                timeout=git.CLONE_TIMEOUT_S,
            )
            # The URL as given may hold a password: it is not kept on disk.
            git.run(fresh, "config", "remote.origin.url", shown)
            shutil.move(fresh, folder)
    except git.GitError as error:
        message = str(error).replace(url, shown)
        message = re.sub(r"(\w+://)[^/@\s']+@", r"\1", message).rstrip(".")
        raise PortfolioError(
            f"{shown} cannot be cloned: {message}.",
            "Check the address and that you may read it; a private repository needs git credentials, or give a folder.",
        ) from None
    except OSError as error:
        raise PortfolioError(
            f"{folder.parent} cannot hold the clone of {shown}: {error.strerror}.",
            "Set cache to a folder of yours.",
        ) from error
    return folder, ""


def _refresh(folder: Path, url: str, shown: str) -> str:
    """Fetch every branch; a clone that cannot be refreshed is still read, with a warning."""
    try:
        git.run(
            folder,
            "fetch",
            "--quiet",
            "--prune",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--force",
            "--",
            url,
            "+refs/heads/*:refs/heads/*",
            network=True,
            timeout=git.CLONE_TIMEOUT_S,
        )
        head = git.run(None, "ls-remote", "--symref", "--", url, "HEAD", network=True).decode(
            "utf-8", "replace"
        )
        branch = re.match(r"ref: (refs/heads/\S+)\tHEAD", head)
        if branch:
            git.run(folder, "symbolic-ref", "HEAD", branch.group(1))
    except git.GitError:
        return f"{shown} could not be reached, so the copy cloned earlier is read"
    return ""


def _check_scheme(url: str) -> None:
    scheme = urlsplit(url).scheme.lower() if "://" in url else "ssh"
    if scheme not in _SCHEMES:
        raise PortfolioError(
            f"{without_credentials(url)} has the scheme {scheme!r}, which is not cloned.",
            f"Use one of {', '.join(sorted(_SCHEMES))}, or clone it yourself and give the folder.",
        )


def _slug(shown: str) -> str:
    words = re.sub(r"[^\w.\-]+", "-", shown.partition("://")[2] or shown).strip("-.")[-80:]
    return f"{words}-{hashlib.sha256(shown.encode()).hexdigest()[:8]}.git"
