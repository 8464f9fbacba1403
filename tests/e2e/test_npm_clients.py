"""Unmodified Node clients: run where Node is there and `npm install` was done in tests/e2e/npm."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.protocols.modbus.plant import Plant, serving

SCRIPTS = Path(__file__).parent / "npm"


def node_with(package: str) -> str:
    """Return the Node program that finds a package, or skip the test."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    found = subprocess.run(
        [node, "-e", f"require.resolve('{package}')"], cwd=SCRIPTS, capture_output=True, check=False
    )
    if found.returncode:
        pytest.skip(f"{package} is not installed: npm install in {SCRIPTS.name}, or set NODE_PATH")
    return node


@pytest.mark.parametrize("package", ["modbus-serial", "jsmodbus"])
async def test_a_node_client_reads_writes_and_gets_the_right_exception(package: str) -> None:
    node = node_with(package)
    plant = Plant(identity={0: "Twin", 1: "BAT-10", 2: "1.0"})
    async with serving({1: plant}) as server:
        process = await asyncio.create_subprocess_exec(
            node,
            f"{package}.js",
            str(server.port),
            cwd=SCRIPTS,
            env=dict(os.environ),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
