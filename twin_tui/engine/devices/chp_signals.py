"""Telemetry and commands of a CHP."""

from twin_tui.engine.devices.chp_engine import ChpUnit
from twin_tui.engine.grid_settings import NO_SETTINGS, GridSettings, GridTied
from twin_tui.engine.signals import commanded, grouped, measured, value

STOP, START = 0, 1
ACKNOWLEDGE = 0x10E1


@value
class ChpCommands(GridTied):
    """The commands of a CHP."""

    start_stop: int = commanded(STOP, "Run command", options={STOP: "Stop", START: "Start"})
    load_setpoint_pu: float = commanded(
        0.0, "Load setpoint; below the least load it means that one, 0 none", "1", low=0.0, high=1.1
    )
    power_factor_setpoint: float = commanded(
        1.0, "Power factor setpoint; + injects vars, 0 is not set", "1", low=-1.0, high=1.0
    )
    acknowledge: int = commanded(
        0, "0x10E1 (4321) acknowledges faults whose cause is gone", low=0, high=65535, momentary=True
    )
    regulator_setpoint: int = commanded(
        0,
        "Setpoint of the regulator that the plant builder assigns; none is assigned here",
        low=0,
        high=65535,
    )
    settings: GridSettings = grouped(NO_SETTINGS)


@value
class ChpTelemetry:
    """What a CHP shows."""

    unit_state: int = measured(
        "State of the unit",
        options={unit.value: unit.name.replace("_", " ").capitalize() for unit in ChpUnit},
    )
    active_power_w: float = measured("Electrical power", "W", low=0)
    reactive_power_var: float = measured("Reactive power, + into the grid", "var")
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    power_factor: float = measured("Active over apparent power, 1 without power", "1", low=0, high=1)
    frequency_hz: float = measured("Grid frequency at the terminals", "Hz", low=0)
    voltage_a_v: float = measured("Voltage of phase a to neutral", "V", low=0)
    voltage_b_v: float = measured("Voltage of phase b to neutral", "V", low=0)
    voltage_c_v: float = measured("Voltage of phase c to neutral", "V", low=0)
    voltage_ab_v: float = measured("Line voltage a to b", "V", low=0)
    voltage_bc_v: float = measured("Line voltage b to c", "V", low=0)
    voltage_ca_v: float = measured("Line voltage c to a", "V", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    load_pu: float = measured("Electrical power as a share of the rating", "1", low=0)
    permitted_load_pu: float = measured("Load that gas and temperature allow now", "1", low=0)
    heat_power_w: float = measured("Heat delivered to the heating circuit, or its buffer", "W", low=0)
    fuel_power_w: float = measured("Fuel burnt, lower heating value", "W", low=0)
    engine_speed_rpm: float = measured("Speed of the engine", "rpm", low=0)
    throttle_position_pu: float = measured("Opening of the throttle", "1", low=0)
    coolant_outlet_c: float = measured("Coolant from the engine", "degC")
    coolant_inlet_c: float = measured("Coolant to the engine", "degC")
    exhaust_temperature_c: float = measured("Exhaust after the catalyst", "degC")
    oil_temperature_c: float = measured("Lubricating oil", "degC")
    intake_air_c: float = measured("Intake air", "degC")
    oil_pressure_bar: float = measured("Pressure of the lubricating oil", "bar", low=0)
    charge_pressure_bar: float = measured("Charge pressure over the atmosphere", "bar", low=0)
    operating_hours_h: int = measured("Whole hours on the grid", "h", low=0)
    starts: int = measured("Starts", low=0)
    energy_wh: float = measured("Electrical energy delivered", "Wh", low=0)
    heat_energy_wh: float = measured("Heat delivered", "Wh", low=0)
    fuel_energy_wh: float = measured("Fuel burnt", "Wh", low=0)
    run_left_s: float = measured("Least run time still to come, a stop waits for it", "s", low=0)
    rest_left_s: float = measured("Least rest still to come, a start waits for it", "s", low=0)
    buffer_temperature_c: float = measured("Buffer store, and so the return to the engine", "degC")
    buffer_full: bool = measured("The buffer has been full and has not cooled enough since")
    buffer_loss_w: float = measured("Heat lost from the buffer to its room", "W")
    heat_demand_w: float = measured("Heat that the building asks for", "W", low=0)
    heat_supplied_w: float = measured("Heat that it gets from the buffer", "W", low=0)
    heat_unmet_wh: float = measured("Heat that it missed", "Wh", low=0)
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)
    auto_mode: bool = measured("Obeys remote commands")
    engine_running: bool = measured("On the grid")
    circuit_breaker_closed: bool = measured("Generator breaker closed")
    e_stop_request: bool = measured("Emergency stop pressed")
    collective_warning: bool = measured("Some warning is present")
    collective_fault: bool = measured("Some fault has shut the unit down")
    power_supply_failure: bool = measured("Controller supply failed")
    ignition_on: bool = measured("Ignition on")
    starter_on: bool = measured("Starter motor on")
    prelube_pump_on: bool = measured("Prelubrication pump on")
    preheat_on: bool = measured("Preheating on")
