"""The shipped map of a CHP with its heat: the buffer can be read, and a full one stops the engine."""

from typing import Any

from pymodbus.client import AsyncModbusTcpClient

from twin_tui import Twin

CHP: dict[str, Any] = {
    "type": "chp",
    "name": "c",
    "rated_kw": 10,
    "buffer_l": 500,
    "initial_buffer_c": 62.5,
    "initial_starts": 7,
    "protocols": [{"kind": "modbus_tcp", "port": 0, "register_map": "chp_heat_modbus"}],
}


async def test_the_buffer_of_a_chp_is_read_and_its_engine_started_over_the_shipped_map() -> None:
    twin = Twin.from_dict({"assets": [CHP], "step": 1, "real_time": False})
    async with twin:
        client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port, retries=0)
        assert await client.connect()
        assert (await client.read_input_registers(4, count=1)).registers == [625]
        assert (await client.read_input_registers(30, count=2)).registers == [0, 7]
        assert not (await client.write_registers(100, [1, 800])).isError()
        twin.advance(1800.0)
        seen = twin.device("c").telemetry
        state, _, running, full, warm, *_ = (await client.read_input_registers(0, count=8)).registers
        assert (state, running) == (seen.unit_state, int(seen.engine_running))
        assert (full, warm) == (int(seen.buffer_full), round(seen.buffer_temperature_c * 10))
        heat = (await client.read_input_registers(12, count=2)).registers
        assert heat[0] * 65536 + heat[1] == round(seen.heat_power_w)
        assert warm > 625
        client.close()
