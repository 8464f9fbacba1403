"""The events that a recording, a site file or a request may hold, and their plain data."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, field, fields
from functools import cache
from typing import Any, SupportsFloat, TypeVar, dataclass_transform, get_origin, get_type_hints

from twin_tui.engine.disturbance import Disturbance
from twin_tui.engine.running import Event
from twin_tui.engine.signals import Scalar, value
from twin_tui.errors import CommandError, check_argument, did_you_mean, number

E = TypeVar("E", bound=Event)

EVENT_TYPES: dict[str, type[Event]] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def event(cls: type[E]) -> type[E]:
    """Make a class an event that is recorded, and can be read from plain data under its name."""
    made = value(cls)
    EVENT_TYPES[made.__name__] = made
    return made


def to_dict(event: Event) -> dict[str, Any]:
    """Return the event as plain data, its class under "event"."""
    data = {"event": type(event).__name__, **asdict(event)}
    for name, item in data.items():
        if isinstance(item, dict) and isinstance(found := getattr(event, name), Disturbance):
            data[name] = found.to_dict()
    return data


def from_dict(data: dict[str, Any]) -> Event:
    """Build the event that ``to_dict`` wrote; raise CommandError for anything else."""
    rest = dict(data)
    name = str(rest.pop("event", ""))
    cls = EVENT_TYPES.get(name)
    if cls is None:
        raise CommandError(f"unknown event {name!r}{did_you_mean(name, EVENT_TYPES)}")
    known, needed = _keys(cls)
    for key, item in rest.items():
        if key not in known:
            raise CommandError(f"unknown key {key!r} in {name}{did_you_mean(key, known)}")
        taken = _TAKEN.get(known[key], _OBJECT)
        if not isinstance(item, taken) or (isinstance(item, bool) and bool not in taken):
            raise CommandError(f"{name}: {key} takes {_words(taken)}, not {item!r}")
        if known[key] is Disturbance:
            rest[key] = Disturbance.from_dict(rest[key])
    missing = [key for key in needed if key not in rest]
    if missing:
        raise CommandError(f"{name}: missing {', '.join(missing)}")
    return cls(**rest)


def check_types(event: Event) -> None:
    """Raise ArgumentError when a field of an event made in Python is of the wrong type."""
    known, _ = _keys(type(event))
    for key, kind in known.items():
        found = getattr(event, key)
        values = found.items() if kind == dict[str, Scalar] and isinstance(found, dict) else ()
        for name, item in values:
            _check_type(f"{type(event).__name__}: {name}", item, Scalar)
        _check_type(f"{type(event).__name__}: {key}", found, kind)


def _check_type(what: str, found: Any, kind: Any) -> None:
    if kind is str:
        check_argument(isinstance(found, str), f"{what} takes text", found)
    elif kind == Scalar:
        check_argument(isinstance(found, str | SupportsFloat), f"{what} takes a number or text", found)
    elif kind is float or (kind == float | None and found is not None):
        check_argument(number(found), f"{what} takes a number", found)
    elif get_origin(kind) is dict:
        check_argument(isinstance(found, Mapping), f"{what} takes a dict", found)
    elif isinstance(kind, type):
        check_argument(isinstance(found, kind), f"{what} takes a {kind.__name__}", found)


_TEXT, _NUMBER, _OBJECT, _NOTHING = (str,), (int, float), (dict,), (type(None),)
_TAKEN: dict[Any, tuple[type, ...]] = {
    str: _TEXT,
    float: _NUMBER,
    float | None: (*_NUMBER, *_NOTHING),
    Scalar: (*_NUMBER, bool, *_TEXT),
}
"""Which plain data a field of an event takes; every other field takes an object."""


@cache
def _keys(cls: type[Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the keys of an event with the type of each, and the keys that are required."""
    kinds = get_type_hints(cls)
    needed = [
        item.name for item in fields(cls) if item.default is MISSING and item.default_factory is MISSING
    ]
    return {item.name: kinds[item.name] for item in fields(cls)}, tuple(needed)


def _words(taken: tuple[type, ...]) -> str:
    if bool in taken:
        return "a number, true, false or text"
    if int in taken:
        return "a number"
    return "text" if taken == _TEXT else "an object"
