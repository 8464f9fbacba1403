"""Whatever is pressed, pasted or shown, the console neither fails nor says what is not so."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Resize
from textual.keys import _character_to_key

from tests.widgets.hand_fed import CLIENT, HandFedSession, battery, frame, site, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.test_screens_at_every_size import busy_frame
from twin_tui.console.app import ConsoleApp
from twin_tui.engine.events import ClearEverything, Disturb, Mark, Pin
from twin_tui.engine.link_view import LinkView
from twin_tui.engine.view import Frame, Freeze, RegisterInfo, SetSpeed, TimelineStep, ViewRequest

KEYS = (
    *"abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789€",
    *("colon", "slash", "question_mark", "plus", "minus", "equals_sign", "space", "tab", "shift+tab"),
    *("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "delete", "backspace"),
    *("enter", "escape", "ctrl+p", "f5"),
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own: random keys find the export and name a file."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("seed", range(4))
async def test_random_keys_never_make_it_fail(seed: int) -> None:
    rng = random.Random(seed)
    async with console(HandFedSession(busy_frame()), rng.choice([(40, 10), (80, 24), (160, 48)])) as pilot:
        for _ in range(5):
            await pilot.press(*rng.choices(KEYS, k=6))
            if rng.random() < 0.3:
                await pilot.resize_terminal(rng.randint(3, 250), rng.randint(3, 70))
            await settled(pilot)
        assert app_of(pilot).failure is None


@pytest.mark.parametrize("size", [(3, 3), (1, 1), (39, 10), (40, 9), (250, 70)])
async def test_any_size_is_survived_and_too_small_says_so(size: tuple[int, int]) -> None:
    async with console(HandFedSession(), size) as pilot:
        shown = screen_text(pilot)
        if size[0] >= 40 and size[1] >= 10:
            assert "bess-1" in shown
        elif size[0] > 12:
            assert "Too small" in shown
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "bess-1" in screen_text(pilot)


@pytest.mark.parametrize("typed", ["abc", "-1", "9e99", "nan", "1.2", "0.7; quit", "’", "0x10", " "])
async def test_a_form_with_nonsense_cannot_be_injected(typed: str) -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("v")
        await settled(pilot)
        await pilot.press("ctrl+u", *typed, "enter", "enter", "enter")
        await settled(pilot)
        assert "Not possible" in screen_text(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert session.commands == []


async def test_escape_leaves_every_dialog_with_nothing_done() -> None:
    session = HandFedSession(busy_frame())
    async with console(session) as pilot:
        for key in "ivfeLsWwumJxU":
            await pilot.press(key)
            await settled(pilot)
            await pilot.press("escape", "escape")
            await settled(pilot)
        assert session.commands == []


async def test_clearing_asks_first_and_cancel_is_what_enter_says() -> None:
    session = HandFedSession(busy_frame())
    async with console(session) as pilot:
        await pilot.press("u")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert session.commands == []
        await pilot.press("u")
        await settled(pilot)
        await pilot.press("right", "enter")
        await settled(pilot)
        assert session.commands == [ClearEverything("console")]


async def test_quitting_asks_while_clients_are_connected() -> None:
    async with console(HandFedSession()) as pilot:
        await pilot.press("q")
        await settled(pilot)
        assert "1 client is connected" in screen_text(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert app_of(pilot).is_running
        assert "1 client is connected" not in screen_text(pilot)


async def test_quitting_without_clients_ends_at_once() -> None:
    async with console(HandFedSession(frame(links=()))) as pilot:
        await pilot.press("q")
        await pilot.pause()
    assert app_of(pilot).return_code == 0


async def test_a_read_only_console_looks_and_changes_nothing() -> None:
    session = HandFedSession()
    async with console(session, read_only=True) as pilot:
        assert "READ-ONLY" in screen_text(pilot)
        await pilot.press("p", "n", "plus", "z", "colon", *"sag 0.7 2s", "enter")
        await settled(pilot)
        assert session.commands == []


async def test_the_command_line_completes_recalls_and_reports_the_nearest_name() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("colon", *"spee", "tab", *"60", "enter")
        await settled(pilot)
        assert session.commands == [SetSpeed(60.0)]
        await pilot.press("colon", "up", "enter")
        await settled(pilot)
        assert session.commands == [SetSpeed(60.0)] * 2
        await pilot.press("colon", *"fault bess-1 over_temprature", "enter")
        await settled(pilot)
        assert "did you mean" in screen_text(pilot)


async def test_a_refusal_of_the_twin_is_shown_and_nothing_else_happens() -> None:
    session = HandFedSession()
    session.refuse = "battery is in mode FAULT"
    async with console(session) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert "battery is in mode FAULT" in screen_text(pilot)
        assert app_of(pilot).failure is None


async def test_the_last_injection_is_repeated() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("v")
        await settled(pilot)
        await pilot.press("enter", "enter")
        await settled(pilot)
        await pilot.press("R")
        await settled(pilot)
        assert len(session.commands) == 2
        assert all(isinstance(command, Disturb) for command in session.commands)


async def test_the_chosen_register_is_frozen_forced_and_released() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("z")
        await settled(pilot)
        assert session.commands == [Freeze("bess-1", "active_power_setpoint_w")]
        await pilot.press("w")
        await settled(pilot)
        await pilot.press(*"5kW", "enter", "enter")
        await settled(pilot)
        assert session.commands[-1] == Pin("bess-1", "active_power_setpoint_w", 5000.0, "console")


async def test_a_filter_shows_what_matches_and_escape_ends_it() -> None:
    async with console(HandFedSession()) as pilot:
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("slash", *"soc", "enter")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "system_soc" in shown
        assert "working_status" not in shown
        await pilot.press("escape")
        await settled(pilot)
        assert "working_status" in screen_text(pilot)


async def test_only_the_registers_in_the_window_are_asked_for() -> None:
    many = tuple(
        RegisterInfo("holding registers", 40_000 + n, f"point_{n}", "uint16", device="bess-1", signal="soc")
        for n in range(5000)
    )
    session = HandFedSession(site_view=site(many))
    async with console(session) as pilot:
        await pilot.press("r", "G")
        await settled(pilot)
        assert "point_4999" in screen_text(pilot)
        assert 4999 in session.requests[-1].registers
        assert len(session.requests[-1].registers) <= 24


async def test_text_from_the_wire_cannot_draw_on_the_screen() -> None:
    evil = replace(frame().links[0], fault="\x1b[2J\x07[bold]x[/bold]")
    shown_frame = frame(
        links=(evil, LinkView("", "\x1b]0;x\x07", "S2")), snapshot=snapshot(site="a\x1b[31mb")
    )
    async with console(HandFedSession(shown_frame), (160, 48)) as pilot:
        await pilot.press("enter")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "\x1b" not in shown
        assert "[bold]x[/bold]" in shown


async def fail_to_draw(
    session: HandFedSession, monkeypatch: pytest.MonkeyPatch, apps: list[ConsoleApp]
) -> None:
    """Run a console in which one widget raises."""
    async with console(session) as pilot:
        app = app_of(pilot)
        apps.append(app)

        def fail() -> None:
            raise RuntimeError("cannot draw this")

        monkeypatch.setattr(app.views.overview.flow, "redraw", fail)
        app.views.overview.flow.post_message(Resize(app.size, app.size))
        await pilot.pause()


async def test_a_drawing_that_fails_leaves_its_reason_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    apps: list[ConsoleApp] = []
    with pytest.raises(RuntimeError, match="cannot draw"):
        await fail_to_draw(HandFedSession(), monkeypatch, apps)
    assert str(apps[0].failure) == "cannot draw this"


async def test_the_client_that_wrote_stands_beside_the_register_and_its_effect_beneath() -> None:
    async with console(HandFedSession()) as pilot:
        await pilot.press("r")
        await settled(pilot)
        shown = screen_text(pilot)
        assert f"W 0.4s {CLIENT}" in shown
        assert "P 0.00 → -20.00 kW after 4.3 s" in shown


async def test_holding_the_view_keeps_what_is_shown_while_frames_come() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        await pilot.press("space")
        session.shown = frame(snapshot=snapshot(time_s=800.0, devices=(battery(power_w=5000.0),)))
        await settled(pilot)
        shown = screen_text(pilot)
        assert "VIEW HELD" in shown
        assert "-20.00" in shown
        await pilot.press("space")
        await settled(pilot)
        assert "5.00" in screen_text(pilot)


async def test_the_scenario_shows_its_next_step_and_the_verdicts_so_far() -> None:
    steps = (
        TimelineStep(10.0, "sag grid 0.7 2s", "done"),
        TimelineStep(15.0, "expect bess-1.soc >= 60%", "failed", "43.1 %"),
        TimelineStep(900.0, "clear all", "to come"),
    )
    async with console(HandFedSession(frame(timeline=steps))) as pilot:
        await pilot.press("A")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "0 passed, 1 failed" in shown
        assert "in 3 min" in shown
        assert "seen: 43.1 %" in shown


async def test_help_says_what_can_be_done_here_and_the_command_line_what_may_come_next() -> None:
    async with console(HandFedSession(), (80, 140)) as pilot:
        await pilot.press("question_mark")
        await settled(pilot)
        shown = screen_text(pilot)
        assert all(word in shown for word in ("Break things", "voltage sag", "command palette"))
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("colon")
        await settled(pilot)
        assert "  sag  swell  interrupt" in screen_text(pilot)


async def test_lines_typed_in_one_burst_are_all_lines_and_no_keys() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        app = app_of(pilot)
        for note in "abcdefgh":
            for key in f":mark {note}e\r":
                app.post_message(Key({"\r": "enter", ":": "colon", " ": "space"}.get(key, key), key))
        await settled(pilot)
        await settled(pilot)
        assert [command.note for command in session.commands if isinstance(command, Mark)] == [
            f"{note}e" for note in "abcdefgh"
        ]
        assert len(app.screen_stack) == 1
        assert app.views.name_shown == "overview"


class Slow(HandFedSession):
    """Answers a question for a frame only after everything that is under way."""

    async def frame(self, view: ViewRequest) -> Frame:
        found = await super().frame(view)
        speeds = [command.speed for command in self.commands if isinstance(command, SetSpeed)]
        for _ in range(20):
            await asyncio.sleep(0)
        return replace(found, speed=speeds[-1] if speeds else 1.0)


async def test_each_plus_of_a_burst_counts() -> None:
    session = Slow()
    async with console(session) as pilot:
        await settled(pilot)
        for _ in range(4):
            app_of(pilot).post_message(Key("plus", "+"))
        await settled(pilot)
        await settled(pilot)
        speeds = [command.speed for command in session.commands if isinstance(command, SetSpeed)]
        assert speeds == [2, 5, 10, 30]


async def test_a_filter_typed_in_one_burst_is_kept_whole() -> None:
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        await pilot.press("r")
        await settled(pilot)
        for key in "/soc\r":
            app.post_message(Key("enter" if key == "\r" else "slash" if key == "/" else key, key))
        await settled(pilot)
        assert app.views.registers.filter_text == "soc"


BURSTS = (
    ("v⏎⏎", ["Disturb"]),
    ("v⏎⏎R", ["Disturb", "Disturb"]),
    (":sag 0.9 1s⏎:mark hello⏎", ["Disturb", "Mark"]),
    (":mark one⏎:mark two⏎:mark three⏎", ["Mark", "Mark", "Mark"]),
    ("mhello⏎mthere⏎", ["Mark", "Mark"]),
    ("u→⏎", ["ClearEverything"]),
    ("++++", ["SetSpeed"] * 4),
    ("v␛f␛:mark x⏎", ["Mark"]),
    ("v⇥5s⏎⏎", ["Disturb"]),
)
NAMES = {"⏎": "enter", "␛": "escape", "⇥": "tab", "→": "right"}


@pytest.mark.parametrize(("keys", "done"), BURSTS, ids=[keys for keys, _ in BURSTS])
@pytest.mark.parametrize("pace", ["one by one", "in a burst"])
async def test_keys_do_the_same_at_any_speed(keys: str, done: list[str], pace: str) -> None:
    session = HandFedSession(busy_frame())
    async with console(session) as pilot:
        for char in keys:
            name = NAMES.get(char)
            app_of(pilot).post_message(Key(name or _character_to_key(char), None if name else char))
            if pace == "one by one":
                await settled(pilot)
        await pilot.pause()
        await settled(pilot)
        assert [type(command).__name__ for command in session.commands] == done
        if keys.startswith("v⇥"):
            (sag,) = session.commands
            assert isinstance(sag, Disturb)
            assert sag.disturbance.duration_s == 5.0
        marks = [command.note for command in session.commands if isinstance(command, Mark)]
        assert (
            marks
            == [word for word in ("hello", "there", "one", "two", "three", "x") if word in keys][: len(marks)]
        )
