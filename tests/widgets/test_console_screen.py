"""The screen with frames made by hand: what it shows, and what its keys ask of the twin."""

from tests.widgets.hand_fed import CLIENT, HandFedPort
from tests.widgets.screen import console, screen_text, settled
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import Disturb
from twin_tui.engine.view import Pause


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
