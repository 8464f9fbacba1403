"""The heat of a CHP follows its load with a delay, warms a buffer, and all of it is accounted for."""

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.devices.test_chp import advance_to, site, unit
from twin_tui.config.site import load_site
from twin_tui.engine.device import Status
from twin_tui.engine.devices.chp import ChpParams
from twin_tui.engine.devices.chp_engine import ChpUnit
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Fault, Write
from twin_tui.engine.physics.heat import WATER_WH_PER_L_K, delayed_heat, tank_loss
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError

QUICK = dict.fromkeys(("starting_s", "warmup_s", "idle_s", "synchronizing_s", "stopping_s"), 2.0)
UNIT = ChpParams(rated_w=50_000.0, heat_to_power_ratio=1.5, ramp_pu_per_s=1.0, **QUICK)


def with_buffer(**given: float) -> ChpParams:
    return ChpParams(
        rated_w=50_000.0,
        heat_to_power_ratio=1.5,
        ramp_pu_per_s=1.0,
        **{**QUICK, "buffer_l": 1000.0, "buffer_loss_w_per_k": 0.0, **given},
    )


def running(params: ChpParams, load_pu: float = 1.0, dt_s: float = 1.0) -> Engine:
    engine = site(params, dt_s=dt_s)
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": load_pu}))
    advance_to(engine, ChpUnit.RUNNING)
    return engine


def test_the_heat_comes_with_the_delay_of_the_engine_and_goes_on_after_the_stop() -> None:
    engine = running(UNIT)
    engine.advance(85.0)  # 86 s on the grid at full load
    assert engine.telemetry("chp").heat_power_w == pytest.approx(75_000.0 * (1.0 - exp(-1.0)), rel=0.01)
    engine.advance(2000.0)
    assert engine.telemetry("chp").heat_power_w == pytest.approx(75_000.0)
    before_wh = engine.telemetry("chp").heat_energy_wh
    engine.submit(Fault("chp", "emergency_stop"))
    engine.step()
    engine.advance(86.0)
    assert engine.telemetry("chp").heat_power_w == pytest.approx(75_000.0 * exp(-1.0), rel=0.01)
    engine.advance(4000.0)
    assert engine.telemetry("chp").heat_power_w == 0.0
    # what the engine held: 75 kW for 86 s
    assert engine.telemetry("chp").heat_energy_wh - before_wh == pytest.approx(75_000.0 * 86 / 3600, rel=1e-6)


def test_without_a_delay_the_heat_is_that_of_the_load() -> None:
    engine = running(ChpParams(rated_w=50_000.0, heat_tau_s=0.0, ramp_pu_per_s=1.0, **QUICK))
    assert engine.telemetry("chp").heat_power_w == engine.telemetry("chp").active_power_w == 50_000.0


@given(
    stored_wh=st.floats(0.0, 1e5),
    released_w=st.floats(0.0, 1e7),
    tau_s=st.floats(0.1, 1e4),
    dt_s=st.sampled_from([0.01, 0.1, 1.0, 60.0, 3600.0]),
    parts=st.integers(2, 8),
)
def test_the_delay_balances_and_does_not_depend_on_the_step(
    stored_wh: float, released_w: float, tau_s: float, dt_s: float, parts: int
) -> None:
    after, output = delayed_heat(stored_wh, released_w, tau_s, dt_s)
    scale = stored_wh + released_w * (dt_s + tau_s) / 3600.0
    assert output >= -1e-9 * scale
    assert (released_w - output) * dt_s / 3600.0 == pytest.approx(
        after - stored_wh, abs=1e-12 * scale + 1e-12
    )
    in_parts = stored_wh
    for _ in range(parts):
        in_parts, _ = delayed_heat(in_parts, released_w, tau_s, dt_s / parts)
    assert in_parts == pytest.approx(after, rel=1e-9, abs=1e-9)


def test_a_tank_cools_to_its_room_and_never_below() -> None:
    warm_c = 60.0
    for _ in range(100):
        warm_c -= tank_loss(warm_c, 18.0, 5.0, 100.0, 36_000.0) * 10.0 / 100.0
    assert warm_c == pytest.approx(18.0)
    assert tank_loss(60.0, 18.0, 5.0, 100.0, 1.0) == pytest.approx(42.0 * 5.0, rel=1e-4)


def test_the_buffer_warms_by_the_heat_that_it_gets() -> None:
    engine = running(with_buffer(initial_buffer_c=30.0, buffer_usable_c=30.0))
    engine.advance(600.0)
    seen = engine.telemetry("chp")
    rise_k = seen.heat_energy_wh / (1000.0 * WATER_WH_PER_L_K)
    assert seen.buffer_temperature_c == pytest.approx(30.0 + rise_k)
    assert rise_k > 5.0


def test_towards_full_the_load_falls_and_at_full_the_engine_stops_until_it_has_cooled() -> None:
    params = with_buffer(buffer_full_c=70.0, initial_buffer_c=55.0, hot_water_w=15_000.0, min_load_pu=0.5)
    engine = running(params)
    engine.advance(300.0)
    assert engine.telemetry("chp").load_pu == pytest.approx(1.0)
    loads = []
    while unit(engine) is ChpUnit.RUNNING:
        engine.step()
        loads.append(engine.telemetry("chp").load_pu)
    assert min(loads[:-1]) == pytest.approx(0.5, abs=0.02)
    assert engine.telemetry("chp").buffer_full
    engine.advance(60.0)
    assert unit(engine) is ChpUnit.START_BLOCKED
    assert engine.devices["chp"].state.status is Status.WAITING
    assert "the buffer is full (7" in engine.snapshot().device("chp").explanation
    while unit(engine) is ChpUnit.START_BLOCKED:
        engine.step()
    assert engine.telemetry("chp").buffer_temperature_c == pytest.approx(55.0, abs=0.1)
    assert engine.telemetry("chp").starts == 2


