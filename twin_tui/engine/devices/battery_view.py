"""What a battery shows."""

from dataclasses import replace

from twin_tui.engine.device import Status, first_code
from twin_tui.engine.devices.battery_dc import available_by_voltage_w
from twin_tui.engine.devices.battery_limits import available_w, sources
from twin_tui.engine.devices.battery_model import (
    AT_EASE,
    DC_CONTACTOR_OPEN,
    FAULTS,
    BatteryCommands,
    BatteryParams,
    BatteryState,
    BatteryTelemetry,
    Housing,
)
from twin_tui.engine.devices.terminals import allowed_va, terminals
from twin_tui.engine.physics.battery import current
from twin_tui.engine.surroundings import Surroundings


def shown_soc(params: BatteryParams, state: BatteryState) -> float:
    """Return the state of charge that the battery shows, which a faulty sensor makes a wrong one."""
    memory = state.memory
    if memory.stuck_soc is not None:
        return memory.stuck_soc
    return min(1.0, max(0.0, state.energy_wh / state.ageing.capacity_wh + memory.soc_offset))


def converter_w(state: BatteryState) -> float:
    """Return the power of the converter: in a container there is an auxiliary power beside it."""
    return state.active_power_w if state.climate is AT_EASE else state.climate.converter_w


def observe(
    params: BatteryParams, state: BatteryState, commands: BatteryCommands, surroundings: Surroundings
) -> BatteryTelemetry:
    """Return what the battery shows at this tick."""
    ageing, climate = state.ageing, state.climate
    power = converter_w(state)
    at_converter = state if power == state.active_power_w else replace(state, active_power_w=power)
    housing = params.housing
    air_c = surroundings.ambient_c if housing is Housing.OPEN else climate.air_c
    if housing is Housing.INDOORS:
        air_c = params.room_c
    capacity = ageing.capacity_wh
    soc = state.energy_wh / capacity
    most = allowed_va(params.rated_va, surroundings, params.max_current_pu)
    charge, discharge = available_w(params, commands, soc, state.cell_c, state.faults, state.tie, most)
    standby = params.standby_w if state.status in (Status.RUNNING, Status.STANDBY) else 0.0
    ocv, charging_ohm, discharging_ohm = sources(params, ageing, soc, state.cell_c)
    by_voltage = available_by_voltage_w(params, ocv, charging_ohm, discharging_ohm, standby)
    volts, amps = state.dc.voltage_v, state.dc.current_a
    if not volts:
        ohm = discharging_ohm if power + state.loss_w > 0.0 else charging_ohm
        amps = current(power + state.loss_w, ocv, ohm)
        volts = ocv - ohm * amps
    forms = params.grid_forming and state.status is Status.RUNNING
    stopped = state.status is Status.FAULT or state.tie.status is not Status.RUNNING
    return BatteryTelemetry(
        **terminals(
            BatteryTelemetry, at_converter, surroundings, forming_va=params.rated_va if forms else 0.0
        ),
        soc=shown_soc(params, state),
        soh=capacity / params.capacity_wh,
        capacity_wh=capacity,
        calendar_loss=ageing.calendar_loss,
        cycle_loss=ageing.cycle_loss,
        resistance_pu=ageing.resistance,
        faded_wh=ageing.faded_wh,
        working_status=2 if stopped else 1 if state.status is Status.RUNNING else 0,
        fault_code=first_code(FAULTS, state.faults),
        dc_voltage_v=0.0 if state.faults & DC_CONTACTOR_OPEN else volts,
        dc_current_a=amps,
        dc_power_w=volts * amps,
        open_circuit_v=ocv,
        cell_temperature_c=state.cell_c,
        air_temperature_c=air_c,
        auxiliary_power_w=climate.auxiliary_w,
        auxiliary_energy_wh=params.initial_auxiliary_wh + climate.auxiliary_wh,
        energy_wh=state.energy_wh,
        charged_energy_wh=params.initial_charged_wh + state.charged_wh,
        discharged_energy_wh=params.initial_discharged_wh + state.discharged_wh,
        cycles=params.initial_cycles + state.drawn_wh / params.capacity_wh,
        max_charge_power_w=params.max_charge_w,
        max_discharge_power_w=params.max_discharge_w,
        available_charge_power_w=min(charge, by_voltage[0]),
        available_discharge_power_w=min(discharge, by_voltage[1]),
        loss_w=state.loss_w,
    )
