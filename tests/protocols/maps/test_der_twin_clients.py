"""Reads and writes of an energy manager written for DER Twin, on the registers themselves."""

import csv
from pathlib import Path

import pytest

from tests.protocols.maps.site import CLIENT, bound, mapping, read, shipped, verdict, write
from twin_tui.engine.events import Pin, Write
from twin_tui.engine.snapshot import LogKind
from twin_tui.protocols.maps.parse import parse_map
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
SOC, STATUS, START, SETPOINT, POWER = 32002, 10050, 10055, 10126, 10059


@pytest.fixture
def battery() -> Registers:
    return bound(shipped("bess_modbus"))


def test_an_energy_manager_starts_the_battery_and_charges_it(battery: Registers) -> None:
    assert read(battery, INPUT, SOC, 1) == [500]
    assert read(battery, INPUT, STATUS, 1) == [0]
    assert write(battery, START, 1) == 0
    assert write(battery, SETPOINT, 0xFFFF, 0xFF38) == 0
    battery.engine.advance(60.0)
    assert read(battery, INPUT, STATUS, 1) == [1]
    assert read(battery, INPUT, POWER, 2) == [0xFFFF, 0xFF38]
    soc = read(battery, INPUT, SOC, 1)
    assert isinstance(soc, list)
    assert soc[0] > 525


def test_the_setpoint_reads_back_at_once_without_a_tick(battery: Registers) -> None:
    write(battery, SETPOINT, 0xFFFF, 0xFF38)
    assert read(battery, HOLDING, SETPOINT, 2) == [0xFFFF, 0xFF38]
    assert battery.engine.devices["battery"].commands.active_power_setpoint_w == -20_000.0


def test_the_log_names_the_client_the_register_and_the_meaning_of_a_write(battery: Registers) -> None:
    write(battery, SETPOINT, 0xFFFF, 0xFF38)
    (entry,) = (entry for entry in battery.engine.log if entry.kind is LogKind.WRITE)
    assert entry.origin == CLIENT
    assert entry.text.endswith("fc16 10126 on_grid_power_setpoint 0.0 → -20.0 kW (raw -200)")


def test_a_setpoint_changed_by_another_source_reads_as_the_new_one(battery: Registers) -> None:
    write(battery, SETPOINT, 0, 55)
    battery.engine.submit(Write("battery", {"active_power_setpoint_w": 1500.0}))
    assert read(battery, HOLDING, SETPOINT, 2) == [0, 15]


def test_one_word_of_a_setpoint_merges_with_the_other(battery: Registers) -> None:
    write(battery, SETPOINT, 0, 55)
    assert write(battery, SETPOINT + 1, 66) == 0
    assert read(battery, HOLDING, SETPOINT, 2) == [0, 66]


def test_a_block_write_is_one_event(battery: Registers) -> None:
    battery.engine.listeners.append(lambda tick, event: events.append(event))
    events: list[object] = []
    assert write(battery, 10125, 1, 0, 77) == 0
    assert [type(event) for event in events] == [Write]
    assert events[0].values == {"power_control_mode": 1, "active_power_setpoint_w": 7700.0}  # type: ignore[attr-defined]


def test_a_block_write_with_one_invalid_value_changes_nothing(battery: Registers) -> None:
    write(battery, 10330, 200)
    assert write(battery, 10330, 1500) == 3
    assert battery.engine.devices["battery"].commands.soc_lower_limit_1 == 0.2


def test_an_option_that_does_not_exist_is_refused(battery: Registers) -> None:
    assert write(battery, START, 4) == 3
    assert (
        verdict(battery, START)
        == "refused: invalid code 4; expected one of 1 = Power On, 2 = Power Off, 3 = Standby"
    )


def test_measured_registers_cannot_be_written_and_unmapped_ones_not_read(battery: Registers) -> None:
    assert write(battery, SOC, 500) == 2
    assert read(battery, INPUT, 1, 1) == 2
    assert read(battery, HOLDING, SOC, 1) == 2


def test_a_fault_reset_acts_once_and_reads_as_zero_afterwards(battery: Registers) -> None:
    assert write(battery, 11004, 1) == 0
    assert read(battery, HOLDING, 11004, 1) == [1]
    battery.engine.step()
    assert read(battery, HOLDING, 11004, 1) == [0]


def test_a_forced_signal_is_on_the_wire_also_while_paused(battery: Registers) -> None:
    read(battery, INPUT, SOC, 1)
    battery.engine.submit(Pin("battery", "soc", 0.123))
    assert read(battery, INPUT, SOC, 1) == [123]


def test_a_power_beyond_the_range_of_its_register_is_limited_to_it(battery: Registers) -> None:
    battery.engine.submit(Pin("battery", "max_charge_power_w", 700_000.0))
    battery.engine.submit(Pin("battery", "max_discharge_power_w", 655_340.0))
    assert read(battery, INPUT, 10272, 2) == [65535, 65534]


