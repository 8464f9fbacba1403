"""What a register holds, in words: for the listing, the log and the comparison."""

import math
import struct
from typing import Any

import pytest

from tests.protocols.maps.site import bound, entry, mapping, write
from twin_tui.engine.events import Pin
from twin_tui.protocols.maps.listing import listing, raw_text
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.registers import Registers


def register(**changes: Any) -> Register:
    return mapping(entry(**changes)).registers[0]


@pytest.mark.parametrize(
    ("changes", "data", "text"),
    [
        ({}, "ff38", "-200"),
        ({"unit": "kW", "scale": 0.1}, "007b", "12.3 kW"),
        ({"unit": "kW", "scale": 0.25}, "0007", "1.75 kW"),
        ({"unit": "kW", "scale": 0.001, "offset": -1}, "04d2", "0.234 kW"),
        ({"scale": 10}, "0007", "70"),
        ({"type": "float32", "unit": "kW"}, struct.pack(">f", 12.3456789).hex(), "12.3457 kW"),
        ({"type": "float32"}, struct.pack(">f", math.inf).hex(), "inf"),
        ({"type": "bcd", "count": 1, "unit": "W"}, "1234", "1234 W"),
        ({"type": "bcd", "count": 1}, "12ab", "0x12ab"),
        ({"not_available": 0x8000}, "8000", "not available"),
        ({"type": "bitfield16"}, "00a5", "0x00A5"),
        ({"type": "bitfield32"}, "000000a5", "0x000000A5"),
        ({"signal": None, "type": "uint16", "bits": {0: {"signal": "soc", "above": 0}}}, "00a5", "0x00A5"),
    ],
)
def test_a_number_has_the_digits_and_the_unit_of_its_map(
    changes: dict[str, Any], data: str, text: str
) -> None:
    assert register(**changes).text(bytes.fromhex(data)) == text


def test_text_is_itself() -> None:
    text = {"name": "model", "table": "input", "address": 0, "type": "string", "count": 4, "value": "Ab 1"}
    found = mapping(text).registers[0]
    assert found.text(b"Ab 1\0\0\0\0") == "Ab 1"
    assert found.decode(b"Ab 1\0\0\0\0") == "Ab 1"
    assert found.option(b"Ab 1\0\0\0\0") == ""
    assert found.encode("xyz") == b"xyz\0\0\0\0\0"
    assert found.encode("much too long") == b"much too"


def test_a_code_has_a_meaning_and_a_bit_field_one_for_each_bit() -> None:
    codes = register(signal="start_stop", type="uint16", options={1: "on", 2: "off"})
    assert [codes.option(bytes((0, code))) for code in (1, 2, 3)] == ["on", "off", ""]
    bits = register(signal="fault_code", type="bitfield16", options={0: "low", 2: "high", 15: "stop"})
    assert bits.option(b"\x80\x05") == "low, high, stop"
    assert bits.option(b"\x00\x02") == ""
    assert register().option(b"\0\1") == ""
    measured = register(type="float32", options={1: "on"})
    assert measured.option(struct.pack(">f", 1.0)) == ""


def rows(registers: Registers, device: str = "battery", where: str = "") -> dict[str, list[str]]:
    shown = listing(registers, device, where).splitlines()
    return {line.split()[1]: line.split() for line in shown if line.split() and line.split()[0].isdigit()}


def a_map() -> Registers:
    own = {"table": "holding", "type": "uint16"}
    return bound(
        mapping(
            entry(),
            {**own, "name": "ro", "address": 1, "value": 7},
            {**own, "name": "rw", "address": 2, "access": "rw", "stored": True, "value": 0},
            {**own, "name": "wo", "address": 3, "access": "wo", "stored": True, "value": 0},
            {**own, "name": "text", "address": 10, "type": "string", "count": 5, "value": "x{device}"},
            {
                **own,
                "name": "load",
                "address": 20,
                "signal": "active_power_w",
                "device": "house",
                "type": "int16",
            },
            devices={"house": "load"},
        )
    )


def test_a_listing_has_a_row_for_each_register_by_table() -> None:
    registers = a_map()
    shown = rows(registers)
    assert shown["p"] == ["0", "p", "int16", "ro", "0000", "0", "active_power_w"]
    assert shown["ro"] == ["1", "ro", "uint16", "ro", "0007", "7", "-"]
    assert [shown[name][3] for name in ("ro", "rw", "wo")] == ["ro", "rw", "wo"]
    assert shown["text"][4:] == ["7862", "6174", "7465", "…", "(5", "words)", "xbattery", "-"]
    assert shown["load"][-1] == "load.active_power_w"
    tables = [line for line in listing(registers, "battery").splitlines() if line.endswith("registers")]
    assert tables == ["input registers", "holding registers"]
    registers.engine.submit(Pin("battery", "active_power_w", 5.0))
    assert rows(registers)["p"] == ["0", "p", "int16", "ro", "0005", "5", "FORCED", "active_power_w"]


def test_a_listing_is_headed_by_its_device_map_and_place() -> None:
    registers = a_map()
    assert listing(registers, "battery").splitlines()[0] == f"battery: {registers.map.name}"
    assert (
        listing(registers, "battery", "port 502").splitlines()[0].endswith(f"{registers.map.name}  port 502")
    )
    described = bound(mapping(entry(), description="A battery of somebody's"))
    assert listing(described, "battery").splitlines()[0] == "battery: A battery of somebody's"


def test_up_to_four_words_are_written_out() -> None:
    assert raw_text((1, 0xABCD)) == "0001 ABCD"
    assert raw_text((1, 2, 3, 4)) == "0001 0002 0003 0004"
    assert raw_text((1, 2, 3, 4, 5)) == "0001 0002 0003 … (5 words)"


def test_the_log_says_what_was_written_in_the_words_of_the_map() -> None:
    command = {
        "table": "holding",
        "access": "rw",
        "signal": "active_power_setpoint_w",
        "unit": "kW",
        "scale": 0.1,
    }
    switch = {"table": "holding", "access": "rw", "signal": "start_stop", "type": "uint16", "name": "run"}
    registers = bound(mapping(entry(**command), entry(**switch, address=1, options={1: "on", 2: "off"})))
    assert write(registers, 0, 25, 1) == 0
    (text,) = [entry.text for entry in registers.engine.log if "fc16" in entry.text]
    assert "fc16 0 p 0.0 → 2.5 kW (raw 25)" in text
    assert "fc16 1 run 2 (off) → 1 (on) (raw 1)" in text
    assert write(registers, 1, 9) == 3
    refused = registers.engine.log[-1].text
    assert refused.startswith("refused: invalid code 9; expected one of 1 = on, 2 = off")
    assert refused.endswith("fc06 1")
