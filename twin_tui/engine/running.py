"""What runs: devices as they are now, what steers them, and the run as events, modes and S2 see it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, Self

from twin_tui.engine.device import DevicePlan, DeviceState
from twin_tui.engine.grid import Grid
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.grid_code_settings import begin, code_with, with_code
from twin_tui.engine.grid_settings import GridSettings, GridTied
from twin_tui.engine.protection import under_another_code
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import Scalar, changed, signals_of, value
from twin_tui.engine.snapshot import Author, ControlSnapshot, LogKind
from twin_tui.engine.steps import check_duration, whole_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import RELEASE, Constraint, Why
from twin_tui.errors import CommandError, check_argument, did_you_mean


class Guide(Protocol):
    """Steers one device in place of direct setpoints: a site mode or an S2 control type."""

    @property
    def mode(self) -> str:
        """Return the name of the active mode, for the screen and the log."""

    @property
    def factor(self) -> float:
        """Return the factor of the active mode."""

    def power_w(self, device: "Device", surroundings: Surroundings, bus_w: float) -> float:
        """Return the power that the device should have now, W into the bus; or the heat it should supply.

        ``bus_w`` is what all devices that have stepped in this tick put into the bus.
        """


class Controller(Guide, Protocol):
    """The S2 control type at work on a device, as everybody but S2 sees it."""

    kind: ControlType

    def shown(self, moment: int) -> ControlSnapshot:
        """Return what the screen shows."""


class Device:
    """One running device: what it is, how it is, its commands, and what steers it."""

    __slots__ = (
        "_observed",
        "_observed_tick",
        "advised",
        "authors",
        "commands",
        "control",
        "direct",
        "guide",
        "guide_tick",
        "momentary",
        "name",
        "params",
        "pinned_by",
        "pins",
        "plan",
        "state",
        "step",
        "type",
    )

    def __init__(self, plan: DevicePlan, seed: int, dt_s: float) -> None:
        self.plan = plan
        self.name = plan.name
        self.type = plan.type
        prepare = plan.type.prepare
        self.params: Any = plan.params if prepare is None else prepare(plan.params, plan.name, seed, dt_s)
        self.state: DeviceState = plan.type.initial(self.params)
        self.commands: Any = plan.commands if plan.commands is not None else plan.type.commands()
        if isinstance(self.commands, GridTied):
            self.commands, self.params = begin(self.commands, self.params)
        self.step = plan.type.step
        self.pins: Mapping[str, Any] = {}
        """Forced values; replaced as a whole, so that a recording may keep those of a tick."""
        self.advised: dict[str, int] = {}
        """The advice that its commands called for, without numbers, and in which tick last."""
        self.authors: dict[str, tuple[str, int, Any]] = {}
        """Who last wrote each signal, in which tick, and the value."""
        self.pinned_by: dict[str, tuple[str, int, Any, bool]] = {}
        """Who forces each of the pins, since which tick, to what, and whether it was another value before."""
        self.guide: Guide | None = None
        self.guide_tick = 0
        """In which tick the guide took hold."""
        self.control: Controller | None = None
        """The S2 control type that an energy manager has selected, if any."""
        self.direct: dict[str, Any] = {}
        """The commands that come back when the guide ends."""
        self.momentary: dict[str, Any] = {
            signal.name: signal.default
            for signal in signals_of(plan.type.commands).values()
            if signal.momentary
        }
        self._observed: Any = None
        self._observed_tick = -1

    def telemetry(self, surroundings: Surroundings) -> Any:
        """Return the telemetry of this tick, forced values in place; computed on first access."""
        if self._observed_tick != surroundings.tick:
            self._observed = self.observe(self.state, self.commands, surroundings, self.pins)
            self._observed_tick = surroundings.tick
        return self._observed

    def observe(
        self, state: DeviceState, commands: Any, surroundings: Surroundings, pins: Mapping[str, Any]
    ) -> Any:
        """Return the telemetry of a tick, this one or a former, from what determines it."""
        seen = self.type.observe(self.params, state, commands, surroundings)
        forced = {name: pin for name, pin in pins.items() if hasattr(seen, name)} if pins else None
        return replace(seen, **forced) if forced else seen

    @property
    def steered_by(self) -> str:
        """What steers it in place of direct setpoints: "mode PEAK_SHAVING", "S2 charge"; else ""."""
        if self.guide is None or not self.guide.mode:
            return ""
        return f"{'S2' if self.guide is self.control else 'mode'} {self.guide.mode}"

    def author(self, signal: str, dt_s: float) -> Author | None:
        """Return who has set a signal as it is now, and since when; None where it is as at the start."""
        if signal in self.pins:
            who, tick, forced, _ = self.pinned_by[signal]
            return Author(who, tick * dt_s, forced)
        steering = self.type.steering
        if self.steered_by and steering and signal in steering.setpoints:
            return Author(self.steered_by, self.guide_tick * dt_s, getattr(self.commands, signal, None))
        return self.writer(signal, dt_s)

    def writer(self, signal: str, dt_s: float) -> Author | None:
        """Return who wrote a signal last, when, and to what."""
        found = self.authors.get(signal)
        return Author(found[0], found[1] * dt_s, found[2]) if found is not None else None

    def why(self, surroundings: Surroundings) -> Why:
        """Return what was asked of the device, the source if not its setpoints, and what binds it now."""
        found = self.type.why(self.params, self.state, self.commands, surroundings)
        steering = self.type.steering
        if steering is None:
            return found
        if self.guide is not None and self.guide.mode:
            found = replace(
                found, asker=f"{'S2' if self.guide is self.control else 'mode'} {self.guide.mode}"
            )
        forced = sorted(steering.setpoints & self.pins.keys()) if self.pins else ()
        more = tuple(Constraint("forced", f"{name} forced", action=RELEASE) for name in forced)
        return replace(found, constraints=(*found.constraints, *more)) if more else found

    def forget_observation(self) -> None:
        """Compute the telemetry again on the next access: a command or pin changed between ticks."""
        self._observed_tick = -1

    def accept(self, name: str, wanted: Scalar, what: str = "signal") -> Any:
        """Return ``wanted`` in the type of a signal, or of a command where ``what`` says so.

        Raises CommandError saying why it is invalid.
        """
        signal = self.type.signals.get(name)
        if signal is None or (what == "command" and not signal.command):
            known = [s.name for s in self.type.signals.values() if what == "signal" or s.command]
            raise CommandError(f"{self.name} has no {what} {name!r}{did_you_mean(name, known)}")
        return signal.accept(wanted, f"{self.name}.{name}")

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set accepted commands, forced ones as they are; raise CommandError for contradicting settings."""
        commands = changed(self.commands, {**changes, **self.pinned_commands()})
        if isinstance(commands, GridTied) and commands.settings is not self.commands.settings:
            self._set_up(commands.settings)
        self.commands = commands

    def check(self, changes: Mapping[str, Any]) -> None:
        """Raise CommandError for accepted commands that contradict each other or what the device is."""
        commands = self.commands
        if isinstance(commands, GridTied) and any(self.type.signals[name].group for name in changes):
            self._code_with(changed(commands, changes).settings)

    def _code_with(self, settings: GridSettings) -> GridCode:
        base = getattr(self.plan.params, "grid_code", None)
        if base is None:
            raise CommandError(f"{self.name} has no grid code, so it has no settings of one")
        try:
            return code_with(base, settings)
        except CommandError as error:
            raise CommandError(f"{self.name}: {error}") from None

    def _set_up(self, settings: GridSettings) -> None:
        code, before = self._code_with(settings), self.params.grid_code
        self.params = with_code(self.params, code)
        tie = getattr(self.state, "tie", None)
        if tie is not None and tie.protection is not None:
            protection = under_another_code(tie.protection, before, code)
            self.change_state(tie=replace(tie, protection=protection))

    def change_state(self, **changes: Any) -> None:
        """Replace parts of the state from outside the step."""
        self.state = replace(self.state, **changes)

    def pinned_commands(self) -> dict[str, Any]:
        """Return the commands that are forced."""
        return {name: pin for name, pin in self.pins.items() if self.type.signals[name].command}


