"""The inverter of a PV plant: its heat, its DC side, and its way back after a dead grid."""

import math
from dataclasses import replace

import pytest

from twin_tui.engine.device import Status
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Fault, Write
from twin_tui.engine.physics.pv import inverter_loss
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Series, WeatherParams

AIR_C = 20.0
PLANT = PvParams(10_000.0, 10_000.0, inverter_rise_k=12.0, inverter_tau_s=100.0)


def site(params: PvParams, dt_s: float = 1.0) -> Engine:
    noon = 1_781_913_600.0 + 12 * 3600
    air = WeatherParams(ambient_mean_c=AIR_C, ambient_amplitude_k=0.0)
    devices = (DevicePlan("pv", PV, params),)
    return Engine(SitePlan("roof", devices, dt_s=dt_s, start_unix_s=noon, weather=air))


@pytest.mark.parametrize("fan", [True, False])
def test_an_inverter_without_fan_settles_four_times_warmer_and_four_times_slower(fan: bool) -> None:
    engine = site(replace(PLANT, series=Series(0.0, 60.0, (10_000.0,))))
    rise_k, tau_s = 12.0, 100.0
    if not fan:
        engine.submit(Fault("pv", "fan"))
        rise_k, tau_s = 4.0 * rise_k, 4.0 * tau_s
    for factor in (1, 1, 8):
        engine.advance(factor * tau_s)
        passed = engine.time_s / tau_s
        warmer = engine.telemetry("pv").inverter_temperature_c - AIR_C
        assert warmer == pytest.approx(rise_k * (1.0 - math.exp(-passed)), rel=2e-3)
    assert engine.telemetry("pv").active_power_w == pytest.approx(10_000.0)


@pytest.mark.parametrize("vmp_v", [0.5, 48.0, 600.0])
def test_dc_power_is_voltage_times_current_whatever_the_voltage_of_the_strings(vmp_v: float) -> None:
    engine = site(replace(PLANT, vmp_v=vmp_v, voc_v=1.2 * vmp_v))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert seen.dc_power_w > 5_000.0
    assert 0.8 * vmp_v < seen.dc_voltage_v < 1.2 * vmp_v
    assert seen.dc_voltage_v * seen.dc_current_a == pytest.approx(seen.dc_power_w)


@pytest.mark.parametrize("steps", [1, 20])
def test_a_plant_without_grid_code_is_back_in_the_first_step_with_voltage(steps: int) -> None:
    engine = site(PLANT)
    engine.advance(1)
    before = engine.telemetry("pv").active_power_w
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=float(steps))))
    engine.advance(steps)
    seen = engine.telemetry("pv")
    assert (seen.active_power_w, seen.inverter_status) == (0.0, 2)
    engine.step()
    assert engine.devices["pv"].state.status is Status.RUNNING
    assert engine.telemetry("pv").active_power_w == pytest.approx(before, rel=0.01)
    assert engine.telemetry("pv").inverter_status == 1


def test_heat_takes_power_evenly_between_the_temperatures_where_it_begins_and_ends() -> None:
    params = replace(PLANT, series=Series(0.0, 60.0, (10_000.0,)), over_temperature_c=200.0)
    engine = site(params)
    for inverter_c, share in ((74.9, 1.0), (80.0, 0.8), (87.5, 0.5), (99.0, 0.04), (101.0, 0.0)):
        engine.devices["pv"].state = replace(engine.devices["pv"].state, inverter_c=inverter_c)
        engine.step()
        assert engine.telemetry("pv").active_power_w == pytest.approx(10_000.0 * share, abs=1e-6)


def test_a_reactive_setpoint_goes_before_the_power_factor() -> None:
    engine = site(replace(PLANT, series=Series(0.0, 60.0, (5_000.0,))))
    engine.submit(Write("pv", {"power_factor_setpoint": 0.8}))
    engine.step()
    assert engine.telemetry("pv").reactive_power_var == pytest.approx(3_750.0)
    engine.submit(Write("pv", {"reactive_power_setpoint_var": -1_000.0}))
    engine.step()
    assert engine.telemetry("pv").reactive_power_var == pytest.approx(-1_000.0)


@pytest.mark.parametrize(("rated_va", "var"), [(None, 0.0), (12_500.0, 7_500.0), (10_000.0, 0.0)])
def test_an_apparent_power_above_the_rating_leaves_room_for_reactive_power(
    rated_va: float | None, var: float
) -> None:
    engine = site(replace(PLANT, rated_va=rated_va, series=Series(0.0, 60.0, (10_000.0,))))
    engine.submit(Write("pv", {"reactive_power_setpoint_var": 9_000.0}))
    engine.step()
    seen = engine.telemetry("pv")
    assert seen.reactive_power_var == pytest.approx(var, abs=1e-6)
    # the modules give 10 kW / 0.96, and the loss follows the apparent power: beside vars less of it is left
    lost_w = inverter_loss(math.hypot(seen.active_power_w, var), 10_000.0)
    assert seen.active_power_w == pytest.approx(10_000.0 / 0.96 - lost_w, abs=1e-6)
    assert 9_860.0 < seen.active_power_w <= 10_000.0


@pytest.mark.parametrize("efficiency", [0.96, 0.985, 0.995, 0.999, 1.0])
@pytest.mark.parametrize("load_w", [0.0, 500.0, 3_000.0, 10_000.0])
def test_no_inverter_is_warmer_than_its_rise_at_the_greatest_loss(efficiency: float, load_w: float) -> None:
    # the curve of PVWatts, scaled to 0.994 and more, loses most without load
    plant = replace(PLANT, nominal_efficiency=efficiency, series=Series(0.0, 60.0, (10_000.0,)))
    engine = site(plant)
    engine.submit(Write("pv", {"active_power_limit_w": load_w}))
    engine.advance(1_000.0)
    seen = engine.telemetry("pv")
    assert engine.devices["pv"].state.status is Status.RUNNING
    assert 0.0 <= seen.inverter_temperature_c - AIR_C <= 12.0 * (1 + 1e-9)
