"""The rows of a prequalification on answers whose values are known by hand, and its export."""

import cmath
import csv
from itertools import pairwise
from math import cos, exp, pi, sin, sqrt
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from twin_tui import CommandError, ConfigError
from twin_tui.cli.main import cli
from twin_tui.config.site import load_site
from twin_tui.run.prequalification import Requirement, Reserve, examine
from twin_tui.run.prequalification.exam import answer
from twin_tui.run.prequalification.rows import Trace, endurance, fcr_d_ramp, fcr_n_step, linearity, sine
from twin_tui.run.prequalification.signals import (
    FCR_D_LINEARITY,
    FCR_D_RAMP,
    FCR_N_LINEARITY,
    SINE_CENTRE,
    SINES,
    mirrored,
)
from twin_tui.run.prequalification.stability import phasor, stability

BATTERY: dict[str, Any] = {
    "type": "battery",
    "name": "b",
    "capacity_kwh": 4000,
    "max_charge_kw": 1000,
    "max_discharge_kw": 1000,
    "ramp_rate_kw_per_s": 10_000,
}
SITE: dict[str, Any] = {
    "name": "plant",
    "step": 0.1,
    "start": "2026-06-20T12:00:00",
    "assets": [BATTERY],
}
STEPS = [place / 10 for place in range(10_600)]


def found(rows: Any) -> list[tuple[str, float, bool]]:
    return [(row.name, round(row.found, 3), row.passed) for row in rows]


def ramp(power: Any) -> Trace:
    return Trace(STEPS, [power(time_s) for time_s in STEPS])


def test_steady_powers_of_fcr_n_are_taken_against_those_at_50_hz() -> None:
    levels = ((360, 0.02), (660, 0.97), (960, -0.92), (2000, 0.0))
    trace = Trace(
        [float(t) for t in range(1261)], [next(p for end, p in levels if t <= end) for t in range(1261)]
    )
    # 0.97 - (0.02 + 0) / 2, and (0.02 + 0) / 2 + 0.92: below 0.95
    assert found(fcr_n_step(trace)) == [("R1", 0.96, True), ("R1", 0.93, False)]


def test_power_and_energy_after_the_fast_ramp_are_those_of_a_line() -> None:
    def power(time_s: float) -> float:
        if 90 <= time_s <= 390:
            return 1.0
        # 0.1 a second from 690 s on, up to 1 after ten
        return min(1.0, (time_s - 690) / 10) if 690 <= time_s <= 750 else 0.0

    rows = found(fcr_d_ramp(ramp(power)))
    assert rows[:3] == [
        ("R1", 1.0, True),
        ("R2", 0.75, False),
        ("R3", pytest.approx(2.8125, abs=1e-3), False),
    ]
    assert rows[3] == ("R3", pytest.approx(1.013, abs=1e-3), True)


def test_power_that_sinks_before_the_way_back_is_found() -> None:
    sinking = ramp(lambda t: 1.0 - 0.01 * (t - 697.5) if 697.5 < t <= 750 else float(690 < t <= 697.5))
    assert found(fcr_d_ramp(sinking))[3] == ("R3", pytest.approx(0.475, abs=2e-3), False)


@pytest.mark.parametrize(("tail_s", "passes"), [(4.0, True), (6.0, False)])
def test_what_a_short_dip_leaves_is_limited(tail_s: float, passes: bool) -> None:
    # full power at the nadir and for tail_s after it; beyond half of the capacity counts
    rows = found(fcr_d_ramp(ramp(lambda t: float(33.0 < t <= 34.4 + tail_s))))
    assert rows[4] == ("R4", pytest.approx(tail_s / 2.0, abs=0.06), passes)


@pytest.mark.parametrize("noise", [0.1, 2.0])
def test_the_error_of_a_sine_is_that_of_what_is_not_the_sine(noise: float) -> None:
    times = [place / 10 for place in range(2000)]
    angles = [2 * pi * t / 20.0 for t in times]
    trace = Trace(times, [0.3 + 0.6 * sin(x) - 0.2 * cos(x) + noise * sin(3 * x) for x in angles])
    row = sine(trace, 20.0, 5)
    assert row.found == pytest.approx((noise / sqrt(2)) / (sqrt(0.4) / sqrt(2)), rel=1e-6)
    assert row.passed is (noise < 1.0)


