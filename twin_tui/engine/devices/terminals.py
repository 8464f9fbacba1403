"""A device's power over the phases, and what it measures at its own terminals."""

from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from math import sqrt
from typing import Any

from twin_tui.engine.device import DeviceState
from twin_tui.engine.physics.electrical import NO_VOLTAGE_PU, current_limit, line_voltages
from twin_tui.engine.signals import signals_of
from twin_tui.engine.surroundings import Surroundings

Phases = tuple[float, float, float]
BALANCED: Phases = (1 / 3, 1 / 3, 1 / 3)
PhasePowers = tuple[float, float, float, float, float, float]
"""Active power of the phases, W, then reactive power, var."""
Draw = Callable[[float], tuple[float, float]]
"""Voltage of a phase per unit → active and reactive power, both over those at nominal voltage."""


class Connection(Enum):
    """The phases that a device is connected to."""

    shares: Phases
    """How its power divides over them at nominal voltages."""

    ABC = "abc"
    A = "a"
    B = "b"
    C = "c"

    def __init__(self, phases: str) -> None:
        a, b, c = [(phase in phases) / len(phases) for phase in "abc"]
        self.shares = a, b, c


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
        w_a, w_b, w_c = power_w * share_a, power_w * share_b, power_w * share_c
        return w_a, w_b, w_c, var * share_a, var * share_b, var * share_c
    if draw is None:
        p_a = q_a = a * share_a if a > NO_VOLTAGE_PU else 0.0
        p_b = q_b = b * share_b if b > NO_VOLTAGE_PU else 0.0
        p_c = q_c = c * share_c if c > NO_VOLTAGE_PU else 0.0
    else:
        p_a, p_b, p_c, q_a, q_b, q_c = drawn(draw, a, b, c)
        p_a, p_b, p_c = p_a * share_a, p_b * share_b, p_c * share_c
        q_a, q_b, q_c = q_a * share_a, q_b * share_b, q_c * share_c
    whole, whole_var = p_a + p_b + p_c, q_a + q_b + q_c
    if whole <= 0.0:
        p_a, p_b, p_c, whole = *shares, 1.0
    if whole_var <= 0.0:
        q_a, q_b, q_c, whole_var = *shares, 1.0
    power_w, var = power_w / whole, var / whole_var
    return p_a * power_w, p_b * power_w, p_c * power_w, q_a * var, q_b * var, q_c * var


def forming_powers(powers: PhasePowers, rating_va: float, surroundings: Surroundings) -> PhasePowers:
    """Return the power of each phase of a device that forms an island, from its balanced one."""
    unbalance = surroundings.island_unbalance
    if unbalance is None:
        return powers
    a_w, b_w, c_w, a_var, b_var, c_var = [
        power + rating_va * share for power, share in zip(powers, unbalance, strict=True)
    ]
    return a_w, b_w, c_w, a_var, b_var, c_var


@lru_cache(maxsize=32)  # the step of a device, the bus and its telemetry ask for the same in a tick
def drawn(draw: Draw, a: float, b: float, c: float) -> PhasePowers:
    """Return what each phase draws at these voltages per unit over nominal voltage; a dead one nothing."""
    (p_a, q_a) = draw(a) if a > NO_VOLTAGE_PU else (0.0, 0.0)
    (p_b, q_b) = draw(b) if b > NO_VOLTAGE_PU else (0.0, 0.0)
    (p_c, q_c) = draw(c) if c > NO_VOLTAGE_PU else (0.0, 0.0)
    return p_a, p_b, p_c, q_a, q_b, q_c


def extremes_pu(shares: Phases, surroundings: Surroundings) -> tuple[float, float]:
    """Return the lowest and the highest voltage of the phases that a device is connected to."""
    volts = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    found = [u for u, share in zip(volts, shares, strict=True) if share]
    return min(found), max(found)


def mean_draw(shares: Phases, surroundings: Surroundings, draw: Draw) -> tuple[float, float]:
    """Return active and reactive power over those at nominal voltage of a device on several phases."""
    a, b, c = shares
    p_a, p_b, p_c, q_a, q_b, q_c = drawn(draw, surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu)
    return a * p_a + b * p_b + c * p_c, a * q_a + b * q_b + c * q_c


def allowed_va(rated_va: float, surroundings: Surroundings, max_current_pu: float = 1.0) -> float:
    """Return the apparent power that the current of a source allows at the voltages of this tick."""
    a, b, c = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    return current_limit(rated_va, a, b, c, max_current_pu)


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
    forming_va: float = 0.0,
) -> dict[str, float]:
    """Return what a device measures at its terminals, as far as its telemetry declares it, by signal.

    Its power divides over the phases as `phase_powers` has it, and with the rating ``forming_va`` of one that
    forms an island as `forming_powers` has it; the current of each is S over U.
    """
    power_w, var = state.active_power_w, state.reactive_power_var
    va = sqrt(power_w * power_w + var * var)
    pu_a, pu_b, pu_c = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
    nominal_v = surroundings.nominal_v
    a, b, c = pu_a * nominal_v, pu_b * nominal_v, pu_c * nominal_v
    ab, bc, ca = line_voltages(a, b, c)
    powers = phase_powers(power_w, var, shares, surroundings, draw)
    if forming_va:
        powers = forming_powers(powers, forming_va, surroundings)
    w_a, w_b, w_c, var_a, var_b, var_c = powers
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
