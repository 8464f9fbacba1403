"""Sites drawn at random, of every registered device type and of one that a third party could add."""

import contextlib
from dataclasses import MISSING, fields
from typing import Any

from hypothesis import strategies as st

import twin_tui.engine.devices  # noqa: F401 - registers the built-in types
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import AnyDeviceType, DeviceType, FaultKind, Stage, Status, registry
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import (
    ClearDisturbance,
    ClearFault,
    Disturb,
    Event,
    Fault,
    Write,
)
from twin_tui.engine.grid import GridParams
from twin_tui.engine.physics.battery import SUNGROW_SC1000TL
from twin_tui.engine.signals import Signal, commanded, measured, signals_of, value
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import Sky, WeatherParams
from twin_tui.errors import CommandError

NOON_UNIX_S = 1_781_913_600.0 + 11.5 * 3600
CODES = [
    None,
    *(load_grid_code(name) for name in ("en50549-1", "ieee1547-2018-cat-iii", "vde-ar-n-4105", "g99")),
]


@value
class FlywheelParams:
    """A third party's parameters."""

    capacity_wh: float
    rated_w: float
    ramp_w_per_s: float = 5000.0


@value
class FlywheelCommands:
    """A third party's command."""

    power_w: float = commanded(0.0, "Power asked for", "W")


@value
class FlywheelState:
    """A third party's state."""

    active_power_w: float
    reactive_power_var: float
    status: Status
    causes: int
    faults: int
    energy_wh: float


@value
class FlywheelTelemetry:
    """A third party's telemetry."""

    active_power_w: float = measured("Active power", "W")
    energy_wh: float = measured("Energy in the wheel", "Wh", low=0)


def _spin(
    params: FlywheelParams, state: FlywheelState, commands: FlywheelCommands, surroundings: Surroundings
) -> FlywheelState:
    hours = surroundings.dt_s / 3600.0
    if not surroundings.grid_live or state.causes:
        status = Status.FAULT if state.causes else Status.TRIPPED
        return FlywheelState(0.0, 0.0, status, state.causes, state.causes, state.energy_wh)
    reach = params.ramp_w_per_s * surroundings.dt_s
    wanted = min(max(commands.power_w, -params.rated_w), params.rated_w)
    power = min(max(wanted, state.active_power_w - reach), state.active_power_w + reach)
    power = min(max(power, (state.energy_wh - params.capacity_wh) / hours), state.energy_wh / hours)
    energy = min(max(state.energy_wh - power * hours, 0.0), params.capacity_wh)
    return FlywheelState(power, 0.0, Status.RUNNING, 0, 0, energy)


FLYWHEEL: AnyDeviceType = DeviceType(
    kind="flywheel",
    title="Flywheel of a third party",
    params=FlywheelParams,
    commands=FlywheelCommands,
    telemetry=FlywheelTelemetry,
    initial=lambda params: FlywheelState(0.0, 0.0, Status.OFF, 0, 0, params.capacity_wh / 2),
    step=_spin,
    observe=lambda params, state, commands, surroundings: FlywheelTelemetry(
        state.active_power_w, state.energy_wh
    ),
    stage=Stage.STORAGE,
    faults=(FaultKind("bearing", 9001, "A bearing is worn", latched=False),),
)

TYPES: dict[str, AnyDeviceType] = {kind: registry[kind] for kind in registry.kinds()} | {"flywheel": FLYWHEEL}
KINDS = sorted(TYPES)
_RANGES = {"_wh": (500.0, 50_000.0), "_va": (2000.0, 20_000.0), "_w": (500.0, 20_000.0)}


def plain_params(kind: str, **given: Any) -> Any:
    """Return parameters of a type with 10 kW and 10 kWh where one must be given."""
    cls = TYPES[kind].params
    required = dict.fromkeys(_required(cls), 10000.0)
    return cls(**{**required, **given})


def _required(cls: type[Any]) -> list[str]:
    return [f.name for f in fields(cls) if f.init and f.default is MISSING and f.default_factory is MISSING]


