"""A combined heat and power unit: a gas engine with its start sequence, a generator, useful heat."""

from math import ceil, inf

from twin_tui.engine.device import DeviceType, Role, Stage, Status, settle_faults
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.chp_engine import (
    AT_SPEED,
    COOLANT_SPREAD_K,
    NEXT,
    TURNING,
    ChpUnit,
    advance_sensors,
)
from twin_tui.engine.devices.chp_heat import advance_heat, at_start, throttled
from twin_tui.engine.devices.chp_model import (
    AT_ONCE,
    ESTOP,
    FAULTS,
    GRID_FREQUENCY,
    GRID_VOLTAGE,
    HOT,
    LATCHING,
    NO_COOLING,
    NO_FUEL,
    NO_GRID,
    NO_START,
    NO_SYNC,
    OFF_GRID,
    OIL,
    RETURN,
    SHUTS_DOWN,
    STUCK,
    SUPPLY,
    WARNS,
    ChpParams,
    ChpState,
    duration_s,
)
from twin_tui.engine.devices.chp_signals import ACKNOWLEDGE, START, ChpCommands, ChpTelemetry
from twin_tui.engine.devices.chp_why import explain
from twin_tui.engine.devices.grid_tie import Tie
from twin_tui.engine.devices.terminals import allowed_va, terminals
from twin_tui.engine.physics.electrical import limit_apparent_power, reactive_power
from twin_tui.engine.s2.builders import chp_ddbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import new
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings

__all__ = ["CHP", "ChpCommands", "ChpParams", "ChpState"]

IDLE_FUEL_PU = 0.10
"""Fuel that turns the engine without load, per unit of the fuel at rated power."""
_DERATES_FROM_K = 10.0
_ROUNDING = 1e-9

# a global is found five times faster than a member of its Enum, and a step asks for a dozen
FAULT, READY, STARTING, IDLE = ChpUnit.FAULT, ChpUnit.READY, ChpUnit.STARTING, ChpUnit.IDLE
BLOCKED = ChpUnit.START_BLOCKED
SYNCHRONIZING, RUNNING, STOPPING, WARMUP = (
    ChpUnit.SYNCHRONIZING,
    ChpUnit.RUNNING,
    ChpUnit.STOPPING,
    ChpUnit.WARMUP,
)
IN_SERVICE, CEASED = Status.RUNNING, Status.CEASED
_RESTING = frozenset({FAULT, READY, BLOCKED})

fill = ChpState.__init__


def initial(params: ChpParams) -> ChpState:
    """Return a CHP that is cold and ready."""
    return ChpState(
        permitted_pu=params.max_load_pu,
        heat=at_start(params),
        tie=grid_tie.initial(params.grid_code),
    )


def fuel_w(params: ChpParams, unit: ChpUnit, load_pu: float) -> float:
    r"""Return the fuel power of the engine at a load per unit of the rating, W, lower heating value.

    Notes
    -----
    Willans line :math:`F = \frac{(1 + h) P_r}{\eta_r}(f_0 + (1 - f_0) x)` with the heat-to-power ratio h and
    the no-load share :math:`f_0 = 0.1`: total efficiency is :math:`\eta_r` at rated power and falls with the
    load x. The share is our choice; an engine with more burns more at part load than ours.

    References
    ----------
    The line of P. W. Willans (1888) for engines at constant speed; EnergyPlus and IEA Annex 42 have fits in
    its place.
    """
    if unit not in AT_SPEED and load_pu <= 0.0:
        return 0.0
    rated_fuel_w = params.rated_w * (1.0 + params.heat_to_power_ratio) / params.total_efficiency
    return rated_fuel_w * (IDLE_FUEL_PU + (1.0 - IDLE_FUEL_PU) * load_pu)


def _served(seconds: float, state: ChpState, dt_s: float) -> bool:
    """Return whether a least time has passed since the engine started, or came to rest."""
    return state.since_ticks + 1 >= ceil(seconds / dt_s - _ROUNDING)


def _may_start(params: ChpParams, state: ChpState, dt_s: float) -> bool:
    return not state.heat.full and _served(params.min_rest_s, state, dt_s)


def _next_unit(params: ChpParams, state: ChpState, wanted: bool, faults: int, dt_s: float) -> ChpUnit:
    """Return the unit state of this tick, as far as no step of the sequence fails."""
    unit = state.unit
    if faults & SHUTS_DOWN or unit is FAULT:
        return FAULT if faults & SHUTS_DOWN else READY
    if unit is READY or unit is BLOCKED:
        if not wanted or faults & NO_GRID:
            return READY
        return STARTING if _may_start(params, state, dt_s) else BLOCKED
    if (state.heat.full or not wanted) and unit is not STOPPING and _served(params.min_run_s, state, dt_s):
        return STOPPING
    if unit is RUNNING or state.ticks + 1 < nearest_steps(duration_s(params, unit), dt_s):
        return unit
    still_loaded = unit is STOPPING and state.load_pu > 0.0
    return unit if still_loaded else NEXT[unit]


