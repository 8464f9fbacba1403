"""Every screen at the sizes and in the looks that users have, compared with a stored picture."""

import os
from pathlib import Path

import pytest

from tests.widgets.hand_fed import SAG, HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import console, screen_text, settled
from twin_tui.engine.link_view import TrafficLine
from twin_tui.engine.snapshot import ControlSnapshot, LogEntry, LogKind
from twin_tui.engine.view import Frame, Recording

PICTURES = Path(__file__).parent / "pictures"
SIZES = ((40, 10), (80, 24), (160, 48))
VIEW_KEYS = {
    "overview": "o",
    "device": "enter",
    "registers": "r",
    "log": "l",
    "active": "A",
    "modes": "S",
    "traffic": "t",
}
DIALOG_KEYS = {"inject": "i", "sag": "v"}


def busy_frame() -> Frame:
    """Return a frame in which everything happens at once."""
    control = ControlSnapshot("FRBC", "charge", 0.4, ("idle",), (("min_on", 12.0),), "charge 0.40", "")
    entries = (
        LogEntry(1, 10, 1.0, LogKind.STATE, "bess-1", "OFF → RUN"),
        LogEntry(2, 7200, 720.0, LogKind.WRITE, "bess-1",
                 "active_power_setpoint_w 0 → -20000 W  fc16", "10.0.0.7:51234"),
        LogEntry(3, 7230, 723.0, LogKind.INJECT, "grid", "sag to 0.70 pu for 2 s", "console"),
        LogEntry(4, 7231, 723.1, LogKind.TRIP, "bess-1", "RUN → TRIPPED: undervoltage UV2"),
    )  # fmt: skip
    shown = snapshot(
        devices=(
            battery(
                status="TRIPPED",
                faults=("over_temperature",),
                pinned=("soc",),
                mode="charge",
                control=control,
            ),
            load(),
        ),
        disturbances=(SAG,),
        log=entries,
    )  # fmt: skip
    traffic = (
        TrafficLine(0, 0.3, "10.0.0.7:51234", "> #1 unit 1 FC04 read input registers 10050 x1", "00 01"),
    )
    return frame(snapshot=shown, recording=Recording("run.jsonl", 0.0), marks=3, traffic=traffic)


def compare(name: str, text: str) -> None:
    """Compare a screen with its stored picture; TWIN_PICTURES=new stores it instead."""
    path = PICTURES / f"{name}.txt"
    if os.environ.get("TWIN_PICTURES") == "new":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert path.exists(), f"no picture {path.name}; look at the screen, then run with TWIN_PICTURES=new"
    assert text + "\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("view", VIEW_KEYS)
async def test_every_view_looks_as_it_was_approved(view: str, size: tuple[int, int]) -> None:
    async with console(HandFedSession(busy_frame()), size) as pilot:
        await pilot.press(VIEW_KEYS[view])
        await settled(pilot)
        compare(f"{view}-{size[0]}x{size[1]}", screen_text(pilot))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("dialog", DIALOG_KEYS)
async def test_every_dialog_looks_as_it_was_approved(dialog: str, size: tuple[int, int]) -> None:
    async with console(HandFedSession(busy_frame()), size) as pilot:
        await pilot.press(DIALOG_KEYS[dialog])
        await settled(pilot)
        compare(f"dialog-{dialog}-{size[0]}x{size[1]}", screen_text(pilot))


@pytest.mark.parametrize("glyphs", ["vt", "ascii"])
@pytest.mark.parametrize("view", ["overview", "device", "registers"])
async def test_poor_fonts_are_served_with_what_they_have(view: str, glyphs: str) -> None:
    async with console(HandFedSession(busy_frame()), (80, 24), glyphs=glyphs) as pilot:
        await pilot.press(VIEW_KEYS[view])
        await settled(pilot)
        shown = screen_text(pilot)
        if glyphs == "ascii":
            assert shown.isascii()
        compare(f"{view}-{glyphs}-80x24", shown)


@pytest.mark.parametrize("glyphs", ["vt", "ascii"])
@pytest.mark.parametrize("key", ["i", "v", "u", "m", "question_mark"])
async def test_dialogs_keep_to_the_characters_of_the_font(key: str, glyphs: str) -> None:
    async with console(HandFedSession(busy_frame()), (60, 16), glyphs=glyphs) as pilot:
        await pilot.press(key)
        await settled(pilot)
        shown = screen_text(pilot)
        assert not set(shown) & set("╭╮╰╯▁▂▃▄▅▆▇▉▊▋▌▍▎▏")
        if glyphs == "ascii":
            assert shown.isascii(), {c for c in shown if not c.isascii()}