def test_no_answer_at_all_is_no_sine() -> None:
    assert not sine(Trace(STEPS, [0.0] * len(STEPS)), 20.0, 5).passed


@pytest.mark.parametrize(
    ("slip", "passes"), [(0.0, (True, True)), (-0.06, (False, True)), (0.11, (True, False))]
)
def test_linearity_is_judged_from_one_minute_after_each_step(slip: float, passes: tuple[bool, bool]) -> None:
    def level(time_s: float) -> float:
        return next((hz for t, hz in FCR_D_LINEARITY[1::2] if time_s <= t), 49.91)

    def share(hz: float) -> float:
        return min(1.0, max(0.0, (49.9 - hz) / 0.4))

    times = [float(t) for t in range(1201)]
    # wrong for the first minute after each step, off by slip after it
    powers = [9.0 if 0 < t % 120 <= 60 else share(level(t)) + slip for t in range(1201)]
    rows = tuple(linearity(Trace(times, powers), FCR_D_LINEARITY, share))
    assert tuple(row.passed for row in rows) == passes


def test_endurance_is_the_least_power_of_the_hold() -> None:
    trace = Trace([float(t) for t in range(1000)], [1.0 if t <= 900 else 0.9 for t in range(1000)])
    assert endurance(trace, 840.0).passed
    assert not endurance(trace, 900.0).passed


def test_the_signals_are_those_of_the_requirements() -> None:
    slopes = [(b - a) / (s - r) for (r, a), (s, b) in pairwise(FCR_D_RAMP) if s > r]
    assert min(slopes) == pytest.approx(-0.24, abs=1e-6)
    assert mirrored(FCR_D_RAMP)[10] == (693.75, 51.0)
    assert [hz for _, hz in FCR_N_LINEARITY[::2]][:7] == [50.0, 49.98, 49.96, 49.94, 49.92, 49.9, 49.92]
    assert FCR_N_LINEARITY[-1] == (2640.0, 50.0)
    assert FCR_D_LINEARITY[-2:] == ((960.0, 49.91), (1200.0, 49.91))


@pytest.mark.parametrize("service", ["fcr_d_up", "fcr_d_down"])
def test_a_lagging_battery_gives_what_the_equation_of_a_first_order_lag_says(service: str) -> None:
    plan = load_site(SITE).plan
    test = next(examine(plan, Reserve("b", service, 800e3, {"lag_s": 4.0})))
    share = 1.0 - 0.6 * 4.0 * (exp(-(7.5 - 5 / 3) / 4.0) - exp(-7.5 / 4.0))
    values = {row.name + row.text[:5]: row.found for row in test.rows}
    assert values["R2power"] == pytest.approx(share, abs=6e-3)
    assert values["R3energ"] == pytest.approx(7.5 - 5 / 6 - 4.0 * share, abs=0.06)
    assert [row.passed for row in test.rows] == [True, False, True, True, True]


def test_a_reservoir_that_is_too_small_fails_where_it_is_limited() -> None:
    site = {**SITE, "assets": [{**BATTERY, "capacity_kwh": 600, "initial_soc": 60}]}
    plan = load_site(site).plan

    def lasts(limited: bool) -> Requirement:
        tests = examine(plan, Reserve("b", "fcr_d_up", 1e6, {}, limited))
        return next(row for test in tests for row in test.rows if row.name == "R12")

    # 60 - 20 % of 600 kWh is 14 minutes of 1 MW
    assert not lasts(True).passed
    assert lasts(True).text == "least response held for 20 min over the capacity"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["prequalify", *words], catch_exceptions=False)


