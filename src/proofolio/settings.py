"""One typed Settings: defaults, then ``proofolio.toml``, then the environment, then flags."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from proofolio.core.errors import UsageError

CONFIG_NAME = "proofolio.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sizes are bytes; ``sources`` are paths or URLs."""

    sources: tuple[str, ...] = ()
    candidate: str = ""
    emails: tuple[str, ...] = ()
    voice: str = "first"  # "first" | "third"
    exclude: tuple[str, ...] = ()
    cache: str = ""
    max_file_bytes: int = 5_000_000
    max_archive_bytes: int = 500_000_000
    max_files: int = 50_000
    encoder: str = "static"  # "static" | "none" | an entry point's name
    given: frozenset[str] = frozenset()  # names that the environment or a flag set: those win over a file

    def cache_dir(self) -> Path:
        """Where dossiers live: outside the candidate's folders unless told otherwise."""
        if self.cache:
            return Path(self.cache)
        import platformdirs

        return Path(platformdirs.user_cache_dir("proofolio"))


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings that apply; relative sources are resolved against the file's folder.

    Raises UsageError where the file is not valid TOML, has an unknown key or a wrong type.
    """
    settings = Settings()
    if config is not None:
        settings = _merge(settings, _from_file(config), str(config))
    environment = {
        f.name: os.environ[key]
        for f in fields(Settings)
        if f.name != "given" and (key := f"PROOFOLIO_{f.name.upper()}") in os.environ
    }
    settings = _merge(settings, environment, "the environment")
    flags = {k: v for k, v in flags.items() if v is not None}
    return replace(_merge(settings, flags, "the command line"), given=frozenset(environment) | frozenset(flags))


def _from_file(config: Path) -> dict[str, Any]:
    import tomllib

    try:
        data = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{config} cannot be read: {error}.", "Run `proofolio init` for a valid one.") from error
    sources = data.get("sources")
    if isinstance(sources, list):
        base = config.parent
        data["sources"] = [_resolved(s, base) for s in sources]
    return data


def _resolved(source: object, base: Path) -> object:
    """A path relative to ``base``; a URL as it is, and what is no text for the check of types to find."""
    return source if not isinstance(source, str) or _is_url(source) else str((base / source).resolve())


def _is_url(text: str) -> bool:
    return "://" in text or text.startswith("git@")


def _merge(settings: Settings, values: dict[str, Any], origin: str) -> Settings:
    known = [f.name for f in fields(Settings) if f.name != "given"]
    changed: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise UsageError(f"{origin}: unknown setting {key!r}.", f"Known: {', '.join(known)}.")
        changed[key] = _coerce(key, value, getattr(settings, key), origin)
    merged = replace(settings, **changed)
    if merged.voice not in {"first", "third"}:
        raise UsageError(f"{origin}: voice is {merged.voice!r}.", 'Use "first" or "third".')
    return merged


def _coerce(key: str, value: Any, current: Any, origin: str) -> Any:
    if isinstance(current, tuple):
        items = value.split(",") if isinstance(value, str) else value
        if isinstance(items, (list, tuple)) and all(isinstance(i, str) for i in items):
            return tuple(i.strip() for i in items if i.strip())
    elif isinstance(current, int):
        try:
            return int(value)
        except (TypeError, ValueError):
            pass
    elif isinstance(value, str):
        return value
    raise UsageError(f"{origin}: setting {key!r} has the wrong type ({type(value).__name__}).", f"Give {type(current).__name__}.")
