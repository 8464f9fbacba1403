"""The overview: devices, registers of the chosen one, events; beside each other where there is room."""

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from twin_tui.engine.view import Frame
from twin_tui.widgets.device_list import DeviceList, PowerFlow
from twin_tui.widgets.log_view import LogPane
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.register_view import RegisterPane

WIDE = 120


class Overview(Container):
    """The whole site at a glance."""

    DEFAULT_CSS = """
    Overview { layout: vertical; height: 1fr; }
    Overview #site { height: auto; max-height: 60%; }
    Overview RegisterPane { height: 1fr; }
    Overview LogPane { height: 7; }
    Overview RegisterDetail { display: none; }
    Overview.-wide { layout: grid; grid-size: 2 2; grid-rows: 3fr 2fr; grid-columns: 5fr 6fr; }
    Overview.-wide #site { height: 1fr; max-height: 100%; }
    Overview.-wide DeviceList { height: 1fr; max-height: 100%; }
    Overview.-wide RegisterPane { row-span: 2; height: 1fr; border-left: solid $primary 30%; }
    Overview.-wide LogPane { height: 1fr; }
    Overview.-wide RegisterDetail { display: block; }
    Overview.-low RegisterPane { display: none; }
    Overview.-low LogPane { height: 1fr; }
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__(id="overview")
        self.devices = DeviceList(looks, id="devices")
        self.flow = PowerFlow(looks)
        self.registers = RegisterPane(looks, id="site-registers")
        self.log_pane = LogPane(looks, id="site-log")

    def compose(self) -> ComposeResult:
        with Vertical(id="site"):
            yield self.devices
            yield self.flow
        yield self.registers
        yield self.log_pane

    def on_resize(self) -> None:
        """Choose the layout: side by side when wide, without registers when low."""
        wide = self.size.width >= WIDE and self.size.height >= 24
        self.set_class(wide, "-wide")
        self.set_class(not wide and self.size.height < 18, "-low")
        self.devices.wide = self.flow.tall = wide
        self.flow.styles.height = None
        self.devices.styles.height = None
        self.devices.drawn = []
        self.devices.redraw()

    def present(self, frame: Frame) -> None:
        self.devices.frame = frame
        self.flow.frame = frame
        if not self.registers.device and frame.snapshot.devices:
            self.registers.choose_device(frame.snapshot.devices[0].name)
        self.registers.present(frame)
        self.log_pane.present(frame)

    def on_cursor_view_moved(self) -> None:
        if self.devices.device:
            self.registers.choose_device(self.devices.device)
