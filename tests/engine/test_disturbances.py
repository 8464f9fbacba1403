"""Disturbances by themselves: what they may ask for, and their course over time."""

import math
from dataclasses import replace

import pytest

from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.errors import CommandError

BOUNDS = {
    Target.VOLTAGE: (0.0, 2.0),
    Target.FREQUENCY: (-10.0, 10.0),
    Target.APPLIED: (-10.0, 10.0),
    Target.PHASE: (-180.0, 180.0),
    Target.UNBALANCE: (-0.5, 0.5),
    Target.IRRADIANCE: (0.0, 2.0),
    Target.TEMPERATURE: (-60.0, 60.0),
    Target.LOAD: (-1e9, 1e9),
}
NEUTRAL = {Target.VOLTAGE: 1.0, Target.IRRADIANCE: 1.0}


@pytest.mark.parametrize("target", Target)
def test_a_magnitude_is_accepted_up_to_its_bounds(target: Target) -> None:
    for bound in BOUNDS[target]:
        Disturbance(target, bound).check()
        beyond = bound + math.copysign(max(1e-3, abs(bound) * 1e-6), bound or -1.0)
        for wrong in (beyond, math.nan):
            with pytest.raises(CommandError, match=f"{target.value} magnitude .* is outside"):
                Disturbance(target, wrong).check()
        played = Disturbance(target, 0.0, shape=Shape.PLAYBACK, points=((0.0, 0.0), (1.0, beyond)))
        with pytest.raises(CommandError, match="is outside"):
            played.check()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shape": Shape.RAMP}, "a ramp takes ramp_s above 0, not 0"),
        ({"shape": Shape.RAMP, "ramp_s": math.inf}, "a ramp takes ramp_s above 0, not inf"),
        ({"shape": Shape.SINE, "period_s": 0.0}, "a sine takes period_s from"),
        ({"shape": Shape.SINE, "period_s": math.inf}, "a sine takes period_s from"),
        ({"phases": ""}, "phases '' are not among a, b, c"),
        ({"phases": "abd"}, "phases 'abd' are not among a, b, c"),
        ({"shape": Shape.PLAYBACK}, "at least two points"),
        ({"shape": Shape.PLAYBACK, "points": ((0.0, 1.0),)}, "at least two points"),
        ({"shape": Shape.PLAYBACK, "points": ((0.0, 1.0), (math.inf, 1.0))}, "of finite time"),
        ({"shape": Shape.PLAYBACK, "points": ((1.0, 1.0), (0.0, 1.0))}, "must not decrease"),
    ],
)
def test_a_shape_without_its_times_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        replace(Disturbance(Target.VOLTAGE, 0.5), **wrong).check()


def test_the_least_of_each_shape_is_accepted() -> None:
    Disturbance(Target.VOLTAGE, 0.5, shape=Shape.RAMP, ramp_s=1e-3).check()
    Disturbance(Target.VOLTAGE, 0.5, shape=Shape.SINE).check()
    Disturbance(Target.VOLTAGE, 0.5, shape=Shape.PLAYBACK, points=((0.0, 1.0), (0.0, 0.5))).check()
    for phases in ("a", "b", "c", "ab", "cba"):
        Disturbance(Target.VOLTAGE, 0.5, phases=phases).check()


@pytest.mark.parametrize("target", Target)
def test_shapes_begin_at_what_would_be_without_them(target: Target) -> None:
    least, most = BOUNDS[target]
    neutral, magnitude = NEUTRAL.get(target, 0.0), most
    ramp = Disturbance(target, magnitude, shape=Shape.RAMP, ramp_s=4.0)
    sine = Disturbance(target, magnitude, shape=Shape.SINE, period_s=4.0)
    points = ((1.0, least), (3.0, most), (3.0, neutral), (5.0, most))
    played = Disturbance(target, magnitude, shape=Shape.PLAYBACK, points=points)
    half = (neutral + magnitude) / 2
    assert [Disturbance(target, magnitude).at(t) for t in (0.0, 9.0)] == [magnitude, magnitude]
    assert [ramp.at(t) for t in (0.0, 2.0, 4.0, 9.0)] == pytest.approx([neutral, half, magnitude, magnitude])
    lowest = 2 * neutral - magnitude
    assert [sine.at(t) for t in (0.0, 1.0, 2.0, 3.0)] == pytest.approx(
        [neutral, magnitude, neutral, lowest], abs=1e-6 * most
    )
    assert [played.at(t) for t in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0)] == pytest.approx(
        [least, least, (least + most) / 2, neutral, half, most, most]
    )


