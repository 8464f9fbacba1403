"""Pictures and page of `benchmarks.seasons`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.seasons import DAYS_C, Course

DAY_H = 24.0
COLOURS = ("#1f5fa8", "#c8501e", "#2e8540", "#7a7a7a")
PAGE = Path("docs/seasons.md")
_PATHS, _MORE_DIGITS = re.compile(r' d="[^"]*"'), re.compile(r"(?<=\.\d)\d+")
HEAD = """# Batteries through days and a year

<!-- written by `python -m benchmarks.seasons --plots docs/plots` -->

A day of the shipped site `fcr_battery` (1.2 MWh, 1 MW in a container, FCR-N) with the air around -10, 20
and 45 °C, and a year of `home` (10 kWh indoors). `python -m benchmarks.seasons` runs them in two minutes
and fails when a figure is beyond its limit: rated power in both directions at least 95 % of the time (for
the house, which fills and empties its battery every day, of the time at which the state of charge allows
it), cells between 10 and 40 °C, climate control below 5 % of the throughput at 20 °C, energy balance of
cells and bus within 1e-9.

| run | rated power | where charge allows | cells | climate control | throughput | health | energy off |
|---|---|---|---|---|---|---|---|
"""
TAIL = """
![Three days of fcr_battery](plots/fcr_battery_days.svg)

At -10 °C the heat of the cells keeps the container warm. The dip at 16 h is the state of charge: FCR-N
without energy management lets it fall to the limit of 5 %.

![A year of home](plots/home_year.svg)

