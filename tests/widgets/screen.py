"""Runs the console on a hand-fed session and reads its screen."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import Settings
from twin_tui.engine.view import TwinSession


@asynccontextmanager
async def console(
    session: TwinSession,
    size: tuple[int, int] = (80, 24),
    *,
    glyphs: str = "unicode",
    read_only: bool = False,
    keys: Mapping[str, str] | None = None,
) -> AsyncIterator[Pilot[int]]:
    """Run a console; frames come when a test asks for them, not by the clock."""
    app = ConsoleApp(session, Settings(glyphs=glyphs, hz=0.1, read_only=read_only, keys=keys or {}))
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(pilot)
        yield pilot


async def settled(pilot: Pilot[int]) -> None:
    """Let a frame be asked for and be drawn."""
    for _ in range(2):
        await app_of(pilot).intake.idle()
        await pilot.pause()
        await app_of(pilot).refresh_frame()
    await pilot.pause()


def app_of(pilot: Pilot[int]) -> ConsoleApp:
    """Return the console that a pilot drives."""
    assert isinstance(pilot.app, ConsoleApp)
    return pilot.app


def text_of(line: Sequence[tuple[str, str]]) -> str:
    """Return the bare text of a line."""
    return "".join(text for text, _ in line)


def screen_text(pilot: Pilot[int]) -> str:
    """Return what stands on the screen, blanks at the ends of lines left out."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def shown_after(pilot: Pilot[int], *keys: str) -> str:
    """Return what is on the screen after these keys."""
    await pilot.press(*keys)
    await settled(pilot)
    return screen_text(pilot)
