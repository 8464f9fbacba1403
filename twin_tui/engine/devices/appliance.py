"""A home appliance: one programme that runs through once it has started."""

from dataclasses import field
from enum import IntEnum
from math import fsum, inf, isfinite
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Positive, Range
from twin_tui.engine.device import (
    DeviceState,
    DeviceType,
    FaultKind,
    Status,
    fault_constraints,
    latching,
    settle_faults,
)
from twin_tui.engine.devices.clock import DAY_S, local_s
from twin_tui.engine.devices.load_model import ZIP, VoltageModel
from twin_tui.engine.devices.terminals import (
    Connection,
    Draw,
    extremes_pu,
    mean_draw,
    terminals,
)
from twin_tui.engine.devices.time_window import Window, left_s
from twin_tui.engine.physics.voltage_response import DROP_OUT_PU, zip_draw
from twin_tui.engine.policies.modes import APPLIANCE_MODES
from twin_tui.engine.s2.builders import appliance_ombc, appliance_ppbc
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.signals import commanded, derive, measured, value
from twin_tui.engine.steering import PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import Constraint, Why
from twin_tui.errors import ConfigError

_ROUNDING_S = 1e-6


class StartRefusal(IntEnum):
    """Why a start was refused."""

    NONE = 0
    NO_WINDOW = 1
    TOO_LATE = 2
    ALREADY_RUN = 3
    FAULT = 4


REFUSAL_TEXT = {
    StartRefusal.NONE: "none",
    StartRefusal.NO_WINDOW: "no time window is open",
    StartRefusal.TOO_LATE: "the whole run does not fit what is left of the time window",
    StartRefusal.ALREADY_RUN: "it has run in this horizon",
    StartRefusal.FAULT: "it has a fault",
}


