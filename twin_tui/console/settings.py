"""What a user may choose for the console: options of the command line over a file in the config folder."""

import json
from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_config_path
from pydantic import Field
from textual.theme import BUILTIN_THEMES

from twin_tui.console.keys import Keys
from twin_tui.documents.loader import Document, open_toml
from twin_tui.documents.model import Complaints, Model, empty_dict, join
from twin_tui.documents.values import Accepts, Switch, choice, number
from twin_tui.errors import ConfigError, TwinError, named, shown
from twin_tui.widgets.themes import THEMES

FILE = "console.toml"
MOST_MISTAKES = 20
"""Of one file that are listed; the rest of the file is not read."""


def _to_keys(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise ValueError(f"expected names of actions and their keys, found {shown(found)}")
    for pressed in found.values():
        if not isinstance(pressed, str):
            raise ValueError(f"expected a key such as 'x' or 'ctrl+n,f5', found {shown(pressed)}")
    Keys(found)
    return found


class Choices(Model):
    """What console.toml may contain."""

    hz: Annotated[float, number(0.1, 30, unit="frames a second")] = 4.0
    glyphs: Annotated[str, choice("auto", "unicode", "vt", "ascii")] = "auto"
    theme: Annotated[str, choice("auto", *THEMES, *BUILTIN_THEMES)] = "auto"
    read_only: Switch = False
    tour: Switch | None = None
    """Whether to begin with the tour: yes, no, or on the first run."""
    keys: Annotated[dict[str, str], Accepts(_to_keys, {"type": "object"})] = Field(default_factory=empty_dict)
    """Binding ids and the keys for them, such as {"inject": "ctrl+n"}."""


class Settings(Choices):
    """How the console behaves."""

    mistakes: tuple[str, ...] = ()
    """What is wrong in the user's file, and what is used instead."""

    def with_options(self, **options: Any) -> "Settings":
        """Return these settings with the options that were given; raise ConfigError for bad ones."""
        chosen = self.model_dump() | {key: option for key, option in options.items() if option is not None}
        return Complaints(Document(chosen, "")).required(Settings, chosen)


def settings_path() -> Path:
    """Return where the user's file is looked for."""
    return user_config_path("twin-tui") / FILE


def load(path: Path | None = None) -> Settings:
    """Return the user's settings; for each mistake in the file a message, and the default."""
    try:
        place = path or settings_path()
        place.stat()
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # the last for a user without a home
        return Settings()
    except OSError:
        pass  # reading it says what is wrong
    try:
        document = open_toml(place)
    except ConfigError as error:
        return Settings(mistakes=(f"{error}; the default settings are used",))
    found = _Found(document)
    for key, value in document.data.items():
        found.take(key, value)
        if len(found.mistakes) > MOST_MISTAKES:
            found.mistakes[MOST_MISTAKES:] = [
                f"{document.name}: more than {MOST_MISTAKES} mistakes; the rest of the file is not read"
            ]
            break
    return Settings(**found.settings, keys=found.keys, mistakes=tuple(found.mistakes))


class _Found:
    """What is right in a file, and what is not."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.settings: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.mistakes: list[str] = []

    def take(self, key: str, value: Any) -> None:
        """Take one key of the file, of the table of keys each entry."""
        if key == "keys" and isinstance(value, dict):
            for action, pressed in value.items():
                if len(self.mistakes) <= MOST_MISTAKES:
                    self._take_binding(action, pressed)
            return
        complaints = Complaints(self._document)
        found = complaints.checked(Choices, {key: value})
        if found is not None:
            self.settings[key] = getattr(found, key)
        self._note(complaints, _default_used(key))

    def _take_binding(self, action: str, pressed: Any) -> None:
        complaints = Complaints(self._document)
        try:
            self.keys = _to_keys({**self.keys, action: pressed})
        except (TwinError, ValueError) as error:
            usual = Keys(self.keys).get(action)
            complaints.add(join("keys", action), str(error))
            self._note(complaints, f"{action} keeps {usual}" if usual else "it is ignored")

    def _note(self, complaints: Complaints, instead: str) -> None:
        self.mistakes += (f"{line}; {instead}" for line in complaints.lines)


def _default_used(key: str) -> str:
    field = Choices.model_fields.get(key)
    if field is None:
        return f"{named(key)} is ignored"
    default = field.get_default(call_default_factory=True, validated_data={})
    return f"the default{f' {json.dumps(default)}' if default not in (None, {}) else ''} is used"
