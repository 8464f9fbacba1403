"""A load: what the site consumes whatever anybody commands."""

from dataclasses import field, replace
from enum import Enum
from math import sqrt
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Range
from twin_tui.engine.device import DeviceState, DeviceType, FaultKind, Status, latching, settle_faults
from twin_tui.engine.devices.clock import local_s
from twin_tui.engine.devices.terminals import SHARES, Connection, Phases, terminals
from twin_tui.engine.physics.load_shape import household_share
from twin_tui.engine.physics.noise import noise_key, normal_at, ou_coefficients
from twin_tui.engine.signals import commanded, derive, measured, value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError


class Profile(Enum):
    """How the annual energy spreads over the year."""

    FLAT = "flat"
    HOUSEHOLD = "household"


@value
class LoadParams:
    """What a load is: a base, an annual energy and a series as far as set, and noise on top."""

    base_w: NotNegative
    """Consumption at all times."""
    takes_steps: bool = True
    """Whether load-step disturbances act on this load; one load of a site does."""
    annual_energy_wh: NotNegative = 0.0
    """Energy of a year, in the course of ``profile``."""
    profile: Profile = Profile.HOUSEHOLD
    """The course of the annual energy."""
    series: Series | None = None
    """Measured or forecast consumption, W."""
    noise_share: NotNegative = 0.0
    """Spread of the noise as a share of the consumption, whatever the time step."""
    noise_tau_s: NotNegative = 60.0
    """How long a deviation lasts."""
    power_factor: Annotated[float, Range(-1.0, 1.0)] = 1.0
    """Of the consumption; positive takes vars as motors do, negative gives them."""
    phase: Connection = Connection.ABC
    """Where it is connected."""
    initial_consumed_wh: NotNegative = 0.0
    """Reading of the energy counter at the start."""
    seed: int | None = None
    """Of the noise; none follows the site's seed and the load's name."""
    key: int = field(default=0, init=False)
    decay: float = field(default=0.0, init=False)
    kick: float = field(default=0.0, init=False)
    var_per_w: float = field(init=False)

    def __post_init__(self) -> None:
        bounds.check(self, "a load")
        factor = abs(self.power_factor)
        if not 0.0 < factor <= 1.0:
            raise ConfigError(f"power_factor {self.power_factor:g} of a load is not in -1 … 1, or is 0")
        per_w = sqrt(1.0 - factor * factor) / factor
        derive(self, var_per_w=per_w if self.power_factor > 0.0 else -per_w)


@value
class LoadCommands:
    """What can be done to a load."""

    extra_w: float = commanded(0.0, "Additional consumption", "W", low=-1e12, high=1e12)
    connected: bool = commanded(True, "Connected to the bus; off sheds the load")
    fault_reset: int = commanded(0, "1 closes a tripped breaker again", low=0, high=65535, momentary=True)


@value
class LoadState(DeviceState):
    """How a load is after a step; consuming is negative power."""

    status: Status = Status.RUNNING
    consumed_wh: float = 0.0
    expected_w: float = 0.0
    """Base, profile and series of the second at hand, without noise."""
    weather_tick: int = -1
    """When that was worked out: it moves once a second, not once a tick."""
    noise: float = 0.0


@value
class LoadTelemetry:
    """What a load shows."""

    active_power_w: float = measured("Active power, negative while consuming", "W")
    reactive_power_var: float = measured("Reactive power, negative while taking vars", "var")
    consumption_power_w: float = measured("Power taken", "W", low=0)
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    power_factor: float = measured("Active over apparent power, 1 without power", "1", low=0, high=1)
    expected_power_w: float = measured("Power of base, profile and series without noise", "W", low=0)
    consumed_energy_wh: float = measured("Energy consumed", "Wh", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)


FAULTS = (
    FaultKind("breaker_tripped", 8001, "The breaker of the load has tripped"),
    FaultKind("phase_loss", 8002, "One of three phases is missing, and with it a third", latched=False),
)
TRIPPED, PHASE_LOSS = 1, 2
_LATCHING = latching(FAULTS)
HOURS_OF_YEAR = 8_760.0


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
        found += mean if params.profile is Profile.FLAT else mean * household_share(local_s(surroundings))
    if params.series is not None:
        found += params.series.at(surroundings.unix_s, surroundings.time_s)
    return found


def step(
    params: LoadParams, state: LoadState, commands: LoadCommands, surroundings: Surroundings
) -> LoadState:
    """Advance a load by one tick; without voltage it takes nothing."""
    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, _LATCHING, commands.fault_reset == 1)
    expected, weather_tick = state.expected_w, state.weather_tick
    if weather_tick != surroundings.weather_tick:
        weather_tick = surroundings.weather_tick
        expected = expected_w(params, surroundings)
    noise = state.noise
    if params.kick:
        noise = params.decay * noise + params.kick * normal_at(params.key, surroundings.tick)
    consumed = 0.0
    if surroundings.grid_live and commands.connected and not faults & TRIPPED:
        consumed = expected * (1.0 + noise) + commands.extra_w
        if params.takes_steps:
            consumed += surroundings.load_step_w
        if faults & PHASE_LOSS:
            consumed *= 2.0 / 3.0 if params.phase is Connection.ABC else 0.0
        consumed = max(consumed, 0.0)
    if faults:
        status = Status.FAULT
    else:
        status = Status.RUNNING if surroundings.grid_live and commands.connected else Status.OFF
    return LoadState(
        0.0 - consumed,
        0.0 - consumed * params.var_per_w,
        status,
        state.causes,
        faults,
        state.consumed_wh + consumed * surroundings.dt_s / 3600.0,
        expected,
        weather_tick,
        noise,
    )


def shares(params: LoadParams, state: LoadState) -> Phases:
    """Return the phases that the load is connected to; under phase_loss c is missing."""
    if state.faults & PHASE_LOSS and params.phase is Connection.ABC:
        return 0.5, 0.5, 0.0
    return SHARES[params.phase]


def observe(
    params: LoadParams, state: LoadState, commands: LoadCommands, surroundings: Surroundings
) -> LoadTelemetry:
    """Return what the load shows at this tick."""
    return LoadTelemetry(
        **terminals(LoadTelemetry, state, surroundings, shares(params, state)),
        consumption_power_w=abs(state.active_power_w),
        expected_power_w=state.expected_w,
        consumed_energy_wh=state.consumed_wh,
        fault_code=LOAD.fault_code(state.faults),
    )


def explain(params: LoadParams, state: LoadState) -> str:
    """Return why the load is in its status."""
    return ", ".join(LOAD.fault_names(state.faults))


LOAD = DeviceType(
    kind="load",
    title="Load",
    params=LoadParams,
    commands=LoadCommands,
    telemetry=LoadTelemetry,
    initial=lambda params: LoadState(consumed_wh=params.initial_consumed_wh),
    step=step,
    observe=observe,
    faults=FAULTS,
    shares=shares,
    explain=explain,
    prepare=prepare,
    undisturbed=lambda params: replace(params, noise_share=0.0),
    shed_by="connected",
    takes_load_steps=True,
)
