"""The inputs of a PV inverter, one for each string of modules."""

import math
from dataclasses import field
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Range
from twin_tui.engine.physics.sun import Plane, plane
from twin_tui.engine.signals import derive, value

MOST_STRINGS = 4
_SIGNALS = {
    number: (f"string_{number}_voltage_v", f"string_{number}_current_a", f"string_{number}_power_w")
    for number in range(1, MOST_STRINGS + 1)
}
_NOTHING = {name: 0.0 for names in _SIGNALS.values() for name in names}


@value
class PvString:
    """A string of modules with a view of the sun of its own."""

    peak_w: NotNegative
    """Power of its modules at 1000 W/m² and 25 °C."""
    tilt_deg: Annotated[float, Range(0.0, 180.0)] = 30.0
    azimuth_deg: Annotated[float, Range(-360.0, 360.0)] = 180.0
    surface: Plane = field(init=False)

    def __post_init__(self) -> None:
        bounds.check(self, "a string of a PV plant")
        derive(self, surface=plane(self.tilt_deg, self.azimuth_deg))


def strings(shares: tuple[float, ...], first_open: bool, dc_w: float, dc_v: float) -> dict[str, float]:
    r"""Return voltage, current and power at each input of an inverter, by signal; 0 where no string is.

    ``shares`` are what the strings could give, in any unit.

    Notes
    -----
    .. math:: P_i = P_{dc} \frac{P_{i,max}}{\sum_k P_{k,max}}, \quad I_i = P_i / U_i

    Each string has a tracker of its own, without shade and mismatch within it, so that a real plant yields
    a little less. Curtailed, all give way in the same proportion, and their voltages rise alike; a real
    inverter may curtail one before the other. With the fuse of string 1 blown, its input shows nothing and
    the plant has the modules of the others alone.
    """
    connected = shares[1:] if first_open else shares
    whole = math.fsum(connected)
    found = dict(_NOTHING)
    for number, share in enumerate(connected, 2 if first_open else 1):
        each_w = dc_w * share / whole if whole > 0.0 else 0.0
        voltage, current, power = _SIGNALS[number]
        found[voltage], found[power] = dc_v, each_w
        found[current] = each_w / dc_v if dc_v > 0.0 else 0.0
    return found
