"""How the console ends on a signal, or when its terminal is gone."""

import asyncio
import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable

END_WITHIN_S = 3.0


def end_on_signals(leave: Callable[[int], None]) -> None:
    """Have these signals leave with 128 + their number, also without a terminal."""

    def end(code: int) -> None:
        last = threading.Timer(END_WITHIN_S, os._exit, (code,))
        last.daemon = True
        last.start()
        leave(code)

    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"):
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            number = getattr(signal, name)
            asyncio.get_running_loop().add_signal_handler(number, end, 128 + number)


def end_with_terminal(terminal: int) -> None:
    """End as on SIGHUP when the terminal of this file descriptor is gone and nobody sends that signal.

    Without it, Textual would read the end of the file over and over.
    """
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
    watched = select.poll()
    watched.register(terminal, 0)

    def watch() -> None:
        while not any(events & gone for _, events in watched.poll(1000)):
            pass
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(2 * END_WITHIN_S)
        os._exit(128 + signal.SIGHUP)  # the screen's loop is past hearing

    threading.Thread(target=watch, name="terminal", daemon=True).start()
