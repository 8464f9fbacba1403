"""RTU framing on a pseudo terminal and over TCP, by raw bytes."""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.protocols.modbus.plant import (
    ANSWER_S,
    HOLDING,
    INPUT,
    Master,
    Plant,
    connect,
    read,
    rtu,
    serving,
    until,
    write_registers,
)
from twin_tui.errors import LinkError
from twin_tui.protocols.modbus.crc import crc16
from twin_tui.protocols.modbus.endpoints import SerialOptions
from twin_tui.protocols.modbus.memory import Limits
from twin_tui.protocols.modbus.rtu import LineState, ModbusRtuServer

GAP_S = 0.02


@pytest.fixture
def two(plant: Plant) -> Plant:
    """The second unit of the line: input register n holds 500 + n."""
    second = Plant()
    for n in range(200):
        second.put(INPUT, n, 500 + n)
    return second


@pytest.fixture
async def line(plant: Plant, two: Plant, tmp_path: Path) -> AsyncIterator[ModbusRtuServer]:
    server = ModbusRtuServer(
        f"pty:{tmp_path}/tty", {1: plant, 2: two}, identities={1: plant.identity}, gap_s=GAP_S
    )
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def master(line: ModbusRtuServer) -> AsyncIterator[Master]:
    opened = Master(line.line.removeprefix("pty:"))
    yield opened
    opened.close()


GOOD = rtu(read(4, 3, 1))
GOOD_ANSWER = rtu(b"\x04\x02\x00\x03")


def test_the_crc_is_that_of_the_modbus_specification() -> None:
    # The example of the serial line specification and the check value of the CRC catalogue.
    assert crc16(b"\x02\x07") == 0x1241
    assert crc16(b"123456789") == 0x4B37


async def test_each_unit_of_a_line_serves_its_own_registers(master: Master) -> None:
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)
    master.send(rtu(read(4, 3, 1), unit=2))
    await master.expect(rtu(b"\x04\x02" + (503).to_bytes(2, "big"), unit=2))


async def test_functions_and_exceptions_work_on_a_line(master: Master, plant: Plant) -> None:
    for request, answer in [
        (write_registers(5, 7, 8), struct.pack(">BHH", 16, 5, 2)),
        (read(3, 5, 2), b"\x03\x04\x00\x07\x00\x08"),
        (b"\x06\x00\x01\x00\x02", b"\x06\x00\x01\x00\x02"),
        (b"\x05\x00\x01\xff\x00", b"\x05\x00\x01\xff\x00"),
        (b"\x0f\x00\x00\x00\x02\x01\x03", b"\x0f\x00\x00\x00\x02"),
        (read(1, 0, 2), b"\x01\x01\x03"),
        (read(2, 0, 4), b"\x02\x01\x09"),
        (b"\x16\x00\x01\xff\xff\x00\x00", b"\x16\x00\x01\xff\xff\x00\x00"),
        (struct.pack(">BHHHHBH", 23, 1, 1, 2, 1, 2, 9), b"\x17\x02\x00\x02"),
        (b"\x2b\x0e\x04\x00", b"\x2b\x0e\x04\x83\x00\x00\x01\x00\x04Twin"),
        (read(4, 250, 1), b"\x84\x02"),
        (read(4, 0, 126), b"\x84\x03"),
        (b"\x41\x01\x02\x03", b"\xc1\x01"),
        (b"\x07", b"\x87\x01"),
    ]:
        master.send(rtu(request))
        await master.expect(rtu(answer))
    assert plant.writes[0].client.startswith("pty:")


async def test_other_units_and_bad_crc_get_no_response(master: Master, plant: Plant) -> None:
    master.send(rtu(write_registers(1, 5), unit=9))
    master.send(rtu(read(4, 0, 1), unit=9))
    master.send(rtu(write_registers(1, 5))[:-1] + b"\x00")
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)
    assert plant.writes == []


async def test_a_broadcast_is_executed_by_all_and_answered_by_none(
    master: Master, plant: Plant, two: Plant
) -> None:
    master.send(rtu(write_registers(1, 5), unit=0))
    master.send(rtu(read(4, 0, 1), unit=0))
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)
    assert plant.get(HOLDING, 1) == two.get(HOLDING, 1) == 5


async def test_requests_in_one_piece_are_answered_in_order(master: Master) -> None:
    master.send(GOOD * 5)
    await master.expect(GOOD_ANSWER * 5)


