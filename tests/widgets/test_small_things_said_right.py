"""Questions, buttons and answers of the `:` line name what they are about, once and in the right number."""

from collections.abc import Sequence
from typing import Any

import pytest
from textual.widgets import Button

from tests.widgets import hand_fed
from tests.widgets.screen import app_of, console, screen_text, settled, text_of
from twin_tui import Twin
from twin_tui.commands.parser import parse
from twin_tui.engine.events import Disturb, Mark, Write
from twin_tui.errors import CommandError
from twin_tui.session.local import LocalSession
from twin_tui.widgets import themes
from twin_tui.widgets.device_lines import head_lines, signal_line
from twin_tui.widgets.glyphs import ASCII, UNICODE
from twin_tui.widgets.log_text import in_room
from twin_tui.widgets.model import signal_rows

SITE: dict[str, Any] = {
    "name": "plant",
    "assets": [
        {"type": "battery", "name": "bess", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10},
        {"type": "battery", "name": "other", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10},
    ],
}


def a_session() -> LocalSession:
    return LocalSession(Twin.from_dict(SITE))


async def said_after(session: LocalSession, *lines: str, keys: Sequence[str] = ()) -> str:
    """Return the last line of the screen after some command lines and keys."""
    async with console(session, (100, 30)) as pilot:
        for line in lines:
            await app_of(pilot).carry_out(line)
            session.twin.advance(1.0)
            await settled(pilot)
        await pilot.press(*keys)
        await settled(pilot)
        return screen_text(pilot) if keys else screen_text(pilot).splitlines()[-1]


@pytest.mark.parametrize(
    ("forced", "question"),
    [(["soc"], "Release 1 forced signal?"), (["soc", "frequency_hz"], "Release all 2 forced signals?")],
)
async def test_the_question_counts_what_it_releases(forced: list[str], question: str) -> None:
    lines = [f"force bess {name} 0.5" for name in forced]
    assert question in await said_after(a_session(), *lines, keys=["U"])


async def test_what_was_set_is_said_with_its_unit() -> None:
    said = await said_after(a_session(), "force bess active_power_setpoint_w 3500")
    assert "bess active_power_setpoint_w forced to 3.50 kW" in said
    said = await said_after(a_session(), "write bess active_power_setpoint_w -2kW start_stop 1")
    assert "bess active_power_setpoint_w = -2.00 kW" in said


@pytest.mark.parametrize("line", ["sag 0.9 1s", ":fault bess emergency_stop 1s"])
async def test_repeat_does_again_what_was_typed(line: str) -> None:
    session = a_session()
    said = await said_after(session, line, "force bess soc 50%", keys=["R"])
    assert f"again: {line.removeprefix(':')}" in said


async def test_clear_says_whether_anything_was_injected() -> None:
    assert "nothing was injected" in await said_after(a_session(), "clear all")
    assert "everything injected is cleared" in await said_after(a_session(), "sag 0.9 20s", "clear all")
    assert "everything injected is cleared" in await said_after(a_session(), "force bess soc 50%", "clear")


@pytest.mark.parametrize(
    "line", ["sag 90 % 2s", "sag 90% 2 s", "sag grid 0.9 pu 2000 ms", "sag 90 % for 2 s"]
)
def test_a_unit_may_be_a_word_of_its_own(line: str) -> None:
    command = parse(line, a_session().site)
    assert isinstance(command, Disturb)
    assert command.disturbance.magnitude == pytest.approx(0.9)
    assert command.disturbance.duration_s == pytest.approx(2.0)


def test_free_text_keeps_its_blanks_and_a_wrong_unit_is_refused() -> None:
    site = a_session().site
    note = parse("mark at 5 s 10 kW", site)
    assert isinstance(note, Mark)
    assert note.note == "at 5 s 10 kW"
    write = parse("write bess active_power_setpoint_w 5 kW", site)
    assert isinstance(write, Write)
    assert write.values == {"active_power_setpoint_w": 5_000.0}
    with pytest.raises(Exception, match="'kW' is not a unit for this"):
        parse("sag 0.9 kW", site)


async def test_reset_names_the_devices_that_can_be_reset() -> None:
    session = a_session()
    assert "no device has a latched fault" in await said_after(session, "reset")
    for name in ("bess", "other"):
        session.twin[name].write(start_stop="Power On")
    session.twin.advance(1.0)
    async with console(session, (100, 30)) as pilot:
        app = app_of(pilot)
        for line in ("fault other isolation", "clear other isolation"):
            await app.carry_out(line)
            session.twin.advance(2.0)
            await settled(pilot)
        await app.carry_out("reset")
        await settled(pilot)
        assert "which device? reset other (isolation)" in screen_text(pilot)
        await app.carry_out("reset other")
        await settled(pilot)
        assert "other reset: fault_reset = 1 written" in screen_text(pilot)
        session.twin.advance(2.0)
        await settled(pilot)
        await app.carry_out("reset other")
        await settled(pilot)
        assert "other has no latched fault" in screen_text(pilot)
        await app.carry_out("reset othre")
        await settled(pilot)
        assert "did you mean other" in screen_text(pilot)


@pytest.mark.parametrize(
    ("key", "button"),
    [("v", "Inject"), ("s", "Select"), ("e", "Inject"), ("w", "Force"), ("W", "Write")],
)
async def test_the_button_of_a_form_says_what_it_does_and_is_not_amber(key: str, button: str) -> None:
    async with console(hand_fed.HandFedSession(), (100, 30)) as pilot:
        await pilot.press("r", key)
        await settled(pilot)
        found = pilot.app.screen.query_one("#inject", Button)
        assert str(found.label) == button
        assert f"enter twice: {button.lower()}" in screen_text(pilot)
        assert found.variant == "primary"
        assert pilot.app.current_theme.warning != themes.DARK["fresh"]


@pytest.mark.parametrize("mark", [UNICODE.cut, ASCII.cut])
@pytest.mark.parametrize("room", range(8, 60))
def test_a_shortened_text_ends_with_one_mark(mark: str, room: int) -> None:
    shown = in_room("no current at this voltage, active_power_w held down until then", room, mark)
    assert f"{mark} {mark}" not in shown


@pytest.mark.parametrize("power_w", [0.0, 42.0, 947.0, -4_702.4, 123_456.0, 2_000_000.0])
def test_heading_and_table_of_a_device_have_one_format_for_its_power(power_w: float) -> None:
    device, frame = hand_fed.battery(power_w), hand_fed.frame()
    heading = text_of(head_lines(device, hand_fed.site().devices[0], frame, UNICODE)[0])
    row = next(item for item in signal_rows(device) if item.signal.name == "active_power_w")
    shown = text_of(signal_line(row, None, 100, UNICODE)).split()[1:3]
    assert " ".join(shown) in heading
    assert shown[1] == "kW"


async def test_a_reset_too_early_says_which_keys_clear_the_cause() -> None:
    session = a_session()
    session.twin["bess"].write(start_stop="Power On")
    session.twin.advance(1.0)
    said = await said_after(session, "fault bess isolation", "reset bess")
    assert "the cause of isolation is still present; A lists causes, enter there clears one" in said


def test_an_unknown_mode_is_refused_with_the_known_ones_or_the_nearest() -> None:
    site = a_session().site
    with pytest.raises(CommandError, match=r"'GRID_CONSTANT'; (known: .*SELF_CONSUMPTION|did you mean )"):
        parse("mode bess GRID_CONSTANT", site)
    with pytest.raises(CommandError, match=r"; did you mean SELF_CONSUMPTION\?$"):
        parse("mode bess SELF_CONSUMPTON", site)
