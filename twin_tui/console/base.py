"""What the parts of the console have in common: its frame, its messages, its questions."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from textual.app import App

from twin_tui.commands.slots import Screen
from twin_tui.console.memory import Memory, Remembered
from twin_tui.engine.formats import clean_lines, columns
from twin_tui.engine.view import Frame, SiteView
from twin_tui.errors import TwinError
from twin_tui.widgets.arrange import PANES
from twin_tui.widgets.dialogs import AskDialog
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.spans import shortened
from twin_tui.widgets.status_bar import Hints
from twin_tui.widgets.views import VIEWS, Views

LONG_TEXT_S = 5.0
MISTAKES_S = 30.0
READ_ONLY = "this console is read-only"
SAID_ROLES = {"error": "alarm", "warning": "strong"}


class ConsoleBase(App[int]):
    """The console as its actions see it, without how it is laid out."""

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
        """The file of what is remembered of this site from run to run."""
        self.remembered = Remembered()

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