def test_a_least_load_that_the_building_takes_is_throttled_without_a_stop() -> None:
    engine = running(with_buffer(hot_water_w=50_000.0))
    engine.advance(6 * 3600.0)
    seen = engine.telemetry("chp")
    assert (unit(engine), seen.starts) == (ChpUnit.RUNNING, 1)
    assert seen.heat_power_w == pytest.approx(50_000.0, rel=1e-3)
    # 50 of 75 kW: x = 2/3 lies (2/3 − 0.3) / 0.8 of 10 K below full
    assert seen.buffer_temperature_c == pytest.approx(75.0 - 10.0 * (2 / 3 - 0.3) / 0.8, abs=0.05)
    assert seen.permitted_load_pu == pytest.approx(2 / 3, abs=1e-3)


def test_a_return_that_is_too_hot_trips_the_engine_within_its_least_run_time() -> None:
    engine = running(with_buffer(min_run_s=36_000.0, buffer_l=200.0))
    while unit(engine) is ChpUnit.RUNNING:
        engine.step()
    seen = engine.telemetry("chp")
    assert (unit(engine), seen.fault_code) == (ChpUnit.FAULT, 3010)
    assert seen.buffer_temperature_c > 80.0
    engine.submit(Write("chp", {"acknowledge": 4321}))
    engine.step()
    assert unit(engine) is ChpUnit.FAULT, "the return is still too hot"


def test_a_cold_buffer_leaves_the_building_without_heat_and_counts_it() -> None:
    engine = site(with_buffer(initial_buffer_c=45.0, heat_loss_w_per_k=1000.0, hot_water_w=500.0), dt_s=60.0)
    engine.advance(3600.0)
    seen = engine.telemetry("chp")
    ambient_c = engine.surroundings.ambient_c
    assert seen.heat_demand_w == pytest.approx(500.0 + 1000.0 * max(0.0, 15.0 - ambient_c), abs=50.0)
    assert seen.heat_supplied_w == 0.0
    assert seen.heat_unmet_wh > 400.0


@settings(max_examples=50, deadline=None)
@given(
    story=st.lists(st.tuples(st.floats(0.0, 1.1), st.sampled_from([0, 1]), st.integers(1, 30)), max_size=12),
    dt_s=st.sampled_from([0.5, 10.0, 60.0]),
    litres=st.sampled_from([0.0, 50.0, 5000.0]),
    demand_w=st.sampled_from([0.0, 100.0, 30_000.0, 100_000.0]),
    loss_w_per_k=st.sampled_from([0.0, 5.0, 50.0]),
    tau_s=st.sampled_from([0.0, 86.0, 900.0]),
)
def test_fuel_becomes_power_heat_held_delivered_lost_and_nothing_else(
    story: list[tuple[float, int, int]],
    dt_s: float,
    litres: float,
    demand_w: float,
    loss_w_per_k: float,
    tau_s: float,
) -> None:
    params = with_buffer(
        buffer_l=litres, hot_water_w=demand_w, buffer_loss_w_per_k=loss_w_per_k, heat_tau_s=tau_s
    )
    engine = site(params, dt_s=dt_s)
    hours = dt_s / 3600.0
    released_wh = supplied_wh = lost_wh = 0.0
    for load_pu, on, ticks in story:
        engine.submit(Write("chp", {"start_stop": on, "load_setpoint_pu": load_pu}))
        for _ in range(ticks):
            engine.step()
            state = engine.devices["chp"].state
            released_wh += state.active_power_w * 1.5 * hours
            supplied_wh += state.heat.supplied_w * hours
            lost_wh += state.heat.loss_w * hours
            assert state.heat.output_w >= -1e-6
    heat = engine.devices["chp"].state.heat
    seen = engine.telemetry("chp")
    scale = max(1.0, released_wh, supplied_wh, lost_wh)
    assert seen.heat_energy_wh + heat.engine_wh == pytest.approx(released_wh, abs=1e-9 * scale)
    if litres:
        gained_wh = (heat.buffer_c - 60.0) * litres * WATER_WH_PER_L_K
        balance = seen.heat_energy_wh - supplied_wh - lost_wh
        assert gained_wh == pytest.approx(balance, abs=1e-9 * max(scale, litres * 80.0))
    assert seen.fuel_energy_wh >= seen.energy_wh + released_wh - 1e-9 * scale


def test_a_measured_heat_demand_takes_the_place_of_the_building() -> None:
    asset = {
        "type": "chp", "rated_kw": 50, "buffer_l": 2000, "hot_water_kw": 3,
        "heat_demand": {"values": [12_000, 12_000], "step": "1h"},
    }  # fmt: skip
    (chp,) = load_site({"assets": [asset]}).plan.devices
    assert isinstance(chp.params.heat_demand, Series)
    engine = Engine(load_site({"assets": [asset]}).plan)
    engine.advance(10.0)
    assert engine.telemetry(chp.name).heat_demand_w == pytest.approx(12_000.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"buffer_full_c": 90.0},
            "buffer_usable_c ≤ buffer_full_c ≤ return_trip_c of a CHP, found 45, 90, 80",
        ),
        ({"initial_buffer_c": 200.0}, "initial_buffer_c 200 of a CHP is not in 0 … 80"),
        ({"heat_tau_s": -1.0}, "heat_tau_s -1 of a CHP is below 0"),
    ],
)
def test_a_buffer_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_buffer(**wrong)
