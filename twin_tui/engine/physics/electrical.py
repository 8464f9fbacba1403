"""Alternating current: apparent power, power factor, unbalance, and a charging station's pilot signal."""

from math import cos, hypot, radians, sin, sqrt

_SQRT3 = sqrt(3.0)
_HALF_SQRT3 = _SQRT3 / 2.0


def limit_apparent_power(
    p_w: float, q_var: float, s_max_va: float, q_priority: bool = False
) -> tuple[float, float]:
    r"""Bring an operating point into the circle that a converter's current allows.

    Parameters
    ----------
    p_w, q_var : float
        Wanted active power in W and reactive power in var.
    s_max_va : float
        Apparent power limit in VA, at least 0.
    q_priority : bool
        Whether reactive power is served first.

    Returns
    -------
    tuple of float
        Active and reactive power with :math:`P^2 + Q^2 \le S^2`: the preferred one is limited to S, the
        other one to what the circle leaves; signs stay.
    """
    if p_w * p_w + q_var * q_var <= s_max_va * s_max_va:
        return p_w, q_var
    first, second = (q_var, p_w) if q_priority else (p_w, q_var)
    first = max(-s_max_va, min(s_max_va, first))
    room = sqrt(s_max_va * s_max_va - first * first)
    second = max(-room, min(room, second))
    return (second, first) if q_priority else (first, second)


def room_for_reactive(p_w: float, q_var: float, power_factor: float, s_max_va: float) -> float:
    """Active power that is left when reactive power is served first.

    Parameters
    ----------
    p_w : float
        Wanted active power in W.
    q_var : float
        Wanted reactive power in var; while it is 0 the power factor counts.
    power_factor : float
        As in `reactive_power`.
    s_max_va : float
        Apparent power limit in VA.

    Returns
    -------
    float
        Active power in W, of the same sign and not greater: within the circle beside `q_var`, or so small
        that the power factor can be held, |P| ≤ |pf|·S.
    """
    if q_var:
        return limit_apparent_power(p_w, q_var, s_max_va, True)[0]
    most = s_max_va * abs(power_factor) if power_factor else s_max_va
    return -most if p_w < -most else most if p_w > most else p_w


def reactive_power(p_w: float, power_factor: float) -> float:
    r"""Reactive power that goes with an active power at a power factor.

    Parameters
    ----------
    p_w : float
        Active power in W, of either sign.
    power_factor : float
        -1 to 1. Its sign is that of the reactive power: positive injects vars into the site (over-excited,
        like a capacitor), negative absorbs them (under-excited, like a coil), whichever way active power
        flows. 0 means "not set" and gives 0 var.

    Returns
    -------
    float
        Reactive power in var, positive when injected into the site.

    Notes
    -----
    .. math:: Q = \operatorname{sgn}(pf)\,|P|\,\frac{\sqrt{1 - pf^2}}{|pf|}
    """
    magnitude = abs(power_factor)
    if magnitude >= 1.0 or not magnitude > 0.0:
        return 0.0
    q_var = abs(p_w) * sqrt(1.0 - magnitude * magnitude) / magnitude
    return q_var if power_factor > 0.0 else -q_var


def symmetrical_components(
    va: float, vb: float, vc: float, *, angle_a: float = 0.0, angle_b: float = -120.0, angle_c: float = 120.0
) -> tuple[float, float, float]:
    r"""Magnitudes of the zero, positive and negative sequence of three phasors.

    Parameters
    ----------
    va, vb, vc : float
        Magnitudes of the phase quantities, in any one unit.
    angle_a, angle_b, angle_c : float
        Their angles in degrees.

    Returns
    -------
    tuple of float
        Zero, positive and negative sequence magnitude in the same unit.

    Notes
    -----
    .. math::
        V_0 = \tfrac13(V_a + V_b + V_c),\quad V_1 = \tfrac13(V_a + aV_b + a^2V_c),\quad
        V_2 = \tfrac13(V_a + a^2V_b + aV_c),\quad a = e^{j 120°}

    References
    ----------
    C. L. Fortescue, "Method of symmetrical co-ordinates applied to the solution of polyphase networks",
    Trans. AIEE 37, pp. 1027-1140, 1918, doi:10.1109/T-AIEE.1918.4765570.
    """
    a = complex(va * cos(radians(angle_a)), va * sin(radians(angle_a)))
    b = complex(vb * cos(radians(angle_b)), vb * sin(radians(angle_b)))
    c = complex(vc * cos(radians(angle_c)), vc * sin(radians(angle_c)))
    turn = complex(-0.5, _HALF_SQRT3)
    back = complex(-0.5, -_HALF_SQRT3)
    return abs(a + b + c) / 3.0, abs(a + turn * b + back * c) / 3.0, abs(a + back * b + turn * c) / 3.0


def line_voltages(
    va: float, vb: float, vc: float, *, angle_a: float = 0.0, angle_b: float = -120.0, angle_c: float = 120.0
) -> tuple[float, float, float]:
    r"""Voltages between the phases.

    Parameters
    ----------
    va, vb, vc : float
        Phase-to-neutral magnitudes, in V or per unit of the phase voltage.
    angle_a, angle_b, angle_c : float
        Their angles in degrees.

    Returns
    -------
    tuple of float
        Magnitudes AB, BC, CA in the same unit: divide by √3 for per unit of the line voltage.

    Notes
    -----
    .. math:: V_{ab} = |V_a - V_b|
    """
    a, b, c = radians(angle_a), radians(angle_b), radians(angle_c)
    ax, ay = va * cos(a), va * sin(a)
    bx, by = vb * cos(b), vb * sin(b)
    cx, cy = vc * cos(c), vc * sin(c)
    return hypot(ax - bx, ay - by), hypot(bx - cx, by - cy), hypot(cx - ax, cy - ay)


def pilot_current(duty_percent: float) -> float:
    r"""Current that a charging station offers by the duty cycle of its control pilot.

    Parameters
    ----------
    duty_percent : float
        Duty cycle of the 1 kHz signal in %.

    Returns
    -------
    float
        Current in A per phase; 0 where the duty cycle allows no charging or only asks for digital
        communication.

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
    """Duty cycle by which a charging station offers a current: the inverse of `pilot_current`.

    Parameters
    ----------
    current_a : float
        Current in A per phase.

    Returns
    -------
    float
        Duty cycle in %; 100 (a steady +12 V, no charging) below 6 A, 96 for 80 A and more. The two branches
        leave a gap from 51 to 52.5 A, where 51 A is offered.

    References
    ----------
    IEC 61851-1:2017, annex A, table A.7.
    """
    if not current_a >= 6.0:
        return 100.0
    if current_a < 52.5:
        return min(85.0, current_a / 0.6)
    return min(96.0, current_a / 2.5 + 64.0)
