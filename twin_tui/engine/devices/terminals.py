"""What a three-phase device measures at its own terminals."""

from collections.abc import Iterable
from enum import Enum
from functools import cache
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


@cache
def _signals(pattern: str, phases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern.format(phase) for phase in phases)


def by_phase(
    pattern: str, values: Iterable[float], phases: tuple[str, ...] = ("a", "b", "c")
) -> dict[str, float]:
    """Return a quantity of each phase by its signal, such as "current_{}_a"."""
    return dict(zip(_signals(pattern, phases), values, strict=True))


def terminals(
    telemetry: type[Any], state: DeviceState, surroundings: Surroundings, shares: Phases = BALANCED
) -> dict[str, float]:
    """Return what a device measures at its terminals, as far as its telemetry declares it, by signal.

    Its power divides over the phases by ``shares``.
    """
    power_w, var = state.active_power_w, state.reactive_power_var
    va = sqrt(power_w**2 + var**2)
    pu = (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu)
    volts = [u * surroundings.nominal_v for u in pu]
    currents = [
        va * share / v if u > NO_VOLTAGE_PU else 0.0 for share, u, v in zip(shares, pu, volts, strict=True)
    ]
    seen = {
        "active_power_w": power_w,
        "reactive_power_var": var,
        "apparent_power_va": va,
        "power_factor": abs(power_w) / va if va > 1e-9 else 1.0,
        "frequency_hz": surroundings.frequency_hz,
        **by_phase("voltage_{}_v", volts),
        **by_phase("voltage_{}_v", line_voltages(*volts), ("ab", "bc", "ca")),
        **by_phase("current_{}_a", currents),
    }
    declared = signals_of(telemetry)
    return {name: found for name, found in seen.items() if name in declared}
