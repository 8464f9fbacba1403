"""A battery with its converter: limits, ramp, losses, heat."""

from collections.abc import Collection
from dataclasses import replace
from math import copysign, exp, inf
from typing import Any

from twin_tui.engine.device import DeviceType, Forming, Role, Stage, Status, settle_faults
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.battery_ageing import aged, recounted, unused
from twin_tui.engine.devices.battery_climate import at_start, conditioned, controlled
from twin_tui.engine.devices.battery_dc import drive
from twin_tui.engine.devices.battery_limits import available_w, within
from twin_tui.engine.devices.battery_model import (
    AT_REST,
    BMS_COMMS_LOSS,
    CALM_RESISTANCE,
    FAN,
    FAULTS,
    GRID_FREQUENCY,
    GRID_TRIPS,
    GRID_VOLTAGE,
    LATCHING,
    OFF,
    ON,
    OVER_TEMPERATURE,
    OVER_TEMPERATURE_HYSTERESIS_K,
    SENSOR_DRIFT,
    SENSOR_STUCK,
    SHARE_WITHOUT_FAN,
    SOC_DRIFT_PER_S,
    STANDBY,
    STOPPING,
    UNMEASURED,
    BatteryCommands,
    BatteryMemory,
    BatteryParams,
    BatteryState,
    BatteryTelemetry,
    Housing,
)
from twin_tui.engine.devices.battery_view import converter_w, observe, shown_soc
from twin_tui.engine.devices.battery_why import explain
from twin_tui.engine.devices.grid_tie import Tie
from twin_tui.engine.devices.terminals import allowed_va
from twin_tui.engine.physics.electrical import limit_apparent_power, reactive_power, room_for_reactive
from twin_tui.engine.policies.modes import BATTERY_MODES
from twin_tui.engine.s2.builders import battery_frbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import new
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings

__all__ = ["BATTERY", "OFF", "ON", "STANDBY", "BatteryCommands", "BatteryParams", "BatteryState"]

# a global is found five times faster than a member of its Enum, and every step asks for some
_RUNNING, _STANDBY, _OFF, _FAULT = Status.RUNNING, Status.STANDBY, Status.OFF, Status.FAULT
_CONTAINER, _INDOORS = Housing.CONTAINER, Housing.INDOORS
ISLAND_SHIFT_HZ = 2.0
"""How far an island's frequency rises while its battery nears the most it can take in: PV gives way."""
ISLAND_SHIFT_FROM = 0.6

fill = BatteryState.__init__


def initial(params: BatteryParams) -> BatteryState:
    """Return a battery at rest at its first state of charge."""
    age = unused(params.capacity_wh, params.initial_soh, params.initial_soc)
    return BatteryState(
        status=Status.OFF,
        energy_wh=age.capacity_wh * params.initial_soc,
        cell_c=params.initial_cell_c,
        ageing=age,
        climate=at_start(params),
        tie=grid_tie.initial(params.grid_code),
    )


