"""The cells of a battery stay within their voltage, whatever is asked of it, and its DC side adds up."""

from dataclasses import replace
from math import hypot
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from twin_tui.engine.device import Status
from twin_tui.engine.devices.battery import BATTERY, ON, STANDBY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.battery_ageing import Ageing
from twin_tui.engine.devices.battery_dc import voltage_room_w
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write
from twin_tui.engine.physics.battery import LFP, NMC, NOTTON, SUNGROW_SC1000TL, lookup
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import WeatherParams

law = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
PARAMS = BatteryParams(10_000.0, 10_000.0, 10_000.0, 11_000.0, ageing_speed=0.0)


def site(params: BatteryParams, dt_s: float, power_w: float) -> Engine:
    limits = {f"soc_{side}_limit_{i}": end for side, end in (("lower", 0.0), ("upper", 1.0)) for i in (1, 2)}
    told = BatteryCommands(start_stop=ON, active_power_setpoint_w=power_w, **limits)
    steady = WeatherParams(ambient_mean_c=params.initial_cell_c, ambient_amplitude_k=0.0)
    return Engine(SitePlan("cellar", (DevicePlan("b", BATTERY, params, told),), dt_s=dt_s, weather=steady))


def cell_v(engine: Engine) -> float:
    return engine.telemetry("b").dc_voltage_v / engine.devices["b"].params.series


@law
@given(
    cell=st.sampled_from([LFP, NMC]),
    converter=st.sampled_from([None, SUNGROW_SC1000TL, NOTTON]),
    capacity_wh=st.floats(200.0, 50_000.0),
    soc=st.floats(0.0, 1.0).map(lambda soc: round(soc, 9)),
    cell_c=st.floats(-25.0, 62.0).map(lambda c: round(c, 6)),
    power_w=st.floats(-10_000.0, 10_000.0),
    standby_w=st.sampled_from([0.0, 40.0, 500.0]),
    dt_s=st.sampled_from([0.1, 1.0, 60.0, 900.0]),
    resistance=st.sampled_from([1.0, 1.4, 3.0]),
)
@example(NMC, None, 10_000.0, 0.97, 10.0, -10_000.0, 0.0, 60.0, 1.0)
@example(LFP, None, 200.0, 0.0, 10.0, 0.0, 500.0, 0.1, 1.0)
def test_no_cell_leaves_its_voltage_and_volts_times_amperes_are_the_power(
    cell: Any,
    converter: Any,
    capacity_wh: float,
    soc: float,
    cell_c: float,
    power_w: float,
    standby_w: float,
    dt_s: float,
    resistance: float,
) -> None:
    params = replace(
        PARAMS,
        cell=cell,
        converter=converter,
        capacity_wh=capacity_wh,
        initial_soc=soc,
        initial_cell_c=cell_c,
        standby_w=standby_w,
        charge_cold_zero_c=-60.0,
        charge_cold_full_c=-50.0,
        cold_zero_c=-60.0,
        cold_full_c=-50.0,
    )
    engine = site(params, dt_s, power_w)
    state = engine.devices["b"].state
    engine.devices["b"].state = replace(state, ageing=replace(state.ageing, resistance=resistance))
    for _ in range(6):
        before = engine.devices["b"].state
        engine.step()
        after, seen = engine.devices["b"].state, engine.telemetry("b")
        assert cell.low_v - 1e-9 <= cell_v(engine) <= cell.high_v + 1e-9
        assert 0.0 <= after.energy_wh <= after.ageing.capacity_wh
        assert seen.dc_voltage_v * seen.dc_current_a == pytest.approx(seen.dc_power_w, rel=1e-12, abs=1e-9)
        # cells that cannot give the losses leave them to the grid
        no_load_w = standby_w + params.lost_w(0.0, 0.0)
        unable = after.dc.limit == "low" or after.energy_wh < 0.01 * capacity_wh
        least_w = min(0.0, power_w) - no_load_w * unable
        assert least_w - 1e-9 <= after.active_power_w <= max(0.0, power_w) * (1 + 1e-12)
        assert after.loss_w >= 0.0
        taken = (after.active_power_w + after.loss_w) * dt_s / 3600.0
        assert before.energy_wh - after.energy_wh == pytest.approx(taken, abs=1e-9 * capacity_wh)
        assert seen.available_charge_power_w >= 0.0
        assert seen.available_discharge_power_w >= 0.0
        # the same power would also have kept the limit at the end of the step
        if after.dc.voltage_v:
            _held_at_the_end(params, after, before.cell_c, seen.dc_power_w)


