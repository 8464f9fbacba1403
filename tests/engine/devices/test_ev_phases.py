"""A station changes between one phase and three only without current, and not too often."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.devices.test_ev_charger import seen, site
from twin_tui.engine.devices.ev_charger import EvParams
from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG, Pilot
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write

QUICK = EvParams(phase_switch_pause_s=20.0, phase_switch_interval_s=100.0)


def charging(params: EvParams = QUICK, dt_s: float = 1.0) -> Engine:
    engine = site(params, dt_s=dt_s)
    engine.advance(max(10.0, 2 * dt_s))
    assert seen(engine).current_b_a > 0.0
    return engine


def test_a_change_to_one_phase_pauses_charging_and_then_takes_one_phase() -> None:
    engine = charging()
    engine.submit(Write("ev", {"phases": 1, "current_limit_a": 6.0}))
    engine.step()
    assert (seen(engine).pilot_state, seen(engine).offered_current_a) == (Pilot.B, 0.0)
    assert seen(engine).phase_switch_left_s == 20.0
    assert "changes its phases: no current for 20 s" in engine.snapshot().device("ev").explanation
    for _ in range(19):
        assert (seen(engine).phases_active, seen(engine).active_power_w) == (3, 0.0)
        engine.step()
    assert seen(engine).phase_switch_left_s == 1.0
    engine.step()
    assert (seen(engine).phases_active, seen(engine).phase_switches) == (1, 1)
    engine.step()
    assert seen(engine).active_power_w == pytest.approx(-1380.0)  # 6 A · 230 V
    assert (seen(engine).current_a_a, seen(engine).current_b_a) == (pytest.approx(6.0), 0.0)
    assert seen(engine).phase_switch_left_s == 0.0


@pytest.mark.parametrize(("limit_w", "power_w"), [(1380.0, 1380.0), (1379.0, 0.0)])
def test_over_one_phase_the_least_power_is_1380_watts(limit_w: float, power_w: float) -> None:
    engine = site(QUICK)
    engine.submit(Write("ev", {"phases": 1, "active_power_limit_w": limit_w}))
    engine.advance(10)
    assert seen(engine).active_power_w == pytest.approx(-power_w)


def test_a_second_change_waits_for_the_interval_and_charging_goes_on_meanwhile() -> None:
    engine = charging()
    engine.submit(Write("ev", {"phases": 1}))
    engine.advance(30)
    engine.submit(Write("ev", {"phases": 3}))
    engine.advance(60)
    assert seen(engine).active_power_w == pytest.approx(-3680.0)
    engine.advance(60)
    assert (seen(engine).phases_active, seen(engine).phase_switches) == (3, 2)


def test_a_change_that_is_taken_back_in_the_pause_never_moves_the_contactors() -> None:
    engine = charging()
    engine.submit(Write("ev", {"phases": 1}))
    engine.advance(10)
    engine.submit(Write("ev", {"phases": 3}))
    engine.advance(10)
    assert (seen(engine).phase_switches, seen(engine).current_c_a > 15.0) == (0, True)


def test_without_current_for_long_the_contactors_change_at_once() -> None:
    engine = charging()
    engine.submit(Write("ev", {"enabled": 0}))
    engine.advance(60)
    engine.submit(Write("ev", {"phases": 1, "enabled": 1}))
    engine.advance(3)
    assert (seen(engine).phases_active, seen(engine).current_a_a) == (1, pytest.approx(16.0))


def test_a_pause_that_is_no_whole_step_lasts_one_step_more() -> None:
    engine = charging(EvParams(phase_switch_pause_s=20.0), dt_s=60.0)
    engine.submit(Write("ev", {"phases": 1}))
    engine.step()
    assert seen(engine).active_power_w == 0.0
    engine.step()
    assert (seen(engine).phases_active, seen(engine).active_power_w) == (1, pytest.approx(-3680.0))


ACTIONS = st.one_of(
    st.tuples(st.just("phases"), st.sampled_from([1, 3])),
    st.tuples(st.just("current_limit_a"), st.floats(0.0, 32.0)),
    st.tuples(st.just("active_power_limit_w"), st.floats(0.0, 12_000.0)),
    st.tuples(st.just("discharge_setpoint_w"), st.floats(0.0, 12_000.0)),
    st.tuples(st.just("plug"), st.sampled_from([PLUG, UNPLUG])),
    st.tuples(st.just("enabled"), st.sampled_from([0, 1])),
)


@settings(max_examples=60, deadline=None)
@given(
    story=st.lists(st.tuples(ACTIONS, st.integers(1, 40)), max_size=15),
    dt_s=st.sampled_from([0.5, 1.0, 7.0]),
    v2g=st.booleans(),
)
def test_no_story_changes_the_phases_under_current_or_within_pause_and_interval(
    story: list[tuple[tuple[str, float], int]], dt_s: float, v2g: bool
) -> None:
    params = EvParams(
        phase_switch_pause_s=15.0,
        phase_switch_interval_s=40.0,
        max_discharge_power_w=9000.0 if v2g else 0.0,
    )
    engine = site(params, dt_s=dt_s)
    phases, idle_s, settled_s = 3, 1e9, 1e9
    for (name, number), ticks in story:
        engine.submit(Write("ev", {name: number}))
        for _ in range(ticks):
            engine.step()
            now = seen(engine)
            currents = now.current_a_a, now.current_b_a, now.current_c_a
            settled_s += dt_s
            if now.phases_active != phases:
                assert idle_s >= 15.0
                assert settled_s >= 40.0
                phases, settled_s = now.phases_active, 0.0
            assert max(currents) <= params.max_current_a + 1e-9
            assert currents[1:] == (pytest.approx((currents[0],) * 2) if phases == 3 else (0.0, 0.0))
            idle_s = idle_s + dt_s if currents[0] == 0.0 else 0.0
