"""A terminal that does not read, or is gone, does not hold up the servers."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pty_console import PtyConsole
from tests.waiting import free_port

STALL_S = float(os.environ.get("TWIN_STALL_S", "4"))
"""The target is 20 s; the usual run stalls long enough to fill the terminal and Textual's queue of 30."""
SLOWEST_S = STALL_S / 4
"""A server that waits for the terminal answers after the whole stall; how fast it is, benchmarks measure."""
SITE = """
name: stalled
seed: 1
grid: {{preset: continental-europe}}
assets:
  - {{name: bess-1, type: battery, capacity_kwh: 30, initial_soc: 50, max_charge_kw: 15, max_discharge_kw: 15,
     started: true, protocols: [{{kind: modbus_tcp, port: {port}}}]}}
  - {{name: load, type: load, base_kw: 4}}
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def console(tmp_path: Path, port: int) -> Iterator[PtyConsole]:
    site = tmp_path / "stalled.yaml"
    site.write_text(SITE.format(port=port))
    started = PtyConsole(site)
    try:
        yield started
    finally:
        started.close()


def connect(port: int, limit_s: float = 20.0) -> socket.socket:
    """Return a connection as soon as the server is there."""
    ends = time.monotonic() + limit_s
    while True:
        try:
            found = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
            continue
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found


def ask(connection: socket.socket) -> float:
    """Read a register once; return how long the answer took, s."""
    request = bytes([0, 1, 0, 0, 0, 6, 1, 4, *(10_050).to_bytes(2, "big"), 0, 1])
    begins = time.perf_counter()
    connection.sendall(request)
    answer = connection.recv(64)
    assert answer[7] == 4, answer.hex()
    return time.perf_counter() - begins


def test_a_terminal_that_does_not_read_slows_no_answer_down(console: PtyConsole, port: int) -> None:
    with connect(port) as ems:
        ends = time.monotonic() + 20
        while console.seen < 4000 and time.monotonic() < ends:
            ask(ems)
            time.sleep(0.02)
        assert console.seen >= 4000, "the screen was never drawn"
        console.stall()
        slowest_s = 0.0
        ends = time.monotonic() + STALL_S
        while time.monotonic() < ends:
            slowest_s = max(slowest_s, ask(ems))
            time.sleep(0.02)
        seen = console.seen
        console.read_on()
        ends = time.monotonic() + 20
        while console.seen < seen + 2000 and time.monotonic() < ends:
            ask(ems)
            time.sleep(0.02)
        assert console.seen >= seen + 2000, "the screen did not go on"
    assert slowest_s < SLOWEST_S


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_console_in_order(console: PtyConsole, port: int, number: signal.Signals) -> None:
    connect(port).close()
    ends = time.monotonic() + 20
    while console.seen < 4000 and time.monotonic() < ends:
        time.sleep(0.02)
    console.process.send_signal(number)
    assert console.process.wait(20) == 128 + number
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()


@pytest.mark.parametrize("told", [True, False], ids=["with SIGHUP", "without a signal"])
def test_a_terminal_that_disappears_ends_the_console(console: PtyConsole, port: int, told: bool) -> None:
    connect(port).close()
    ends = time.monotonic() + 20
    while console.seen < 4000 and time.monotonic() < ends:
        time.sleep(0.02)
    console.hang_up()
    if told:
        console.process.send_signal(signal.SIGHUP)
    assert console.process.wait(20) != 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_console_whose_terminal_does_not_read(
    tmp_path: Path, port: int, number: signal.Signals
) -> None:
    site = tmp_path / "stalled.yaml"
    site.write_text(SITE.format(port=port))
    console = PtyConsole(site, "--record", "run.jsonl")
    try:
        console.wait(b"bess-1")
        console.stall()
        for width in range(150, 200):  # each is drawn whole, more than a terminal and Textual's queue hold
            console.resize(width, 50)
            console.process.send_signal(signal.SIGWINCH)
            time.sleep(0.02)
        console.process.send_signal(number)
        assert console.process.wait(20) == 128 + number
    finally:
        console.close()
    assert b'"end"' in (tmp_path / "run.jsonl").read_bytes().splitlines()[-1]
