"""A heat pump or boiler with a buffer tank, driven by the heat that a house asks for."""

from enum import Enum
from math import inf
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.device import (
    DeviceState,
    DeviceType,
    FaultKind,
    Status,
    fault_constraints,
    latching,
    settle_faults,
)
from twin_tui.engine.devices.heat_pump_signals import HeatPumpCommands, HeatPumpTelemetry
from twin_tui.engine.devices.terminals import (
    Connection,
    Draw,
    constant_current,
    extremes_pu,
    mean_draw,
    resistive,
    terminals,
)
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.physics.heat import WATER_WH_PER_L_K, building_demand, carnot_cop, tank_loss
from twin_tui.engine.physics.voltage_response import DROP_OUT_PU, PICK_UP_PU
from twin_tui.engine.s2.builders import heat_pump_ddbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import new, value
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import Series
from twin_tui.engine.why import SAME_SHARE, Constraint, Why, held_by_ramp
from twin_tui.errors import ConfigError


class Technology(Enum):
    """How electricity becomes heat."""

    AIR = "air"
    """Heat pump; its source is the outdoor air."""
    GROUND = "ground"
    """Heat pump; its source has one temperature all year."""
    BOILER = "boiler"
    """Electric boiler: as much heat as electricity."""


@value
class HeatPumpParams:
    """What a heat pump or boiler, its tank and its house are."""

    rated_heat_w: Positive = 8_000.0
    """Greatest heat into the tank."""
    technology: Technology = Technology.AIR
    """Heat pump on outdoor air or ground, or electric boiler."""
    min_modulation: Share = 0.3
    """Least heat while it runs, as a share of the rating."""
    quality: Efficiency = 0.45
    """Share of the Carnot cycle."""
    max_cop: Positive = 7.0
    """Best coefficient of performance."""
    ground_c: Annotated[float, Range(-60.0, 60.0)] = 8.0
    """Temperature of the ground."""
    flow_rise_k: NotNegative = 5.0
    """How much warmer than the tank the water that heats it is."""
    ramp_s: NotNegative = 30.0
    """From nothing to the rating."""
    min_pause_s: NotNegative = 180.0
    """Rest between two runs, for the sake of the compressor."""
    tank_l: Positive = 500.0
    """Water in the tank."""
    tank_loss_w_per_k: NotNegative = 2.5
    """Of the tank, to its room."""
    room_c: Annotated[float, Range(-60.0, 60.0)] = 18.0
    """Temperature of the room of the tank."""
    initial_tank_c: float = 45.0
    """Temperature of the tank at the start."""
    min_tank_c: float = 35.0
    """Below it heats regardless of its commands."""
    max_tank_c: float = 60.0
    """At it stops regardless of its commands."""
    hysteresis_k: NotNegative = 6.0
    """Between the thermostat's on and off; half of it ends a forced run."""
    usable_c: float = 28.0
    """Below it the tank cannot heat the house."""
    heat_loss_w_per_k: NotNegative = 150.0
    """Of the house."""
    heating_limit_c: float = 15.0
    """Outdoors from here up the house needs no heating."""
    hot_water_w: NotNegative = 200.0
    """Mean heat for hot water."""
    heat_demand: Series | None = None
    """Heat that the house asks for, W, in place of the two above."""
    phase: Connection = Connection.ABC
    """Where it is connected."""
    initial_energy_wh: NotNegative = 0.0
    """Reading of the counter of electrical energy at the start."""
    initial_heat_wh: NotNegative = 0.0
    """Reading of the heat counter."""
    initial_operating_h: NotNegative = 0.0
    """Reading of the hour counter."""
    initial_starts: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of starts."""

    def __post_init__(self) -> None:
        what = "a heat pump"
        bounds.check(self, what)
        if not self.usable_c <= self.min_tank_c < self.max_tank_c <= 95.0:
            raise ConfigError(
                "expected usable_c ≤ min_tank_c < max_tank_c ≤ 95 of a heat pump, found "
                f"{self.usable_c:g}, {self.min_tank_c:g}, {self.max_tank_c:g}"
            )
        bounds.Range(self.usable_c, self.max_tank_c).require("initial_tank_c", self.initial_tank_c, what)

    @property
    def tank_wh_per_k(self) -> float:
        """Heat capacity of the tank."""
        return self.tank_l * WATER_WH_PER_L_K


@value
class HeatPumpState(DeviceState):
    """How a heat pump or boiler is after a step; consuming is negative power."""

    tank_c: float = 0.0
    seen_tank_c: float = 0.0
    """Tank temperature as the controller sees it."""
    heat_w: float = 0.0
    calling: bool = False
    """Whether the thermostat calls for heat."""
    forced: bool = False
    """Whether it heats because the tank is too cold."""
    rest_ticks: int = 1 << 40
    """Ticks since it last stopped."""
    drift_ticks: int = 0
    demand_w: float = 0.0
    delivered_w: float = 0.0
    loss_w: float = 0.0
    unmet_wh: float = 0.0
    energy_wh: float = 0.0
    heat_wh: float = 0.0
    starts: int = 0
    run_ticks: int = 0


FAULTS = (
    FaultKind("emergency_stop", 7001, "The emergency stop is pressed"),
    FaultKind("high_pressure", 7002, "The pressure switch has stopped the compressor"),
    FaultKind("circulation_pump", 7003, "No water flows; the heater is off", latched=False),
    FaultKind(
        "fan", 7004, "The fan is blocked; half the heat at two thirds of the performance", latched=False
    ),
    FaultKind("sensor_stuck", 7005, "The tank thermometer no longer changes", latched=False),
    FaultKind("sensor_drift", 7006, "The tank thermometer reads ever lower, 2 K an hour", latched=False),
)
ESTOP, PRESSURE, PUMP, FAN, STUCK, DRIFT = (1 << bit for bit in range(len(FAULTS)))
STOPS = ESTOP | PRESSURE | PUMP
_LATCHING = latching(FAULTS)
DRIFT_K_PER_H = -2.0
FAN_HEAT, FAN_COP = 0.5, 2.0 / 3.0

fill = HeatPumpState.__init__


def initial(params: HeatPumpParams) -> HeatPumpState:
    """Return a heat pump at rest with its tank at its first temperature."""
    return HeatPumpState(tank_c=params.initial_tank_c, seen_tank_c=params.initial_tank_c)


def performance(params: HeatPumpParams, tank_c: float, ambient_c: float, faults: int = 0) -> float:
    """Return heat over electricity at these temperatures."""
    if params.technology is Technology.BOILER:
        return 1.0
    source = ambient_c if params.technology is Technology.AIR else params.ground_c
    cop = carnot_cop(tank_c + params.flow_rise_k, source, params.quality, params.max_cop)
    return max(1.0, cop * FAN_COP) if faults & FAN else cop


def demand_w(params: HeatPumpParams, surroundings: Surroundings) -> float:
    """Return the heat that the house asks for."""
    if params.heat_demand is not None:
        return max(0.0, params.heat_demand.at(surroundings.unix_s, surroundings.time_s))
    heating = building_demand(params.heat_loss_w_per_k, params.heating_limit_c, surroundings.ambient_c)
    return heating + params.hot_water_w


def power_share(params: HeatPumpParams, surroundings: Surroundings) -> float:
    r"""Return the greatest power at the voltages of this tick over that at nominal voltage.

    Notes
    -----
    .. math:: p = \tfrac1n \sum_x u_x^2 \text{ (boiler)},\quad p = \min(1, \tfrac1n \sum_x u_x)

    over the connected phases: a boiler is a resistance, and the converter of a heat pump's compressor has a
    limit of its current. A compressor without converter keeps its power and takes more current until its
    contactor opens, at 0.5 per unit; it closes again at 0.85 (IEC 60947-4-1, recalled).
    """
    if params.technology is Technology.BOILER:
        return mean_draw(params.phase.shares, surroundings, resistive)[0]
    return min(1.0, mean_draw(params.phase.shares, surroundings, constant_current)[0])


def draw(params: HeatPumpParams, state: HeatPumpState) -> Draw:
    """Return how the phases divide the power by their voltages."""
    return resistive if params.technology is Technology.BOILER else constant_current


def _wanted_heat(
    params: HeatPumpParams, commands: HeatPumpCommands, calling: bool, forced: bool, most_w: float
) -> float:
    """Return the heat to aim at, 0 or between the least modulation and ``most_w``."""
    if forced:
        return most_w
    if not commands.enabled:
        return 0.0
    if commands.automatic:
        return most_w if calling else 0.0
    least = params.min_modulation * params.rated_heat_w
    wanted = min(commands.heat_power_setpoint_w, most_w)
    return wanted if wanted >= least * (1.0 - 1e-9) and wanted > 0.0 else 0.0


def step(
    params: HeatPumpParams, state: HeatPumpState, commands: HeatPumpCommands, surroundings: Surroundings
) -> HeatPumpState:
    r"""Advance a heat pump, its tank and its house by one tick.

    Notes
    -----
    :math:`C \Delta\vartheta = (Q_{heat} - Q_{house} - Q_{loss}) \Delta t` with the loss of `tank_loss`: the
    heat balance closes exactly and no step is too long for it. Heat is cut where the tank would pass its
    limits within the step. Below `DROP_OUT_PU` the contactor opens, and closes again at `PICK_UP_PU`.
    """
    dt_s, tank = surroundings.dt_s, state.tank_c
    hours = dt_s / 3600.0
    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, _LATCHING, commands.fault_reset == 1)
    drift_ticks = state.drift_ticks + 1 if faults & DRIFT else 0
    seen = state.seen_tank_c if faults & STUCK else tank + DRIFT_K_PER_H * drift_ticks * hours

    half = 0.5 * params.hysteresis_k
    forced = seen < params.min_tank_c or (state.forced and seen < params.min_tank_c + half)
    calling = seen < commands.tank_setpoint_c - half or (
        state.calling and seen < commands.tank_setpoint_c + half
    )
    most = params.rated_heat_w * (FAN_HEAT if faults & FAN else 1.0)
    low_voltage = False
    if not surroundings.v_min_pu == surroundings.v_max_pu == 1.0:
        lowest, _ = extremes_pu(params.phase.shares, surroundings)
        low_voltage = lowest < (DROP_OUT_PU if state.heat_w > 0.0 else PICK_UP_PU)
        most *= power_share(params, surroundings)
    wanted = _wanted_heat(params, commands, calling, forced, most)
    resting = state.heat_w <= 0.0 and state.rest_ticks < nearest_steps(params.min_pause_s, dt_s)
    # the safety thermostat of the tank is a device of its own and does not know the controller's sensor
    stopped = faults & STOPS or resting or not surroundings.grid_live or low_voltage
    if stopped or max(seen, tank) >= params.max_tank_c:
        wanted = 0.0
    heat = 0.0
    if wanted > 0.0:
        reach = params.rated_heat_w * dt_s / params.ramp_s if params.ramp_s > 0.0 else params.rated_heat_w
        least = min(wanted, params.min_modulation * params.rated_heat_w)
        heat = max(least, min(wanted, state.heat_w + reach))

    capacity = params.tank_wh_per_k
    loss = tank_loss(tank, params.room_c, params.tank_loss_w_per_k, capacity, dt_s)
    demand = demand_w(params, surroundings)
    delivered = min(demand, max(0.0, (tank - params.usable_c) * capacity / hours))
    heat = min(heat, max(0.0, (params.max_tank_c - tank) * capacity / hours + delivered + loss))
    power = heat / performance(params, tank, surroundings.ambient_c, faults)
    running = heat > 0.0
    if faults & STOPS:
        status = Status.FAULT
    elif running:
        status = Status.RUNNING
    else:
        status = Status.STANDBY if surroundings.grid_live else Status.OFF
    after = new(HeatPumpState)
    fill(
        after,
        0.0 - power,
        0.0,
        status,
        state.causes,
        faults,
        tank + (heat - delivered - loss) * hours / capacity,
        seen,
        heat,
        calling,
        forced,
        0 if running else state.rest_ticks + 1,
        drift_ticks,
        demand,
        delivered,
        loss,
        state.unmet_wh + (demand - delivered) * hours,
        state.energy_wh + power * hours,
        state.heat_wh + heat * hours,
        state.starts + 1 if running and state.heat_w <= 0.0 else state.starts,
        state.run_ticks + running,
    )
    return after


def observe(
    params: HeatPumpParams, state: HeatPumpState, commands: HeatPumpCommands, surroundings: Surroundings
) -> HeatPumpTelemetry:
    """Return what the heat pump shows at this tick."""
    tank = state.seen_tank_c
    must_stop = max(tank, state.tank_c) >= params.max_tank_c
    running = state.heat_w > 0.0
    able = not (state.faults & STOPS or must_stop) and surroundings.grid_live
    air = params.technology is Technology.AIR
    most = params.rated_heat_w * (FAN_HEAT if state.faults & FAN else 1.0) * power_share(params, surroundings)
    return HeatPumpTelemetry(
        **terminals(HeatPumpTelemetry, state, surroundings, params.phase.shares, draw(params, state)),
        consumption_power_w=abs(state.active_power_w),
        heat_power_w=state.heat_w,
        cop=performance(params, state.tank_c, surroundings.ambient_c, state.faults),
        running=running,
        tank_temperature_c=tank,
        flow_temperature_c=state.tank_c + params.flow_rise_k if running else state.tank_c,
        source_temperature_c=surroundings.ambient_c if air else params.ground_c,
        fill_level=(tank - params.min_tank_c) / (params.max_tank_c - params.min_tank_c),
        heat_demand_w=state.demand_w,
        heat_delivered_w=state.delivered_w,
        heat_unmet_wh=state.unmet_wh,
        tank_loss_w=state.loss_w,
        must_heat=state.forced,
        must_stop=must_stop,
        max_heat_power_w=most if able else 0.0,
        min_heat_power_w=params.rated_heat_w * params.min_modulation,
        energy_wh=params.initial_energy_wh + state.energy_wh,
        heat_energy_wh=params.initial_heat_wh + state.heat_wh,
        starts=params.initial_starts + state.starts,
        running_time_s=params.initial_operating_h * 3600.0 + state.run_ticks * surroundings.dt_s,
        working_status=2 if state.faults & STOPS else 1 if running else 0,
        fault_code=HEAT_PUMP.fault_code(state.faults),
    )


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


HEAT_PUMP = DeviceType(
    kind="heat_pump",
    title="Heat pump",
    params=HeatPumpParams,
    commands=HeatPumpCommands,
    telemetry=HeatPumpTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    faults=FAULTS,
    shares=lambda params, state: params.phase.shares,
    draw=draw,
    aliases=("boiler",),
    explain=explain,
    steering=Steering(
        setpoints=frozenset({"automatic", "heat_power_setpoint_w"}),
        encode=lambda params, heat_w: {"heat_power_setpoint_w": heat_w},
        limits=lambda params: PowerLimits(params.rated_heat_w),
        start={"enabled": True, "automatic": False},
        demand=lambda seen: (seen.heat_demand_w, seen.heat_demand_w),
        steered_by_supply=True,
    ),
    s2={ControlType.DDBC: heat_pump_ddbc},
)
