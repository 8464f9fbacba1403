"""Telemetry and commands of a heat pump or boiler."""

from twin_tui.engine.signals import commanded, measured, value


@value
class HeatPumpCommands:
    """The commands of a heat pump or boiler."""

    enabled: bool = commanded(True, "May run; below the least tank temperature it runs anyway")
    automatic: bool = commanded(True, "The thermostat decides; otherwise the heat setpoint does")
    heat_power_setpoint_w: float = commanded(
        0.0, "Heat setpoint when not automatic; below the least modulation it stops", "W", low=0.0
    )
    tank_setpoint_c: float = commanded(
        48.0, "Tank temperature that the thermostat keeps", "degC", low=5.0, high=95.0
    )
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)


@value
class HeatPumpTelemetry:
    """What a heat pump or boiler shows."""

    active_power_w: float = measured("Active power, negative while consuming", "W", high=0)
    reactive_power_var: float = measured("Reactive power", "var")
    consumption_power_w: float = measured("Electrical power taken", "W", low=0)
    heat_power_w: float = measured("Heat into the tank", "W", low=0)
    cop: float = measured("Heat over electricity at present temperatures", "1", low=0)
    running: bool = measured("Heats")
    tank_temperature_c: float = measured("Temperature of the tank as the controller sees it", "degC")
    flow_temperature_c: float = measured("Temperature of the water that heats the tank", "degC")
    source_temperature_c: float = measured("Temperature of the heat source", "degC")
    fill_level: float = measured("Heat in the tank between its least and greatest temperature", "1")
    heat_demand_w: float = measured("Heat that the house asks for", "W", low=0)
    heat_delivered_w: float = measured("Heat that the house gets", "W", low=0)
    heat_unmet_wh: float = measured("Heat that the house missed", "Wh", low=0)
    tank_loss_w: float = measured("Heat lost from the tank to the room", "W")
    must_heat: bool = measured("The tank is below its least temperature")
    must_stop: bool = measured("The tank is at its greatest temperature")
    max_heat_power_w: float = measured("Heat possible now", "W", low=0)
    min_heat_power_w: float = measured("Least heat while running", "W", low=0)
    energy_wh: float = measured("Electrical energy taken", "Wh", low=0)
    heat_energy_wh: float = measured("Heat delivered to the tank", "Wh", low=0)
    starts: int = measured("Starts", low=0)
    running_time_s: float = measured("Time spent heating", "s", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    working_status: int = measured("Condition as a number", options={0: "Idle", 1: "Heating", 2: "Fault"})
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)
