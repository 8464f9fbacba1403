"""Values for callers outside the engine: equal to the engine's own, of the same type, refusing assignment."""

from dataclasses import fields
from functools import cache
from typing import Any, NoReturn, TypeVar

from twin_tui.engine.signals import is_group

T = TypeVar("T")


def read_only(value: T) -> T:
    """Return a copy of a dataclass value, an instance of the same class, that raises on assignment.

    The engine's own values are immutable by type checking only, because freezing costs 3 µs an object.
    """
    made_of: Any = type(value)
    frozen = _frozen(made_of)
    copied: T = object.__new__(frozen)
    for item in fields(frozen):
        member = getattr(value, item.name)
        object.__setattr__(copied, item.name, read_only(member) if is_group(item) else member)
    return copied


@cache
def _frozen(cls: Any) -> Any:
    """Return the subclass of a dataclass whose instances refuse assignment and compare by their fields."""
    names = tuple(item.name for item in fields(cls))

    def init(self: Any, *args: Any, **values: Any) -> None:
        made = cls(*args, **values)
        for name in names:
            object.__setattr__(self, name, getattr(made, name))

    def refuse(self: Any, name: str, *_: Any) -> NoReturn:
        raise AttributeError(f"{cls.__name__}.{name} is read-only")

    def equal(self: Any, other: Any) -> bool | Any:
        if not isinstance(other, cls):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def reduce(self: Any) -> tuple[Any, ...]:
        return read_only, (cls(*(getattr(self, name) for name in names)),)

    if issubclass(cls, _ReadOnly):
        return cls
    body = {
        "__slots__": (),
        "__init__": init,
        "__setattr__": refuse,
        "__delattr__": refuse,
        "__eq__": equal,
        "__hash__": None,
        "__reduce__": reduce,
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
    }
    return type(cls.__name__, (_ReadOnly, cls), body)


class _ReadOnly:
    """Marks the classes made here."""

    __slots__ = ()
