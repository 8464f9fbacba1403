"""What a device exposes, declared once: on the field of its telemetry or command dataclass."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, TypeVar, dataclass_transform, get_type_hints

from twin_tui.errors import CommandError

T = TypeVar("T")
Scalar = float | int | bool | str
"""What a command, a forced value or a mode parameter may be."""
_SIGNAL = "signal"
_GROUP = "group"


def measured(
    meaning: str,
    unit: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    options: Mapping[int, str] | None = None,
) -> Any:
    """Declare a telemetry field: its meaning, its SI unit ("1" for a fraction) and its possible range."""
    return field(
        metadata={_SIGNAL: {"meaning": meaning, "unit": unit, "low": low, "high": high, "options": options}}
    )


def commanded(
    default: Any,
    meaning: str,
    unit: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    momentary: bool = False,
    options: Mapping[int, str] | None = None,
) -> Any:
    """Declare a command field; a momentary one returns to its default after the tick that acted on it."""
    declaration = {
        "meaning": meaning,
        "unit": unit,
        "low": low,
        "high": high,
        "options": options,
        "momentary": momentary,
    }
    return field(default=default, metadata={_SIGNAL: declaration})


def grouped(default: Any) -> Any:
    """Declare a command field that holds many rarely written commands; ``signals_of`` lists each of them."""
    return field(default=default, metadata={_GROUP: type(default)})


def is_group(item: Field[Any]) -> bool:
    """Return whether a field holds a group of commands."""
    return _GROUP in item.metadata


def changed(commands: T, changes: Mapping[str, Any]) -> T:
    """Return commands with some changed, those of a group among them."""
    signals = signals_of(type(commands))
    found: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for name, wanted in changes.items():
        group = signals[name].group
        (groups.setdefault(group, {}) if group else found)[name] = wanted
    for group, wishes in groups.items():
        found[group] = replace(getattr(commands, group), **wishes)
    return replace(commands, **found)  # type: ignore[type-var]


@dataclass_transform(frozen_default=True, field_specifiers=(field, measured, commanded, grouped))
def value(cls: type[T]) -> type[T]:
    """Make a slotted dataclass, immutable by type checking: freezing at run time costs 3 µs an object.

    Only its constructor is compiled: text and comparison of a class of its own each cost half a millisecond
    of every start.
    """
    made = dataclass(slots=True, repr=False, eq=False)(cls)
    names = [item.name for item in fields(made) if item.compare]  # type: ignore[arg-type]
    compared = attrgetter("__class__", *names)

    def equals(self: object, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(compared(self))

    for name, method in (("__repr__", _text), ("__eq__", equals), ("__hash__", hashed)):
        if vars(cls).get(name) is None:
            setattr(made, name, method)
    return made


new = object.__new__
"""Makes what a step returns, for ``__init__`` to fill: a call of the class copies the arguments twice on
its way there, which takes half as long again. CPython 3.13 spares that only for classes without slots."""


def derive(made: Any, **found: Any) -> None:
    """Set fields of a new value that follow from its others."""
    for name, each in found.items():
        object.__setattr__(made, name, each)


@recursive_repr()
def _text(self: Any) -> str:
    parts = (f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
    return f"{type(self).__qualname__}({', '.join(parts)})"


@value
class Signal:
    """One named quantity of a device, in SI units, as every edge of the system sees it."""

    name: str
    meaning: str
    unit: str
    type: type
    command: bool
    low: float | None = None
    high: float | None = None
    momentary: bool = False
    options: Mapping[int, str] | None = None
    default: Any = None
    group: str = ""
    """The field of the commands that holds it with others, if it is not a field of its own."""

    def accept(self, wanted: Scalar, place: str) -> Any:
        """Return ``wanted`` in the type of the signal, or raise CommandError saying why it is invalid."""
        if self.type is str:
            return str(wanted)
        if self.type is bool:
            if wanted in (0, 1):
                return bool(wanted)
            raise CommandError(f"{place} takes 0 or 1, not {wanted!r}")
        if isinstance(wanted, str):
            raise CommandError(f"{place} takes a number, not {wanted!r}")
        if not math.isfinite(wanted):
            raise CommandError(f"{place} takes a finite number, not {wanted!r}")
        check_range(place, wanted, self.low, self.high, self.unit)
        if self.type is int:
            if wanted != int(wanted):
                raise CommandError(f"{place} takes a whole number, not {wanted!r}")
            if self.options is not None and int(wanted) not in self.options:
                choices = ", ".join(f"{key} = {text}" for key, text in self.options.items())
                raise CommandError(f"{place} takes {choices}; not {wanted:g}")
            return int(wanted)
        return float(wanted)


def signals_of(cls: type[Any]) -> Mapping[str, Signal]:
    """Return the signals that a telemetry or command class declares, in order."""
    known = _declared.get(cls)
    if known is not None:
        return known
    hints = get_type_hints(cls)
    found: dict[str, Signal] = {}
    for item in fields(cls):
        if is_group(item):
            members = signals_of(item.metadata[_GROUP])
            found.update({name: replace(member, group=item.name) for name, member in members.items()})
        declaration = item.metadata.get(_SIGNAL)
        if declaration is None:
            continue
        default = None if item.default is MISSING else item.default
        found[item.name] = Signal(
            name=item.name,
            type=hints[item.name],
            command=item.default is not MISSING,
            default=default,
            **declaration,
        )
    _declared[cls] = found
    return found


_declared: dict[type[Any], Mapping[str, Signal]] = {}


def bounds(low: float | None, high: float | None) -> str:
    """Return the range of a quantity as an error message writes it: "0 … 1", "0 …", "… 5"."""
    return f"{'' if low is None else f'{low:g}'} … {'' if high is None else f'{high:g}'}".strip()


def after_number(unit: str) -> str:
    """Return a unit as it follows a number in a sentence: nothing for a fraction."""
    return f" {unit}" if unit not in ("", "1") else ""


def check_range(place: str, wanted: float, low: float | None, high: float | None, unit: str) -> None:
    """Raise CommandError unless a value for a place is in its range."""
    if (low is not None and wanted < low) or (high is not None and wanted > high):
        raise CommandError(f"{place} takes {bounds(low, high)}{after_number(unit)}, not {wanted:g}")


def short(found: Any) -> str:
    """Return a value as the log writes it."""
    return f"{found:g}" if isinstance(found, float) else str(found)
