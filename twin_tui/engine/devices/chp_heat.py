"""The heat of a CHP: what the engine holds back, the buffer that it heats, and the building behind it."""

from twin_tui.engine.devices.chp_model import COLD, ChpHeat, ChpParams
from twin_tui.engine.physics.heat import building_demand, delayed_heat, tank_loss
from twin_tui.engine.surroundings import Surroundings


def at_start(params: ChpParams) -> ChpHeat:
    """Return the heat of a cold engine beside its buffer at its first temperature."""
    if not params.buffer_l:
        return COLD
    return ChpHeat(buffer_c=params.initial_buffer_c, full=params.initial_buffer_c >= params.buffer_full_c)


def throttled(params: ChpParams, buffer_c: float, permitted_pu: float) -> float:
    r"""Return the load that a buffer lets the engine run at, per unit of the rating.

    Notes
    -----
    .. math:: x \le x_{min} + (x_{max} - x_{min}) \frac{\vartheta_{full} - \vartheta}{\Delta\vartheta}

    within the last :math:`\Delta\vartheta` before the buffer is full. A stop at full obeys the minimum run
    time, at the least load; when the return becomes too hot meanwhile, the engine trips.
    """
    short_k = params.buffer_full_c - buffer_c
    if short_k >= params.buffer_throttle_k:
        return permitted_pu
    share = short_k / params.buffer_throttle_k if short_k > 0.0 else 0.0
    return min(permitted_pu, params.min_load_pu + (params.max_load_pu - params.min_load_pu) * share)


def demand_w(params: ChpParams, surroundings: Surroundings) -> float:
    """Return the heat that the building asks for."""
    if params.heat_demand is not None:
        return max(0.0, params.heat_demand.at(surroundings.unix_s, surroundings.time_s))
    heating = building_demand(params.heat_loss_w_per_k, params.heating_limit_c, surroundings.ambient_c)
    return heating + params.hot_water_w


def advance_heat(params: ChpParams, heat: ChpHeat, released_w: float, surroundings: Surroundings) -> ChpHeat:
    r"""Advance the heat of the engine, its buffer and the building by one step.

    Notes
    -----
    .. math:: C \Delta\vartheta = (Q_{engine} - Q_{building} - Q_{loss}) \Delta t

    One mixed tank, whose temperature is that of the return. A stratified one keeps a cold return until it is
    almost full: ours is throttled earlier and holds less, between the return's and the flow's temperature,
    than a real one of its volume. The engine's heat is counted above the return: what it takes in or gives
    off when that changes (3 Wh/K for each kW) is left out.

    References
    ----------
    The balance of any tank. 80 °C, at which the return trips by default, is the greatest water temperature of
    the SenerTech unit in IEA Annex 42; the other temperatures are our choice.
    """
    dt_s = surroundings.dt_s
    hours = dt_s / 3600.0
    engine_wh, output = delayed_heat(heat.engine_wh, released_w, params.heat_tau_s, dt_s)
    if not params.buffer_l:
        return ChpHeat(engine_wh, output)
    capacity, buffer_c = params.buffer_wh_per_k, heat.buffer_c
    loss = tank_loss(buffer_c, params.room_c, params.buffer_loss_w_per_k, capacity, dt_s)
    demand = demand_w(params, surroundings)
    supplied = min(demand, max(0.0, (buffer_c - params.buffer_usable_c) * capacity / hours))
    buffer_c += (output - supplied - loss) * hours / capacity
    again_c = params.buffer_full_c - params.buffer_restart_k
    full = buffer_c >= params.buffer_full_c or (heat.full and buffer_c > again_c)
    unmet_wh = heat.unmet_wh + (demand - supplied) * hours
    return ChpHeat(engine_wh, output, buffer_c, full, demand, supplied, loss, unmet_wh)
