"""Which S2 control types a device offers, and how it describes itself under each."""

from twin_tui.engine.running import Device
from twin_tui.engine.s2.model import ControlType, Description
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError


def offered(device: Device) -> tuple[ControlType, ...]:
    """Return the control types that a device offers: the site's own descriptions, or those of its type."""
    if device.plan.s2:
        return tuple(description.control for description in device.plan.s2)
    return tuple(device.type.s2)


def description_of(device: Device, control: ControlType, surroundings: Surroundings) -> Description:
    """Return how a device describes itself under a control type; raise CommandError if it does not."""
    if control not in offered(device):
        can = ", ".join(kind.name for kind in offered(device)) or "none"
        raise CommandError(f"{device.name} does not offer {control.name}; offered: {can}")
    for description in device.plan.s2:
        if description.control is control:
            return description
    return device.type.s2[control](device, surroundings)


def demand_of(device: Device, surroundings: Surroundings) -> tuple[float, float] | None:
    """Return the least and most heat that the device's system has to supply now, W; None without one."""
    steering = device.type.steering
    if steering is None or steering.demand is None:
        return None
    return steering.demand(device.telemetry(surroundings))
