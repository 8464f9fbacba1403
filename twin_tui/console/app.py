"""The console: composes the views and routes keys, commands and frames."""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from inspect import isawaitable
from typing import Any, ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, Key, Paste, Resize
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from twin_tui.commands.forms import FORMS, is_injection
from twin_tui.commands.parser import parse
from twin_tui.commands.slots import ScreenCommand
from twin_tui.console.actions import ConsoleActions
from twin_tui.console.base import READ_ONLY
from twin_tui.console.driver import ConsoleDriver
from twin_tui.console.ending import end_on_signals
from twin_tui.console.glossary import OF_WIDGET
from twin_tui.console.help_text import help_text, hints
from twin_tui.console.key_intake import KeyIntake
from twin_tui.console.keys import APP_KEYS, IN_PALETTE, Keys, entries
from twin_tui.console.memory import Memory, Remembered
from twin_tui.console.presence import Presence
from twin_tui.console.settings import Settings
from twin_tui.documents.output import ExistingFileError
from twin_tui.engine.view import Command, Frame, SaveScenario, SiteView, StartRecording, TwinSession
from twin_tui.errors import TwinError
from twin_tui.widgets import themes
from twin_tui.widgets.active_view import ActiveList
from twin_tui.widgets.command_bar import CommandBar
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.device_list import DeviceList
from twin_tui.widgets.device_view import SignalList
from twin_tui.widgets.dialogs import TextDialog
from twin_tui.widgets.form_dialog import FormDialog
from twin_tui.widgets.glyphs import VT, choose
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.looks import Looks, TextMessage
from twin_tui.widgets.mode_view import ModeList
from twin_tui.widgets.overview_lines import window_s
from twin_tui.widgets.picture import picture
from twin_tui.widgets.register_view import RegisterPane
from twin_tui.widgets.status_bar import Hints, StatusBar
from twin_tui.widgets.tour import Tour
from twin_tui.widgets.views import VIEWS, Views

SILENT_AFTER_S = 3.0
ANSWER_WITHIN_S = 2.0
"""How long a preview waits for the twin."""
SAVED_WITHIN_S = 0.3
"""How long the keys wait for a file."""
LEAST = (40, 10)
ABOUT_ONE = ("device", "registers", "traffic")
"""The views that are about one device."""
PICTURE_WIDTH = 72
"""Of the drawing in the help."""