def test_the_command_line_judges_exports_and_never_writes_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        "name: plant\nstep: 0.1\nstart: 2026-06-20T12:00:00\nassets: [{type: battery, name: b,"
        " capacity_kwh: 4000, max_charge_kw: 1000, max_discharge_kw: 1000}]\n"
    )
    words = (str(path), "b", "lag_s=4", "--sell", "fcr_d_up=800kW", "--csv", str(tmp_path), "--area", "SE3")
    done = run(*words)
    assert done.exit_code == 1
    assert "FAILED  R2   power 7.5 s after the fast ramp" in done.output
    assert done.output.count("passed  R10") == 7
    files = sorted(tmp_path.glob("*.csv"))
    assert len(files) == 10
    assert files[-1].name == "b_FcrdUp_Sine9_SE3_UTC_1201-1208_0.1s_20260620.csv"
    text = next(tmp_path.glob("*Ramp1*")).read_bytes()
    assert text.startswith(b"DateTime,InsAcPow,GridFreq,ApplFreqSig,CalcBaseline,ContMode_Fcrn")
    assert text.count(b"\r\n") == text.count(b"\n") == 10_501
    rows = list(csv.DictReader(text.decode().splitlines()))
    assert rows[0]["DateTime"] == "20260620T120100.200"
    assert (rows[0]["ContMode_FcrdUp"], rows[0]["ResSize_FcrdUp"], rows[0]["ContMode_Fcrn"]) == (
        "1",
        "0.8",
        "0",
    )
    assert (rows[3000]["ApplFreqSig"], rows[3000]["GridFreq"]) == ("49.5000", "50.0000")
    assert float(rows[3000]["InsAcPow"]) == pytest.approx(0.8, abs=1e-4)
    with pytest.raises(ConfigError, match=r"Ramp1.*File exists"):
        run(*words)


