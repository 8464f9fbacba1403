"""The devices of the overview: rows on a narrow screen, cards on a wide one; and the power between them."""

from textual.geometry import Region

from twin_tui.engine.view import Frame
from twin_tui.widgets.cards import CARD_HEIGHT, CARD_WIDTH, balance, cards, flow, flow_line, since
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.looks import FrameLines
from twin_tui.widgets.overview_lines import fits, rows_of, table
from twin_tui.widgets.spans import rule

CARDS_FROM = 66
"""The width of the list, not of the screen, from which cards are drawn."""
Room = tuple[Region | None, Region | None]


class DeviceList(CursorView):
    """Every device with its state, power, state of charge and last write, and the grid."""

    heading = 1
    waiting = " waiting for the first tick …"
    room: Room = (None, None)
    """Where devices and power are drawn."""

    @property
    def as_cards(self) -> bool:
        """Whether cards are drawn: the power has bars, and all cards have room."""
        devices, power = self.room
        if self.frame is None or devices is None or power is None:
            return False
        if power.height < 2 or devices.width < CARDS_FROM:
            return False
        return fits(len(rows_of(self.frame)), devices.width - 1, devices.height, (CARD_WIDTH, CARD_HEIGHT))

    @property
    def rows(self) -> int:
        """How many devices there are, the grid included."""
        return len(self.frame.snapshot.devices) + 1 if self.frame is not None else 0

    def draw(self, frame: Frame) -> None:
        if not frame.snapshot.devices:
            self.show([[(" This site has no devices: add some to its site file.", "strong")]])
            return
        drawing = cards if self.as_cards else table
        width = self.scrollable_content_region.width
        lines = drawing(frame, self.looks.history, width, self.looks.glyphs, self.row, self.looks.keys)
        self.show(lines, self.row + 1 if drawing is table else -1)

    @property
    def device(self) -> str:
        """The name of the chosen device; empty for the grid."""
        return self.device_of(self.frame) if self.frame is not None else ""

    def device_of(self, frame: Frame) -> str:
        """Return the name of the chosen device in a frame; empty for the grid."""
        devices = frame.snapshot.devices
        return devices[self.row].name if self.row < len(devices) else ""

    def keep_chosen(self, frame: Frame) -> None:
        """Stay on the device that is chosen when those before it are not in a frame any more."""
        names, chosen = [device.name for device in frame.snapshot.devices], self.device
        self.row = names.index(chosen) if chosen in names else min(self.row, len(names))
        self.frame = frame

    def reveal(self) -> None:
        if self.as_cards:
            line = self.row // max(1, self.scrollable_content_region.width // CARD_WIDTH) * CARD_HEIGHT
            self.scroll_to(y=max(0, line - self.size.height + CARD_HEIGHT), animate=False)
        else:
            CursorView.reveal(self)

    def row_at(self, y: int) -> int:
        if self.as_cards:
            across = max(1, self.scrollable_content_region.width // CARD_WIDTH)
            return (y + int(self.scroll_offset.y)) // CARD_HEIGHT * across
        return super().row_at(y)


class PowerFlow(FrameLines):
    """Who feeds the site's bus and who takes from it."""

    room: Room = (None, None)

    def draw(self, frame: Frame) -> None:
        snapshot, glyphs = frame.snapshot, self.looks.glyphs
        if self.size.height > 1:
            width = self.size.width
            title = rule("site", width, glyphs.line, f"{balance(snapshot)}   {since(frame)}")
            if len(title) == 1 or not frame.energy:
                title = rule("site", width, glyphs.line, balance(snapshot))
            self.show([title, *flow(frame, width, glyphs)])
        else:
            self.show([flow_line(snapshot, glyphs)])
