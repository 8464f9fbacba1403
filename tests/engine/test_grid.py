"""The grid: noise with the spread it says, presets, and the extremes that protection sees."""

import statistics
from dataclasses import replace

import pytest

from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.grid import GRIDS, Grid, GridParams
from twin_tui.engine.surroundings import Surroundings


def samples(params: GridParams, dt_s: float, count: int, every: int = 1) -> list[Surroundings]:
    grid = Grid(params, dt_s, seed=7)
    surroundings = Surroundings(dt_s=dt_s)
    found = []
    for tick in range(1, count * every + 1):
        surroundings.tick = tick
        grid.step(surroundings)
        if tick % every == 0:
            found.append(replace(surroundings))
    return found


@pytest.mark.parametrize("dt_s", [0.01, 0.1, 1.0])
def test_the_spread_of_the_frequency_does_not_depend_on_the_step(dt_s: float):
    params = GridParams(frequency_std_hz=0.02, frequency_tau_s=0.5)
    every = max(1, round(1.0 / dt_s))
    seen = [surroundings.frequency_hz for surroundings in samples(params, dt_s, 1500, every)]
    assert statistics.stdev(seen) == pytest.approx(0.02, rel=0.1)
    assert statistics.mean(seen) == pytest.approx(50.0, abs=0.003)


@pytest.mark.parametrize(
    ("name", "spread_hz"), [("nordic", 0.040), ("continental_europe", 0.020), ("north_america", 0.017)]
)
def test_a_grid_by_name_has_the_spread_of_its_area(name: str, spread_hz: float):
    params = GRIDS[name]
    assert (params.frequency_std_hz**2 + params.frequency_drift_std_hz**2) ** 0.5 == pytest.approx(spread_hz)
    seen = [surroundings.frequency_hz for surroundings in samples(params, 60.0, 20_000)]
    assert statistics.stdev(seen) == pytest.approx(spread_hz, rel=0.1)


def test_phases_move_apart_by_their_own_noise_and_together_by_the_drift():
    apart = samples(GridParams(voltage_std_pu=0.01, voltage_tau_s=1.0), 1.0, 2000)
    together = samples(GridParams(voltage_drift_std_pu=0.01, voltage_drift_tau_s=1.0), 1.0, 2000)
    correlation = statistics.correlation([a.va_pu for a in apart], [a.vb_pu for a in apart])
    assert abs(correlation) < 0.1
    assert all(a.va_pu == a.vb_pu == a.vc_pu for a in together)
    for seen in (apart, together):
        assert statistics.stdev(a.va_pu for a in seen) == pytest.approx(0.01, rel=0.1)


def test_the_extremes_are_those_of_the_phases():
    for surroundings in samples(GridParams(voltage_std_pu=0.02), 1.0, 200):
        phases = (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu)
        assert (surroundings.v_min_pu, surroundings.v_max_pu) == (min(phases), max(phases))


def test_a_load_step_acts_in_its_tick_and_is_gone_in_the_tick_after_its_end():
    grid = Grid(GridParams(), 0.1, seed=0)
    surroundings = Surroundings(dt_s=0.1)
    grid.add(Disturbance(Target.LOAD, 2000.0, duration_s=0.2), 1)
    seen = []
    for tick in (1, 2, 3):
        surroundings.tick = tick
        grid.step(surroundings)
        seen.append(surroundings.load_step_w)
    assert seen == [2000.0, 2000.0, 0.0]


@pytest.mark.parametrize(
    ("name", "hz", "line_v"),
    [
        ("stiff_50hz", 50.0, 400.0),
        ("stiff_60hz", 60.0, 480.0),
        ("nordic", 50.0, 400.0),
        ("continental_europe", 50.0, 400.0),
        ("north_america", 60.0, 480.0),
    ],
)
def test_a_grid_by_name_has_the_frequency_and_the_line_voltage_of_its_area(
    name: str, hz: float, line_v: float
):
    params = GRIDS[name]
    assert params.nominal_hz == hz
    assert params.nominal_v * 3**0.5 == pytest.approx(line_v)
    spreads = (params.frequency_std_hz, params.voltage_std_pu, params.voltage_drift_std_pu)
    assert spreads[1:] == ((0.0, 0.0) if "stiff" in name else (0.002, 0.005))
    assert (spreads[0] > 0.0) is ("stiff" not in name)


def phases(grid: Grid, tick: int) -> tuple[float, ...]:
    surroundings = Surroundings(dt_s=0.1, tick=tick)
    grid.step(surroundings)
    found = (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu)
    assert (surroundings.v_min_pu, surroundings.v_max_pu) == (min(found), max(found))
    return found