@value
class ApplianceParams:
    """What an appliance is."""

    consumption_wh: Positive
    """Energy of one run."""
    duration_s: Positive
    """Length of one run."""
    profile: tuple[float, ...] = (1.0,)
    """Shape of the power over the run, equal spans of any height; scaled to the consumption."""
    windows: tuple[Window, ...] = field(default_factory=tuple)
    """When it may run; none means always."""
    horizon_s: NotNegative = float(DAY_S)
    """It starts at most once in each; days begin at local midnight; 0 is no such rule."""
    phase: Connection = Connection.A
    """Where it is connected."""
    voltage_model: VoltageModel = VoltageModel.RESISTIVE
    """How the power follows the voltage: most appliances heat."""
    initial_total_wh: NotNegative = 0.0
    """Reading of the energy counter at the start."""
    initial_starts: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of runs."""
    draw: Draw = field(init=False, compare=False)
    """How the power of a phase follows its voltage; it has no reactive power."""
    curve_wh: tuple[float, ...] = field(init=False)
    """Energy used by the end of each span of the profile, from 0 to the consumption."""

    def __post_init__(self) -> None:
        bounds.check(self, "an appliance")
        if not all(isfinite(height) and height >= 0.0 for height in self.profile) or not any(self.profile):
            raise ConfigError("the profile of an appliance has no height above 0, or one below 0")
        if self.windows and all(window.duration_s < self.duration_s for window in self.windows):
            raise ConfigError(
                f"no time window of the appliance is as long as its run of {self.duration_s:g} s"
            )
        whole = fsum(self.profile)
        used = [0.0]
        for height in self.profile:
            used.append(used[-1] + height / whole * self.consumption_wh)
        used[-1] = self.consumption_wh
        active, _ = ZIP[self.voltage_model]
        derive(self, curve_wh=tuple(used), draw=zip_draw(active, (0.0, 0.0, 0.0)))


@value
class ApplianceCommands:
    """The commands of an appliance."""

    run: bool = commanded(False, "Requests a run; after a refused or finished one write 0, then 1")
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)


@value
class ApplianceState(DeviceState):
    """How an appliance is after a step; consuming is negative power."""

    asked: bool = False
    ticks: int = -1
    """Ticks that the run has worked, -1 without a run."""
    refusal: StartRefusal = StartRefusal.NONE
    horizon: int | None = None
    """The horizon of the last start."""
    starts: int = 0
    run_wh: float = 0.0
    total_wh: float = 0.0
    """Of all runs before this one."""


@value
class ApplianceTelemetry:
    """What an appliance shows."""

    active_power_w: float = measured("Active power, negative while consuming", "W", high=0)
    reactive_power_var: float = measured("Reactive power", "var")
    consumption_power_w: float = measured("Power taken", "W", low=0)
    running: bool = measured("A run is on")
    progress: float = measured("Share of the run's time that has passed", "1", low=0, high=1)
    remaining_s: float = measured("Until the end of the run", "s", low=0)
    run_energy_wh: float = measured("Energy of this run, or of the last one", "Wh", low=0)
    total_energy_wh: float = measured("Energy of all runs", "Wh", low=0)
    starts: int = measured("Runs started", low=0)
    can_start: bool = measured("A run requested now would start")
    refusal: int = measured(
        "Why the last start was refused", options={code.value: text for code, text in REFUSAL_TEXT.items()}
    )
    window_left_s: float = measured("How long the time window is still open, 0 when closed", "s", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    working_status: int = measured("Condition as a number", options={0: "Idle", 1: "Running", 2: "Fault"})
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)


FAULTS = (
    FaultKind("emergency_stop", 6001, "It is switched off at the wall"),
    FaultKind("water_inlet", 6002, "No water supply; the run is aborted"),
    FaultKind("over_temperature", 6003, "The heater is too hot; the run is aborted"),
    FaultKind("door_open", 6004, "The door is open; the run waits", latched=False),
)
DOOR = 1 << 3
_LATCHING = latching(FAULTS)


def used_wh(params: ApplianceParams, run_s: float) -> float:
    """Return the energy that a run has used after ``run_s`` seconds of work, at most its consumption."""
    curve = params.curve_wh
    position = run_s / params.duration_s * (len(curve) - 1)
    if position >= len(curve) - 1:
        return curve[-1]
    span = int(position)
    return curve[span] + (curve[span + 1] - curve[span]) * (position - span)


def _may_start(
    params: ApplianceParams, state: ApplianceState, faults: int, local: float, left: float
) -> tuple[StartRefusal, int | None]:
    horizon = int(local // params.horizon_s) if params.horizon_s > 0.0 else None
    if faults:
        return StartRefusal.FAULT, horizon
    if horizon is not None and horizon == state.horizon:
        return StartRefusal.ALREADY_RUN, horizon
    if left <= 0.0:
        return StartRefusal.NO_WINDOW, horizon
    return (StartRefusal.TOO_LATE if left < params.duration_s - _ROUNDING_S else StartRefusal.NONE), horizon


def step(
    params: ApplianceParams, state: ApplianceState, commands: ApplianceCommands, surroundings: Surroundings
) -> ApplianceState:
    """Advance an appliance by one tick.

    The power of a tick is the energy that the profile gives between its two ends, so a run uses its
    consumption whatever the time step. It follows the voltage as ``voltage_model`` says: at another one a run
    takes as long and uses more or less. An open door or a voltage below `DROP_OUT_PU` makes it wait; the
    other faults end it, and the start does not count.
    """
    dt_s = surroundings.dt_s
    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, _LATCHING, commands.fault_reset == 1)
    ticks, refusal, horizon, starts = state.ticks, state.refusal, state.horizon, state.starts
    run_wh, total_wh = state.run_wh, state.total_wh
    asked = commands.run
    if ticks >= 0 and faults & _LATCHING:
        ticks, horizon = -1, None
    if not asked:
        refusal = StartRefusal.NONE
    elif not state.asked and ticks < 0:
        # the tick ends at the surroundings' time: a run that starts in it began a step before
        begun = local_s(surroundings) - dt_s
        refusal, now = _may_start(params, state, faults, begun, left_s(params.windows, begun))
        if refusal is StartRefusal.NONE:
            ticks, horizon, starts = 0, now, starts + 1
            total_wh += run_wh
            run_wh = 0.0
    power = 0.0
    fed, share = surroundings.grid_live, 1.0
    if not surroundings.v_min_pu == surroundings.v_max_pu == 1.0:
        lowest, _ = extremes_pu(params.phase.shares, surroundings)
        fed = fed and lowest >= DROP_OUT_PU
        share, _ = mean_draw(params.phase.shares, surroundings, params.draw)
    if ticks >= 0:
        status = Status.RUNNING if fed else Status.OFF
        if fed and not faults:
            ticks += 1
            used = share * max(0.0, used_wh(params, ticks * dt_s) - used_wh(params, (ticks - 1) * dt_s))
            power = used * 3600.0 / dt_s
            run_wh += used
    elif not fed:
        status = Status.OFF
    else:
        status = Status.STANDBY if refusal is StartRefusal.NONE else Status.WAITING
    if faults:
        status = Status.FAULT
    if ticks >= 0 and ticks * dt_s >= params.duration_s - _ROUNDING_S:
        ticks = -1
    return ApplianceState(
        0.0 - power,
        0.0,
        status,
        state.causes,
        faults,
        asked,
        ticks,
        refusal,
        horizon,
        starts,
        run_wh,
        total_wh,
    )


def observe(
    params: ApplianceParams, state: ApplianceState, commands: ApplianceCommands, surroundings: Surroundings
) -> ApplianceTelemetry:
    """Return what the appliance shows at this tick."""
    running = state.status is Status.RUNNING or state.ticks >= 0
    worked_s = state.ticks * surroundings.dt_s if state.ticks >= 0 else params.duration_s if running else 0.0
    local = local_s(surroundings)
    left = left_s(params.windows, local)
    refusal, _ = _may_start(params, state, state.faults, local, left)
    return ApplianceTelemetry(
        **terminals(ApplianceTelemetry, state, surroundings, params.phase.shares, params.draw),
        consumption_power_w=abs(state.active_power_w),
        running=running,
        progress=min(1.0, worked_s / params.duration_s),
        remaining_s=max(0.0, params.duration_s - worked_s) if running else 0.0,
        run_energy_wh=state.run_wh,
        total_energy_wh=params.initial_total_wh + (state.total_wh + state.run_wh),
        starts=params.initial_starts + state.starts,
        can_start=not running and refusal is StartRefusal.NONE,
        refusal=int(state.refusal),
        window_left_s=left if left < inf else float(DAY_S),
        working_status=2 if state.faults else 1 if running else 0,
        fault_code=APPLIANCE.fault_code(state.faults),
    )


def explain(
    params: ApplianceParams, state: ApplianceState, commands: ApplianceCommands, surroundings: Surroundings
) -> Why:
    """Return the faults, why a start was refused, and what keeps a run waiting."""
    found = list(fault_constraints(FAULTS, state))
    if state.refusal is not StartRefusal.NONE:
        text = REFUSAL_TEXT[state.refusal]
        found.append(Constraint("start refused", f"start refused: {text}", command=("run", 0)))
    if state.status is Status.OFF:
        found.append(Constraint("no grid voltage" if not surroundings.grid_live else "voltage too low"))
    return Why(tuple(found), gives_w=state.active_power_w)


def _limits(params: ApplianceParams) -> PowerLimits:
    share = max(params.profile) / fsum(params.profile)
    return PowerLimits(share * params.consumption_wh * len(params.profile) * 3600.0 / params.duration_s)


def _unready(seen: ApplianceTelemetry) -> str:
    return "" if seen.running or seen.can_start else "no run can start now: the time window or the horizon"


APPLIANCE = DeviceType(
    kind="appliance",
    title="Appliance",
    params=ApplianceParams,
    commands=ApplianceCommands,
    telemetry=ApplianceTelemetry,
    initial=lambda params: ApplianceState(),
    step=step,
    observe=observe,
    faults=FAULTS,
    shares=lambda params, state: params.phase.shares,
    draw=lambda params, state: params.draw,
    aliases=("home_appliance",),
    explain=explain,
    steering=Steering(
        setpoints=frozenset({"run"}),
        encode=lambda params, power_w: {"run": power_w < 0.0},
        limits=_limits,
        unready=_unready,
    ),
    modes=APPLIANCE_MODES,
    s2={ControlType.OMBC: appliance_ombc, ControlType.PPBC: appliance_ppbc},
)
