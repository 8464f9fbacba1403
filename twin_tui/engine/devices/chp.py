"""A combined heat and power unit: a gas engine with its start sequence, a generator, useful heat."""

from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range
from twin_tui.engine.device import (
    DeviceState,
    DeviceType,
    FaultKind,
    Role,
    Stage,
    Status,
    latching,
    settle_faults,
)
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.chp_engine import (
    AT_SPEED,
    COOLANT_SPREAD_K,
    NEXT,
    TURNING,
    ChpUnit,
    Sensors,
    advance_sensors,
    at_rest,
)
from twin_tui.engine.devices.chp_signals import ACKNOWLEDGE, START, ChpCommands, ChpTelemetry
from twin_tui.engine.devices.grid_tie import UNTIED, Tie
from twin_tui.engine.devices.terminals import terminals
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.physics.electrical import limit_apparent_power, reactive_power
from twin_tui.engine.s2.builders import chp_ddbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import value
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings

IDLE_FUEL_PU = 0.10
"""Fuel that turns the engine without load, per unit of the fuel at rated power."""


@value
class ChpParams:
    """What a CHP is."""

    rated_w: Positive
    """Electrical rating."""
    heat_to_power_ratio: NotNegative = 1.0
    """Heat for each unit of electricity."""
    # the Willans line gives more than it gets in overload when the losses at the rating are smaller
    total_efficiency: Annotated[float, Range(above=0.0, high=0.95)] = 0.88
    """Electricity and heat over fuel at rated power; it falls toward part load."""
    min_load_pu: Positive = 0.30
    """Least load while it runs, as a share of the rating."""
    max_load_pu: Annotated[float, Range(0.0, 2.0)] = 1.10
    """Greatest load."""
    ramp_pu_per_s: Positive = 0.05
    """Fastest change of the load."""
    starting_s: NotNegative = 10.0
    """Length of the first stage of a start."""
    warmup_s: NotNegative = 60.0
    """Then it warms up."""
    idle_s: NotNegative = 30.0
    """Then it runs without load."""
    synchronizing_s: NotNegative = 15.0
    """Then it gets into step with the grid."""
    stopping_s: NotNegative = 20.0
    """From a stop request to rest."""
    rated_rpm: Positive = 1500.0
    """Speed at the nominal frequency."""
    rated_power_factor: Efficiency = 0.8
    """Sets the apparent power that the generator bears: rating over this."""
    over_temperature_c: Annotated[float, Range(90.0, 200.0)] = 105.0
    """Coolant temperature at which it trips."""
    initial_operating_h: NotNegative = 0.0
    """Reading of the hour counter at the start."""
    initial_starts: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of starts."""
    initial_energy_wh: NotNegative = 0.0
    """Reading of the counter of electrical energy."""
    initial_heat_wh: NotNegative = 0.0
    """Reading of the heat counter."""
    initial_fuel_wh: NotNegative = 0.0
    """Reading of the gas counter, lower heating value."""
    grid_code: GridCode | None = None
    """Protection and grid support; none only opens the breaker when the voltage is gone."""

    def __post_init__(self) -> None:
        what = "a CHP"
        bounds.check(self, what)
        bounds.rising(self, what, "min_load_pu", "max_load_pu")


@value
class ChpState(DeviceState):
    """How a CHP is after a step."""

    unit: ChpUnit = ChpUnit.READY
    ticks: int = 0
    """Ticks since the unit state was entered."""
    armed: bool = True
    """Whether a start demand counts: after a fault a new start command is required."""
    breaker_closed: bool = False
    load_pu: float = 0.0
    permitted_pu: float = 0.0
    sensors: Sensors = at_rest(20.0)
    seen_coolant_c: float = 20.0
    """Coolant temperature as the controller sees it."""
    run_ticks: int = 0
    starts: int = 0
    energy_wh: float = 0.0
    heat_wh: float = 0.0
    fuel_wh: float = 0.0
    tie: Tie = UNTIED


# a global is found five times faster than a member of its Enum, and a step asks for a dozen
FAULT, READY, STARTING, IDLE = ChpUnit.FAULT, ChpUnit.READY, ChpUnit.STARTING, ChpUnit.IDLE
SYNCHRONIZING, RUNNING, STOPPING, WARMUP = (
    ChpUnit.SYNCHRONIZING,
    ChpUnit.RUNNING,
    ChpUnit.STOPPING,
    ChpUnit.WARMUP,
)
IN_SERVICE, CEASED = Status.RUNNING, Status.CEASED

FAULTS = (
    FaultKind("emergency_stop", 3001, "The emergency stop is pressed"),
    FaultKind("over_temperature", 3002, "The coolant is too hot"),
    FaultKind("oil_pressure_low", 3003, "The oil pump has failed"),
    FaultKind("start_failure", 3004, "The engine does not ignite"),
    FaultKind("synchronizing_failure", 3005, "The generator does not come into step with the grid"),
    FaultKind("power_supply_failure", 3006, "The controller's supply has failed"),
    FaultKind("grid_loss", 3007, "No voltage at the terminals", latched=False),
    FaultKind("grid_voltage", 3008, "Tripped by the grid's voltage", latched=False),
    FaultKind("grid_frequency", 3009, "Tripped by the grid's frequency", latched=False),
    FaultKind("cooling_failure", 3101, "The coolant pump has failed", latched=False),
    FaultKind("fuel_shortage", 3102, "The gas pressure allows half the power only", latched=False),
    FaultKind("sensor_stuck", 3103, "The coolant thermometer no longer changes", latched=False),
)
ESTOP, HOT, OIL, NO_START, NO_SYNC, SUPPLY = (1 << bit for bit in range(6))
NO_GRID, GRID_VOLTAGE, GRID_FREQUENCY, NO_COOLING, NO_FUEL, STUCK = (1 << bit for bit in range(6, 12))
SHUTS_DOWN = ESTOP | HOT | OIL | NO_START | NO_SYNC | SUPPLY
OFF_GRID = NO_GRID | GRID_VOLTAGE | GRID_FREQUENCY
WARNS = OFF_GRID | NO_COOLING | NO_FUEL | STUCK
_LATCHING = latching(FAULTS)
_AT_ONCE = ~(NO_START | NO_SYNC)
"""Causes that are a fault as soon as they are there; the others wait for the step that then fails."""
_DERATES_FROM_K = 10.0
_ROUNDING = 1e-9


def initial(params: ChpParams) -> ChpState:
    """Return a CHP that is cold and ready."""
    return ChpState(
        permitted_pu=params.max_load_pu,
        starts=params.initial_starts,
        energy_wh=params.initial_energy_wh,
        heat_wh=params.initial_heat_wh,
        fuel_wh=params.initial_fuel_wh,
        tie=grid_tie.initial(params.grid_code),
    )


def duration_s(params: ChpParams, unit: ChpUnit) -> float:
    """Return how long a unit state of the sequence lasts."""
    if unit is STARTING:
        return params.starting_s
    if unit is WARMUP:
        return params.warmup_s
    if unit is IDLE:
        return params.idle_s
    if unit is SYNCHRONIZING:
        return params.synchronizing_s
    return params.stopping_s


def fuel_w(params: ChpParams, unit: ChpUnit, load_pu: float) -> float:
    r"""Return the fuel power of the engine at a load per unit of the rating, W, lower heating value.

    Notes
    -----
    Willans line :math:`F = \frac{(1 + h) P_r}{\eta_r}(f_0 + (1 - f_0) x)` with the heat-to-power ratio h and
    the no-load share :math:`f_0 = 0.1`: total efficiency is :math:`\eta_r` at rated power and falls with the
    load x.
    """
    if unit not in AT_SPEED and load_pu <= 0.0:
        return 0.0
    rated_fuel_w = params.rated_w * (1.0 + params.heat_to_power_ratio) / params.total_efficiency
    return rated_fuel_w * (IDLE_FUEL_PU + (1.0 - IDLE_FUEL_PU) * load_pu)


def _next_unit(params: ChpParams, state: ChpState, wanted: bool, faults: int, dt_s: float) -> ChpUnit:
    """Return the unit state of this tick, as far as no step of the sequence fails."""
    unit = state.unit
    if faults & SHUTS_DOWN:
        return FAULT
    if unit is FAULT:
        return READY
    if unit is READY:
        return STARTING if wanted and not faults & NO_GRID else unit
    if not wanted and unit is not STOPPING:
        return STOPPING
    if unit is RUNNING or state.ticks + 1 < round(duration_s(params, unit) / dt_s):
        return unit
    still_loaded = unit is STOPPING and state.load_pu > 0.0
    return unit if still_loaded else NEXT[unit]


def step(params: ChpParams, state: ChpState, commands: ChpCommands, surroundings: Surroundings) -> ChpState:
    """Advance a CHP by one tick.

    A stop is obeyed in any state at once; it unloads along the ramp, then the breaker opens. A fault opens
    the breaker at once, stays until it is acknowledged, and takes a new start demand to come back from.
    Without grid voltage the breaker opens and the engine idles until it can synchronize again.
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
    if causes or faults:
        acknowledged = commands.acknowledge == ACKNOWLEDGE
        faults = settle_faults(faults, causes & _AT_ONCE, _LATCHING, acknowledged)
    started = commands.start_stop == START
    armed = not started or (state.armed and not faults & SHUTS_DOWN)
    unit = _next_unit(params, state, started and armed, faults, dt_s)
    if causes:
        failed = NO_START if unit is WARMUP else NO_SYNC if unit is RUNNING else 0
        if failed & causes and unit is not state.unit:
            unit, armed = FAULT, False
            faults |= failed
    off_grid = faults & OFF_GRID or tie.status in (Status.TRIPPED, Status.WAITING)
    if off_grid and unit in (SYNCHRONIZING, RUNNING):
        unit = IDLE
    ticks = state.ticks + 1 if unit is state.unit else 0

    sensors = state.sensors
    permitted = params.max_load_pu
    if faults & NO_FUEL:
        permitted = min(permitted, 0.5)
    margin = params.over_temperature_c - state.seen_coolant_c
    if margin < _DERATES_FROM_K:
        permitted *= max(0.0, margin / _DERATES_FROM_K)
    load = state.load_pu
    breaker = unit is RUNNING or (unit is STOPPING and state.breaker_closed)
    if breaker and not off_grid and tie.status is not CEASED:
        target = 0.0
        if unit is RUNNING and commands.load_setpoint_pu > 0.0:
            most = max(permitted, params.min_load_pu)
            target = min(max(params.min_load_pu, commands.load_setpoint_pu), most)
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
        if wanted_var:
            power, var = limit_apparent_power(power, wanted_var, max(power, rated_va))
    sensors = advance_sensors(
        sensors,
        unit,
        load,
        dt_s,
        breaker_closed=breaker,
        synchronous_rpm=params.rated_rpm * surroundings.frequency_hz / surroundings.nominal_hz,
        rated_rpm=params.rated_rpm,
        ambient_c=surroundings.ambient_c,
        cooled=not causes & NO_COOLING,
        oil_fed=not causes & OIL,
    )
    hours = dt_s / 3600.0
    return ChpState(
        power,
        var,
        _status(unit, tie),
        state.causes,
        faults,
        unit,
        ticks,
        armed,
        breaker,
        load,
        permitted,
        sensors,
        state.seen_coolant_c if causes & STUCK else sensors.coolant_c,
        state.run_ticks + 1 if unit is RUNNING else state.run_ticks,
        state.starts + 1 if unit is STARTING and ticks == 0 else state.starts,
        state.energy_wh + power * hours,
        state.heat_wh + power * params.heat_to_power_ratio * hours,
        state.fuel_wh + fuel_w(params, unit, load) * hours,
        tie,
    )


