"""A device is data plus a pure step; a device type is one entry in a table."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from enum import Enum, IntEnum
from math import inf
from typing import Any, Generic, Protocol, TypeVar

from twin_tui.engine.packages import Broken, from_packages, why_missing
from twin_tui.engine.s2.model import ControlType, Description
from twin_tui.engine.signals import Scalar, Signal, signals_of, value
from twin_tui.engine.steering import Mode, Steering
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import NOTHING_BINDS, RESET, Constraint, Why, explained
from twin_tui.errors import ConfigError, did_you_mean


class Status(Enum):
    """The condition of any device, as the screen, the log and a verdict name it."""

    OFF = "OFF"
    STANDBY = "STANDBY"
    STARTING = "STARTING"
    RUNNING = "RUN"
    STOPPING = "STOPPING"
    CEASED = "CEASED"
    TRIPPED = "TRIPPED"
    WAITING = "WAITING"
    FAULT = "FAULT"


class Stage(IntEnum):
    """When in the tick a type steps: storage after what it answers, meters when the balance is known."""

    SOURCE = 0
    STORAGE = 1
    METER = 2


class Role(Enum):
    """What a device does with the site's energy: its S2 role, the sign of its reports."""

    PRODUCER = "PRODUCER"
    STORAGE = "STORAGE"
    CONSUMER = "CONSUMER"


@value
class DeviceState:
    """What the state of every type begins with. Powers are positive into the site's bus."""

    active_power_w: float = 0.0
    reactive_power_var: float = 0.0
    status: Status = Status.STANDBY
    causes: int = 0
    """Bits of the fault causes that are present now (bit i is the type's i-th fault)."""
    faults: int = 0
    """Bits of the faults that the device reports, latched ones included."""


@value
class Forming:
    """With what a device can hold up the site without the grid now."""

    rating_va: float
    frequency_droop: float = 0.0
    """By how much the frequency falls from no to rated active power, as a share of the nominal one."""
    voltage_droop: float = 0.0
    """By how much the voltage falls from no to rated reactive power, per unit."""
    shift_hz: float = 0.0
    """How far it raises the frequency because it can hardly take in more."""
    phase_va: float = inf
    """Apparent power that the current of a phase allows at nominal voltage."""
    auxiliary_w: float = 0.0
    """What it consumes beside, balanced, within its power."""


P = TypeVar("P")
S = TypeVar("S", bound=DeviceState)
C = TypeVar("C")
T = TypeVar("T")


@value
class FaultKind:
    """One fault that a device type can have: its name, the code on the wire, and whether it latches."""

    name: str
    code: int
    meaning: str
    latched: bool = True


class Described(Protocol):
    """What an S2 description is made from: a device as it is now."""

    @property
    def type(self) -> "AnyDeviceType": ...
    @property
    def params(self) -> Any: ...
    @property
    def state(self) -> Any: ...
    @property
    def commands(self) -> Any: ...
    def telemetry(self, surroundings: Surroundings) -> Any: ...


Describe = Callable[[Described, Surroundings], Description]
"""(device, surroundings) → its S2 description now."""