class ConsoleApp(ConsoleActions):
    """The screen of one twin."""

    TITLE = "Twin TUI"
    CSS = """
    Screen { layout: vertical; overflow: hidden; layers: base above; }
    #tiny { display: none; height: 1fr; }
    .-ascii Dialog > .box { border: ascii $primary; }
    .-vt Dialog > .box { border: solid $primary; }
    .-ascii DeviceScreen Side { border-left: ascii $role-rule; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [key for keys in APP_KEYS.values() for key in keys]

    def __init__(
        self, session: TwinSession, settings: Settings | None = None, memory: Memory | None = None
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.memory = memory
        self.remembered = memory.load() if memory is not None else Remembered()
        self._begin_with_theme()
        self.session = session
        self.read_only = self.settings.read_only
        self.presence = Presence(session.site)
        self.failure: Exception | None = None
        """What made the screen fail."""
        self.keys = Keys(self.settings.keys)
        glyphs = choose(self.settings.glyphs, getattr(sys.__stderr__, "encoding", None))
        self.looks = Looks(session.site, self.keys, glyphs)
        self.opened = asyncio.Event()
        """Set as soon as the first frame is shown."""
        self.intake = KeyIntake(self, super().on_event, self._handle_exception, self.opened)
        self.held = False
        self._look_by = 0
        """The steps of time that repeated keys have asked for and that are not shown yet."""
        self._polling = asyncio.Lock()
        self._answered_s = time.monotonic()
        self._before_line: Any = None
        self._saving: set[asyncio.Task[str]] = set()
        """What is being saved while the keys go on."""
        self.status = StatusBar(self.looks, read_only=self.settings.read_only)
        self.views = Views(self.looks)
        self.tiny = LineView(id="tiny")
        self.tour = Tour(self.keys)
        self.bar = CommandBar(self.looks, lambda: self.site, self.screen_words, self._line_closed)
        self.intake.on_cut = self.bar.note_cut
        self.hints = Hints()
        self.on_screen: dict[str, Callable[..., Any]] = {
            "view": self.action_view,
            "trend": lambda *signals: self.views.device.draw_signals(signals),
            "panes": self.show_panes,
            "theme": self.choose_theme,
            "filter": lambda *words: self.set_filter(" ".join(words)),
            "export": self.write_shown,
            "back": self.look_back_by,
            "reset": self.reset,
            "help": self.action_help,
            "tour": self.action_tour,
            "quit": self.action_leave,
        }
        """What each verb about the screen does."""

    def compose(self) -> ComposeResult:
        yield self.status
        yield self.views
        yield self.tiny
        yield self.tour
        yield self.bar
        yield self.hints

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._drop_colours)
        self.set_class(not self.looks.glyphs.unicode, "-ascii")
        self.set_class(self.looks.glyphs is VT, "-vt")
        self.set_keymap(self.keys.keymap)
        self.action_view("overview")
        self.set_interval(1.0 / self.settings.hz, self.refresh_frame)
        self.call_after_refresh(self.refresh_frame)
        self.call_after_refresh(gc.freeze)
        self.say_mistakes([*self.settings.mistakes, *self.recall_panes()])
        if self.settings.tour and not self.read_only:
            self.tour.begin()
        end_on_signals(self.exit)

    def _begin_with_theme(self) -> None:
        """Take the theme before anything is styled: taken later, everything would be styled twice."""
        for theme in themes.THEMES.values():
            self.register_theme(theme)
        said, known = self.settings.theme, self.remembered.theme
        wanted = known if said == "auto" and known else said
        self.set_reactive(App.theme, themes.choose(wanted, self.console.color_system))
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self._drop_colours()

    def _drop_colours(self, *_: Any) -> None:
        """With NO_COLOR, make greys of colours; the named ones of a terminal have none and are left out."""
        if self.no_color:
            others = [each for each in self._filters if not isinstance(each, NoColor | Monochrome)]
            self._filters[:] = [*others, NoColor() if self.native_ansi_color else Monochrome()]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours of the roles for a theme that is not ours."""
        return themes.variables(themes.DARK if self.current_theme.dark else themes.LIGHT)

    def get_driver_class(self) -> type[Driver]:
        """Return the driver of terminals, or what else the environment asks for."""
        found = super().get_driver_class()
        return ConsoleDriver if found is LinuxDriver else found

    @property
    def _own_terminal(self) -> ConsoleDriver | None:
        """The driver, unless the environment asks for another one."""
        return self._driver if isinstance(self._driver, ConsoleDriver) else None

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        terminal = self._own_terminal
        super()._display(screen, terminal.painter.lean(renderable) if terminal is not None else renderable)

    def _handle_exception(self, error: Exception) -> None:
        """Keep what went wrong for a plain message in place of a page of source code."""
        self.failure = self.failure or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    async def on_event(self, event: Event) -> None:
        """Take a key or a paste after those before it, which may have opened the view that it is for."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self.intake.take(event)
        else:
            await super().on_event(event)

    def on_resize(self, event: Resize) -> None:
        """Say so where there is no room; the twin runs on."""
        if self._own_terminal is not None:
            self._own_terminal.painter.forget()  # some terminals break their lines anew
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        self.tiny.display, self.views.display = small, not small
        needed = f"{LEAST[0]}x{LEAST[1]} needed"
        self.tiny.show(
            [
                [(text, "strong")]
                for text in ("Too small:", needed, "the twin runs on", f"{self.keys['quit']} quits")
            ]
        )

    async def refresh_frame(self, *, whole_log: bool = False) -> None:
        """Ask the twin for a frame and show it; one question at a time.

        Another one meanwhile is left out, unless it is for the whole log, which an export cannot do without.
        """
        if not self.views.ready:
            return
        if self._polling.locked() and not whole_log:
            silent_s = time.monotonic() - self._answered_s
            if silent_s > SILENT_AFTER_S:
                self.status.silent_s = silent_s
                self.status.redraw()
            return
        async with self._polling:
            if whole_log:
                self.looks.journal.ask_for_all()
            asked, asked_speed = self.views.request(), self.asked_speed
            try:
                frame = await self.session.frame(asked)
            except TwinError:
                self.exit(1)  # whoever runs the twin says why it has ended
                return
        if not self.views.ready:
            return
        if self.views.request().device != asked.device:
            frame = replace(frame, registers=())  # another device has been chosen meanwhile
        self._answered_s = time.monotonic()
        self.status.silent_s = 0.0
        self.looks.history.add(frame.snapshot)
        self.looks.archive.add(frame)
        self.looks.journal.add(frame.snapshot.log, asked.log)
        self.frame = frame
        if self.asked_speed == asked_speed:
            self.asked_speed = None
        if self._own_terminal is None or not self._own_terminal.is_behind:
            self.show_frame(frame)
        self.opened.set()
        if frame.over:
            self.exit(0)

    @property
    def site(self) -> SiteView:
        """The site with the devices that are there now, for all that may be commanded."""
        return self.presence.site

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame; the view not while it is held."""
        if self.looks.history.until_s is not None:
            self.status.back_s = frame.snapshot.time_s - self.looks.history.until_s
        vanished = self.presence.update(frame)
        if vanished:
            self.leave_vanished(vanished, frame)
        self.status.frame = frame
        self.tour.look(frame, self.views.name_shown)
        if not self.held and self.status.back_s is None:
            self.views.present(frame)

    async def refusal(self, line: str) -> str:
        try:
            command = parse(line, self.site, screen=self.screen_words())
            if isinstance(command, ScreenCommand):
                return ""
            if self.read_only:
                return READ_ONLY
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self.session.check(command)
        except TwinError as error:
            return str(error)
        except TimeoutError:
            return "the twin does not answer"
        return ""

    async def carry_out(self, line: str) -> bool:
        """Parse a line and carry it out; what goes wrong is said, nothing is raised."""
        try:
            return await self.perform(line)
        except TwinError as error:
            self.say(str(error), "error")
            return False

    async def perform(self, line: str) -> bool:
        """Parse a line and carry it out; raise TwinError for what goes wrong."""
        command = parse(line, self.site, screen=self.screen_words())
        if isinstance(command, ScreenCommand):
            done = self.on_screen[command.verb](*command.words)
            if isawaitable(done):
                await done
            return True
        if self.read_only:
            self.say(READ_ONLY, "warning")
            return False
        try:
            said = await self._sent(command, line)
        except ExistingFileError:
            if not isinstance(command, StartRecording | SaveScenario) or not await self.may_overwrite(
                command.path
            ):
                return False
            said = await self._sent(replace(command, force=True))
        if is_injection(line, self.site):
            self.last_injection = line.strip().removeprefix(":").strip()
        if said:
            self.say(said)
        else:
            self.hints.hush()  # what was said before may no longer be so
        await self.refresh_frame()
        return True

    async def _sent(self, command: Command, line: str = "") -> str:
        """Send a command; what is saved for long is saved on while the keys go on, and said when it is."""
        if not isinstance(command, SaveScenario):
            return await self.session.send(command, line)
        saving = asyncio.create_task(self.session.send(command, line), name="save")
        self._saving.add(saving)
        await asyncio.wait([saving], timeout=SAVED_WITHIN_S)
        if saving.done():
            self._saving.discard(saving)
            return saving.result()
        saving.add_done_callback(self._saved)
        return f"saving {command.path} ..."

    def _saved(self, saving: asyncio.Task[str]) -> None:
        self._saving.discard(saving)
        if saving.cancelled() or not self.is_running:
            return
        error = saving.exception()
        if error is None:
            self.say(saving.result())
        elif isinstance(error, TwinError):
            self.say(str(error), "error")
        elif isinstance(error, Exception):
            self._handle_exception(error)

    @on(ActiveList.Clear)
    @on(CommandBar.Entered)
    @work
    async def _entered(self, event: TextMessage) -> None:
        await self.carry_out(event.text)

    @on(CommandBar.Sifted)
    def _sifted(self, event: CommandBar.Sifted) -> None:
        self.set_filter(event.text)

    def _line_closed(self) -> None:
        before, self._before_line = self._before_line, None
        back = before is not None and before.is_attached and before.focusable
        self.bar.screen.set_focus(before if back else None)  # at once: the next key may have come already
        if not back:
            self.views.focus_shown()

    @on(RegisterPane.Wanted)
    async def _wanted(self) -> None:
        past = self.looks.past or self.held_frame
        if past is not None:
            await self._refresh_past(past)
        elif self.frame is not None:  # the first one asks for what is seen in any case
            await self.refresh_frame()

    async def _refresh_past(self, past: Frame) -> None:
        """Show the registers as they were at the time that is looked back at or held; what is known stays."""
        asked = self.views.request()
        try:
            found = await self.session.frame(replace(asked, past=past, log=0))
        except TwinError:
            return  # the next frame says so
        pane = self.views.register_pane()
        if pane is not None and pane.device == asked.device and (self.looks.past or self.held_frame) is past:
            known = pane.list.values
            new = tuple(each for each in found.registers if each.index not in known)
            self.views.present(replace(past, registers=new))

    @on(CursorView.Chosen)
    def _chosen(self, event: CursorView.Chosen) -> None:
        if isinstance(event.view, DeviceList):
            self.action_view("device")
        elif isinstance(event.view, ModeList):
            self.action_form("mode")
        elif isinstance(event.view, SignalList):
            self.draw_signal()

    def action_view(self, name: str) -> None:
        if name == "device" and not self.views.chosen_device():
            self.say(f"choose a device first: {self.keys['device-1']} to {self.keys['device-9']}", "warning")
            return
        self.views.go(name)
        self.hints.set_hints(hints(name, self.keys))
        self.present_again()

    def action_device(self, number: int) -> None:
        if number > len(self.site.devices):
            self.say(f"there is no device {number}: this site has {len(self.site.devices)}", "warning")
            return
        self.views.choose_device(self.site.devices[number - 1].name, number - 1)
        self.present_again()

    def leave_vanished(self, vanished: Collection[str], frame: Frame) -> None:
        """Go back to the overview from what is about devices that are not there any more, and say so."""
        about_one = self.views.current in ABOUT_ONE and self.views.chosen_device() in vanished
        dialog = self.screen
        if isinstance(dialog, FormDialog):
            dialog.take_site(self.site)
        if self.status.back_s is None:
            self.views.overview.keep_chosen(frame)
            if about_one:
                self.action_view("overview")
        are = "is" if len(vanished) == 1 else "are"
        self.say(f"{', '.join(sorted(vanished))} {are} no longer in this site", "warning")

    def action_look_back(self, by: int) -> None:
        """Show everything as it was, a sixtieth of the window earlier or later; at the end live."""
        self._look_by += by
        if self.frame is None or self.intake.repeats:  # of keys that wait, the last one draws
            return
        by, self._look_by = self._look_by, 0
        until_s = self.looks.history.until_s
        at_s = self.frame.snapshot.time_s if until_s is None else until_s
        self._look_near(at_s + by * max(self.frame.snapshot.dt_s, window_s(self.frame) / 60))

    def look_back_by(self, seconds: float = 0.0) -> None:
        """Show everything as it was so long before now; without a time, now."""
        if self.frame is not None:
            self._look_near(self.frame.snapshot.time_s - seconds)

    def _look_near(self, time_s: float) -> None:
        """Show a simulated time, or the oldest that is kept, or now."""
        if self.frame is None:
            return
        first_s, now_s = self.looks.archive.first_s, self.frame.snapshot.time_s
        at_s = max(time_s, first_s if first_s is not None else now_s)
        self.look_at(None if at_s >= now_s else at_s)

    def look_at(self, time_s: float | None) -> None:
        """Show everything as it was at a simulated time, None for now."""
        self.looks.look_back(time_s)
        if self.frame is None:
            return
        self.status.back_s = None if time_s is None else self.frame.snapshot.time_s - time_s
        self.status.redraw()
        if time_s is None:
            self.views.overview.keep_chosen(self.frame)
        self.views.forget_registers()
        self.present_again()

    def action_go_back(self) -> None:
        if self.tour.display:
            self.tour.end()
            return
        if self.status.back_s is not None:
            self.look_at(None)
            return
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
        self._skip_while_typing()
        if self.views.filterable(self.focused) is None:
            self.say(f"there is nothing to filter here: {self.lists_are_at()}", "warning")
            return
        self._before_line = self.focused
        self.bar.open("/")

    def action_line(self) -> None:
        self._skip_while_typing()
        self._before_line = self.focused
        self.bar.open(":")

    def action_help(self) -> None:
        places = [
            (OF_WIDGET[type(widget).__name__], widget.region)
            for widget in self.screen.walk_children(Widget)
            if type(widget).__name__ in OF_WIDGET and widget.region.area
        ]
        dash = self.looks.glyphs.line
        width = min(PICTURE_WIDTH, self.size.width - 6)
        drawing = picture(places, self.screen.region, width, dash)
        named = [name for name, _ in places]
        text = help_text(self.views.name_shown, self.keys, drawing, list(dict.fromkeys(named)), width)
        self.push_screen(TextDialog(f"Help: {self.views.name_shown}", text))

    def action_tour(self) -> None:
        """Begin the tour of the first run again."""
        self.tour.begin()

    def action_hold(self) -> None:
        self.held = self.status.held = not self.held
        self.held_frame = self.frame if self.held else None
        self.status.redraw()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer the views and the injections in the palette, besides the themes."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("Tour", "Five steps for a first run", self.action_tour)
        for key in entries():
            if key.id in IN_PALETTE:
                what = f"{key.tooltip} ({self.keys[key.id]})"
                yield SystemCommand(
                    key.description, what, lambda key=key: self.call_next(self.run_action, key.action)
                )
        for form in FORMS:
            if form.possible(self.site):
                title, about = form.phrase.title, form.phrase.about
                yield SystemCommand(title, about.capitalize(), lambda key=form.key: self.action_form(key))
        for name in VIEWS:
            yield SystemCommand(f"View: {name}", f"Show the {name} view", lambda n=name: self.action_view(n))
