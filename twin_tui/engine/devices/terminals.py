"""A device's power over the phases, and what it measures at its own terminals."""

from collections.abc import Callable
from enum import Enum
from math import sqrt
from typing import Any

from twin_tui.engine.device import DeviceState
from twin_tui.engine.physics.electrical import NO_VOLTAGE_PU, line_voltages
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
PhasePowers = tuple[float, float, float, float, float, float]
"""Active power of the phases, W, then reactive power, var."""
Draw = Callable[[float], tuple[float, float]]
"""Voltage of a phase per unit → active and reactive power, both over those at nominal voltage."""


def phase_powers(
    power_w: float, var: float, shares: Phases, surroundings: Surroundings, draw: Draw | None = None
) -> PhasePowers:
    """Return the power of each phase.

    ``shares`` is how it divides at nominal voltages; without a ``draw`` the current then divides like that,
    whatever the voltages are, and its angle is the same on every phase.
    """
    share_a, share_b, share_c = shares
    a, b, c = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    if a == b == c:
        return (
            *(power_w * share_a, power_w * share_b, power_w * share_c),
            *(var * share_a, var * share_b, var * share_c),
        )
    if draw is None:
        active = reactive = (a * share_a, b * share_b, c * share_c)
    else:
        (p_a, q_a), (p_b, q_b), (p_c, q_c) = draw(a), draw(b), draw(c)
        active = p_a * share_a, p_b * share_b, p_c * share_c
        reactive = q_a * share_a, q_b * share_b, q_c * share_c
    if min(a, b, c) <= NO_VOLTAGE_PU:
        live = [u > NO_VOLTAGE_PU for u in (a, b, c)]
        active, reactive = _masked(active, live), _masked(reactive, live)
    return (*_scaled(active, power_w, shares), *_scaled(reactive, var, shares))


def _masked(parts: Phases, live: list[bool]) -> Phases:
    return parts[0] * live[0], parts[1] * live[1], parts[2] * live[2]


def _scaled(parts: Phases, total: float, shares: Phases) -> Phases:
    whole = parts[0] + parts[1] + parts[2]
    if whole <= 0.0:
        return total * shares[0], total * shares[1], total * shares[2]
    scale = total / whole
    return parts[0] * scale, parts[1] * scale, parts[2] * scale


def extremes_pu(shares: Phases, surroundings: Surroundings) -> tuple[float, float]:
    """Return the lowest and the highest voltage of the phases that a device is connected to."""
    volts = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    found = [u for u, share in zip(volts, shares, strict=True) if share]
    return min(found), max(found)


def mean_draw(shares: Phases, surroundings: Surroundings, draw: Draw) -> tuple[float, float]:
    """Return active and reactive power over those at nominal voltage of a device on several phases."""
    active = reactive = 0.0
    for share, u in zip(shares, (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu), strict=True):
        if share and u > NO_VOLTAGE_PU:
            p, q = draw(u)
            active += share * p
            reactive += share * q
    return active, reactive


def resistive(u: float) -> tuple[float, float]:
    """Return the draw of a resistor."""
    return u * u, u * u


def constant_current(u: float) -> tuple[float, float]:
    """Return the draw of the same current at any voltage."""
    return u, u


def terminals(
    telemetry: type[Any],
    state: DeviceState,
    surroundings: Surroundings,
    shares: Phases = BALANCED,
    draw: Draw | None = None,
) -> dict[str, float]:
    """Return what a device measures at its terminals, as far as its telemetry declares it, by signal.

    Its power divides over the phases as `phase_powers` has it; the current of each is S over U.
    """
    power_w, var = state.active_power_w, state.reactive_power_var
    va = sqrt(power_w**2 + var**2)
    pu_a, pu_b, pu_c = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    nominal_v = surroundings.nominal_v
    a, b, c = pu_a * nominal_v, pu_b * nominal_v, pu_c * nominal_v
    ab, bc, ca = line_voltages(a, b, c)
    w_a, w_b, w_c, var_a, var_b, var_c = phase_powers(power_w, var, shares, surroundings, draw)
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
        "current_a_a": sqrt(w_a * w_a + var_a * var_a) / a if pu_a > NO_VOLTAGE_PU else 0.0,
        "current_b_a": sqrt(w_b * w_b + var_b * var_b) / b if pu_b > NO_VOLTAGE_PU else 0.0,
        "current_c_a": sqrt(w_c * w_c + var_c * var_c) / c if pu_c > NO_VOLTAGE_PU else 0.0,
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
