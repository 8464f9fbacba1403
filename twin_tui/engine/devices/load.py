"""A load: what the site consumes whatever anybody commands."""

from twin_tui.engine.device import DeviceType, Status
from twin_tui.engine.signals import commanded, measured, value
from twin_tui.engine.surroundings import Surroundings


@value
class LoadParams:
    """What a load is."""

    base_w: float
    takes_steps: bool = True
    """Whether load-step disturbances act on this load; one load of a site does."""


@value
class LoadCommands:
    """What can be done to a load."""

    extra_w: float = commanded(0.0, "Additional consumption", "W")


@value
class LoadState:
    """How a load is after a step; consuming is negative power."""

    active_power_w: float = 0.0
    reactive_power_var: float = 0.0
    status: Status = Status.RUNNING
    causes: int = 0
    faults: int = 0
    consumed_wh: float = 0.0


@value
class LoadTelemetry:
    """What a load shows."""

    active_power_w: float = measured("Active power, negative while consuming", "W")
    reactive_power_var: float = measured("Reactive power", "var")
    consumed_energy_wh: float = measured("Energy consumed", "Wh", low=0)


def initial(params: LoadParams) -> LoadState:
    """Return a load that has not consumed yet."""
    return LoadState()


def step(params: LoadParams, state: LoadState, commands: LoadCommands, around: Surroundings) -> LoadState:
    """Advance a load by one tick; without voltage it takes nothing."""
    consumed = 0.0
    if around.grid_live:
        consumed = params.base_w + commands.extra_w
        if params.takes_steps:
            consumed += around.load_step_w
        consumed = max(0.0, consumed)
    return LoadState(
        -consumed,
        0.0,
        Status.RUNNING if around.grid_live else Status.OFF,
        state.causes,
        0,
        state.consumed_wh + consumed * around.dt_s / 3600.0,
    )


def observe(
    params: LoadParams, state: LoadState, commands: LoadCommands, around: Surroundings
) -> LoadTelemetry:
    """Return what the load shows at this tick."""
    return LoadTelemetry(state.active_power_w, state.reactive_power_var, state.consumed_wh)


LOAD = DeviceType(
    kind="load",
    title="Load",
    params=LoadParams,
    commands=LoadCommands,
    telemetry=LoadTelemetry,
    initial=initial,
    step=step,
    observe=observe,
)
