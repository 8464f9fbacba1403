"""A source behind an impedance: the voltage at its far end, and what the impedance takes."""

from collections.abc import Sequence
from math import sqrt

_TURN = complex(-0.5, 0.5 * sqrt(3.0))
_ANGLES = (1.0 + 0j, _TURN.conjugate(), _TURN)
_MOST_PASSES = 50
_AGREES = 1e-9


def impedance_of(short_circuit_va: float, x_over_r: float, nominal_v: float) -> tuple[float, float]:
    r"""Return resistance and reactance, Ω a phase, of a grid with this short-circuit power.

    ``nominal_v`` is phase to neutral.

    Notes
    -----
    .. math:: |Z| = \frac{3 U_n^2}{S_k''},\quad R = \frac{|Z|}{\sqrt{1 + (X/R)^2}},\quad X = R\,(X/R)

    The voltage factor c of the standard, which makes currents at a fault greater by up to 10 %, is 1: a
    voltage is asked for, not the largest current of a fault.

    References
    ----------
    IEC 60909-0:2016, 6.2 (network feeder).
    """
    magnitude = 3.0 * nominal_v * nominal_v / short_circuit_va
    r_ohm = magnitude / sqrt(1.0 + x_over_r * x_over_r)
    return r_ohm, r_ohm * x_over_r


def transformer_impedance(
    rated_va: float, short_circuit_pu: float, copper_loss_w: float, nominal_v: float
) -> tuple[float, float]:
    r"""Return resistance and reactance, Ω a phase on the site's side, of a transformer.

    Notes
    -----
    .. math:: |Z| = u_k \frac{3 U_n^2}{S_r},\quad R = \frac{P_k}{S_r}\,\frac{3 U_n^2}{S_r},\quad
        X = \sqrt{|Z|^2 - R^2}

    Its no-load current and loss are left out: the loss is too small by 0.1 to 0.2 % of the rating.

    References
    ----------
    IEC 60909-0:2016, 6.3.1 (two-winding transformer).
    """
    base_ohm = 3.0 * nominal_v * nominal_v / rated_va
    r_ohm = copper_loss_w / rated_va * base_ohm
    magnitude = short_circuit_pu * base_ohm
    return r_ohm, sqrt(max(0.0, magnitude * magnitude - r_ohm * r_ohm))


def far_voltage(source: float, p: float, q: float, r: float, x: float) -> float | None:
    r"""Return the voltage behind an impedance at which P and Q are taken from it; None when there is none.

    Any consistent units: V, W, var and Ω of one phase, or per unit of a voltage with r and x divided by its
    square. P and Q are positive where the source delivers them; negative ones raise the voltage.

    Notes
    -----
    From :math:`E = V + (R + jX)\,\overline{(P + jQ)/V}` follows a quadratic in :math:`V^2`:

    .. math:: V^4 + V^2\,[2(RP + XQ) - E^2] + (R^2 + X^2)(P^2 + Q^2) = 0

    Its upper root is the operating point. It has none where more is demanded than the impedance can carry:
    the voltage collapses.

    References
    ----------
    T. Van Cutsem, C. Vournas, "Voltage Stability of Electric Power Systems", 1998, chapter 2,
    doi:10.1007/978-0-387-75536-6.
    """
    half = 0.5 * source * source - (r * p + x * q)
    room = half * half - (r * r + x * x) * (p * p + q * q)
    if half < 0.0 or room < 0.0:
        return None
    return sqrt(half + sqrt(room))


def voltage_at_admittance(source: float, v: float, p: float, q: float, r: float, x: float) -> float:
    r"""Return the voltage behind an impedance when what takes P and Q at V is a constant admittance.

    It leads on where `far_voltage` has no answer: down to 0 for a demand that is the same at any voltage, to
    the operating point for one that falls with it.

    .. math:: V' = E\,/\,|1 + (R + jX)\,(P - jQ)/V^2|
    """
    square = v * v
    if square < 1e-12:
        return 0.0
    real = 1.0 + (r * p + x * q) / square
    imaginary = (x * p - r * q) / square
    magnitude = sqrt(real * real + imaginary * imaginary)
    return source / magnitude if magnitude > 1e-3 else 2.0 * source


def shifted_sources(
    source: Sequence[float],
    flows: Sequence[tuple[float, float]],
    phase: tuple[float, float],
    neutral: complex,
) -> tuple[tuple[float, ...], complex]:
    r"""Return the voltages of three sources as loads behind a neutral see them, and the neutral's current.

    ``flows`` are P and Q of each phase, ``phase`` R and X of one of them; units as in `far_voltage`.

    Notes
    -----
    With the sources 120° apart and the voltages :math:`\underline V_x` at the loads,

    .. math:: \underline E'_x = \underline E_x - \underline Z_n \underline I_n,\quad
        \underline I_n = \sum_x \overline{(P_x + jQ_x)/\underline V_x},\quad
        \underline E'_x = \underline V_x + (R + jX)\,\overline{(P_x + jQ_x)/\underline V_x}

    solved by repeating the three; where a phase cannot carry its load, its voltage counts as its source's.
    """
    r, x = phase
    sources = [e * angle for e, angle in zip(source, _ANGLES, strict=True)]
    current = 0j
    lifted = sources
    for _ in range(_MOST_PASSES):
        before, current = current, 0j
        for (p, q), e in zip(flows, lifted, strict=True):
            size = abs(e)
            v = (far_voltage(size, p, q, r, x) if size else None) or size
            if not v:
                continue
            # the source is V + (R + jX)(P - jQ)/V turned by the angle of V
            turned = complex(v + (r * p + x * q) / v, (x * p - r * q) / v)
            current += complex(p, -q) / v * (e / size) * (turned.conjugate() / abs(turned))
        lifted = [e - neutral * current for e in sources]
        if abs(neutral * (current - before)) < _AGREES:
            break
    return tuple([abs(e) for e in lifted]), current
