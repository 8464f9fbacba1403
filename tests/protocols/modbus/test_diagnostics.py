"""Diagnostics and server id where a device has them; unit numbers of a port with one unit."""

from typing import Any

import pytest

from tests.protocols.maps.site import bound, mapping, shipped
from tests.protocols.modbus.plant import Master, Plant, connect, read, rtu, serving
from twin_tui.errors import ConfigError
from twin_tui.protocols.modbus.crc import with_crc
from twin_tui.protocols.modbus.memory import Limits
from twin_tui.protocols.modbus.rtu import ModbusRtuServer
from twin_tui.protocols.modbus.rtu_link import answer_length, request_length

ALL = frozenset({0, 10, 11, 12, 13, 14, 15})
SOC = {"name": "soc", "signal": "soc", "address": 0, "table": "input", "type": "uint16", "unit": "%"}


def count(answer: bytes) -> int:
    assert answer[:2] == b"\x08\x00"
    return int.from_bytes(answer[3:], "big")


def ask_for(number: int, data: bytes = b"\0\0") -> bytes:
    return b"\x08" + number.to_bytes(2, "big") + data


async def test_query_data_return_as_they_came_whatever_their_length() -> None:
    async with serving({1: Plant(limits=Limits(diagnostics=frozenset({0})))}) as server:
        client = await connect(server)
        for data in (b"\xaa\x55", b"", b"\1\2\3\4\5\6"):
            assert await client.ask(ask_for(0, data)) == ask_for(0, data)
        assert await client.ask(ask_for(11)) == b"\x88\x01"
        assert await client.ask(b"\x08") == b"\x88\x03"
        client.writer.close()


async def test_the_counters_of_a_port_count_messages_exceptions_and_other_units() -> None:
    units = {1: Plant(limits=Limits(diagnostics=ALL)), 2: Plant()}
    async with serving(units, missing_unit="silent") as server:
        client = await connect(server)
        for _ in range(3):  # the second and third come from the cache
            await client.ask(read(4, 0, 2))
        await client.ask(read(4, 250, 1))
        await client.ask(read(4, 0, 2), unit=2)
        client.send(b"\0\1\0\0\0\6\5" + read(4, 0, 2))
        assert count(await client.ask(ask_for(11))) == 7
        assert count(await client.ask(ask_for(14))) == 6
        assert count(await client.ask(ask_for(13))) == 1
        assert count(await client.ask(ask_for(15))) == 0
        assert await client.ask(ask_for(11, b"\0\1")) == b"\x88\x03"
        assert await client.ask(ask_for(10)) == ask_for(10)
        assert count(await client.ask(ask_for(11))) == 1
        assert count(await client.ask(ask_for(13))) == 0
        client.writer.close()


async def test_a_line_counts_broadcasts_and_bytes_that_form_no_frame(tmp_path: Any) -> None:
    units = {1: Plant(limits=Limits(diagnostics=ALL)), 2: Plant()}
    server = ModbusRtuServer(f"pty:{tmp_path}/tty", units, gap_s=0.02)
    await server.start()
    master = Master(server.line.removeprefix("pty:"))
    master.send(rtu(bytes((6, 0, 3, 0, 9)), unit=0))
    master.send(b"\xff" * 300 + rtu(read(4, 3, 1)))
    await master.expect(rtu(b"\x04\x02\x00\x03"))
    master.send(rtu(ask_for(15)))
    await master.expect(rtu(ask_for(15, b"\0\1")))
    master.send(rtu(ask_for(14)))
    await master.expect(rtu(ask_for(14, b"\0\4")))
    master.send(rtu(ask_for(12)))
    await master.expect(rtu(ask_for(12, b"\0\1")))
    master.close()
    await server.stop()


async def test_the_server_id_is_the_text_of_the_map_and_that_the_device_runs() -> None:
    limits = {"server_id": "SDM630", "diagnostics": [0, 14]}
    registers = bound(mapping(SOC, limits=limits))
    async with serving({1: registers}) as server:
        client = await connect(server)
        assert await client.ask(b"\x11") == b"\x11\x07SDM630\xff"
        assert await client.ask(b"\x11\x00") == b"\x91\x03"
        assert count(await client.ask(ask_for(14))) == 3
        client.writer.close()
    async with serving({1: bound(mapping(SOC))}) as server:
        client = await connect(server)
        assert await client.ask(b"\x11") == b"\x91\x01"
        assert await client.ask(ask_for(0)) == b"\x88\x01"
        client.writer.close()


async def test_the_sdm630_returns_query_data_as_its_manual_says() -> None:
    async with serving({1: bound(shipped("eastron_sdm630"))}) as server:
        client = await connect(server)
        assert await client.ask(ask_for(0, b"\xaa\x55")) == ask_for(0, b"\xaa\x55")
        client.writer.close()


def test_the_example_of_the_sdm630_has_its_checksum() -> None:
    frame = with_crc(b"\x01" + ask_for(0, b"\xaa\x55"))
    assert frame.hex() == "01080000aa555e94"
    assert answer_length(frame, 0) == len(frame)
    assert request_length(with_crc(b"\x01\x11"), 0) == 4
    assert answer_length(with_crc(b"\x01\x11\x07SDM630\xff"), 0) == 12


@pytest.mark.parametrize("found", [[1], ["0"], 0, [16]])
def test_an_unknown_subfunction_in_a_map_is_named(found: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        mapping(SOC, limits={"diagnostics": found})
    expected = (
        "limits.diagnostics: expected a list of sub-functions (0 = return query data, 10 = clear counters"
    )
    assert expected in str(caught.value)


@pytest.mark.parametrize("unit", [0, 7, 255])
async def test_the_only_unit_of_a_port_is_also_unit_0_and_255(unit: int) -> None:
    async with serving({7: Plant()}) as server:
        client = await connect(server)
        assert await client.ask(read(4, 3, 1), unit=unit) == b"\x04\x02\x00\x03"
        assert await client.ask(read(4, 3, 1), unit=8) == b"\x84\x0b"
        client.writer.close()


async def test_of_several_units_none_is_unit_255() -> None:
    async with serving({1: Plant(), 255: Plant(), 3: Plant()}) as server:
        client = await connect(server)
        assert await client.ask(read(4, 3, 1), unit=255) == b"\x04\x02\x00\x03"
        assert await client.ask(read(4, 3, 1), unit=0) == b"\x84\x0b"
        client.writer.close()
    async with serving({1: Plant(), 3: Plant()}) as server:
        client = await connect(server)
        assert await client.ask(read(4, 3, 1), unit=255) == b"\x84\x0b"
        client.writer.close()


async def test_a_device_that_ignores_the_unit_number_answers_to_any() -> None:
    async with serving({1: Plant()}, any_unit=True) as server:
        client = await connect(server)
        for unit in (0, 1, 9, 126, 247, 255):
            assert await client.ask(read(4, 3, 1), unit=unit) == b"\x04\x02\x00\x03"
        client.writer.close()
