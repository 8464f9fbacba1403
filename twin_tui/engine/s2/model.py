"""What a device says of itself in S2: control types, actuators, operation modes, transitions, timers."""

import math
from collections.abc import Iterable
from enum import Enum

from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError, did_you_mean

SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"
L1 = "ELECTRIC.POWER.L1"


class ControlType(Enum):
    """The ways in which an energy manager can control a resource, by their names on the wire."""

    FRBC = "FILL_RATE_BASED_CONTROL"
    OMBC = "OPERATION_MODE_BASED_CONTROL"
    DDBC = "DEMAND_DRIVEN_BASED_CONTROL"
    PEBC = "POWER_ENVELOPE_BASED_CONTROL"
    PPBC = "POWER_PROFILE_BASED_CONTROL"


class InstructionStatus(Enum):
    """The status of an instruction, by its name on the wire."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    REVOKED = "REVOKED"
    STARTED = "STARTED"
    SUCCEEDED = "SUCCEEDED"
    ABORTED = "ABORTED"


@value
class PowerRange:
    """The power at factor 0 and at factor 1, W, positive while consuming."""

    start_w: float
    end_w: float
    quantity: str = SYMMETRIC

    def at(self, factor: float) -> float:
        """Return the power at a factor."""
        return self.start_w + (self.end_w - self.start_w) * factor


@value
class Element:
    """A part of an operation mode: what it does while the fill level is in its range.

    The rate is the change of the fill level per second in FRBC and the supply in DDBC.
    """

    powers: tuple[PowerRange, ...]
    low: float = -math.inf
    high: float = math.inf
    rate_start: float = 0.0
    rate_end: float = 0.0
    costs: tuple[float, float] | None = None
    """Least and most running costs per second."""

    def rate(self, factor: float) -> float:
        """Return the rate at a factor."""
        return self.rate_start + (self.rate_end - self.rate_start) * factor

    def power_w(self, factor: float) -> float:
        """Return the electrical power of all phases at a factor."""
        return math.fsum(r.at(factor) for r in self.powers if r.quantity.startswith("ELECTRIC."))


@value
class OperationMode:
    """An operation mode; in OMBC and DDBC it has one element for every fill level."""

    id: str
    elements: tuple[Element, ...]
    label: str = ""
    abnormal_only: bool = False
    ends_in: str = ""
    """The mode that follows automatically once the timers of the transition to this one have finished."""

    def element(self, level: float) -> Element | None:
        """Return the element whose range holds the level; at a border it is the upper one."""
        found = None
        for element in self.elements:
            if element.low <= level <= element.high:
                found = element
                if level < element.high:
                    break
        return found


@value
class Timer:
    """A timer of an actuator."""

    id: str
    duration_ms: int
    label: str = ""
    left_ms: int = 0
    """How long it runs still when the control type is selected."""


@value
class Transition:
    """A permitted change from one mode to another."""

    id: str
    source: str
    target: str
    start_timers: tuple[str, ...] = ()
    blocking_timers: tuple[str, ...] = ()
    duration_ms: int = 0
    costs: float | None = None
    abnormal_only: bool = False


@value
class Actuator:
    """What can be instructed; OMBC has exactly one."""

    id: str
    modes: tuple[OperationMode, ...]
    transitions: tuple[Transition, ...] = ()
    timers: tuple[Timer, ...] = ()
    initial: str = ""
    """The mode at the start; "" is the first."""
    initial_factor: float = 0.0
    label: str = ""
    commodities: tuple[str, ...] = ("ELECTRICITY",)
    device_takes_time: bool = False
    """Whether the device itself needs the duration of a transition; its setpoint then changes first."""

    def mode(self, mode_id: str) -> OperationMode | None:
        """Return the mode of that id."""
        return next((mode for mode in self.modes if mode.id == mode_id), None)

    def timer(self, timer_id: str) -> Timer:
        """Return the timer of that id."""
        return next(timer for timer in self.timers if timer.id == timer_id)


@value
class Leakage:
    """What a storage loses between two levels, fill level per second."""

    low: float
    high: float
    rate: float


@value
class Usage:
    """What is expected to be taken out of a storage for a while, fill level per second."""

    duration_ms: int
    expected_rate: float


@value
class FillTarget:
    """Where the fill level shall be for a while."""

    duration_ms: int
    low: float
    high: float


@value
class Storage:
    """The storage of FRBC."""

    low: float
    high: float
    label: str = ""
    fill_label: str = "state of charge, 0 to 1"
    leakage: tuple[Leakage, ...] = ()
    usage: tuple[Usage, ...] = ()
    targets: tuple[FillTarget, ...] = ()


@value
class ModeDescription:
    """FRBC, OMBC or DDBC of a device."""

    control: ControlType
    actuators: tuple[Actuator, ...]
    storage: Storage | None = None
    demand: tuple[float, float] = (0.0, 0.0)
    """DDBC: the least and most that the system has to supply now, in the unit of its modes' supply."""

    def actuator(self, actuator_id: str) -> Actuator | None:
        """Return the actuator of that id."""
        return next((actuator for actuator in self.actuators if actuator.id == actuator_id), None)

    def check(self, place: str) -> None:
        """Raise ConfigError, naming the place, where the description contradicts itself."""
        _unique(place, "actuators", [actuator.id for actuator in self.actuators])
        if not self.actuators or (self.control is ControlType.OMBC and len(self.actuators) != 1):
            raise ConfigError(
                f"{place}: {self.control.name} needs {'one' if self.actuators else 'an'} actuator"
            )
        if self.control is ControlType.FRBC and self.storage is None:
            raise ConfigError(f"{place}: FRBC needs a storage")
        for actuator in self.actuators:
            _check_actuator(f"{place}, actuator {actuator.id}", actuator)


