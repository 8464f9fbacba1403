"""A charging station and its vehicle."""

from dataclasses import field
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.device import DeviceState, DeviceType, FaultKind, Role, Status, latching, settle_faults
from twin_tui.engine.devices import storage
from twin_tui.engine.devices.clock import local_s
from twin_tui.engine.devices.ev_session import ChargingSession, current_session
from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG, EvCommands, EvTelemetry, Pilot
from twin_tui.engine.devices.terminals import SHARES, Connection, Phases, terminals
from twin_tui.engine.physics.electrical import pilot_current, pilot_duty
from twin_tui.engine.policies.modes import CHARGER_MODES
from twin_tui.engine.s2.builders import ev_frbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import value
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError

MIN_CURRENT_A = 6.0
"""The least current that a pilot can offer, IEC 61851-1 table A.7."""
LEAST_V = 50.0
"""Below it the station has no supply to offer anything."""
PLAIN_PILOT_A = 51.0
"""Up to here the duty cycle can signal any current."""


@value
class EvParams:
    """What a charging station and its vehicle are."""

    capacity_wh: Positive = 60_000.0
    """Of the vehicle's battery."""
    initial_soc: Share = 0.5
    """State of charge at the start."""
    max_soc: Share = 1.0
    """Where the vehicle ends its charge."""
    charging_efficiency: Efficiency = 0.88
    """Share of the energy from the site that reaches the cells."""
    max_charge_power_w: Positive = 11_000.0
    """What the vehicle's charger takes."""
    max_current_a: Positive = 16.0
    """What the station can offer on each phase."""
    station_phases: int = 3
    """1 or 3."""
    vehicle_phases: int = 3
    """1 or 3; the fewer of the two charge."""
    taper_from_soc: Share = 0.8
    """From here on the vehicle takes less and less."""
    taper_to_pu: Share = 0.1
    """Share of its power that the vehicle still takes when full."""
    ramp_a_per_s: Positive = 10.0
    """Fastest change of the current."""
    plugged_in: bool = True
    """Whether a vehicle is plugged in at the start; sessions decide when there are any."""
    sessions: tuple[ChargingSession, ...] = field(default_factory=tuple)
    """When a vehicle comes and goes."""
    needs_ventilation: bool = False
    """Whether the vehicle asks for ventilation (state D)."""
    ventilated: bool = True
    """Whether the place has it."""
    initial_total_wh: NotNegative = 0.0
    """Reading of the counter of charged energy at the start."""
    initial_sessions: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of sessions."""

    def __post_init__(self) -> None:
        what = "an EV charger"
        bounds.check(self, what)
        for name in ("station_phases", "vehicle_phases"):
            if getattr(self, name) not in (1, 3):
                raise ConfigError(f"{name} {getattr(self, name)} of an EV charger is neither 1 nor 3")


@value
class EvState(DeviceState):
    """How a charging station and its vehicle are after a step; charging is negative power."""

    pilot: Pilot = Pilot.A
    plugged_in: bool = False
    session: int | None = None
    """The scheduled session that is on, -1 for none, None before the first step."""
    energy_wh: float = 0.0
    current_a: float = 0.0
    offered_a: float = 0.0
    phases: int = 3
    session_wh: float = 0.0
    session_ticks: int = 0
    total_wh: float = 0.0
    sessions: int = 0
    metered_w: float = 0.0


FAULTS = (
    FaultKind("emergency_stop", 5001, "The emergency stop is pressed"),
    FaultKind("residual_current", 5002, "A residual current has opened the contactor"),
    FaultKind("contactor_welded", 5003, "The contactor does not open"),
    FaultKind("over_temperature", 5004, "The station is too hot to charge", latched=False),
    FaultKind("pilot_short", 5005, "The pilot line is shorted", latched=False),
    FaultKind("sensor_stuck", 5006, "The station's meter no longer changes", latched=False),
    FaultKind(
        "ventilation_missing", 5007, "The vehicle requires ventilation, which is not available", latched=False
    ),
)
ESTOP, RCD, WELDED, HOT, SHORT, STUCK, NO_AIR = (1 << bit for bit in range(len(FAULTS)))
NOT_AVAILABLE = ESTOP | RCD | WELDED | HOT
_LATCHING = latching(FAULTS)


def initial(params: EvParams) -> EvState:
    """Return a station before its first session."""
    here = params.plugged_in and not params.sessions
    return EvState(
        pilot=Pilot.B if here else Pilot.A,
        plugged_in=here,
        energy_wh=params.capacity_wh * params.initial_soc,
        phases=min(params.station_phases, params.vehicle_phases),
        total_wh=params.initial_total_wh,
        sessions=params.initial_sessions + here,
    )


def taper(params: EvParams, soc: float) -> float:
    """Return the share of its power that the vehicle takes: 1 up to the knee, then falling evenly."""
    knee = params.taper_from_soc
    if soc <= knee or knee >= 1.0:
        return 1.0
    return 1.0 - (1.0 - params.taper_to_pu) * (min(soc, 1.0) - knee) / (1.0 - knee)


def phase_voltage(surroundings: Surroundings, phases: int) -> float:
    """Return the mean voltage of the phases that charging goes over, V."""
    pu = (
        surroundings.va_pu
        if phases == 1
        else (surroundings.va_pu + surroundings.vb_pu + surroundings.vc_pu) / 3.0
    )
    return surroundings.nominal_v * pu


def offered_current(params: EvParams, commands: EvCommands, phases: int, volts: float) -> float:
    r"""Return the current that the pilot offers on each of the phases that charging goes over, A.

    :math:`\min(I_{station}, I_{limit}, P_{limit} / (n V))`; 0 where that is below 6 A, or the station is not
    enabled: no duty cycle signals less (IEC 61851-1:2017, annex A).
    """
    if not commands.enabled or volts < LEAST_V:
        return 0.0
    offer = min(
        params.max_current_a,
        commands.current_limit_a,
        commands.active_power_limit_w / (phases * volts),
    )
    if offer < MIN_CURRENT_A - 1e-9:
        return 0.0
    offer = max(offer, MIN_CURRENT_A)
    return offer if offer <= PLAIN_PILOT_A else pilot_current(pilot_duty(offer))


def step(params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings) -> EvState:
    """Advance a charging station and its vehicle by one tick.

    The vehicle follows the offer on a ramp, takes less as it fills and nothing at its target; energy is cut
    where it would cross the target within the step. In states A, B, E and F nothing flows.
    """
    dt_s = surroundings.dt_s
    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, _LATCHING, commands.fault_reset == 1)
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

    phases = min(params.station_phases, params.vehicle_phases, commands.phases)
    pilot, offered, current, power = Pilot.A, 0.0, 0.0, 0.0
    if faults & NOT_AVAILABLE:
        pilot = Pilot.F
    elif not surroundings.grid_live or faults & SHORT:
        pilot = Pilot.E
    elif plugged:
        pilot = Pilot.B
        if params.needs_ventilation and not params.ventilated:
            faults |= NO_AIR
        volts = phase_voltage(surroundings, phases)
        offered = offered_current(params, commands, phases, volts)
        room_wh = min(commands.target_soc, params.max_soc) * params.capacity_wh - energy
        if offered > 0.0 and room_wh > 1e-9 and not faults & NO_AIR:
            pilot = Pilot.D if params.needs_ventilation else Pilot.C
            share = taper(params, energy / params.capacity_wh)
            most_a = params.max_charge_power_w * share / (phases * volts)
            target = min(offered, most_a)
            before = state.current_a if phases == state.phases else 0.0
            reach = params.ramp_a_per_s * dt_s
            current = max(before - reach, min(before + reach, target))
            power = current * phases * volts
            hours = dt_s / 3600.0
            most = room_wh / (hours * params.charging_efficiency)
            if power > most:
                current *= most / power
                power = most
            energy += power * hours * params.charging_efficiency
            session_wh += power * hours if not faults & STUCK else 0.0
    taken_wh = power * dt_s / 3600.0
    stuck = bool(faults & STUCK)
    return EvState(
        0.0 - power,
        0.0,
        _status(pilot, faults),
        state.causes,
        faults,
        pilot,
        plugged,
        session,
        energy,
        current,
        offered,
        phases,
        session_wh,
        ticks,
        state.total_wh if stuck else state.total_wh + taken_wh,
        state.sessions + 1 if arrived else state.sessions,
        state.metered_w if stuck else power,
    )


def _status(pilot: Pilot, faults: int) -> Status:
    if pilot is Pilot.C or pilot is Pilot.D:
        return Status.RUNNING
    if faults & ~STUCK:
        return Status.FAULT
    return Status.OFF if pilot is Pilot.E else Status.STANDBY


def shares(params: EvParams, state: EvState) -> Phases:
    """Return how the charging power divides over the phases."""
    return SHARES[Connection.A if state.phases == 1 else Connection.ABC]


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
    possible = min(most_a * state.phases * volts, params.max_charge_power_w * taper(params, soc))
    ready = state.plugged_in and state.pilot not in (Pilot.E, Pilot.F) and soc < target
    return EvTelemetry(
        **terminals(EvTelemetry, state, surroundings, shares(params, state)),
        pilot_state=int(state.pilot),
        plugged_in=state.plugged_in,
        charging=state.active_power_w < 0.0,
        charging_power_w=state.metered_w,
        soc=soc,
        energy_wh=state.energy_wh,
        capacity_wh=params.capacity_wh,
        offered_current_a=state.offered_a,
        pilot_duty_pu=0.0 if state.pilot in (Pilot.E, Pilot.F) else pilot_duty(state.offered_a) / 100.0,
        phases_active=state.phases,
        session_energy_wh=state.session_wh,
        session_time_s=state.session_ticks * surroundings.dt_s,
        total_energy_wh=state.total_wh,
        sessions=state.sessions,
        target_soc=target,
        energy_to_target_wh=to_target,
        time_to_departure_s=departure,
        needed_power_w=to_target * 3600.0 / departure if departure > 0.0 else 0.0,
        available_charge_power_w=possible if ready else 0.0,
        working_status=2 if state.status is Status.FAULT else 1 if state.status is Status.RUNNING else 0,
        fault_code=EV_CHARGER.fault_code(state.faults),
    )


def _time_to_departure(
    params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings
) -> float:
    if not state.plugged_in:
        return 0.0
    if commands.departure_unix_s > 0.0:
        return max(0.0, commands.departure_unix_s + surroundings.utc_offset_s - local_s(surroundings))
    _, left_s = current_session(params.sessions, local_s(surroundings))
    return left_s


def explain(params: EvParams, state: EvState) -> str:
    """Return the pilot state and the faults."""
    return ", ".join([f"state {state.pilot.name}", *EV_CHARGER.fault_names(state.faults)])


def _limits(params: EvParams) -> PowerLimits:
    return PowerLimits(params.max_charge_power_w, 0.0, params.capacity_wh)


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
    role=Role.STORAGE,
    flow_group="EV",
    steering=Steering(
        setpoints=frozenset({"active_power_limit_w", "current_limit_a"}),
        encode=lambda params, power_w: {"active_power_limit_w": max(0.0, -power_w)},
        limits=_limits,
        level=storage.level,
        start={"enabled": True},
        report=storage.report(_limits),
        unready=lambda seen: "" if seen.plugged_in else "no vehicle is plugged in",
    ),
    modes=CHARGER_MODES,
    s2={ControlType.FRBC: ev_frbc},
)
