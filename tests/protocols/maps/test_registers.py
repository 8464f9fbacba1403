"""Codecs and bindings: types, orders, limits, watchdogs, rows, forcing."""

import math
import struct
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.maps import site
from tests.protocols.maps.site import CLIENT, bound, engine_with, mapping, read, shipped, verdict, write
from twin_tui.engine.events import Pin, Unpin, Write
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.compare import lines
from twin_tui.protocols.maps.listing import listing
from twin_tui.protocols.maps.registers import WATCHDOG, Registers, SiteRegisters
from twin_tui.protocols.maps.units import conversion
from twin_tui.protocols.maps.wire import WIRE_TYPES, Encoding, Layout
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
NUMBERS = [wire for wire in WIRE_TYPES.values() if wire.encoding is Encoding.INTEGER and wire.words]
entry, setpoint, showing = (partial(of, type="int32") for of in (site.entry, site.setpoint, site.showing))


@given(st.data())
def test_every_integer_survives_every_order(data: st.DataObject) -> None:
    wire = data.draw(st.sampled_from(NUMBERS))
    layout = Layout(wire, wire.words, data.draw(st.booleans()), data.draw(st.booleans()))
    raw = data.draw(st.integers(int(wire.low), int(wire.high)))
    assert layout.unpack(layout.pack(raw)) == raw


@given(st.integers(0, 99_999_999), st.booleans(), st.booleans())
def test_decimal_digits_survive_every_order(number: int, words: bool, order: bool) -> None:
    layout = Layout(WIRE_TYPES["bcd"], 2, words, order)
    assert layout.unpack(layout.pack(number)) == number


@given(st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=8))
def test_texts_survive_up_to_their_length(text: str) -> None:
    layout = Layout(WIRE_TYPES["string"], 4)
    assert layout.pack(text) == text.encode("latin-1").ljust(8, b"\0")
    assert layout.unpack(layout.pack(text)) == text


def test_the_words_of_the_specifications() -> None:
    # by hand: -2 is 0xFFFFFFFE, 3.5 is 0x40600000, 1234 in digits is 0x1234
    assert showing(-2.0) == [0xFFFF, 0xFFFE]
    assert showing(-2.0, word_order="little") == [0xFFFE, 0xFFFF]
    assert showing(-2.0, endian="little") == [0xFFFE, 0xFFFF]
    assert showing(-2.0, byte_order="little") == [0xFFFF, 0xFEFF]
    assert showing(3.5, type="float32") == [0x4060, 0x0000]
    assert showing(3.5, type="float32", word_order="little") == [0x0000, 0x4060]
    assert showing(1234.0, type="bcd", count=1) == [0x1234]
    assert showing(-2.0, sense="charge") == [0, 2]
    assert showing(-2.0, sense="magnitude") == [0, 2]
    assert showing(500.0, offset=-1000, type="int16") == [1500]
    assert showing(68.0, type="int64") == [0, 0, 0, 68]


def test_values_out_of_range_are_limited_and_never_wrap() -> None:
    assert showing(70_000.0, type="uint16") == [65535]
    assert showing(-1.0, type="uint16") == [0]
    assert showing(-70_000.0, type="int16") == [0x8000]
    assert showing(1e300, type="float32") == [0x7F7F, 0xFFFF]
    assert showing(12_345.0, type="bcd", count=1) == [0x9999]
    assert showing(-5.0, type="bcd", count=1) == [0]


def test_digits_of_several_registers_are_limited_to_the_largest_number_of_them() -> None:
    assert showing(1e9, type="bcd", count=1) == [0x9999]
    assert showing(1e9, type="bcd", count=2) == [0x9999, 0x9999]
    assert showing(12_345_678.0, type="bcd", count=2) == [0x1234, 0x5678]


def test_each_device_and_map_has_registers_of_its_own() -> None:
    engine = engine_with("battery", "pv")
    found = SiteRegisters(engine)
    one, other, sun = mapping(entry()), mapping(entry(address=5)), mapping(entry(), device_type="pv")
    assert found.of(one, "battery") is found.of(one, "battery")
    assert found.of(other, "battery") is not found.of(one, "battery")
    assert found.of(sun, "pv").devices[""].name == "pv"


@pytest.mark.parametrize("written", [True, [1], {"a": 1}])
def test_a_signal_that_is_no_text_is_refused(written: Any) -> None:
    with pytest.raises(ConfigError, match="expected text, found"):
        mapping(entry(signal=written))


