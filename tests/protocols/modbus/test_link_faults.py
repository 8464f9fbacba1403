"""Each link fault does what its name says, to the requests that its filters match and to no others."""

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from tests.protocols.modbus.plant import (
    HOLDING,
    INPUT,
    Plant,
    RawClient,
    connect,
    fault,
    mbap,
    read,
    rtu,
    serving,
    words,
    write_registers,
)
from twin_tui.errors import CommandError
from twin_tui.protocols.modbus.fault_rules import LinkFaultKind, LinkRule
from twin_tui.protocols.modbus.memory import Extent, UnitMemory
from twin_tui.protocols.modbus.server import ModbusTcpServer


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(plant: Plant, clock: Clock) -> AsyncIterator[ModbusTcpServer]:
    async with serving({1: plant, 2: Plant()}, clock=clock) as running:
        yield running


def heal(server: ModbusTcpServer) -> None:
    server.station.remove_fault("f")


async def test_an_exception_replaces_the_answer_and_the_request_has_no_effect(
    client: RawClient, server: ModbusTcpServer, plant: Plant
) -> None:
    fault(server, kind="exception", code=6)
    assert await client.ask(write_registers(1, 5)) == b"\x90\x06"
    assert plant.writes == []
    heal(server)
    assert (await client.ask(write_registers(1, 5)))[0] == 16


async def test_a_fault_reaches_a_block_that_was_polled_before(
    client: RawClient, server: ModbusTcpServer
) -> None:
    for _ in range(3):
        assert words(await client.ask(read(4, 3, 1))) == [3]
    fault(server, kind="exception", code=4)
    assert await client.ask(read(4, 3, 1)) == b"\x84\x04"
    heal(server)
    assert words(await client.ask(read(4, 3, 1))) == [3]


@pytest.mark.parametrize(("executes", "value"), [(False, 1001), (True, 5)])
async def test_silence_loses_the_request_or_only_its_answer(
    client: RawClient, server: ModbusTcpServer, plant: Plant, executes: bool, value: int
) -> None:
    fault(server, kind="silence", functions=16, executes=executes)
    client.send(mbap(write_registers(1, 5)))
    assert words(await client.nothing_before(read(3, 1, 1))) == [value]


async def test_a_delayed_answer_comes_later_and_keeps_its_place(
    client: RawClient, server: ModbusTcpServer
) -> None:
    fault(server, kind="delay", delay_s=0.03, jitter_s=0.01, addresses=[0, 9])
    begin_s = asyncio.get_running_loop().time()
    client.send(mbap(read(4, 1, 1), transaction=1) + mbap(read(4, 50, 1), transaction=2))
    assert [(await client.frame())[0] for _ in range(2)] == [1, 2]
    assert asyncio.get_running_loop().time() - begin_s >= 0.03
    client.send(mbap(read(4, 50, 1), transaction=3))
    assert (await client.frame())[0] == 3


async def test_a_flood_of_delayed_answers_is_all_delivered_in_order(
    client: RawClient, server: ModbusTcpServer
) -> None:
    fault(server, kind="delay", delay_s=0.001)
    client.send(b"".join(mbap(read(4, 1, 1), transaction=n) for n in range(1000)))
    assert [(await client.frame())[0] for _ in range(1000)] == list(range(1000))


async def test_slow_bytes_make_the_same_answer(client: RawClient, server: ModbusTcpServer) -> None:
    fault(server, kind="slow_bytes", gap_s=0.0005)
    begin_s = asyncio.get_running_loop().time()
    assert words(await client.ask(read(4, 3, 1))) == [3]
    assert asyncio.get_running_loop().time() - begin_s >= 0.0005 * 10


async def test_a_disconnect_ends_the_connection_once(client: RawClient, server: ModbusTcpServer) -> None:
    fault(server, kind="disconnect", count=1)
    client.send(mbap(read(4, 3, 1)))
    assert await client.ended()
    again = await connect(server)
    assert words(await again.ask(read(4, 3, 1))) == [3]
    again.writer.close()


async def test_connections_are_refused_while_existing_ones_keep_running(
    client: RawClient, server: ModbusTcpServer
) -> None:
    await client.ask(read(4, 3, 1))
    fault(server, kind="refuse_connection")
    assert await (await connect(server)).ended()
    assert words(await client.ask(read(4, 3, 1))) == [3]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("wrong_transaction_id", "0008 0000 0005 01 04 02 0003"),
        ("wrong_unit", "0007 0000 0005 02 04 02 0003"),
        ("wrong_function", "0007 0000 0005 01 05 02 0003"),
    ],
)
async def test_a_wrong_header_has_one_wrong_field(
    client: RawClient, server: ModbusTcpServer, kind: str, expected: str
) -> None:
    fault(server, kind=kind)
    client.send(mbap(read(4, 3, 1), transaction=7))
    assert await client.take(11) == bytes.fromhex(expected)


