"""Weather files as series of a typical year: EnergyPlus (EPW), PVGIS (TMY as CSV), NREL (TMY3)."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin_tui.documents.loader import read_text
from twin_tui.documents.model import Complaints
from twin_tui.documents.values import to_number
from twin_tui.engine.signals import value
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError, TwinError, did_you_mean, file_name, named

HOURS = 8760
HOUR_S = 3600.0
HALF_HOUR_S = 1800.0
"""Values of EPW and TMY3 are means of the hour that ends at their time, and so those of its middle."""
NAMES = ("ghi", "dni", "dhi", "temperature", "wind")
KEYS = {
    "irradiance_series": "ghi",
    "beam_series": "dni",
    "diffuse_series": "dhi",
    "ambient_series": "temperature",
    "wind_series": "wind",
}
"""Keys of ``weather``, and the column of each."""
LONGEST_HEAD = 40
"""Lines in which the head of a PVGIS file ends."""
_EPW = dict(zip(NAMES, (13, 14, 15, 6, 21), strict=True))
_EPW_MISSING = dict(zip(NAMES, (9999.0, 9999.0, 9999.0, 99.9, 999.0), strict=True))
_TMY3 = ("GHI (W/m^2)", "DNI (W/m^2)", "DHI (W/m^2)", "Dry-bulb (C)", "Wspd (m/s)")
_PVGIS = ("G(h)", "Gb(n)", "Gd(h)", "T2m", "WS10m")


@value
class WeatherColumns:
    """Where a kind of file has its values, and of which place and clock they are."""

    head: int
    """Lines before the values."""
    columns: Mapping[str, int]
    titles: Mapping[str, str]
    """What the columns are called in the file."""
    first_s: float
    """Time of the first value since the start of the year, by the clock of the file."""
    ahead_s: float
    """That clock before UTC."""
    latitude: float
    longitude: float
    missing: Mapping[str, float]
    """From which value on an entry of a column means that there is none."""


def weather_series(path: Path, column: str | None) -> Series | None:
    """Return a column of a weather file as a typical year; None for another kind of file."""
    text, name = read_text(path, "CSV"), file_name(path)
    lines = text.splitlines()
    layout = _layout(list(csv.reader(lines[:LONGEST_HEAD])), name)
    if layout is None:
        return None
    if column not in NAMES:
        hint = did_you_mean(column, NAMES) if column else ""
        raise ConfigError(f"{name}: a weather file has the columns {', '.join(NAMES)}, not {column!r}{hint}")
    at = layout.columns.get(column)
    if at is None:
        raise ConfigError(f"{name}: a weather file without the column {layout.titles[column]}")
    found: list[float] = []
    for number, cells in enumerate(csv.reader(lines[layout.head :]), layout.head + 1):
        if len(found) == HOURS:
            break
        if _is_leap_day(cells):
            continue
        try:
            entry = to_number(cells[at].strip())
        except (IndexError, ValueError):
            raise ConfigError(f"{name}:{number}: expected a number in column {at + 1}") from None
        if entry >= layout.missing.get(column, entry + 1.0):
            raise ConfigError(f"{name}:{number}: no value of {column}: {entry:g} marks a missing one")
        found.append(entry)
    if len(found) < HOURS:
        raise ConfigError(f"{name}: expected {HOURS} hours of weather, found {len(found)}")
    return Series(layout.first_s, HOUR_S, tuple(found), repeats=True, typical_year_ahead_s=layout.ahead_s)


def weather_keys(path: Path, named_as: str) -> dict[str, Any]:
    """Return what the columns of a weather file are under ``weather``: beam and diffuse where it has both."""
    lines = read_text(path, "CSV").splitlines()
    layout = _layout(list(csv.reader(lines[:LONGEST_HEAD])), file_name(path))
    if layout is None:
        raise ConfigError("expected an EPW, PVGIS (TMY as CSV) or TMY3 file")
    keys = dict(KEYS)
    try:
        for column in ("dni", "dhi"):
            weather_series(path, column)
    except ConfigError:
        del keys["beam_series"], keys["diffuse_series"]
    series = {key: {"csv": named_as, "column": column} for key, column in keys.items()}
    return {
        "sky": "series",
        "latitude_deg": layout.latitude,
        "longitude_deg": layout.longitude,
        **series,
    }


def read_weather_file(site: dict[str, Any], complaints: Complaints) -> None:
    """Put the columns of a site's weather file in place of its name; what is written beside it counts."""
    weather = site.get("weather")
    if not isinstance(weather, dict) or not isinstance(weather.get("file"), str):
        return
    written = {key: each for key, each in weather.items() if key != "file"}
    try:
        found = weather_keys(complaints.context.file(weather["file"]), weather["file"])
    except (TwinError, ValueError) as error:
        complaints.add("weather.file", str(error))
        return
    if written.get("sky", "series") != "series" or "irradiance_series" in written:
        for key in ("irradiance_series", "beam_series", "diffuse_series"):
            found.pop(key, None)
    if site.get("latitude") is not None:
        del found["latitude_deg"], found["longitude_deg"]
    site["weather"] = {**found, **written}


def _layout(lines: list[list[str]], name: str) -> WeatherColumns | None:
    if not lines or not lines[0]:
        return None
    first = lines[0]
    try:
        if first[0] == "LOCATION":
            titles = {each: f"{at + 1}" for each, at in _EPW.items()}
            ahead_s = float(first[8]) * HOUR_S
            return WeatherColumns(
                *(8, _EPW, titles, HALF_HOUR_S, ahead_s, float(first[6]), float(first[7]), _EPW_MISSING)
            )
        if len(lines) > 1 and lines[1] and lines[1][0].startswith("Date (MM/DD/YYYY)"):
            columns, titles = _places(lines[1], _TMY3)
            ahead_s = float(first[3]) * HOUR_S
            return WeatherColumns(
                2, columns, titles, HALF_HOUR_S, ahead_s, float(first[4]), float(first[5]), {}
            )
        for number, cells in enumerate(lines):
            if cells and cells[0] == "time(UTC)":
                columns, titles = _places(cells, _PVGIS)
                latitude, longitude = (float(line[0].partition(":")[2]) for line in lines[:2])
                return WeatherColumns(number + 1, columns, titles, 0.0, 0.0, latitude, longitude, {})
    except (IndexError, ValueError) as error:
        raise ConfigError(f"{name}:1: damaged head of a weather file: {error}") from None
    return None


def _places(head: list[str], wanted: tuple[str, ...]) -> tuple[dict[str, int], dict[str, str]]:
    titles = dict(zip(NAMES, wanted, strict=True))
    found = f"; found {', '.join(map(named, head[:12]))}"
    columns = {each: head.index(title) for each, title in titles.items() if title in head}
    return columns, {each: title + found for each, title in titles.items()}


def _is_leap_day(cells: list[str]) -> bool:
    """Return whether a line is of 29 February, which the file of a single leap year has."""
    if not cells:
        return False
    if cells[0].isdigit():
        return cells[1:3] in (["2", "29"], ["02", "29"])
    return cells[0].startswith("02/29/") or cells[0][4:9] == "0229:"
