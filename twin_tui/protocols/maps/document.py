"""YAML with the line of every entry, and typed access to its keys with messages that help."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import yaml

from twin_tui.errors import ConfigError, did_you_mean

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SAFE):  # type: ignore[misc]
    """Safe YAML in which only true and false are booleans: ``on`` is a signal, ``0: Off`` a text."""


_BOOLEAN = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN or first in "tTfF"]
    for first, resolvers in _SAFE.yaml_implicit_resolvers.items()
}


def read_yaml(text: str, place: str) -> tuple[Any, list[int]]:
    """Return the document and the line of each entry under ``registers``."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else None
        _check_unique_keys(node, place, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ConfigError(f"{place}{where}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{place}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{place}: is nested too deep for a register map") from None
    finally:
        loader.dispose()
    lines: list[int] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "registers" and isinstance(value, yaml.SequenceNode):
                lines = [item.start_mark.line + 1 for item in value.value]
    return data, lines


def _check_unique_keys(node: Any, place: str, checked: set[int]) -> None:
    if id(node) in checked:
        return
    checked.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_unique_keys(item, place, checked)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"{place}:{line}: the key {key.value!r} stands there twice")
            seen.add(str(key.value))
            _check_unique_keys(value, place, checked)


@dataclass(slots=True)
class Section:
    """One mapping of a document, and where it stands; every reader raises ConfigError with the place."""

    data: Mapping[Any, Any]
    place: str

    @classmethod
    def of(cls, data: Any, place: str) -> "Section":
        """Take a value that must be a mapping."""
        if not isinstance(data, Mapping):
            raise ConfigError(f"{place}: expected keys and values, found {_kind(data)}")
        return cls(data, place)

    def error(self, text: str) -> ConfigError:
        """Return an error at this place."""
        return ConfigError(f"{self.place}: {text}")

    def expect_keys(self, known: Iterable[str]) -> None:
        """Refuse keys that are not known."""
        names = list(known)
        for key in self.data:
            if key not in names:
                raise self.error(f"unknown key {str(key)!r}{did_you_mean(str(key), names)}")

    def has(self, key: str) -> bool:
        """Tell whether a key is there and has a value."""
        return self.data.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; numbers are taken as they are written."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.error(f"{key}: expected a text, found {_kind(value)}")
        return str(value)

    def choice(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """Return one of several words."""
        value, names = self.text(key, default), list(known)
        if value not in names:
            hint = did_you_mean(value, names)
            raise self.error(f"{key}: unknown {key.replace('_', ' ')} {value!r}{hint}")
        return value

    def integer(self, key: str, default: int | None = None, *, low: int = 0, high: int = 65535) -> int:
        """Return a whole number within bounds."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(f"{key}: expected a whole number from {low} to {high}, found {_kind(value)}")
        return value

    def number(self, key: str, default: int | float | None = None) -> Fraction:
        """Return a number exactly as it is written: 0.1 is one tenth."""
        return exact(self._value(key, default), f"{self.place}: {key}")

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.error(f"{key}: expected true or false, found {_kind(value)}")
        return value

    def section(self, key: str) -> "Section":
        """Return the mapping under a key."""
        return Section.of(self._value(key, None), f"{self.place}: {key}")

    def _value(self, key: str, default: Any) -> Any:
        value = self.data.get(key)
        if value is None:
            if default is None:
                raise self.error(f"{key} is missing")
            return default
        return value


def exact(value: Any, place: str) -> Fraction:
    """Return a finite number exactly as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{place}: expected a number, found {_kind(value)}")
    try:
        return Fraction(str(value))
    except ValueError:
        raise ConfigError(f"{place}: expected a finite number, found {value!r}") from None


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "keys and values"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)
