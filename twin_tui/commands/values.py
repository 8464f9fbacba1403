"""Words and numbers of the command language: tokens, units, durations, names."""

import math
import re
import shlex
from collections.abc import Iterable
from decimal import Decimal

from twin_tui.documents.durations import parse_duration
from twin_tui.engine.events import Scalar
from twin_tui.engine.signals import Signal, bounds
from twin_tui.errors import CommandError, ConfigError, did_you_mean

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)", re.DOTALL)
_PREFIXES = {"": "1", "k": "1000", "M": "1000000", "m": "0.001"}
_UNIT_WORDS = {
    "1": "fraction or %",
    "pu": "pu or %",
    "W": "W or kW",
    "Wh": "Wh or kWh",
    "var": "var or kvar",
    "VA": "VA or kVA",
    "degC": "°C",
    "s": "s or ms",
}
UNITS = frozenset(
    ("%", "pu", "W", "kW", "MW", "var", "kvar", "VA", "kVA", "Wh", "kWh", "V", "kV", "A", "Hz", "mHz", "°C")
) | frozenset(("s", "ms", "min", "m", "h", "d"))
"""The units that may be a word of their own behind their number."""
_PERCENT = "0.01"
_SCALABLE = ("W", "VA", "var", "Wh", "V", "A", "Hz", "s")
LONGEST_S = 366 * 86_400.0
LONGEST_RANGE = 256


def split(line: str) -> list[str]:
    """Return the words of a command line; quotes keep blanks together."""
    try:
        return shlex.split(line, posix=True)
    except ValueError:
        raise CommandError("a quotation mark is open: close it or leave it out") from None


def number(word: str, what: str, unit: str = "") -> float:
    """Return a number in SI units: "-20kW" is -20000 for the unit W, "70%" is 0.7 for "1" and pu."""
    refuse_comma(word, what)
    match = _NUMBER.fullmatch(word.strip().replace("−", "-"))
    if match is None:
        raise CommandError(f"{what}: expected a number{_like(unit)}, not {word!r}")
    bare, suffix = float(match[1]), match[2].strip()
    factor = _factor(suffix, unit)
    if factor is None:
        raise CommandError(f"{what}: {suffix!r} is not a unit for this; expected a number{_like(unit)}")
    # by decimals, so that 70% is 0.7 and not 0.7000000000000001; they refuse 1e-99999999999999999999
    found = float(Decimal(match[1]) * Decimal(factor)) if bare else bare
    if not math.isfinite(found):
        raise CommandError(f"{what}: {word!r} is too large")
    return found


def is_bare(word: str) -> bool:
    """Return whether a word is a number without a unit."""
    match = _NUMBER.fullmatch(word.replace("−", "-"))
    return match is not None and not match[2]


def refuse_comma(word: str, what: str) -> None:
    """Refuse 0,7 with its cure: read as a decimal point, 1,000 would be 1 for some and 1000 for others."""
    if re.match(r"\s*[+−-]?\d*,\d", word):
        raise CommandError(f"{what}: decimals take a point: {word.replace(',', '.', 1)}, not {word!r}")


def range_hint(
    unit: str, low: float | None = None, high: float | None = None, default: Scalar | None = None
) -> str:
    """Return the unit, range and default of a number as a form shows them: "W or kW, from 0; default 0"."""
    if low is not None and high is not None:
        span = f"{low:g} to {high:g}"
    else:
        span = f"from {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""
    parts = ", ".join(filter(None, (_UNIT_WORDS.get(unit, unit), span)))
    said = f"default {default:g}" if isinstance(default, int | float) else f"default {default}"
    return "; ".join(filter(None, (parts, said if default not in (None, "") else "")))


def _like(unit: str) -> str:
    if not unit:
        return ""
    example = {"1": "0.7 or 70%", "pu": "0.7 or 70%", "W": "-20kW", "Hz": "-0.2", "s": "2s"}.get(unit)
    return f" such as {example}" if example else f" in {unit}"


def is_unit(suffix: str, unit: str) -> bool:
    """Return whether a number in this unit may be given for a quantity whose SI unit is the other."""
    return _factor(suffix, unit) is not None


def _refuse_percent(signal: Signal, word: str, found: float, place: str) -> None:
    """Refuse 80 for a fraction with its cure: in its place 80% is possible."""
    low, high = signal.low or 0.0, signal.high or 1.0
    is_fraction = signal.unit in ("1", "pu") and signal.high is not None and is_bare(word)
    if is_fraction and not low <= found <= high and low <= found / 100 <= high:
        text = f"{place} takes {bounds(signal.low, signal.high)}, not {found:g}"
        raise CommandError(f"{text}; for {found:g} % write {found:g}%")


