"""mbpoll, the command-line client of libmodbus."""

import asyncio
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.test_readme import CLIENT, demo_on_free_ports
from tests.protocols.modbus.plant import HOLDING, Plant, serving
from twin_tui.protocols.modbus.rtu import ModbusRtuServer

pytestmark = pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed")


async def mbpoll(*arguments: str) -> tuple[int, str]:
    """Run mbpoll (libmodbus) once; return its exit status and output."""
    process = await asyncio.create_subprocess_exec(
        "mbpoll", "-1", "-0", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def poll_everything(target: list[str], plant: Plant) -> None:
    status, output = await mbpoll("-t", "3", "-r", "5", "-c", "2", *target)
    assert status == 0
    assert "[5]: \t5" in output
    assert "[6]: \t6" in output
    status, output = await mbpoll("-t", "0", "-r", "0", "-c", "4", *target)
    assert [line.split("\t")[1] for line in output.splitlines() if line.startswith("[")] == list("1001")
    assert (await mbpoll("-t", "4", "-r", "20", *target, "7", "8"))[0] == 0
    assert [plant.get(HOLDING, n) for n in (20, 21)] == [7, 8]
    status, output = await mbpoll("-t", "3", "-r", "250", *target)
    assert "Illegal data address" in output


async def test_mbpoll_over_tcp(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        await poll_everything(["-p", str(server.port), "127.0.0.1"], plant)


async def test_mbpoll_on_a_line(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "tty"
    server = ModbusRtuServer(f"pty:{path}", {1: plant}, identities={1: plant.identity})
    await server.start()
    await poll_everything(["-m", "rtu", "-b", "115200", "-P", "none", str(path)], plant)
    await server.stop()


async def test_mbpoll_prints_what_the_page_says() -> None:
    twin = demo_on_free_ports()
    await twin.start(paced=False)
    port = twin.links.servers[0].port  # type: ignore[union-attr]
    printed = []
    try:
        for line in CLIENT:
            words = shlex.split(line.replace("5021", str(port)))
            done = await asyncio.to_thread(
                subprocess.run, words, capture_output=True, text=True, timeout=20, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            printed.append(done.stdout)
            twin.advance(2)
    finally:
        await twin.stop()
    assert re.search(r"\[32002\]:\s+550", printed[0])
    assert "Written 1 references" in printed[1]
    assert re.search(r"\[10059\]:\s+-50", printed[2])
