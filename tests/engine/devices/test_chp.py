"""A CHP goes through its start sequence, makes heat with its power, and stays off after a fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import Status
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.chp_engine import ChpUnit
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError, ConfigError

UNIT = ChpParams(rated_w=4_000_000.0)
SEQUENCE = [
    (ChpUnit.STARTING, 10.0),
    (ChpUnit.WARMUP, 60.0),
    (ChpUnit.IDLE, 30.0),
    (ChpUnit.SYNCHRONIZING, 15.0),
]
START_S = sum(seconds for _, seconds in SEQUENCE)


def site(params: ChpParams = UNIT, dt_s: float = 0.5) -> Engine:
    grid = GridParams(nominal_hz=50.0 if params.grid_code is None else params.grid_code.nominal_hz)
    return Engine(SitePlan("boiler house", (DevicePlan("chp", CHP, params),), dt_s=dt_s, grid=grid))


def unit(engine: Engine) -> ChpUnit:
    return ChpUnit(engine.telemetry("chp").unit_state)


def running(load_pu: float = 1.0, params: ChpParams = UNIT, dt_s: float = 0.5) -> Engine:
    """A site whose CHP has started and reached its load."""
    engine = site(params, dt_s)
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": load_pu}))
    engine.advance(START_S + 30.0)
    assert unit(engine) is ChpUnit.RUNNING
    return engine


def advance_to(engine: Engine, wanted: ChpUnit) -> None:
    for _ in range(2000):
        if unit(engine) is wanted:
            return
        engine.step()
    raise AssertionError(f"{wanted.name} was never reached")


@pytest.mark.parametrize("dt_s", [0.1, 0.5, 1.0])
def test_each_state_of_the_start_lasts_its_time_to_the_tick(dt_s: float) -> None:
    engine = site(dt_s=dt_s)
    engine.submit(Write("chp", {"start_stop": 1}))
    seen: list[ChpUnit] = []
    while unit(engine) is not ChpUnit.RUNNING:
        engine.step()
        seen.append(unit(engine))
    for state, seconds in SEQUENCE:
        assert seen.count(state) == round(seconds / dt_s)
    assert [state for i, state in enumerate(seen) if i == 0 or seen[i - 1] is not state] == [
        *(state for state, _ in SEQUENCE),
        ChpUnit.RUNNING,
    ]


def test_the_numbers_of_the_unit_states_are_those_of_the_controller_register() -> None:
    numbers = {state.name: state.value for state in ChpUnit}
    assert numbers == {
        "FAULT": 0, "READY": 1, "STARTING": 2, "IDLE": 3, "SYNCHRONIZING": 4, "RUNNING": 5,
        "STOPPING": 6, "START_BLOCKED": 7, "WARMUP": 18,
    }  # fmt: skip


@pytest.mark.parametrize(
    "state", [ChpUnit.STARTING, ChpUnit.WARMUP, ChpUnit.IDLE, ChpUnit.SYNCHRONIZING, ChpUnit.RUNNING]
)
def test_a_stop_is_obeyed_at_once_in_any_state(state: ChpUnit) -> None:
    engine = site()
    engine.submit(Write("chp", {"start_stop": 1}))
    advance_to(engine, state)
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.step()
    assert unit(engine) is ChpUnit.STOPPING
    engine.advance(19.5)
    assert unit(engine) is ChpUnit.STOPPING
    engine.step()
    assert unit(engine) is ChpUnit.READY


def test_no_power_flows_before_it_runs_and_then_it_ramps_five_percent_a_second() -> None:
    engine = site()
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": 1.0}))
    engine.advance(START_S)
    assert engine.telemetry("chp").active_power_w == 0.0
    assert not engine.telemetry("chp").circuit_breaker_closed
    engine.advance(4.0)
    assert engine.telemetry("chp").active_power_w == pytest.approx(0.20 * 4e6)
    assert engine.telemetry("chp").circuit_breaker_closed


@pytest.mark.parametrize(("asked", "given"), [(0.0, 0.0), (0.1, 0.3), (0.3, 0.3), (0.85, 0.85), (1.1, 1.1)])
def test_the_load_stays_between_30_and_110_percent_or_is_none(asked: float, given: float) -> None:
    engine = running(asked)
    assert engine.telemetry("chp").load_pu == pytest.approx(given)
    assert engine.telemetry("chp").active_power_w == pytest.approx(given * 4e6)


def test_a_setpoint_beyond_110_percent_is_refused() -> None:
    with pytest.raises(CommandError, match=r"load_setpoint_pu takes 0 … 1\.1, not 1\.2"):
        site().submit(Write("chp", {"load_setpoint_pu": 1.2}))


def test_stopping_unloads_on_the_ramp_and_opens_the_breaker_at_zero() -> None:
    engine = running(0.6)
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.advance(6.0)
    seen = engine.telemetry("chp")
    assert seen.load_pu == pytest.approx(0.3)
    assert seen.circuit_breaker_closed
    engine.advance(6.0)
    seen = engine.telemetry("chp")
    assert (seen.load_pu, seen.circuit_breaker_closed) == (0.0, False)
    assert unit(engine) is ChpUnit.STOPPING


def test_from_full_load_it_is_ready_again_after_twenty_seconds() -> None:
    engine = running(1.0, dt_s=0.1)
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.advance(20.0)
    assert unit(engine) is ChpUnit.STOPPING
    engine.step()
    assert unit(engine) is ChpUnit.READY


def test_from_overload_it_stays_on_the_grid_until_it_is_unloaded() -> None:
    engine = running(1.1)
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.advance(21.0)
    assert unit(engine) is ChpUnit.STOPPING
    engine.advance(1.5)
    assert unit(engine) is ChpUnit.READY


def test_heat_and_fuel_at_rated_load_follow_from_the_ratios() -> None:
    engine = running(1.0, ChpParams(rated_w=1000.0, heat_to_power_ratio=1.2, total_efficiency=0.88))
    engine.advance(2000.0)
    seen = engine.telemetry("chp")
    assert seen.heat_power_w == pytest.approx(1200.0)
    assert seen.fuel_power_w == pytest.approx(2500.0)  # (1000 + 1200) / 0.88


def test_a_warm_engine_shows_the_temperatures_and_pressures_of_its_load() -> None:
    engine = running(1.0)
    engine.advance(1200.0)
    seen = engine.telemetry("chp")
    assert seen.coolant_outlet_c == pytest.approx(88.0, abs=0.1)
    assert seen.coolant_inlet_c == pytest.approx(76.0, abs=0.1)
    assert seen.oil_temperature_c == pytest.approx(94.0, abs=0.1)
    assert seen.exhaust_temperature_c == pytest.approx(450.0, abs=0.1)
    assert seen.oil_pressure_bar == pytest.approx(4.5)
    assert seen.charge_pressure_bar == pytest.approx(2.0)
    assert seen.throttle_position_pu == pytest.approx(1.0)
    assert seen.engine_speed_rpm == 1500.0


def test_on_the_grid_the_speed_is_that_of_the_frequency() -> None:
    engine = running()
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, -0.5)))
    engine.step()
    assert engine.telemetry("chp").engine_speed_rpm == pytest.approx(1485.0)  # 120 · 49.5 / 4


def test_the_flags_of_each_state() -> None:
    engine = site()
    assert not engine.telemetry("chp").ignition_on
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.step()
    seen = engine.telemetry("chp")
    assert (seen.starter_on, seen.prelube_pump_on, seen.ignition_on, seen.preheat_on) == (True,) * 3 + (
        False,
    )
    advance_to(engine, ChpUnit.WARMUP)
    seen = engine.telemetry("chp")
    assert (seen.starter_on, seen.preheat_on, seen.engine_running) == (False, True, False)
    advance_to(engine, ChpUnit.RUNNING)
    seen = engine.telemetry("chp")
    assert (seen.preheat_on, seen.engine_running, seen.auto_mode) == (False, True, True)


def test_only_whole_hours_on_the_grid_count_and_each_start_once() -> None:
    engine = site(ChpParams(rated_w=1e6, initial_operating_h=29_999.5, initial_starts=19_999), dt_s=1.0)
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.advance(START_S + 1799)
    assert engine.telemetry("chp").operating_hours_h == 29_999
    engine.advance(1)
    assert engine.telemetry("chp").operating_hours_h == 30_000
    assert engine.telemetry("chp").starts == 20_000


def test_a_fault_stays_until_it_is_acknowledged_with_0x10e1() -> None:
    engine = running()
    engine.submit(Fault("chp", "emergency_stop"))
    engine.step()
    seen = engine.telemetry("chp")
    assert (seen.unit_state, seen.active_power_w, seen.fault_code) == (0, 0.0, 3001)
    assert seen.e_stop_request
    assert seen.collective_fault
    assert not seen.circuit_breaker_closed
    engine.submit(Write("chp", {"acknowledge": 0x10E1}))
    engine.step()
    assert unit(engine) is ChpUnit.FAULT, "the cause is still there"
    engine.submit(ClearFault("chp"))
    engine.advance(60)
    assert unit(engine) is ChpUnit.FAULT
    engine.submit(Write("chp", {"acknowledge": 4320}))
    engine.step()
    assert unit(engine) is ChpUnit.FAULT, "another number acknowledges nothing"
    engine.submit(Write("chp", {"acknowledge": 4321}))
    engine.step()
    assert unit(engine) is ChpUnit.READY
    assert engine.devices["chp"].commands.acknowledge == 0


def test_after_a_fault_the_start_has_to_be_given_anew() -> None:
    engine = running()
    engine.submit(Fault("chp", "oil_pressure_low", duration_s=1.0))
    engine.advance(10)
    assert engine.telemetry("chp").oil_pressure_bar < 4.0
    engine.submit(Write("chp", {"acknowledge": 4321}))
    engine.advance(10)
    assert unit(engine) is ChpUnit.READY
    assert "a new start command is required" in engine.snapshot().device("chp").explanation
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.step()
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.step()
    assert unit(engine) is ChpUnit.STARTING


def test_an_engine_that_does_not_ignite_fails_at_the_end_of_cranking() -> None:
    engine = site()
    engine.submit(Fault("chp", "start_failure"))
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.advance(10.0)
    assert unit(engine) is ChpUnit.STARTING
    engine.step()
    assert (unit(engine), engine.telemetry("chp").fault_code) == (ChpUnit.FAULT, 3004)


def test_a_generator_that_does_not_come_into_step_never_closes_its_breaker() -> None:
    engine = site()
    engine.submit(Fault("chp", "synchronizing_failure"))
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": 1.0}))
    engine.advance(START_S + 0.5)
    assert (unit(engine), engine.telemetry("chp").fault_code) == (ChpUnit.FAULT, 3005)
    assert engine.telemetry("chp").energy_wh == 0.0


def test_a_failed_cooling_derates_and_then_shuts_down() -> None:
    engine = running()
    engine.submit(Fault("chp", "cooling_failure"))
    least = 2.0
    while unit(engine) is ChpUnit.RUNNING:
        engine.step()
        if unit(engine) is ChpUnit.RUNNING:
            least = min(least, engine.telemetry("chp").load_pu)
    seen = engine.telemetry("chp")
    assert (unit(engine), seen.fault_code) == (ChpUnit.FAULT, 3002)
    assert seen.collective_warning
    assert least == pytest.approx(0.3, abs=0.05)


def test_a_stuck_thermometer_hides_the_failed_cooling_from_the_controller() -> None:
    engine = running()
    engine.submit(Fault("chp", "sensor_stuck"))
    engine.submit(Fault("chp", "cooling_failure"))
    before = engine.telemetry("chp").coolant_outlet_c
    engine.advance(600)
    assert engine.telemetry("chp").coolant_outlet_c == before
    assert unit(engine) is ChpUnit.RUNNING
    assert engine.devices["chp"].state.sensors.coolant_c > 130.0


def test_a_fuel_shortage_halves_the_permitted_load_while_it_lasts() -> None:
    engine = running(0.9)
    engine.submit(Fault("chp", "fuel_shortage", duration_s=60.0))
    engine.advance(30.0)
    seen = engine.telemetry("chp")
    assert (seen.permitted_load_pu, seen.load_pu) == (0.5, pytest.approx(0.5))
    assert seen.collective_warning
    assert not seen.collective_fault
    engine.advance(60.0)
    assert engine.telemetry("chp").load_pu == pytest.approx(0.9)


def test_when_the_grid_is_lost_it_idles_and_comes_back_by_itself() -> None:
    engine = running()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=60.0)))
    engine.step()
    seen = engine.telemetry("chp")
    assert (unit(engine), seen.active_power_w, seen.fault_code) == (ChpUnit.IDLE, 0.0, 3007)
    assert engine.devices["chp"].state.status is Status.TRIPPED
    engine.advance(59.0)
    assert unit(engine) is ChpUnit.IDLE
    advance_to(engine, ChpUnit.RUNNING)
    assert engine.telemetry("chp").fault_code == 0
    assert engine.telemetry("chp").starts == 1


CODED = ChpParams(rated_w=4e6, rated_rpm=1800.0, grid_code=load_grid_code("ieee1547-2018-cat-ii"))


def test_it_trips_when_its_grid_code_says_and_returns_after_delay_and_ramp() -> None:
    engine = running(params=CODED)
    # category II trips at 0.45 pu and below after 0.16 s
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.3, duration_s=5.0)))
    engine.advance(1.0)
    seen = engine.telemetry("chp")
    assert (unit(engine), seen.active_power_w, seen.fault_code) == (ChpUnit.IDLE, 0.0, 3008)
    assert engine.devices["chp"].state.status is Status.TRIPPED
    assert "UV2" in engine.snapshot().device("chp").explanation
    engine.advance(5.0)
    assert engine.devices["chp"].state.status is Status.WAITING
    engine.advance(290.0)
    assert unit(engine) is ChpUnit.IDLE, "the code's delay of 300 s is not over"
    advance_to(engine, ChpUnit.RUNNING)
    engine.advance(60.0)
    assert 0.0 < engine.telemetry("chp").load_pu < 0.5, "the code's ramp takes 300 s"
    engine.advance(300.0)
    assert engine.telemetry("chp").load_pu == pytest.approx(1.0)


def test_while_its_code_wants_no_current_it_gives_none_and_ramps_up_again() -> None:
    engine = running(params=ChpParams(rated_w=4e6, grid_code=load_grid_code("ieee1547-2018-cat-iii")))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.15, duration_s=3.0)))
    engine.step()
    seen = engine.telemetry("chp")
    assert engine.devices["chp"].state.status is Status.CEASED
    assert (seen.active_power_w, seen.reactive_power_var) == (0.0, 0.0)
    engine.advance(5.0)
    assert unit(engine) is ChpUnit.RUNNING
    assert 0.0 < engine.telemetry("chp").load_pu <= 0.15


def test_a_frequency_above_the_deadband_lowers_the_load_along_the_droop() -> None:
    engine = running(0.8, CODED)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.5)))
    engine.advance(60.0)
    # 0.036 Hz deadband, 5 % droop: 0.8 − (0.5 − 0.036) / (60 · 0.05)
    expected = 0.8 - 0.464 / 3.0
    assert engine.telemetry("chp").load_pu == pytest.approx(expected, abs=1e-4)


def test_reactive_power_follows_the_power_factor_within_the_generator() -> None:
    engine = running(1.0)
    engine.submit(Write("chp", {"power_factor_setpoint": 0.9}))
    engine.step()
    assert engine.telemetry("chp").reactive_power_var == pytest.approx(
        4e6 * 0.484322, rel=1e-5
    )  # tan acos 0.9
    engine.submit(Write("chp", {"power_factor_setpoint": -0.5}))
    engine.step()
    assert engine.telemetry("chp").reactive_power_var == pytest.approx(-3e6)  # √(5² − 4²) MVA


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rated_w": 0.0}, "rated_w 0 of a CHP is not above 0"),
        ({"rated_w": 1.0, "min_load_pu": 1.2}, "min_load_pu ≤ max_load_pu of a CHP, found 1.2, 1.1"),
        ({"rated_w": 1.0, "total_efficiency": 1.2}, "total_efficiency 1.2 of a CHP"),
        ({"rated_w": 1.0, "heat_to_power_ratio": float("nan")}, "heat_to_power_ratio nan"),
    ],
)
def test_a_unit_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ChpParams(**wrong)


ACTIONS = st.one_of(
    st.tuples(st.just("start"), st.sampled_from([0.0, 1.0])),
    st.tuples(st.just("load"), st.floats(0.0, 1.1)),
    st.tuples(st.just("fault"), st.integers(0, len(CHP.faults) - 1)),
    st.tuples(st.just("clear"), st.just(0.0)),
    st.tuples(st.just("ack"), st.just(0.0)),
    st.tuples(st.just("sag"), st.sampled_from([0.0, 0.6])),
    st.tuples(st.just("wait"), st.floats(1.0, 150.0)),
)


@settings(max_examples=60, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=25), dt_s=st.sampled_from([0.5, 1.0, 3.0]))
def test_whatever_happens_it_keeps_its_laws(actions: list[tuple[str, float]], dt_s: float) -> None:
    engine = site(ChpParams(rated_w=100_000.0), dt_s=dt_s)
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": 0.8}))
    for what, number in actions:
        if what == "start":
            engine.submit(Write("chp", {"start_stop": int(number)}))
        elif what == "load":
            engine.submit(Write("chp", {"load_setpoint_pu": number}))
        elif what == "fault":
            engine.submit(Fault("chp", CHP.faults[int(number)].name))
        elif what == "clear":
            engine.submit(ClearFault())
        elif what == "ack":
            engine.submit(Write("chp", {"acknowledge": 4321}))
        elif what == "sag":
            engine.submit(Disturb(Disturbance(Target.VOLTAGE, number, duration_s=21.0)))
        for _ in range(max(1, round((number if what == "wait" else 1.0) / dt_s))):
            before, held_wh = engine.telemetry("chp"), engine.devices["chp"].state.heat.engine_wh
            engine.step()
            seen = engine.telemetry("chp")
            rise = seen.load_pu - before.load_pu
            assert rise <= 0.05 * dt_s + 1e-9
            assert 0.0 <= seen.load_pu <= 1.1
            if seen.unit_state not in (ChpUnit.RUNNING, ChpUnit.STOPPING):
                assert (seen.active_power_w, seen.circuit_breaker_closed) == (0.0, False)
            if seen.collective_fault:
                assert seen.unit_state == ChpUnit.FAULT
            taken_up_w = (engine.devices["chp"].state.heat.engine_wh - held_wh) * 3600.0 / dt_s
            released_w = seen.heat_power_w + taken_up_w
            assert released_w == pytest.approx(seen.active_power_w, abs=1e-6)  # heat-to-power ratio 1
            assert seen.fuel_power_w - seen.active_power_w - released_w >= -1e-6
    seen = engine.telemetry("chp")
    assert seen.fuel_energy_wh >= seen.energy_wh + seen.heat_energy_wh


def test_the_air_taken_in_is_warmed_by_a_turning_engine_alone() -> None:
    engine = site()
    engine.advance(600.0)
    above_c = lambda of: of.telemetry("chp").intake_air_c - of.surroundings.ambient_c  # noqa: E731
    assert above_c(engine) == pytest.approx(0.0, abs=1.0)  # it follows the air with a lag
    warm = running()
    warm.advance(600.0)
    assert above_c(warm) > 3.0
    warm.submit(Write("chp", {"start_stop": 0}))
    warm.advance(3600.0)
    assert above_c(warm) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize(
    ("fault", "automatic"),
    [("emergency_stop", False), ("power_supply_failure", False), ("oil_pressure_low", True)],
)
def test_an_emergency_stop_and_a_lost_supply_end_the_automatic_mode(fault: str, automatic: bool) -> None:
    engine = running()
    assert engine.telemetry("chp").auto_mode
    engine.submit(Fault("chp", fault))
    engine.step()
    assert engine.telemetry("chp").auto_mode is automatic


def test_without_voltage_it_does_not_begin_to_start_and_begins_when_the_grid_is_back() -> None:
    engine = site()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=20.0)))
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": 1.0}))
    for _ in range(38):
        engine.step()
        assert unit(engine) is ChpUnit.READY
        assert not engine.telemetry("chp").starter_on
    advance_to(engine, ChpUnit.STARTING)
    assert 20.0 <= engine.time_s <= 22.0
