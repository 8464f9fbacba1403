"""What an expectation holds for, and when a scenario decides on it."""

import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.battery_model import ON
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Write
from twin_tui.engine.signals import Signal
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError
from twin_tui.run.expectation import Expectation, shown
from twin_tui.run.scenario import Scenario, ScenarioStep
from twin_tui.run.verdicts import Judge

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def an_engine(dt_s: float = 0.1) -> Engine:
    battery = DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 4_000.0, 6_000.0))
    return Engine(SitePlan("test", (battery,), dt_s=dt_s))


ENGINE = an_engine()


@given(st.sampled_from(sorted(COMPARISONS)), st.integers(-3, 3), st.integers(-3, 3))
def test_a_comparison_means_what_it_means_anywhere(compare: str, seen: int, wanted: int) -> None:
    plain = Expectation.parse(f"battery.active_power_w {compare} {wanted}", ENGINE)
    assert plain.met(float(seen)) is COMPARISONS[compare](seen, wanted)
    magnitude = Expectation.parse(f"|battery.active_power_w| {compare} {wanted}", ENGINE)
    assert magnitude.met(float(seen)) is COMPARISONS[compare](abs(seen), wanted)


@pytest.mark.parametrize("sign", ["±", "+-"])
@pytest.mark.parametrize(
    ("seen", "holds"), [(7.9, False), (8.0, True), (10.0, True), (12.0, True), (12.1, False)]
)
def test_a_band_holds_up_to_both_its_ends(sign: str, seen: float, holds: bool) -> None:
    expectation = Expectation.parse(f"battery.active_power_w == 10 {sign} 2", ENGINE)
    assert expectation.met(seen) is holds
    assert Expectation.parse(f"battery.active_power_w == 10{sign}2W", ENGINE).met(seen) is holds


@pytest.mark.parametrize(
    ("text", "wanted", "band"),
    [
        ("battery.active_power_w > 1.5kW", 1500.0, 0.0),
        ("battery.soc >= 60%", 0.6, 0.0),
        ("battery.soc >= 0.6", 0.6, 0.0),
        ("battery.soc == 60% ± 5%", 0.6, 0.05),
        ("grid.frequency_hz == 50 ± 0.1", 50.0, 0.1),
        ("  grid.frequency_hz<=50.2Hz  ", 50.2, 0.0),
    ],
)
def test_numbers_are_read_in_the_units_of_the_user(text: str, wanted: float, band: float) -> None:
    expectation = Expectation.parse(text, ENGINE)
    assert (expectation.wanted, expectation.band) == (pytest.approx(wanted), pytest.approx(band))


def test_a_status_is_or_is_not_what_is_named() -> None:
    same, other = (Expectation.parse(f"battery.status {sign} standby", ENGINE) for sign in ("==", "!="))
    assert (same.met("STANDBY"), same.met("RUN")) == (True, False)
    assert (other.met("STANDBY"), other.met("RUN")) == (False, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("battery.status > STANDBY", "compared with == or !="),
        ("battery.active_power_w < 10 ± 2", "± goes with =="),
        ("battery.soc", "expectation such as"),
        ("grid.status == RUNNING", "no signal 'status'"),
        ("battery.statsu == RUN", "no signal 'statsu'; did you mean status?"),
        ("grid.statsu == RUN", "no signal 'statsu'$"),
        ("battery.status == RUNN", "unknown status 'RUNN'; did you mean RUN?"),
    ],
)
def test_what_is_no_comparison_is_refused(text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        Expectation.parse(text, ENGINE)


def test_a_command_can_be_expected_as_well_as_a_measurement() -> None:
    engine = an_engine()
    engine.submit(Write("battery", {"active_power_setpoint_w": 700.0, "start_stop": ON}))
    engine.step()
    assert Expectation.parse("battery.active_power_setpoint_w == 700", engine).look(engine) == 700.0
    assert Expectation.parse("grid.frequency_hz > 0", engine).look(engine) == 50.0
    assert Expectation.parse("battery.status == RUN", engine).look(engine) == "RUN"


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.6, "1", "60%"),
        (999.0, "W", "999 W"),
        (1000.0, "W", "1 kW"),
        (-1234.5, "var", "-1.2345 kvar"),
        (5000.0, "Wh", "5 kWh"),
        (2500.0, "VA", "2.5 kVA"),
        (2000.0, "V", "2000 V"),
        (3.0, "", "3"),
    ],
)
def test_a_number_is_shown_as_a_user_writes_it(number: float, unit: str, text: str) -> None:
    assert shown(number, unit) == text


