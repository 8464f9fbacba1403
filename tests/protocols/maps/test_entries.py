"""What an entry of a map may say, what it means, and where the limits of both are."""

from typing import Any

import pytest

from tests.protocols.maps.site import bound, mapping, read, refusal
from twin_tui.engine.events import Pin
from twin_tui.protocols.maps.model import Register, RegisterMap
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
PLAIN: dict[str, Any] = {
    "name": "p",
    "signal": "active_power_w",
    "table": "input",
    "address": 0,
    "type": "int16",
}
CONSTANT: dict[str, Any] = {"name": "c", "table": "input", "address": 0, "type": "uint16", "value": 1}
STORED: dict[str, Any] = {
    **{"name": "m", "table": "holding", "access": "rw", "address": 0, "type": "uint16"},
    **{"stored": True, "value": 0},
}


def entry(base: dict[str, Any] = PLAIN, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def only(**changes: Any) -> Register:
    (register,) = mapping(entry(**changes)).registers
    return register


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (entry(type=None), "missing key type"),
        (entry(table="coil", type="int16"), "coils hold single bits: expected type bool and count 1"),
        (entry(table="discrete", type="bool", count=2), "discrete inputs hold single bits"),
        (entry(type="bool"), "input registers hold words; expected uint16, found bool"),
        (entry(type="string"), "missing key count: the number of registers of the string"),
        (entry(type="int32", count=3), "count 3 does not fit int32; expected 2"),
        (entry(not_available=0x10000), "expected a whole number from 0 to 65535, found 65536"),
        (entry(plus=["soc"], mean=["soc"]), "expected plus or mean, not both"),
        (entry(CONSTANT, plus=[{}]), "plus: missing key signal"),
        (entry(plus=[{"signal": "soc", "device": "x"}]), "plus: device: unknown device 'x'"),
        (entry(mean=["socc"]), "mean: a battery has no signal 'socc'; did you mean soc?"),
        (
            entry(CONSTANT, value=None, states={1: {"signal": "socc", "above": 1}}),
            "states: 1: a battery has no signal 'socc'; did you mean soc?",
        ),
        (entry(CONSTANT, value="x"), "value: expected a number, found 'x'"),
        (entry(CONSTANT, value=0.5), "value: expected a whole number from 0 to 65535, found 1/2"),
        (entry(CONSTANT, value=-1), "value: expected a whole number from 0 to 65535, found -1"),
        (entry(CONSTANT, value=65536), "value: expected a whole number from 0 to 65535, found 65536"),
        (
            entry(CONSTANT, type="float32", value=1e39),
            "value: expected a number from -3.40282e+38 to 3.40282e+38",
        ),
        (entry(CONSTANT, type="string", count=2, value=True), "value: expected text, found True"),
        (entry(CONSTANT, type="string", count=2, value=[1]), "value: expected text, found [1]"),
        (entry(CONSTANT, param="capacity_wh / powr"), "param: a battery has no parameter 'powr'"),
        (entry(CONSTANT, param="capacity_wh", unit="kW"), "unit: 'kW' does not fit a signal that is in Wh"),
        (entry(STORED, stored=None), "a writable register needs a signal or stored: true"),
        (
            entry(STORED, signal="active_power_setpoint_w", stored=None, value=None, modulo=10),
            "registers with modulo or quotient are read-only; expected access ro",
        ),
        (
            entry(STORED, signal="active_power_setpoint_w", stored=None, value=None, quotient=10),
            "registers with modulo or quotient are read-only; expected access ro",
        ),
        (entry(codes={1: True}), "codes: 1: expected a whole number, found True"),
        (entry(codes={1.5: 1}), "expected whole numbers as keys, found 1.5"),
        (entry(codes={True: 1}), "expected whole numbers as keys, found True"),
        (entry(codes={None: 1}), "expected whole numbers as keys, found None"),
        (entry(min=True), "min: expected a number, found True"),
        (entry(address=True), "address: expected a whole number from 0 to 65535, found True"),
        (entry(stored=1), "stored: expected true or false, found 1"),
        (entry(plus="soc"), "plus: expected a list of signals, found 'soc'"),
        (entry(special={1: "x"}), "special: expected a number, found 'x'"),
        (entry(options="sunspec"), "options: expected an object with whole numbers as keys, found 'sunspec'"),
        (entry(table=None, func=2, direction="write", type="bool"), "func: expected 0x05, 0x06, 0x0F, 0x10"),
        (
            entry(table=None, func=6, direction="read"),
            "func: expected 0x01, 0x02, 0x03, 0x04 for a read, found 6",
        ),
    ],
)
def test_an_entry_that_means_nothing_is_refused(found: dict[str, Any], message: str) -> None:
    assert message in refusal(found)


