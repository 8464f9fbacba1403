"""The functions whose docstrings have the equations and sources of a device type, by its kind."""

from collections.abc import Callable
from typing import Any

from twin_tui.engine import frequency_meter, grid_support, protection
from twin_tui.engine.devices import (
    chp,
    chp_engine,
    chp_heat,
    ev_phases,
    heat_pump_model,
    meter_demand,
    meter_registers,
    pv_inputs,
)
from twin_tui.engine.physics import (
    ageing,
    battery,
    charger,
    container,
    droop,
    electrical,
    heat,
    load_shape,
    noise,
    pv,
    rainflow,
    standard_profile,
    sun,
    voltage_response,
)

LAWS: dict[str, tuple[Callable[..., Any], ...]] = {
    "battery": (
        electrical.current_limit,
        battery.lfp_ocv,
        battery.cell_resistance,
        battery.current,
        battery.power_at_voltage,
        battery.efficiency_loss,
        battery.converter_loss,
        ageing.age,
        ageing.calendar_stress,
        ageing.calendar_growth,
        ageing.cyclic_stress,
        ageing.cyclic_growth,
        ageing.nmc_calendar_stress,
        ageing.nmc_calendar_growth,
        ageing.nmc_cyclic_stress,
        ageing.nmc_cyclic_growth,
        rainflow.turned,
        container.container_step,
        container.thermostat,
    ),
    "chp": (
        electrical.current_limit,
        chp.fuel_w,
        heat.delayed_heat,
        chp_heat.advance_heat,
        chp_heat.throttled,
        heat.tank_loss,
        heat.building_demand,
        chp_engine.advance_sensors,
    ),
    "heat_pump": (heat.carnot_cop, heat_pump_model.power_share, heat.tank_loss, heat.building_demand),
    "ev_charger": (
        ev_phases.phases_now,
        electrical.pilot_duty,
        charger.charging_loss,
        charger.discharging_loss,
    ),
    "load": (
        voltage_response.zip_power,
        voltage_response.stalled_power,
        standard_profile.StandardProfile.share,
        load_shape.dynamic_factor,
        load_shape.household_share,
    ),
    "meter": (meter_registers.add_reactive, meter_demand.add_slot),
    "pv": (
        sun.solar_coordinates,
        sun.sun_vector,
        sun.refracted,
        sun.haurwitz,
        noise.ou_coefficients,
        sun.erbs,
        sun.isotropic_plane_irradiance,
        electrical.current_limit,
        pv.noct_cell_temperature,
        pv.faiman_cell_temperature,
        pv.dc_power,
        pv.inverter_ac_power,
        pv.inverter_loss,
        pv.active_power_beside,
        pv.dc_voltage,
        pv_inputs.strings,
    ),
}

SETTINGS_LAWS = (
    protection.step,
    droop.piecewise,
    droop.frequency_watt,
    grid_support.answer,
    droop.lag_share,
    droop.power_factor_at,
    frequency_meter.measure,
)
"""Those of the settings of a grid code."""
