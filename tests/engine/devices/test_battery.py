"""A battery: limits, deadtime, ramp, current, losses, voltage, heat, and what its faults do."""

import math
from dataclasses import replace
from typing import Any

import pytest

from twin_tui.engine.device import Status
from twin_tui.engine.devices.battery import BATTERY, OFF, ON, STANDBY, BatteryCommands, BatteryParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Fault, Write
from twin_tui.engine.physics.battery import NMC, NOTTON, SUNGROW_SC1000TL
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import WeatherParams

PARAMS = BatteryParams(
    capacity_wh=10_000.0, max_charge_w=8000.0, max_discharge_w=8000.0, rated_va=10_000.0, ageing_speed=0.0
)
RUNNING = BatteryCommands(start_stop=ON)


def site(params: BatteryParams = PARAMS, dt_s: float = 0.1, **commands: Any) -> Engine:
    told = replace(RUNNING, **commands)
    steady = WeatherParams(ambient_amplitude_k=0.0)
    return Engine(SitePlan("cellar", (DevicePlan("b", BATTERY, params, told),), dt_s=dt_s, weather=steady))


def test_twenty_minutes_of_charging_fill_a_10_kwh_battery():
    params = BatteryParams(10_000.0, 20_000.0, 20_000.0, 20_000.0, initial_soc=0.4)
    engine = Engine(SitePlan("fast-forward", (DevicePlan("b", BATTERY, params),), dt_s=0.1))
    engine.submit(Write("b", {"start_stop": ON, "active_power_setpoint_w": -20_000.0}))
    for _ in range(12_000):
        engine.step()
    assert engine.telemetry("b").soc >= 0.89


def test_a_round_trip_returns_the_product_of_the_one_way_efficiencies():
    params = replace(PARAMS, charge_efficiency=0.95, discharge_efficiency=0.93)
    engine = site(params, active_power_setpoint_w=-4000.0)
    start = engine.devices["b"].state.energy_wh
    engine.advance(1200)
    engine.submit(Write("b", {"active_power_setpoint_w": 4000.0}))
    while engine.devices["b"].state.energy_wh > start + 4000 / 0.93 * 0.1 / 3600:
        engine.step()
    seen = engine.telemetry("b")
    surplus = engine.devices["b"].state.energy_wh - start
    returned = seen.discharged_energy_wh + surplus * 0.93
    assert returned / seen.charged_energy_wh == pytest.approx(0.95 * 0.93, rel=1e-3)


def test_a_setpoint_acts_after_the_deadtime():
    engine = site(replace(PARAMS, deadtime_s=0.5))
    engine.advance(1)
    engine.submit(Write("b", {"active_power_setpoint_w": 3000.0}))
    powers = []
    for _ in range(7):
        engine.step()
        powers.append(engine.telemetry("b").active_power_w)
    assert powers == [0.0] * 5 + [3000.0] * 2


def test_every_setpoint_on_the_way_arrives_in_its_turn():
    engine = site(replace(PARAMS, deadtime_s=0.3))
    powers = []
    for asked in (1000.0, 2000.0, 3000.0, 0.0, 0.0, 0.0):
        engine.submit(Write("b", {"active_power_setpoint_w": asked}))
        engine.step()
        powers.append(engine.telemetry("b").active_power_w)
    assert powers == [0.0, 0.0, 0.0, 1000.0, 2000.0, 3000.0]


@pytest.mark.parametrize(
    ("soc", "charge_w", "discharge_w"),
    [(0.5, 8000, 8000), (0.875, 4000, 8000), (0.95, 0, 8000), (0.225, 8000, 4000), (0.1, 8000, 0)],
)
def test_power_tapers_between_its_soc_limits(soc: float, charge_w: float, discharge_w: float):
    engine = site(replace(PARAMS, initial_soc=soc))
    seen = engine.telemetry("b")
    assert seen.available_charge_power_w == pytest.approx(charge_w)
    assert seen.available_discharge_power_w == pytest.approx(discharge_w)


def test_soc_limits_in_the_wrong_order_allow_nothing_beyond_the_outer_one():
    engine = site(replace(PARAMS, initial_soc=0.28), soc_lower_limit_1=0.25, soc_lower_limit_2=0.3)
    assert engine.telemetry("b").available_discharge_power_w == 0.0


@pytest.mark.parametrize(
    ("cell_c", "charge_w", "discharge_w"),
    [(25, 8000, 8000), (5, 4000, 8000), (-10, 0, 4000), (52.5, 4000, 4000), (61, 0, 0)],
)
def test_cold_and_heat_cost_power(cell_c: float, charge_w: float, discharge_w: float):
    seen = site(replace(PARAMS, initial_cell_c=cell_c)).telemetry("b")
    assert seen.available_charge_power_w == pytest.approx(charge_w)
    assert seen.available_discharge_power_w == pytest.approx(discharge_w)


