"""Protection at the point of connection: trip by magnitude and time, cease, wait, come back on a ramp.

A time counts from the first step in which a quantity is beyond its limit, so a stage trips in the first step
at or after its clearing time and never before it.
"""

from dataclasses import replace
from enum import Enum
from math import exp, fsum

from twin_tui.engine.grid_code import GridCode, Quantity
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings

ROCOF_FILTER_S = 1.0
"""Raw frequency noise of 20 mHz alone changes by 12 mHz/s from step to step at 0.1 s."""
MEAN_S = 600.0
MEAN_BLOCK_S = 3.0
"""A sliding mean moves every 3 s, as in IEC 61000-4-30."""
MEAN_BLOCKS = round(MEAN_S / MEAN_BLOCK_S)

SEVERAL = -1.0
"""In place of the one voltage of ten minutes."""

_IDLE = -1.0
UNFIT = -1.0
"""In place of what is left of the delay of enter service: voltage or frequency is outside its window."""
_ABSURD = 1000.0
"""Neither a voltage nor a frequency; NaN fails the same comparison."""
_ROUNDING_PU = 1e-12
"""Less than any voltage is known to: such a difference from the mean of a block is that of its sum."""
_ROUNDING = 1e-3
"""Share of a step by which summed up times may fall short: far above rounding, far below a step."""


class Operation(Enum):
    """What the protection lets a device do."""

    RUNNING = "RUN"
    CEASED = "CEASED"
    """No current for the moment; it comes back at once when the voltage does."""
    TRIPPED = "TRIPPED"
    """Off, and the grid is not yet within the window of enter service."""
    WAITING = "WAITING"
    """Off, the grid is fit, the delay runs."""
    RAMPING = "RAMPING"
    """Back, with a limit that rises to the rating; it begins to when the device is switched on."""


_RUNNING = Operation.RUNNING
"""A global is found five times faster than a member of its Enum, and a healthy grid asks in every step."""


@value
class ProtectionMemory:
    """The past of voltage and frequency, for the stages that need it."""

    filtered_hz: float
    rocof_hz_per_s: float = 0.0
    block_sum: float = 0.0
    block_s: float = 0.0
    blocks: tuple[float, ...] = (1.0,) * MEAN_BLOCKS
    mean_pu: float = 1.0
    steady_pu: float = 1.0
    """The one voltage of all ten minutes, which leaves the mean as it is; SEVERAL when there was no such."""


@value
class ProtectionState:
    """The state of the protection after a step."""

    operation: Operation
    share: float
    """Power that is allowed, per unit of the rating: 1 when running, 0 when off, between them on the ramp."""
    stage: str
    """The stage that tripped; while running, the one that is about to."""
    remaining_s: float
    """Until the pending trip, the end of the delay or the end of the ramp; 0 when nothing is timed."""
    calm: bool
    """In service, or free to be, and no stage is timing."""
    progress: float
    """How far up the ramp the device is; less than 1 while switched off is a ramp that is due."""
    timers: tuple[float, ...]
    memory: ProtectionMemory
    in_service: bool = True
    """Whether the device is switched on and without fault: it rides through what it could not start in."""
    wait_s: float = 0.0
    """What is left of the delay, which counts from when the grid became fit; UNFIT while it is not."""
    back_s: float = 0.0
    """While ceased: what is left until current flows again; UNFIT while the voltage forbids it."""


def initial(code: GridCode, *, in_service: bool = True) -> ProtectionState:
    """Return the protection of a device that runs, or of one that is off at a grid that has long been fit."""
    memory = ProtectionMemory(code.nominal_hz)
    idle = (_IDLE,) * len(code.stages)
    return ProtectionState(_RUNNING, 1.0, "", 0.0, True, 1.0, idle, memory, in_service)


def _tripped(code: GridCode, stage: str, memory: ProtectionMemory) -> ProtectionState:
    idle, delay_s = (_IDLE,) * len(code.stages), code.enter_service.delay_s
    return ProtectionState(Operation.TRIPPED, 0.0, stage, delay_s, False, 0.0, idle, memory, True, UNFIT)


def under_another_code(state: ProtectionState, before: GridCode, code: GridCode) -> ProtectionState:
    """Return the protection after its settings have changed: a stage that is timing goes on with its time."""
    timing = dict(zip((stage.name for stage in before.stages), state.timers, strict=True))
    timers = tuple(timing.get(stage.name, _IDLE) for stage in code.stages)
    known = {stage.name for stage in code.stages}
    return replace(state, timers=timers, stage=state.stage if state.stage in known else "")