@value
class EnvelopeDescription:
    """PEBC of a device: between which powers a limit may lie, W, positive while consuming."""

    upper: tuple[float, float]
    lower: tuple[float, float]
    quantity: str = SYMMETRIC
    consequence: str = "VANISH"
    control: ControlType = ControlType.PEBC


@value
class Sequence:
    """One way in which a programme can run: (duration in ms, power in W) after each other."""

    id: str
    elements: tuple[tuple[int, float], ...]
    quantity: str = L1
    abnormal_only: bool = False


@value
class ProfileDescription:
    """PPBC of a device: alternative sequences, and by when the chosen one has to be done."""

    sequences: tuple[Sequence, ...]
    horizon_ms: int
    control: ControlType = ControlType.PPBC


Description = ModeDescription | EnvelopeDescription | ProfileDescription


def _unique(place: str, what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for item in ids:
        if item in seen:
            raise ConfigError(f"{place}: two {what} have the id {item!r}")
        seen.add(item)


def _check_actuator(place: str, actuator: Actuator) -> None:
    modes = [mode.id for mode in actuator.modes]
    timers = [timer.id for timer in actuator.timers]
    _unique(place, "modes", modes)
    _unique(place, "timers", timers)
    _unique(place, "transitions", [transition.id for transition in actuator.transitions])
    if not modes:
        raise ConfigError(f"{place}: no operation mode")
    if actuator.initial and actuator.initial not in modes:
        raise ConfigError(
            f"{place}: unknown initial mode {actuator.initial!r}{did_you_mean(actuator.initial, modes)}"
        )
    for timer in actuator.timers:
        if timer.duration_ms < 0:
            raise ConfigError(f"{place}, timer {timer.id}: duration {timer.duration_ms} ms is below 0")
    for mode in actuator.modes:
        _check_mode(f"{place}, mode {mode.id}", mode)
    for transition in actuator.transitions:
        where = f"{place}, transition {transition.id}"
        if transition.duration_ms < 0:
            raise ConfigError(f"{where}: duration {transition.duration_ms} ms is below 0")
        for end in (transition.source, transition.target):
            if end not in modes:
                raise ConfigError(f"{where}: unknown mode {end!r}{did_you_mean(end, modes)}")
        for timer_id in (*transition.start_timers, *transition.blocking_timers):
            if timer_id not in timers:
                raise ConfigError(f"{where}: unknown timer {timer_id!r}{did_you_mean(timer_id, timers)}")


def _check_mode(place: str, mode: OperationMode) -> None:
    if not mode.elements:
        raise ConfigError(f"{place}: no element")
    for element in mode.elements:
        if not element.low <= element.high:
            raise ConfigError(f"{place}: fill levels {element.low:g} … {element.high:g} are not a range")
        if not element.powers:
            raise ConfigError(f"{place}: no power range")
        for power in element.powers:
            if not (
                math.isfinite(power.start_w) and math.isfinite(power.end_w) and power.start_w <= power.end_w
            ):
                raise ConfigError(
                    f"{place}: power {power.start_w:g} … {power.end_w:g} W is not a rising range"
                )
