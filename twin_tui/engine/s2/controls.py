"""Which control type is at work on a device: select it, end it, find it."""

from twin_tui.engine.running import Device, Run
from twin_tui.engine.s2.control import Control
from twin_tui.engine.s2.envelope import EnvelopeControl
from twin_tui.engine.s2.mode_control import ModeControl
from twin_tui.engine.s2.model import ControlType, Description, EnvelopeDescription, ModeDescription
from twin_tui.engine.s2.profile import ProfileControl
from twin_tui.errors import CommandError, did_you_mean


def control_of(device: Device) -> Control:
    """Return the control type at work on a device, or raise CommandError."""
    if not isinstance(device.control, Control):
        raise CommandError(f"no control type is selected for {device.name}")
    return device.control


def control_type(name: str) -> ControlType:
    """Return the control type of that short name, or raise CommandError with the nearest one."""
    try:
        return ControlType[name]
    except KeyError:
        hint = did_you_mean(name, [kind.name for kind in ControlType])
        raise CommandError(f"unknown control type {name!r}{hint}") from None


def select(run: Run, device: Device, description: Description) -> Control:
    """Put the device under the described control type, which does not take over yet."""
    control: Control
    if isinstance(description, ModeDescription):
        description.check(device.name)
        control = ModeControl(run, device, description)
    elif isinstance(description, EnvelopeDescription):
        control = EnvelopeControl(run, device, description)
    else:
        control = ProfileControl(run, device, description)
    device.control = control
    return control


def deselect(device: Device) -> str:
    """End the control type of a device, if there is one; return its name."""
    control = device.control
    if not isinstance(control, Control):
        return ""
    control.give_back()
    device.control = None
    return control.kind.name
