"""A load: what the site consumes whatever anybody commands."""

from dataclasses import replace
from math import exp

from twin_tui.engine.device import DeviceType, Status, fault_constraints, settle_faults
from twin_tui.engine.devices.clock import local_s
from twin_tui.engine.devices.load_model import (
    FAULTS,
    LATCHING,
    OVERLOAD,
    PHASE_LOSS,
    STALLED,
    TRIPPED,
    LoadCommands,
    LoadParams,
    LoadState,
    LoadTelemetry,
    Profile,
)
from twin_tui.engine.devices.terminals import (
    Connection,
    Draw,
    Phases,
    extremes_pu,
    mean_draw,
    terminals,
)
from twin_tui.engine.physics.electrical import NO_VOLTAGE_PU
from twin_tui.engine.physics.load_shape import household_share
from twin_tui.engine.physics.noise import noise_key, normal_at, ou_coefficients
from twin_tui.engine.physics.voltage_response import stalled_power
from twin_tui.engine.signals import derive, new
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import Constraint, Why

__all__ = ["LOAD", "LoadParams", "LoadState", "LoadTelemetry"]

OVERLOAD_S = 10.0
"""A stalled motor trips its overload relay: IEC 60947-4-1, class 10, 4 to 10 s at 7.2 times the current, as
in Schneider Electric's FAQ FA166142."""
HOURS_OF_YEAR = 8_760.0

fill = LoadState.__init__


def prepare(params: LoadParams, name: str, seed: int, dt_s: float) -> LoadParams:
    """Return the parameters with the noise that this site's seed and step give the load of that name."""
    if not params.noise_share:
        return params
    prepared = replace(params)
    key = noise_key(seed if params.seed is None else params.seed, f"{name} noise")
    decay, kick = ou_coefficients(dt_s, params.noise_tau_s, params.noise_share)
    derive(prepared, key=key, decay=decay, kick=kick)
    return prepared


def expected_w(params: LoadParams, surroundings: Surroundings) -> float:
    """Return the consumption without noise at this time, W."""
    found = params.base_w
    if params.annual_energy_wh:
        mean = params.annual_energy_wh / HOURS_OF_YEAR
        if params.standard_profile is not None:
            found += mean * params.standard_profile.share(local_s(surroundings))
        else:
            found += mean if params.profile is Profile.FLAT else mean * household_share(local_s(surroundings))
    if params.series is not None:
        found += params.series.at(surroundings.unix_s, surroundings.time_s)
    return found


def step(
    params: LoadParams, state: LoadState, commands: LoadCommands, surroundings: Surroundings
) -> LoadState:
    """Advance a load by one tick.

    The consumption is that at nominal voltage; each phase follows its own voltage. A contactor that has
    opened, and a motor that has stalled, come back at ``pick_up_pu``; stalled for `OVERLOAD_S` trips it.
    """
    contactor_open, stalled = False, 0
    causes = state.causes
    if params.opens_pu or params.stalls_pu or causes:
        contactor_open, stalled = _switched(params, state, surroundings)
        if stalled and (state.faults & OVERLOAD or not commands.connected):
            stalled = 0
        if stalled:
            causes |= STALLED
            if stalled >= nearest_steps(OVERLOAD_S, surroundings.dt_s):
                causes |= OVERLOAD
    faults = state.faults
    if faults or causes:
        faults = settle_faults(faults, causes, LATCHING, commands.fault_reset == 1)
    expected, weather_tick = state.expected_w, state.weather_tick
    if weather_tick != surroundings.weather_tick:
        weather_tick = surroundings.weather_tick
        expected = expected_w(params, surroundings)
    noise = state.noise
    if params.kick:
        noise = params.decay * noise + params.kick * normal_at(params.key, surroundings.tick)
    consumed = var = 0.0
    if faults & OVERLOAD or not commands.connected:
        stalled = 0
    if (
        surroundings.grid_live
        and commands.connected
        and not contactor_open
        and not faults & (TRIPPED | OVERLOAD)
    ):
        consumed = expected * (1.0 + noise) + commands.extra_w
        if params.takes_steps:
            consumed += surroundings.load_step_w
        if faults & PHASE_LOSS:
            consumed *= 2.0 / 3.0 if params.phase is Connection.ABC else 0.0
        consumed = max(consumed, 0.0)
        var = consumed * params.var_per_w
        if stalled or not surroundings.v_min_pu == surroundings.v_max_pu == 1.0:
            consumed, var = _at_voltage(params, consumed, var, faults, stalled > 0, surroundings)
    inrush = 0.0
    if params.inrush:
        extra, inrush = _inrush(params, state, surroundings.dt_s, fed=consumed > 0.0)
        consumed, var = consumed * extra, var * extra
    if faults:
        status = Status.FAULT
    else:
        fed = surroundings.grid_live and commands.connected and not contactor_open
        status = Status.RUNNING if fed else Status.OFF
    after = new(LoadState)
    fill(
        after,
        0.0 - consumed,
        0.0 - var,
        status,
        state.causes,
        faults,
        state.consumed_wh + consumed * surroundings.dt_s / 3600.0,
        expected,
        weather_tick,
        noise,
        contactor_open,
        stalled,
        inrush,
    )
    return after