def step(params: ChpParams, state: ChpState, commands: ChpCommands, surroundings: Surroundings) -> ChpState:
    """Advance a CHP by one tick.

    A stop is obeyed in any state, once the least run time is over; it unloads along the ramp, then the
    breaker opens. A full buffer stops the engine likewise. A fault opens the breaker at once, stays until it
    is acknowledged, and takes a new start demand to come back from. Without grid voltage the breaker opens
    and the engine idles until it can synchronize again.
    """
    dt_s = surroundings.dt_s
    causes, faults = state.causes, state.faults
    tie = state.tie
    if params.grid_code is not None or not (tie.free and surroundings.grid_live):
        tie = grid_tie.step(params.grid_code, tie, surroundings, state.breaker_closed)
        if surroundings.grid_live:
            if tie.status is not IN_SERVICE:
                causes |= grid_tie.trip_cause(params.grid_code, tie, GRID_VOLTAGE, GRID_FREQUENCY)
        else:
            causes |= NO_GRID
    if state.seen_coolant_c > params.over_temperature_c:
        causes |= HOT
    heat = state.heat
    if heat.buffer_c > params.return_trip_c:
        causes |= RETURN
    if causes or faults:
        acknowledged = commands.acknowledge == ACKNOWLEDGE
        faults = settle_faults(faults, causes & AT_ONCE, LATCHING, acknowledged)
    started = commands.start_stop == START
    armed = not started or (state.armed and not faults & SHUTS_DOWN)
    wanted = started and armed
    unit = _next_unit(params, state, wanted, faults, dt_s)
    if causes:
        failed = NO_START if unit is WARMUP else NO_SYNC if unit is RUNNING else 0
        if failed & causes and unit is not state.unit:
            unit, armed = FAULT, False
            faults |= failed
    off_grid = faults & OFF_GRID or tie.status in (Status.TRIPPED, Status.WAITING)
    if off_grid and unit in (SYNCHRONIZING, RUNNING):
        unit = IDLE
    ticks = state.ticks + 1 if unit is state.unit else 0
    at_rest = unit is READY or unit is FAULT
    started_now = unit is STARTING and ticks == 0
    came_to_rest = at_rest and state.unit is not unit and state.unit not in _RESTING
    stop_waits = (not wanted or heat.full) and unit in TURNING
    since_ticks = 0 if started_now or came_to_rest else state.since_ticks + 1

    sensors = state.sensors
    permitted = params.max_load_pu
    if faults & NO_FUEL:
        permitted = min(permitted, 0.5)
    margin = params.over_temperature_c - state.seen_coolant_c
    if margin < _DERATES_FROM_K:
        permitted *= max(0.0, margin / _DERATES_FROM_K)
    if params.buffer_l:
        permitted = throttled(params, heat.buffer_c, permitted)
    load = state.load_pu
    breaker = unit is RUNNING or (unit is STOPPING and state.breaker_closed)
    if breaker and not off_grid and tie.status is not CEASED:
        target = 0.0
        asked = commands.load_setpoint_pu if wanted else params.min_load_pu
        if unit is RUNNING and asked > 0.0:
            most = max(permitted, params.min_load_pu)
            target = min(max(params.min_load_pu, asked), most)
            if not tie.free:
                target, tie = grid_tie.supported(
                    params.grid_code, tie, dt_s, target, params.min_load_pu, most
                )
                target = min(target, tie.share)
        reach = params.ramp_pu_per_s * dt_s
        if target > load:
            load = min(target, load + reach)
        elif load - reach - target > _ROUNDING:
            load -= reach
        else:
            load = target
        breaker = unit is RUNNING or load > 0.0
    else:
        load, breaker = 0.0, unit is RUNNING and not off_grid
    power = load * params.rated_w
    var = 0.0
    if breaker and power > 0.0:
        rated_va = params.rated_w / params.rated_power_factor
        wanted_var = tie.support.q_pu * rated_va
        if commands.power_factor_setpoint != 1.0:
            wanted_var = reactive_power(power, commands.power_factor_setpoint)
        elif not (wanted_var or tie.free):
            _, wanted_var, tie = grid_tie.at_power_factor(params.grid_code, tie, dt_s, load, inf)
            wanted_var *= params.rated_w
        s_max = max(power, rated_va)
        if surroundings.v_min_pu < 1.0:
            # overload is of the engine's; the current of the generator has its limit at low voltage too
            most_va = max(rated_va, params.rated_w * params.max_load_pu)
            s_max = allowed_va(most_va, surroundings)
        if wanted_var or power > s_max:
            power, var = limit_apparent_power(power, wanted_var, s_max)
            load = power / params.rated_w
    sensors = advance_sensors(
        sensors,
        unit,
        load,
        dt_s,
        breaker,
        params.rated_rpm * surroundings.frequency_hz / surroundings.nominal_hz,
        params.rated_rpm,
        surroundings.ambient_c,
        not causes & NO_COOLING,
        not causes & OIL,
    )
    released = power * params.heat_to_power_ratio
    if released or heat.output_w or params.buffer_l:
        heat = advance_heat(params, heat, released, surroundings)
    hours = dt_s / 3600.0
    after = new(ChpState)
    fill(
        after,
        power,
        var,
        _status(unit, tie),
        state.causes,
        faults,
        unit,
        ticks,
        since_ticks,
        stop_waits,
        armed,
        breaker,
        load,
        permitted,
        sensors,
        state.seen_coolant_c if causes & STUCK else sensors.coolant_c,
        state.run_ticks + 1 if unit is RUNNING else state.run_ticks,
        state.starts + started_now,
        state.energy_wh + power * hours,
        state.heat_wh + heat.output_w * hours,
        state.fuel_wh + fuel_w(params, unit, load) * hours,
        heat,
        tie,
    )
    return after


