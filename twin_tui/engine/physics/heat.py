"""Heat pumps, buffer tanks and the heat that a building asks for."""

WATER_WH_PER_L_K = 4182.0 * 0.998 / 3600.0
"""Heat capacity of water at 20 °C: 4182 J/(kg K), 0.998 kg/l."""
_KELVIN = 273.15


def carnot_cop(flow_c: float, source_c: float, quality: float, most: float) -> float:
    r"""Return the coefficient of performance of a heat pump: heat over electricity, from 1 to ``most``.

    ``quality`` is the share of the Carnot cycle that the machine reaches; 0.35 to 0.5 for air to water.

    Notes
    -----
    .. math:: COP = \eta \frac{T_{flow}}{T_{flow} - T_{source}}, \quad T \text{ in K}

    The quality grade is held constant, which fits data sheets to some 10 % for lifts of 20 to 60 K.

    References
    ----------
    EN 14511 rates such machines; I. Staffell et al., "A review of domestic heat pumps", Energy Environ. Sci.
    5, pp. 9291-9306, 2012, doi:10.1039/c2ee22653g.
    """
    lift = flow_c - source_c
    if lift <= 0.0:
        return most
    return max(1.0, min(most, quality * (flow_c + _KELVIN) / lift))


def building_demand(loss_w_per_k: float, limit_c: float, ambient_c: float) -> float:
    r"""Return the heat that a building asks for, W; 0 above the limit, where sun and people heat enough.

    Notes
    -----
    :math:`Q = H \max(0, \vartheta_{limit} - \vartheta_{ambient})`, the steady balance behind heating degree
    days; it knows no sun and no night setback.

    References
    ----------
    EN ISO 52016-1 has the full balance; VDI 3807 the heating limit.
    """
    return loss_w_per_k * max(0.0, limit_c - ambient_c)
