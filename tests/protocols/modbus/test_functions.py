"""Each function of a unit against the Modbus Application Protocol V1.1b3, by raw socket."""

import struct

import pytest

from tests.protocols.modbus.plant import (
    HOLDING,
    INPUT,
    Plant,
    RawClient,
    connect,
    read,
    serving,
    words,
    write_registers,
)
from twin_tui.errors import ConfigError
from twin_tui.protocols.modbus.memory import Extent, Limits, Table, UnitMemory
from twin_tui.protocols.modbus.station import Station


async def test_registers_read_back_in_wire_order(client: RawClient) -> None:
    assert words(await client.ask(read(4, 5, 3))) == [5, 6, 7]
    assert words(await client.ask(read(3, 5, 3))) == [1005, 1006, 1007]


@pytest.mark.parametrize("function", [1, 2])
@pytest.mark.parametrize(("address", "count"), [(0, 1), (1, 8), (2, 9), (0, 2000), (100, 13)])
async def test_bits_are_packed_lowest_first_and_padded_with_zeros(
    client: RawClient, function: int, address: int, count: int
) -> None:
    answer = await client.ask(read(function, address, count))
    bits = [answer[2 + i // 8] >> i % 8 & 1 for i in range(8 * answer[1])]
    assert answer[:2] == bytes([function, (count + 7) // 8])
    assert bits[:count] == [int((address + i) % 3 == 0) for i in range(count)]
    assert not any(bits[count:])


@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize(("count", "code"), [(0, 3), (126, 3), (0xFFFF, 3)])
async def test_register_counts_out_of_range_are_illegal_values(
    client: RawClient, function: int, count: int, code: int
) -> None:
    assert await client.ask(read(function, 0, count)) == bytes([function | 0x80, code])


async def test_the_largest_reads_are_answered(client: RawClient) -> None:
    assert words(await client.ask(read(4, 0, 125))) == list(range(125))
    assert (await client.ask(read(1, 0, 2000)))[1] == 250


@pytest.mark.parametrize("function", [1, 2])
@pytest.mark.parametrize("count", [0, 2001, 0xFFFF])
async def test_bit_counts_out_of_range_are_illegal_values(
    client: RawClient, function: int, count: int
) -> None:
    assert await client.ask(read(function, 0, count)) == bytes([function | 0x80, 3])


@pytest.mark.parametrize(
    ("function", "address", "count"),
    [
        (4, 200, 1),
        (4, 199, 2),
        (4, 299, 2),
        (4, 195, 120),
        (4, 309, 2),
        (3, 65_535, 2),
        (3, 65_534, 2),
        (3, 165, 1),
        (3, 155, 10),
        (1, 2099, 2),
        (2, 65_535, 1),
    ],
)
async def test_a_block_that_is_not_wholly_readable_is_an_illegal_address(
    client: RawClient, function: int, address: int, count: int
) -> None:
    assert await client.ask(read(function, address, count)) == bytes([function | 0x80, 2])


async def test_the_quantity_is_checked_before_the_address(client: RawClient) -> None:
    assert await client.ask(read(3, 5000, 126)) == b"\x83\x03"
    assert await client.ask(read(3, 5000, 125)) == b"\x83\x02"


async def test_the_last_address_exists_when_mapped(client: RawClient) -> None:
    assert words(await client.ask(read(3, 65_535, 1))) == [0]


@pytest.mark.parametrize("function", [0, 7, 8, 11, 17, 20, 21, 24, 99, 127])
async def test_unknown_functions_are_refused(client: RawClient, function: int) -> None:
    assert await client.ask(bytes([function, 0, 0, 0, 1])) == bytes([function | 0x80, 1])


async def test_a_function_above_127_gets_an_exception_too(client: RawClient) -> None:
    assert await client.ask(b"\x83\x00\x00\x00\x01") == b"\x83\x01"


@pytest.mark.parametrize("pdu", [b"\x03", b"\x03\x00", b"\x03\x00\x00\x00", b"\x03\x00\x00\x00\x01\x00"])
async def test_a_read_of_wrong_length_is_an_illegal_value(client: RawClient, pdu: bytes) -> None:
    assert await client.ask(pdu) == b"\x83\x03"


async def test_a_coil_is_written_and_echoed(client: RawClient, plant: Plant) -> None:
    assert await client.ask(b"\x05\x00\x01\xff\x00") == b"\x05\x00\x01\xff\x00"
    assert await client.ask(b"\x05\x00\x00\x00\x00") == b"\x05\x00\x00\x00\x00"
    assert (await client.ask(read(1, 0, 4)))[2] == 0b1010
    assert [(w.address, w.data) for w in plant.writes] == [(1, b"\x01"), (0, b"\x00")]


@pytest.mark.parametrize("value", [0x0001, 0x00FF, 0xFF01, 0xFFFF])
async def test_a_coil_accepts_only_on_or_off(client: RawClient, plant: Plant, value: int) -> None:
    assert await client.ask(struct.pack(">BHH", 5, 1, value)) == b"\x85\x03"
    assert plant.writes == []


async def test_a_register_is_written_and_echoed(client: RawClient, plant: Plant) -> None:
    assert await client.ask(b"\x06\x00\x07\x12\x34") == b"\x06\x00\x07\x12\x34"
    assert plant.get(HOLDING, 7) == 0x1234
    (write,) = plant.writes
    assert (write.function, write.client, write.count) == (6, client.name, 1)


async def test_many_coils_are_written_bit_by_bit(client: RawClient, plant: Plant) -> None:
    answer = await client.ask(b"\x0f\x00\x13\x00\x0a\x02\xcd\x01")
    assert answer == b"\x0f\x00\x13\x00\x0a"
    assert plant.writes[0].data == bytes([1, 0, 1, 1, 0, 0, 1, 1, 1, 0])
    assert (await client.ask(read(1, 0x13, 10)))[2:] == b"\xcd\x01"


@pytest.mark.parametrize(
    "pdu",
    [
        b"\x0f\x00\x00\x00\x00\x00",
        b"\x0f\x00\x00\x00\x08\x02\xff\xff",
        b"\x0f\x00\x00\x00\x09\x01\xff",
        b"\x0f\x00\x00\x00\x08\x01",
        b"\x0f\x00\x00\x00",
        struct.pack(">BHHB", 15, 0, 1969, 247) + bytes(247),
        struct.pack(">BHHB", 15, 0, 0xFFFF, 0),
    ],
)
async def test_coil_writes_of_wrong_size_are_illegal_values(
    client: RawClient, plant: Plant, pdu: bytes
) -> None:
    assert await client.ask(pdu) == b"\x8f\x03"
    assert plant.writes == []


async def test_the_largest_writes_are_accepted(client: RawClient, plant: Plant) -> None:
    assert (await client.ask(struct.pack(">BHHB", 15, 0, 1968, 246) + b"\xff" * 246))[0] == 15
    assert (await client.ask(write_registers(0, *range(123))))[0] == 16
    assert [plant.get(HOLDING, n) for n in range(123)] == list(range(123))


async def test_many_registers_are_written_as_one_request(client: RawClient, plant: Plant) -> None:
    assert await client.ask(write_registers(10, 1, 2, 3)) == struct.pack(">BHH", 16, 10, 3)
    (write,) = plant.writes
    assert (write.address, write.count, write.data) == (10, 3, b"\x00\x01\x00\x02\x00\x03")
    assert words(await client.ask(read(3, 10, 3))) == [1, 2, 3]


@pytest.mark.parametrize(
    "pdu",
    [
        b"\x10\x00\x00\x00\x00\x00",
        b"\x10\x00\x00\x00\x01\x01\x00",
        b"\x10\x00\x00\x00\x02\x04\x00\x00",
        b"\x10\x00\x00\x00\x01\x02\x00\x00\x00",
        b"\x10\x00",
        struct.pack(">BHHB", 16, 0, 124, 248) + bytes(246),
        struct.pack(">BHHB", 16, 0, 128, 0),
    ],
)
async def test_register_writes_of_wrong_size_are_illegal_values(
    client: RawClient, plant: Plant, pdu: bytes
) -> None:
    assert await client.ask(pdu) == b"\x90\x03"
    assert plant.writes == []


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (b"\x06\x00\x96\x00\x01", b"\x86\x02"),
        (b"\x06\x03\xe8\x00\x01", b"\x86\x02"),
        (b"\x05\x0f\xff\xff\x00", b"\x85\x02"),
        (write_registers(148, 1, 2, 3), b"\x90\x02"),
        (write_registers(65_535, 1, 2), b"\x90\x02"),
        (struct.pack(">BHHH", 22, 150, 0, 0), b"\x96\x02"),
    ],
)
async def test_a_write_to_a_read_only_address_is_an_illegal_address(
    client: RawClient, plant: Plant, pdu: bytes, code: bytes
) -> None:
    assert await client.ask(pdu) == code
    assert plant.writes == []


async def test_a_write_only_register_accepts_writes_and_refuses_reads(
    client: RawClient, plant: Plant
) -> None:
    assert await client.ask(b"\x06\x00\xa5\x00\x09") == b"\x06\x00\xa5\x00\x09"
    assert plant.get(HOLDING, 165) == 9
    assert await client.ask(read(3, 165, 1)) == b"\x83\x02"


async def test_the_model_refuses_a_value_and_nothing_changes(client: RawClient, plant: Plant) -> None:
    assert await client.ask(write_registers(10, 1, 0xDEAD)) == b"\x90\x03"
    assert plant.get(HOLDING, 10) == 1010


async def test_a_mask_write_changes_the_masked_bits_only(client: RawClient, plant: Plant) -> None:
    # The example of the Modbus specification: current 0x12, and 0xF2, or 0x25 gives 0x17.
    plant.put(HOLDING, 4, 0x12)
    assert await client.ask(b"\x16\x00\x04\x00\xf2\x00\x25") == b"\x16\x00\x04\x00\xf2\x00\x25"
    assert plant.get(HOLDING, 4) == 0x17
    assert await client.ask(b"\x16\x00\x04\x00\xf2\x00") == b"\x96\x03"


async def test_read_write_writes_before_it_reads(client: RawClient, plant: Plant) -> None:
    pdu = struct.pack(">BHHHHBHH", 23, 9, 4, 10, 2, 4, 0xAA, 0xBB)
    assert words(await client.ask(pdu)) == [1009, 0xAA, 0xBB, 1012]
    assert plant.writes[0].function == 23


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (struct.pack(">BHHHHBH", 23, 0, 0, 0, 1, 2, 1), 3),
        (struct.pack(">BHHHHBH", 23, 0, 126, 0, 1, 2, 1), 3),
        (struct.pack(">BHHHHB", 23, 0, 1, 0, 0, 0), 3),
        (struct.pack(">BHHHHB", 23, 0, 1, 0, 122, 244) + bytes(243), 3),
        (struct.pack(">BHHHHBH", 23, 0, 1, 0, 1, 3, 1), 3),
        (struct.pack(">BHH", 23, 0, 1), 3),
        (struct.pack(">BHHHHBH", 23, 900, 1, 0, 1, 2, 1), 2),
        (struct.pack(">BHHHHBH", 23, 0, 1, 900, 1, 2, 1), 2),
        (struct.pack(">BHHHHBH", 23, 0, 1, 0, 1, 2, 0xDEAD), 3),
    ],
)
async def test_a_bad_read_write_changes_nothing(
    client: RawClient, plant: Plant, pdu: bytes, code: int
) -> None:
    assert await client.ask(pdu) == bytes([0x97, code])
    assert plant.writes == []


