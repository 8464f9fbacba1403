"""What one step of each device costs, in µs: the median of many short runs.

    python -m benchmarks.steps [--runs 15]

Each device runs in its own site, is started and has work to do, so that its step takes the path of a
busy device; the step alone is timed, with the state that the site has reached.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

import twin_tui.engine.devices  # noqa: F401 - registers the built-in types
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import Stage, Status, registry
from twin_tui.engine.devices.battery import BatteryParams
from twin_tui.engine.devices.pv import PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Scalar, Write
from twin_tui.engine.grid import GRIDS, GridParams
from twin_tui.engine.physics.battery import SUNGROW_SC1000TL
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Sky, WeatherParams

NOON_UNIX_S = 1_781_913_600.0 + 12 * 3600
STEPS = 2000
BATTERY_W = 10_000.0


def median_us(run: Callable[[], None], runs: int) -> float:
    """Return the median cost of one of the STEPS that ``run`` makes, µs."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        found.append((time.perf_counter() - start) / STEPS * 1e6)
    return statistics.median(found)


def step_us(kind: str, params: Any, runs: int) -> float:
    """Return the median cost of one step of a device, µs."""
    device_type = registry[kind]
    engine = _site(DevicePlan("d", device_type, params))
    device = engine.devices["d"]
    if device.state.status in (Status.TRIPPED, Status.FAULT):
        raise RuntimeError(f"the {kind} is {device.state.status.value}: nothing worth measuring")
    step, surroundings = device_type.step, engine.surroundings

    def run() -> None:
        state, commands = device.state, device.commands
        for i in range(STEPS):
            if not i % 10:
                surroundings.weather_tick += 1  # new weather once a second, at ten steps a second
            state = step(params, state, commands, surroundings)

    return median_us(run, runs)


def tick_us(grid: GridParams, runs: int) -> float:
    """Return the median cost of one tick of an engine with one battery, µs."""
    plan = DevicePlan("d", registry["battery"], battery())
    engine = _site(plan, grid)

    def run() -> None:
        for _ in range(STEPS):
            engine.step()

    return median_us(run, runs)


def _site(plan: DevicePlan, grid: GridParams | None = None) -> Engine:
    weather = WeatherParams(sky=Sky.CLEAR, clear_sky_index=0.7, clear_sky_index_std=0.1)
    code = getattr(plan.params, "grid_code", None)
    nominal_hz = 50.0 if code is None else code.nominal_hz
    grid = grid or GridParams(nominal_hz=nominal_hz)
    engine = Engine(SitePlan("bench", (plan,), start_unix_s=NOON_UNIX_S, grid=grid, weather=weather))
    known = plan.type.signals
    wanted: dict[str, Scalar] = {"start_stop": 1, "active_power_setpoint_w": 5000.0, "plug": 1}
    values = {n: w for n, w in wanted.items() if n in known and known[n].command}
    engine.submit(Write("d", values))
    engine.advance(150.0)
    return engine


def battery(**options: Any) -> BatteryParams:
    """Return a battery that can work through any number of steps."""
    return BatteryParams(1e6, BATTERY_W, BATTERY_W, BATTERY_W, **options)


def cases() -> list[tuple[str, str, Any]]:
    """Return what to measure: a title, the kind, the parameters."""
    code = load_grid_code("en50549-1")
    category_ii = load_grid_code("ieee1547-2018-cat-ii", volt_var=True, volt_watt=True)
    found: list[tuple[str, str, Any]] = [
        ("battery", "battery", battery()),
        ("battery, part-load converter", "battery", battery(converter=SUNGROW_SC1000TL)),
        ("battery, EN 50549-1", "battery", battery(grid_code=code)),
        ("battery, IEEE 1547 with volt-var", "battery", battery(grid_code=category_ii)),
        ("PV", "pv", PvParams(BATTERY_W, BATTERY_W)),
        ("PV, EN 50549-1", "pv", PvParams(BATTERY_W, BATTERY_W, grid_code=code)),
    ]
    plain = {
        "chp": {"rated_w": BATTERY_W},
        "load": {"base_w": 2000.0},
        "appliance": {"consumption_wh": 1000.0, "duration_s": 3600.0},
    }
    for kind in registry.kinds():
        device_type = registry[kind]
        if kind in ("battery", "pv") or device_type.stage is Stage.METER:
            continue
        found.append((device_type.title, kind, device_type.params(**plain.get(kind, {}))))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    table = Table("", "µs", title="One step, median")
    for title, kind, params in cases():
        table.add_row(title, f"{step_us(kind, params, runs):.2f}")
    table.add_section()
    table.add_row("a tick with one battery, steady grid", f"{tick_us(GridParams(), runs):.2f}")
    table.add_row("the same, Continental Europe", f"{tick_us(GRIDS['continental_europe'], runs):.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
