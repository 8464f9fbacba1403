"""JSON as plain data, with the place of each value and error, the same on every Python version."""

import json
import re
from collections.abc import Iterator
from typing import Any

from twin_tui.documents.limits import MAX_DEPTH
from twin_tui.documents.places import LineStarts, Place
from twin_tui.errors import ConfigError

_SPACE = re.compile(r"[ \t\n\r]*")
_CONTENT = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*'
_STRING = re.compile(_CONTENT + '"')
_OPENED = re.compile(_CONTENT)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_OTHER = re.compile(r"-?[A-Za-z]+|.", re.DOTALL)
_MAX_DIGITS = 4300
"""The longest whole number that Python reads."""


def parse_json(text: str, name: str) -> Any:
    """Return the data of a JSON text; raise ConfigError with line and column of the first error."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        json_places(text, name)
        raise ConfigError(f"{name}: invalid JSON: {error}") from None


def json_places(text: str, name: str) -> Place:
    """Return the places of the values of a JSON text; raise ConfigError for its first error."""
    return _Scanner(text, name).document()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number")


class _Scanner:
    """Scans a text once, from left to right."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._lines = LineStarts(text)
        self._at = 0

    def document(self) -> Place:
        self._skip()
        place = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._expected("the end of the text")
        return place

    def _value(self, depth: int) -> Place:
        if depth > MAX_DEPTH:
            raise self._error(self._at, f"nested more than {MAX_DEPTH} levels deep")
        place = Place(*self._lines.at(self._at))
        opening = self._text[self._at : self._at + 1]
        if opening == "{":
            place.inner = self._object(depth)
        elif opening == "[":
            place.inner = self._list(depth)
        elif opening == '"':
            self._string()
        elif not self._take(_WORD):
            start = self._at
            if not self._take(_NUMBER):
                raise self._expected("a value")
            if self._at - start > _MAX_DIGITS:
                raise self._error(start, f"a number of more than {_MAX_DIGITS} digits")
        return place

    def _object(self, depth: int) -> dict[Any, Place]:
        found: dict[Any, Place] = {}
        for _ in self._members("}"):
            start = self._at
            if self._text[start : start + 1] != '"':
                raise self._expected("a key in double quotes")
            key = json.loads(self._string())
            if key in found:
                raise self._error(start, f"key {key[:60]!r} is given twice in one object")
            self._skip()
            if not self._taken(":"):
                raise self._expected("a colon after the key")
            self._skip()
            inner = self._value(depth + 1)
            found[key] = Place(*self._lines.at(start), inner.inner)
        return found

    def _list(self, depth: int) -> list[Place]:
        return [self._value(depth + 1) for _ in self._members("]")]

    def _members(self, end: str) -> Iterator[None]:
        """Yield at the start of each member between brackets."""
        self._at += 1
        self._skip()
        if self._taken(end):
            return
        while True:
            yield
            self._skip()
            if self._taken(end):
                return
            if not self._taken(","):
                raise self._expected(f"a comma or {end}")
            self._skip()

    def _string(self) -> str:
        start = self._at
        if not self._take(_STRING):
            opened = _OPENED.match(self._text, start)
            end = opened.end() if opened else start
            if end >= len(self._text) or self._text[end] == "\n":
                raise self._error(start, "text without closing quotes")
            raise self._error(end, f"{self._text[end : end + 2]!r} is not allowed in text")
        return self._text[start : self._at]

    def _take(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match is not None

    def _taken(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _skip(self) -> None:
        self._take(_SPACE)

    def _expected(self, what: str) -> ConfigError:
        found = _OTHER.match(self._text, self._at)
        shown = repr(found[0][:40]) if found else "the end of the text"
        return self._error(self._at, f"expected {what}, found {shown}")

    def _error(self, position: int, text: str) -> ConfigError:
        line, column = self._lines.at(position)
        return ConfigError(f"{self._name}:{line}:{column}: invalid JSON: {text}")
