"""Support of the grid: frequency-watt droop, volt-var and volt-watt, each with its response time."""

from math import inf

from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.physics.droop import frequency_watt, lag_share, lag_step, piecewise
from twin_tui.engine.signals import value

_SETTLED = 1e-6


@value
class SupportState:
    """What the support functions ask for, per unit of the rating."""

    droop_pu: float = 0.0
    """Active power to add; negative when the frequency is high."""
    of_power: bool = False
    """Whether that is a share of the device's own power instead of the rating."""
    p_limit_pu: float = 1.0
    """Volt-watt: no more active power into the grid than this."""
    q_pu: float = 0.0
    """Volt-var: reactive power, positive injects."""
    active: bool = False


NEUTRAL = SupportState()


def step(code: GridCode, state: SupportState, dt_s: float, v_pu: float, frequency_hz: float) -> SupportState:
    """Advance the support functions that a code has by one step, at the mean of the phase voltages.

    Returns `NEUTRAL` while voltage and frequency request nothing.

    References
    ----------
    IEEE Std 1547-2018, 5.3.3 (volt-var), 5.4.2 (volt-watt), 6.5.2.7 (droop),
    doi:10.1109/IEEESTD.2018.8332112.
    """
    droop, var, watt = code.frequency_droop, code.volt_var, code.volt_watt
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
    if not state.active and droop_target == 0.0 and q_target == 0.0 and limit_target == 1.0:
        return NEUTRAL
    droop_pu = q = 0.0
    if droop is not None:
        droop_pu = _follow(state.droop_pu, droop_target, dt_s, droop.response_s)
    limit = _follow(state.p_limit_pu, limit_target, dt_s, watt.response_s) if watt is not None else 1.0
    if var is not None:
        q = _follow(state.q_pu, q_target, dt_s, var.response_s)
    if droop_pu == 0.0 and q == 0.0 and limit == 1.0:
        return NEUTRAL
    return SupportState(droop_pu, droop is not None and droop.of_power, limit, q, True)


def supported_power(state: SupportState, p_pu: float, p_min_pu: float, p_max_pu: float) -> float:
    """Return the active power after support, per unit, from what a device that can do so much would give now.

    A droop never pushes it beyond what the device can do, and volt-watt caps it last.
    """
    if not state.active:
        return p_pu
    power = p_pu + (state.droop_pu * abs(p_pu) if state.of_power else state.droop_pu)
    low, high = min(p_min_pu, p_pu), max(p_max_pu, p_pu)
    power = low if power < low else high if power > high else power
    return power if power < state.p_limit_pu else state.p_limit_pu


def _follow(before: float, target: float, dt_s: float, response_s: float) -> float:
    now = lag_step(before, target, lag_share(dt_s, response_s))
    return target if abs(target - now) < _SETTLED else now