@pytest.mark.parametrize(
    ("top", "message"),
    [
        (
            {"not_available": "huawei"},
            "not_available: expected sunspec, or an object with types and bit patterns",
        ),
        ({"not_available": {"int17": 0}}, "not_available: expected one of uint16, "),
        ({"not_available": {"int16": 65536}}, "expected a whole number from 0 to 65535, found 65536"),
        ({"limits": {"functions": 3}}, "functions: expected a list of function codes, found 3"),
        ({"limits": {"functions": [True]}}, "functions: expected a list of function codes, found [True]"),
        ({"watchdog": {"seconds": 1, "fallback": {}, "device": "x"}}, "watchdog.device: unknown device 'x'"),
        ({"commands": [{"device": "x", "cases": [{}]}]}, "commands[0].device: unknown device 'x'"),
        (
            {"commands": [{"cases": [{"when": {"p": True}}]}]},
            "expected a raw value or a list of them, found True",
        ),
        ({"commands": [{"cases": [{"when": {"p": [1, "x"]}}]}]}, "expected a raw value or a list of them"),
        ({"devices": {"x": "batery"}}, "devices.x: unknown device type 'batery'; did you mean battery"),
        ({"word_order": "middle"}, "word_order: expected one of big, little, found 'middle'"),
    ],
)
def test_a_top_level_that_means_nothing_is_refused(top: dict[str, Any], message: str) -> None:
    assert message in refusal(PLAIN, **top)


def test_an_entry_without_any_name_is_refused() -> None:
    assert "missing key name in registers[0]" in refusal(entry(CONSTANT, name=None))
    assert only(name=None).name == "active_power_w"


@pytest.mark.parametrize(
    ("changes", "table", "readable", "writable"),
    [
        ({"func": 1}, Table.COILS, True, False),
        ({"func": 2}, Table.DISCRETE_INPUTS, True, False),
        ({"func": 3}, HOLDING, True, False),
        ({"func": 4}, INPUT, True, False),
        ({"func": 5}, Table.COILS, True, True),
        ({"func": 6}, HOLDING, True, True),
        ({"func": 15}, Table.COILS, True, True),
        ({"func": 16}, HOLDING, True, True),
        ({"func": 16, "access": "wo"}, HOLDING, False, True),
        ({"func": 16, "direction": "write"}, HOLDING, True, True),
        ({"func": 3, "direction": "read", "access": "ro"}, HOLDING, True, False),
        ({"table": "holding"}, HOLDING, True, False),
        ({"table": "holding", "access": "wo"}, HOLDING, False, True),
        ({"table": "coil", "access": "rw"}, Table.COILS, True, True),
        ({"table": "discrete"}, Table.DISCRETE_INPUTS, True, False),
    ],
)
def test_function_and_table_say_where_a_register_is_and_who_may_do_what(
    changes: dict[str, Any], table: Table, readable: bool, writable: bool
) -> None:
    bits = table in (Table.COILS, Table.DISCRETE_INPUTS)
    signal = "fault_reset" if writable or bits else "active_power_w"
    plain = {"name": "p", "signal": signal, "address": 7, "type": "bool" if bits else "int16"}
    (register,) = mapping({**plain, **changes}).registers
    assert (register.table, register.readable, register.writable) == (table, readable, writable)
    assert (register.address, register.count, register.end) == (7, 1, 8)


def test_a_register_in_both_tables_reads_the_same_and_is_written_in_one() -> None:
    found = mapping(entry(signal="active_power_setpoint_w", table="both", access="rw"))
    assert [(r.table, r.writable) for r in found.registers] == [(INPUT, False), (HOLDING, True)]


def test_next_is_the_address_after_the_previous_entry_of_the_table() -> None:
    found = mapping(
        entry(CONSTANT, name="a", address=10, type="uint32"),
        entry(CONSTANT, name="b", address=50, table="holding"),
        entry(CONSTANT, name="c", address="next", type="string", count=4, value="x"),
        entry(CONSTANT, name="d", address="next", table="holding"),
        entry(CONSTANT, name="e", address="next"),
    )
    assert {r.name: r.address for r in found.registers} == {"a": 10, "b": 50, "c": 12, "d": 51, "e": 16}


