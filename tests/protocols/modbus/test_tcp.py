"""Modbus TCP framing, clients and connections, by raw socket."""

import asyncio
import errno
import socket
import struct

import pytest

from tests.protocols.modbus.plant import (
    HOLDING,
    INPUT,
    Plant,
    RawClient,
    connect,
    mbap,
    read,
    serving,
    until,
    words,
    write_registers,
)
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.modbus.memory import Extent, UnitMemory
from twin_tui.protocols.modbus.server import ModbusTcpServer


@pytest.mark.parametrize("transaction", [0, 1, 0x1234, 0xFFFF])
async def test_transaction_and_unit_are_echoed(client: RawClient, transaction: int) -> None:
    client.send(mbap(read(4, 1, 1), transaction=transaction))
    assert await client.frame() == (transaction, 1, b"\x04\x02\x00\x01")
    client.send(mbap(b"\x63", transaction=transaction))
    assert await client.frame() == (transaction, 1, b"\xe3\x01")


async def test_twenty_requests_at_once_are_answered_in_order(client: RawClient) -> None:
    for _ in range(10):
        client.send(b"".join(mbap(read(4, n, 2), transaction=n) for n in range(20)))
        for n in range(20):
            assert await client.frame() == (n, 1, struct.pack(">BBHH", 4, 4, n, n + 1))


async def test_a_thousand_pipelined_requests_are_all_answered(client: RawClient) -> None:
    client.send(b"".join(mbap(read(4, n % 190, 1), transaction=n) for n in range(1000)))
    assert [(await client.frame())[0] for _ in range(1000)] == list(range(1000))


async def test_a_frame_in_single_bytes_is_one_frame(client: RawClient) -> None:
    for byte in mbap(write_registers(3, 7, 8)) + mbap(read(3, 3, 2), transaction=2):
        client.send(bytes([byte]))
        await client.writer.drain()
        await asyncio.sleep(0)
    assert await client.frame() == (1, 1, struct.pack(">BHH", 16, 3, 2))
    assert await client.frame() == (2, 1, b"\x03\x04\x00\x07\x00\x08")


async def test_a_frame_and_a_half_then_the_other_half(client: RawClient) -> None:
    first, second = mbap(read(4, 1, 1)), mbap(read(4, 2, 1), transaction=2)
    client.send(first + second[:9])
    assert (await client.frame())[0] == 1
    client.send(second[9:])
    assert (await client.frame())[0] == 2


async def test_a_foreign_protocol_id_is_dropped(client: RawClient) -> None:
    client.send(mbap(read(4, 0, 1), protocol=1) + mbap(read(4, 0, 1), protocol=0x0100))
    assert words(await client.nothing_before(read(4, 3, 1))) == [3]


@pytest.mark.parametrize("length", [0, 1])
async def test_a_frame_without_a_function_is_dropped(client: RawClient, length: int) -> None:
    client.send(struct.pack(">HHH", 9, 0, length) + bytes(length))
    assert words(await client.nothing_before(read(4, 3, 1))) == [3]


async def test_a_frame_longer_than_modbus_allows_ends_the_connection(client: RawClient) -> None:
    client.send(mbap(read(4, 0, 1)) + struct.pack(">HHHB", 1, 0, 255, 1) + bytes(254))
    assert (await client.frame())[0] == 1
    assert await client.ended()


async def test_the_longest_frame_is_read(client: RawClient) -> None:
    assert await client.ask(b"\x10" + bytes(252)) == b"\x90\x03"


