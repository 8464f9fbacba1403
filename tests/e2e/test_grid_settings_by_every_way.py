"""A setting of a grid code is the same whoever writes it, is read back everywhere, and trips the device."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from pymodbus.client import AsyncModbusTcpClient

from twin_tui import Twin, Write
from twin_tui.cli.main import cli
from twin_tui.commands.parser import parse
from twin_tui.engine.device import Status
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.rest.server import RestServer
from twin_tui.run.expectation import Expectation
from twin_tui.session.local import LocalSession

BATTERY: dict[str, Any] = {
    "type": "battery",
    "name": "bess",
    "capacity_kwh": 100,
    "commands": {"start_stop": 1, "active_power_setpoint_w": 10_000},
}
SITE: dict[str, Any] = {"name": "settings", "step": 0.1, "real_time": False, "assets": [BATTERY]}
LINE = "write bess trip_uv1_pu 1.01 trip_uv1_s 500ms"
VALUES = {"trip_uv1_pu": 1.01, "trip_uv1_s": 0.5}
ENTRIES = [
    *({"name": "UV1", "signal": "trip_uv1_pu", "address": 20, "type": "uint16", "scale": 0.001},),
    *({"name": "UV1s", "signal": "trip_uv1_s", "address": 21, "type": "uint16", "scale": 0.01},),
]
REGISTERS = [{**entry, "table": "holding", "access": "rw"} for entry in ENTRIES]


@asynccontextmanager
async def rest(twin: Twin) -> AsyncIterator[httpx.AsyncClient]:
    server = RestServer(twin.engine, RestOptions(port=0))
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield client
    await server.stop()


async def by_python() -> Twin:
    twin = Twin.from_dict(SITE)
    twin.device("bess").write(**VALUES)
    return twin


async def by_event() -> Twin:
    twin = Twin.from_dict(SITE)
    twin.submit(Write("bess", VALUES))
    return twin


async def by_site_command() -> Twin:
    return Twin.from_dict({**SITE, "events": [{"at": 0, "do": LINE}]})


async def by_commands_of_the_site() -> Twin:
    return Twin.from_dict({**SITE, "assets": [{**BATTERY, "commands": BATTERY["commands"] | VALUES}]})


async def by_injection() -> Twin:
    twin = Twin.from_dict(SITE)
    twin.inject(f"0s {LINE}")
    return twin


async def by_the_console() -> Twin:
    twin = Twin.from_dict(SITE)
    session = LocalSession(twin)
    event = parse(f":{LINE}", session.site)
    twin.submit(event)  # type: ignore[arg-type]
    return twin


async def by_rest() -> Twin:
    twin = Twin.from_dict(SITE)
    async with rest(twin) as client:
        sent = {"event": "Write", "device": "bess", "values": VALUES}
        assert (await client.post("/v1/events", json=sent)).status_code == 202
        twin.advance(0.1)
        shown = (await client.get("/v1/commands", params={"resource_id": "bess"})).json()["commands"]
        assert {name: shown[name] for name in VALUES} == VALUES
        assert shown["watt_pf_enabled"] is False
    return twin


async def by_modbus() -> Twin:
    protocols = [
        {
            "kind": "modbus_tcp",
            "port": 0,
            "register_map": {"device_type": "battery", "registers": REGISTERS},
        }
    ]
    twin = Twin.from_dict({**SITE, "assets": [{**BATTERY, "protocols": protocols}]})
    async with twin:
        client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port, retries=0)
        assert await client.connect()
        assert not (await client.write_registers(20, [1010, 50])).isError()
        twin.advance(0.1)
        assert (await client.read_holding_registers(20, count=2)).registers == [1010, 50]
        client.close()
    return twin


WAYS = [
    *(by_python, by_event, by_site_command, by_commands_of_the_site, by_injection),
    *(by_the_console, by_rest, by_modbus),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_setting_written_in_any_way_reads_back_and_trips_the_battery(
    way: Callable[[], Coroutine[Any, Any, Twin]],
) -> None:
    twin = await way()
    twin.advance(1.0)
    device = twin.device("bess")
    assert (device.commands.trip_uv1_pu, device.commands.trip_uv1_s) == (1.01, 0.5)
    assert device.commands.trip_uv2_pu == 0.4
    assert device.status in (Status.TRIPPED, Status.WAITING)
    assert device.telemetry.active_power_w == 0.0
    expected = Expectation.parse("bess.trip_uv1_pu == 1.01", twin.engine)
    assert expected.met(expected.look(twin.engine))


def test_a_scenario_writes_and_expects_settings(tmp_path: Path) -> None:
    steps = [
        "{at: 1s, expect: bess.trip_uv1_pu == 0.85}",
        "{at: 1s, do: write battery-1 trip_uv1_pu 1.01 trip_uv1_s 500ms}",
    ]
    steps = [step.replace("battery-1", "bess") for step in steps]
    steps.append("{at: 2s, expect: bess.trip_uv1_s == 0.5}")
    steps.append("{at: 3s, expect: bess.status != RUN}")
    (tmp_path / "site.yaml").write_text(
        "assets: [{type: battery, name: bess, capacity_kwh: 100, commands: {start_stop: 1}}]\nstep: 0.1\n"
    )
    (tmp_path / "s.yaml").write_text(
        "name: settings\nsite: site.yaml\nduration: 4s\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)
    )
    words = ["run", "--scenario", str(tmp_path / "s.yaml"), "--headless", "--speed", "max", "--no-servers"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output


async def test_rest_shows_no_settings_of_a_device_without_a_grid_code() -> None:
    twin = Twin.from_dict({**SITE, "assets": [{**BATTERY, "grid_code": "none"}]})
    async with rest(twin) as client:
        shown = (await client.get("/v1/commands", params={"resource_id": "bess"})).json()["commands"]
        assert shown["active_power_setpoint_w"] == 10_000
        assert "trip_uv1_pu" not in shown
        assert (await client.get("/v1/commands", params={"resource_id": "bes"})).status_code == 404
