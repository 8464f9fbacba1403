"""From the points of the controls to commands of a device."""

from collections.abc import Callable, Sequence

from twin_tui.engine.bounds import NO_LIMIT_W
from twin_tui.engine.devices.battery_model import BatteryParams
from twin_tui.engine.devices.pv_model import PvParams
from twin_tui.engine.signals import Scalar
from twin_tui.protocols.sunspec.controls import (
    CONNECTION,
    FACTOR,
    LIMIT,
    POWER,
    POWER_SETTINGS,
    RAMP_SETTINGS,
    STORAGE,
    VAR,
    PointControl,
)

Number = Callable[[str], float | None]
"""The value of a point in its unit; None for one that the map does not serve."""
Commands = dict[str, Scalar]
_CHARGE, _DISCHARGE = 1, 2
_OF_VAR, _OF_POWER = (1, 3), 0


def enabled(control: PointControl, number: Number) -> bool:
    """Return whether a control is in force; a disconnection is, a connection is the normal state."""
    found = number(control.enable)
    return found == 0.0 if control.function == CONNECTION else bool(found)


def effect(
    function: str, params: PvParams | BatteryParams, controls: Sequence[PointControl], number: Number
) -> Commands:
    """Return the commands of a function; of several enabled limits the lowest applies, else the first."""
    active = [control for control in controls if enabled(control, number)]
    first = next((control for control in active if control.function == function), None)
    battery = isinstance(params, BatteryParams)
    if function == FACTOR:
        return {"power_factor_setpoint": 1.0 if first is None else _factor(first, number)}
    if function == VAR:
        return {"reactive_power_setpoint_var": 0.0 if first is None else _var(first, params, number)}
    if function == CONNECTION:
        on: Commands = {"start_stop": 1} if battery else {"on": True}
        off: Commands = {"start_stop": 2} if battery else {"on": False}
        return on if first is None else off
    if isinstance(params, BatteryParams):
        return _setpoint(first, params, number) if function == POWER else _window(active, params, number)
    share = _share(active, number) * _greatest_w(params, number) / params.rated_w
    wanted = next((control for control in active if control.function == POWER), None)
    most_w = NO_LIMIT_W if wanted is None else max(0.0, _power(params, number))
    return {"active_power_limit_pu": min(1.0, share), "active_power_limit_w": most_w}


def ramp(number: Number) -> float:
    """Return the ramp of the settings, as a share of the rating a second; 0 without one."""
    found = [number(name) for name in RAMP_SETTINGS]
    return next((percent / 100.0 for percent in found if percent is not None), 0.0)


def _rated_w(params: PvParams | BatteryParams) -> float:
    return params.max_discharge_w if isinstance(params, BatteryParams) else params.rated_w


def _most_var(params: PvParams | BatteryParams) -> float:
    return params.rated_va if isinstance(params, BatteryParams) else params.s_max_va


def _greatest_w(params: PvParams | BatteryParams, number: Number) -> float:
    rated_w = _rated_w(params)
    found = [number(name) for name in POWER_SETTINGS]
    return _set_w(rated_w, next((each for each in found if each is not None), None))


def _set_w(rated_w: float, set_w: float | None) -> float:
    """Return a rating as it is set; a register holds the rating with fewer digits."""
    return rated_w if set_w is None or set_w >= rated_w * 0.999 else set_w


def _share(active: Sequence[PointControl], number: Number) -> float:
    found = [number(each.points[0]) for each in active if each.function == LIMIT]
    return min((percent / 100.0 for percent in found if percent is not None), default=1.0)


def _factor(control: PointControl, number: Number) -> float:
    factor = number(control.points[0]) or 1.0
    under_excited = len(control.points) > 1 and number(control.points[1]) == 1.0
    return -factor if under_excited else factor


def _var(control: PointControl, params: PvParams | BatteryParams, number: Number) -> float:
    if control.enable.startswith("m123_"):
        of_power, of_var, mode = (number(name) or 0.0 for name in control.points)
        if not mode:
            return 0.0
        return (of_power * _greatest_w(params, number) if mode == 1.0 else of_var * _most_var(params)) / 100.0
    var, percent, mode = (number(name) or 0.0 for name in control.points)
    if mode in _OF_VAR:
        return percent / 100.0 * _most_var(params)
    return percent / 100.0 * _greatest_w(params, number) if mode == _OF_POWER else var


def _power(params: PvParams | BatteryParams, number: Number) -> float:
    watts, percent = number("m704_WSet") or 0.0, number("m704_WSetPct") or 0.0
    return watts if number("m704_WSetMod") else percent / 100.0 * _greatest_w(params, number)


def _setpoint(control: PointControl | None, params: BatteryParams, number: Number) -> Commands:
    if control is None:
        return {"active_power_setpoint_w": 0.0}
    return {"start_stop": 1, "active_power_setpoint_w": _power(params, number)}


def _window(active: Sequence[PointControl], params: BatteryParams, number: Number) -> Commands:
    """Return the power that limits and storage rates leave a battery.

    Negative rates force: it charges with at least that much, or discharges.
    """
    greatest_w = _greatest_w(params, number)
    limited = any(control.function == LIMIT for control in active) or greatest_w < params.max_discharge_w
    most_w = _share(active, number) * greatest_w if limited else NO_LIMIT_W
    charge_w = NO_LIMIT_W
    forced = False
    if any(control.function == STORAGE for control in active):
        mode = int(number("m124_StorCtl_Mod") or 0)
        charge, discharge = number("m124_InWRte") or 0.0, number("m124_OutWRte") or 0.0
        if mode & _CHARGE:
            charge_w = charge / 100.0 * _set_w(params.max_charge_w, number("m124_WChaMax"))
        if mode & _DISCHARGE:
            most_w = min(most_w, discharge / 100.0 * params.max_discharge_w)
        forced = charge_w < 0.0 or most_w < 0.0
    found: Commands = {"charge_limit_w": charge_w, "discharge_limit_w": most_w}
    return found | ({"start_stop": 1} if forced else {})
