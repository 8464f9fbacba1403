"""Every dialog survives any size, any text and any burst of keys while it is open."""

import random
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import app_of, console, screen_text
from tests.widgets.test_screens_at_every_size import busy_frame
from twin_tui.engine.events import Mark

SIZES = ((40, 10), (3, 3), (120, 40))
JUNK = (
    *("\x00", "\x1b", "\x7f", "\x9b", "�", "ä", "蓄", "\u202e", "\u0301", "\ufeff", "\ud800", "🔋", "\xa0"),
    *("[bold]", "[/]", "'", '"', "\\", "%s", "{0}", "\t", "\n", "x" * 300),
)
KEYS = ("up", "down", "left", "right", "home", "end", "pagedown", "pageup", "backspace", "delete", "tab")
DIALOGS = ("i", "u", "m", "question_mark", "ctrl+p", "colon", "slash")
"""A key for each kind: a menu, a question, a text to type and one to read, the palette and both lines."""
FORMS = ("link", "write")
"""Forms with lists, numbers, parameters that follow from what was chosen, and values of signals."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own: the export and the mark name files."""
    monkeypatch.chdir(tmp_path)


async def shaken(pilot: Pilot[int], rng: random.Random) -> None:
    """Change the size, type and paste junk, and press keys, without a pause between them."""
    app = app_of(pilot)
    for size in SIZES:
        for text in rng.sample(JUNK, 4):
            if len(text) == 1:
                app.post_message(Key("unknown", text))
            else:
                app.post_message(Paste(text))
        for key in rng.choices(KEYS, k=4):
            app.post_message(Key(key, None))
        await pilot.resize_terminal(*size)
        await app.intake.idle()
    await pilot.pause()
    assert app.failure is None


async def still_works(pilot: Pilot[int]) -> None:
    """Leave what is open and show that the console takes commands."""
    app, session = app_of(pilot), app_of(pilot).session
    assert isinstance(session, HandFedSession)
    for _ in range(3):
        await pilot.press("escape")
    assert len(app.screen_stack) == 1
    before = len(session.commands)
    assert await app.carry_out("mark here")
    assert isinstance(session.commands[before], Mark)


async def test_dialogs_and_lines_hold() -> None:
    async with console(HandFedSession(busy_frame())) as pilot:
        for number, key in enumerate(DIALOGS):
            await pilot.press(key)
            await shaken(pilot, random.Random(number))
            assert screen_text(pilot)
            await still_works(pilot)


@pytest.mark.parametrize("form", FORMS)
async def test_forms_hold(form: str) -> None:
    async with console(HandFedSession(busy_frame())) as pilot:
        app_of(pilot).action_form(form)
        await pilot.pause()
        await shaken(pilot, random.Random(form))
        await still_works(pilot)
