"""What keys and screen commands do: dialogs, time, marks, registers, files. The twin gets command lines."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from platformdirs import user_downloads_path
from textual import work
from textual.app import App

from twin_tui.commands import values as words
from twin_tui.commands.forms import BY_KEY, INJECTIONS
from twin_tui.commands.run import SPEEDS
from twin_tui.commands.slots import Screen
from twin_tui.console.memory import Memory, Remembered
from twin_tui.documents.output import ExistingFileError, check_new, refused
from twin_tui.engine.formats import clean_lines, columns
from twin_tui.engine.view import Frame, SiteView
from twin_tui.engine.why import RESET
from twin_tui.errors import CommandError, TwinError
from twin_tui.widgets.arrange import PANES
from twin_tui.widgets.dialogs import AskDialog, MenuDialog, QuestionDialog
from twin_tui.widgets.form_dialog import FormDialog
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.spans import shortened
from twin_tui.widgets.status_bar import Hints
from twin_tui.widgets.views import VIEWS, Views

LONG_TEXT_S = 5.0
MISTAKES_S = 30.0
READ_ONLY = "this console is read-only"
SAID_ROLES = {"error": "alarm", "warning": "strong"}


class ConsoleActions(App[int]):
    """The actions of the console that need no knowledge of how it is laid out."""

    looks: Looks
    hints: Hints
    views: Views

    def __init__(self) -> None:
        super().__init__()
        self.frame: Frame | None = None
        self.held_frame: Frame | None = None
        """The frame that the view is held at."""
        self.read_only = False
        self.last_injection = ""
        self.asked_speed: float | None = None
        """The speed that a key has asked for and that no frame shows yet: the next key goes on from it."""
        self.answers: dict[str, dict[str, str]] = {}
        self.memory: Memory | None = None
        """What is remembered of this site from run to run."""

    @property
    def site(self) -> SiteView:
        """The site with the devices that are there now; the console knows them."""
        raise NotImplementedError

    def screen_words(self) -> Screen:
        """Return the names that a line may use besides those of the site."""
        return Screen(VIEWS, tuple(self.available_themes), tuple(self.views.device.trend.signals()), PANES)

    async def refusal(self, line: str) -> str:
        """Return why a command line would be refused now, "" when it would be carried out."""
        raise NotImplementedError

    async def perform(self, line: str) -> bool:
        """Carry out a command line; raise TwinError when it is refused. The console knows how."""
        raise NotImplementedError

    async def carry_out(self, line: str) -> bool:
        """Carry out a command line; the console knows how."""
        raise NotImplementedError

    def action_view(self, name: str) -> None:
        """Show another view; the console knows how."""
        raise NotImplementedError

    async def refresh_frame(self, *, whole_log: bool = False) -> None:
        """Ask the twin for a frame and show it; the console knows how."""
        raise NotImplementedError

    def action_zoom(self) -> None:
        if self.views.current == "overview":
            self.views.overview.zoom()
            self.remember_panes()

    @work
    async def action_panes(self) -> None:
        """Show and hide panes until the user leaves the list."""
        overview, name = self.views.overview, ""
        self.show_panes(*overview.chosen)
        while name is not None:
            chosen = overview.chosen or overview.shown
            choices = {"": ("    as usual", "those that suit the size of the screen")}
            for pane, about in PANES.items():
                mark = "x" if pane in chosen else " "
                room = "" if pane in overview.shown or pane not in chosen else "no room at this size: "
                choices[pane] = f"[{mark}] {pane}", room + about
            dialog = MenuDialog("Panes: enter shows or hides", choices, self.looks.glyphs, name)
            name = await self.push_screen_wait(dialog)
            if name is not None:
                self.show_panes(*set(chosen) ^ {name} if name else ())

    def show_panes(self, *names: str) -> None:
        """Show these panes of the overview, without any those that suit its size, and remember them."""
        self.views.overview.choose(names)
        self.action_view("overview")
        self.remember_panes()

    def recall_panes(self) -> list[str]:
        """Show the panes of the last run of this site; return what is wrong with their file."""
        if self.memory is None:
            return []
        found = self.memory.load()
        self.views.overview.choose(found.panes, found.zoomed)
        return [self.memory.mistake] if self.memory.mistake else []

    def remember_panes(self) -> None:
        """Keep which panes are shown for the next run of this site, unless this console writes no files."""
        overview = self.views.overview
        if self.memory is not None and not self.read_only:
            refusal = self.memory.save(Remembered(panes=overview.chosen, zoomed=overview.zoomed))
            if refusal:
                self.say(refusal, "warning")

    @work
    async def action_command(self, line: str) -> None:
        await self.carry_out(line)

    @work
    async def action_inject(self) -> None:
        phrases = {form.key: form.phrase for form in INJECTIONS if form.possible(self.site)}
        choices = {key: (phrase.title, phrase.about) for key, phrase in phrases.items()}
        key = await self.push_screen_wait(MenuDialog("Inject", choices, self.looks.glyphs))
        if key is not None:
            await self._fill_in(key)

    @work
    async def action_form(self, key: str) -> None:
        await self._fill_in(key)

    async def _fill_in(self, key: str, **preset: str) -> None:
        form = BY_KEY[key]
        if not form.possible(self.site):
            self.say(f"{form.phrase.title}: no device of this site can do that", "warning")
            return
        device = self.views.chosen_device()
        answers = {**self.answers.get(key, {}), **({"device": device} if device else {}), **preset}
        keys = [field.key for field in form.fields(self.site, answers)]
        known = {**({"device": device} if "device" in keys else {}), **preset}
        start = next((key for key in keys if not known.get(key)), "")
        dialog = FormDialog(form, self.site, self.looks.glyphs, answers, self.refusal, start)
        line = await self.push_screen_wait(dialog)
        if line is None:
            return
        self.answers[key] = dict(dialog.answers)
        if await self.carry_out(line) and form.phrase.injects:
            self.last_injection = line

    @work
    async def action_repeat(self) -> None:
        if not self.last_injection:
            self.say(f"nothing has been injected yet; {self.looks.keys['inject']} injects", "warning")
        elif await self.carry_out(self.last_injection):
            self.say(f"again: {self.last_injection}")

    @work
    async def action_clear(self) -> None:
        frame = self.frame
        active = len(frame.snapshot.disturbances) + len(frame.injected) if frame is not None else 0
        if not active:
            self.say("nothing is injected")
            return
        things = "1 injection" if active == 1 else f"all {active} injections"
        if await self.push_screen_wait(QuestionDialog(f"Clear {things}?", "Clear")):
            await self.carry_out("clear all")

    @work
    async def action_force(self) -> None:
        await self._fill_in("force", **self._preset())

    @work
    async def action_write(self) -> None:
        preset = self._preset()
        view = self.site.device(preset.get("device", ""))
        is_command = view is not None and preset["signal"] in view.commands
        await self._fill_in("write", **(preset if is_command else {}))

    def _preset(self) -> dict[str, str]:
        """Return the answers of a form that the chosen signal gives; its value remains to be filled in."""
        found = self.views.chosen_signal()
        return {"device": found[0], "signal": found[1], "value": ""} if found is not None else {}

    @work
    async def action_freeze(self) -> None:
        found = self.views.chosen_signal()
        if found is None:
            keys = self.looks.keys
            where = f"a register ({keys['registers']}) or a signal ({keys['open']} on a device)"
            self.say(f"choose {where} first", "warning")
        else:
            held = self.is_pinned(*found)
            await self.carry_out(f'{"release" if held else "freeze"} "{found[0]}" {found[1]}')

    @work
    async def action_reset(self) -> None:
        """Reset the latched faults of the chosen device, or say why that would do nothing."""
        name = self.views.chosen_device()
        devices = self.frame.snapshot.devices if self.frame is not None else ()
        device = next((each for each in devices if each.name == name), None)
        keys = self.looks.keys
        if device is None:
            self.say(f"choose a device first: {keys['device-1']} to {keys['device-9']}", "warning")
            return
        latched = device.why.helps(RESET)
        if latched is not None and latched.command is not None:
            signal, wanted = latched.command
            if await self.carry_out(f'write "{name}" {signal} {wanted}'):
                self.say(f"{name} reset: {signal} = {wanted} written")
        elif device.faults:
            faults, active = ", ".join(device.faults), keys["active"]
            self.say(f"{name}: the cause of {faults} is still present; {active} clears causes", "warning")
        else:
            self.say(f"{name} has no latched fault")

    def is_pinned(self, device: str, signal: str) -> bool:
        found = self.frame.snapshot.devices if self.frame is not None else ()
        return any(each.name == device and signal in each.pinned for each in found)

    @work
    async def action_release(self) -> None:
        frame = self.frame
        pinned = sum(len(device.pinned) for device in frame.snapshot.devices) if frame is not None else 0
        if not pinned:
            self.say("nothing is forced or frozen")
        elif await self.push_screen_wait(QuestionDialog(f"Release {pinned} forced signals?", "Release")):
            await self.carry_out("release")

    @work
    async def action_pause(self) -> None:
        if self.frame is not None:
            await self.carry_out("run" if self.frame.paused else "pause")

    @work
    async def action_speed(self, by: int) -> None:
        if self.frame is None:
            return
        now = self.frame.speed if self.asked_speed is None else self.asked_speed
        faster = (speed for speed in SPEEDS if speed > now)
        slower = (speed for speed in reversed(SPEEDS) if speed < now)
        self.asked_speed = wanted = next(faster if by > 0 else slower, now)
        await self.carry_out(f"speed {words.speed(wanted).removeprefix('x')}")

    @work
    async def action_jump(self) -> None:
        await self._ask_until_done(
            "Run on", "To which time of day, such as 12:00?", "", lambda time: self.perform(f"jump {time}")
        )

    async def _ask_until_done(
        self, title: str, label: str, preset: str, act: Callable[[str], Awaitable[object]]
    ) -> None:
        """Ask for a line and act on it; ask again with the reason while it is refused."""
        refusal = ""
        while text := await self.push_screen_wait(AskDialog(title, label, preset, refusal)):
            try:
                await act(text)
            except TwinError as error:
                preset, refusal = text, str(error)
            else:
                return

    @work
    async def action_mark(self) -> None:
        note = await self.push_screen_wait(AskDialog("Mark", "A note for the log and the recording:"))
        if note is not None:
            await self.carry_out("mark " + _quoted(note or "mark"))

    def action_acknowledge(self) -> None:
        count = self.views.acknowledge()
        alarms = "1 alarm" if count == 1 else f"{count} alarms"
        self.say(f"{alarms} acknowledged" if count else "no alarm waits")

    def action_changed_only(self) -> None:
        pane = self.views.register_pane()
        if pane is not None:
            pane.toggle_changed_only()

    def action_number_format(self) -> None:
        self.looks.number_format = self.looks.number_format.next()
        self.say(f"raw values in {self.looks.number_format.value}")
        self.present_again()

    def present_again(self) -> None:
        """Draw what is shown now in a view or for a device that was chosen just now."""
        shown = self.looks.past or self.held_frame or self.frame
        if shown is not None:
            self.views.present(replace(shown, registers=()))  # they may be of the device before

    def draw_signal(self) -> None:
        """Draw the signal under the cursor over time, or no longer."""
        if said := self.views.device.toggle_chosen():
            self.say(said, "warning")

    def action_trend_window(self) -> None:
        if self.views.current == "device":
            self.views.device.trend.next_window()

    def action_copy(self) -> None:
        text = self.views.visible_text()
        self.copy_to_clipboard(text)
        self.say(f"{len(text.splitlines())} lines copied")

    def may_write_files(self) -> bool:
        """Return whether this console may write a file; if not, say so."""
        if self.read_only:
            self.say(READ_ONLY, "warning")
        return not self.read_only

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Save a picture of the screen, unless this console is read-only.

        Not in a thread, as Textual does: that waits for the app, and for ever when the app has ended.
        """
        if not self.may_write_files():
            return None
        if self.is_web:
            return super().deliver_screenshot(filename, path, time_format)
        folder = path or str(user_downloads_path())
        try:
            file = self.save_screenshot(filename, folder, time_format)
        except (OSError, ValueError) as error:
            self.say(str(refused(Path(folder, filename or ""), error)), "error")
        else:
            self.say(f"the screen is saved in {file}")
        return None

    @work
    async def action_export(self) -> None:
        if not self.may_write_files():
            return
        name = f"{self.site.name}-{self.views.name_shown}.tsv"
        await self._ask_until_done("Export", "Write what is shown to this file:", name, self.write_shown)

    def lists_are_at(self) -> str:
        return f"go to registers ({self.looks.keys['registers']}) or log ({self.looks.keys['log']})"

    async def write_shown(self, path: str) -> None:
        """Write what is shown to a file; raise CommandError when nothing is or the file refuses."""
        if not self.may_write_files():
            return
        await self.refresh_frame(whole_log=True)
        text = self.views.visible_text()
        if not text:
            raise CommandError(f"there is no table to export here: {self.lists_are_at()}")
        file = _expanded(path)
        try:
            check_new(file)
        except ExistingFileError:
            if not await self.may_overwrite(path):
                return
        self.say(f"{len(text.splitlines())} lines written to {_write(file, text)}")

    async def may_overwrite(self, path: str) -> bool:
        """Ask whether to overwrite a file."""
        question = QuestionDialog(f"{path} exists already. Overwrite it?", "Overwrite")
        agreed: bool = await self.push_screen_wait(question)
        return agreed

    @work
    async def action_leave(self) -> None:
        if any(isinstance(screen, QuestionDialog) for screen in self.screen_stack):
            return
        clients = sum(len(link.clients) for link in self.frame.links) if self.frame is not None else 0
        if clients:
            who = f"{clients} clients are" if clients > 1 else "1 client is"
            question = f"{who} connected and would lose the twin. Quit?"
            if not await self.push_screen_wait(QuestionDialog(question, "Quit")):
                return
        self.exit(0)

    def say_mistakes(self, mistakes: Sequence[str]) -> None:
        """Show what is wrong in the user's files; the log has all of it."""
        if mistakes:
            more = f"\n{len(mistakes) - 1} more in the log ({self.looks.keys['log']})"
            text = clean_lines(mistakes[0]) + (more if len(mistakes) > 1 else "")
            self.notify(text, severity="warning", timeout=MISTAKES_S, markup=False)

    def say(self, text: str, severity: Any = "information") -> None:
        """Show the user a short message."""
        self.clear_notifications()
        room = self.size.width - 1
        fits = columns(text if severity == "error" else shortened(text, room)) <= room
        if not fits and len(self.screen_stack) == 1:
            self.notify(text, severity=severity, timeout=LONG_TEXT_S, markup=False)
        else:
            self.hints.say(text, SAID_ROLES.get(severity, "plain"))


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise refused(Path(path), error) from None


def _write(file: Path, text: str) -> Path:
    try:
        file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise refused(file, error) from None
    return file


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "'") + '"'