def step(
    code: GridCode, state: ProtectionState, surroundings: Surroundings, *, in_service: bool = True
) -> ProtectionState:
    """Advance the protection by one step, at the lowest and highest of the phase and line voltages.

    Returns the very same object while the grid is healthy and nothing has to be remembered. A device that is
    not in service does not trip: it may start when the grid has been fit for the whole delay.

    References
    ----------
    IEEE Std 1547-2018, 4.10 (enter service), 6.4 (voltage), 6.5 (frequency),
    doi:10.1109/IEEESTD.2018.8332112.
    """
    healthy = (
        state.calm
        and state.in_service is in_service
        and state.wait_s == 0.0
        and code.calm_v_low_pu < surroundings.v_min_pu
        and surroundings.v_max_pu < code.calm_v_high_pu
        and code.calm_f_low_hz < surroundings.frequency_hz < code.calm_f_high_hz
    )
    memory = state.memory
    if code.needs_rocof:
        memory = _filter(code, memory, surroundings)
    if code.needs_mean and surroundings.v_max_pu != memory.steady_pu:
        memory = _average(memory, surroundings)
    if (
        healthy
        and memory.mean_pu <= code.mean_v_high_pu
        and -code.rocof_limit_hz_per_s <= memory.rocof_hz_per_s <= code.rocof_limit_hz_per_s
    ):
        if memory is state.memory:
            return state
        return ProtectionState(_RUNNING, 1.0, "", 0.0, True, 1.0, state.timers, memory, in_service)
    wait_s = _left_of_the_delay(code, state, memory, surroundings)
    is_off = state.operation is Operation.TRIPPED or state.operation is Operation.WAITING
    if is_off or not (in_service and state.in_service):
        return _off(code, state, memory, in_service, wait_s)
    return _on(code, state, memory, surroundings, wait_s)


def _left_of_the_delay(
    code: GridCode, state: ProtectionState, memory: ProtectionMemory, surroundings: Surroundings
) -> float:
    """Return how much of the delay of enter service is left; UNFIT while the grid is not fit."""
    window = code.enter_service
    v_min_pu, v_max_pu = _extremes(surroundings)
    if not (
        window.v_low_pu <= v_min_pu
        and v_max_pu <= window.v_high_pu
        and window.f_low_hz <= surroundings.frequency_hz <= window.f_high_hz
        and memory.mean_pu <= code.mean_v_high_pu
    ):
        return UNFIT
    left_s = window.delay_s if state.wait_s < 0.0 else min(state.wait_s, window.delay_s) - surroundings.dt_s
    return left_s if left_s > surroundings.dt_s * _ROUNDING else 0.0


def _extremes(surroundings: Surroundings) -> tuple[float, float]:
    """Return lowest and highest voltage, with those that the device itself would cause by coming back."""
    low_pu, high_pu = surroundings.v_min_pu, surroundings.v_max_pu
    if surroundings.caused_pu is not None:
        caused_low_pu, caused_high_pu = surroundings.caused_pu
        return min(low_pu, caused_low_pu), max(high_pu, caused_high_pu)
    return low_pu, high_pu


def _left_of_ceasing(code: GridCode, state: ProtectionState, surroundings: Surroundings) -> float:
    """Return how long no current may flow still; UNFIT while the voltage forbids it, 0 for none."""
    if code.ceases(surroundings.v_min_pu, surroundings.v_max_pu):
        return UNFIT
    if state.operation is not Operation.CEASED:
        return 0.0
    if surroundings.caused_pu is not None and code.ceases(*_extremes(surroundings)):
        return UNFIT
    left_s = code.cease_back_s
    if state.back_s >= 0.0:
        left_s = min(state.back_s, left_s) - surroundings.dt_s
    return left_s if left_s > surroundings.dt_s * _ROUNDING else 0.0


def _on(
    code: GridCode,
    state: ProtectionState,
    memory: ProtectionMemory,
    surroundings: Surroundings,
    wait_s: float,
) -> ProtectionState:
    timers, pending, remaining_s = _time_stages(code, state, memory, surroundings)
    if pending and remaining_s <= 0.0:
        return _tripped(code, pending, memory)
    back_s = _left_of_ceasing(code, state, surroundings)
    if back_s:
        ceased, progress = Operation.CEASED, state.progress
        return ProtectionState(
            ceased, 0.0, pending, remaining_s, False, progress, timers, memory, True, wait_s, back_s
        )
    if state.progress < 1.0:
        return _ramp(code, state, memory, surroundings.dt_s, timers, not pending, wait_s)
    if state.calm and not pending and wait_s == state.wait_s and memory is state.memory:
        return state
    return ProtectionState(
        _RUNNING, 1.0, pending, remaining_s, not pending, 1.0, timers, memory, True, wait_s
    )


def _time_stages(
    code: GridCode, state: ProtectionState, memory: ProtectionMemory, surroundings: Surroundings
) -> tuple[tuple[float, ...], str, float]:
    """Return the stages' timers, and the name and remaining time of the next one to trip; 0 s trips."""
    dt_s, frequency_hz = surroundings.dt_s, surroundings.frequency_hz
    v_min_pu, v_max_pu = surroundings.v_min_pu, surroundings.v_max_pu
    measurable = v_max_pu >= code.frequency_needs_pu
    pending, least_s = "", 0.0
    timers = []
    for stage, elapsed_s in zip(code.stages, state.timers, strict=True):
        quantity = stage.quantity
        if quantity is Quantity.VOLTAGE:
            beyond = v_max_pu > stage.limit if stage.over else v_min_pu < stage.limit
        elif quantity is Quantity.FREQUENCY:
            beyond = measurable and (frequency_hz > stage.limit if stage.over else frequency_hz < stage.limit)
        elif quantity is Quantity.MEAN_VOLTAGE:
            beyond = memory.mean_pu > stage.limit if stage.over else memory.mean_pu < stage.limit
        else:
            beyond = measurable and abs(memory.rocof_hz_per_s) > stage.limit
        if not beyond:
            timers.append(_IDLE)
            continue
        now_s = elapsed_s + dt_s if elapsed_s >= 0.0 else 0.0
        timers.append(now_s)
        left_s = stage.clearing_s - now_s
        if left_s < dt_s * _ROUNDING:
            left_s = 0.0
        if not pending or left_s < least_s:
            pending, least_s = stage.name, left_s
    return tuple(timers), pending, least_s


