"""Charts: what an axis says is what a curve shows, at every size and in every font."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.widgets.hand_fed import snapshot
from tests.widgets.screen import text_of
from twin_tui.engine.formats import columns
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.widgets.chart import Curve, axis, chart, marks, tick_text, times
from twin_tui.widgets.glyphs import ASCII, SETS, UNICODE, VT, Glyphs, diverging, round_up
from twin_tui.widgets.history import History
from twin_tui.widgets.timeline import device_chart

KINDS = st.sampled_from([*SETS.values()])
VALUES = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=80)
DRAWN = {"unicode": set(map(chr, range(0x2801, 0x2900))), "vt": {"█"}, "ascii": {"*"}}


def drawn(
    values: Sequence[float | None], width: int, height: int, glyphs: Glyphs, **more: object
) -> list[str]:
    """Return the text of a chart of one curve."""
    lines = chart([Curve(values, "pv")], width, height, glyphs, **more)  # type: ignore[arg-type]
    return [text_of(line) for line in lines]


def rows_with_curve(lines: list[str], glyphs: Glyphs) -> list[int]:
    """Return the rows that a curve passes."""
    return [row for row, line in enumerate(lines) if DRAWN[glyphs.name] & set(line)]


def label(line: str) -> float | None:
    """Return the number at the axis, if the row has one."""
    text = line.partition("┤")[0] if "┤" in line else line.partition("+")[0] if "+" in line else ""
    return float(text) if text.strip() else None


@given(VALUES, st.integers(0, 250), st.integers(0, 70), KINDS, st.booleans())
@example([5e-324], 16, 2, UNICODE, True)
@example([1e14, 1e14 + 0.02], 40, 7, ASCII, False)
def test_a_chart_has_exactly_its_room(
    values: list[float | None], width: int, height: int, glyphs: Glyphs, zero: bool
) -> None:
    lines = drawn(values, width, height, glyphs, zero=zero)
    assert len(lines) == height
    assert all(columns(line) == width for line in lines)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 60))
def test_an_axis_shows_everything_with_round_ticks_on_exact_rows(low: float, span: float, rows: int) -> None:
    assume(span > abs(low) * 1e-9)
    scale = axis(low, low + span, rows)
    slack = scale.per_row * 1e-6 + 1e-9 * abs(low)
    assert scale.top >= low + span - slack
    assert scale.bottom <= low + slack
    for row, value in scale.ticks().items():
        assert scale.place(value) == pytest.approx(row, abs=1e-3)
        step = scale.step
        digits = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
        assert round(digits, 6) in (1.0, 2.0, 5.0)
        assert value / step == pytest.approx(round(value / step), abs=1e-4)


@pytest.mark.parametrize("glyphs", [UNICODE, VT, ASCII])
@pytest.mark.parametrize("height", [2, 3, 6, 7, 13, 40])
def test_a_value_at_a_tick_is_drawn_on_its_row(glyphs: Glyphs, height: int) -> None:
    """A step from 0 to 4.7 starts on the row of 0; what is labelled 5 is 5."""
    lines = drawn([0.0] * 20 + [4.7] * 20, 40, height, glyphs, zero=True)
    numbers = {label(line): row for row, line in enumerate(lines) if label(line) is not None}
    assert max(rows_with_curve(lines, glyphs)) == numbers[0.0]
    top = min(rows_with_curve(lines, glyphs))
    if height >= 6:
        per_row = max(numbers) / (numbers[0.0] - numbers[max(numbers)])
        assert (numbers[0.0] - top) * per_row == pytest.approx(4.7, abs=per_row / 2 + 1e-9)


@given(st.sampled_from([-6.0, -3.0, 0.0, 4.7, 12.0, 49.98, 1e5]), st.integers(5, 40), KINDS)
def test_a_steady_value_is_where_the_axis_says(value: float, height: int, glyphs: Glyphs) -> None:
    lines = drawn([value] * 40, 60, height, glyphs, zero=True)
    numbers = sorted((label(line), row) for row, line in enumerate(lines) if label(line) is not None)
    (low, below), (high, above) = numbers[0], numbers[-1]
    assert low is not None
    assert high is not None
    (seen,) = set(rows_with_curve(lines, glyphs))
    assert low + (below - seen) * (high - low) / (below - above) == pytest.approx(
        value, abs=0.76 * (high - low) / (below - above)
    )


def test_the_zero_line_is_drawn_where_no_curve_is() -> None:
    lines = drawn([-6.0] * 40, 60, 7, UNICODE, zero=True)
    assert lines[0].strip().startswith("0┤──────")
    assert "─" not in "".join(lines[1:])


def test_a_rise_goes_from_below_left_to_above_right() -> None:
    lines = drawn([0.0, 1.0, 2.0, 3.0, 4.0], 30, 9, ASCII)
    stars = [[at for at, text in enumerate(line) if text == "*"] for line in lines]
    found = [places for places in stars if places]
    assert len(found) >= 5
    assert all(min(upper) >= min(lower) for upper, lower in pairwise(found))


def test_a_setpoint_is_dashed_beneath_the_power() -> None:
    power, asked = Curve([1.0] * 60, "battery"), Curve([3.0] * 60, "label", dashed=True)
    lines = chart([power, asked], 40, 8, UNICODE, zero=True)
    roles = {role for line in lines for text, role in line if set(text) & DRAWN["unicode"]}
    assert roles == {"battery", "label"}
    same = chart([Curve([1.0] * 60, "battery"), Curve([1.0] * 60, "label", dashed=True)], 40, 8, UNICODE)
    assert {role for line in same for text, role in line if set(text) & DRAWN["unicode"]} == {"battery"}


def test_marks_and_times_are_under_their_columns() -> None:
    line = text_of(marks([(0.0, "W", "written"), (0.5, "!", "strong"), (1.0, "▲", "alarm")], 25, 4))
    assert line == "    W" + " " * 9 + "!" + " " * 9 + "▲"
    assert text_of(marks([(1.2, "W", "written")], 10, 2)).strip() == ""


@given(st.floats(0, 1e6), st.sampled_from([10.0, 60.0, 900.0, 86_400.0, 6e7]), st.integers(0, 250))
def test_a_time_under_a_chart_begins_in_its_own_column(end_s: float, span_s: float, width: int) -> None:
    margin = min(width, 4)
    line = text_of(times(end_s, span_s, width, margin))
    assert len(line) == width
    for found in re.finditer(r"(?:(\d+)d )?(\d\d):(\d\d):(\d\d(?:\.\d)?)", line):
        days, hours, minutes, seconds = found.groups()
        shown_s = 86_400 * int(days or 0) + 3600 * int(hours) + 60 * int(minutes) + float(seconds)
        column = (shown_s - end_s + span_s) / span_s * (width - margin)
        assert found.start() - margin <= column + 1e-3
        assert column < found.start() - margin + 1 + 1e-3


def test_times_under_a_chart_are_round() -> None:
    assert text_of(times(65.0, 60.0, 64, 4)).split() == ["00:00:20", "00:00:40"]
    assert text_of(times(3.0, 4.0, 64, 4)).split() == ["00:00:00", "00:00:01", "00:00:02"]


def test_ticks_have_the_decimals_of_their_step() -> None:
    assert [tick_text(value, 0.01) for value in (49.98, 50.0)] == ["49.98", "50.00"]
    assert tick_text(-15.0, 5.0) == "-15"
    assert tick_text(-0.0, 0.5) == "0.0"


@given(VALUES, st.floats(1e-3, 1e6), KINDS)
def test_a_spark_shows_the_sign_of_every_value(
    values: list[float | None], scale: float, glyphs: Glyphs
) -> None:
    for value, (text, sign) in zip(values, diverging(values, scale, glyphs), strict=True):
        assert len(text) == 1
        if value is None:
            assert (text, sign) == (" ", 0)
        elif abs(value) < 0.005 * scale:
            assert sign == 0
        elif value > 0:
            assert sign == 1
        else:
            assert sign == -1 or (glyphs.braille and text == "█")


def test_charging_hangs_and_discharging_stands_and_little_differs_from_nothing() -> None:
    """Drawn in reverse, the lower three quarters in the colour of the ground are a block of one quarter."""
    assert diverging([0.0, 0.01, 5.0, 10.0], 10.0, UNICODE) == [("▁", 0), ("▁", 0), ("▅", 1), ("█", 1)]
    assert diverging([0.2, -0.2], 10.0, UNICODE) == [("▂", 1), ("▆", -1)]
    assert diverging([-10.0], 10.0, UNICODE) == [("▁", -1)]


@given(st.floats(1e-9, 1e12))
def test_a_range_is_rounded_up_to_1_2_or_5(value: float) -> None:
    found = round_up(value)
    assert value <= found * (1 + 1e-9)
    assert found <= 2.5 * value * (1 + 1e-9)
    assert round(found / 10.0 ** math.floor(math.log10(found) + 1e-9), 6) in (1.0, 2.0, 5.0)
    assert round_up(0.0) == round_up(-1.0) == 1.0


@pytest.mark.parametrize("glyphs", SETS.values(), ids=lambda glyphs: glyphs.name)
def test_an_injection_and_a_trip_have_different_marks(glyphs: Glyphs) -> None:
    entries = [
        LogEntry(number, 10 * number, float(number), kind, "bess-1", "x")
        for number, kind in ((10, LogKind.INJECT), (20, LogKind.TRIP), (30, LogKind.WRITE))
    ]
    history = History()
    for second in range(60):
        history.add(snapshot(float(second)))
    lines = device_chart("bess-1", "battery", history, entries, 60.0, 80, 10, glyphs)
    assert len(set(text_of(lines[-2]).split())) == 3
