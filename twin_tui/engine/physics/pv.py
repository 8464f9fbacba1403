"""A photovoltaic array and its inverter."""

from math import hypot, sqrt

STC_IRRADIANCE_W_M2 = 1000.0
STC_TEMPERATURE_C = 25.0
INVERTER_REFERENCE_EFFICIENCY = 0.9637

_ROUNDS = 12
_A, _B, _C = -0.0162, 0.9858, -0.0059


def noct_cell_temperature(ambient_c: float, plane_w_m2: float, noct_c: float = 45.0) -> float:
    r"""Return the cell temperature, °C, by the nominal operating cell temperature of the data sheet.

    That is the one at 800 W/m² in the plane of the modules, 20 °C air and 1 m/s wind.

    Notes
    -----
    .. math:: T_c = T_a + \frac{NOCT - 20}{800} G

    Steady state for open racks in light wind: a real module follows within some minutes, so that ours is too
    warm just after a cloud and too cold just behind one. More wind cools more: too warm then.

    References
    ----------
    R. G. Ross, "Flat-plate photovoltaic array design optimization", 14th IEEE PVSC, pp. 1126-1132, 1980.
    """
    return ambient_c + (noct_c - 20.0) / 800.0 * plane_w_m2


def faiman_cell_temperature(
    ambient_c: float, plane_w_m2: float, wind_m_s: float = 1.0, u0: float = 25.0, u1: float = 6.84
) -> float:
    r"""Return the module temperature, °C, from irradiance and the wind at module height after Faiman.

    The heat transfer coefficients are u0 in W/(m²·K), constant, and u1 in W·s/(m³·K), by convection.

    Notes
    -----
    .. math:: T = T_a + \frac{G}{u_0 + u_1 v}

    Steady state for open racks: a real module follows within some minutes. The coefficients are means over
    seven module types; on a roof, with less air behind them, modules are warmer than ours.

    References
    ----------
    D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules", Progress in
    Photovoltaics 16(4), pp. 307-315, 2008, doi:10.1002/pip.813.
    """
    return ambient_c + plane_w_m2 / (u0 + u1 * wind_m_s)


def dc_power(plane_w_m2: float, cell_c: float, peak_w: float, gamma_per_k: float = -0.004) -> float:
    r"""Return the power of an array at its maximum power point after PVWatts, W, at least 0.

    The irradiance is what reaches the cells; the peak power is that at 1000 W/m² and 25 °C.

    Notes
    -----
    .. math:: P = \frac{G}{1000} P_{dc0} (1 + \gamma(T_c - 25))

    No losses of mismatch, soiling or wiring (`dc_loss_fraction`), and none of efficiency in weak light: too
    much by the losses that are not given.

    References
    ----------
    A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014, doi:10.2172/1158421.
    """
    power = plane_w_m2 / STC_IRRADIANCE_W_M2 * peak_w * (1.0 + gamma_per_k * (cell_c - STC_TEMPERATURE_C))
    return power if power > 0.0 else 0.0


def inverter_ac_power(dc_w: float, rated_ac_w: float, nominal_efficiency: float = 0.96) -> float:
    r"""Return the AC power of an inverter with the PVWatts efficiency curve, W, clipped at its rating.

    The nominal efficiency is that at full load.

    Notes
    -----
    .. math::
        \eta = \frac{\eta_{nom}}{0.9637}\left(-0.0162\zeta - \frac{0.0059}{\zeta} + 0.9858\right),\quad
        \zeta = \frac{P_{dc}}{P_{ac,0}/\eta_{nom}}

    Below :math:`\zeta` of about 0.006 the inverter would need more than it gets: the answer is 0.

    References
    ----------
    A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014, doi:10.2172/1158421.
    """
    rated_dc_w = rated_ac_w / nominal_efficiency
    zeta = dc_w / rated_dc_w
    power = nominal_efficiency / INVERTER_REFERENCE_EFFICIENCY * ((_A * zeta + _B) * zeta + _C) * rated_dc_w
    if not power > 0.0:
        return 0.0
    # the curve of an inverter with 0.998 and more at full load passes 1 at part load
    power = power if power < dc_w else dc_w
    return power if power < rated_ac_w else rated_ac_w


def inverter_dc_power(ac_w: float, rated_ac_w: float, nominal_efficiency: float = 0.96) -> float:
    """Return the DC power, W, that an inverter draws to deliver an AC power up to its rating.

    The lower root of the quadratic in `inverter_ac_power`. A curtailed array supplies exactly this; at 0 W
    an inverter that runs still draws its no-load loss.
    """
    rated_dc_w = rated_ac_w / nominal_efficiency
    wanted = ac_w / rated_dc_w * INVERTER_REFERENCE_EFFICIENCY / nominal_efficiency
    dc_w = rated_dc_w * (-_B + sqrt(_B * _B - 4.0 * _A * (_C - wanted))) / (2.0 * _A)
    return dc_w if dc_w > ac_w else ac_w


def inverter_loss(s_va: float, rated_ac_w: float, nominal_efficiency: float = 0.96) -> float:
    r"""Return the loss of an inverter that runs, W, at an apparent power.

    Notes
    -----
    .. math:: L(S) = P_{dc}(S) - S

    with the DC power of `inverter_dc_power`: the curve of PVWatts has a no-load, a linear and a quadratic
    part. Losses are those of the current, so that reactive power costs as much as active power does; with
    vars the real loss is a few percent of itself higher or lower.

    References
    ----------
    A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014, doi:10.2172/1158421.
    """
    return inverter_dc_power(s_va, rated_ac_w, nominal_efficiency) - s_va


def active_power_beside(
    dc_w: float, q_var: float, rated_ac_w: float, nominal_efficiency: float = 0.96
) -> float:
    r"""Return the active power, W, that a DC power leaves beside a reactive power.

    Notes
    -----
    .. math:: P + L(\sqrt{P^2 + Q^2}) = P_{dc}

    In weak light it is negative: what the losses need beyond the DC power comes from the grid. Found as a
    fixed point, whose error shrinks at least ten times in each round.
    """
    power = dc_w
    for _ in range(_ROUNDS):
        power = dc_w - inverter_loss(hypot(power, q_var), rated_ac_w, nominal_efficiency)
    return power


def dc_voltage(
    used_fraction: float,
    cell_c: float,
    vmp_v: float,
    voc_v: float,
    beta_per_k: float = -0.003,
) -> float:
    r"""Return the voltage, V, at which an array works when it gives a fraction of what it could.

    Maximum-power and open-circuit voltage are those at 25 °C, reached at 1 and at 0; both change by
    ``beta_per_k`` with the cell temperature.

    Notes
    -----
    .. math:: V = \left(V_{mp} + (V_{oc} - V_{mp})\sqrt{1 - P/P_{mp}}\right)(1 + \beta(T_c - 25))

    A parabola through the maximum power point represents the falling side of the P-V curve, on which
    inverters curtail. The few percent by which voltage falls in weak light are left out: too high then.
    """
    unused = 1.0 - used_fraction
    rise = (voc_v - vmp_v) * sqrt(unused) if unused > 0.0 else 0.0
    return (vmp_v + rise) * (1.0 + beta_per_k * (cell_c - STC_TEMPERATURE_C))
