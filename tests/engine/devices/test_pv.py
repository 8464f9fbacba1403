"""A PV plant delivers what the sun gives, less its losses, within what it is told."""

import math
from dataclasses import replace

import pytest

from twin_tui.engine.device import Status
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.site import DevicePlan, SitePlan

NOON_UNIX_S = 1_781_913_600.0 + 12 * 3600
PLANT = PvParams(rated_w=10_000.0, peak_w=12_000.0)


def site(params: PvParams = PLANT, start_unix_s: float = NOON_UNIX_S, dt_s: float = 1.0) -> Engine:
    return Engine(SitePlan("roof", (DevicePlan("pv", PV, params),), dt_s=dt_s, start_unix_s=start_unix_s))


def test_it_delivers_what_pvwatts_says_for_the_light_and_the_heat():
    engine = site(replace(PLANT, peak_w=8000.0))
    engine.advance(1)
    seen = engine.telemetry("pv")
    # by hand: 20 + 5·cos(-45°) = 23.536 °C air; + 25/800·1000 = 54.786 °C cell; 8 kW·(1 − 0.004·29.786)
    assert seen.cell_temperature_c == pytest.approx(54.786, abs=1e-3)
    assert seen.dc_power_w == pytest.approx(7046.9, abs=0.1)
    zeta = 7046.9 / (10_000 / 0.96)
    efficiency = 0.96 / 0.9637 * (-0.0162 * zeta - 0.0059 / zeta + 0.9858)
    assert seen.active_power_w == pytest.approx(7046.9 * efficiency, abs=0.1)


def test_it_clips_at_its_rating_and_leaves_the_rest_in_the_modules():
    engine = site(replace(PLANT, peak_w=15_000.0))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert seen.active_power_w == 10_000.0
    assert seen.dc_power_w == pytest.approx(10_000 / 0.96, rel=1e-3)
    assert seen.dc_voltage_v > 600.0 * (1 - 0.003 * (seen.cell_temperature_c - 25))


@pytest.mark.parametrize("command", [{"active_power_limit_pu": 0.3}, {"active_power_limit_w": 3000.0}])
def test_curtailment_holds_in_watts_and_per_unit(command: dict[str, float]):
    engine = site()
    engine.submit(Write("pv", command))
    engine.advance(1)
    assert engine.telemetry("pv").active_power_w == pytest.approx(3000.0)


def test_curtailed_power_comes_back_at_the_ramp_rate():
    engine = site(replace(PLANT, ramp_w_per_s=500.0))
    engine.advance(60)
    engine.submit(Write("pv", {"active_power_limit_w": 3000.0}))
    engine.advance(60)
    engine.submit(Write("pv", {"active_power_limit_w": 1e9}))
    engine.advance(4)
    assert engine.telemetry("pv").active_power_w == pytest.approx(5000.0)


def test_reactive_power_takes_what_the_current_leaves():
    engine = site(replace(PLANT, rated_va=10_000.0, peak_w=15_000.0))
    engine.submit(Write("pv", {"reactive_power_setpoint_var": -4000.0, "active_power_limit_w": 9500.0}))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert seen.active_power_w == pytest.approx(9500.0)
    assert seen.reactive_power_var == pytest.approx(-math.sqrt(10_000**2 - 9500**2))


def test_a_power_factor_makes_the_reactive_power_that_belongs_to_it():
    engine = site()
    engine.submit(Write("pv", {"power_factor_setpoint": 0.9, "active_power_limit_w": 5000.0}))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert seen.power_factor == pytest.approx(0.9)
    assert seen.reactive_power_var == pytest.approx(5000.0 * math.tan(math.acos(0.9)))


def test_a_night_is_dark():
    engine = site(start_unix_s=NOON_UNIX_S - 12 * 3600)
    engine.advance(60)
    seen = engine.telemetry("pv")
    assert (seen.active_power_w, seen.dc_power_w, seen.inverter_status) == (0.0, 0.0, 0)
    assert (seen.dc_voltage_v, seen.dc_current_a) == (0.0, 0.0)
    assert engine.devices["pv"].state.status is Status.STANDBY


def test_the_yield_of_the_day_starts_anew_at_local_midnight_and_the_total_does_not():
    engine = site(start_unix_s=NOON_UNIX_S, dt_s=60.0)
    engine.advance(11 * 3600)
    evening = engine.telemetry("pv")
    assert evening.day_energy_wh > 10_000.0
    assert evening.day_energy_wh == pytest.approx(evening.total_energy_wh)
    engine.advance(2 * 3600)
    after = engine.telemetry("pv")
    assert after.day_energy_wh == 0.0
    assert after.total_energy_wh == evening.total_energy_wh


def test_nothing_flows_into_a_dead_grid():
    engine = site()
    engine.advance(1)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=2.0)))
    engine.advance(1)
    state = engine.devices["pv"].state
    assert (state.active_power_w, state.reactive_power_var, state.status) == (0.0, 0.0, Status.TRIPPED)


