"""Turns what a candidate points at (a path, a URL, an archive, a proofolio.toml) into sources."""

from __future__ import annotations

import os
import re
from dataclasses import fields, replace
from pathlib import Path

from proofolio.core.errors import PortfolioError
from proofolio.core.records import Problem
from proofolio.settings import CONFIG_NAME, Settings, load_settings
from proofolio.sources.base import Source
from proofolio.sources.clone import clone, is_url
from proofolio.sources.command import GitError
from proofolio.sources.folder import FolderSource
from proofolio.sources.git import GitSource, find_checkout, looks_bare, not_readable

ANSWERS = "proofolio-answers"  # the folder of the candidate's own words


def open_source(spec: str, settings: Settings, name: str | None = None) -> Source:
    """Open a folder, a git repository (or a folder in one), a git URL, an archive or a single file.

    Raises PortfolioError where there is nothing to read: no such path, no permission, an empty folder,
    a URL that does not resolve.
    """
    source = _open(spec, settings, name)
    try:
        _check_not_empty(source)
    except PortfolioError:
        source.close()
        raise
    return source


def open_portfolio(spec: str, settings: Settings) -> tuple[Settings, list[Source]]:
    """Open everything that ``spec`` means, with unique names, and the settings that apply.

    ``spec`` is a source, a ``proofolio.toml`` (or a folder that holds one with ``sources``), or a folder
    of repositories: one source for each, and one for what lies beside them.
    """
    path = None if is_url(spec) else _existing(spec)
    if path is not None and (path.name == CONFIG_NAME or (path / CONFIG_NAME).is_file()):
        config = path if path.name == CONFIG_NAME else path / CONFIG_NAME
        applied = _over(load_settings(config), settings)
        if applied.sources:
            return applied, _unique([*(_opened(each, applied) for each in applied.sources), _own_words(config.parent, applied)])
        settings = applied
        path = config.parent
    if path is not None and path.is_dir() and not (path / ".git").exists():
        repositories = _repositories(path)
        if repositories:
            return settings, _unique(_children(path, repositories, settings))
    return settings, [open_source(str(path) if path else spec, settings)]


def _own_words(folder: Path, settings: Settings) -> list[Source]:
    """The candidate's own words beside a proofolio.toml, where none of its sources holds them already."""
    place = folder / ANSWERS
    held = any(not is_url(each) and place.resolve().is_relative_to(Path(each).expanduser().resolve()) for each in settings.sources)
    if held or not place.is_dir():
        return []
    source = _open(str(place), settings, None)
    if source.entries():
        return [source]
    source.close()
    return []


def _opened(spec: str, settings: Settings) -> list[Source]:
    return [open_source(spec, settings)]


def _children(root: Path, repositories: list[Path], settings: Settings) -> list[list[Source]]:
    """A source a repository and one for the rest; the folder's exclude patterns hold in each of them."""
    found: list[list[Source]] = [[_open(str(each), settings, None)] for each in repositories]
    rest = FolderSource(root, settings, _name_of(root), without=frozenset(each.name for each in repositories))
    if rest.entries():
        found.append([rest])
    if not any(source.entries() for group in found for source in group):
        raise _empty(str(root))
    return found


def _repositories(root: Path) -> list[Path]:
    try:
        return sorted(
            child
            for child in root.iterdir()
            if child.is_dir() and (child / ".git").exists() and not child.is_symlink()
        )
    except OSError as error:
        raise PortfolioError(
            f"{root} cannot be listed: {error.strerror}.", "Check its permissions."
        ) from error


def _over(base: Settings, given: Settings) -> Settings:
    """``base`` (file and environment) with what ``given`` sets: by environment, flag or caller."""
    default = Settings()
    changed = {
        f.name: getattr(given, f.name)
        for f in fields(Settings)
        if f.name in given.given or getattr(given, f.name) != getattr(default, f.name)
    }
    return replace(base, **changed)


def _open(spec: str, settings: Settings, name: str | None) -> Source:
    if is_url(spec):
        return _open_url(spec, settings, name)
    path = _existing(spec)
    name = name or _name_of(path)
    if path.is_file():
        from proofolio.sources.archive import ArchiveSource, is_archive  # a folder is opened without it

        return ArchiveSource(path, settings, name) if is_archive(path) else FolderSource(path, settings, name)
    if not path.is_dir():
        raise PortfolioError(
            f"{spec} is neither a folder nor a file.", "Give a folder, an archive or a git URL."
        )
    if not os.access(path, os.R_OK | os.X_OK):
        raise PortfolioError(f"{spec} cannot be listed: permission denied.", "Check its permissions.")
    return _open_folder(path, settings, name)


