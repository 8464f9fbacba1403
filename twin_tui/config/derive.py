"""Keys of a site file derived from engine dataclasses, so that every parameter can be set."""

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from math import isfinite
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import create_model, model_validator

from twin_tui.config.context import NO_CONTEXT, Context
from twin_tui.config.named import NAMED
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.model import Model
from twin_tui.documents.values import (
    DURATION_SCHEMA,
    LARGEST,
    SWITCH_SCHEMA,
    Accepts,
    any_case,
    number,
    or_null,
    refuse_unknown,
    to_number,
    to_switch,
    to_text,
    whole,
)
from twin_tui.engine.bounds import Range
from twin_tui.engine.signals import value
from twin_tui.errors import shown

S = TypeVar("S", bound="ParameterModel")
_NOT_NEGATIVE = (
    "_w",
    "_wh",
    "_va",
    "_var",
    "_varh",
    "_s",
    "_h",
    "_hz",
    "_v",
    "_a",
    "_m2",
    "_per_k",
    "_w_per_s",
)
_IN_KILO = {
    "_w": "_kw",
    "_wh": "_kwh",
    "_va": "_kva",
    "_var": "_kvar",
    "_varh": "_kvarh",
    "_w_per_s": "_kw_per_s",
}


@value
class Sets:
    """Marks a key of a site file: the engine parameter that it sets, and the factor to SI units."""

    parameter: str
    factor: float = 1.0


class ParameterModel(Model):
    """A part of a site file whose keys set engine parameters."""

    @model_validator(mode="after")
    def _no_parameter_twice(self) -> "ParameterModel":
        keys: dict[str, str] = {}
        for key in self.model_fields_set:
            for sets in _sets(type(self), key):
                other = keys.setdefault(sets.parameter, key)
                if other != key:
                    first, second = sorted((key, other))
                    raise ValueError(f"give {first} or {second}, not both")
        return self

    def parameters(self) -> dict[str, Any]:
        """Return the engine parameters that it sets, in SI units; keys in the file override defaults."""
        found: dict[str, Any] = {}
        fields = type(self).model_fields
        given = [key for key in fields if key in self.model_fields_set]
        for key in [*(key for key in fields if key not in self.model_fields_set), *given]:
            value = getattr(self, key)
            if value is None and key not in self.model_fields_set:
                continue
            for sets in _sets(type(self), key):
                scaled = value if sets.factor == 1.0 or value is None else value * sets.factor
                found[sets.parameter] = scaled
        return found


def complete(written: type[S], params: type[Any], name: str) -> type[S]:
    """Return the model with an additional key for every parameter that it does not set."""
    taken = {key: next(iter(_sets(written, key)), None) for key in written.model_fields}
    return create_model(name, __base__=written, **_derived_keys(params, taken))


def empty_keys(cls: type[Any], found: Mapping[str, Any]) -> list[str]:
    """Return the names of parameters that are None and may not be: their keys have no value."""
    empty = [name for name, value in found.items() if value is None]
    hints = get_type_hints(cls) if empty else {}
    return [name for name in empty if type(None) not in get_args(hints.get(name, None | int))]


def missing_keys(params: type[Any], settings: Mapping[str, Any]) -> list[str]:
    """Return the usual key of each required parameter that is not set."""
    found = []
    for item in dataclasses.fields(params):
        if item.init and item.name not in settings and _is_required(item):
            suffix = _kilo_suffix(item.name)
            found.append(item.name if suffix is None else f"{item.name[: -len(suffix)]}{_IN_KILO[suffix]}")
    return found


def _is_required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _kilo_suffix(name: str) -> str | None:
    return next((s for s in sorted(_IN_KILO, key=len, reverse=True) if name.endswith(s)), None)


def _sets(model: type[ParameterModel], key: str) -> list[Sets]:
    return [item for item in model.model_fields[key].metadata if isinstance(item, Sets)]


