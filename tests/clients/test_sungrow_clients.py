"""sungrowinverter and pysungrow, unedited, each in an environment of its own: they need old pymodbus."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.maps.site import hybrid_home
from tests.protocols.modbus.plant import serving
from twin_tui.protocols.maps.registers import Registers

ENVIRONMENTS = Path(__file__).parents[2] / ".venv-clients" / "own"
SUNGROW_INVERTER = """
import asyncio, json, sys
from sungrowinverter import SungrowInverter

async def main():
    client = SungrowInverter("127.0.0.1", int(sys.argv[1]), timeout=3)
    model = await client.inverter_model()
    updated = await client.async_update()
    print(json.dumps({"model": model.model, "updated": updated, "data": client.data}))

asyncio.run(main())
"""


@pytest.fixture
def home() -> Registers:
    return hybrid_home("sungrow_sh")


@pytest.fixture
async def port(home: Registers) -> AsyncIterator[str]:
    async with serving({1: home}, any_unit=True) as server:
        yield str(server.port)


async def run(client: str, *arguments: str) -> str:
    """Run Python in the environment of a client; return what it prints."""
    python = ENVIRONMENTS / client / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{client} is not installed: make clients does")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(python, *arguments, stdout=pipe, stderr=pipe)
    printed, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return printed.decode()


async def pysungrow(port: str, *command: str) -> dict[str, str]:
    printed = await run("pysungrow", "-m", "pysungrow", "127.0.0.1", "-p", port, *command)
    return dict(line.split(": ", 1) for line in printed.splitlines())


async def test_sungrowinverter_reads_the_hybrid(port: str, home: Registers) -> None:
    found = json.loads(await run("sungrowinverter", "-c", SUNGROW_INVERTER, port))
    assert (found["model"], found["updated"]) == ("SH10RT", True)
    data: dict[str, Any] = found["data"]
    telemetry = {name: home.engine.telemetry(name) for name in ("pv", "battery", "meter")}
    for key, wanted, step in (
        ("total_dc_power", telemetry["pv"].dc_power_w, 1),
        ("export_power", -telemetry["meter"].active_power_w, 1),
        ("load_power", 352, 1),
        ("battery_level", 50, 0.1),
        ("battery_energy_capacity", 10.0, 0.1),
        ("phase_a_current", 6_000 / 3 / telemetry["pv"].voltage_a_v, 0.06),
        ("mppt_2_current", telemetry["pv"].string_2_current_a, 0.06),
    ):
        assert data[key] == pytest.approx(wanted, abs=step), key
    assert data["battery_type"] == "Li-ion Sungrow"
    assert data["system_state"] == "Running"
    assert data["status_exporting_power_to_grid"]
    assert data["timestamp"].startswith("2026/6/20 00:00:0")
    assert len(data) > 65


async def test_pysungrow_identifies_and_reads_the_hybrid(port: str) -> None:
    assert (await pysungrow(port, "identify"))["Device"] == "SH10RT"
    found = await pysungrow(port, "get")
    assert len(found) > 70
    assert found["export_power"] == "5648 W"
    assert found["total_active_power"] == "6000 W"
    assert found["phase_c_current"] == "8.7 A"
    assert found["grid_state"] == "GridState.ON_GRID"
    assert found["export_power_limitation"] == "10000 W"


async def test_what_pysungrow_calls_external_ems_is_the_forced_mode_of_the_document(port: str) -> None:
    assert "EMSMode.EXTERNAL_EMS" in (await pysungrow(port, "set", "ems_mode", "EXTERNAL_EMS"))["New value"]


async def test_pysungrow_forces_the_battery_and_limits_the_feed_in(port: str, home: Registers) -> None:
    for key, value in (
        ("ems_mode", "EXTERNAL_EMS"),
        ("charge_discharge_command", "CHARGE"),
        ("charge_discharge", "2500"),
        ("export_power_limitation", "700"),
    ):
        assert "New value" in await pysungrow(port, "set", key, value)
    home.engine.advance(5.0)
    assert home.engine.telemetry("battery").active_power_w == pytest.approx(-2_500)
    assert home.engine.telemetry("meter").active_power_w == pytest.approx(-700, abs=1)
