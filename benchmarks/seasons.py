"""A day of `fcr_battery` in cold and heat and a year of `home`: figures, and what they must show.

    python -m benchmarks.seasons [--plots docs/plots]

The days are at -10, 20 and 45 °C in steps of 1 s, the year is that of the shipped site from 1 January in
steps of 60 s. It takes some two minutes; `--plots` writes the pictures and the page docs/seasons.md, for
which `pip install -e '.[docs]'` is needed. Exit code 1 when a figure is beyond its limit.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import fsum
from pathlib import Path
from typing import Any

from twin_tui.config.site import load_site
from twin_tui.engine.device import Stage
from twin_tui.engine.engine import Engine
from twin_tui.engine.site import SitePlan

DAYS_C = (-10.0, 20.0, 45.0)
DAY_S, YEAR_S = 86_400.0, 365 * 86_400.0
LEAST_RATED_SHARE = 0.95
COLDEST_C, WARMEST_C = 10.0, 40.0
MOST_AUXILIARY_SHARE = 0.05
BALANCE = 1e-9


@dataclass
class Course:
    """A battery through a run: samples for a picture, and what is counted in every step."""

    name: str
    rated_kw: float
    samples: list[dict[str, float]] = field(default_factory=list)
    at_rated: int = 0
    """Samples with rated power in both directions."""
    limited: int = 0
    """Samples without, at a state of charge that is beyond the limits of full power."""
    coldest_c: float = 1e9
    warmest_c: float = -1e9
    throughput_wh: float = 0.0
    """Energy through the converter, in and out."""
    auxiliary_wh: float = 0.0
    cells_off: float = 0.0
    """Energy out of the cells less what converter, losses and age took of it, over the throughput."""
    bus_off: float = 0.0
    """Energy of all devices and of the grid connection, over the throughput."""
    soh: float = 1.0
    cycles: float = 0.0

    @property
    def rated_share(self) -> float:
        """Share of the time with rated power in both directions."""
        return self.at_rated / len(self.samples)

    @property
    def rated_share_by_heat(self) -> float:
        """The same, of the time at which the state of charge allows it."""
        return self.at_rated / max(1, len(self.samples) - self.limited)

    @property
    def auxiliary_share(self) -> float:
        """Energy of the climate control over the throughput."""
        return self.auxiliary_wh / self.throughput_wh

    def broken(self, *, reserve: bool, auxiliary: bool) -> Iterator[str]:
        """Yield what is beyond its limit.

        A ``reserve`` has its power at any state of charge, where a house fills and empties its battery every
        day; ``auxiliary`` asks for the energy of the climate control.
        """
        share = self.rated_share if reserve else self.rated_share_by_heat
        if not share >= LEAST_RATED_SHARE:
            yield f"{self.name}: rated power {share:.1%} of the time"
        if not COLDEST_C <= self.coldest_c <= self.warmest_c <= WARMEST_C:
            yield f"{self.name}: cells from {self.coldest_c:.1f} to {self.warmest_c:.1f} °C"
        if auxiliary and not self.auxiliary_share < MOST_AUXILIARY_SHARE:
            yield f"{self.name}: climate control took {self.auxiliary_share:.1%} of the throughput"
        if not max(abs(self.cells_off), abs(self.bus_off)) <= BALANCE:
            yield f"{self.name}: energy off by {self.cells_off:.1e} (cells) and {self.bus_off:.1e} (bus)"


def follow(name: str, plan: SitePlan, duration_s: float, every_s: float) -> Course:
    """Run a site with one battery named ``battery``; sample it every so many seconds."""
    engine = Engine(plan)
    device = engine.devices["battery"]
    others = [each for each in engine.devices.values() if each.type.stage is not Stage.METER]
    hours, every = plan.dt_s / 3600.0, round(every_s / plan.dt_s)
    course = Course(name, device.params.max_charge_w / 1e3)
    first: Any = device.state
    out_w, bus_w, through_w = list[float](), list[float](), list[float]()
    totals = [0.0, 0.0, 0.0]
    for tick in range(1, round(duration_s / plan.dt_s) + 1):
        engine.step()
        state: Any = device.state
        power_w = state.active_power_w + state.climate.auxiliary_w
        out_w.append(power_w + state.loss_w)
        through_w.append(abs(power_w))
        bus_w.append(fsum(each.state.active_power_w for each in others) + engine.surroundings.grid_w)
        course.coldest_c = min(course.coldest_c, state.cell_c)
        course.warmest_c = max(course.warmest_c, state.cell_c)
        if tick % every == 0:
            totals = [
                fsum((total, *new)) for total, new in zip(totals, (out_w, bus_w, through_w), strict=True)
            ]
            for new in (out_w, bus_w, through_w):
                new.clear()
            _sample(course, engine)
    last: Any = device.state
    course.throughput_wh = totals[2] * hours
    course.auxiliary_wh = last.climate.auxiliary_wh
    left = first.energy_wh - last.energy_wh - last.ageing.faded_wh
    course.cells_off = (left - totals[0] * hours) / course.throughput_wh
    course.bus_off = totals[1] * hours / course.throughput_wh
    return course


def _sample(course: Course, engine: Engine) -> None:
    seen: Any = engine.telemetry("battery")
    commands: Any = engine.devices["battery"].commands
    least_kw = min(seen.available_charge_power_w, seen.available_discharge_power_w) / 1e3
    if least_kw >= course.rated_kw * (1.0 - 1e-9):
        course.at_rated += 1
    elif not commands.soc_lower_limit_1 <= seen.soc <= commands.soc_upper_limit_1:
        course.limited += 1
    course.soh, course.cycles = seen.soh, seen.cycles
    course.samples.append(
        {
            "hours": engine.time_s / 3600.0,
            "cell_c": seen.cell_temperature_c,
            "air_c": seen.air_temperature_c,
            "ambient_c": engine.surroundings.ambient_c,
            "charge_kw": seen.available_charge_power_w / 1e3,
            "discharge_kw": seen.available_discharge_power_w / 1e3,
            "auxiliary_kw": seen.auxiliary_power_w / 1e3,
            "soc": seen.soc,
            "soh": seen.soh,
            "grid_kw": engine.surroundings.grid_w / 1e3,
        }
    )


def day(ambient_c: float, dt_s: float = 1.0, duration_s: float = DAY_S) -> Course:
    """Return a day of `fcr_battery` around a temperature of the air."""
    plan = load_site("fcr_battery", step=dt_s).plan
    weather = replace(plan.weather, ambient_mean_c=ambient_c)
    return follow(f"{ambient_c:g} °C", replace(plan, weather=weather), duration_s, 60.0)


def year(duration_s: float = YEAR_S, dt_s: float = 60.0) -> Course:
    """Return the year of `home` from 1 January, or its beginning."""
    plan = load_site("home", step=dt_s, start="2026-01-01T00:00:00").plan
    return follow("home", plan, duration_s, 3600.0)


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plots", type=Path)
    folder = parser.parse_args().plots
    days = [day(ambient_c) for ambient_c in DAYS_C]
    home = year()
    broken = list(home.broken(reserve=False, auxiliary=False))
    for ambient_c, course in zip(DAYS_C, days, strict=True):
        broken += course.broken(reserve=True, auxiliary=ambient_c == 20.0)
    for course in (*days, home):
        print(
            f"{course.name:>8}: rated power {course.rated_share:7.2%} of the time, "
            f"{course.rated_share_by_heat:7.2%} where the charge allows it, cells {course.coldest_c:5.1f} to "
            f"{course.warmest_c:4.1f} °C, climate control {course.auxiliary_share:6.2%} of "
            f"{course.throughput_wh / 1e3:,.1f} kWh, state of health {course.soh:.5f}, "
            f"{course.cycles:.2f} cycles, energy off by {course.cells_off:.1e} and {course.bus_off:.1e}"
        )
    if folder is not None:
        from benchmarks.season_plots import write  # noqa: PLC0415 - matplotlib is wanted for pictures only

        write(folder, days, home)
    for text in broken:
        print(text, file=sys.stderr)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
