"""Registers that depend on several signals, on conditions, or on each other."""

from typing import Any

import pytest

from tests.protocols.maps.site import bound, entry, mapping, read, write
from twin_tui.engine.events import Pin, Write
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS


def stored(name: str, address: int, **changes: Any) -> dict[str, Any]:
    plain = {"name": name, "address": address, "table": "holding", "access": "rw", "type": "int16"}
    return {**plain, "stored": True, "value": 0, **changes}


def pinned(registers: Registers, **signals: float) -> Registers:
    for name, number in signals.items():
        registers.engine.submit(Pin("battery", name, number))
    return registers


def setpoint_w(registers: Registers) -> float:
    return float(registers.engine.devices["battery"].commands.active_power_setpoint_w)


@pytest.mark.parametrize(
    ("condition", "holding"),
    [
        ({"above": 5}, [False, False, True]),
        ({"below": 5}, [True, False, False]),
        ({"equals": 5}, [False, True, False]),
        ({"above": 4.5, "below": 5.5}, [False, True, False]),
        ({"above": 4, "equals": 4}, [False, False, False]),
    ],
)
def test_a_bit_is_set_and_a_state_served_while_their_condition_holds(
    condition: dict[str, float], holding: list[bool]
) -> None:
    on = {"signal": "active_power_w", **condition}
    bits = {"name": "b", "table": "input", "address": 1, "type": "uint16", "bits": {0: on, 3: on}}
    states = {"name": "s", "table": "input", "address": 2, "type": "uint16", "states": {7: on}, "value": 4}
    silent = {"name": "n", "table": "input", "address": 3, "type": "uint16", "states": {7: on}}
    registers = bound(mapping(bits, states, silent))
    for power_w, holds in zip((4.0, 5.0, 6.0), holding, strict=True):
        pinned(registers, active_power_w=power_w)
        assert read(registers, INPUT, 1, 3) == ([9, 7, 7] if holds else [0, 4, 0])


def test_the_first_state_that_holds_is_served() -> None:
    conditions = {
        code: {"signal": "active_power_w", "above": limit} for code, limit in ((1, 100), (2, 10), (3, 0))
    }
    found = {"name": "s", "table": "input", "address": 0, "type": "uint16", "states": conditions, "value": 9}
    registers = bound(mapping(found))
    for power_w, code in ((200.0, 1), (50.0, 2), (5.0, 3), (-5.0, 9)):
        assert read(pinned(registers, active_power_w=power_w), INPUT, 0, 1) == [code]


def test_signals_are_added_or_averaged() -> None:
    both = ["reactive_power_var", {"signal": "soc"}]
    registers = bound(
        mapping(
            entry(plus=both[:1]),
            entry(name="a", address=1, mean=both[:1]),
            entry(name="m", address=2, mean=both),
        )
    )
    pinned(registers, active_power_w=30.0, reactive_power_var=11.0, soc=1.0)
    assert read(registers, INPUT, 0, 3) == [41, 20, 14]  # 20.5 to the even neighbour


def test_a_sum_follows_its_signals_from_tick_to_tick() -> None:
    energy = {"signal": "discharged_energy_wh", "scale": 0.001, "type": "int32"}
    both = {"name": "sum", "address": 2, "plus": ["discharged_energy_wh"]}
    registers = bound(mapping(entry(**energy), entry(**energy, **both)))
    registers.engine.submit(Write("battery", {"start_stop": 1, "active_power_setpoint_w": 9000.0}))
    seen = []
    for _ in range(5):
        registers.engine.step()
        words = read(registers, INPUT, 0, 4)
        assert isinstance(words, list)
        once, twice = words[0] << 16 | words[1], words[2] << 16 | words[3]
        assert abs(twice - 2 * once) <= 1
        seen.append(once)
    assert len(set(seen)) == 5


RULES: dict[str, Any] = {
    "commands": [
        {
            "cases": [
                {
                    "when": {"mode": 2, "way": [1, 3]},
                    "set": {"active_power_setpoint_w": {"register": "power"}},
                },
                {
                    "when": {"mode": 2},
                    "set": {
                        "active_power_setpoint_w": {"register": "power", "sense": "charge"},
                        "start_stop": 1,
                    },
                },
                {
                    "when": {"mode": 5},
                    "set": {"active_power_setpoint_w": {"register": "share", "of": "active_power_w"}},
                },
                {"when": {"mode": 0}, "set": {"active_power_setpoint_w": 0}, "mode": "IDLE"},
            ]
        }
    ]
}


def ruled() -> Registers:
    return bound(
        mapping(
            stored("mode", 0),
            stored("way", 1),
            stored("power", 2, unit="kW", scale=0.1, offset=1),
            stored("share", 3, unit="%", scale=0.5),
            stored("other", 4),
            **RULES,
        )
    )


