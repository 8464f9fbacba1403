"""The screen says why a device gives what it gives, and the key that it names helps."""

import re

import pytest

from tests.widgets.hand_fed import HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import console, screen_text, settled, text_of
from twin_tui.engine.events import Write
from twin_tui.engine.snapshot import DeviceSnapshot
from twin_tui.engine.view import WriteTrace
from twin_tui.engine.why import Constraint, Why
from twin_tui.widgets.cards import cards
from twin_tui.widgets.glyphs import UNICODE
from twin_tui.widgets.history import History
from twin_tui.widgets.overview_lines import table

LATCHED = Constraint(
    "fault latched",
    "emergency_stop latched: cause gone",
    "emergency_stop: cause gone",
    action="reset",
    command=("start_stop", 1),
)


def shows(device: DeviceSnapshot) -> HandFedSession:
    return HandFedSession(frame(snapshot=snapshot(devices=(device, load()))))


def stopped(*constraints: Constraint) -> HandFedSession:
    return shows(
        battery(0.0, status="FAULT", faults=("emergency_stop",), why=Why(constraints, -20_000.0, 0.0))
    )


async def test_the_device_screen_has_the_whole_sentence_with_the_key_in_force() -> None:
    async with console(stopped(LATCHED)) as pilot:
        await pilot.press("enter")
        await settled(pilot)
        wanted = "asked -20.00 kW, gives 0.00: emergency_stop latched: cause gone, E resets"
        assert wanted in screen_text(pilot)
    async with console(stopped(LATCHED), keys={"reset": "ctrl+e"}) as pilot:
        await pilot.press("enter")
        await settled(pilot)
        assert "cause gone, ctrl+e resets" in screen_text(pilot)


@pytest.mark.parametrize("opened", [(), ("enter",), ("r",)])
async def test_e_resets_the_chosen_device_from_overview_device_and_registers(opened: tuple[str, ...]) -> None:
    session = stopped(LATCHED)
    async with console(session) as pilot:
        await pilot.press(*opened, "E")
        await settled(pilot)
        assert session.commands == [Write("bess-1", {"start_stop": 1}, "console")]
        assert "bess-1 reset: start_stop = 1 written" in screen_text(pilot)


async def test_e_says_why_it_would_do_nothing() -> None:
    session = stopped(Constraint("fault", "emergency_stop"))
    async with console(session) as pilot:
        await pilot.press("E")
        await settled(pilot)
        words = " ".join(screen_text(pilot).replace("▌", "").split())
        assert "bess-1: the cause of emergency_stop is still present; A lists causes" in words
        await pilot.press("2", "E")
        await settled(pilot)
        assert "load has no latched fault" in screen_text(pilot)
        assert session.commands == []


async def test_a_read_only_console_resets_nothing() -> None:
    session = stopped(LATCHED)
    async with console(session, read_only=True) as pilot:
        await pilot.press("E")
        await settled(pilot)
        assert session.commands == []
        assert "this console is read-only" in screen_text(pilot)


@pytest.mark.parametrize("width", range(36, 60))
def test_a_reason_on_a_card_or_row_loses_words_but_no_digit(width: int) -> None:
    why = Why((Constraint("tripped", "tripped U<< 0.45 pu, back in 58 s"),))
    seen = frame(snapshot=snapshot(devices=(battery(status="WAITING", why=why),)))
    drawn = "\n".join(text_of(line) for line in cards(seen, History(), width, UNICODE))
    assert "back in 58 s" in drawn or not re.search(r"back in \d|5…|0\.4…", drawn)
    rows = "\n".join(text_of(line) for line in table(seen, History(), width + 90, UNICODE))
    assert "back in 58 s" in rows or not re.search(r"back in \d|5…|0\.4…", rows)


@pytest.mark.parametrize("width", range(36, 72))
def test_a_card_has_its_reason_whole_and_the_last_write_with_its_port(width: int) -> None:
    why = Why((Constraint("reconnection ramp", "reconnection ramp 38 %"),), -10_000.0, -3_800.0)
    written = WriteTrace("bess-1", 722.3, 2.0, "127.0.0.1:47936", "x 0 → 1", ("x",))
    seen = frame(snapshot=snapshot(devices=(battery(-3_800.0, why=why),)), traces=(written,))
    foot, edge = (text_of(line) for line in cards(seen, History(), width, UNICODE)[3:5])
    assert "reconnection ramp 38 %" in foot
    assert "…" not in foot
    assert ("W 2s :47936" in foot) != ("W 2s :47936" in edge), "in the edge where the reason takes the room"
    if width >= 53:
        assert "asked -10.0, gives -3.8: reconnection" in foot
