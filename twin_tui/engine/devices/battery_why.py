"""What binds a battery: its protection, the limits of its cells and converter, its ramp."""

from math import hypot

from twin_tui.engine.device import Status, fault_constraints
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.battery_limits import available_w
from twin_tui.engine.devices.battery_model import (
    CELL_IMBALANCE,
    FAULTS,
    OFF,
    ON,
    OVER_TEMPERATURE,
    OVER_TEMPERATURE_HYSTERESIS_K,
    SHARE_WITH_IMBALANCE,
    STOPPING,
    BatteryCommands,
    BatteryParams,
    BatteryState,
)
from twin_tui.engine.devices.battery_view import converter_w
from twin_tui.engine.devices.terminals import allowed_va
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.physics.battery import temperature_derating
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import SAME_SHARE, Constraint, Why, held_by_ramp


def explain(
    params: BatteryParams, state: BatteryState, commands: BatteryCommands, surroundings: Surroundings
) -> Why:
    """Return what was asked of the battery, what it gives, and what binds it."""
    on = commands.start_stop == ON
    forming = surroundings.islanded and params.grid_forming and on
    setpoint_w = commands.active_power_setpoint_w
    asked_w = None if forming or not (on or setpoint_w) else setpoint_w
    return Why(tuple(_binds(params, state, commands, surroundings, forming)), asked_w, converter_w(state))


def _binds(
    params: BatteryParams,
    state: BatteryState,
    commands: BatteryCommands,
    surroundings: Surroundings,
    forming: bool,
) -> list[Constraint]:
    if state.status is Status.FAULT:
        limit_c = params.over_temperature_c - OVER_TEMPERATURE_HYSTERESIS_K
        return list(fault_constraints(FAULTS, state, OVER_TEMPERATURE if state.cell_c > limit_c else 0))
    setpoint_w = commands.active_power_setpoint_w
    if commands.start_stop != ON:
        text = "stopped" if commands.start_stop == OFF else "in standby"
        return [Constraint("stopped", text, command=("start_stop", ON))] if setpoint_w else []
    at_grid = grid_tie.binds(params.grid_code, state.tie)
    if state.status is not Status.RUNNING:
        return list(at_grid)
    if forming:
        return [*at_grid, Constraint("forms the grid", "holds up the island")]
    found: list[Constraint] = []
    memory = state.memory
    if params.deadtime_s and memory.on_the_way:
        left_s = max(0.0, memory.on_the_way[-1][0] - surroundings.time_s)
        found.append(Constraint("deadtime", f"deadtime, acts in {left_s:.2g} s", left_s=left_s))
    heard_w = memory.asked_w if params.deadtime_s else setpoint_w
    commanded_w = min(max(heard_w, -commands.charge_limit_w), commands.discharge_limit_w)
    if commanded_w != heard_w:
        found.append(Constraint("commanded limit", f"limited to {kilowatts(commanded_w)} kW by command"))
        heard_w = commanded_w
    most_w = _available_w(params, state, commands, surroundings, heard_w)
    if state.dc.limit:
        low = state.dc.limit == "low"
        limit_v = params.cell.low_v if low else params.cell.high_v
        how = "discharge" if low else "charge"
        found.append(Constraint("cell voltage", f"{how} limited by the cells' {limit_v:g} V"))
    elif abs(heard_w) > most_w * (1.0 + SAME_SHARE):
        found += _limits(params, state, commands, surroundings, heard_w)
    if not state.tie.support.active and not state.dc.limit:
        power_w, var = converter_w(state), state.reactive_power_var
        goal_w = min(most_w, max(-most_w, heard_w))
        if var and hypot(power_w, var) >= allowed_va(params.rated_va, surroundings, params.max_current_pu) * (
            1.0 - SAME_SHARE
        ):
            found.append(Constraint("apparent power", f"apparent power limit beside {kilowatts(var)} kvar"))
        elif goal_w < 0.0 and not commands.charge_from_grid:
            found.append(Constraint("no grid charging", "charges with what the site has to spare"))
        else:
            found += held_by_ramp(power_w, goal_w, params.ramp_w_per_s, surroundings.dt_s)
    binds_first = state.tie.support.active or state.tie.share * params.rated_va < abs(heard_w)
    return [*at_grid, *found] if binds_first else [*found, *at_grid]


def _available_w(
    params: BatteryParams,
    state: BatteryState,
    commands: BatteryCommands,
    surroundings: Surroundings,
    asked_w: float,
) -> float:
    soc = state.energy_wh / state.ageing.capacity_wh
    most_va = allowed_va(params.rated_va, surroundings, params.max_current_pu)
    each = available_w(params, commands, soc, state.cell_c, state.faults & ~STOPPING, state.tie, most_va)
    return each[asked_w > 0.0]


def _limits(
    params: BatteryParams,
    state: BatteryState,
    commands: BatteryCommands,
    surroundings: Surroundings,
    asked_w: float,
) -> list[Constraint]:
    """Return the limits of the direction in which power is asked, those that leave nothing first."""
    found: list[tuple[float, Constraint]] = []
    out, soc, cell_c = asked_w > 0.0, state.energy_wh / state.ageing.capacity_wh, state.cell_c
    if out:
        name, none, full = "SOC lower limit", commands.soc_lower_limit_2, commands.soc_lower_limit_1
        share = 0.0 if soc <= none else (soc - none) / (full - none) if soc < full else 1.0
        cold = params.cold_zero_c, params.cold_full_c
    else:
        name, none, full = "SOC upper limit", commands.soc_upper_limit_2, commands.soc_upper_limit_1
        share = 0.0 if soc >= none else (none - soc) / (none - full) if soc > full else 1.0
        cold = params.charge_cold_zero_c, params.charge_cold_full_c
    if share < 1.0:
        derates = f" derates to {share * 100:.0f} % from {full * 100:g} %" if share else ""
        found.append(
            (share, Constraint(name, f"{name} {none * 100:g} %{derates}", f"{name} {none * 100:g} %"))
        )
    share = temperature_derating(cell_c, *cold, params.hot_full_c, params.hot_zero_c)
    if share < 1.0:
        text = f"cells at {cell_c:.0f} °C derate to {share * 100:.0f} %"
        found.append((share, Constraint("temperature", text)))
    if state.faults & CELL_IMBALANCE:
        text = f"cell_imbalance: {SHARE_WITH_IMBALANCE * 100:.0f} % of the power"
        found.append((SHARE_WITH_IMBALANCE, Constraint("fault", text)))
    most_va, limit_w = (
        allowed_va(params.rated_va, surroundings, params.max_current_pu),
        (params.charge_limit_w, params.discharge_limit_w)[out],
    )
    if most_va < min(limit_w, abs(asked_w)):
        text = f"current limit at {surroundings.v_min_pu:.2f} pu"
        found.append((most_va / limit_w, Constraint("current limit", text)))
    if abs(asked_w) > limit_w * (1.0 + SAME_SHARE):
        text = f"{'discharge' if out else 'charge'} limit {kilowatts(limit_w)} kW"
        found.append((1.0, Constraint("power limit", text)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]
