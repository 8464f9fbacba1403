"""huawei-solar, the library under Home Assistant's integration, unedited, at a home with a Huawei hybrid."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.protocols.maps.site import hybrid_home
from twin_tui.engine.events import SelectMode, Write
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.server import ModbusTcpServer

huawei_solar = pytest.importorskip("huawei_solar", reason="huawei-solar is not installed: make clients does")
from huawei_solar import register_names as rn  # noqa: E402 - after the check
from huawei_solar import register_values as rv  # noqa: E402

INVERTER = (
    "RATED_POWER P_MAX INPUT_POWER LINE_VOLTAGE_A_B LINE_VOLTAGE_B_C LINE_VOLTAGE_C_A PHASE_A_VOLTAGE "
    "PHASE_B_VOLTAGE PHASE_C_VOLTAGE PHASE_A_CURRENT PHASE_B_CURRENT PHASE_C_CURRENT DAY_ACTIVE_POWER_PEAK "
    "ACTIVE_POWER REACTIVE_POWER POWER_FACTOR EFFICIENCY GRID_FREQUENCY INTERNAL_TEMPERATURE "
    "INSULATION_RESISTANCE DEVICE_STATUS STARTUP_TIME SHUTDOWN_TIME ACCUMULATED_YIELD_ENERGY "
    "TOTAL_DC_INPUT_POWER CURRENT_ELECTRICITY_GENERATION_STATISTICS_TIME HOURLY_YIELD_ENERGY "
    "DAILY_YIELD_ENERGY MONTHLY_YIELD_ENERGY YEARLY_YIELD_ENERGY STATE_1 STATE_2 STATE_3 ALARM_1 ALARM_2 "
    "ALARM_3 NB_ONLINE_OPTIMIZERS PV_01_VOLTAGE PV_01_CURRENT PV_02_VOLTAGE PV_02_CURRENT "
    "ACTIVE_POWER_PERCENTAGE_DERATING ACTIVE_POWER_FIXED_VALUE_DERATING MPPT_MULTIMODAL_SCANNING "
    "MPPT_SCANNING_INTERVAL ACTIVE_POWER_CONTROL_MODE MAXIMUM_FEED_GRID_POWER_WATT "
    "MAXIMUM_FEED_GRID_POWER_PERCENT"
)
METER = (
    "METER_STATUS GRID_A_VOLTAGE GRID_B_VOLTAGE GRID_C_VOLTAGE ACTIVE_GRID_A_CURRENT ACTIVE_GRID_B_CURRENT "
    "ACTIVE_GRID_C_CURRENT POWER_METER_ACTIVE_POWER POWER_METER_REACTIVE_POWER ACTIVE_GRID_POWER_FACTOR "
    "ACTIVE_GRID_FREQUENCY GRID_EXPORTED_ENERGY GRID_ACCUMULATED_ENERGY GRID_ACCUMULATED_REACTIVE_POWER "
    "ACTIVE_GRID_A_B_VOLTAGE ACTIVE_GRID_B_C_VOLTAGE ACTIVE_GRID_C_A_VOLTAGE ACTIVE_GRID_A_POWER "
    "ACTIVE_GRID_B_POWER ACTIVE_GRID_C_POWER"
)
BATTERY = (
    "STORAGE_MAXIMUM_CHARGE_POWER STORAGE_MAXIMUM_DISCHARGE_POWER STORAGE_RATED_CAPACITY "
    "STORAGE_STATE_OF_CAPACITY STORAGE_RUNNING_STATUS STORAGE_BUS_VOLTAGE STORAGE_BUS_CURRENT "
    "STORAGE_CHARGE_DISCHARGE_POWER STORAGE_TOTAL_CHARGE STORAGE_TOTAL_DISCHARGE "
    "STORAGE_CURRENT_DAY_CHARGE_CAPACITY STORAGE_CURRENT_DAY_DISCHARGE_CAPACITY "
    "STORAGE_UNIT_1_WORKING_MODE_B STORAGE_UNIT_1_CURRENT_DAY_CHARGE_CAPACITY "
    "STORAGE_UNIT_1_CURRENT_DAY_DISCHARGE_CAPACITY STORAGE_UNIT_1_BUS_CURRENT STORAGE_UNIT_1_BUS_VOLTAGE "
    "STORAGE_UNIT_1_BATTERY_TEMPERATURE STORAGE_UNIT_1_REMAINING_CHARGE_DIS_CHARGE_TIME "
    "STORAGE_UNIT_1_TOTAL_CHARGE STORAGE_UNIT_1_TOTAL_DISCHARGE STORAGE_UNIT_1_STATE_OF_CAPACITY "
    "STORAGE_UNIT_1_RUNNING_STATUS STORAGE_UNIT_1_CHARGE_DISCHARGE_POWER STORAGE_UNIT_SOH_CALIBRATION_STATUS "
    "STORAGE_FORCIBLE_CHARGE_DISCHARGE_SETTING_MODE STORAGE_FORCIBLE_CHARGE_DISCHARGE_WRITE "
    "STORAGE_FORCIBLE_CHARGE_POWER STORAGE_FORCIBLE_DISCHARGE_POWER "
    "STORAGE_FORCED_CHARGING_AND_DISCHARGING_PERIOD STORAGE_FORCIBLE_CHARGE_DISCHARGE_SOC "
    "STORAGE_MAXIMUM_CHARGING_POWER STORAGE_MAXIMUM_DISCHARGING_POWER STORAGE_CHARGING_CUTOFF_CAPACITY "
    "STORAGE_DISCHARGING_CUTOFF_CAPACITY STORAGE_BACKUP_POWER_STATE_OF_CHARGE "
    "STORAGE_GRID_CHARGE_CUTOFF_STATE_OF_CHARGE STORAGE_POWER_OF_CHARGE_FROM_GRID "
    "STORAGE_MAXIMUM_POWER_OF_CHARGE_FROM_GRID STORAGE_CAPACITY_CONTROL_SOC_PEAK_SHAVING "
    "STORAGE_EXCESS_PV_ENERGY_USE_IN_TOU STORAGE_CAPACITY_CONTROL_MODE STORAGE_CHARGE_FROM_GRID_FUNCTION "
    "STORAGE_WORKING_MODE_SETTINGS STORAGE_HUAWEI_LUNA2000_TIME_OF_USE_CHARGING_AND_DISCHARGING_PERIODS "
    "STORAGE_CAPACITY_CONTROL_PERIODS STORAGE_FIXED_CHARGING_AND_DISCHARGING_PERIODS"
)
OF_A_PACK = (
    "MAXIMUM_TEMPERATURE MINIMUM_TEMPERATURE WORKING_STATUS FIRMWARE_VERSION SERIAL_NUMBER STATE_OF_CAPACITY "
    "CHARGE_DISCHARGE_POWER VOLTAGE CURRENT SOH_CALIBRATION_STATUS TOTAL_CHARGE TOTAL_DISCHARGE"
)
PACKS = " ".join(
    f"STORAGE_UNIT_{unit}_BATTERY_PACK_{pack}_{what}"
    for unit in (1, 2)
    for pack in (1, 2, 3)
    for what in OF_A_PACK.split(" ")
)
NOTHING = {"STARTUP_TIME", "SHUTDOWN_TIME", "STORAGE_UNIT_1_REMAINING_CHARGE_DIS_CHARGE_TIME"}
"""What reads as not available."""


@pytest.fixture
def home() -> Registers:
    return hybrid_home("huawei_sun2000")


@pytest.fixture
async def bridge(home: Registers) -> AsyncIterator[Any]:
    server = ModbusTcpServer("127.0.0.1", 0, {1: home}, identities={1: home.identity})
    async with contextlib.AsyncExitStack() as stack:
        await server.start()
        stack.push_async_callback(server.stop)
        found = await huawei_solar.create_tcp_bridge("127.0.0.1", server.port, 1)
        yield found
        await found.stop()


async def values(bridge: Any, names: str) -> dict[str, Any]:
    """Read as Home Assistant does: the library's own batches, across gaps."""
    wanted = names.split()
    found = await bridge.batch_update([getattr(rn, name) for name in wanted])
    return {name: found[getattr(rn, name)].value for name in wanted}


