"""What a port keeps of its traffic: cached and counted reads, frames, clients, and who is served."""

import asyncio
import errno
import random
import socket
import struct
from typing import Any

import pytest

from tests.protocols.modbus.plant import (
    HOLDING,
    INPUT,
    Plant,
    RawClient,
    connect,
    mbap,
    read,
    rtu,
    serving,
    until,
    words,
    write_registers,
)
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.modbus.decode import describe
from twin_tui.protocols.modbus.fault_rules import LinkRule
from twin_tui.protocols.modbus.identity import encoded
from twin_tui.protocols.modbus.memory import Extent, Limits, Table, UnitMemory
from twin_tui.protocols.modbus.server import ModbusTcpServer
from twin_tui.protocols.modbus.traffic import RateMeter


async def test_polled_blocks_are_remembered_up_to_a_limit_and_answered_from_this_moment(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        client = await connect(server)
        for first in (1, 2, 3):
            await client.ask(read(4, first, 2))
        await client.ask(read(3, 1, 2))
        await client.ask(read(4, 250, 1))
        await client.ask(read(1, 0, 8))
        await client.ask(write_registers(1, 5))
        assert len(server.station.reads) == 4
        for first in range(150):
            await client.ask(read(4, first, 1))
            assert len(server.station.reads) <= 64
        plant.put(INPUT, 149, 7)
        assert words(await client.ask(read(4, 149, 1))) == [7]
        assert server.requests == 7 + 150 + 1
        client.writer.close()


@pytest.mark.parametrize("function", [1, 2, 3, 4])
async def test_reads_are_counted_by_unit_table_and_address(function: int) -> None:
    tables = [Table.COILS, Table.DISCRETE_INPUTS, Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS]
    async with serving({1: Plant(), 2: Plant()}) as server:
        client, station = await connect(server), server.station
        await client.ask(read(function, 10, 4))
        assert station.read_counts(1, tables[function - 1], 10, 1) is None
        station.start_counting()
        for _ in range(3):
            await client.ask(read(function, 10, 4))
        station.start_counting()  # a second screen changes nothing
        await client.ask(read(function, 13, 1))
        await client.ask(write_registers(10, 1, 2))
        await client.ask(b"\x2b\x0e\x01\x00")
        for table in tables:
            counts = [station.read_counts(1, table, address, 1) for address in range(9, 15)]
            assert counts == ([0, 3, 3, 3, 4, 0] if table is tables[function - 1] else [0] * 6)
            assert station.read_counts(2, table, 10, 4) == 0
        assert station.read_counts(1, tables[function - 1], 8, 2) == 0
        assert station.read_counts(1, tables[function - 1], 8, 3) == 3
        station.stop_counting()
        assert station.read_counts(1, tables[function - 1], 10, 1) is None
        client.writer.close()


async def test_unit_zero_is_counted_as_the_only_unit_and_the_number_of_counted_reads_is_limited() -> None:
    async with serving({7: Plant()}) as server:
        client = await connect(server)
        server.station.start_counting()
        await client.ask(read(4, 3, 1), unit=0)
        assert server.station.read_counts(7, INPUT, 3, 1) == 1
        for address in range(5000):
            client.send(mbap(read(4, address, 1), unit=7))
        for _ in range(5000):
            await client.frame()
        await client.ask(read(4, 3, 1), unit=7)
        assert server.station.read_counts(7, INPUT, 3, 1) == 3
        assert server.station.read_counts(7, INPUT, 0, 65_536) == 4096 + 2
        client.writer.close()


async def test_the_random_faults_of_a_port_go_on_where_they_were(plant: Plant) -> None:
    made = 0

    def make() -> random.Random:
        nonlocal made
        made += 1
        return random.Random(1)

    rule = LinkRule.parse({"kind": "extra_bytes", "bytes": 8})
    async with serving({1: plant}, make_rng=make) as server:
        client = await connect(server)
        assert made == 0
        noise = []
        for _ in range(2):
            server.station.add_fault("f", rule)
            client.send(mbap(read(4, 3, 1)))
            noise.append((await client.take(19))[11:])
            server.station.remove_fault("f")
        client.writer.close()
    expected = random.Random(1)
    assert noise == [expected.randbytes(8), expected.randbytes(8)]
    assert made == 1


async def test_a_fault_lasts_until_the_last_rule_is_removed(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        client, station = await connect(server), server.station
        station.remove_fault("never added")
        for name, code in (("a", 4), ("b", 6)):
            station.add_fault(name, LinkRule.parse({"kind": "exception", "code": code}))
        station.remove_fault("unknown")
        station.remove_fault("b")
        assert await client.ask(read(4, 3, 1)) == b"\x84\x04"
        station.remove_fault("a")
        assert words(await client.ask(read(4, 3, 1))) == [3]
        assert len(station.reads) == 1
        client.writer.close()


async def test_a_busy_client_gets_exception_06_from_a_faulty_link_too(plant: Plant) -> None:
    async with serving({1: plant}, max_clients=1, policy="busy") as server:
        first = await connect(server)
        await first.ask(read(4, 3, 1))
        second = await connect(server)
        server.station.add_fault("f", LinkRule.parse({"kind": "wrong_transaction_id"}))
        second.send(mbap(write_registers(1, 5), transaction=1))
        assert await second.frame() == (2, 1, b"\x90\x06")
        assert plant.writes == []
        assert [link.busy for link in server.links] == [False, True]
        first.writer.close()
        second.writer.close()


@pytest.mark.parametrize(("policy", "kept"), [("drop_oldest", [1, 2]), ("refuse", [0, 1])])
async def test_as_many_clients_as_allowed_are_served_at_once(
    plant: Plant, policy: str, kept: list[int]
) -> None:
    async with serving({1: plant}, max_clients=2, policy=policy) as server:
        clients = [await connect(server)]
        await until(lambda: len(server.links) == 1)
        clients.append(await connect(server))
        await until(lambda: len(server.links) == 2)
        clients.append(await connect(server))
        (gone,) = {0, 1, 2} - set(kept)
        assert await clients[gone].ended()
        assert [link.client for link in server.links] == [clients[n].name for n in kept]
        for n in kept:
            assert words(await clients[n].ask(read(4, 3, 1))) == [3]
        for client in clients:
            client.writer.close()


async def test_a_client_that_keeps_asking_is_not_idle(plant: Plant) -> None:
    now_s = 100.0
    async with serving({1: plant}, idle_timeout_s=0.005, clock=lambda: now_s) as server:
        client = await connect(server)
        for _ in range(5):
            assert words(await client.ask(read(4, 3, 1))) == [3]
            now_s += 0.004
            checked_at_s = asyncio.get_running_loop().time() + 0.006
            await until(lambda at_s=checked_at_s: asyncio.get_running_loop().time() > at_s)
        assert len(server.links) == 1
        now_s += 0.001
        assert await client.ended()


async def test_a_client_that_leaves_is_forgotten_but_its_requests_are_counted(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        for count in (3, 6):
            client = await connect(server)
            for _ in range(3):
                await client.ask(read(4, 3, 1))
            assert [link.requests for link in server.links] == [3]
            client.writer.close()
            await until(lambda: not server.links)
            assert server.requests == count


async def test_a_server_stops_with_several_clients_connected(plant: Plant) -> None:
    server = ModbusTcpServer("127.0.0.1", 0, {1: plant})
    for _ in range(2):
        await server.start()
        clients = [await connect(server) for _ in range(3)]
        await until(lambda: len(server.links) == 3)
        await server.stop()
        assert server.links == []
        assert all([await client.ended() for client in clients])


async def test_pipelined_requests_on_a_delayed_link_are_captured_when_they_are_sent(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        client = await connect(server)
        ring = server.station.start_capture()
        server.station.add_fault("f", LinkRule.parse({"kind": "slow_bytes", "gap_s": 0.0001}))
        client.send(mbap(read(4, 3, 1)) + mbap(read(4, 4, 1), transaction=2))
        answers = [await client.take(11) for _ in range(2)]
        assert [answer[:2] for answer in answers] == [b"\x00\x01", b"\x00\x02"]
        frames = [(frame.incoming, frame.data) for frame in ring.frames()]
        assert frames[2:] == [(False, answer) for answer in answers]
        client.writer.close()


async def test_a_flood_of_delayed_answers_stops_the_link_from_being_read(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        client, other = await connect(server), await connect(server)
        server.station.add_fault("f", LinkRule.parse({"kind": "delay", "delay_s": 3600.0, "functions": 4}))
        client.send(b"".join(mbap(read(4, 3, 1), transaction=n) for n in range(1000)))
        await client.writer.drain()
        await until(lambda: server.requests >= 256)
        assert (await other.ask(read(3, 3, 1)))[0] == 3
        assert server.requests == 256 + 1
        client.writer.close()
        other.writer.close()


IDENTITY = {0: "Twin", 1: "BAT-10", 2: "1.0"}


@pytest.mark.parametrize(
    ("more", "level"), [({}, 1), ({3: "a"}, 2), ({0x7F: "a"}, 2), ({0x80: "a"}, 3), ({0xFF: "a"}, 3)]
)
async def test_the_level_of_identification_follows_from_its_highest_object(
    more: dict[int, str], level: int
) -> None:
    async with serving({1: Plant(identity={**IDENTITY, **more})}) as server:
        client = await connect(server)
        for code, objects in ((1, 3), (2, 3 + (level == 2)), (3, 3 + len(more))):
            answer = await client.ask(bytes((0x2B, 0x0E, code, 0)))
            assert answer[:7] == bytes((0x2B, 0x0E, code, 0x80 | level, 0, 0, objects))
        client.writer.close()


@pytest.mark.parametrize("size", [200, 201, 202, 203, 204, 205])
async def test_identification_fills_a_response_to_its_last_byte(size: int) -> None:
    texts = {0: "", 1: "", 2: "", 0x80: "x" * size, 0x81: "y" * 30}
    async with serving({1: Plant(identity=texts)}) as server:
        client = await connect(server)
        found, following, sizes = dict[int, bytes](), 0, []
        while True:
            answer = await client.ask(bytes((0x2B, 0x0E, 3, following)))
            sizes.append(len(answer))
            at = 7
            for _ in range(answer[6]):
                found[answer[at]] = answer[at + 2 : at + 2 + answer[at + 1]]
                at += 2 + answer[at + 1]
            assert at == len(answer)
            if not answer[4]:
                break
            following = answer[5]
        assert found == {number: text.encode() for number, text in texts.items()}
        whole = 7 + 3 * 2 + 2 + size + 2 + 30
        assert sizes[0] == (whole if whole <= 253 else whole - 32)
        client.writer.close()


def test_the_three_basic_objects_are_always_there_and_only_ascii() -> None:
    assert encoded({}) == {}
    assert encoded({5: "é€"}) == {0: b"", 1: b"", 2: b"", 5: b"??"}
    for number in (-1, 256):
        with pytest.raises(ConfigError, match=f"object {number}: expected a number from 0 to 255"):
            encoded({number: "x"})
    assert encoded({255: "x" * 244})[255] == b"x" * 244


@pytest.mark.parametrize(
    ("data", "framing", "incoming", "text"),
    [
        (mbap(read(3, 1, 1))[:7], "mbap", True, "fragment of 7 bytes"),
        (mbap(b"\x07"), "mbap", True, "#1 unit 1 FC07 unknown function"),
        (rtu(b"")[:3], "rtu", True, "fragment of 3 bytes"),
        (rtu(b"\x07"), "rtu", True, "unit 1 FC07 unknown function"),
        (rtu(b"\x83"), "rtu", False, "unit 1 FC03 read holding registers: exception without a code"),
        (rtu(b"\x01\x00"), "rtu", False, "unit 1 FC01 read coils: no values"),
        (rtu(b"\x02\x08" + bytes(8)), "rtu", False, f"unit 1 FC02 read discrete inputs: {64 * '0'}"),
        (
            rtu(b"\x02\x09" + bytes(9)),
            "rtu",
            False,
            f"unit 1 FC02 read discrete inputs: {64 * '0'} and 8 more",
        ),
        (rtu(b"\x04\x20" + bytes(32)), "rtu", False, f"unit 1 FC04 read input registers:{16 * ' 0000'}"),
        (
            rtu(b"\x04\x22" + bytes(34)),
            "rtu",
            False,
            f"unit 1 FC04 read input registers:{16 * ' 0000'} and 1 more",
        ),
        (
            rtu(b"\x17\x02\x00\x05"),
            "rtu",
            False,
            "unit 1 FC23 read and write registers: 0005",
        ),
        (rtu(b"\x0f\x00\x02\x00\x03"), "rtu", False, "unit 1 FC15 write coils: 2 x3 written"),
        (
            rtu(b"\x2b\x0e\x01\x83\x00\x00\x03"),
            "rtu",
            False,
            "unit 1 FC43 read device identification: 3 objects",
        ),
        (rtu(read(4, 3, 2)), "rtu", True, "unit 1 FC04 read input registers 3 x2"),
        (rtu(read(1, 3, 2)), "rtu", True, "unit 1 FC01 read coils 3 x2"),
        (rtu(read(2, 3, 2)), "rtu", True, "unit 1 FC02 read discrete inputs 3 x2"),
    ],
)
def test_short_long_and_odd_frames_are_described(
    data: bytes, framing: Any, incoming: bool, text: str
) -> None:
    assert describe(data, framing, incoming=incoming) == text


def test_a_rate_holds_until_time_has_passed() -> None:
    meter = RateMeter()
    assert [meter.rate(0.0, 50), meter.rate(0.0, 90), meter.rate(2.0, 60), meter.rate(1.0, 99)] == [
        0,
        0,
        5,
        5,
    ]


@pytest.mark.parametrize(("name", "most"), [("max_read_registers", 125), ("max_write_registers", 123)])
def test_the_limits_of_a_device_are_within_those_of_modbus(name: str, most: int) -> None:
    for value in (1, most):
        assert getattr(Limits(**{name: value}), name) == value
    for value in (0, most + 1):
        with pytest.raises(ConfigError, match=f"{name} {value}: expected 1 to {most}"):
            Limits(**{name: value})
    for function in (1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43):
        assert Limits(functions=frozenset({function})).functions == {function}


@pytest.mark.parametrize(("address", "count"), [(-1, 1), (0, 0), (65_535, 2), (65_536, 1)])
def test_an_extent_outside_the_tables_is_refused(address: int, count: int) -> None:
    with pytest.raises(ConfigError, match=f"input registers {address} with {count} addresses"):
        UnitMemory([Extent(INPUT, address, count)])


async def test_every_function_refuses_requests_of_another_length(client: RawClient, plant: Plant) -> None:
    requests = [
        *(read(function, 0, 1) for function in (1, 2, 3, 4)),
        b"\x05\x00\x01\xff\x00",
        b"\x06\x00\x01\x00\x02",
        b"\x16\x00\x01\xff\xff\x00\x00",
        b"\x0f\x00\x00\x00\x02\x01\x03",
        write_registers(1, 5),
        struct.pack(">BHHHHBH", 23, 0, 1, 0, 1, 2, 1),
        b"\x2b\x0e\x01\x00",
    ]
    for pdu in requests:
        for wrong in (pdu[:-1], pdu + b"\x00", pdu[:5], pdu[:6], pdu[:9], pdu[:2]):
            if wrong != pdu:
                assert await client.ask(wrong) == bytes((pdu[0] | 0x80, 3)), wrong
    assert plant.writes == []
    for pdu in requests:
        assert (await client.ask(pdu))[0] == pdu[0]
    assert [write.function for write in plant.writes] == [5, 6, 22, 15, 16, 23]


async def test_read_write_is_limited_to_what_fits_a_frame(client: RawClient, plant: Plant) -> None:
    def request(reads: int, writes: int) -> bytes:
        return struct.pack(">BHHHHB", 23, 0, reads, 0, writes, 2 * writes) + bytes(2 * writes)

    assert len(words(await client.ask(request(125, 121)))) == 125
    assert await client.ask(struct.pack(">BHHHHB", 23, 0, 1, 0, 122, 244) + bytes(242)) == b"\x97\x03"
    assert [write.count for write in plant.writes] == [121]


async def test_a_mask_write_uses_the_value_of_this_moment() -> None:
    class Moving(Plant):
        def refresh(self) -> None:
            self.put(HOLDING, 4, 0x00F0)

    plant = Moving()
    async with serving({1: plant}) as server:
        client = await connect(server)
        assert (await client.ask(b"\x16\x00\x04\xff\x00\x00\x0f"))[0] == 22
        assert plant.writes[0].data == b"\x00\x0f"
        assert (await client.ask(b"\x16\x00\x04\xff\xff\x00\x0f"))[0] == 22
        assert plant.writes[1].data == b"\x00\xf0"
        client.writer.close()


async def test_extents_that_touch_or_overlap_are_one_block_and_others_are_not() -> None:
    extents = [
        Extent(INPUT, 10, 5),
        Extent(INPUT, 15, 5),
        Extent(INPUT, 12, 2),
        Extent(INPUT, 21, 2),
        Extent(HOLDING, 10, 10, writable=True),
        Extent(HOLDING, 12, 2, readable=False),
        Extent(HOLDING, 30, 2),
        Extent(HOLDING, 32, 2, readable=False, writable=True),
        Extent(HOLDING, 34, 1),
    ]
    async with serving({1: UnitMemory(extents)}) as server:
        client = await connect(server)
        for first in range(8, 24):
            for count in range(1, 12):
                answer = await client.ask(read(4, first, count))
                block = range(first, first + count)
                inside = all(10 <= n < 20 for n in block) or all(21 <= n < 23 for n in block)
                assert (answer[0] == 4) is inside, (first, count)
                answer = await client.ask(write_registers(first, *block))
                assert (answer[0] == 16) is (first >= 10 and first + count <= 20)
        assert words(await client.ask(read(3, 10, 10))) == list(range(10, 20))
        for first in range(29, 36):
            answer = await client.ask(read(3, first, 1))
            assert (answer[0] == 3) is (first in {30, 31, 34})
            answer = await client.ask(write_registers(first, 1))
            assert (answer[0] == 16) is (first in {32, 33})
        client.writer.close()


@pytest.mark.parametrize("port", [-1, 65_536])
async def test_a_port_outside_its_range_is_refused(port: int) -> None:
    with pytest.raises(LinkError, match=f"127.0.0.1:{port}: expected a port from 0 to 65535"):
        await ModbusTcpServer("127.0.0.1", port, {}).start()


async def test_a_lack_of_resources_is_waited_out(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, attempts = asyncio.get_running_loop(), 0

    async def scarce(_sock: socket.socket) -> None:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(loop, "sock_accept", scarce)
    monkeypatch.setattr("twin_tui.protocols.modbus.server.ACCEPT_RETRY_S", 3600.0)
    async with serving({1: plant}):
        await until(lambda: attempts)
        for _ in range(20):
            await asyncio.sleep(0)
    assert attempts == 1


async def test_a_port_on_one_address_is_closed_on_the_others(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", server.port)
