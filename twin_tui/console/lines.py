"""Command lines that are about the screen and not about the twin: views, themes, export."""

from pathlib import Path
from typing import TYPE_CHECKING

from twin_tui.commands import values as words
from twin_tui.errors import CommandError
from twin_tui.widgets.dialogs import AskDialog
from twin_tui.widgets.views import VIEWS

if TYPE_CHECKING:
    from twin_tui.console.app import ConsoleApp

CONSOLE_VERBS = ("view", "trend", "theme", "export", "filter", "help", "quit")


async def read_line(app: "ConsoleApp", line: str) -> bool:
    """Carry out a line about the screen; return False when it is about the twin."""
    given = words.split(line.strip().removeprefix(":"))
    if not given:
        return False
    verb, rest = given[0].casefold(), given[1:]
    if verb not in CONSOLE_VERBS:
        return False
    if verb == "view":
        app.action_view(words.name(rest[0] if rest else "", VIEWS, "view"))
    elif verb == "trend":
        known = app.views.device.trend.signals()
        app.views.device.draw_signals(tuple(words.name(word, known, "signal") for word in rest))
    elif verb == "theme":
        app.theme = words.name(rest[0] if rest else "", app.available_themes, "theme")
    elif verb == "filter":
        app.set_filter(" ".join(rest))
    elif verb == "help":
        app.action_help()
    elif verb == "export":
        await write_text(app, rest[0] if rest else "")
    else:
        app.action_leave()
    return True


async def export(app: "ConsoleApp") -> None:
    """Ask for a file and write what is shown to it."""
    name = f"{app.site.name}-{app.views.name_shown}.tsv"
    path = await app.push_screen_wait(AskDialog("Export", "Write what is shown to this file:", name))
    if path:
        try:
            await write_text(app, path)
        except CommandError as error:
            app.say(str(error), "error")


async def write_text(app: "ConsoleApp", path: str) -> None:
    """Write what is shown to a file; raise CommandError when that cannot be."""
    if not path:
        raise CommandError("export: a file is missing; usage: export FILE")
    app.looks.journal.ask_for_all()
    await app.refresh_frame()
    text = app.views.visible_text()
    if not text:
        raise CommandError("there is no table to export here: go to registers (r) or log (l)")
    place = _write(path, text)
    app.say(f"{len(text.splitlines())} lines written to {place}")


def _write(path: str, text: str) -> Path:
    place = Path(path).expanduser()
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{place}: cannot be written: {error.strerror}") from None
    return place
