"""What a user may choose for the console: options of the command line over a file in the config folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from twin_tui.errors import ConfigError, did_you_mean

FILE = "console.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the console behaves."""

    hz: float = 4.0
    glyphs: str = "auto"
    theme: str = "textual-dark"
    read_only: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding ids and the keys for them, such as {"inject": "ctrl+n"}."""

    def with_options(self, **options: Any) -> "Settings":
        """Return these settings with the options that were given; raise ConfigError for bad ones."""
        return _checked(
            replace(self, **{key: given for key, given in options.items() if given is not None}), ""
        )


def settings_path() -> Path:
    """Return where the user's file is looked for."""
    return user_config_path("twin-tui") / FILE


def load(path: Path | None = None) -> Settings:
    """Return the user's settings, or the defaults where there is no file; raise ConfigError for a bad one."""
    place = path or settings_path()
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: cannot be read: {error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: {error}") from None
    known = [item.name for item in fields(Settings)]
    for key in data:
        if key not in known:
            raise ConfigError(f"{place}: unknown key {key!r}{did_you_mean(key, known)}")
    return _checked(Settings(**data), f"{place}: ")


def _checked(settings: Settings, place: str) -> Settings:
    hz = settings.hz
    if isinstance(hz, bool) or not isinstance(hz, int | float) or not 0.1 <= hz <= 30:
        raise ConfigError(f"{place}hz: expected 0.1 to 30 frames a second, not {hz!r}")
    if settings.glyphs not in ("auto", "unicode", "vt", "ascii"):
        hint = did_you_mean(str(settings.glyphs), ("auto", "unicode", "vt", "ascii"))
        raise ConfigError(f"{place}glyphs: unknown {settings.glyphs!r}{hint}")
    if not isinstance(settings.theme, str):
        raise ConfigError(f"{place}theme: expected a name, not {settings.theme!r}")
    if not isinstance(settings.read_only, bool):
        raise ConfigError(f"{place}read_only: expected true or false, not {settings.read_only!r}")
    if not isinstance(settings.keys, Mapping) or not all(
        isinstance(key, str) for key in settings.keys.values()
    ):
        raise ConfigError(f"{place}keys: expected names of actions and their keys")
    return settings
