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
from textual.actions import SkipAction
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Input

from twin_tui.actions import ConsoleActions
from twin_tui.commands import parse
from twin_tui.console_lines import CONSOLE_VERBS, export, read_line
from twin_tui.engine.view import TwinPort
from twin_tui.errors import TwinError
from twin_tui.settings import Settings
from twin_tui.widgets.active_view import ActiveList
from twin_tui.widgets.command_bar import CommandBar
from twin_tui.widgets.device_list import DeviceList
from twin_tui.widgets.device_view import SignalList
from twin_tui.widgets.dialogs import QuestionDialog, TextDialog
from twin_tui.widgets.glyphs import choose
from twin_tui.widgets.help_text import HINTS, help_text
from twin_tui.widgets.line_view import CursorView, LineView
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.mode_view import ModeList
from twin_tui.widgets.register_view import RegisterPane
from twin_tui.widgets.status_bar import Hints, StatusBar
from twin_tui.widgets.views import VIEWS, Views

SILENT_AFTER_S = 3.0
END_WITHIN_S = 3.0
LEAST = (40, 10)


class ConsoleApp(ConsoleActions):
    """The screen of one twin."""

    TITLE = "Twin TUI"
    CSS = """
    Screen { layout: vertical; overflow: hidden; }
    #tiny { display: none; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "view('overview')", "Overview", show=False, id="overview"),
        Binding("r", "view('registers')", "Registers", show=False, id="registers"),
        Binding("l", "view('log')", "Log", show=False, id="log"),
        Binding("t", "traffic_or_trend", "Traffic", show=False, id="traffic"),
        Binding("T", "trend_window", "Trend window", show=False, id="window"),
        Binding("S", "view('modes')", "Modes and S2", show=False, id="modes"),
        Binding("A", "view('active')", "Active injections", show=False, id="active"),
        *(Binding(str(n), f"device({n})", f"Device {n}", show=False, id=f"device-{n}") for n in range(1, 10)),
        Binding("escape", "go_back", "Back", show=False, id="back"),
        # with priority, so that what is typed right behind them reaches the line they open
        Binding("slash", "filter", "Filter", show=False, priority=True, id="filter"),
        Binding("colon", "line", "Command", show=False, priority=True, id="command"),
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
        self.port = port
        self.settings = settings or Settings()
        self.site = port.site
        self.failure: Exception | None = None
        """What made the screen fail, for whoever runs it."""
        self.looks = Looks(self.site, choose(self.settings.glyphs, getattr(sys.__stderr__, "encoding", None)))
        self.held = False
        self._duration_s = duration_s
        self._polling = False
        self._answered_s = time.monotonic()
        self._before_line: Any = None
        self.status = StatusBar(self.looks, read_only=self.settings.read_only)
        self.views = Views(self.looks)
        self.tiny = LineView(id="tiny")
        self.bar = CommandBar(self.site, CONSOLE_VERBS)
        self.hints = Hints()

    def compose(self) -> ComposeResult:
        """Put the bars around the view."""
        yield self.status
        yield self.views
        yield self.tiny
        yield self.bar
        yield self.hints

    def on_mount(self) -> None:
        """Start to poll frames."""
        self.set_class(not self.looks.glyphs.unicode, "-ascii")
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
        if self._polling:
            silent_s = time.monotonic() - self._answered_s
            if silent_s > SILENT_AFTER_S:
                self.status.silent_s = silent_s
                self.status.redraw()
            return
        self._polling = True
        try:
            frame = await self.port.frame(self.views.request())
        except TwinError as error:
            self.exit(1, message=str(error))
            return
        finally:
            self._polling = False
        self._answered_s = time.monotonic()
        self.status.silent_s = 0.0
        self.looks.history.add(frame.snapshot)
        self.frame = frame
        self.status.frame = frame
        if not self.held:
            self.views.present(frame)
        if self._duration_s is not None and frame.snapshot.time_s >= self._duration_s:
            self.exit(0)

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

    def chosen_device(self) -> str:
        """Return the device that the user looks at."""
        return self.views.chosen_device()

    def chosen_signal(self) -> tuple[str, str] | None:
        """Return the device and signal under the cursor, if there is one."""
        return self.views.chosen_signal()

    @on(CommandBar.Entered)
    @work
    async def _entered(self, event: CommandBar.Entered) -> None:
        await self.carry_out(event.line)

    @on(CommandBar.Sifted)
    def _sifted(self, event: CommandBar.Sifted) -> None:
        self.set_filter(event.text)

    @on(CommandBar.Closed)
    def _line_closed(self) -> None:
        before, self._before_line = self._before_line, None
        if before is not None and before.is_attached and before.focusable:
            before.focus()
        else:
            self.views.focus_shown()

    @on(ActiveList.Clear)
    @work
    async def _clear_one(self, event: ActiveList.Clear) -> None:
        await self.carry_out(event.line)

    @on(RegisterPane.Wanted)
    async def _wanted(self) -> None:
        await self.refresh_frame()

    @on(CursorView.Chosen)
    def _chosen(self, event: CursorView.Chosen) -> None:
        if isinstance(event.view, DeviceList):
            self.action_view("device")
        elif isinstance(event.view, ModeList):
            self.action_form("mode")
        elif isinstance(event.view, SignalList):
            self.action_traffic_or_trend()

    def action_view(self, name: str) -> None:
        """Show another view."""
        if name == "device" and not self.chosen_device():
            self.say("choose a device first: 1 to 9", "warning")
            return
        self.views.go(name)
        self.hints.set_hints(HINTS.get(name, HINTS["overview"]))
        if self.frame is not None:
            self.views.present(self.frame)

    def action_device(self, number: int) -> None:
        """Choose a device by its number, in whatever view."""
        if number > len(self.site.devices):
            self.say(f"there is no device {number}: this site has {len(self.site.devices)}", "warning")
            return
        self.views.choose_device(self.site.devices[number - 1].name, number - 1)
        if self.frame is not None:
            self.views.present(self.frame)

    def action_go_back(self) -> None:
        """End a filter, or go back to the overview."""
        sifted = self.views.filterable(self.focused)
        if sifted is not None and sifted.filter_text:
            sifted.set_filter("")
        elif self.views.current != "overview":
            self.action_view("overview")

    def set_filter(self, text: str) -> None:
        """Sift the list that is shown."""
        sifted = self.views.filterable(self._before_line or self.focused)
        if sifted is not None:
            sifted.set_filter(text)

    def _skip_while_typing(self) -> None:
        """Leave the key to a dialog or to the line, where it is only a character."""
        if len(self.screen_stack) > 1 or isinstance(self.focused, Input):
            raise SkipAction

    def action_filter(self) -> None:
        """Open the filter line."""
        self._skip_while_typing()
        if self.views.filterable(self.focused) is None:
            self.say("there is nothing to filter here: try registers (r) or log (l)", "warning")
            return
        self._before_line = self.focused
        self.bar.open("/")

    def action_line(self) -> None:
        """Open the command line."""
        self._skip_while_typing()
        self._before_line = self.focused
        self.bar.open(":")

    def action_help(self) -> None:
        """Say what can be done here."""
        self.push_screen(TextDialog("Help", help_text(self.views.name_shown)))

    def action_hold(self) -> None:
        """Hold the view still, or let it go on."""
        self.held = self.status.held = not self.held
        self.status.redraw()

    def action_acknowledge(self) -> None:
        """Acknowledge every alarm."""
        count = self.views.acknowledge()
        alarms = "1 alarm" if count == 1 else f"{count} alarms"
        self.say(f"{alarms} acknowledged" if count else "no alarm waits")

    def action_changed_only(self) -> None:
        """Show changed registers only, or all."""
        pane = self.views.register_pane()
        if pane is not None:
            pane.toggle_changed_only()

    def action_number_format(self) -> None:
        """Write raw words in hex, decimal or bits."""
        self.looks.number_format = self.looks.number_format.next()
        self.say(f"raw values in {self.looks.number_format.value}")
        if self.frame is not None:
            self.views.present(self.frame)

    def action_traffic_or_trend(self) -> None:
        """Draw the chosen signal on the device screen; elsewhere show the traffic."""
        if self.views.current != "device":
            self.action_view("traffic")
        elif said := self.views.device.toggle_chosen():
            self.say(said, "warning")

    def action_trend_window(self) -> None:
        """Draw another window of time."""
        if self.views.current == "device":
            self.views.device.trend.next_window()

    def action_copy(self) -> None:
        """Copy what is shown to the clipboard, through the terminal."""
        text = self.views.visible_text()
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
        """Offer the views in the palette, besides the themes."""
        yield from super().get_system_commands(screen)
        for name in VIEWS:
            yield SystemCommand(f"View: {name}", f"Show the {name} view", lambda n=name: self.action_view(n))