def step(
    params: BatteryParams, state: BatteryState, commands: BatteryCommands, surroundings: Surroundings
) -> BatteryState:
    """Advance a battery by one tick.

    Setpoint → deadtime → grid support → limits → ramp → current → losses → age. With constant efficiencies P
    at the terminals takes P/η out of the cells when discharging and puts P·η in when charging. Power is cut
    where the current, a cell's voltage or the energy would cross its bounds within the step; the current does
    so at once, whatever the ramp.
    """
    dt_s = surroundings.dt_s
    tie = state.tie
    faults = state.faults
    memory = state.memory
    cell_c = state.cell_c
    run = commands.start_stop
    forming = surroundings.islanded and params.grid_forming and run == ON
    if params.grid_code is not None or not (tie.free and surroundings.grid_live):
        tie = (
            grid_tie.initial(params.grid_code, in_service=True)
            if forming
            else grid_tie.step(params.grid_code, tie, surroundings, run != OFF and not faults & STOPPING)
        )
    if faults or state.causes or cell_c > params.over_temperature_c or tie.status is not _RUNNING:
        faults = _faults(params, state, commands, tie)
    if faults or memory is not AT_REST or params.deadtime_s:
        memory = _remember(params, state, commands, faults, surroundings)

    energy = state.energy_wh
    ageing = state.ageing
    capacity = ageing.capacity_wh
    power = state.active_power_w
    climate = state.climate
    contained = params.housing is _CONTAINER
    if contained:
        power = climate.converter_w
        climate = controlled(params, climate, cell_c, surroundings)
    var = 0.0
    s_max = params.rated_va
    if faults & STOPPING or state.causes & GRID_TRIPS:
        status = _FAULT
        power = 0.0
    elif tie.status is not _RUNNING:
        status = _OFF if run == OFF else tie.status
        power = 0.0
    elif run != ON and not power:
        status, power = _STANDBY if run == STANDBY else _OFF, 0.0
    else:
        status = _RUNNING if run == ON else _STANDBY if run == STANDBY else _OFF
        if surroundings.v_min_pu < 1.0:
            s_max = allowed_va(s_max, surroundings, params.max_current_pu)
        charge, discharge = available_w(params, commands, energy / capacity, cell_c, faults, tie, s_max)
        target = 0.0
        reach = params.ramp_w_per_s * dt_s
        wanted_var = 0.0
        if forming:
            target = surroundings.island_w + climate.auxiliary_w
            wanted_var, reach = surroundings.island_var, inf
        elif run == ON:
            if params.deadtime_s:
                target, wanted_var = memory.asked_w, memory.asked_var
            else:
                target, wanted_var = commands.active_power_setpoint_w, commands.reactive_power_setpoint_var
            if not (
                -commands.charge_limit_w <= target <= commands.discharge_limit_w and commands.charge_from_grid
            ):
                target = within(commands, target, surroundings.spare_w)
            if commands.ramp_pu_per_s:
                reach = min(reach, commands.ramp_pu_per_s * params.rated_va * dt_s)
        target = -charge if target < -charge else discharge if target > discharge else target
        if run == ON and not tie.free:
            rating = params.rated_va
            supported, tie = grid_tie.supported(
                params.grid_code,
                tie,
                dt_s,
                target / rating,
                -charge / rating,
                discharge / rating,
                storage=True,
            )
            target, wanted_var = max(-charge, supported * rating), wanted_var or tie.support.q_pu * rating
        if params.q_priority and run == ON and not forming:
            target = room_for_reactive(target, wanted_var, commands.power_factor_setpoint, s_max)
        if target > power + reach:
            power += reach
        elif target < power - reach:
            power -= reach
        else:
            power = target
        if run == ON:
            if not (wanted_var or forming):
                if commands.power_factor_setpoint != 1.0:
                    wanted_var = reactive_power(power, commands.power_factor_setpoint)
                elif not tie.free:
                    rating = params.rated_va
                    share, wanted_var, tie = grid_tie.at_power_factor(
                        params.grid_code, tie, dt_s, power / rating, s_max / rating
                    )
                    if wanted_var:  # without one the power stays what it is, to the last bit
                        power, wanted_var = share * rating, wanted_var * rating
        else:
            wanted_var = 0.0
        if wanted_var or s_max < params.rated_va:
            power, var = limit_apparent_power(power, wanted_var, s_max)

    hours = dt_s / 3600.0
    charged, discharged, drawn = state.charged_wh, state.discharged_wh, state.drawn_wh
    moved, square = state.moved_wh, state.square_w2h
    loss = heat = flow = 0.0
    dc = UNMEASURED
    running = status is _RUNNING
    standby = params.standby_w if running or status is _STANDBY else 0.0
    if power or standby or var or (running and params.converter is not None):
        low, high = params.calm
        least, most = low * capacity, high * capacity
        flow = power / params.discharge_efficiency if power > 0.0 else power * params.charge_efficiency
        heat = flow - power
        flow += standby
        left = energy - flow * hours
        calm = least < left < most and least < energy < most and ageing.resistance <= CALM_RESISTANCE
        if not calm or var or params.converter is not None:
            switching = running or power != 0.0
            power, flow, heat, dc = drive(
                params, ageing, energy, cell_c, power, var, standby, hours, switching
            )
            left = energy - flow * hours
            if var:
                power, var = limit_apparent_power(power, var, s_max)
        loss = flow - power
        energy = left
        if power > 0.0:
            discharged += power * hours
        else:
            charged -= power * hours
        if flow > 0.0:
            drawn += flow * hours
    if energy < 0.0:
        energy = 0.0
    elif energy > capacity:
        energy = capacity
    if flow * ageing.sense < 0.0 or surroundings.time_s >= ageing.due_s:
        start = state.energy_wh / capacity, moved, square
        age = params.cell, params.capacity_wh, params.ageing_speed, ageing
        ageing, energy = aged(*age, energy, cell_c, surroundings.time_s, flow, start)
    if flow:
        wh = flow * hours
        moved += wh if wh > 0.0 else -wh
        square += flow * wh
    share = SHARE_WITHOUT_FAN if faults & FAN else 1.0
    at_terminals = power
    if contained:
        cell_c, climate = conditioned(params, climate, cell_c, heat, share, power, surroundings)
        at_terminals -= climate.auxiliary_w
    else:
        outside_c = params.room_c if params.housing is _INDOORS else surroundings.ambient_c
        settled = outside_c + heat * params.kelvin_per_w / share
        cell_c = settled + (cell_c - settled) * exp(-dt_s * params.cooling_per_s * share)
    after = new(BatteryState)
    fill(
        after,
        at_terminals,
        var,
        status,
        state.causes,
        faults,
        energy,
        cell_c,
        ageing,
        charged,
        discharged,
        drawn,
        loss,
        moved,
        square,
        dc,
        climate,
        tie,
        memory,
    )
    return after


def _faults(params: BatteryParams, state: BatteryState, commands: BatteryCommands, tie: Tie) -> int:
    causes = state.causes
    limit_c = params.over_temperature_c
    if state.faults & OVER_TEMPERATURE:
        limit_c -= OVER_TEMPERATURE_HYSTERESIS_K
    if state.cell_c > limit_c:
        causes |= OVER_TEMPERATURE
    causes |= grid_tie.trip_cause(params.grid_code, tie, GRID_VOLTAGE, GRID_FREQUENCY)
    return settle_faults(state.faults, causes, LATCHING, commands.fault_reset == 1)