async def test_a_truncated_answer_misses_its_end_and_an_extended_one_has_more(
    client: RawClient, server: ModbusTcpServer
) -> None:
    whole = mbap(b"\x04\x02\x00\x03")
    whole = whole[:4] + b"\x00\x05" + whole[6:]
    fault(server, kind="truncated", bytes=3)
    client.send(mbap(read(4, 3, 1)))
    assert await client.take(8) == whole[:8]
    heal(server)
    fault(server, kind="extra_bytes", bytes=3, count=1)
    client.send(mbap(read(4, 3, 1)))
    assert (await client.take(14))[:11] == whole
    assert words(await client.ask(read(4, 3, 1))) == [3]


async def test_a_bad_crc_is_bad_on_a_line(plant: Plant) -> None:
    async with serving({1: plant}, framing="rtu") as server:
        client = await connect(server)
        fault(server, kind="bad_crc", count=1)
        good = rtu(b"\x04\x02\x00\x03")
        client.send(rtu(read(4, 3, 1)) * 2)
        answer = await client.take(14)
        assert answer[:6] == good[:6]
        assert answer[6] != good[6]
        assert answer[7:] == good
        client.writer.close()


async def test_frozen_values_are_those_at_the_start_of_the_fault(
    client: RawClient, server: ModbusTcpServer, plant: Plant
) -> None:
    fault(server, kind="frozen", addresses=[5, 6])
    for n in range(10):
        plant.put(INPUT, n, 100 + n)
    assert words(await client.ask(read(4, 4, 4))) == [104, 5, 6, 107]
    heal(server)
    assert words(await client.ask(read(4, 4, 4))) == [104, 105, 106, 107]


async def test_frozen_bits_are_those_at_the_start_of_the_fault(
    client: RawClient, server: ModbusTcpServer, plant: Plant
) -> None:
    fault(server, kind="frozen")
    await client.ask(b"\x05\x00\x01\xff\x00")
    assert (await client.ask(read(1, 0, 4)))[2] == 0b1001
    heal(server)
    assert (await client.ask(read(1, 0, 4)))[2] == 0b1011


async def test_stale_values_lag_by_their_age(
    client: RawClient, server: ModbusTcpServer, plant: Plant, clock: Clock
) -> None:
    fault(server, kind="stale", age_s=10)
    seen = []
    for second in range(31):
        plant.put(INPUT, 0, second)
        seen.append(words(await client.ask(read(4, 0, 1)))[0])
        clock.now_s += 1
    assert seen == [max(0, second - 10) for second in range(31)]


async def test_values_can_be_not_available(client: RawClient, server: ModbusTcpServer, plant: Plant) -> None:
    fault(server, kind="not_available", addresses=[1, 1])
    assert words(await client.ask(read(4, 0, 3))) == [0, 0xFFFF, 2]
    plant.not_available = lambda table, address, count: b"\x80\x00" * count  # type: ignore[method-assign]
    assert words(await client.ask(read(4, 0, 3))) == [0, 0x8000, 2]


async def test_words_are_swapped_in_pairs_and_a_last_one_stays(
    client: RawClient, server: ModbusTcpServer
) -> None:
    fault(server, kind="swapped_words")
    assert words(await client.ask(read(4, 0, 5))) == [1, 0, 3, 2, 4]
    answer = await client.ask(struct.pack(">BHHHHBH", 23, 10, 2, 20, 1, 2, 7))
    assert words(answer) == [1011, 1010]


async def test_data_faults_leave_exceptions_and_writes_alone(
    client: RawClient, server: ModbusTcpServer, plant: Plant
) -> None:
    fault(server, kind="not_available")
    assert await client.ask(read(4, 250, 1)) == b"\x84\x02"
    assert await client.ask(write_registers(1, 5)) == struct.pack(">BHH", 16, 1, 1)
    assert plant.get(HOLDING, 1) == 5


