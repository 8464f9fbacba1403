"""How a mode or an energy manager takes hold of each kind of device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from twin_tui.engine.events import Scalar
from twin_tui.errors import CommandError, did_you_mean

if TYPE_CHECKING:
    from twin_tui.engine.running import Device
    from twin_tui.engine.surroundings import Surroundings


@dataclass(slots=True, frozen=True)
class Limits:
    """What a device can do, W and Wh, all positive."""

    charge_w: float
    discharge_w: float = 0.0
    capacity_wh: float = 0.0


@dataclass(slots=True, frozen=True)
class Handle:
    """The grip on one kind of device."""

    setpoints: frozenset[str]
    """Commands whose direct write ends a mode."""
    encode: Callable[[Any, float], dict[str, Any]]
    """(parameters, power in W into the bus) → the commands that ask for it."""
    limits: Callable[[Any], Limits]
    level: Callable[[Any, Any], float] = lambda params, state: 0.0
    """(parameters, state) → how full the storage is, 0 to 1."""
    start: Mapping[str, Scalar] = field(default_factory=dict)
    """Commands that have the device ready to follow, given once when a mode begins."""
    report: Mapping[str, Callable[["Device", float], None]] = field(default_factory=dict)
    """What of a reported status the device can take over, by key."""
    unready: Callable[["Device", "Surroundings"], str] = lambda device, surroundings: ""
    """Why the device cannot work now whatever it is told, "" when it can."""
    demand: Callable[["Device", "Surroundings"], tuple[float, float]] | None = None
    """The least and most heat that the system has to supply now, W."""
    steered_by_supply: bool = False
    """Whether ``encode`` takes the heat that a demand driven device shall supply, in place of its power."""


NO_LIMIT_W = 1e9


def peak_w(params: Any) -> float:
    """Return the greatest power of an appliance's programme."""
    spans = len(params.profile)
    return float(
        max(params.profile) / sum(params.profile) * params.consumption_wh * spans * 3600.0 / params.duration_s
    )


HANDLES: dict[str, Handle] = {}
"""The handle of each device kind that can be guided; third parties add theirs."""


def handle_of(device: "Device") -> Handle:
    """Return the handle of a device, or raise CommandError."""
    found = HANDLES.get(device.type.kind)
    if found is None:
        raise CommandError(f"a {device.type.kind} has no operation modes")
    return found


_built: dict[type[Any], tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]] = {}


def with_commands(commands: Any, wanted: Mapping[str, Any]) -> Any:
    """Return the commands with some changed; a third of the time of ``dataclasses.replace``."""
    cls = type(commands)
    known = _built.get(cls)
    if known is None:
        names = [item.name for item in fields(cls) if item.init]
        known = _built[cls] = (attrgetter(*names), {n: i for i, n in enumerate(names)})
    getter, index = known
    values = list(getter(commands))
    for name, value in wanted.items():
        values[index[name]] = value
    return cls(*values)


def take_report(device: "Device", status: Mapping[str, float]) -> None:
    """Bring the device's state to reported values; every key must be known."""
    reports = handle_of(device).report
    for key, number in status.items():
        reports[key](device, number)


def check_report(device: "Device", keys: list[str]) -> None:
    """Raise CommandError when the device cannot take over one of the reported values."""
    handle = HANDLES.get(device.type.kind)
    known = handle.report if handle is not None else {}
    for key in keys:
        if key not in known:
            hint = did_you_mean(key, known)
            raise CommandError(f"a {device.type.kind} cannot take over a reported {key}{hint}")


def _soc(device: "Device", soc: float) -> None:
    device.state = replace(device.state, energy_wh=soc * device.params.capacity_wh)  # type: ignore[type-var]


def _power(device: "Device", power_w: float) -> None:
    limits = handle_of(device).limits(device.params)
    bounded_w = min(max(power_w, -limits.charge_w), limits.discharge_w)
    device.state = replace(device.state, active_power_w=bounded_w)  # type: ignore[type-var]


def _stored(params: Any, state: Any) -> float:
    return float(state.energy_wh / params.capacity_wh)


def _no_vehicle(device: "Device", surroundings: "Surroundings") -> str:
    return "" if device.telemetry(surroundings).plugged_in else "no vehicle is plugged in"


def _no_start(device: "Device", surroundings: "Surroundings") -> str:
    seen = device.telemetry(surroundings)
    return "" if seen.running or seen.can_start else "no run can start now: the time window or the horizon"


def _heat_demand(device: "Device", surroundings: "Surroundings") -> tuple[float, float]:
    demand_w = device.telemetry(surroundings).heat_demand_w
    return demand_w, demand_w


HANDLES["battery"] = Handle(
    setpoints=frozenset({"active_power_setpoint_w"}),
    encode=lambda params, power_w: {"active_power_setpoint_w": power_w},
    limits=lambda params: Limits(params.max_charge_w, params.max_discharge_w, params.capacity_wh),
    level=_stored,
    start={"start_stop": 1},
    report={"soc": _soc, "power_w": _power},
)
HANDLES["pv"] = Handle(
    setpoints=frozenset({"active_power_limit_w", "active_power_limit_pu"}),
    encode=lambda params, power_w: {"active_power_limit_w": min(power_w, NO_LIMIT_W)},
    limits=lambda params: Limits(0.0, params.rated_w),
    start={"on": True},
)
HANDLES["ev_charger"] = Handle(
    setpoints=frozenset({"active_power_limit_w", "current_limit_a"}),
    encode=lambda params, power_w: {"active_power_limit_w": max(0.0, -power_w)},
    limits=lambda params: Limits(params.max_charge_power_w, 0.0, params.capacity_wh),
    level=_stored,
    start={"enabled": True},
    report={"soc": _soc, "power_w": _power},
    unready=_no_vehicle,
)
HANDLES["appliance"] = Handle(
    setpoints=frozenset({"run"}),
    encode=lambda params, power_w: {"run": power_w < 0.0},
    limits=lambda params: Limits(peak_w(params)),
    unready=_no_start,
)
HANDLES["chp"] = Handle(
    setpoints=frozenset({"start_stop", "load_setpoint_pu"}),
    encode=lambda params, power_w: {
        "start_stop": int(power_w > 0.0),
        "load_setpoint_pu": power_w / params.rated_w,
    },
    limits=lambda params: Limits(0.0, params.rated_w * params.max_load_pu),
)
HANDLES["heat_pump"] = Handle(
    setpoints=frozenset({"automatic", "heat_power_setpoint_w"}),
    encode=lambda params, heat_w: {"heat_power_setpoint_w": heat_w},
    limits=lambda params: Limits(params.rated_heat_w),
    start={"enabled": True, "automatic": False},
    demand=_heat_demand,
    steered_by_supply=True,
)
