"""Link faults with an address filter change exactly the values in it, whichever function reads them."""

import itertools
import struct
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
from twin_tui.protocols.modbus.fault_rules import LinkRule
from twin_tui.protocols.modbus.memory import Table
from twin_tui.protocols.modbus.pdu import unpack_bits
from twin_tui.protocols.modbus.server import ModbusTcpServer

TABLES = {1: Table.COILS, 2: Table.DISCRETE_INPUTS, 3: HOLDING, 4: INPUT}


def values(function: int, count: int, answer: bytes) -> list[int]:
    assert answer[0] == function
    return list(unpack_bits(answer[2:], count)) if function < 3 else words(answer)


def put_all(plant: Plant, table: Table, new: list[int]) -> None:
    memory, _ = plant.locate(table, 0)
    size = 1 if table in {Table.COILS, Table.DISCRETE_INPUTS} else 2
    for n, value in enumerate(new):
        memory[n * size : (n + 1) * size] = value.to_bytes(size, "big")


def expected(kind: str, function: int, block: range, low: int, high: int, old: Any, new: Any) -> list[int]:
    """Return what a client reads: the fault touches the addresses from ``low`` to ``high`` of the block."""
    seen = [new(n) for n in block]
    touched = [n for n in block if low <= n <= high]
    for place, n in enumerate(touched):
        at = n - block.start
        if kind == "not_available":
            seen[at] = 1 if function < 3 else 0xFFFF
        elif kind == "swapped_words" and function > 2:
            partner = place ^ 1
            seen[at] = new(touched[partner] if partner < len(touched) else n)
        elif kind in {"frozen", "stale"}:
            seen[at] = old(n)
    return seen


@pytest.mark.parametrize("kind", ["frozen", "stale", "not_available", "swapped_words"])
@pytest.mark.parametrize("function", [1, 2, 3, 4])
async def test_a_data_fault_changes_exactly_the_addresses_of_its_rule(
    client: RawClient, plant: Plant, server: ModbusTcpServer, function: int, kind: str
) -> None:
    def old(n: int) -> int:
        return n % 2 if function < 3 else 3 * n

    def new(n: int) -> int:
        return (n + 1) % 2 if function < 3 else 1000 + n

    blocks = [range(7, 20), range(11, 12), range(0, 11), range(14, 30), range(40, 45)]
    for addresses in ([10, 15], [11, 11], [0, 65_535], None):
        low, high = addresses or (0, 65_535)
        put_all(plant, TABLES[function], [old(n) for n in range(100)])
        fault(server, kind=kind, addresses=addresses, age_s=3600)
        for block in blocks:
            await client.ask(read(function, block.start, len(block)))
        put_all(plant, TABLES[function], [new(n) for n in range(100)])
        for block in blocks:
            answer = await client.ask(read(function, block.start, len(block)))
            assert values(function, len(block), answer) == expected(
                kind, function, block, low, high, old, new
            )


@pytest.fixture
async def server(plant: Plant):  # type: ignore[no-untyped-def]
    async with serving({1: plant, 2: Plant()}) as running:
        yield running


