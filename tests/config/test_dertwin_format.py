"""Site files in DER Twin's format load unchanged."""

from collections.abc import Callable
from math import isclose, sqrt
from pathlib import Path
from typing import Any

import pytest

from twin_tui.config import load_site
from twin_tui.protocols.modbus.endpoints import ModbusRtu, ModbusTcp

PLANT: dict[str, Any] = {
    "site_name": "plant",
    "step": 0.2,
    "real_time": False,
    "start_time_h": 9.5,
    "register_map_root": "maps",
    "external_models": {
        "power": {"base_load_w": 42000.0},
        "irradiance": {"peak": 900.0, "sunrise": 5.0, "sunset": 21.0},
        "ambient_temperature": {"mean": 12.0, "amplitude": 7.0, "peak_hour": 14.0},
        "grid_frequency": {"nominal_hz": 50.0, "noise_std": 0.004, "drift_std": 0.0003, "seed": 9},
        "grid_voltage": {"nominal_v_ll": 420.0, "noise_std": 0.84, "drift_std": 0.042, "seed": 9},
    },
    "assets": [
        {
            "comment": "the large one",
            "type": "bess",
            "capacity_kwh": 80.0,
            "initial_soc": 35.0,
            "max_charge_kw": 30.0,
            "max_discharge_kw": 40.0,
            "ramp_rate_kw_per_s": 8.0,
            "round_trip_eff": 0.81,
            "soc_limits": {"lower_1": 15, "lower_2": 10, "upper_1": 90, "upper_2": 95},
            "protocols": [
                {
                    "kind": "modbus_tcp",
                    "ip": "0.0.0.0",
                    "port": 55101,
                    "unit_id": 4,
                    "register_map": "bess_modbus.yaml",
                },
                {
                    "kind": "modbus_rtu",
                    "port": "/dev/ttyS9",
                    "baudrate": 19200,
                    "parity": "E",
                    "stopbits": 2,
                    "bytesize": 8,
                    "timeout": 0.5,
                    "unit_id": 7,
                    "register_map": "bess_modbus.yaml",
                },
            ],
        },
        {"type": "inverter", "asset_id": "roof", "rated_kw": 12.0, "port": 55102},
        {"type": "energy_meter"},
    ],
}


@pytest.fixture
def plant(write_site: Callable[..., Path]) -> Any:
    return load_site(write_site(PLANT))


def test_names_come_from_asset_ids_or_types(plant: Any) -> None:
    assert [device.name for device in plant.plan.devices] == ["load", "battery-1", "roof", "meter-1"]


def test_the_clock_is_that_of_the_file(plant: Any) -> None:
    assert plant.plan.dt_s == 0.2
    assert plant.plan.start_unix_s % 86400 == 9.5 * 3600
    assert plant.real_time is False


def test_the_base_load_becomes_a_load(plant: Any) -> None:
    assert plant.plan.devices[0].type.kind == "load"
    assert plant.plan.devices[0].params.base_w == 42000.0


def test_a_battery_arrives_in_si_units(plant: Any) -> None:
    params = plant.plan.devices[1].params
    assert params.capacity_wh == 80_000.0
    assert isclose(params.initial_soc, 0.35)
    assert (params.max_charge_w, params.max_discharge_w) == (30_000.0, 40_000.0)
    assert params.ramp_w_per_s == 8000.0
    assert isclose(params.charge_efficiency * params.discharge_efficiency, 0.81)


def test_soc_limits_are_commands_at_the_start(plant: Any) -> None:
    commands = plant.plan.devices[1].commands
    limits = [getattr(commands, f"soc_{name}") for name in ("lower_limit_2", "lower_limit_1")]
    limits += [getattr(commands, f"soc_{name}") for name in ("upper_limit_1", "upper_limit_2")]
    assert limits == pytest.approx([0.10, 0.15, 0.90, 0.95])


