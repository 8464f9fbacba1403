"""Chance has one seed for the site, or one of its own for grid and weather."""

from dataclasses import replace

import pytest

from twin_tui.engine.engine import Engine
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import SitePlan
from twin_tui.engine.weather import Sky, WeatherParams

GRID = GridParams(
    frequency_std_hz=0.02, frequency_drift_std_hz=0.02, voltage_std_pu=0.01, voltage_drift_std_pu=0.01
)
WEATHER = WeatherParams(sky=Sky.CLEAR, clear_sky_index=0.7, clear_sky_index_std=0.1)
NOON = 1_781_913_600.0 + 12 * 3600


def course(seed: int, grid: GridParams = GRID, weather: WeatherParams = WEATHER) -> list[tuple[float, ...]]:
    engine = Engine(SitePlan("x", (), dt_s=1.0, seed=seed, start_unix_s=NOON, grid=grid, weather=weather))
    found = []
    for _ in range(20):
        engine.step()
        now = engine.surroundings
        found.append((now.frequency_hz, now.va_pu, now.vb_pu, now.vc_pu, now.ghi_w_m2))
    return found


def columns(rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    return list(zip(*rows, strict=True))


def test_another_seed_makes_another_course_of_everything() -> None:
    for one, other in zip(columns(course(1)), columns(course(2)), strict=True):
        assert all(a != b for a, b in zip(one, other, strict=True))


def test_no_two_quantities_have_the_same_course() -> None:
    hz, a, b, c, light = columns(course(1))
    assert len({a, b, c}) == 3
    assert len({tuple(round(x - sum(y) / 20, 12) for x in y) for y in (hz, a, b, c, light)}) == 5


@pytest.mark.parametrize("own", [0, 5])
def test_a_grid_with_a_seed_of_its_own_does_not_follow_the_site(own: int) -> None:
    grid = replace(GRID, seed=own)
    one, other = course(1, grid=grid), course(2, grid=grid)
    assert columns(one)[:4] == columns(other)[:4]
    assert columns(one)[4] != columns(other)[4]
    assert columns(one)[:4] == columns(course(own))[:4], "the same numbers as from the site's seed"


@pytest.mark.parametrize("own", [0, 5])
def test_weather_with_a_seed_of_its_own_does_not_follow_the_site(own: int) -> None:
    weather = replace(WEATHER, seed=own)
    one, other = course(1, weather=weather), course(2, weather=weather)
    assert columns(one)[4] == columns(other)[4]
    assert columns(one)[0] != columns(other)[0]
    assert columns(one)[4] == columns(course(own))[4]
