"""What a three-phase device measures at its own terminals."""

from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from math import sqrt
from operator import itemgetter
from typing import Any

from twin_tui.engine.device import DeviceState
from twin_tui.engine.physics.electrical import line_voltages
from twin_tui.engine.signals import signals_of
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
NO_VOLTAGE_PU = 1e-3
"""Below it no current is reckoned from a power."""


def terminals(
    telemetry: type[Any], state: DeviceState, surroundings: Surroundings, shares: Phases = BALANCED
) -> dict[str, float]:
    """Return what a device measures at its terminals, as far as its telemetry declares it, by signal.

    Its power divides over the phases by ``shares``.
    """
    power_w, var = state.active_power_w, state.reactive_power_var
    va = sqrt(power_w**2 + var**2)
    pu_a, pu_b, pu_c = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    nominal_v = surroundings.nominal_v
    a, b, c = pu_a * nominal_v, pu_b * nominal_v, pu_c * nominal_v
    share_a, share_b, share_c = shares
    seen = (
        power_w,
        var,
        va,
        abs(power_w) / va if va > 1e-9 else 1.0,
        surroundings.frequency_hz,
        *(a, b, c),
        *line_voltages(a, b, c),
        va * share_a / a if pu_a > NO_VOLTAGE_PU else 0.0,
        va * share_b / b if pu_b > NO_VOLTAGE_PU else 0.0,
        va * share_c / c if pu_c > NO_VOLTAGE_PU else 0.0,
    )
    declared, places = _declared(telemetry)  # type: ignore[arg-type]
    return dict(zip(declared, places(seen), strict=True))


_NAMES = (
    *("active_power_w", "reactive_power_var", "apparent_power_va", "power_factor", "frequency_hz"),
    *("voltage_a_v", "voltage_b_v", "voltage_c_v", "voltage_ab_v", "voltage_bc_v", "voltage_ca_v"),
    *("current_a_a", "current_b_a", "current_c_a"),
)


@cache
def _declared(telemetry: type[Any]) -> tuple[tuple[str, ...], Callable[[tuple[float, ...]], Iterable[float]]]:
    """Return which of the names a telemetry declares, and what takes their values out of all."""
    places = [place for place, name in enumerate(_NAMES) if name in signals_of(telemetry)]
    return tuple(_NAMES[place] for place in places), itemgetter(*places)
