"""A read-only console changes nothing, whatever key, click or entry of the palette is tried.

The same walk through a console that may write shows that it tries everything that writes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.widgets.hand_fed import SAG, HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console, settled
from twin_tui.commands.forms import FORMS
from twin_tui.console.keys import entries
from twin_tui.engine.view import ActiveFault
from twin_tui.widgets.dialogs import AskDialog, MenuDialog, QuestionDialog
from twin_tui.widgets.form_dialog import FormDialog

LEAVING = {"quit", "quit-at-once"}
ANSWERS = {"Run on": "12:00", "Export": "shown.tsv", "Mark": "note"}
INJECTED = (ActiveFault("clear bess-1 emergency_stop", "bess-1", "fault emergency_stop"),)


@asynccontextmanager
async def walked(*, read_only: bool) -> AsyncIterator[tuple[Pilot[int], HandFedSession]]:
    """Run a console that shows something to clear, to release and to choose."""
    shown = snapshot(disturbances=(SAG,), devices=(replace(battery(), pinned=("soc",)), load()))
    session = HandFedSession(frame(snapshot=shown, injected=INJECTED))
    async with console(session, (100, 30), read_only=read_only) as pilot:
        yield pilot, session


async def accept(pilot: Pilot[int]) -> None:
    """Go through every dialog that is open, and those that follow, as somebody who wants what it offers."""
    app = app_of(pilot)
    for _ in range(6):
        dialog = app.screen
        if isinstance(dialog, FormDialog):
            if dialog.start == "value":
                dialog.query_one(f"#{dialog.start}", Input).value = "5kW"
                await pilot.pause()
            if not dialog.query_one("#inject", Button).disabled:
                dialog.query_one("#inject", Button).press()
            else:
                await pilot.press("escape")
        elif isinstance(dialog, AskDialog):
            dialog.query_one(Input).value = ANSWERS[dialog.box_title]
            await pilot.press("enter")
        elif isinstance(dialog, QuestionDialog):
            dialog.query_one("#do", Button).press()
        elif isinstance(dialog, MenuDialog):
            await pilot.press("enter")
        elif len(app.screen_stack) > 1:
            await pilot.press("escape")
        else:
            return
        await pilot.pause()


def keys() -> list[str]:
    """Return every key of the registry that does not leave; of those for the devices the first."""
    left = [entry for entry in entries() if entry.id not in LEAVING]
    return [entry.key.split(",")[0] for entry in left if entry.key not in "23456789"]


async def press_everything(pilot: Pilot[int]) -> None:
    app = app_of(pilot)
    for key in keys():
        app.views.choose_device("bess-1", 0)
        app.action_view("registers")
        await pilot.press(
            *(["home", key] if key in ("w", "z", "W") else [key])
        )  # on a register with a signal
        await accept(pilot)
        if app.bar.display:
            app.bar.input.value = "sag 0.7 2s" if app.bar.mode == ":" else ""
            await pilot.press("enter")
            await pilot.pause()


async def click_everywhere(pilot: Pilot[int], view: str) -> None:
    app = app_of(pilot)
    app.views.choose_device("bess-1", 0)
    app.action_view(view)
    for y in range(0, app.size.height, 4):
        await pilot.click(offset=(3, y), times=2)
        await accept(pilot)


async def choose_everything_in_the_palette(pilot: Pilot[int]) -> None:
    """Choose all but to leave, and of the many forms, which the keys open too, the first."""
    app = app_of(pilot)
    left_out = {"Quit", *(form.phrase.title for form in FORMS[1:])}
    for command in list(app.get_system_commands(app.screen)):
        if command.title not in left_out:
            command.callback()
            await pilot.pause()
            await accept(pilot)


def files_in(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DOWNLOAD_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


async def test_no_key_changes_anything(tmp_path: Path) -> None:
    async with walked(read_only=True) as (pilot, session):
        await press_everything(pilot)
        await settled(pilot)
        assert session.commands == []
    assert files_in(tmp_path) == []


async def test_no_click_and_nothing_in_the_palette_changes_anything(tmp_path: Path) -> None:
    async with walked(read_only=True) as (pilot, session):
        for view in ("overview", "active", "modes"):
            await click_everywhere(pilot, view)
        await choose_everything_in_the_palette(pilot)
        await settled(pilot)
        assert session.commands == []
    assert files_in(tmp_path) == []


async def test_the_same_keys_and_palette_change_a_console_that_may_write(tmp_path: Path) -> None:
    async with walked(read_only=False) as (pilot, session):
        await press_everything(pilot)
        await settled(pilot)
        sent = {type(command).__name__ for command in session.commands}
        assert {"Disturb", "Fault", "Pin", "Mark", "Pause", "StepTicks", "SetSpeed", "JumpTo"} <= sent
        assert {"ClearEverything", "Freeze", "Unpin", "Write", "LinkFault", "SelectMode"} <= sent
        assert "shown.tsv" in files_in(tmp_path)
        before = len(session.commands)
        await choose_everything_in_the_palette(pilot)
        assert len(session.commands) > before
    assert any(name.endswith(".svg") for name in files_in(tmp_path))