def _factor(suffix: str, unit: str) -> str | None:
    if suffix in ("", unit):
        return "1"
    if suffix == "%":
        return _PERCENT if unit in ("1", "pu") else None
    if unit == "degC":
        return "1" if suffix in ("C", "°C", "K") else None
    if unit == "K":
        return "1" if suffix in ("C", "°C") else None
    if unit == "deg":
        return "1" if suffix == "°" else None
    for prefix, factor in _PREFIXES.items():
        if unit in _SCALABLE and suffix in (prefix + unit, prefix if unit != "s" else unit):
            return factor  # 2m of seconds are two minutes elsewhere, not two thousandths
    return None


def seconds(word: str, what: str = "duration") -> float:
    """Return a duration above 0 in s from "2s", "500ms", "1h30m" or a bare number of seconds."""
    refuse_comma(word, what)
    try:
        found = parse_duration(word)
    except ConfigError as error:
        raise CommandError(f"{what}: {error}") from None
    if not 0 < found <= LONGEST_S:
        raise CommandError(f"{what}: {word} is not above 0 and at most a year")
    return found


def plain_value(word: str, key: str) -> object:
    """Return a value that no signal declares, by its form and the name of its key.

    A key that ends in _s is a duration; others take true or false, 50%, 0x1F, a list such as
    3,4 or 1..4; of addresses 10..20 are the first and the last.
    """
    plain = word.casefold()
    if plain in ("true", "yes", "on", "false", "no", "off"):
        return plain in ("true", "yes", "on")
    if key.endswith("_s"):
        try:
            return parse_duration(word)
        except ConfigError as error:
            raise CommandError(f"{key}: {error}") from None
    low, span, high = plain.partition("..")
    if not span:
        found = [_whole_or_fraction(part, key) for part in plain.split(",")]
        return found if len(found) > 1 else found[0]
    first, last = _whole_or_fraction(low, key), _whole_or_fraction(high, key)
    if key == "addresses":
        return [first, last]
    if not (isinstance(first, int) and isinstance(last, int) and 0 <= last - first < LONGEST_RANGE):
        raise CommandError(f"{key}: {word!r} is no range; expected one such as 1..4, or a list such as 3,4")
    return list(range(first, last + 1))


def _whole_or_fraction(word: str, key: str) -> int | float:
    try:
        return int(word, 0)
    except ValueError:
        found = number(word, key, "1")
        return int(found) if word.isdecimal() else found


def day_seconds(word: str) -> float:
    """Return a time of day in s from "12:00" or "6:30:15"."""
    parts = word.split(":")
    if 2 <= len(parts) <= 3 and all(part.isdecimal() and part.isascii() for part in parts):
        hour, minute, second = (int(part) for part in (*parts, "0")[:3])
        if hour < 24 and minute < 60 and second < 60:
            return hour * 3600.0 + minute * 60.0 + second
    raise CommandError(f"expected a time of day such as 12:00, not {word!r}")


def day_time(day_s: float) -> str:
    """Return a time of day as "12:03:59"."""
    whole = int(day_s) % 86_400
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def speed(factor: float) -> str:
    """Return a speed as "x60" or "max"."""
    return "max" if factor == math.inf else f"x{factor:g}"


def name(word: str, known: Iterable[str], what: str) -> str:
    """Return the known name that ``word`` means, whatever its capitals and its - or _."""
    names = list(known)
    if word in names:
        return word
    same = [found for found in names if _plain(found) == _plain(word)]
    if len(same) == 1:
        return same[0]
    if not names:
        raise CommandError(f"there is no {what} here")
    raise CommandError(f"unknown {what} {word!r}{did_you_mean(word, names)}")


def _plain(word: str) -> str:
    return word.casefold().replace("_", "-").replace(" ", "-")


def signal_value(signal: Signal, word: str, shown_unit: str = "", device: str = "") -> Scalar:
    """Return the value of a signal that a word means: a number with its unit, on or off, an option.

    A number without a unit is in the unit that is shown, in SI without one.
    """
    if signal.type is str:
        return word
    if signal.options:
        for key, text in signal.options.items():
            if _plain(text) == _plain(word) or str(key) == word:
                return key
        if not _NUMBER.fullmatch(word):
            options = ", ".join(f"{key} = {text}" for key, text in signal.options.items())
            raise CommandError(f"{signal.name}: expected {options}; not {word!r}")
    if signal.type is bool:
        plain = word.casefold()
        if plain in ("1", "on", "yes", "true"):
            return True
        if plain in ("0", "off", "no", "false"):
            return False
        raise CommandError(f"{signal.name}: expected on or off, not {word!r}")
    if is_bare(word) and is_unit(shown_unit, signal.unit):
        word += shown_unit
    found = number(word, signal.name, signal.unit)
    _refuse_percent(signal, word, found, f"{device}.{signal.name}" if device else signal.name)
    return int(found) if signal.type is int and found == int(found) else found
