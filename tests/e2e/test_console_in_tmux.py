"""The console as a user has it: in a terminal, beside an EMS in another process."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tmux_console import TMUX, TmuxConsole

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed: apt install tmux")

SITE = """
name: bench
seed: 1
assets:
  - {{name: bess-1, type: battery, capacity_kwh: 30, initial_soc: 50, max_charge_kw: 15, max_discharge_kw: 15,
     started: true, protocols: [{{kind: modbus_tcp, port: {port}}}]}}
  - {{name: load, type: load, base_kw: 4}}
"""
EMS = """
import sys
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]))
assert client.connect()
print(client.socket.getsockname()[1], flush=True)
assert not client.write_registers(10126, [0xFFFF, 0xFFCE]).isError()
print("written", flush=True)
sys.stdin.readline()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def console(tmp_path: Path, port: int) -> Iterator[TmuxConsole]:
    site = tmp_path / "bench.yaml"
    site.write_text(SITE.format(port=port))
    started = TmuxConsole(site, tmp_path)
    try:
        started.wait("bess-1")
        yield started
    finally:
        started.close()


def seconds_shown(screen: str) -> float:
    """Return the simulated time of the status bar."""
    found = re.search(r" t (\d+):(\d+):(\d+\.\d)", screen)
    assert found is not None, screen
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def test_the_screen_shows_who_wrote_which_register_and_what_followed(console: TmuxConsole, port: int) -> None:
    ems = subprocess.Popen(
        [sys.executable, "-c", EMS, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert ems.stdout is not None
        client = f"127.0.0.1:{ems.stdout.readline().strip()}"
        assert ems.stdout.readline().strip() == "written"
        console.wait("1 client")
        console.press("r")
        console.wait("U Release")
        console.press("/")
        console.type("10126")
        console.press("Enter")
        row = re.compile(rf"10126 .*-5\.0 kW +W \d\.\ds {re.escape(client)}")
        console.wait(lambda screen: row.search(screen) is not None)
        console.wait(lambda screen: re.search(r"P 0\.00 → -5\.00 kW after \d", screen) is not None)
        console.press("q")
        console.wait("1 client is connected and would lose the twin")
        console.press("Enter")
        console.wait(lambda screen: "would lose" not in screen and "10126" in screen)
    finally:
        ems.kill()
        ems.wait()


def test_a_sag_from_the_dialog_reaches_the_physics_and_ends_by_itself(console: TmuxConsole) -> None:
    console.press("v")
    console.wait("sag to 0.70 pu for 2 s")
    console.press("Enter")
    console.press("Enter")
    console.wait("U 0.70 pu SAG")
    console.wait(lambda screen: "U 1.00 pu" in screen and "has ended" in screen)


def test_time_stands_still_steps_and_runs_at_sixty(console: TmuxConsole) -> None:
    console.press("p")
    before = seconds_shown(console.wait("PAUSED"))
    console.press("n")
    console.wait(lambda screen: round(seconds_shown(screen) - before, 1) >= 0.1 and "PAUSED" in screen)
    assert seconds_shown(console.screen()) - before < 1.0
    console.press(":")
    console.type("speed 60")
    console.press("Enter")
    console.wait("speed x60")
    console.press("p")
    console.wait("RUN x60")
    console.wait(lambda screen: seconds_shown(screen) > before + 30)


def test_a_mode_is_selected_by_key(console: TmuxConsole) -> None:
    console.press("s")
    console.wait("Operation mode")
    console.wait(":mode bess-1 IDLE")
    console.press("Down")
    console.wait(":mode bess-1 SELF_CONSUMPTION")
    console.press("Enter")
    console.press("Enter")
    console.wait("mode SELF_CONSUMPTION")
    console.press("S")
    console.wait(lambda screen: "steered by a mode" in screen)


def test_resizing_down_to_nothing_and_back_keeps_the_twin_running(console: TmuxConsole) -> None:
    before = seconds_shown(console.screen())
    for size in ((160, 48), (40, 10), (3, 3), (250, 70)):
        console.resize(*size)
    console.resize(30, 8)
    console.wait("Too small")
    console.resize(80, 24)
    after = console.wait(lambda screen: "bess-1" in screen and "events" in screen)
    assert seconds_shown(after) > before


def test_quitting_restores_the_terminal_with_exit_code_0(console: TmuxConsole) -> None:
    console.press("q")
    shown = console.wait("SHELL IS BACK")
    assert console.exit_file.read_text().strip() == "0"
    assert " echo " in shown
    assert "icanon" in shown
    assert "-icanon" not in shown
    assert shown.startswith("speed"), "nothing is printed before what stty prints"


def test_keys_in_bursts_and_pasted_junk_do_no_harm(console: TmuxConsole) -> None:
    console.type("zzz;;'\"!!@@##$$%%^^&&**(())XXYY<<>>{}[]\\|``~~")
    console.press("Escape", "Escape", "Escape")
    console.type(":sag grid nan -1s 9e99")
    console.press("Enter")
    console.wait("expected a number")
    console.press("Escape")
    console.type("o")
    console.wait(lambda screen: "bess-1" in screen and "events" in screen)


def test_keys_that_arrive_together_reach_the_views_that_those_before_them_opened(
    console: TmuxConsole,
) -> None:
    console.type("v\r\r")
    console.wait("U 0.70 pu SAG")
    console.wait("U 1.00 pu")
    console.type(":sag 0.9 1s\r:mark hello\r")
    console.wait(lambda screen: "sag to 0.90 pu for 1 s" in screen and "hello" in screen)
    console.type("v\t5s\r\r")
    console.wait("sag to 0.70 pu for 5 s")


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"PYTHONIOENCODING": "latin-1"}]
)
def test_poor_terminals_show_the_site_too(tmp_path: Path, port: int, environment: dict[str, str]) -> None:
    site = tmp_path / "bench.yaml"
    site.write_text(SITE.format(port=port))
    console = TmuxConsole(site, tmp_path, **environment)
    try:
        console.wait("bess-1")
        console.press("Enter")
        console.wait("active_power_w")
        console.press("r")
        console.wait("10055")
    finally:
        console.close()
