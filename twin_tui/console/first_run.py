"""Whether the console runs for the first time: a mark in the user's state folder."""

from pathlib import Path

from platformdirs import user_state_path

from twin_tui.console.settings import Settings

FILE = "tour-shown"


def first_run(folder: Path | None = None) -> bool:
    """Return whether there is no mark yet, and leave one; without a place for it, no run is the first."""
    try:
        place = (folder or user_state_path("twin-tui")) / FILE
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(exist_ok=False)
    except (OSError, RuntimeError):
        return False
    return True


def with_tour(settings: Settings, *, allowed: bool) -> Settings:
    """Return the settings with the tour decided: on the first run that somebody watches, unless they say."""
    if not allowed or settings.read_only:
        return settings.with_options(tour=False)
    return settings if settings.tour is not None else settings.with_options(tour=first_run())