@pytest.mark.parametrize(
    ("reserve", "message"),
    [
        (Reserve("b", "fcr_d", 1e6, {}), "unknown service 'fcr_d'"),
        (Reserve("b", "fcr_n", 0.0, {}), "a capacity is above 0 W"),
        (Reserve("c", "fcr_n", 1e6, {}), "unknown device 'c'"),
        (Reserve("b", "fcr_n", 1e6, {"lag": 2.0}), "has no parameter 'lag'; did you mean lag_s"),
    ],
)
def test_what_cannot_be_examined_is_refused(reserve: Reserve, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        next(examine(load_site(SITE).plan, reserve))


def lag(time_s: float, period_s: float) -> complex:
    return 1.0 / (1.0 + time_s * 2j * pi / period_s)


PERIODS = (10.0, 15.0, 25.0, 40.0, 50.0, 60.0, 70.0, 90.0, 150.0, 300.0)


def test_the_phasor_of_whole_periods_is_that_of_the_sine_alone() -> None:
    times = [place / 10 for place in range(1000)]
    values = [3.0 + 2.0 * sin(2 * pi * t / 20.0 + 0.7) + sin(2 * pi * t / 10.0) for t in times]
    reference = [0.5 * sin(2 * pi * t / 20.0) for t in times]
    found = phasor(times, values, 20.0) / phasor(times, reference, 20.0)
    assert (found.real, found.imag) == pytest.approx((4.0 * cos(0.7), 4.0 * sin(0.7)))


@pytest.mark.parametrize(
    ("lag_s", "measured", "passes"), [(0.0, False, True), (6.0, False, False), (3.0, True, True)]
)
def test_a_slow_reserve_brings_the_nordic_power_system_near_instability(
    lag_s: float, measured: bool, passes: bool
) -> None:
    rows = tuple(stability("fcr_n", {p: lag(lag_s, p) for p in PERIODS}, measured=measured))
    # by hand: 600 MW over 0.1 Hz on 120 GWs, with 1 % of 23 GW a Hz
    loop = [
        lag(lag_s, p) * (1.0 if measured else lag(1.0, p)) * 6000.0 / (2 * 120e3 / 50 * 2j * pi / p + 230.0)
        for p in PERIODS
    ]
    assert [row.name for row in rows] == ["R8", "R9"]
    assert rows[0].found == pytest.approx(min(abs(1.0 + each) for each in loop), abs=0.05)
    assert rows[0].passed is passes


def test_a_reserve_that_makes_the_power_system_unstable_fails_however_far_its_curve_is_from_the_point() -> (
    None
):
    # an answer five times as strong and late by a quarter of the shortest period goes round the point -1
    late = {p: 5.0 * lag(3.0, p) * lag(3.0, p) for p in PERIODS}
    row = next(stability("fcr_n", late, measured=False))
    assert row.found < 0.0
    assert not row.passed


def test_no_answer_does_not_hold_the_frequency() -> None:
    rows = tuple(stability("fcr_n", dict.fromkeys(PERIODS, 0j), measured=False))
    # 0.95 G / (70 s + 1) at 300 s on 190 GWs, with 1 % of 42 GW a Hz
    worst = 0.95 * abs(6000.0 / (2 * 190e3 / 50 * 2j * pi / 300 + 420.0) * lag(70.0, 300.0))
    assert rows[1].found == pytest.approx(worst)
    assert not rows[1].passed
    assert rows[0].found == 1.0


@pytest.mark.parametrize(
    ("service", "sign", "band_hz"), [("fcr_n", -1.0, 0.1), ("fcr_d_up", -1.0, 0.4), ("fcr_d_down", -1.0, 0.4)]
)
def test_an_answer_is_power_over_capacity_for_a_deviation_over_the_band(
    service: str, sign: float, band_hz: float
) -> None:
    times = [place / 10 for place in range(200)]
    hz = [SINE_CENTRE[service] + 0.1 * sin(2 * pi * t / 10.0) for t in times]
    watts = [7e4 + sign * 400e3 * (f - SINE_CENTRE[service]) / band_hz for f in hz]
    samples = tuple((t, w, 50.0, f, 0.5) for t, w, f in zip(times, watts, hz, strict=True))
    found = answer(Reserve("b", service, 500e3, {}), samples, 10.0)
    assert (found.real, found.imag) == pytest.approx((0.8, 0.0), abs=1e-9)


def test_the_rows_of_a_lagging_battery_are_those_of_a_first_order_lag() -> None:
    plan = load_site({**SITE, "step": 0.2}).plan
    rows = [row for test in examine(plan, Reserve("b", "fcr_n", 500e3, {"lag_s": 2.0})) for row in test.rows]
    # a lag of 2 s in steps of 0.2 s
    kept = exp(-0.2 / 2.0)
    answers = {p: (1.0 - kept) / (1.0 - kept * cmath.exp(-0.4j * pi / p)) for p in PERIODS}
    for row in stability("fcr_n", answers, measured=False):
        found = next(each.found for each in rows if each.name == row.name)
        assert found == pytest.approx(row.found, rel=1e-3)


@pytest.mark.parametrize(("service", "step"), [("fcr_n", 0.25), ("fcr_d_up", 0.2)])
def test_a_step_longer_than_the_samples_asked_for_is_refused(service: str, step: float) -> None:
    plan = load_site({**SITE, "step": step}).plan
    with pytest.raises(CommandError, match=f"step {step:g} s is too long.*write step: 0"):
        next(examine(plan, Reserve("b", service, 1e6, {})))


def test_what_was_delivered_before_the_ramp_does_not_count_as_its_energy() -> None:
    rows = found(fcr_d_ramp(ramp(lambda t: 0.2 + min(0.8, max(0.0, (t - 690) / 10)))))
    # 0.1 a second from 0.2 on: 0.75 of power and half of 0.75 times 7.5 s
    assert rows[1] == ("R2", 0.75, False)
    assert rows[2] == ("R3", pytest.approx(2.8125, abs=1e-3), False)


def test_sines_are_as_many_and_judged_on_as_many_as_the_requirements_say() -> None:
    assert SINES == {
        10.0: (20, 5), 15.0: (15, 5), 25.0: (10, 5), 40.0: (7, 5), 50.0: (7, 5),
        60.0: (7, 5), 70.0: (7, 5), 90.0: (7, 5), 150.0: (4, 3), 300.0: (3, 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("loop", "distance"),
    [
        ((-1.5 - 0.5j, -0.5 - 0.5j), 0.5),  # nearest within the line
        ((-3.0 - 0.5j, -1.0 - 0.3j), 0.3),  # at its end
        ((-1.0 - 0.4j, -0.2 - 2.0j), 0.4),  # at its begin
        ((-2.0 - 1.0j, -2.0 + 1.0j), -1.0),  # round -1: across the axis on its left
        ((-0.5 - 1.0j, -0.5 + 1.0j), 0.5),  # across the axis on its right
        ((-4.0 - 1.0j, -2.0 + 1.0j), -sqrt(2.0)),
    ],
)
def test_the_distance_of_a_loop_is_that_of_the_line_through_its_points(
    loop: tuple[complex, complex], distance: float
) -> None:
    # G by hand: 1450 MW over 0.4 Hz on 120 GWs, with 1 % of 23 GW a Hz
    grid = {p: 3625.0 / (2 * 120e3 / 50 * 2j * pi / p + 230.0) for p in (20.0, 10.0)}
    answers = {p: each / grid[p] for p, each in zip(grid, loop, strict=True)}
    row = next(stability("fcr_d_up", answers, measured=True))
    assert row.found == pytest.approx(distance)
