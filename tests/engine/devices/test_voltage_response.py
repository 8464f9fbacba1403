"""What consumes follows the voltage of its phases; contactors open, motors stall."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.device import AnyDeviceType, Status
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.heat_pump_model import HeatPumpParams, Technology
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.load_model import ZIP, VoltageModel
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb, Fault, Write
from twin_tui.engine.physics.voltage_response import Parts, zip_power
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import ConfigError


def site(device: AnyDeviceType, params: Any, dt_s: float = 0.1) -> Engine:
    devices = (DevicePlan("d", device, params), DevicePlan("meter", METER, MeterParams()))
    engine = Engine(SitePlan("house", devices, dt_s=dt_s))
    engine.advance(10 * dt_s)
    return engine


def at(engine: Engine, pu: float, phases: str = "abc", ticks: int = 1) -> Any:
    engine.submit(ClearDisturbance())
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, pu, phases=phases)))
    for _ in range(ticks):
        engine.step()
    return engine.telemetry("d")


@pytest.mark.parametrize(
    ("model", "pu", "active", "reactive"),
    [
        (VoltageModel.RESISTIVE, 0.9, 0.81, 0.81),
        (VoltageModel.RESISTIVE, 0.1, 0.01, 0.01),
        (VoltageModel.CONSTANT_CURRENT, 0.9, 0.9, 0.9),
        (VoltageModel.CONSTANT_POWER, 0.8, 1.0, 1.0),
        (VoltageModel.CONSTANT_POWER, 0.35, 0.25, 0.25),
        # 1.5 · 0.81 - 2.31 · 0.9 + 1.81, 7.41 · 0.81 - 11.97 · 0.9 + 5.56
        (VoltageModel.MIXED, 0.9, 0.946, 0.7891),
        (VoltageModel.MIXED, 1.1, 1.084, 1.3591),
        (VoltageModel.MOTOR, 0.9, 0.9311, 0.8815),
    ],
)
def test_a_load_follows_the_voltage_by_its_model(
    model: VoltageModel, pu: float, active: float, reactive: float
) -> None:
    engine = site(LOAD, LoadParams(3_000.0, power_factor=0.8, voltage_model=model))
    seen = at(engine, pu)
    assert seen.active_power_w == pytest.approx(-3_000.0 * active)
    assert seen.reactive_power_var == pytest.approx(-2_250.0 * reactive)
    assert seen.expected_power_w == 3_000.0


def test_each_phase_of_a_load_follows_its_own_voltage() -> None:
    engine = site(LOAD, LoadParams(3_000.0, voltage_model=VoltageModel.RESISTIVE))
    seen = at(engine, 0.5, "b")
    meter = engine.telemetry("meter")
    found = meter.active_power_a_w, meter.active_power_b_w, meter.active_power_c_w
    assert found == pytest.approx((1_000.0, 250.0, 1_000.0))
    assert seen.current_b_a == pytest.approx(seen.current_a_a / 2)
    at(engine, 0.0, "b")
    meter = engine.telemetry("meter")
    assert (meter.active_power_b_w, meter.current_b_a) == (0.0, 0.0)


def test_active_and_reactive_power_divide_over_the_phases_each_by_its_own_law() -> None:
    engine = site(LOAD, LoadParams(3_000.0, power_factor=0.8, zip_active=(0, 0, 1), zip_reactive=(1, 0, 0)))
    at(engine, 0.8, "a")
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.reactive_power_a_var) == pytest.approx((1_000.0, 480.0))
    assert (meter.active_power_b_w, meter.reactive_power_b_var) == pytest.approx((1_000.0, 750.0))
    assert meter.apparent_power_a_va == pytest.approx(meter.voltage_a_v * meter.current_a_a)


@pytest.mark.parametrize("parts", [(0.5, 0.5), (0.5, 0.5, 0.5), (1.0, float("nan"), 0.0)])
def test_shares_that_are_not_three_with_the_sum_1_are_refused(parts: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match=r"zip_active of a load three shares with the sum 1"):
        LoadParams(1_000.0, zip_active=parts)


def test_a_contactor_that_closes_below_the_voltage_that_opens_it_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"pick_up_pu 0\.4 of a load .* expected 0\.6 or more"):
        LoadParams(1_000.0, voltage_model=VoltageModel.MOTOR, pick_up_pu=0.4)


@given(st.floats(0.0, 1.5), st.floats(1e-9, 1e-3), st.sampled_from(list(ZIP.values())))
def test_the_power_of_a_load_has_no_jump(u: float, step: float, parts: tuple[Parts, Parts]) -> None:
    assert zip_power(*parts, u + step) == pytest.approx(zip_power(*parts, u), abs=15 * step)
    assert zip_power(*parts, 1.0) == pytest.approx((1.0, 1.0))


def test_a_contactor_opens_in_a_deep_sag_and_closes_at_its_own_voltage() -> None:
    engine = site(LOAD, LoadParams(1_000.0, voltage_model=VoltageModel.MOTOR))
    assert at(engine, 0.49).active_power_w == 0.0
    assert engine.devices["d"].state.status is Status.OFF
    assert "contactor open" in engine.snapshot().device("d").explanation
    assert at(engine, 0.84).active_power_w == 0.0
    assert at(engine, 0.86).active_power_w < -800.0
    assert at(engine, 0.51, "a").active_power_w != 0.0
    assert at(engine, 0.0, "c").active_power_w == 0.0


def test_a_motor_stalls_and_takes_the_power_of_a_locked_rotor_until_it_runs_up() -> None:
    engine = site(LOAD, LoadParams(1_000.0, voltage_model=VoltageModel.MOTOR))
    seen = at(engine, 0.55)
    assert seen.active_power_w == pytest.approx(-5_000.0 * 0.55**2)
    assert seen.reactive_power_var == pytest.approx(-5_000.0 * 0.55**2)
    assert at(engine, 0.8).active_power_w == pytest.approx(-5_000.0 * 0.8**2)
    assert at(engine, 0.9).active_power_w == pytest.approx(-931.1)


def test_a_stalled_motor_trips_its_overload_relay_after_ten_seconds() -> None:
    engine = site(LOAD, LoadParams(1_000.0, voltage_model=VoltageModel.MOTOR))
    assert at(engine, 0.55, ticks=99).fault_code == 8004
    engine.step()
    assert (engine.telemetry("d").fault_code, engine.telemetry("d").active_power_w) == (8003, 0.0)
    assert at(engine, 1.0).active_power_w == 0.0
    engine.submit(Write("d", {"fault_reset": 1}))
    engine.step()
    assert engine.telemetry("d").active_power_w == pytest.approx(-1_000.0)


def test_a_stall_is_logged_with_its_cause_and_its_end() -> None:
    engine = site(LOAD, LoadParams(1_000.0, voltage_model=VoltageModel.MOTOR))
    at(engine, 0.55, ticks=30)
    at(engine, 1.0, ticks=30)
    told = [(entry.kind.value, entry.text) for entry in engine.log if entry.device == "d"]
    assert told[-4:] == [
        ("FAULT", "stalled (code 8004)"),
        ("STATE", "RUN → FAULT: motors stalled: the voltage was below 0.6 pu; they start at 0.85 pu"),
        ("CLEAR", "stalled is gone"),
        ("STATE", "FAULT → RUN"),
    ]


@pytest.mark.parametrize("model", [VoltageModel.MOTOR, VoltageModel.MIXED])
def test_a_motor_may_be_made_to_stall_at_any_voltage(model: VoltageModel) -> None:
    engine = site(LOAD, LoadParams(1_000.0, voltage_model=model))
    engine.submit(Fault("d", "stalled", duration_s=3.0))
    assert at(engine, 1.0, ticks=10).active_power_w == pytest.approx(-5_000.0)
    engine.advance(5.0)
    assert (engine.telemetry("d").fault_code, engine.telemetry("d").active_power_w) == (0, -1_000.0)


@pytest.mark.parametrize(
    ("model", "share"),
    [
        (VoltageModel.RESISTIVE, 0.81),
        (VoltageModel.CONSTANT_CURRENT, 0.9),
        (VoltageModel.CONSTANT_POWER, 1.0),
        (VoltageModel.MIXED, 1.50 * 0.81 - 2.31 * 0.9 + 1.81),
    ],
)
def test_an_appliance_follows_the_voltage_as_a_load_of_its_model_does(
    model: VoltageModel, share: float
) -> None:
    params = ApplianceParams(1_000.0, 3_600.0, voltage_model=model)
    engine = site(APPLIANCE, params)
    engine.submit(Write("d", {"run": 1}))
    seen = at(engine, 0.9)
    assert seen.active_power_w == pytest.approx(-1_000.0 * share)
    assert seen.current_a_a == pytest.approx(1_000.0 * share / (0.9 * engine.surroundings.nominal_v))


def test_a_motor_does_not_stall_on_a_dead_phase() -> None:
    params = LoadParams(1_000.0, voltage_model=VoltageModel.MOTOR, phase=Connection.B, drop_out_pu=0.0)
    engine = site(LOAD, params)
    assert at(engine, 0.0, "b", ticks=200).fault_code == 0
    assert at(engine, 1.0).active_power_w == pytest.approx(-1_000.0)


def test_a_boiler_is_a_resistance_and_its_contactor_opens() -> None:
    params = HeatPumpParams(technology=Technology.BOILER, ramp_s=0.0, initial_tank_c=30.0, min_pause_s=0.0)
    engine = site(HEAT_PUMP, params)
    assert engine.telemetry("d").active_power_w == pytest.approx(-8_000.0)
    seen = at(engine, 0.9)
    assert (seen.active_power_w, seen.heat_power_w) == pytest.approx((-6_480.0, 6_480.0))
    assert seen.max_heat_power_w == pytest.approx(6_480.0)
    assert at(engine, 0.45).active_power_w == 0.0
    assert at(engine, 0.8).active_power_w == 0.0
    assert at(engine, 0.9).active_power_w == pytest.approx(-6_480.0)


def test_a_heat_pump_takes_no_more_current_in_a_sag() -> None:
    engine = site(HEAT_PUMP, HeatPumpParams(ramp_s=0.0, initial_tank_c=30.0))
    before = engine.telemetry("d")
    seen = at(engine, 0.8)
    assert seen.heat_power_w == pytest.approx(6_400.0)
    assert seen.current_a_a == pytest.approx(before.current_a_a, rel=1e-3)
    assert at(engine, 0.0, "a").active_power_w == 0.0


def test_an_appliance_heats_less_in_a_sag_and_waits_on_a_dead_phase() -> None:
    engine = site(APPLIANCE, ApplianceParams(1_000.0, 3600.0), dt_s=1.0)
    engine.submit(Write("d", {"run": True}))
    engine.step()
    assert engine.telemetry("d").active_power_w == pytest.approx(-1_000.0)
    assert at(engine, 0.9).active_power_w == pytest.approx(-810.0)
    progress = engine.telemetry("d").progress
    seen = at(engine, 0.0, "a", ticks=5)
    assert (seen.active_power_w, seen.current_a_a, seen.progress) == (0.0, 0.0, progress)
    seen = at(engine, 1.0)
    assert seen.active_power_w == pytest.approx(-1_000.0)
    assert seen.run_energy_wh == pytest.approx((1_000.0 + 810.0 + 1_000.0) / 3600.0)