@value
class DeviceType(Generic[P, S, C, T]):
    """Everything the system knows about one type of device.

    ``step`` is pure: the same arguments give the same state, and nothing else is touched. ``observe`` is
    called only when somebody looks. ``shares`` says how the power divides over the phases at nominal
    voltages; None is balanced.
    """

    kind: str
    title: str
    params: type[P]
    commands: type[C]
    telemetry: type[T]
    initial: Callable[[P], S]
    step: Callable[[P, S, C, Surroundings], S]
    observe: Callable[[P, S, C, Surroundings], T]
    stage: Stage = Stage.SOURCE
    faults: tuple[FaultKind, ...] = ()
    shares: Callable[[P, S], tuple[float, float, float]] | None = None
    draw: Callable[[P, S], Callable[[float], tuple[float, float]]] | None = None
    """How active and reactive power of a phase follow its voltage, each over that at nominal voltage; None is
    a device with the same current on every phase that has voltage."""
    aliases: tuple[str, ...] = ()
    advise: Callable[[P, C, Collection[str]], str] | None = None
    """What is worth saying of commands just changed: that the device is off, that it can do less; else ""."""
    explain: Callable[[P, S, C, Surroundings], Why | str] | None = None
    """What was asked of the device, and what binds it now; called only for what somebody reads."""
    prepare: Callable[[P, str, int, float], P] | None = None
    """Completes the parameters, once, with what a site decides: (parameters, device name, seed, dt_s)."""
    forms: Callable[[P, S, C], Forming | None] | None = None
    """With what a device can hold up the site without the grid now; None when it cannot."""
    role: Role = Role.CONSUMER
    flow_group: str = ""
    """Under which name the power flow sums the devices of this type; "" is the title."""
    steering: Steering | None = None
    """How a mode or an energy manager steers it; None is a type that nobody steers."""
    modes: tuple[Mode, ...] = ()
    """The operation modes that the site can run on it."""
    s2: Mapping[ControlType, Describe] = field(default_factory=dict)
    """The S2 control types that it offers."""
    undisturbed: Callable[[P], P] | None = None
    """The parameters without noise, for a forecast; None where weather and clock do not decide the power."""
    shed_by: str = ""
    """The switch command by which an island sheds it as a load, if it can."""
    curtailed_by: str = ""
    """The power limit command by which an island curtails it, if it can."""
    export_limited_by: str = ""
    """The command with the most that the site may feed in, beyond which ``curtailed_by`` takes effect."""
    solar_peak_w: Callable[[P], float] | None = None
    """The peak power of a plant that the sun drives, W."""
    takes_load_steps: bool = False
    """Whether a load-step disturbance can act on it."""
    signals: Mapping[str, Signal] = field(init=False)

    def __post_init__(self) -> None:
        both = {**signals_of(self.telemetry), **signals_of(self.commands)}
        object.__setattr__(self, "signals", both)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a registered type as its kind: its functions need no name of their own."""
        if registry.has(self):
            return _registered, (self.kind,)
        return object.__reduce_ex__(self, protocol)

    @property
    def flow_title(self) -> str:
        """Return the name of the type's group in the power flow; a meter has no power of its own."""
        return "" if self.stage is Stage.METER else self.flow_group or self.title

    def why(self, params: P, state: S, commands: C, surroundings: Surroundings) -> Why:
        """Return what was asked of a device of this type, and what binds it."""
        if self.explain is None:
            return NOTHING_BINDS
        return explained(self.explain(params, state, commands, surroundings))

    def fault_bit(self, name: str) -> int:
        """Return the bit of the named fault, or raise ConfigError with the nearest name."""
        for position, fault in enumerate(self.faults):
            if fault.name == name:
                return 1 << position
        hint = did_you_mean(name, [fault.name for fault in self.faults])
        raise ConfigError(f"a {self.kind} has no fault {name!r}{hint}")

    def fault_names(self, bits: int) -> tuple[str, ...]:
        """Return the names of the faults whose bits are set."""
        if not bits:
            return ()
        return tuple(fault.name for position, fault in enumerate(self.faults) if bits >> position & 1)

    def fault_code(self, bits: int) -> int:
        """Return the code of the first fault that is set, 0 when there is none."""
        return first_code(self.faults, bits)


AnyDeviceType = DeviceType[Any, Any, Any, Any]


@value
class DevicePlan:
    """One device of a site: its type, its parameters and the commands it starts with."""

    name: str
    type: AnyDeviceType
    params: Any
    commands: Any = None
    """Commands at the start; None takes the defaults of the type."""
    s2: tuple[Description, ...] = ()
    """S2 descriptions in place of those that the type makes from its parameters."""
    meters: tuple[str, ...] = ()
    """For a sub-meter: the devices it measures; empty is the grid connection."""


