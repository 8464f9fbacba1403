"""What steers a device in place of direct setpoints, tick by tick."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

from twin_tui.engine.device import Stage
from twin_tui.engine.policies.modes import FAULT, IDLE, a, find_mode
from twin_tui.engine.policies.reserve import FrequencyReserve
from twin_tui.engine.running import Device, Guide, Run
from twin_tui.engine.signals import Scalar, short
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.steering import Law, Mode, ModeInputs, Steering
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError


class ModeGuide:
    """Runs one operation mode."""

    __slots__ = ("_level", "factor", "law", "mode")

    def __init__(self, mode: Mode, law: Law, factor: float, steering: Steering) -> None:
        self.mode = mode.name
        self.factor = factor
        self.law = law
        self._level = steering.level

    def power_w(self, device: Device, surroundings: Surroundings, bus_w: float) -> float:
        """Return the power of the mode's law, W into the bus."""
        return -self.law(-bus_w, self._level(device.params, device.state), surroundings)


def steer(device: Device, surroundings: Surroundings, bus_w: float) -> None:
    """Have the guide of a device set its commands; a forced one stays as it is."""
    guide, steering = device.guide, device.type.steering
    if guide is None or steering is None:
        return
    wanted = steering.encode(device.params, guide.power_w(device, surroundings, bus_w))
    if device.pins:
        wanted = {name: value for name, value in wanted.items() if name not in device.pins}
    commands = device.commands
    for name, value in wanted.items():
        if getattr(commands, name) != value:
            device.commands = _with_commands(commands, wanted)
            return


def steering_of(device: Device) -> Steering:
    """Return how a device is steered, or raise CommandError."""
    if device.type.steering is None:
        raise CommandError(f"{a(device.type.kind)} has no operation modes")
    return device.type.steering


def check_mode(device: Device, name: str, factor: float, parameters: Mapping[str, Scalar]) -> None:
    """Raise CommandError when a mode, its factor or a parameter is invalid for the device."""
    if not name:
        steering_of(device)
        return
    mode = find_mode(device.type, name)
    if not 0.0 <= factor <= 1.0:
        raise CommandError(f"{device.name}: factor {factor:g} is not in 0 … 1")
    mode.settle(parameters)
    if device.guide is not None and device.guide.mode == FAULT and mode.name not in (FAULT, IDLE):
        raise CommandError(f"{device.name} is in mode FAULT: only IDLE is accepted")


def select_mode(run: Run, device: Device, name: str, factor: float, parameters: Mapping[str, Scalar]) -> str:
    """Give the device the mode, or with "" its own setpoints back; return what to log."""
    if not name:
        before = device.guide.mode if device.guide is not None else ""
        hand_back(run, device)
        return f"mode {before} ends: direct setpoints" if before else "direct setpoints"
    mode = find_mode(device.type, name)
    steering = steering_of(device)
    settled = mode.settle(parameters)
    inputs = ModeInputs(
        *(steering.limits(device.params), factor, run.dt_s, _solar_peak_w(run), settled),
        capacity_now_wh=_capacity(device, steering),
    )
    law, earlier = mode.build(inputs), getattr(device.guide, "law", None)
    if isinstance(law, FrequencyReserve) and isinstance(earlier, FrequencyReserve):
        law.go_on_from(earlier)
    take_hold(run, device, ModeGuide(mode, law, factor, steering))
    said = parameters or list(settled)[:1]
    shown = ", ".join(f"{key} {short(settled[key])}" for key in said if settled[key] is not None)
    return f"mode {mode.name} f={factor:.2f} {shown}".rstrip()


def _capacity(device: Device, steering: Steering) -> Callable[[], float] | None:
    now = steering.capacity_wh
    return None if now is None else lambda: now(device.params, device.state)


def take_hold(run: Run, device: Device, guide: Guide) -> None:
    """Have a guide steer the device from the next tick on; make the device ready to follow."""
    steering = steering_of(device)
    if device.guide is None:
        device.direct = {
            name: getattr(device.commands, name) for name in (*steering.start, *steering.setpoints)
        }
    _give(device, steering.start)
    device.guide, device.guide_tick = guide, run.tick + 1
    if device.type.stage is Stage.SOURCE:
        steer(device, run.surroundings, 0.0)
    device.forget_observation()
    run.regroup()


def hand_back(run: Run, device: Device) -> None:
    """End the guide; the commands are again what they were before it."""
    _give_up(run, device, dict(device.direct))


def overridden(run: Run, device: Device, changes: dict[str, Any], origin: str, tick: int) -> None:
    """End the guide when one of the changed commands is a setpoint: the last one to command wins.

    Mode FAULT alone holds; what was written comes into force when it is left for direct setpoints.
    """
    if device.guide is None or not steering_of(device).setpoints.intersection(changes):
        return
    mode = device.guide.mode
    if mode == FAULT:
        device.direct.update({name: changes[name] for name in device.direct.keys() & changes.keys()})
        run.note(LogKind.MODE, device.name, "mode FAULT holds: the setpoint waits", origin, tick)
        return
    _give_up(run, device, {})
    run.note(LogKind.MODE, device.name, f"mode {mode} ends: a setpoint was written", origin, tick)


def _give(device: Device, commands: Mapping[str, Scalar]) -> None:
    free = {name: wanted for name, wanted in commands.items() if name not in device.pins}
    device.commands = _with_commands(device.commands, free)


def _give_up(run: Run, device: Device, commands: Mapping[str, Scalar]) -> None:
    _give(device, commands)
    device.guide = None
    device.direct = {}
    device.forget_observation()
    run.regroup()


def hold_power(device: Device, power_w: float) -> None:
    """Keep a reported power: without a mode the device would fall back to its old setpoint."""
    steering = steering_of(device)
    _give(device, {**steering.encode(device.params, power_w), **steering.start})


def _solar_peak_w(run: Run) -> float:
    total_w = 0.0
    for device in run.devices.values():
        if device.type.solar_peak_w is not None:
            total_w += device.type.solar_peak_w(device.params)
    return total_w


_built: dict[type[Any], tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]] = {}


def _with_commands(commands: Any, wanted: Mapping[str, Any]) -> Any:
    """Return the commands with some changed; a third of the time of ``dataclasses.replace``."""
    cls = type(commands)
    known = _built.get(cls)
    if known is None:
        names = [item.name for item in fields(cls) if item.init]
        # one name more, as attrgetter gives no tuple for a single one
        known = _built[cls] = (attrgetter(*names, "__class__"), {n: i for i, n in enumerate(names)})
    getter, index = known
    *values, _ = getter(commands)
    for name, value in wanted.items():
        values[index[name]] = value
    return cls(*values)
