"""The errors of this package, in one tree."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import SupportsFloat

SIMULATION_FAILED = 3
"""The exit code of a run whose simulation failed."""


class TwinError(Exception):
    """An error that the user can correct; its text is one clear message."""


class ConfigError(TwinError):
    """An invalid site, register map, scenario or option."""


class CommandError(TwinError):
    """An event that the engine refuses: unknown name, wrong type or invalid value."""


class LinkError(TwinError):
    """A port, serial line or peer that is not available."""


class ArgumentError(TwinError, TypeError):
    """An argument of the wrong type in a call from Python."""


def check_argument(fits: bool, expected: str, found: object) -> None:
    """Raise ArgumentError unless an argument fits."""
    if not fits:
        raise ArgumentError(f"{expected}, not {found!r:.60}")


def number(found: object) -> bool:
    """Return whether an argument is a number: of Python or of another package, but not true or false."""
    return isinstance(found, SupportsFloat) and not isinstance(found, bool)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the nearest known name, or a short list of known names."""
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known: {', '.join(sorted(names))}" if 0 < len(names) <= 12 else ""
