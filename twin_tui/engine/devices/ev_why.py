"""What binds a charging station: its vehicle, its limits, the current of the pilot, a change of phases."""

from twin_tui.engine.bounds import NO_LIMIT_W
from twin_tui.engine.device import Status, fault_constraints
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.ev_model import FAULTS, LEAST_V, MIN_CURRENT_A, EvParams, EvState
from twin_tui.engine.devices.ev_offer import offered_current, phase_voltage, taper, vehicle_current
from twin_tui.engine.devices.ev_signals import PLUG, EvCommands, Pilot
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import SAME_SHARE, Constraint, Why, held_by_ramp


def explain(params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings) -> Why:
    """Return what was asked of the charging station, what it gives, and what binds it."""
    asked_w = None
    if commands.discharge_setpoint_w:
        asked_w = commands.discharge_setpoint_w
    elif commands.active_power_limit_w < NO_LIMIT_W:
        asked_w = 0.0 - commands.active_power_limit_w
    return Why(tuple(_binds(params, state, commands, surroundings)), asked_w, state.active_power_w)


def _binds(
    params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings
) -> list[Constraint]:
    if state.tie.status is not Status.RUNNING and state.status is state.tie.status:
        return list(grid_tie.binds(params.grid_code, state.tie))
    found = list(fault_constraints(FAULTS, state))
    if state.status is Status.FAULT:
        return found
    found += grid_tie.binds(params.grid_code, state.tie)
    volts, soc = phase_voltage(surroundings, state.phases), state.energy_wh / params.capacity_wh
    idle = _idle(state, commands, surroundings, volts)
    if idle is not None:
        return [*found, idle]
    if commands.discharge_setpoint_w:
        vehicle_a = vehicle_current(params, surroundings.nominal_v)
        return found + _discharging(params, state, commands, volts, soc, vehicle_a)
    return found + _charging(params, state, commands, surroundings, volts, soc)


def _idle(
    state: EvState, commands: EvCommands, surroundings: Surroundings, volts: float
) -> Constraint | None:
    """Return what keeps all current away, whatever is asked."""
    found = None
    if not surroundings.grid_live:
        found = Constraint("no grid voltage")
    elif not state.plugged_in:
        found = Constraint("not plugged in", command=("plug", PLUG))
    elif not commands.enabled:
        found = Constraint("disabled", command=("enabled", 1))
    elif state.switching_s:
        left_s = state.switching_s
        text = f"changes its phases: no current for {left_s:.0f} s"
        found = Constraint("change of phases", text, f"changes phases, {left_s:.0f} s", left_s)
    elif volts < LEAST_V:
        found = Constraint("low voltage", f"voltage too low: {volts:.0f} V")
    return found


def _charging(
    params: EvParams,
    state: EvState,
    commands: EvCommands,
    surroundings: Surroundings,
    volts: float,
    soc: float,
) -> list[Constraint]:
    target = min(commands.target_soc, params.max_soc)
    if state.pilot is Pilot.B and soc >= target - SAME_SHARE:
        name = "target SOC" if commands.target_soc <= params.max_soc else "SOC limit of the vehicle"
        return [Constraint(name, f"{name} {target * 100:g} % reached")]
    phases, limit_w = state.phases, commands.active_power_limit_w
    over = f"on {phases} phase{'s' * (phases > 1)}"
    offer_a = offered_current(params, commands, phases, volts)
    if not offer_a:
        least_w = MIN_CURRENT_A * phases * volts
        text = f"limit below {MIN_CURRENT_A:g} A: charges from {kilowatts(least_w)} kW {over}"
        return [Constraint("least current", text, f"limit below {MIN_CURRENT_A:g} A")]
    offer_w, share = offer_a * phases * volts, taper(params, soc)
    vehicle_a = vehicle_current(params, surroundings.nominal_v)
    vehicle_w = min(params.max_charge_power_w * share, vehicle_a * phases * volts)
    goal_w = min(offer_w, vehicle_w)
    found = []
    if vehicle_w < min(offer_w, limit_w) * (1.0 - SAME_SHARE):
        if share < 1.0:
            text = f"vehicle tapers to {share * 100:.0f} % at SOC {soc * 100:.0f} %"
            found.append(Constraint("taper", text, f"tapers to {share * 100:.0f} %"))
        else:
            text = f"vehicle takes {kilowatts(vehicle_w)} kW at most"
            found.append(Constraint("vehicle", text))
    elif offer_w < limit_w * (1.0 - SAME_SHARE):
        whose = "current limit" if commands.current_limit_a < params.max_current_a else "station"
        text = f"{whose} {offer_a:.3g} A {over}"
        if limit_w < NO_LIMIT_W or whose == "current limit":
            found.append(Constraint(whose, text))
    elif limit_w < NO_LIMIT_W:
        found.append(Constraint("power limit", f"limit {kilowatts(limit_w)} kW"))
    ramp_w = params.ramp_a_per_s * phases * volts
    return found + list(held_by_ramp(-state.active_power_w, goal_w, ramp_w, surroundings.dt_s))


def _discharging(
    params: EvParams, state: EvState, commands: EvCommands, volts: float, soc: float, vehicle_a: float
) -> list[Constraint]:
    asked_w, most_w = commands.discharge_setpoint_w, params.max_discharge_power_w
    if not most_w:
        return [Constraint("vehicle", "the vehicle does not discharge")]
    if soc <= params.min_soc + SAME_SHARE and not state.active_power_w:
        return [Constraint("SOC lower limit", f"SOC lower limit {params.min_soc * 100:g} %")]
    amps = min(params.max_current_a, commands.current_limit_a, vehicle_a)
    if amps * state.phases * volts < min(asked_w, most_w):
        return [Constraint("current limit", f"current limit {amps:g} A")]
    if most_w < asked_w:
        return [Constraint("vehicle", f"vehicle gives {kilowatts(most_w)} kW at most")]
    return []
