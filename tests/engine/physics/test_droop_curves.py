"""Droops and curves by hand and by the corner points of their rules."""

from math import exp, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import droop

VOLT_VAR_B = ((0.92, 0.44), (0.98, 0.0), (1.02, 0.0), (1.08, -0.44))
VOLT_VAR_A = ((0.9, 0.25), (1.0, 0.0), (1.0, 0.0), (1.1, -0.25))


def ieee(p_before: float, frequency_hz: float, p_min: float = 0.0, p_max: float = 1.0) -> float:
    return droop.frequency_watt(
        p_before,
        frequency_hz,
        60.0,
        over_deadband_hz=0.036,
        over_droop=0.05,
        under_deadband_hz=0.036,
        under_droop=0.05,
        p_min_pu=p_min,
        p_max_pu=p_max,
    )


def lfsm_o(p_before: float, frequency_hz: float) -> float:
    return droop.frequency_watt(
        p_before,
        frequency_hz,
        50.0,
        over_deadband_hz=0.2,
        over_droop=0.05,
        under_deadband_hz=0.2,
        under_droop=0.05,
        p_min_pu=0.0,
        p_max_pu=p_before,
    )


@pytest.mark.parametrize(
    ("frequency_hz", "p_pu"),
    [
        (60.0, 0.8),
        (60.036, 0.8),
        (59.964, 0.8),
        (60.336, 0.7),
        (60.636, 0.6),
        (61.5, 0.312),
        (59.664, 0.9),
        (59, 1),
    ],
)
def test_the_ieee_droop_by_hand(frequency_hz, p_pu):
    assert ieee(0.8, frequency_hz) == pytest.approx(p_pu)


def test_storage_may_turn_round_when_the_frequency_is_high():
    assert ieee(0.1, 61.236, p_min=-1.0) == pytest.approx(0.1 - 0.4)


def test_a_droop_never_moves_the_wrong_way_when_limits_are_past_the_power():
    assert ieee(0.3, 61.0, p_min=0.5) == 0.3
    assert ieee(0.7, 59.0, p_max=0.5) == 0.7


@pytest.mark.parametrize(
    ("frequency_hz", "p_pu"), [(50.2, 1.0), (50.7, 0.8), (51.5, 0.48), (52.7, 0.0), (53.0, 0.0)]
)
def test_lfsm_o_takes_forty_percent_a_hertz(frequency_hz, p_pu):
    assert lfsm_o(1.0, frequency_hz) == pytest.approx(p_pu)


@given(st.floats(-1, 1), st.floats(55, 65), st.floats(55, 65))
def test_more_frequency_never_asks_for_more_power(p_before, one, other):
    low, high = sorted((one, other))
    assert ieee(p_before, high, p_min=-1.0) <= ieee(p_before, low, p_min=-1.0) + 1e-12


@pytest.mark.parametrize(
    ("v_pu", "q_pu"),
    [
        (0.8, 0.44),
        (0.92, 0.44),
        (0.95, 0.22),
        (0.98, 0.0),
        (1.0, 0.0),
        (1.05, -0.22),
        (1.08, -0.44),
        (1.3, -0.44),
    ],
)
def test_the_volt_var_curve_of_category_b(v_pu, q_pu):
    assert droop.piecewise(v_pu, VOLT_VAR_B) == pytest.approx(q_pu, abs=1e-12)


@pytest.mark.parametrize(("v_pu", "q_pu"), [(0.95, 0.125), (1.0, 0.0), (1.04, -0.1)])
def test_a_curve_without_a_dead_band_passes_through_its_double_corner(v_pu, q_pu):
    assert droop.piecewise(v_pu, VOLT_VAR_A) == pytest.approx(q_pu, abs=1e-12)


def test_a_step_belongs_to_its_right_side():
    assert droop.piecewise(1.0, ((0.0, 0.0), (1.0, 2.0), (1.0, 5.0), (2.0, 5.0))) == 5.0


def test_not_a_number_gives_a_value_of_the_curve():
    assert droop.piecewise(nan, VOLT_VAR_B) == 0.44


@given(st.floats(0.5, 1.5))
def test_a_curve_stays_between_its_corners(v_pu):
    assert -0.44 <= droop.piecewise(v_pu, VOLT_VAR_B) <= 0.44


def test_a_lag_covers_ninety_percent_in_its_open_loop_response_time():
    assert droop.lag_share(5.0, 5.0) == pytest.approx(0.9)
    assert droop.lag_share(1.0, 0.0) == 1.0


@given(st.floats(0.01, 10), st.floats(0.1, 60), st.integers(1, 50))
def test_a_lag_does_not_depend_on_the_step(dt_s, response_s, steps):
    value = 0.0
    for _ in range(steps):
        value = droop.lag_step(value, 1.0, droop.lag_share(dt_s, response_s))
    assert value == pytest.approx(1.0 - exp(-steps * dt_s * 2.302585092994046 / response_s), abs=1e-9)


@pytest.mark.parametrize(
    ("product", "frequency_hz", "share"),
    [
        ("fcr_n", 50.0, 0.0),
        ("fcr_n", 49.95, 0.5),
        ("fcr_n", 49.8, 1.0),
        ("fcr_n", 50.1, -1.0),
        ("fcr_d_up", 49.9, 0.0),
        ("fcr_d_up", 49.7, 0.5),
        ("fcr_d_up", 49.5, 1.0),
        ("fcr_d_up", 50.4, 0.0),
        ("fcr_d_down", 50.1, 0.0),
        ("fcr_d_down", 50.3, -0.5),
        ("fcr_d_down", 49.0, 0.0),
        ("fcr_d_down", 51.0, -1.0),
        ("continental", 50.005, 0.0),
        ("continental", 49.9, 0.5),
        ("continental", 50.2, -1.0),
        ("dynamic_containment", 50.014, 0.0),
        ("dynamic_containment", 49.8, 0.05),
        ("dynamic_containment", 49.65, 0.525),
        ("dynamic_containment", 50.5, -1.0),
    ],
)
def test_frequency_reserves_at_the_corners_of_their_rules(product, frequency_hz, share):
    assert droop.fcr_share(product, frequency_hz) == pytest.approx(share, abs=1e-9)
