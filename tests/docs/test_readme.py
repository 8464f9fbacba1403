"""What the README shows works."""

import re
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pymodbus.client import AsyncModbusTcpClient

from twin_tui import Twin
from twin_tui.cli.check import check_file
from twin_tui.cli.main import cli
from twin_tui.documents.shipped import shipped_names
from twin_tui.engine.device import Status

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
CLIENT = re.findall(r"^    (mbpoll .*?)\s+# ", PAGE, re.MULTILINE)
COMMANDS = re.findall(r"^    twin-tui ((?:run|replay) .*?)(?:\s+# .*)?$", PAGE, re.MULTILINE)
(SITE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(TEST,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

ON_FREE_PORTS = """
from dataclasses import replace
from twin_tui.cli.main import main
from twin_tui.twin import Twin
make = Twin.__init__
def on_free_ports(twin, *args, **options):
    make(twin, *args, **options)
    for wire in twin.links.modbus:
        wire.endpoint = replace(wire.endpoint, port=0)
Twin.__init__ = on_free_ports
main()
"""


def demo_on_free_ports() -> Twin:
    """Return the demo site as it is but for its ports."""
    twin = Twin.from_file("demo")
    twin.advance(1)
    for wire in twin.links.modbus:
        wire.endpoint = replace(wire.endpoint, port=0)  # type: ignore[type-var]
    return twin


async def test_the_register_numbers_of_the_first_contact_are_right() -> None:
    assert [re.findall(r"-r (\d+)", line)[0] for line in CLIENT] == ["32002", "10126", "10059"]
    twin = demo_on_free_ports()
    await twin.start(paced=False)
    client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port)  # type: ignore[union-attr]
    try:
        await client.connect()
        assert (await client.read_input_registers(32002)).registers == [550]
        assert not (await client.write_registers(10126, [0xFFFF, 0x10000 - 50])).isError()
        twin.advance(2)
        assert (await client.read_input_registers(10059, count=2)).registers == [0xFFFF, 0x10000 - 50]
    finally:
        client.close()
        await twin.stop()


def test_the_sag_of_the_page_trips_battery_and_pv_for_a_minute() -> None:
    twin = Twin.from_file("demo")
    twin.inject("5s sag 0.7 4s")
    twin.advance(9.5)
    both = [twin.device("battery"), twin.device("pv")]
    assert all(device.status in (Status.TRIPPED, Status.WAITING) for device in both)
    twin.advance(50)
    assert not any(device.status is Status.RUNNING for device in both)
    twin.advance(20)
    assert all(device.status is Status.RUNNING for device in both)


@pytest.mark.parametrize("line", [line for line in COMMANDS if "--headless" in line])
def test_each_command_of_the_page_runs(line: str, tmp_path: Path) -> None:
    words = shlex.split(line.replace("1d", "10m"))
    ends = "--speed" in words
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", ON_FREE_PORTS, *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    if not ends:
        assert re.fullmatch(r"Modbus TCP on 127.0.0.1:\d+ .*battery.*\n", process.stdout.readline())
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == (0 if ends else 130), output
    assert ":5022" not in output
    for option in ("--capture", "--junit", "--record"):
        if option in words:
            assert (tmp_path / words[words.index(option) + 1]).stat().st_size


def test_the_recording_of_the_page_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recording = next(line for line in COMMANDS if "--record" in line)
    assert CliRunner().invoke(cli, [*shlex.split(recording), "--no-servers"]).exit_code == 0
    replay = next(line for line in COMMANDS if line.startswith("replay"))
    done = CliRunner().invoke(cli, shlex.split(replay))
    assert done.exit_code == 0, done.output


def test_the_site_of_the_page_is_fit_to_use_and_its_test_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    monkeypatch.chdir(tmp_path)
    assert check_file("site.yaml") == ("site", [])
    scope: dict[str, Any] = {}
    exec(TEST, scope)
    scope["test_my_strategy_fills_the_battery"]()


def test_the_shipped_sites_are_those_of_the_page() -> None:
    listed = re.search(r"Shipped sites to start from:(.*?)\.\n", PAGE, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(shipped_names("sites"))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.stem
)
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