def first_code(faults: tuple[FaultKind, ...], bits: int) -> int:
    """Return the code of the first of the faults whose bit is set, 0 when there is none."""
    return (
        next((fault.code for position, fault in enumerate(faults) if bits >> position & 1), 0) if bits else 0
    )


def latching(faults: tuple[FaultKind, ...]) -> int:
    """Return the bits of the faults that stay until they are reset."""
    return sum(1 << position for position, fault in enumerate(faults) if fault.latched)


def settle_faults(faults: int, causes: int, latching: int, reset: bool) -> int:
    """Return the faults a device reports: its present causes and, until a reset, the latched ones."""
    return causes if reset else causes | (faults & latching)


def fault_constraints(
    kinds: tuple[FaultKind, ...],
    state: DeviceState,
    derived: int = 0,
    reset: tuple[str, Scalar] = ("fault_reset", 1),
) -> tuple[Constraint, ...]:
    """Return each fault that a device reports: present, or latched while its cause is gone.

    ``derived`` has the bits of the causes that follow from its state, such as its temperature.
    """
    found = []
    present = state.causes | derived
    for place, kind in enumerate(kinds):
        if not state.faults >> place & 1:
            continue
        if kind.latched and not present >> place & 1:
            text, brief = f"{kind.name} latched: cause gone", f"{kind.name}: cause gone"
            found.append(Constraint("fault latched", text, brief, action=RESET, command=reset))
        else:
            found.append(Constraint("fault", kind.name))
    return tuple(found)


class DeviceRegistry:
    """The device types of this process, by kind and alias; built-in ones and those of entry points."""

    def __init__(self) -> None:
        self._types: dict[str, AnyDeviceType] = {}
        self._offered: dict[str, Callable[[], AnyDeviceType]] = {}
        self._kinds: dict[str, str] = {}
        self._searched = False
        self.broken: tuple[Broken, ...] = ()
        """The entry points that failed, once they have been searched."""

    def offer(self, kind: str, load: Callable[[], AnyDeviceType], *aliases: str) -> None:
        """Register a kind whose type is loaded with its first use: a site needs few of them."""
        self._offered[kind] = load
        self._kinds.update(dict.fromkeys(aliases, kind))

    def add(self, device_type: AnyDeviceType) -> None:
        """Register a device type under its kind and its aliases."""
        for name in (device_type.kind, *device_type.aliases):
            self._find(name)
        self._add(device_type)

    def __getitem__(self, name: str) -> AnyDeviceType:
        found = self._find(name)
        if found is None:
            for kind in self._offered:
                self._find(kind)
            self._search()
            found = self._types.get(name)
        if found is None:
            missing = why_missing(name, self.broken)
            hint = f"; {missing}" if missing else did_you_mean(name, self._types)
            raise ConfigError(f"unknown device type {name!r}{hint}")
        return found

    def has(self, device_type: AnyDeviceType) -> bool:
        """Return whether a type is registered under its kind."""
        return self._types.get(device_type.kind) is device_type

    def kinds(self) -> tuple[str, ...]:
        """Return the kind of every registered type, without aliases."""
        self._search()
        return tuple(dict.fromkeys((*self._offered, *(found.kind for found in self._types.values()))))

    def _find(self, name: str) -> AnyDeviceType | None:
        kind = self._kinds.get(name, name)
        if kind not in self._types and kind in self._offered:
            self._add(self._offered[kind]())
        return self._types.get(name)

    def _add(self, device_type: AnyDeviceType) -> None:
        names = (device_type.kind, *device_type.aliases)
        for name in names:
            if self._types.get(name, device_type) is not device_type:
                raise ConfigError(f"device type {name!r} is registered already")
        self._types.update(dict.fromkeys(names, device_type))

    def _search(self) -> None:
        if not self._searched:
            self._searched = True
            self.broken = from_packages("twin_tui.device_types", DeviceType, "device type", self.add)


registry = DeviceRegistry()


def _registered(kind: str) -> AnyDeviceType:
    return registry[kind]
