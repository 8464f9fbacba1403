"""The device screen shows the device that it names, however late the next frame comes."""

from dataclasses import replace

import pytest

from tests.widgets.hand_fed import HandFedSession, battery, frame, load, site, snapshot
from tests.widgets.screen import console, screen_text, settled

NAMES = ("bess-1", "load", "bess-3", "bess-4")


def several() -> HandFedSession:
    """Return a site with four devices; the next frame comes only when a test asks for it."""
    first = site()
    views = (*first.devices, *(replace(first.devices[0], name=name, registers=()) for name in NAMES[2:]))
    devices = (
        battery(),
        load(),
        *(battery(name=name, power_w=1_000.0 * place) for place, name in enumerate(NAMES[2:], 5)),
    )
    return HandFedSession(frame(snapshot=snapshot(devices=devices)), replace(first, devices=views))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_screen_of_another_device_shows_that_one_at_once(size: tuple[int, int]) -> None:
    session = several()
    async with console(session, size) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert screen_text(pilot).splitlines()[1].startswith(" bess-1 Battery")
        await settled(pilot)
        await pilot.press("escape", "down", "down", "down", "enter")
        await pilot.pause()
        shown = screen_text(pilot)
        assert "bess-4" in shown.splitlines()[1], shown
        assert "bess-1" not in shown, shown
        assert "6.00 kW" in shown.splitlines()[1], shown
        await pilot.press("escape", "up", "enter")
        await pilot.pause()
        shown = screen_text(pilot)
        assert "bess-3" in shown.splitlines()[1], shown
        assert "bess-4" not in shown


async def test_a_number_key_shows_the_links_and_writes_of_its_device_without_a_new_frame() -> None:
    async with console(several(), (160, 48)) as pilot:
        await pilot.press("enter")
        await settled(pilot)
        assert "127.0.0.1:5021" in screen_text(pilot)
        await pilot.press("2")
        await pilot.pause()
        shown = screen_text(pilot)
        assert shown.splitlines()[1].startswith(" load Load"), shown
        assert "127.0.0.1:5021" not in shown, shown
        assert "this device is only simulated" in shown
