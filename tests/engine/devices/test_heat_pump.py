"""A heat pump keeps its tank within its limits, and its heat balance closes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.device import Status
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.heat_pump_model import HeatPumpParams, Technology
from twin_tui.engine.devices.heat_pump_signals import HeatPumpTelemetry
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.physics.heat import WATER_WH_PER_L_K, building_demand, carnot_cop
from twin_tui.engine.s2.builders import heat_pump_ddbc
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Series, WeatherParams
from twin_tui.errors import ConfigError

HOUR = 3600.0
NO_DEMAND = Series(0.0, 1e9, (0.0, 0.0), relative=True)
PROMPT = HeatPumpParams(ramp_s=0.0, min_pause_s=0.0, heat_demand=NO_DEMAND, tank_loss_w_per_k=0.0)


def site(params: HeatPumpParams, dt_s: float = 10.0, ambient_c: float = 7.0) -> Engine:
    weather = WeatherParams(ambient_mean_c=ambient_c, ambient_amplitude_k=0.0)
    return Engine(SitePlan("cellar", (DevicePlan("hp", HEAT_PUMP, params),), dt_s=dt_s, weather=weather))


def seen(engine: Engine) -> HeatPumpTelemetry:
    telemetry: HeatPumpTelemetry = engine.telemetry("hp")
    return telemetry


def changed(**settings: object) -> HeatPumpParams:
    base = {"ramp_s": 0.0, "min_pause_s": 0.0, "heat_demand": NO_DEMAND, "tank_loss_w_per_k": 0.0}
    return HeatPumpParams(**{**base, **settings})  # type: ignore[arg-type]


def test_the_cop_is_the_quality_share_of_carnot() -> None:
    # 0.45 · 323.15 K / 43 K
    assert carnot_cop(50.0, 7.0, 0.45, 7.0) == pytest.approx(3.38180, abs=1e-5)
    assert carnot_cop(30.0, 28.0, 0.45, 7.0) == 7.0
    assert carnot_cop(20.0, 25.0, 0.45, 7.0) == 7.0
    assert carnot_cop(90.0, -270.0, 0.45, 7.0) == 1.0


def test_a_house_asks_for_its_loss_below_the_heating_limit() -> None:
    assert building_demand(150.0, 15.0, 5.0) == 1500.0
    assert building_demand(150.0, 15.0, 16.0) == 0.0


def test_five_hundred_litres_take_580_watt_hours_for_a_kelvin() -> None:
    assert pytest.approx(579.7, abs=0.1) == 500 * WATER_WH_PER_L_K


def test_electricity_is_heat_over_the_cop_of_the_moment() -> None:
    engine = site(changed(initial_tank_c=45.0))
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 6_000.0}))
    engine.step()
    assert seen(engine).heat_power_w == 6_000.0
    assert seen(engine).consumption_power_w == pytest.approx(6_000.0 / 3.38180, rel=1e-5)
    assert seen(engine).active_power_w == -seen(engine).consumption_power_w


@pytest.mark.parametrize(
    ("technology", "cop"), [(Technology.AIR, 3.3818), (Technology.GROUND, 3.4623), (Technology.BOILER, 1.0)]
)
def test_the_source_decides_the_performance(technology: Technology, cop: float) -> None:
    # ground: 0.45 · 323.15 K / (50 − 8) K
    engine = site(changed(technology=technology))
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 6_000.0}))
    engine.step()
    assert 6_000.0 / seen(engine).consumption_power_w == pytest.approx(cop, abs=1e-4)


def test_one_kilowatt_hour_of_heat_warms_the_tank_by_what_its_water_takes() -> None:
    engine = site(changed(initial_tank_c=40.0))
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 4_000.0}))
    engine.advance(900)
    assert engine.devices["hp"].state.tank_c == pytest.approx(40.0 + 1_000.0 / 579.676, rel=1e-4)


def test_the_thermostat_switches_at_half_its_hysteresis() -> None:
    params = changed(initial_tank_c=46.0, heat_demand=Series(0.0, 1e9, (3_000.0, 3_000.0), relative=True))
    engine = site(params)
    on, off = [], []
    before = False
    for _ in range(6 * 360):
        engine.step()
        if seen(engine).running != before:
            (on if seen(engine).running else off).append(seen(engine).tank_temperature_c)
            before = seen(engine).running
    assert on == pytest.approx([45.0] * len(on), abs=0.05)
    assert off == pytest.approx([51.0] * len(off), abs=0.05)
    assert len(on) >= 2


def test_below_the_least_temperature_it_heats_whatever_it_is_told() -> None:
    engine = site(changed(initial_tank_c=34.0))
    engine.submit(Write("hp", {"enabled": 0, "automatic": 0, "heat_power_setpoint_w": 0.0}))
    engine.step()
    assert (seen(engine).must_heat, seen(engine).heat_power_w) == (True, 8_000.0)
    assert "must heat: the tank is below 35 °C" in engine.snapshot().device("hp").explanation
    engine.advance(HOUR)
    assert not seen(engine).must_heat
    assert seen(engine).heat_power_w == 0.0
    assert seen(engine).tank_temperature_c == pytest.approx(38.0, abs=0.1)


def test_at_the_greatest_temperature_it_stops_whatever_it_is_told() -> None:
    engine = site(changed(initial_tank_c=59.0), dt_s=60.0)
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 8_000.0}))
    engine.advance(HOUR)
    assert seen(engine).must_stop
    assert seen(engine).heat_power_w == 0.0
    assert engine.devices["hp"].state.tank_c == pytest.approx(60.0, abs=1e-9)
    assert seen(engine).fill_level == pytest.approx(1.0)


def test_below_the_least_modulation_it_does_not_run() -> None:
    engine = site(changed())
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 2_399.0}))
    engine.step()
    assert seen(engine).heat_power_w == 0.0
    engine.submit(Write("hp", {"heat_power_setpoint_w": 2_400.0}))
    engine.step()
    assert seen(engine).heat_power_w == pytest.approx(2_400.0)


def test_it_ramps_and_rests_between_runs() -> None:
    engine = site(changed(ramp_s=40.0, min_pause_s=180.0))
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 8_000.0}))
    powers = []
    for _ in range(4):
        engine.step()
        powers.append(seen(engine).heat_power_w)
    assert powers == pytest.approx([2_400.0, 4_400.0, 6_400.0, 8_000.0])
    engine.submit(Write("hp", {"enabled": 0}))
    engine.step()
    engine.submit(Write("hp", {"enabled": 1}))
    rests = 0
    while not seen(engine).running:
        engine.step()
        rests += 1
    assert rests == 18
    assert seen(engine).starts == 2


def test_a_cold_tank_leaves_the_house_wanting() -> None:
    demand = Series(0.0, 1e9, (5_000.0, 5_000.0), relative=True)
    engine = site(changed(initial_tank_c=30.0, min_tank_c=29.0, heat_demand=demand))
    engine.submit(Fault("hp", "emergency_stop"))
    engine.advance(HOUR)
    assert seen(engine).heat_delivered_w == pytest.approx(0.0, abs=1e-6)
    # 2 K of 579.676 Wh/K were there
    assert seen(engine).heat_unmet_wh == pytest.approx(5_000.0 - 2 * 579.676, rel=1e-4)


@pytest.mark.parametrize(
    ("fault", "code", "latched"),
    [("emergency_stop", 7001, True), ("high_pressure", 7002, True), ("circulation_pump", 7003, False)],
)
def test_a_fault_stops_it_and_clears_as_the_field_does(fault: str, code: int, latched: bool) -> None:
    engine = site(changed(initial_tank_c=40.0))
    engine.advance(60)
    assert seen(engine).running
    engine.submit(Fault("hp", fault))
    engine.step()
    assert (seen(engine).heat_power_w, seen(engine).fault_code) == (0.0, code)
    assert engine.devices["hp"].state.status is Status.FAULT
    engine.submit(ClearFault("hp"))
    engine.advance(30)
    assert seen(engine).running is not latched
    engine.submit(Write("hp", {"fault_reset": 1}))
    engine.advance(30)
    assert seen(engine).running


def test_a_blocked_fan_costs_heat_and_performance() -> None:
    engine = site(changed(initial_tank_c=40.0))
    engine.submit(Fault("hp", "fan"))
    engine.step()
    assert seen(engine).heat_power_w == 4_000.0
    # two thirds of 0.45 · 318.15 / 38
    assert 4_000.0 / seen(engine).consumption_power_w == pytest.approx(2.51171, abs=1e-4)


def test_a_drifting_thermometer_overheats_the_tank_up_to_the_safety_thermostat() -> None:
    engine = site(changed(initial_tank_c=48.0, hysteresis_k=2.0), dt_s=60.0)
    engine.submit(Fault("hp", "sensor_drift"))
    engine.advance(12 * HOUR)
    assert engine.devices["hp"].state.tank_c == pytest.approx(60.0, abs=0.1)
    assert seen(engine).tank_temperature_c < 45.0


def test_a_stuck_thermometer_hides_a_cooling_tank() -> None:
    demand = Series(0.0, 1e9, (2_000.0, 2_000.0), relative=True)
    engine = site(changed(initial_tank_c=50.0, heat_demand=demand), dt_s=60.0)
    engine.submit(Fault("hp", "sensor_stuck"))
    engine.advance(4 * HOUR)
    assert seen(engine).tank_temperature_c == 50.0
    assert engine.devices["hp"].state.tank_c < 40.0
    assert not seen(engine).running


def test_without_voltage_it_stands_still() -> None:
    engine = site(changed(initial_tank_c=30.0, min_tank_c=29.0))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=60.0)))
    engine.step()
    assert (seen(engine).active_power_w, engine.devices["hp"].state.status) == (0.0, Status.OFF)
    engine.advance(120)
    assert seen(engine).running


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rated_heat_w": 0.0}, "rated_heat_w 0 of a heat pump is not above 0"),
        ({"min_modulation": 1.5}, r"min_modulation 1\.5"),
        ({"min_tank_c": 70.0}, "expected usable_c ≤ min_tank_c < max_tank_c ≤ 95"),
        ({"initial_tank_c": 80.0}, "initial_tank_c 80 of a heat pump is not in 28 … 60"),
    ],
)
def test_a_heat_pump_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HeatPumpParams(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("dt_s", [1.0, 60.0, 3600.0])
def test_an_open_tank_cools_to_the_room_and_no_further_whatever_the_step(dt_s: float) -> None:
    # 1 l that loses 1 W/K has a time constant of 4174 s, and with 60 W/K of 70 s
    slow = site(changed(tank_l=1.0, tank_loss_w_per_k=1.0, usable_c=10.0, min_tank_c=10.0, room_c=20.0), dt_s)
    slow.submit(Write("hp", {"enabled": False}))
    slow.advance(HOUR)
    assert seen(slow).tank_temperature_c == pytest.approx(20.0 + 25.0 * 0.42205, abs=0.02 + dt_s / 100)
    fast = site(
        changed(tank_l=1.0, tank_loss_w_per_k=60.0, usable_c=10.0, min_tank_c=10.0, room_c=20.0), dt_s
    )
    fast.submit(Write("hp", {"enabled": False}))
    for _ in range(20):
        fast.step()
        assert 20.0 <= fast.devices["hp"].state.tank_c <= 45.0


COMMANDS = st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "automatic": st.booleans(),
        "heat_power_setpoint_w": st.floats(0.0, 20_000.0),
        "tank_setpoint_c": st.floats(20.0, 80.0),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    writes=st.lists(COMMANDS, min_size=1, max_size=12),
    faults=st.lists(st.sampled_from([f.name for f in HEAT_PUMP.faults]), max_size=3),
    dt_s=st.sampled_from([1.0, 10.0, 300.0]),
    ambient_c=st.floats(-15.0, 30.0).map(lambda c: round(c, 9)),
)
def test_the_heat_balance_closes_and_the_limits_hold(
    writes: list[dict[str, float]], faults: list[str], dt_s: float, ambient_c: float
) -> None:
    params = HeatPumpParams(tank_l=200.0)
    engine = site(params, dt_s=dt_s, ambient_c=ambient_c)
    for fault in faults:
        engine.submit(Fault("hp", fault))
    capacity = params.tank_wh_per_k
    for write in writes:
        engine.submit(Write("hp", write))
        for _ in range(5):
            before = engine.devices["hp"].state
            engine.step()
            now, state = seen(engine), engine.devices["hp"].state
            stored = (state.tank_c - before.tank_c) * capacity
            balance = (now.heat_power_w - now.heat_delivered_w - now.tank_loss_w) * dt_s / 3600.0
            assert stored == pytest.approx(balance, abs=1e-6)
            assert state.tank_c <= params.max_tank_c + 1e-9
            assert now.heat_power_w >= now.consumption_power_w
            assert now.heat_delivered_w <= now.heat_demand_w
            assert now.energy_wh >= before.energy_wh
            if now.fault_code in (7001, 7002, 7003):
                assert now.active_power_w == 0.0


def test_a_failed_fan_alone_lowers_the_heat_that_can_be_had() -> None:
    engine = site(PROMPT)
    engine.step()
    assert seen(engine).max_heat_power_w == PROMPT.rated_heat_w
    engine.submit(Fault("hp", "fan"))
    engine.step()
    assert 0.0 < seen(engine).max_heat_power_w < PROMPT.rated_heat_w


def test_a_sensor_that_is_stuck_at_the_limit_keeps_the_compressor_off_while_the_tank_cools() -> None:
    engine = site(changed(initial_tank_c=60.0, max_tank_c=60.0, tank_loss_w_per_k=20.0))
    engine.submit(Fault("hp", "sensor_stuck"))
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 6_000.0}))
    engine.advance(HOUR)
    assert engine.device("hp").state.tank_c < 59.0
    assert seen(engine).heat_power_w == 0.0
    engine.submit(ClearFault("hp"))
    engine.advance(30.0)
    assert seen(engine).heat_power_w == 6_000.0


@pytest.mark.parametrize("dt_s", [0.1, 0.7, 10.0])
def test_the_pause_of_a_compressor_is_told_to_s2_in_whole_milliseconds(dt_s: float) -> None:
    engine = site(changed(initial_tank_c=45.0, min_pause_s=70.0), dt_s=dt_s)
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 6_000.0}))
    engine.advance(dt_s * 150)
    engine.submit(Write("hp", {"heat_power_setpoint_w": 0.0}))
    engine.advance(dt_s * 3)
    (compressor,) = heat_pump_ddbc(engine.device("hp"), engine.surroundings).actuators
    (pause,) = compressor.timers
    assert (pause.duration_ms, pause.left_ms) == (70_000, round(70_000 - dt_s * 3000))
    assert isinstance(pause.left_ms, int)
    assert compressor.initial == "off"


@pytest.mark.parametrize(
    ("seen_c", "tank_c", "stops"), [(45.0, 45.0, False), (60.0, 45.0, True), (45.0, 60.5, True)]
)
def test_the_tank_or_its_thermometer_at_the_limit_stops_it(seen_c: float, tank_c: float, stops: bool) -> None:
    engine = site(HeatPumpParams(rated_heat_w=8_000.0))
    engine.submit(Fault("hp", "sensor_stuck"))
    device = engine.devices["hp"]
    device.state = replace(device.state, tank_c=tank_c, seen_tank_c=seen_c)
    engine.step()
    found = seen(engine)
    assert (found.must_stop, found.tank_temperature_c) == (stops, seen_c)
    assert found.max_heat_power_w == (0.0 if stops else 8_000.0)
    assert found.min_heat_power_w == pytest.approx(2_400.0)
    engine.submit(Fault("hp", "emergency_stop"))
    engine.step()
    assert seen(engine).max_heat_power_w == 0.0


@pytest.mark.parametrize(
    ("ambient_c", "heat_w"), [(5.0, 1_700.0), (-5.0, 3_200.0), (15.0, 200.0), (25.0, 200.0)]
)
def test_a_house_asks_for_heat_below_its_limit_and_for_hot_water_always(
    ambient_c: float, heat_w: float
) -> None:
    engine = site(
        HeatPumpParams(heat_loss_w_per_k=150.0, heating_limit_c=15.0, hot_water_w=200.0), ambient_c=ambient_c
    )
    engine.step()
    assert seen(engine).heat_demand_w == pytest.approx(heat_w)
    assert seen(engine).heat_delivered_w == pytest.approx(heat_w)


def test_the_water_that_heats_the_tank_is_warmer_than_it_while_the_pump_runs() -> None:
    engine = site(changed(flow_rise_k=5.0))
    engine.submit(Write("hp", {"automatic": 0, "heat_power_setpoint_w": 5_000.0}))
    engine.step()
    assert seen(engine).flow_temperature_c == pytest.approx(engine.devices["hp"].state.tank_c + 5.0)
    engine.submit(Write("hp", {"heat_power_setpoint_w": 0.0}))
    engine.step()
    assert seen(engine).flow_temperature_c == pytest.approx(engine.devices["hp"].state.tank_c)


def test_its_condition_is_a_number() -> None:
    engine = site(changed(min_tank_c=35.0))
    engine.submit(Write("hp", {"enabled": 0}))
    engine.step()
    assert seen(engine).working_status == 0
    engine.submit(Write("hp", {"enabled": 1, "tank_setpoint_c": 58.0}))
    engine.submit(Fault("hp", "fan"))
    engine.step()
    assert seen(engine).working_status == 1, "a blocked fan is a fault with which it runs"
    engine.submit(Fault("hp", "high_pressure"))
    engine.step()
    assert seen(engine).working_status == 2


@pytest.mark.parametrize(
    ("technology", "source_c"), [(Technology.AIR, -3.0), (Technology.GROUND, 8.0), (Technology.BOILER, 8.0)]
)
def test_its_source_is_the_air_or_what_has_one_temperature_all_year(
    technology: Technology, source_c: float
) -> None:
    engine = site(changed(technology=technology, ground_c=8.0), ambient_c=-3.0)
    engine.step()
    assert seen(engine).source_temperature_c == source_c
