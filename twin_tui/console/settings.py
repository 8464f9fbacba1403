"""What a user may choose for the console: options of the command line over a file in the config folder."""

from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_config_path
from pydantic import Field
from textual.theme import BUILTIN_THEMES

from twin_tui.console.keys import Keys
from twin_tui.documents.loader import Document, open_toml
from twin_tui.documents.model import Complaints, Model
from twin_tui.documents.values import Accepts, Switch, choice, number
from twin_tui.errors import shown
from twin_tui.widgets.themes import THEMES

FILE = "console.toml"


def _to_keys(found: Any) -> dict[str, str]:
    if not (
        isinstance(found, dict) and all(isinstance(item, str) for pair in found.items() for item in pair)
    ):
        raise ValueError(f"expected names of actions and their keys, found {shown(found)}")
    Keys(found)
    return found


class Settings(Model):
    """How the console behaves."""

    hz: Annotated[float, number(0.1, 30, unit="frames a second")] = 4.0
    glyphs: Annotated[str, choice("auto", "unicode", "vt", "ascii")] = "auto"
    theme: Annotated[str, choice("auto", *THEMES, *BUILTIN_THEMES)] = "auto"
    read_only: Switch = False
    tour: Switch | None = None
    """Whether to begin with the tour: yes, no, or on the first run."""
    keys: Annotated[dict[str, str], Accepts(_to_keys, {"type": "object"})] = Field(default_factory=dict)
    """Binding ids and the keys for them, such as {"inject": "ctrl+n"}."""

    def with_options(self, **options: Any) -> "Settings":
        """Return these settings with the options that were given; raise ConfigError for bad ones."""
        given = {key: option for key, option in options.items() if option is not None}
        return _checked(Document({**self.model_dump(), **given}, ""))


def settings_path() -> Path:
    """Return where the user's file is looked for."""
    return user_config_path("twin-tui") / FILE


def load(path: Path | None = None) -> Settings:
    """Return the user's settings, or the defaults where there is no file; raise ConfigError for a bad one."""
    try:
        place = path or settings_path()
        place.stat()
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # the last for a user without a home
        return Settings()
    except OSError:
        pass  # reading it says what is wrong
    return _checked(open_toml(place))


def _checked(document: Document) -> Settings:
    complaints = Complaints(document)
    settings = complaints.checked(Settings, document.data)
    complaints.settle()
    assert settings is not None
    return settings
