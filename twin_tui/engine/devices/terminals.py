"""What a three-phase device measures at its own terminals."""

from enum import Enum
from math import sqrt

from twin_tui.engine.physics.electrical import line_voltages
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings

Phases = tuple[float, float, float]
BALANCED: Phases = (1 / 3, 1 / 3, 1 / 3)


class Connection(Enum):
    """The phases that a device is connected to."""

    ABC = "abc"
    A = "a"
    B = "b"
    C = "c"


SHARES: dict[Connection, Phases] = {
    Connection.ABC: BALANCED,
    Connection.A: (1.0, 0.0, 0.0),
    Connection.B: (0.0, 1.0, 0.0),
    Connection.C: (0.0, 0.0, 1.0),
}
_NO_VOLTAGE_PU = 1e-3


@value
class Terminals:
    """Voltages, currents and apparent power of one device."""

    phases_v: Phases
    lines_v: Phases
    currents_a: Phases
    apparent_power_va: float
    power_factor: float


def terminals(
    surroundings: Surroundings, active_power_w: float, reactive_power_var: float, shares: Phases = BALANCED
) -> Terminals:
    """Return what a device measures whose power divides over the phases by ``shares``."""
    va = sqrt(active_power_w**2 + reactive_power_var**2)
    pu = (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu)
    a, b, c = (u * surroundings.nominal_v for u in pu)
    current_a, current_b, current_c = (
        va * share / (u * surroundings.nominal_v) if u > _NO_VOLTAGE_PU else 0.0
        for share, u in zip(shares, pu, strict=True)
    )
    return Terminals(
        phases_v=(a, b, c),
        lines_v=line_voltages(a, b, c),
        currents_a=(current_a, current_b, current_c),
        apparent_power_va=va,
        power_factor=abs(active_power_w) / va if va > 1e-9 else 1.0,
    )
