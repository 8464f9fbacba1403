"""What the S2 events do to a running engine, and when they are refused."""

from typing import TYPE_CHECKING

from twin_tui.engine.events import Instruct, Revoke, SelectControl, Wake
from twin_tui.engine.s2.control import Control
from twin_tui.engine.s2.descriptions import description_of
from twin_tui.engine.s2.envelope import EnvelopeControl
from twin_tui.engine.s2.mode_control import ModeControl
from twin_tui.engine.s2.model import ControlType, EnvelopeDescription, ModeDescription
from twin_tui.engine.s2.profile import ProfileControl
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, did_you_mean

if TYPE_CHECKING:
    from twin_tui.engine.engine import Engine
    from twin_tui.engine.running import Device


def control_of(device: "Device") -> Control:
    """Return the control type at work on a device, or raise CommandError."""
    if device.control is None:
        raise CommandError(f"no control type is selected for {device.name}")
    return device.control


def control_type(name: str) -> ControlType:
    """Return the control type of that short name, or raise CommandError with the nearest one."""
    try:
        return ControlType[name]
    except KeyError:
        hint = did_you_mean(name, [kind.name for kind in ControlType])
        raise CommandError(f"unknown control type {name!r}{hint}") from None


def check_select(engine: "Engine", event: SelectControl) -> None:
    """Raise CommandError for a control type that the device does not offer."""
    device = engine.device(event.device)
    if event.control:
        description_of(device, control_type(event.control), engine.surroundings)


def select(engine: "Engine", event: SelectControl, tick: int) -> None:
    """Put the device under a control type, or end the one it is under."""
    device = engine.device(event.device)
    if device.control is not None:
        name = device.control.kind.name
        device.control.give_back()
        device.control = None
        if not event.control:
            engine.note(LogKind.S2, device.name, f"{name} ends", event.origin, tick)
    if not event.control:
        return
    description = description_of(device, control_type(event.control), engine.surroundings)
    if isinstance(description, ModeDescription):
        description.check(device.name)
        device.control = ModeControl(engine, device, description)
    elif isinstance(description, EnvelopeDescription):
        device.control = EnvelopeControl(engine, device, description)
    else:
        device.control = ProfileControl(engine, device, description)
    engine.note(LogKind.S2, device.name, f"{event.control} selected", event.origin, tick)
    device.control.take_over()


def check_instruct(engine: "Engine", event: Instruct) -> None:
    """Raise CommandError for an instruction that names what does not exist."""
    control_of(engine.device(event.device)).check(event.instruction)


def instruct(engine: "Engine", event: Instruct, tick: int) -> None:
    """Give the instruction to the control type."""
    control_of(engine.device(event.device)).receive(event.instruction, event.origin)


def check_revoke(engine: "Engine", event: Revoke) -> None:
    """Raise CommandError for an instruction that cannot be taken back."""
    reason = control_of(engine.device(event.device)).can_revoke(event.instruction)
    if reason:
        raise CommandError(reason)


def revoke(engine: "Engine", event: Revoke, tick: int) -> None:
    """Take the instruction back."""
    control_of(engine.device(event.device)).revoke(event.instruction, event.origin)


def check_wake(engine: "Engine", event: Wake) -> None:
    """Do nothing: a device that is under no control type any more sleeps on."""


def wake(engine: "Engine", event: Wake, tick: int) -> None:
    """Have the control type do what is due at the beginning of this tick."""
    control = engine.device(event.device).control
    if control is not None:
        control.wake(tick - 1)