async def test_the_library_finds_inverter_battery_and_meter(bridge: Any) -> None:
    assert bridge.model_name == "SUN2000-10KTL-M1"
    assert bridge.pv_string_count == 2
    assert bridge.battery_1_type is rv.StorageProductModel.HUAWEI_LUNA2000
    assert bridge.battery_2_type is rv.StorageProductModel.NONE
    assert bridge.power_meter_online
    assert bridge.power_meter_type is rv.MeterType.THREE_PHASE
    assert bridge.supports_capacity_control
    assert await bridge.has_write_permission()
    (device,) = await bridge.client.get_device_infos()
    assert (device.model, device.esn, device.device_id) == ("SUN2000-10KTL-M1", "pv", 1)
    assert (await bridge.client.get_device_identifiers()).vendor == "HUAWEI"


@pytest.mark.parametrize(
    "names", [INVERTER, METER, BATTERY, PACKS], ids=["inverter", "meter", "battery", "packs"]
)
async def test_every_batch_of_the_library_is_answered_with_a_value(bridge: Any, names: str) -> None:
    found = await values(bridge, names)
    missing = {name for name, value in found.items() if value is None}
    assert missing <= NOTHING


async def test_the_values_are_those_of_the_twin(bridge: Any, home: Registers) -> None:
    engine = home.engine
    engine.submit(Write("battery", {"start_stop": 1, "active_power_setpoint_w": -2_500.0}))
    engine.advance(10.0)
    found = await values(bridge, f"{INVERTER} {METER} {BATTERY}")
    pv, battery, meter = (engine.telemetry(name) for name in ("pv", "battery", "meter"))
    for name, wanted, step in (
        ("RATED_POWER", 10_000, 1),
        ("INPUT_POWER", pv.dc_power_w, 1),
        ("EFFICIENCY", pv.active_power_w / pv.dc_power_w * 100, 0.01),
        ("DAY_ACTIVE_POWER_PEAK", 6_000, 1),
        ("PV_01_VOLTAGE", pv.string_1_voltage_v, 0.1),
        ("PV_02_CURRENT", pv.string_2_current_a, 0.01),
        ("ACTIVE_POWER", pv.active_power_w + battery.active_power_w, 1),
        ("PHASE_A_CURRENT", abs(pv.active_power_w + battery.active_power_w) / 3 / pv.voltage_a_v, 0.01),
        ("GRID_FREQUENCY", pv.frequency_hz, 0.01),
        ("ACTIVE_POWER_FIXED_VALUE_DERATING", 10_000, 1),
        ("POWER_METER_ACTIVE_POWER", -meter.active_power_w, 1),
        ("ACTIVE_GRID_B_POWER", -meter.active_power_b_w, 1),
        ("GRID_ACCUMULATED_ENERGY", meter.import_energy_wh / 1000, 0.01),
        ("GRID_EXPORTED_ENERGY", meter.export_energy_wh / 1000, 0.01),
        ("STORAGE_CHARGE_DISCHARGE_POWER", 2_500, 1),
        ("STORAGE_UNIT_1_CHARGE_DISCHARGE_POWER", 2_500, 1),
        ("STORAGE_BUS_CURRENT", -battery.dc_current_a, 0.1),
        ("STORAGE_STATE_OF_CAPACITY", battery.soc * 100, 0.1),
        ("STORAGE_TOTAL_CHARGE", battery.charged_energy_wh / 1000, 0.01),
        ("STORAGE_CURRENT_DAY_CHARGE_CAPACITY", battery.charged_energy_wh / 1000, 0.01),
        ("STORAGE_RATED_CAPACITY", 10_000, 1),
        ("STORAGE_MAXIMUM_CHARGING_POWER", 5_000, 1),
    ):
        assert found[name] == pytest.approx(wanted, abs=step), name


