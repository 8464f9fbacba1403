"""The screen with frames made by hand: what it shows, and what its keys ask of the twin."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.widgets.hand_fed import CLIENT, SAG, HandFedSession, frame, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.commands.forms import FORMS
from twin_tui.commands.screen import SCREEN
from twin_tui.console.app import ConsoleApp
from twin_tui.console.help_text import ABOUT, HINTS
from twin_tui.console.keys import Keys, entries
from twin_tui.console.settings import Settings
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import Disturb, Pin
from twin_tui.engine.view import Frame, Pause, ViewRequest
from twin_tui.errors import ConfigError
from twin_tui.widgets.register_view import CHANGED_WITHIN_S
from twin_tui.widgets.views import VIEWS


async def test_the_overview_shows_power_setpoint_state_of_charge_and_the_last_write() -> None:
    async with console(HandFedSession()) as pilot:
        shown = screen_text(pilot)
        row = next(line for line in shown.splitlines() if "bess-1" in line)
        assert all(part in row for part in ("RUN", "-20.00", "43%", "0.4s"))
        assert CLIENT in shown
        assert "active_power_setpoint_w 0 → -20000 W" in shown


async def test_a_sag_goes_from_the_dialog_to_the_twin() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("v")
        await pilot.pause()
        assert "sag to 0.70 pu for 2 s" in screen_text(pilot)
        await pilot.press("enter")
        assert not session.commands
        await pilot.press("enter")
        await settled(pilot)
        (command,) = session.commands
        assert isinstance(command, Disturb)
        assert command.disturbance.target is Target.VOLTAGE
        assert command.disturbance.magnitude == 0.7
        assert command.disturbance.duration_s == 2.0


async def test_p_pauses() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert session.commands == [Pause()]


async def test_no_frame_is_asked_for_before_the_views_are_there() -> None:
    session = HandFedSession()
    app = ConsoleApp(session, Settings())
    assert not app.views.ready
    await app.refresh_frame()
    assert not session.requests
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.views.ready


async def test_a_frame_that_arrives_when_the_views_are_gone_is_not_drawn() -> None:
    session = Slow()
    app = ConsoleApp(session, Settings(hz=0.1))
    async with app.run_test() as pilot:
        await settled(pilot)
        before = app.frame
        session.shown = frame(snapshot=snapshot(time_s=900.0))
        session.answered.clear()
        late = asyncio.create_task(app.refresh_frame())
        await pilot.pause()
        await app.views.remove_children()
        session.answered.set()
        await late
        assert app.frame is before


class Slow(HandFedSession):
    """A session that answers when a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.answered.set()

    async def frame(self, view: ViewRequest) -> Frame:
        await self.answered.wait()
        return await super().frame(view)


async def test_one_message_at_a_time_and_none_over_a_dialog() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        app = app_of(pilot)
        session.refuse = "not now"
        await app.carry_out("pause")
        await pilot.pause()
        assert "not now" in screen_text(pilot).splitlines()[-1]
        assert not app._notifications
        session.refuse = "a long story " * 12
        for _ in range(3):
            await app.carry_out("pause")
            await pilot.pause()
        assert len(app._notifications) == 1
        await pilot.press("v")
        await pilot.pause()
        assert not app._notifications
        app.say(session.refuse, "error")
        await pilot.pause()
        assert not app._notifications


async def test_forcing_a_register_asks_for_nothing_but_the_value() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("w")
        await pilot.pause()
        assert "enter twice: force" in screen_text(pilot)
        await pilot.press(*"5kW", "enter", "enter")
        await settled(pilot)
        (command,) = session.commands
        assert command == Pin("bess-1", "active_power_setpoint_w", 5000.0, origin="console")


async def test_every_verb_of_the_screen_is_completed_and_carried_out(tmp_path: Path) -> None:
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        assert set(app.on_screen) == {verb.name for verb in SCREEN.verbs}
        await pilot.press("colon", *"vi", "tab", *"dev", "tab", "enter")
        await settled(pilot)
        assert app.views.name_shown == "device"
        assert await app.carry_out("trend soc reactive_power_var")
        assert app.views.device.trend.chosen == ("soc", "reactive_power_var")
        await pilot.press("colon", *"theme no", "tab", "enter")
        await settled(pilot)
        assert app.theme == "nord"
        assert await app.carry_out("view registers")
        assert await app.carry_out("filter soc")
        assert app.views.registers.filter_text == "soc"
        await settled(pilot)
        assert await app.carry_out(f"export {tmp_path / 'shown.tsv'}")
        assert "system_soc" in (tmp_path / "shown.tsv").read_text(encoding="utf-8")
        for refused in ("~no-such-user/x", "a\0b", str(tmp_path)):
            assert not await app.carry_out(f"export '{refused}'")
        assert not await app.carry_out("view regsiters")
        await pilot.pause()
        assert "did you mean registers" in screen_text(pilot)
        assert await app.carry_out("help")
        await settled(pilot)
        assert "Help: registers" in screen_text(pilot)
        await pilot.press("escape")
        assert await app.carry_out("quit")
        await settled(pilot)
        assert "would lose the twin" in screen_text(pilot)


