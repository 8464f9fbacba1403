"""What binds a heat pump or boiler: its tank, its least times, its thermostat and its rating."""

from math import inf

from twin_tui.engine.device import fault_constraints
from twin_tui.engine.devices.heat_pump_model import FAULTS, HeatPumpParams, HeatPumpState, power_share
from twin_tui.engine.devices.heat_pump_signals import HeatPumpCommands
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import SAME_SHARE, Constraint, Why, held_by_ramp


def explain(
    params: HeatPumpParams, state: HeatPumpState, commands: HeatPumpCommands, surroundings: Surroundings
) -> Why:
    """Return what heat was asked for, what it gives, and what binds it."""
    setpoint_w = commands.heat_power_setpoint_w
    asked_w = setpoint_w if not commands.automatic or setpoint_w else None
    return Why(tuple(_binds(params, state, commands, surroundings)), asked_w, state.heat_w, "", "heat")


def _binds(
    params: HeatPumpParams, state: HeatPumpState, commands: HeatPumpCommands, surroundings: Surroundings
) -> list[Constraint]:
    found = list(fault_constraints(FAULTS, state))
    if state.forced:
        text = f"must heat: the tank is below {params.min_tank_c:g} °C"
        return [*found, Constraint("must heat", text, f"tank below {params.min_tank_c:g} °C")]
    if not surroundings.grid_live:
        return [*found, Constraint("no grid voltage")]
    tank_c, setpoint_w = max(state.seen_tank_c, state.tank_c), commands.heat_power_setpoint_w
    hottest = params.max_tank_c - 0.01
    if not commands.enabled:
        found.append(Constraint("disabled", command=("enabled", 1)))
    elif tank_c >= hottest and (setpoint_w or state.calling):
        found.append(Constraint("must stop", f"the tank is at {params.max_tank_c:g} °C", "tank full"))
    elif commands.automatic and setpoint_w:
        found.append(Constraint("automatic", "the thermostat decides", command=("automatic", 0)))
    elif not commands.automatic and 0.0 < setpoint_w < params.min_modulation * params.rated_heat_w:
        least = kilowatts(params.min_modulation * params.rated_heat_w)
        found.append(Constraint("least modulation", f"below the least heat of {least} kW"))
    elif not state.heat_w and (state.calling if commands.automatic else setpoint_w):
        left_s = params.min_pause_s - state.rest_ticks * surroundings.dt_s
        if left_s > 0.0:
            text = f"rests {left_s:.0f} s more"
            found.append(Constraint("least rest", text, left_s=left_s))
    elif not commands.automatic:
        most_w = params.rated_heat_w * power_share(params, surroundings)
        if setpoint_w > most_w * (1.0 + SAME_SHARE):
            found.append(Constraint("power limit", f"limit {kilowatts(most_w)} kW heat"))
        ramp_w = params.rated_heat_w / params.ramp_s if params.ramp_s else inf
        found += held_by_ramp(state.heat_w, min(setpoint_w, most_w), ramp_w, surroundings.dt_s)
    return found
