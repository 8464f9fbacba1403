"""The screen with frames made by hand: what it shows, and what its keys ask of the twin."""

import asyncio
from pathlib import Path

from tests.widgets.hand_fed import CLIENT, HandFedPort, frame, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.commands.screen import SCREEN
from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import Settings
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import Disturb, Pin
from twin_tui.engine.view import Frame, Pause, ViewRequest


async def test_the_overview_shows_power_setpoint_state_of_charge_and_the_last_write() -> None:
    async with console(HandFedPort()) as pilot:
        shown = screen_text(pilot)
        row = next(line for line in shown.splitlines() if "bess-1" in line)
        assert all(part in row for part in ("RUN", "-20.00", "43.1", "W 0.4s"))
        assert f"W 0.4s {CLIENT}" in shown
        assert "active_power_setpoint_w 0 → -20000 W" in shown


async def test_a_sag_goes_from_the_dialog_to_the_twin() -> None:
    port = HandFedPort()
    async with console(port) as pilot:
        await pilot.press("v")
        await pilot.pause()
        assert "sag to 0.70 pu for 2 s" in screen_text(pilot)
        await pilot.press("enter")
        assert not port.commands
        await pilot.press("enter")
        await settled(pilot)
        (command,) = port.commands
        assert isinstance(command, Disturb)
        assert command.disturbance.target is Target.VOLTAGE
        assert command.disturbance.magnitude == 0.7
        assert command.disturbance.duration_s == 2.0


async def test_p_pauses() -> None:
    port = HandFedPort()
    async with console(port) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert port.commands == [Pause()]


async def test_no_frame_is_asked_for_before_the_views_are_there() -> None:
    port = HandFedPort()
    app = ConsoleApp(port, Settings())
    assert not app.views.ready
    await app.refresh_frame()
    assert not port.requests
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.views.ready


async def test_a_frame_that_arrives_when_the_views_are_gone_is_not_drawn() -> None:
    port = Slow()
    app = ConsoleApp(port, Settings(hz=0.1))
    async with app.run_test() as pilot:
        await settled(pilot)
        before = app.frame
        port.shown = frame(snapshot=snapshot(time_s=900.0))
        port.answered.clear()
        late = asyncio.create_task(app.refresh_frame())
        await pilot.pause()
        await app.views.remove_children()
        port.answered.set()
        await late
        assert app.frame is before


class Slow(HandFedPort):
    """A port that answers when a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.answered.set()

    async def frame(self, view: ViewRequest) -> Frame:
        await self.answered.wait()
        return await super().frame(view)


async def test_one_message_at_a_time_and_none_over_a_dialog() -> None:
    port = HandFedPort()
    async with console(port) as pilot:
        app = app_of(pilot)
        port.refuse = "not now"
        await app.carry_out("pause")
        await pilot.pause()
        assert "not now" in screen_text(pilot).splitlines()[-1]
        assert not app._notifications
        port.refuse = "a long story " * 12
        for _ in range(3):
            await app.carry_out("pause")
            await pilot.pause()
        assert len(app._notifications) == 1
        await pilot.press("v")
        await pilot.pause()
        assert not app._notifications
        app.say(port.refuse, "error")
        await pilot.pause()
        assert not app._notifications


async def test_forcing_a_register_asks_for_nothing_but_the_value() -> None:
    port = HandFedPort()
    async with console(port) as pilot:
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("w")
        await pilot.pause()
        assert "enter twice: inject" in screen_text(pilot)
        await pilot.press(*"5kW", "enter", "enter")
        await settled(pilot)
        (command,) = port.commands
        assert command == Pin("bess-1", "active_power_setpoint_w", 5000.0, origin="console")


async def test_every_verb_of_the_screen_is_completed_and_carried_out(tmp_path: Path) -> None:
    async with console(HandFedPort()) as pilot:
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
        assert not await app.carry_out("view regsiters")
        await pilot.pause()
        assert "did you mean registers" in screen_text(pilot)
        assert await app.carry_out("help")
        await settled(pilot)
        assert "Break things" in screen_text(pilot)
        await pilot.press("escape")
        assert await app.carry_out("quit")
        await settled(pilot)
        assert "would lose the twin" in screen_text(pilot)
