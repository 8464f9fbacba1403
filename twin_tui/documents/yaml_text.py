"""YAML as plain data, with the place of each value; limits are enforced while reading."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml
from yaml import events

from twin_tui.documents.limits import MAX_DEPTH, MAX_VALUES, MAX_YAML_BYTES
from twin_tui.documents.places import LineStarts, Place
from twin_tui.errors import ConfigError

_CParser: Any = getattr(yaml.cyaml, "CParser", None) if yaml.__with_libyaml__ else None
_MAX_EXPLAINED = 200_000
"""Longest invalid text that is read again for the better message of the slower parser."""
_NOT_ALLOWED = [
    re.compile(ranges)  # apart: one set of many ranges takes milliseconds of every start to compile
    for ranges in ("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]", "[\ud800-\udfff]", "[\ufeff\ufffe\uffff]")
]
_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"


class _PythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """The parser of PyYAML without libyaml."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def parse_yaml(text: str, name: str) -> Any:
    """Return the data of a YAML text; raise ConfigError with line and column of the error.

    Scalars are those of YAML 1.2: 1e3 is a number; off, 12:30 and dates are text. Duplicate keys are errors.
    """
    return _read(text, name, placed=False)[0]


def yaml_places(text: str, name: str) -> Place:
    """Return the places of the values of a YAML text."""
    return _read(text, name, placed=True)[1] or Place(1, 1)


def _read(text: str, name: str, *, placed: bool) -> tuple[Any, Place | None]:
    if len(text) > MAX_YAML_BYTES:
        size = f"{MAX_YAML_BYTES // 1_000_000} MB"
        raise ConfigError(f"{name}: is larger than {size} of YAML; put series of many values into a CSV file")
    invalid = [found.start() for ranges in _NOT_ALLOWED if (found := ranges.search(text))]
    if invalid:
        line, column = LineStarts(text).at(first := min(invalid))
        raise ConfigError(f"{name}:{line}:{column}: invalid YAML: character {text[first]!r} is not allowed")
    if _CParser is not None:
        try:
            return _Composer(_CParser(text), name, placed).document()
        except yaml.YAMLError as error:
            if len(text) > _MAX_EXPLAINED:
                raise _explained(error, name) from None
    try:
        return _Composer(_PythonParser(text), name, placed).document()
    except yaml.YAMLError as error:
        raise _explained(error, name) from None


def _explained(error: yaml.YAMLError, name: str) -> ConfigError:
    if not isinstance(error, yaml.MarkedYAMLError):
        return ConfigError(f"{name}: invalid YAML: {error}")
    mark = error.problem_mark or error.context_mark
    where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
    return ConfigError(f"{name}{where}: invalid YAML: {error.problem or error.context}")


def _place(event: Any, inner: Any = None) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1, inner)


@dataclass(slots=True)
class _Anchored:
    """A value with an anchor, for its aliases."""

    value: Any
    place: Place | None
    weight: int
    height: int


