"""What docs/coming-from-dertwin.md says of this side holds."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from twin_tui import ConfigError, Twin
from twin_tui.documents.shipped import shipped_names

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from-dertwin.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
RUN, SETPOINT, POWER, SOC = 10055, 10126, 10059, 32002


def test_the_example_loads_with_the_names_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(EXAMPLE)
    (tmp_path / "register_maps").mkdir()
    twin = Twin.from_file(path)
    assert [device.name for device in twin.devices()] == ["load", "battery-1", "roof", "chp-1", "meter-1"]
    twin.advance(1)
    assert {"bess_modbus", "pv_inverter_modbus", "energy_meter_modbus", "chp_modbus"} <= set(
        shipped_names("register_maps")
    )


def test_a_misspelt_key_is_refused_with_the_right_one() -> None:
    site = json.loads(EXAMPLE)
    site["assets"][0]["initial_socc"] = site["assets"][0].pop("initial_soc")
    with pytest.raises(ConfigError, match="did you mean initial_soc"):
        Twin.from_dict(site)


def a_battery(**keys: Any) -> dict[str, Any]:
    asset = {"type": "bess", "asset_id": "bess", "port": 0, "initial_soc": 88.0, **keys}
    return {"site_name": "one", "real_time": False, "assets": [asset]}


async def test_the_wire_answers_as_the_table_says() -> None:
    twin = Twin.from_dict(a_battery())
    await twin.start()
    (server,) = twin.links.servers
    client = AsyncModbusTcpClient("127.0.0.1", port=server.port)  # type: ignore[union-attr]
    try:
        await client.connect()
        assert (await client.read_input_registers(5)).exception_code == 2
        assert (await client.read_input_registers(SOC, device_id=9)).exception_code == 0x0B
        assert (await client.write_register(RUN, 7)).exception_code == 3
        assert not (await client.write_register(RUN, 1)).isError()
        assert not (await client.write_registers(SETPOINT, [0xFFFF, 0x10000 - 200])).isError()
        twin.advance(60)
        kept = await client.read_holding_registers(SETPOINT, count=2)
        assert kept.registers == [0xFFFF, 0x10000 - 200]
        given = await client.read_input_registers(POWER, count=2)
        assert given.registers[0] == 0xFFFF
        assert 0x10000 - 90 < given.registers[1] < 0x10000 - 60
        twin.device("bess").write(soc_upper_limit_1=1.0, soc_upper_limit_2=1.0)
        twin.advance(1)
        assert twin.device("bess").telemetry.active_power_w == -20_000.0
    finally:
        client.close()
        await twin.stop()
    await asyncio.sleep(0)


def test_a_closed_cycle_returns_the_round_trip_efficiency() -> None:
    twin = Twin.from_dict(a_battery(initial_soc=50.0, capacity_kwh=10.0, round_trip_eff=0.92))
    bess = twin.device("bess")
    bess.write(start_stop=1, active_power_setpoint_w=-10_000)
    twin.advance(600)
    start = 5_000.0
    bess.write(active_power_setpoint_w=10_000)
    while bess.telemetry.energy_wh > start:
        twin.step_once()
    seen = bess.telemetry
    assert seen.discharged_energy_wh / seen.charged_energy_wh == pytest.approx(0.92, abs=1e-3)


def test_a_meter_without_a_base_load_brings_a_load_of_5_kw() -> None:
    twin = Twin.from_dict({"site_name": "x", "assets": [{"type": "bess"}, {"type": "energy_meter"}]})
    twin.step_once()
    assert twin.device("load").telemetry.consumption_power_w == 5_000.0


def test_an_asset_without_ip_listens_on_this_computer_only() -> None:
    twin = Twin.from_dict(a_battery())
    assert [wire.endpoint.host for wire in twin.links.modbus] == ["127.0.0.1"]  # type: ignore[union-attr]
