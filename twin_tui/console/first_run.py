"""Whether the console runs for the first time: a mark in the user's state folder."""

import contextlib
import os
from pathlib import Path

from platformdirs import user_state_path

from twin_tui.console.settings import Settings

FILE = "tour-shown"


def first_run(folder: Path | None = None) -> bool:
    """Return whether there is no mark yet; without a place for it, no run is the first."""
    try:
        place = (folder or user_state_path("twin-tui")) / FILE
        place.parent.mkdir(parents=True, exist_ok=True)
        return not place.exists() and os.access(place.parent, os.W_OK)
    except (OSError, RuntimeError):
        return False


def tour_shown(folder: Path | None = None) -> None:
    """Leave the mark: a start that failed before has shown nothing."""
    with contextlib.suppress(OSError, RuntimeError):
        ((folder or user_state_path("twin-tui")) / FILE).touch()


def with_tour(settings: Settings, *, allowed: bool) -> Settings:
    """Return the settings with the tour decided: on the first run that somebody watches, unless they say."""
    if not allowed or settings.read_only:
        return settings.with_options(tour=False)
    return settings if settings.tour is not None else settings.with_options(tour=first_run())
