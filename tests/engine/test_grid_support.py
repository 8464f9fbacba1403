"""Droop, volt-var and volt-watt as the codes ask for them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine import grid_support
from twin_tui.engine.grid_code import FrequencyDroop
from twin_tui.engine.grid_support import NEUTRAL, SupportState

PLAIN = load_grid_code("ieee1547-2018-cat-iii")
ALL_ON = load_grid_code("ieee1547-2018-cat-iii", volt_var=True, volt_watt=True)
VDE = load_grid_code("vde-ar-n-4105")


def settle(code, v_pu, frequency_hz, seconds=200.0):
    state = NEUTRAL
    for _ in range(round(seconds / 0.1)):
        state = grid_support.step(code, state, 0.1, v_pu, frequency_hz)
    return state


def supported(code, state, p_pu, p_min_pu, p_max_pu):
    """Return the power when the droop has settled."""
    for _ in range(2000):
        power, state = grid_support.answer(code, state, 0.1, p_pu, p_min_pu, p_max_pu)
        state = replace(state, droop_before_pu=state.droop_pu)
    return power


def test_a_healthy_grid_asks_for_nothing():
    assert grid_support.step(ALL_ON, NEUTRAL, 0.1, 1.0, 60.02) is NEUTRAL


def test_the_droop_settles_where_the_standard_says():
    assert settle(PLAIN, 1.0, 60.336).droop_pu == pytest.approx(-0.1)
    assert settle(PLAIN, 1.0, 59.664).droop_pu == pytest.approx(0.1)


def test_the_droop_covers_ninety_percent_in_five_seconds():
    assert settle(PLAIN, 1.0, 60.336, 5.0).droop_pu == pytest.approx(-0.09, rel=1e-6)


def test_a_droop_of_the_present_power_takes_forty_percent_a_hertz():
    state = settle(VDE, 1.0, 50.7)
    assert supported(VDE, state, 0.5, 0.0, 0.5) == pytest.approx(0.5 * 0.8)


@pytest.mark.parametrize(("v_pu", "q_pu"), [(0.95, 0.22), (1.05, -0.22), (1.2, -0.44)])
def test_volt_var_settles_on_its_curve(v_pu, q_pu):
    assert settle(ALL_ON, v_pu, 60.0).q_pu == pytest.approx(q_pu, abs=1e-5)


def test_volt_watt_caps_power_into_the_grid_but_not_charging():
    state = settle(ALL_ON, 1.08, 60.0)
    assert supported(ALL_ON, state, 0.9, 0.0, 1.0) == pytest.approx(0.5, abs=1e-5)
    assert supported(ALL_ON, state, -0.9, -1.0, 1.0) == -0.9


def test_functions_that_are_off_do_nothing():
    assert settle(PLAIN, 1.08, 60.0) is NEUTRAL


def test_support_fades_when_the_grid_is_well_again():
    state = settle(ALL_ON, 1.08, 60.5)
    for _ in range(2000):
        state = grid_support.step(ALL_ON, state, 0.1, 1.0, 60.0)
    assert state is NEUTRAL


def test_without_support_power_is_what_was_wanted():
    assert supported(PLAIN, NEUTRAL, 0.7, 0.0, 0.5) == 0.7


@given(st.floats(-1, 1), st.floats(-1, 0), st.floats(0, 1), st.floats(-2, 2), st.floats(0, 1), st.booleans())
def test_support_stays_within_what_the_device_can_do(p_pu, p_min, p_max, droop_pu, limit, storage):
    state = SupportState(droop_target_pu=droop_pu, droop_before_pu=-droop_pu, p_limit_pu=limit, active=True)
    power, _ = grid_support.answer(VDE, state, 0.1, p_pu, p_min, p_max, storage=storage)
    assert min(p_min, p_pu) <= power <= max(p_max, p_pu)
    assert power <= limit


def test_volt_watt_alone_begins_without_droop_or_volt_var():
    code = load_grid_code("ieee1547-2018-cat-iii", volt_watt=True)
    state = settle(code, 1.08, 60.0)
    assert (state.active, state.droop_pu, state.q_pu) == (True, 0.0, 0.0)
    assert state.p_limit_pu == pytest.approx(0.5, abs=1e-5)


def test_volt_var_alone_begins_without_droop_or_volt_watt():
    code = load_grid_code("ieee1547-2018-cat-iii", volt_var=True)
    state = settle(code, 1.05, 60.0)
    assert (state.active, state.droop_pu, state.p_limit_pu) == (True, 0.0, 1.0)
    assert state.q_pu == pytest.approx(-0.22, abs=1e-5)


def test_only_the_answer_to_a_high_frequency_is_a_share_of_the_present_power():
    droop = FrequencyDroop(0.2, 0.05, of_power=True, under_deadband_hz=0.2, under_droop=0.05)
    code = replace(VDE, frequency_droop=droop)
    high, low = settle(code, 1.0, 50.7), settle(code, 1.0, 49.3)
    assert supported(code, high, 0.5, 0.0, 1.0) == pytest.approx(0.5 * 0.8)
    assert supported(code, low, 0.5, 0.0, 1.0) == pytest.approx(0.5 + 0.2)


def test_storage_answers_with_its_rating_where_generators_answer_with_their_power():
    droop = FrequencyDroop(0.2, 0.05, of_power=True, under_deadband_hz=0.2, under_storage_only=True)
    code = replace(VDE, frequency_droop=droop)
    for hz, generator, storage in ((50.7, 0.4, 0.3), (49.3, 0.5, 0.7)):
        state = settle(code, 1.0, hz)
        assert supported(code, state, 0.5, 0.0, 1.0) == pytest.approx(generator)
        for _ in range(2000):
            power, state = grid_support.answer(code, state, 0.1, 0.5, -1.0, 1.0, storage=True)
            state = replace(state, droop_before_pu=state.droop_pu)
        assert power == pytest.approx(storage)


def test_a_device_beyond_its_limits_is_not_driven_further_out():
    high, low = settle(PLAIN, 1.0, 61.0), settle(PLAIN, 1.0, 59.0)
    assert supported(PLAIN, low, 0.8, 0.0, 0.6) == pytest.approx(0.8)
    assert supported(PLAIN, high, 0.1, 0.3, 0.6) == pytest.approx(0.1)
    assert supported(PLAIN, high, 0.5, 0.3, 0.6) == pytest.approx(0.3)
    assert supported(PLAIN, low, 0.5, 0.3, 0.6) == pytest.approx(0.6)


def test_a_droop_that_says_no_more_is_of_the_rating_for_high_frequencies_only_and_at_once():
    code = replace(VDE, frequency_droop=FrequencyDroop(0.2, 0.05))
    state = settle(code, 1.0, 50.7, 0.1)
    power, _ = grid_support.answer(code, state, 0.1, 0.5, 0.0, 1.0)
    assert power == pytest.approx(0.3)
    assert settle(code, 1.0, 47.0) is NEUTRAL
    code = replace(VDE, frequency_droop=FrequencyDroop(0.2, 0.05, under_deadband_hz=0.2))
    assert supported(code, settle(code, 1.0, 49.3), 0.5, 0.0, 1.0) == pytest.approx(0.7)


def test_neutral_support_asks_for_nothing():
    assert SupportState() == NEUTRAL
    assert (NEUTRAL.droop_pu, NEUTRAL.p_limit_pu, NEUTRAL.q_pu) == (0.0, 1.0, 0.0)
    assert (NEUTRAL.active, NEUTRAL.droop_target_pu, NEUTRAL.droop_before_pu) == (False, 0.0, 0.0)
    assert grid_support.answer(VDE, NEUTRAL, 0.1, 0.7, 0.0, 0.5) == (0.7, NEUTRAL)
