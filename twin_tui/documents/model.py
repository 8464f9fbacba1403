"""The base of all file models: strict keys, and errors in plain English, reported together."""

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from twin_tui.documents.loader import Document
from twin_tui.errors import MOST_ERRORS, ConfigError, TwinError, did_you_mean, named, shown

M = TypeVar("M", bound="Model")


def empty_list() -> list[Any]:
    """Make the default of a key; pydantic takes 2 ms to read the signature of ``list``."""
    return []


def empty_dict() -> dict[Any, Any]:
    """Make the default of a key; pydantic takes 2 ms to read the signature of ``dict``."""
    return {}


class Model(BaseModel):
    """A part of a file; unknown keys are errors, values are checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)


class FileModel(Model):
    """A whole file, which may name its schema for editors."""

    schema_file: Any = Field(None, alias="$schema")
    """The JSON Schema of this file, for editors; not evaluated."""


class Complaints:
    """The errors found in one file, reported together."""

    def __init__(self, document: Document, context: Any = None) -> None:
        self._document = document
        self.context = context
        """What validators need from the rest of the file."""
        self.lines: list[str] = []

    def add(self, place: str, text: str, *, at: str = "") -> None:
        """Add an error at a place like ``assets[0].initial_soc``; an empty place is the whole file.

        ``at`` is the place whose line the message names if the text already names the place.
        """
        start = list(filter(None, (self._document.where(at or place), place)))
        for part in text.splitlines():
            line = ": ".join((*start, part))
            self._list(line)

    def take(self, error: TwinError) -> None:
        """Add the errors of a message that already names their places."""
        for line in str(error).splitlines():
            self._list(line)

    def settle(self) -> None:
        """Raise one ConfigError if there are any errors."""
        if self.lines:
            raise ConfigError("\n".join(self.lines))

    def _list(self, line: str) -> None:
        """Add a line; raise ConfigError when there are so many that nobody reads more."""
        if len(self.lines) > MOST_ERRORS:
            self.settle()
        if line not in self.lines:
            self.lines.append(line)
        if len(self.lines) > MOST_ERRORS:
            self.lines[MOST_ERRORS:] = [f"only the first {MOST_ERRORS} errors are listed"]
            self.settle()

    def checked(self, model: type[M], data: Any, place: str = "") -> M | None:
        """Return the data as a model, or None after adding its errors."""
        if not isinstance(data, dict):
            self.add(place, f"expected an object with keys, found {shown(data)}")
            return None
        try:
            return model.model_validate(data, context=self.context)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                self._explain(model, item, place)
            return None

    def required(self, model: type[M], data: Any) -> M:
        """Return the data as a model; raise one ConfigError if there are any errors."""
        found = self.checked(model, data)
        self.settle()
        assert found is not None
        return found

    def _explain(self, model: type[Model], item: Any, place: str) -> None:
        loc: tuple[int | str, ...] = item["loc"]
        kind = item["type"]
        where = join(place, *loc)
        if kind == "extra_forbidden":
            inside = join(place, *loc[:-1])
            hint = did_you_mean(str(loc[-1]), known_keys(model, loc[:-1]))
            text = f"unknown key {named(loc[-1])}{f' in {inside}' if inside else ''}{hint}"
            self.add("", text, at=where)
        elif kind == "missing":
            inside = join(place, *loc[:-1])
            self.add("", f"missing key {loc[-1]}{f' in {inside}' if inside else ''}", at=inside)
        elif kind in ("model_type", "model_attributes_type", "dict_type"):
            self.add(where, f"expected an object with keys, found {shown(item['input'])}")
        elif kind in ("list_type", "tuple_type"):
            self.add(where, f"expected a list, found {shown(item['input'])}")
        elif kind == "too_short":
            self.add(where, "expected a list that is not empty, found []")
        elif kind == "invalid_key":
            self.add(
                place, f"keys must be text, found {shown(loc[-1])}", at=join(place, *loc[:-1], str(loc[-1]))
            )
        else:
            secret = is_secret(model, loc)
            self.add(where, in_words(item, secret=secret))


_EXPECTED = {
    "string_type": "text",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
}
"""What a value should be, by the type of pydantic's error."""


def in_words(item: Any, expected: str = "", *, secret: bool = False) -> str:
    """Return an error of pydantic in plain words; ``expected`` is the form of a text that does not match."""
    kind, context, found = item["type"], item.get("ctx", {}), item["input"]
    if kind == "value_error":
        return str(context["error"])
    if kind not in _EXPECTED:
        text = str(item["msg"][:1].lower() + item["msg"][1:])
    elif expected and kind == "string_pattern_mismatch":
        text = f"expected {expected}"
    else:
        text = f"expected {_EXPECTED[kind].format(**context)}".replace("'", "")
    if secret:
        return text
    options = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    near = did_you_mean(found, options) if isinstance(found, str) else ""
    return f"{text}, found {shown(found)}{near if '?' in near else ''}"


def is_secret(model: type[BaseModel], loc: tuple[int | str, ...]) -> bool:
    """Return whether the value at a place is one that must not be shown."""
    found: type[BaseModel] = model
    for part in loc:
        if not isinstance(part, str) or part not in found.model_fields:
            continue
        annotation = found.model_fields[part].annotation
        if holds_secret(annotation):
            return True
        found = next(_models(annotation), found)
    return False


def holds_secret(annotation: Any) -> bool:
    """Return whether values of a type are secrets."""
    return annotation is SecretStr or any(map(holds_secret, get_args(annotation)))


def join(place: str, *parts: int | str) -> str:
    """Return a place with parts appended: join("assets[0]", "protocols", 1) is assets[0].protocols[1]."""
    for part in parts:
        if isinstance(part, int):
            place += f"[{part}]"
        else:
            name = named(part)
            place += f".{name}" if place else name
    return place


def known_keys(model: type[Model], loc: tuple[int | str, ...] = ()) -> list[str]:
    """Return the keys of a model, or of its part at ``loc``."""
    found: type[Model] = model
    for part in loc:
        if isinstance(part, str) and part in found.model_fields:
            inner = next(_models(found.model_fields[part].annotation), None)
            if inner is None:
                return []
            found = inner
    return [field.alias or name for name, field in found.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, types.UnionType, list, tuple, dict):
        for inner in get_args(annotation):
            yield from _models(inner)
