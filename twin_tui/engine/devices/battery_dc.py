"""The DC side of a battery: what the cells give or take for an AC power, within their voltage and energy."""

from math import copysign

from twin_tui.engine.devices.battery_ageing import Ageing
from twin_tui.engine.devices.battery_limits import source
from twin_tui.engine.devices.battery_model import CALM_RESISTANCE, UNMEASURED, BatteryParams, DcSide
from twin_tui.engine.physics.battery import active_power_of, current, power_at_voltage

BISECTIONS = 12
CLOSE = 1e-3
"""Share of the power within which a taper is found; it stays on the safe side."""

Drive = tuple[float, float, float, DcSide]
"""AC power, power of the cells' energy and heat of the cells in W, and what is at their terminals."""


def drive(
    params: BatteryParams,
    ageing: Ageing,
    energy_wh: float,
    cell_c: float,
    power_w: float,
    var: float,
    standby_w: float,
    hours: float,
    switching: bool,
) -> Drive:
    """Return what becomes of a wanted AC power in one step.

    Power and standby loss are cut to what the voltage of the cells allows at the state of charge before and
    after the step, and to the energy that there is or fits in. Full cells leave the standby loss to the grid,
    empty ones all losses.
    """
    wanted = (_dc(params, power_w, var) if switching else 0.0) + standby_w
    capacity = ageing.capacity_wh
    soc = energy_wh / capacity
    ocv, ohm = source(params, ageing, soc, cell_c, wanted > 0.0)
    inner = 0.0 if params.converter is None else ohm
    low, high = params.calm
    if low < soc < high and ageing.resistance <= CALM_RESISTANCE:
        cells = _cells(wanted, ocv, inner)
        if low * capacity < energy_wh - cells * hours < high * capacity:
            if not inner:
                return power_w, cells, _heat(params, power_w), UNMEASURED
            amps = cells / ocv
            return power_w, cells, cells - wanted, DcSide(ocv - ohm * amps, amps, "")

    dc = wanted
    most = voltage_room_w(params, ageing, soc, cell_c, dc > 0.0)
    if abs(dc) > most:
        dc = copysign(most, dc)

    def fits(dc_w: float) -> bool:
        after = (energy_wh - _cells(dc_w, ocv, inner) * hours) / capacity
        return abs(dc_w) <= voltage_room_w(params, ageing, after, cell_c, dc_w > 0.0)

    if not fits(dc):
        after = (energy_wh - _cells(dc, ocv, inner) * hours) / capacity
        good, bad = 0.0, dc
        guess = copysign(min(abs(dc), voltage_room_w(params, ageing, after, cell_c, dc > 0.0)), dc)
        for _ in range(BISECTIONS):
            if fits(guess):
                good = guess
            else:
                bad = guess
            if abs(bad - good) <= CLOSE * abs(bad):
                break
            guess = 0.5 * (good + bad)
        dc = good
    limit = "" if dc == wanted else "low" if wanted > 0.0 else "high"

    cells = _cells(dc, ocv, inner)
    least, greatest = (energy_wh - capacity) / hours, energy_wh / hours
    if not least <= cells <= greatest:
        cells = min(max(cells, least), greatest)
        amps = cells / ocv
        dc = (ocv - inner * amps) * amps
    if dc != wanted and (var or (power_w and (power_w > 0.0) == (wanted > 0.0))):
        power_w = _ac(params, dc - standby_w, var)
        if not var and (power_w == 0.0 or (power_w < 0.0 < wanted)):
            return drive(params, ageing, energy_wh, cell_c, 0.0, 0.0, standby_w, hours, False)
    elif dc < wanted and wanted > 0.0:
        power_w -= wanted - dc
    amps = current(dc, ocv, ohm)
    heat = cells - dc if inner else _heat(params, power_w)
    return power_w, cells, heat, DcSide(ocv - ohm * amps, amps, limit)


def voltage_room_w(
    params: BatteryParams, ageing: Ageing, soc: float, cell_c: float, discharging: bool
) -> float:
    """Return the greatest DC power in one direction at which every cell stays within its voltage, W."""
    ocv, ohm = source(params, ageing, soc, cell_c, discharging)
    cell = params.cell
    return power_at_voltage((cell.low_v if discharging else cell.high_v) * params.series, ocv, ohm)


def available_by_voltage_w(
    params: BatteryParams, ocv: float, charging_ohm: float, discharging_ohm: float, standby_w: float
) -> tuple[float, float]:
    """Return the AC charge and discharge power at which the cells stay within their voltage, both ≥ 0, W."""
    charge = power_at_voltage(params.cell.high_v * params.series, ocv, charging_ohm) + standby_w
    discharge = power_at_voltage(params.cell.low_v * params.series, ocv, discharging_ohm) - standby_w
    most_in, most_out = params.charge_limit_w, params.discharge_limit_w
    if charge < -_dc(params, -most_in, 0.0):
        most_in = max(0.0, -_ac(params, -charge, 0.0))
    if discharge < _dc(params, most_out, 0.0):
        most_out = max(0.0, _ac(params, discharge, 0.0))
    return most_in, most_out


def _dc(params: BatteryParams, ac_w: float, var: float) -> float:
    if var or params.converter is not None:
        return ac_w + params.lost_w(ac_w, var)
    return ac_w / params.discharge_efficiency if ac_w > 0.0 else ac_w * params.charge_efficiency


def _ac(params: BatteryParams, dc_w: float, var: float) -> float:
    if var or params.converter is not None:
        return active_power_of(dc_w, lambda power_w: params.lost_w(power_w, var))
    return dc_w * params.discharge_efficiency if dc_w > 0.0 else dc_w / params.charge_efficiency


def _heat(params: BatteryParams, power_w: float) -> float:
    """Return the heat of the cells of a battery whose losses are two efficiencies."""
    return abs(_dc(params, power_w, 0.0) - power_w)


def _cells(dc_w: float, ocv: float, inner_ohm: float) -> float:
    return ocv * current(dc_w, ocv, inner_ohm) if inner_ohm else dc_w