def _open_folder(path: Path, settings: Settings, name: str) -> Source:
    try:
        checkout = find_checkout(path)
        if checkout is not None and checkout.commit is not None:
            return GitSource(checkout, settings, name, str(path))
    except GitError as error:
        if looks_bare(path):  # there are no files to read instead
            raise not_readable(path, error) from error
        what = (
            f"git cannot read this repository ({error}), so the files are read as they lie, without history"
        )
        return _with_warning(FolderSource(path, settings, name), what)
    source = FolderSource(path, settings, name)
    if checkout is None:
        return source
    if checkout.bare:
        raise PortfolioError(
            f"{path} is a git repository without a commit.", "Commit something and try again."
        )
    return _with_warning(
        source, "the repository has no commit yet, so the files are read as they lie; commit to cite"
    )


def _open_url(url: str, settings: Settings, name: str | None) -> Source:
    folder, warning = clone(url, settings)
    try:
        checkout = find_checkout(folder)
        if checkout is None or checkout.commit is None:
            raise PortfolioError(
                "The repository behind this URL has no commit.", "Push something and try again."
            )
        plain = re.sub(r"\.git/?$", "", url.rstrip("/"))
        source = GitSource(checkout, settings, name or re.split(r"[/:]", plain)[-1], "")
    except GitError as error:
        raise PortfolioError(
            f"The clone of this repository in {folder} is damaged: {error}.",
            "Remove that folder and try again.",
        ) from error
    source.info = replace(source.info, location=source.info.remote or "")
    return _with_warning(source, warning) if warning else source


def _with_warning(source: FolderSource | GitSource, what: str) -> Source:
    source.problems.append(Problem(source.info.name, "", what, "warning"))
    return source


def _existing(spec: str) -> Path:
    if not spec.strip() or "\0" in spec:
        raise PortfolioError("The path is empty or no path.", "Give a folder, an archive or a git URL.")
    try:
        path = Path(os.path.normpath(Path(spec).expanduser().absolute()))
    except RuntimeError as error:
        raise PortfolioError(
            f"{spec} names the home of a user who does not exist.", "Give a full path."
        ) from error
    try:
        path.stat()
    except PermissionError as error:
        raise PortfolioError(
            f"{spec} cannot be read: permission denied.", "Check its permissions."
        ) from error
    except OSError as error:
        hint = "Check the spelling, or give an absolute path."
        if re.match(r"^[\w\-]+(\.[\w\-]+)+/\S+/\S+$", spec):
            hint = f"If it is a repository on the web, give https://{spec}."
        raise PortfolioError(f"{spec} does not exist.", hint) from error
    return path


def _name_of(path: Path) -> str:
    name = path.name
    if path.is_file():
        from proofolio.sources.archive import ARCHIVE_ENDINGS

        ending = next(
            (e for e in sorted(ARCHIVE_ENDINGS, key=len, reverse=True) if name.lower().endswith(e)), ""
        )
        name = name[: -len(ending)] if ending else path.stem
    elif name.endswith(".git"):
        name = name[:-4] or path.parent.name
    return name or "portfolio"


def _check_not_empty(source: Source) -> None:
    if not source.entries():
        raise _empty(source.info.location, source.problems)


def _empty(location: str, problems: list[Problem] | None = None) -> PortfolioError:
    why = f" ({problems[0].path}: {problems[0].what})" if problems else ""
    return PortfolioError(
        f"{location} holds nothing to read{why}.", "Point at a folder with code, notebooks, SQL or documents."
    )


def _unique(groups: list[list[Source]]) -> list[Source]:
    """The sources with names made unique: ``shop``, ``shop-2``."""
    sources = [source for group in groups for source in group]
    taken: set[str] = set()
    for source in sources:
        name, number = source.info.name, 1
        while name in taken:
            number += 1
            name = f"{source.info.name}-{number}"
        taken.add(name)
        if name != source.info.name:
            source.problems[:] = [replace(p, source=name) for p in source.problems]
            source.info = replace(source.info, name=name)
    return sources
