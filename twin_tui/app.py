"""The console: composes the views and routes keys, commands and frames."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from twin_tui.actions import ConsoleActions
from twin_tui.commands import parse
from twin_tui.console_lines import CONSOLE_VERBS, VIEWS, export, read_line
from twin_tui.engine.view import Frame, TwinPort, ViewRequest
from twin_tui.errors import TwinError
from twin_tui.settings import Settings
from twin_tui.widgets.active_view import ActiveList, TrafficList
from twin_tui.widgets.command_bar import CommandBar
from twin_tui.widgets.device_list import DeviceList
from twin_tui.widgets.device_view import DeviceScreen
from twin_tui.widgets.dialogs import QuestionDialog, TextDialog
from twin_tui.widgets.glyphs import Glyphs, choose
from twin_tui.widgets.help_text import HINTS, help_text
from twin_tui.widgets.line_view import CursorView, LineView
from twin_tui.widgets.log_view import LogPane
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.overview import Overview
from twin_tui.widgets.register_view import CHANGED_WITHIN_S, RegisterPane
from twin_tui.widgets.status_bar import Hints, StatusBar

SILENT_AFTER_S = 3.0
END_WITHIN_S = 3.0
LEAST = (40, 10)


class ConsoleApp(ConsoleActions):
    """The screen of one twin."""

    TITLE = "Twin TUI"
    ENABLE_COMMAND_PALETTE = True
    CSS = """
    Screen { layout: vertical; overflow: hidden; }
    ContentSwitcher { height: 1fr; }
    #tiny { display: none; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "view('overview')", "Overview", show=False, id="overview"),
        Binding("r", "view('registers')", "Registers", show=False, id="registers"),
        Binding("l", "view('log')", "Log", show=False, id="log"),
        Binding("t", "traffic_or_trend", "Traffic", show=False, id="traffic"),
        Binding("T", "trend_window", "Trend window", show=False, id="window"),
        Binding("A", "view('active')", "Active injections", show=False, id="active"),
        *(Binding(str(n), f"device({n})", f"Device {n}", show=False, id=f"device-{n}") for n in range(1, 10)),
        Binding("escape", "go_back", "Back", show=False, id="back"),
        Binding("slash", "filter", "Filter", show=False, id="filter"),
        Binding("colon", "line", "Command", show=False, id="command"),
        Binding("question_mark", "help", "Help", show=False, id="help"),
        Binding("space", "hold", "Hold the view", show=False, id="hold"),
        Binding("a", "acknowledge", "Acknowledge", show=False, id="acknowledge"),
        Binding("c", "changed_only", "Changed only", show=False, id="changed"),
        Binding("d", "number_format", "Number format", show=False, id="format"),
        Binding("y", "copy", "Copy", show=False, id="copy"),
        Binding("x", "export", "Export", show=False, id="export"),
        Binding("q", "leave", "Quit", show=False, id="quit"),
        Binding("ctrl+q,ctrl+c", "leave", "Quit", show=False, priority=True, id="quit-at-once"),
    ]

    def __init__(
        self, port: TwinPort, settings: Settings | None = None, *, duration_s: float | None = None
    ) -> None:
        super().__init__()
        self.failure: Exception | None = None
        """What made the screen fail, for whoever runs it."""
        self._duration_s = duration_s
        self.port = port
        self.settings = settings or Settings()
        self.site = port.site
        glyphs: Glyphs = choose(self.settings.glyphs, getattr(sys.stdout, "encoding", None))
        self.looks = Looks(self.site, glyphs)
        self.frame: Frame | None = None
        self.answers: dict[str, dict[str, str]] = {}
        self.held = False
        self._poll = asyncio.Lock()
        self._answered_s = time.monotonic()
        self._before_line: Any = None
        self.tiny = LineView(id="tiny")
        self.status = StatusBar(self.looks, read_only=self.settings.read_only)
        self.hints = Hints()
        self.bar = CommandBar(self.site, CONSOLE_VERBS)
        self.overview = Overview(self.looks)
        self.device_screen = DeviceScreen(self.looks)
        self.registers = RegisterPane(self.looks, id="registers")
        self.log_pane = LogPane(self.looks, id="log")
        self.active_list = ActiveList(self.looks)
        self.traffic = TrafficList(self.looks)
        self.views = ContentSwitcher(
            self.overview,
            self.device_screen,
            self.registers,
            self.log_pane,
            self.active_list,
            self.traffic,
            initial="overview",
        )

    def compose(self) -> ComposeResult:
        """Put the bars around the view."""
        yield self.status
        yield self.views
        yield self.tiny
        yield self.bar
        yield self.hints

    def on_mount(self) -> None:
        """Start to poll frames."""
        if self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        if self.settings.keys:
            self.set_keymap(self.settings.keys)
        self.action_view("overview")
        self.set_interval(1.0 / self.settings.hz, self.refresh_frame)
        self.call_after_refresh(self.refresh_frame)
        self.call_after_refresh(gc.freeze)
        for name in ("SIGTERM", "SIGHUP"):
            with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
                number = getattr(signal, name)
                asyncio.get_running_loop().add_signal_handler(number, self._told_to_end, 128 + number)

    def _told_to_end(self, code: int) -> None:
        """End; when the terminal is gone as well, end without it."""
        last = threading.Timer(END_WITHIN_S, os._exit, (code,))
        last.daemon = True
        last.start()
        self.exit(code)

    def _handle_exception(self, error: Exception) -> None:
        """Keep what went wrong for a plain message in place of a page of source code."""
        self.failure = self.failure or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def on_resize(self, event: Resize) -> None:
        """Say so where there is no room; the twin runs on."""
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        self.tiny.display, self.views.display = small, not small
        needed = f"{LEAST[0]}x{LEAST[1]} needed"
        self.tiny.show([[(text, "warn")] for text in ("Too small:", needed, "the twin runs on", "q quits")])

    async def refresh_frame(self) -> None:
        """Ask the twin for a frame and show it; one question at a time."""
        if self._poll.locked():
            silent_s = time.monotonic() - self._answered_s
            if silent_s > SILENT_AFTER_S:
                self.status.silent_s = silent_s
                self.status.redraw()
            return
        async with self._poll:
            try:
                frame = await self.port.frame(self._request())
            except TwinError as error:
                self.exit(1, message=str(error))
                return
        self._answered_s = time.monotonic()
        self.status.silent_s = 0.0
        self.looks.history.add(frame.snapshot)
        self.frame = frame
        self.status.frame = frame
        if not self.held:
            self._present()
        if self._duration_s is not None and frame.snapshot.time_s >= self._duration_s:
            self.exit(0)

    def _present(self) -> None:
        if self.frame is not None:
            shown: Any = self.views.visible_content
            shown.present(self.frame)

    def _request(self) -> ViewRequest:
        pane = self.register_pane()
        traffic = self.traffic.device if self.views.current == "traffic" else ""
        if pane is None:
            return ViewRequest(traffic_device=traffic)
        changed = CHANGED_WITHIN_S if pane.list.filter.changed_only else None
        return ViewRequest(pane.device, pane.list.window(), changed, traffic)

    def register_pane(self) -> RegisterPane | None:
        """Return the registers that the user looks at."""
        if self.views.current == "registers":
            return self.registers
        if self.views.current == "overview" and self.overview.registers.display:
            return self.overview.registers
        return None

    def chosen_device(self) -> str:
        """Return the device that the user looks at."""
        if self.views.current == "device":
            return self.device_screen.lines.device
        if self.views.current == "registers":
            return self.registers.device
        return self.overview.devices.device

    async def carry_out(self, line: str) -> bool:
        """Parse a line and carry it out; what goes wrong is said, nothing is raised."""
        try:
            if read_line(self, line):
                return True
            if self.settings.read_only:
                self.say("this console is read-only", "warning")
                return False
            said = await self.port.send(parse(line, self.site))
        except TwinError as error:
            self.say(str(error), "error")
            return False
        if said:
            self.say(said)
        await self.refresh_frame()
        return True

    @on(CommandBar.Entered)
    @work
    async def _entered(self, event: CommandBar.Entered) -> None:
        await self.carry_out(event.line)

    @on(CommandBar.Sifted)
    def _sifted(self, event: CommandBar.Sifted) -> None:
        self._filterable().set_filter(event.text)

    @on(CommandBar.Closed)
    def _line_closed(self) -> None:
        if self._before_line is not None and self._before_line.is_attached:
            self._before_line.focus()
        else:
            self._focus_view()

    @on(ActiveList.Clear)
    @work
    async def _clear_one(self, event: ActiveList.Clear) -> None:
        await self.carry_out(event.line)

    @on(RegisterPane.Wanted)
    async def _wanted(self) -> None:
        await self.refresh_frame()

    @on(CursorView.Chosen)
    def _chosen(self, event: CursorView.Chosen) -> None:
        if isinstance(event.view, DeviceList) and event.view.device:
            self.show_device(event.view.device)

    def action_view(self, name: str) -> None:
        """Show another view."""
        if name == "registers":
            device = self.chosen_device() or next((d.name for d in self.site.devices if d.registers), "")
            self.registers.choose_device(device)
        elif name == "traffic":
            self.traffic.device = self.chosen_device()
        elif name == "device":
            self.show_device(self.chosen_device())
            return
        self.views.current = name
        self.hints.set_hints(HINTS.get(name, HINTS["overview"]))
        self._present()
        self._focus_view()

    def show_device(self, name: str) -> None:
        """Show one device in full."""
        if not name:
            self.say("choose a device first: 1 to 9", "warning")
            return
        self.device_screen.choose_device(name)
        self.views.current = "device"
        self.hints.set_hints(HINTS["device"])
        self._present()
        self._focus_view()

    def _focus_view(self) -> None:
        shown: Any = self.views.visible_content
        first = shown if shown.can_focus else next(iter(shown.query(CursorView)), None)
        if first is not None:
            first.focus()

    def action_device(self, number: int) -> None:
        """Choose a device by its number, in whatever view."""
        if number > len(self.site.devices):
            self.say(f"there is no device {number}: this site has {len(self.site.devices)}", "warning")
            return
        name = self.site.devices[number - 1].name
        self.overview.devices.move_to(number - 1)
        if self.views.current == "device":
            self.show_device(name)
        elif self.views.current == "registers":
            self.registers.choose_device(name)
        elif self.views.current == "traffic":
            self.traffic.device = name

    def action_go_back(self) -> None:
        """End a filter, or go back to the overview."""
        filterable = self._filterable()
        if filterable.filter_text:
            filterable.set_filter("")
        elif self.views.current != "overview":
            self.action_view("overview")

    def _filterable(self) -> RegisterPane | LogPane:
        if self.views.current == "log":
            return self.log_pane
        if self.views.current == "registers":
            return self.registers
        focused = self._before_line or self.focused
        if focused is not None and self.overview.log_pane in focused.ancestors:
            return self.overview.log_pane
        return self.overview.registers

    def set_filter(self, text: str) -> None:
        """Sift the list that is shown."""
        self._filterable().set_filter(text)

    def action_filter(self) -> None:
        """Open the filter line."""
        if self.views.current in ("overview", "registers", "log"):
            self._before_line = self.focused
            self.bar.open("/")

    def action_line(self) -> None:
        """Open the command line."""
        self._before_line = self.focused
        self.bar.open(":")

    def action_help(self) -> None:
        """Say what can be done here."""
        self.push_screen(TextDialog("Help", help_text(self.views.current or "overview")))

    def action_hold(self) -> None:
        """Hold the view still, or let it go on."""
        self.held = self.status.held = not self.held
        self.status.redraw()
        self._present()

    def action_acknowledge(self) -> None:
        """Acknowledge every alarm."""
        pane = self.log_pane if self.views.current == "log" else self.overview.log_pane
        count = pane.acknowledge()
        self.say(f"{count} alarms acknowledged" if count else "no alarm waits")

    def action_changed_only(self) -> None:
        """Show changed registers only, or all."""
        pane = self.register_pane()
        if pane is not None:
            pane.toggle_changed_only()

    def action_number_format(self) -> None:
        """Write raw words in hex, decimal or bits."""
        self.looks.number_format = self.looks.number_format.next()
        self._present()
        self.say(f"raw values in {self.looks.number_format.value}")

    def action_traffic_or_trend(self) -> None:
        """Draw the next signal on the device screen; elsewhere show the traffic."""
        if self.views.current == "device":
            self.device_screen.trend.next_signal()
        else:
            self.action_view("traffic")

    def action_trend_window(self) -> None:
        """Draw another window of time."""
        if self.views.current == "device":
            self.device_screen.trend.next_window()

    def visible_text(self) -> str:
        """Return the table that is shown, as text."""
        if self.views.current == "log":
            return self.log_pane.list.as_text()
        pane = self.register_pane()
        return pane.as_text() if pane is not None else ""

    def action_copy(self) -> None:
        """Copy what is shown to the clipboard, through the terminal."""
        text = self.visible_text()
        self.copy_to_clipboard(text)
        self.say(f"{len(text.splitlines())} lines copied")

    @work
    async def action_export(self) -> None:
        """Write what is shown to a file."""
        await export(self)

    @work
    async def action_leave(self) -> None:
        """Quit; ask while clients are connected."""
        if any(isinstance(screen, QuestionDialog) for screen in self.screen_stack):
            return
        clients = sum(len(link.clients) for link in self.frame.links) if self.frame is not None else 0
        if clients:
            who = f"{clients} clients are" if clients > 1 else "1 client is"
            question = f"{who} connected and would lose the twin. Quit?"
            if not await self.push_screen_wait(QuestionDialog(question, "Quit")):
                return
        self.exit(0)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer the views and actions in the palette, besides the themes."""
        yield from super().get_system_commands(screen)
        for name in VIEWS:
            yield SystemCommand(f"View: {name}", f"Show the {name} view", lambda n=name: self.action_view(n))
