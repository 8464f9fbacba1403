"""The line at the top keeps time of day and clients beside an injection, and names what it says."""

from dataclasses import replace

import pytest

from tests.widgets.hand_fed import SAG, frame, snapshot
from tests.widgets.screen import text_of
from twin_tui.engine.view import Frame
from twin_tui.widgets.glyphs import UNICODE, VT, Glyphs, diverging
from twin_tui.widgets.status_line import status_line


def header(shown: Frame, width: int = 100) -> str:
    return text_of(status_line(shown, width, UNICODE))


@pytest.mark.parametrize("text", ["sag to 0.70 pu for 2 s", "flicker 0.2 for 2 min at 8.8 Hz"])
def test_time_of_day_and_clients_stay_beside_an_injection_at_100_columns(text: str) -> None:
    low = replace(snapshot().grid, voltage_a_pu=0.7)
    sagging = snapshot(grid=low, disturbances=(replace(SAG, text=text),))
    shown = header(frame(snapshot=sagging))
    assert "at 10:12" in shown
    assert "1 client 12/s" in shown
    assert "1 active" in shown or text in shown
    assert len(shown) <= 100
    assert text in header(frame(snapshot=sagging), 160)


def test_a_frequency_outside_its_band_does_not_read_as_switched_off() -> None:
    slow = snapshot(grid=replace(snapshot().grid, frequency_hz=49.77))
    assert "f 49.77 Hz outside" in header(frame(snapshot=slow))
    assert "OFF" not in header(frame(snapshot=slow))


def test_a_pause_says_at_which_speed_it_goes_on() -> None:
    assert "PAUSED x60" in header(frame(paused=True, speed=60.0))
    assert "PAUSED  " in header(frame(paused=True, speed=1.0))


def test_marks_are_a_word() -> None:
    assert "1 mark" in header(frame(marks=1))
    assert "2 marks" in header(frame(marks=2))


@pytest.mark.parametrize("glyphs", [UNICODE, VT])
@pytest.mark.parametrize("value", [-1.0, -0.99, -0.5, -0.02])
def test_a_negative_bar_hangs_at_any_height(glyphs: Glyphs, value: float) -> None:
    ((text, sign),) = diverging([value], 1.0, glyphs)
    assert sign == -1
    assert text != UNICODE.levels[-1] or glyphs is VT, "a full one leaves a little of the ground"
