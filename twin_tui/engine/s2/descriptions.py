"""What each kind of device says of itself in S2, made from its parameters."""

from collections.abc import Callable
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

from twin_tui.engine.policies.handles import HANDLES
from twin_tui.engine.s2.model import (
    L1,
    SYMMETRIC,
    Actuator,
    ControlType,
    Description,
    Element,
    EnvelopeDescription,
    Leakage,
    Mode,
    ModeDescription,
    PowerRange,
    Storage,
    Transition,
)
from twin_tui.errors import CommandError

if TYPE_CHECKING:
    from twin_tui.engine.engine import Device

Builder = Callable[["Device"], Description]

IDLE, CHARGE, DISCHARGE = "idle", "charge", "discharge"
_ZONE_STEPS = 4


def quantity_of(device: "Device") -> str:
    """Return the S2 quantity of a device's power: one phase, or three alike."""
    shares = device.type.shares
    return SYMMETRIC if shares is None or shares(device.params, device.state)[1] > 0.0 else L1


def freely(*modes: str) -> tuple[Transition, ...]:
    """Return a transition from every mode to every other, at once."""
    return tuple(Transition(f"{a}-{b}", a, b) for a, b in permutations(modes, 2))


def _steps(low: float, high: float) -> list[float]:
    return [low + (high - low) * step / _ZONE_STEPS for step in range(_ZONE_STEPS + 1)]


def battery_frbc(device: "Device") -> ModeDescription:
    """Describe a battery: idle, charge from 0 to its limit, discharge from its limit to 0.

    Where the limits of the state of charge reduce the power, elements of a quarter of that zone carry the
    power of their middle.
    """
    params, commands, quantity = device.params, device.commands, quantity_of(device)
    limits = HANDLES[device.type.kind].limits(params)
    per_s = 1.0 / (3600.0 * limits.capacity_wh)
    low_2, low_1 = commands.soc_lower_limit_2, commands.soc_lower_limit_1
    high_1, high_2 = commands.soc_upper_limit_1, commands.soc_upper_limit_2

    def charging(low: float, high: float, share: float) -> Element:
        power = limits.charge_w * share
        rate = power * params.charge_efficiency * per_s
        return Element((PowerRange(0.0, power, quantity),), low, high, 0.0, rate)

    def discharging(low: float, high: float, share: float) -> Element:
        power = limits.discharge_w * share
        rate = power / params.discharge_efficiency * per_s
        return Element((PowerRange(-power, 0.0, quantity),), low, high, -rate, 0.0)

    charge = [charging(0.0, high_1, 1.0)]
    if high_2 > high_1:
        middle = [
            (a, b, (high_2 - (a + b) / 2) / (high_2 - high_1)) for a, b in pairwise(_steps(high_1, high_2))
        ]
        charge += [charging(*zone) for zone in middle]
    if high_2 < 1.0:
        charge.append(charging(high_2, 1.0, 0.0))
    discharge = [discharging(0.0, low_2, 0.0)] if low_2 > 0.0 else []
    if low_1 > low_2:
        middle = [(a, b, ((a + b) / 2 - low_2) / (low_1 - low_2)) for a, b in pairwise(_steps(low_2, low_1))]
        discharge += [discharging(*zone) for zone in middle]
    discharge.append(discharging(low_1, 1.0, 1.0))
    idle = Element((PowerRange(0.0, 0.0, quantity),), 0.0, 1.0)
    standby_w = getattr(params, "standby_w", 0.0)
    return ModeDescription(
        ControlType.FRBC,
        (
            Actuator(
                "converter",
                (Mode(IDLE, (idle,)), Mode(CHARGE, tuple(charge)), Mode(DISCHARGE, tuple(discharge))),
                freely(IDLE, CHARGE, DISCHARGE),
                initial=IDLE,
            ),
        ),
        Storage(
            low_2,
            high_2,
            label="battery",
            leakage=(Leakage(0.0, 1.0, standby_w * per_s),) if standby_w else (),
        ),
    )


def pv_pebc(device: "Device") -> EnvelopeDescription:
    """Describe a PV plant: what it feeds in can be limited between nothing and its rating."""
    return EnvelopeDescription(
        upper=(0.0, 0.0), lower=(-device.params.rated_w, 0.0), quantity=quantity_of(device)
    )


DESCRIPTIONS: dict[str, dict[ControlType, Builder]] = {
    "battery": {ControlType.FRBC: battery_frbc},
    "pv": {ControlType.PEBC: pv_pebc},
}
"""The control types that each device kind offers; third parties add theirs."""


def offered(device: "Device") -> tuple[ControlType, ...]:
    """Return the control types that a device offers: the site's own descriptions, or those of its kind."""
    if device.plan.s2:
        return tuple(description.control for description in device.plan.s2)
    return tuple(DESCRIPTIONS.get(device.type.kind, ()))


def description_of(device: "Device", control: ControlType) -> Description:
    """Return how a device describes itself under a control type; raise CommandError if it does not."""
    if control not in offered(device):
        can = ", ".join(kind.name for kind in offered(device)) or "none"
        raise CommandError(f"{device.name} does not offer {control.name}; offered: {can}")
    for description in device.plan.s2:
        if description.control is control:
            return description
    return DESCRIPTIONS[device.type.kind][control](device)
