"""CSV files as rows of time and value, each with its line number."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from twin_tui.documents.loader import read_text
from twin_tui.documents.values import to_number
from twin_tui.errors import ConfigError, did_you_mean, file_name, named, shown

TIME_COLUMNS = ("time", "timestamp", "datetime", "date", "time_s", "seconds", "t")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file."""

    line: int
    instant: float
    """Seconds since the start of the run, or Unix time."""
    relative: bool
    """Whether the instant is relative to the start of the run."""
    value: float


def read_rows(path: Path, column: str | None, zone: tzinfo = UTC, *, steps: bool = False) -> list[Row]:
    """Return the rows of a column of a CSV file with a header and a time column, in order of time.

    Times are seconds since the start of the run, or ISO dates and times; those without a zone are in
    ``zone``. With ``steps``, rows of the same time make a step. Raises ConfigError naming the line.
    """
    text, name = read_text(path, "CSV"), file_name(path)
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    rows: list[Row] = []
    try:
        head = [name.strip() for name in next(reader, [])]
        time_at, value_at = _columns(name, head, column)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{name}:{reader.line_num}"
            if len(cells) != len(head):
                raise ConfigError(f"{where}: expected {len(head)} cells, found {len(cells)}")
            try:
                value = to_number(cells[value_at])
                row = Row(reader.line_num, *to_instant(cells[time_at].strip(), zone), value)
            except ValueError as error:
                raise ConfigError(f"{where}: {error}") from None
            if rows and row.relative is not rows[-1].relative:
                raise ConfigError(f"{where}: dates and seconds are mixed in the time column")
            if rows and (row.instant < rows[-1].instant or (row.instant == rows[-1].instant and not steps)):
                raise ConfigError(f"{where}: times must increase from row to row")
            rows.append(row)
    except csv.Error as error:
        raise ConfigError(f"{name}:{reader.line_num}: invalid CSV: {error}") from None
    if len(rows) < 2:
        raise ConfigError(f"{name}: expected at least two rows of values, found {len(rows)}")
    return rows


def points_of_csv(path: Path) -> list[list[float]]:
    """Return [seconds, value] of each row, for disturbance playback; dates are relative to the first.

    Two rows of the same time are a step from the one to the other.
    """
    rows = read_rows(path, None, steps=True)
    start = 0.0 if rows[0].relative else rows[0].instant
    return [[row.instant - start, row.value] for row in rows]


def _columns(name: str, head: list[str], column: str | None) -> tuple[int, int]:
    times = [at for at, name in enumerate(head) if name.lower() in TIME_COLUMNS]
    if not times:
        raise ConfigError(f"{name}:1: no time column; expected one of {', '.join(TIME_COLUMNS)}")
    others = [name for at, name in enumerate(head) if at != times[0]]
    if column is None:
        if len(others) != 1:
            raise ConfigError(
                f"{name}:1: no column selected; known: {', '.join(map(named, others[:12])) or 'none'}"
            )
        column = others[0]
    if column not in others:
        raise ConfigError(f"{name}:1: unknown column {shown(column)}{did_you_mean(column, others)}")
    return times[0], head.index(column)


def to_instant(text: Any, zone: tzinfo) -> tuple[float, bool]:
    """Return an instant and whether it is relative to the start of the run."""
    try:
        return to_number(text), True
    except ValueError:
        pass
    if not isinstance(text, str):
        raise ValueError(f"expected seconds or a date and time, found {shown(text)}")
    try:
        when = datetime.fromisoformat(text)
        return (when.replace(tzinfo=zone) if when.tzinfo is None else when).timestamp(), False
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"expected seconds or a date and time, found {shown(text)}") from None
