"""JSON and YAML files as plain data, with the place of each value."""

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin_tui.documents.json_text import json_places, parse_json
from twin_tui.documents.limits import MAX_BYTES, MAX_DEPTH, MAX_TOML_BYTES, MAX_VALUES
from twin_tui.documents.places import Place
from twin_tui.errors import ConfigError, file_name

_HALF = re.compile(r"\\(u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")
"""An escape of half a character: one alone is no text, two are in JSON the way to write one character."""


@dataclass(slots=True)
class Document:
    """The content of a file, and its name in messages."""

    data: Any
    name: str
    text: str | None = None
    """None for data without a file."""
    find_places: Callable[[str, str], Place] | None = field(default=None, repr=False)
    _places: Place | None = field(default=None, repr=False)

    def where(self, path: str = "") -> str:
        """Return the start of a message about a path like ``assets[0].port``: file and line."""
        if self.text is None or self.find_places is None or not path:
            return self.name
        if self._places is None:
            self._places = self.find_places(self.text, self.name)
        return f"{self.name}:{self._places.find(path).line}"


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A part of a document as named in messages: file, line and label.

    Its text is made when needed: finding the line means reading the file again.
    """

    file: str
    path: str
    label: str
    document: Document = field(compare=False, repr=False)

    def __str__(self) -> str:
        if self.document.text is not None:
            return f"{self.document.where(self.path)}: {self.label}"
        return ": ".join(dict.fromkeys((self.file, self.path, self.label)))


def open_document(path: Path, name: str | None = None) -> Document:
    """Return the document in a JSON or YAML file; raise ConfigError naming the file, line and column."""
    as_json = {".json": True, ".yaml": False, ".yml": False}.get(path.suffix.lower())
    return to_document(read_text(path), name or file_name(path), as_json=as_json)


def open_toml(path: Path) -> Document:
    from twin_tui.documents.toml_text import parse_toml, toml_places  # noqa: PLC0415 - the console alone has one

    text = read_text(path, "TOML", MAX_TOML_BYTES)
    name = file_name(path)
    return Document(parse_toml(text, name), name, text, toml_places)


def read_document(path: Path) -> Any:
    """Return the content of a JSON or YAML file as plain data."""
    return open_document(path).data


def to_document(text: str, name: str, *, as_json: bool | None = None) -> Document:
    """Return the document in a text: JSON if declared or recognised as such, else YAML."""
    if not text.strip():
        raise ConfigError(f"{name}: is empty")
    if as_json is None:
        as_json = _is_json(text)
    if as_json:
        data, find_places = plain(parse_json(text, name), name), json_places
    else:
        from twin_tui.documents import yaml_text  # noqa: PLC0415 - a run of JSON files needs no YAML

        data, find_places = yaml_text.parse_yaml(text, name), yaml_text.yaml_places
    if data is None:
        raise ConfigError(f"{name}: contains no data")
    _check_characters(data, text, name)
    return Document(data, name, text, find_places)


def _check_characters(data: Any, text: str, name: str) -> None:
    """Raise ConfigError for half a character, which an escape can write and no file or protocol can carry."""
    found = _HALF.search(text)
    if found is not None:
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            line = text.count("\n", 0, found.start()) + 1
            raise ConfigError(
                f"{name}:{line}: {found[0]} is half of a character; write the whole one"
            ) from None


def read_text(path: Path, expected: str = "JSON or YAML", most: int = MAX_BYTES) -> str:
    """Return the text of a file; raise ConfigError when it is not readable."""
    name = file_name(path)
    try:
        content = _bytes(path, name, most + 1)
    except FileNotFoundError:
        raise ConfigError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{name}: is a directory; expected a file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > most:
        raise ConfigError(f"{name}: is larger than {most // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: is not UTF-8 text; expected {expected}") from None
    if "\0" in text:
        raise ConfigError(f"{name}: is a binary file; expected {expected}")
    return text


def _bytes(path: Path, name: str, count: int) -> bytes:
    """Return the first bytes of a file; a pipe that nobody writes to must not hold up the program."""
    with open(path, "rb", opener=_without_waiting) as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or file.isatty():
            raise ConfigError(f"{name}: is a pipe, a socket or a terminal; expected a file")
        return file.read(count)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def plain(data: Any, name: str) -> Any:
    """Return a copy of the data without shared or recursive parts."""
    left = MAX_VALUES

    def copied(item: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if depth > MAX_DEPTH:
            raise ConfigError(f"{name}: is nested more than {MAX_DEPTH} levels deep")
        if left < 0:
            raise ConfigError(f"{name}: contains more than {MAX_VALUES} values")
        if isinstance(item, dict):
            return {key: copied(inner, depth + 1) for key, inner in item.items()}
        if isinstance(item, list | tuple):
            return [copied(inner, depth + 1) for inner in item]
        return item

    return copied(data, 0)


def _is_json(text: str) -> bool:
    """Return whether a text is JSON: it starts with a bracket and is not valid as YAML only."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return bool(re.match(r'\s*[{\[]\s*("|\{|\[|\}|\]|$)', text))
    return True
