"""The progress bar of a headless run on a terminal."""

import io
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.cli.processes import PROGRAM, SITE, environment, files
from twin_tui.cli.printing import ERASED, Printer

SETPOINT = 10_126


def a_write(kilowatts: int) -> bytes:
    return struct.pack(">HHHBBHHBi", 1, 0, 11, 1, 16, SETPOINT, 2, 4, kilowatts)


def read_until(terminal: int, pattern: str) -> re.Match[str]:
    """Read a terminal until it has shown a text."""
    shown = ""
    while (found := re.search(pattern, shown)) is None:
        shown += os.read(terminal, 65_536).decode()
    return found


def rest_of(terminal: int) -> str:
    shown = b""
    try:
        while read := os.read(terminal, 65_536):
            shown += read
    except OSError:  # the last process has closed it
        pass
    return shown.decode()


def test_a_terminal_that_is_held_delays_no_client_and_loses_no_line(tmp_path: Path) -> None:
    (files(tmp_path) / "site.yaml").write_text(SITE.replace("bench", "'[/red]'"))
    terminal, inside = pty.openpty()
    run = subprocess.Popen(
        [*PROGRAM, "run", "site.yaml", "--headless", "--speed", "100", "--duration", "10h"],
        cwd=tmp_path,
        env=environment(TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=inside,
    )
    try:
        port = int(read_until(terminal, r"Modbus TCP on 127\.0\.0\.1:(\d+) ")[1])
        read_until(terminal, r"\[/red\].* of 36,000 s")
        termios.tcflow(inside, termios.TCOOFF)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            for number in range(1500):
                client.sendall(a_write(number % 40))
                assert client.recv(64)[7] == 16
        termios.tcflow(inside, termios.TCOON)
        os.close(inside)
        inside = -1
        run.send_signal(signal.SIGTERM)
        shown = rest_of(terminal)
        assert run.wait(60) == 128 + signal.SIGTERM
    finally:
        run.kill()
        run.wait()
        for handle in (terminal, inside):
            if handle >= 0:
                os.close(handle)
    writes = [line for line in shown.split("\n") if " WRITE " in line]
    assert len(writes) > 3
    left = [line.rpartition(ERASED)[2] for line in writes]
    assert [line for line in left if not re.match(r"(\x1b\[[?\d]*\w|\r)* *[\d.]+ s  WRITE ", line)] == []


def test_a_line_takes_the_place_of_the_bar_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()
    with os.fdopen(writes, "w") as err:
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        monkeypatch.setattr(sys, "stderr", err)
        with Printer() as printer:
            printer.err("before")
            with printer.drawing() as terminal:
                terminal.write("dumb")
                printer.err("appended")
                terminal.replaced = True
                terminal.write("bar")
                printer.log("entry")
            printer.err("after")
        monkeypatch.undo()
    with os.fdopen(reads, "rb") as stream:
        assert stream.read().decode() == f"before\ndumbappended\nbar{ERASED}entry\nafter\n"
