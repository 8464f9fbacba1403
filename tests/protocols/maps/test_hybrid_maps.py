"""Several devices in one unit: roles, sums, conditions, stored registers and derived commands."""

import pytest

from tests.protocols.maps.site import bound, engine_with, mapping, read, shipped, write
from twin_tui.engine.events import Pin
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS


@pytest.fixture
def huawei() -> Registers:
    return bound(shipped("huawei_sun2000"))


@pytest.fixture
def sungrow() -> Registers:
    return bound(shipped("sungrow_sh"))


def pin(registers: Registers, **powers_w: float) -> None:
    for device, power_w in powers_w.items():
        registers.engine.submit(Pin(device, "active_power_w", power_w))


def test_the_ac_power_of_a_hybrid_is_that_of_modules_and_battery(huawei: Registers) -> None:
    pin(huawei, pv=6000.0, battery=-2500.0)
    assert read(huawei, HOLDING, 32080, 2) == [0, 3500]


def test_signs_are_those_of_each_manufacturer(huawei: Registers, sungrow: Registers) -> None:
    for registers in (huawei, sungrow):
        pin(registers, battery=-2500.0, meter=-1200.0)
    assert read(huawei, HOLDING, 37765, 2) == [0, 2500]  # + charges
    assert read(huawei, HOLDING, 37113, 2) == [0, 1200]  # + feeds in
    assert read(sungrow, INPUT, 13021, 1) == [2500]  # magnitude
    assert read(sungrow, INPUT, 13000, 1) == [1 << 1 | 1 << 4]  # charging, feeding in
    assert read(sungrow, INPUT, 13009, 2) == [1200, 0]  # low word first


def test_the_strings_of_a_hybrid_have_their_own_registers(huawei: Registers, sungrow: Registers) -> None:
    for registers in (huawei, sungrow):
        registers.engine.submit(Pin("pv", "string_2_voltage_v", 588.5))
        registers.engine.submit(Pin("pv", "string_2_current_a", 7.3))
    assert read(huawei, HOLDING, 30071, 2) == [1, 1]  # as configured
    assert read(huawei, HOLDING, 32018, 2) == [5885, 730]
    assert read(sungrow, INPUT, 5012, 2) == [5885, 73]


def test_the_load_of_a_site_is_what_flows_into_it(sungrow: Registers) -> None:
    pin(sungrow, pv=6000.0, battery=-2500.0, meter=-1200.0)
    assert read(sungrow, INPUT, 13007, 2) == [2300, 0]


def test_forced_charging_reads_power_from_one_register_and_direction_from_another(huawei: Registers) -> None:
    assert write(huawei, 47247, 0, 3000) == 0
    battery = huawei.engine.devices["battery"]
    assert battery.commands.active_power_setpoint_w == 0.0
    assert write(huawei, 47100, 1) == 0
    assert battery.commands.active_power_setpoint_w == -3000.0
    assert battery.commands.start_stop == 1
    assert write(huawei, 47247, 0, 4000) == 0
    assert battery.commands.active_power_setpoint_w == -4000.0
    assert read(huawei, HOLDING, 47247, 2) == [0, 4000]


def test_an_inverter_on_the_grid_sets_both_bits(huawei: Registers) -> None:
    huawei.engine.submit(Pin("pv", "inverter_status", 1))
    assert read(huawei, HOLDING, 32000, 1) == [1 << 1 | 1 << 2]


def test_the_huawei_map_has_the_registers_that_clients_use_for_detection(huawei: Registers) -> None:
    for address, count in ((30015, 50), (30070, 3), (37125, 1), (37200, 1), (42900, 1), (43006, 1)):
        assert isinstance(read(huawei, HOLDING, address, count), list)
    assert read(huawei, HOLDING, 47000, 1) == [2]  # LUNA2000
    assert read(huawei, HOLDING, 47089, 1) == [0]  # no second battery


def test_a_hybrid_returns_to_self_consumption_when_forcing_ends(huawei: Registers) -> None:
    write(huawei, 47249, 0, 3000)
    write(huawei, 47100, 2)
    write(huawei, 47100, 0)
    snapshot = huawei.engine.snapshot().device("battery")
    assert snapshot.mode == "SELF_CONSUMPTION"


def test_an_invalid_command_changes_no_stored_register(sungrow: Registers) -> None:
    assert write(sungrow, 13050, 0xAB) == 3
    assert read(sungrow, HOLDING, 13050, 1) == [0xCC]


def test_a_block_of_mode_command_and_power_is_one_command(sungrow: Registers) -> None:
    assert write(sungrow, 13049, 2, 0xBB, 1500) == 0
    assert sungrow.engine.devices["battery"].commands.active_power_setpoint_w == 1500.0