def test_255_means_the_whole_rating_and_reads_back_as_255() -> None:
    pv = bound(shipped("pv_inverter_modbus"))
    assert write(pv, 3, 40) == 0
    assert pv.engine.devices["pv"].commands.active_power_limit_pu == 0.4
    assert write(pv, 3, 255) == 0
    assert pv.engine.devices["pv"].commands.active_power_limit_pu == 1.0
    pv.engine.step()
    assert read(pv, HOLDING, 3, 1) == [255]
    pv.engine.submit(Write("pv", {"active_power_limit_pu": 0.5}))
    assert read(pv, HOLDING, 3, 1) == [50]


def test_a_rate_beyond_100_percent_is_refused() -> None:
    pv = bound(shipped("pv_inverter_modbus"))
    assert write(pv, 3, 101) == 3
    assert read(pv, HOLDING, 3, 1) == [100]


def test_fc06_sets_one_word_of_a_transformer_ratio() -> None:
    meter = bound(shipped("energy_meter_modbus"))
    assert write(meter, 4100, 50) == 0
    assert meter.engine.devices["meter"].commands.current_transformer_ratio == 5.0


def test_the_meter_fills_every_register_of_its_map() -> None:
    meter = bound(shipped("energy_meter_modbus"))
    for signal in meter.engine.devices["meter"].type.signals.values():
        if not signal.command and signal.unit not in {"", "1"}:
            meter.engine.submit(Pin("meter", signal.name, 7000.0))
    for register in meter.map.registers:
        words = read(meter, register.table, register.address, register.count)
        assert isinstance(words, list)
        assert any(words), register.name


def test_a_counter_over_two_registers_splits_by_ten_thousand() -> None:
    chp = bound(shipped("chp_modbus"))
    chp.engine.submit(Pin("chp", "operating_hours_h", 123_456))
    assert read(chp, INPUT, 30284, 2) == [3456, 12]


def test_a_discrete_input_is_one_bit() -> None:
    chp = bound(shipped("chp_modbus"))
    chp.engine.submit(Pin("chp", "engine_running", True))
    assert read(chp, Table.DISCRETE_INPUTS, 10034, 1) == [1]
    assert read(chp, Table.DISCRETE_INPUTS, 10036, 1) == [0]
    assert read(chp, Table.DISCRETE_INPUTS, 10034, 2) == 2


def test_the_chp_is_acknowledged_with_its_special_code() -> None:
    chp = bound(shipped("chp_modbus"))
    assert write(chp, 41030, 0x10E1) == 0
    assert read(chp, HOLDING, 41030, 1) == [0x10E1]
    chp.engine.step()
    assert read(chp, HOLDING, 41030, 1) == [0]


def test_the_working_mode_has_its_special_codes() -> None:
    mode = {
        "name": "working_mode",
        "internal_name": "working_mode",
        "address": 1,
        "func": 6,
        "type": "uint16",
    }
    registers = bound(mapping(mode))
    assert read(registers, HOLDING, 1, 1) == [0xAA]
    assert write(registers, 1, 0x55) == 0
    assert read(registers, HOLDING, 1, 1) == [0x55]
    assert write(registers, 1, 1) == 3


@pytest.mark.parametrize("device", ["bess", "inverter", "energy_meter", "chp"])
def test_a_map_in_the_format_of_der_twin_loads(device: str) -> None:
    with Path(__file__).with_name("dertwin_registers.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["device"] == device]
    entries = [
        {
            **{key: row[key] for key in ("name", "internal_name", "direction", "type", "unit")},
            **{key: int(row[key]) for key in ("address", "func", "count")},
            **({"scale": float(row["scale"])} if row["scale"] != "1" else {}),
        }
        for row in rows
    ]
    kind = {"inverter": "pv_inverter"}.get(device, device)
    found = parse_map(
        {"protocol": "modbus_tcp", "device_type": kind, "description": "", "registers": entries}
    )
    assert len(bound(found).cells) == len(rows) - (device == "bess")  # two entries share one register


def test_255_then_a_plain_rate_then_255_read_back_in_turn() -> None:
    pv = bound(shipped("pv_inverter_modbus"))
    for rate in (255, 30, 255, 100, 30):
        assert write(pv, 3, rate) == 0
        assert read(pv, HOLDING, 3, 1) == [rate]


def test_a_refused_write_is_logged_with_its_client_and_its_reason(battery: Registers) -> None:
    write(battery, START, 9)
    (entry,) = (entry for entry in battery.engine.log if entry.kind is LogKind.WRITE)
    assert entry.origin == CLIENT
    assert entry.text.startswith("refused: ")
    assert entry.text.endswith("10055")