def test_the_first_case_whose_registers_fit_decides() -> None:
    registers = ruled()
    assert write(registers, 0, 2, 3, 20) == 0
    assert setpoint_w(registers) == 3_000.0  # 20 · 0.1 + 1 kW
    assert registers.engine.devices["battery"].commands.start_stop == 2
    assert write(registers, 1, 2) == 0
    assert setpoint_w(registers) == -3_000.0
    assert registers.engine.devices["battery"].commands.start_stop == 1
    pinned(registers, active_power_w=800.0)
    assert write(registers, 3, 50) == 0
    assert setpoint_w(registers) == -3_000.0
    assert write(registers, 0, 5) == 0
    assert setpoint_w(registers) == 200.0  # 50 · 0.5 % of 800 W
    assert write(registers, 0, 7) == 0
    assert setpoint_w(registers) == 200.0


def test_a_rule_acts_only_when_one_of_its_registers_is_written() -> None:
    registers = ruled()
    assert write(registers, 0, 2, 1, 20) == 0
    assert setpoint_w(registers) == 3_000.0
    registers.engine.submit(Write("battery", {"active_power_setpoint_w": 55.0}))
    assert write(registers, 4, 1) == 0
    assert setpoint_w(registers) == 55.0
    assert write(registers, 2, 20) == 0
    assert setpoint_w(registers) == 3_000.0


def test_a_case_can_select_a_mode() -> None:
    registers = ruled()
    modes = []
    registers.engine.listeners.append(lambda tick, event: modes.append(getattr(event, "mode", None)))
    assert write(registers, 0, 0) == 0
    assert modes[-1] == "IDLE"
    assert setpoint_w(registers) == 0.0


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"set": {"active_power_w": 1}}, "a battery has no command 'active_power_w'"),
        ({"set": {"active_power_setpoint_w": {"register": "nobody"}}}, "unknown register 'nobody'"),
        (
            {"set": {"active_power_setpoint_w": {"register": "power", "of": "socc"}}},
            "unknown signal 'socc'; did you mean soc",
        ),
        ({"set": {"active_power_setpoint_w": {"register": "share"}}}, "share: unit: '%' does not fit"),
        ({"set": {"active_power_setpoint_w": True}}, "expected a number, found True"),
        ({"set": {"active_power_setpoint_w": "much"}}, "expected a number, found 'much'"),
    ],
)
def test_a_case_that_commands_nothing_is_refused(case: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mapping(
            stored("power", 2, unit="kW"),
            stored("share", 3, unit="%"),
            commands=[{"cases": [{"when": {}, **case}]}],
        )
    assert message in str(caught.value)


def test_a_rule_of_a_role_that_nobody_plays_does_nothing() -> None:
    rule = {"device": "meter", "cases": [{"when": {"x": 1}, "set": {"reset_demand": 1}}]}
    found = mapping(stored("x", 0), entry(), devices={"meter": "meter"}, commands=[rule])
    engine = bound(mapping(entry())).engine
    registers = SiteRegisters(engine).of(found, "battery")
    assert write(registers, 0, 1) == 0
    assert read(registers, HOLDING, 0, 1) == [1]


def test_a_write_to_a_part_of_a_register_keeps_the_rest() -> None:
    registers = bound(mapping(stored("long", 10, type="int64", value=0x0001_0002_0003_0004)))
    assert write(registers, 11, 0xAAAA, 0xBBBB) == 0
    assert read(registers, HOLDING, 10, 4) == [1, 0xAAAA, 0xBBBB, 4]
    assert write(registers, 13, 0xCCCC) == 0
    assert read(registers, HOLDING, 10, 4) == [1, 0xAAAA, 0xBBBB, 0xCCCC]
    assert write(registers, 10, 0xDDDD) == 0
    assert read(registers, HOLDING, 10, 4) == [0xDDDD, 0xAAAA, 0xBBBB, 0xCCCC]


def test_a_parameter_of_the_device_is_served_in_the_unit_of_the_map() -> None:
    own = {"table": "input", "type": "uint16"}
    registers = bound(
        mapping(
            {**own, "name": "a", "address": 0, "param": "max_charge_w", "unit": "kW", "scale": 0.1},
            {**own, "name": "b", "address": 1, "param": "max_charge_w / capacity_wh", "scale": 0.01},
            {**own, "name": "c", "address": 2, "param": "capacity_wh", "unit": "kWh", "offset": 1},
        )
    )
    params = registers.engine.devices["battery"].params
    assert read(registers, INPUT, 0, 3) == [
        round(params.max_charge_w / 100),
        round(params.max_charge_w / params.capacity_wh * 100),
        round(params.capacity_wh / 1000 - 1),
    ]
