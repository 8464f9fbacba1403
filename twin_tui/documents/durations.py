"""Durations as text: 90, 0.5s, 20m, 1h30m."""

import math
import re

from twin_tui.errors import ConfigError, shown

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(
    r"(\d+(?:\.\d*)?|\.\d+)\s*(?:(ms)|(d)(?:ays?)?|(h)(?:ours?)?|(m)(?:in(?:ute)?s?)?|(s)(?:ec(?:ond)?s?)?)(?![a-z])\s*"
)
_EXPECTED = "expected seconds or a form like 90, 0.5s, 20m, 1h30m"


def parse_duration(written: str | float) -> float:
    """Return a duration in s; raise ConfigError for an invalid, negative or infinite one."""
    seconds = _plain(written) if isinstance(written, int | float) else _parsed(written.strip())
    if seconds is None or not math.isfinite(seconds):
        raise ConfigError(f"invalid duration: {shown(written)}; {_EXPECTED}")
    if seconds < 0:
        raise ConfigError(f"negative duration: {shown(written)}; {_EXPECTED}")
    return seconds


def _plain(number: float) -> float | None:
    if isinstance(number, bool):
        return None
    try:
        return float(number)
    except OverflowError:
        return None


def _parsed(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    text = text.lower().removeprefix("pt")
    at, total = 0, 0.0
    smallest = math.inf
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            return None
        size = _UNITS_S[part[part.lastindex or 0]]
        if size >= smallest:
            return None
        smallest = size
        total += float(part[1]) * size
        at = part.end()
    return total if at else None
