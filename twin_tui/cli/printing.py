"""Prints for a run, which a stream that nobody reads neither ends nor delays."""

import contextlib
import io
import logging
import os
import select
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TextIO

from twin_tui.engine.formats import clean_lines

MOST_WAITING = 5_000
"""How many lines wait for a reader before those of the log are counted only."""
PIECE = 4096
"""The bytes of a write: a pipe with room takes so many at once."""
PATIENCE_S = 3.0
"""How long a run that a signal has ended waits for a reader who takes nothing."""
EVERY_S = 0.1
ERASED = "\r\x1b[2K"
"""Before a line that takes the place of a progress bar."""


class Outlet:
    """Writes to one terminal, pipe or socket in a thread, in order."""

    def __init__(self) -> None:
        self.written = 0
        """How often the system has taken something."""
        self.failures: dict[int, OSError] = {}
        """Why a descriptor takes no more."""
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._left_out = (0, 0)
        """The descriptor of lines that were dropped, and how many."""
        self._closed = False
        self._changed = threading.Condition()
        threading.Thread(target=self._write_all, name="printing", daemon=True).start()

    def put(self, descriptor: int, line: bytes, *, may_drop: bool = False) -> None:
        """Have a line written; one that may be dropped is counted instead while too many wait."""
        with self._changed:
            if may_drop and len(self._waiting) >= MOST_WAITING:
                self._left_out = descriptor, self._left_out[1] + 1
                return
            self._say_what_is_left_out()
            self._waiting.append((descriptor, line))
            self._changed.notify_all()

    def done(self, seconds: float) -> bool:
        """Return whether everything is written, or has failed, within this time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def close(self) -> None:
        """End the thread once everything is written."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _say_what_is_left_out(self) -> None:
        descriptor, count = self._left_out
        if count:
            lines = "1 line" if count == 1 else f"{count:,} lines"
            self._waiting.append((descriptor, f"twin-tui: {lines} not printed\n".encode()))
            self._left_out = descriptor, 0

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                descriptor, line = self._waiting[0]
            if descriptor not in self.failures:
                try:
                    self._write(descriptor, line)
                except OSError as error:
                    self.failures[descriptor] = error
            with self._changed:
                self._waiting.popleft()
                if not self._waiting:
                    self._say_what_is_left_out()
                self._changed.notify_all()

    def _write(self, descriptor: int, line: bytes) -> None:
        while line:
            try:
                line = line[os.write(descriptor, line[:PIECE]) :]
                self.written += 1
            except BlockingIOError:  # another process sharing the descriptor has made it non-blocking
                select.select((), (descriptor,), ())


class Terminal(io.TextIOBase):
    """Standard error for a progress bar: what is drawn waits in its turn, like every other line."""

    def __init__(self, stream: TextIO, descriptor: int, outlet: Outlet) -> None:
        self.outlet = outlet
        self.replaced = False
        """Whether what is printed takes the place of the bar; a dumb terminal has none until the end."""
        self._stream, self._descriptor = stream, descriptor

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of standard error."""
        return self._stream.encoding

    @property
    def taken(self) -> bool:
        """Whether the terminal has taken everything so far; one that is held with Ctrl+S takes nothing."""
        return self.outlet.done(0.0)

    def isatty(self) -> bool:
        """Return true."""
        return True

    def write(self, text: str) -> int:
        """Have a text written."""
        self.outlet.put(self._descriptor, text.encode(self.encoding, "replace"))
        return len(text)


class Printer:
    """Prints for a run, which a stream without a reader neither ends nor, inside ``with``, delays."""

    def __init__(self) -> None:
        self.hurry: Callable[[], bool] = lambda: False
        """Whether the process is to end: then a reader who takes nothing is not waited for."""
        self._failures: dict[str, OSError] = {}
        self._outlets: dict[str, tuple[TextIO, int, Outlet]] = {}
        self._bar: Terminal | None = None
        self._last_resort = logging.lastResort

    @property
    def error(self) -> OSError | None:
        """Why standard output takes no more."""
        return self._failure("stdout")

    def out(self, text: str) -> None:
        """Print to standard output, unless it has failed."""
        self._print("stdout", text)

    def err(self, text: str) -> None:
        """Print to standard error, unless it has failed."""
        self._print("stderr", text)

    def log(self, line: str) -> None:
        """Print a line of the log to standard error; it may be dropped when nobody reads."""
        self._print("stderr", line, may_drop=True)

    @contextlib.contextmanager
    def drawing(self) -> Iterator[Terminal]:
        """Give the terminal of standard error for a bar of one line, which every line printed replaces."""
        self._bar = Terminal(*self._outlets["stderr"])
        try:
            yield self._bar
        finally:
            self._bar = None

    def __enter__(self) -> "Printer":
        outlets: dict[tuple[int, int], Outlet] = {}
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            try:
                descriptor = stream.fileno()
                found = os.fstat(descriptor)
            except (OSError, ValueError):  # a stream of a test
                continue
            if not stat.S_ISREG(found.st_mode):
                place = found.st_dev, found.st_ino
                outlet = outlets[place] = outlets.get(place) or Outlet()
                self._outlets[name] = stream, descriptor, outlet
        if "stderr" in self._outlets:
            logging.lastResort = _Said(self.err)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until everything is written; after a signal give up on a reader who takes nothing."""
        logging.lastResort = self._last_resort
        for name, (_stream, descriptor, outlet) in self._outlets.items():
            written, since_s = outlet.written, time.monotonic()
            while not outlet.done(EVERY_S):
                if outlet.written != written:
                    written, since_s = outlet.written, time.monotonic()
                elif self.hurry() and time.monotonic() - since_s >= PATIENCE_S:
                    discard(descriptor)
                    break
            outlet.close()
            if descriptor in outlet.failures:
                self._failures.setdefault(name, outlet.failures[descriptor])
        self._outlets.clear()

    def _failure(self, name: str) -> OSError | None:
        if name in self._outlets:
            _stream, descriptor, outlet = self._outlets[name]
            return self._failures.get(name) or outlet.failures.get(descriptor)
        return self._failures.get(name)

    def _print(self, name: str, text: str, *, may_drop: bool = False) -> None:
        if self._failure(name) is not None:
            return
        line, known, now = clean_lines(text), self._outlets.get(name), getattr(sys, name)
        try:
            if known is None or known[0] is not now:
                print(line, file=now, flush=True)
                return
            stream, descriptor, outlet = known
            stream.flush()  # what others have printed
            bar = self._bar is not None and self._bar.outlet is outlet and self._bar.replaced
            printed = f"{ERASED if bar else ''}{line}\n".encode(stream.encoding, stream.errors or "strict")
            outlet.put(descriptor, printed, may_drop=may_drop)
        except OSError as error:
            self._failures[name] = error


class _Said(logging.Handler):
    """Prints what the program logs and nothing else handles."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(self.format(record))


def discard(descriptor: int) -> None:
    """Let what is still to come for a stream go nowhere: it would be a traceback at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