@pytest.mark.parametrize(
    ("disturbances", "expected"),
    [
        ([Disturbance(Target.VOLTAGE, 0.7, phases="b")], (1.0, 0.7, 1.0)),
        (
            [Disturbance(Target.VOLTAGE, 0.7), Disturbance(Target.VOLTAGE, 0.5, phases="ac")],
            (0.35, 0.7, 0.35),
        ),
        ([Disturbance(Target.UNBALANCE, 0.1)], (1.2, 0.9, 0.9)),
        ([Disturbance(Target.UNBALANCE, -0.5)], (0.0, 1.5, 1.5)),
        ([Disturbance(Target.UNBALANCE, 0.1), Disturbance(Target.VOLTAGE, 0.5, phases="a")], (0.6, 0.9, 0.9)),
        ([Disturbance(Target.FREQUENCY, 1.0), Disturbance(Target.LOAD, 1e3)], (1.0, 1.0, 1.0)),
    ],
)
def test_disturbances_of_the_voltage_multiply_on_their_phases(
    disturbances: list[Disturbance], expected: tuple[float, ...]
):
    grid = Grid(GridParams(), 0.1, seed=0)
    for disturbance in disturbances:
        grid.add(disturbance, 1)
    assert phases(grid, 1) == pytest.approx(expected)
    grid.clear()
    assert phases(grid, 2) == (1.0, 1.0, 1.0)


def test_a_jump_of_the_angle_is_a_spike_of_the_frequency_in_its_tick_and_in_that_of_its_end():
    grid, surroundings = Grid(GridParams(), 0.1, seed=0), Surroundings(dt_s=0.1)
    seen = []
    for tick in range(1, 7):
        if tick == 2:
            grid.add(Disturbance(Target.PHASE, 18.0, duration_s=0.2), tick)
        surroundings.tick = tick
        grid.step(surroundings)
        seen.append((round(surroundings.frequency_hz, 9), surroundings.phase_jump_deg))
    # 18 of 360 degrees in a tenth of a second are half a hertz
    assert seen == [(50.0, 0.0), (50.5, 18.0), (50.0, 18.0), (49.5, 0.0), (50.0, 0.0), (50.0, 0.0)]


def test_a_dead_grid_has_no_frequency_and_no_voltage_below_zero():
    grid, surroundings = (
        Grid(GridParams(voltage_std_pu=0.5, voltage_tau_s=0.1), 0.1, seed=3),
        Surroundings(dt_s=0.1),
    )
    seen = set()
    for tick in range(1, 300):
        surroundings.tick = tick
        grid.step(surroundings)
        assert min(surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu) >= 0.0
        seen.add(surroundings.va_pu == 0.0)
    assert seen == {True, False}
    grid.add(Disturbance(Target.VOLTAGE, 0.0), 300)
    surroundings.tick = 300
    grid.step(surroundings)
    assert (surroundings.grid_live, surroundings.frequency_hz, surroundings.v_max_pu) == (False, 0.0, 0.0)


def test_only_the_disturbances_of_a_label_are_cleared():
    grid = Grid(GridParams(), 0.1, seed=0)
    assert grid.quiet
    for label, magnitude in (("one", 0.5), ("two", 0.9), ("one", 0.8)):
        assert grid.add(Disturbance(Target.VOLTAGE, magnitude, label=label), 1) == label
    assert phases(grid, 1)[0] == pytest.approx(0.36)
    assert [each.magnitude for each in grid.clear("one")] == [0.5, 0.8]
    assert phases(grid, 2)[0] == 0.9
    assert grid.clear("three") == ()
    assert not grid.quiet
    assert [each.label for each in grid.clear()] == ["two"]
    assert grid.quiet


@pytest.mark.parametrize(("duration_s", "ticks"), [(0.01, 1), (0.1, 1), (0.14, 1), (0.2, 2), (None, 9)])
def test_a_disturbance_lasts_its_nearest_number_of_ticks_and_at_least_one(
    duration_s: float | None, ticks: int
):
    grid, surroundings = Grid(GridParams(), 0.1, seed=0), Surroundings(dt_s=0.1)
    grid.add(Disturbance(Target.VOLTAGE, 0.5, duration_s=duration_s, label="dip"), 1)
    low, ended = 0, []
    for tick in range(1, 10):
        surroundings.tick = tick
        ended += [(each.label, tick) for each in grid.step(surroundings)]
        low += surroundings.va_pu == 0.5
    assert low == ticks
    assert ended == ([] if duration_s is None else [("dip", ticks + 1)])


def test_the_effect_on_what_is_not_the_grid_multiplies_or_adds():
    grid = Grid(GridParams(), 0.1, seed=0)
    for target, magnitude in ((Target.IRRADIANCE, 0.5), (Target.TEMPERATURE, 4.0)):
        grid.add(Disturbance(target, magnitude), 1)
        grid.add(Disturbance(target, magnitude, shape=Shape.RAMP, ramp_s=1.0), 1)
    assert grid.deviation(Target.IRRADIANCE, 1, 1.0) == pytest.approx(0.5)
    assert grid.deviation(Target.IRRADIANCE, 6, 1.0) == pytest.approx(0.5 * 0.75)
    assert grid.deviation(Target.TEMPERATURE, 6, 0.0) == pytest.approx(4.0 + 2.0)
    assert grid.deviation(Target.LOAD, 6, 0.0) == 0.0
