"""Where RTU frames begin and end when several arrive in one piece, for each function."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.protocols.modbus.plant import (
    INPUT,
    Master,
    Plant,
    RawClient,
    connect,
    read,
    rtu,
    serving,
    until,
    write_registers,
)
from twin_tui.protocols.modbus.fault_rules import LinkRule
from twin_tui.protocols.modbus.rtu import ModbusRtuServer

GOOD, GOOD_ANSWER = rtu(read(4, 3, 1)), rtu(b"\x04\x02\x00\x03")
EXCHANGES = {
    1: (read(1, 0, 2), b"\x01\x01\x01"),
    2: (read(2, 0, 4), b"\x02\x01\x09"),
    3: (read(3, 5, 2), b"\x03\x04\x03\xed\x03\xee"),
    4: (read(4, 3, 1), b"\x04\x02\x00\x03"),
    5: (b"\x05\x00\x01\xff\x00", b"\x05\x00\x01\xff\x00"),
    6: (b"\x06\x00\x01\x00\x02", b"\x06\x00\x01\x00\x02"),
    15: (b"\x0f\x00\x00\x00\x02\x01\x03", b"\x0f\x00\x00\x00\x02"),
    16: (write_registers(9, 7, 8), struct.pack(">BHH", 16, 9, 2)),
    22: (b"\x16\x00\x01\xff\xff\x00\x00", b"\x16\x00\x01\xff\xff\x00\x00"),
    23: (struct.pack(">BHHHHBH", 23, 9, 1, 20, 1, 2, 9), b"\x17\x02\x03\xf1"),
    43: (b"\x2b\x0e\x04\x00", b"\x2b\x0e\x04\x83\x00\x00\x01\x00\x04Twin"),
}


@pytest.fixture
async def line(plant: Plant) -> AsyncIterator[RawClient]:
    """A client of a line over TCP: bytes arrive in the pieces in which they were sent."""
    async with serving({1: plant, 2: Plant(), 255: Plant()}, framing="rtu") as server:
        client = await connect(server)
        yield client
        client.writer.close()


@pytest.mark.parametrize("function", EXCHANGES)
async def test_requests_in_one_piece_are_separated_by_their_function(line: RawClient, function: int) -> None:
    request, answer = (rtu(pdu) for pdu in EXCHANGES[function])
    line.send(request + GOOD + request + GOOD)
    assert await line.take(2 * len(answer + GOOD_ANSWER)) == 2 * (answer + GOOD_ANSWER)


@pytest.mark.parametrize("function", EXCHANGES)
async def test_a_request_cut_anywhere_is_one_request(line: RawClient, function: int) -> None:
    request, answer = (rtu(pdu) for pdu in EXCHANGES[function])
    for cut in range(1, len(request)):
        line.send(request[:cut])
        await line.writer.drain()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        line.send(request[cut:])
        assert await line.take(len(answer)) == answer


@pytest.mark.parametrize("function", EXCHANGES.keys() - {43})
async def test_a_request_after_the_answer_of_another_unit_in_one_piece_is_answered_at_once(
    plant: Plant, tmp_path: Path, function: int
) -> None:
    request, answer = EXCHANGES[function]
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=3600.0)
    await server.start()
    ring = server.station.start_capture()
    master = Master(f"{tmp_path}/tty")
    for heard in (answer, bytes((function | 0x80, 2))):
        foreign = [rtu(request, unit=9), rtu(heard, unit=9)]
        master.send(b"".join(foreign) + GOOD)
        await master.expect(GOOD_ANSWER)
        assert [frame.data for frame in ring.frames()[-4:]] == [*foreign, GOOD, GOOD_ANSWER]
    assert plant.writes == []
    assert server.requests == 2
    master.close()
    await server.stop()


async def test_the_longest_request_is_found_behind_garbage(line: RawClient, plant: Plant) -> None:
    longest = rtu(write_registers(0, *range(123)))
    line.send(b"\x01\x10" + bytes(20) + longest)
    assert await line.take(8) == rtu(struct.pack(">BHH", 16, 0, 123))
    assert plant.writes[0].count == 123


async def test_an_unknown_function_is_answered_when_its_crc_ends_the_piece(line: RawClient) -> None:
    for request, answer in [(b"\x41", b"\xc1\x01"), (b"\x41" + bytes(262), b"\xc1\x01")]:
        line.send(rtu(request))
        assert await line.take(5) == rtu(answer)


async def test_bytes_that_are_no_frame_are_kept_in_a_capture_when_the_line_falls_silent(
    plant: Plant, tmp_path: Path
) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=0.01)
    await server.start()
    ring = server.station.start_capture()
    master = Master(f"{tmp_path}/tty")
    for noise in (b"\x01\x04\x00", b"\x07", bytes(range(100, 200))):
        before = len(ring.frames())
        master.send(noise)
        await until(lambda before=before: len(ring.frames()) > before)
        assert ring.frames()[-1].data == noise
        assert ring.frames()[-1].incoming
    master.send(b"\x01\x10" + GOOD)  # the end of an unfinished frame that is a request of its own
    await master.expect(GOOD_ANSWER)
    master.close()
    await server.stop()


async def test_a_request_that_ends_with_silence_is_answered_whatever_precedes_it(
    plant: Plant, tmp_path: Path
) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=0.01)
    await server.start()
    master = Master(f"{tmp_path}/tty")
    begun = rtu(write_registers(0, *range(100)))
    foreign = rtu(read(4, 0, 1), unit=9)
    for before in (begun[:7], begun[:100], b"\x01", b"\x09\x10\x00\x00\x00\x40\x80", begun[:20] + foreign):
        master.send(before + GOOD)
        await master.expect(GOOD_ANSWER)
    master.send(begun[:7] + foreign)  # ends with a request to another unit: no answer
    await until(lambda: server.link._rest)
    await until(lambda: not server.link._rest)
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)
    assert plant.writes == []
    master.close()
    await server.stop()


async def test_requests_to_these_units_alone_are_counted(line: RawClient, plant: Plant) -> None:
    async with serving({1: plant, 2: Plant()}, framing="rtu") as server:
        client = await connect(server)
        client.send(
            rtu(read(4, 0, 1), unit=9) + rtu(read(4, 7, 1), unit=2) + GOOD + rtu(read(4, 8, 1), unit=9)
        )
        await client.take(14)
        assert [link.requests for link in server.links] == [2]
        client.writer.close()


async def test_a_disconnect_fault_ends_the_connection_but_never_a_line(plant: Plant, tmp_path: Path) -> None:
    rule = LinkRule.parse({"kind": "disconnect", "count": 1})
    async with serving({1: plant}, framing="rtu") as server:
        server.station.add_fault("f", rule)
        client = await connect(server)
        client.send(GOOD)
        assert await client.ended()
    line = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant})
    await line.start()
    line.station.add_fault("f", rule)
    master = Master(f"{tmp_path}/tty")
    master.send(GOOD + GOOD)
    await master.expect(GOOD_ANSWER)
    master.close()
    await line.stop()


async def test_a_line_that_nobody_reads_loses_answers_and_keeps_running(plant: Plant, tmp_path: Path) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant})
    await server.start()
    master = Master(f"{tmp_path}/tty")
    loop = asyncio.get_running_loop()
    loop.remove_reader(master.fd)
    most = rtu(read(4, 0, 125))
    for count in range(1, 401):
        master.send(most)
        await until(lambda count=count: server.requests == count)
    master._ready()
    while master.received:
        master.received.clear()
        master._ready()
    plant.put(INPUT, 3, 3)
    loop.add_reader(master.fd, master._ready)
    master.send(GOOD)
    await until(lambda: bytes(master.received).endswith(GOOD_ANSWER))
    master.close()
    await server.stop()


async def test_a_frame_shorter_than_its_function_is_no_request_though_its_crc_is_good(
    plant: Plant, tmp_path: Path
) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=3600.0)
    await server.start()
    master = Master(f"{tmp_path}/tty")
    for short in (rtu(b"\x04"), rtu(b"\x10\x00\x01\x00\x05\x0a\x00\x07")):
        master.send(short)
        await until(lambda: server.link._rest)
        master.send(GOOD)
        await master.expect(GOOD_ANSWER)
    assert (server.requests, plant.writes) == (2, [])
    master.close()
    await server.stop()


async def test_a_frame_shorter_than_its_function_is_dropped_when_the_line_falls_silent(
    plant: Plant, tmp_path: Path
) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=0.01)
    await server.start()
    master = Master(f"{tmp_path}/tty")
    master.send(rtu(b"\x04"))
    await until(lambda: server.link._rest)
    await until(lambda: not server.link._rest)
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)
    assert server.requests == 1
    master.close()
    await server.stop()


async def test_a_line_with_too_many_delayed_answers_stops_taking_bytes(plant: Plant, tmp_path: Path) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant})
    await server.start()
    server.station.add_fault("f", LinkRule.parse({"kind": "delay", "delay_s": 3600.0}))
    master = Master(f"{tmp_path}/tty")
    for count in range(1, 257):
        master.send(GOOD)
        await until(lambda count=count: server.requests == count)

    async def flood() -> None:
        for _ in range(1000):
            master.send(GOOD * 100)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    with pytest.raises(BlockingIOError):
        await flood()
    assert server.requests == 256
    master.close()
    await asyncio.wait_for(server.stop(), 5)
    server.station.remove_fault("f")
    await server.start()
    master = Master(f"{tmp_path}/tty")
    master.send(GOOD)
    await master.expect(GOOD_ANSWER)
    master.close()
    await server.stop()


async def test_bytes_for_a_line_that_was_closed_go_nowhere(plant: Plant, tmp_path: Path) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant})
    await server.start()
    transport = server.link.transport
    assert transport is not None
    stopping = asyncio.get_running_loop().create_task(server.stop())
    await until(transport.is_closing)
    near, far = socket.socketpair()  # with the numbers that the terminal had
    transport.write(b"late")
    for end in (near, far):
        end.setblocking(False)
        with pytest.raises(BlockingIOError):
            end.recv(10)
    near.close()
    far.close()
    transport.close()
    await stopping


async def test_a_request_behind_a_broken_one_is_answered_without_a_pause(
    plant: Plant, tmp_path: Path
) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=3600.0)
    await server.start()
    master = Master(f"{tmp_path}/tty")
    for function, (request, _) in EXCHANGES.items():
        good = rtu(request)
        master.send(good[:-1] + bytes((good[-1] ^ 0xFF,)) + GOOD)
        assert await master.take(len(GOOD_ANSWER)) == GOOD_ANSWER, function
    assert (server.requests, plant.writes) == (len(EXCHANGES), [])
    master.close()
    await server.stop()


async def test_a_frame_that_would_not_fit_modbus_tcp_is_refused_on_a_line_too(line: RawClient) -> None:
    for count, answer in ((121, b"\x17\x02\x00\x00"), (122, b"\x97\x03")):
        line.send(rtu(struct.pack(">BHHHHB", 23, 0, 1, 0, count, 2 * count) + bytes(2 * count)))
        assert await line.take(len(answer) + 3) == rtu(answer)


async def test_a_request_inside_the_answer_of_another_unit_is_none_even_after_noise(
    plant: Plant, tmp_path: Path
) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant}, gap_s=0.01)
    await server.start()
    master = Master(f"{tmp_path}/tty")
    answer = rtu(b"\x04\xfa" + GOOD + bytes(242), unit=9)
    for noise in (b"\x01\x04\x00", b"\xff\xff\xff\xff\xff"):
        master.send(noise)
        await until(lambda: server.link._rest)
        await until(lambda: not server.link._rest)
        master.send(answer[:100])
        await until(lambda: server.link._rest)
        served = server.requests
        master.send(answer[100:])
        await until(lambda: not server.link._rest)
        assert server.requests == served
        master.send(GOOD)
        await master.expect(GOOD_ANSWER)
    assert server.requests == 2
    master.close()
    await server.stop()


async def test_a_line_that_was_closed_can_be_opened_and_used_again(plant: Plant, tmp_path: Path) -> None:
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", {1: plant})
    for count in (1, 2, 3):
        await server.start()
        master = Master(f"{tmp_path}/tty")
        master.send(GOOD)
        await master.expect(GOOD_ANSWER)
        assert server.requests == count
        master.close()
        await server.stop()