def _remember(
    params: BatteryParams,
    state: BatteryState,
    commands: BatteryCommands,
    faults: int,
    surroundings: Surroundings,
) -> BatteryMemory:
    before = state.memory
    asked_w, asked_var, on_the_way = before.asked_w, before.asked_var, before.on_the_way
    if params.deadtime_s:
        newest = on_the_way[-1][1:] if on_the_way else (asked_w, asked_var)
        wanted = commands.active_power_setpoint_w, commands.reactive_power_setpoint_var
        if wanted != newest:
            on_the_way = (*on_the_way, (surroundings.time_s - surroundings.dt_s + params.deadtime_s, *wanted))
        # half a step of slack: times are sums, and ticks are what counts
        while on_the_way and on_the_way[0][0] < surroundings.time_s - 0.5 * surroundings.dt_s:
            _, asked_w, asked_var = on_the_way[0]
            on_the_way = on_the_way[1:]
    stuck = None
    if faults & (SENSOR_STUCK | BMS_COMMS_LOSS):
        stuck = before.stuck_soc if before.stuck_soc is not None else shown_soc(params, state)
    offset = before.soc_offset + SOC_DRIFT_PER_S * surroundings.dt_s if faults & SENSOR_DRIFT else 0.0
    if not params.deadtime_s and stuck is None and not offset:
        return AT_REST
    return BatteryMemory(asked_w, asked_var, on_the_way, stuck, offset)


def forms(params: BatteryParams, state: BatteryState, commands: BatteryCommands) -> Forming | None:
    """Return with what the battery can hold up an island now; None when it cannot."""
    if not params.grid_forming or commands.start_stop != ON or (state.faults | state.causes) & STOPPING:
        return None
    soc = level(params, state)
    rated = params.rated_va
    charge, _ = available_w(params, commands, soc, state.cell_c, state.faults, grid_tie.UNTIED, rated)
    used = 1.0 if charge <= 0.0 else max(0.0, -converter_w(state) / charge)
    rise = (used - ISLAND_SHIFT_FROM) / (1.0 - ISLAND_SHIFT_FROM)
    return Forming(
        params.rated_va,
        params.forming_frequency_droop,
        params.forming_voltage_droop,
        ISLAND_SHIFT_HZ * min(1.0, max(0.0, rise)),
        params.rated_va * params.max_current_pu / 3.0,
        state.climate.auxiliary_w,
    )


def advise(params: BatteryParams, commands: BatteryCommands, changed: Collection[str]) -> str:
    """Return which setpoint just written has no effect, and why."""
    wanted = commands.active_power_setpoint_w
    if "active_power_setpoint_w" not in changed or not wanted:
        return ""
    if commands.start_stop != ON:
        return f"setpoint {wanted / 1000:g} kW has no effect while stopped; write start_stop = 1"
    most = params.max_discharge_w if wanted > 0 else params.max_charge_w
    if abs(wanted) > most:
        return f"setpoint {wanted / 1000:g} kW is limited to {copysign(most, wanted) / 1000:g} kW"
    return ""


def level(params: BatteryParams, state: BatteryState) -> float:
    """Return the state of charge."""
    return state.energy_wh / state.ageing.capacity_wh


def _limits(params: BatteryParams) -> PowerLimits:
    return PowerLimits(params.max_charge_w, params.max_discharge_w, params.capacity_wh * params.initial_soh)


def _report_soc(params: BatteryParams, state: BatteryState, soc: float) -> dict[str, Any]:
    ageing = recounted(state.ageing, soc, state.moved_wh, state.square_w2h)
    return {"energy_wh": soc * ageing.capacity_wh, "ageing": ageing}


def _report_power(params: BatteryParams, state: BatteryState, power_w: float) -> dict[str, Any]:
    power = min(max(power_w, -params.charge_limit_w), params.discharge_limit_w)
    if params.housing is not _CONTAINER:
        return {"active_power_w": power}
    at_terminals = power - state.climate.auxiliary_w
    return {"active_power_w": at_terminals, "climate": replace(state.climate, converter_w=power)}


BATTERY = DeviceType(
    kind="battery",
    title="Battery",
    params=BatteryParams,
    commands=BatteryCommands,
    telemetry=BatteryTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    stage=Stage.STORAGE,
    faults=FAULTS,
    aliases=("bess",),
    explain=explain,
    advise=advise,
    forms=forms,
    role=Role.STORAGE,
    steering=Steering(
        setpoints=frozenset({"active_power_setpoint_w"}),
        encode=lambda params, power_w: {"active_power_setpoint_w": power_w},
        limits=_limits,
        level=level,
        capacity_wh=lambda params, state: state.ageing.capacity_wh,
        start={"start_stop": 1},
        report={"soc": _report_soc, "power_w": _report_power},
    ),
    modes=BATTERY_MODES,
    s2={ControlType.FRBC: battery_frbc},
)