async def test_a_client_that_disconnects_within_a_frame_disturbs_no_other(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        aborted, stays = await connect(server), await connect(server)
        aborted.send(mbap(read(4, 0, 1))[:7])
        await aborted.writer.drain()
        aborted.writer.transport.abort()
        assert words(await stays.ask(read(4, 3, 1))) == [3]
        stays.writer.close()


async def test_a_missing_unit_gets_an_exception_or_no_response(plant: Plant) -> None:
    async with serving({1: plant, 2: plant}) as server:
        client = await connect(server)
        assert await client.ask(read(4, 0, 1), unit=9) == b"\x84\x0b"
        assert await client.ask(read(4, 0, 1), unit=0) == b"\x84\x0b"
        client.writer.close()
    async with serving({1: plant}, missing_unit="silent") as server:
        client = await connect(server)
        client.send(mbap(read(4, 0, 1), unit=9))
        assert words(await client.nothing_before(read(4, 3, 1))) == [3]
        client.writer.close()


async def test_unit_zero_is_the_only_device(client: RawClient, plant: Plant) -> None:
    assert words(await client.ask(read(4, 3, 1), unit=0)) == [3]
    assert (await client.ask(b"\x06\x00\x01\x00\x02", unit=0))[0] == 6
    assert plant.get(HOLDING, 1) == 2


async def test_units_have_registers_of_their_own() -> None:
    one, two = Plant(), Plant()
    two.put(INPUT, 0, 222)
    async with serving({1: one, 2: two}) as server:
        client = await connect(server)
        assert words(await client.ask(read(4, 0, 1))) == [0]
        assert words(await client.ask(read(4, 0, 1), unit=2)) == [222]
        client.writer.close()
    with pytest.raises(ConfigError, match="unit 256: expected a number from 0 to 255"):
        ModbusTcpServer("127.0.0.1", 0, {256: one})


async def test_the_oldest_client_is_dropped_for_a_new_one(plant: Plant) -> None:
    async with serving({1: plant}, max_clients=1, policy="drop_oldest") as server:
        old = await connect(server)
        await old.ask(read(4, 0, 1))
        new = await connect(server)
        assert words(await new.ask(read(4, 3, 1))) == [3]
        assert await old.ended()
        assert [link.client for link in server.links] == [new.name]
        new.writer.close()


async def test_a_client_beyond_the_limit_is_refused(plant: Plant) -> None:
    async with serving({1: plant}, max_clients=1, policy="refuse") as server:
        first = await connect(server)
        await first.ask(read(4, 0, 1))
        assert await (await connect(server)).ended()
        assert words(await first.ask(read(4, 3, 1))) == [3]
        first.writer.close()


async def test_a_client_beyond_the_limit_gets_busy_until_there_is_room(plant: Plant) -> None:
    async with serving({1: plant}, max_clients=1, policy="busy") as server:
        first = await connect(server)
        await first.ask(read(4, 0, 1))
        second = await connect(server)
        assert await second.ask(read(4, 0, 1)) == b"\x84\x06"
        assert await second.ask(b"\x06\x00\x01\x00\x02") == b"\x86\x06"
        assert plant.writes == []
        first.writer.close()
        await until(lambda: len(server.links) == 1)
        assert words(await second.ask(read(4, 3, 1))) == [3]
        second.writer.close()


async def test_an_idle_client_is_closed(plant: Plant) -> None:
    async with serving({1: plant}, idle_timeout_s=0.05) as server:
        client = await connect(server)
        await client.ask(read(4, 0, 1))
        assert await client.ended()


async def test_a_client_that_does_not_read_stops_being_read_and_loses_nothing(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        count = 60_000
        sending = loop.create_task(
            loop.sock_sendall(
                sock, b"".join(mbap(read(4, 0, 125), transaction=n & 0xFFFF) for n in range(count))
            )
        )
        other = await connect(server)
        link = server.links[0]
        await until(lambda: link._paused)
        held = link.transport
        assert held is not None
        assert held.get_write_buffer_size() < 1_000_000
        assert words(await other.ask(read(4, 3, 1))) == [3]
        size, received = count * (7 + 252), bytearray()
        while len(received) < size:
            received += await asyncio.wait_for(loop.sock_recv(sock, 1 << 20), 5)
        await sending
        transactions = [int.from_bytes(received[at : at + 2], "big") for at in range(0, size, 259)]
        assert transactions == [n & 0xFFFF for n in range(count)]
        sock.close()
        other.writer.close()


async def test_a_client_that_has_closed_its_side_still_gets_every_answer(client: RawClient) -> None:
    client.send(b"".join(mbap(read(4, n, 1), transaction=n) for n in range(50)))
    client.writer.write_eof()
    assert [(await client.frame())[0] for _ in range(50)] == list(range(50))
    assert await client.ended()


async def test_queued_answers_are_delivered_before_a_connection_is_closed(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        count = 60_000
        requests = b"".join(mbap(read(4, 0, 125)) for _ in range(count)) + struct.pack(">HHHH", 0, 0, 999, 0)
        sending = loop.create_task(loop.sock_sendall(sock, requests))
        await until(lambda: server.links and server.links[0]._paused)
        received = 0
        while data := await asyncio.wait_for(loop.sock_recv(sock, 1 << 20), 5):
            received += len(data)
        assert received == count * (7 + 252)
        await sending
        sock.close()


@pytest.mark.parametrize("host", ["localhost", ""])
async def test_a_host_name_or_all_interfaces_can_be_served(plant: Plant, host: str) -> None:
    server = ModbusTcpServer(host, 0, {1: plant})
    await server.start()
    client = await connect(server)
    assert words(await client.ask(read(4, 3, 1))) == [3]
    client.writer.close()
    await server.stop()


async def test_a_busy_or_invalid_port_is_one_clear_message(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        with pytest.raises(LinkError, match=f"127.0.0.1:{server.port} is in use by another program"):
            await ModbusTcpServer("127.0.0.1", server.port, {}).start()
    with pytest.raises(LinkError, match="expected a port from 0 to 65535"):
        await ModbusTcpServer("127.0.0.1", 70_000, {}).start()
    with pytest.raises(LinkError, match="this machine has no address"):
        await ModbusTcpServer("192.0.2.1", 0, {}).start()


async def test_a_lack_of_resources_delays_clients_and_loses_none(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, [OSError(errno.EMFILE, "Too many open files")] * 2

    async def scarce(sock: socket.socket) -> object:
        if failures:
            raise failures.pop()
        return await accept(sock)

    monkeypatch.setattr(loop, "sock_accept", scarce)
    monkeypatch.setattr("twin_tui.protocols.modbus.server.ACCEPT_RETRY_S", 0.0)
    told: list[str] = []
    async with serving({1: plant}, on_accept=told.append) as server:
        client = await connect(server)
        assert words(await client.ask(read(4, 3, 1))) == [3]
        client.writer.close()
    assert told == ["Too many open files", ""], "once, however often it was tried"


async def test_a_stopped_server_leaves_no_connection_and_starts_again(plant: Plant) -> None:
    server = ModbusTcpServer("127.0.0.1", 0, {1: plant})
    await server.start()
    client = await connect(server)
    await client.ask(read(4, 0, 1))
    await server.stop()
    assert await client.ended()
    assert server.links == []
    with pytest.raises(OSError, match="Connect call failed"):
        await connect(server)
    await server.start()
    again = await connect(server)
    assert words(await again.ask(read(4, 3, 1))) == [3]
    again.writer.close()
    await server.stop()
    await server.stop()


async def test_four_hundred_ports_open_and_each_serves_its_own_units() -> None:
    servers = []
    for n in range(400):
        memory = UnitMemory([Extent(INPUT, 0, 10)])
        memory.locate(INPUT, 0)[0][:2] = n.to_bytes(2, "big")
        servers.append(ModbusTcpServer("127.0.0.1", 0, {1: memory}))
    try:
        for server in servers:
            await server.start()
        for n in (0, 199, 399):
            client = await connect(servers[n])
            assert words(await client.ask(read(4, 0, 1))) == [n]
            client.writer.close()
    finally:
        for server in servers:
            await server.stop()


async def test_a_line_framed_as_rtu_runs_over_tcp(plant: Plant) -> None:
    async with serving({1: plant, 2: plant}, framing="rtu") as server:
        client = await connect(server)
        client.send(bytes.fromhex("01 04 00 03 00 01 c1 ca"))
        assert await client.take(7) == bytes.fromhex("01 04 02 00 03 f9 31")
        client.writer.close()