def _off(
    code: GridCode, state: ProtectionState, memory: ProtectionMemory, in_service: bool, wait_s: float
) -> ProtectionState:
    """Return the state of a device that is off, or that starts in this very step."""
    window = code.enter_service
    tripped = state.operation is Operation.TRIPPED or state.operation is Operation.WAITING
    stage = state.stage if tripped else ""
    idle = (_IDLE,) * len(code.stages)
    if wait_s != 0.0:
        operation = Operation.TRIPPED if wait_s < 0.0 else Operation.WAITING
        left_s = window.delay_s if wait_s < 0.0 else wait_s
        return ProtectionState(operation, 0.0, stage, left_s, False, 0.0, idle, memory, in_service, wait_s)
    if state.progress >= 1.0:
        return ProtectionState(_RUNNING, 1.0, "", 0.0, True, 1.0, idle, memory, in_service)
    if window.ramp_s > 0.0:
        return ProtectionState(
            Operation.RAMPING, 0.0, stage, window.ramp_s, False, 0.0, idle, memory, in_service
        )
    return ProtectionState(_RUNNING, 1.0, "", 0.0, True, 1.0, idle, memory, in_service)


def _ramp(
    code: GridCode,
    state: ProtectionState,
    memory: ProtectionMemory,
    dt_s: float,
    timers: tuple[float, ...],
    calm: bool,
    wait_s: float,
) -> ProtectionState:
    ramp_s = code.enter_service.ramp_s
    left_s = ramp_s * (1.0 - state.progress) - dt_s
    if left_s > dt_s * _ROUNDING:
        share = 1.0 - left_s / ramp_s
        return ProtectionState(
            Operation.RAMPING, share, state.stage, left_s, False, share, timers, memory, True, wait_s
        )
    return ProtectionState(_RUNNING, 1.0, "", 0.0, calm, 1.0, timers, memory, True, wait_s)


def _filter(code: GridCode, memory: ProtectionMemory, surroundings: Surroundings) -> ProtectionMemory:
    r"""Filter the frequency by a first-order lag; its rate of change is that of the filtered one.

    .. math:: f' = f_0 + (f - f_0)(1 - e^{-dt/\tau}),\quad \dot f = (f' - f_0)/dt
    """
    dt_s, frequency_hz, before_hz = surroundings.dt_s, surroundings.frequency_hz, memory.filtered_hz
    filtered_hz, rocof = before_hz, 0.0
    if surroundings.v_max_pu >= code.frequency_needs_pu and 0.0 < frequency_hz < _ABSURD:
        filtered_hz = before_hz + (frequency_hz - before_hz) * (1.0 - exp(-dt_s / ROCOF_FILTER_S))
        rocof = (filtered_hz - before_hz) / dt_s
    if filtered_hz == before_hz and rocof == memory.rocof_hz_per_s:
        return memory
    return ProtectionMemory(
        filtered_hz, rocof, memory.block_sum, memory.block_s, memory.blocks, memory.mean_pu, memory.steady_pu
    )


def _average(memory: ProtectionMemory, surroundings: Surroundings) -> ProtectionMemory:
    """Slide the ten-minute mean; a block begins with the first voltage that differs from a steady one."""
    dt_s, v_max_pu = surroundings.dt_s, surroundings.v_max_pu
    filtered_hz, rocof = memory.filtered_hz, memory.rocof_hz_per_s
    if not 0.0 <= v_max_pu < _ABSURD:
        v_max_pu = memory.mean_pu
    block_sum, block_s = memory.block_sum + v_max_pu * dt_s, memory.block_s + dt_s
    if block_s < MEAN_BLOCK_S - dt_s * _ROUNDING:
        return ProtectionMemory(
            filtered_hz, rocof, block_sum, block_s, memory.blocks, memory.mean_pu, SEVERAL
        )
    # a step that does not divide 3 s makes longer blocks, of which fewer fill the ten minutes
    kept = max(1, round(MEAN_S / block_s))
    newest = block_sum / block_s
    if abs(newest - v_max_pu) < _ROUNDING_PU:
        newest = v_max_pu
    blocks = (*memory.blocks, newest)[-kept:]
    steady = newest == v_max_pu and blocks.count(newest) == kept
    mean_pu = newest if steady else fsum(blocks) / kept
    return ProtectionMemory(filtered_hz, rocof, 0.0, 0.0, blocks, mean_pu, newest if steady else SEVERAL)
