"""SunSpec maps discovered and decoded by pysunspec2 over TCP, from host, port and unit alone."""

import asyncio
from typing import Any

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from tests.protocols.maps.site import bound, shipped
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import DevicePlan
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Pin
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import SitePlan
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.server import ModbusTcpServer

CONTROLS = {120, 121, 122, 123, 702, 703, 704, 705, 706, 707, 708, 709, 710, 711, 714, 715}
EXPECTED = {
    "sunspec_inverter": {1, 103, 113, 160, 701} | CONTROLS,
    "sunspec_battery": {1, 124, 701, 713, 802} | CONTROLS,
    "sunspec_meter": {1, 203, 213},
}


async def scanned(registers: Registers, act: Any = None) -> Any:
    """Return a client that has scanned the device and read all of its models; ``act`` runs in between."""
    server = ModbusTcpServer("127.0.0.1", 0, {1: registers})
    await server.start()
    try:
        client = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=server.port)
        await asyncio.to_thread(client.scan)
        if act is not None:
            await asyncio.to_thread(act, client)
        for number, models in client.models.items():
            if isinstance(number, int):
                await asyncio.to_thread(models[0].read)
        await asyncio.to_thread(client.close)
        return client
    finally:
        await server.stop()


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_scan_finds_every_model(name: str) -> None:
    client = await scanned(bound(shipped(name)))
    assert {number for number in client.models if isinstance(number, int)} == EXPECTED[name]
    assert client.models[1][0].Mn.cvalue == "Twin TUI"
    assert client.models[1][0].SN.cvalue == shipped(name).kind


async def test_an_inverter_reads_the_same_in_every_model() -> None:
    registers = bound(shipped("sunspec_inverter"))
    for signal, value in {
        "active_power_w": 12_340.0,
        "voltage_a_v": 231.4,
        "frequency_hz": 49.98,
        "total_energy_wh": 123_456.0,
        "current_a_a": 17.5,
        "current_b_a": 17.6,
        "current_c_a": 17.7,
        "inverter_status": 1,
    }.items():
        registers.engine.submit(Pin("pv", signal, value))
    client = await scanned(registers)
    integer, floating, der = client.models[103][0], client.models[113][0], client.models[701][0]
    for model in (integer, floating, der):
        assert model.W.cvalue == pytest.approx(12_340)
        assert model.Hz.cvalue == pytest.approx(49.98)
        assert model.A.cvalue == pytest.approx(52.8)
    assert integer.PhVphA.cvalue == pytest.approx(231.4)
    assert floating.PhVphA.cvalue == pytest.approx(231.4, rel=1e-6)
    assert integer.WH.cvalue == 123_456
    assert integer.St.cvalue == 4
    assert der.InvSt.cvalue == 3
    assert integer.StVnd.cvalue is None
    assert integer.TmpSnk.cvalue is None
    assert floating.TmpSnk.cvalue is None


async def test_each_string_of_an_inverter_is_a_module_of_the_mppt_model() -> None:
    registers = bound(shipped("sunspec_inverter"))
    for signal, value in {
        "string_1_voltage_v": 602.5,
        "string_1_current_a": 8.0,
        "string_1_power_w": 4820.0,
        "string_2_voltage_v": 598.5,
        "string_2_current_a": 7.5,
        "string_2_power_w": 4490.0,
        "consumed_energy_wh": 77.0,
    }.items():
        registers.engine.submit(Pin("pv", signal, value))
    client = await scanned(registers)
    strings = client.models[160][0]
    assert strings.N.cvalue == len(strings.module) == 2
    shown = [(each.DCV.cvalue, each.DCA.cvalue, each.DCW.cvalue) for each in strings.module]
    assert shown == [(602.5, 8.0, 4820), (598.5, 7.5, 4490)]
    assert client.models[701][0].TotWhAbs.cvalue == 77