def test_p_or_q_comes_first_as_the_parameters_say():
    asked = {"active_power_setpoint_w": 8000.0, "reactive_power_setpoint_var": 8000.0}
    p_first = site(**asked)
    q_first = site(replace(PARAMS, q_priority=True), **asked)
    for engine in (p_first, q_first):
        engine.advance(1)
    seen = p_first.telemetry("b")
    assert (seen.active_power_w, seen.reactive_power_var) == (8000.0, pytest.approx(6000.0))
    seen = q_first.telemetry("b")
    assert (seen.active_power_w, seen.reactive_power_var) == (pytest.approx(6000.0), pytest.approx(8000.0))


def test_a_power_factor_holds_whichever_way_the_power_flows():
    for power in (4000.0, -4000.0):
        engine = site(active_power_setpoint_w=power, power_factor_setpoint=-0.8)
        engine.advance(1)
        assert engine.telemetry("b").reactive_power_var == pytest.approx(-3000.0)


@pytest.mark.parametrize("power", [10_000.0, -10_000.0])
def test_a_power_factor_takes_its_share_of_the_current_when_q_comes_first(power: float):
    params = replace(PARAMS, max_charge_w=10_000.0, max_discharge_w=10_000.0, q_priority=True)
    engine = site(params, active_power_setpoint_w=power, power_factor_setpoint=0.8)
    engine.advance(1)
    seen = engine.telemetry("b")
    assert (seen.active_power_w, seen.reactive_power_var) == pytest.approx(
        (math.copysign(8000.0, power), 6000.0)
    )


@pytest.mark.parametrize("converter", [SUNGROW_SC1000TL, NOTTON])
@pytest.mark.parametrize("power", [-8000.0, -500.0, 500.0, 8000.0])
def test_behind_a_converter_the_cells_give_what_curve_and_resistance_say(converter: Any, power: float):
    engine = site(replace(PARAMS, converter=converter), active_power_setpoint_w=power)
    engine.advance(0.1)
    seen = engine.telemetry("b")
    x = abs(power) / 10_000.0
    if power > 0:
        dc = power / (x / (x + converter.discharge_p0 + converter.discharge_k * x * x))
        cell_ohm = 0.047828
    else:
        dc = power * (x / (x + converter.charge_p0 + converter.charge_k * x * x))
        cell_ohm = 0.044767
    assert seen.dc_power_w == pytest.approx(dc)
    # 125 LFP cells of 3.2 V in series, 10 kWh / (125 · 3.2 V · 3 Ah) strings of them; 25 °C table at 20 °C
    # mixed with the 10 °C one
    cold_ohm = 0.06939 if power > 0 else 0.062648
    ohm = (cell_ohm + (cold_ohm - cell_ohm) * 5 / 15) * 125 / (10_000 / (125 * 3.2 * 3))
    ocv = 125 * 3.290742
    amps = (ocv - math.sqrt(ocv**2 - 4 * ohm * dc)) / (2 * ohm)
    assert seen.dc_current_a == pytest.approx(amps, rel=1e-3)
    assert seen.dc_voltage_v == pytest.approx(ocv - ohm * amps, rel=1e-4)
    assert seen.loss_w == pytest.approx(dc - power + ohm * amps**2, rel=1e-3)


def test_standby_drains_the_cells_and_off_does_not():
    engine = site(replace(PARAMS, standby_w=50.0), dt_s=10.0, start_stop=STANDBY)
    engine.advance(3600)
    assert engine.devices["b"].state.energy_wh == pytest.approx(4950.0)
    engine.submit(Write("b", {"start_stop": 2}))
    engine.advance(3600)
    assert engine.devices["b"].state.energy_wh == pytest.approx(4950.0)


@pytest.mark.parametrize("converter", [None, NOTTON])
def test_the_current_of_the_cells_accounts_for_the_standby_loss(converter: Any):
    engine = site(replace(PARAMS, converter=converter, standby_w=50.0), start_stop=STANDBY)
    before = engine.devices["b"].state.energy_wh
    engine.advance(60)
    seen = engine.telemetry("b")
    assert seen.dc_power_w == pytest.approx(50.0)
    drawn = seen.dc_current_a * seen.open_circuit_v * 60 / 3600
    assert before - seen.energy_wh == pytest.approx(drawn, rel=1e-3)


def test_an_nmc_battery_shows_the_voltage_of_its_chemistry():
    seen = site(replace(PARAMS, cell=NMC, nominal_dc_v=370.0)).telemetry("b")
    assert seen.open_circuit_v == pytest.approx(100 * 3.70438)


def test_losses_warm_the_cells_to_where_cooling_balances_them():
    params = replace(
        PARAMS, capacity_wh=1e6, thermal_capacity_j_per_k=20_000.0, thermal_conductance_w_per_k=40.0
    )
    engine = site(params, dt_s=1.0, active_power_setpoint_w=8000.0)
    engine.advance(5000)
    loss = 8000 / 0.9592 - 8000
    expected = engine.surroundings.ambient_c + loss / 40.0
    assert engine.telemetry("b").cell_temperature_c == pytest.approx(expected, abs=0.05)


