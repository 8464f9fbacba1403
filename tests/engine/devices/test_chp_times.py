"""A CHP runs and rests for its least times, whatever it is told; only faults end a run earlier."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.devices.test_chp import START_S, advance_to, site, unit
from twin_tui.engine.device import Status, latching
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.chp_engine import TURNING, ChpUnit
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.s2.builders import chp_ddbc

TIMED = ChpParams(rated_w=100_000.0, min_run_s=600.0, min_rest_s=300.0)


def why(engine: Engine) -> str:
    return str(engine.snapshot().device("chp").explanation)


def started(params: ChpParams = TIMED, load_pu: float = 0.8) -> Engine:
    engine = site(params)
    engine.submit(Write("chp", {"start_stop": 1, "load_setpoint_pu": load_pu}))
    advance_to(engine, ChpUnit.RUNNING)
    return engine


def test_a_stop_within_the_least_run_time_waits_at_the_least_load_and_says_so() -> None:
    engine = started()
    engine.advance(60.0)
    engine.submit(Write("chp", {"start_stop": 0, "load_setpoint_pu": 0.0}))
    engine.advance(100.0)
    seen = engine.telemetry("chp")
    assert (unit(engine), seen.load_pu) == (ChpUnit.RUNNING, pytest.approx(0.3))
    assert seen.run_left_s == pytest.approx(600.0 - START_S - 160.0, abs=1.0)
    assert "a stop waits for the least run time of 600 s" in why(engine)
    engine.advance(seen.run_left_s - 0.5)
    assert unit(engine) is ChpUnit.RUNNING
    engine.advance(1.0)
    assert unit(engine) is ChpUnit.STOPPING
    assert "a stop waits" not in why(engine)


def test_a_stop_that_is_taken_back_in_time_is_forgotten() -> None:
    engine = started()
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.advance(60.0)
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.advance(600.0)
    assert (unit(engine), engine.telemetry("chp").load_pu) == (ChpUnit.RUNNING, pytest.approx(0.8))


def test_a_start_within_the_least_rest_is_blocked_and_follows_as_soon_as_it_may() -> None:
    engine = started()
    engine.advance(600.0)
    engine.submit(Write("chp", {"start_stop": 0}))
    advance_to(engine, ChpUnit.READY)
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.step()
    assert unit(engine) is ChpUnit.START_BLOCKED
    assert engine.devices["chp"].state.status is Status.WAITING
    assert "a start waits for the least rest of 300 s" in why(engine)
    left_s = engine.telemetry("chp").rest_left_s
    assert left_s == pytest.approx(300.0, abs=1.0)
    engine.advance(left_s - 0.5)
    assert (unit(engine), engine.telemetry("chp").starts) == (ChpUnit.START_BLOCKED, 1)
    engine.advance(1.0)
    assert (unit(engine), engine.telemetry("chp").starts) == (ChpUnit.STARTING, 2)


def test_a_start_that_is_taken_back_leaves_it_ready_and_the_first_one_waits_for_nothing() -> None:
    engine = started()
    engine.advance(600.0)
    engine.submit(Write("chp", {"start_stop": 0}))
    advance_to(engine, ChpUnit.READY)
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.advance(10.0)
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.step()
    assert unit(engine) is ChpUnit.READY


@pytest.mark.parametrize("fault", ["emergency_stop", "oil_pressure_low"])
def test_a_fault_ends_a_run_at_once_and_the_rest_counts_from_there(fault: str) -> None:
    engine = started()
    engine.submit(Fault("chp", fault, duration_s=1.0))
    engine.step()
    assert unit(engine) is ChpUnit.FAULT
    engine.submit(Write("chp", {"start_stop": 0}))
    engine.advance(100.0)
    engine.submit(Write("chp", {"acknowledge": 4321}))
    engine.step()
    engine.submit(Write("chp", {"start_stop": 1}))
    engine.step()
    assert unit(engine) is ChpUnit.START_BLOCKED
    assert engine.telemetry("chp").rest_left_s == pytest.approx(200.0, abs=2.0)


def test_an_energy_manager_sees_both_times_as_timers() -> None:
    engine = started()
    engine.advance(100.0)
    (actuator,) = chp_ddbc(engine.devices["chp"], engine.surroundings).actuators
    run_time, rest = actuator.timers
    assert (run_time.duration_ms, run_time.left_ms) == (600_000, pytest.approx(600_000 - 215_500, abs=1000))
    assert (rest.duration_ms, rest.left_ms) == (320_000, 0)
    start, stop = actuator.transitions
    assert (start.start_timers, start.blocking_timers) == ((run_time.id,), (rest.id,))
    assert (stop.start_timers, stop.blocking_timers) == ((rest.id,), (run_time.id,))


ACTIONS = st.one_of(
    st.tuples(st.just("start_stop"), st.sampled_from([0, 1])),
    st.tuples(st.just("load_setpoint_pu"), st.sampled_from([0.0, 0.1, 0.7, 1.1])),
    st.tuples(st.just("fault"), st.integers(0, len(CHP.faults) - 1)),
    st.tuples(st.just("clear"), st.just(0)),
    st.tuples(st.just("acknowledge"), st.just(4321)),
    st.tuples(st.just("sag"), st.sampled_from([0.0, 0.6])),
)
MAY_END_IT = latching(CHP.faults)


@settings(max_examples=60, deadline=None)
@given(
    story=st.lists(st.tuples(ACTIONS, st.integers(1, 40)), max_size=20),
    dt_s=st.sampled_from([0.7, 1.0, 3.0]),
    buffer_l=st.sampled_from([0.0, 200.0]),
)
def test_no_story_breaks_the_least_times_but_by_a_fault(
    story: list[tuple[tuple[str, float], int]], dt_s: float, buffer_l: float
) -> None:
    quick = dict.fromkeys(("starting_s", "warmup_s", "idle_s", "synchronizing_s", "stopping_s"), 2.0)
    params = ChpParams(rated_w=100_000.0, min_run_s=50.0, min_rest_s=25.0, buffer_l=buffer_l, **quick)
    engine = site(params, dt_s=dt_s)
    turned_s, rested_s = 0.0, 1e9
    starts = 0
    for (what, number), ticks in story:
        if what == "fault":
            engine.submit(Fault("chp", CHP.faults[int(number)].name))
        elif what == "clear":
            engine.submit(ClearFault())
        elif what == "sag":
            engine.submit(Disturb(Disturbance(Target.VOLTAGE, number, duration_s=20 * dt_s)))
        else:
            engine.submit(Write("chp", {what: number}))
        for _ in range(ticks):
            before = unit(engine)
            engine.step()
            now, seen = unit(engine), engine.telemetry("chp")
            if before in TURNING and now not in TURNING:
                faults = engine.devices["chp"].state.faults
                assert turned_s >= 50.0 - 1e-9 or (now is ChpUnit.FAULT and faults & MAY_END_IT)
            if now is ChpUnit.STARTING and before is not ChpUnit.STARTING:
                assert rested_s >= 25.0 - 1e-9
                starts += 1
                turned_s = 0.0
            turned_s = turned_s + dt_s if now in TURNING else turned_s
            resting = now in (ChpUnit.READY, ChpUnit.FAULT, ChpUnit.START_BLOCKED)
            rested_s = rested_s + dt_s if resting else 0.0
            assert seen.starts == starts
