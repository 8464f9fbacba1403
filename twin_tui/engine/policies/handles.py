"""How a mode or an energy manager takes hold of each kind of device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from twin_tui.engine.events import Scalar
from twin_tui.errors import CommandError, did_you_mean

if TYPE_CHECKING:
    from twin_tui.engine.engine import Device


@dataclass(slots=True, frozen=True)
class Limits:
    """What a device can do, W and Wh, all positive."""

    charge_w: float
    discharge_w: float = 0.0
    capacity_wh: float = 0.0


@dataclass(slots=True, frozen=True)
class Handle:
    """The grip on one kind of device."""

    power: str
    """The command that carries the power."""
    encode: Callable[[Any, float], Any]
    """(parameters, power in W into the bus) → value of that command."""
    limits: Callable[[Any], Limits]
    level: Callable[[Any, Any], float] = lambda params, state: 0.0
    """(parameters, state) → how full the storage is, 0 to 1."""
    setpoints: frozenset[str] = frozenset()
    """Commands whose direct write ends a mode; the power command is one by itself."""
    start: Mapping[str, Scalar] = field(default_factory=dict)
    """Commands that have the device ready to follow, given once when a mode begins."""
    report: Mapping[str, Callable[["Device", float], None]] = field(default_factory=dict)
    """What of a reported status the device can take over, by key."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "setpoints", self.setpoints | {self.power})


NO_LIMIT_W = 1e9

HANDLES: dict[str, Handle] = {}
"""The handle of each device kind that can be guided; third parties add theirs."""


def handle_of(device: "Device") -> Handle:
    """Return the handle of a device, or raise CommandError."""
    found = HANDLES.get(device.type.kind)
    if found is None:
        raise CommandError(f"a {device.type.kind} has no operation modes")
    return found


_built: dict[type[Any], tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]] = {}


def with_command(commands: Any, name: str, wanted: Any) -> Any:
    """Return the commands with one changed; a third of the time of ``dataclasses.replace``."""
    cls = type(commands)
    known = _built.get(cls)
    if known is None:
        names = [item.name for item in fields(cls) if item.init]
        known = _built[cls] = (attrgetter(*names), {n: i for i, n in enumerate(names)})
    getter, index = known
    values = list(getter(commands))
    values[index[name]] = wanted
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


def _battery_soc(device: "Device", soc: float) -> None:
    device.state = replace(device.state, energy_wh=soc * device.params.capacity_wh)  # type: ignore[type-var]


def _power(device: "Device", power_w: float) -> None:
    device.state = replace(device.state, active_power_w=power_w)  # type: ignore[type-var]


HANDLES["battery"] = Handle(
    power="active_power_setpoint_w",
    encode=lambda params, power_w: power_w,
    limits=lambda params: Limits(params.max_charge_w, params.max_discharge_w, params.capacity_wh),
    level=lambda params, state: state.energy_wh / params.capacity_wh,
    start={"start_stop": 1},
    report={"soc": _battery_soc, "power_w": _power},
)

HANDLES["pv"] = Handle(
    power="active_power_limit_w",
    encode=lambda params, power_w: min(power_w, NO_LIMIT_W),
    limits=lambda params: Limits(0.0, params.rated_w),
    setpoints=frozenset({"active_power_limit_pu"}),
    start={"on": True},
)