async def test_a_request_in_single_bytes_is_one_request(master: Master, line: ModbusRtuServer) -> None:
    for count, byte in enumerate(GOOD, 1):
        seen_s = line.link.last_seen_s
        master.send(bytes([byte]))
        if count < len(GOOD):
            await until(lambda seen_s=seen_s: line.link.last_seen_s != seen_s)
    await master.expect(GOOD_ANSWER)


@pytest.mark.parametrize(
    "half",
    [
        GOOD[:4],
        GOOD[:1],
        rtu(write_registers(0, *range(100)))[:50],
        b"\x01\x10\x00\x00\x00\x7b\xf6",
        b"\x00",
        b"\xff\xff\xff\x55",
        b"\x01\x41\x00",
        bytes(300),
        bytes(range(256)),
    ],
)
async def test_a_valid_request_right_after_half_a_frame_is_answered(master: Master, half: bytes) -> None:
    master.send(half + GOOD)
    await master.expect(GOOD_ANSWER)
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)


async def test_half_a_frame_is_dropped_after_a_pause(master: Master, line: ModbusRtuServer) -> None:
    master.send(rtu(write_registers(0, *range(100)))[:50])
    await until(lambda: line.link._rest)
    await until(lambda: not line.link._rest)
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)


@pytest.fixture
async def patient(plant: Plant, tmp_path: Path) -> AsyncIterator[Master]:
    """A master on a line that waits an hour for the rest of a frame."""
    server = ModbusRtuServer(
        f"pty:{tmp_path}/patient", {1: plant}, options=SerialOptions(timeout_s=3600.0), gap_s=GAP_S
    )
    await server.start()
    opened = Master(f"{tmp_path}/patient")
    opened.send(GOOD[:3])
    await until(lambda: server.link._rest)
    silent_at_s = asyncio.get_running_loop().time() + 2 * GAP_S
    await until(lambda: asyncio.get_running_loop().time() > silent_at_s)
    yield opened
    opened.close()
    await server.stop()


async def test_the_wait_for_the_rest_of_a_frame_is_the_timeout_of_the_line(patient: Master) -> None:
    patient.send(GOOD[3:])
    await patient.expect(GOOD_ANSWER)


async def test_a_complete_frame_after_a_pause_replaces_half_a_frame(patient: Master, plant: Plant) -> None:
    long = rtu(write_registers(0, *range(100)))
    patient.send(rtu(write_registers(1, 5)))
    await patient.expect(rtu(b"\x10\x00\x01\x00\x01"))
    patient.send(long[:50])
    paused_at_s = asyncio.get_running_loop().time() + 2 * GAP_S
    await until(lambda: asyncio.get_running_loop().time() > paused_at_s)
    patient.send(GOOD)
    await patient.expect(GOOD_ANSWER)
    patient.send(long)
    await patient.expect(rtu(b"\x10\x00\x00\x00\x64"))
    assert plant.get(HOLDING, 99) == 99


async def test_the_answers_of_other_units_are_ignored(master: Master, plant: Plant) -> None:
    for request, answer in [
        (read(3, 0, 1), b"\x03\x02\x00\x01"),
        (read(4, 0, 125), b"\x04\xfa" + GOOD + bytes(242)),
        (read(1, 0, 3), b"\x01\x01\x05"),
        (write_registers(4, 1), b"\x10\x00\x04\x00\x01"),
        (read(3, 9, 1), b"\x83\x02"),
        (b"\x2b\x0e\x04\x00", b"\x2b\x0e\x04\x83\x00\x00\x01\x00\x01A"),
    ]:
        master.send(rtu(request, unit=9) + rtu(answer, unit=9))
        master.send(GOOD)
        await master.expect(GOOD_ANSWER)
    assert plant.writes == []


async def test_the_line_stays_open_when_clients_disconnect(line: ModbusRtuServer) -> None:
    path = line.line.removeprefix("pty:")
    for _ in range(3):
        master = Master(path)
        master.send(GOOD)
        await master.expect(GOOD_ANSWER)
        master.close()
    assert line.state is LineState.OPEN


async def test_the_link_is_removed_with_the_line_and_replaces_an_older_link(
    plant: Plant, tmp_path: Path
) -> None:
    path = tmp_path / "tty"
    path.symlink_to("/nowhere")
    server = ModbusRtuServer(f"pty:{path}", {1: plant})
    await server.start()
    assert path.readlink() != Path("/nowhere")
    await server.stop()
    assert not path.is_symlink()
    assert server.state is LineState.CLOSED
    await server.start()
    assert path.is_symlink()
    await server.stop()


