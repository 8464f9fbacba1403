"""A device that is in one frame and not in the next: no view, dialog or key fails, and the screen says so."""

import pytest
from textual.pilot import Pilot

from tests.widgets.hand_fed import HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.walks import INJECTED
from twin_tui.engine.snapshot import DeviceSnapshot
from twin_tui.engine.view import Pause
from twin_tui.widgets.form_dialog import FormDialog

GONE = "bess-1 is no longer in this site"


async def left(pilot: Pilot[int], *devices: DeviceSnapshot) -> str:
    """Show a later frame with these devices, and return the screen."""
    session = app_of(pilot).session
    assert isinstance(session, HandFedSession)
    session.shown = frame(snapshot=snapshot(800.0, devices=devices), links=(), traces=(), injected=INJECTED)
    await app_of(pilot).refresh_frame()
    await pilot.pause()
    return screen_text(pilot)


VIEWS_OF_IT = {
    "overview": "overview",
    "device": "overview",
    "registers": "overview",
    "traffic": "overview",
    "modes": "modes",
    "log": "log",
    "active": "active",
}
"""Where each view leads when its device vanishes."""


async def test_every_view_is_left_or_goes_on_without_it_and_it_may_come_back() -> None:
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        for view, then in VIEWS_OF_IT.items():
            await left(pilot, battery(), load())
            app.views.choose_device("bess-1", 0)
            app.action_view(view)
            assert GONE in await left(pilot, load()), view
            assert app.views.current == then
            await pilot.press("enter", "1")
            app.action_view("overview")
            assert app.views.chosen_device() == "load", view
        await left(pilot, battery(), load())
        await pilot.press("1", "enter")
        await settled(pilot)
        assert app.views.device.device == "bess-1", "a device that is back is one like any other"
        await left(pilot)
        await pilot.resize_terminal(40, 10)
        assert "no devices" in await left(pilot)
        await pilot.resize_terminal(250, 70)
        await left(pilot, load())
        assert app.failure is None


@pytest.mark.parametrize("key", ["e", "w"])
async def test_a_form_about_it_is_left_with_nothing_done(key: str) -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press(key)
        await settled(pilot)
        assert isinstance(app_of(pilot).screen, FormDialog)
        assert GONE in await left(pilot, load())
        assert len(app_of(pilot).screen_stack) == 1
        await pilot.press("e")
        await settled(pilot)
        assert "no device of this site can do that" in screen_text(pilot)
        assert session.commands == []


async def test_a_form_about_something_else_stays_and_offers_it_no_more() -> None:
    async with console(HandFedSession(), (100, 30)) as pilot:
        await pilot.press("2", "W")
        await settled(pilot)
        dialog = app_of(pilot).screen
        assert isinstance(dialog, FormDialog)
        assert list(dialog.choices("device")) == ["bess-1", "load"]
        await left(pilot, load())
        assert app_of(pilot).screen is dialog
        assert list(dialog.choices("device")) == ["load"]
        await pilot.press("escape", "v")
        await settled(pilot)
        await left(pilot, battery(), load())
        await left(pilot, load())
        assert isinstance(app_of(pilot).screen, FormDialog), "a sag is about no device"


async def test_other_dialogs_stay_and_what_they_do_is_refused_at_most() -> None:
    session = HandFedSession(frame(injected=INJECTED))
    async with console(session) as pilot:
        for key in ("u", "m", "i", "P", "question_mark", "ctrl+p", "colon"):
            await left(pilot, battery(), load())
            await pilot.press(key)
            depth = len(app_of(pilot).screen_stack)
            await left(pilot, load())
            assert len(app_of(pilot).screen_stack) == depth, key
            await pilot.press("escape")
        assert await app_of(pilot).carry_out("pause")
        assert not await app_of(pilot).carry_out("fault bess-1 over_temperature")
        assert session.commands == [Pause()]
        assert "unknown device 'bess-1'" in screen_text(pilot)


async def test_the_cursor_stays_on_its_device_when_one_before_it_vanishes() -> None:
    async with console(HandFedSession(), (160, 48)) as pilot:
        await pilot.press("2")
        shown = await left(pilot, load())
        assert app_of(pilot).views.chosen_device() == "load"
        assert GONE in shown
        await pilot.press("1", "enter")
        await settled(pilot)
        assert screen_text(pilot).splitlines()[1].startswith(" load Load")
        await pilot.press("2")
        await settled(pilot)
        assert "there is no device 2: this site has 1" in screen_text(pilot)


async def test_the_past_still_shows_it() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        session.shown = frame(snapshot=snapshot(790.0))
        await settled(pilot)
        await pilot.press("enter")
        app_of(pilot).look_at(780.0)
        await settled(pilot)
        shown = await left(pilot, load())
        assert GONE in shown
        assert " bess-1 Battery" in shown
        await pilot.press("escape")
        await settled(pilot)
        assert "bess-1 is not there any more; o goes back" in screen_text(pilot)