def _derived_keys(cls: type[Any], taken: Mapping[str, Sets | None]) -> dict[str, Any]:
    """Return a key for each field of a parameter class, in its own unit and, for powers, in kilo.

    Each has its type and its default, … where it is required. ``taken`` has the existing keys and what they
    set. A state of charge is in % in a file.
    """
    hints = get_type_hints(cls)
    already_set = {sets.parameter for sets in taken.values() if sets is not None}
    found: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        if not item.init:
            continue
        name, hint = item.name, hints[item.name]
        required = _is_required(item) and name not in already_set
        suffix = _kilo_suffix(name)
        is_float = hint is float or hint == float | None
        kilo = f"{name[: -len(suffix)]}{_IN_KILO[suffix]}" if suffix is not None and is_float else name
        # a required power may be given in either unit; missing_keys checks that one of them is present
        if name not in taken:
            percent = hint is float and "soc" in name.split("_")
            sets = Sets(name, 0.01 if percent else 1.0)
            default = ... if required and kilo == name else None
            found[name] = Annotated[Any, _validator(name, hint, _bounds(item, sets.factor)), sets], default
        if kilo not in taken and kilo != name:
            found[kilo] = Annotated[Any, _validator(name, hint, _bounds(item, 1e3)), Sets(name, 1e3)], None
    return found


def _bounds(item: dataclasses.Field[Any], factor: float) -> dict[str, float]:
    """Return the range of an engine parameter in the unit of a key, for its schema: the engine checks it."""
    allowed = next((each for each in getattr(item.type, "__metadata__", ()) if isinstance(each, Range)), None)
    if allowed is None:
        return {}
    ends = {"exclusiveMinimum" if allowed.low is None else "minimum": allowed.low, "maximum": allowed.high}
    if allowed.low is None:
        ends["exclusiveMinimum"] = allowed.above
    return {key: end / factor for key, end in ends.items() if end is not None and isfinite(end)}


