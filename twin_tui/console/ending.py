"""How the console ends on a signal, or when its terminal is gone."""

import asyncio
import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator

END_WITHIN_S = 3.0
SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")


def end_on_signals(leave: Callable[[int], None]) -> None:
    """Have these signals leave with 128 + their number, also without a terminal."""

    def end(code: int) -> None:
        _end_soon(code)
        leave(code)

    for name in SIGNALS:
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            number = getattr(signal, name)
            asyncio.get_running_loop().add_signal_handler(number, end, 128 + number)


def note_signals(loop: asyncio.AbstractEventLoop, noted: list[int]) -> None:
    """Have these signals noted behind this loop, which would leave them to end the process at once."""

    def note(number: int, _: object) -> None:
        noted.append(number)
        _end_soon(128 + number)

    for name in SIGNALS:
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            number = getattr(signal, name)
            loop.remove_signal_handler(number)
            signal.signal(number, note)


@contextlib.contextmanager
def loop_before_notes(noted: list[int]) -> Iterator[asyncio.AbstractEventLoop]:
    """Yield an event loop behind which signals are noted."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        yield loop
        note_signals(loop, noted)


@contextlib.contextmanager
def kept_from_signals() -> Iterator[None]:
    """Let what is to be written at the end be written, whatever signals come meanwhile."""
    numbers = [getattr(signal, name) for name in SIGNALS]
    before = {}
    for number in numbers:
        with contextlib.suppress(ValueError):  # not in the main thread
            before[number] = signal.signal(number, lambda number, _: _end_soon(128 + number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_soon(code: int) -> None:
    last = threading.Timer(END_WITHIN_S, os._exit, (code,))
    last.daemon = True
    last.start()


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
