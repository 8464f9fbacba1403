"""pysunspec2, unedited: every model read, every writable point written, controls with their effect."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP
from sunspec2.modbus.modbus import ModbusClientException

from tests.protocols.sunspec.points import SUN_W, SunSpecDevice, plant, storage
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.events import Disturb
from twin_tui.protocols.modbus.server import ModbusTcpServer

DEVICES: dict[str, Callable[[], SunSpecDevice]] = {"inverter": plant, "battery": storage}


async def client_of(device: SunSpecDevice, act: Callable[[Any], None]) -> None:
    """Let a client that has scanned the device act on it."""
    server = ModbusTcpServer("127.0.0.1", 0, {1: device.registers})
    await server.start()
    try:
        client = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=server.port)
        await asyncio.to_thread(client.scan)
        await asyncio.to_thread(act, client)
        await asyncio.to_thread(client.close)
    finally:
        await server.stop()


def points_of(group: Any) -> Iterator[Any]:
    """Yield every point of a model, those of its groups included."""
    yield from group.points.values()
    for found in group.groups.values():
        for each in found if isinstance(found, list) else [found]:
            yield from points_of(each)


def numbered(client: Any) -> dict[int, Any]:
    return {number: models[0] for number, models in client.models.items() if isinstance(number, int)}


@pytest.mark.parametrize("name", DEVICES)
async def test_it_reads_every_point_of_every_model(name: str) -> None:
    device = DEVICES[name]()
    device.after(2.0)

    def act(client: Any) -> None:
        for number, model in numbered(client).items():
            model.read()
            for point in points_of(model):
                if point.pdef.get("mandatory") == "M" and point.pdef["type"] != "pad":
                    assert point.value is not None, f"{number}: {point.pdef['name']}"

    await client_of(device, act)


@pytest.mark.parametrize("name", DEVICES)
async def test_it_writes_every_writable_point_back(name: str) -> None:
    """What is refused is what docs/register-maps.md says is not served, and the curve in force."""
    device = DEVICES[name]()
    refused: set[str] = set()

    def act(client: Any) -> None:
        for number, model in numbered(client).items():
            model.read()
            for point in points_of(model):
                if point.pdef.get("access") != "RW" or point.value is None:
                    continue
                point.value = point.value  # which the client writes with the next write of the model
                try:
                    model.write()
                except ModbusClientException:
                    refused.add(f"{number}.{point.pdef['name']}")
                    point.dirty = False

    await client_of(device, act)
    read_only = {"DA", "ES", "VAMax", "VArMaxQ1", "VArMaxQ4", "ClcTotVA", "AntiIslEna", "VNom", "VarMaxInj"}
    read_only |= {"VarMaxAbs", "WChaRteMax", "WDisChaRteMax", "WChaGra", "WDisChaGra", "VRefAutoEna"}
    curves = {name for name in refused if name.split(".")[0] in {str(model) for model in range(705, 712)}}
    assert {name.split(".")[1] for name in refused - curves} <= read_only


async def test_it_curtails_a_plant_to_30_percent_through_both_models() -> None:
    for number, percent, enable in ((123, "WMaxLimPct", "WMaxLim_Ena"), (704, "WMaxLimPct", "WMaxLimPctEna")):
        device = plant()
        assert device.after(1.0) == SUN_W

        def act(client: Any, number: int = number, percent: str = percent, enable: str = enable) -> None:
            model = client.models[number][0]
            model.read()
            model.points[percent].cvalue = 30
            model.points[enable].value = 1
            model.write()

        await client_of(device, act)
        assert device.after(1.0) == pytest.approx(3_000.0)


async def test_a_limit_of_a_client_that_went_away_reverts() -> None:
    device = plant()

    def act(client: Any) -> None:
        model = client.models[704][0]
        model.read()
        model.WMaxLimPct.cvalue, model.WMaxLimPctEna.value, model.WMaxLimPctRvrtTms.value = 30, 1, 60
        model.write()

    await client_of(device, act)
    assert device.after(50.0) == pytest.approx(3_000.0)
    assert device.after(20.0) == SUN_W


async def test_it_limits_and_forces_a_battery() -> None:
    device = storage()
    device.device.change({"active_power_setpoint_w": 5_000.0})
    powers = []

    def act(client: Any) -> None:
        model = client.models[124][0]
        for mode, rate in ((2, 100), (2, 40), (2, -60), (0, 100)):
            model.read()
            model.OutWRte.cvalue, model.StorCtl_Mod.value = rate, mode
            model.write()
            powers.append(device.after(1.0))

    await client_of(device, act)
    assert powers == [5_000.0, 2_000.0, -3_000.0, 5_000.0]


async def test_it_adopts_a_volt_var_curve() -> None:
    device = plant()

    def act(client: Any) -> None:
        model = client.models[705][0]
        model.read()
        curve = model.Crv[1]
        for point, volts, var in zip(curve.Pt, (92, 97, 103, 107), (30, 0, 0, -60), strict=True):
            point.V.cvalue, point.Var.cvalue = volts, var
        curve.ActPt.value = 4
        model.write()
        model.Ena.value, model.AdptCrvReq.value = 1, 2
        model.write()
        model.read()
        assert model.AdptCrvRslt.value == 1
        assert [point.Var.cvalue for point in model.Crv[0].Pt] == [30, 0, 0, -60]

    await client_of(device, act)
    device.engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.05)))
    device.after(60.0)
    assert device.device.state.reactive_power_var == pytest.approx(-3_000.0, rel=1e-3)
