"""Unedited Node clients."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.protocols.modbus.plant import Plant, serving

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / ".venv-clients" / "node" / "node_modules"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.parametrize("package", ["modbus-serial", "jsmodbus"])
async def test_a_node_client_reads_writes_and_gets_the_right_exception(package: str) -> None:
    plant = Plant(identity={0: "Twin", 1: "BAT-10", 2: "1.0"})
    async with serving({1: plant}) as server:
        process = await asyncio.create_subprocess_exec(
            "node",
            HERE / "node" / f"{package}.js",
            str(server.port),
            env={"NODE_PATH": str(MODULES), **os.environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
