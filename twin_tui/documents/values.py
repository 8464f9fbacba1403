"""The types of values in files, each with its error message and JSON Schema."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import ValidationInfo
from pydantic_core import core_schema

from twin_tui.documents.durations import parse_duration
from twin_tui.errors import TwinError, did_you_mean, named, shown

LARGEST = 1e15
"""The largest number in a file; its inverse is the smallest. What is calculated from them is still finite."""
_NAME = r"[^\W_][\w.-]{0,39}"
_HOST = r"[0-9A-Za-z.:_%-]{1,253}"
LONGEST_TITLE = 80
_NUMERIC = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_WHOLE = r"^\s*[+-]?[0-9]+(\.0*)?([eE]\+?[0-9]+)?\s*$"


@dataclass(frozen=True, slots=True, eq=False)
class Accepts:
    """Marks a key of a model: the conversion of its value, and the JSON Schema of valid values."""

    check: Callable[..., Any]
    """Called with the value, and the context of the file if ``informed``; raises ValueError or TwinError."""
    schema: Mapping[str, Any] = field(default_factory=dict)
    informed: bool = False
    make_schema: Callable[[], Mapping[str, Any]] | None = None
    """Returns the schema where it is long and few need it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self._checked)

    def _checked(self, found: Any, info: ValidationInfo) -> Any:
        try:
            return self.check(found, info.context) if self.informed else self.check(found)
        except TwinError as error:
            raise ValueError(str(error)) from None

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return dict(self.schema if self.make_schema is None else self.make_schema())


def refuse_unknown(found: Mapping[Any, Any], known: Iterable[str]) -> None:
    """Raise ValueError for the first unknown key."""
    names = list(known)
    for key in found:
        if key not in names:
            raise ValueError(f"unknown key {named(key)}{did_you_mean(str(key), names)}")


def to_number(found: Any, expected: str = "a number") -> float:
    """Return a float of a size that can be calculated with, also from text."""
    value = finite(found, expected)
    if abs(value) > LARGEST:
        raise ValueError(f"expected {expected}, at most {LARGEST:g}, found {shown(found)}")
    if 0.0 < abs(value) < 1.0 / LARGEST:
        raise ValueError(f"expected {expected}, 0 or at least {1.0 / LARGEST:g}, found {shown(found)}")
    return value


def finite(found: Any, expected: str = "a number") -> float:
    """Return a finite float, also from text."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise ValueError(f"expected {expected}, found {shown(found)}")
    try:
        number = float(found)
    except (ValueError, OverflowError):
        raise ValueError(f"expected {expected}, found {shown(found)}") from None
    if not math.isfinite(number):
        raise ValueError(f"expected {expected}, found {shown(found)}")
    return number


def number(
    low: float | None = None, high: float | None = None, *, above: float | None = None, unit: str = ""
) -> Accepts:
    """Return a kind of numbers from ``low`` to ``high``, or strictly ``above`` a bound."""
    expected = "a number" + _bounds(low, high, above) + (f" ({unit})" if unit else "")

    def check(found: Any) -> float:
        value = to_number(found, expected)
        if (
            (low is not None and value < low)
            or (high is not None and value > high)
            or (above is not None and value <= above)
        ):
            raise ValueError(f"expected {expected}, found {shown(found)}")
        return value

    return Accepts(check, number_schema(low, high, above, unit))


def number_schema(
    low: float | None = None, high: float | None = None, above: float | None = None, unit: str = ""
) -> dict[str, Any]:
    """Return the JSON Schema of numbers in a range, also as text, whose range no schema can check."""
    least = -LARGEST if low is None and above is None else low
    largest = LARGEST if high is None else high
    bounds = {"minimum": least, "maximum": largest, "exclusiveMinimum": above, "x-unit": unit or None}
    given = {key: bound for key, bound in bounds.items() if bound is not None}
    return {"type": ["number", "string"], "pattern": _NUMERIC, **given}


def any_case(*words: str) -> dict[str, Any]:
    """Return the JSON Schema of words in capital or small letters."""
    letters = "|".join("".join(_both_cases(letter) for letter in word) for word in words)
    return {"anyOf": [{"enum": list(words)}, {"type": "string", "pattern": f"^({letters})$"}]}


def or_null(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that also accepts null, as a key without a value."""
    kind = found.get("type")
    if not found or kind == "null":
        return dict(found)
    if "enum" in found:
        return {**found, "enum": [*found["enum"], None]}
    if kind is not None:
        return {**found, "type": [*([kind] if isinstance(kind, str) else kind), "null"]}
    if "anyOf" in found:
        return {**found, "anyOf": [*found["anyOf"], {"type": "null"}]}
    return {"if": {"type": "null"}, "else": dict(found)}


