"""Guides: what steers a device in place of a direct setpoint, tick by tick."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from twin_tui.engine.device import Stage
from twin_tui.engine.events import Scalar, SelectMode
from twin_tui.engine.policies.handles import Handle, handle_of, with_commands
from twin_tui.engine.policies.modes import FAULT, IDLE, Law, Mode, Settings, find_mode
from twin_tui.engine.signals import short
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError

if TYPE_CHECKING:
    from twin_tui.engine.engine import Engine
    from twin_tui.engine.running import Device


class Guide(Protocol):
    """Steers one device: a site mode, or the control type of an energy manager."""

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


class ModeGuide:
    """Runs one operation mode."""

    __slots__ = ("_law", "_level", "factor", "mode")

    def __init__(self, mode: Mode, law: Law, factor: float, handle: Handle) -> None:
        self.mode = mode.name
        self.factor = factor
        self._law = law
        self._level = handle.level

    def power_w(self, device: "Device", surroundings: Surroundings, bus_w: float) -> float:
        """Return the power of the mode's law, W into the bus."""
        return -self._law(-bus_w, self._level(device.params, device.state), surroundings)


def steer(device: "Device", surroundings: Surroundings, bus_w: float) -> None:
    """Have the guide of a device set its commands; a forced one stays as it is."""
    handle = device.handle
    if handle is None or device.guide is None:
        return
    wanted = handle.encode(device.params, device.guide.power_w(device, surroundings, bus_w))
    if device.pins:
        wanted = {name: value for name, value in wanted.items() if name not in device.pins}
    commands = device.commands
    for name, value in wanted.items():
        if getattr(commands, name) != value:
            device.commands = with_commands(commands, wanted)
            return


def check_mode(engine: "Engine", event: SelectMode) -> None:
    """Raise CommandError when the mode, its factor or a parameter makes no sense for the device."""
    device = engine.device(event.device)
    if not event.mode:
        handle_of(device)
        return
    mode = find_mode(device.type.kind, event.mode)
    if not 0.0 <= event.factor <= 1.0:
        raise CommandError(f"{event.device}: factor {event.factor:g} is not in 0 … 1")
    mode.settle(event.parameters)
    if device.guide is not None and device.guide.mode == FAULT and mode.name not in (FAULT, IDLE):
        raise CommandError(f"{event.device} is in mode FAULT and takes no other than IDLE")


def select_mode(engine: "Engine", event: SelectMode, tick: int) -> None:
    """Give the device the mode, or with mode "" its own setpoints back."""
    device = engine.device(event.device)
    if not event.mode:
        before = device.guide.mode if device.guide is not None else ""
        hand_back(engine, device)
        text = f"mode {before} ends: direct setpoints" if before else "direct setpoints"
        engine.note(LogKind.MODE, device.name, text, event.origin, tick)
        return
    mode = find_mode(device.type.kind, event.mode)
    handle = handle_of(device)
    limits = handle.limits(device.params)
    parameters = mode.settle(event.parameters)
    settings = Settings(
        charge_w=limits.charge_w,
        discharge_w=limits.discharge_w,
        capacity_wh=limits.capacity_wh,
        factor=event.factor,
        dt_s=engine.dt_s,
        pv_peak_w=sum(d.params.peak_w for d in engine.devices.values() if d.type.kind == "pv"),
        parameters=parameters,
    )
    take_hold(engine, device, ModeGuide(mode, mode.build(settings), event.factor, handle))
    text = f"mode {mode.name} f={event.factor:.2f}"
    told = ", ".join(f"{name} {short(value)}" for name, value in parameters.items() if value is not None)
    engine.note(LogKind.MODE, device.name, f"{text} {told}".rstrip(), event.origin, tick)


def take_hold(engine: "Engine", device: "Device", guide: Guide) -> None:
    """Have a guide steer the device from the next tick on; make the device ready to follow."""
    handle = handle_of(device)
    if device.guide is None:
        device.direct = {name: getattr(device.commands, name) for name in (*handle.start, *handle.setpoints)}
    _give(device, handle.start)
    device.handle = handle
    device.guide = guide
    if device.type.stage is Stage.SOURCE:
        steer(device, engine.surroundings, 0.0)
    device.forget_observation()
    engine.sort_devices()


def hand_back(engine: "Engine", device: "Device") -> None:
    """End the guide; the commands are again what they were before it."""
    _give_up(engine, device, dict(device.direct))


def overridden(engine: "Engine", device: "Device", changes: dict[str, Any], origin: str, tick: int) -> None:
    """End the guide when one of the changed commands is a setpoint: the last one to command wins.

    Mode FAULT alone holds; what was written comes into force when it is left for direct setpoints.
    """
    handle = device.handle
    if handle is None or device.guide is None or not handle.setpoints.intersection(changes):
        return
    mode = device.guide.mode
    if mode == FAULT:
        device.direct.update({name: changes[name] for name in device.direct.keys() & changes.keys()})
        engine.note(LogKind.MODE, device.name, "mode FAULT holds: the setpoint waits", origin, tick)
        return
    _give_up(engine, device, {})
    engine.note(LogKind.MODE, device.name, f"mode {mode} ends: a setpoint was written", origin, tick)


def _give(device: "Device", commands: Mapping[str, Scalar]) -> None:
    free = {name: wanted for name, wanted in commands.items() if name not in device.pins}
    device.commands = with_commands(device.commands, free)


def _give_up(engine: "Engine", device: "Device", commands: Mapping[str, Scalar]) -> None:
    _give(device, commands)
    device.guide = None
    device.handle = None
    device.direct = {}
    device.forget_observation()
    engine.sort_devices()
