"""Support of the grid: frequency-watt droop, volt-var, volt-watt, cos φ(P), each with its response time."""

from dataclasses import replace
from math import inf

from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.physics.droop import frequency_watt, lag_share, lag_step, piecewise, power_factor_at
from twin_tui.engine.physics.electrical import reactive_power
from twin_tui.engine.signals import value

_SETTLED = 1e-6
_HALVINGS = 40


@value
class SupportState:
    """What the support functions ask for, per unit of the rating."""

    droop_pu: float = 0.0
    """Active power to add; negative when the frequency is high."""
    p_limit_pu: float = 1.0
    """Volt-watt: no more active power into the grid than this."""
    q_pu: float = 0.0
    """Volt-var: reactive power, positive injects."""
    active: bool = False
    droop_target_pu: float = 0.0
    """What the droop asks for at this frequency of a device that could do anything."""
    droop_before_pu: float = 0.0
    """``droop_pu`` at the beginning of the step."""
    pf_q_pu: float = 0.0
    """cos φ(P): reactive power over the rating of active power."""


NEUTRAL = SupportState()


def step(code: GridCode, state: SupportState, dt_s: float, v_pu: float, frequency_hz: float) -> SupportState:
    """Advance the support functions that a code has by one step, at the mean of the phase voltages.

    Returns `NEUTRAL` while voltage and frequency request nothing. The droop is that of a device that answers
    in full; `answer` has it as that of a device with limits.

    References
    ----------
    IEEE Std 1547-2018, 5.3.3 (volt-var), 5.4.2 (volt-watt), 6.5.2.7 (droop),
    doi:10.1109/IEEESTD.2018.8332112.
    """
    droop, var, watt = code.frequency_droop, code.volt_var, code.volt_watt
    by_power = code.watt_pf is not None
    droop_target = q_target = 0.0
    limit_target = 1.0
    if droop is not None and (
        frequency_hz > code.nominal_hz + droop.over_deadband_hz
        or frequency_hz < code.nominal_hz - droop.under_deadband_hz
    ):
        droop_target = frequency_watt(
            0.0,
            frequency_hz,
            code.nominal_hz,
            over_deadband_hz=droop.over_deadband_hz,
            over_droop=droop.over_droop,
            under_deadband_hz=droop.under_deadband_hz,
            under_droop=droop.under_droop,
            p_min_pu=-inf,
            p_max_pu=inf,
        )
    if var is not None:
        q_target = piecewise(v_pu, var.points)
    if watt is not None:
        limit_target = piecewise(v_pu, watt.points)
    idle = droop_target == 0.0 and q_target == 0.0 and limit_target == 1.0 and not by_power
    if not state.active and idle:
        return NEUTRAL
    droop_pu = q = 0.0
    if droop is not None:
        droop_pu = _follow(state.droop_pu, min(max(droop_target, -1.0), 1.0), dt_s, droop.response_s)
    limit = _follow(state.p_limit_pu, limit_target, dt_s, watt.response_s) if watt is not None else 1.0
    if var is not None:
        q = _follow(state.q_pu, q_target, dt_s, var.response_s)
    if droop_pu == 0.0 and q == 0.0 and limit == 1.0 and not by_power:
        return NEUTRAL
    return SupportState(
        droop_pu, limit, q, True, droop_target, state.droop_pu, state.pf_q_pu if by_power else 0.0
    )


def answer(
    code: GridCode,
    state: SupportState,
    dt_s: float,
    p_pu: float,
    p_min_pu: float,
    p_max_pu: float,
    *,
    storage: bool = False,
) -> tuple[float, SupportState]:
    """Return the active power after support, per unit, and the state with the droop that gives it.

    ``p_pu`` is what the device would give now, the limits what it can. The droop's aim is held within the
    limits first and delayed then, so that a device driven into a limit takes as long to reach it as any other
    step does. A device outside its limits is not driven further out, and volt-watt caps it last.

    References
    ----------
    EPRI Report 3002030962, "IEEE 1547-2018 OpenDER Model", equations 3.7.1-13 to 3.7.1-17.
    """
    if not state.active:
        return p_pu, state
    power = p_pu
    droop = code.frequency_droop
    if droop is not None and (state.droop_target_pu or state.droop_before_pu):
        aim = state.droop_target_pu
        if aim > 0.0 and droop.under_storage_only and not storage:
            aim = 0.0
        if aim < 0.0 and droop.of_power and not storage:
            aim *= abs(p_pu)
        low, high = min(p_min_pu, p_pu), max(p_max_pu, p_pu)
        aim = min(max(p_pu + aim, low), high) - p_pu
        now = _follow(state.droop_before_pu, aim, dt_s, droop.response_s)
        state = SupportState(
            now,
            state.p_limit_pu,
            state.q_pu,
            True,
            state.droop_target_pu,
            state.droop_before_pu,
            state.pf_q_pu,
        )
        power = min(max(p_pu + now, low), high)
    return power if power < state.p_limit_pu else state.p_limit_pu, state


def at_power_factor(
    code: GridCode, state: SupportState, dt_s: float, p_pu: float, s_max_pu: float
) -> tuple[float, float, SupportState]:
    """Return active and reactive power by cos φ(P), per unit of the rating, and the state.

    Active power gives way where the current allows only one of them; what flows into the device has no
    reactive power.
    """
    curve = code.watt_pf
    if curve is None:
        return p_pu, 0.0, state
    p_pu = _beside_its_reactive_power(curve.points, p_pu, s_max_pu)
    aim = reactive_power(p_pu, power_factor_at(p_pu, curve.points)) if p_pu > 0.0 else 0.0
    q_pu = _follow(state.pf_q_pu, aim, dt_s, curve.response_s)
    return p_pu, q_pu, replace(state, pf_q_pu=q_pu)


def _beside_its_reactive_power(
    points: tuple[tuple[float, float], ...], p_pu: float, s_max_pu: float
) -> float:
    """Return the greatest active power up to this one whose own apparent power is within the limit."""
    if p_pu <= s_max_pu * abs(power_factor_at(p_pu, points)):
        return p_pu
    low, high = 0.0, p_pu
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle <= s_max_pu * abs(power_factor_at(middle, points)):
            low = middle
        else:
            high = middle
    return low


def _follow(before: float, target: float, dt_s: float, response_s: float) -> float:
    now = lag_step(before, target, lag_share(dt_s, response_s))
    return target if abs(target - now) < _SETTLED else now