def test_a_pv_plant_is_as_large_as_its_inverter_unless_it_has_an_area(
    write_site: Callable[..., Path], plant: Any
) -> None:
    assert plant.plan.devices[2].params.peak_w == 12_000.0
    asset = {"type": "inverter", "rated_kw": 12.0, "module_efficiency": 0.25, "area_m2": 40.0}
    (pv,) = load_site(write_site({"assets": [asset]})).plan.devices
    assert pv.params.peak_w == pytest.approx(10_000.0)


def test_the_grid_has_the_spreads_of_the_file(plant: Any) -> None:
    grid = plant.plan.grid
    assert grid.frequency_std_hz == 0.004
    assert isclose(grid.frequency_drift_std_hz, 0.0003 * sqrt(300 / 2))
    assert isclose(grid.nominal_v, 420 / sqrt(3))
    assert isclose(grid.voltage_std_pu, 0.002)
    assert isclose(grid.voltage_drift_std_pu, 0.0001 * sqrt(600 / 2))
    assert grid.seed == 9


def test_the_weather_is_the_half_sine_of_the_file(plant: Any) -> None:
    weather = plant.plan.weather
    assert (weather.sky.value, weather.peak_w_m2, weather.sunrise_h, weather.sunset_h) == ("sine", 900, 5, 21)
    assert (weather.ambient_mean_c, weather.ambient_amplitude_k, weather.ambient_peak_h) == (12, 7, 14)


def test_endpoints_name_port_unit_and_map(plant: Any, site_folder: Path) -> None:
    tcp, rtu, flat = plant.endpoints
    assert isinstance(tcp, ModbusTcp)
    assert (tcp.device, tcp.host, tcp.port, tcp.unit) == ("battery-1", "0.0.0.0", 55101, 4)
    assert tcp.register_map == site_folder / "maps" / "bess_modbus.yaml"
    assert isinstance(rtu, ModbusRtu)
    assert (rtu.device, rtu.line, rtu.unit, rtu.options.baudrate) == ("battery-1", "/dev/ttyS9", 7, 19200)
    assert (rtu.options.parity, rtu.options.stopbits, rtu.options.timeout_s) == ("E", 2, 0.5)
    assert (flat.device, flat.host, flat.port, flat.unit) == ("roof", "127.0.0.1", 55102, 1)
    assert flat.register_map == site_folder / "maps" / "pv_inverter_modbus.yaml"


def test_a_site_with_a_meter_and_no_load_has_a_base_load_of_5_kw(write_site: Callable[..., Path]) -> None:
    path = write_site({"site_name": "bare", "assets": [{"type": "bess"}, {"type": "energy_meter"}]})
    assert load_site(path).plan.devices[0].params.base_w == 5000.0


def test_a_bare_battery_has_the_defaults_of_that_format(write_site: Callable[..., Path]) -> None:
    (battery,) = load_site(write_site({"site_name": "bare", "assets": [{"type": "bess"}]})).plan.devices
    assert battery.params.capacity_wh == 100_000.0
    assert battery.params.initial_soc == 0.5
    assert battery.params.max_charge_w == battery.params.max_discharge_w == 20_000.0
    assert battery.params.ramp_w_per_s == 100_000.0
    assert isclose(battery.params.charge_efficiency * battery.params.discharge_efficiency, 0.92)


def test_every_key_of_a_battery_in_that_format_is_accepted(write_site: Callable[..., Path]) -> None:
    asset = {
        "type": "bess",
        "ambient_temp_c": 31,
        "internal_resistance": 0.02,
        "thermal_capacity_j_per_k": 4e5,
        "thermal_conductance_w_per_k": 150,
    }
    (battery,) = load_site(write_site({"site_name": "x", "assets": [asset]})).plan.devices
    assert battery.params.initial_cell_c == 31
    assert battery.params.thermal_capacity_j_per_k == 4e5
    assert battery.params.thermal_conductance_w_per_k == 150


def test_both_spellings_of_the_nominal_voltage_are_read(write_site: Callable[..., Path]) -> None:
    for key in ("nominal_v_ll", "nominal_voltage_ll"):
        data = {"assets": [{"type": "bess"}], "external_models": {"grid_voltage": {key: 690.0}}}
        assert isclose(load_site(write_site(data)).plan.grid.nominal_v, 690.0 / sqrt(3))