The weather of the year is the model of the site: a cosine over the year and one over the day for the air,
and the mean cloudiness of each month. Clouds last minutes, so that all days of a month have nearly the same
light: there are no dull and no bright weeks, which a file of weather has, and the battery is used more
evenly. The battery loses most in its first months: the laws of ageing go with the root of time and
cycles. Its standby loss takes it below the limit of 5 % until the sun charges it again.
"""


def write(folder: Path, days: Sequence[Course], home: Course) -> None:
    """Write the pictures, and the page that shows them."""
    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update(
        {"svg.hashsalt": "seasons", "svg.fonttype": "none", "font.size": 9, "path.simplify_threshold": 0.5}
    )
    _days(folder / "fcr_battery_days.svg", days)
    _year(folder / "home_year.svg", home)
    page = HEAD
    for course in (*days, home):
        off = max(abs(course.cells_off), abs(course.bus_off))
        page += (
            f"| {course.name} | {course.rated_share:.1%} | {course.rated_share_by_heat:.1%} "
            f"| {course.coldest_c:.1f} to {course.warmest_c:.1f} °C | {course.auxiliary_share:.1%} "
            f"| {course.throughput_wh / 1e3:,.0f} kWh, {course.cycles:.1f} cycles | {course.soh:.3%} "
            f"| {off:.0e} |\n"
        )
    PAGE.write_text(page + TAIL, encoding="utf-8")


def _of(course: Course, key: str) -> list[float]:
    return [sample[key] for sample in course.samples]


def _saved(figure: Any, path: Path) -> None:
    for axes in figure.axes:
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.margins(x=0.0)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = path.read_text(encoding="utf-8")
    path.write_text(_PATHS.sub(lambda found: _MORE_DIGITS.sub("", found[0]), text), encoding="utf-8")


def _days(path: Path, days: Sequence[Course]) -> None:
    figure, rows = plt.subplots(
        5, len(days), figsize=(11.0, 10.0), sharex=True, sharey="row", layout="constrained"
    )
    for column, course in enumerate(days):
        hours = _of(course, "hours")
        cells, power, auxiliary, soc, soh = (row[column] for row in rows)
        cells.set_title(f"air around {DAYS_C[column]:g} °C")
        for key, label, colour in (
            ("ambient_c", "air outside", COLOURS[3]),
            ("air_c", "air in the container", COLOURS[2]),
            ("cell_c", "cells", COLOURS[1]),
        ):
            cells.plot(hours, _of(course, key), color=colour, linewidth=1.0, label=label)
        power.plot(hours, _of(course, "discharge_kw"), color=COLOURS[0], linewidth=1.6, label="discharge")
        power.plot(hours, _of(course, "charge_kw"), "--", color=COLOURS[1], linewidth=1.0, label="charge")
        power.set_ylim(0.0, 1.15 * course.rated_kw)
        auxiliary.plot(hours, _of(course, "auxiliary_kw"), color=COLOURS[0], linewidth=0.8)
        soc.plot(hours, [100.0 * share for share in _of(course, "soc")], color=COLOURS[0], linewidth=1.0)
        soc.set_ylim(0.0, 100.0)
        soh.plot(hours, [100.0 * share for share in _of(course, "soh")], color=COLOURS[0], linewidth=1.0)
        soh.ticklabel_format(useOffset=False)
        soh.set_xlabel("h")
        soh.set_xticks(range(0, 25, 6))
    names = (
        "temperature, °C",
        "available power, kW",
        "auxiliary power, kW",
        "state of charge, %",
        "state of health, %",
    )
    for row, name in zip(rows, names, strict=True):
        row[0].set_ylabel(name)
    rows[0][0].legend(fontsize=8, frameon=False)
    rows[1][0].legend(fontsize=8, frameon=False, loc="lower right")
    _saved(figure, path)


def _by_day(course: Course, key: str) -> list[list[float]]:
    values = _of(course, key)
    return [values[start : start + 24] for start in range(0, len(values) - 23, 24)]


def _band(
    axes: Any, course: Course, key: str, label: str, colour: str, scale: float = 1.0, *, band: bool = True
) -> None:
    """Draw the mean of each day, and the range of each day as a band."""
    days = [[scale * each for each in day] for day in _by_day(course, key)]
    months = [number * 12.0 / 365.0 for number in range(len(days))]
    if band:
        low, high = [min(day) for day in days], [max(day) for day in days]
        axes.fill_between(months, low, high, color=colour, alpha=0.2, linewidth=0.0)
    axes.plot(months, [sum(day) / len(day) for day in days], color=colour, linewidth=1.0, label=label)


def _year(path: Path, home: Course) -> None:
    figure, rows = plt.subplots(6, 1, figsize=(9.0, 11.0), sharex=True, layout="constrained")
    warmth, power, auxiliary, soc, soh, grid = rows
    _band(warmth, home, "ambient_c", "air outside", COLOURS[3])
    _band(warmth, home, "cell_c", "cells", COLOURS[1])
    _band(power, home, "discharge_kw", "discharge", COLOURS[0], band=False)
    _band(power, home, "charge_kw", "charge", COLOURS[1], band=False)
    power.set_ylim(0.0, 1.1 * home.rated_kw)
    _band(auxiliary, home, "auxiliary_kw", "", COLOURS[0])
    auxiliary.set_ylim(-0.05, 1.0)
    auxiliary.text(0.2, 0.5, "indoors: no climate control", color=COLOURS[3])
    _band(soc, home, "soc", "", COLOURS[0], 100.0)
    _band(soh, home, "soh", "", COLOURS[0], 100.0)
    _band(grid, home, "grid_kw", "", COLOURS[2])
    names = (
        *("temperature, °C", "available power, kW", "auxiliary power, kW"),
        *("state of charge, %", "state of health, %", "grid import, kW"),
    )
    for axes, name in zip(rows, names, strict=True):
        axes.set_ylabel(name)
    grid.set_xticks([month + 0.5 for month in range(12)], list("JFMAMJJASOND"))
    for axes in (warmth, power):
        axes.legend(fontsize=8, frameon=False, loc="lower right")
    figure.suptitle("mean of each day, and its range as a band", fontsize=9)
    _saved(figure, path)
