"""Reads across addresses without a register."""

from typing import Any

import pytest

from tests.protocols.maps.site import bound, engine_with, mapping, read, write
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.model import RegisterMap
from twin_tui.protocols.maps.registers import SiteRegisters
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
FIRST = {"name": "first", "value": 7, "table": "holding", "address": 10, "type": "uint16"}
LIMIT = {
    "name": "limit",
    "signal": "active_power_setpoint_w",
    "table": "holding",
    "access": "rw",
    "address": 14,
    "type": "int16",
}
START = {
    "name": "start",
    "signal": "start_stop",
    "table": "holding",
    "access": "wo",
    "address": 17,
    "type": "uint16",
}
LAST = {"name": "last", "value": 9, "table": "holding", "address": 19, "type": "uint16"}


def with_gaps(gaps: Any) -> RegisterMap:
    return mapping(FIRST, LIMIT, START, LAST, gaps=gaps)


@pytest.mark.parametrize("gaps", [None, "exception"])
def test_a_read_across_a_gap_is_refused_unless_the_map_fills_it(gaps: str | None) -> None:
    registers = bound(mapping(FIRST, LIMIT, **({} if gaps is None else {"gaps": gaps})))
    assert read(registers, HOLDING, 10, 1) == [7]
    assert read(registers, HOLDING, 10, 5) == 2
    assert read(registers, HOLDING, 12, 1) == 2


@pytest.mark.parametrize(("gaps", "word"), [("zero", 0), ({"fill": 0xFFFF}, 0xFFFF), ({"fill": 5}, 5)])
def test_a_filled_gap_reads_as_its_word_between_the_first_and_the_last_register(gaps: Any, word: int) -> None:
    registers = bound(with_gaps(gaps))
    assert read(registers, HOLDING, 10, 7) == [7, word, word, word, 0, word, word]
    assert read(registers, HOLDING, 11, 2) == [word, word]
    assert read(registers, HOLDING, 9, 2) == 2
    assert read(registers, HOLDING, 19, 2) == 2
    assert read(registers, INPUT, 11, 1) == 2  # a table without registers has no gaps


def test_a_write_to_a_filled_gap_is_refused_and_changes_nothing() -> None:
    registers = bound(with_gaps("zero"))
    assert write(registers, 12, 1) == 2
    assert write(registers, 13, 1, 2) == 2
    assert write(registers, 14, 3) == 0
    assert read(registers, HOLDING, 11, 4) == [0, 0, 0, 3]
    assert registers.engine.devices["battery"].commands.active_power_setpoint_w == 3.0


def test_a_write_only_register_in_a_gap_remains_unreadable() -> None:
    registers = bound(with_gaps("zero"))
    assert read(registers, HOLDING, 17, 1) == 2
    assert read(registers, HOLDING, 16, 3) == 2


def test_each_range_has_its_own_filler_and_the_first_one_applies() -> None:
    ranges = [
        {"table": "holding", "from": 12, "to": 12, "read": "exception"},
        {"from": 8, "to": 13, "read": {"fill": 0x8000}},
        {"from": 18, "to": 21, "read": "zero"},
    ]
    registers = bound(with_gaps(ranges))
    assert read(registers, HOLDING, 8, 4) == [0x8000, 0x8000, 7, 0x8000]
    assert read(registers, HOLDING, 12, 1) == 2
    assert read(registers, HOLDING, 13, 2) == [0x8000, 0]
    assert read(registers, HOLDING, 15, 1) == 2
    assert read(registers, HOLDING, 18, 4) == [0, 9, 0, 0]
    assert read(registers, HOLDING, 22, 1) == 2


def test_filled_bits_read_as_one_bit_of_the_filler() -> None:
    entries = [
        {"name": f"bit_{at}", "value": 0, "table": "discrete", "address": at, "type": "bool"} for at in (0, 4)
    ]
    registers = bound(mapping(*entries, gaps={"fill": 0xFFFF}))
    assert read(registers, Table.DISCRETE_INPUTS, 0, 5) == [0, 1, 1, 1, 0]


def test_registers_of_a_role_without_a_device_are_not_filled() -> None:
    power = {**FIRST, "name": "meter", "device": "meter", "address": 12}
    found = mapping(FIRST, power, LAST, devices={"meter": "meter"}, gaps="zero")
    registers = SiteRegisters(engine_with("battery")).of(found, "battery")
    assert read(registers, HOLDING, 10, 2) == [7, 0]
    assert read(registers, HOLDING, 12, 1) == 2
    assert read(registers, HOLDING, 13, 7) == [0] * 6 + [9]


@pytest.mark.parametrize(
    ("gaps", "message"),
    [
        ("zeros", "gaps: expected exception, zero or an object such as {fill: 0xFFFF}, found 'zeros'"),
        ({"fil": 0}, "gaps: expected exception, zero or an object such as {fill: 0xFFFF}, found {'fil': 0}"),
        ({"fill": 65536}, "gaps: expected a whole number from 0 to 65535, found 65536"),
        (5, "gaps: expected exception, zero or an object such as {fill: 0xFFFF}, found 5"),
        (["zero"], "gaps[0]: expected an object with keys, found 'zero'"),
        ([{"from": 1, "to": 2}], "missing key read in gaps[0]"),
        ([{"form": 1, "read": "zero"}], "unknown key form in gaps[0]; did you mean from?"),
        ([{"from": 5, "to": 2, "read": "zero"}], "gaps[0]: from 5 is above to 2"),
        ([{"table": "inputs", "read": "zero"}], "gaps[0].table: expected one of input, holding, both"),
        ([{"read": {"fill": -1}}], "gaps[0].read: expected a whole number from 0 to 65535, found -1"),
    ],
)
def test_a_mistake_in_the_gaps_is_named(gaps: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_gaps(gaps)
    assert message in str(caught.value)
