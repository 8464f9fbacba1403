"""The meaning of a register: its signal, the conversion between their units, its sense."""

from collections.abc import Mapping
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any, get_type_hints

from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.names import ALIASES, Alias
from twin_tui.protocols.maps.units import base_unit, conversion
from twin_tui.protocols.maps.wire import Encoding

SENSES = {
    "generation": 1,
    "discharge": 1,
    "import": 1,
    "consumption": -1,
    "charge": -1,
    "export": -1,
    "magnitude": 1,
}
"""The sign of a register's number relative to the internal sign: positive into the bus."""


@value
class Meaning:
    """The keys of an entry that define its meaning."""

    name: str
    sense: str
    special: Mapping[int, Fraction]


def resolve(register: Register, meaning: Meaning, device_type: AnyDeviceType) -> Register:
    """Return the register with its signal and the factor between its raw number and SI."""
    if not meaning.name:
        return _without_signal(register, device_type)
    alias = _alias(register, meaning.name, device_type)
    signal = device_type.signals[alias.signal]
    if register.writable and not signal.command:
        commands = [s.name for s in device_type.signals.values() if s.command]
        hint = did_you_mean(alias.signal, commands)
        raise _error(register, f"{alias.signal} is measured and cannot be written{hint}")
    if register.writable and (register.modulo or register.quotient or alias.modulo or alias.quotient):
        raise _error(register, "registers with modulo or quotient are read-only; expected access ro")
    encoding = register.layout.type.encoding
    if signal.type is str and register.composed:
        raise _error(register, f"{signal.name} is text, which has no sums, quotients or periods")
    if (encoding is Encoding.TEXT) != (signal.type is str):
        expected = "a string" if signal.type is str else "a number"
        raise _error(
            register, f"type: {register.layout.type.name} does not fit {signal.name}, which is {expected}"
        )
    try:
        wanted = base_unit(register.unit) if register.per else signal.unit
        unit = conversion(register.unit, wanted)
    except ConfigError as error:
        raise _error(register, f"unit: {error}") from None
    sign = alias.sign * SENSES.get(meaning.sense, 1)
    special = dict(alias.special)
    for raw, number in meaning.special.items():
        special[raw] = float(sign * (number * unit.factor + unit.shift))
    return replace(
        register,
        signal=signal,
        quantum=register.scale * unit.factor * sign,
        shift=(register.offset * unit.factor + unit.shift) * sign,
        special=special,
        codes=register.codes or alias.codes,
        modulo=register.modulo or alias.modulo,
        quotient=register.quotient or alias.quotient,
        magnitude=meaning.sense == "magnitude",
        options=register.options if register.options is not None or register.codes else signal.options,
        description=register.description or signal.meaning,
    )


_numeric: dict[type[Any], tuple[str, ...]] = {}


def numeric_parameters(params: type[Any]) -> tuple[str, ...]:
    """Return the names of the parameters that are numbers."""
    found = _numeric.get(params)
    if found is None:
        hints = get_type_hints(params)
        found = tuple(item.name for item in fields(params) if hints[item.name] in (int, float))
        _numeric[params] = found
    return found


def _alias(register: Register, name: str, device_type: AnyDeviceType) -> Alias:
    aliases = ALIASES.get(device_type.kind, {})
    alias = aliases.get(name) or Alias(name)
    if alias.signal not in device_type.signals:
        known = [*device_type.signals, *(n for n, a in aliases.items() if a.signal in device_type.signals)]
        hint = did_you_mean(name, known)
        raise _error(register, f"a {device_type.kind} has no signal {name!r}{hint}")
    return alias


def _without_signal(register: Register, device_type: AnyDeviceType) -> Register:
    if register.writable and not register.stored:
        raise _error(register, "a writable register needs a signal or stored: true")
    if register.param:
        return _with_param(register, device_type)
    if register.since or register.peak or register.per or register.beside or register.less:
        raise _error(register, "missing key signal")
    has_value = register.constant is not None or register.sizes or register.composed or register.stored
    always_zero = register.not_available is None and register.layout.type.encoding is not Encoding.TEXT
    if not has_value and always_zero and register.layout.type.name != "pad":
        raise _error(
            register,
            "expected internal_name, signal, value, param, bits, states, stored or a not_available value",
        )
    return register


def _with_param(register: Register, device_type: AnyDeviceType) -> Register:
    known = [item.name for item in fields(device_type.params)]
    for name in filter(None, (register.param, register.per_param)):
        if name not in known:
            hint = did_you_mean(name, known)
            raise _error(register, f"param: a {device_type.kind} has no parameter {name!r}{hint}")
    if register.per_param:
        return replace(register, quantum=register.scale, shift=register.offset)
    try:
        unit = conversion(register.unit, _unit_of(register.param))
    except ConfigError as error:
        raise _error(register, f"unit: {error}") from None
    shift = register.offset * unit.factor + unit.shift
    return replace(register, quantum=register.scale * unit.factor, shift=shift)


_SUFFIXES = {
    "w": "W",
    "var": "var",
    "va": "VA",
    "v": "V",
    "a": "A",
    "hz": "Hz",
    "wh": "Wh",
    "s": "s",
    "c": "degC",
}


def _unit_of(param: str) -> str:
    return _SUFFIXES.get(param.rsplit("_", 1)[-1], "1")


def _error(register: Register, text: str) -> ConfigError:
    return ConfigError(f"{register.place}: {text}")
