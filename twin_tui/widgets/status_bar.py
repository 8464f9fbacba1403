"""The status bar at the top and the key hints at the bottom."""

from collections.abc import Iterator, Sequence

from textual.events import Click
from textual.timer import Timer

from twin_tui.engine.formats import columns
from twin_tui.engine.view import Frame
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.looks import FrameLines, Looks
from twin_tui.widgets.spans import Line, shortened
from twin_tui.widgets.status_line import status_line

SAID_S = 4.0
Hint = tuple[tuple[tuple[str, str], ...], str]
"""How the keys are written, part by part with the key that each part is, and what they do."""


class StatusBar(FrameLines):
    """Site, run state, time, grid, clients and recording in one line."""

    DEFAULT_CSS = "StatusBar { height: 1; background: $panel; }"
    waiting = " waiting for the twin …"

    def __init__(self, looks: Looks, *, read_only: bool = False) -> None:
        super().__init__(looks, id="status")
        self.read_only = read_only
        self.held = False
        self.silent_s = 0.0
        self.back_s: float | None = None
        """How far the screen looks back, in simulated seconds, None when it is live."""

    def draw(self, frame: Frame) -> None:
        if self.silent_s:
            silent = f" the twin has not answered for {self.silent_s:.0f} s; what is shown is old "
            self.show([[(silent, "alarm")]])
            return
        width, glyphs = self.size.width, self.looks.glyphs
        line = status_line(
            frame,
            width,
            glyphs,
            read_only=self.read_only,
            held=self.held,
            back_s=self.back_s,
            past=self.looks.past,
        )
        self.show([line])


class Hints(LineView):
    """The keys of the view at hand, as many as fit, the most useful first."""

    DEFAULT_CSS = "Hints { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="hints")
        self.hints: Sequence[Hint] = ()
        self._said, self._role = "", "plain"
        self._until: Timer | None = None

    def set_hints(self, hints: Sequence[Hint]) -> None:
        self.hints = hints
        self.on_resize()

    def on_resize(self) -> None:
        """Fit the hints to the width; help and quit are always among them."""
        width = self.size.width
        said: Line = [(" " + shortened(self._said, width - 1), self._role)]
        self.show([said if self._said else hint_line(fitting(self.hints, width))])

    def on_click(self, event: Click) -> None:
        """Press the key of the hint that was clicked."""
        pressed = "" if self._said else key_at(fitting(self.hints, self.size.width), event.x)
        if pressed:
            self.app.simulate_key(pressed)

    def say(self, text: str, role: str) -> None:
        """Show a message in place of the keys for a while."""
        self._said, self._role = text, role
        if self._until is not None:
            self._until.stop()
        self._until = self.set_timer(SAID_S, self.hush)
        self.on_resize()

    def hush(self) -> None:
        """Show the keys again."""
        self._said = ""
        self.on_resize()


def fitting(hints: Sequence[Hint], width: int) -> list[Hint]:
    """Return as many hints as fit; the last two are kept before any other."""
    kept = list(hints)
    while len(kept) > 1 and sum(columns(text) for text, _, _ in _pieces(kept)) > width:
        kept.pop(-3 if len(kept) > 2 else 0)
    return kept


def hint_line(hints: Sequence[Hint]) -> Line:
    """Return the hints one after the other."""
    return [(text, role) for text, role, _ in _pieces(hints)]


def key_at(hints: Sequence[Hint], x: int) -> str:
    """Return the key that a click on a column presses, "" beside the hints."""
    for text, _, pressed in _pieces(hints):
        x -= columns(text)
        if x < 0:
            return pressed
    return ""


def _pieces(hints: Sequence[Hint]) -> Iterator[tuple[str, str, str]]:
    """Yield text, role and key: a part that is no key itself presses the first one of its hint."""
    for parts, what in hints:
        first = next((pressed for _, pressed in parts if pressed), "")
        yield " ", "focus", first
        for text, pressed in parts:
            yield text, "focus", pressed or first
        yield f" {what} ", "plain", first
