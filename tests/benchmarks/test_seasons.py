"""What `python -m benchmarks.seasons` shows, shorter: longer steps, and a week in place of the year."""

from dataclasses import replace

import pytest

from benchmarks.seasons import Course, day, year


@pytest.mark.parametrize("ambient_c", [-10.0, -3.0, 20.0, 45.0])
def test_a_day_of_frequency_reserve_keeps_its_power_in_any_weather(ambient_c: float) -> None:
    course = day(ambient_c, dt_s=5.0)
    assert not list(course.broken(reserve=True, auxiliary=ambient_c == 20.0))
    assert len(course.samples) == 1440
    assert course.throughput_wh > 3e6
    warm = [sample["ambient_c"] for sample in course.samples]
    assert sum(warm) / len(warm) == pytest.approx(ambient_c, abs=0.1)
    assert (course.auxiliary_wh > 20e3) is (ambient_c >= 20.0)


def test_a_january_week_of_a_house_keeps_its_books_and_its_cells_warm() -> None:
    course = year(duration_s=3 * 86_400.0)
    assert not list(course.broken(reserve=False, auxiliary=False))
    assert course.cycles > 1.0
    assert course.soh < 1.0
    assert course.limited > 0
    assert max(sample["ambient_c"] for sample in course.samples) < 9.0


def test_a_figure_beyond_its_limit_is_named() -> None:
    sound = Course("now", 5.0, [{}] * 100, at_rated=95, coldest_c=10.0, warmest_c=40.0, throughput_wh=1000.0)
    assert not list(sound.broken(reserve=True, auxiliary=True))
    for wrong, told in (
        ({"at_rated": 94}, "now: rated power 94.0% of the time"),
        ({"coldest_c": 9.9}, "now: cells from 9.9 to 40.0 °C"),
        ({"warmest_c": 40.1}, "now: cells from 10.0 to 40.1 °C"),
        ({"auxiliary_wh": 50.0}, "now: climate control took 5.0% of the throughput"),
        ({"cells_off": 2e-9}, "now: energy off by 2.0e-09 (cells) and 0.0e+00 (bus)"),
        ({"bus_off": -2e-9}, "now: energy off by 0.0e+00 (cells) and -2.0e-09 (bus)"),
    ):
        assert list(replace(sound, **wrong).broken(reserve=True, auxiliary=True)) == [told]
    emptied = replace(sound, at_rated=30, limited=69)
    assert not list(emptied.broken(reserve=False, auxiliary=True))
    assert list(emptied.broken(reserve=True, auxiliary=True))
