"""Times and texts in few characters, at the places where one form becomes another."""

import math

import pytest

from twin_tui.engine.formats import age, clock, columns, duration, fit, remaining


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.5, "0.5 s"),
        (119.0, "119 s"),
        (120.0, "2 min"),
        (7140.0, "119 min"),
        (7200.0, "2 h"),
        (7260.0, "2 h 1 min"),
        (-1.0, "-1 s"),
        (math.inf, "inf s"),
    ],
)
def test_a_duration_is_in_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0.0s"),
        (1.94, "1.9s"),
        (1.95, "2s"),
        (99.0, "99s"),
        (99.5, "2m"),
        (5969.0, "99m"),
        (5970.0, "2h"),
        (172_799.0, "48h"),
        (172_800.0, "2d"),
    ],
)
def test_an_age_has_at_most_four_characters(seconds: float, text: str) -> None:
    assert age(seconds) == text
    assert remaining(max(0.0, seconds)) == text


def test_what_never_was_and_what_never_ends_are_words() -> None:
    assert (age(None), remaining(None), remaining(-5.0)) == ("-", "until cleared", "0.0s")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00:00:00.0"),
        (59.96, "00:00:59.9"),
        (3723.4, "01:02:03.4"),
        (86_399.9, "23:59:59.9"),
        (86_400.0, "1d 00:00:00.0"),
        (2 * 86_400.0 + 3600.0, "2d 01:00:00.0"),
    ],
)
def test_a_running_time_counts_days_in_front(seconds: float, text: str) -> None:
    assert clock(seconds) == text
    assert clock(seconds, tenths=False) == text[:-2]


@pytest.mark.parametrize(("text", "wide"), [("abc", 3), ("é", 1), ("e\u0301", 1), ("電力", 4), ("\uff21", 2)])
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text: str, wide: int) -> None:
    assert columns(text) == wide
    for width in range(8):
        assert columns(fit(text, width)) == width
