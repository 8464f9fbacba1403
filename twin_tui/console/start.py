"""Runs a twin with its console: starts the twin's thread, then the screen, and ends both."""

import logging
import os
import sys

from twin_tui.console.app import ConsoleApp
from twin_tui.console.ending import end_with_terminal
from twin_tui.console.settings import Settings
from twin_tui.errors import ExitCode, TwinError
from twin_tui.session.thread import TwinThread
from twin_tui.twin import Twin

log = logging.getLogger(__name__)


def run_console(
    twin: Twin, *, servers: bool = True, duration_s: float | None = None, settings: Settings | None = None
) -> int:
    """Run a twin with its screen until the user leaves or the duration has passed; return the exit code."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TwinError("the console needs a terminal; without one, run with --headless")
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)  # Textual believes them more than the terminal, which may be resized
    end_with_terminal(sys.stdin.fileno())
    thread = TwinThread(twin, servers=servers, duration_s=duration_s)
    try:
        thread.start()
        code = _show(thread, settings)
    finally:
        thread.stop()
    if thread.failed:
        log.error("the simulation failed", exc_info=thread.failure)
        print(f"twin-tui: {thread.failed}", file=sys.stderr)
        return ExitCode.FAILED
    if thread.failure is not None:
        raise thread.failure
    return code


def _show(thread: TwinThread, settings: Settings | None) -> int:
    while True:
        app = ConsoleApp(thread, settings)
        code = app.run()
        if app.failure is None:
            return code if code is not None else app.return_code or 0
        log.error("the screen has failed", exc_info=app.failure)
        print(f"The screen has failed: {type(app.failure).__name__}: {app.failure}", file=sys.stderr)
        print("The twin and its servers run on. Enter opens the screen again, Ctrl+C ends.", file=sys.stderr)
        try:
            input()
        except (KeyboardInterrupt, EOFError, OSError):
            return ExitCode.FAILED
