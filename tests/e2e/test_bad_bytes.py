"""No byte from the terminal, no stop of the process and no failure of a widget ends the twin."""

import os
import random
import re
import signal
import socket
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.test_terminal_input import BAD
from tests.e2e.pty_console import PtyConsole
from tests.e2e.test_stalled_terminal import SITE, ask, connect

ESCAPE = b"\x1b[27u"
"""The escape key in the form that needs no pause behind it."""
WHOLE = """
from twin_tui.cli.main import main
from twin_tui.console.painting import Painter
Painter.lean = lambda self, update: update  # not only the cells that differ: texts are looked for
"""
FAILING = f"""{WHOLE}
from twin_tui.widgets.views import Views
present, shown = Views.present, []
def fail_the_third_time(self, frame):
    shown.append(frame)
    if len(shown) == 3:
        raise RuntimeError("cannot draw this")
    present(self, frame)
Views.present = fail_the_third_time
main()
"""


def new_site(folder: Path) -> tuple[Path, int]:
    """Write a site with a battery on a free TCP port; return the file and the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    file = folder / "bytes.yaml"
    file.write_text(SITE.format(port=port))
    return file, port


def opened(site: Path, *options: str, code: str = WHOLE + "main()") -> PtyConsole:
    """Return a console on a terminal of 80x24, started by this program."""
    return PtyConsole(site, *options, size=(80, 24), hz=4, program=("-c", code))


@pytest.fixture(scope="module")
def console_and_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PtyConsole, int]]:
    """One console for all that must not end it."""
    site, port = new_site(tmp_path_factory.mktemp("site"))
    console = opened(site)
    try:
        console.wait(b"bess-1")
        yield console, port
    finally:
        console.close()


@pytest.fixture
def console(console_and_port: tuple[PtyConsole, int]) -> PtyConsole:
    return console_and_port[0]


@pytest.fixture
def port(console_and_port: tuple[PtyConsole, int]) -> int:
    return console_and_port[1]


def test_no_byte_ends_the_twin(console: PtyConsole, port: int) -> None:
    with connect(port) as ems:
        console.wait(b"1 client")
        for data in [*BAD.values(), b"\x1b[48;99999;99999;0;0t"]:
            console.send(data + ESCAPE)
        since = console.seen
        console.send(b"\x03")
        console.wait(b"would lose the twin", since)
        since = console.seen
        console.send(ESCAPE + b":mark still-here\r")
        console.wait(b"still-here", since)
        ask(ems)


def test_a_storm_of_sizes_in_a_dialog_leaves_it_open(console: PtyConsole) -> None:
    since = console.seen
    console.send(b"v")
    console.wait(b"Voltage sag", since)
    rng = random.Random(5)
    for _ in range(200):
        console.resize(rng.randint(3, 250), rng.randint(3, 70))
        console.process.send_signal(signal.SIGWINCH)
    since = console.seen
    console.resize(80, 24)
    console.wait(b"Voltage sag", since)
    console.send(b"\r\r")
    console.wait(b"SAG", since)


def test_a_terminal_that_claims_to_be_huge_is_drawn_within_reason(console: PtyConsole) -> None:
    console.resize(65_535, 65_535)
    console.process.send_signal(signal.SIGWINCH)
    since = console.seen
    console.resize(80, 24)
    console.process.send_signal(signal.SIGWINCH)
    console.send(b":mark again\r")
    console.wait(b"again", since)


def test_random_bytes_do_not_end_the_twin(console: PtyConsole, port: int) -> None:
    rng = random.Random(12)
    allowed = bytes(set(range(256)) - set(b"qxJ:\x03\x11\r"))
    with connect(port) as ems:
        console.wait(b"1 client")
        console.send(bytes(rng.choices(allowed, k=150)))
        ask(ems)
        console.send(b"\x1b[201~")
        since = console.seen
        console.send(ESCAPE * 4 + b":mark still-here\r")
        console.wait(b"still-here", since)
        ask(ems)


def test_commands_typed_before_the_first_picture_are_carried_out(tmp_path: Path) -> None:
    options = ("--no-servers", "--record", "run.jsonl")
    console = opened(new_site(tmp_path)[0], *options)
    try:
        console.send(b":mark early\r")  # a terminal that is nobody's yet makes Enter a line feed
        console.wait(b"\x1b[?1049h")  # now it belongs to the console, and nothing is drawn yet
        console.send(b":phase 30 9s\r:mark ahead\r:mark done\r")
        console.wait("phase +30°".encode())
        console.wait(b"done")
        console.process.send_signal(signal.SIGTERM)
        assert console.process.wait(20) == 128 + signal.SIGTERM
        assert b"PAUSED" not in console.output
    finally:
        console.close()
    recorded = (tmp_path / "run.jsonl").read_text()
    assert [mark in recorded for mark in ('"early"', '"ahead"')] == [True, True]


def test_a_console_that_was_stopped_goes_on_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    console = opened(new_site(tmp_path)[0], "--no-servers")

    def stopped() -> bool:
        return Path(f"/proc/{console.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    try:
        console.wait(b"bess-1")
        for stop in (signal.SIGSTOP, signal.SIGTSTP):
            console.process.send_signal(stop)
            os.waitpid(console.process.pid, os.WUNTRACED)
            assert stopped()
            settings = termios.tcgetattr(console.slave)
            settings[3] |= termios.ICANON | termios.ECHO  # as a shell sets them when a job stops
            termios.tcsetattr(console.slave, termios.TCSANOW, settings)
            since = console.seen
            console.process.send_signal(signal.SIGCONT)
            console.wait(b"bess-1", since)
            console.wait(b"\x1b[?2004h", since)
            console.send(f":mark after-{stop}\r".encode())
            console.wait(f"after-{stop}".encode(), since)
            assert not termios.tcgetattr(console.slave)[3] & termios.ICANON
        console.send(b"q")
        assert console.process.wait(20) == 0
        assert termios.tcgetattr(console.slave)[3] & termios.ICANON
    finally:
        console.close()


def test_a_screen_that_fails_leaves_the_twin_running_and_is_opened_again(tmp_path: Path) -> None:
    site, port = new_site(tmp_path)
    console = opened(site, code=FAILING)
    try:
        console.wait(b"The screen has failed: RuntimeError: cannot draw this")
        console.wait(b"Enter opens the screen again")
        with connect(port) as ems:
            ask(ems)
            since = console.seen
            console.send(b"\r")
            console.wait(b"bess-1", since)
            ask(ems)
            since = console.seen
            console.send(b":quit\r")
            console.wait(b"would lose the twin", since)
            console.send(b"\t\r")
            assert console.process.wait(20) == 3
    finally:
        console.close()


@pytest.mark.parametrize("end", ["the duration", "a signal"])
def test_behind_a_screen_that_failed_the_run_ends_with_its_results(tmp_path: Path, end: str) -> None:
    options = ("--record", "run.jsonl", "--duration", "4s" if end == "the duration" else "1h")
    console = opened(new_site(tmp_path)[0], *options, code=FAILING)
    try:
        console.wait(b"Enter opens the screen again")
        if end == "a signal":
            console.process.send_signal(signal.SIGTERM)
        assert console.process.wait(20) == 3
    finally:
        console.close()
    last = (tmp_path / "run.jsonl").read_text().splitlines()[-1]
    assert re.search(r'"end"', last), last
