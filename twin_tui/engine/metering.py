"""What meters measure: the flows of the whole bus or of a group, by phase."""

from typing import TYPE_CHECKING

from twin_tui.engine.device import Stage
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from twin_tui.engine.running import Device

THIRD = 1.0 / 3.0


def measured_devices(meter: "Device", devices: "dict[str, Device]") -> "tuple[Device, ...]":
    """Return the devices behind a sub-meter; raise ConfigError for an invalid one."""
    group = []
    for name in meter.plan.meters:
        found = devices.get(name)
        if found is None:
            known = [d.name for d in devices.values() if d.type.stage is not Stage.METER]
            raise ConfigError(f"{meter.name} measures unknown device {name!r}{did_you_mean(name, known)}")
        if found.type.stage is Stage.METER:
            raise ConfigError(f"{meter.name} measures {name!r}, which is a meter and has no power of its own")
        group.append(found)
    return tuple(group)


def write_flows(
    surroundings: Surroundings, devices: "tuple[Device, ...]", rest_w: float, rest_var: float
) -> None:
    """Write by phase what flows from the bus into ``devices`` and, balanced, ``rest`` (+ onto the bus)."""
    a_w = b_w = c_w = 0.0 - rest_w * THIRD
    a_var = b_var = c_var = 0.0 - rest_var * THIRD
    for device in devices:
        state = device.state
        p, q = state.active_power_w, state.reactive_power_var
        shares = device.type.shares
        if shares is None:
            share_a = share_b = share_c = THIRD
        else:
            share_a, share_b, share_c = shares(device.params, state)
        a_w -= p * share_a
        b_w -= p * share_b
        c_w -= p * share_c
        a_var -= q * share_a
        b_var -= q * share_b
        c_var -= q * share_c
    surroundings.grid_a_w, surroundings.grid_b_w, surroundings.grid_c_w = a_w, b_w, c_w
    surroundings.grid_a_var, surroundings.grid_b_var, surroundings.grid_c_var = a_var, b_var, c_var