def test_a_block_for_two_devices_changes_both_or_none() -> None:
    # the inverter comes first and accepts its power; the battery refuses a limit of 101 %
    common = {"table": "holding", "access": "rw", "type": "int16"}
    limit = {"name": "limit", "signal": "active_power_limit_pu", "unit": "%", "address": 0}
    low = {"name": "low", "device": "battery", "signal": "soc_lower_limit_1", "unit": "%", "address": 1}
    memory = {"name": "memory", "stored": True, "value": 5, "address": 2}
    found = mapping(
        *({**common, **entry} for entry in (limit, low, memory)),
        device_type="pv",
        devices={"battery": "battery"},
    )
    registers = bound(found)
    before = [device.commands for device in registers.engine.devices.values()]
    shown = read(registers, HOLDING, 0, 3)
    assert write(registers, 0, 50, 101, 6) == 3
    assert [device.commands for device in registers.engine.devices.values()] == before
    assert read(registers, HOLDING, 0, 3) == shown
    assert write(registers, 0, 50, 20, 6) == 0
    assert read(registers, HOLDING, 0, 3) == [50, 20, 6]
    assert registers.engine.devices["battery"].commands.soc_lower_limit_1 == 0.2


def test_a_write_only_register_cannot_be_read(huawei: Registers) -> None:
    assert write(huawei, 40201, 0) == 0
    assert huawei.engine.devices["pv"].commands.on is False
    assert read(huawei, HOLDING, 40201, 1) == 2


def test_registers_of_a_role_without_a_device_are_not_served() -> None:
    found = shipped("huawei_sun2000")
    registers = SiteRegisters(engine_with("pv")).of(found, "pv")
    assert read(registers, HOLDING, 37760, 1) == 2
    assert read(registers, HOLDING, 32064, 2) == [0, 0]
    pin(registers, pv=6000.0)
    assert read(registers, HOLDING, 32080, 2) == [0, 6000]


def test_a_role_needs_a_device_of_its_kind() -> None:
    found = shipped("huawei_sun2000")
    engine = engine_with("pv", "battery", "meter")
    for roles, message in (
        ({"batery": "battery"}, "register map huawei_sun2000 has no role 'batery'; did you mean battery?"),
        ({"battery": "pv"}, "register map huawei_sun2000, role battery: expected a battery; pv is a pv"),
        ({"meter": "meters"}, "unknown device 'meters'; did you mean meter?"),
    ):
        with pytest.raises(ConfigError) as caught:
            SiteRegisters(engine).of(found, "pv", roles)
        assert message in str(caught.value)


def test_the_em24_has_the_same_values_through_both_functions() -> None:
    meter = bound(shipped("carlo_gavazzi_em24"))
    meter.engine.submit(Pin("meter", "active_power_w", -70_000.0))
    low_word_first = [-700_000 & 0xFFFF, -700_000 >> 16 & 0xFFFF]
    assert read(meter, INPUT, 0x28, 2) == read(meter, HOLDING, 0x28, 2) == low_word_first
    assert read(meter, HOLDING, 0x0B, 1) == [1648]


def test_a_victron_driver_accepts_the_em24_and_reads_it_in_one_block() -> None:
    meter = bound(shipped("carlo_gavazzi_em24"))
    assert read(meter, HOLDING, 0x1002, 1) == [0]  # 3P.n: three phases
    assert read(meter, HOLDING, 0xA000, 1) == [7]  # application H
    for address, count in ((0x0302, 1), (0x0304, 1), (0xA100, 1), (0x5000, 7), (0x0000, 80)):
        assert isinstance(read(meter, HOLDING, address, count), list)


def test_the_sdm630_enforces_its_limits() -> None:
    meter = bound(shipped("eastron_sdm630"))
    assert read(meter, INPUT, 0, 3) == 3
    assert read(meter, INPUT, 0, 82) == 3
    assert isinstance(read(meter, INPUT, 0, 80), list)
    assert write(meter, 2, 0x41F0) == 1
    assert write(meter, 2, 0x41F0, 0) == 0
    assert meter.engine.devices["meter"].commands.demand_interval_s == 1800.0


def test_rules_are_checked() -> None:
    stored = {
        "name": "m",
        "stored": True,
        "value": 0,
        "table": "holding",
        "access": "rw",
        "address": 1,
        "type": "uint16",
    }
    for commands, message in (
        ({"cases": []}, "commands: expected a list, found"),
        ([{"cases": []}], "commands[0].cases: expected a list that is not empty"),
        ([{"cases": [{"when": {"n": 1}, "set": {"start_stop": 1}}]}], "unknown register 'n'; known: m"),
        (
            [{"cases": [{"set": {"start_stp": 1}}]}],
            "a battery has no command 'start_stp'; did you mean start_stop?",
        ),
        ([{"cases": [{"when": {"m": "on"}}]}], "m: expected a raw value or a list of them, found 'on'"),
    ):
        with pytest.raises(ConfigError) as caught:
            mapping(stored, commands=commands)
        assert message in str(caught.value)
