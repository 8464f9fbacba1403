"""A lithium battery behind its converter: voltage, current, losses, limits.

Power and current are positive when the battery discharges. The cell data are those of SimSES 1.3.12 (TUM,
BSD-3): the Sony/Murata US26650FTC1 LFP cell (M. Naumann, dissertation, TUM 2018), the Sanyo UR18650E NMC
cell with the resistance of a Samsung SDI cell, and the fits of a Sungrow SC1000TL converter (F. Müller,
master's thesis).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, hypot, sqrt

from twin_tui.engine.physics.ageing import LFP_AGEING, NMC_AGEING, AgeingLaw
from twin_tui.engine.signals import value

_SECANTS = 30


@value
class SocCurve:
    """A function of the state of charge as values at even distances from 0 to 1, with the slopes ready."""

    intervals: int
    values: tuple[float, ...]
    slopes: tuple[float, ...]


def curve(values: Sequence[float]) -> SocCurve:
    """Return the curve through values at even distances from SOC 0 to SOC 1."""
    intervals = len(values) - 1
    slopes = [after - before for before, after in pairwise(values)]
    return SocCurve(intervals, tuple(values), (*slopes, 0.0))


def lookup(table: SocCurve, soc: float) -> float:
    """Return a curve's value at a state of charge, linear between its points; the end values hold outside."""
    if not 0.0 < soc < 1.0:
        return table.values[-1 if soc >= 1.0 else 0]
    position = soc * table.intervals
    index = int(position)
    return table.values[index] + (position - index) * table.slopes[index]


def lfp_ocv(soc: float) -> float:
    r"""Return the open-circuit voltage of an LFP cell at a state of charge of 0 to 1: 2.01 to 3.58 V.

    Notes
    -----
    .. math::
        U = k_0 + \frac{k_1}{1 + e^{a_1(s - b_1)}} + \frac{k_2}{1 + e^{a_2(s - b_2)}}
            + \frac{k_3}{1 + e^{a_3(s - 1)}} + \frac{k_4}{1 + e^{a_4 s}} + k_5 s

    No hysteresis between charge and discharge (about 20 mV in LFP), so that a full cycle loses some 0.5 % too
    little. That of NMC is a table of 21 measured points of the Sanyo UR18650E, 3.33 to 4.16 V, as in SimSES.

    References
    ----------
    M. Naumann, "Techno-economic evaluation of stationary battery energy storage systems with special
    consideration of aging", dissertation, TUM 2018; as in SimSES 1.3.12.
    """
    return (
        2.002
        - 3.316 / (1.0 + exp(-116.2064 * (soc + 0.1572)))
        + 4.9996 / (1.0 + exp(-22.4512 * (soc + 0.0944)))
        - 0.4574 / (1.0 + exp(358.9072 * (soc - 1.0)))
        - 1.3646 / (1.0 + exp(499.9994 * soc))
        + 0.1251 * soc
    )


LFP_OCV_V = curve([lfp_ocv(i / 1000) for i in range(1001)])
"""So fine because the curve falls off within 1 % of both ends."""

NMC_OCV_V = curve(
    [
        *(3.33, 3.42522, 3.49231, 3.55, 3.5837, 3.61161, 3.62774, 3.64323, 3.65744, 3.67419, 3.70438),
        *(3.73154, 3.77261, 3.82167, 3.87071, 3.91654, 3.96844, 4.02273, 4.07, 4.122, 4.16),
    ]
)


@value
class CellType:
    """One cell type: what a pack is made of."""

    name: str
    nominal_v: float
    capacity_ah: float
    low_v: float
    """Least voltage under load; more than half of any open-circuit voltage."""
    high_v: float
    """Greatest voltage while charging."""
    ocv_v: SocCurve
    charge_ohm_25c: SocCurve
    discharge_ohm_25c: SocCurve
    charge_ohm_10c: SocCurve
    discharge_ohm_10c: SocCurve
    ageing: AgeingLaw
    heat_j_per_wh_k: float
    """Heat that warms cells of 1 Wh by 1 K."""


