"""Weather files of the field: EnergyPlus (EPW), PVGIS (TMY as CSV) and NREL (TMY3), as series of one year."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from twin_tui.documents.loader import read_text
from twin_tui.documents.values import to_number
from twin_tui.engine.signals import value
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError, did_you_mean, file_name, named

HOURS = 8760
HOUR_S = 3600.0
HALF_HOUR_S = 1800.0
"""Values of EPW and TMY3 are means of the hour that ends at their time, and so those of its middle."""
NAMES = ("ghi", "temperature", "wind")
LONGEST_HEAD = 40
"""Lines in which the head of a PVGIS file ends."""


@value
class Layout:
    """Where a kind of file has its values: lines before them, column of each name, time of the first."""

    head: int
    columns: tuple[int, int, int]
    first_s: float
    """Since the start of the year in UTC."""


def weather_series(path: Path, column: str | None, year: int) -> Series | None:
    """Return a column of a weather file from that year on, over and over; None for another kind of file.

    February 29 is not in these files: from there on in a leap year the weather is a day ahead.
    """
    text, name = read_text(path, "CSV"), file_name(path)
    lines = text.splitlines()
    layout = _layout(list(csv.reader(lines[:LONGEST_HEAD])), name)
    if layout is None:
        return None
    if column not in NAMES:
        hint = did_you_mean(column, NAMES) if column else ""
        raise ConfigError(f"{name}: a weather file has the columns {', '.join(NAMES)}, not {column!r}{hint}")
    at = layout.columns[NAMES.index(column)]
    found = []
    for number, cells in enumerate(csv.reader(lines[layout.head : layout.head + HOURS]), layout.head + 1):
        try:
            found.append(to_number(cells[at].strip()))
        except (IndexError, ValueError):
            raise ConfigError(f"{name}:{number}: expected a number in column {at + 1}") from None
    if len(found) < HOURS:
        raise ConfigError(f"{name}: expected {HOURS} hours of weather, found {len(found)}")
    start = datetime(year, 1, 1, tzinfo=UTC).timestamp() + layout.first_s
    return Series(start, HOUR_S, tuple(found), repeats=True)


def _layout(lines: list[list[str]], name: str) -> Layout | None:
    if not lines or not lines[0]:
        return None
    try:
        if lines[0][0] == "LOCATION":
            return Layout(8, (13, 6, 21), HALF_HOUR_S - float(lines[0][8]) * HOUR_S)
        if len(lines) > 1 and lines[1] and lines[1][0].startswith("Date (MM/DD/YYYY)"):
            ghi, temperature, wind = (
                _place(lines[1], each) for each in ("GHI (W/m^2)", "Dry-bulb (C)", "Wspd (m/s)")
            )
            return Layout(2, (ghi, temperature, wind), HALF_HOUR_S - float(lines[0][3]) * HOUR_S)
    except (IndexError, ValueError) as error:
        raise ConfigError(f"{name}:1: damaged head of a weather file: {error}") from None
    for number, cells in enumerate(lines):
        if cells and cells[0] == "time(UTC)":
            columns = _place(cells, "G(h)"), _place(cells, "T2m"), _place(cells, "WS10m")
            return Layout(number + 1, columns, 0.0)
    return None


def _place(head: list[str], wanted: str) -> int:
    if wanted not in head:
        raise ConfigError(
            f"a weather file without the column {wanted}; found {', '.join(map(named, head[:12]))}"
        )
    return head.index(wanted)
