"""A served plant and a raw client to it."""

from collections.abc import AsyncIterator

import pytest

from tests.protocols.modbus.plant import Plant, RawClient, connect, serving
from twin_tui.protocols.modbus.server import ModbusTcpServer


@pytest.fixture
def plant() -> Plant:
    return Plant(identity={0: "Twin", 1: "BAT-10", 2: "1.0", 4: "Battery", 0x80: "x" * 200, 0x81: "y" * 100})


@pytest.fixture
async def server(plant: Plant) -> AsyncIterator[ModbusTcpServer]:
    async with serving({1: plant}) as running:
        yield running


@pytest.fixture
async def client(server: ModbusTcpServer) -> AsyncIterator[RawClient]:
    raw = await connect(server)
    yield raw
    raw.writer.close()