class Site:
    """Stands in for the view of a site: a scenario that does nothing asks it nothing."""


TIMES = st.integers(0, 40).map(lambda tenths: tenths / 10)


@given(
    at_s=TIMES,
    span_s=st.none() | TIMES,
    always=st.booleans(),
    change_s=TIMES,
    dt_s=st.sampled_from([0.1, 0.25, 1.0]),
    falls=st.booleans(),
)
def test_an_expectation_is_decided_as_its_definition_says(
    at_s: float, span_s: float | None, always: bool, change_s: float, dt_s: float, falls: bool
) -> None:
    """Compare with the definition, applied to the whole course after the run."""
    if always and span_s is None:
        return
    at_s, change_s = round(at_s / dt_s) * dt_s, round(change_s / dt_s) * dt_s  # other times are refused
    span_s = None if span_s is None else round(span_s / dt_s) * dt_s
    engine = an_engine(dt_s)
    deviation = -1.0 if falls else 1.0
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, deviation)), at_s=change_s)
    until_s = None if span_s is None else at_s + span_s
    step = ScenarioStep(at_s, "always" if always else "expect", "grid.frequency_hz > 50.5", until_s)
    view: Any = Site()
    judge = Judge(Scenario("test", (step,), 10.0), engine, view)
    course: list[tuple[float, bool]] = []
    while engine.time_s < 9.0:
        engine.step()
        course.append((engine.time_s, engine.telemetry("grid").frequency_hz > 50.5))
    judge.close()
    (verdict,) = judge.verdicts

    begun = [(time_s, held) for time_s, held in course if time_s >= at_s - 1e-9]
    last_s = next(time_s for time_s, _ in begun if until_s is None or time_s >= until_s - 1e-9)
    inside = [(time_s, held) for time_s, held in begun if time_s <= last_s]
    decisive = next((point for point in inside if point[1] is not always), inside[-1])
    assert (verdict.at_s, verdict.passed) == decisive
    assert verdict.seen in ("49 Hz", "50 Hz", "51 Hz")
    assert bool(judge.failed) is not verdict.passed


def test_what_the_run_does_not_reach_is_told_from_what_it_leaves_open() -> None:
    engine = an_engine()
    steps = (
        ScenarioStep(1.0, "expect", "grid.frequency_hz > 60", 5.0),
        ScenarioStep(2.0, "always", "grid.frequency_hz > 40", 5.0),
        ScenarioStep(2.1, "expect", "grid.frequency_hz > 40"),
    )
    view: Any = Site()
    judge = Judge(Scenario("test", steps, 2.0), engine, view)
    engine.advance(2.0)
    assert [verdict.passed for verdict in judge.verdicts] == [None, None, None]
    assert judge.failed == ()
    judge.close()
    assert [verdict.reason for verdict in judge.verdicts] == [
        "undecided when the run ended",
        "undecided when the run ended",
        "never reached: the run ended",
    ]
    assert [verdict.at_s for verdict in judge.verdicts] == [2.0, 2.0, 2.0]
    assert len(judge.failed) == 3
    engine.advance(5.0)
    assert [verdict.passed for verdict in judge.verdicts] == [False, False, False]
    assert math.isclose(engine.time_s, 7.0)


def test_what_the_run_failed_with_is_a_case_of_its_own_only_where_no_expectation_has_it() -> None:
    engine = an_engine()
    steps = (
        ScenarioStep(1.0, "expect", "grid.frequency_hz > 40"),
        ScenarioStep(3.0, "expect", "grid.frequency_hz > 40"),
    )
    view: Any = Site()
    judge = Judge(Scenario("test", steps, 4.0), engine, view)
    engine.advance(2.0)
    names = [case.name for case in judge.suite((), "the battery is gone").cases]
    assert names == [steps[0].text, steps[1].text, "the run itself"]
    judge.close("the battery is gone")
    suite = judge.suite((), "the battery is gone")
    assert [(case.name, case.problem) for case in suite.cases] == [
        (steps[0].text, ""),
        (steps[1].text, "error"),
    ]
    assert suite.time_s == 2.0


def test_a_text_is_not_compared_with_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = {"model": Signal("model", "name of the model", "", str, command=False)}
    monkeypatch.setattr(Engine, "signals", lambda engine, device: signals)
    with pytest.raises(CommandError, match=r"^battery\.model is a text and cannot be compared"):
        Expectation.parse("battery.model > 3", ENGINE)
