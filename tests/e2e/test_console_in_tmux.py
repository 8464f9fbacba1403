"""The console as a user has it: in a terminal, beside an EMS in another process.

One console serves all tests but those about how it starts and ends; each test begins on the overview, with
nothing injected.
"""

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tmux_console import TMUX, TmuxConsole
from tests.waiting import free_port

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed: apt install tmux")

SITE = """
name: bench
seed: 1
assets:
  - {{name: bess-1, type: battery, capacity_kwh: 30, initial_soc: 50, max_charge_kw: 15, max_discharge_kw: 15,
     grid_code: none, started: true, protocols: [{{kind: modbus_tcp, port: {port}}}]}}
  - {{name: load, type: load, base_kw: 4}}
  - {{name: meter, type: energy_meter}}
  - {{name: bess-4, type: battery, capacity_kwh: 10, grid_code: none}}
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
SETTINGS = """
theme = "nrod"
[keys]
inject = "ctrl+n"
injct = "x"
"""
TICK = re.compile(r"^ *(-?\d+(?:\.\d+)?)[┤┼]")


def bench(folder: Path, port: int) -> Path:
    site = folder / "bench.yaml"
    site.write_text(SITE.format(port=port))
    return site


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tmux")


@pytest.fixture(scope="module")
def started(folder: Path, port: int) -> Iterator[TmuxConsole]:
    console = TmuxConsole(bench(folder, port), folder)
    try:
        console.wait("bess-1")
        yield console
    finally:
        console.close()


MARKS = itertools.count(1)


@pytest.fixture
def console(started: TmuxConsole) -> TmuxConsole:
    """The console on its overview at 80x24, in real time, with nothing injected, and the battery at rest."""
    started.resize(80, 24)
    started.press("Escape", "Escape", "Escape")
    begin = f"test {next(MARKS)} begins"
    lines = ("clear", "run", "speed 1", "mode bess-1 off", "write bess-1 active_power_setpoint_w 0", "panes")
    started.type("".join(f":{line}\r" for line in (*lines, f"mark {begin}")))
    started.type("1")
    started.wait(lambda screen: begin in screen and "RUN x1 " in screen and "U 1.00 pu" in screen)
    return started


def seconds_shown(screen: str) -> float:
    """Return the simulated time of the status bar."""
    found = re.search(r" t (\d+):(\d+):(\d+\.\d)", screen)
    assert found is not None, screen
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def test_the_screen_shows_who_wrote_which_register_and_what_followed(console: TmuxConsole, port: int) -> None:
    console.wait(lambda screen: re.search(r"bess-1 RUN +0\.00 ", screen) is not None)
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
        # on a busy machine the write may be old by now, and its age needs room that the address has at first
        row = re.compile(rf"10126 .*-5\.0 kW .*W [\d.]+s \S*:{client.rpartition(':')[2]}\b")
        console.wait(lambda screen: row.search(screen) is not None and client in screen)
        console.wait(lambda screen: re.search(r"P 0\.00 → -5\.00 kW after \d", screen) is not None)
        console.press("Escape")
        console.wait("10055")  # a key at once after Escape would be one with Alt
        console.press("l")
        written = re.compile(r"10126 on_g\S+ 0\.0 → -5\.0 kW")  # shorter once it has an effect
        console.wait(lambda screen: written.search(screen) is not None)
        console.resize(60, 12)
        console.wait(lambda screen: "→ -5.0 kW" in screen and "10126" in screen)
        console.resize(80, 24)
        console.press("q")
        console.wait("1 client is connected and would lose the twin")
        console.press("Enter")
        console.wait(lambda screen: "would lose" not in screen and "10126" in screen)
    finally:
        ems.kill()
        ems.wait()


def test_a_register_says_which_mode_set_its_value(console: TmuxConsole) -> None:
    console.type(":mode bess-1 SELF_CONSUMPTION\rr")
    console.wait("U Release")
    console.type("/10126\r")
    console.wait(lambda screen: "mode SELF_CONSUMPTION" in screen)
    console.press("Escape")


def test_the_ticks_of_the_chart_are_round_and_on_their_rows(console: TmuxConsole) -> None:
    console.type(":write bess-1 active_power_setpoint_w 5kW\r")
    console.wait(lambda screen: re.search(r"bess-1 RUN +5\.00 ", screen) is not None)
    shown = console.wait(lambda screen: sum(map(bool, map(TICK.match, screen.splitlines()))) >= 2)
    ticks = [(y, float(found[1])) for y, line in enumerate(shown.splitlines()) if (found := TICK.match(line))]
    assert 0.0 in [value for _, value in ticks]
    steps = {round((a - b) / (y - x), 9) for (x, a), (y, b) in itertools.pairwise(ticks)}
    assert len(steps) == 1, f"the same distance everywhere: {ticks}"
    (step,) = steps
    assert f"{step:e}"[0] in "125" or {value % 1 for _, value in ticks} <= {0.0, 0.5}, ticks


def test_a_sparkline_hangs_where_the_battery_charges_and_its_range_is_written(console: TmuxConsole) -> None:
    console.type(":write bess-1 active_power_setpoint_w -6kW\r")
    console.wait(lambda screen: re.search(r"bess-1 RUN +-6\.00 ", screen) is not None)
    row = next(line for line in console.screen(styles=True).splitlines() if "bess-1" in line)
    assert "±" in row
    assert re.search(r"\x1b\[(?:\d+;)*7(?:;\d+)*m(?:\x1b\[[34]8[\d;]*m)*[▁▂▃▄▅▆▇█]", row), repr(row)


def test_the_device_screen_shows_the_device_that_it_names(console: TmuxConsole) -> None:
    console.press("Enter")
    console.wait(lambda screen: screen.splitlines()[1].startswith(" bess-1 Battery"))
    console.press("Escape", "Down", "Down", "Down", "Enter")
    shown = console.wait(lambda screen: screen.splitlines()[1].startswith(" bess-4 Battery"))
    assert "bess-1 Battery" not in shown


def test_a_field_shows_its_name_from_the_start(console: TmuxConsole) -> None:
    console.type("W")
    console.wait("Write a command")
    console.press("BTab")
    console.type("reactive_power_setpoint\t")
    shown = console.wait("reactive_power_setpoint_var")
    assert not re.search(r"(?<!re)active_power_setpoint_var", shown)
    console.press("Escape")


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
    console.wait(":mode bess-1 off")
    for mode in ("IDLE", "SELF_CONSUMPTION"):
        console.press("Down")
        console.wait(f":mode bess-1 {mode}")
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


def test_keys_in_bursts_and_pasted_junk_do_no_harm(console: TmuxConsole, folder: Path) -> None:
    console.type("zzz;;'\"!!@@##$$%%^^&&**(())XXYY<<>>{}[]\\|``~~")
    console.press("Escape", "Escape", "Escape")
    console.paste(b"\xff\xa0 \xe4\x9b[M \xff!", folder / "bytes")
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


def test_a_click_on_a_hint_of_the_footer_does_what_its_key_does(console: TmuxConsole) -> None:
    console.wait("r Registers")
    console.click("Registers")
    console.wait("10055")
    console.wait("o Overview")
    console.click("Overview")
    console.wait("events")


def test_panes_are_chosen_and_remembered_outside_of_the_working_folder(
    console: TmuxConsole, folder: Path
) -> None:
    before = {file.name for file in folder.iterdir()}
    console.type("P")
    console.wait("[ ] registers")
    console.type("registers\r")
    console.wait("[x] registers")
    console.press("Escape")
    console.wait("10055")
    assert {file.name for file in folder.iterdir()} == before
    (remembered,) = (folder / "state" / "twin-tui" / "overviews").iterdir()
    assert "registers" in remembered.read_text()


def opened(folder: Path, **environment: str) -> TmuxConsole:
    """Return a console of its own, as soon as it shows its site."""
    console = TmuxConsole(bench(folder, free_port()), folder, **environment)
    try:
        console.wait("bess-1")
    except BaseException:
        console.close()
        raise
    return console


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"PYTHONIOENCODING": "latin-1"}], ids=str
)
def test_poor_terminals_show_the_site_too_and_are_restored(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    console = opened(tmp_path, **environment)
    try:
        console.press("Enter")
        console.wait("active_power_w")
        console.press("r")
        console.wait("10055")
        console.press("q")
        shown = console.wait("SHELL IS BACK")
        assert console.exit_file.read_text().strip() == "0"
        assert " echo " in shown
        assert "icanon" in shown
        assert "-icanon" not in shown
        assert shown.startswith("speed"), "nothing is printed before what stty prints"
    finally:
        console.close()


def test_mistakes_in_the_users_file_are_shown_logged_and_left_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "twin-tui").mkdir()
    (tmp_path / "twin-tui" / "console.toml").write_text(SETTINGS)
    console = opened(tmp_path)
    try:
        shown = console.wait("1 more in the log (l)")
        assert "nord?" in shown
        assert "^n Inject" in shown or "ctrl+n Inject" in shown, "hints show the user's keys"
        console.resize(240, 24)
        console.press("l")
        console.wait("console.toml:5: keys.injct: unknown action 'injct'; did you mean inject?")
        console.press("q")
        shown = console.wait("SHELL IS BACK")
        assert console.exit_file.read_text().strip() == "0"
        assert shown.count("twin-tui: ") == 2
    finally:
        console.close()
