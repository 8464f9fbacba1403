"""A charging station and its vehicle: what it offers, what the vehicle takes or gives back."""

from collections.abc import Collection

from twin_tui.engine.device import DeviceType, Role, Status, settle_faults
from twin_tui.engine.devices import grid_tie, storage
from twin_tui.engine.devices.clock import local_s
from twin_tui.engine.devices.ev_model import (
    FAULTS,
    GRID_FREQUENCY,
    GRID_TRIPS,
    GRID_VOLTAGE,
    LATCHING,
    NO_AIR,
    NOT_AVAILABLE,
    SHORT,
    STUCK,
    EvParams,
    EvState,
)
from twin_tui.engine.devices.ev_offer import (
    discharge_power,
    offered_current,
    phase_voltage,
    taper,
    vehicle_current,
)
from twin_tui.engine.devices.ev_phases import phases_now
from twin_tui.engine.devices.ev_session import current_session
from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG, EvCommands, EvTelemetry, Pilot
from twin_tui.engine.devices.ev_why import explain
from twin_tui.engine.devices.grid_tie import Tie
from twin_tui.engine.devices.terminals import BALANCED, Connection, Phases, terminals
from twin_tui.engine.physics.charger import charging_loss, discharging_loss
from twin_tui.engine.physics.electrical import pilot_duty
from twin_tui.engine.policies.modes import CHARGER_MODES
from twin_tui.engine.s2.builders import ev_frbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import new
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings

__all__ = ["EV_CHARGER", "EvCommands", "EvParams", "EvState"]

ONE_PHASE = Connection.A.shares
# a global is found five times faster than a member of its Enum, and every step asks for some
_RUNNING = Status.RUNNING
_AWAY, _PLUGGED, _CHARGING, _VENTILATED, _NO_SUPPLY, _NOT_AVAILABLE = (
    Pilot.A,
    Pilot.B,
    Pilot.C,
    Pilot.D,
    Pilot.E,
    Pilot.F,
)

fill = EvState.__init__


def initial(params: EvParams) -> EvState:
    """Return a station before its first session."""
    here = params.plugged_in and not params.sessions
    return EvState(
        pilot=Pilot.B if here else Pilot.A,
        plugged_in=here,
        energy_wh=params.capacity_wh * params.initial_soc,
        phases=min(params.station_phases, params.vehicle_phases),
        sessions=1 if here else 0,
        tie=grid_tie.initial(params.grid_code),
    )