@st.composite
def drawn_params(draw: st.DrawFn, kind: str) -> Any:
    """Draw the parameters of a type: those that must be given, and the ones that the laws speak of."""
    cls = TYPES[kind].params
    names = {item.name for item in fields(cls) if item.init}
    found: dict[str, Any] = {}
    for name in _required(cls):
        low, high = next((r for suffix, r in _RANGES.items() if name.endswith(suffix)), (0.1, 100.0))
        found[name] = draw(st.floats(low, high))
    if "ramp_w_per_s" in names:
        found["ramp_w_per_s"] = draw(st.sampled_from([100.0, 3000.0, 1e9]))
    if "grid_code" in names:
        found["grid_code"] = draw(st.sampled_from(CODES))
    for name in ("grid_forming", "q_priority"):
        if name in names:
            found[name] = draw(st.booleans())
    if "initial_soc" in names:
        found["initial_soc"] = draw(st.sampled_from([0.5, 0.0, 0.001, 0.95, 0.999, 1.0]))
    if "converter" in names:
        found["converter"] = draw(st.sampled_from([None, SUNGROW_SC1000TL]))
        found["standby_w"] = draw(st.sampled_from([0.0, 40.0]))
    if kind == "chp":
        # so short that a story of seconds reaches a unit on the grid
        found |= dict.fromkeys(("starting_s", "warmup_s", "idle_s", "synchronizing_s"), 0.1)
        found["min_run_s"] = draw(st.sampled_from([0.0, 2.0]))
        found["min_rest_s"] = draw(st.sampled_from([0.0, 1.0]))
        found["buffer_l"] = draw(st.sampled_from([0.0, 1.0, 500.0]))
        found["hot_water_w"] = draw(st.sampled_from([0.0, 3000.0]))
    if kind == "pv":
        found["night_w"] = draw(st.sampled_from([0.0, 6.0]))
        found["pv_strings"] = draw(st.sampled_from([1, 3]))
    if kind == "ev_charger":
        found["max_discharge_power_w"] = draw(st.sampled_from([0.0, 9000.0]))
        found["charging_loss_w"] = draw(st.sampled_from([0.0, 240.0]))
        found["phase_switch_pause_s"] = found["phase_switch_interval_s"] = draw(st.sampled_from([0.0, 1.0]))
    if kind == "meter":
        found["initial_import_wh"] = draw(st.sampled_from([0.0, 1e9]))
    if "deadtime_s" in names:
        found["deadtime_s"] = draw(st.sampled_from([0.0, 0.7]))
    return cls(**found)


def _value(draw: st.DrawFn, signal: Signal) -> Any:
    if signal.options:
        return draw(st.sampled_from(sorted(signal.options)))
    if signal.type is bool:
        return draw(st.booleans())
    low = -20_000.0 if signal.low is None else signal.low
    high = 20_000.0 if signal.high is None else min(signal.high, 65_535.0)
    if signal.type is int:
        return draw(st.integers(int(low), int(high)))
    return draw(st.floats(low, high))