class _Composer:
    """Builds the data from the events of a parser, once, from first to last."""

    def __init__(self, parser: Any, name: str, placed: bool) -> None:
        self._next: Callable[[], Any] = parser.get_event
        self._name = name
        self._placed = placed
        self._anchors: dict[str, _Anchored | None] = {}
        self._count = 0
        self._deepest = 0

    def document(self) -> tuple[Any, Place | None]:
        self._next()
        event = self._next()
        if isinstance(event, events.StreamEndEvent):
            return None, None
        found = self._value(self._next(), 0)
        self._next()
        event = self._next()
        if not isinstance(event, events.StreamEndEvent):
            self._refuse(event, "expected one document, found another")
        return found

    def _value(self, event: Any, depth: int) -> tuple[Any, Place | None]:
        self._deepest = max(self._deepest, depth)
        self._weigh(1, depth, event)
        if type(event) is events.AliasEvent:
            return self._alias(event, depth)
        if event.anchor is None:
            return self._content(event, depth)
        self._anchors[event.anchor] = None
        before, deepest = self._count, self._deepest
        self._deepest = depth
        value, place = self._content(event, depth)
        anchored = _Anchored(value, place, self._count - before, self._deepest - depth)
        self._anchors[event.anchor] = anchored
        self._deepest = max(deepest, self._deepest)
        return value, place

    def _weigh(self, values: int, depth: int, event: Any) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            self._refuse(event, f"contains more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            self._refuse(event, f"nested more than {MAX_DEPTH} levels deep")

    def _content(self, event: Any, depth: int) -> tuple[Any, Place | None]:
        place = _place(event) if self._placed else None
        if type(event) is events.ScalarEvent:
            return self._scalar(event), place
        if type(event) is events.SequenceStartEvent:
            self._expect_tag(event, "seq")
            return self._sequence(depth, place), place
        self._expect_tag(event, "map")
        return self._mapping(depth, place), place

    def _alias(self, event: Any, depth: int) -> tuple[Any, Place | None]:
        if event.anchor not in self._anchors:
            self._refuse(event, f"found undefined alias {event.anchor[:60]!r}")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._refuse(event, f"alias {event.anchor[:60]!r} refers to itself")
        self._deepest = max(self._deepest, depth + anchored.height)
        self._weigh(anchored.weight, depth + anchored.height, event)
        return anchored.value, anchored.place

    def _sequence(self, depth: int, place: Place | None) -> list[Any]:
        found: list[Any] = []
        places: list[Place] = []
        while type(event := self._next()) is not events.SequenceEndEvent:
            value, inner = self._value(event, depth + 1)
            found.append(value)
            if inner is not None:
                places.append(inner)
        if place is not None:
            place.inner = places
        return found

    def _mapping(self, depth: int, place: Place | None) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        places: dict[Any, Place] = {}
        merged_places: dict[Any, Place] = {}
        while type(event := self._next()) is not events.MappingEndEvent:
            if type(event) is not events.ScalarEvent:
                self._refuse(event, "a key must be text")
            if event.value == _MERGE and event.implicit[0]:
                start = self._next()
                self._merge(start, *self._value(start, depth + 1), merged, merged_places)
                continue
            key = self._scalar(event)
            if key in found:
                self._refuse(event, f"key {event.value[:60]!r} is given twice in one mapping")
            found[key], inner = self._value(self._next(), depth + 1)
            if inner is not None:
                places[key] = _place(event, inner.inner)
        if place is not None:
            place.inner = {**merged_places, **places}
        return {**merged, **found} if merged else found

    def _merge(
        self, event: Any, value: Any, place: Place | None, merged: dict[Any, Any], places: dict[Any, Place]
    ) -> None:
        listed = value if isinstance(value, list) else [value]
        around: list[Any] = [place] * len(listed)
        if place is not None and isinstance(place.inner, list):
            around = place.inner
        for source, where in zip(listed, around, strict=True):
            if not isinstance(source, dict):
                self._refuse(event, "expected a mapping or a list of mappings to merge")
            self._weigh(len(source), 0, event)
            merged.update((key, item) for key, item in source.items() if key not in merged)
            if where is not None and isinstance(where.inner, dict):
                places.update((key, item) for key, item in where.inner.items() if key not in places)

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None:
            return to_scalar(event.value) if event.implicit[0] else event.value
        if tag in ("!", _TAG + "str"):
            return event.value
        value = to_scalar(event.value)
        kinds = {"int": int, "float": float, "bool": bool, "null": type(None)}
        kind = kinds.get(tag.removeprefix(_TAG))
        if kind is float and type(value) is int:
            value = float(value)
        if kind is not type(value):
            self._refuse(event, f"{event.value[:60]!r} cannot be read as {tag[:60]}")
        return value

    def _expect_tag(self, event: Any, known: str) -> None:
        if event.tag not in (None, "!", _TAG + known):
            self._refuse(event, f"unknown tag {event.tag[:60]}")

    def _refuse(self, event: Any, text: str) -> NoReturn:
        mark: Any = event.start_mark
        raise ConfigError(f"{self._name}:{mark.line + 1}:{mark.column + 1}: invalid YAML: {text}")


_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_NUMERIC = frozenset("-+.0123456789")
_MAX_DIGITS = 4300


def to_scalar(text: str) -> Any:
    """Return the value of a plain scalar of YAML 1.2: null, true or false, a number, or text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text.replace("_", ""))
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
