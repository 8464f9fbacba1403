"""What binds a PV plant: its protection, the sun, its limits, heat, the current of its inverter."""

from math import hypot

from twin_tui.engine.bounds import NO_LIMIT_W
from twin_tui.engine.device import Status, fault_constraints
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.pv_model import (
    FAULTS,
    STRING_OPEN,
    PvCommands,
    PvParams,
    PvState,
)
from twin_tui.engine.devices.terminals import allowed_va
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.physics.battery import ramp_between
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import SAME_SHARE, Constraint, Why, held_by_ramp


def explain(params: PvParams, state: PvState, commands: PvCommands, surroundings: Surroundings) -> Why:
    """Return the limit that the plant was given, what it gives, and what binds it."""
    limit_w = min(params.rated_w * commands.active_power_limit_pu, commands.active_power_limit_w)
    asked_w = limit_w if limit_w < params.rated_w else None
    return Why(tuple(_binds(params, state, commands, surroundings, limit_w)), asked_w, state.active_power_w)


def _binds(
    params: PvParams, state: PvState, commands: PvCommands, surroundings: Surroundings, limit_w: float
) -> list[Constraint]:
    if state.status is Status.FAULT:
        return list(fault_constraints(FAULTS, state))
    if not commands.on:
        return [Constraint("switched off", command=("on", 1))]
    found: list[Constraint] = []
    at_grid = grid_tie.binds(params.grid_code, state.tie)
    sun_w = state.ac_available_w
    if state.status is Status.STANDBY:
        return [*at_grid, Constraint("no sun")]
    if state.status is not Status.RUNNING:
        return list(at_grid)
    power_w, var = state.active_power_w, state.reactive_power_var
    most_w = sun_w
    most_va = allowed_va(params.s_max_va, surroundings, params.max_current_pu)
    if limit_w < sun_w:
        most_w = limit_w
        if limit_w < params.rated_w:
            text = f"limit {kilowatts(limit_w)} kW, the sun gives {kilowatts(sun_w)}"
            found.append(Constraint("power limit", text, f"limit {kilowatts(limit_w)} kW"))
    elif limit_w < params.rated_w:
        text = f"the sun gives {kilowatts(sun_w)} kW"
        found.append(Constraint("sun", text))
    cool = 1.0
    if state.inverter_c > params.derate_from_c:
        cool = ramp_between(state.inverter_c, params.derate_to_c, params.derate_from_c)
    if params.rated_w * cool < most_w:
        most_w = params.rated_w * cool
        text = f"inverter at {state.inverter_c:.0f} °C derates to {cool * 100:.0f} %"
        found.append(Constraint("temperature", text))
    if most_va < most_w:
        most_w = most_va
        text = f"current limit at {surroundings.v_min_pu:.2f} pu"
        found.append(Constraint("current limit", text))
    if state.faults & STRING_OPEN:
        found.append(Constraint("fault", "string_open: a string is missing"))
    if var and power_w < most_w and hypot(power_w, var) >= most_va * (1.0 - SAME_SHARE):
        found.append(Constraint("apparent power", f"apparent power limit beside {kilowatts(var)} kvar"))
    elif commands.export_limit_w < NO_LIMIT_W and power_w < most_w * (1.0 - SAME_SHARE):
        text = f"the site may feed in {kilowatts(commands.export_limit_w)} kW"
        found.append(
            Constraint("export limit", text, f"export limit {kilowatts(commands.export_limit_w)} kW")
        )
    elif not state.tie.support.active and state.tie.share >= 1.0:
        found += held_by_ramp(power_w, most_w, params.ramp_w_per_s, surroundings.dt_s)
    binds_first = state.tie.support.active or state.tie.share * params.rated_w < most_w
    return [*at_grid, *found] if binds_first else [*found, *at_grid]
