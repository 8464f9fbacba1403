"""Currents at low voltage: converters have a limit, dead phases carry none, losses follow the current."""

from typing import Any

import pytest

from twin_tui.engine.device import AnyDeviceType, Status
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryParams
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Write
from twin_tui.engine.physics.battery import NOTTON, SUNGROW_SC1000TL
from twin_tui.engine.physics.electrical import current_limit
from twin_tui.engine.physics.pv import inverter_ac_power, inverter_loss
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Series

NOMINAL_V = 400.0 / 3**0.5
BATTERY_50_KVA = BatteryParams(100_000.0, 50_000.0, 50_000.0, 50_000.0)
RATED_A = 50_000.0 / 3 / NOMINAL_V


def site(device: AnyDeviceType, params: Any, **commands: Any) -> Engine:
    devices = (DevicePlan("d", device, params), DevicePlan("meter", METER, MeterParams()))
    engine = Engine(SitePlan("bench", devices, dt_s=0.1))
    engine.submit(Write("d", commands))
    engine.advance(1.0)
    return engine


def battery(params: BatteryParams = BATTERY_50_KVA, **commands: Any) -> Engine:
    return site(BATTERY, params, start_stop=ON, **commands)


def sag(engine: Engine, pu: float, phases: str = "abc") -> Any:
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, pu, phases=phases)))
    engine.step()
    return engine.telemetry("d")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sag_takes_power_from_a_converter_and_adds_no_current(sign: int) -> None:
    engine = battery(active_power_setpoint_w=sign * 50_000.0)
    assert engine.telemetry("d").active_power_w == sign * 50_000.0
    seen = sag(engine, 0.55)
    assert seen.active_power_w == pytest.approx(sign * 27_500.0)
    assert [seen.current_a_a, seen.current_b_a, seen.current_c_a] == pytest.approx([RATED_A] * 3)
    assert seen.available_discharge_power_w == pytest.approx(27_500.0)
    assert seen.available_charge_power_w == pytest.approx(27_500.0)


def test_a_swell_leaves_the_apparent_power_at_the_rating() -> None:
    seen = sag(battery(active_power_setpoint_w=50_000.0), 1.2)
    assert seen.active_power_w == 50_000.0
    assert seen.current_a_a == pytest.approx(RATED_A / 1.2)


def test_a_converter_with_current_in_reserve_keeps_its_power_down_to_that_voltage() -> None:
    params = BatteryParams(1e5, 5e4, 5e4, 5e4, max_current_pu=1.05)
    assert sag(battery(params, active_power_setpoint_w=5e4), 0.96).active_power_w == 5e4
    assert sag(battery(params, active_power_setpoint_w=5e4), 0.5).active_power_w == pytest.approx(26_250.0)


def test_current_serves_the_preferred_power_first_in_a_sag() -> None:
    told = {"active_power_setpoint_w": 30_000.0, "reactive_power_setpoint_var": 40_000.0}
    seen = sag(battery(**told), 0.5)
    assert (seen.active_power_w, seen.reactive_power_var) == pytest.approx((25_000.0, 0.0))
    params = BatteryParams(1e5, 5e4, 5e4, 5e4, q_priority=True)
    seen = sag(battery(params, **told), 0.5)
    assert (seen.active_power_w, seen.reactive_power_var) == pytest.approx((0.0, 25_000.0))


def test_a_dead_phase_carries_nothing_and_the_others_their_rated_current() -> None:
    engine = battery(active_power_setpoint_w=50_000.0)
    seen = sag(engine, 0.0, "a")
    assert seen.active_power_w == pytest.approx(100_000.0 / 3)
    assert (seen.current_a_a, seen.current_b_a, seen.current_c_a) == pytest.approx((0.0, RATED_A, RATED_A))
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.voltage_a_v, meter.current_a_a) == (0.0, 0.0, 0.0)
    assert meter.active_power_b_w == pytest.approx(-50_000.0 / 3)
    assert meter.voltage_b_v * meter.current_b_a == pytest.approx(50_000.0 / 3)


def test_unequal_voltages_divide_the_power_with_the_same_current_on_each_phase() -> None:
    engine = battery(active_power_setpoint_w=25_000.0)
    seen = sag(engine, 0.5, "b")
    assert seen.active_power_w == 25_000.0
    assert seen.current_a_a == seen.current_b_a == pytest.approx(10_000.0 / NOMINAL_V)
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.active_power_b_w) == pytest.approx((-10_000.0, -5_000.0))


def test_power_returns_on_the_ramp_after_a_sag() -> None:
    engine = battery(BatteryParams(1e5, 5e4, 5e4, 5e4, ramp_w_per_s=50_000.0), active_power_setpoint_w=5e4)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.5, duration_s=1.0)))
    engine.step()
    assert engine.telemetry("d").active_power_w == pytest.approx(25_000.0)
    engine.advance(1.0)
    assert engine.telemetry("d").active_power_w == pytest.approx(30_000.0)


