"""How the power of what consumes follows the voltage: ZIP loads, contactors, stalled motors."""

from collections.abc import Callable
from functools import cache, partial

DROP_OUT_PU = 0.5
"""A contactor opens below this voltage. IEC 60947-4-1 has it between 0.20 and 0.75 per unit (recalled)."""
PICK_UP_PU = 0.85
"""It closes again from here up: IEC 60947-4-1, 85 % of the rated control voltage (recalled)."""
STALL_PU = 0.6
"""A motor stalls below this voltage; measured 0.5 to 0.65 for residential compressors (recalled)."""
ZIP_FROM_PU = 0.7

Parts = tuple[float, float, float]
"""Shares of constant impedance, constant current and constant power; their sum is 1."""


def zip_power(active: Parts, reactive: Parts, u: float) -> tuple[float, float]:
    r"""Return active and reactive power of a load over those at nominal voltage, at a voltage per unit.

    Notes
    -----
    Each with its own shares Z, I and P:

    .. math::
        P/P_0 = Z u^2 + I u + P,\quad u \ge 0.7;\qquad
        P/P_0 = (Z\,0.7^2 + I\,0.7 + P)(u/0.7)^2,\quad u < 0.7

    The coefficients are measured near nominal voltage (0.9 to 1.1 per unit) and say nothing of deep sags, in
    which electronics stop and others follow a resistance: from 0.7 per unit down the load is the impedance
    that it is there, as in OpenDSS below ``Vminpu``. So a sag sheds less in reality where electronics ride
    through it, and more where they trip. There is no recovery over time by thermostats or tap changers.

    References
    ----------
    A. Bokhari, A. Alkan, R. Dogan, M. Diaz-Aguilo, F. de Leon, D. Czarkowski, Z. Zabar, L. Birenbaum,
    A. Noel, R. E. Uosef, "Experimental determination of the ZIP coefficients for modern residential,
    commercial, and industrial loads", IEEE Trans. Power Delivery 29(3), pp. 1372-1381, 2014,
    doi:10.1109/TPWRD.2013.2285096. R. C. Dugan, "OpenDSS Reference Guide", EPRI, element Load.
    """
    z, i, p = active
    z_var, i_var, p_var = reactive
    at = u if u >= ZIP_FROM_PU else ZIP_FROM_PU
    share, share_var = (z * at + i) * at + p, (z_var * at + i_var) * at + p_var
    if u < ZIP_FROM_PU:
        square = (u / ZIP_FROM_PU) ** 2
        share, share_var = share * square, share_var * square
    return share if share > 0.0 else 0.0, share_var if share_var > 0.0 else 0.0


@cache
def zip_draw(active: Parts, reactive: Parts) -> Callable[[float], tuple[float, float]]:
    """Return `zip_power` with these parts, the same function for all loads that have them."""
    return partial(zip_power, active, reactive)


def stalled_power(u: float) -> tuple[float, float]:
    r"""Return active and reactive power of a stalled motor over its active power at nominal voltage.

    Notes
    -----
    .. math:: P = \frac{R}{R^2 + X^2} u^2,\quad Q = \frac{X}{R^2 + X^2} u^2,\quad R = X = 0.1

    Locked rotor: 7 times the rated current at nominal voltage. Large motors have a lower power factor.

    References
    ----------
    NERC, "Reliability Guideline: Developing Load Model Composition Data", 2017: motor D of the composite load
    model, Rstall = Xstall = 0.1 per unit (recalled).
    """
    return 5.0 * u * u, 5.0 * u * u