def step(params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings) -> EvState:
    """Advance a charging station and its vehicle by one tick.

    The vehicle follows the offer on a ramp, takes less as it fills and nothing at its target; a bidirectional
    one follows a discharge setpoint instead, down to its least state of charge. Energy is cut where it would
    cross either within the step. In states A, B, E and F nothing flows.
    """
    dt_s = surroundings.dt_s
    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, LATCHING, commands.fault_reset == 1)
    session, plugged = state.session, state.plugged_in
    energy, arrived = state.energy_wh, False
    if params.sessions:
        now, _ = current_session(params.sessions, local_s(surroundings))
        if now != session:
            session = now
            plugged = arrived = now >= 0
            arrival_soc = params.sessions[now].arrival_soc if arrived else None
            if arrival_soc is not None:
                energy = arrival_soc * params.capacity_wh
    if commands.plug == PLUG and not plugged:
        plugged = arrived = True
    elif commands.plug == UNPLUG:
        plugged = arrived = False
    session_wh, ticks = (0.0, 0) if arrived else (state.session_wh, state.session_ticks + plugged)

    tie = state.tie
    if params.grid_code is not None:
        tie = grid_tie.step(
            params.grid_code, tie, surroundings, plugged and not faults & ~STUCK & ~GRID_TRIPS
        )
        if tie.status is not _RUNNING or faults & GRID_TRIPS:
            causes = state.causes | grid_tie.trip_cause(params.grid_code, tie, GRID_VOLTAGE, GRID_FREQUENCY)
            faults = settle_faults(faults, causes, LATCHING, commands.fault_reset == 1)
    phases, switching_s = state.phases, 0.0
    if phases != min(params.most_phases, commands.phases):
        phases, switching_s = phases_now(params, state, commands, surroundings)
    pilot, offered, current, power, loss = _AWAY, 0.0, 0.0, 0.0, 0.0
    if faults & NOT_AVAILABLE:
        pilot = _NOT_AVAILABLE
    elif not surroundings.grid_live or faults & SHORT:
        pilot = _NO_SUPPLY
    elif plugged:
        pilot = _PLUGGED
        if params.needs_ventilation and not params.ventilated:
            faults |= NO_AIR
        hours = dt_s / 3600.0
        volts = phase_voltage(surroundings, phases)
        vehicle_a = vehicle_current(params, surroundings.nominal_v)
        most_w, left_wh = 0.0, energy - params.min_soc * params.capacity_wh
        if commands.discharge_setpoint_w:
            most_w = discharge_power(params, commands, phases, volts, vehicle_a)
        full = commands.target_soc if commands.target_soc < params.max_soc else params.max_soc
        room_wh = full * params.capacity_wh - energy
        target = 0.0
        if not switching_s:
            offered = offered_current(params, commands, phases, volts)
        if faults & NO_AIR or switching_s:
            pass
        elif most_w:
            if left_wh > params.charging_loss_w * hours + 1e-9:
                target = most_w / (phases * -volts)
        elif offered > 0.0 and room_wh > 1e-9:
            target = params.max_charge_power_w * taper(params, energy / params.capacity_wh) / (phases * volts)
            most = offered if offered < vehicle_a else vehicle_a
            target = target if target < most else most
        if not tie.free and (target or offered > 0.0):
            most_a = min(offered, vehicle_a), vehicle_a
            target, tie = _supported(params, tie, dt_s, target, phases * volts, most_a)
        if target:
            pilot = _VENTILATED if params.needs_ventilation else _CHARGING
            before = state.current_a if phases == state.phases else 0.0
            reach = params.ramp_a_per_s * dt_s
            current = target
            if target > before + reach:
                current = before + reach
            elif target < before - reach:
                current = before - reach
            wanted = current * phases * volts
            if wanted > 0.0:
                power = wanted
                most = (room_wh / hours + params.charging_loss_w) / params.charging_efficiency
                if wanted > most:
                    power = most if room_wh > 0.0 else 0.0
                loss = charging_loss(power, params.charging_efficiency, params.charging_loss_w)
            else:
                most = (left_wh / hours - params.charging_loss_w) * params.discharging_efficiency
                power = max(wanted, -most) if most > 0.0 else 0.0
                if power:
                    loss = discharging_loss(-power, params.discharging_efficiency, params.charging_loss_w)
            if power != wanted:
                current *= power / wanted
            energy += (power - loss) * hours
    stuck = bool(faults & STUCK)
    total_wh, discharged_wh = state.total_wh, state.discharged_wh
    if not stuck and power:
        if power > 0.0:
            session_wh += power * dt_s / 3600.0
            total_wh += power * dt_s / 3600.0
        else:
            discharged_wh -= power * dt_s / 3600.0
    switched = phases != state.phases
    after = new(EvState)
    fill(
        after,
        0.0 - power,
        0.0,
        _status(pilot, faults, tie),
        state.causes,
        faults,
        pilot,
        plugged,
        session,
        energy,
        current,
        offered,
        phases,
        surroundings.tick if current else state.flowed_tick,
        surroundings.tick if switched else state.switched_tick,
        state.phase_switches + switched,
        switching_s,
        session_wh,
        ticks,
        total_wh,
        state.sessions + 1 if arrived else state.sessions,
        discharged_wh,
        state.metered_w if stuck else power,
        loss,
        tie,
    )
    return after


def _supported(
    params: EvParams, tie: Tie, dt_s: float, amps: float, volts: float, most_a: tuple[float, float]
) -> tuple[float, Tie]:
    """Return the current after protection and droop, A, + charges, and the tie.

    ``volts`` is the sum of the phases, ``most_a`` the most current of a charge and of a discharge.
    """
    if tie.status is not Status.RUNNING or params.grid_code is None or not volts:
        return 0.0, tie
    rated = params.rated_w
    least, most = -most_a[0] * volts / rated, most_a[1] * volts / rated
    most = min(most, tie.share, params.max_discharge_power_w / rated)
    least = max(least, -tie.share)
    wanted = min(max(-amps * volts / rated, least), most)
    power, tie = grid_tie.supported(params.grid_code, tie, dt_s, wanted, least, most, storage=True)
    return -power * rated / volts, tie


def _status(pilot: Pilot, faults: int, tie: Tie) -> Status:
    if tie.status is not _RUNNING and pilot in (_PLUGGED, _CHARGING, _VENTILATED):
        return tie.status
    if pilot is _CHARGING or pilot is _VENTILATED:
        return _RUNNING
    if faults & ~STUCK & ~GRID_TRIPS:
        return Status.FAULT
    return Status.OFF if pilot is _NO_SUPPLY else Status.STANDBY


def shares(params: EvParams, state: EvState) -> Phases:
    """Return how the charging power divides over the phases."""
    return ONE_PHASE if state.phases == 1 else BALANCED


