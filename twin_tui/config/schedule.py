"""Times of day, days and dates in site files."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from twin_tui.config.context import Context
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.values import refuse_unknown, to_number
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.weather import DAY_S
from twin_tui.errors import shown

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EPOCH = date(1970, 1, 1).toordinal()
_WINDOW_KEYS = ("start_time", "duration", "day_of_week", "date", "start_s", "duration_s")
_SESSION_KEYS = ("arrival", "departure", "arrival_soc", "weekdays")


def to_time_of_day(found: Any) -> float:
    """Return seconds after midnight for 08:00, 08:00:30 or a number of seconds."""
    expected = "expected a time of day like 08:00"
    if isinstance(found, str):
        match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?", found.strip())
        if match is None:
            raise ValueError(f"{expected}, found {shown(found)}")
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        total_s = 3600.0 * hours + 60.0 * minutes + seconds
        if minutes > 59 or seconds > 59 or total_s > DAY_S:
            raise ValueError(f"{expected}, found {shown(found)}")
        return total_s
    return to_number(found, "a time of day like 08:00")


def to_weekday(found: Any) -> int:
    """Return 0 for Monday … 6 for Sunday, from a number or a name of at least three letters."""
    if isinstance(found, str) and len(found) >= 3:
        for number, name in enumerate(DAYS):
            if name.startswith(found.lower()):
                return number
    elif isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 6:
        return found
    raise ValueError(f"expected a day of the week like monday or 0, found {shown(found)}")


def to_weekdays(found: Any) -> tuple[int, ...]:
    """Return the days of a list or a range like mon-fri."""
    if isinstance(found, str) and "-" in found:
        first, _, last = found.partition("-")
        start, end = to_weekday(first.strip()), to_weekday(last.strip())
        return tuple((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(to_weekday(day) for day in (found if isinstance(found, list) else [found]))


def to_window(found: Any, context: Context) -> Window:
    """Return a time window from start_time and duration, with an optional day_of_week or date."""
    data = _object(found, _WINDOW_KEYS)
    start = _one_of(data, "start_time", "start_s")
    length = _one_of(data, "duration", "duration_s")
    if isinstance(length, bool) or not isinstance(length, int | float | str):
        raise ValueError(f"expected a duration like 5h, found {shown(length)}")
    day = data.get("day_of_week")
    return Window(
        to_time_of_day(start),
        parse_duration(length),
        None if day is None else to_weekday(day),
        None if data.get("date") is None else _to_date(data["date"]),
    )


def to_windows(found: Any, context: Context) -> tuple[Window, ...]:
    """Return windows from a list, or from an object with the list as ``windows``."""
    if isinstance(found, dict):
        refuse_unknown(found, ("windows",))
        found = found.get("windows")
    if not isinstance(found, list):
        raise ValueError(f"expected a list of time windows, found {shown(found)}")
    return tuple(to_window(item, context) for item in found)


def to_session(found: Any, context: Context) -> ChargingSession:
    """Return a charging session from arrival and departure."""
    data = _object(found, _SESSION_KEYS)
    soc = data.get("arrival_soc")
    if soc is not None:
        soc = to_number(soc, "a number from 0 to 100 (%)")
        if not 0 <= soc <= 100:
            raise ValueError(f"arrival_soc: expected a number from 0 to 100 (%), found {soc:g}")
    return ChargingSession(
        to_time_of_day(_one_of(data, "arrival")),
        to_time_of_day(_one_of(data, "departure")),
        None if soc is None else soc / 100.0,
        to_weekdays(data.get("weekdays", "mon-sun")),
    )


def _object(found: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"expected an object with {' and '.join(keys[:2])}, found {shown(found)}")
    refuse_unknown(found, keys)
    return found


def _one_of(data: Mapping[str, Any], *keys: str) -> Any:
    given = [key for key in keys if data.get(key) is not None]
    if not given:
        raise ValueError(f"missing key {keys[0]}")
    if len(given) > 1:
        raise ValueError(f"give {keys[0]} or {keys[1]}, not both")
    return data[given[0]]


def _to_date(found: Any) -> int:
    try:
        return date.fromisoformat(found).toordinal() - _EPOCH
    except (TypeError, ValueError):
        raise ValueError(f"expected a date like 2026-06-20, found {shown(found)}") from None
