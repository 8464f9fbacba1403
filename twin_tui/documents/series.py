"""Series of values over time, from CSV files or written out in a site file."""

import csv
import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from twin_tui.config.context import Context
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.loader import read_text
from twin_tui.documents.values import refuse_unknown, shown, to_number, to_switch
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError, did_you_mean

TIME_COLUMNS = ("time", "timestamp", "datetime", "date", "time_s", "seconds", "t")
_KEYS = ("csv", "column", "start", "step", "values", "repeats", "holds")


def to_series(found: Any, context: Context) -> Series:
    """Return a series: of a CSV file's path, of csv and column, or of start, step and values."""
    if isinstance(found, str):
        return series_of_csv(context.folder / found, None, context.zone)
    if not isinstance(found, dict):
        raise ValueError(f"expected a CSV file, or an object with csv or values, found {shown(found)}")
    refuse_unknown(found, _KEYS)
    repeats, holds = to_switch(found.get("repeats", False)), to_switch(found.get("holds", False))
    if "csv" in found:
        name, column = found["csv"], found.get("column")
        if not isinstance(name, str) or not (column is None or isinstance(column, str)):
            raise ValueError("expected csv and column to be text")
        series = series_of_csv(context.folder / name, column, context.zone)
        return Series(series.start_s, series.step_s, series.values, series.relative, repeats, holds)
    listed = found.get("values")
    if not isinstance(listed, list) or len(listed) < 2:
        raise ValueError("expected values to be a list of at least two numbers")
    values = tuple(to_number(item) for item in listed)
    start, relative = _instant(found.get("start", 0), context.zone)
    step = found.get("step")
    if not isinstance(step, int | float | str):
        raise ValueError("expected step to be a duration like 15m")
    step_s = parse_duration(step)
    if step_s <= 0:
        raise ValueError(f"expected a step above 0, found {shown(step)}")
    return Series(start, step_s, values, relative, repeats, holds)


def series_of_csv(path: Path, column: str | None, zone: tzinfo) -> Series:
    """Return a column of a CSV file with a head: a time column, even steps, no gaps.

    Times are seconds since the start of the run, or ISO dates and times; those without a zone are the
    site's own.
    """
    rows = read_rows(path, column)
    start, relative = _row_instant(path, rows[0], zone)
    before, step_s = start, 0.0
    for row in rows[1:]:
        instant, is_relative = _row_instant(path, row, zone)
        if is_relative is not relative:
            raise ConfigError(f"{path}:{row.line}: dates and seconds are mixed in the time column")
        distance = instant - before
        if distance <= 0:
            raise ConfigError(f"{path}:{row.line}: the times run backwards or stand still")
        step_s = step_s or distance
        if abs(distance - step_s) > 1e-6 * max(1.0, step_s):
            raise ConfigError(f"{path}:{row.line}: a gap: {distance:g} s after a step of {step_s:g} s")
        before = instant
    return Series(start, step_s, tuple(row.value for row in rows), relative)


def points_of_csv(path: Path) -> list[list[float]]:
    """Return [seconds, value] of each row, for the playback of a disturbance."""
    points: list[list[float]] = []
    first: float | None = None
    for row in read_rows(path, None):
        instant, relative = _row_instant(path, row, UTC)
        if not relative:
            first = instant if first is None else first
            instant -= first
        if points and instant <= points[-1][0]:
            raise ConfigError(f"{path}:{row.line}: the times run backwards or stand still")
        points.append([instant, row.value])
    return points


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file."""

    line: int
    time: str
    value: float


def read_rows(path: Path, column: str | None) -> list[Row]:
    """Return time and value of each row; raise ConfigError naming the line."""
    text = read_text(path)
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    rows: list[Row] = []
    try:
        head = [name.strip() for name in next(reader, [])]
        time_at, value_at = _columns(path, head, column)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            rows.append(_row(path, reader.line_num, cells, time_at, value_at, head))
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: bad CSV: {error}") from None
    if len(rows) < 2:
        raise ConfigError(f"{path}: expected at least two rows of values, found {len(rows)}")
    return rows


def _columns(path: Path, head: list[str], column: str | None) -> tuple[int, int]:
    times = [at for at, name in enumerate(head) if name.lower() in TIME_COLUMNS]
    if not times:
        raise ConfigError(f"{path}:1: no time column; expected one of {', '.join(TIME_COLUMNS)} in the head")
    others = [name for at, name in enumerate(head) if at != times[0]]
    if column is None:
        if len(others) != 1:
            raise ConfigError(f"{path}:1: say which column; known: {', '.join(others) or 'none'}")
        column = others[0]
    if column not in others:
        raise ConfigError(f"{path}:1: no column {column!r}{did_you_mean(column, others)}")
    return times[0], head.index(column)


def _row(path: Path, line: int, cells: list[str], time_at: int, value_at: int, head: list[str]) -> Row:
    if len(cells) != len(head):
        raise ConfigError(f"{path}:{line}: expected {len(head)} cells, found {len(cells)}")
    try:
        value = float(cells[value_at])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{path}:{line}: expected a number, found {shown(cells[value_at])}")
    return Row(line, cells[time_at].strip(), value)


def _row_instant(path: Path, row: Row, zone: tzinfo) -> tuple[float, bool]:
    try:
        return _instant(row.time, zone)
    except ValueError as error:
        raise ConfigError(f"{path}:{row.line}: {error}") from None


def _instant(written: Any, zone: tzinfo) -> tuple[float, bool]:
    """Return an instant and whether it counts from the start of the run."""
    try:
        return to_number(written), True
    except ValueError:
        pass
    if not isinstance(written, str):
        raise ValueError(f"expected seconds or a date and time, found {shown(written)}")
    try:
        when = datetime.fromisoformat(written)
        return (when.replace(tzinfo=zone) if when.tzinfo is None else when).timestamp(), False
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"expected seconds or a date and time, found {shown(written)}") from None