async def test_a_failing_model_is_a_device_failure_and_the_link_keeps_running(client: RawClient) -> None:
    assert await client.ask(write_registers(10, 0xB00B)) == b"\x90\x04"
    assert words(await client.ask(read(3, 10, 1))) == [1010]


async def test_a_failing_refresh_is_a_device_failure_each_time() -> None:
    broken = False

    class Breaking(UnitMemory):
        def refresh(self) -> None:
            if broken:
                raise RuntimeError("no data")

    async with serving({1: Breaking([Extent(INPUT, 0, 1)])}) as server:
        client = await connect(server)
        assert words(await client.ask(read(4, 0, 1))) == [0]
        broken = True
        assert await client.ask(read(4, 0, 1)) == b"\x84\x04"
        broken = False
        assert words(await client.ask(read(4, 0, 1))) == [0]
        client.writer.close()


async def test_memory_is_refreshed_before_every_read(client: RawClient, plant: Plant) -> None:
    for _ in range(3):
        await client.ask(read(4, 0, 1))
    assert plant.refreshed == 3
    plant.put(INPUT, 0, 0xBEEF)
    assert words(await client.ask(read(4, 0, 1))) == [0xBEEF]


async def test_basic_identification_is_a_stream_of_three_objects(client: RawClient) -> None:
    answer = await client.ask(b"\x2b\x0e\x01\x00")
    assert answer == b"\x2b\x0e\x01\x83\x00\x00\x03\x00\x04Twin\x01\x06BAT-10\x02\x031.0"


