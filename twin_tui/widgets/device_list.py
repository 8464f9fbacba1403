"""The devices of the overview: rows on a narrow screen, cards on a wide one."""

from twin_tui.engine.view import Frame
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.looks import FrameLines
from twin_tui.widgets.overview_lines import (
    CARD_HEIGHT,
    CARD_WIDTH,
    cards,
    fits,
    flow,
    flow_line,
    rows_of,
    table,
)
from twin_tui.widgets.spans import rule

CARDS_FROM = 66
"""The width of the list, not of the screen, from which cards are drawn."""


class DeviceList(CursorView):
    """Every device with its state, power, state of charge and last write, and the grid."""

    DEFAULT_CSS = "DeviceList { height: auto; }"
    heading = 1
    waiting = " waiting for the first tick …"
    wide = False
    """Whether the screen is so wide that cards are wanted."""

    @property
    def as_cards(self) -> bool:
        """Whether cards are drawn: they are wanted and all of them have room."""
        if self.frame is None or not self.wide or self.size.width < CARDS_FROM:
            return False
        room = self.parent.size.height if self.parent is not None else self.size.height  # type: ignore[attr-defined]
        return fits(rows_of(self.frame), self.size.width, room)

    @property
    def rows(self) -> int:
        """How many devices there are, the grid included."""
        return len(self.frame.snapshot.devices) + 1 if self.frame is not None else 0

    def draw(self, frame: Frame) -> None:
        if not frame.snapshot.devices:
            self.show([[(" This site has no devices: add some to its site file.", "strong")]])
            return
        drawing = cards if self.as_cards else table
        lines = drawing(frame, self.looks.history, self.size.width, self.looks.glyphs, self.row)
        if len(lines) != len(self.drawn):
            self.styles.height = len(lines)
        self.show(lines)

    @property
    def device(self) -> str:
        """The name of the chosen device; empty for the grid."""
        devices = self.frame.snapshot.devices if self.frame is not None else ()
        return devices[self.row].name if self.row < len(devices) else ""

    def reveal(self) -> None:
        if self.as_cards:
            line = self.row // max(1, self.size.width // CARD_WIDTH) * CARD_HEIGHT
            self.scroll_to(y=max(0, line - self.size.height + CARD_HEIGHT), animate=False)
        else:
            CursorView.reveal(self)

    def row_at(self, y: int) -> int:
        if self.as_cards:
            across = max(1, self.size.width // CARD_WIDTH)
            return (y + int(self.scroll_offset.y)) // CARD_HEIGHT * across
        return super().row_at(y)


class PowerFlow(FrameLines):
    """Who feeds the site's bus and who takes from it."""

    DEFAULT_CSS = "PowerFlow { height: 1; }"

    tall = False
    """Whether there is room for one line a group."""

    def draw(self, frame: Frame) -> None:
        snapshot, glyphs = frame.snapshot, self.looks.glyphs
        if self.tall:
            lines = [rule("power", self.size.width, glyphs.line), *flow(snapshot, self.size.width, glyphs)]
            if self.size.height != len(lines):
                self.styles.height = len(lines)
            self.show(lines)
        else:
            self.show([flow_line(snapshot, glyphs)])