async def test_a_file_is_never_replaced_by_a_link(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(LinkError, match=r"notes\.txt.*existing file"):
        await ModbusRtuServer(f"pty:{path}", {1: plant}).start()
    assert path.read_text() == "mine"
    with pytest.raises(LinkError, match=r"could not create pty:.*: No such file or directory"):
        await ModbusRtuServer(f"pty:{tmp_path}/no/such/tty", {1: plant}).start()


async def test_a_missing_serial_device_is_one_clear_message(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=f"{tmp_path}/ttyUSB0: no such serial device"):
        await ModbusRtuServer(f"{tmp_path}/ttyUSB0", {1: plant}).start()


class Adapter:
    """A USB adapter replaced by a pseudo terminal, which can be unplugged and plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.near, self.far = os.openpty()
        os.set_blocking(self.near, False)
        self.path.symlink_to(os.ttyname(self.far))

    def pull(self) -> None:
        self.path.unlink()
        os.close(self.far)
        os.close(self.near)

    async def ask(self, data: bytes, count: int) -> bytes:
        os.write(self.near, data)
        received = b""
        async with asyncio.timeout(ANSWER_S):
            while len(received) < count:
                with contextlib.suppress(BlockingIOError):
                    received += os.read(self.near, 4096)
                await asyncio.sleep(0)
        return received


async def test_a_lost_line_is_served_again_when_it_returns(plant: Plant, tmp_path: Path) -> None:
    adapter = Adapter(tmp_path / "ttyUSB0")
    states: list[LineState] = []
    server = ModbusRtuServer(str(adapter.path), {1: plant}, retry_s=0.001, on_state=states.append)
    await server.start()
    assert await adapter.ask(GOOD, len(GOOD_ANSWER)) == GOOD_ANSWER
    adapter.pull()
    await until(lambda: server.state is LineState.LOST)
    await until(lambda: "no such serial device" in server.problem)
    adapter.plug()
    await until(lambda: server.state is LineState.OPEN)
    assert await adapter.ask(GOOD, len(GOOD_ANSWER)) == GOOD_ANSWER
    await server.stop()
    assert states == [LineState.OPEN, LineState.LOST, LineState.OPEN, LineState.CLOSED]
    adapter.pull()


async def test_a_server_with_a_lost_line_can_be_stopped(plant: Plant, tmp_path: Path) -> None:
    adapter = Adapter(tmp_path / "ttyUSB0")
    server = ModbusRtuServer(str(adapter.path), {1: plant}, retry_s=0.001)
    await server.start()
    adapter.pull()
    await until(lambda: server.state is LineState.LOST)
    await server.stop()
    assert server.state is LineState.CLOSED


async def test_rtu_over_tcp_keeps_the_rules_of_a_line(plant: Plant, two: Plant) -> None:
    async with serving({1: plant, 2: two}, framing="rtu") as server:
        client = await connect(server)
        client.send(rtu(read(4, 0, 1), unit=9) + rtu(write_registers(1, 5), unit=0) + GOOD[:3])
        await client.writer.drain()
        client.send(GOOD[3:] + GOOD)
        assert await client.take(2 * len(GOOD_ANSWER)) == 2 * GOOD_ANSWER
        assert plant.get(HOLDING, 1) == two.get(HOLDING, 1) == 5
        client.writer.close()


async def test_a_busy_line_over_tcp_answers_busy(plant: Plant) -> None:
    async with serving({1: plant}, framing="rtu", max_clients=1, policy="busy") as server:
        first, second = await connect(server), await connect(server)
        await until(lambda: len(server.links) == 2)
        second.send(GOOD)
        assert await second.take(5) == rtu(b"\x84\x06")
        first.writer.close()
        second.writer.close()


async def test_limits_apply_on_a_line_too(tmp_path: Path) -> None:
    plant = Plant(limits=Limits(functions=frozenset({4})))
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=GAP_S)
    await server.start()
    master = Master(f"{tmp_path}/tty")
    master.send(rtu(b"\x06\x00\x00\x00\x00"))
    await master.expect(rtu(b"\x86\x01"))
    master.close()
    await server.stop()
