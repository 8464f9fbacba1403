"""Keys wait for what those before them do, on a busy machine too; not too many of them, and not for ever."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from textual.events import Event, Hide, Key, Paste
from textual.widgets import Input

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.test_screens_at_every_size import busy_frame
from twin_tui.console import key_intake
from twin_tui.console.app import ConsoleApp


async def test_keys_wait_for_a_dialog_that_a_busy_machine_opens_slowly() -> None:
    session = HandFedSession(busy_frame())

    async def busy() -> None:
        while True:
            time.sleep(0.002)  # noqa: ASYNC251 - every turn of the loop takes that long
            await asyncio.sleep(0)

    async with console(session) as pilot:
        others = asyncio.create_task(busy())
        for key in ("v", "enter", "enter"):
            app_of(pilot).post_message(Key(key, key if key == "v" else None))
        await pilot.pause()
        await app_of(pilot).intake.idle()
        others.cancel()
        await settled(pilot)
        assert [type(command).__name__ for command in session.commands] == ["Disturb"]


async def test_a_line_that_is_opened_again_at_once_keeps_the_keys() -> None:
    """Textual hides the line of the command before when it draws, on a busy machine after the next ':'."""
    async with console(HandFedSession(busy_frame())) as pilot:
        app = app_of(pilot)
        await pilot.press("colon")
        app.bar.input.post_message(Hide())
        await settled(pilot)
        assert app.focused is app.bar.input


async def test_a_key_does_not_wait_for_a_screen_that_is_being_closed() -> None:
    """The run has ended while keys come in: a widget that is closed takes no calls, its messages remain."""
    calls = 0

    def call_later(_: Callable[[], None]) -> bool:
        nonlocal calls
        calls += 1
        assert calls < 1000, "it asks for ever, and nothing else of the console goes on"
        return False

    async def handle(_: Event) -> None: ...

    closing = SimpleNamespace(call_later=call_later, message_queue_size=1, _parent=None)
    app = SimpleNamespace(
        screen=closing, focused=closing, is_running=True, screen_stack=[closing], workers=[]
    )
    failures: list[Exception] = []
    opened = asyncio.Event()
    opened.set()
    intake = key_intake.KeyIntake(app, handle, failures.append, opened)  # type: ignore[arg-type]
    await intake.take(Key("p", "p"))
    await intake.idle()
    assert (failures, calls) == ([], 1)


async def test_a_flood_of_keys_is_cut_and_ctrl_c_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_intake, "MOST_WAITING", 20)
    monkeypatch.setattr(key_intake, "MANY_WAITING", 10)
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        handled: list[str] = []
        handle = app.intake._handle

        async def note(event: Key) -> None:
            handled.append(event.key)
            await handle(event)

        monkeypatch.setattr(app.intake, "_handle", note)
        for _ in range(200):
            await app.intake.take(Key("down", None))
        await app.intake.take(Key("ctrl+c", None))
        await settled(pilot)
        assert handled == ["down", "ctrl+c"]
        assert "1 client is connected" in screen_text(pilot)


async def test_a_huge_paste_is_cut_and_its_first_line_arrives() -> None:
    async with console(HandFedSession()) as pilot:
        await pilot.press("colon")
        await settled(pilot)
        paste = Paste("mark a\n" + "x" * 1_000_000)
        app_of(pilot).post_message(paste)
        await settled(pilot)
        assert app_of(pilot).bar.query_one(Input).value == "mark a"
        assert len(paste.text) == key_intake.LONGEST_PASTE


async def fail_behind_another_key(monkeypatch: pytest.MonkeyPatch, apps: list[ConsoleApp]) -> None:
    """Press two keys at once, the second of which fails."""
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        apps.append(app)

        def fail() -> None:
            raise RuntimeError("cannot filter this")

        monkeypatch.setattr(app, "action_filter", fail)
        app.post_message(Key("o", "o"))
        app.post_message(Key("slash", "/"))
        await settled(pilot)


async def test_a_key_that_fails_behind_another_is_a_failure_of_the_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apps: list[ConsoleApp] = []
    with pytest.raises(RuntimeError, match="cannot filter"):
        await fail_behind_another_key(monkeypatch, apps)
    assert str(apps[0].failure) == "cannot filter this"


async def test_a_line_that_was_cut_is_not_carried_out() -> None:
    session = HandFedSession(busy_frame())
    async with console(session) as pilot:
        bar = app_of(pilot).bar
        for typed in (Paste("mark " + "x" * 1000), Paste("mark " + "x" * 5000)):
            await pilot.press("colon")
            app_of(pilot).post_message(typed)
            await settled(pilot)
            await pilot.press("enter")
            assert "the line was cut" in screen_text(pilot)
            await pilot.press("escape")
        assert not session.commands
        await pilot.press("colon", *"mark y", "enter")
        await settled(pilot)
        assert len(session.commands) == 1, "the next line is a line again"
        assert not bar.is_cut


async def test_a_line_of_which_keys_were_dropped_is_not_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_intake, "MOST_WAITING", 20)
    session = HandFedSession(busy_frame())
    async with console(session) as pilot:
        intake = app_of(pilot).intake
        for letter in ":mark " + 30 * "x":
            await intake.take(Key("colon" if letter == ":" else letter, letter))
        await intake.idle()
        await pilot.press("enter")
        await settled(pilot)
        assert not session.commands
        assert app_of(pilot).bar.is_cut
