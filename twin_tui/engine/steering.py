"""What a device type declares so that an operation mode or an energy manager can steer it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from twin_tui.engine.signals import Scalar, check_range, value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError, did_you_mean

Law = Callable[[float, float, Surroundings], float]
"""(net load in W, state of charge, surroundings) → power in W, positive while charging."""
Report = Callable[[Any, Any, float], dict[str, Any]]
"""(parameters, state, reported value) → changes of the state."""


@value
class PowerLimits:
    """What a device can do, W and Wh, all positive."""

    charge_w: float
    discharge_w: float = 0.0
    capacity_wh: float = 0.0


def no_level(_params: Any, _state: Any) -> float:
    """Return the level of a device without storage."""
    return 0.0


def ready(_telemetry: Any) -> str:
    """Return that nothing keeps a device from working."""
    return ""


@value
class Steering:
    """How one type of device is steered by power; pure functions of what the device is and shows."""

    setpoints: frozenset[str]
    """Commands whose direct write ends a mode."""
    encode: Callable[[Any, float], dict[str, Any]]
    """(parameters, power in W into the bus) → the commands that ask for it."""
    limits: Callable[[Any], PowerLimits]
    level: Callable[[Any, Any], float] = no_level
    """(parameters, state) → how full the storage is, 0 to 1."""
    capacity_wh: Callable[[Any, Any], float] | None = None
    """(parameters, state) → what a storage holds now; None is always that of ``limits``."""
    start: Mapping[str, Scalar] = field(default_factory=dict)
    """Commands that make the device ready to follow, set once when a mode begins."""
    report: Mapping[str, Report] = field(default_factory=dict)
    """The keys of a reported status that the device accepts."""
    unready: Callable[[Any], str] = ready
    """(telemetry) → why the device cannot work now whatever is asked of it, "" when it can."""
    demand: Callable[[Any], tuple[float, float]] | None = None
    """(telemetry) → the least and most heat that the system has to supply now, W."""
    steered_by_supply: bool = False
    """Whether ``encode`` takes the heat that a demand-driven device shall supply, in place of its power."""


@value
class ModeParameter:
    """One number or word that a mode takes; the meaning of ``default`` None is part of ``meaning``."""

    name: str
    meaning: str
    unit: str = ""
    default: float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def accept(self, mode: str, wanted: Scalar) -> float | str:
        """Return a value for the parameter, or raise CommandError saying why it is invalid."""
        place = f"{mode} {self.name}"
        if self.choices:
            if wanted not in self.choices:
                hint = did_you_mean(str(wanted), self.choices)
                raise CommandError(f"{place} takes one of {', '.join(self.choices)}, not {wanted!r}{hint}")
            return str(wanted)
        if isinstance(wanted, str | bool) or not math.isfinite(wanted):
            raise CommandError(f"{place} takes a finite number, not {wanted!r}")
        check_range(place, wanted, self.low, self.high, self.unit)
        return float(wanted)


@value
class ModeInputs:
    """What a law needs once: the device's limits, the factor, the parameters."""

    limits: PowerLimits
    factor: float
    dt_s: float
    pv_peak_w: float
    parameters: Mapping[str, float | str | None]
    capacity_now_wh: Callable[[], float] | None = None
    """What an ageing storage holds now; None is always that of ``limits``."""

    @property
    def capacity_wh(self) -> float:
        """What the storage holds now."""
        return self.limits.capacity_wh if self.capacity_now_wh is None else self.capacity_now_wh()

    @property
    def most_charge_w(self) -> float:
        """The charge limit, scaled by the factor."""
        return self.factor * self.limits.charge_w

    @property
    def most_discharge_w(self) -> float:
        """The discharge limit, scaled by the factor."""
        return self.factor * self.limits.discharge_w

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """Return a parameter as a number."""
        found = self.parameters[name]
        return otherwise if found is None else float(found)


@value
class Mode:
    """One operation mode."""

    name: str
    meaning: str
    build: Callable[[ModeInputs], Law]
    parameters: tuple[ModeParameter, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other names that energy managers use for it."""
    range: tuple[str, str] | None = None
    """Two parameters of which the first must be below the second."""

    def settle(self, wanted: Mapping[str, Scalar]) -> dict[str, float | str | None]:
        """Return every parameter with its value; raise CommandError for an invalid one."""
        known = {parameter.name: parameter for parameter in self.parameters}
        settled: dict[str, float | str | None] = {p.name: p.default for p in self.parameters}
        for name, wish in wanted.items():
            parameter = known.get(name)
            if parameter is None:
                raise CommandError(f"mode {self.name} has no parameter {name!r}{did_you_mean(name, known)}")
            settled[name] = parameter.accept(self.name, wish)
        if self.range is not None:
            (low, below), (high, above) = ((name, float(settled[name] or 0.0)) for name in self.range)
            if not below < above:
                raise CommandError(f"mode {self.name}: {low} {below:g} is not below {high} {above:g}")
        return settled