async def test_forcible_charge_and_discharge_as_home_assistant_commands_them(
    bridge: Any, home: Registers
) -> None:
    async def forced(power: str, watts: int, command: Any) -> float:
        await bridge.set(power, watts)
        await bridge.set(rn.STORAGE_FORCED_CHARGING_AND_DISCHARGING_PERIOD, 5)
        await bridge.set(
            rn.STORAGE_FORCIBLE_CHARGE_DISCHARGE_SETTING_MODE,
            rv.StorageForcibleChargeDischargeTargetMode.TIME,
        )
        await bridge.set(rn.STORAGE_FORCIBLE_CHARGE_DISCHARGE_WRITE, command)
        home.engine.advance(10.0)
        found: float = home.engine.telemetry("battery").active_power_w
        return found

    charge, discharge = rv.StorageForcibleChargeDischarge.CHARGE, rv.StorageForcibleChargeDischarge.DISCHARGE
    assert await forced(rn.STORAGE_FORCIBLE_CHARGE_POWER, 3_000, charge) == pytest.approx(-3_000)
    assert await forced(rn.STORAGE_FORCIBLE_DISCHARGE_POWER, 2_000, discharge) == pytest.approx(2_000)
    home.engine.advance(300.0)
    assert home.engine.telemetry("battery").active_power_w != pytest.approx(2_000)
    stopped = await bridge.client.get(rn.STORAGE_FORCIBLE_CHARGE_DISCHARGE_WRITE, 1)
    assert stopped.value == rv.StorageForcibleChargeDischarge.STOP