def observe(
    params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings
) -> EvTelemetry:
    """Return what the charging station shows at this tick."""
    soc = state.energy_wh / params.capacity_wh
    target = min(commands.target_soc, params.max_soc)
    to_target = max(0.0, (target - soc) * params.capacity_wh) / params.charging_efficiency
    departure = _time_to_departure(params, state, commands, surroundings)
    volts = phase_voltage(surroundings, state.phases)
    most_a = offered_current(params, commands, state.phases, volts)
    vehicle_a = vehicle_current(params, surroundings.nominal_v)
    possible = min(
        min(most_a, vehicle_a) * state.phases * volts, params.max_charge_power_w * taper(params, soc)
    )
    ready = state.plugged_in and state.pilot not in (Pilot.E, Pilot.F) and soc < target
    return EvTelemetry(
        **terminals(EvTelemetry, state, surroundings, shares(params, state)),
        pilot_state=int(state.pilot),
        plugged_in=state.plugged_in,
        charging=state.active_power_w < 0.0,
        charging_power_w=max(0.0, state.metered_w),
        discharging_power_w=max(0.0, -state.metered_w),
        soc=soc,
        energy_wh=state.energy_wh,
        capacity_wh=params.capacity_wh,
        offered_current_a=state.offered_a,
        pilot_duty_pu=0.0 if state.pilot in (Pilot.E, Pilot.F) else pilot_duty(state.offered_a) / 100.0,
        phases_active=state.phases,
        phase_switches=state.phase_switches,
        phase_switch_left_s=state.switching_s,
        session_energy_wh=state.session_wh,
        session_time_s=state.session_ticks * surroundings.dt_s,
        total_energy_wh=params.initial_total_wh + state.total_wh,
        discharged_energy_wh=params.initial_discharged_wh + state.discharged_wh,
        loss_w=state.loss_w,
        sessions=params.initial_sessions + state.sessions,
        target_soc=target,
        energy_to_target_wh=to_target,
        time_to_departure_s=departure,
        needed_power_w=to_target * 3600.0 / departure if departure > 0.0 else 0.0,
        available_charge_power_w=possible if ready else 0.0,
        available_discharge_power_w=_dischargeable_w(params, state, commands, soc, volts, vehicle_a),
        working_status=_condition(state),
        fault_code=EV_CHARGER.fault_code(state.faults),
    )


def _dischargeable_w(
    params: EvParams, state: EvState, commands: EvCommands, soc: float, volts: float, vehicle_a: float
) -> float:
    ready = state.plugged_in and state.pilot not in (Pilot.E, Pilot.F) and soc > params.min_soc
    amps = min(params.max_current_a, commands.current_limit_a, vehicle_a)
    return min(params.max_discharge_power_w, amps * state.phases * volts) if ready else 0.0


def _condition(state: EvState) -> int:
    if state.status is Status.RUNNING:
        return 3 if state.active_power_w > 0.0 else 1
    return 2 if state.status is Status.FAULT else 0


def _time_to_departure(
    params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings
) -> float:
    if not state.plugged_in:
        return 0.0
    if commands.departure_unix_s > 0.0:
        return max(0.0, commands.departure_unix_s + surroundings.utc_offset_s - local_s(surroundings))
    _, left_s = current_session(params.sessions, local_s(surroundings))
    return left_s


def advise(params: EvParams, commands: EvCommands, changed: Collection[str]) -> str:
    """Return that a setpoint just written has no effect, and why."""
    if "discharge_setpoint_w" not in changed or not commands.discharge_setpoint_w:
        return ""
    if not params.max_discharge_power_w:
        return "setpoint has no effect: the vehicle does not discharge (max_discharge_power_kw is 0)"
    return "" if commands.enabled else "setpoint has no effect while disabled; write enabled = 1"


def _encode(params: EvParams, power_w: float) -> dict[str, float]:
    limit = {"active_power_limit_w": max(0.0, -power_w)}
    return {**limit, "discharge_setpoint_w": max(0.0, power_w)} if params.max_discharge_power_w else limit


def _limits(params: EvParams) -> PowerLimits:
    return PowerLimits(params.max_charge_power_w, params.max_discharge_power_w, params.capacity_wh)


EV_CHARGER = DeviceType(
    kind="ev_charger",
    title="EV charger",
    params=EvParams,
    commands=EvCommands,
    telemetry=EvTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    faults=FAULTS,
    shares=shares,
    aliases=("ev", "wallbox"),
    explain=explain,
    advise=advise,
    role=Role.STORAGE,
    flow_group="EV",
    steering=Steering(
        setpoints=frozenset({"active_power_limit_w", "current_limit_a", "discharge_setpoint_w"}),
        encode=_encode,
        limits=_limits,
        level=storage.level,
        start={"enabled": True},
        report=storage.report(_limits),
        unready=lambda seen: "" if seen.plugged_in else "no vehicle is plugged in",
    ),
    modes=CHARGER_MODES,
    s2={ControlType.FRBC: ev_frbc},
)
