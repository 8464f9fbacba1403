"""An EMS written for DER Twin: it knows register names and nothing else of us."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymodbus.client import AsyncModbusTcpClient

from twin_tui import LinkError, Twin
from twin_tui.config import shipped
from twin_tui.engine.snapshot import LogKind

SIGNED = {"int16", "int32"}


class Ems:
    """Reads and writes by the names of a register map, as such clients do."""

    def __init__(self, port: int, map_path: Path) -> None:
        self.client = AsyncModbusTcpClient("127.0.0.1", port=port)
        rows = yaml.safe_load(map_path.read_text())["registers"]
        self.reads = {row["name"]: row for row in rows if row["direction"] == "read"}
        self.writes = {row["name"]: row for row in rows if row["direction"] == "write"}

    async def read(self, name: str) -> float:
        row = self.reads[name]
        answer = await self.client.read_input_registers(row["address"], count=row["count"])
        assert not answer.isError(), f"{name}: {answer}"
        raw = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in answer.registers), "big")
        bits = 16 * row["count"]
        if row["type"] in SIGNED and raw >= 1 << (bits - 1):
            raw -= 1 << bits
        return float(raw * row.get("scale", 1))

    async def write(self, name: str, value: float) -> None:
        row = self.writes[name]
        raw = round(value / row.get("scale", 1)) % (1 << (16 * row["count"]))
        words = [raw >> 16, raw & 0xFFFF] if row["count"] == 2 else [raw]
        if row["func"] == 6:
            answer = await self.client.write_register(row["address"], words[0])
        else:
            answer = await self.client.write_registers(row["address"], words)
        assert not answer.isError(), f"{name}: {answer}"


def a_site(port: int = 0) -> dict[str, Any]:
    return {
        "site_name": "one battery",
        "step": 0.1,
        "real_time": False,
        "assets": [
            {
                "type": "bess",
                "asset_id": "bess",
                "capacity_kwh": 10.0,
                "initial_soc": 50.0,
                "max_charge_kw": 20.0,
                "max_discharge_kw": 20.0,
                "protocols": [
                    {
                        "kind": "modbus_tcp",
                        "ip": "127.0.0.1",
                        "port": port,
                        "register_map": "bess_modbus.yaml",
                    }
                ],
            }
        ],
    }


async def test_an_ems_cycles_a_battery_between_40_and_60_percent() -> None:
    twin = Twin.from_dict(a_site())
    async with twin:
        ems = Ems(twin.links.servers[0].port, shipped("register_maps", "bess_modbus.yaml"))
        assert await ems.client.connect()
        assert await ems.read("working_status") == 0
        await ems.write("start_stop_standby", 1)
        twin.step_once()
        assert await ems.read("working_status") == 1
        charging, turns, seen = True, 0, []
        for _ in range(600):  # one poll every 2 simulated seconds
            soc = await ems.read("system_soc")
            seen.append(soc)
            if charging and soc >= 60:
                charging, turns = False, turns + 1
            elif not charging and soc <= 40:
                charging, turns = True, turns + 1
            await ems.write("on_grid_power_setpoint", -20.0 if charging else 20.0)
            twin.advance(2.0)
            assert abs(await ems.read("active_power")) == pytest.approx(20.0)
        assert turns >= 3
        assert min(seen) >= 39.0
        assert max(seen) <= 61.0
        ems.client.close()


async def test_the_log_says_which_client_wrote_what() -> None:
    async with Twin.from_dict(a_site()) as twin:
        ems = Ems(twin.links.servers[0].port, shipped("register_maps", "bess_modbus.yaml"))
        await ems.client.connect()
        await ems.write("on_grid_power_setpoint", -12.5)
        (entry,) = (entry for entry in twin.snapshot().log if entry.kind is LogKind.WRITE)
        assert entry.device == "bess"
        assert entry.origin.startswith("127.0.0.1:")
        assert "on_grid_power_setpoint" in entry.text
        assert "10126" in entry.text
        assert "-12500" in entry.text.replace("−", "-")
        ems.client.close()


async def test_what_was_written_reads_back_before_the_next_tick() -> None:
    async with Twin.from_dict(a_site()) as twin:
        ems = Ems(twin.links.servers[0].port, shipped("register_maps", "bess_modbus.yaml"))
        await ems.client.connect()
        await ems.write("on_grid_power_setpoint", -12.5)
        answer = await ems.client.read_holding_registers(10126, count=2)
        assert answer.registers == [0xFFFF, 0xFF83]
        ems.client.close()


async def test_a_live_twin_answers_while_time_runs_sixty_times_faster() -> None:
    site = {**a_site(), "real_time": True}
    async with Twin.from_dict(site, speed=60.0) as twin:
        ems = Ems(twin.links.servers[0].port, shipped("register_maps", "bess_modbus.yaml"))
        await ems.client.connect()
        await ems.write("start_stop_standby", 1)
        await ems.write("on_grid_power_setpoint", -20.0)
        before = twin.engine.tick
        while twin.engine.tick < before + 100:
            soc = await ems.read("system_soc")
            await asyncio.sleep(0)
        assert soc > 50.0
        ems.client.close()


async def test_a_port_in_use_is_one_clear_message_and_nothing_stays_half_started() -> None:
    async with Twin.from_dict(a_site()) as first:
        port = first.links.servers[0].port
        site = a_site(port)
        site["assets"].insert(0, {**a_site()["assets"][0], "asset_id": "other"})
        second = Twin.from_dict(site)
        with pytest.raises(LinkError, match=str(port)):
            await second.start()
        assert not second.links.servers