@st.composite
def writes(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw values for some commands of a type."""
    signals = [s for s in signals_of(TYPES[kind].commands).values() if s.type is not str]
    if not signals:
        return {}
    chosen = draw(st.lists(st.sampled_from(signals), max_size=3, unique_by=lambda s: s.name))
    return {signal.name: _value(draw, signal) for signal in chosen}


@st.composite
def disturbances(draw: st.DrawFn, dt_s: float) -> Disturbance:
    """Draw a disturbance of anything, of a whole number of steps."""
    target, low, high = draw(
        st.sampled_from(
            [
                (Target.VOLTAGE, 0.0, 1.3),
                (Target.VOLTAGE, 0.0, 0.0),
                (Target.FREQUENCY, -3.0, 3.0),
                (Target.PHASE, -60.0, 60.0),
                (Target.UNBALANCE, -0.1, 0.1),
                (Target.IRRADIANCE, 0.0, 1.5),
                (Target.TEMPERATURE, -40.0, 40.0),
                (Target.LOAD, -3000.0, 3000.0),
            ]
        )
    )
    return Disturbance(
        target,
        draw(st.floats(low, high)),
        duration_s=draw(st.sampled_from([max(1, round(0.3 / dt_s)) * dt_s, 2.0, None])),
        shape=draw(st.sampled_from([Shape.STEP, Shape.RAMP, Shape.SINE])),
        ramp_s=1.0,
        period_s=3.0,
        phases=draw(st.sampled_from(["abc", "a", "bc"])),
    )


@st.composite
def events(draw: st.DrawFn, plan: SitePlan) -> Event:
    """Draw something that happens to the site."""
    device = draw(st.sampled_from(plan.devices))
    kind = device.type.kind
    what = draw(st.sampled_from(["write", "write", "write", "disturb", "fault", "clear"]))
    if what == "disturb":
        return Disturb(draw(disturbances(plan.dt_s)))
    if what == "fault" and device.type.faults:
        name = draw(st.sampled_from([fault.name for fault in device.type.faults]))
        return Fault(device.name, name, duration_s=draw(st.sampled_from([None, 1.0])))
    if what == "clear":
        return draw(st.sampled_from([ClearFault(), ClearDisturbance()]))
    return Write(device.name, draw(writes(kind)))


@st.composite
def plans(draw: st.DrawFn, dt_s: float | None = None) -> SitePlan:
    """Draw a site with one device of every type and a second battery."""
    devices = [DevicePlan(kind, TYPES[kind], draw(drawn_params(kind))) for kind in KINDS]
    devices.append(DevicePlan("battery 2", TYPES["battery"], draw(drawn_params("battery"))))
    noisy = GridParams(frequency_std_hz=0.02, voltage_std_pu=0.003, voltage_drift_std_pu=0.003)
    return SitePlan(
        "any",
        tuple(devices),
        dt_s=dt_s or draw(st.sampled_from([0.05, 0.2, 1.0])),
        seed=draw(st.integers(0, 1000)),
        start_unix_s=NOON_UNIX_S,
        grid=draw(st.sampled_from([GridParams(), noisy, GridParams(r_ohm=0.15, x_ohm=0.1)])),
        weather=draw(
            st.sampled_from([WeatherParams(), WeatherParams(sky=Sky.CLEAR, clear_sky_index_std=0.2)])
        ),
    )


@st.composite
def stories(draw: st.DrawFn) -> tuple[SitePlan, list[tuple[int, Event]]]:
    """Draw a site and what happens to it: pairs of a number of ticks and the event after them."""
    plan = draw(plans())
    start: list[tuple[int, Event]] = []
    for name in ("battery", "battery 2"):
        power_w = draw(st.sampled_from([-2e4, -3e3, 0.0, 3e3, 2e4]))
        start.append((0, Write(name, {"start_stop": 1, "active_power_setpoint_w": power_w})))
        if draw(st.booleans()):
            start.append((0, Write(name, {f"soc_lower_limit_{i}": 0.0 for i in (1, 2)})))
            start.append((0, Write(name, {f"soc_upper_limit_{i}": 1.0 for i in (1, 2)})))
    start.append((0, Write("chp", {"start_stop": draw(st.sampled_from([0, 1])), "load_setpoint_pu": 0.8})))
    start.append((draw(st.sampled_from([0, 15])), Write("chp", {})))
    return plan, [*start, *draw(st.lists(st.tuples(st.integers(0, 12), events(plan)), max_size=12))]


def runs(plan: SitePlan, story: list[tuple[int, Event]], last_ticks: int = 15) -> Any:
    """Run a story and yield the engine after every tick."""
    engine = Engine(plan)
    for ticks, event in [*story, (last_ticks, None)]:
        for _ in range(ticks):
            engine.step()
            yield engine
        if event is not None:
            with contextlib.suppress(CommandError):  # a setting of the grid code that a device has not
                engine.submit(event)
