"""The container of a battery: its climate control, and the power that this takes from the site."""

from twin_tui.engine.devices.battery_model import AT_EASE, BatteryParams, Climate, Housing
from twin_tui.engine.physics.container import container_step, thermostat
from twin_tui.engine.physics.voltage_response import DROP_OUT_PU
from twin_tui.engine.surroundings import Surroundings


def at_start(params: BatteryParams) -> Climate:
    """Return the climate at the start: the air is as warm as the cells."""
    return Climate(params.initial_cell_c) if params.housing is Housing.CONTAINER else AT_EASE


def controlled(params: BatteryParams, climate: Climate, cell_c: float, surroundings: Surroundings) -> Climate:
    """Return the climate with what its control does in this step; at low voltage its contactor is open.

    In a long step it runs for the part of it that brings cells and air back by the thermostat's band.
    """
    low, high, band = params.heat_below_c, params.cool_above_c, params.thermostat_band_k
    fed = surroundings.grid_live and surroundings.v_min_pu >= DROP_OUT_PU
    running = thermostat(climate.running, cell_c, low, high, band) if fed else 0
    heat = auxiliary = 0.0
    if running:
        to_go_k = low + band - cell_c if running > 0 else cell_c - high + band
        enough = to_go_k * (params.thermal_capacity_j_per_k + params.container_j_per_k) / surroundings.dt_s
        if running > 0:
            heat = min(params.heating_w, enough)
            auxiliary = heat / params.heating_cop
        else:
            heat = -min(params.cooling_w, enough)
            auxiliary = -heat / params.cooling_cop
    return Climate(climate.air_c, running, heat, auxiliary, climate.auxiliary_wh, climate.converter_w)


def conditioned(
    params: BatteryParams,
    climate: Climate,
    cell_c: float,
    heat_w: float,
    cooling_share: float,
    converter_w: float,
    surroundings: Surroundings,
) -> tuple[float, Climate]:
    """Return the temperature of the cells and the climate after a step."""
    cells, air = container_step(
        cell_c,
        climate.air_c,
        surroundings.ambient_c,
        heat_w,
        climate.heat_w,
        cell_j_per_k=params.thermal_capacity_j_per_k,
        air_j_per_k=params.container_j_per_k,
        cell_w_per_k=params.thermal_conductance_w_per_k * cooling_share,
        wall_w_per_k=params.container_w_per_k,
        dt_s=surroundings.dt_s,
    )
    used = climate.auxiliary_wh + climate.auxiliary_w * surroundings.dt_s / 3600.0
    return cells, Climate(air, climate.running, climate.heat_w, climate.auxiliary_w, used, converter_w)
