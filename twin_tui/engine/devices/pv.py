"""A PV plant: modules on the DC side, an inverter on the AC side."""

from math import exp, fsum, hypot

from twin_tui.engine.bounds import NO_LIMIT_W
from twin_tui.engine.device import DeviceType, Role, Stage, Status, settle_faults
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.grid_tie import Tie
from twin_tui.engine.devices.pv_inputs import strings
from twin_tui.engine.devices.pv_model import (
    AT_REST,
    DC_CONTACTOR_OPEN,
    FAN,
    FAULTS,
    GRID_FREQUENCY,
    GRID_TRIPS,
    GRID_VOLTAGE,
    IRRADIANCE_DRIFT_W_M2_PER_S,
    LATCHING,
    OVER_TEMPERATURE,
    OVER_TEMPERATURE_HYSTERESIS_K,
    SENSOR_DRIFT,
    SENSOR_STUCK,
    SHARE_WITHOUT_FAN,
    STOPPING,
    STRING_OPEN,
    CellModel,
    PvCommands,
    PvMemory,
    PvParams,
    PvState,
    PvTelemetry,
)
from twin_tui.engine.devices.pv_why import explain
from twin_tui.engine.devices.terminals import allowed_va, terminals
from twin_tui.engine.physics.battery import ramp_between
from twin_tui.engine.physics.electrical import limit_apparent_power, reactive_power, room_for_reactive
from twin_tui.engine.physics.pv import (
    active_power_beside,
    dc_power,
    dc_voltage,
    faiman_cell_temperature,
    inverter_ac_power,
    inverter_dc_power,
    inverter_loss,
    noct_cell_temperature,
)
from twin_tui.engine.physics.sun import Plane, plane_irradiance
from twin_tui.engine.physics.voltage_response import DROP_OUT_PU
from twin_tui.engine.s2.builders import pv_pebc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import new
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings

__all__ = ["NO_LIMIT_W", "PV", "CellModel", "PvCommands", "PvParams", "PvState"]

# a global is found five times faster than a member of its Enum, and every step asks for some
_RUNNING, _STANDBY, _OFF, _FAULT = Status.RUNNING, Status.STANDBY, Status.OFF, Status.FAULT
HALF_DAY_S = 43_200.0
"""What the time of day falls back by at midnight at least, and at a change of the clocks never."""

fill = PvState.__init__


def initial(params: PvParams) -> PvState:
    """Return a plant at rest that has not seen the sun yet."""
    return PvState(tie=grid_tie.initial(params.grid_code))


def modules(
    params: PvParams, surface: Plane, peak_w: float, surroundings: Surroundings
) -> tuple[float, float, float]:
    """Return irradiance in a plane (W/m²), temperature of the cells in it (°C) and their DC power (W)."""
    light = surroundings.ghi_w_m2
    if surroundings.sun is not None:
        light = plane_irradiance(
            *(light, surroundings.unix_s, surroundings.sun, surface, params.albedo),
            *(surroundings.beam_w_m2, surroundings.diffuse_w_m2),
        )
    if params.cell_model is CellModel.NOCT:
        cell = noct_cell_temperature(surroundings.ambient_c, light, params.noct_c)
    else:
        cell = faiman_cell_temperature(surroundings.ambient_c, light, surroundings.wind_m_s)
    return light, cell, dc_power(light, cell, peak_w, params.gamma_per_k) * (1.0 - params.dc_loss_fraction)


def by_string(params: PvParams, surroundings: Surroundings) -> list[tuple[float, float, float]]:
    """Return the same of each string that has a plane of its own."""
    return [modules(params, string.surface, string.peak_w, surroundings) for string in params.strings]


def harvest(
    params: PvParams, surroundings: Surroundings, working: float
) -> tuple[float, float, float, float]:
    """Return irradiance in the plane (W/m²), cell temperature (°C), DC power and AC power possible (W).

    ``working`` is the share of the strings that are connected.
    """
    if params.strings:
        found = by_string(params, surroundings)
        light, cell, _ = found[0]
        dc = fsum([each[2] for each in (found[1:] if working < 1.0 else found)])
    else:
        light, cell, dc = modules(params, params.surface, params.peak_w * working, surroundings)
    if params.series is not None:
        measured_w = params.series.at(surroundings.unix_s, surroundings.time_s)
        ac = min(max(0.0, measured_w * working), params.rated_w)
        dc = inverter_dc_power(ac, params.rated_w, params.nominal_efficiency) if ac > 0.0 else 0.0
        return light, cell, dc, ac
    return light, cell, dc, inverter_ac_power(dc, params.rated_w, params.nominal_efficiency)


