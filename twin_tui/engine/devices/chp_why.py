"""What binds a CHP: its start sequence, its least times, its protection, heat and fuel."""

from dataclasses import replace

from twin_tui.engine.device import Status, fault_constraints
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.chp_engine import ChpUnit
from twin_tui.engine.devices.chp_model import (
    FAULTS,
    GRID_FREQUENCY,
    GRID_VOLTAGE,
    HOT,
    RETURN,
    SHUTS_DOWN,
    ChpParams,
    ChpState,
    duration_s,
)
from twin_tui.engine.devices.chp_signals import ACKNOWLEDGE, START, ChpCommands
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import SAME_SHARE, Constraint, Why, held_by_ramp

GRID_TRIPS = GRID_VOLTAGE | GRID_FREQUENCY
_SEQUENCE = (ChpUnit.STARTING, ChpUnit.WARMUP, ChpUnit.IDLE, ChpUnit.SYNCHRONIZING)


def explain(params: ChpParams, state: ChpState, commands: ChpCommands, surroundings: Surroundings) -> Why:
    """Return what was asked of the CHP, what it gives, and what binds it."""
    started, setpoint = commands.start_stop == START, commands.load_setpoint_pu
    asked_w = setpoint * params.rated_w if started or setpoint else None
    return Why(tuple(_binds(params, state, commands, surroundings)), asked_w, state.active_power_w)


def _binds(
    params: ChpParams, state: ChpState, commands: ChpCommands, surroundings: Surroundings
) -> list[Constraint]:
    unit, dt_s = state.unit, surroundings.dt_s
    hot = HOT if state.seen_coolant_c > params.over_temperature_c else 0
    hot |= RETURN if state.heat.buffer_c > params.return_trip_c else 0
    at_grid = grid_tie.binds(params.grid_code, state.tie)
    own = replace(state, faults=state.faults & ~GRID_TRIPS) if at_grid else state
    found = [*fault_constraints(FAULTS, own, hot, ("acknowledge", ACKNOWLEDGE)), *at_grid]
    if unit in _SEQUENCE:
        left_s = max(0.0, duration_s(params, unit) - (state.ticks + 1) * dt_s)
        found.append(Constraint("start sequence", f"{unit.name}, {left_s:.0f} s left", left_s=left_s))
    elif unit in (ChpUnit.START_BLOCKED, ChpUnit.STOPPING):
        found.append(Constraint("unit state", unit.name))
    if commands.start_stop != START and commands.load_setpoint_pu and unit is ChpUnit.READY:
        found.append(Constraint("stopped", command=("start_stop", START)))
    if not state.armed and not state.faults & SHUTS_DOWN:
        found.append(Constraint("start command", "a new start command is required: stop, then start"))
    if state.heat.full:
        found.append(Constraint("buffer", f"the buffer is full ({state.heat.buffer_c:.1f} °C)"))
    elif unit is ChpUnit.START_BLOCKED:
        left_s = max(0.0, params.min_rest_s - (state.since_ticks + 1) * dt_s)
        text = f"a start waits for the least rest of {params.min_rest_s:g} s"
        found.append(Constraint("least rest", text, f"rests {left_s:.0f} s more", left_s))
    if state.stop_waits:
        left_s = max(0.0, params.min_run_s - (state.since_ticks + 1) * dt_s)
        text = f"a stop waits for the least run time of {params.min_run_s:g} s"
        found.append(Constraint("least run time", text, f"runs {left_s:.0f} s more", left_s))
    elif state.status is Status.RUNNING and commands.start_stop == START:
        found += _limits(params, state, commands.load_setpoint_pu, dt_s)
    return found


def _limits(params: ChpParams, state: ChpState, setpoint: float, dt_s: float) -> list[Constraint]:
    """Return what holds the load of a running engine where it is."""
    found = []
    most = max(state.permitted_pu, params.min_load_pu)
    goal = min(max(params.min_load_pu, setpoint), most) if setpoint else 0.0
    if setpoint and setpoint < params.min_load_pu * (1.0 - SAME_SHARE):
        text = f"least load {kilowatts(params.min_load_pu * params.rated_w)} kW"
        found.append(Constraint("least load", text))
    if setpoint > most * (1.0 + SAME_SHARE):
        if most < params.max_load_pu:
            text = f"engine permits {most * 100:.0f} % (fuel, coolant or buffer)"
            found.append(Constraint("derating", text, f"engine permits {most * 100:.0f} %"))
        else:
            found.append(Constraint("power limit", f"limit {kilowatts(most * params.rated_w)} kW"))
    if state.tie.free:
        rated_w = params.rated_w
        ramp_w = params.ramp_pu_per_s * rated_w
        found += held_by_ramp(state.active_power_w, goal * rated_w, ramp_w, dt_s)
    return found
