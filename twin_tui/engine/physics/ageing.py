"""How lithium cells lose capacity and gain resistance: with time, and with cycles.

Losses of capacity and growth of resistance are fractions of the new cell's.
"""

from collections.abc import Callable
from math import exp, sqrt
from typing import Any

from twin_tui.engine.signals import value

GAS_CONSTANT_J_MOL_K = 8.314462618
KELVIN = 273.15
PER_DAY: float = 86_400.0**-0.75
"""From the days of a law with time to the power 0.75 to seconds."""


def _arrhenius(energy_j_mol: float, temperature_c: float) -> float:
    """Return how much faster a process is than at 25 °C."""
    return exp(-energy_j_mol / GAS_CONSTANT_J_MOL_K * (1.0 / (temperature_c + KELVIN) - 1.0 / 298.15))


def calendar_stress(temperature_c: float, soc: float) -> float:
    r"""Return the rate of the calendar ageing of an LFP cell: lost fraction per square root of seconds.

    Notes
    -----
    .. math:: q = 1.2571\cdot10^{-5}\, e^{-\frac{17126}{R}\left(\frac1T - \frac1{298.15}\right)}
              (2.8575(s - 0.5)^3 + 0.60225)\sqrt{t}

    Fitted from 0 to 60 °C.

    References
    ----------
    M. Naumann, M. Schimpe, P. Keil, H. C. Hesse, A. Jossen, "Analysis and modeling of calendar aging of a
    commercial LiFePO4/graphite cell", J. Energy Storage 17, pp. 153-169, 2018, doi:10.1016/j.est.2018.01.019.
    """
    return 1.2571e-5 * _arrhenius(17126.0, temperature_c) * (2.8575 * (soc - 0.5) ** 3 + 0.60225)


def calendar_growth(temperature_c: float, soc: float) -> float:
    r"""Return how fast the resistance of an LFP cell grows with time: fraction per second.

    Notes
    -----
    .. math:: r = 3.4194\cdot10^{-10}\, e^{-\frac{71827}{R}\left(\frac1T - \frac1{298.15}\right)}
              (1.5604 - 3.3903(s - 0.5)^2)\,t

    References
    ----------
    Naumann et al. 2018, as above.
    """
    return 3.4194e-10 * _arrhenius(71827.0, temperature_c) * (1.5604 - 3.3903 * (soc - 0.5) ** 2)


def cyclic_stress(c_rate: float, depth_of_cycle: float) -> float:
    r"""Return the rate of the cyclic ageing of an LFP cell: lost fraction per root of full equivalent cycles.

    The C rate is current over capacity in 1/h; the depth of the cycle is 0 to 1.

    Notes
    -----
    .. math:: q = \frac{(0.0630\,C + 0.0971)(4.0253(DOC - 0.6)^3 + 1.0923)}{100}\sqrt{FEC}

    Fitted at 40 °C, 0.2 to 1 C; use it up to 20 % loss. Without lithium plating: too little in the cold.

    References
    ----------
    M. Naumann, F. Spingler, A. Jossen, "Analysis and modeling of cycle aging of a commercial LiFePO4/graphite
    cell", J. Power Sources 451, 227666, 2020, doi:10.1016/j.jpowsour.2019.227666.
    """
    return (0.0630 * c_rate + 0.0971) * (4.0253 * (depth_of_cycle - 0.6) ** 3 + 1.0923) / 100.0


def cyclic_growth(c_rate: float, depth_of_cycle: float) -> float:
    r"""Return how fast the resistance of an LFP cell grows with cycles: fraction per full equivalent cycle.

    Notes
    -----
    .. math:: r = \frac{(0.0021 - 0.0020\,C)(6.8477(DOC - 0.5)^3 + 0.9182)}{100} FEC

    The fit is negative above 1.05 C; there it is 0.

    References
    ----------
    Naumann et al. 2020, as above.
    """
    growth = (0.0021 - 0.0020 * c_rate) * (6.8477 * (depth_of_cycle - 0.5) ** 3 + 0.9182) / 100.0
    return growth if growth > 0.0 else 0.0


def nmc_calendar_stress(temperature_c: float, ocv_v: float) -> float:
    r"""Return the rate of the calendar ageing of an NMC cell: lost fraction per (second to the power 0.75).

    Notes
    -----
    .. math:: q = (7.543\,U - 23.75)\cdot10^6\, e^{-6976/T}\, t_{days}^{0.75}

    Fitted to storage at 50 °C at several states of charge, and at half charge at several temperatures; the
    voltage is that of the resting cell.

    References
    ----------
    J. Schmalstieg, S. Käbitz, M. Ecker, D. U. Sauer, "A holistic aging model for Li(NiMnCo)O2 based 18650
    lithium-ion batteries", J. Power Sources 257, pp. 325-334, 2014, doi:10.1016/j.jpowsour.2014.02.012.
    """
    stress = (7.543 * ocv_v - 23.75) * 1e6 * exp(-6976.0 / (temperature_c + KELVIN))
    return max(0.0, stress) * PER_DAY


