"""Times and texts in few characters, at the places where one form becomes another."""

import math

import pytest

from twin_tui.engine.device import Status
from twin_tui.engine.formats import (
    age,
    clean,
    clean_lines,
    clock,
    columns,
    duration,
    fit,
    kilowatts,
    percent,
    quantity,
    remaining,
    table_row,
)


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


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (True, "", "yes"),
        (False, "W", "no"),
        (None, "W", "-"),
        ("RUN", "", "RUN"),
        (Status.OFF, "", "OFF"),
        (math.nan, "V", "nan"),
        (-math.inf, "W", "-inf"),
        (0.0, "W", "0 W"),
        (9.94, "VA", "9.9 VA"),
        (10.4, "var", "10 var"),
        (-0.04, "W", "0.0 W"),
        (999.4, "Wh", "999 Wh"),
        (999.5, "Wh", "1.00 kWh"),
        (-15_000, "W", "-15.00 kW"),
        (999_949.0, "VAh", "999.95 kVAh"),
        (999_950.0, "varh", "1.000 Mvarh"),
        (0.431, "1", "43.1 %"),
        (-0.0001, "1", "0.0 %"),
        (7200.0, "s", "2 h"),
        (3, "", "3"),
        (3, "cycles", "3 cycles"),
        (3.14159, "cycles", "3.14 cycles"),
        (230.04, "V", "230.0 V"),
        (1.005, "pu", "1.005 pu"),
        (12.345, "A", "12.35 A"),
        (4.56, "m/s", "4.6 m/s"),
        (1234.56, "Pa", "1235 Pa"),
    ],
)
def test_a_value_has_its_unit_and_the_digits_that_an_engineer_reads(
    number: object, unit: str, text: str
) -> None:
    assert quantity(number, unit) == text


@pytest.mark.parametrize(
    ("power_w", "text"),
    [
        (0.0, "0.00"),
        (-1.0, "0.00"),
        (99_994.0, "99.99"),
        (99_995.0, "100.0"),
        (-99_995.0, "-100.0"),
        (9_999_949.0, "9999.9"),
        (9_999_950.0, "10000"),
        (None, "-"),
    ],
)
def test_a_power_in_kilowatts_loses_decimals_as_it_grows(power_w: float | None, text: str) -> None:
    assert kilowatts(power_w) == text
    assert kilowatts(power_w, 9) == text.rjust(9)


def test_only_a_gain_has_the_sign_of_a_gain() -> None:
    assert kilowatts(1500.0, plus="+") == "+1.50"
    assert kilowatts(-1500.0, plus="+") == "-1.50"


def test_a_fraction_is_in_percent_with_one_decimal() -> None:
    assert [percent(each) for each in (0.0, 0.12345, 1.0, -0.0001, None)] == [
        "0.0",
        "12.3",
        "100.0",
        "0.0",
        "-",
    ]


@pytest.mark.parametrize(
    "cell", ["=1+1", "=", "+cmd|' /C calc'!A0", "-1+2", "-1+E5", "-x", "@SUM(A1)", "+", "=5 kW"]
)
def test_no_cell_of_a_table_is_a_formula_for_a_spreadsheet(cell: str) -> None:
    assert table_row("bess", cell, 3) == f"bess\t'{cell}\t3"


@pytest.mark.parametrize(
    "cell", ["-5", "+3.5", "-1.25e-3", "-12.50 kW", "-5 W/m²", "+0.1 °C", "-40.0 %", "-"]
)
def test_a_signed_number_in_a_table_stays_a_number(cell: str) -> None:
    assert table_row(cell, "W") == f"{cell}\tW"


@pytest.mark.parametrize("cell", ["", "bess", "a=b", "5-6", "x@y", " =1", "'quoted'"])
def test_other_cells_of_a_table_stay_as_they_are(cell: str) -> None:
    assert table_row(cell, None) == f"{cell}\tNone"


def test_nothing_from_outside_breaks_a_row_or_reaches_the_terminal() -> None:
    assert table_row("a\tb", "c\nd\re", "\x1b[2J") == "a b\tc d e\t [2J"
    assert clean("plain ° …") == "plain ° …"
    assert clean("\u202eabc\x00") == " abc "
    assert clean_lines("one\x07\ntwo\tthree\n") == "one \ntwo three\n"


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 3, "abc"),
        ("abc", 5, "abc  "),
        ("abc", 2, "a…"),
        ("abc", 1, "a"),
        ("abc", 0, ""),
        ("abc", -1, ""),
        ("", 2, "  "),
        ("電力", 4, "電力"),
        ("電力", 3, "電…"),
        ("電力", 2, "… "),
        ("電力", 1, " "),
        ("e\u0301a", 2, "e\u0301a"),
    ],
)
def test_a_text_is_cut_or_filled_to_its_columns_and_a_cut_one_says_so(
    text: str, width: int, fitted: str
) -> None:
    assert fit(text, width) == fitted
    assert fit(text, width, ".") == fitted.replace("…", ".")
