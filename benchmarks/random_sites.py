"""Random sites and what happens to them: every device type, parameter that matters, disturbance and fault."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import twin_tui.engine.devices  # noqa: F401 - registers the built-in types
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import AnyDeviceType, DevicePlan, registry
from twin_tui.engine.devices.battery_model import Housing
from twin_tui.engine.devices.heat_pump_model import Technology
from twin_tui.engine.devices.load_model import VoltageModel
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, ClearFault, Disturb, Event, Fault, Write
from twin_tui.engine.grid import GRIDS, GridParams
from twin_tui.engine.physics.battery import LFP, NMC, NOTTON, SUNGROW_SC1000TL
from twin_tui.engine.signals import Signal, signals_of
from twin_tui.engine.site import SitePlan
from twin_tui.engine.weather import Sky, WeatherParams

MORNING_UNIX_S = 1_781_913_600.0 + 9 * 3600
CODES = (
    None,
    None,
    None,
    "en50549-1",
    "vde-ar-n-4105",
    "g99",
    "ieee1547-2018-cat-ii",
    "ieee1547-2018-cat-iii",
)


def _code(random: Random) -> Any:
    name = random.choice(CODES)
    if name is None:
        return None
    if name == "g99" or random.random() < 0.5:
        return load_grid_code(name)
    return load_grid_code(name, volt_var=True) if "cat" in name else load_grid_code(name, watt_pf=True)


def _battery(random: Random) -> dict[str, Any]:
    power = random.uniform(500.0, 60_000.0)
    return {
        "capacity_wh": power * random.choice((0.02, 0.3, 2.0)),
        "max_charge_w": power * random.uniform(0.3, 1.2),
        "max_discharge_w": power,
        "rated_va": power * random.choice((0.8, 1.0, 1.1)),
        "initial_soc": random.choice((0.0, 0.001, 0.3, 0.5, 0.9, 0.999, 1.0)),
        "converter": random.choice((None, NOTTON, SUNGROW_SC1000TL)),
        "standby_w": random.choice((0.0, 40.0, 300.0)),
        "cell": random.choice((LFP, NMC)),
        "q_priority": random.random() < 0.5,
        "ramp_w_per_s": random.choice((100.0, 5000.0, 1e9)),
        "deadtime_s": random.choice((0.0, 0.7)),
        "max_current_pu": random.choice((1.0, 1.05, 1.2)),
        "initial_soh": random.choice((1.0, 0.8)),
        "ageing_speed": random.choice((0.0, 1.0, 1000.0, 1e6)),
        "initial_cell_c": random.choice((-5.0, 12.0, 25.0, 50.0)),
        "housing": random.choice(tuple(Housing)),
        "grid_forming": random.random() < 0.4,
        "grid_code": _code(random),
    }


def _pv(random: Random) -> dict[str, Any]:
    rated = random.uniform(1_000.0, 100_000.0)
    return {
        "rated_w": rated,
        "peak_w": rated * random.uniform(0.2, 1.5),
        "rated_va": random.choice((None, 0.9 * rated, 1.15 * rated)),
        "nominal_efficiency": random.choice((0.9, 0.96, 0.999)),
        "max_current_pu": random.choice((1.0, 1.1)),
        "q_priority": random.random() < 0.5,
        "grid_code": _code(random),
    }


def _chp(random: Random) -> dict[str, Any]:
    times = dict.fromkeys(("starting_s", "warmup_s", "idle_s", "synchronizing_s"), 0.1)
    return {"rated_w": random.uniform(5e3, 2e5), "grid_code": _code(random), **times}


def _ev(random: Random) -> dict[str, Any]:
    return {
        "station_phases": random.choice((1, 3)),
        "vehicle_phases": random.choice((1, 3)),
        "max_charge_power_w": random.uniform(2e3, 22e3),
        "max_current_a": random.choice((16.0, 32.0)),
        "capacity_wh": random.choice((500.0, 60e3)),
        "max_discharge_power_w": random.choice((0.0, 0.0, 11e3)),
    }


def _load(random: Random) -> dict[str, Any]:
    given = {"zip_active": (0.4, 0.3, 0.3), "zip_reactive": (2.0, -2.0, 1.0)} if random.random() < 0.2 else {}
    return {
        "base_w": random.uniform(0.0, 50e3),
        "power_factor": random.choice((1.0, 0.95, 0.8, -0.9)),
        "phase": random.choice(tuple(Connection)),
        "voltage_model": random.choice(tuple(VoltageModel)),
        "noise_share": random.choice((0.0, 0.2)),
        "inrush": random.choice((0.0, 0.0, 4.0)),
        **given,
    }


def _heat_pump(random: Random) -> dict[str, Any]:
    return {
        "technology": random.choice(tuple(Technology)),
        "phase": random.choice(tuple(Connection)),
        "min_pause_s": random.choice((0.0, 30.0)),
    }


def _appliance(random: Random) -> dict[str, Any]:
    return {
        "consumption_wh": random.uniform(100.0, 3e3),
        "duration_s": random.choice((60.0, 3600.0)),
        "phase": random.choice(tuple(Connection)),
        "horizon_s": 0.0,
    }


PARAMS = {
    "battery": _battery,
    "pv": _pv,
    "chp": _chp,
    "ev_charger": _ev,
    "load": _load,
    "heat_pump": _heat_pump,
    "appliance": _appliance,
}


def _plan(random: Random, kind: str, name: str, nominal_hz: float) -> DevicePlan:
    device_type = registry[kind]
    keys = PARAMS[kind](random)
    code = keys.get("grid_code")
    if code is not None and code.nominal_hz != nominal_hz:
        keys["grid_code"] = load_grid_code("en50549-1" if nominal_hz == 50.0 else "ieee1547-2018-cat-iii")
    return DevicePlan(name, device_type, device_type.params(**keys))


def random_site(random: Random, name: str) -> SitePlan:
    """Return a site of two to nine devices of any type, its grid meter and a sub-meter."""
    kinds = ["battery", *(random.choice(tuple(PARAMS)) for _ in range(random.randint(1, 8)))]
    grid = _grid(random)
    devices = [_plan(random, kind, f"{kind}-{place}", grid.nominal_hz) for place, kind in enumerate(kinds)]
    meter: AnyDeviceType = registry["meter"]
    measured = tuple(plan.name for plan in random.sample(devices, 2))
    meters = (
        DevicePlan("meter", meter, meter.params(accuracy_class=random.choice((0.0, 1.0)))),
        DevicePlan("sub-meter", meter, meter.params(), meters=measured),
    )
    weather = WeatherParams(sky=Sky.CLEAR, clear_sky_index_std=random.choice((0.0, 0.2)))
    return SitePlan(
        name,
        (*devices, *meters),
        dt_s=random.choice((0.02, 0.05, 0.1, 0.1, 1.0, 10.0, 60.0)),
        seed=random.randrange(1000),
        start_unix_s=MORNING_UNIX_S,
        grid=grid,
        weather=weather,
    )


def _grid(random: Random) -> GridParams:
    """Return a stiff grid or a weak one, of 50 Hz or 60 Hz."""
    names = ("stiff_50hz", "continental_europe", "nordic", "stiff_60hz", "north_america")
    grid = GRIDS[random.choice(names)]
    if random.random() < 0.6:
        return grid
    return replace(grid, r_ohm=random.choice((0.02, 0.1, 0.5)), x_ohm=random.choice((0.02, 0.1, 0.5)))


_DISTURBANCES = (
    (Target.VOLTAGE, 0.0, 1.3),
    (Target.VOLTAGE, 0.0, 0.0),
    (Target.VOLTAGE, 0.0, 0.01),
    (Target.VOLTAGE, 0.4, 0.95),
    (Target.FREQUENCY, -5.0, 5.0),
    (Target.PHASE, -60.0, 60.0),
    (Target.UNBALANCE, -0.2, 0.2),
    (Target.IRRADIANCE, 0.0, 1.5),
    (Target.TEMPERATURE, -40.0, 40.0),
    (Target.LOAD, -5e3, 5e4),
)


def _disturb(random: Random, dt_s: float) -> Disturb:
    target, low, high = random.choice(_DISTURBANCES)
    return Disturb(
        Disturbance(
            target,
            random.uniform(low, high),
            duration_s=dt_s * random.choice((1, 3, 20, 200)),
            shape=random.choice((Shape.STEP, Shape.STEP, Shape.RAMP, Shape.SINE)),
            ramp_s=2.0 * dt_s,
            period_s=5.0 * dt_s,
            phases=random.choice(("abc", "abc", "a", "bc", "c")),
        )
    )


def _value(random: Random, signal: Signal) -> Any:
    if signal.options:
        return random.choice(sorted(signal.options))
    if signal.type is bool:
        return random.random() < 0.7
    low = -60e3 if signal.low is None else signal.low
    high = 60e3 if signal.high is None else min(signal.high, 65_535.0)
    return random.randint(int(low), int(high)) if signal.type is int else random.uniform(low, high)


def _write(random: Random, engine: Engine, name: str) -> Write:
    signals = [s for s in signals_of(engine.devices[name].type.commands).values() if s.type is not str]
    chosen = random.sample(signals, min(len(signals), random.randint(1, 3)))
    values = {signal.name: _value(random, signal) for signal in chosen}
    # a device that does nothing for most of the run shows little
    for start in ("start_stop", "run", "plug"):
        if start in {signal.name for signal in signals} and random.random() < 0.7:
            values[start] = 1
    return Write(name, values)


def first_events(random: Random, engine: Engine) -> Iterator[Event]:
    """Yield what sets the devices to work, the storage often far beyond what it can do."""
    for name, device in engine.devices.items():
        kind = device.type.kind
        if kind == "battery":
            wanted = random.choice((-2.0, -1.0, 1.0, 2.0)) * device.params.max_discharge_w
            yield Write(name, {"start_stop": 1, "active_power_setpoint_w": wanted})
            if random.random() < 0.7:
                yield Write(name, {"soc_lower_limit_2": 0.0, "soc_lower_limit_1": 0.0})
                yield Write(name, {"soc_upper_limit_1": 1.0, "soc_upper_limit_2": 1.0})
        elif kind == "chp":
            yield Write(name, {"start_stop": 1, "load_setpoint_pu": 1.0})
        elif kind == "appliance":
            yield Write(name, {"run": True})


def random_event(random: Random, engine: Engine) -> Iterator[Event]:
    """Yield what happens in one moment; a write may be refused."""
    what = random.random()
    if what < 0.35:
        yield _disturb(random, engine.dt_s)
    elif what < 0.45:
        yield random.choice((ClearDisturbance(), ClearFault()))
    elif what < 0.55:
        name = random.choice(tuple(engine.devices))
        faults = engine.devices[name].type.faults
        if faults:
            yield Fault(name, random.choice(faults).name, duration_s=engine.dt_s * random.choice((1, 30)))
    else:
        for _ in range(random.randint(1, 4)):
            yield _write(random, engine, random.choice(tuple(engine.devices)))
