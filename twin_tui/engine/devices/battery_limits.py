"""What a battery can do now, and the voltage source that its cells are."""

from twin_tui.engine.devices.battery_ageing import Ageing
from twin_tui.engine.devices.battery_model import (
    CELL_IMBALANCE,
    SHARE_WITH_IMBALANCE,
    STOPPING,
    BatteryCommands,
    BatteryParams,
)
from twin_tui.engine.devices.grid_tie import Tie
from twin_tui.engine.physics.battery import cell_resistance, lookup, temperature_derating


def available_w(
    params: BatteryParams,
    commands: BatteryCommands,
    soc: float,
    cell_c: float,
    faults: int,
    tie: Tie,
    s_max_va: float,
) -> tuple[float, float]:
    """Return the charge and discharge power possible at this state of charge and temperature, both ≥ 0, W."""
    charge, discharge = params.charge_limit_w, params.discharge_limit_w
    charge = max(0.0, min(charge, commands.charge_limit_w))
    discharge = max(0.0, min(discharge, commands.discharge_limit_w))
    none, full = commands.soc_upper_limit_2, commands.soc_upper_limit_1
    if soc > full or soc >= none:
        charge = charge * (none - soc) / (none - full) if soc < none else 0.0
    none, full = commands.soc_lower_limit_2, commands.soc_lower_limit_1
    if soc < full or soc <= none:
        discharge = discharge * (soc - none) / (full - none) if soc > none else 0.0
    if not params.charge_cold_full_c <= cell_c <= params.hot_full_c:
        hot = params.hot_full_c, params.hot_zero_c
        charge *= temperature_derating(cell_c, params.charge_cold_zero_c, params.charge_cold_full_c, *hot)
        discharge *= temperature_derating(cell_c, params.cold_zero_c, params.cold_full_c, *hot)
    if faults:
        if faults & STOPPING:
            return 0.0, 0.0
        if faults & CELL_IMBALANCE:
            charge *= SHARE_WITH_IMBALANCE
            discharge *= SHARE_WITH_IMBALANCE
    if tie.share < 1.0:
        s_max_va = min(s_max_va, tie.share * params.rated_va)
    if s_max_va < params.rated_va:
        charge, discharge = min(charge, s_max_va), min(discharge, s_max_va)
    return charge, discharge


def within(commands: BatteryCommands, power_w: float, spare_w: float) -> float:
    """Return the power within the commanded limits; of two that contradict each other the upper one applies.

    ``spare_w`` is what the devices before it leave on the bus, for a battery without grid charging.
    """
    power_w = min(max(power_w, -commands.charge_limit_w), commands.discharge_limit_w)
    return power_w if commands.charge_from_grid else max(power_w, min(0.0, -spare_w))


def sources(params: BatteryParams, ageing: Ageing, soc: float, cell_c: float) -> tuple[float, float, float]:
    """Return open-circuit voltage in V and the inner resistances of charging and discharging in Ω."""
    ocv, charging_ohm = source(params, ageing, soc, cell_c, False)
    ohm = cell_resistance(params.cell, soc, cell_c, True) * ageing.resistance
    return ocv, charging_ohm, ohm * params.series / params.parallel


def source(
    params: BatteryParams, ageing: Ageing, soc: float, cell_c: float, discharging: bool
) -> tuple[float, float]:
    """Return open-circuit voltage in V and inner resistance in Ω of the whole pack."""
    ohm = cell_resistance(params.cell, soc, cell_c, discharging) * ageing.resistance
    return lookup(params.cell.ocv_v, soc) * params.series, ohm * params.series / params.parallel
