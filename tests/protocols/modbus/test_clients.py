"""Unmodified clients read, write, read back and get the right exception."""

import asyncio
from pathlib import Path

import minimalmodbus
import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from tests.protocols.modbus.plant import HOLDING, Plant, serving
from twin_tui.protocols.modbus.rtu import ModbusRtuServer

PymodbusClient = AsyncModbusTcpClient | AsyncModbusSerialClient


async def exercise(client: PymodbusClient, plant: Plant) -> None:
    """Use every function through pymodbus."""
    assert await client.connect()
    assert (await client.read_input_registers(5, count=3)).registers == [5, 6, 7]
    assert (await client.read_coils(0, count=4)).bits[:4] == [True, False, False, True]
    assert (await client.read_discrete_inputs(3, count=2)).bits[:2] == [True, False]
    assert not (await client.write_register(10, 0xBEEF)).isError()
    assert not (await client.write_registers(11, [1, 2])).isError()
    assert (await client.read_holding_registers(10, count=3)).registers == [0xBEEF, 1, 2]
    assert not (await client.write_coil(1, True)).isError()
    assert not (await client.write_coils(4, [True, True])).isError()
    assert (await client.read_coils(0, count=6)).bits[:6] == [True, True, False, True, True, True]
    assert not (await client.mask_write_register(address=11, and_mask=0xFF00, or_mask=0x0042)).isError()
    assert plant.get(HOLDING, 11) == 0x42
    answer = await client.readwrite_registers(read_address=10, read_count=2, write_address=11, values=[7])
    assert answer.registers == [0xBEEF, 7]
    names = (await client.read_device_information(read_code=1, object_id=0)).information
    assert names == {0: b"Twin", 1: b"BAT-10", 2: b"1.0"}
    assert (await client.read_input_registers(250, count=1)).exception_code == 2
    assert (await client.write_register(10, 0xDEAD)).exception_code == 3
    client.close()


async def test_pymodbus_over_tcp(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        await exercise(AsyncModbusTcpClient("127.0.0.1", port=server.port), plant)


async def test_pymodbus_with_rtu_framing_over_tcp(plant: Plant) -> None:
    async with serving({1: plant}, framing="rtu") as server:
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port, framer=FramerType.RTU)
        await exercise(client, plant)


async def test_pymodbus_on_a_line(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "tty"
    server = ModbusRtuServer(f"pty:{path}", {1: plant}, identities={1: plant.identity})
    await server.start()
    await exercise(AsyncModbusSerialClient(str(path), baudrate=115_200), plant)
    await server.stop()


async def test_minimalmodbus_on_a_line(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "tty"
    server = ModbusRtuServer(f"pty:{path}", {17: plant}, identities={17: plant.identity})
    await server.start()

    def use() -> None:
        meter = minimalmodbus.Instrument(str(path), 17)
        meter.serial.baudrate = 115_200
        meter.serial.timeout = 2
        assert meter.read_register(5, functioncode=4) == 5
        meter.write_register(10, 77, functioncode=6)
        assert meter.read_register(10) == 77
        meter.write_float(12, 230.25)
        assert meter.read_float(12) == 230.25
        meter.write_bit(1, 1)
        assert meter.read_bits(0, 4, functioncode=1) == [1, 1, 0, 1]
        # It waits until its timeout for bytes that an exception does not have.
        meter.serial.timeout = 0.3
        with pytest.raises(minimalmodbus.IllegalRequestError):
            meter.read_register(250, functioncode=4)
        stranger = minimalmodbus.Instrument(meter.serial, 18)
        stranger.serial.timeout = 0.02
        with pytest.raises(minimalmodbus.NoResponseError):
            stranger.read_register(5, functioncode=4)
        meter.serial.timeout = 2
        assert meter.read_register(5, functioncode=4) == 5
        meter.serial.close()

    await asyncio.to_thread(use)
    await server.stop()
