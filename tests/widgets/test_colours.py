"""Colours: what the terminal is sent can be read, in every theme of ours and on sixteen colours."""

from dataclasses import replace

import pytest
from rich.color import Color
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from tests.widgets.hand_fed import SAG, HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console, settled
from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import Settings
from twin_tui.engine.view import Frame
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.themes import KINDS, THEMES, choose, role_of

BASIC = [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)]
BRIGHT = [(127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255)]
XTERM = TerminalTheme((0, 0, 0), (229, 229, 229), [*BASIC, (229,) * 3], [*BRIGHT, (0, 255, 255), (255,) * 3])
VGA = [(0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170)]
VGA_BRIGHT = [(85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255), (255, 85, 255)]
LINUX = TerminalTheme(
    (0, 0, 0), (170, 170, 170), [*VGA, (170,) * 3], [*VGA_BRIGHT, (85, 255, 255), (255,) * 3]
)
"""The palettes of xterm and of the console of Linux, from their manuals."""
SEPARATORS = "─-│|╭╮╰╯+"
VIEWS = ("overview", "device", "registers", "log", "active", "modes")


def eventful() -> Frame:
    """Return a frame with a sag, a trip, a fault and a held value."""
    tripped = battery(0.0, status="TRIPPED", faults=("emergency_stop",), pinned=("soc",))
    return frame(snapshot=snapshot(devices=(tripped, load()), disturbances=(SAG,)))


def luminance(rgb: tuple[int, int, int]) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [c / 255 for c in rgb]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style: Style, palette: TerminalTheme) -> float:
    """Return the contrast ratio of WCAG 2.1 between the two colours of a cell."""
    default = Color.default()
    front = (style.color or default).get_truecolor(palette)
    back = (style.bgcolor or default).get_truecolor(palette, foreground=False)
    bright, dark = sorted((luminance(front), luminance(back)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
@pytest.mark.parametrize("theme", [*THEMES])
async def test_every_cell_can_be_read(theme: str, size: tuple[int, int]) -> None:
    """Text has at least 4.5 : 1 against its ground, drawings 3 : 1; separators alone may be fainter."""
    too_faint = set()
    async with console(HandFedSession(eventful()), size) as pilot:
        app = app_of(pilot)
        app.theme = theme
        palettes = (XTERM, LINUX) if theme == "twin-16" else (XTERM,)
        for view in VIEWS:
            app.action_view(view)
            await settled(pilot)
            for strip in app.screen._compositor.render_strips():
                for text, style, _ in strip:
                    if style is None or not text.strip() or all(c in SEPARATORS + " " for c in text):
                        continue
                    least = 4.5 if any(c.isalnum() for c in text) else 3.0
                    if min(contrast(style, palette) for palette in palettes) < least:
                        too_faint.add((view, text.strip()[:20], str(style)))
    assert not too_faint


@pytest.mark.parametrize(
    "theme", ["twin-dark", "twin-light", "twin-contrast", "twin-16", "nord", "textual-light"]
)
async def test_amber_is_only_what_a_client_has_written(theme: str) -> None:
    """No other role has the colour of a write, and alarms have one of their own, in any theme."""
    async with console(HandFedSession(eventful())) as pilot:
        app = app_of(pilot)
        app.theme = theme
        await settled(pilot)
        status = app.query_one("#status", LineView)
        colours = {role: status.role_style(role).color for role in ("written", "alarm", *KINDS, "focus")}
    written, alarm = colours.pop("written"), colours.pop("alarm")
    assert written != alarm
    assert alarm not in colours.values()
    if theme != "twin-16":
        assert written not in colours.values()


def test_a_terminal_of_sixteen_colours_gets_a_theme_of_sixteen() -> None:
    assert choose("auto", "standard") == "twin-16"
    assert choose("auto", "truecolor") == choose("auto", "256") == "twin-dark"
    assert choose("twin-light", "standard") == "twin-light"
    assert choose("auto", None) == "twin-dark"


def test_a_group_that_is_not_ours_has_the_colour_of_what_it_does() -> None:
    assert role_of("Battery", "CONSUMER") == "battery"
    assert role_of("Wind turbine", "PRODUCER") == "pv"
    assert role_of("Flywheel", "STORAGE") == "battery"
    assert role_of("Compressor", "CONSUMER") == role_of("Compressor") == "load"


async def test_a_write_and_an_alarm_say_so_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR no cell has a colour, and words and marks still say what is wrong."""
    monkeypatch.setenv("NO_COLOR", "1")
    shown = replace(eventful(), paused=True)
    async with console(HandFedSession(shown)) as pilot:
        strips = pilot.app.screen._compositor.render_strips()
        text = "\n".join(strip.text for strip in strips)
        colourful = {
            str(style)
            for strip in strips
            for _, style, _ in strip
            if style and style.color and len(set(style.color.get_truecolor())) > 1
        }
    assert all(word in text for word in ("▲", "TRIPPED", "PAUSED"))
    assert "0.4s" in text
    assert not colourful


@pytest.mark.parametrize("changed", [False, True])
async def test_without_colours_a_terminal_of_sixteen_uses_its_own_two(
    monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """The named colours have no grey: made monochrome they were black on black."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = ConsoleApp(
        HandFedSession(eventful()), Settings(theme="twin-dark" if changed else "twin-16", hz=0.1)
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        if changed:
            app.theme = "twin-16"
            await settled(pilot)
        strips = app.screen._compositor.render_strips()
        styles = [style for strip in strips for text, style, _ in strip if style and text.strip()]
    assert styles
    assert all(style.color is None or style.color.is_default for style in styles)
    assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