def _footer(pilot: Pilot[int]) -> str:
    return screen_text(pilot).splitlines()[-1]


async def test_a_key_that_the_user_chose_is_in_the_footer_and_in_the_help() -> None:
    async with console(HandFedSession(), (80, 70), keys={"inject": "x"}) as pilot:
        assert _footer(pilot).startswith(" x Inject  p Pause")
        await pilot.press("question_mark")
        await settled(pilot)
        rows = [line.split() for line in screen_text(pilot).splitlines()]
        assert any(row[1:4] == ["x", "inject:", "choose"] for row in rows)
        assert not any("export what is shown" in " ".join(row) for row in rows), "its key is taken"
        await pilot.press("escape", "i")
        await settled(pilot)
        assert "Inject ─" not in screen_text(pilot)
        await pilot.press("x")
        await settled(pilot)
        assert "Inject ─" in screen_text(pilot)


async def test_keys_can_be_swapped_and_those_of_lists_changed_too() -> None:
    async with console(HandFedSession(), keys={"inject": "x", "export": "i", "follow": "f2"}) as pilot:
        await pilot.press("l")
        await settled(pilot)
        assert "f2 Follow" in _footer(pilot)
        assert "i Export" in _footer(pilot)
        log = app_of(pilot).views.log_pane.list
        await pilot.press("F")
        assert log.follows
        await pilot.press("f2")
        assert not log.follows
        await pilot.press("i")
        await settled(pilot)
        assert "Write what is shown" in screen_text(pilot)


async def test_the_key_of_a_list_gives_way_to_the_one_the_user_chose() -> None:
    session = HandFedSession(frame(snapshot=snapshot(disturbances=(SAG,))))
    async with console(session, keys={"inject": "x"}) as pilot:
        await pilot.press("A")
        await settled(pilot)
        await pilot.press("x")
        await settled(pilot)
        assert "Inject ─" in screen_text(pilot)
        assert session.commands == []


async def test_messages_name_the_keys_in_force() -> None:
    async with console(HandFedSession(), keys={"inject": "f9", "registers": "f8"}) as pilot:
        await pilot.press("A")
        await settled(pilot)
        assert "f9 injects" in screen_text(pilot)
        await pilot.press("z")
        await settled(pilot)
        assert "register (f8)" in screen_text(pilot)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"injct": "x"}, "unknown action 'injct'; did you mean inject"),
        ({"inject": "x", "log": "x"}, "x is given to inject and to log"),
        ({"inject": ""}, "inject has no key"),
    ],
)
def test_a_key_that_cannot_be_given_is_refused_at_the_start(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Keys(keys)
    assert said in str(refusal.value)


def test_every_key_has_its_own_name_a_hint_and_a_help() -> None:
    names = [entry.id for entry in entries()]
    assert len(names) == len(set(names))
    assert all(entry.id and entry.description and entry.tooltip for entry in entries())
    assert set(HINTS) == set(ABOUT) == set(VIEWS)


async def test_the_palette_offers_every_form_that_is_possible_and_every_view() -> None:
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        offered = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {f"View: {name}" for name in VIEWS} <= set(offered)
        assert {form.phrase.title for form in FORMS if "plug" not in form.key} <= set(offered)
        assert "Car" not in offered, "no device of this site takes one"
        offered["Frequency ramp"].callback()
        await settled(pilot)
        assert ":freq grid ramp -0.5 over 5s for 30s" in screen_text(pilot)


async def test_changed_only_shows_what_has_changed_and_once_more_everything() -> None:
    session = HandFedSession(frame(changed=(2,)))
    async with console(session) as pilot:
        await pilot.press("r")
        await settled(pilot)
        assert session.requests[-1].changed_within_s is None
        await pilot.press("c")
        await settled(pilot)
        shown = screen_text(pilot)
        assert session.requests[-1].changed_within_s == CHANGED_WITHIN_S
        assert "system_soc" in shown
        assert "working_status" not in shown
        assert "changed only" in shown
        await pilot.press("c")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "working_status" in shown
        assert "changed only" not in shown


async def test_changed_only_says_so_when_nothing_has_changed() -> None:
    async with console(HandFedSession()) as pilot:
        await pilot.press("r", "c")
        await settled(pilot)
        assert "No register has changed in the last 5 s; c shows all." in screen_text(pilot)
