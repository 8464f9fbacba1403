"""What a three-phase device measures at its own terminals."""

from enum import Enum
from math import sqrt
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
    ab, bc, ca = line_voltages(a, b, c)
    share_a, share_b, share_c = shares
    seen = {
        "active_power_w": power_w,
        "reactive_power_var": var,
        "apparent_power_va": va,
        "power_factor": abs(power_w) / va if va > 1e-9 else 1.0,
        "frequency_hz": surroundings.frequency_hz,
        "voltage_a_v": a,
        "voltage_b_v": b,
        "voltage_c_v": c,
        "voltage_ab_v": ab,
        "voltage_bc_v": bc,
        "voltage_ca_v": ca,
        "current_a_a": va * share_a / a if pu_a > NO_VOLTAGE_PU else 0.0,
        "current_b_a": va * share_b / b if pu_b > NO_VOLTAGE_PU else 0.0,
        "current_c_a": va * share_c / c if pu_c > NO_VOLTAGE_PU else 0.0,
    }
    undeclared = _undeclared.get(telemetry)
    if undeclared is None:
        declared = signals_of(telemetry)
        undeclared = _undeclared[telemetry] = tuple(name for name in seen if name not in declared)
    for name in undeclared:
        del seen[name]
    return seen


_undeclared: dict[type[Any], tuple[str, ...]] = {}
"""What a telemetry does not declare of the above."""