@pytest.mark.parametrize(
    ("disturbance", "text"),
    [
        (Disturbance(Target.VOLTAGE, 0.0), "interruption"),
        (Disturbance(Target.VOLTAGE, 0.7, phases="ac"), "sag to 0.70 pu on a,c"),
        (Disturbance(Target.VOLTAGE, 1.2), "swell to 1.20 pu"),
        (Disturbance(Target.FREQUENCY, -0.5), "frequency -0.5 Hz"),
        (Disturbance(Target.FREQUENCY, 0.5), "frequency +0.5 Hz"),
        (Disturbance(Target.IRRADIANCE, 0.4), "irradiance 0.4 of the sun"),
    ],
)
def test_a_disturbance_is_one_line_of_text(disturbance: Disturbance, text: str) -> None:
    assert disturbance.text().startswith(text)


POINTS = ((0.0, 0.0), (2.0, 1.0))


@pytest.mark.parametrize(
    ("disturbance", "text"),
    [
        (Disturbance(Target.VOLTAGE, 0.7), "sag to 0.70 pu"),
        (Disturbance(Target.VOLTAGE, 1.0), "swell to 1.00 pu"),
        (Disturbance(Target.VOLTAGE, 0.0, 0.2, phases="b"), "interruption on b for 0.2 s"),
        (Disturbance(Target.VOLTAGE, 0.7, shape=Shape.SINE), "sag to 0.70 pu sine"),
        (Disturbance(Target.VOLTAGE, 0.7, shape=Shape.PLAYBACK, points=POINTS), "voltage playback"),
        (
            Disturbance(Target.FREQUENCY, 0.7, 2.0, Shape.PLAYBACK, points=POINTS),
            "frequency playback for 2 s",
        ),
        (Disturbance(Target.FREQUENCY, -1.0, 9.5, Shape.RAMP, 3.0), "frequency -1 Hz ramp for 9.5 s"),
        (Disturbance(Target.PHASE, 30.0), "phase +30°"),
        (Disturbance(Target.UNBALANCE, 0.02), "unbalance +0.02 of the positive sequence"),
        (Disturbance(Target.TEMPERATURE, 12.0), "temperature +12 K"),
        (Disturbance(Target.LOAD, -500.0), "load -500 W"),
        (Disturbance(Target.IRRADIANCE, 0.4, 60.0), "irradiance 0.4 of the sun for 60 s"),
    ],
)
def test_the_whole_text_of_a_disturbance(disturbance: Disturbance, text: str) -> None:
    assert disturbance.text() == text


def test_a_disturbance_is_the_same_after_it_was_written_down() -> None:
    given = Disturbance(Target.LOAD, 500.0, 2.0, Shape.PLAYBACK, phases="ab", points=POINTS, label="x")
    assert Disturbance.from_dict(given.to_dict()) == given
    assert Disturbance.from_dict({"target": "load", "magnitude": 5}) == Disturbance(Target.LOAD, 5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"target": "load", "magnitude": 1, "lable": "x"}, "did you mean label"),
        ({"target": "laod", "magnitude": 1}, "did you mean load"),
        ({"magnitude": 1}, "unknown disturbance target None"),
        ({"target": "load", "magnitude": 1, "shape": "stp"}, "did you mean step"),
        ({"target": "load"}, "magnitude"),
        ({"target": "load", "magnitude": "much"}, "disturbance: "),
        ({"target": "load", "magnitude": 1, "points": [1]}, "disturbance: "),
        (
            {"target": "load", "magnitude": 1, "shape": "playback", "points": [[0, "x"], [1, 2]]},
            "disturbance: ",
        ),
        ({"target": "load", "magnitude": 1e10}, "is outside"),
    ],
)
def test_plain_data_that_is_no_disturbance_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        Disturbance.from_dict(data)


def test_a_sine_may_be_as_fast_as_a_millisecond() -> None:
    Disturbance(Target.VOLTAGE, 0.5, shape=Shape.SINE, period_s=0.001).check()
    with pytest.raises(CommandError, match=r"a sine takes period_s from 0\.001 s, not 0\.0009"):
        Disturbance(Target.VOLTAGE, 0.5, shape=Shape.SINE, period_s=0.0009).check()
