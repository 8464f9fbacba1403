"""What is stored, the rules and the write watchdog belong to the device, whichever endpoint is asked."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.protocols.modbus.plant import Master, RawClient, connect, read, rtu, words, write_registers
from twin_tui import Twin
from twin_tui.protocols.maps.registers import WATCHDOG
from twin_tui.protocols.modbus.server import ModbusTcpServer

CHARGE_POWER, FORCED = 47_247, 47_100
SETPOINT, STORED = 100, 101


def site(*assets: dict[str, Any]) -> dict[str, Any]:
    return {"name": "shared", "real_time": False, "assets": list(assets)}


def tcp(**options: Any) -> dict[str, Any]:
    return {"kind": "modbus_tcp", "port": 0, **options}


def pty(folder: Path, **options: Any) -> dict[str, Any]:
    return {"kind": "modbus_rtu", "port": f"pty:{folder / 'line'}", **options}


def home(*protocols: dict[str, Any]) -> dict[str, Any]:
    """Return a site with a hybrid inverter that all these endpoints serve."""
    hybrid = {"register_map": "huawei_sun2000", "devices": {"battery": "battery", "meter": "meter"}}
    served = [{**hybrid, **protocol} for protocol in protocols]
    return site(
        {"type": "pv", "name": "inverter", "rated_kw": 10, "peak_kw": 10, "protocols": served},
        {"type": "battery", "name": "battery", "capacity_kwh": 10},
        {"type": "meter", "name": "meter"},
    )


def battery(*protocols: dict[str, Any]) -> dict[str, Any]:
    """Return a site with a battery that all these endpoints serve."""
    return site({"type": "battery", "name": "bess", "capacity_kwh": 10, "protocols": list(protocols)})


def with_watchdog(description: str = "") -> dict[str, Any]:
    """Return a map with a setpoint in W, a stored register, and zero power after 30 s without a write."""
    common = {"table": "holding", "access": "rw"}
    return {
        "device_type": "battery",
        "description": description,
        "watchdog": {"seconds": 30, "fallback": {"active_power_setpoint_w": 0}},
        "registers": [
            {
                **common,
                "name": "setpoint",
                "signal": "active_power_setpoint_w",
                "address": SETPOINT,
                "type": "int16",
            },
            {**common, "name": "stored", "stored": True, "value": 7, "address": STORED, "type": "uint16"},
        ],
    }


class OnLine:
    """A client on a serial line that asks as one on TCP does."""

    def __init__(self, master: Master) -> None:
        self._master = master

    async def ask(self, pdu: bytes) -> bytes:
        self._master.send(rtu(pdu))
        size = 8 if pdu[0] == 16 else 5 + 2 * int.from_bytes(pdu[3:5], "big")
        return (await self._master.take(size))[1:-2]


@contextlib.asynccontextmanager
async def running(data: dict[str, Any]) -> AsyncIterator[tuple[Twin, list[RawClient | OnLine]]]:
    """Run a site and yield it with one client for each endpoint."""
    clients: list[RawClient | OnLine] = []
    async with contextlib.AsyncExitStack() as stack:
        twin = await stack.enter_async_context(Twin.from_dict(data))
        for server in twin.links.servers:
            if isinstance(server, ModbusTcpServer):
                clients.append(raw := await connect(server))
                stack.callback(raw.writer.close)
            else:
                master = Master(server.line.removeprefix("pty:"))
                stack.callback(master.close)
                clients.append(OnLine(master))
        yield twin, clients


async def test_a_stored_power_reads_alike_over_two_ports_and_a_line(tmp_path: Path) -> None:
    async with running(home(tcp(), tcp(), pty(tmp_path))) as (_, clients):
        await clients[0].ask(write_registers(CHARGE_POWER, 0, 2000))
        assert [words(await client.ask(read(3, CHARGE_POWER, 2))) for client in clients] == [[0, 2000]] * 3


async def test_a_rule_takes_what_came_over_both_endpoints(tmp_path: Path) -> None:
    async with running(home(tcp(), pty(tmp_path))) as (twin, (port, line)):
        await port.ask(write_registers(CHARGE_POWER, 0, 2000))
        await line.ask(write_registers(FORCED, 1))
        assert twin.engine.devices["battery"].commands.active_power_setpoint_w == -2000.0
        assert words(await port.ask(read(3, FORCED, 1))) == [1]


async def test_a_write_over_any_endpoint_feeds_the_watchdog_of_the_device(tmp_path: Path) -> None:
    shared = with_watchdog()
    async with running(battery(tcp(register_map=shared), pty(tmp_path, register_map=shared))) as (twin, both):
        port, line = both
        await port.ask(write_registers(SETPOINT, 500))
        for _ in range(5):
            twin.advance(20.0)
            await line.ask(write_registers(SETPOINT, 500))
        assert not [entry for entry in twin.engine.log if entry.origin == WATCHDOG]
        twin.advance(30.1)
        assert len([entry for entry in twin.engine.log if entry.origin == WATCHDOG]) == 1
        assert (
            words(await port.ask(read(3, SETPOINT, 1))) == words(await line.ask(read(3, SETPOINT, 1))) == [0]
        )


async def test_a_watchdog_that_changes_nothing_says_what_it_did() -> None:
    async with running(battery(tcp(register_map=with_watchdog()))) as (twin, (port,)):
        await port.ask(write_registers(SETPOINT, 0))
        twin.advance(30.1)
        (entry,) = [entry for entry in twin.engine.log if entry.origin == WATCHDOG]
        assert entry.text == "active_power_setpoint_w stays 0 W  no write for 30 s"


async def test_two_maps_of_a_device_share_its_signals_and_not_their_stored_registers() -> None:
    maps = with_watchdog("first"), with_watchdog("second")
    async with running(battery(*(tcp(register_map=found) for found in maps))) as (_, (first, second)):
        await first.ask(write_registers(SETPOINT, 800, 9))
        assert words(await first.ask(read(3, SETPOINT, 2))) == [800, 9]
        assert words(await second.ask(read(3, SETPOINT, 2))) == [800, 7]


async def test_a_device_under_two_unit_numbers_is_one_device() -> None:
    shared = with_watchdog()
    data = battery(tcp(port=0, register_map=shared), tcp(port=0, unit_id=2, register_map=shared))
    async with running(data) as (twin, (first, second)):
        assert isinstance(second, RawClient)
        await first.ask(write_registers(STORED, 3))
        assert words(await second.ask(read(3, STORED, 1), unit=2)) == [3]
        assert len(twin.links.registers("bess")) == 1


async def test_an_inverter_served_with_and_without_its_battery_has_a_map_of_each() -> None:
    async with running(home(tcp(), tcp(devices={}))) as (twin, (whole, alone)):
        assert words(await whole.ask(read(3, CHARGE_POWER, 2))) == [0, 0]
        assert await alone.ask(read(3, CHARGE_POWER, 2)) == b"\x83\x02"
        assert len(twin.links.registers("inverter")) == 2


async def test_each_endpoint_says_who_it_is_in_its_own_words() -> None:
    shared = with_watchdog()
    names = {"vendor_name": "Acme", "product_code": "B10", "revision": "2.1"}
    data = battery(tcp(register_map=shared, identity=names), tcp(register_map=shared))
    async with running(data) as (_, (named, silent)):
        assert (await named.ask(b"\x2b\x0e\x04\x00")).endswith(b"Acme")
        assert await silent.ask(b"\x2b\x0e\x04\x00") == b"\xab\x01"
