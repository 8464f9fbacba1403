"""Alternating current: apparent power, current, power factor, unbalance, and a station's pilot signal."""

from functools import lru_cache
from math import cos, hypot, radians, sin, sqrt

_SQRT3 = sqrt(3.0)
_HALF_SQRT3 = _SQRT3 / 2.0
_TURN, _BACK = complex(-0.5, _HALF_SQRT3), complex(-0.5, -_HALF_SQRT3)
"""Rotations by 120° and by -120°."""
NO_VOLTAGE_PU = 1e-3
"""Up to it a phase is dead: no current flows through it."""


def limit_apparent_power(
    p_w: float, q_var: float, s_max_va: float, q_priority: bool = False
) -> tuple[float, float]:
    r"""Bring active and reactive power into the circle that a converter's current allows.

    :math:`P^2 + Q^2 \le S^2`: the preferred one is limited to S, the other one to what the circle leaves;
    signs stay.
    """
    if p_w * p_w + q_var * q_var <= s_max_va * s_max_va:
        return p_w, q_var
    first, second = (q_var, p_w) if q_priority else (p_w, q_var)
    first = max(-s_max_va, min(s_max_va, first))
    room = sqrt(s_max_va * s_max_va - first * first)
    second = max(-room, min(room, second))
    return (second, first) if q_priority else (first, second)


def current_limit(
    rated_va: float, va_pu: float, vb_pu: float, vc_pu: float, max_current_pu: float = 1.0
) -> float:
    r"""Return the apparent power, VA, that a three-phase converter's current allows at its voltages.

    ``max_current_pu`` is the greatest current of a phase over that of the rating at nominal voltage.

    Notes
    -----
    .. math:: S_{max} = S_r \min\left(1, k\,\frac{u_a + u_b + u_c}{3}\right)

    The same current with the same power factor flows through every phase that has voltage, so
    :math:`S_x = u_x S / (u_a + u_b + u_c)` is the part of phase x: this is balanced positive-sequence
    control. A dead phase carries no current and the others no more than their own limit, which only a
    converter with a neutral can do: one with three wires could still use the two others for
    :math:`1/\sqrt 3` of its rating (ours :math:`2/3`). Converters that also inject negative-sequence current
    are not modelled. By EN 50549-1, 4.4.4, apparent power may fall with the voltage only below 0.95 per unit
    (recalled): such a converter has :math:`k = 1.05`.

    References
    ----------
    P. Rodríguez, A. V. Timbus, R. Teodorescu, M. Liserre, F. Blaabjerg, "Flexible active power control of
    distributed power generation systems during grid faults", IEEE Trans. Industrial Electronics 54(5),
    pp. 2583-2592, 2007, doi:10.1109/TIE.2007.899914.
    """
    total = 0.0
    for u in (va_pu, vb_pu, vc_pu):
        if u > NO_VOLTAGE_PU:
            total += u
    share = max_current_pu * total / 3.0
    return rated_va * share if share < 1.0 else rated_va


def room_for_reactive(p_w: float, q_var: float, power_factor: float, s_max_va: float) -> float:
    """Return the active power, W, that is left when reactive power is served first.

    It has the sign of the wanted one and is not greater: within the circle beside `q_var`, or, while that is
    0, so small that the power factor (as in `reactive_power`) can be held, |P| ≤ |pf|·S.
    """
    if q_var:
        return limit_apparent_power(p_w, q_var, s_max_va, True)[0]
    most = s_max_va * abs(power_factor) if power_factor else s_max_va
    return -most if p_w < -most else most if p_w > most else p_w


def reactive_power(p_w: float, power_factor: float) -> float:
    r"""Return the reactive power, var, that goes with an active power of either sign at a power factor.

    The sign of the power factor is that of the reactive power: positive injects vars into the site
    (over-excited, like a capacitor), negative absorbs them (under-excited, like a coil), whichever way active
    power flows. 0 means "not set" and gives 0 var.

    Notes
    -----
    .. math:: Q = \operatorname{sgn}(pf)\,|P|\,\frac{\sqrt{1 - pf^2}}{|pf|}
    """
    magnitude = abs(power_factor)
    if magnitude >= 1.0 or not magnitude > 0.0:
        return 0.0
    q_var = abs(p_w) * sqrt(1.0 - magnitude * magnitude) / magnitude
    return q_var if power_factor > 0.0 else -q_var


def neutral_current(a: complex, b: complex, c: complex) -> float:
    r"""Return the current of the neutral conductor, A, from those of the phases, as phasors in A.

    Each phasor is relative to the voltage of its phase: :math:`I = (P - jQ)/U`.

    Notes
    -----
    .. math:: I_n = |I_a + a^2 I_b + a I_c|,\quad a = e^{j 120°}

    The voltages are 120° apart: a shift of their angles in a disturbance is not seen.
    """
    return abs(a + _BACK * b + _TURN * c)


@lru_cache(maxsize=8)  # the devices of a site have the same voltages in a tick
def line_voltages(
    va: float, vb: float, vc: float, *, angle_a: float = 0.0, angle_b: float = -120.0, angle_c: float = 120.0
) -> tuple[float, float, float]:
    """Return the voltages AB, BC and CA between phases from magnitudes to neutral and angles in degrees.

    :math:`V_{ab} = |V_a - V_b|`, in the unit of the phases: divide by √3 for per unit of the line voltage.
    """
    a, b, c = radians(angle_a), radians(angle_b), radians(angle_c)
    ax, ay = va * cos(a), va * sin(a)
    bx, by = vb * cos(b), vb * sin(b)
    cx, cy = vc * cos(c), vc * sin(c)
    return hypot(ax - bx, ay - by), hypot(bx - cx, by - cy), hypot(cx - ax, cy - ay)


def pilot_current(duty_percent: float) -> float:
    r"""Return the current per phase, A, that a charging station offers by the duty cycle of its pilot, %.

    It is 0 where the duty cycle allows no charging or only asks for digital communication.

    Notes
    -----
    :math:`A = 0.6\,d` from 10 to 85 %, :math:`(d - 64)\cdot 2.5` to 96 %, 80 A to 97 %; 6 A from 8 to 10 %.

    References
    ----------
    IEC 61851-1:2017, annex A, table A.8.
    """
    if 10.0 <= duty_percent <= 85.0:
        return 0.6 * duty_percent
    if 85.0 < duty_percent <= 96.0:
        return (duty_percent - 64.0) * 2.5
    if 96.0 < duty_percent <= 97.0:
        return 80.0
    return 6.0 if 8.0 <= duty_percent < 10.0 else 0.0


def pilot_duty(current_a: float) -> float:
    """Return the duty cycle, %, by which a charging station offers a current: the inverse of `pilot_current`.

    It is 100 (a steady +12 V, no charging) below 6 A, 96 for 80 A and more. The two branches leave a gap from
    51 to 52.5 A, where 51 A is offered.

    References
    ----------
    IEC 61851-1:2017, annex A, table A.7.
    """
    if not current_a >= 6.0:
        return 100.0
    if current_a < 52.5:
        return min(85.0, current_a / 0.6)
    return min(96.0, current_a / 2.5 + 64.0)