@pytest.mark.parametrize(
    ("filters", "request_pdu", "unit", "met"),
    [
        ({"unit": 1}, read(4, 0, 1), 1, True),
        ({"unit": 1}, read(4, 0, 1), 2, False),
        ({"functions": [3, 4]}, read(4, 0, 1), 1, True),
        ({"functions": 3}, read(4, 0, 1), 1, False),
        ({"addresses": [10, 20]}, read(4, 5, 6), 1, True),
        ({"addresses": [10, 20]}, read(4, 20, 6), 1, True),
        ({"addresses": [10, 20]}, read(4, 5, 5), 1, False),
        ({"addresses": [10, 20]}, read(4, 21, 5), 1, False),
        ({"addresses": 7}, b"\x06\x00\x07\x00\x01", 1, True),
        ({"addresses": 7}, b"\x06\x00\x08\x00\x01", 1, False),
        ({"addresses": 7}, struct.pack(">BHHHHBH", 23, 50, 1, 7, 1, 2, 7), 1, True),
    ],
)
async def test_filters_select_the_requests(
    client: RawClient, server: ModbusTcpServer, filters: Any, request_pdu: bytes, unit: int, met: bool
) -> None:
    fault(server, kind="exception", code=5, **filters)
    answer = await client.ask(request_pdu, unit=unit)
    assert (answer == bytes([request_pdu[0] | 0x80, 5])) is met


async def test_unit_zero_matches_the_rules_of_the_only_device(plant: Plant) -> None:
    async with serving({7: plant}) as server:
        client = await connect(server)
        fault(server, kind="exception", code=5, unit=7)
        assert await client.ask(read(4, 0, 1), unit=0) == b"\x84\x05"
        client.writer.close()


async def test_a_counted_fault_ends_after_its_count(client: RawClient, server: ModbusTcpServer) -> None:
    fault(server, kind="exception", count=2)
    codes = [(await client.ask(read(4, 0, 1)))[0] for _ in range(4)]
    assert codes == [0x84, 0x84, 4, 4]


async def test_random_faults_are_seeded_and_repeatable(plant: Plant) -> None:
    runs = []
    for seed in (1, 1, 2):
        async with serving({1: plant}, make_rng=partial(random.Random, seed)) as server:
            client = await connect(server)
            fault(server, kind="exception", probability=0.5)
            runs.append([(await client.ask(read(4, 0, 1)))[0] for _ in range(40)])
            client.writer.close()
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {4, 0x84}


async def test_faults_add_up(client: RawClient, server: ModbusTcpServer) -> None:
    fault(server, kind="swapped_words")
    server.station.add_fault("g", LinkRule.parse({"kind": "not_available", "addresses": 0}))
    assert words(await client.ask(read(4, 0, 2))) == [0xFFFF, 0]
    heal(server)
    assert words(await client.ask(read(4, 0, 2))) == [0xFFFF, 1]
    server.station.remove_fault("g")
    server.station.remove_fault("never there")
    assert server.station.faults is None


async def test_a_failing_refresh_does_not_keep_a_fault_from_starting() -> None:
    class Broken(UnitMemory):
        def refresh(self) -> None:
            raise RuntimeError("no data")

    server = ModbusTcpServer("127.0.0.1", 0, {1: Broken([Extent(INPUT, 0, 1)])})
    fault(server, kind="frozen")
    assert server.station.faults is not None


def test_every_kind_can_be_written_as_plain_data() -> None:
    for kind in LinkFaultKind:
        assert LinkRule.parse({"kind": kind.value}).kind is kind


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "missing kind; known: exception, silence"),
        ({"kind": "silense"}, "unknown kind 'silense'; did you mean silence?"),
        ({"kind": "silence", "probabilty": 1}, "unknown key 'probabilty'; did you mean probability?"),
        ({"kind": "silence", "probability": 2}, "probability 2: expected a number from 0 to 1"),
        ({"kind": "silence", "unit": 256}, "unit 256: expected a whole number from 0 to 255"),
        ({"kind": "silence", "unit": True}, "unit True: expected a whole number"),
        ({"kind": "silence", "addresses": [9, 1]}, "expected the first address before the last"),
        ({"kind": "silence", "addresses": [1, 2, 3]}, "expected one address, or first and last"),
        ({"kind": "silence", "functions": [3, "x"]}, "functions 'x': expected a whole number from 1 to 127"),
        ({"kind": "delay", "delay_s": None}, "delay_s has no value"),
        ({"kind": "delay", "delay_s": float("nan")}, "delay_s nan: expected a number from 0 to 3600"),
        ({"kind": "silence", "executes": 1}, "executes 1: expected true or false"),
    ],
)
def test_an_invalid_rule_is_explained(data: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        LinkRule.parse(data)
    assert message in str(caught.value)