def step(params: PvParams, state: PvState, commands: PvCommands, surroundings: Surroundings) -> PvState:
    """Advance a PV plant by one tick.

    The sun sets what is possible; curtailment, heat, grid support and the inverter's current what is allowed.
    Power rises, and falls on command, at the ramp rate, but never stays above what sun and current allow.
    """
    dt_s = surroundings.dt_s
    day_wh = state.day_wh
    if surroundings.weather_tick != state.weather_tick or (state.causes ^ state.faults) & STRING_OPEN:
        working = 1.0 - bool(state.causes & STRING_OPEN) / params.pv_strings
        light, cell, dc_available, ac_available = harvest(params, surroundings, working)
        if surroundings.day_s < state.day_s - HALF_DAY_S:
            day_wh = 0.0
    else:
        light, cell = state.plane_w_m2, state.cell_c
        dc_available, ac_available = state.dc_available_w, state.ac_available_w

    tie = state.tie
    faults = state.faults
    memory = state.memory
    inverter_c = state.inverter_c
    if params.grid_code is not None or not (tie.free and surroundings.grid_live):
        tie = grid_tie.step(params.grid_code, tie, surroundings, commands.on and not faults & STOPPING)
    if faults or state.causes or inverter_c > params.over_temperature_c or tie.status is not _RUNNING:
        faults = _faults(params, state, commands, tie)
    if faults or memory is not AT_REST:
        memory = _remember(state, faults, surroundings)

    power = var = dc = 0.0
    if faults & STOPPING or state.causes & GRID_TRIPS:
        status = _FAULT
    elif not commands.on:
        status = _OFF
    elif tie.status is not _RUNNING:
        status = tie.status
    elif ac_available <= 0.0:
        status = _STANDBY
    else:
        status = _RUNNING
        most = ac_available
        s_max = params.s_max_va
        if surroundings.v_min_pu < 1.0:
            s_max = allowed_va(s_max, surroundings, params.max_current_pu)
            most = s_max if s_max < most else most
        if inverter_c > params.derate_from_c:
            cool = ramp_between(inverter_c, params.derate_to_c, params.derate_from_c)
            most = min(most, params.rated_w * cool)
        target = min(params.rated_w * commands.active_power_limit_pu, commands.active_power_limit_w, most)
        wanted_var = commands.reactive_power_setpoint_var + commands.reactive_power_pu * params.s_max_va
        if not tie.free:
            rated = params.rated_w
            most = min(most, tie.share * rated)
            target, tie = grid_tie.supported(
                params.grid_code, tie, dt_s, min(target, most) / rated, 0.0, most / rated
            )
            target *= rated
            wanted_var = wanted_var or tie.support.q_pu * params.s_max_va
        if params.q_priority:
            target = room_for_reactive(target, wanted_var, commands.power_factor_setpoint, s_max)
        power = state.active_power_w if state.active_power_w > 0.0 else 0.0
        reach = params.ramp_w_per_s * dt_s
        if commands.ramp_pu_per_s:
            reach = min(reach, commands.ramp_pu_per_s * params.rated_w * dt_s)
        if target > power + reach:
            power += reach
        elif target < power - reach:
            power -= reach
        else:
            power = target
        power = ac_available if power > ac_available else power
        if not wanted_var:
            if commands.power_factor_setpoint != 1.0:
                wanted_var = reactive_power(power, commands.power_factor_setpoint)
            elif not tie.free:
                rated = params.rated_w
                share, wanted_var, tie = grid_tie.at_power_factor(
                    params.grid_code, tie, dt_s, power / rated, s_max / rated
                )
                if wanted_var:  # without one the power stays what it is, to the last bit
                    power, wanted_var = share * rated, wanted_var * rated
        if wanted_var or power > s_max:
            power, var = limit_apparent_power(power, wanted_var, s_max)
        dc, power = _from_modules(params, power, var, dc_available, ac_available)
        if power < 0.0:
            power, var = limit_apparent_power(power, var, s_max)

    if params.night_w and ac_available <= 0.0 and (status is _STANDBY or status is _OFF):
        power = -params.night_w if surroundings.v_max_pu >= DROP_OUT_PU else 0.0
    energy = consumed = 0.0
    if power > 0.0:
        energy = power * dt_s / 3600.0
    elif power < 0.0:
        consumed = power * dt_s / -3600.0
    rise, rate = params.k_per_w, 1.0 / params.inverter_tau_s
    if faults & FAN:
        rise, rate = rise / SHARE_WITHOUT_FAN, rate * SHARE_WITHOUT_FAN
    settled = surroundings.ambient_c + (dc - power) * rise
    after = new(PvState)
    fill(
        after,
        power,
        var,
        status,
        state.causes,
        faults,
        dc,
        day_wh + energy,
        state.total_wh + energy,
        state.consumed_wh + consumed,
        settled + (inverter_c - settled) * exp(-dt_s * rate),
        surroundings.weather_tick,
        surroundings.day_s,
        light,
        cell,
        dc_available,
        ac_available,
        tie,
        memory,
    )
    return after


