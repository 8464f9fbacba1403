"""What followed a write, an injection or a trip is beside its entry, at any width, and no value is cut."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import CLIENT, HandFedSession, frame, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled, text_of
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.widgets.glyphs import UNICODE
from twin_tui.widgets.journal import Journal
from twin_tui.widgets.log_lines import log_line, whole_entry
from twin_tui.widgets.log_text import with_effect
from twin_tui.widgets.spans import cut

WRITTEN = "active_power_setpoint_w -4000 → 4700 W  fc16 10126 on_grid_power_setpoint -4.0 → 4.7 kW (raw 47)"
EFFECTS = {
    2: "P -4.00 → 4.70 kW after 2.3 s",
    3: "bess-1 TRIPPED",
    4: "back in 58 s",
    5: "no effect: tripped U<< 0.45 pu, back in 58 s",
    6: "P 0.00 → 10.00 kW after 2 s, asked 60.00: discharge limit 10.00 kW",
}
ENTRIES = (
    LogEntry(1, 10, 1.0, LogKind.STATE, "bess-1", "OFF → RUN"),
    LogEntry(2, 7200, 720.0, LogKind.WRITE, "bess-1", WRITTEN, CLIENT),
    LogEntry(3, 7210, 721.0, LogKind.INJECT, "grid", "sag to 0.70 pu for 2 s", "console"),
    LogEntry(4, 7211, 721.1, LogKind.TRIP, "bess-1", "RUN → TRIPPED: undervoltage U<<: below 0.45 pu"),
    LogEntry(5, 7220, 722.0, LogKind.WRITE, "bess-1", WRITTEN, CLIENT),
    LogEntry(6, 7230, 723.0, LogKind.WRITE, "bess-1", WRITTEN, CLIENT),
)
SHOWN = frame(snapshot=snapshot(log=ENTRIES), effects=EFFECTS)
NUMBERS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?: (?:kW|W|pu|s|Hz|%))?(?![\w.])")


def rows(text: str, kind: str) -> list[str]:
    return [line for line in text.splitlines() if f" {kind} " in line]


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (160, 48), (200, 60), (250, 70)])
@pytest.mark.parametrize("view", ["o", "l"])
async def test_every_entry_has_what_followed(size: tuple[int, int], view: str) -> None:
    async with console(HandFedSession(SHOWN), size) as pilot:
        await pilot.press(view)
        await settled(pilot)
        shown = screen_text(pilot)
    moved, refused, limited = rows(shown, "WRITE")[-3:]
    assert "4.7 kW" in moved
    assert "2.3 s" in moved
    assert "no effect" in refused
    assert "58 s" in refused or "…" in refused
    assert "discharge limit 10.00 kW" in limited or "→ 2 s" in limited or "after 2 s" in limited
    assert "→ bess-1 TRIPPED" in rows(shown, "INJECT")[0]
    assert "→ back in 58 s" in rows(shown, "TRIP")[0]


async def test_with_room_the_effects_are_whole_and_begin_in_one_column() -> None:
    async with console(HandFedSession(SHOWN), (160, 48)) as pilot:
        await pilot.press("l")
        await settled(pilot)
        lines = screen_text(pilot).splitlines()
    places = set()
    for number in (2, 3, 4, 5):
        (line,) = [line for line in lines if line.endswith(f"  → {EFFECTS[number]}")]
        places.add(line.index(f"→ {EFFECTS[number]}"))
    assert len(places) == 1, places
    assert EFFECTS[6] in "\n".join(lines)


async def test_enter_shows_the_whole_effect_of_the_chosen_entry() -> None:
    async with console(HandFedSession(SHOWN), (80, 24)) as pilot:
        await pilot.press("l", "end", "up", "enter")
        await settled(pilot)
        text = " ".join(line.strip(" │") for line in screen_text(pilot).splitlines())
        assert "then   no effect: tripped U<< 0.45 pu, back in 58 s" in text


async def test_looking_back_shows_no_effect_that_was_still_to_come() -> None:
    session = HandFedSession(replace(SHOWN, effects={}))
    async with console(session, (160, 48)) as pilot:
        later = snapshot(724.3 + 1.0, log=ENTRIES)
        session.shown = frame(snapshot=later, effects=EFFECTS)
        await settled(pilot)
        assert "back in 58 s" in screen_text(pilot)
        await pilot.press("less_than_sign")
        await settled(pilot)
        assert "BACK" in screen_text(pilot)
        assert "back in 58 s" not in screen_text(pilot)
        assert app_of(pilot).looks.journal.effects_in(session.shown), "it is not forgotten"


def test_an_effect_is_known_after_the_frames_have_left_it_out() -> None:
    journal = Journal()
    journal.add(ENTRIES, 200)
    journal.effects_in(SHOWN)
    assert journal.effects_in(frame(effects={6: "new"})) == {**EFFECTS, 6: "new"}
    journal.add((replace(ENTRIES[0], text="another run"),), 200)
    assert journal.effects_in(frame(effects={})) == {}, "a run started again numbers its entries anew"


@given(
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(0.1, 1e4),
    st.sampled_from(["", ", asked 60.00", ": ramp 1.00 kW/s", ", asked -7.00: SOC upper limit 90 %"]),
    st.integers(24, 160),
)
def test_no_number_is_shown_that_the_effect_or_the_entry_has_not(
    before: float, reached: float, after: float, rest: str, room: int
) -> None:
    effect = f"P {before:.2f} → {reached:.2f} kW after {after:.3g} s{rest}"
    text, origin, followed = with_effect(WRITTEN, CLIENT, effect, room)
    assert len(text) + len(origin) + (len(followed) + 4 if followed else 0) <= max(room, 15)
    whole = [each[0] for each in NUMBERS.finditer(f"{WRITTEN} {effect}")]
    for each in NUMBERS.finditer(f"{text}  {followed}"):
        assert any(known.startswith(each[0]) and known[len(each[0]) :][:1] in ("", " ") for known in whole)
    assert "4.7 kW" in text
    assert not followed or f"{reached:.2f} kW" in followed, "its value survives"
    assert followed or room < 60


@given(st.integers(60, 200), st.sampled_from(sorted(EFFECTS)))
def test_a_line_is_never_wider_than_its_room(width: int, number: int) -> None:
    entry = replace(ENTRIES[number - 1], repeats=17)
    line = log_line(entry, width, UNICODE, names=6, effect=EFFECTS[number])
    text = text_of(line)
    assert len(text) <= width
    assert text_of(cut(line, width)).rstrip() == text.rstrip()


def test_the_text_of_an_entry_without_effect_says_none() -> None:
    assert "then" not in whole_entry(ENTRIES[0])


@pytest.mark.parametrize("width", range(60, 160, 5))
def test_a_write_with_named_options_keeps_its_address_and_name_and_both_numbers(width: int) -> None:
    wire = "fc06 10055 start_stop_standby 1 (Power On of the battery) → 2 (Power Off) (raw 2)"
    entry = LogEntry(1, 10, 1.0, LogKind.WRITE, "battery", f"start_stop 1 → 2  {wire}", "127.0.0.1:49402")
    text = text_of(log_line(entry, width, UNICODE, names=8))
    assert len(text) <= width
    assert re.search(r" 10055 sta\S* 1 (\(\S[^)]*\) )?→ 2\b", text), text
    assert ":49402" in text


@pytest.mark.parametrize("text", ["x" * 300, "mark " + "x" * 300])
def test_a_long_mark_shows_as_much_as_fits(text: str) -> None:
    entry = LogEntry(1, 10, 1.0, LogKind.MARK, "", text, "console")
    for width in (40, 80, 160):
        shown = text_of(log_line(entry, width, UNICODE))
        assert "x…" in shown
        assert width - 4 <= len(shown) <= width
    assert "1…" not in text_of(log_line(replace(entry, text="x" * 30 + "1" * 99), 80, UNICODE))
