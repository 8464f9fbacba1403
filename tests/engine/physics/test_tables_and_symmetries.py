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
# the same, Samsung SDI 94 Ah: milliohm at 1 C, °C and whether discharging, at 0, 5 … 100 %
NMC_MILLIOHM = {
    (5.0, False): (
        "1.718 1.718 1.629 1.566 1.51 1.467 1.47 1.489 1.522 1.55 1.575 "
        "1.575 1.449 1.437 1.433 1.425 1.426 1.426 1.431 1.443 1.443"
    ),
    (5.0, True): (
        "1.987 1.987 1.728 1.593 1.509 1.442 1.424 1.419 1.428 1.445 1.469 "
        "1.523 1.433 1.388 1.378 1.374 1.363 1.363 1.363 1.372 1.372"
    ),
    (15.0, False): (
        "1.096 1.096 1.032 0.9912 0.9487 0.9251 0.9212 0.9327 0.9537 0.9824 1.015 "
        "1.044 0.9348 0.9204 0.9162 0.9167 0.9187 0.9187 0.921 0.9234 0.9234"
    ),
    (15.0, True): (
        "1.2 1.2 1.072 1.006 0.9587 0.9274 0.9155 0.9186 0.9282 0.9445 0.9613 "
        "1.009 0.9375 0.9118 0.9049 0.9025 0.9024 0.9 0.8999 0.907 0.907"
    ),
    (25.0, False): (
        "0.8264 0.8264 0.7769 0.7439 0.7179 0.6967 0.6942 0.6991 0.7086 0.7275 0.7512 "
        "0.7912 0.7062 0.6967 0.6993 0.697 0.6991 0.6991 0.7039 0.7038 0.7038"
    ),
    (25.0, True): (
        "0.867 0.867 0.7936 0.7535 0.7204 0.6992 0.6922 0.6945 0.6992 0.7135 0.7323 "
        "0.7678 0.7112 0.692 0.6898 0.6946 0.6922 0.6922 0.6945 0.6993 0.6993"
    ),
}

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


@pytest.mark.parametrize("discharging", [False, True])
def test_the_nmc_resistance_is_that_of_the_measured_cell_and_the_mean_of_5_and_15_degrees_at_10(
    discharging: bool,
) -> None:
    for step, columns in enumerate(
        zip(*(NMC_MILLIOHM[celsius, discharging].split() for celsius in (5.0, 15.0, 25.0)), strict=True)
    ):
        at_5, at_15, at_25 = map(float, columns)
        for celsius, expected in ((10.0, (at_5 + at_15) / 2), (25.0, at_25)):
            ohm = battery.cell_resistance(battery.NMC, step / 20, celsius, discharging)
            assert ohm * 1000 == pytest.approx(expected, abs=1.1e-3), (step, celsius)


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
