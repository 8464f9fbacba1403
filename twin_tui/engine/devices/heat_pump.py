"""A heat pump or boiler with a buffer tank, driven by the heat that a house asks for."""

from twin_tui.engine.device import DeviceType, Status, settle_faults
from twin_tui.engine.devices.heat_pump_model import (
    DRIFT,
    DRIFT_K_PER_H,
    FAN,
    FAN_HEAT,
    FAULTS,
    LATCHING,
    STOPS,
    STUCK,
    HeatPumpParams,
    HeatPumpState,
    Technology,
    demand_w,
    draw,
    performance,
    power_share,
)
from twin_tui.engine.devices.heat_pump_signals import HeatPumpCommands, HeatPumpTelemetry
from twin_tui.engine.devices.heat_pump_why import explain
from twin_tui.engine.devices.terminals import extremes_pu, terminals
from twin_tui.engine.physics.heat import tank_loss
from twin_tui.engine.physics.voltage_response import DROP_OUT_PU, PICK_UP_PU
from twin_tui.engine.s2.builders import heat_pump_ddbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import new
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings

fill = HeatPumpState.__init__


def initial(params: HeatPumpParams) -> HeatPumpState:
    """Return a heat pump at rest with its tank at its first temperature."""
    return HeatPumpState(tank_c=params.initial_tank_c, seen_tank_c=params.initial_tank_c)


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
        faults = settle_faults(faults, state.causes, LATCHING, commands.fault_reset == 1)
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
