"""The device screen: everything one device shows and was told, and a trend."""

from textual.app import ComposeResult
from textual.containers import Vertical

from twin_tui.engine.view import Frame
from twin_tui.widgets.device_lines import device_lines
from twin_tui.widgets.looks import FrameList, Looks
from twin_tui.widgets.trend import Trend


class DeviceLines(FrameList):
    """The lines of the device; they scroll."""

    device = ""

    def redraw(self) -> None:
        """Draw the device, or say why not."""
        if self.frame is None:
            self.show([])
            return
        view = self.looks.site.device(self.device)
        found = next((d for d in self.frame.snapshot.devices if d.name == self.device), None)
        if found is None or view is None:
            self.show([[(f" {self.device or 'This device'} is not there any more; o goes back.", "warn")]])
            return
        self.show(device_lines(found, view, self.frame, self.size.width, self.looks.glyphs))


class DeviceScreen(Vertical):
    """One device: lines above, a trend beneath."""

    DEFAULT_CSS = """
    DeviceScreen { height: 1fr; }
    DeviceScreen > DeviceLines { height: 1fr; }
    DeviceScreen > Trend { height: 40%; max-height: 16; }
    DeviceScreen.-low > Trend { display: none; }
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__(id="device")
        self.lines = DeviceLines(looks, id="device-lines")
        self.trend = Trend(looks)

    def compose(self) -> ComposeResult:
        """Put the trend beneath the lines."""
        yield self.lines
        yield self.trend

    def on_resize(self) -> None:
        """Leave the trend out where there is no room for it."""
        self.set_class(self.size.height < 16, "-low")

    def choose_device(self, device: str) -> None:
        """Show another device."""
        self.lines.device = self.trend.device = device
        known = self.trend.signals()
        self.trend.chosen = tuple(name for name in ("active_power_w", "soc") if name in known)
        self.lines.row = 0
        self.lines.redraw()
        self.trend.redraw()

    def present(self, frame: Frame) -> None:
        """Show a frame."""
        self.lines.frame = frame
        self.trend.frame = frame
