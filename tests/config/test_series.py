"""Series from CSV files; an error in one is reported with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twin_tui.config import load_site

GOOD = "time,ghi,air\n2026-06-20T12:00,500,20\n2026-06-20T12:15,520,21\n2026-06-20T12:30,480,22\n"


@pytest.fixture
def sun(write_site: Callable[..., Path], site_folder: Path) -> Callable[..., Path]:
    def write(csv: str, **more: object) -> Path:
        (site_folder / "sun.csv").write_text(csv)
        series = {"csv": "sun.csv", "column": "ghi", **more}
        weather = {"sky": "series", "irradiance_series": {k: v for k, v in series.items() if v is not None}}
        return write_site({"assets": [{"type": "pv"}], "timezone": "Europe/Oslo", "weather": weather})

    return write


def test_a_column_of_local_times_becomes_a_series(sun: Callable[..., Path]) -> None:
    series = load_site(sun(GOOD)).plan.weather.irradiance_series
    assert series is not None
    assert series.values == (500, 520, 480)
    assert (series.start_s % 86_400, series.step_s, series.relative) == (10 * 3600, 900, False)


def test_seconds_count_from_the_start_of_the_run(sun: Callable[..., Path]) -> None:
    series = load_site(sun("t;ghi\n0;1\n60;2\n120;3\n", repeats=True)).plan.weather.irradiance_series
    assert series is not None
    assert (series.start_s, series.step_s, series.relative, series.repeats) == (0, 60, True, True)


def test_a_series_can_be_written_in_the_site_itself(write_site: Callable[..., Path]) -> None:
    wind = {"start": "2026-06-20T00:00:00Z", "step": "1h", "values": [1, 2, 3]}
    series = load_site(
        {"assets": [{"type": "pv"}], "weather": {"wind_series": wind}}
    ).plan.weather.wind_series
    assert series is not None
    assert (series.step_s, series.values, series.relative) == (3600, (1, 2, 3), False)


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        (GOOD.replace("12:15", "12:20"), "sun.csv:4: uneven step of 600 s; expected 1200 s"),
        (GOOD.replace("12:30", "12:00"), "sun.csv:4: times must increase from row to row"),
        (GOOD.replace("520", ""), "sun.csv:3: expected a number, found ''"),
        (GOOD.replace("520", "nan"), "sun.csv:3: expected a number, found 'nan'"),
        (GOOD.replace(",480", ""), "sun.csv:4: expected 3 cells, found 2"),
        (
            GOOD.replace("2026-06-20T12:30", "1800"),
            "sun.csv:4: dates and seconds are mixed in the time column",
        ),
        (
            GOOD.replace("2026-06-20T12:15", "noon"),
            "sun.csv:3: expected seconds or a date and time, found 'noon'",
        ),
        (GOOD.replace("ghi", "gih"), "sun.csv:1: unknown column 'ghi'; did you mean gih?"),
        (GOOD.replace("time", "when"), "sun.csv:1: no time column; expected one of time"),
        ("time,ghi\n0,1\n", "sun.csv: expected at least two rows of values, found 1"),
    ],
)
def test_an_invalid_csv_is_reported_with_its_line(
    csv: str, expected: str, sun: Callable[..., Path], message: Callable[..., str]
) -> None:
    text = message(sun(csv))
    assert "weather.irradiance_series: " in text
    assert expected in text


def test_one_column_of_several_must_be_named(sun: Callable[..., Path], message: Callable[..., str]) -> None:
    assert "sun.csv:1: no column selected; known: ghi, air" in message(sun(GOOD, column=None))


def test_a_disturbance_plays_back_a_csv(write_site: Callable[..., Path], site_folder: Path) -> None:
    (site_folder / "dip.csv").write_text("time_s,hz\n0,0\n1,-0.5\n3.5,0\n")
    disturbance = {"target": "frequency", "points": "dip.csv", "duration_s": "4s"}
    events = [{"at": 5, "event": "Disturb", "disturbance": disturbance}]
    ((_, event),) = load_site(write_site({"assets": [{"type": "pv"}], "events": events})).plan.events
    assert event.disturbance.points == ((0, 0), (1, -0.5), (3.5, 0))
    assert event.disturbance.shape.value == "playback"