def _status(unit: ChpUnit, tie: Tie) -> Status:
    if unit is FAULT:
        return Status.FAULT
    if unit is READY:
        return Status.STANDBY
    if unit is BLOCKED:
        return Status.WAITING
    if unit is STOPPING:
        return Status.STOPPING
    if tie.status is not IN_SERVICE and unit in (IDLE, RUNNING):
        return tie.status
    return IN_SERVICE if unit is RUNNING else Status.STARTING


def observe(
    params: ChpParams, state: ChpState, commands: ChpCommands, surroundings: Surroundings
) -> ChpTelemetry:
    """Return what the CHP shows at this tick."""
    unit, sensors, heat = state.unit, state.sensors, state.heat
    since_s = (state.since_ticks + 1) * surroundings.dt_s
    run_s = params.initial_operating_h * 3600.0 + state.run_ticks * surroundings.dt_s
    return ChpTelemetry(
        **terminals(ChpTelemetry, state, surroundings),
        unit_state=int(unit),
        load_pu=state.load_pu,
        permitted_load_pu=state.permitted_pu,
        heat_power_w=heat.output_w,
        fuel_power_w=fuel_w(params, unit, state.load_pu),
        engine_speed_rpm=sensors.speed_rpm,
        throttle_position_pu=sensors.throttle,
        coolant_outlet_c=state.seen_coolant_c,
        coolant_inlet_c=sensors.coolant_c - COOLANT_SPREAD_K * state.load_pu,
        exhaust_temperature_c=sensors.exhaust_c,
        oil_temperature_c=sensors.oil_c,
        intake_air_c=sensors.intake_c,
        oil_pressure_bar=sensors.oil_bar,
        charge_pressure_bar=sensors.charge_bar,
        operating_hours_h=int(run_s / 3600.0 + 1e-9),
        starts=params.initial_starts + state.starts,
        energy_wh=params.initial_energy_wh + state.energy_wh,
        heat_energy_wh=params.initial_heat_wh + state.heat_wh,
        fuel_energy_wh=params.initial_fuel_wh + state.fuel_wh,
        run_left_s=max(0.0, params.min_run_s - since_s) if unit in TURNING else 0.0,
        rest_left_s=max(0.0, params.min_rest_s - since_s) if unit in _RESTING else 0.0,
        buffer_temperature_c=heat.buffer_c if params.buffer_l else params.room_c,
        buffer_full=heat.full,
        buffer_loss_w=heat.loss_w,
        heat_demand_w=heat.demand_w,
        heat_supplied_w=heat.supplied_w,
        heat_unmet_wh=heat.unmet_wh,
        fault_code=CHP.fault_code(state.faults),
        auto_mode=not state.faults & (ESTOP | SUPPLY),
        engine_running=unit is RUNNING,
        circuit_breaker_closed=state.breaker_closed,
        e_stop_request=bool(state.causes & ESTOP),
        collective_warning=bool(state.faults & WARNS),
        collective_fault=bool(state.faults & SHUTS_DOWN),
        power_supply_failure=bool(state.faults & SUPPLY),
        ignition_on=unit in TURNING,
        starter_on=unit is STARTING,
        prelube_pump_on=unit is STARTING,
        preheat_on=unit is WARMUP,
    )


CHP = DeviceType(
    kind="chp",
    title="CHP",
    params=ChpParams,
    commands=ChpCommands,
    telemetry=ChpTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    stage=Stage.SOURCE,
    faults=FAULTS,
    explain=explain,
    role=Role.PRODUCER,
    steering=Steering(
        setpoints=frozenset({"start_stop", "load_setpoint_pu"}),
        encode=lambda params, power_w: {
            "start_stop": int(power_w > 0.0),
            "load_setpoint_pu": power_w / params.rated_w,
        },
        limits=lambda params: PowerLimits(0.0, params.rated_w * params.max_load_pu),
    ),
    s2={ControlType.DDBC: chp_ddbc},
)