async def test_regular_identification_includes_the_basic_one(client: RawClient) -> None:
    answer = await client.ask(b"\x2b\x0e\x02\x02")
    assert answer == b"\x2b\x0e\x02\x83\x00\x00\x02\x02\x031.0\x04\x07Battery"


async def test_extended_identification_continues_in_a_second_response(client: RawClient) -> None:
    first = await client.ask(b"\x2b\x0e\x03\x00")
    assert first[4:7] == b"\xff\x81\x05"
    second = await client.ask(b"\x2b\x0e\x03\x81")
    assert second[4:7] == b"\x00\x00\x01"
    assert second[7:] == b"\x81\x64" + b"y" * 100


async def test_an_unknown_object_restarts_a_stream_and_fails_alone(client: RawClient) -> None:
    assert (await client.ask(b"\x2b\x0e\x01\x77"))[7] == 0
    assert await client.ask(b"\x2b\x0e\x04\x04") == b"\x2b\x0e\x04\x83\x00\x00\x01\x04\x07Battery"
    assert await client.ask(b"\x2b\x0e\x04\x77") == b"\xab\x02"


@pytest.mark.parametrize(
    ("pdu", "code"), [(b"\x2b\x0e\x05\x00", 3), (b"\x2b\x0d\x01\x00", 1), (b"\x2b\x0e", 3), (b"\x2b", 1)]
)
async def test_other_identification_requests_are_refused(client: RawClient, pdu: bytes, code: int) -> None:
    assert await client.ask(pdu) == bytes([0xAB, code])


