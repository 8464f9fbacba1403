"""What the console keeps: its panes from run to run, and files of what it shows."""

from pathlib import Path

from platformdirs import user_downloads_path
from textual import work

from twin_tui.console.base import READ_ONLY, ConsoleBase
from twin_tui.console.memory import Remembered
from twin_tui.documents.output import ExistingFileError, check_new, refused
from twin_tui.errors import CommandError
from twin_tui.widgets.arrange import PANES
from twin_tui.widgets.dialogs import MenuDialog, QuestionDialog


class KeepingActions(ConsoleBase):
    """The actions that remember panes and write files."""

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

    def choose_theme(self, name: str) -> None:
        """Show a theme and remember it for the next run of this site."""
        self.theme = name
        self.remembered = self.remembered.model_copy(update={"theme": name})
        self.remember_panes()

    def recall_panes(self) -> list[str]:
        """Show the panes of the last run of this site; return what is wrong with their file."""
        if self.memory is None:
            return []
        found = self.remembered
        self.views.overview.choose(found.panes, found.zoomed)
        return [self.memory.mistake] if self.memory.mistake else []

    def remember_panes(self) -> None:
        """Keep which panes are shown for the next run of this site, unless this console writes no files."""
        overview, theme = self.views.overview, self.remembered.theme
        self.remembered = Remembered(panes=overview.chosen, zoomed=overview.zoomed, theme=theme)
        if self.memory is not None and not self.read_only:
            refusal = self.memory.save(self.remembered)
            if refusal:
                self.say(refusal, "warning")

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