LFP = CellType(
    name="lfp",
    nominal_v=3.2,
    capacity_ah=3.0,
    low_v=2.0,
    high_v=3.6,
    ocv_v=LFP_OCV_V,
    charge_ohm_25c=curve(
        [
            *(0.037584, 0.037584, 0.041399, 0.041399, 0.041779, 0.044767),
            *(0.047695, 0.049791, 0.046805, 0.053422, 0.053422),
        ]
    ),
    discharge_ohm_25c=curve(
        [
            *(0.061686, 0.061686, 0.050375, 0.048846, 0.051763, 0.047828),
            *(0.044266, 0.041786, 0.046556, 0.042547, 0.042547),
        ]
    ),
    charge_ohm_10c=curve(
        [
            *(0.053553, 0.053553, 0.059217, 0.058451, 0.059281, 0.062648),
            *(0.067546, 0.070789, 0.069199, 0.080653, 0.080653),
        ]
    ),
    discharge_ohm_10c=curve(
        [
            *(0.194953, 0.194953, 0.080775, 0.075055, 0.07481, 0.06939),
            *(0.065121, 0.061503, 0.064822, 0.061432, 0.061432),
        ]
    ),
    ageing=LFP_AGEING,
    heat_j_per_wh_k=7.3,
)
# Voltage, heat and age are those of the Sanyo UR18650E, for which SimSES has no resistance; that of the
# Samsung SDI cell was measured at 5, 15, 25 and 35 °C. Only resistance times capacity counts in a pack.
NMC = CellType(
    name="nmc",
    nominal_v=3.7,
    capacity_ah=94.0,
    low_v=2.5,
    high_v=4.2,
    ocv_v=NMC_OCV_V,
    charge_ohm_25c=curve(
        [
            *(0.826e-3, 0.826e-3, 0.777e-3, 0.744e-3, 0.718e-3, 0.697e-3, 0.694e-3),
            *(0.699e-3, 0.709e-3, 0.727e-3, 0.751e-3, 0.791e-3, 0.706e-3, 0.697e-3),
            *(0.699e-3, 0.697e-3, 0.699e-3, 0.699e-3, 0.704e-3, 0.704e-3, 0.704e-3),
        ]
    ),
    discharge_ohm_25c=curve(
        [
            *(0.867e-3, 0.867e-3, 0.794e-3, 0.754e-3, 0.720e-3, 0.699e-3, 0.692e-3),
            *(0.694e-3, 0.699e-3, 0.713e-3, 0.732e-3, 0.768e-3, 0.711e-3, 0.692e-3),
            *(0.690e-3, 0.695e-3, 0.692e-3, 0.692e-3, 0.695e-3, 0.699e-3, 0.699e-3),
        ]
    ),
    charge_ohm_10c=curve(
        [
            *(1.407e-3, 1.407e-3, 1.330e-3, 1.279e-3, 1.230e-3, 1.196e-3, 1.196e-3),
            *(1.211e-3, 1.238e-3, 1.266e-3, 1.295e-3, 1.309e-3, 1.192e-3, 1.179e-3),
            *(1.175e-3, 1.171e-3, 1.172e-3, 1.172e-3, 1.176e-3, 1.183e-3, 1.183e-3),
        ]
    ),
    discharge_ohm_10c=curve(
        [
            *(1.593e-3, 1.593e-3, 1.400e-3, 1.300e-3, 1.234e-3, 1.185e-3, 1.170e-3),
            *(1.169e-3, 1.178e-3, 1.195e-3, 1.215e-3, 1.266e-3, 1.185e-3, 1.150e-3),
            *(1.141e-3, 1.138e-3, 1.133e-3, 1.131e-3, 1.132e-3, 1.139e-3, 1.139e-3),
        ]
    ),
    ageing=NMC_AGEING,
    heat_j_per_wh_k=6.0,
)
CELLS = {cell.name: cell for cell in (LFP, NMC)}


