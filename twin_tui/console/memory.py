"""What the console remembers of a site from one run to the next: its theme, the panes of its overview."""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from platformdirs import user_state_path
from textual.theme import BUILTIN_THEMES

from twin_tui.documents.files import write_whole
from twin_tui.documents.loader import open_document
from twin_tui.documents.model import Complaints, Model
from twin_tui.documents.values import choice
from twin_tui.errors import ConfigError, RunError, file_name
from twin_tui.widgets.arrange import PANES
from twin_tui.widgets.themes import THEMES

Pane = Annotated[str, choice(*PANES)]


class Remembered(Model):
    """What the file of a site contains."""

    panes: tuple[Pane, ...] = ()
    """Those that are shown; empty for those that suit the size of the screen."""
    zoomed: Annotated[str, choice("", *PANES)] = ""
    theme: Annotated[str, choice("", *THEMES, *BUILTIN_THEMES)] = ""
    """The theme that was chosen last, "" for the usual one."""


class Memory:
    """The file of one site in the user's state folder."""

    def __init__(self, site: str, folder: Path | None = None) -> None:
        self.mistake = ""
        """What is wrong with the file that was read, "" while all is well."""
        self._refused = False
        try:
            self._path: Path | None = (folder or user_state_path("twin-tui")) / "overviews" / _name(site)
        except RuntimeError:  # a user without a home
            self._path = None

    def load(self) -> Remembered:
        """Return what was remembered; the default, and why, when the file has a mistake."""
        if self._path is None:
            return Remembered()
        try:
            if not self._path.exists():
                return Remembered()
            document = open_document(self._path)
            return Complaints(document).required(Remembered, document.data)
        except (ConfigError, OSError) as error:
            self.mistake = f"{_reason(self._path, error)}; the default panes are shown"
            return Remembered()

    def save(self, remembered: Remembered) -> str:
        """Write what is to be remembered; return why that is not possible, once."""
        if self._path is None or self._refused:
            return ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and not self._path.is_file():
                raise RunError(f"{file_name(self._path)}: is no file")
            write_whole(self._path, remembered.model_dump_json() + "\n")
        except (OSError, RunError) as error:
            self._refused = True
            return f"the panes are not remembered: {_reason(self._path, error)}"
        return ""


def _reason(path: Path, error: Exception) -> str:
    text = f"{file_name(path)}: {error.strerror}" if isinstance(error, OSError) else str(error)
    return text.splitlines()[0]


def _name(site: str) -> str:
    """Return a file name for a site's: readable, short, and its own."""
    readable = re.sub(r"[^\w-]", "_", site, flags=re.ASCII)[:40]
    return f"{readable}-{hashlib.sha256(site.encode('utf-8', 'replace')).hexdigest()[:8]}.json"
