"""The internal names of DER Twin's register maps, and their signals."""

from collections.abc import Mapping
from dataclasses import field

from twin_tui.engine.signals import value


@value
class Alias:
    """The meaning of an internal name: a signal, and how the number in the register relates to it."""

    signal: str
    sign: int = 1
    special: Mapping[int, float] = field(default_factory=dict)
    """Raw values with a special meaning, in SI."""
    codes: Mapping[int, int] | None = None
    """Raw code → value of the signal."""
    modulo: int = 0
    """The register holds the number modulo this divisor."""
    quotient: int = 0
    """The register holds the number divided by this, rounded down."""


KINDS = {
    "bess": "battery",
    "inverter": "pv",
    "pv_inverter": "pv",
    "hybrid_inverter": "pv",
    "energy_meter": "meter",
}
"""Device types of maps whose name differs from the kind."""

_GRID = {
    "grid_frequency": Alias("frequency_hz"),
    "grid_voltage_ab": Alias("voltage_ab_v"),
    "grid_voltage_bc": Alias("voltage_bc_v"),
    "grid_voltage_ca": Alias("voltage_ca_v"),
    "phase_voltage_a": Alias("voltage_a_v"),
    "phase_voltage_b": Alias("voltage_b_v"),
    "phase_voltage_c": Alias("voltage_c_v"),
    "phase_current_a": Alias("current_a_a"),
    "phase_current_b": Alias("current_b_a"),
    "phase_current_c": Alias("current_c_a"),
}
_POWER = {
    "active_power": Alias("active_power_w"),
    "reactive_power": Alias("reactive_power_var"),
    "apparent_power": Alias("apparent_power_va"),
    "total_active_power": Alias("active_power_w"),
    "total_reactive_power": Alias("reactive_power_var"),
    "total_apparent_power": Alias("apparent_power_va"),
}

ALIASES: dict[str, dict[str, Alias]] = {
    "battery": {
        **_GRID,
        **_POWER,
        "service_voltage": Alias("dc_voltage_v"),
        "service_current": Alias("dc_current_a"),
        "system_soc": Alias("soc"),
        "system_soh": Alias("soh"),
        "battery_temperature": Alias("cell_temperature_c"),
        "total_charge_energy": Alias("charged_energy_wh"),
        "total_discharge_energy": Alias("discharged_energy_wh"),
        "charge_and_discharge_cycles": Alias("cycles"),
        "max_charge_power": Alias("max_charge_power_w"),
        "max_discharge_power": Alias("max_discharge_power_w"),
        "available_charging_power": Alias("available_charge_power_w"),
        "available_discharging_power": Alias("available_discharge_power_w"),
        "on_grid_power": Alias("active_power_setpoint_w"),
        "active_power_setpoint": Alias("active_power_setpoint_w"),
        "reactive_power_setpoint": Alias("reactive_power_setpoint_var"),
        "start_stop_standby": Alias("start_stop"),
        "local_remote_settings": Alias("local_remote"),
        "local_remote_mode": Alias("local_remote"),
        "working_mode": Alias("power_control_mode", codes={0xAA: 1, 0x55: 2, 0xBB: 3}),
    },
    "pv": {
        **_GRID,
        **_POWER,
        "total_input_power": Alias("dc_power_w"),
        "today_output_energy": Alias("day_energy_wh"),
        "lifetime_output_energy": Alias("total_energy_wh"),
        "temp_inverter": Alias("inverter_temperature_c"),
        "phase_neutral_voltage_1": Alias("voltage_a_v"),
        "phase_neutral_voltage_2": Alias("voltage_b_v"),
        "phase_neutral_voltage_3": Alias("voltage_c_v"),
        "remote_on_off": Alias("on"),
        "active_power_rate": Alias("active_power_limit_pu", special={255: 1.0}),
        "active_power_rate_status": Alias("active_power_limit_pu"),
        "reactive_power_rate": Alias("reactive_power_pu"),
    },
    "meter": {
        **_GRID,
        **_POWER,
        **{
            f"{quantity}_{phase}": Alias(f"{signal}_{phase}_{unit}")
            for phase in "abc"
            for quantity, signal, unit in (
                ("phase_active_power", "active_power", "w"),
                ("phase_reactive_power", "reactive_power", "var"),
                ("phase_apparent_power", "apparent_power", "va"),
                ("reactive_power", "reactive_power", "var"),
                ("apparent_power", "apparent_power", "va"),
                ("phase_import_energy", "import_energy", "wh"),
                ("phase_export_energy", "export_energy", "wh"),
            )
        },
        "total_power_factor": Alias("power_factor"),
        "total_import_energy": Alias("import_energy_wh"),
        "total_export_energy": Alias("export_energy_wh"),
        "current_demand_kw": Alias("demand_w"),
        "max_demand_kw": Alias("max_demand_w"),
        "interval_time": Alias("demand_interval_s"),
    },
    "chp": {
        **_GRID,
        **_POWER,
        "actual_power_percent": Alias("load_pu"),
        "actual_power_kw": Alias("active_power_w"),
        "permitted_power_percent": Alias("permitted_load_pu"),
        "heat_power_kw": Alias("heat_power_w"),
        "throttle_position": Alias("throttle_position_pu"),
        "coolant_outlet_temp": Alias("coolant_outlet_c"),
        "coolant_inlet_temp": Alias("coolant_inlet_c"),
        "exhaust_temp_after_catalyst": Alias("exhaust_temperature_c"),
        "oil_temperature": Alias("oil_temperature_c"),
        "intake_air_temp": Alias("intake_air_c"),
        "oil_pressure": Alias("oil_pressure_bar"),
        "charge_pressure": Alias("charge_pressure_bar"),
        "operating_hours": Alias("operating_hours_h", modulo=10_000),
        "operating_hours_10000": Alias("operating_hours_h", quotient=10_000),
        "start_counter": Alias("starts", modulo=10_000),
        "start_counter_10000": Alias("starts", quotient=10_000),
        "power_setpoint_percent": Alias("load_setpoint_pu"),
        "remote_acknowledgment": Alias("acknowledge"),
        "parameterizable_regulator_setpoint": Alias("regulator_setpoint"),
    },
    "load": {"active_power": Alias("active_power_w", sign=-1)},
    "ev_charger": {"active_power": Alias("active_power_w", sign=-1)},
}