def convert(hint: Any, found: Any, context: Context, name: str = "") -> Any:
    """Return a plain value as a value of this field type; raise ValueError naming what is expected."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(hint, found, context, name)
    if origin is tuple:
        return _convert_tuple(hint, found, context, name)
    if origin in (dict, Mapping) or getattr(origin, "__name__", "") == "Mapping":
        if not isinstance(found, dict):
            raise ValueError(f"expected an object with keys, found {shown(found)}")
        key_hint, value_hint = get_args(hint)
        return {convert(key_hint, k, context): convert(value_hint, v, context) for k, v in found.items()}
    plain = _plain(name, hint)
    if plain is not None:
        return plain.check(found)
    if hint in NAMED:
        return NAMED[hint].check(found, context)
    return build(hint, found, context) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else found


def _to_whole(found: Any) -> int:
    value = to_number(found, "a whole number")
    if value != int(value):
        raise ValueError(f"expected a whole number, found {shown(found)}")
    return int(value)


_PLAIN: Mapping[Any, Accepts] = {
    bool: Accepts(to_switch, SWITCH_SCHEMA),
    int: Accepts(_to_whole, whole(-int(LARGEST), int(LARGEST)).schema),
    str: Accepts(to_text, {"type": "string"}),
}


@cache
def _numbers(name: str) -> Accepts:
    """Return what a parameter of that name accepts: fractions have bounds, durations a form of their own."""
    if "soc" in name.split("_"):
        return number(0, 100, unit="%")
    if "efficiency" in name:
        return number(above=0, high=1)
    if name.endswith("_s"):
        check = number(0).check
        as_number, as_text = DURATION_SCHEMA["anyOf"]
        schema = {**DURATION_SCHEMA, "anyOf": [{**as_number, "maximum": LARGEST}, as_text]}
        return Accepts(lambda it: parse_duration(it) if isinstance(it, str) else check(it), schema)
    return number(0) if name.endswith(_NOT_NEGATIVE) else number()


def _plain(name: str, hint: Any) -> Accepts | None:
    """Return what a number, a text, a switch or a choice accepts; None for other types."""
    if hint is float:
        return _numbers(name)
    return _member(hint) if isinstance(hint, type) and issubclass(hint, Enum) else _PLAIN.get(hint)


def _member(hint: type[Enum]) -> Accepts:
    def check(found: Any) -> Enum:
        for member in hint:
            if found == member.value or (isinstance(found, str) and found.lower() == member.name.lower()):
                return member
        raise ValueError(f"expected one of {', '.join(str(m.value) for m in hint)}, found {shown(found)}")

    words = [str(word) for member in hint for word in (member.value, member.name)]
    return Accepts(check, any_case(*dict.fromkeys(words)))


def build(cls: type[Any], found: Any, context: Context) -> Any:
    """Return an instance of a dataclass from plain data with its own field names."""
    if not isinstance(found, dict):
        raise ValueError(f"expected an object with keys, found {shown(found)}")
    hints = get_type_hints(cls)
    items = [item for item in dataclasses.fields(cls) if item.init]
    values: dict[str, Any] = {}
    refuse_unknown(found, [item.name for item in items])
    for key, item in found.items():
        try:
            values[key] = convert(hints[key], item, context, str(key))
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    for item in items:
        if item.name not in values and _is_required(item):
            raise ValueError(f"missing key {item.name}")
    return cls(**values)


def _convert_union(hint: Any, found: Any, context: Context, name: str) -> Any:
    if found is None and type(None) in get_args(hint):
        return None
    reasons: list[str] = []
    for option in get_args(hint):
        if option is type(None):
            continue
        try:
            return convert(option, found, context, name)
        except ValueError as error:
            reasons.append(str(error))
    raise ValueError(reasons[0] if reasons else f"found {shown(found)}")


def _convert_tuple(hint: Any, found: Any, context: Context, name: str) -> tuple[Any, ...]:
    if not isinstance(found, list | tuple):
        raise ValueError(f"expected a list, found {shown(found)}")
    parts = get_args(hint)
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(convert(parts[0], item, context, name) for item in found)
    if len(found) != len(parts):
        raise ValueError(f"expected a list of {len(parts)}, found {shown(found)}")
    return tuple(convert(part, item, context, name) for part, item in zip(parts, found, strict=True))


def _validator(name: str, hint: Any, bounds: Mapping[str, float]) -> Accepts:
    def check(found: Any, context: Context | None) -> Any:
        return convert(hint, found, context or NO_CONTEXT, name)

    return Accepts(check, informed=True, make_schema=lambda: {**value_schema(name, hint), **bounds})


def value_schema(name: str, hint: Any) -> Mapping[str, Any]:
    """Return the JSON Schema of the values that ``convert`` accepts for a field type."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        nothing = type(None) in get_args(hint)
        options = [value_schema(name, option) for option in get_args(hint) if option is not type(None)]
        if not all(options):
            return {}
        found = options[0] if len(options) == 1 else {"anyOf": options}
        return or_null(found) if nothing else found
    if origin is tuple:
        parts = get_args(hint)
        listed = {"type": "array", "items": value_schema(name, parts[0])}
        fixed = {} if parts[-1] is Ellipsis else {"minItems": len(parts), "maxItems": len(parts)}
        return listed | fixed
    if origin is dict or getattr(origin, "__name__", "") == "Mapping":
        return {"type": "object", "additionalProperties": value_schema(name, get_args(hint)[1])}
    accepts = _plain(name, hint) or NAMED.get(hint)
    if accepts is not None:
        return accepts.schema
    return object_schema(hint) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else {}


def object_schema(cls: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of the plain data that ``build`` accepts for a dataclass."""
    hints = get_type_hints(cls)
    items = [item for item in dataclasses.fields(cls) if item.init]
    return {
        "type": "object",
        "properties": {item.name: dict(value_schema(item.name, hints[item.name])) for item in items},
        "required": [item.name for item in items if _is_required(item)],
        "additionalProperties": False,
    }
