"""What a battery shows."""

from twin_tui.engine.device import Status, first_code
from twin_tui.engine.devices.battery_limits import available_w, source
from twin_tui.engine.devices.battery_model import (
    DC_CONTACTOR_OPEN,
    FAULTS,
    BatteryCommands,
    BatteryParams,
    BatteryState,
    BatteryTelemetry,
)
from twin_tui.engine.devices.terminals import terminals
from twin_tui.engine.physics.battery import age, calendar_stress, current, cyclic_stress, dc_from_ac
from twin_tui.engine.surroundings import Surroundings

DEPTH_OF_CYCLE = 0.8
AGEING_SOC, AGEING_C = 0.5, 25.0


def shown_soc(params: BatteryParams, state: BatteryState) -> float:
    """Return the state of charge that the battery shows, which a faulty sensor makes a wrong one."""
    memory = state.memory
    if memory.stuck_soc is not None:
        return memory.stuck_soc
    return min(1.0, max(0.0, state.energy_wh / params.capacity_wh + memory.soc_offset))


def observe(
    params: BatteryParams, state: BatteryState, commands: BatteryCommands, surroundings: Surroundings
) -> BatteryTelemetry:
    """Return what the battery shows at this tick."""
    soc = state.energy_wh / params.capacity_wh
    charge, discharge = available_w(params, commands, soc, state.cell_c, state.faults, state.tie)
    power = state.active_power_w
    dc = power + state.loss_w
    if params.converter is not None:
        dc = dc_from_ac(power, params.rated_va, params.converter)
        if params.standby_w and state.energy_wh > 0.0 and state.status in (Status.RUNNING, Status.STANDBY):
            dc += params.standby_w
    ocv, ohm = source(params, soc, state.cell_c, dc > 0.0)
    amps = current(dc, ocv, ohm)
    cycles = state.drawn_wh / params.capacity_wh
    stopped = state.status is Status.FAULT or state.tie.status is not Status.RUNNING
    return BatteryTelemetry(
        **terminals(BatteryTelemetry, state, surroundings),
        soc=shown_soc(params, state),
        soh=_health(params, cycles, surroundings.time_s),
        working_status=2 if stopped else 1 if state.status is Status.RUNNING else 0,
        fault_code=first_code(FAULTS, state.faults),
        dc_voltage_v=0.0 if state.faults & DC_CONTACTOR_OPEN else ocv - ohm * amps,
        dc_current_a=amps,
        dc_power_w=dc,
        open_circuit_v=ocv,
        cell_temperature_c=state.cell_c,
        energy_wh=state.energy_wh,
        charged_energy_wh=state.charged_wh,
        discharged_energy_wh=state.discharged_wh,
        cycles=cycles,
        max_charge_power_w=params.max_charge_w,
        max_discharge_power_w=params.max_discharge_w,
        available_charge_power_w=charge,
        available_discharge_power_w=discharge,
        loss_w=state.loss_w,
    )


def _health(params: BatteryParams, cycles: float, time_s: float) -> float:
    """Return the state of health: calendar ageing at 25 °C and half charge, carried on from the loss at the
    start, plus that of the cycles, taken as 80 % deep at rated power. It never rises.
    """
    calendar = age(1.0 - params.initial_soh, calendar_stress(AGEING_C, AGEING_SOC), time_s)
    rate = max(params.charge_limit_w, params.discharge_limit_w) / params.capacity_wh
    return max(0.0, 1.0 - calendar - age(0.0, cyclic_stress(rate, DEPTH_OF_CYCLE), cycles))
