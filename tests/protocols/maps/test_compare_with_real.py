"""Comparison of a twin with a device over TCP; here the device is a second twin."""

import asyncio

import pytest

from tests.protocols.maps.site import bound, mapping, shipped, write
from twin_tui.engine.events import Pin, ReportStatus, Write
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.maps.compare import Address, RealValue, adopted, blocks, comparison, lines, read_real
from twin_tui.protocols.maps.listing import listing
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.memory import Table
from twin_tui.protocols.modbus.server import ModbusTcpServer


async def readings_of(real: Registers, twin: Registers) -> tuple[dict[str, RealValue], Address]:
    server = ModbusTcpServer("127.0.0.1", 0, {7: real})
    await server.start()
    try:
        where = Address("127.0.0.1", server.port, 7)
        return await read_real(twin, where), where
    finally:
        await server.stop()


async def test_two_devices_in_the_same_state_do_not_differ() -> None:
    real, twin = (bound(shipped("chp_modbus")) for _ in range(2))
    found = lines(twin, (await readings_of(real, twin))[0])
    assert len(found) == len([r for r in twin.map.registers if r.readable])
    assert all(line.same for line in found)


async def test_differences_are_in_the_units_of_the_map() -> None:
    real, twin = (bound(shipped("bess_modbus")) for _ in range(2))
    real.engine.submit(Pin("battery", "soc", 0.653))
    write(real, 10055, 1)
    readings, where = await readings_of(real, twin)
    found = {line.register.name: line for line in lines(twin, readings)}
    assert (found["system_soc"].real, found["system_soc"].twin) == ("65.3 %", "50.0 %")
    assert found["system_soc"].difference == "-15.3 %"
    assert found["start_stop_standby"].real == "1 (Power On)"
    assert found["start_stop_standby"].difference == "differs"
    text = comparison(list(found.values()), where, "battery")
    assert "32002  system_soc" in text
    assert text.endswith("2 of 30 registers differ")


async def test_a_twin_adopts_the_state_of_the_real_device() -> None:
    real, twin = (bound(shipped("bess_modbus")) for _ in range(2))
    real.engine.submit(Pin("battery", "soc", 0.653))
    write(real, 10055, 1)
    write(real, 10126, 0xFFFF, 0xFFCE)
    write(real, 10325, 950)
    for event in adopted(twin, (await readings_of(real, twin))[0]):
        twin.engine.submit(event)
    twin.engine.step()
    commands = twin.engine.devices["battery"].commands
    assert (commands.start_stop, commands.active_power_setpoint_w) == (1, -5000.0)
    assert commands.soc_upper_limit_2 == 0.95
    assert twin.engine.telemetry("battery").soc == pytest.approx(0.653, abs=1e-3)


async def test_registers_missing_in_the_real_device_are_marked() -> None:
    power = {"name": "p", "signal": "active_power_w", "table": "input", "address": 0, "type": "int32"}
    soc = {"name": "soc", "signal": "soc", "table": "input", "address": 2, "type": "uint16", "unit": "%"}
    real, twin = bound(mapping(power)), bound(mapping(power, soc))
    found = lines(twin, (await readings_of(real, twin))[0])
    assert [(line.register.name, line.real, line.same) for line in found] == [
        ("p", "0", True),
        ("soc", "exception 2", False),
    ]


async def test_values_without_a_number_differ_without_a_difference() -> None:
    plain = {"table": "input", "address": 0}
    entries = [
        {**plain, "name": "model", "type": "string", "count": 2, "value": "abc"},
        {**plain, "name": "power", "signal": "active_power_w", "address": 2, "type": "int16"},
        {**plain, "name": "digits", "signal": "active_power_w", "address": 3, "type": "bcd", "count": 1},
        {**plain, "name": "flags", "signal": "fault_code", "address": 4, "type": "bitfield16"},
        {**plain, "name": "same", "address": 5, "type": "uint16", "value": 7},
        {**plain, "name": "level", "signal": "soc", "address": 6, "type": "uint16", "unit": "%"},
    ]
    real, twin = (bound(mapping(*entries, not_available={"int16": 0x8000})) for _ in range(2))
    readings, where = await readings_of(real, twin)
    read = {
        (Table.INPUT_REGISTERS, address): data for address, data in [(2, "8000"), (3, "12ab"), (4, "0003")]
    }
    readings |= {key: RealValue(bytes.fromhex(data)) for key, data in read.items()}
    readings[Table.INPUT_REGISTERS, 0] = RealValue(b"xyz\0")
    readings[Table.INPUT_REGISTERS, 6] = RealValue(b"\0\x28")
    found = {line.register.name: line for line in lines(twin, readings)}
    assert [found[name].difference for name in ("model", "power", "digits", "flags", "same", "level")] == [
        *["differs"] * 4,
        "",
        "+10 %",
    ]
    assert (found["model"].real, found["power"].real, found["flags"].real) == (
        "xyz",
        "not available",
        "0x0003",
    )
    text = comparison(list(found.values()), where, "battery")
    rows = {line.split()[1]: line for line in text.splitlines() if line.split()[0].isdigit()}
    assert rows["same"].split() == ["5", "same", "7", "7"]
    assert text.endswith("5 of 6 registers differ")


