"""Durations as text."""

import pytest

from twin_tui.documents.durations import parse_duration
from twin_tui.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90.0),
        (0.5, 0.5),
        ("90", 90.0),
        ("1e3", 1000.0),
        ("0.5s", 0.5),
        (".5 s", 0.5),
        ("250ms", 0.25),
        ("20m", 1200.0),
        ("5min", 300.0),
        ("1h30m", 5400.0),
        ("1h 30m 10s", 5410.0),
        ("2d", 172_800.0),
        (" 15m ", 900.0),
        ("5 hours", 18_000.0),
        ("1 day 2 hours 30 minutes", 95_400.0),
        ("PT1H30M", 5400.0),
    ],
)
def test_a_duration_reads_as_seconds(written: str | float, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "x", "5 fortnights", "30m1h", "1m1m", "1h30", "nan", "inf", True, 1e400]
)
def test_an_invalid_duration_is_refused(written: str | float) -> None:
    with pytest.raises(ConfigError, match=r"invalid duration: .*; expected seconds or a form like 90"):
        parse_duration(written)


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ConfigError, match="negative duration: -3"):
        parse_duration(-3)
    with pytest.raises(ConfigError, match="negative"):
        parse_duration("-3")
