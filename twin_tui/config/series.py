"""Series of values over time, from CSV files or in a site file."""

from datetime import tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Any

from twin_tui.config.context import Context
from twin_tui.config.weather_files import weather_series
from twin_tui.documents.csv_text import read_rows, to_instant
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.values import refuse_unknown, to_number, to_switch
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError, shown

_KEYS = ("csv", "column", "start", "step", "values", "repeats", "holds", "typical_year_ahead_s")


def to_series(found: Any, context: Context) -> Series:
    """Return a series from the path of a CSV file, from csv and column, or from start, step and values."""
    if isinstance(found, str):
        return _kept_series(found, None, context)
    if not isinstance(found, dict):
        raise ValueError(f"expected a CSV file, or an object with csv or values, found {shown(found)}")
    refuse_unknown(found, _KEYS)
    holds = to_switch(found.get("holds", False))
    if "csv" in found:
        name, column = found["csv"], found.get("column")
        if not isinstance(name, str) or not (column is None or isinstance(column, str)):
            raise ValueError("expected csv and column to be text")
        series = _kept_series(name, column, context)
        repeats = to_switch(found.get("repeats", series.repeats))
        ahead_s = series.typical_year_ahead_s
        return Series(series.start_s, series.step_s, series.values, series.relative, repeats, holds, ahead_s)
    listed = found.get("values")
    if not isinstance(listed, list) or len(listed) < 2:
        raise ValueError("expected values to be a list of at least two numbers")
    values = tuple(to_number(item) for item in listed)
    start, relative = to_instant(found.get("start", 0), context.zone)
    step = found.get("step")
    if not isinstance(step, int | float | str):
        raise ValueError("expected step to be a duration like 15m")
    step_s = parse_duration(step)
    if step_s <= 0:
        raise ValueError(f"expected a step above 0, found {shown(step)}")
    repeats = to_switch(found.get("repeats", False))
    ahead = found.get("typical_year_ahead_s")
    if ahead is None:
        return Series(start, step_s, values, relative, repeats, holds)
    if not relative:
        raise ValueError("expected start to be the seconds since the start of the typical year")
    return Series(start, step_s, values, False, repeats, holds, to_number(ahead))


def series_key(found: Any, context: Context) -> tuple[Path, str | None] | None:
    """Return the key of a CSV series in the context, None for a value that names no CSV file."""
    name, column = (found.get("csv"), found.get("column")) if isinstance(found, dict) else (found, None)
    if isinstance(name, str) and (column is None or isinstance(column, str)):
        return context.folder / name, column  # only a file that was read is looked for
    return None


def _kept_series(name: str, column: str | None, context: Context) -> Series:
    path = context.file(name)

    def read() -> Series:
        weather = weather_series(path, column)
        return series_of_csv(path, column, context.zone) if weather is None else weather

    return context.once((path, column), read)


def series_of_csv(path: Path, column: str | None, zone: tzinfo) -> Series:
    """Return a column of a CSV file as a series; the steps must be even, without gaps."""
    rows = read_rows(path, column, zone)
    step_s = rows[1].instant - rows[0].instant
    for before, row in pairwise(rows):
        distance = row.instant - before.instant
        if abs(distance - step_s) > 1e-6 * max(1.0, step_s):
            raise ConfigError(f"{path}:{row.line}: uneven step of {distance:g} s; expected {step_s:g} s")
    return Series(rows[0].instant, step_s, tuple(row.value for row in rows), rows[0].relative)
