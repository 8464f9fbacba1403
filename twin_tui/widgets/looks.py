"""What all widgets share: the drawing characters, the history, how numbers are written."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from textual.message import Message
from textual.reactive import reactive
from textual.scrollbar import ScrollBarRender

from twin_tui.engine.view import Frame, SiteView
from twin_tui.widgets.archive import Archive
from twin_tui.widgets.glyphs import UNICODE, Glyphs
from twin_tui.widgets.history import History
from twin_tui.widgets.journal import Journal
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.register_lines import NumberFormat
from twin_tui.widgets.themes import role_of


@dataclass
class Looks:
    """One screen's way of drawing."""

    site: SiteView
    keys: Mapping[str, str]
    """The keys in force, as the screen writes them, by the names of their actions."""
    glyphs: Glyphs = UNICODE
    history: History = field(default_factory=History)
    journal: Journal = field(default_factory=Journal)
    archive: Archive = field(default_factory=Archive)
    past: Frame | None = None
    """The frame that is looked back at."""
    number_format: NumberFormat = NumberFormat.HEX
    window_s: float | None = None
    """The window of time that the user has chosen, None for what suits the speed."""
    acknowledged: int = 0
    """The number of the newest log entry that somebody has acknowledged."""

    def colour(self, device: str) -> str:
        """Return the role of a device's name, bars and curves; the grid's for what is no device."""
        view = self.site.device(device)
        return role_of(view.flow_group or "Grid", view.role) if view is not None else "grid"

    def rated_w(self, device: str) -> float:
        """Return the most power that a device can give or take, infinity where that is not known."""
        view = self.site.device(device)
        return view.rated_w if view is not None else math.inf

    def look_back(self, time_s: float | None) -> None:
        """Draw everything as it was at a simulated time, None for now."""
        self.history.until_s = time_s
        self.journal.look_back(time_s)
        self.past = None if time_s is None else self.archive.at(time_s)


class TextMessage(Message):
    """A message that is a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class PlainScrollBar(ScrollBarRender):
    """A scroll bar of colour alone, for fonts without eighth blocks."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 9
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 9


class FrameLines(LineView):
    """Lines that are worked out from the frame."""

    frame: reactive[Frame | None] = reactive(None, repaint=False, init=False)
    waiting = ""
    """What is shown before the first frame."""

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.looks = looks

    def on_mount(self) -> None:
        """Draw the scroll bar with what the font has."""
        if self.looks.glyphs is not UNICODE:
            self.vertical_scrollbar.renderer = PlainScrollBar  # type: ignore[misc]

    def watch_frame(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def watch_show_vertical_scrollbar(self) -> None:
        """Draw for the width that a scroll bar leaves."""
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw the present frame, if there is one."""
        if self.frame is not None:
            self.draw(self.frame)
        else:
            self.show([[(self.waiting, "label")]] if self.waiting else [])

    def draw(self, frame: Frame) -> None:
        """Compute the lines of a frame; each widget defines how."""


class Budget:
    """How often something may be drawn: a few times at once, then once a second."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._left = float(most)
        self._asked_s = time.monotonic()

    def allows(self) -> bool:
        """Return whether it may be drawn now, and take it that it is."""
        now_s = time.monotonic()
        self._left = min(self._most, self._left + now_s - self._asked_s)
        self._asked_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class SlowLines(FrameLines):
    """Lines with numbers that run on all the time: drawn once a second, for the sake of an SSH line."""

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(looks, id=id)
        self._budget = Budget()
        self._waits = False

    def watch_frame(self) -> None:
        if self._budget.allows():
            self.redraw()
        elif not self._waits:
            self._waits = True
            self.set_timer(1.0, self._draw_late)

    def _draw_late(self) -> None:
        """Draw what had to wait: nothing may change any more, while the simulation is paused."""
        self._waits = False
        self.redraw()
