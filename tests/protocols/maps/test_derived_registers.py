"""Registers that derive from other signals, the clock, a period or the size of the device."""

from typing import Any

import pytest

from tests.protocols.maps.site import bound, hybrid_home, mapping, read, shipped, write
from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Pin, Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.parse import parse_map
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
NEW_YEARS_EVE = 1_767_225_590.0
"""2025-12-31 23:59:50 UTC."""


def entry(name: str, address: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "table": "input", "address": address, "type": "uint16", **more}


def served(*entries: dict[str, Any], unix_s: float = NEW_YEARS_EVE, **params: Any) -> Registers:
    battery = registry["battery"]
    params = {
        "capacity_wh": 10_000.0,
        "max_charge_w": 6_000.0,
        "max_discharge_w": 6_000.0,
        "rated_va": 6_000.0,
        **params,
    }
    plan = SitePlan(
        "derived", (DevicePlan("battery", battery, battery.params(**params)),), start_unix_s=unix_s
    )
    return SiteRegisters(Engine(plan)).of(mapping(*entries), "battery")


def charge(registers: Registers, power_w: float) -> None:
    registers.engine.submit(
        Write("battery", {"start_stop": 1, "active_power_setpoint_w": -power_w, "soc_upper_limit_2": 1.0})
    )


@pytest.mark.parametrize("period", ["hour", "day", "month", "year"])
def test_a_counter_begins_anew_with_its_period(period: str) -> None:
    counter = entry("today", 0, signal="charged_energy_wh", since=period)
    registers = served(counter, entry("ever", 1, signal="charged_energy_wh"))
    charge(registers, 3_600.0)
    registers.engine.advance(9.0)
    before = read(registers, INPUT, 0, 2)
    assert isinstance(before, list)
    assert before[0] == before[1] >= 8
    registers.engine.advance(3.0)
    after = read(registers, INPUT, 0, 2)
    assert isinstance(after, list)
    assert after[0] == 2
    assert after[1] == 12


def test_a_counter_of_the_day_is_kept_at_the_hour() -> None:
    registers = served(
        entry("today", 0, signal="charged_energy_wh", since="day"), unix_s=NEW_YEARS_EVE - 3_600.0
    )
    charge(registers, 3_600.0)
    registers.engine.advance(20.0)
    assert read(registers, INPUT, 0, 1) == [20]


def test_a_peak_is_the_greatest_value_of_its_period_whether_or_not_somebody_reads() -> None:
    registers = served(entry("peak", 0, signal="active_power_w", sense="charge", peak="day"), unix_s=0.0)
    charge(registers, 3_000.0)
    registers.engine.advance(15.0)
    charge(registers, 1_000.0)
    registers.engine.advance(15.0)
    assert read(registers, INPUT, 0, 1) == [3_000]
    charge(registers, 4_000.0)
    registers.engine.advance(1.0)
    assert read(registers, INPUT, 0, 1) == [4_000]


def test_the_clock_is_local() -> None:
    names = ("year", "month", "day", "hour", "minute", "second")
    registers = served(*(entry(name, at, clock=name) for at, name in enumerate(names)))
    registers.engine.surroundings.utc_offset_s = 3_600.0
    registers.engine.step()
    assert read(registers, INPUT, 0, 5) == [2026, 1, 1, 0, 59]
    seconds = {**entry("s", 0, clock="local_s"), "type": "uint32"}
    registers = served(seconds)
    registers.engine.step()
    high, low = read(registers, INPUT, 0, 2)  # type: ignore[misc]
    assert int(NEW_YEARS_EVE) <= high << 16 | low <= NEW_YEARS_EVE + 1


def test_a_quotient_is_in_the_unit_of_the_register_and_0_where_the_divisor_is() -> None:
    registers = served(
        entry("share", 0, signal="energy_wh", per="capacity_wh", unit="%"),
        entry("volts", 1, signal="dc_power_w", per="dc_current_a", scale=0.1, unit="V"),
        initial_soc=0.4,
    )
    registers.engine.step()
    assert read(registers, INPUT, 0, 2) == [40, 0]


def test_a_difference_is_at_least_0() -> None:
    less = entry("less", 0, signal="charged_energy_wh", minus=["discharged_energy_wh"])
    more = entry("more", 1, signal="discharged_energy_wh", minus=["charged_energy_wh"])
    registers = served(less, more)
    charge(registers, 3_600.0)
    registers.engine.advance(10.0)
    found = read(registers, INPUT, 0, 2)
    assert isinstance(found, list)
    assert found[0] >= 9
    assert found[1] == 0


def test_a_number_at_right_angles_adds_by_its_square() -> None:
    registers = bound(mapping(entry("va", 0, signal="active_power_w", beside="reactive_power_var")))
    registers.engine.submit(Pin("battery", "active_power_w", 300.0))
    registers.engine.submit(Pin("battery", "reactive_power_var", -400.0))
    assert read(registers, INPUT, 0, 1) == [500]


def test_a_ceiling_limits_what_is_served_and_not_what_is_written() -> None:
    limit = {
        **entry("limit", 0, signal="charge_limit_w", ceiling="max_charge_w"),
        "table": "holding",
        "access": "rw",
    }
    registers = served(limit)
    assert read(registers, HOLDING, 0, 1) == [6_000]
    assert write(registers, 0, 60_000) == 0
    assert registers.engine.devices["battery"].commands.charge_limit_w == 60_000.0
    assert write(registers, 0, 500) == 0
    assert read(registers, HOLDING, 0, 1) == [500]


