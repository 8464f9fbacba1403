"""A source behind an impedance, against the phasors themselves."""

import cmath
from cmath import rect
from math import atan2, hypot, isfinite, radians, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics.two_bus import (
    far_voltage,
    impedance_of,
    shifted_sources,
    transformer_impedance,
    voltage_at_admittance,
)

E = 230.0


def test_no_current_means_no_drop() -> None:
    assert far_voltage(E, 0.0, 0.0, 0.5, 0.2) == E


def test_the_voltage_of_a_hand_calculation() -> None:
    # 230 V, 0.4 Ω, 5 kW and no vars: V² − 230·V + 0.4·5000 = 0 as all is in phase
    assert far_voltage(E, 5_000.0, 0.0, 0.4, 0.0) == pytest.approx((230.0 + sqrt(230.0**2 - 8_000.0)) / 2.0)
    assert far_voltage(E, -5_000.0, 0.0, 0.4, 0.0) == pytest.approx((230.0 + sqrt(230.0**2 + 8_000.0)) / 2.0)


@given(
    v=st.floats(150.0, 280.0),
    angle=st.floats(-0.3, 0.3),
    r=st.floats(0.0, 1.0),
    x=st.floats(0.0, 1.0),
    current=st.floats(0.0, 60.0),
    phase=st.floats(-3.1, 3.1),
)
def test_it_is_the_voltage_from_which_the_source_follows(
    v: float, angle: float, r: float, x: float, current: float, phase: float
) -> None:
    far = cmath.rect(v, angle)
    amps = cmath.rect(current, phase)
    power = far * amps.conjugate()
    source = abs(far + complex(r, x) * amps)
    found = far_voltage(source, power.real, power.imag, r, x)
    if found is None:  # the phasors sit just on the lower branch's end, and rounding decides
        assert abs(complex(r, x)) * abs(power) >= 0.24 * source**2
        return
    other = abs(complex(r, x)) * abs(power) / v
    assert found == pytest.approx(max(v, other), rel=1e-6)


def test_more_than_the_impedance_carries_has_no_voltage() -> None:
    most_w = E * E / (4.0 * 0.4)
    assert far_voltage(E, most_w * 0.999, 0.0, 0.4, 0.0) == pytest.approx(E / 2.0, rel=0.05)
    assert far_voltage(E, most_w * 1.001, 0.0, 0.4, 0.0) is None
    assert far_voltage(0.0, 1.0, 0.0, 0.4, 0.0) is None
    assert far_voltage(0.0, 0.0, 0.0, 0.4, 0.0) == 0.0


def test_an_admittance_divides_the_voltage() -> None:
    ohm = 0.4
    p = 200.0**2 / ohm
    assert voltage_at_admittance(E, 200.0, p, 0.0, 0.4, 0.0) == pytest.approx(E / 2.0)
    assert voltage_at_admittance(E, 0.0, p, 0.0, 0.4, 0.0) == 0.0


def test_a_short_circuit_power_is_that_of_the_impedance() -> None:
    r, x = impedance_of(1e6, 2.0, E)
    assert x == pytest.approx(2.0 * r)
    assert 3.0 * E * E / sqrt(r * r + x * x) == pytest.approx(1e6)


def test_a_transformer_has_the_drop_and_the_loss_of_its_plate() -> None:
    r, x = transformer_impedance(250e3, 0.04, 3_250.0, E)
    amps = 250e3 / 3.0 / E
    assert 3.0 * r * amps**2 == pytest.approx(3_250.0)
    assert sqrt(r * r + x * x) * amps == pytest.approx(0.04 * E)


@pytest.mark.parametrize("power", [-6e3, 4e3])
def test_with_a_neutral_like_the_phase_one_phase_has_twice_the_impedance(power: float) -> None:
    flows = ((power, 1e3), (0.0, 0.0), (0.0, 0.0))
    lifted, current = shifted_sources((230.0, 230.0, 230.0), flows, (0.4, 0.2), 0.4 + 0.2j)
    v = far_voltage(lifted[0], power, 1e3, 0.4, 0.2)
    assert v == pytest.approx(far_voltage(230.0, power, 1e3, 0.8, 0.4), rel=1e-9)
    assert abs(current) == pytest.approx(hypot(power, 1e3) / v, rel=1e-9)
    # the others see the neutral move: E_b - Z_n I, with I at the angle of the voltage of phase a
    angle = -atan2(0.4 * power - 0.8 * 1e3, v * v + 0.8 * power + 0.4 * 1e3)
    shift = (0.4 + 0.2j) * complex(power, -1e3) / v * rect(1.0, angle)
    for place, degrees in (1, -120.0), (2, 120.0):
        assert lifted[place] == pytest.approx(abs(rect(230.0, radians(degrees)) - shift), rel=1e-9)


def test_a_balanced_load_has_no_current_in_the_neutral() -> None:
    lifted, current = shifted_sources((1.0, 1.0, 1.0), ((3e3, 1e3),) * 3, (4e-6, 2e-6), 4e-6 + 2e-6j)
    assert abs(current) == pytest.approx(0.0, abs=1e-9)
    assert lifted == pytest.approx((1.0, 1.0, 1.0), abs=1e-12)


def test_dead_and_overloaded_phases_give_finite_voltages_with_a_neutral() -> None:
    lifted, current = shifted_sources(
        (1.0, 0.0, 0.9), ((1e9, 0.0), (0.0, 0.0), (1e3, 0.0)), (1e-5, 0.0), 1e-5
    )
    assert all(isfinite(v) for v in lifted)
    assert isfinite(abs(current))