def device_named(name: str, devices: Mapping[str, Device]) -> Device:
    """Return the device of that name, or raise CommandError with the nearest one."""
    check_argument(isinstance(name, str), "a device is known by its name", name)
    found = devices.get(name)
    if found is None:
        raise CommandError(f"unknown device {name!r}{did_you_mean(name, devices)}")
    return found


PYTHON = "python"
"""The origin of an event that says none; every other source, the console among them, names itself."""


@value
class Event(ABC):
    """Something that changes a run. Site, seed and events determine a run to the byte."""

    origin = ""  # each event declares it as a field: a client's address, "console", "scenario" …

    def by(self, origin: str) -> Self:
        """Return the event with another origin."""
        return replace(self, origin=origin)  # type: ignore[call-arg]

    def lasting_s(self) -> float | None:
        """Return how long the event is to last; None when it does not end automatically."""
        return None

    def check_duration(self, dt_s: float) -> None:
        """Raise CommandError when the event cannot last exactly as long as it is asked to."""
        lasting_s = self.lasting_s()
        check_duration(lasting_s)
        if lasting_s is not None:
            whole_steps(lasting_s, dt_s, "duration")

    def check(self, run: "Run") -> None:  # noqa: B027 - most events have nothing more to check
        """Raise CommandError when the event is invalid on this site, now or later; change nothing."""

    def check_now(self, run: "Run") -> None:  # noqa: B027
        """Raise CommandError for ending what is not there now; an event for later may find it there."""

    @abstractmethod
    def carry_out(self, run: "Run", tick: int) -> None:
        """Do what the checked event says, so that it shows in ``tick``."""


class Run(Protocol):
    """The running engine as events, modes, S2 control types and islands see it."""

    tick: int
    dt_s: float
    start_unix_s: float
    devices: dict[str, Device]
    surroundings: Surroundings
    grid: Grid
    link_faults: dict[str, tuple[Any, int | None]]
    """The link faults in force by label: the event, and the tick in which it ends, if it does."""
    fault_ends: dict[tuple[str, str], int]
    """The ticks in which the causes of faults end by themselves, by device and fault."""
    check_link_fault: Callable[[Any], object] | None
    """Set by the protocol layer: raises CommandError for an invalid link fault."""
    link_fault: Callable[[Event], None] | None
    """Set by the protocol layer: carries out link faults and their end."""

    def device(self, name: str) -> Device:
        """Return the device of that name, or raise CommandError with the nearest one."""
        ...

    def note(self, kind: LogKind, device: str, text: str, origin: str = "", tick: int | None = None) -> None:
        """Add an entry to the event log."""

    def file_event(self, event: Event, tick: int) -> None:
        """Carry out one of the engine's own events at the start of a tick; it is not recorded."""

    def ticks(self, seconds: float) -> int:
        """Return the ticks nearest to a duration, at least one."""
        ...

    def await_momentary(self, device: Device) -> None:
        """Return the device's momentary commands to their defaults after the next tick."""

    def next_label(self, what: str) -> str:
        """Return a label that nothing of this run has had: "voltage-3"."""
        ...

    def refresh_weather(self) -> None:
        """Compute the weather in the next tick: a disturbance began or ended."""

    def regroup(self) -> None:
        """Sort the devices again: one is steered now, or no longer."""