def test_the_value_that_means_not_available_is_never_a_number() -> None:
    assert showing(65_535.0, type="uint16", not_available=0xFFFF) == [65534]
    assert showing(-32_768.0, type="int16", not_available=0x8000) == [0x8001]
    assert showing(70_000.0, type="uint16", not_available=0xFFFF) == [65534]


def test_half_a_step_is_rounded_to_even() -> None:
    assert [showing(w, type="int16", scale=10) for w in (5.0, 15.0, 25.0, -15.0)] == [[0], [2], [2], [0xFFFE]]


@cache
def of_every_kind() -> Registers:
    kinds = ("int16", "uint16", "int32", "uint32", "float32", "int64", "float64")
    return bound(
        mapping(
            *(
                entry(
                    name=f"{kind} {scale} {order}",
                    type=kind,
                    scale=scale,
                    word_order=order,
                    address=100 * i + 10 * j + 5 * k,
                )
                for i, kind in enumerate(kinds)
                for j, scale in enumerate((0.1, 1, 7, -1))
                for k, order in enumerate(("big", "little"))
            ),
            not_available={"int16": 0x8000, "uint32": 0xFFFFFFFF},
        )
    )


@given(st.floats(-1e7, 1e7))
def test_registers_updated_together_equal_those_updated_one_by_one(power_w: float) -> None:
    registers = of_every_kind()
    registers.engine.submit(Pin("battery", "active_power_w", power_w))
    registers.refresh()
    for cell in registers.cells:
        assert cell.data == cell.reader.encode(power_w), cell.reader.name


def test_a_missing_value_reads_as_not_available_or_zero() -> None:
    found = mapping(
        entry(address=0, not_available=0x80000000),
        entry(name="q", address=2),
        entry(name="f", address=4, type="float32", not_available=0x7FC00000),
    )
    registers = bound(found)
    for value in (math.nan, None):
        assert [r.encode(value) for r in found.registers] == [
            b"\x80\0\0\0",
            bytes(4),
            struct.pack(">f", math.nan),
        ]
    registers.cells[0].memory[:4] = b"\x80\0\0\0"
    assert found.registers[0].text(b"\x80\0\0\0") == "not available"
    assert found.registers[0].decode(b"\x80\0\0\0") is None


@pytest.mark.parametrize(
    ("unit", "signal_unit", "number", "si"),
    [
        ("kW", "W", 1, 1000),
        ("mV", "V", 230_000, 230),
        ("%", "1", 50, Fraction(1, 2)),
        ("kVar", "var", 2, 2000),
        ("KWH", "Wh", 3, 3000),
        ("K", "degC", 300, Fraction(2685, 100)),
        ("degF", "degC", 212, 100),
        ("h", "s", 2, 7200),
        ("MJ", "Wh", Fraction(36, 10), 1000),
        ("h", "h", 5, 5),
        ("", "W", 7, 7),
        ("kPa", "bar", 100, 1),
    ],
)
def test_units_become_si(unit: str, signal_unit: str, number: float, si: float) -> None:
    found = conversion(unit, signal_unit)
    assert number * found.factor + found.shift == si


def test_a_scale_factor_register_scales_the_registers_that_refer_to_it() -> None:
    found = mapping(
        entry(type="int16", scale_register="SF"),
        {"name": "SF", "table": "input", "address": 1, "type": "sunssf", "value": -2},
    )
    registers = bound(found)
    registers.engine.submit(Pin("battery", "active_power_w", 12.34))
    assert read(registers, INPUT, 0, 2) == [1234, 0xFFFE]


def test_limits_refuse_or_clamp_as_the_map_defines() -> None:
    limited = {"scale": 0.1, "unit": "kW", "min": -5, "max": 5}
    registers = bound(mapping(setpoint(**limited), setpoint(name="c", address=2, beyond="clamp", **limited)))
    commands = lambda: registers.engine.devices["battery"].commands.active_power_setpoint_w  # noqa: E731
    assert write(registers, 0, 0, 51) == 3
    assert commands() == 0.0
    assert verdict(registers, 0) == "refused: 5.1 is outside -5 … 5 kW"
    assert write(registers, 2, 0, 51) == 0
    assert commands() == 5000.0
    assert read(registers, HOLDING, 2, 2) == [0, 50]
    assert write(registers, 2, 0xFFFF, 0xFF00) == 0
    assert commands() == -5000.0


