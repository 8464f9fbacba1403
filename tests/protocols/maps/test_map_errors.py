"""Invalid maps: one sentence each, with place, value, what was expected and the nearest name."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.maps.site import mapping
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.parse import load_map, parse_map

SOC = {"name": "soc", "signal": "soc", "address": 10, "func": 4, "type": "uint16", "scale": 0.1, "unit": "%"}
POWER = {"name": "p", "signal": "active_power_setpoint_w", "address": 20, "func": 16, "type": "int32"}

MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("a misspelt key", {"scal": 0.1}, "unknown key scal in registers[0]; did you mean scale?"),
    ("a misspelt type", {"type": "unt16"}, "registers[0].type: expected one of uint16, "),
    ("a misspelt signal", {"signal": "socc"}, "a battery has no signal 'socc'; did you mean soc?"),
    (
        "a misspelt name of DER Twin",
        {"signal": None, "internal_name": "system_sock"},
        "a battery has no signal 'system_sock'; did you mean system_soc?",
    ),
    ("an unknown unit", {"unit": "percent"}, "unit: unknown unit 'percent'; known: %, 1, pu, ‰"),
    ("a unit of another kind", {"unit": "kWh"}, "unit: 'kWh' does not fit a signal that is a fraction"),
    ("a count that does not fit", {"count": 2}, "count 2 does not fit uint16; expected 1"),
    ("a missing count", {"type": "bcd"}, "missing key count: the number of registers of the bcd"),
    ("no address", {"address": None}, "missing key address in registers[0]"),
    (
        "an address that is text",
        {"address": "10"},
        "registers[0].address: expected a whole number from 0 to 65535, found '10'",
    ),
    (
        "an address beyond the end",
        {"address": 65535, "type": "uint32"},
        "address 65535 with 2 registers reaches beyond 65535",
    ),
    (
        "no previous entry",
        {"address": "next"},
        "address: next has no previous entry in the input registers; expected a number",
    ),
    (
        "a function that reads nothing",
        {"func": 7},
        "func: expected 0x05, 0x06, 0x0F, 0x10 for a write, found 7",
    ),
    (
        "a direction against its function",
        {"direction": "write"},
        "func: expected 0x05, 0x06, 0x0F, 0x10 for a write, found 4",
    ),
    ("no table", {"func": None}, "expected func (0x02, 0x03, 0x04, 0x06, 0x10) or table"),
    (
        "an unknown table",
        {"table": "inputs"},
        "table: expected one of input, holding, both, discrete, coil, found 'inputs'; did you mean input?",
    ),
    (
        "input registers that are written",
        {"access": "rw"},
        "input registers are read-only; expected access ro",
    ),
    ("a scale of zero", {"scale": 0}, "scale: expected a number other than 0"),
    ("a scale that is not a number", {"scale": float("nan")}, "scale: expected a finite number, found nan"),
    (
        "a word order",
        {"endian": "middle"},
        "registers[0].endian: expected one of big, little, found 'middle'",
    ),
    ("a sense", {"sense": "generating"}, "magnitude, found 'generating'; did you mean generation?"),
    (
        "a range that does not fit",
        {"scale": 0.0001},
        "maximum 1 of soc is 1000000 in the register, above the uint16 maximum of 65535; check scale",
    ),
    (
        "options that are a list",
        {"options": ["a"]},
        "registers[0].options: expected an object with whole numbers as keys, found ['a']",
    ),
    (
        "options with texts as keys",
        {"options": {"on": 1}},
        "options: expected whole numbers as keys, found 'on'",
    ),
    (
        "a scale factor that does not exist",
        {"scale_register": "SF"},
        "scale_register: unknown register 'SF'",
    ),
    ("an undeclared role", {"device": "meter"}, "device: unknown device 'meter'"),
    (
        "two names for one signal",
        {"internal_name": "system_soc"},
        "expected signal or internal_name, not both",
    ),
    (
        "a text in a number",
        {"type": "string", "count": 4},
        "type: string does not fit soc, which is a number",
    ),
    ("a limit that is not a number", {"min": "low"}, "min: expected a number, found 'low'"),
    (
        "no meaning",
        {"signal": None},
        "expected internal_name, signal, value, param, bits, states, stored or a not_available value",
    ),
    (
        "a constant that does not fit",
        {"signal": None, "value": 70000},
        "value: expected a whole number from 0 to 65535, found 70000",
    ),
    (
        "a parameter that does not exist",
        {"signal": None, "param": "capacity"},
        "param: a battery has no parameter 'capacity'; did you mean capacity_wh?",
    ),
    (
        "a code for something else",
        {"signal": "working_status", "unit": "", "scale": 1, "codes": {2: 0, 3: 1, 4: 2, 5: 9}},
        "codes: 5: invalid value 9 of working_status; known: 0 = Idle or standby, 1 = Running, 2 = Fault",
    ),
    (
        "a status without a code",
        {"signal": "working_status", "unit": "", "scale": 1, "codes": {2: 0, 3: 1}},
        "codes: missing code for 2 (Fault) of working_status",
    ),
    (
        "a bit without a test",
        {"signal": None, "type": "bitfield16", "bits": {0: {"signal": "soc"}}},
        "registers[0].bits[0]: expected above, below or equals with a number in the signal's unit",
    ),
]


@pytest.mark.parametrize(("changes", "message"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_in_an_entry_is_named(changes: dict[str, Any], message: str) -> None:
    entry = {key: value for key, value in {**SOC, **changes}.items() if value is not None}
    with pytest.raises(ConfigError) as caught:
        mapping(entry)
    text = str(caught.value)
    assert text.startswith("site.yaml: ")
    assert "registers[0]" in text
    assert len(text.splitlines()) == 1
    assert message in text


def test_a_measured_signal_cannot_be_written() -> None:
    with pytest.raises(ConfigError, match="soc is measured and cannot be written"):
        mapping({**SOC, "func": 16})


def test_registers_overlap_by_extent_not_by_address() -> None:
    with pytest.raises(ConfigError) as caught:
        mapping(POWER, {**POWER, "name": "q", "address": 21})
    assert str(caught.value) == ("site.yaml: registers[1]: q: holding registers 21–22 overlaps p at 20–21")


def test_the_same_address_of_another_table_is_another_register() -> None:
    assert len(mapping(SOC, {**POWER, "address": 10}).registers) == 2


def test_a_name_is_unique_in_its_table() -> None:
    with pytest.raises(ConfigError, match="soc: duplicate name 'soc'; already used by input registers 10"):
        mapping(SOC, {**SOC, "address": 11})


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        load_map(tmp_path / "none.yaml")


def test_a_mistake_in_a_file_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "device_type: bess\nregisters:\n"
        "  - {name: soc, signal: soc, address: 1, func: 4, type: uint16}\n"
        "  - {name: bad, signal: socks, address: 2, func: 4, type: uint16}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_map(path)
    assert str(caught.value) == f"{path}:4: bad: a battery has no signal 'socks'; did you mean soc?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("registers: [}", "map.yaml:1:13: "),
        (
            "device_type: bess\nregisters:\n  - {name: a, name: b}",
            "map.yaml:3:15: invalid YAML: key 'name' is given twice in one mapping",
        ),
        ("- 1", "map.yaml: expected an object with keys, found [1]"),
        ("device_type: bess", "map.yaml: missing key registers"),
        ("device_type: bess\nregisters: []", "map.yaml:2: registers: expected a list that is not empty"),
        (
            "device_type: bes\nregisters: [1]",
            "map.yaml:1: device_type: unknown device type 'bes'; did you mean bess?",
        ),
        ("registers: [1]", "map.yaml: missing key device_type"),
        ("device_typ: bess", "map.yaml:1: unknown key device_typ; did you mean device_type?"),
        (
            "device_type: bess\nregisters: [1]",
            "map.yaml:2: registers[0]: expected an object with keys, found 1",
        ),
    ],
)
def test_an_invalid_map_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_map(path)
    assert message in str(caught.value)


def test_limits_and_watchdogs_are_checked() -> None:
    for top, message in (
        (
            {"limits": {"max_read_registers": 126}},
            "limits.max_read_registers: expected a whole number from 1 to 125, found 126",
        ),
        ({"limits": {"functions": [3, 99]}}, "limits: function 99 is not supported"),
        (
            {"watchdog": {"seconds": 0, "fallback": {"start_stop": 2}}},
            "watchdog.seconds: expected a number above 0, found 0",
        ),
        (
            {"watchdog": {"seconds": 9, "fallback": {"start": 2}}},
            "unknown command 'start'; did you mean start_stop?",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            mapping(SOC, **top)
        assert message in str(caught.value)


def test_a_range_that_may_not_fit_is_a_warning() -> None:
    found = mapping({**SOC, "signal": "fault_code", "type": "int16", "unit": "", "scale": 1})
    assert found.warnings == (
        "site.yaml: registers[0]: soc: fault_code can exceed the range of int16 and is limited to 32767",
    )


def test_on_and_off_remain_text_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "device_type: pv\nregisters:\n"
        "  - {name: run, signal: on, address: 0, func: 6, type: uint16, options: {0: Off, 1: On}}\n"
    )
    register = load_map(path).registers[0]
    assert register.signal is not None
    assert register.signal.name == "on"
    assert register.options == {0: "Off", 1: "On"}


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    text = "device_type: bess\nregisters:\n  - {name: soc, signal: soc, address: 1, func: 4, type: uint16}\n"
    path.write_text(text)
    assert load_map(path).registers[0].address == 1
    path.write_text(text.replace("address: 1", "address: 12"))
    assert load_map(path).registers[0].address == 12


def test_a_map_can_be_plain_data() -> None:
    assert parse_map({"device_type": "battery", "registers": [SOC]}).kind == "battery"


def test_all_errors_of_a_map_are_reported_together(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "device_type: bess\n"
        "registers:\n"
        "  - {name: soc, signal: socc, address: 1, func: 4, type: uint16}\n"
        "  - {name: bad, signal: soc, address: x, func: 4, scal: 3,\n"
        "     type: uint99}\n"
        "  - name: a\n"
        "    address: 9\n"
        "    bits: {0: {signal: soc, abov: 1}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_map(path)
    assert [line.removeprefix(f"{path}:").split(",")[0] for line in str(caught.value).splitlines()] == [
        "3: soc: a battery has no signal 'socc'; did you mean soc?",
        "4: registers[1].address: expected a whole number from 0 to 65535",
        "5: registers[1].type: expected one of uint16",
        "4: unknown key scal in registers[1]; did you mean scale?",
        "8: unknown key abov in registers[2].bits[0]; did you mean above?",
    ]


def test_errors_between_entries_are_reported_together() -> None:
    rule = {"cases": [{"when": {"socs": 1}, "set": {"start_stop": {"register": "soc", "off": 1}, "run": 1}}]}
    watchdog = {"seconds": 5, "fallback": {"start": 1}}
    with pytest.raises(ConfigError) as caught:
        mapping(SOC, SOC, commands=[rule], watchdog=watchdog)
    assert [line.split(";")[0] for line in str(caught.value).splitlines()] == [
        "site.yaml: registers[1]: soc: duplicate name 'soc'",
        "site.yaml: registers[1]: soc: input registers 10 overlaps soc at 10",
        "site.yaml: commands[0].cases[0].when.socs: unknown register 'socs'",
        "site.yaml: unknown key off in commands[0].cases[0].set.start_stop",
        "site.yaml: commands[0].cases[0].set.run: a battery has no command 'run'",
        "site.yaml: watchdog.fallback.start: unknown command 'start'",
    ]


def test_a_map_reads_the_same_from_json_whose_keys_are_text(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    entry = {
        **POWER,
        "type": "uint16",
        "signal": "start_stop",
        "options": {1: "on", 2: "off"},
        "codes": {9: 1},
    }
    path.write_text(json.dumps({"device_type": "bess", "registers": [entry]}))
    (register,) = load_map(path).registers
    assert (register.options, register.codes) == ({1: "on", 2: "off"}, {9: 1})


@pytest.mark.parametrize(("access", "nearest"), [("r", "ro"), ("w", "wo"), ("rww", "rw")])
def test_a_misspelt_access_names_the_nearest_of_the_same_beginning(access: str, nearest: str) -> None:
    entry = {"name": "x", "signal": "active_power_w", "table": "input", "address": 1, "access": access}
    with pytest.raises(ConfigError, match=rf"access: expected one of ro, rw, wo, .*did you mean {nearest}\?"):
        parse_map({"device_type": "load", "registers": [entry]})
