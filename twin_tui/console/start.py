"""Runs a twin with its console: starts the twin's thread, then the screen, and ends both."""

import asyncio
import logging
import os
import sys

from twin_tui.console.app import ConsoleApp
from twin_tui.console.ending import end_on_signals, end_with_terminal, kept_from_signals, loop_before_notes
from twin_tui.console.first_run import tour_shown
from twin_tui.console.memory import Memory
from twin_tui.console.settings import Settings
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import ExitCode, TwinError
from twin_tui.session.thread import TwinThread
from twin_tui.twin import Twin

log = logging.getLogger(__name__)
LOOK_EVERY_S = 0.2


def run_console(
    twin: Twin, *, servers: bool = True, duration_s: float | None = None, settings: Settings | None = None
) -> int:
    """Run a twin with its screen until the user leaves or the duration has passed; return the exit code."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TwinError("the console needs a terminal; without one, run with --headless")
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)  # Textual believes them more than the terminal, which may be resized
    end_with_terminal(sys.stdin.fileno())
    for mistake in settings.mistakes if settings is not None else ():
        print(f"twin-tui: {mistake}", file=sys.stderr)
        twin.engine.note(LogKind.MARK, "", mistake, "console")
    thread = TwinThread(twin, servers=servers, duration_s=duration_s)
    try:
        thread.start()
        if settings is not None and settings.tour:
            tour_shown()
        code = _show(thread, settings)
    finally:
        with kept_from_signals():
            thread.stop()
    if thread.failed:
        log.error("the simulation failed", exc_info=thread.failure)
        print(f"twin-tui: {thread.failed}", file=sys.stderr)
        return ExitCode.FAILED
    if thread.failure is not None:
        raise thread.failure
    return code


def _show(thread: TwinThread, settings: Settings | None) -> int:
    """Show the screen, and again after a failure if the user wants it; return the exit code."""
    failed = False
    noted: list[int] = []
    while True:
        app = ConsoleApp(thread, settings, Memory(thread.site.name))
        code = None
        with loop_before_notes(noted) as loop:
            try:
                code = app.run(loop=loop)
            except Exception as error:  # the outermost edge of the screen: the twin runs on
                app.failure = app.failure or error
        if app.failure is None:
            code = app.return_code or 0 if code is None else code
            return code or (ExitCode.FAILED if failed else ExitCode.OK)
        failed = True
        log.error("the screen has failed", exc_info=app.failure)
        print(f"The screen has failed: {type(app.failure).__name__}: {app.failure}", file=sys.stderr)
        print("The twin and its servers run on. Enter opens the screen again, Ctrl+C ends.", file=sys.stderr)
        with loop_before_notes(noted) as loop:
            again = loop.run_until_complete(_wanted_again(thread, noted))
        if not again:
            return ExitCode.FAILED


async def _wanted_again(thread: TwinThread, noted: list[int]) -> bool:
    """Wait for Enter, a signal or the end of the run; return whether it was Enter."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bool] = loop.create_future()

    def settle(again: bool) -> None:
        if not answer.done():
            answer.set_result(again)

    def read() -> None:
        try:
            settle(bool(os.read(sys.stdin.fileno(), 4096)))
        except OSError:
            settle(False)

    end_on_signals(lambda _: settle(False))
    if noted:
        settle(False)
    try:
        loop.add_reader(sys.stdin.fileno(), read)
    except PermissionError:  # a file instead of a terminal: it can be read at once
        read()
    while not answer.done():
        if thread.twin.pacer.over or thread.failed:
            settle(False)
        await asyncio.wait([answer], timeout=LOOK_EVERY_S)
    loop.remove_reader(sys.stdin.fileno())
    return answer.result()