async def test_a_level_above_the_supported_one_gets_the_supported_one() -> None:
    plant = Plant(identity={0: "A", 1: "B", 2: "C"})
    async with serving({1: plant}) as server:
        client = await connect(server)
        assert (await client.ask(b"\x2b\x0e\x03\x00"))[3:7] == b"\x81\x00\x00\x03"
        client.writer.close()


async def test_a_unit_without_identification_does_not_support_the_function() -> None:
    async with serving({1: Plant()}) as server:
        client = await connect(server)
        assert await client.ask(b"\x2b\x0e\x01\x00") == b"\xab\x01"
        client.writer.close()


async def test_device_limits_restrict_the_requests() -> None:
    limits = Limits(max_read_registers=80, even_counts_only=True, functions=frozenset({3, 4, 16}))
    async with serving({1: Plant(limits=limits)}) as server:
        client = await connect(server)
        assert (await client.ask(read(4, 0, 80)))[0] == 4
        assert await client.ask(read(4, 0, 82)) == b"\x84\x03"
        assert await client.ask(read(4, 0, 3)) == b"\x84\x03"
        assert await client.ask(b"\x06\x00\x00\x00\x00") == b"\x86\x01"
        client.writer.close()


def test_invalid_limits_extents_and_identities_are_named() -> None:
    with pytest.raises(ConfigError, match="max_read_registers 126: expected 1 to 125"):
        Limits(max_read_registers=126)
    with pytest.raises(ConfigError, match="function 7 is not supported"):
        Limits(functions=frozenset({3, 7}))
    with pytest.raises(ConfigError, match="holding registers 65535 with 2"):
        UnitMemory([Extent(HOLDING, 65_535, 2)])
    with pytest.raises(ConfigError, match="at most 244"):
        Station({1: Plant()}, identities={1: {0: "x" * 245}})
    with pytest.raises(ConfigError, match="coils 5000 is not mapped"):
        Plant().locate(Table.COILS, 5000)