def _from_modules(
    params: PvParams, power_w: float, var: float, dc_available: float, ac_available: float
) -> tuple[float, float]:
    """Return the power of the modules, and the active power that it leaves beside the reactive power.

    Where they give less than the loss of the reactive power, the rest of that loss comes from the grid.
    """
    rated, efficiency = params.rated_w, params.nominal_efficiency
    if not var:
        if power_w == ac_available < rated:
            return dc_available, power_w
        return inverter_dc_power(power_w, rated, efficiency), power_w
    dc = power_w + inverter_loss(hypot(power_w, var), rated, efficiency)
    if dc <= dc_available:
        return dc, power_w
    power = active_power_beside(dc_available, var, rated, efficiency)
    return dc_available, power


def _faults(params: PvParams, state: PvState, commands: PvCommands, tie: Tie) -> int:
    causes = state.causes
    limit_c = params.over_temperature_c
    if state.faults & OVER_TEMPERATURE:
        limit_c -= OVER_TEMPERATURE_HYSTERESIS_K
    if state.inverter_c > limit_c:
        causes |= OVER_TEMPERATURE
    causes |= grid_tie.trip_cause(params.grid_code, tie, GRID_VOLTAGE, GRID_FREQUENCY)
    return settle_faults(state.faults, causes, LATCHING, commands.fault_reset == 1)


def _remember(state: PvState, faults: int, surroundings: Surroundings) -> PvMemory:
    before = state.memory
    stuck = None
    if faults & SENSOR_STUCK:
        stuck = before.stuck_w_m2 if before.stuck_w_m2 is not None else shown_irradiance(state)
    offset = 0.0
    if faults & SENSOR_DRIFT:
        offset = before.offset_w_m2 + IRRADIANCE_DRIFT_W_M2_PER_S * surroundings.dt_s
    return AT_REST if stuck is None and not offset else PvMemory(stuck, offset)


def shown_irradiance(state: PvState) -> float:
    """Return the irradiance that the plant shows, which a faulty sensor makes a wrong one."""
    if state.memory.stuck_w_m2 is not None:
        return state.memory.stuck_w_m2
    return state.plane_w_m2 + state.memory.offset_w_m2


def _shares(params: PvParams, surroundings: Surroundings) -> tuple[float, ...]:
    """Return what each string could give, in any unit."""
    if not params.strings:
        return (1.0,) * params.pv_strings
    if params.series is not None:
        return tuple([string.peak_w for string in params.strings])
    return tuple([dc_w for _, _, dc_w in by_string(params, surroundings)])


def observe(
    params: PvParams, state: PvState, commands: PvCommands, surroundings: Surroundings
) -> PvTelemetry:
    """Return what the plant shows at this tick."""
    used = state.dc_power_w / state.dc_available_w if state.dc_available_w > 0.0 else 0.0
    lit = state.plane_w_m2 > 0.0 or state.dc_power_w > 0.0
    dc_v = dc_voltage(used, state.cell_c, params.vmp_v, params.voc_v) if lit else 0.0
    if state.faults & DC_CONTACTOR_OPEN:
        dc_v = 0.0
    stopped = state.status is Status.FAULT or state.tie.status is not Status.RUNNING
    return PvTelemetry(
        **strings(_shares(params, surroundings), bool(state.faults & STRING_OPEN), state.dc_power_w, dc_v),
        **terminals(PvTelemetry, state, surroundings),
        inverter_status=2 if stopped else 1 if state.status is Status.RUNNING else 0,
        dc_power_w=state.dc_power_w,
        day_energy_wh=state.day_wh,
        total_energy_wh=params.initial_total_wh + state.total_wh,
        consumed_energy_wh=params.initial_consumed_wh + state.consumed_wh,
        inverter_temperature_c=state.inverter_c,
        cell_temperature_c=state.cell_c,
        fault_code=PV.fault_code(state.faults),
        dc_voltage_v=dc_v,
        dc_current_a=state.dc_power_w / dc_v if dc_v > 0.0 else 0.0,
        irradiance_w_m2=shown_irradiance(state),
        available_power_w=state.ac_available_w,
    )


PV = DeviceType(
    kind="pv",
    title="PV inverter",
    params=PvParams,
    commands=PvCommands,
    telemetry=PvTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    stage=Stage.SOURCE,
    faults=FAULTS,
    aliases=("inverter",),
    explain=explain,
    role=Role.PRODUCER,
    flow_group="PV",
    steering=Steering(
        setpoints=frozenset({"active_power_limit_w", "active_power_limit_pu"}),
        encode=lambda params, power_w: {"active_power_limit_w": min(power_w, NO_LIMIT_W)},
        limits=lambda params: PowerLimits(0.0, params.rated_w),
        start={"on": True},
    ),
    s2={ControlType.PEBC: pv_pebc},
    undisturbed=lambda params: params,
    curtailed_by="active_power_limit_w",
    export_limited_by="export_limit_w",
    solar_peak_w=lambda params: params.peak_w,
)
