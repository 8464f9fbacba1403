"""The rows of a prequalification on answers whose values are known by hand, and its export."""

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
from twin_tui.run.prequalification import Reserve, Row, examine
from twin_tui.run.prequalification.rows import Trace, endurance, fcr_d_ramp, fcr_n_step, linearity, sine
from twin_tui.run.prequalification.signals import FCR_D_LINEARITY, FCR_D_RAMP, FCR_N_LINEARITY, mirrored

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

    def lasts(limited: bool) -> Row:
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
