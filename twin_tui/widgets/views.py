"""The views of the console: which one is shown, and what is chosen in it."""

from typing import Any

from textual.widgets import ContentSwitcher

from twin_tui.engine.view import Frame, ViewRequest
from twin_tui.widgets.active_view import ActiveList, TrafficList
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.device_view import DeviceScreen
from twin_tui.widgets.log_view import LogPane
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.mode_view import ModeList
from twin_tui.widgets.overview import Overview
from twin_tui.widgets.register_view import CHANGED_WITHIN_S, RegisterPane

VIEWS = ("overview", "device", "registers", "log", "active", "modes", "traffic")


class Views(ContentSwitcher):
    """Shows one view; knows which device, signal and registers the user looks at."""

    DEFAULT_CSS = "Views { height: 1fr; }"

    def __init__(self, looks: Looks) -> None:
        self.looks = looks
        self.overview = Overview(looks)
        self.device = DeviceScreen(looks)
        self.registers = RegisterPane(looks, id="registers")
        self.log_pane = LogPane(looks, id="log")
        self.active = ActiveList(looks)
        self.modes = ModeList(looks)
        self.traffic = TrafficList(looks)
        views: tuple[Any, ...] = (self.overview, self.device, self.registers, self.log_pane)
        self._by_name = {view.id: view for view in (*views, self.active, self.modes, self.traffic)}
        super().__init__(*self._by_name.values(), initial="overview")

    @property
    def ready(self) -> bool:
        """Whether every view is there to be drawn: not yet at the start, no longer at the end."""
        return self.is_mounted and len(self.children) == len(self._by_name)

    @property
    def name_shown(self) -> str:
        return self.current or "overview"

    def present(self, frame: Frame) -> None:
        self._by_name[self.name_shown].present(frame)

    def request(self) -> ViewRequest:
        """Return what the view wants to see beyond the site itself."""
        traffic = self.traffic.device if self.current == "traffic" else ""
        pane = self.register_pane()
        if pane is None:
            return ViewRequest(traffic_device=traffic, log=self.looks.journal.wanted)
        changed = CHANGED_WITHIN_S if pane.list.filter.changed_only else None
        return ViewRequest(pane.device, pane.list.window(), changed, traffic, self.looks.journal.wanted)

    def go(self, name: str) -> None:
        """Show another view, about the device that is chosen now."""
        device = self.chosen_device()
        if name == "registers":
            self.registers.choose_device(device or self._first_with_registers())
        elif name == "traffic":
            self.traffic.device = device or self._first_with_registers()
        elif name == "log":
            self.looks.journal.ask_for_all()
        elif name == "device" and device:
            self.device.choose_device(device)
        self.current = name
        self.focus_shown()

    def focus_shown(self) -> None:
        """Give the focus to the list of the view."""
        shown = self._by_name[self.name_shown]
        lists = (
            view for view in shown.query(CursorView) if all(each.display for each in view.ancestors_with_self)
        )
        first = shown if shown.can_focus else next(lists, None)
        if first is not None:
            first.focus()

    def choose_device(self, name: str, number: int) -> None:
        """Choose a device in the overview and in the view that is shown."""
        self.overview.devices.move_to(number)
        if self.current == "device":
            self.device.choose_device(name)
        elif self.current == "registers":
            self.registers.choose_device(name)
        elif self.current == "traffic":
            self.traffic.device = name

    def chosen_device(self) -> str:
        """Return the device that the user looks at; empty for the grid."""
        return {
            "device": self.device.device,
            "registers": self.registers.device,
            "modes": self.modes.device,
            "traffic": self.traffic.device,
        }.get(self.name_shown) or self.overview.devices.device

    def chosen_signal(self) -> tuple[str, str] | None:
        """Return the device and signal under the cursor, if there is one."""
        if self.current == "device":
            item = self.device.signals.chosen()
            return (self.device.device, item.signal.name) if item is not None else None
        pane = self.register_pane()
        info = pane.chosen() if pane is not None else None
        return (info.device, info.signal) if info is not None and info.signal else None

    def register_pane(self) -> RegisterPane | None:
        """Return the registers that the user looks at."""
        if self.current == "registers":
            return self.registers
        if self.current == "overview" and self.overview.registers.display:
            return self.overview.registers
        return None

    def forget_registers(self) -> None:
        """Show no register of another time; those of the time that is shown now are asked for."""
        for pane in (self.registers, self.overview.registers):
            pane.forget()

    def filterable(self, focused: Any) -> RegisterPane | LogPane | None:
        """Return the list that a filter sifts: in the overview the one with the focus, else the registers."""
        if self.current == "log":
            return self.log_pane
        if self.current == "overview" and focused is not None:
            if self.overview.log_pane in focused.ancestors or not self.overview.registers.display:
                return self.overview.log_pane
            return self.overview.registers
        return self.register_pane()

    def visible_text(self) -> str:
        """Return the table that is shown, as tab-separated text."""
        if self.current == "log":
            return self.log_pane.list.as_text()
        if self.current == "device":
            return self.device.as_text()
        if self.current == "traffic":
            return self.traffic.as_text()
        pane = self.register_pane()
        return pane.as_text() if pane is not None else self.overview.log_pane.list.as_text()

    def acknowledge(self) -> int:
        """Acknowledge every alarm; return how many there were."""
        pane = self.log_pane if self.current == "log" else self.overview.log_pane
        return pane.acknowledge()

    def _first_with_registers(self) -> str:
        return next((device.name for device in self.looks.site.devices if device.registers), "")