def test_the_last_address_can_be_used() -> None:
    assert only(address=65535).end == 65536
    assert only(address=65534, type="int32").end == 65536
    assert "reaches beyond 65535" in refusal(entry(address=65535, type="int32"))


@pytest.mark.parametrize("number", [0, 65535])
def test_a_constant_may_be_at_either_end_of_its_type(number: int) -> None:
    assert read(bound(mapping(entry(CONSTANT, value=number))), INPUT, 0, 1) == [number]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "float32", "value": 0.5}, [0x3F00, 0]),
        ({"type": "string", "count": 2, "value": "{device}"}, [0x6261, 0x7474]),
        ({"type": "string", "count": 2, "value": 12}, [0x3132, 0]),
        ({"type": "pad", "count": 2, "value": None}, [0, 0]),
        ({"type": "uint32", "word_order": "little", "value": 1}, [1, 0]),
        ({"type": "uint32", "endian": "little", "value": 1}, [1, 0]),
        ({"type": "uint32", "byte_order": "little", "value": 1}, [0, 0x0100]),
    ],
)
def test_a_constant_is_laid_out_as_its_type_says(changes: dict[str, Any], words: list[int]) -> None:
    assert read(bound(mapping(entry(CONSTANT, **changes))), INPUT, 0, len(words)) == words


def test_orders_of_the_map_hold_where_an_entry_names_none() -> None:
    long = entry(CONSTANT, type="uint32")
    own = entry(CONSTANT, type="uint32", name="own", address=2, word_order="big", byte_order="big")
    registers = bound(mapping(long, own, word_order="little", byte_order="little"))
    assert read(registers, INPUT, 0, 4) == [0x0100, 0, 0, 1]


def test_a_missing_value_has_the_pattern_of_the_entry_before_that_of_the_map() -> None:
    def nothing(**changes: Any) -> str:
        found = mapping(entry(**changes), not_available={"int16": 0x7FFF, "bcd": 0xFFFF, "string": 0x2020})
        return found.registers[0].nothing().hex()

    assert nothing() == "7fff"
    assert nothing(not_available=0x8000) == "8000"
    assert nothing(type="int32") == "00000000"
    assert nothing(type="bcd", count=3) == "ffffffffffff"
    assert nothing(signal=None, type="string", count=2, value="x") == "00000000"


def test_what_is_added_is_of_the_same_device_unless_it_names_another() -> None:
    found = mapping(
        entry(device="house", plus=["reactive_power_var", {"signal": "reactive_power_var", "device": "sun"}]),
        entry(name="q", address=1, device="house", plus=[{"device": "sun"}]),
        devices={"house": "load", "sun": "pv"},
    )
    assert [r.parts for r in found.registers] == [
        (("house", "reactive_power_var"), ("sun", "reactive_power_var")),
        (("sun", "active_power_w"),),
    ]


def test_a_signal_that_is_added_is_one_of_the_device_that_has_it() -> None:
    demand = entry(plus=[{"signal": "demand_w", "device": "meter"}])
    (register,) = mapping(demand, devices={"meter": "meter"}).registers
    assert register.parts == (("meter", "demand_w"),)
    level = entry(plus=[{"signal": "soc", "device": "meter"}])
    assert "plus: a meter has no signal 'soc'" in refusal(level, devices={"meter": "meter"})


HIGH = {"signal": "soc", "above": 0}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (entry(CONSTANT, states={70_000: HIGH}), "code 70000 does not fit uint16; expected 0 to 65535"),
        (entry(CONSTANT, states={-1: HIGH}), "code -1 does not fit uint16; expected 0 to 65535"),
        (
            entry(CONSTANT, type="bcd", count=1, states={10_000: HIGH}),
            "code 10000 does not fit bcd; expected 0 to 9999",
        ),
        (entry(signal="start_stop", codes={40_000: 1, 2: 2, 3: 3}), "code 40000 does not fit int16"),
        (entry(CONSTANT, bits={16: HIGH}), "bits: found 16; expected 0 to 15"),
        (entry(CONSTANT, bits={-1: HIGH}), "bits: found -1; expected 0 to 15"),
        (entry(CONSTANT, table="discrete", type="bool", bits={1: HIGH}), "bits: found 1; expected 0 to 0"),
    ],
)
def test_a_code_or_bit_that_its_register_cannot_hold_is_refused(found: dict[str, Any], message: str) -> None:
    assert message in refusal(found)