def _status(unit: ChpUnit, tie: Tie) -> Status:
    if unit is FAULT:
        return Status.FAULT
    if unit is READY:
        return Status.STANDBY
    if unit is STOPPING:
        return Status.STOPPING
    if tie.status is not IN_SERVICE and unit in (IDLE, RUNNING):
        return tie.status
    return IN_SERVICE if unit is RUNNING else Status.STARTING


def observe(
    params: ChpParams, state: ChpState, commands: ChpCommands, surroundings: Surroundings
) -> ChpTelemetry:
    """Return what the CHP shows at this tick."""
    unit, sensors = state.unit, state.sensors
    run_s = params.initial_operating_h * 3600.0 + state.run_ticks * surroundings.dt_s
    return ChpTelemetry(
        **terminals(ChpTelemetry, state, surroundings),
        unit_state=int(unit),
        load_pu=state.load_pu,
        permitted_load_pu=state.permitted_pu,
        heat_power_w=state.active_power_w * params.heat_to_power_ratio,
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
        starts=state.starts,
        energy_wh=state.energy_wh,
        heat_energy_wh=state.heat_wh,
        fuel_energy_wh=state.fuel_wh,
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


def explain(params: ChpParams, state: ChpState) -> str:
    """Return the unit state, the faults, and what a start waits for."""
    parts = [state.unit.name, *CHP.fault_names(state.faults)]
    protection = grid_tie.explain(params.grid_code, state.tie)
    if protection:
        parts.append(protection)
    if not state.armed and not state.faults & SHUTS_DOWN:
        parts.append("a new start command is required: stop, then start")
    return ", ".join(parts)


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
