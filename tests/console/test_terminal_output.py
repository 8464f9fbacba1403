"""Nobody waits for a terminal that does not read; whoever reads again gets the whole picture."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from twin_tui.console import driver
from twin_tui.console.driver import TerminalOutput


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        with contextlib.suppress(OSError):
            os.close(end)


def started(writer: int, redraw: threading.Event) -> TerminalOutput:
    output = TerminalOutput(writer, "utf-8", redraw.set)
    output.start()
    return output


def read(reader: int, size: int) -> bytes:
    """Return so many bytes."""
    found = b""
    while len(found) < size:
        found += os.read(reader, size - len(found))
    return found


def test_writing_never_waits_and_everything_arrives_in_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    output = started(writer, threading.Event())
    pieces = [f"{number:04d}" * 1000 for number in range(100)]  # six times what a pipe holds
    for piece in pieces:
        output.write(piece)
    assert output.is_behind
    assert read(reader, 400_000).decode() == "".join(pieces)
    output.finish()
    assert not output.is_behind
    assert not output.is_alive()


def test_output_that_was_dropped_is_drawn_again(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "MOST_WAITING", 10)
    reader, writer = pipe
    redraw = threading.Event()
    output = started(writer, redraw)
    for _ in range(100):
        output.write("x" * 100_000)
    assert not redraw.is_set()
    found = bytearray()

    def drain() -> None:
        while not found.endswith(b"again"):
            found.extend(os.read(reader, 65_536))

    drained = threading.Thread(target=drain)
    drained.start()
    redraw.wait()
    output.write("again")
    drained.join()
    assert len(found) < 100 * 100_000, "nothing was dropped"
    output.finish()


def test_the_end_does_not_wait_for_a_terminal_that_does_not_read(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "LAST_WORDS_S", 0.05)
    _, writer = pipe
    output = started(writer, threading.Event())
    output.write("x" * 1_000_000)
    output.finish()
    assert output.is_alive()


def test_a_terminal_that_another_program_made_non_blocking_gets_everything(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    output = started(writer, threading.Event())
    output.write("x" * 500_000)
    assert read(reader, 500_000) == b"x" * 500_000
    output.finish()


def test_a_terminal_that_is_gone_ends_the_console_as_sighup_does(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    os.close(reader)
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *which: sent.append(which))
    output = started(writer, threading.Event())
    for _ in range(50):
        output.write("text")
    output.finish()
    assert not output.is_alive()
    assert sent == [(os.getpid(), signal.SIGHUP)]


def test_a_character_that_the_terminal_cannot_show_is_replaced(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    output = TerminalOutput(writer, "latin-1", lambda: None)
    output.start()
    output.write("5 → 7")
    assert read(reader, 5) == b"5 ? 7"
    output.finish()
