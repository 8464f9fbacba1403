"""The kinds of values that a site file holds, each with a message that says what was expected."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import PlainValidator

from twin_tui.documents.durations import parse_duration
from twin_tui.errors import ConfigError, did_you_mean


def shown(found: Any) -> str:
    """Return a value as a message shows it, cut to a readable length."""
    text = repr(found)
    return text if len(text) <= 60 else text[:57] + "..."


def key_text(key: Any) -> str:
    """Return a key as a message shows it: as it stands, unless that would spoil the line."""
    return key if isinstance(key, str) and key.isprintable() and len(key) <= 60 else shown(key)


def refuse_unknown(found: Mapping[Any, Any], known: Iterable[str]) -> None:
    """Raise ValueError for the first key that is not known."""
    names = list(known)
    for key in found:
        if key not in names:
            raise ValueError(f"unknown key {key_text(key)}{did_you_mean(str(key), names)}")


def to_number(found: Any, expected: str = "a number") -> float:
    """Return a finite float; text that reads as a number is one."""
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
) -> PlainValidator:
    """Return a validator of numbers from ``low`` to ``high``, or strictly ``above`` a bound."""
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

    return PlainValidator(check)


def whole(low: int, high: int) -> PlainValidator:
    """Return a validator of whole numbers from ``low`` to ``high``."""
    expected = f"a whole number from {low} to {high}" if low < high else f"{low}"

    def check(found: Any) -> int:
        value = to_number(found, expected)
        if value != int(value) or not low <= value <= high:
            raise ValueError(f"expected {expected}, found {shown(found)}")
        return int(found) if isinstance(found, int) else int(value)

    return PlainValidator(check)


def choice(*options: str) -> PlainValidator:
    """Return a validator of one word out of ``options``."""

    def check(found: Any) -> str:
        if isinstance(found, str) and found in options:
            return found
        hint = did_you_mean(found, options) if isinstance(found, str) else ""
        raise ValueError(
            f"expected one of {', '.join(options)}, found {shown(found)}{hint if '?' in hint else ''}"
        )

    return PlainValidator(check)


def _bounds(low: float | None, high: float | None, above: float | None) -> str:
    if above is not None:
        return f" above {above:g}" + (f" up to {high:g}" if high is not None else "")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return f" of at most {high:g}" if high is not None else ""


def to_text(found: Any) -> str:
    """Return what is text already."""
    if not isinstance(found, str):
        raise ValueError(f"expected text, found {shown(found)}")
    return found


def _to_name(found: Any) -> str:
    name = to_text(found)
    if not re.fullmatch(r"[^\W_][\w.-]{0,39}", name):
        raise ValueError(
            f"expected a name of letters, digits, '-', '_' and '.' (at most 40), found {shown(found)}"
        )
    return name


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
    try:
        return parse_duration(found)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _to_host(found: Any) -> str:
    host = to_text(found)
    if not re.fullmatch(r"[0-9A-Za-z.:_%-]{1,253}", host):
        raise ValueError(f"expected an IP address or host name, found {shown(found)}")
    return host


Number = Annotated[float, number()]
Positive = Annotated[float, number(above=0)]
NotNegative = Annotated[float, number(0)]
Percent = Annotated[float, number(0, 100, unit="%")]
Fraction = Annotated[float, number(0, 1)]
Efficiency = Annotated[float, number(above=0, high=1)]
Celsius = Annotated[float, number(-60, 80, unit="°C")]
Hour = Annotated[float, number(0, 24, unit="h")]
Seed = Annotated[int, whole(-(2**63), 2**63 - 1)]
Switch = Annotated[bool, PlainValidator(to_switch)]
Text = Annotated[str, PlainValidator(to_text)]
Name = Annotated[str, PlainValidator(_to_name)]
Host = Annotated[str, PlainValidator(_to_host)]
Duration = Annotated[float, PlainValidator(_to_duration)]
TcpPort = Annotated[int, whole(0, 65535)]