def cell_resistance(cell: CellType, soc: float, temperature_c: float, discharging: bool) -> float:
    """Return the inner resistance of one cell, Ω, at its state of charge and temperature.

    Linear between its curves at 10 and 25 °C, held outside: below 10 °C a real cell loses more and gives
    less, at 35 to 40 °C it loses a fifth less. That of LFP is of a pulse of some seconds, without diffusion
    over minutes, which makes losses too low. That of NMC is the one of a 94 Ah cell at 1 C, at 10 °C the mean
    of the measurements at 5 and 15 °C; small cells (18650) have up to three times as much for their capacity.

    References
    ----------
    LFP: M. Naumann, dissertation, TUM 2018. NMC: Samsung SDI 94 Ah, measured at TUM over state of charge,
    temperature and C rate. Both as in SimSES 1.3.12.
    """
    warm = cell.discharge_ohm_25c if discharging else cell.charge_ohm_25c
    if temperature_c >= 25.0:
        return lookup(warm, soc)
    cold = cell.discharge_ohm_10c if discharging else cell.charge_ohm_10c
    if temperature_c <= 10.0:
        return lookup(cold, soc)
    warm_ohm = lookup(warm, soc)
    return warm_ohm + (lookup(cold, soc) - warm_ohm) * (25.0 - temperature_c) / 15.0


def pack_layout(cell: CellType, capacity_wh: float, nominal_v: float) -> tuple[int, float]:
    """Return cells in series, and strings in parallel (a fraction, so that the capacity fits exactly)."""
    series = max(1, round(nominal_v / cell.nominal_v))
    return series, capacity_wh / (series * cell.nominal_v * cell.capacity_ah)


def current(power_w: float, ocv_v: float, resistance_ohm: float) -> float:
    r"""Return the current in A, + out of the battery, that delivers a DC power at the terminals.

    The open-circuit voltage is above 0. The terminal voltage is `ocv_v - resistance_ohm * current`.

    Notes
    -----
    .. math:: R I^2 - U I + P = 0 \;\Rightarrow\; I = \frac{2P}{U + \sqrt{U^2 - 4RP}}

    More than :math:`U^2/4R` is not available; the current of that maximum, :math:`U/2R`, is returned then.
    """
    discriminant = ocv_v * ocv_v - 4.0 * resistance_ohm * power_w
    if discriminant <= 0.0:
        return ocv_v / (2.0 * resistance_ohm)
    return 2.0 * power_w / (ocv_v + sqrt(discriminant))


def power_at_voltage(voltage_v: float, ocv_v: float, resistance_ohm: float) -> float:
    r"""Return the power at the terminals, as a magnitude in W, at which their voltage reaches a limit.

    Notes
    -----
    .. math:: P = U_{limit} \frac{|U_{ocv} - U_{limit}|}{R}

    Held there, the power falls with the current: the phase of constant voltage at either end of the charge.
    A power within this keeps the limit, as long as the lower one is above half of the open-circuit voltage.
    The resistance is that of seconds; over minutes diffusion adds to it, and a real taper begins earlier.

    References
    ----------
    Limits as in SimSES: LFP 2.0 to 3.6 V (data sheet of the Sony US26650FTC1), NMC 2.5 to 4.2 V (Sanyo
    UR18650E).
    """
    return voltage_v * abs(ocv_v - voltage_v) / resistance_ohm


@value
class ConverterLosses:
    """Part-load loss of a converter: no-load part P0 and quadratic part K, per unit of the rating."""

    discharge_p0: float
    discharge_k: float
    charge_p0: float
    charge_k: float


SUNGROW_SC1000TL = ConverterLosses(0.00551158, 0.018772838, 0.007701864, 0.017290859)
NOTTON = ConverterLosses(0.0072, 0.0345, 0.0072, 0.0345)


def efficiency_loss(p_w: float, q_var: float, charge_efficiency: float, discharge_efficiency: float) -> float:
    r"""Return the loss, W, of a converter with one efficiency in each direction, at any power factor.

    Notes
    -----
    .. math::
        L = \tfrac12 \left(\frac{1}{\eta_d} - 1\right)(S + P) + \tfrac12 (1 - \eta_c)(S - P)

    At a power factor of 1 these are :math:`P/\eta_d` and :math:`P\eta_c` on the DC side. Losses are those of
    the current, hence of S: reactive power alone costs the mean of both directions. No-load losses are apart
    (``standby``, from the cells, and from the grid where those are empty), and
    there is no quadratic part: the loss at part load comes out too low and at overload too, by as much as the
    real efficiency there differs from the one given.
    """
    s = hypot(p_w, q_var)
    return 0.5 * ((1.0 / discharge_efficiency - 1.0) * (s + p_w) + (1.0 - charge_efficiency) * (s - p_w))