def nmc_calendar_growth(temperature_c: float, ocv_v: float) -> float:
    r"""Return how fast the resistance of an NMC cell grows: fraction per (second to the power 0.75).

    Notes
    -----
    .. math:: r = (5.270\,U - 16.32)\cdot10^5\, e^{-5986/T}\, t_{days}^{0.75}

    References
    ----------
    Schmalstieg et al. 2014, as above.
    """
    growth = (5.270 * ocv_v - 16.32) * 1e5 * exp(-5986.0 / (temperature_c + KELVIN))
    return max(0.0, growth) * PER_DAY


NMC_CYCLE_AH = 2.0 * 2.05
"""The charge that a full cycle moves through the cell of the NMC laws, in and out."""


def nmc_cyclic_stress(depth_of_cycle: float, ocv_v: float) -> float:
    r"""Return the rate of the cyclic ageing of an NMC cell: lost fraction per root of full equivalent cycles.

    Notes
    -----
    .. math:: q = (7.348\cdot10^{-3}(\bar U - 3.667)^2 + 7.6\cdot10^{-4} + 4.081\cdot10^{-3} DOC)\sqrt{Q_{Ah}}

    Fitted at 35 °C and 1 C, and so without temperature and C rate: gentle cycles take too much. The mean
    voltage is taken at rest in the middle of the cycle, where the paper has the quadratic mean over it.

    References
    ----------
    Schmalstieg et al. 2014, as above.
    """
    stress = 7.348e-3 * (ocv_v - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * depth_of_cycle
    return stress * sqrt(NMC_CYCLE_AH)


def nmc_cyclic_growth(depth_of_cycle: float, ocv_v: float) -> float:
    r"""Return how fast the resistance of an NMC cell grows with cycles: fraction per full equivalent cycle.

    Notes
    -----
    .. math:: r = \max(1.5\cdot10^{-5}, 2.153\cdot10^{-4}(\bar U - 3.725)^2 - 1.521\cdot10^{-5}
              + 2.798\cdot10^{-4} DOC)\,Q_{Ah}

    References
    ----------
    Schmalstieg et al. 2014, as above.
    """
    growth = 2.153e-4 * (ocv_v - 3.725) ** 2 - 1.521e-5 + 2.798e-4 * depth_of_cycle
    return max(1.5e-5, growth) * NMC_CYCLE_AH


def age(loss: float, stress: float, amount: float, exponent: float = 0.5) -> float:
    r"""Return a lost fraction of the capacity after full equivalent cycles, or seconds, at a rate of stress.

    Notes
    -----
    .. math:: q' = \left(q^{1/p} + k^{1/p} \Delta x\right)^p

    The increment of :math:`q = k x^p` without x: it does not depend on how the amount is cut into steps,
    and it carries on from the present loss when the stress changes.

    Time and cycles act apart, and their losses add. The laws are fits of accelerated tests down to about 80 %
    of the capacity and know no knee: an older battery loses less here than in reality. A battery whose
    history is unknown starts its cycles with the steep first part of their law and loses more than one that
    was cycled before.
    """
    if exponent == 0.5:
        return sqrt(loss * loss + stress * stress * amount)
    root = 1.0 / exponent
    return float((loss**root + stress**root * amount) ** exponent)


@value
class AgeingLaw:
    """How one type of cell ages; losses follow a power of time, and the square root of cycles."""

    calendar_loss: Callable[[float, float, float], float]
    """(temperature in °C, state of charge, open-circuit voltage in V) → stress."""
    calendar_growth: Callable[[float, float, float], float]
    calendar_loss_exponent: float
    calendar_growth_exponent: float
    cycle_loss: Callable[[float, float, float], float]
    """(depth, C rate, open-circuit voltage in the middle in V) → stress per root of full cycles."""
    cycle_growth: Callable[[float, float, float], float]
    """The same → growth per full cycle."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a law of this module by its name there: its functions have none."""
        names = (name for name, law in globals().items() if law is self)
        return next(names, None) or object.__reduce_ex__(self, protocol)


LFP_AGEING = AgeingLaw(
    calendar_loss=lambda temperature_c, soc, ocv_v: calendar_stress(temperature_c, soc),
    calendar_growth=lambda temperature_c, soc, ocv_v: calendar_growth(temperature_c, soc),
    calendar_loss_exponent=0.5,
    calendar_growth_exponent=1.0,
    cycle_loss=lambda depth, c_rate, ocv_v: cyclic_stress(c_rate, depth),
    cycle_growth=lambda depth, c_rate, ocv_v: cyclic_growth(c_rate, depth),
)
NMC_AGEING = AgeingLaw(
    calendar_loss=lambda temperature_c, soc, ocv_v: nmc_calendar_stress(temperature_c, ocv_v),
    calendar_growth=lambda temperature_c, soc, ocv_v: nmc_calendar_growth(temperature_c, ocv_v),
    calendar_loss_exponent=0.75,
    calendar_growth_exponent=0.75,
    cycle_loss=lambda depth, c_rate, ocv_v: nmc_cyclic_stress(depth, ocv_v),
    cycle_growth=lambda depth, c_rate, ocv_v: nmc_cyclic_growth(depth, ocv_v),
)
