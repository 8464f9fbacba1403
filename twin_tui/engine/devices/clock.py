"""The site's local time, to the tick."""

from twin_tui.engine.surroundings import Surroundings

DAY_S = 86_400
_MONDAY = 3
"""1 January 1970 was a Thursday, three days after a Monday."""


def local_s(surroundings: Surroundings) -> float:
    """Return the local time in seconds since 1 January 1970; the surroundings' own moves once a second."""
    behind_s = (surroundings.tick - surroundings.weather_tick) * surroundings.dt_s
    return surroundings.unix_s + surroundings.utc_offset_s + behind_s


def weekday(day: float) -> int:
    """Return the day of the week, 0 for Monday, of a number of days since 1 January 1970."""
    return int(day + _MONDAY) % 7
