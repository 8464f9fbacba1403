"""The overview: devices, power, what was asked and done, registers, events; as much as has room."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from twin_tui.engine.view import Frame
from twin_tui.widgets.arrange import PANES, arrange
from twin_tui.widgets.chosen_panes import arrange_chosen
from twin_tui.widgets.device_list import DeviceList, PowerFlow
from twin_tui.widgets.links_view import Links
from twin_tui.widgets.log_view import LogPane
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.model import power_flow
from twin_tui.widgets.register_view import RegisterPane
from twin_tui.widgets.timeline import Charts, Timeline

DETAIL_FROM = 24
"""The height of the registers from which the chosen one's detail has room."""


class Overview(Container):
    """The whole site at a glance."""

    DEFAULT_CSS = """
    Overview { height: 1fr; background: $background; }
    Overview > * { position: absolute; }
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__(id="overview")
        self.looks = looks
        self.devices = DeviceList(looks, id="devices")
        self.flow = PowerFlow(looks)
        self.timeline = Timeline(looks)
        self.charts = Charts(looks)
        self.registers = RegisterPane(looks, id="site-registers")
        self.log_pane = LogPane(looks, id="site-log")
        self.links = Links(looks)
        parts = (
            *(self.devices, self.flow, self.timeline, self.charts),
            *(self.registers, self.log_pane, self.links),
        )
        self.panes: dict[str, Widget] = dict(zip(PANES, parts, strict=True))
        self.zoomed = ""
        """The pane that has all the room."""
        self.chosen: tuple[str, ...] = ()
        """The panes that the user has chosen; empty for those that suit the size."""
        self.shown: tuple[str, ...] = ()
        """The panes that have room now."""
        self._arranged: object = None
        self._frame: Frame | None = None

    def compose(self) -> ComposeResult:
        yield from self.panes.values()

    def on_resize(self) -> None:
        self._arrange()
        if self._frame is not None:
            self.present(self._frame)

    def _arrange(self) -> None:
        """Put every pane where it has room, and hide those that have none."""
        snapshot = self._frame.snapshot if self._frame is not None else None
        devices = len(snapshot.devices) if snapshot is not None else len(self.looks.site.devices)
        groups = len(power_flow(snapshot)) if snapshot is not None else 1
        linked = self._frame.links if self._frame is not None else ()
        links = max(4, sum(1 + len(link.clients) for link in linked))
        width, height = self.size
        wanted = width, height, devices, groups
        if (*wanted, links, self.zoomed, self.chosen) == self._arranged or not width:
            return
        self._arranged = (*wanted, links, self.zoomed, self.chosen)
        if self.chosen and not self.zoomed:
            regions = arrange_chosen(*wanted, self.chosen)
        else:
            regions = arrange(*wanted, self.zoomed, links)
        self.shown = tuple(name for name in PANES if name in regions)
        for name, pane in self.panes.items():
            region = regions.get(name)
            pane.display = region is not None
            if region is not None:
                pane.styles.offset = region.x, region.y
                pane.styles.width, pane.styles.height = region.width, region.height
        self.devices.room = self.flow.room = regions.get("devices"), regions.get("flow")
        self.registers.detail.display = (
            regions["registers"].height >= DETAIL_FROM if "registers" in regions else False
        )

    def zoom(self) -> None:
        """Give the pane with the focus all the room, or every pane its own again."""
        focused = self.app.focused
        held = next(
            (name for name, pane in self.panes.items() if focused and pane in focused.ancestors_with_self), ""
        )
        self.choose(self.chosen, "" if self.zoomed else held or (self.shown or ("devices",))[0])

    def choose(self, panes: Sequence[str], zoomed: str = "") -> None:
        """Show these panes, without any those that suit the size; one of them may be zoomed."""
        self.chosen, self.zoomed = tuple(name for name in PANES if name in panes), zoomed
        self._arrange()
        if self._frame is not None:
            self.present(self._frame)

    def keep_chosen(self, frame: Frame) -> None:
        """Stay on the chosen device, or choose another, when a frame lacks some."""
        self.devices.keep_chosen(frame)
        there = [device.name for device in frame.snapshot.devices]
        if self.registers.device not in there:
            self.registers.choose_device(self.devices.device_of(frame) or next(iter(there), ""))

    def present(self, frame: Frame) -> None:
        self._frame = frame
        self._arrange()
        if not self.registers.device and frame.snapshot.devices:
            self.registers.choose_device(frame.snapshot.devices[0].name)
        self.timeline.device = self.charts.device = self.devices.device_of(frame)
        for pane in (self.devices, self.flow, self.timeline, self.charts, self.links):
            if pane.display:
                pane.frame = frame
        if self.registers.display:
            self.registers.present(frame)
        self.log_pane.present(frame)

    def on_cursor_view_moved(self) -> None:
        if self.devices.device:
            self.registers.choose_device(self.devices.device)
        self.timeline.device = self.charts.device = self.devices.device
        self.timeline.redraw()
        self.charts.redraw()
