"""Every key has one meaning, wherever it is pressed, and every hint of the footer does it when clicked."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from textual.app import App
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

import twin_tui.widgets
from tests.widgets.hand_fed import HandFedSession, frame
from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.test_screens_at_every_size import busy_frame
from twin_tui.console.app import ConsoleApp
from twin_tui.console.help_text import HINTS, hints
from twin_tui.console.keys import Keys, entries
from twin_tui.engine.view import Pause, Resume
from twin_tui.widgets.status_bar import fitting, hint_line, key_at
from twin_tui.widgets.views import VIEWS

SAME_EVERYWHERE = {"tab": "next-pane"}
"""Keys that Textual binds too, to the same thing."""


def bindings_of_views() -> Iterator[tuple[str, Binding]]:
    """Yield every key of every widget that a view is made of; dialogs and text fields have all keys."""
    for module in pkgutil.iter_modules(twin_tui.widgets.__path__):
        found = importlib.import_module(f"twin_tui.widgets.{module.name}")
        for _, kind in inspect.getmembers(found, inspect.isclass):
            ours = kind.__module__.startswith("twin_tui.")
            if not ours or not issubclass(kind, Widget) or issubclass(kind, Screen | Input):
                continue
            for binding in vars(kind).get("BINDINGS", ()):
                for single in Binding.make_bindings([binding]):
                    yield kind.__name__, single


def test_every_key_has_one_meaning_in_every_view() -> None:
    meanings: dict[str, set[str]] = {}
    for entry in [*entries(), *ConsoleApp.BINDINGS]:
        for single in Binding.make_bindings([entry]):
            meanings.setdefault(single.key, set()).add(single.id or "")
    for _, single in bindings_of_views():
        meanings.setdefault(single.key, set()).add(single.id or single.action)
    assert {key: names for key, names in meanings.items() if len(names) > 1} == {}
    assert len(meanings) > 50


def test_every_key_of_a_view_is_in_the_help_and_can_be_changed() -> None:
    known = {entry.id for entry in entries()}
    assert {(kind, single.key) for kind, single in bindings_of_views() if single.id not in known} == set()


def test_keys_of_textual_are_not_given_another_meaning() -> None:
    own = {single.key: single.id for entry in entries() for single in Binding.make_bindings([entry])}
    for kind in (App, Screen):
        for single in Binding.make_bindings(vars(kind)["BINDINGS"]):
            if single.key in own and own[single.key] not in ("palette", "quit-at-once"):
                assert own[single.key] == SAME_EVERYWHERE.get(single.key, ""), single.key


def spot(pilot: Pilot[int], label: str) -> tuple[int, int]:
    """Return where the footer has a text."""
    lines = screen_text(pilot).splitlines()
    return lines[-1].index(label) + 1, len(lines) - 1


async def click(pilot: Pilot[int], label: str) -> None:
    await pilot.click(offset=spot(pilot, label))
    await settled(pilot)


async def test_a_click_on_a_hint_does_what_its_key_does() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        await click(pilot, "Pause")
        assert session.commands == [Pause()]
        await click(pilot, "Registers")
        assert app_of(pilot).views.current == "registers"
        await click(pilot, "Overview")
        assert app_of(pilot).views.current == "overview"
        await click(pilot, "enter Device")
        assert app_of(pilot).views.current == "device", "the list keeps the focus"
        await click(pilot, "Help")
        assert "Help: device" in screen_text(pilot)


async def test_each_half_of_a_double_hint_is_its_own_key() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        await click(pilot, "+ - Speed")
        assert [command.speed for command in session.commands] == [2.0]  # type: ignore[union-attr]
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        await click(pilot, " - Speed")
        assert [command.speed for command in session.commands] == [0.5]  # type: ignore[union-attr]


@pytest.mark.parametrize("view", VIEWS)
async def test_every_hint_of_every_view_is_clickable(view: str) -> None:
    keys = Keys({})
    found = hints(view, keys)
    assert len(found) == len(HINTS[view])
    line, x = "".join(text for text, _ in hint_line(found)), 0
    for parts, what in found:
        pressed = key_at(found, line.index(f" {what} ", x) + 1)
        assert pressed == parts[0][1]
        assert any(pressed in each for each in keys.pressed.values())
        x = line.index(f" {what} ", x)
    assert key_at(found, len(line)) == ""
    assert fitting(found, 30)[-1] == found[-1]


async def test_a_changed_key_is_what_a_click_presses() -> None:
    session = HandFedSession(frame(paused=True))
    async with console(session, (100, 30), keys={"pause": "f6"}) as pilot:
        await click(pilot, "f6 Pause")
        assert session.commands == [Resume()]


async def test_a_message_in_the_footer_is_no_hint() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        app_of(pilot).say("nothing is injected, nothing Pause")
        await pilot.pause()
        await pilot.click(offset=(34, 29))
        await settled(pilot)
        assert session.commands == []


async def test_on_a_device_t_shows_its_traffic_and_enter_draws_the_signal() -> None:
    async with console(HandFedSession(busy_frame()), (120, 40)) as pilot:
        await pilot.press("enter")
        await settled(pilot)
        drawn = app_of(pilot).views.device.trend.chosen
        await pilot.press("enter")
        await settled(pilot)
        assert app_of(pilot).views.device.trend.chosen != drawn
        await pilot.press("t")
        await settled(pilot)
        assert app_of(pilot).views.current == "traffic"
        assert app_of(pilot).views.traffic.device == "bess-1"
