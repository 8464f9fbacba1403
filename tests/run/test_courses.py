"""The course of a signal over a run, and its plot."""

import os

import pytest

from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.battery_model import ON
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError
from twin_tui.run.plots import MOST_POINTS, Course, plot


def an_engine(setpoint_w: float = 700.0) -> Engine:
    params = BatteryParams(100_000.0, 50_000.0, 40_000.0, 60_000.0)
    commands = BatteryCommands(start_stop=ON, active_power_setpoint_w=setpoint_w)
    return Engine(SitePlan("test", (DevicePlan("battery", BATTERY, params, commands),), dt_s=1.0))


def test_a_course_has_the_value_of_every_tick() -> None:
    engine = an_engine()
    course = Course(engine, "battery.soc")
    seen = []
    for _ in range(100):
        engine.step()
        seen.append((engine.time_s, engine.telemetry("battery").soc))
    assert list(zip(course.times, course.values, strict=True)) == seen


@pytest.mark.parametrize("ticks", [MOST_POINTS - 1, MOST_POINTS, MOST_POINTS + 1, 5 * MOST_POINTS])
def test_a_long_course_keeps_evenly_spaced_points_up_to_its_end(ticks: int) -> None:
    engine = an_engine()
    course = Course(engine, "battery.soc")
    engine.advance(ticks)
    assert len(course.times) == len(course.values)
    assert MOST_POINTS // 2 <= len(course.times) < MOST_POINTS + (ticks < MOST_POINTS)
    spaces = {round(after - before, 6) for before, after in zip(course.times, course.times[1:], strict=False)}
    (space,) = spaces
    assert engine.time_s - course.times[-1] < space
    assert course.times[0] == space


@pytest.mark.parametrize(
    ("signal", "setpoint_w", "seconds", "title"),
    [
        ("active_power_w", 700.0, 60, "battery.active_power_w in W over seconds"),
        ("active_power_w", 1_000.0, 60, "battery.active_power_w in kW over seconds"),
        ("active_power_w", 20_000.0, 60, "battery.active_power_w in kW over seconds"),
        ("active_power_w", -20_000.0, 60, "battery.active_power_w in kW over seconds"),
        ("soc", 700.0, 7200, "battery.soc in % over seconds"),
        ("soc", 700.0, 7300, "battery.soc in % over hours"),
        ("fault_code", 700.0, 60, "battery.fault_code over seconds"),
    ],
)
def test_a_plot_is_named_in_the_units_that_it_is_drawn_in(
    signal: str, setpoint_w: float, seconds: int, title: str
) -> None:
    engine = an_engine(setpoint_w)
    course = Course(engine, f"battery.{signal}")
    assert course.draw(60, 10) == f"battery.{signal}: nothing to draw yet"
    engine.advance(seconds)
    drawn = course.draw(60, 10).splitlines()
    assert drawn[0] == title
    assert len(drawn) == 11
    assert max(map(len, drawn[1:])) <= 60
    assert course.draw(60, 10, unicode=False).isascii()
    assert not course.draw(60, 10).isascii()


def scale(drawn: str) -> list[float]:
    """Return the numbers on the left of a plot, from the top."""
    heads = (row.split("┤")[0].strip() for row in drawn.splitlines() if "┤" in row)
    return [float(head) for head in heads if head]


def test_a_plot_of_percent_and_hours_shows_percent_and_hours() -> None:
    engine = an_engine(-10_000.0)
    course = Course(engine, "battery.soc")
    engine.advance(3 * 3600)
    drawn = course.draw(60, 12)
    top, bottom = scale(drawn)[0], scale(drawn)[-1]
    assert top == pytest.approx(100 * max(course.values), abs=0.1)
    assert bottom == pytest.approx(100 * min(course.values), abs=0.1)
    assert float(drawn.splitlines()[-1].split()[-1]) == pytest.approx(3.0, abs=0.01)


def test_a_short_run_is_drawn_over_its_seconds() -> None:
    engine = an_engine()
    course = Course(engine, "battery.soc")
    engine.advance(60)
    assert float(course.draw(60, 12).splitlines()[-1].split()[-1]) == pytest.approx(60.0, abs=0.1)


def test_the_greatest_value_decides_on_kilo() -> None:
    engine = an_engine()
    course = Course(engine, "battery.active_power_w")
    engine.advance(30)
    assert course.draw(60, 10).startswith("battery.active_power_w in W ")
    engine.submit(Write("battery", {"active_power_setpoint_w": -20_000.0}))
    engine.advance(30)
    drawn = course.draw(60, 10)
    assert drawn.startswith("battery.active_power_w in kW ")
    assert (scale(drawn)[0], scale(drawn)[-1]) == pytest.approx((0.7, -20.0), abs=0.1)


def test_values_below_a_thousand_are_drawn_as_they_are() -> None:
    engine = an_engine(700.0)
    course = Course(engine, "battery.active_power_w")
    engine.advance(30)
    engine.submit(Write("battery", {"active_power_setpoint_w": 200.0}))
    engine.advance(30)
    drawn = scale(course.draw(60, 12))
    assert (drawn[0], drawn[-1]) == pytest.approx((700.0, 200.0), abs=0.1)


def test_what_hardly_changes_is_not_blown_up() -> None:
    still = scale(plot([(0.0, 5.0), (1.0, 5.0)], 60, 10))
    assert still[0] - still[-1] == pytest.approx(0.02 * 5.0, abs=0.01)
    assert (still[0] + still[-1]) / 2 == pytest.approx(5.0, abs=0.01)
    small = scale(plot([(0.0, 0.01), (1.0, 0.012)], 60, 10))
    assert small[0] - small[-1] == pytest.approx(0.02, abs=0.005)
    free = scale(plot([(0.0, 5.0), (1.0, 9.0)], 60, 10))
    assert (free[0], free[-1]) == (9.0, 5.0)


def test_the_axis_of_time_has_ticks() -> None:
    plain = plot([(10.0, 1.0), (20.0, 3.0)], 60, 10)
    assert plain.splitlines()[-1].split()[0].startswith("10")


@pytest.mark.parametrize("name", ["battery.active_power_setpoint_w", "battery.soccer", "grid.source"])
def test_only_what_is_measured_as_a_number_has_a_course(name: str) -> None:
    device, _, signal = name.partition(".")
    with pytest.raises(CommandError, match=f"{device} has no numeric signal '{signal}'"):
        Course(an_engine(), name)


def test_a_plot_is_as_large_as_it_was_asked_to_be_whatever_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.get_terminal_size", lambda *_: os.terminal_size((30, 8)))
    drawn = plot([(0.0, 5.0), (1.0, 6.0)], 60, 12).splitlines()
    assert (max(map(len, drawn)), len(drawn)) == (60, 12)


@pytest.mark.parametrize("level", [1_000.0, -1_000.0])
def test_a_steady_course_has_an_axis_of_two_percent_about_it(level: float) -> None:
    drawn = plot([(0.0, level), (1.0, level)], 60, 12)
    labels = [float(line.split("┤")[0]) for line in drawn.splitlines() if "┤" in line]
    assert max(labels) == pytest.approx(level + 10.0)
    assert min(labels) == pytest.approx(level - 10.0)
