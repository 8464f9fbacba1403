"""Rules of a map: commands that follow from several registers, as in "mode 2, command 0xAA, 3000 W"."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from twin_tui.engine.device import AnyDeviceType, registry
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.maps.document import Section
from twin_tui.protocols.maps.model import OWN, Case, Reference, Register, Rule
from twin_tui.protocols.maps.resolve import SENSES
from twin_tui.protocols.maps.units import conversion


def parse_rules(
    top: Section, kind: str, roles: Mapping[str, str], registers: Sequence[Register]
) -> tuple[Rule, ...]:
    """Return the rules under ``commands``."""
    entries = top.data.get("commands")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise top.error("commands: expected a list of rules")
    by_name = {register.name: register for register in registers}
    return tuple(
        _rule(Section.of(entry, f"{top.place}: commands[{index}]"), kind, roles, by_name)
        for index, entry in enumerate(entries)
    )


def _rule(section: Section, kind: str, roles: Mapping[str, str], by_name: Mapping[str, Register]) -> Rule:
    section.expect_keys(("device", "cases"))
    role = section.choice("device", roles) if section.has("device") else OWN
    device_type = registry[roles[role] if role else kind]
    cases = section.data.get("cases")
    if not isinstance(cases, list) or not cases:
        raise section.error("cases: expected a list")
    found = tuple(
        _case(Section.of(case, f"{section.place}: cases[{index}]"), device_type, by_name)
        for index, case in enumerate(cases)
    )
    names = {name for case in found for name in case.when}
    names |= {v.register for case in found for v in case.values.values() if isinstance(v, Reference)}
    return Rule(role, found, frozenset(names))


def _case(section: Section, device_type: AnyDeviceType, by_name: Mapping[str, Register]) -> Case:
    section.expect_keys(("when", "set", "mode"))
    when: dict[str, frozenset[int]] = {}
    if section.has("when"):
        conditions = section.section("when")
        for name in conditions.data:
            _known(conditions, str(name), by_name)
            when[str(name)] = _codes(conditions, str(name))
    values: dict[str, float | Reference] = {}
    if section.has("set"):
        commands = section.section("set")
        known = [signal.name for signal in device_type.signals.values() if signal.command]
        for name in commands.data:
            if name not in known:
                hint = did_you_mean(str(name), known)
                raise commands.error(f"a {device_type.kind} has no command {str(name)!r}{hint}")
            values[name] = _value(commands, name, device_type, by_name)
    return Case(when, values, section.text("mode", ""))


def _codes(section: Section, name: str) -> frozenset[int]:
    given: Any = section.data[name]
    codes = given if isinstance(given, list) else [given]
    if not all(isinstance(code, int) for code in codes):
        raise section.error(f"{name}: expected a raw value or a list of them, found {given!r}")
    return frozenset(codes)


def _value(
    section: Section, name: str, device_type: AnyDeviceType, by_name: Mapping[str, Register]
) -> float | Reference:
    given = section.data[name]
    if not isinstance(given, Mapping):
        return float(section.number(name))
    inner = section.section(name)
    inner.expect_keys(("register", "sense", "of"))
    register = _known(inner, inner.text("register"), by_name)
    sign = SENSES[inner.choice("sense", SENSES)] if inner.has("sense") else 1
    unit = device_type.signals[name].unit
    of = ""
    if inner.has("of"):
        of = inner.choice("of", device_type.signals)
        unit = "1"
    try:
        factor, shift = conversion(register.unit, unit)
    except ConfigError as error:
        raise inner.error(f"{register.name}: unit: {error}") from None
    quantum: Fraction = register.scale * factor * sign
    return Reference(register.name, quantum, (register.offset * factor + shift) * sign, of)


def _known(section: Section, name: str, by_name: Mapping[str, Register]) -> Register:
    register = by_name.get(name)
    if register is None:
        raise section.error(f"unknown register {name!r}{did_you_mean(name, by_name)}")
    return register