@law
@given(
    cell=st.sampled_from([LFP, NMC]),
    converter=st.sampled_from([None, SUNGROW_SC1000TL, NOTTON]),
    capacity_wh=st.sampled_from([200.0, 10_000.0, 50_000.0]),
    soc=st.sampled_from([0.0, 1e-6, 1e-3, 0.01, 0.5, 0.99, 0.9999, 1.0]),
    cell_c=st.sampled_from([-20.0, 10.0, 25.0, 60.0]),
    power_w=st.one_of(st.sampled_from([0.0, 1.0, -1.0, 50.0, -50.0]), st.floats(-10_000.0, 10_000.0)),
    var=st.floats(-12_000.0, 12_000.0),
    standby_w=st.sampled_from([0.0, 40.0, 500.0]),
    dt_s=st.sampled_from([0.1, 1.0, 60.0, 900.0]),
)
def test_reactive_power_costs_energy_within_every_limit(
    cell: Any,
    converter: Any,
    capacity_wh: float,
    soc: float,
    cell_c: float,
    power_w: float,
    var: float,
    standby_w: float,
    dt_s: float,
) -> None:
    given_here = {"cell": cell, "converter": converter, "capacity_wh": capacity_wh, "standby_w": standby_w}
    cold = {
        "charge_cold_zero_c": -60.0,
        "charge_cold_full_c": -50.0,
        "cold_zero_c": -60.0,
        "cold_full_c": -50.0,
    }
    params = replace(PARAMS, **given_here, **cold, initial_soc=soc, initial_cell_c=cell_c)
    engine = site(params, dt_s, power_w)
    engine.submit(Write("b", {"reactive_power_setpoint_var": var}))
    for _ in range(4):
        before = engine.devices["b"].state
        engine.step()
        after = engine.devices["b"].state
        p_w, q_var = after.active_power_w, after.reactive_power_var
        assert cell.low_v - 1e-9 <= cell_v(engine) <= cell.high_v + 1e-9
        assert 0.0 <= after.energy_wh <= after.ageing.capacity_wh
        assert hypot(p_w, q_var) <= params.rated_va * (1 + 1e-9)
        taken = (p_w + after.loss_w) * dt_s / 3600.0
        assert before.energy_wh - after.energy_wh == pytest.approx(taken, abs=1e-9 * capacity_wh)
        if q_var:
            assert after.loss_w >= params.lost_w(p_w, q_var) - 1e-6 * params.rated_va


def _held_at_the_end(params: BatteryParams, state: Any, cell_c: float, dc_w: float) -> None:
    ageing: Ageing = state.ageing
    room = voltage_room_w(params, ageing, state.energy_wh / ageing.capacity_wh, cell_c, dc_w > 0.0)
    assert abs(dc_w) <= room * (1 + 1e-9) + 1e-6