def test_a_latched_fault_stops_it_until_cleared_and_reset():
    engine = site()
    engine.submit(Fault("pv", "isolation"))
    engine.advance(1)
    assert engine.telemetry("pv").active_power_w == 0.0
    assert engine.telemetry("pv").fault_code == 2002
    engine.submit(ClearFault("pv"))
    engine.advance(1)
    assert engine.telemetry("pv").inverter_status == 2
    engine.submit(Write("pv", {"fault_reset": 1}))
    engine.advance(1)
    assert engine.telemetry("pv").inverter_status == 1


def test_the_inverter_settles_warmer_than_the_air_by_its_rise_at_full_load():
    engine = site(replace(PLANT, peak_w=30_000.0, inverter_tau_s=10.0), dt_s=1.0)
    engine.advance(300)
    seen = engine.telemetry("pv")
    assert seen.active_power_w == 10_000.0
    assert seen.inverter_temperature_c == pytest.approx(engine.surroundings.ambient_c + 35.0, abs=0.5)


@pytest.mark.parametrize("fault", ["isolation", "emergency_stop", "dc_contactor_open", "arc"])
def test_every_latched_fault_stops_it_until_its_cause_is_gone_and_it_is_reset(fault: str):
    engine = site()
    engine.advance(1)
    engine.submit(Fault("pv", fault))
    engine.submit(Write("pv", {"fault_reset": 1}))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert (seen.active_power_w, seen.dc_power_w) == (0.0, 0.0)
    assert seen.fault_code == PV.fault_code(PV.fault_bit(fault))
    engine.submit(ClearFault("pv"))
    engine.advance(1)
    assert engine.telemetry("pv").active_power_w == 0.0
    engine.submit(Write("pv", {"fault_reset": 1}))
    engine.advance(1)
    assert engine.telemetry("pv").active_power_w > 0.0


def test_an_open_dc_switch_leaves_no_voltage_and_a_stopped_inverter_the_open_circuit_one():
    engine = site()
    engine.submit(Write("pv", {"on": False}))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert seen.dc_voltage_v == pytest.approx(720.0 * (1 - 0.003 * (seen.cell_temperature_c - 25.0)))
    engine.submit(Fault("pv", "dc_contactor_open"))
    engine.advance(1)
    assert engine.telemetry("pv").dc_voltage_v == 0.0


def test_without_its_fan_the_inverter_heats_up_and_gives_less():
    engine = site(replace(PLANT, peak_w=15_000.0, inverter_tau_s=60.0))
    engine.submit(Fault("pv", "fan"))
    engine.advance(1800)
    seen = engine.telemetry("pv")
    assert seen.inverter_temperature_c > 75.0
    assert 4000.0 < seen.active_power_w < 8000.0
    assert engine.devices["pv"].state.status is Status.RUNNING


def test_an_inverter_that_is_too_hot_comes_back_by_itself_once_it_has_cooled():
    engine = site(replace(PLANT, over_temperature_c=40.0, inverter_tau_s=30.0))
    stopped = ran_again = False
    for _ in range(600):
        engine.step()
        status = engine.devices["pv"].state.status
        ran_again = ran_again or (stopped and status is Status.RUNNING)
        if status is Status.FAULT:
            assert engine.telemetry("pv").fault_code == 2001
            stopped = True
    assert stopped
    assert ran_again


def test_a_faulty_irradiance_sensor_lies_about_the_sun_and_changes_nothing_else():
    engine = site(dt_s=60.0)
    engine.step()
    first = engine.telemetry("pv").irradiance_w_m2
    engine.submit(Fault("pv", "sensor_stuck"))
    engine.advance(3 * 3600)
    seen = engine.telemetry("pv")
    assert seen.irradiance_w_m2 == first
    assert engine.devices["pv"].state.plane_w_m2 < 0.8 * first
    engine.submit(ClearFault("pv"))
    engine.submit(Fault("pv", "sensor_drift", duration_s=120.0))
    engine.advance(120)
    assert engine.telemetry("pv").irradiance_w_m2 == pytest.approx(
        engine.devices["pv"].state.plane_w_m2 + 120.0
    )


def test_q_first_takes_active_power_for_reactive():
    engine = site(replace(PLANT, peak_w=15_000.0, q_priority=True))
    engine.submit(Write("pv", {"reactive_power_pu": 0.6}))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert (seen.active_power_w, seen.reactive_power_var) == pytest.approx((8000.0, 6000.0))


def test_a_power_factor_takes_its_share_of_the_current_when_q_comes_first():
    engine = site(replace(PLANT, peak_w=15_000.0, q_priority=True))
    engine.submit(Write("pv", {"power_factor_setpoint": -0.9}))
    engine.advance(1)
    seen = engine.telemetry("pv")
    # √(1 − 0.9²) of the rating, absorbed
    assert (seen.active_power_w, seen.reactive_power_var) == pytest.approx((9000.0, -4358.9), rel=1e-4)