def converter_loss(p_w: float, q_var: float, rated_va: float, converter: ConverterLosses) -> float:
    r"""Return the loss of a switching converter, W, at an active and a reactive power, + into the grid.

    Notes
    -----
    With the apparent power :math:`s = S/S_r` and :math:`c = P/S`,

    .. math::
        L = S_r \left(\frac{1 + c}{2} l_d(s) + \frac{1 - c}{2} l_c(s)\right),\quad
        l_d = P_{0d} + K_d s^2,\quad
        l_c = \frac{s (P_{0c} + K_c s^2)}{s + P_{0c} + K_c s^2}

    At a power factor of 1 that is the efficiency :math:`\eta = x/(x + P_0 + K x^2)` with x = |P|/S_r:
    discharging :math:`P_{dc} = P/\eta`, charging :math:`P_{dc} = P\eta`. The curve would let a converter
    charge with less than its no-load loss. So :math:`P_{0d} (1 - s/P_{0c})` is added to :math:`l_c` below
    :math:`s = P_{0c}`, 1 % of the rating: the cells cover the rest, and the loss is continuous at 0 W, where
    it is :math:`P_{0d} S_r`. Losses that depend on the current's angle other than by the direction of the
    active power are left out.

    References
    ----------
    G. Notton, V. Lazarov, L. Stoyanov, "Optimal sizing of a grid-connected PV system for various PV module
    technologies and inclinations, inverter efficiency characteristics and locations", Renewable Energy 35(2),
    pp. 541-554, 2010, doi:10.1016/j.renene.2009.07.013.
    """
    s_va = hypot(p_w, q_var)
    if s_va == 0.0:
        return rated_va * converter.discharge_p0
    s = s_va / rated_va
    no_load = converter.charge_p0
    waste = no_load + converter.charge_k * s * s
    into = s * waste / (s + waste)
    if s < no_load:
        into += converter.discharge_p0 * (1.0 - s / no_load)
    out_of = converter.discharge_p0 + converter.discharge_k * s * s
    share = 0.5 + 0.5 * p_w / s_va
    return rated_va * (share * out_of + (1.0 - share) * into)


def active_power_of(dc_w: float, loss_w: Callable[[float], float]) -> float:
    """Return the AC power that leads to a DC power, W: the root of P + loss(P) = P_dc, by secants.

    P + loss(P) rises with P for the two losses above, so there is one.
    """
    before = dc_w
    error_before = loss_w(before)
    now = dc_w - error_before
    for _ in range(_SECANTS):
        error = now + loss_w(now) - dc_w
        if error == error_before or abs(error) <= 1e-12 * abs(dc_w):
            break
        before, now, error_before = now, now - error * (now - before) / (error - error_before), error
    return now


def ramp_between(value: float, zero_at: float, one_at: float) -> float:
    """Return a derating factor that runs linearly from 0 at ``zero_at`` to 1 at ``one_at``, in either order.

    When they are equal the factor is a step upwards, 0 at that very value.
    """
    span = one_at - zero_at
    if span == 0.0:
        return 1.0 if value > zero_at else 0.0
    factor = (value - zero_at) / span
    if factor >= 1.0:
        return 1.0
    return factor if factor > 0.0 else 0.0


def temperature_derating(
    temperature_c: float,
    cold_zero_c: float = -20.0,
    cold_full_c: float = 0.0,
    hot_full_c: float = 45.0,
    hot_zero_c: float = 60.0,
) -> float:
    """Return the share of the power that a battery management system allows at a cell temperature.

    It rises from none to all through the cold range and falls through the hot one. The defaults are usual for
    LFP discharge; charging wants `cold_zero_c` of 0 or more.
    """
    if cold_full_c <= temperature_c <= hot_full_c:
        return 1.0
    if temperature_c < cold_full_c:
        return ramp_between(temperature_c, cold_zero_c, cold_full_c)
    return ramp_between(temperature_c, hot_zero_c, hot_full_c)