async def test_a_comparison_leaves_no_connection_and_adopts_no_constants() -> None:
    constant = {"name": "c", "table": "holding", "address": 0, "type": "uint16", "value": 1}
    own = {"table": "holding", "access": "rw", "type": "uint16"}
    entries = [
        constant,
        {**own, "name": "limited", "signal": "start_stop", "address": 1, "options": {1: "on", 2: "off"}},
        {**own, "name": "pulse", "signal": "fault_reset", "address": 2},
        {**own, "name": "stored", "address": 3, "stored": True, "value": 4},
        {
            "name": "sum",
            "signal": "active_power_w",
            "table": "input",
            "address": 0,
            "type": "int16",
            "plus": ["soc"],
        },
        {"name": "size", "signal": "active_power_w", "table": "input", "address": 1, "type": "int16"}
        | {"sense": "magnitude"},
    ]
    real, twin = (bound(mapping(*entries)) for _ in range(2))
    server = ModbusTcpServer("127.0.0.1", 0, {1: real})
    await server.start()
    readings = await read_real(twin, Address("127.0.0.1", server.port))
    async with asyncio.timeout(5):
        while server.links:  # noqa: ASYNC110 - the server does not say when a client has left
            await asyncio.sleep(0)
    assert server.requests == len(list(blocks(twin)))
    await server.stop()
    (event,) = adopted(twin, readings)
    assert isinstance(event, Write)
    assert event.values == {"start_stop": 2}
    readings[Table.HOLDING_REGISTERS, 1] = RealValue(b"\0\x09")  # no code of the map
    assert adopted(twin, readings) == []


def test_a_measurement_that_the_real_device_does_not_have_is_not_adopted() -> None:
    soc = {"name": "soc", "signal": "soc", "table": "input", "address": 0, "type": "uint16", "unit": "%"}
    twin = bound(mapping(soc, not_available={"uint16": 0xFFFF}))
    key = (Table.INPUT_REGISTERS, 0)
    assert adopted(twin, {key: RealValue(b"\xff\xff")}) == []
    (event,) = adopted(twin, {key: RealValue(b"\0\x28")})
    assert isinstance(event, ReportStatus)
    assert event.status == {"soc": 0.4}


async def test_a_device_that_cannot_be_reached_is_named() -> None:
    server = ModbusTcpServer("127.0.0.1", 0, {})
    await server.start()
    port = server.port
    await server.stop()
    with pytest.raises(LinkError, match=f"could not connect to 127.0.0.1:{port}"):
        await read_real(bound(shipped("bess_modbus")), Address("127.0.0.1", port))


def test_requests_respect_the_limits_of_the_map() -> None:
    meter = bound(shipped("eastron_sdm630"))
    found = list(blocks(meter))
    assert all(block.count <= 80 and block.count % 2 == 0 for block in found)
    assert sum(len(block.cells) for block in found) == len(meter.cells)
    assert [block.table for block in found][-1] is Table.HOLDING_REGISTERS
    chp = bound(shipped("chp_modbus"))
    assert sum(len(block.cells) for block in blocks(chp)) == len(chp.cells)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", Address("192.0.2.7", 502, 1)),
        ("192.0.2.7:1502", Address("192.0.2.7", 1502, 1)),
        ("inverter:502:3", Address("inverter", 502, 3)),
        ("[::1]:502:3", Address("::1", 502, 3)),
    ],
)
def test_an_address_is_host_port_and_unit(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("text", ["", "host:port", "host:70000", "host:502:300", ":502"])
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected HOST:PORT"):
        Address.parse(text)


def test_a_listing_contains_tables_values_and_meanings() -> None:
    battery = bound(shipped("bess_modbus"))
    battery.engine.submit(Pin("battery", "soc", 0.431))
    text = listing(battery, "battery", "127.0.0.1:5020 unit 1")
    assert text.startswith("battery: Battery system with DER Twin's layout  127.0.0.1:5020 unit 1\n")
    assert "input registers\n" in text
    assert "holding registers\n" in text
    line = next(line for line in text.splitlines() if "system_soc" in line)
    assert line.split() == ["32002", "system_soc", "uint16", "ro", "01AF", "43.1", "%", "FORCED", "soc"]
    assert "0  (Idle or standby)" in text
