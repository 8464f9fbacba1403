"""The status bar at the top and the key hints at the bottom."""

from collections.abc import Sequence

from textual.timer import Timer

from twin_tui.engine.view import Frame
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.looks import FrameLines, Looks
from twin_tui.widgets.spans import Line, shortened
from twin_tui.widgets.status_line import status_line

SAID_S = 4.0


class StatusBar(FrameLines):
    """Site, run state, time, grid, clients and recording in one line."""

    DEFAULT_CSS = "StatusBar { height: 1; background: $panel; }"
    waiting = " waiting for the twin …"

    def __init__(self, looks: Looks, *, read_only: bool = False) -> None:
        super().__init__(looks, id="status")
        self.read_only = read_only
        self.held = False
        self.silent_s = 0.0

    def draw(self, frame: Frame) -> None:
        if self.silent_s:
            silent = f" the twin has not answered for {self.silent_s:.0f} s; what is shown is old "
            self.show([[(silent, "alarm")]])
            return
        width, glyphs = self.size.width, self.looks.glyphs
        self.show([status_line(frame, width, glyphs, read_only=self.read_only, held=self.held)])


class Hints(LineView):
    """The keys of the view at hand, as many as fit, the most useful first."""

    DEFAULT_CSS = "Hints { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="hints")
        self.hints: Sequence[tuple[str, str]] = ()
        self._said, self._role = "", "plain"
        self._until: Timer | None = None

    def set_hints(self, hints: Sequence[tuple[str, str]]) -> None:
        self.hints = hints
        self.on_resize()

    def on_resize(self) -> None:
        """Fit the hints to the width; help and quit are always among them."""
        width = self.size.width
        said: Line = [(" " + shortened(self._said, width - 1), self._role)]
        self.show([said if self._said else hint_line(self.hints, width)])

    def say(self, text: str, role: str) -> None:
        """Show a message in place of the keys for a while."""
        self._said, self._role = text, role
        if self._until is not None:
            self._until.stop()
        self._until = self.set_timer(SAID_S, self._hush)
        self.on_resize()

    def _hush(self) -> None:
        self._said = ""
        self.on_resize()


def hint_line(hints: Sequence[tuple[str, str]], width: int) -> Line:
    """Return as many hints as fit; the last two are kept before any other."""
    kept = list(hints)
    while len(kept) > 1 and sum(len(key) + len(what) + 3 for key, what in kept) > width:
        kept.pop(-3 if len(kept) > 2 else 0)
    line: Line = []
    for key, what in kept:
        line += [(f" {key}", "focus"), (f" {what} ", "plain")]
    return line
