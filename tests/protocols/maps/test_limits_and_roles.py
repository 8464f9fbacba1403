"""Numbers at the ends of their range, the patterns of SunSpec, and roles of a map that no device has."""

import math
from typing import Any

import pytest

from tests.protocols.maps.site import bound, entry, mapping, read, refusal, setpoint, showing, verdict, write
from twin_tui.engine.events import Pin
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.registers import WATCHDOG, Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS


def stored(**changes: Any) -> dict[str, Any]:
    own = {"table": "holding", "access": "rw", "stored": True, "value": 0, "type": "uint16"}
    return entry(signal=None, **{**own, **changes})


def register(**changes: Any) -> Register:
    return mapping(entry(**changes)).registers[0]


@pytest.mark.parametrize(
    ("changes", "highest", "lowest"),
    [
        ({}, "7fff", "8000"),
        ({"offset": -1000}, "7fff", "8000"),
        ({"scale": 0.5, "offset": 3}, "7fff", "8000"),
        ({"sense": "charge"}, "8000", "7fff"),
        ({"sense": "charge", "offset": 7}, "8000", "7fff"),
        ({"sense": "magnitude"}, "7fff", "7fff"),
        ({"type": "uint16", "not_available": 0xFFFF}, "fffe", "0000"),
        ({"type": "bcd", "count": 1}, "9999", "0000"),
        ({"type": "float32"}, "7f7fffff", "ff7fffff"),
    ],
)
def test_an_infinite_number_is_the_end_of_the_range(
    changes: dict[str, Any], highest: str, lowest: str
) -> None:
    found = register(**changes)
    assert [found.encode(number).hex() for number in (math.inf, -math.inf)] == [highest, lowest]


def test_numbers_are_scaled_shifted_divided_and_wrapped() -> None:
    assert showing(10.0, scale=0.4) == [25]
    assert showing(500.0, scale=0.5, offset=-1000) == [3000]
    assert showing(12_345.0, modulo=100) == [45]
    assert showing(12_345.0, quotient=100) == [123]
    assert showing(12_345.0, quotient=10, modulo=100) == [34]
    assert showing(-12_345.0, quotient=100) == [0x10000 - 124]  # rounded down
    big = register(type="int64", scale=0.1)
    assert big.encode(900_719_925_474_099_301) == (9_007_199_254_740_993_010).to_bytes(8, "big")
    pad = register(signal=None, type="pad", count=2)
    assert pad.text(bytes(4)) == "0"


def test_a_limit_itself_is_accepted_and_one_step_beyond_is_not() -> None:
    one_sided = {"unit": "kW", "scale": 0.1}
    registers = bound(
        mapping(
            setpoint(min=-5, max=5, **one_sided),
            setpoint(name="low", address=1, min=-5, **one_sided),
            setpoint(name="high", address=2, max=5, **one_sided),
        )
    )
    for address, raw, code in [
        *((0, raw, 0) for raw in (50, -50)),
        *((0, raw, 3) for raw in (51, -51)),
        *((1, raw, 0) for raw in (51, -50)),
        *((2, raw, 0) for raw in (50, -51)),
    ]:
        assert write(registers, address, raw) == code
        if code == 0:
            assert registers.engine.devices["battery"].commands.active_power_setpoint_w == raw * 100.0
    assert write(registers, 1, -51) == 3
    assert verdict(registers, 1) == "refused: -5.1 is outside -5 … kW"
    assert write(registers, 2, 51) == 3
    assert verdict(registers, 2) == "refused: 5.1 is outside … 5 kW"


@pytest.mark.parametrize(
    ("limits", "raw", "power_w"),
    [
        ({"min": -5}, -60, -5000.0),
        ({"max": 5}, 60, 5000.0),
        ({"min": -5}, 60, 6000.0),
        ({"max": 5}, -60, -6000.0),
    ],
)
def test_a_number_beyond_the_one_limit_of_an_entry_becomes_the_limit(
    limits: dict[str, float], raw: int, power_w: float
) -> None:
    registers = bound(mapping(setpoint(unit="kW", scale=0.1, beyond="clamp", **limits)))
    assert write(registers, 0, raw) == 0
    assert registers.engine.devices["battery"].commands.active_power_setpoint_w == power_w


def test_a_field_of_bits_accepts_any_bits_whatever_has_a_meaning() -> None:
    registers = bound(mapping(stored(type="bitfield16", options={0: "low", 3: "high"})))
    assert write(registers, 0, 0x00F9) == 0
    assert read(registers, HOLDING, 0, 1) == [0x00F9]


def test_a_write_to_a_command_that_is_forced_reads_back_what_is_in_force() -> None:
    registers = bound(mapping(setpoint(type="float32", unit="kW")))
    registers.engine.submit(Pin("battery", "active_power_setpoint_w", 2500.0))
    before = read(registers, HOLDING, 0, 2)
    assert write(registers, 0, 0x3DCC, 0xCCCD) == 0
    assert read(registers, HOLDING, 0, 2) == before == [0x4020, 0]


SUNSPEC = {
    **dict.fromkeys(("int16", "sunssf"), "8000"),
    **dict.fromkeys(("uint16", "enum16", "bitfield16"), "ffff"),
    "int32": "80000000",
    **dict.fromkeys(("uint32", "enum32", "bitfield32"), "ffffffff"),
    "int64": "8000000000000000",
    **dict.fromkeys(("uint64", "bitfield64"), "ffffffffffffffff"),
    **dict.fromkeys(("acc16",), "0000"),
    "float32": "7fc00000",
    "float64": "7ff8000000000000",
}


