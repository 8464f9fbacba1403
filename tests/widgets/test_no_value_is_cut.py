"""The log shortens names and addresses, never a number or its unit, at any width from 40 up."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import CLIENT, HandFedSession, frame, snapshot
from tests.widgets.screen import console, screen_text, settled, text_of
from twin_tui.engine.formats import columns
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.widgets.glyphs import UNICODE
from twin_tui.widgets.log_lines import log_line
from twin_tui.widgets.log_text import essence, in_room, port_of
from twin_tui.widgets.spans import cut

WRITTEN = "active_power_setpoint_w -4000 → 4700 W  fc16 10126 on_grid_power_setpoint -4.0 → 4.7 kW (raw 47)"
NUMBERS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?: (?:kW|W|pu|s|Hz|%))?(?![\w.])")
VALUES = st.decimals(-99999, 99999, places=1)
NAMES = st.from_regex(r"[a-z]{2,9}(_[a-z]{1,9}){0,4}", fullmatch=True)


def entry(text: str, kind: LogKind = LogKind.WRITE, origin: str = CLIENT) -> LogEntry:
    return LogEntry(7, 7200, 720.0, kind, "battery-in-the-cellar", text, origin)


def drawn(text: str, width: int, kind: LogKind = LogKind.WRITE, repeats: int = 1) -> str:
    line = log_line(replace(entry(text, kind), repeats=repeats), width, UNICODE, names=21)
    return text_of(cut(line, width)).rstrip()


@given(NAMES, VALUES, VALUES, st.sampled_from(["W", "kW", "%", "pu", ""]), st.integers(40, 200))
def test_what_a_client_wrote_is_whole_at_any_width(
    name: str, old: object, new: object, unit: str, width: int
) -> None:
    value = f"→ {new} {unit}".rstrip()
    line = drawn(f"{name}_w 1 → 2 W  fc16 10126 {name} {old} {value} (raw 9)", width)
    assert value in line
    assert "…" not in line[line.index(value) :].removesuffix("  :51234").removesuffix(f"  {CLIENT}")


@given(
    st.lists(
        st.one_of(NAMES, st.builds("{} {}".format, VALUES, st.sampled_from(["W", "kW", "s", "pu"]))),
        max_size=14,
    ),
    st.integers(40, 160),
    st.sampled_from([LogKind.TRIP, LogKind.STATE, LogKind.INJECT]),
)
def test_no_number_is_shown_that_the_entry_has_not(words: list[str], width: int, kind: LogKind) -> None:
    text = " ".join(words)
    shown = in_room(text, width - 20)
    assert len(shown) <= width - 20
    whole = [each[0] for each in NUMBERS.finditer(text)]
    for each in NUMBERS.finditer(shown):
        assert each[0] in whole


@pytest.mark.parametrize("width", range(40, 131))
def test_minus_four_thousand_keeps_its_minus(width: int) -> None:
    line = drawn(WRITTEN, width)
    assert "→ 4.7 kW" in line
    assert "4.0" not in line or "-4.0 → 4.7 kW" in line
    signal = drawn("active_power_setpoint_w -4000 → 4700 W", width, repeats=12)
    assert "-4000 → 4700 W ×12" in signal or "→ 4700 W ×12" in signal


def test_names_shorten_first_then_the_address_then_nothing_more() -> None:
    assert in_room(WRITTEN, 200) == WRITTEN
    assert essence(WRITTEN) == "10126 on_grid_power_setpoint -4.0 → 4.7 kW", "one quantity, one name"
    assert in_room(WRITTEN, 34) == "10126 on_gri…int -4.0 → 4.7 kW"
    assert in_room(WRITTEN, 15) == "-4.0 → 4.7 kW"
    assert port_of("127.0.0.1:42022") == ":42022"
    assert port_of("console") == "console"
    line = drawn("a_long_name_of_a_signal 1000000.25 → 1234567.25 W", 64)
    assert line.endswith("1000000.25 → 1234567.25 W  :51234"), line


async def test_enter_shows_everything_of_the_chosen_entry() -> None:
    session = HandFedSession(frame(snapshot=snapshot(log=(entry(WRITTEN),))))
    async with console(session, (60, 20)) as pilot:
        await pilot.press("l")
        await settled(pilot)
        assert "active_power_setpoint_w" not in screen_text(pilot)
        await pilot.press("enter")
        await settled(pilot)
        shown = re.sub(r"[\s│║┃]+", " ", screen_text(pilot))
        assert "active_power_setpoint_w -4000 → 4700 W" in shown
        assert CLIENT in shown
        assert "(raw 47)" in shown


@pytest.mark.parametrize("room", [-9, -1, 0, 1, 2, 9, 24, 25, 26, 40])
def test_a_long_word_finds_its_end_in_any_room(room: int) -> None:
    for text in ("x" * 300, "漢" * 60, "short " + "y" * 60 + " end", "file.toml: unknown key " + "z" * 40):
        assert columns(in_room(text, room)) <= max(0, room)