def _inrush(params: LoadParams, state: LoadState, dt_s: float, *, fed: bool) -> tuple[float, float]:
    r"""Return the factor of the consumption in this step, and what of the inrush is left after it.

    .. math:: k = 1 + k_0\frac{\tau}{dt}(1 - e^{-dt/\tau})

    The mean over the step, so that its energy does not depend on dt.
    """
    if not fed:
        return 1.0, params.inrush
    if state.inrush < 1e-6:
        return 1.0, 0.0
    steps = dt_s / params.inrush_s
    left = exp(-steps)
    return 1.0 + state.inrush * (1.0 - left) / steps, state.inrush * left


def _switched(params: LoadParams, state: LoadState, surroundings: Surroundings) -> tuple[bool, int]:
    """Return whether the contactor is open, and for how many ticks the motors have been stalled."""
    lowest, highest = extremes_pu(params.phase.shares, surroundings)
    seized = bool(state.causes & STALLED)
    if lowest >= params.pick_up_pu:
        return False, state.stalled_ticks + 1 if seized else 0
    if highest <= NO_VOLTAGE_PU:
        return params.opens_pu > 0.0, 0
    if state.contactor_open or lowest < params.opens_pu:
        return True, 0
    if seized or state.stalled_ticks or lowest < params.stalls_pu:
        return False, state.stalled_ticks + 1
    return False, 0


def _at_voltage(
    params: LoadParams, watts: float, var: float, faults: int, stalled: bool, surroundings: Surroundings
) -> tuple[float, float]:
    """Return active and reactive power at the voltages of this tick, from those at nominal voltage."""
    law = stalled_power if stalled else params.draw
    active, reactive = mean_draw(connected(params, faults), surroundings, law)
    return watts * active, (watts if stalled else var) * reactive


def connected(params: LoadParams, faults: int) -> Phases:
    """Return the phases that the load is connected to; under phase_loss c is missing."""
    if faults & PHASE_LOSS and params.phase is Connection.ABC:
        return 0.5, 0.5, 0.0
    return params.phase.shares


def shares(params: LoadParams, state: LoadState) -> Phases:
    """Return the phases that the load is connected to now."""
    return connected(params, state.faults) if state.faults else params.phase.shares


def draw(params: LoadParams, state: LoadState) -> Draw:
    """Return how the load follows the voltage now."""
    return stalled_power if state.stalled_ticks else params.draw


def observe(
    params: LoadParams, state: LoadState, commands: LoadCommands, surroundings: Surroundings
) -> LoadTelemetry:
    """Return what the load shows at this tick."""
    return LoadTelemetry(
        **terminals(LoadTelemetry, state, surroundings, shares(params, state), draw(params, state)),
        consumption_power_w=abs(state.active_power_w),
        expected_power_w=state.expected_w,
        consumed_energy_wh=params.initial_consumed_wh + state.consumed_wh,
        fault_code=LOAD.fault_code(state.faults),
    )


def explain(params: LoadParams, state: LoadState, commands: LoadCommands, surroundings: Surroundings) -> Why:
    """Return what keeps the load from its consumption."""
    by_voltage = OVERLOAD | STALLED if state.stalled_ticks else 0
    found = [each for each in fault_constraints(FAULTS, state, by_voltage) if each.text != "stalled"]
    if not commands.connected:
        found.append(Constraint("disconnected", command=("connected", 1)))
    elif not surroundings.grid_live:
        found.append(Constraint("no grid voltage"))
    elif state.contactor_open:
        text = f"contactor open: the voltage was below {params.opens_pu:g} pu"
        found.append(Constraint("contactor open", text, "contactor open"))
    elif state.stalled_ticks:
        text = "motors stalled"
        if not state.causes & STALLED:
            text += f": the voltage was below {params.stalls_pu:g} pu; they start at {params.pick_up_pu:g} pu"
        found.append(Constraint("motors stalled", text, "motors stalled"))
    return Why(tuple(found), gives_w=state.active_power_w)


LOAD = DeviceType(
    kind="load",
    title="Load",
    params=LoadParams,
    commands=LoadCommands,
    telemetry=LoadTelemetry,
    initial=lambda params: LoadState(),
    step=step,
    observe=observe,
    faults=FAULTS,
    shares=shares,
    draw=draw,
    explain=explain,
    prepare=prepare,
    undisturbed=lambda params: replace(params, noise_share=0.0),
    shed_by="connected",
    takes_load_steps=True,
)
