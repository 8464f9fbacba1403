"""Every key can be another one: the new one does the same, the old one nothing; every text names the new."""

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.walks import ACTIONS, DONE, press_everything, walked
from twin_tui.console.help_text import help_text
from twin_tui.console.keys import Keys, entries
from twin_tui.widgets.views import VIEWS

OLD = Keys({})
CHOSEN = {name: chr(0x3B1 + number) for number, name in enumerate(OLD)}
"""For every action a letter that no other key is: Greek ones, and Cyrillic ones behind them."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DOWNLOAD_DIR"):
        monkeypatch.setenv(name, str(tmp_path))


def test_no_two_actions_share_a_letter() -> None:
    assert len({entry.id for entry in entries()}) == len(CHOSEN) == len(set(CHOSEN.values()))
    assert all(letter.isprintable() for letter in CHOSEN.values())


async def test_the_new_keys_do_what_the_old_ones_did() -> None:
    async with walked(read_only=False, chosen=CHOSEN) as (pilot, session):
        await press_everything(pilot)
        await settled(pilot)
        assert [type(command).__name__ for command in session.commands] == DONE


async def test_the_old_keys_do_nothing_any_more() -> None:
    async with walked(read_only=False, chosen=CHOSEN) as (pilot, session):
        app = app_of(pilot)
        for action in ACTIONS:
            for key in OLD.pressed[action]:
                await pilot.press(key)
                assert len(app.screen_stack) == 1, f"{key} still opens a dialog"
                assert app.views.current == "overview", f"{key} still leads to another view"
                assert not app.bar.display, f"{key} still opens the line"
        await settled(pilot)
        assert session.commands == []


def with_usual_keys(text: str, keys: Keys) -> str:
    """Return a text with every new key as the usual one, and without the blanks that its length decides."""
    for name in keys:
        text = text.replace(keys[name], f" {OLD[name]} ")
    return re.sub(r"[\s─]+", "", text)


WORDS = {
    "overview": {"W", "r", "s", "P"},
    "device": {"+", "s", "up", "P", "W"},
    "registers": {"W", "r", "s", "P"},
    "log": {"W", "P"},
    "help": {"W", "+", "P", "end", "tab", "up"},
}
"""Old keys that are words there: written by, read only, seconds, a sign; the `:` line completes with tab."""


def old_keys_in(text: str, view: str) -> set[str]:
    """Return the old keys among the words of a text where they are nothing else."""
    return {OLD[name] for name in OLD} & set(re.split(r"[\s()]+", text)) - WORDS.get(view, set()) - {"a"}


async def shown(pilot: Pilot[int], view: str) -> str:
    app_of(pilot).action_view(view)
    await settled(pilot)
    return screen_text(pilot)


async def test_every_view_names_the_new_keys_and_no_old_one() -> None:
    texts = []
    for chosen in ({}, CHOSEN):
        async with console(HandFedSession(), (250, 40), keys=chosen) as pilot:
            texts.append({view: await shown(pilot, view) for view in VIEWS})
    keys = Keys(CHOSEN)
    for view, usual in texts[0].items():
        assert with_usual_keys(texts[1][view], keys) == with_usual_keys(usual, OLD), view
        below_the_status = texts[1][view].partition("\n")[2]
        assert old_keys_in(below_the_status, view) <= set("0123456789<>-"), view


@pytest.mark.parametrize("view", VIEWS)
def test_the_help_names_the_new_keys_and_no_old_one(view: str) -> None:
    keys = Keys(CHOSEN)
    text = help_text(view, keys)
    assert with_usual_keys(text, keys) == with_usual_keys(help_text(view, OLD), OLD)
    assert old_keys_in(text.partition("Commands")[0], "help") <= set("0123456789<>-")
