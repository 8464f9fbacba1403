"""Registers of every scale, offset, unit and sense against the definition of their number."""

import struct
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.maps import site
from tests.protocols.maps.site import bound, cell_at, mapping, read, write
from twin_tui.engine.events import Pin
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
# the sign of a number relative to power into the bus
SIGNS = {"": 1, "generation": 1, "discharge": 1, "import": 1, "consumption": -1, "charge": -1, "export": -1}
WATTS = {"": 1, "W": 1, "kW": 1000, "MW": 1_000_000, "mW": Fraction(1, 1000)}
SCALES = ["1", "0.1", "0.001", "7", "-1", "-0.5"]
OFFSETS = ["0", "-1000", "0.25", "32768"]
entry, setpoint = partial(site.entry, type="int32"), partial(site.setpoint, type="int32")


def signed(words: list[int] | int) -> int:
    assert isinstance(words, list)
    (number,) = struct.unpack(">i", struct.pack(">2H", *words))
    return int(number)


@settings(max_examples=150)
@given(
    power_w=st.integers(-900_000, 900_000).map(lambda tenths: tenths / 10),
    scale=st.sampled_from(SCALES),
    offset=st.sampled_from(OFFSETS),
    unit=st.sampled_from(sorted(WATTS)),
    sense=st.sampled_from([*SIGNS, "magnitude"]),
)
def test_a_read_number_is_that_of_its_definition(
    power_w: float, scale: str, offset: str, unit: str, sense: str
) -> None:
    number = {"scale": float(scale), "offset": float(offset), "unit": unit}
    registers = bound(mapping(entry(**number, **({"sense": sense} if sense else {}))))
    registers.engine.submit(Pin("battery", "active_power_w", power_w))
    in_unit = Fraction(power_w) / WATTS[unit]
    in_unit = abs(in_unit) if sense == "magnitude" else SIGNS[sense] * in_unit
    raw = (in_unit - Fraction(offset)) / Fraction(scale)
    raw = min(max(raw, Fraction(-(2**31))), Fraction(2**31 - 1))
    assert abs(signed(read(registers, INPUT, 0, 2)) - raw) <= Fraction(1, 2) + Fraction(1, 10**6)


@settings(max_examples=150)
@given(
    raw=st.integers(-90_000, 90_000),
    scale=st.sampled_from(SCALES),
    offset=st.sampled_from(OFFSETS),
    unit=st.sampled_from(sorted(WATTS)),
    sense=st.sampled_from(sorted(SIGNS)),
)
def test_a_written_number_is_that_of_its_definition(
    raw: int, scale: str, offset: str, unit: str, sense: str
) -> None:
    number = {"scale": float(scale), "offset": float(offset), "unit": unit}
    registers = bound(mapping(setpoint(**number, **({"sense": sense} if sense else {}))))
    words = struct.unpack(">2H", struct.pack(">i", raw))
    assert write(registers, 0, *words) == 0
    expected = SIGNS[sense] * (raw * Fraction(scale) + Fraction(offset)) * WATTS[unit]
    commands = registers.engine.devices["battery"].commands
    assert commands.active_power_setpoint_w == pytest.approx(float(expected), rel=1e-12)
    assert signed(read(registers, HOLDING, 0, 2)) == raw


@pytest.mark.parametrize("sense", sorted(SIGNS))
def test_a_special_number_has_the_unit_and_the_sense_of_its_register(sense: str) -> None:
    special = {"special": {255: 12.5}, "unit": "kW", **({"sense": sense} if sense else {})}
    registers = bound(mapping(setpoint(type="uint16", **special)))
    assert write(registers, 0, 255) == 0
    assert registers.engine.devices["battery"].commands.active_power_setpoint_w == SIGNS[sense] * 12_500.0
    assert write(registers, 0, 254) == 0
    assert registers.engine.devices["battery"].commands.active_power_setpoint_w == SIGNS[sense] * 254_000.0


def test_a_special_temperature_is_shifted_as_any_other() -> None:
    found = mapping(
        entry(
            signal="cell_temperature_c",
            type="uint16",
            unit="K",
            scale=0.1,
            special={65535: 300},
            not_available=0,
        )
    )
    (register,) = found.registers
    assert register.decode(b"\xff\xff") == pytest.approx(26.85)
    assert register.decode(b"\x0b\x86") == pytest.approx(21.85)  # 295.0 K
    assert register.decode(b"\0\0") is None


@pytest.mark.parametrize("counted", [7, 12_345, 123_456_789_012])
def test_a_counter_is_divided_over_registers(counted: int) -> None:
    parts = ({"modulo": 10_000}, {"quotient": 10_000, "modulo": 10_000}, {"quotient": 100_000_000})
    registers = bound(
        mapping(
            *(
                entry(name=f"part {at}", signal="charged_energy_wh", type="uint16", address=at, **part)
                for at, part in enumerate(parts)
            )
        )
    )
    registers.engine.submit(Pin("battery", "charged_energy_wh", float(counted)))
    found = read(registers, INPUT, 0, 3)
    assert isinstance(found, list)
    assert found[0] + 10_000 * found[1] + 100_000_000 * found[2] == counted
    assert max(found[:2]) < 10_000


def infinite(number: float, **changes: Any) -> int:
    registers: Registers = bound(mapping(entry(type="int16", **changes)))
    return int.from_bytes(registers.cells[0].reader.encode(number), "big", signed=True)


@pytest.mark.parametrize(
    ("changes", "above", "below"),
    [
        ({}, 32767, -32768),
        ({"scale": 0.1}, 32767, -32768),
        ({"scale": -0.1}, -32768, 32767),
        ({"sense": "charge"}, -32768, 32767),
        ({"offset": 5}, 32767, -32768),
        ({"not_available": 0x8000}, 32767, -32767),
        ({"not_available": 0x7FFF}, 32766, -32768),
    ],
)
def test_what_is_infinite_is_the_end_of_its_range(changes: dict[str, Any], above: int, below: int) -> None:
    assert (infinite(float("inf"), **changes), infinite(float("-inf"), **changes)) == (above, below)


SUNSPEC_EMPTY = {
    # Information Model Reference of SunSpec, "unimplemented" by type
    "int16": "8000",
    "uint16": "ffff",
    "enum16": "ffff",
    "bitfield16": "ffff",
    "int32": "80000000",
    "uint32": "ffffffff",
    "enum32": "ffffffff",
    "bitfield32": "ffffffff",
    "int64": "8000000000000000",
    "uint64": "ffffffffffffffff",
    "bitfield64": "ffffffffffffffff",
    "float32": "7fc00000",
    "float64": "7ff8000000000000",
    "sunssf": "8000",
    "pad": "8000",
}


@pytest.mark.parametrize("kind", sorted(SUNSPEC_EMPTY))
def test_what_sunspec_has_not_reads_as_sunspec_says(kind: str) -> None:
    words = len(SUNSPEC_EMPTY[kind]) // 4
    empty = {"name": "x", "table": "input", "address": 5, "type": kind}
    registers = bound(mapping(empty, not_available="sunspec"))
    assert cell_at(registers, INPUT, 5).data.hex() == SUNSPEC_EMPTY[kind]
    assert registers.cells[0].reader.text(bytes.fromhex(SUNSPEC_EMPTY[kind])) == "not available"
    assert registers.cells[0].reader.count == words
