"""Power circle, power factor, unbalance and pilot signal by hand."""

import cmath
from math import hypot, inf, nan, radians, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import electrical

powers = st.floats(-2e5, 2e5)
magnitudes = st.floats(0.0, 1.5)


@given(powers, powers, st.floats(0, 1e5), st.booleans())
def test_an_operating_point_never_leaves_the_circle(p_w, q_var, s_max_va, q_priority):
    p, q = electrical.limit_apparent_power(p_w, q_var, s_max_va, q_priority)
    assert hypot(p, q) <= s_max_va * (1 + 1e-12) + 1e-9
    assert abs(p) <= abs(p_w)
    assert abs(q) <= abs(q_var)
    assert p * p_w >= 0.0
    assert q * q_var >= 0.0


@pytest.mark.parametrize(
    ("wanted", "q_priority", "given_"),
    [
        ((3.0, 4.0), False, (3.0, 4.0)),
        ((4.0, 9.0), False, (4.0, 3.0)),
        ((9.0, -4.0), False, (5.0, 0.0)),
        ((-9.0, -4.0), True, (-3.0, -4.0)),
        ((9.0, 8.0), True, (0.0, 5.0)),
    ],
)
def test_the_preferred_power_is_served_first(wanted, q_priority, given_):
    assert electrical.limit_apparent_power(*wanted, 5.0, q_priority) == pytest.approx(given_)


@pytest.mark.parametrize(
    ("p_w", "power_factor", "q_var"),
    [
        (800, 0.8, 600),
        (800, -0.8, -600),
        (-800, 0.8, 600),
        (800, 1.0, 0),
        (800, -1.0, 0),
        (800, 0.0, 0),
        (800, nan, 0),
    ],
)
def test_reactive_power_from_power_factor(p_w, power_factor, q_var):
    assert electrical.reactive_power(p_w, power_factor) == pytest.approx(q_var)


@given(magnitudes, magnitudes, magnitudes, st.floats(-180, 180), st.floats(-180, 180))
def test_line_voltages_are_differences_of_phasors(a, b, c, angle_b, angle_c):
    phasors = [cmath.rect(a, 0.0), cmath.rect(b, radians(angle_b)), cmath.rect(c, radians(angle_c))]
    expected = [abs(phasors[i] - phasors[(i + 1) % 3]) for i in range(3)]
    ours = electrical.line_voltages(a, b, c, angle_b=angle_b, angle_c=angle_c)
    assert ours == pytest.approx(expected, abs=1e-9)


def test_line_voltages_of_a_healthy_grid():
    assert electrical.line_voltages(230.0, 230.0, 230.0) == pytest.approx([230 * sqrt(3)] * 3)


@pytest.mark.parametrize(
    ("duty", "ampere"),
    [
        (5, 0),
        (7.9, 0),
        (8, 6),
        (10, 6),
        (16, 9.6),
        (53.333333, 32),
        (85, 51),
        (90, 65),
        (96, 80),
        (97, 80),
        (99, 0),
    ],
)
def test_the_pilot_duty_cycle_says_the_current(duty, ampere):
    assert electrical.pilot_current(duty) == pytest.approx(ampere, abs=1e-5)


@given(st.floats(6.0, 51.0) | st.floats(52.6, 80.0))
def test_the_pilot_duty_cycle_is_the_inverse(ampere):
    assert electrical.pilot_current(electrical.pilot_duty(ampere)) == pytest.approx(ampere)


def test_the_pilot_never_offers_more_than_was_asked_for_between_its_branches():
    assert electrical.pilot_current(electrical.pilot_duty(52.0)) == pytest.approx(51.0)


@pytest.mark.parametrize(
    ("ampere", "duty"), [(0.0, 100.0), (5.9, 100.0), (nan, 100.0), (6.0, 10.0), (inf, 96.0)]
)
def test_the_pilot_stands_still_when_no_current_is_allowed(ampere, duty):
    assert electrical.pilot_duty(ampere) == pytest.approx(duty)


def test_a_power_factor_of_one_or_beyond_or_none_takes_no_reactive_power():
    for power_factor in (1.0, -1.0, 1.05, 0.0, float("nan")):
        assert electrical.reactive_power(1000.0, power_factor) == 0.0
    assert electrical.reactive_power(-1000.0, 0.8) == pytest.approx(750.0)
    assert electrical.reactive_power(1000.0, -0.6) == pytest.approx(-4000.0 / 3.0)


@pytest.mark.parametrize(
    ("p_w", "q_var", "power_factor", "left_w"),
    [
        (100.0, 0.0, 0.9, 100.0),
        (-100.0, 0.0, 0.9, -100.0),
        (950.0, 0.0, 0.9, 900.0),
        (-950.0, 0.0, -0.9, -900.0),
        (1_200.0, 0.0, 1.0, 1_000.0),
        (1_200.0, 0.0, 0.0, 1_000.0),
        (100.0, 600.0, 0.9, 100.0),
        (950.0, 600.0, 0.9, 800.0),
        (-950.0, -600.0, 0.9, -800.0),
        (950.0, 2_000.0, 0.9, 0.0),
    ],
)
def test_the_active_power_beside_reactive_power_of_1_kva(p_w, q_var, power_factor, left_w):
    assert electrical.room_for_reactive(p_w, q_var, power_factor, 1_000.0) == pytest.approx(left_w)


@given(magnitudes, magnitudes, magnitudes, st.floats(-180, 180), st.floats(-180, 180), st.floats(-180, 180))
def test_the_neutral_carries_the_sum_of_the_phases_at_their_own_angles(a, b, c, lag_a, lag_b, lag_c):
    phasors = [
        cmath.rect(current, radians(angle - lag))
        for current, angle, lag in ((a, 0.0, lag_a), (b, -120.0, lag_b), (c, 120.0, lag_c))
    ]
    lagging = [cmath.rect(current, -radians(lag)) for current, lag in ((a, lag_a), (b, lag_b), (c, lag_c))]
    assert electrical.neutral_current(*lagging) == pytest.approx(abs(sum(phasors)), abs=1e-9)
