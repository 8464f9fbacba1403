"""A photovoltaic array and its inverter."""

from math import sqrt

STC_IRRADIANCE_W_M2 = 1000.0
STC_TEMPERATURE_C = 25.0
INVERTER_REFERENCE_EFFICIENCY = 0.9637

_A, _B, _C = -0.0162, 0.9858, -0.0059


def noct_cell_temperature(ambient_c: float, plane_w_m2: float, noct_c: float = 45.0) -> float:
    r"""Cell temperature from the nominal operating cell temperature of the data sheet.

    Parameters
    ----------
    ambient_c : float
        Air temperature in °C.
    plane_w_m2 : float
        Irradiance in the plane of the modules in W/m².
    noct_c : float
        Nominal operating cell temperature in °C, at 800 W/m², 20 °C air and 1 m/s wind.

    Returns
    -------
    float
        Cell temperature in °C.

    Notes
    -----
    .. math:: T_c = T_a + \frac{NOCT - 20}{800} G

    Steady state for open racks in light wind.

    References
    ----------
    R. G. Ross, "Flat-plate photovoltaic array design optimization", 14th IEEE PVSC, pp. 1126-1132, 1980.
    """
    return ambient_c + (noct_c - 20.0) / 800.0 * plane_w_m2


def faiman_cell_temperature(
    ambient_c: float, plane_w_m2: float, wind_m_s: float = 1.0, u0: float = 25.0, u1: float = 6.84
) -> float:
    r"""Module temperature from irradiance and wind after Faiman.

    Parameters
    ----------
    ambient_c : float
        Air temperature in °C.
    plane_w_m2 : float
        Irradiance in the plane of the modules in W/m².
    wind_m_s : float
        Wind speed at module height in m/s.
    u0 : float
        Constant heat transfer coefficient in W/(m²·K).
    u1 : float
        Convective heat transfer coefficient in W·s/(m³·K).

    Returns
    -------
    float
        Module temperature in °C.

    Notes
    -----
    .. math:: T = T_a + \frac{G}{u_0 + u_1 v}

    Steady state for open racks; the coefficients are means over seven module types.

    References
    ----------
    D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules", Progress in
    Photovoltaics 16(4), pp. 307-315, 2008, doi:10.1002/pip.813.
    """
    return ambient_c + plane_w_m2 / (u0 + u1 * wind_m_s)


def dc_power(plane_w_m2: float, cell_c: float, peak_w: float, gamma_per_k: float = -0.004) -> float:
    r"""Power of an array at its maximum power point after PVWatts.

    Parameters
    ----------
    plane_w_m2 : float
        Irradiance that reaches the cells in W/m².
    cell_c : float
        Cell temperature in °C.
    peak_w : float
        Array power at 1000 W/m² and 25 °C in W.
    gamma_per_k : float
        Temperature coefficient of power in 1/K.

    Returns
    -------
    float
        Power in W, at least 0.

    Notes
    -----
    .. math:: P = \frac{G}{1000} P_{dc0} (1 + \gamma(T_c - 25))

    No losses of mismatch, soiling or wiring: scale the irradiance for these.

    References
    ----------
    A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014, doi:10.2172/1158421.
    """
    power = plane_w_m2 / STC_IRRADIANCE_W_M2 * peak_w * (1.0 + gamma_per_k * (cell_c - STC_TEMPERATURE_C))
    return power if power > 0.0 else 0.0


def inverter_ac_power(dc_w: float, rated_ac_w: float, nominal_efficiency: float = 0.96) -> float:
    r"""AC power of an inverter with the PVWatts efficiency curve, clipped at its rating.

    Parameters
    ----------
    dc_w : float
        DC power at the input in W.
    rated_ac_w : float
        AC rating in W, greater than 0.
    nominal_efficiency : float
        Efficiency at full load, 0 to 1.

    Returns
    -------
    float
        AC power in W, 0 to `rated_ac_w`.

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
    r"""DC power that an inverter draws to deliver an AC power: the inverse of `inverter_ac_power` below
    clipping.

    Parameters
    ----------
    ac_w : float
        AC power in W, 0 to `rated_ac_w`.
    rated_ac_w : float
        AC rating in W, greater than 0.
    nominal_efficiency : float
        Efficiency at full load, 0 to 1.

    Returns
    -------
    float
        DC power in W; 0 when nothing is delivered.

    Notes
    -----
    The lower root of the quadratic in `inverter_ac_power`. A curtailed array supplies exactly this.

    References
    ----------
    A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014, doi:10.2172/1158421.
    """
    if not ac_w > 0.0:
        return 0.0
    rated_dc_w = rated_ac_w / nominal_efficiency
    wanted = ac_w / rated_dc_w * INVERTER_REFERENCE_EFFICIENCY / nominal_efficiency
    dc_w = rated_dc_w * (-_B + sqrt(_B * _B - 4.0 * _A * (_C - wanted))) / (2.0 * _A)
    return dc_w if dc_w > ac_w else ac_w


def dc_voltage(
    used_fraction: float,
    cell_c: float,
    vmp_v: float,
    voc_v: float,
    beta_per_k: float = -0.003,
) -> float:
    r"""Voltage at which an array works when it gives a fraction of what it could.

    Parameters
    ----------
    used_fraction : float
        Power drawn over power at the maximum power point, 0 to 1.
    cell_c : float
        Cell temperature in °C.
    vmp_v, voc_v : float
        Maximum-power and open-circuit voltage at 25 °C in V.
    beta_per_k : float
        Temperature coefficient of both voltages in 1/K.

    Returns
    -------
    float
        Voltage in V: the maximum-power voltage at 1, the open-circuit voltage at 0.

    Notes
    -----
    .. math:: V = \left(V_{mp} + (V_{oc} - V_{mp})\sqrt{1 - P/P_{mp}}\right)(1 + \beta(T_c - 25))

    A parabola through the maximum power point represents the falling side of the P-V curve, on which
    inverters curtail. The few percent by which voltage falls in weak light are left out.
    """
    unused = 1.0 - used_fraction
    rise = (voc_v - vmp_v) * sqrt(unused) if unused > 0.0 else 0.0
    return (vmp_v + rise) * (1.0 + beta_per_k * (cell_c - STC_TEMPERATURE_C))
