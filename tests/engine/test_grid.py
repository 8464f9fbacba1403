"""The grid: noise with the spread it says, presets, and the extremes that protection sees."""

import statistics
from dataclasses import replace

import pytest

from twin_tui.engine.disturbance import Disturbance, Target
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


@pytest.mark.parametrize(("name", "spread_hz"), [("nordic", 0.040), ("continental_europe", 0.020)])
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