@pytest.mark.parametrize(("capacity_wh", "code"), [(1.0, 5), (5_000.0, 5), (5_001.0, 10), (99_000.0, 15)])
def test_a_constant_follows_from_the_size(capacity_wh: float, code: int) -> None:
    model = entry("model", 0, by="capacity_wh", sizes={5_000: 5, 15_000: 15, 10_000: 10})
    assert read(served(model, capacity_wh=capacity_wh), INPUT, 0, 1) == [code]


def test_a_rule_takes_a_share_of_a_parameter() -> None:
    share = {
        **entry("share", 0, stored=True, value=0, unit="%"),
        "table": "holding",
        "access": "rw",
    }
    commands = [{"cases": [{"set": {"charge_limit_w": {"register": "share", "of": "max_charge_w"}}}]}]
    registers = bound(mapping(share, commands=commands))
    assert write(registers, 0, 25) == 0
    assert registers.engine.devices["battery"].commands.charge_limit_w == 5_000.0


STORED = {
    **entry("forced", 0, stored=True, value=0),
    "table": "holding",
    "access": "rw",
}
READING = entry("reading", 0, value=1)
TEXT = {
    **entry("text", 9, stored=True, value="", count=4),
    "type": "string",
    "table": "holding",
    "access": "rw",
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"since": "week"}, "since: expected one of hour, day, month, year, found 'week'"),
        ({"clock": "week"}, "clock: expected one of local_s, year, month"),
        ({"per": "soco"}, "per: a battery has no number 'soco'; did you mean soc?"),
        ({"ceiling": "max_charge"}, "ceiling: a battery has no numeric parameter 'max_charge'"),
        ({"beside": "x"}, "beside: a battery has no signal 'x'"),
        ({"minus": ["x"]}, "minus: a battery has no signal 'x'"),
        ({"by": "capacity_wh"}, "expected by and sizes together"),
        ({"by": "capacity_wh", "sizes": {1: "a"}}, "sizes: 1: expected a number, found 'a'"),
        ({"by": "capacity_wh", "sizes": {1: 70_000}}, "sizes: 1: expected a whole number from 0 to 65535"),
        ({"signal": None, "value": 1, "per": "soc"}, "missing key signal"),
        ({"by": "grid_code", "sizes": {1: 1}}, "by: a battery has no numeric parameter 'grid_code'"),
        ({"per": "grid_code"}, "per: a battery has no number 'grid_code'"),
    ],
)
def test_a_mistake_in_a_derived_register_is_named(changes: dict[str, Any], message: str) -> None:
    found = {**entry("soc", 0, signal="soc", unit="%"), **changes}
    with pytest.raises(ConfigError) as caught:
        mapping({key: value for key, value in found.items() if value is not None})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"lasts": 5}, "cases[0]: expected then together with lasts or until"),
        ({"then": {"forced": 0}}, "cases[0]: expected then together with lasts or until"),
        ({"lasts": 5, "then": {"forcd": 0}}, "unknown register 'forcd'; did you mean forced?"),
        ({"lasts": 5, "then": {"reading": 0}}, "then.reading: expected a stored register, found reading"),
        ({"lasts": 5, "then": {"forced": 70_000}}, "then.forced: expected 0 to 65535, found 70000"),
        (
            {"lasts": {"register": "text"}, "then": {"forced": 0}},
            "lasts.register: expected a register with a number, found text",
        ),
        ({"lasts": "5 s", "then": {"forced": 0}}, "lasts: expected a number, found '5 s'"),
        (
            {"until": {"signal": "socc", "register": "forced"}, "then": {"forced": 0}},
            "until.signal: unknown signal 'socc'; did you mean soc?",
        ),
        (
            {"set": {"charge_limit_w": {"register": "forced", "of": "max_charg_w"}}},
            "of: unknown signal 'max_charg_w'; did you mean max_charge_w?",
        ),
    ],
)
def test_a_mistake_in_a_timed_command_is_named(case: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mapping(STORED, READING, TEXT, commands=[{"cases": [case]}])
    assert message in str(caught.value)


def test_a_timed_command_ends_in_the_tick_of_its_time_and_a_new_one_starts_it_again() -> None:
    timed = {
        "when": {"forced": 1},
        "lasts": 2,
        "then": {"forced": 0},
        "set": {"active_power_setpoint_w": 100},
    }
    over = {"when": {"forced": 0}, "set": {"active_power_setpoint_w": 0}}
    registers = bound(
        parse_map({"device_type": "battery", "registers": [STORED], "commands": [{"cases": [timed, over]}]})
    )
    commands = registers.engine.devices["battery"]
    ticks = round(2 / registers.engine.dt_s)
    write(registers, 0, 1)
    for _ in range(ticks - 1):
        registers.engine.step()
    assert commands.commands.active_power_setpoint_w == 100.0
    write(registers, 0, 1)
    for _ in range(ticks - 1):
        registers.engine.step()
    assert commands.commands.active_power_setpoint_w == 100.0
    registers.engine.step()
    assert commands.commands.active_power_setpoint_w == 0.0
    assert read(registers, HOLDING, 0, 1) == [0]
    registers.engine.advance(5.0)
    assert commands.commands.active_power_setpoint_w == 0.0


def test_a_stopped_timed_command_does_not_end_later() -> None:
    home = hybrid_home("huawei_sun2000")
    write(home, 47083, 1)
    write(home, 47247, 0, 500)
    write(home, 47100, 1)
    home.engine.advance(30.0)
    write(home, 47100, 0)
    home.engine.submit(Write("battery", {"active_power_setpoint_w": -700.0}))
    home.engine.advance(60.0)
    assert home.engine.telemetry("battery").active_power_w == pytest.approx(-700.0)
    assert shipped("huawei_sun2000").rules
