"""A write that a unit refuses is in the log whatever the exception, and a flood of them hides nothing."""

import pytest

from tests.protocols.maps.site import CLIENT, bound, engine_with, mapping, shipped, verdict, write
from twin_tui.engine.events import Disturb
from twin_tui.engine.grid import Disturbance, Target
from twin_tui.engine.log import LISTED_OF_ONE
from twin_tui.engine.snapshot import LogKind
from twin_tui.protocols.maps.registers import Registers, SiteRegisters

SETPOINT = {"name": "set", "signal": "active_power_setpoint_w", "table": "holding", "type": "int32"}
READ_ONLY = {
    "name": "soc",
    "signal": "soc",
    "table": "holding",
    "address": 4,
    "type": "uint16",
    "scale": 0.01,
}
INPUT = {"name": "power", "signal": "active_power_w", "table": "input", "address": 6, "type": "int32"}


def battery() -> Registers:
    """Return registers of which 0 and 1 are writable, 4 is read only and 6 is an input register."""
    return bound(mapping({**SETPOINT, "address": 0, "access": "rw"}, READ_ONLY, INPUT))


def newest(registers: Registers) -> tuple[str, str, str]:
    """Return device, text and origin of the newest entry of the log."""
    entry = registers.engine.log[-1]
    assert entry.kind is LogKind.WRITE
    return entry.device, entry.text, entry.origin


@pytest.mark.parametrize(
    ("address", "words", "text"),
    [
        (4, (1,), "refused: 4 soc is read only  fc06 4"),
        (6, (1,), "refused: no holding register at 6; the input registers have power there  fc06 6"),
        (9, (1,), "refused: no holding register at 9  fc06 9"),
        (1, (1, 2, 3), "refused: no holding register at 2  fc16 1"),
    ],
)
def test_a_write_to_an_address_that_takes_none_says_so_in_the_log(
    address: int, words: tuple[int, ...], text: str
) -> None:
    registers = battery()
    assert write(registers, address, *words) == 2
    assert newest(registers) == ("battery", text, CLIENT)


def test_a_read_only_register_keeps_who_tried_and_why_not() -> None:
    registers = battery()
    write(registers, 4, 1)
    assert verdict(registers, 4) == "refused: 4 soc is read only"


def test_a_function_or_a_length_that_the_device_does_not_take_is_in_the_log_too() -> None:
    meter = SiteRegisters(engine_with("meter")).of(shipped("eastron_sdm630"), "meter")
    assert write(meter, 0, 1) == 1
    assert newest(meter)[1] == "refused: function 6 is not supported by this device  fc06 0"
    assert write(meter, 0, 1, 2, 3) in (1, 2, 3)
    assert newest(meter)[1].startswith("refused: ")


def test_a_refused_value_is_in_the_log_once() -> None:
    registers = bound(mapping({**SETPOINT, "address": 0, "access": "rw", "min": -5, "max": 5}))
    assert write(registers, 0, 0, 9) == 3
    assert [entry.text for entry in registers.engine.log] == ["refused: 9 is outside -5 … 5  fc16 0"]


def test_thousands_of_refused_writes_are_counted_and_hide_no_injection() -> None:
    registers = battery()
    engine = registers.engine
    for number in range(3_000):
        write(registers, 1_000 + number % 50, number, client=f"10.0.0.7:{number % 5}")
        if number == 1_500:
            engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7, 1.0)))
            engine.step()
    for _ in range(12):
        engine.step()
    entries = list(engine.log)
    assert sum(entry.kind is LogKind.INJECT for entry in entries) == 1
    refused = [entry for entry in entries if entry.kind is LogKind.WRITE]
    assert len(refused) <= 2 * 5 * LISTED_OF_ONE + 250
    assert any("more refused writes to 10" in entry.text for entry in refused)
