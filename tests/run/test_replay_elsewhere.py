"""A recording replays where it was not made: on another Python, and without the console and the clients."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from tests.run.test_replay import a_run
from twin_tui import Twin
from twin_tui.commands.parser import parse
from twin_tui.engine.view import StartRecording, StopRecording, ViewRequest
from twin_tui.session.local import LocalSession

RUNS = int(os.environ.get("TWIN_REPLAYS", "10"))
ROOT = Path(__file__).parents[2]
REPLAY = """
import sys
from pathlib import Path
from twin_tui import Twin
for path in sorted(Path(sys.argv[1]).iterdir()):
    for difference in Twin.replay(path):
        sys.exit(f"{path.name}: {difference}")
print(sys.version_info[:2], len(list(Path(sys.argv[1]).iterdir())), "replayed")
"""


def other_python() -> str:
    """Return another version of Python that has what the package needs: OTHER_PYTHON, or one of the PATH."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = [f"python3.{minor}" for minor in (11, 12, 13) if f"3.{minor}" != version]
    for found in (os.environ.get("OTHER_PYTHON"), *map(shutil.which, names)):
        probe = [found or "", "-c", "import twin_tui.config"]
        if found and not subprocess.run(probe, check=False, cwd=ROOT, stderr=subprocess.DEVNULL).returncode:
            return found
    return ""


def test_any_recording_replays_on_another_python(tmp_path: Path) -> None:
    other = other_python()
    if not other:
        pytest.skip("no other Python with the dependencies; OTHER_PYTHON names one")
    folder = tmp_path / "recordings"
    folder.mkdir()
    for seed in range(RUNS):
        a_run(random.Random(seed), folder / f"{seed}.jsonl{'.gz' if seed % 3 == 0 else ''}")
    command = [other, "-c", REPLAY, str(folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{RUNS} replayed" in done.stdout


@pytest.mark.parametrize("speed", [50.0, float("inf")])
async def test_a_run_with_console_and_polling_clients_replays_without_them(
    tmp_path: Path, speed: float
) -> None:
    path = tmp_path / "run.jsonl"
    asset: dict[str, Any] = {"type": "battery", "name": "bess", "port": 0, "register_map": "bess_modbus.yaml"}
    site = {"name": "any", "assets": [asset, {"type": "load", "name": "house"}], "real_time": True}
    twin = Twin.from_dict(site, speed=speed)
    session = LocalSession(twin)
    async with twin:
        client = AsyncModbusTcpClient("127.0.0.1", port=twin.port("bess"))
        assert await client.connect()
        await client.write_register(10055, 1)
        await session.send(StartRecording(str(path)))
        for number, line in enumerate(
            ("sag 0.8 1s", "write bess active_power_setpoint_w 2kW", "mark it", "clear")
        ):
            await session.send(parse(line, session.site))
            for _ in range(5):
                assert not (await client.read_input_registers(32002)).isError()
                await session.frame(ViewRequest(device="bess", registers=(0, 1, 2)))
            await client.write_registers(10126, [0, 1000 * number])
            await twin.run(0.5)
        client.close()
        await session.send(StopRecording())
    assert list(Twin.replay(path)) == []
    assert path.read_text().count('"Write"') >= 5