@pytest.mark.parametrize("kind", SUNSPEC)
def test_missing_values_have_the_patterns_of_sunspec(kind: str) -> None:
    found = mapping(entry(type=kind, signal="fault_code"), not_available="sunspec").registers[0]
    assert found.nothing().hex() == SUNSPEC[kind]
    assert found.text(found.nothing()) == "not available"


def test_padding_of_sunspec_is_one_register_unless_the_map_says_more() -> None:
    found = mapping(
        entry(signal=None, type="pad"),
        entry(signal=None, type="pad", name="q", address="next", count=2),
        not_available="sunspec",
    )
    assert [(r.address, r.count) for r in found.registers] == [(0, 1), (1, 2)]
    assert read(bound(found), INPUT, 0, 3) == [0x8000, 0x8000, 0x8000]


@pytest.mark.parametrize(
    ("found", "top", "message"),
    [
        (entry(codes={1: 0.5}), {}, "codes: 1: expected a whole number, found 0.5"),
        (entry(), {"limits": {"functions": [3, "x"]}}, "functions: expected a list of function codes"),
        (entry(), {"not_available": {"bcd": 65_536}}, "expected a whole number from 0 to 65535, found 65536"),
        (entry(), {"not_available": {"uint32": 1 << 32}}, "from 0 to 4294967295, found 4294967296"),
    ],
)
def test_a_key_of_another_type_is_refused(found: dict[str, Any], top: dict[str, Any], message: str) -> None:
    assert message in refusal(found, **top)


def test_a_scale_factor_without_a_constant_is_refused() -> None:
    factor = entry(name="SF", signal="fault_code", type="sunssf", address=1)
    message = refusal(entry(scale_register="SF"), factor)
    assert "expected an entry of type sunssf with a constant value, found SF" in message


def test_an_entry_that_failed_makes_no_error_of_those_that_refer_to_it() -> None:
    factor = {"name": "SF", "table": "input", "address": 1, "type": "sunssf", "value": 99_999}
    assert refusal(entry(scale_register="SF"), factor).splitlines() == [
        "site.yaml: registers[1]: SF: value: expected a whole number from -32768 to 32767, found 99999"
    ]


def test_an_entry_has_the_name_that_it_gives_or_that_of_its_signal() -> None:
    own = entry(name=None, signal=None, internal_name="system_soc", unit="%")
    assert mapping(own).registers[0].name == "system_soc"
    assert mapping({**own, "name": "level"}).registers[0].name == "level"


def test_a_name_of_der_twin_that_its_device_does_not_have_is_not_proposed() -> None:
    # other devices have phase_voltage_a
    message = refusal(entry(signal="phase_voltage_aa"))
    assert "a battery has no signal 'phase_voltage_aa'" in message
    assert "phase_voltage_a;" not in message
    assert "phase_voltage_a?" not in message
    assert "did you mean phase_current_a?" in refusal(entry(signal="phase_current_aa"))


def test_a_range_is_checked_at_the_very_end_of_its_type() -> None:
    # by hand: 100 % is raw 65535, and 0 % is below 0
    found = mapping(entry(signal="soc", type="uint16", scale=1e-5, offset=0.34465))
    assert [warning.rsplit(" ", 1)[1] for warning in found.warnings] == ["0"]


def test_a_ratio_of_parameters_is_in_the_unit_that_its_map_names() -> None:
    own = {"signal": None, "param": "capacity_wh / max_discharge_w", "unit": "h", "scale": 0.1}
    registers = bound(mapping(entry(**own), entry(**{**own, "offset": -2}, name="q", address=1)))
    assert read(registers, INPUT, 0, 2) == [5, 25]
    registers = bound(mapping(entry(signal=None, param="capacity_wh", unit="kWh", scale=0.1, offset=-2)))
    assert read(registers, INPUT, 0, 1) == [120]


METERED: list[dict[str, Any]] = [
    setpoint(type="int16"),
    entry(name="sum", plus=[{"device": "meter"}]),
    entry(name="mean", address=1, mean=[{"device": "meter"}]),
    entry(name="bits", signal=None, address=2, type="uint16")
    | {
        "bits": {
            0: {"signal": "active_power_w", "device": "meter", "below": 1e9},
            1: {"signal": "soc", "above": 0},
        }
    },
    entry(name="own", address=3, device="meter"),
]
WATCHED = {"seconds": 10, "fallback": {"reset_demand": 1}, "device": "meter"}


def without_meter(*entries: dict[str, Any], **top: Any) -> Registers:
    found = mapping(*entries, devices={"meter": "meter"}, **top)
    return SiteRegisters(bound(mapping(entry())).engine).of(found, "battery")


def test_what_a_map_says_of_a_role_that_no_device_has_is_left_out() -> None:
    registers = without_meter(*METERED, watchdog=WATCHED)
    registers.engine.submit(Pin("battery", "active_power_w", 40.0))
    assert read(registers, INPUT, 0, 3) == [40, 40, 2]
    assert read(registers, INPUT, 3, 1) == 2
    assert write(registers, 0, 700) == 0
    registers.engine.advance(60.0)
    assert not [entry for entry in registers.engine.log if entry.origin == WATCHDOG]


def test_missing_values_of_a_block_are_those_of_its_registers_where_these_have_a_pattern() -> None:
    registers = bound(
        mapping(
            entry(address=2, type="int32", not_available=0x80007FFE),
            entry(name="q", address=5, not_available=0x1234),
            entry(name="r", address=6),
        )
    )
    whole = {2: 0x8000, 3: 0x7FFE, 5: 0x1234}
    for first in range(9):
        for count in range(1, 9):
            data = registers.not_available(INPUT, first, count)
            words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
            assert words == [whole.get(address, 0xFFFF) for address in range(first, first + count)]
