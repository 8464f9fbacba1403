"""The cursor of the registers is on a register and not on a row: a filter never moves it to another one."""

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import app_of, console, settled


async def test_the_cursor_stays_on_its_register_when_a_filter_comes_and_goes() -> None:
    async with console(HandFedSession(), (100, 30)) as pilot:
        await pilot.press("r", "down", "down")
        await settled(pilot)
        pane = app_of(pilot).views.register_pane()
        assert pane is not None
        chosen = pane.chosen()
        assert chosen is not None
        assert chosen.name == "system_soc"
        await pilot.press("slash", *"soc", "enter")
        await settled(pilot)
        assert pane.chosen() == chosen
        await pilot.press("escape")
        await settled(pilot)
        assert pane.chosen() == chosen, "and it is still there when all registers are back"


async def test_the_cursor_goes_to_the_first_match_when_its_register_is_filtered_out() -> None:
    async with console(HandFedSession(), (100, 30)) as pilot:
        await pilot.press("r", "down", "down", "down", "slash", *"input", "enter")
        pane = app_of(pilot).views.register_pane()
        assert pane is not None
        pane.list.move_to(2)
        await pilot.press("slash", *"status", "enter")
        await settled(pilot)
        assert [pane.list.registers[index].name for index in pane.list.indices] == ["working_status"]
        pane.set_filter("")
        pane.list.move_to(3)
        pane.set_filter("o")
        chosen = pane.chosen()
        assert chosen is not None
        assert chosen.name == "model"
        pane.set_filter("status")
        assert pane.list.row == 0
