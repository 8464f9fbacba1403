"""Heat pumps, buffer tanks and the heat that a building asks for."""

from math import exp, expm1

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
    Defrosting and the losses of starts are left out: too good in damp air around 2 °C and for a machine that
    cycles.

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
    days; it knows no sun and no night setback, and asks for too much on bright days and at night.

    References
    ----------
    EN ISO 52016-1 has the full balance; VDI 3807 the heating limit.
    """
    return loss_w_per_k * max(0.0, limit_c - ambient_c)


def tank_loss(tank_c: float, room_c: float, w_per_k: float, wh_per_k: float, dt_s: float) -> float:
    r"""Return the mean heat that a tank loses to its room over a step, W; negative from a warmer room.

    Notes
    -----
    .. math:: Q = \frac{C}{\Delta t}(\vartheta - \vartheta_{room})(1 - e^{-H \Delta t / C})

    That of a tank which cools undisturbed, so that no step is too long. Heat that flows in or out meanwhile
    is not seen before the next step.
    """
    hours = dt_s / 3600.0
    return (tank_c - room_c) * -expm1(-w_per_k * hours / wh_per_k) * wh_per_k / hours


def delayed_heat(stored_wh: float, released_w: float, tau_s: float, dt_s: float) -> tuple[float, float]:
    r"""Return the heat that an engine holds after a step, Wh, and what it delivered meanwhile, mean W.

    Notes
    -----
    .. math:: \frac{dE}{dt} = Q - \frac{E}{\tau}, \quad \tau = \frac{C}{UA}

    E is the heat of the engine's mass C above the return, which leaves through the heat exchanger UA. Exact
    for heat released evenly over a step of any length: what is released, held and delivered balances. The
    heat of fuel burnt without load is left out, which warms a real engine as it starts: ours delivers later.

    References
    ----------
    I. Beausoleil-Morrison, N. Kelly (eds.), "Specifications for modelling fuel cell and combustion-based
    residential cogeneration devices within whole-building simulation programs", IEA/ECBCS Annex 42, 2007, the
    mass of the energy conversion without that of the water. The default of 86 s is that of its SenerTech unit
    of 5.5 kW, 63,606 J/K over 741 W/K, as EnergyPlus ships it.
    """
    if tau_s <= 0.0:
        return 0.0, released_w
    kept = exp(-dt_s / tau_s)
    after_wh = stored_wh * kept + released_w * tau_s / 3600.0 * -expm1(-dt_s / tau_s)
    if not released_w and after_wh < 1e-12:
        after_wh = 0.0
    return after_wh, released_w + (stored_wh - after_wh) * 3600.0 / dt_s
