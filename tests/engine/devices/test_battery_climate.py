"""The heat of a battery: open, indoors, and in a container with climate control."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui import Twin
from twin_tui.engine.device import Status
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.battery_model import Housing
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Fault, ReportStatus
from twin_tui.engine.physics.container import container_step, thermostat
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import WeatherParams
from twin_tui.errors import ConfigError

PARAMS = BatteryParams(
    capacity_wh=1e6,
    max_charge_w=1e6,
    max_discharge_w=1e6,
    rated_va=1.1e6,
    thermal_capacity_j_per_k=7.3e6,
    thermal_conductance_w_per_k=1e4,
    housing=Housing.CONTAINER,
    ageing_speed=0.0,
)


def site(
    params: BatteryParams = PARAMS, ambient_c: float = 20.0, dt_s: float = 1.0, **commands: Any
) -> Engine:
    told = BatteryCommands(**{"start_stop": ON, **commands})
    steady = WeatherParams(ambient_mean_c=ambient_c, ambient_amplitude_k=0.0)
    return Engine(SitePlan("yard", (DevicePlan("b", BATTERY, params, told),), dt_s=dt_s, weather=steady))


nodes = st.floats(-40.0, 80.0)


@given(
    nodes, nodes, nodes, st.floats(0.0, 1e5), st.floats(-3e4, 3e4), st.sampled_from([0.1, 1.0, 60.0, 3600.0])
)
def test_what_the_nodes_gain_is_what_flows(
    cell_c: float, air_c: float, ambient_c: float, heat_w: float, climate_w: float, dt_s: float
) -> None:
    cells, air = container_step(
        cell_c,
        air_c,
        ambient_c,
        heat_w,
        climate_w,
        cell_j_per_k=7.3e6,
        air_j_per_k=6.4e5,
        cell_w_per_k=1e4,
        wall_w_per_k=115.0,
        dt_s=dt_s,
    )
    gained = 7.3e6 * (cells - cell_c) + 6.4e5 * (air - air_c)
    flowed = (heat_w + climate_w - 115.0 * (air - ambient_c)) * dt_s
    assert gained == pytest.approx(flowed, rel=1e-9, abs=1.0)
    # the cells' own balance, which the total does not show
    assert 7.3e6 * (cells - cell_c) == pytest.approx(
        (heat_w - 1e4 * (cells - air)) * dt_s, rel=1e-6, abs=10.0
    )


def test_a_container_comes_to_rest_where_its_walls_pass_what_arises() -> None:
    cells, air = 20.0, 20.0
    given_ = {"cell_j_per_k": 7.3e6, "air_j_per_k": 6.4e5, "cell_w_per_k": 1e4, "wall_w_per_k": 115.0}
    for _ in range(4000):
        cells, air = container_step(cells, air, -10.0, 2300.0, 0.0, dt_s=600.0, **given_)
    assert air == pytest.approx(-10.0 + 2300.0 / 115.0)
    assert cells == pytest.approx(air + 0.23)


def test_the_thermostat_has_a_band_at_either_end() -> None:
    course = [20, 14.9, 16, 17.9, 18.1, 16, 27, 28.1, 26, 25.1, 24.9, 27]
    found, state = [], 0
    for cell_c in course:
        state = thermostat(state, cell_c, 15.0, 28.0, 3.0)
        found.append(state)
    assert found == [0, 1, 1, 1, 0, 0, 0, -1, -1, -1, 0, 0]


def test_the_temperatures_do_not_depend_on_the_step() -> None:
    seen = []
    for dt_s in (1.0, 20.0):
        engine = site(dt_s=dt_s, ambient_c=35.0, active_power_setpoint_w=-300_000.0)
        engine.advance(3600.0)
        now = engine.telemetry("b")
        seen.append((now.cell_temperature_c, now.air_temperature_c))
    assert seen[0] == pytest.approx(seen[1], abs=0.3)


def test_heating_takes_power_from_the_site_and_not_from_the_converter() -> None:
    engine = site(replace(PARAMS, initial_cell_c=10.0), active_power_setpoint_w=100_000.0)
    engine.advance(60.0)
    seen = engine.telemetry("b")
    assert seen.active_power_w == 100_000.0
    assert seen.auxiliary_power_w == pytest.approx(15_000.0 / 2.5)
    assert seen.auxiliary_energy_wh == pytest.approx(6000.0 * 60 / 3600)
    assert engine.surroundings.grid_w == pytest.approx(-(100_000.0 - 6000.0))
    assert seen.air_temperature_c > 10.0
    assert seen.current_a_a == pytest.approx(100_000.0 / 3 / seen.voltage_ab_v * 3**0.5)


def test_the_converter_ramps_from_its_own_power() -> None:
    engine = site(replace(PARAMS, initial_cell_c=10.0, ramp_w_per_s=1000.0), active_power_setpoint_w=5000.0)
    powers = []
    for _ in range(7):
        engine.step()
        powers.append(engine.telemetry("b").active_power_w)
    assert powers == [1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 5000.0, 5000.0]
    engine.submit(ReportStatus("b", {"power_w": 2000.0}))
    engine.step()
    assert engine.telemetry("b").active_power_w == 2000.0


def test_without_grid_voltage_the_climate_control_stops() -> None:
    engine = site(replace(PARAMS, initial_cell_c=10.0))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    engine.advance(5.0)
    assert engine.devices["b"].state.active_power_w == 0.0
    assert engine.telemetry("b").auxiliary_power_w == 0.0
    assert engine.devices["b"].state.status is Status.TRIPPED


def test_in_an_island_a_forming_battery_supplies_its_own_climate_control() -> None:
    engine = site(replace(PARAMS, initial_cell_c=10.0, grid_forming=True))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    engine.advance(5.0)
    assert engine.surroundings.islanded
    assert engine.surroundings.grid_w == pytest.approx(0.0, abs=1e-6)
    assert engine.telemetry("b").active_power_w == pytest.approx(6000.0)


def test_a_stopped_battery_is_still_kept_warm() -> None:
    engine = site(replace(PARAMS, initial_cell_c=5.0), ambient_c=-20.0, dt_s=60.0, start_stop=2)
    engine.advance(86_400.0)
    assert engine.telemetry("b").cell_temperature_c > 14.0
    assert engine.telemetry("b").auxiliary_energy_wh > 1000.0


def test_without_its_fan_the_cells_are_further_from_the_air() -> None:
    gaps = []
    for fault in (False, True):
        engine = site(dt_s=10.0, active_power_setpoint_w=300_000.0)
        if fault:
            engine.submit(Fault("b", "fan"))
        engine.advance(3600.0)
        seen = engine.telemetry("b")
        gaps.append(seen.cell_temperature_c - seen.air_temperature_c)
    assert gaps[1] > 2.0 * gaps[0]


@pytest.mark.parametrize("dt_s", [60.0, 900.0, 3600.0])
@pytest.mark.parametrize("ambient_c", [-30.0, 50.0])
def test_the_climate_control_does_not_hunt_in_long_steps(dt_s: float, ambient_c: float) -> None:
    engine = site(ambient_c=ambient_c, dt_s=dt_s, start_stop=2)
    temperatures = []
    for _ in range(round(5 * 86_400 / dt_s)):
        engine.step()
        temperatures.append(engine.telemetry("b").cell_temperature_c)
    settled = temperatures[len(temperatures) // 2 :]
    assert all(14.0 < cell_c < 29.0 for cell_c in settled)
    climates = {engine.devices["b"].state.climate.running}
    assert climates <= {0, 1} if ambient_c < 0.0 else climates <= {0, -1}


def test_a_thermostat_that_heats_where_it_cools_is_refused() -> None:
    with pytest.raises(ConfigError, match="thermostat_band_k 20 of a battery is not in"):
        replace(PARAMS, thermostat_band_k=20.0)


def test_a_room_keeps_cells_from_the_weather() -> None:
    engine = site(replace(PARAMS, housing=Housing.INDOORS, room_c=18.0), ambient_c=-15.0, dt_s=60.0)
    engine.advance(7 * 86_400.0)
    seen = engine.telemetry("b")
    assert seen.cell_temperature_c == pytest.approx(18.0, abs=0.01)
    assert (seen.air_temperature_c, seen.auxiliary_power_w) == (18.0, 0.0)


def test_the_thermal_keys_of_dertwin_leave_the_cells_to_the_air_outside() -> None:
    keys = {
        "type": "bess",
        "capacity_kwh": 100,
        "thermal_capacity_j_per_k": 4e5,
        "thermal_conductance_w_per_k": 150,
    }
    twin = Twin.from_dict(
        {"step": 60, "weather": {"ambient_mean_c": -5, "ambient_amplitude_k": 0}, "assets": [keys]}
    )
    twin.advance(3600.0)
    expected = -5.0 + 25.0 * 2.718281828459045 ** (-3600 * 150 / 4e5)
    seen = twin.battery().telemetry
    assert seen.cell_temperature_c == pytest.approx(expected, rel=1e-6)
    assert seen.air_temperature_c == -5.0
