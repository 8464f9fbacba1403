"""The device screen: telemetry and commands of one device, its links and writes, trends."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from twin_tui.engine.formats import columns, table_row
from twin_tui.engine.snapshot import DeviceSnapshot
from twin_tui.engine.view import Frame
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.device_lines import VALUE, actual_of, head_lines, side_lines, signal_line, value_of
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.looks import FrameLines, Looks
from twin_tui.widgets.model import SignalRow, signal_rows
from twin_tui.widgets.trend import PANELS, Trend

WITH_SIDE = 110


class SignalList(CursorView):
    """The signals of a device; the cursor chooses one to draw, force, freeze or write."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="signals")
        self.device = ""
        self.drawn_signals: tuple[str, ...] = ()
        self.signals: list[SignalRow] = []
        self.widest = "", 0
        """The columns that the values of a device have needed so far: they do not move to and fro."""
        self.has_side = False
        """Whether links and writes have a place beside it."""

    def snapshot(self) -> DeviceSnapshot | None:
        """Return the device in the present frame."""
        devices = self.frame.snapshot.devices if self.frame is not None else ()
        return next((d for d in devices if d.name == self.device), None)

    def draw(self, frame: Frame) -> None:
        device = self.snapshot()
        if device is None:
            self.signals, back = [], self.looks.keys["overview"]
            gone = f" {self.device or 'This device'} is not there any more; {back} goes back."
            self.show([[(gone, "strong")]])
            return
        self.signals = signal_rows(device)
        names = max((len(item.signal.name) for item in self.signals), default=0)
        values = max((columns(value_of(item)) + 1 for item in self.signals), default=0)
        self.widest = (
            self.device,
            min(VALUE, max(values, self.widest[1] if self.widest[0] == self.device else 0)),
        )
        width, glyphs = self.scrollable_content_region.width, self.looks.glyphs
        lines = [
            signal_line(
                item,
                actual_of(item, self.signals),
                width,
                glyphs,
                selected=place == self.row,
                drawn=item.signal.name in self.drawn_signals,
                columns=(names, self.widest[1]),
            )
            for place, item in enumerate(self.signals)
        ]
        if not self.has_side:
            lines += side_lines(device, frame, width, glyphs)
        self.show(lines, self.row if self.has_focus else -1)

    def chosen(self) -> SignalRow | None:
        return self.signals[self.row] if self.row < len(self.signals) else None


class Side(FrameLines):
    """Links, control and writes beside the signals."""

    device: DeviceSnapshot | None = None

    def draw(self, frame: Frame) -> None:
        lines = []
        if self.device is not None:
            lines = side_lines(self.device, frame, self.size.width, self.looks.glyphs)
        self.show(lines)


class DeviceScreen(Vertical):
    """One device: head, signals, side, trends."""

    DEFAULT_CSS = """
    DeviceScreen { height: 1fr; }
    DeviceScreen > .head { height: auto; max-height: 5; }
    DeviceScreen > Horizontal { height: 1fr; }
    DeviceScreen SignalList { width: 3fr; height: 1fr; }
    DeviceScreen Side { width: 2fr; height: 1fr; display: none; border-left: solid $primary 30%; }
    DeviceScreen.-wide Side { display: block; }
    DeviceScreen > Trend { height: 40%; max-height: 20; }
    DeviceScreen.-low > Trend { display: none; }
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__(id="device")
        self.looks = looks
        self.head = LineView(classes="label")
        self.signals = SignalList(looks)
        self.side = Side(looks)
        self.trend = Trend(looks)

    def compose(self) -> ComposeResult:
        yield self.head
        with Horizontal():
            yield self.signals
            yield self.side
        yield self.trend

    def on_resize(self) -> None:
        self.set_class(self.size.height < 16, "-low")
        self.signals.has_side = self.size.width >= WITH_SIDE
        self.set_class(self.signals.has_side, "-wide")
        self.signals.redraw()

    @property
    def device(self) -> str:
        return self.signals.device

    def choose_device(self, device: str) -> None:
        """Show another device, with the trends that matter first."""
        if device == self.signals.device:
            return
        self.signals.device = self.trend.device = device
        known = self.trend.signals()
        self.draw_signals(tuple(name for name in ("active_power_w", "soc") if name in known))
        self.signals.row = 0
        self.signals.redraw()

    def draw_signals(self, names: tuple[str, ...]) -> None:
        self.signals.drawn_signals = names
        self.trend.choose(names)
        self.signals.redraw()

    def toggle_chosen(self) -> str:
        """Draw the signal under the cursor, or draw it no more; return what to say."""
        item = self.signals.chosen()
        if item is None or item.signal.name not in self.trend.signals():
            return "not a numeric telemetry signal: choose one to draw it over time"
        name, drawn = item.signal.name, self.signals.drawn_signals
        if name in drawn:
            self.draw_signals(tuple(known for known in drawn if known != name))
        else:
            self.draw_signals((*drawn, name)[-PANELS:])
        return ""

    def as_text(self) -> str:
        lines = ["signal\tvalue\tunit\tmeaning"]
        lines += [
            table_row(r.signal.name, r.value, r.signal.unit, r.signal.meaning) for r in self.signals.signals
        ]
        return "\n".join(lines) + "\n"

    def present(self, frame: Frame) -> None:
        self.signals.frame = frame
        self.side.device = self.signals.snapshot()
        self.side.frame = frame
        self.side.redraw()  # the frame may be the one before, and the device another
        self.trend.frame = frame
        self._show_head(frame)

    def _show_head(self, frame: Frame) -> None:
        device, view = self.signals.snapshot(), self.looks.site.device(self.device)
        if device is not None and view is not None:
            lines = head_lines(device, view, frame, self.looks.glyphs, self.looks.keys)
            if len(lines) != len(self.head.drawn):
                self.head.styles.height = len(lines)
            self.head.show(lines)
