"""A source behind an impedance, against the phasors themselves."""

import cmath
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics.two_bus import (
    far_voltage,
    impedance_of,
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
