"""A run whose output nobody reads goes on serving, and prints everything when somebody reads again."""

import fcntl
import os
import signal
import socket
import struct
import sys
import termios
from pathlib import Path

import pytest

from tests.cli import processes
from tests.cli.processes import Started
from twin_tui.cli import printing
from twin_tui.cli.printing import Outlet, Printer

MARKS = 1500
REQUEST = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 10_050, 1)
IMPATIENT = (
    sys.executable,
    "-c",
    "from twin_tui.cli import main, printing; printing.PATIENCE_S = 0.1; main.main()",
)


def note(number: int) -> str:
    return f"mark {number:04d} {'-' * 60}"


def unread(folder: Path, program: tuple[str, ...] = tuple(processes.PROGRAM)) -> Started:
    """Start a run that fills its standard error, of which nothing is read but the address."""
    site = processes.files(folder) / "site.yaml"
    marks = [f"  - {{at: 1s, do: mark '{note(n)}'}}\n" for n in range(MARKS)]
    scenario = folder / "marks.yaml"
    scenario.write_text("site: site.yaml\nduration: 1h\nsteps:\n" + "".join(marks))
    return Started(folder, "run", site.name, "--scenario", scenario.name, "--headless", program=program)


def ask(client: socket.socket) -> bytes:
    client.sendall(REQUEST)
    return client.recv(256)


def ask_until_full(started: Started) -> None:
    """Ask the twin until the pipe of its standard error is full, and then as often again."""
    pipe = started.errors.fileno()
    capacity = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    with socket.create_connection(("127.0.0.1", started.port), timeout=20) as client:
        asked = 0
        while True:
            assert len(ask(client)) == 11
            asked += 1
            waiting = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
            if waiting > capacity - 2 * printing.PIECE:
                break
        for _ in range(min(asked, 500)):
            assert len(ask(client)) == 11


def test_a_run_that_nobody_reads_serves_on_and_delivers_all_when_it_is_read_again(tmp_path: Path) -> None:
    started = unread(tmp_path)
    ask_until_full(started)
    code, out, err = started.end(signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert [n for n in range(MARKS) if note(n) not in err] == []
    order = [err.index(note(n)) for n in range(MARKS)]
    assert order == sorted(order)
    assert "not printed" not in err
    assert "grid" in out


def test_a_run_that_nobody_ever_reads_ends_on_a_signal(tmp_path: Path) -> None:
    started = unread(tmp_path, IMPATIENT)
    ask_until_full(started)
    started.process.terminate()
    assert started.process.wait(60) == 128 + signal.SIGTERM
    started.end()


def pipe() -> tuple[int, int]:
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, printing.PIECE)
    return reads, writes


def all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def test_lines_of_the_log_beyond_the_limit_are_counted_in_their_place_and_results_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(printing, "MOST_WAITING", 10)
    reads, writes = pipe()
    outlet = Outlet()
    outlet.put(writes, b"x" * (printing.PIECE + 1))
    for number in range(30):
        outlet.put(writes, b"line %d\n" % number, may_drop=True)
    outlet.put(writes, b"result\n")
    for number in range(5):
        outlet.put(writes, b"late %d\n" % number, may_drop=True)
    assert not outlet.done(0.0)
    taken = os.read(reads, printing.PIECE + 1)
    while not outlet.done(0.01):
        taken += os.read(reads, printing.PIECE)
    outlet.close()
    os.close(writes)
    lines = (taken + all_of(reads)).lstrip(b"x").decode().splitlines()
    assert lines == [
        *(f"line {number}" for number in range(9)),
        "twin-tui: 21 lines not printed",
        "result",
        "twin-tui: 5 lines not printed",
    ]


def test_a_pipe_that_was_made_not_to_block_gets_everything_too() -> None:
    reads, writes = pipe()
    os.set_blocking(writes, False)
    outlet = Outlet()
    for _ in range(3):
        outlet.put(writes, b"x" * printing.PIECE)
    taken = 0
    while not outlet.done(0.01):
        taken += len(os.read(reads, printing.PIECE))
    outlet.close()
    os.close(writes)
    assert taken + len(all_of(reads)) == 3 * printing.PIECE


def test_what_others_have_printed_comes_before_and_both_streams_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads, writes = os.pipe()
    with os.fdopen(os.dup(writes), "w") as out, os.fdopen(writes, "w") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with Printer() as printer:
            print("before")
            for number in range(200):
                printer.out(f"out {number}")
                printer.err(f"err {number}")
        printer.out("after")
        monkeypatch.undo()
    expected = [f"{name} {number}" for number in range(200) for name in ("out", "err")]
    assert all_of(reads).decode().splitlines() == ["before", *expected, "after"]


def test_a_pipe_without_a_reader_is_an_error_of_that_stream_only(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, broken = os.pipe()
    os.close(gone)
    reads, writes = os.pipe()
    with os.fdopen(broken, "w") as out, os.fdopen(writes, "w") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with Printer() as printer:
            printer.out("lost")
            printer.err("said")
        monkeypatch.undo()
    assert isinstance(printer.error, BrokenPipeError)
    assert all_of(reads) == b"said\n"