def test_cells_that_get_too_hot_stop_and_stay_stopped_until_they_cool_and_are_reset():
    engine = site(replace(PARAMS, initial_cell_c=66.0, thermal_capacity_j_per_k=10_000.0), dt_s=1.0)
    engine.step()
    assert engine.telemetry("b").fault_code == 1001
    engine.submit(Write("b", {"fault_reset": 1}))
    engine.step()
    assert engine.devices["b"].state.status is Status.FAULT
    engine.advance(300)
    assert engine.telemetry("b").cell_temperature_c < 55.0
    assert engine.devices["b"].state.status is Status.FAULT
    engine.submit(Write("b", {"fault_reset": 1}))
    engine.step()
    assert engine.devices["b"].state.status is Status.RUNNING


def test_throughput_makes_cycles():
    engine = site(replace(PARAMS, initial_soc=0.85), dt_s=1.0, active_power_setpoint_w=5000.0)
    engine.advance(3600)
    assert engine.telemetry("b").cycles == pytest.approx(5000 / 0.9592 / 10_000)


@pytest.mark.parametrize("fault", ["over_temperature", "dc_contactor_open", "emergency_stop", "isolation"])
def test_a_latched_fault_stops_it_until_the_cause_is_gone_and_it_is_reset(fault: str):
    engine = site(active_power_setpoint_w=5000.0)
    engine.submit(Fault("b", fault))
    engine.step()
    assert engine.telemetry("b").active_power_w == 0.0
    assert engine.telemetry("b").fault_code == BATTERY.fault_code(BATTERY.fault_bit(fault))
    engine.submit(ClearFault("b", fault))
    engine.step()
    assert engine.telemetry("b").working_status == 2
    engine.submit(Write("b", {"fault_reset": 1}))
    engine.step()
    assert engine.telemetry("b").active_power_w == 5000.0


@pytest.mark.parametrize("fault", ["bms_comms_loss", "grid_loss"])
def test_a_fault_that_clears_itself_lets_the_battery_go_on(fault: str):
    engine = site(active_power_setpoint_w=5000.0)
    engine.submit(Fault("b", fault, duration_s=1.0))
    engine.step()
    assert engine.telemetry("b").active_power_w == 0.0
    engine.advance(1.0)
    assert engine.telemetry("b").active_power_w == 5000.0


def test_an_open_contactor_leaves_no_dc_voltage():
    engine = site()
    engine.submit(Fault("b", "dc_contactor_open"))
    engine.step()
    assert engine.telemetry("b").dc_voltage_v == 0.0


def test_an_imbalanced_battery_gives_half_its_power():
    engine = site(active_power_setpoint_w=8000.0)
    engine.submit(Fault("b", "cell_imbalance"))
    engine.step()
    assert engine.telemetry("b").active_power_w == 4000.0


def test_without_its_fan_a_battery_gets_warmer():
    hot, cool = (
        site(replace(PARAMS, thermal_capacity_j_per_k=20_000.0), dt_s=1.0, active_power_setpoint_w=8000.0)
        for _ in range(2)
    )
    hot.submit(Fault("b", "fan"))
    hot.advance(600)
    cool.advance(600)
    assert hot.telemetry("b").active_power_w == cool.telemetry("b").active_power_w > 0.0
    assert hot.telemetry("b").cell_temperature_c > cool.telemetry("b").cell_temperature_c + 1.0


def test_a_stuck_sensor_shows_yesterdays_soc_and_a_drifting_one_its_own():
    engine = site(dt_s=1.0, active_power_setpoint_w=5000.0)
    engine.submit(Fault("b", "sensor_stuck"))
    engine.advance(600)
    assert engine.telemetry("b").soc == 0.5
    engine.submit(ClearFault("b"))
    engine.step()
    true = engine.devices["b"].state.energy_wh / 10_000
    assert engine.telemetry("b").soc == true < 0.42
    engine.submit(Fault("b", "sensor_drift"))
    engine.advance(60)
    true = engine.devices["b"].state.energy_wh / 10_000
    assert engine.telemetry("b").soc == pytest.approx(true + 0.01)


@pytest.mark.parametrize("command", [OFF, STANDBY])
def test_a_battery_that_is_not_running_follows_no_setpoint(command: int):
    wanted = {"active_power_setpoint_w": 5000.0, "reactive_power_setpoint_var": 2000.0}
    engine = site(start_stop=command, **wanted)
    engine.advance(1)
    seen = engine.telemetry("b")
    assert (seen.active_power_w, seen.reactive_power_var, seen.working_status) == (0.0, 0.0, 0)
    engine.submit(Write("b", {"start_stop": ON}))
    engine.step()
    seen = engine.telemetry("b")
    assert (seen.active_power_w, seen.reactive_power_var, seen.working_status) == (5000.0, 2000.0, 1)
    engine.submit(Write("b", {"start_stop": command}))
    engine.step()
    assert engine.telemetry("b").active_power_w == 0.0
