"""The terminal of the console: whatever it sends, and whether or not it reads, the screen goes on.

Textual's driver decodes strictly, gives up its parser after an error, has the screen wait for a terminal
that does not read, and starts a second time when a stopped process is continued.
"""

import asyncio
import contextlib
import os
import re
import select
import signal
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.message import Message

from twin_tui.console.painting import Painter

MOST_CELLS = (2000, 1000)
"""A terminal that says it is larger is drawn at this size."""
MOST_WAITING = 1000
"""So many pieces of output wait for the terminal; those behind them are dropped and all is drawn again."""
LAST_WORDS_S = 1.0
"""How long the end waits for a terminal that does not read."""
TICK_S = 0.1
_X10_MOUSE = re.compile(rb"\x1b\[M[\x00-\xff]{3}")
_X10_BEGUN = re.compile(rb"\x1b\[M[\x00-\xff]{0,2}\Z")
_CTRL_C = re.compile(rb"\x03|\x1b\[99;5u")


class TerminalInput:
    """Turns the bytes of a terminal into events; what is not valid is replaced or left out."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._parser = XTermParser()
        self._begun = b""

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the events of these bytes and of those before them.

        Mouse reports of the old kind are no text: their coordinates would be keys. Ctrl+C ends a paste
        whose end never came, which would swallow every key.
        """
        data = _X10_MOUSE.sub(b"", self._begun + data)
        begun = _X10_BEGUN.search(data)
        self._begun = begun[0] if begun is not None else b""
        data = data[: len(data) - len(self._begun)]
        data = data.replace(b"\n", b"\r")  # Enter, typed before this terminal was the console's
        for character in self._decode(_CTRL_C.sub(b"\x1b[201~\\g<0>", data)):
            yield from self._parsed(lambda character=character: self._parser.feed(character))  # type: ignore[misc]

    def tick(self) -> Iterator[Message]:
        """Yield the events that follow from nothing having come for a while."""
        self._begun = b""
        yield from self._parsed(self._parser.tick)

    def _parsed(self, work: Callable[[], Iterable[Message]]) -> Iterator[Message]:
        try:
            yield from work()
        except Exception:  # what the parser fails at is unknown, and its generator has ended
            self._parser = XTermParser()


class TerminalOutput(threading.Thread):
    """Writes to the terminal in a thread; nobody waits for a terminal that does not read."""

    def __init__(self, fileno: int, encoding: str, redraw: Callable[[], None]) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._fileno, self._encoding, self._redraw = fileno, encoding, redraw
        self._waiting: SimpleQueue[str | None] = SimpleQueue()  # a signal handler may write, too
        self._dropped = False
        self._gone = False

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has not taken yet what was written before."""
        return not self._waiting.empty()

    def write(self, text: str) -> None:
        """Have a text written after those before it."""
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(text)
        else:
            self._dropped = True

    def finish(self) -> None:
        """Write the rest, as far as the terminal reads it within a second."""
        self._waiting.put(None)
        self.join(LAST_WORDS_S)
        self._gone = True

    def run(self) -> None:
        """Write until the end."""
        while (text := self._waiting.get()) is not None:
            self._send(text.encode(self._encoding, "replace"))
            if self._dropped and self._waiting.empty():
                self._dropped = False
                self._redraw()

    def _send(self, data: bytes) -> None:
        while data and not self._gone:
            try:
                data = data[os.write(self._fileno, data) :]
            except BlockingIOError:  # another program has set the terminal so
                select.select([], [self._fileno], [], TICK_S)
            except OSError:
                if not self._gone:
                    self._gone = True
                    os.kill(os.getpid(), signal.SIGHUP)


class ConsoleDriver(LinuxDriver):
    """Textual's driver for a terminal, on input and output that outlast bad luck."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.painter = Painter()
        self._output: TerminalOutput | None = None
        self._taken: Future[Any] | None = None
        # in the loop: a handler in the midst of a drawing would draw within it
        self._loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has not taken yet what was drawn before."""
        return self._output is not None and self._output.is_behind

    def write(self, data: str) -> None:
        """Write to the terminal, never waiting for it."""
        if self._output is not None:
            self._output.write(data)

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        assert self._file is not None  # the console does not start without standard error
        self._output = TerminalOutput(self._file.fileno(), self._file.encoding, self._redraw)
        self._output.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Write the rest."""
        super().close()
        if self._output is not None:
            self._output.finish()

    def run_input_thread(self) -> None:
        """Turn bytes into events; never faster than the app takes them."""
        terminal = TerminalInput()
        try:
            while not self.exit_event.is_set():
                ready = select.select([self.fileno], [], [], TICK_S)[0]
                data = os.read(self.fileno, 4096) if ready else b""
                if ready and not data:
                    self.exit_event.wait(TICK_S)  # its end; somebody else notices that the terminal is gone
                for event in terminal.feed(data):
                    self.process_message(event)
                for event in terminal.tick() if not data else ():
                    self.process_message(event)
                self._wait_for_app()
        except OSError:
            os.kill(os.getpid(), signal.SIGHUP)  # the terminal is gone
        except Exception as error:  # the outermost edge of this thread
            self._app.call_later(self._app._handle_exception, error)

    def process_message(self, message: Message) -> None:
        """Pass an event on; a size counts only from a terminal that reports sizes, and within reason."""
        if isinstance(message, Resize):
            sizes = zip(message.size, MOST_CELLS, strict=True)
            if not (self._in_band_window_resize and all(0 < cells <= most for cells, most in sizes)):
                return
        super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Send a message to the app and note when it has been taken."""
        self._taken = asyncio.run_coroutine_threadsafe(self._app._post_message(message), loop=self._loop)

    def _wait_for_app(self) -> None:
        while self._taken is not None and not self.exit_event.is_set():
            if wait([self._taken], TICK_S).done:
                self._taken = None

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return the size of the terminal itself; standard output may be a file."""
        width, height = 80, 24
        with contextlib.suppress(OSError):
            found = os.get_terminal_size(self.fileno)
            width, height = found.columns or width, found.lines or height
        return min(width, MOST_CELLS[0]), min(height, MOST_CELLS[1])

    def _continued(self) -> None:
        """Take the terminal over again: whoever stopped this process may have changed its settings."""
        if not self._auto_restart:
            return
        if self._key_thread is not None and self._key_thread.is_alive():
            self.suspend_application_mode()
        self.resume_application_mode()
        self._redraw()

    def _redraw(self) -> None:
        def draw() -> None:
            self.painter.forget()
            self._app.screen.refresh(layout=True)

        self._app.call_later(draw)