def test_pv_and_a_generator_have_a_limit_of_their_current_too() -> None:
    sun = Series(0.0, 3600.0, (10_000.0, 10_000.0), relative=True)
    seen = sag(site(PV, PvParams(10_000.0, 12_000.0, series=sun)), 0.7)
    assert seen.active_power_w == pytest.approx(7_000.0)
    assert seen.dc_voltage_v * seen.dc_current_a == pytest.approx(seen.dc_power_w)
    params = ChpParams(
        80_000.0, starting_s=0.1, warmup_s=0.1, idle_s=0.1, synchronizing_s=0.1, ramp_pu_per_s=9.0
    )
    engine = site(CHP, params, start_stop=1, load_setpoint_pu=1.0)
    assert engine.telemetry("d").active_power_w == pytest.approx(80_000.0)
    assert sag(engine, 0.85).active_power_w == pytest.approx(80_000.0)  # 100 kVA · 0.85
    seen = sag(engine, 0.5)
    assert seen.active_power_w == pytest.approx(100_000.0 * 0.85 * 0.5)
    assert seen.load_pu == pytest.approx(0.53125)


def test_a_vehicle_charges_over_the_phases_that_are_left() -> None:
    engine = site(EV_CHARGER, EvParams(max_charge_power_w=22_000.0), plug=1)
    engine.advance(5.0)
    seen = sag(engine, 0.0, "c")
    assert (seen.current_a_a, seen.current_c_a) == pytest.approx((16.0, 0.0))
    assert seen.charging_power_w == pytest.approx(2 * 16.0 * NOMINAL_V)


def test_an_hour_of_reactive_power_costs_energy() -> None:
    params = BatteryParams(1e5, 5e4, 5e4, 5e4, ageing_speed=0.0)
    engine = battery(params, reactive_power_setpoint_var=50_000.0)
    state = engine.devices["d"].state
    loss_w = 50_000.0 * ((1 / 0.9592 - 1) + (1 - 0.9592)) / 2
    assert state.loss_w == pytest.approx(loss_w)
    before = state.energy_wh
    engine.advance(3600.0)
    assert before - engine.devices["d"].state.energy_wh == pytest.approx(loss_w, rel=1e-6)


@pytest.mark.parametrize("converter", [NOTTON, SUNGROW_SC1000TL])
def test_a_converter_that_runs_at_no_power_has_its_no_load_loss(converter: Any) -> None:
    params = BatteryParams(1e5, 5e4, 5e4, 5e4, converter=converter)
    engine = battery(params)
    inner = 0.1  # W, of the cells
    assert engine.devices["d"].state.loss_w == pytest.approx(5e4 * converter.discharge_p0, abs=inner)
    engine.submit(Write("d", {"active_power_setpoint_w": -1.0}))
    engine.step()
    assert engine.devices["d"].state.loss_w == pytest.approx(5e4 * converter.discharge_p0, abs=1.0)
    engine.submit(Write("d", {"start_stop": 3, "active_power_setpoint_w": 0.0}))
    engine.step()
    assert engine.devices["d"].state.status is Status.STANDBY
    assert engine.devices["d"].state.loss_w == 0.0


def test_empty_cells_leave_the_loss_of_reactive_power_to_the_grid() -> None:
    params = BatteryParams(1e4, 5e4, 5e4, 5e4, initial_soc=0.0)
    state = battery(params, reactive_power_setpoint_var=50_000.0).devices["d"].state
    assert state.energy_wh == pytest.approx(0.0, abs=1e-6)
    assert -2_200.0 < state.active_power_w < -1_900.0
    assert state.active_power_w**2 + state.reactive_power_var**2 <= 5e4**2 * (1 + 1e-12)


def test_vars_of_an_inverter_cost_power_of_the_sun() -> None:
    sun = Series(0.0, 3600.0, (5_000.0, 5_000.0), relative=True)
    params = PvParams(10_000.0, 12_000.0, series=sun)
    seen = site(PV, params, reactive_power_setpoint_var=6_000.0).telemetry("d")
    with_vars = inverter_loss((seen.active_power_w**2 + 6_000.0**2) ** 0.5, 10_000.0)
    assert seen.active_power_w < 4_950.0
    assert seen.dc_power_w - seen.active_power_w == pytest.approx(with_vars, rel=1e-6)
    assert inverter_ac_power(seen.dc_power_w, 10_000.0) == pytest.approx(5_000.0, rel=1e-6)


@pytest.mark.parametrize(
    ("volts", "allowed"),
    [
        ((1.0, 1.0, 1.0), 30.0),
        ((0.5, 1.0, 1.0), 25.0),
        ((0.0, 0.0, 1.0), 10.0),
        ((0.0009, 0.9, 0.9), 18.0),
        ((1.3, 1.0, 0.9), 30.0),
        ((0.0, 0.0, 0.0), 0.0),
    ],
)
def test_the_apparent_power_is_the_rated_current_times_the_voltages(
    volts: tuple[float, float, float], allowed: float
) -> None:
    assert current_limit(30.0, *volts) == pytest.approx(allowed)
