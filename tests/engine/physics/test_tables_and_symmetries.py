"""Whole tables against their source, and equations against the symmetries they must have."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import battery, droop, electrical, noise, pv

# SimSES 1.3.12, SonyLFP: M. Naumann's measurements in milliohm, at 0, 10 … 100 % state of charge
RESISTANCE_MILLIOHM = {
    (25.0, False): "37.584 37.584 41.399 41.399 41.779 44.767 47.695 49.791 46.805 53.422 53.422",
    (25.0, True): "61.686 61.686 50.375 48.846 51.763 47.828 44.266 41.786 46.556 42.547 42.547",
    (10.0, False): "53.553 53.553 59.217 58.451 59.281 62.648 67.546 70.789 69.199 80.653 80.653",
    (10.0, True): "194.953 194.953 80.775 75.055 74.81 69.39 65.121 61.503 64.822 61.432 61.432",
}
# SimSES 1.3.12, Sanyo NMC: volts at 0, 5 … 100 % state of charge
NMC_VOLTS = (
    "3.33 3.42522 3.49231 3.55 3.5837 3.61161 3.62774 3.64323 3.65744 3.67419 3.70438 "
    "3.73154 3.77261 3.82167 3.87071 3.91654 3.96844 4.02273 4.07 4.122 4.16"
)

# the first numbers of SplitMix64 from 1234567, as in the reference implementation by S. Vigna
SPLITMIX64_FROM_1234567 = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)


@pytest.mark.parametrize(("temperature_c", "discharging"), RESISTANCE_MILLIOHM)
def test_the_resistance_is_the_measured_one_at_every_point(temperature_c: float, discharging: bool) -> None:
    for step, milliohm in enumerate(RESISTANCE_MILLIOHM[temperature_c, discharging].split()):
        ohm = battery.cell_resistance(battery.LFP, step / 10, temperature_c, discharging)
        assert ohm * 1000 == pytest.approx(float(milliohm)), step


def test_the_nmc_voltage_is_the_measured_one_at_every_point() -> None:
    for step, volts in enumerate(NMC_VOLTS.split()):
        assert battery.lookup(battery.NMC_OCV_V, step / 20) == pytest.approx(float(volts)), step


def test_counted_noise_is_that_of_splitmix64() -> None:
    for tick, number in enumerate(SPLITMIX64_FROM_1234567, 1):
        uniform = ((number >> 11) + 0.5) / 2**53
        expected = NormalDist().inv_cdf(uniform)
        assert noise.normal_at(1234567, tick) == pytest.approx(expected, abs=1e-6)


@given(st.floats(0.0, 1.0))
def test_a_reserve_gives_what_it_takes_on_the_other_side(deviation_hz: float) -> None:
    for product in ("fcr_n", "continental", "dynamic_containment"):
        below, above = (droop.fcr_share(product, 50.0 + sign * deviation_hz) for sign in (-1, 1))
        assert below == pytest.approx(-above, abs=1e-9), product
    below, above = (
        droop.fcr_share("fcr_d_up", 50.0 - deviation_hz),
        droop.fcr_share("fcr_d_down", 50.0 + deviation_hz),
    )
    assert below == pytest.approx(-above, abs=1e-9)


@given(*[st.floats(0.0, 1.3)] * 3, *[st.floats(-180.0, 180.0)] * 3)
def test_turning_the_whole_system_changes_no_line_voltage(
    a: float, b: float, c: float, angle_b: float, angle_c: float, turn: float
) -> None:
    plain = electrical.line_voltages(a, b, c, angle_a=0.0, angle_b=angle_b, angle_c=angle_c)
    turned = electrical.line_voltages(a, b, c, angle_a=turn, angle_b=angle_b + turn, angle_c=angle_c + turn)
    assert turned == pytest.approx(plain, abs=1e-9)


@given(st.floats(0.001, 1300.0), st.floats(-20.0, 80.0))
def test_a_module_makes_power_in_proportion_to_its_size_down_to_the_least(
    light_w_m2: float, cell_c: float
) -> None:
    large, small = (pv.dc_power(light_w_m2, cell_c, peak_w) for peak_w in (10_000.0, 0.01))
    assert small == pytest.approx(large / 1e6)