async def test_a_battery_is_charged_through_its_storage_model() -> None:
    registers = bound(shipped("sunspec_battery"))

    def charge(client: Any) -> None:
        storage = client.models[124][0]
        storage.read()
        storage.OutWRte.cvalue = -25.0
        storage.StorCtl_Mod.value = 2
        storage.write()

    client = await scanned(registers, charge)
    registers.engine.step()
    assert registers.engine.devices["battery"].state.active_power_w == -5000.0
    storage, capacity, bank = client.models[124][0], client.models[713][0], client.models[802][0]
    assert storage.OutWRte.cvalue == -25.0
    assert storage.WChaMax.cvalue == 20_000
    assert capacity.SoC.cvalue == bank.SoC.cvalue == 50.0
    assert bank.WHRtg.cvalue == 10_000
    assert bank.AHRtg.cvalue == 25.0
    assert bank.ReqW.cvalue == 0, "a rate is a limit, not a setpoint"


async def test_a_meter_counts_both_ways() -> None:
    registers = bound(shipped("sunspec_meter"))
    for signal, value in {
        "active_power_w": -4200.0,
        "import_energy_wh": 7000.0,
        "export_energy_wh": 9000.0,
        "reactive_energy_q1_varh": 11.0,
        "reactive_energy_q2_a_varh": 12.0,
        "reactive_energy_q3_b_varh": 13.0,
        "reactive_energy_q4_varh": 14.0,
    }.items():
        registers.engine.submit(Pin("meter", signal, value))
    model = (await scanned(registers)).models[203][0]
    assert model.W.cvalue == -4200
    assert model.TotWhImp.cvalue == 7000
    assert model.TotWhExp.cvalue == 9000
    assert (model.TotVArhImpQ1.cvalue, model.TotVArhImpQ2PhA.cvalue) == (11, 12)
    assert (model.TotVArhExpQ3PhB.cvalue, model.TotVArhExpQ4.cvalue) == (13, 14)


@pytest.mark.parametrize("name", EXPECTED)
async def test_the_mandatory_points_of_the_standard_have_values(name: str) -> None:
    registers = bound(shipped(name))
    for signal in ("total_energy_wh", "import_energy_wh", "export_energy_wh"):
        device = registers.engine.devices[registers.map.kind]
        if signal in device.type.signals:  # an accumulator at 0 means "not implemented"
            registers.engine.submit(Pin(device.name, signal, 5000.0))
    client = await scanned(registers)
    for number in EXPECTED[name]:
        model = client.models[number][0]
        for point_name, point in model.points.items():
            if point.pdef.get("mandatory") == "M" and point.pdef["type"] != "pad":
                assert point.value is not None, f"model {number}: {point_name}"


async def test_the_enter_service_of_the_grid_code_is_read_and_written_as_model_703() -> None:
    code = load_grid_code("ieee1547-2018-cat-iii")
    params = PvParams(30_000.0, 30_000.0, grid_code=code)
    engine = Engine(SitePlan("site", (DevicePlan("pv", PV, params),), grid=GridParams(nominal_hz=60.0)))
    registers = SiteRegisters(engine).of(shipped("sunspec_inverter"), "pv", {})
    before = (await scanned(registers)).models[703][0]
    assert [p.cvalue for p in (before.ESVHi, before.ESVLo)] == pytest.approx([105.0, 91.7])
    assert [p.cvalue for p in (before.ESHzHi, before.ESHzLo)] == pytest.approx([60.1, 59.5])
    assert (before.ESDlyTms.cvalue, before.ESRmpTms.cvalue) == (300, 300)

    def write(client: Any) -> None:
        model = client.models[703][0]
        model.ESVHi.cvalue, model.ESVLo.cvalue, model.ESDlyTms.cvalue = 106.0, 95.0, 600
        model.write()

    await scanned(registers, write)
    engine.step()
    commands = engine.devices["pv"].commands
    assert (commands.enter_v_high_pu, commands.enter_v_low_pu) == pytest.approx((1.06, 0.95))
    assert commands.enter_delay_s == 600.0