@pytest.mark.parametrize("kind", ["float32", "int16"])
def test_limits_apply_to_the_value_with_its_offset(kind: str) -> None:
    # by hand: the register holds kW + 100, so 5 is -95 kW and 110 is +10 kW
    registers = bound(mapping(setpoint(type=kind, unit="kW", offset=-100, min=-20, max=20)))
    battery = registers.engine.devices["battery"]

    def words(number: int) -> tuple[int, ...]:
        data = struct.pack(">f" if kind == "float32" else ">h", number)
        return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))

    assert write(registers, 0, *words(5)) == 3
    assert verdict(registers, 0) == "refused: -95 is outside -20 … 20 kW"
    assert write(registers, 0, *words(110)) == 0
    assert battery.commands.active_power_setpoint_w == 10_000.0
    assert read(registers, HOLDING, 0, len(words(0))) == list(words(110))


def test_an_invalid_number_is_refused() -> None:
    registers = bound(
        mapping(
            setpoint(type="float32"),
            setpoint(name="d", address=2, type="bcd", count=2),
            setpoint(name="n", address=4, not_available=0x7FFFFFFF),
        )
    )
    assert write(registers, 0, 0x7FC0, 0) == 3
    assert write(registers, 0, 0x7F80, 0) == 3
    assert write(registers, 2, 0x12AB, 0) == 3
    assert write(registers, 4, 0x7FFF, 0xFFFF) == 3


def test_a_float_reads_back_as_it_was_written() -> None:
    registers = bound(mapping(setpoint(type="float32", unit="kW")))
    words = [0x3DCC, 0xCCCD]  # 0.1 in single precision
    assert write(registers, 0, *words) == 0
    assert read(registers, HOLDING, 0, 2) == words


def test_a_wire_code_maps_to_a_value_of_the_signal() -> None:
    found = mapping(
        entry(
            signal="start_stop",
            table="holding",
            access="rw",
            type="uint16",
            codes={0xCF: 1, 0xCE: 2, 0xCD: 3},
        )
    )
    registers = bound(found)
    assert read(registers, HOLDING, 0, 1) == [0xCE]
    assert write(registers, 0, 0xCF) == 0
    assert registers.engine.devices["battery"].commands.start_stop == 1
    assert write(registers, 0, 1) == 3


def test_coils_are_commands_of_one_bit() -> None:
    found = mapping(
        {"name": "reset", "signal": "fault_reset", "address": 3, "func": 5, "type": "bool"},
        {"name": "fault", "signal": "fault_code", "address": 3, "func": 2, "type": "bool"},
    )
    registers = bound(found)
    assert read(registers, Table.COILS, 3, 1) == [0]
    assert read(registers, Table.DISCRETE_INPUTS, 3, 1) == [0]
    registers.engine.submit(Pin("battery", "fault_code", 1001))
    assert read(registers, Table.DISCRETE_INPUTS, 3, 1) == [1]


def test_a_silent_energy_manager_triggers_the_fallback_once() -> None:
    found = mapping(
        setpoint(scale=0.1, unit="kW"),
        watchdog={"seconds": 30, "fallback": {"active_power_setpoint_w": 0, "start_stop": 3}},
    )
    registers = bound(found)
    engine, commands = registers.engine, lambda: registers.engine.devices["battery"].commands
    engine.advance(100.0)
    assert not [entry for entry in engine.log if entry.origin == WATCHDOG]
    write(registers, 0, 0, 50)
    engine.advance(20.0)
    write(registers, 0, 0, 60)
    engine.advance(29.9)
    assert commands().active_power_setpoint_w == 6000.0
    engine.advance(0.2)
    assert commands().active_power_setpoint_w == 0.0
    assert commands().start_stop == 3
    engine.advance(100.0)
    assert len([entry for entry in engine.log if entry.origin == WATCHDOG]) == 1
    assert read(registers, HOLDING, 0, 2) == [0, 0]


def test_a_watchdog_fires_again_after_each_silence() -> None:
    registers = bound(
        mapping(setpoint(), watchdog={"seconds": 30, "fallback": {"active_power_setpoint_w": 0}})
    )
    for times in (1, 2, 3):
        assert write(registers, 0, 0, 5000) == 0
        registers.engine.advance(29.9)
        assert registers.engine.devices["battery"].commands.active_power_setpoint_w == 5000.0
        registers.engine.advance(0.2)
        assert registers.engine.devices["battery"].commands.active_power_setpoint_w == 0.0
        assert len([entry for entry in registers.engine.log if entry.origin == WATCHDOG]) == times


def test_a_refused_write_neither_feeds_a_watchdog_nor_starts_it() -> None:
    limited = setpoint(unit="kW", min=-5, max=5)
    registers = bound(mapping(limited, watchdog={"seconds": 30, "fallback": {"active_power_setpoint_w": 0}}))
    fired = lambda: [entry.time_s for entry in registers.engine.log if entry.origin == WATCHDOG]  # noqa: E731
    assert write(registers, 0, 0, 6) == 3
    registers.engine.advance(40.0)
    assert fired() == []
    assert write(registers, 0, 0, 5) == 0
    registers.engine.advance(20.0)
    assert write(registers, 0, 0, 6) == 3
    registers.engine.advance(10.1)
    assert len(fired()) == 1


