"""Read counts: kept while somebody looks at a device's registers, and not otherwise."""

from typing import Any

from pymodbus.client import AsyncModbusTcpClient

from twin_tui import Twin
from twin_tui.engine.view import ViewRequest
from twin_tui.session.local import LocalSession

SITE: dict[str, Any] = {
    "name": "counted",
    "real_time": False,
    "assets": [
        {"type": "bess", "name": name, "capacity_kwh": 10.0, "protocols": [{"kind": "modbus_tcp", "port": 0}]}
        for name in ("bess-1", "bess-2")
    ],
}
STATUS, POWER = 10_050, 10_059


async def test_reads_are_counted_for_the_device_that_somebody_looks_at() -> None:
    async with Twin.from_dict(SITE) as twin:
        session = LocalSession(twin)
        registers = session.site.devices[0].registers
        shown = {registers[at].address: at for at in range(len(registers)) if registers[at].address < 10_100}
        look = ViewRequest(device="bess-1", registers=tuple(shown.values()))
        first, second = (server.station for server in twin.links.servers)
        client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port)  # type: ignore[arg-type]
        await client.connect()
        await client.read_input_registers(STATUS, count=1)

        await session.frame(look)
        for _ in range(3):
            await client.read_input_registers(STATUS, count=1)
        await client.read_input_registers(STATUS, count=1)
        await client.read_input_registers(POWER, count=2)
        frame = await session.frame(look)
        reads = {registers[value.index].address: value.reads for value in frame.registers}
        assert reads[STATUS] == 4
        assert reads[POWER] == 1
        assert second.counted is None

        await session.frame(ViewRequest(device="bess-2", registers=(0,)))
        assert first.counted is None
        await session.frame(ViewRequest())
        assert second.counted is None
        client.close()