def requests_of(address: int, count: int) -> list[bytes]:
    """Return a request of every function that has addresses, for the same block as far as it can be."""
    single = [b"\x05%b\xff\x00", b"\x06%b\x00\x01", b"\x16%b\xff\xff\x00\x00"]
    found = [pdu.replace(b"%b", struct.pack(">H", address)) for pdu in single] if count == 1 else []
    found += [read(function, address, count) for function in (1, 2, 3, 4)]
    found.append(struct.pack(">BHHB", 15, address, count, (count + 7) // 8) + bytes((count + 7) // 8))
    found.append(write_registers(address, *range(count)))
    far = 100
    data = bytes(2 * count)
    found.append(struct.pack(">BHHHHB", 23, far, 1, address, count, 2 * count) + data)
    found.append(struct.pack(">BHHHHB", 23, address, count, far, 1, 2) + bytes(2))
    return found


async def test_a_rule_with_addresses_meets_every_request_that_touches_one_of_them(
    client: RawClient, server: ModbusTcpServer
) -> None:
    fault(server, kind="exception", code=5, addresses=[20, 24])
    for address, count in itertools.product((15, 19, 20, 24, 25), (1, 4, 5, 6, 20)):
        touched = address <= 24 and address + count > 20
        for pdu in requests_of(address, count):
            answer = await client.ask(pdu)
            assert (answer == bytes((pdu[0] | 0x80, 5))) is touched, (pdu[0], address, count)


async def test_requests_too_short_for_an_address_meet_no_rule_with_addresses(
    client: RawClient, server: ModbusTcpServer
) -> None:
    for kind in ("exception", "frozen"):
        fault(server, kind=kind, code=5, addresses=[0, 65_535])
        for function in (3, 6, 16, 22, 23):
            for pdu in (bytes((function,)), bytes((function, 0))):
                assert await client.ask(pdu) == bytes((function | 0x80, 3))
        for pdu in (b"\x03\x00\x00\x00", b"\x10\x00\x00\x00", b"\x17" + bytes(7)):
            assert await client.ask(pdu) == bytes((pdu[0] | 0x80, 3))
    fault(server, kind="exception", code=5, addresses=[0, 0])
    for pdu in (b"\x06\x00\x00", b"\x03" + bytes(4), b"\x17" + bytes(8)):
        assert await client.ask(pdu) == bytes((pdu[0] | 0x80, 5))


async def test_a_read_of_nothing_meets_the_rule_of_its_first_address(
    client: RawClient, server: ModbusTcpServer
) -> None:
    fault(server, kind="exception", code=5, addresses=[7, 7])
    assert await client.ask(read(4, 7, 0)) == b"\x84\x05"
    assert await client.ask(read(4, 8, 0)) == b"\x84\x03"
    assert await client.ask(read(4, 6, 0)) == b"\x84\x03"


async def test_frozen_values_of_one_unit_leave_another_alone(
    client: RawClient, server: ModbusTcpServer, plant: Plant
) -> None:
    other = server.station.units[2]
    assert isinstance(other, Plant)
    fault(server, kind="frozen", unit=2)
    for unit in (plant, other):
        unit.put(INPUT, 3, 77)
        unit.put(INPUT, 301, 78)
    assert words(await client.ask(read(4, 3, 1))) == [77]
    assert words(await client.ask(read(4, 3, 1), unit=2)) == [3]
    assert words(await client.ask(read(4, 301, 1), unit=2)) == [0]
    server.station.remove_fault("f")
    assert words(await client.ask(read(4, 301, 1), unit=2)) == [78]


async def test_stale_values_are_kept_for_so_many_blocks_that_a_client_polls(
    client: RawClient, server: ModbusTcpServer, plant: Plant
) -> None:
    fault(server, kind="stale", age_s=3600)
    for first in range(64):
        await client.ask(read(4, first, 1))
    for n in range(64):
        plant.put(INPUT, n, 500 + n)
    assert [words(await client.ask(read(4, n, 1)))[0] for n in range(64)] == list(range(64))
    await client.ask(read(4, 100, 1))  # the oldest block makes room
    assert words(await client.ask(read(4, 63, 1))) == [63]
    assert words(await client.ask(read(4, 0, 1))) == [500]


async def test_faults_of_one_kind_add_up_to_the_worst_of_them_or_their_sum(
    client: RawClient, server: ModbusTcpServer
) -> None:
    whole = mbap(b"\x04\x02\x00\x03")
    for cut in (3, 1, 2):
        server.station.add_fault(f"cut {cut}", LinkRule.parse({"kind": "truncated", "bytes": cut}))
    client.send(mbap(read(4, 3, 1)))
    assert await client.take(len(whole) - 3) == whole[:-3]
    for cut in (3, 1, 2):
        server.station.remove_fault(f"cut {cut}")
    for more in (3, 1, 2):
        server.station.add_fault(f"more {more}", LinkRule.parse({"kind": "extra_bytes", "bytes": more}))
    client.send(mbap(read(4, 3, 1)))
    assert (await client.take(len(whole) + 6))[: len(whole)] == whole
    for more in (3, 1, 2):
        server.station.remove_fault(f"more {more}")
    assert words(await client.ask(read(4, 3, 1))) == [3]


async def test_an_answer_cut_to_nothing_is_none(client: RawClient, server: ModbusTcpServer) -> None:
    fault(server, kind="truncated", bytes=200, count=1)
    client.send(mbap(read(4, 3, 1)))
    assert words(await client.nothing_before(read(4, 3, 1))) == [3]


async def test_wrong_ids_wrap_around_at_their_highest(plant: Plant) -> None:
    async with serving({255: plant}) as server:
        client = await connect(server)
        server.station.add_fault("t", LinkRule.parse({"kind": "wrong_transaction_id"}))
        server.station.add_fault("u", LinkRule.parse({"kind": "wrong_unit"}))
        server.station.add_fault("f", LinkRule.parse({"kind": "wrong_function"}))
        client.send(mbap(read(4, 3, 1), transaction=0xFFFF, unit=255))
        assert await client.frame() == (0, 0, b"\x05\x02\x00\x03")
        client.send(mbap(b"\x7f", transaction=1, unit=255))
        assert await client.frame() == (2, 0, b"\x81\x01")
        client.send(mbap(read(4, 900, 1), transaction=1, unit=255))
        assert await client.frame() == (2, 0, b"\x85\x02")
        client.writer.close()


async def test_a_bad_crc_leaves_a_port_without_crcs_alone(client: RawClient, server: ModbusTcpServer) -> None:
    fault(server, kind="bad_crc")
    assert words(await client.ask(read(4, 3, 1))) == [3]


@pytest.mark.parametrize("kind", ["wrong_transaction_id", "delay"])
async def test_faults_of_a_line_leave_its_crc_good(plant: Plant, kind: str) -> None:
    async with serving({1: plant}, framing="rtu") as server:
        client = await connect(server)
        fault(server, kind=kind, delay_s=0.001)
        client.send(rtu(read(4, 3, 1)))
        assert await client.take(7) == rtu(b"\x04\x02\x00\x03")
        client.writer.close()


RANGES = {
    "unit": (0, 255),
    "functions": (1, 127),
    "count": (1, 1_000_000_000),
    "code": (1, 255),
    "bytes": (1, 255),
    "addresses": (0, 65_535),
    "probability": (0, 1.0),
    "delay_s": (0, 3600.0),
    "jitter_s": (0, 3600.0),
    "gap_s": (0, 60.0),
    "age_s": (0, 86_400.0),
}


@pytest.mark.parametrize(("key", "bounds"), RANGES.items())
def test_the_options_of_a_rule_are_accepted_up_to_their_bounds(key: str, bounds: tuple[float, float]) -> None:
    wrapped = {"functions": lambda n: frozenset({n}), "addresses": lambda n: (n, n)}
    for bound in bounds:
        rule = LinkRule.parse({"kind": "silence", key: bound})
        assert getattr(rule, key) == wrapped.get(key, lambda n: n)(bound)
    step = 1 if isinstance(bounds[1], int) else 0.001
    for beyond in (bounds[0] - step, bounds[1] + step):
        with pytest.raises(CommandError, match=f"link fault: {key} {beyond!r}: expected"):
            LinkRule.parse({"kind": "silence", key: beyond})
    with pytest.raises(CommandError, match="expected"):
        LinkRule.parse({"kind": "silence", key: "3"})


def test_options_that_can_be_left_out_may_be_empty_and_lists_may_be_any_kind_of_list() -> None:
    empty = {"unit": None, "functions": None, "addresses": None, "count": None}
    assert LinkRule.parse({"kind": "delay", **empty}) == LinkRule.parse({"kind": "delay"})
    for several in ([3, 4], (3, 4), {3, 4}, frozenset({3, 4})):
        assert LinkRule.parse({"kind": "delay", "functions": several}).functions == {3, 4}
    assert LinkRule.parse({"kind": "delay", "addresses": (3, 4)}).addresses == (3, 4)