def only(*needed: str, never: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of objects with some keys and without others; null is as good as missing."""
    given = {key: {"not": {"type": "null"}} for key in needed}
    return {"required": list(needed), "properties": given | {key: {"type": "null"} for key in never}}


def either(one: str, other: str) -> dict[str, Any]:
    """Return the schema of objects with exactly one of two keys."""
    return {"oneOf": [only(one, never=(other,)), only(other, never=(one,))]}


def without_null(found: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that no longer accepts null."""
    if None in found.get("enum", ()):
        return found | {"enum": [each for each in found["enum"] if each is not None]}
    if "null" in (kinds := found.get("type", ())) and isinstance(kinds, list):
        left = [kind for kind in kinds if kind != "null"]
        return found | {"type": left if len(left) > 1 else left[0]}
    if "anyOf" in found:
        return found | {"anyOf": [each for each in found["anyOf"] if each != {"type": "null"}]}
    return found


def _both_cases(letter: str) -> str:
    return f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else re.escape(letter)


def whole(low: int, high: int) -> Accepts:
    """Return a type for whole numbers from ``low`` to ``high``."""
    expected = f"a whole number from {low} to {high}" if low < high else f"{low}"

    def check(found: Any) -> int:
        value = finite(found, expected)
        exact = found if isinstance(found, int) else int(value)
        if value != int(value) or not low <= exact <= high:
            raise ValueError(f"expected {expected}, found {shown(found)}")
        return int(exact)

    schema = {"type": ["integer", "string"], "pattern": _WHOLE, "minimum": low, "maximum": high}
    return Accepts(check, schema)


def choice(*options: str) -> Accepts:
    """Return a type for one of ``options``."""

    def check(found: Any) -> str:
        if isinstance(found, str) and found in options:
            return found
        begun = [
            option for option in options if isinstance(found, str) and found and option.startswith(found)
        ]
        hint = did_you_mean(found, options) if isinstance(found, str) else ""
        hint = f"; did you mean {begun[0]}?" if begun else hint
        raise ValueError(
            f"expected one of {', '.join(options)}, found {shown(found)}{hint if '?' in hint else ''}"
        )

    return Accepts(check, {"enum": list(options)})


def _bounds(low: float | None, high: float | None, above: float | None) -> str:
    if above is not None:
        return f" above {above:g}" + (f" up to {high:g}" if high is not None else "")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return f" of at most {high:g}" if high is not None else ""


def to_text(found: Any) -> str:
    """Return text unchanged; anything else is an error."""
    if not isinstance(found, str):
        raise ValueError(f"expected text, found {shown(found)}")
    return found


def _to_title(found: Any) -> str:
    title = to_text(found)
    if len(title) > LONGEST_TITLE:
        raise ValueError(f"expected at most {LONGEST_TITLE} characters, found {len(title):,}")
    return title


def _matching(pattern: str, expected: str) -> Accepts:
    """Return a type for text of a form."""

    def check(found: Any) -> str:
        text = to_text(found)
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {expected}, found {shown(found)}")
        return text

    return Accepts(check, {"type": "string", "pattern": f"^{pattern}$"})


def texts(expected: str) -> Accepts:
    """Return a type for objects whose values are text."""

    def check(found: Any) -> dict[str, str]:
        if isinstance(found, dict) and all(isinstance(item, str) for pair in found.items() for item in pair):
            return found
        raise ValueError(f"expected {expected}, found {shown(found)}")

    return Accepts(check, {"type": "object", "additionalProperties": {"type": "string"}})


def to_switch(found: Any) -> bool:
    """Return true or false, also for yes, no, on and off."""
    if isinstance(found, bool):
        return found
    if isinstance(found, str) and found.lower() in ("true", "yes", "on"):
        return True
    if isinstance(found, str) and found.lower() in ("false", "no", "off"):
        return False
    raise ValueError(f"expected true or false, found {shown(found)}")


def _to_duration(found: Any) -> float:
    if not isinstance(found, int | float | str):
        raise ValueError(f"expected a duration like 90, 0.5s, 20m, 1h30m, found {shown(found)}")
    return parse_duration(found)


Number = Annotated[float, number()]
Positive = Annotated[float, number(above=0)]
NotNegative = Annotated[float, number(0)]
Percent = Annotated[float, number(0, 100, unit="%")]
Fraction = Annotated[float, number(0, 1)]
Efficiency = Annotated[float, number(above=0, high=1)]
Celsius = Annotated[float, number(-60, 80, unit="°C")]
Hour = Annotated[float, number(0, 24, unit="h")]
Seed = Annotated[int, whole(-(2**63), 2**63 - 1)]
SWITCH_SCHEMA = {
    "anyOf": [{"type": "boolean"}, *any_case("yes", "no", "on", "off", "true", "false")["anyOf"]]
}
Switch = Annotated[bool, Accepts(to_switch, SWITCH_SCHEMA)]
Text = Annotated[str, Accepts(to_text, {"type": "string"})]
Title = Annotated[str, Accepts(_to_title, {"type": "string", "maxLength": LONGEST_TITLE})]
Name = Annotated[str, _matching(_NAME, "a name of letters, digits, '-', '_' and '.' (at most 40)")]
Host = Annotated[str, _matching(_HOST, "an IP address or host name")]
_AMOUNT = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*"
_DURATION = (
    rf"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$|^\s*([Pp][Tt])?(?=[0-9.])({_AMOUNT}[Dd]([Aa][Yy][Ss]?)?\s*)?"
    rf"({_AMOUNT}[Hh]([Oo][Uu][Rr][Ss]?)?\s*)?({_AMOUNT}[Mm]([Ii][Nn]([Uu][Tt][Ee])?[Ss]?)?\s*)?"
    rf"({_AMOUNT}[Ss]([Ee][Cc]([Oo][Nn][Dd])?[Ss]?)?\s*)?({_AMOUNT}[Mm][Ss]\s*)?$"
)
DURATION_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": _DURATION},
    ],
    "x-unit": "s, or a form like 90s, 20m, 1h30m",
}
Duration = Annotated[float, Accepts(_to_duration, DURATION_SCHEMA)]
TcpPort = Annotated[int, whole(0, 65535)]