def test_a_write_to_several_signals_is_one_event_or_none() -> None:
    # the map accepts any int16; the battery refuses a limit of 101 %
    entries = [
        setpoint(type="int16"),
        setpoint(name="low", type="int16", unit="%", address=1) | {"signal": "soc_lower_limit_1"},
        setpoint(name="q", type="int16", address=2) | {"signal": "reactive_power_setpoint_var"},
    ]
    registers = bound(mapping(*entries))
    engine, events = registers.engine, list[object]()
    engine.listeners.append(lambda tick, event: events.append(event))
    before = engine.devices["battery"].commands
    shown = read(registers, HOLDING, 0, 3)
    assert write(registers, 0, 700, 101, 300) == 3
    assert (events, engine.devices["battery"].commands) == ([], before)
    assert read(registers, HOLDING, 0, 3) == shown
    assert write(registers, 0, 700, 20, 300) == 0
    (event,) = events
    assert isinstance(event, Write)
    assert event.values == {
        "active_power_setpoint_w": 700.0,
        "soc_lower_limit_1": 0.2,
        "reactive_power_setpoint_var": 300.0,
    }
    assert event.origin == CLIENT


def test_registers_follow_whatever_changes_their_device() -> None:
    registers = bound(mapping(entry(type="int16"), setpoint(name="set", type="int16")))
    engine, device = registers.engine, registers.engine.devices["battery"]

    def shown() -> tuple[object, object]:
        return read(registers, INPUT, 0, 1), read(registers, HOLDING, 0, 1)

    assert shown() == ([0], [0])
    engine.submit(Write("battery", {"active_power_setpoint_w": 1500.0}))
    assert shown() == ([0], [1500])
    device.commands = replace(device.commands, active_power_setpoint_w=1600.0)
    assert shown() == ([0], [1600])
    engine.submit(Pin("battery", "active_power_w", 40.0))
    assert shown() == ([40], [1600])
    device.state = replace(device.state, active_power_w=90.0)
    engine.submit(Unpin("battery", "active_power_w"))
    assert shown() == ([90], [1600])
    engine.submit(Pin("battery", "active_power_setpoint_w", 1700.0))
    assert shown() == ([90], [1700])
    device.state = replace(device.state, active_power_w=-4.0)
    engine.step()
    assert shown()[0] == [round(device.state.active_power_w) & 0xFFFF]


def test_the_listing_contains_what_a_client_reads() -> None:
    registers = bound(shipped("bess_modbus"))
    write(registers, 10126, 0xFFFF, 0xFF38)
    assert verdict(registers, 10126) == "ok"
    registers.engine.submit(Pin("battery", "soc", 0.123))
    shown = {line.split()[0]: line.split()[1:] for line in listing(registers, "battery").splitlines() if line}
    assert shown["10126"][:6] == ["on_grid_power", "int32", "rw", "FFFF", "FF38", "-20.0"]
    assert shown["10050"][:8] == ["working_status", "uint16", "ro", "0000", "0", "(Idle", "or", "standby)"]
    assert shown["32002"] == ["system_soc", "uint16", "ro", "007B", "12.3", "%", "FORCED", "soc"]


def test_reading_changes_nothing_in_the_run() -> None:
    watched, alone = bound(shipped("bess_modbus")), engine_with("battery")
    for engine in (watched.engine, alone):
        engine.submit(Write("battery", {"start_stop": 1, "active_power_setpoint_w": -7000.0}))
    for _ in range(50):
        watched.engine.step()
        watched.refresh()
    alone.advance(5.0)
    assert watched.engine.devices["battery"].state == alone.devices["battery"].state


def test_a_device_has_its_own_pattern_for_missing_values() -> None:
    huawei = bound(shipped("huawei_sun2000"))
    assert huawei.not_available(HOLDING, 32064, 2).hex() == "7fffffff"
    assert huawei.not_available(HOLDING, 32065, 2).hex() == "ffffffff"
    assert huawei.not_available(HOLDING, 32087, 1).hex() == "7fff"
    assert bound(shipped("bess_modbus")).not_available(INPUT, 10059, 2).hex() == "ffffffff"


def test_only_registers_that_a_real_device_has_given_are_compared() -> None:
    assert lines(bound(mapping(entry())), {}) == []