async def test_limits_modes_and_feed_in_have_their_effect(bridge: Any, home: Registers) -> None:
    engine = home.engine
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    await bridge.set(rn.STORAGE_MAXIMUM_CHARGING_POWER, 0)
    engine.advance(5.0)
    feed_in_w = -engine.telemetry("meter").active_power_w
    assert engine.telemetry("battery").active_power_w == 0.0
    assert feed_in_w > 1_000
    await bridge.set(rn.MAXIMUM_FEED_GRID_POWER_WATT, 500)
    await bridge.set(
        rn.ACTIVE_POWER_CONTROL_MODE, rv.ActivePowerControlMode.POWER_LIMITED_GRID_CONNECTION_WATT
    )
    engine.advance(5.0)
    assert engine.telemetry("meter").active_power_w == pytest.approx(-500, abs=1)
    await bridge.set(rn.ACTIVE_POWER_CONTROL_MODE, rv.ActivePowerControlMode.ZERO_POWER_GRID_CONNECTION)
    await bridge.set(rn.STORAGE_MAXIMUM_CHARGING_POWER, 1_500)
    engine.advance(5.0)
    assert engine.telemetry("meter").active_power_w == pytest.approx(0, abs=1)
    assert engine.telemetry("battery").active_power_w == pytest.approx(-1_500, abs=1)
    await bridge.set(rn.ACTIVE_POWER_CONTROL_MODE, rv.ActivePowerControlMode.UNLIMITED)
    await bridge.set(rn.STORAGE_WORKING_MODE_SETTINGS, rv.StorageWorkingModesC.FULLY_FED_TO_GRID)
    engine.advance(5.0)
    assert engine.telemetry("battery").active_power_w == 0.0
    await bridge.set(rn.ACTIVE_POWER_PERCENTAGE_DERATING, 10)
    await bridge.set(rn.SHUTDOWN, 0)
    engine.advance(5.0)
    assert engine.telemetry("pv").active_power_w <= 0.0