@pytest.mark.parametrize(
    ("cell", "sign", "limit_v", "word"),
    [(NMC, -1, 4.2, "charge"), (LFP, -1, 3.6, "charge"), (NMC, 1, 2.5, "dis")],
)
def test_power_tapers_at_constant_voltage_and_the_log_can_say_why(
    cell: Any, sign: int, limit_v: float, word: str
) -> None:
    params = replace(PARAMS, cell=cell, initial_soc=0.9 if sign < 0 else 0.03, converter=SUNGROW_SC1000TL)
    engine = site(
        replace(params, max_discharge_w=60_000.0, max_charge_w=15_000.0, rated_va=60_000.0), 0.1, 0.0
    )
    engine.submit(Write("b", {"active_power_setpoint_w": sign * 60_000.0}))
    powers = []
    while engine.devices["b"].state.dc.limit == "" and engine.time_s < 1200:
        engine.step()
    for _ in range(100):
        engine.step()
        powers.append(abs(engine.telemetry("b").active_power_w))
        assert cell_v(engine) == pytest.approx(limit_v, abs=0.01)
    assert powers == sorted(powers, reverse=True)
    assert powers[-1] < 0.999 * powers[0]
    state = engine.devices["b"].state
    assert state.status is Status.RUNNING
    told = engine.snapshot().device("b").explanation
    assert told.startswith(word)
    assert told.endswith(f"limited by the cells' {limit_v:g} V")


def test_available_power_is_what_the_voltage_lets_through() -> None:
    params = replace(PARAMS, cell=NMC, initial_soc=0.99, initial_cell_c=10.0, converter=SUNGROW_SC1000TL)
    engine = site(params, 0.1, 0.0)
    available = engine.telemetry("b").available_charge_power_w
    assert 0.0 < available < 6000.0
    engine.submit(Write("b", {"active_power_setpoint_w": -10_000.0}))
    engine.step()
    assert -engine.telemetry("b").active_power_w == pytest.approx(available, rel=2e-3)


def test_full_cells_leave_the_standby_loss_to_the_grid() -> None:
    engine = site(replace(PARAMS, initial_soc=1.0, standby_w=50.0, converter=NOTTON), 60.0, -5000.0)
    engine.advance(3600.0)
    state = engine.devices["b"].state
    assert state.energy_wh == pytest.approx(10_000.0, rel=1e-3)
    assert state.active_power_w < -50.0


@pytest.mark.parametrize("converter", [None, NOTTON, SUNGROW_SC1000TL])
@pytest.mark.parametrize("start_stop", [ON, STANDBY])
def test_empty_cells_leave_all_losses_to_the_grid(converter: Any, start_stop: int) -> None:
    params = replace(PARAMS, initial_soc=0.001, standby_w=50.0, converter=converter)
    engine = site(params, 60.0, 3000.0)
    engine.submit(Write("b", {"start_stop": start_stop}))
    engine.advance(7200.0)
    before = engine.devices["b"].state.energy_wh
    engine.advance(600.0)
    state = engine.devices["b"].state
    assert state.energy_wh == pytest.approx(before, abs=0.5)
    no_load_w = params.lost_w(0.0, 0.0) if start_stop == ON else 0.0
    assert state.active_power_w == pytest.approx(-50.0 - no_load_w)
    assert state.loss_w == pytest.approx(-state.active_power_w, abs=0.5)
    engine.submit(Write("b", {"start_stop": 2}))
    engine.advance(120.0)
    assert engine.devices["b"].state.active_power_w == 0.0


def test_an_aged_resistance_brings_the_taper_forward() -> None:
    powers = []
    for growth in (1.0, 2.0):
        engine = site(replace(PARAMS, cell=NMC, initial_soc=0.95, initial_cell_c=10.0), 1.0, -10_000.0)
        state = engine.devices["b"].state
        engine.devices["b"].state = replace(state, ageing=replace(state.ageing, resistance=growth))
        engine.step()
        powers.append(-engine.devices["b"].state.active_power_w)
    assert powers[0] > 1.5 * powers[1]


@given(st.sampled_from([LFP, NMC]), st.floats(0.0, 1.0))
def test_a_resting_cell_is_within_its_limits_and_the_lower_one_above_half_its_voltage(
    cell: Any, soc: float
) -> None:
    assert cell.low_v < lookup(cell.ocv_v, soc) < cell.high_v
    assert lookup(cell.ocv_v, soc) < 2.0 * cell.low_v
