"""Walks through a console: every key, every click, every entry of the palette, every dialog they open."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.widgets.hand_fed import SAG, HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console
from twin_tui.commands.forms import FORMS
from twin_tui.console.keys import entries
from twin_tui.engine.view import ActiveFault
from twin_tui.widgets.dialogs import AskDialog, MenuDialog, QuestionDialog
from twin_tui.widgets.form_dialog import FormDialog

LEAVING = {"quit", "quit-at-once"}
ANSWERS = {"Run on": "12:00", "Export": "shown.tsv", "Mark": "note"}
INJECTED = (ActiveFault("clear bess-1 emergency_stop", "bess-1", "fault emergency_stop"),)


@asynccontextmanager
async def walked(
    *, read_only: bool, chosen: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Pilot[int], HandFedSession]]:
    """Run a console that shows something to clear, to release and to choose."""
    shown = snapshot(disturbances=(SAG,), devices=(replace(battery(), pinned=("soc",)), load()))
    session = HandFedSession(frame(snapshot=shown, injected=INJECTED))
    async with console(session, (100, 30), read_only=read_only, keys=chosen) as pilot:
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
            stays_open = dialog.box_title.startswith("Panes")
            await pilot.press("escape" if stays_open else "enter")
        elif len(app.screen_stack) > 1:
            await pilot.press("escape")
        else:
            return
        await pilot.pause()


ACTIONS = [entry.id or "" for entry in entries() if entry.id not in LEAVING and entry.key not in "23456789"]
"""Every action of the registry that does not leave; of those for the devices the first."""


DONE = [
    "Disturb",
    "Disturb",
    "Disturb",
    "Fault",
    "LinkFault",
    "SelectMode",
    "SelectMode",
    "ClearEverything",
    "Pin",
    "Freeze",
    "Unpin",
    "Write",
    "Pause",
    "StepTicks",
    "SetSpeed",
    "SetSpeed",
    "SetSpeed",
    "JumpTo",
    "Mark",
    "Disturb",
]
"""What pressing the keys of all actions sends."""


async def press_everything(pilot: Pilot[int], keys: Mapping[str, Sequence[str]] | None = None) -> None:
    """Press the keys of all actions, those in force or others."""
    app = app_of(pilot)
    for action in ACTIONS:
        app.views.choose_device("bess-1", 0)
        app.action_view("registers")
        key = (keys or app.keys.pressed)[action][0]
        # on a register with a signal
        first = [app.keys.pressed["first"][0]] if action in ("force", "freeze", "write") else []
        await pilot.press(*first, key)
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
