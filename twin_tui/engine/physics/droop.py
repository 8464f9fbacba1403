"""Answers to frequency and voltage: droops, curves, and how fast they act.

Powers are per unit of the rating; positive flows from the device into the site.
"""

from collections.abc import Sequence
from math import exp, log
from types import MappingProxyType

_LN10 = log(10.0)


def piecewise(x: float, points: Sequence[tuple[float, float]]) -> float:
    r"""Return the y of a line through corners (x, y) in rising order of x; the end values hold outside.

    Two corners at the same x make a step, which belongs to the right one.

    Notes
    -----
    .. math:: y = y_i + (y_{i+1} - y_i) \frac{x - x_i}{x_{i+1} - x_i}

    Volt-var and volt-watt: x is the mean voltage of the phases over nominal, y the power over the rating.
    Reactive power has priority over active power where `q_priority` says so.

    References
    ----------
    IEEE Std 1547-2018, 5.3.3 (volt-var) and 5.4.2 (volt-watt), doi:10.1109/IEEESTD.2018.8332112.
    """
    x_before, y_before = points[0]
    if not x >= x_before:
        return y_before
    for x_after, y_after in points:
        if x < x_after:
            return y_before + (y_after - y_before) * (x - x_before) / (x_after - x_before)
        x_before, y_before = x_after, y_after
    return y_before


def power_factor_at(p: float, points: Sequence[tuple[float, float]]) -> float:
    r"""Return the power factor at an active power over the rating, by a line through corners (p, cos φ).

    Its sign is that of the reactive power; between corners the distance from 1 is interpolated.

    Notes
    -----
    .. math:: d = \operatorname{sgn}(\cos\varphi)(1 - |\cos\varphi|),\quad
        \cos\varphi = \operatorname{sgn}(d)(1 - |d|)

    so that the way from 0.95 injecting to 0.95 taking vars passes through 1 and not through 0.

    References
    ----------
    VDE-AR-N 4105:2018-11, 5.7.2.4; its curve, 1 up to half of the power and 0.9 under-excited at all of it
    (0.95 up to 4.6 kVA), as in the manual of an inverter (SolaX X3-IES, page 174).
    """
    off = piecewise(p, [(x, 1.0 - y if y > 0.0 else -1.0 - y) for x, y in points])
    return 1.0 - off if off >= 0.0 else -1.0 - off


def frequency_watt(
    p_before_pu: float,
    frequency_hz: float,
    nominal_hz: float,
    *,
    over_deadband_hz: float,
    over_droop: float,
    under_deadband_hz: float,
    under_droop: float,
    p_min_pu: float,
    p_max_pu: float,
) -> float:
    r"""Return the active power that a frequency droop asks for, per unit; within the deadbands that before.

    A droop is the relative change of frequency for a change of power by the rating (0.05 = 5 %).
    ``p_min_pu`` and ``p_max_pu`` are what the device can do; negative for storage that can charge.

    Notes
    -----
    .. math::
        p = \max\left(p_0 - \frac{f - (f_n + db)}{f_n k},\; p_{min}\right) \text{ above},\quad
        p = \min\left(p_0 + \frac{(f_n - db) - f}{f_n k},\; p_{max}\right) \text{ below}

    European LFSM-O and LFSM-U are the same line with the deadband :math:`f_1 - f_n` (0.2 Hz) and the droop s;
    where the rule scales by the power before instead of by the rating, divide the droop by that power.

    References
    ----------
    IEEE Std 1547-2018, 6.5.2.7, table 22, doi:10.1109/IEEESTD.2018.8332112.
    Commission Regulation (EU) 2016/631, article 13(2), figure 1.
    """
    above = frequency_hz - nominal_hz - over_deadband_hz
    if above > 0.0:
        wanted = p_before_pu - above / (nominal_hz * over_droop)
        floor = p_min_pu if p_min_pu < p_before_pu else p_before_pu
        return wanted if wanted > floor else floor
    below = nominal_hz - under_deadband_hz - frequency_hz
    if below > 0.0:
        wanted = p_before_pu + below / (nominal_hz * under_droop)
        ceiling = p_max_pu if p_max_pu > p_before_pu else p_before_pu
        return wanted if wanted < ceiling else ceiling
    return p_before_pu


def lag_share(dt_s: float, response_s: float) -> float:
    r"""Return the share of the way to its target that a first-order lag goes in a step, for `lag_step`.

    ``response_s`` is the open-loop response time, to 90 % of a step; 0 or less is at once.

    Notes
    -----
    .. math:: 1 - e^{-dt/\tau},\quad \tau = T_{OLR}/\ln 10

    Exact for a target that holds through the step.

    References
    ----------
    IEEE Std 1547-2018, clause 3.1, "open loop response time", doi:10.1109/IEEESTD.2018.8332112.
    """
    return 1.0 - exp(-dt_s * _LN10 / response_s) if response_s > 0.0 else 1.0


def lag_step(value: float, target: float, share: float) -> float:
    """Advance a first-order lag by one step; `share` comes from `lag_share`."""
    return value + (target - value) * share


FCR_CURVES = MappingProxyType(
    {
        "fcr_n": ((-0.1, 1.0), (0.1, -1.0)),
        "fcr_d_up": ((-0.5, 1.0), (-0.1, 0.0)),
        "fcr_d_down": ((0.1, 0.0), (0.5, -1.0)),
        "continental": ((-0.2, 1.0), (-0.01, 0.05), (-0.01, 0.0), (0.01, 0.0), (0.01, -0.05), (0.2, -1.0)),
        "dynamic_containment": (
            *((-0.5, 1.0), (-0.2, 0.05), (-0.015, 0.0)),
            *((0.015, 0.0), (0.2, -0.05), (0.5, -1.0)),
        ),
    }
)
"""Share of the sold capacity over the deviation from 50 Hz in Hz, positive feeds in.

Nordic: Technical Requirements for Frequency Containment Reserve, v1.1, 28 March 2025. Continental Europe:
full at ±200 mHz (Regulation (EU) 2017/1485, annex V), nothing within ±10 mHz. Great Britain: Dynamic
Containment, deadband 0.015 Hz, 5 % at 0.2 Hz, all at 0.5 Hz (NESO service terms).
"""


def fcr_share(product: str, frequency_hz: float, nominal_hz: float = 50.0) -> float:
    """Return the share of the sold capacity that a frequency reserve of `FCR_CURVES` gives, + feeds in."""
    return piecewise(frequency_hz - nominal_hz, FCR_CURVES[product])