def test_a_code_or_bit_at_the_end_of_its_register_is_served() -> None:
    own = {"value": None, "not_available": 0}
    registers = bound(
        mapping(
            entry(CONSTANT, states={65_535: HIGH}),
            entry(CONSTANT, **own, name="b", address=1, bits={0: HIGH, 15: HIGH}),
            entry(CONSTANT, **own, name="d", address=2, type="bcd", count=1, states={9999: HIGH}),
        )
    )
    assert read(registers, INPUT, 0, 3) == [65_535, 0x8001, 0x9999]


def test_a_scale_factor_that_is_none_names_those_that_are() -> None:
    factor = {"name": "W_SF", "table": "input", "address": 5, "type": "sunssf", "value": -1}
    other = entry(CONSTANT, name="V_SF", address=6)
    assert "unknown register 'WSF'; did you mean W_SF?" in refusal(entry(scale_register="WSF"), factor, other)
    for name in ("V_SF",):
        message = refusal(entry(scale_register=name), factor, other)
        assert f"expected an entry of type sunssf with a constant value, found {name}" in message
    registers = bound(mapping(entry(scale_register="W_SF", scale=2), factor))
    registers.engine.submit(Pin("battery", "active_power_w", 50.0))
    assert read(registers, INPUT, 0, 1) == [250]


def warned(**changes: Any) -> RegisterMap:
    return mapping(entry(**changes))


@pytest.mark.parametrize(
    ("changes", "limited"),
    [
        ({"signal": "soc", "type": "uint16", "unit": "%", "scale": 0.01}, ""),
        ({"signal": "fault_code", "type": "uint16"}, ""),
        ({"signal": "fault_code", "type": "int16"}, "32767"),
        ({"signal": "fault_code", "type": "int16", "modulo": 100}, ""),
        ({"signal": "fault_code", "type": "int16", "quotient": 100}, ""),
        ({"signal": "fault_code", "type": "uint16", "offset": -1}, "65535"),
        ({"signal": "fault_code", "type": "uint16", "offset": 1}, "0"),
        ({"signal": "fault_code", "type": "uint16", "offset": 0.4}, ""),
        ({"signal": "fault_code", "type": "uint16", "scale": -1}, "0"),
        ({"signal": "fault_code", "type": "bcd", "count": 1}, "9999"),
        ({"signal": "fault_code", "type": "float32"}, ""),
        ({"signal": "charged_energy_wh", "type": "uint16", "sense": "magnitude"}, ""),
        ({"signal": "fault_code", "type": "uint16", "offset": 9, "sense": "magnitude"}, ""),
        # a client may write less than the signal allows
        (
            {
                "signal": "soc_lower_limit_1",
                "table": "holding",
                "access": "rw",
                "scale": 1e-5,
                "type": "uint16",
            },
            "",
        ),
    ],
)
def test_a_range_is_warned_of_where_it_goes_beyond_its_type(changes: dict[str, Any], limited: str) -> None:
    warnings = warned(**changes).warnings
    assert [warning.rsplit(" ", 1)[1] for warning in warnings] == ([limited] if limited else [])


def test_the_reading_and_the_writing_side_of_a_register_are_two_entries() -> None:
    side = {"table": "holding", "signal": "active_power_setpoint_w", "type": "int32"}
    both = (entry(**side, name="r", address=4), entry(**side, name="w", address=4, access="wo"))
    assert len(bound(mapping(*both)).cells) == 1
    assert "overlaps" in refusal(
        both[0], entry(**{**side, "type": "int16"}, name="w", address=4, access="wo")
    )
    assert "overlaps" in refusal(both[0], entry(**side, name="w", address=5, access="wo"))
    assert "overlaps" in refusal(both[0], entry(**side, name="w", address=4))
    assert "overlaps r at 4–5 and w at 4–5" in refusal(*both, entry(**side, name="x", address=4))
    assert "overlaps r at 4–5 and w at 4–5" in refusal(*both, entry(**side, name="x", address=4, access="wo"))
    assert mapping(both[0], entry(**side, name="w", address=6)).registers[1].address == 6
