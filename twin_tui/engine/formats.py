"""Numbers, times and names as people read them: on the screen, in the log, in tables."""

import math
import re
from functools import cache
from unicodedata import combining, east_asian_width

_SCALED = {"W", "VA", "var", "Wh", "VAh", "varh"}
_SHOWN_UNIT = {"degC": "°C", "1": "%", "cycles": "cycles"}


def kilowatts(power_w: float | None, width: int = 0, *, plus: str = "") -> str:
    """Return a power in kW: two decimals up to 100 kW, one above, none from 10 MW; ``plus`` marks a gain."""
    if power_w is None:
        return "-".rjust(width)
    kilo = power_w / 1000.0
    decimals = 2 if abs(kilo) < 99.995 else 1 if abs(kilo) < 9999.95 else 0
    text = _no_minus_zero(f"{kilo:.{decimals}f}")
    return f"{'' if text.startswith('-') else plus}{text}".rjust(width)


def power(number: float, unit: str = "W") -> str:
    """Return a power in kW, kVA or kvar wherever it is shown as a value; below 100 W with a third decimal."""
    if 0.0 < abs(number) < 99.5:
        return f"{_no_minus_zero(f'{number / 1000.0:.3f}')} k{unit}"
    return f"{kilowatts(number)} k{unit}"


def percent(fraction: float | None) -> str:
    """Return a fraction in percent with one decimal."""
    return "-" if fraction is None else _no_minus_zero(f"{fraction * 100.0:.1f}")


def quantity(number: object, unit: str) -> str:
    """Return a value with its unit, scaled to what an engineer reads: 15000 W is "15.00 kW"."""
    if isinstance(number, bool):
        return "yes" if number else "no"
    if isinstance(number, str) or number is None:
        return "-" if number is None else number
    if not isinstance(number, int | float):
        return str(getattr(number, "value", number))
    if not math.isfinite(number):
        return str(number)
    if unit in _SCALED:
        return _scaled(float(number), unit)
    if unit == "1":
        return f"{percent(float(number))} %"
    if unit == "s":
        return duration(float(number))
    shown = _SHOWN_UNIT.get(unit, unit)
    text = str(number) if isinstance(number, int) else _decimals(float(number), unit)
    return f"{text} {shown}".rstrip()


def _scaled(number: float, unit: str) -> str:
    size = abs(number)
    if size >= 999_950:
        return f"{number / 1e6:.3f} M{unit}"
    if size >= 999.5:
        return f"{number / 1e3:.2f} k{unit}"
    return f"{_no_minus_zero(f'{number:.0f}' if size >= 10 or size == 0 else f'{number:.1f}')} {unit}"


def _decimals(number: float, unit: str) -> str:
    decimals = {"Hz": 3, "V": 1, "A": 2, "degC": 1, "cycles": 2, "pu": 3, "m/s": 1}.get(unit)
    if decimals is None:
        return _no_minus_zero(f"{number:.4g}")
    return _no_minus_zero(f"{number:.{decimals}f}")


def _no_minus_zero(text: str) -> str:
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def clock(seconds: float, *, tenths: bool = True) -> str:
    """Return a running time as "00:12:04.3", with days in front when there are any."""
    whole = math.floor(seconds * 10 + 1e-6)
    minutes, tenth_seconds = divmod(whole, 600)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{hours:02d}:{minutes:02d}:{tenth_seconds // 10:02d}"
    if tenths:
        text += f".{tenth_seconds % 10}"
    return f"{days}d {text}" if days else text


def age(seconds: float | None) -> str:
    """Return an age in at most four characters: "0.4s", "59s", "12m", "3h", "2d"; "-" for never.

    Tenths are shown only where something has just happened: each change of a number costs an SSH line.
    """
    if seconds is None:
        return "-"
    if seconds < 1.95:
        return f"{max(0.0, seconds):.1f}s"
    for limit, size, unit in ((99.5, 1, "s"), (5970, 60, "m"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 86_400:.0f}d"


def rate(per_s: float) -> str:
    """Return how often something happens: "12/s", "1/s", "0.2/s"."""
    return f"{per_s:.0f}/s" if per_s >= 0.95 else f"{per_s:.1g}/s"


def duration(seconds: float) -> str:
    """Return a duration: "2 s", "0.5 s", "12 min", "1 h 30 min"."""
    if seconds < 0 or not math.isfinite(seconds):
        return f"{seconds:g} s"
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def remaining(seconds: float | None) -> str:
    """Return what is left of a duration: "1.2s", or "until cleared"."""
    return "until cleared" if seconds is None else age(max(0.0, seconds))


def fit(text: str, width: int, mark: str = "…") -> str:
    """Return the text at exactly ``width`` columns of a terminal; a cut one says so."""
    if width <= 0:
        return ""
    if columns(text) > width:
        mark = mark if width > 1 else ""
        text = text[:width]
        while columns(text) > width - len(mark):
            text = text[:-1]
        text += mark
    return text + " " * (width - columns(text))


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def one_column_each(text: str) -> bool:
    """Return whether every character of a text takes one column."""
    return text.isascii() or set(map(_width, text)) == {1}


@cache
def _width(character: str) -> int:
    return 2 if east_asian_width(character) in "WF" else 0 if combining(character) else 1


_NUMBER = re.compile(r"[+-]?\d[\d.,]*([eE][+-]?\d+)?( [^\W\d]*[/%°]*\w*)?|-")


def table_row(*cells: object) -> str:
    """Return a line of tab-separated text; no cell breaks the line or becomes a formula in a spreadsheet."""
    texts = [clean(str(cell)) for cell in cells]
    formulas = [text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text) for text in texts]
    return "\t".join(f"'{text}" if formula else text for text, formula in zip(texts, formulas, strict=True))


def clean_lines(text: str) -> str:
    """Return text of several lines, each cleaned."""
    return "\n".join(map(clean, text.split("\n")))


def clean(text: str) -> str:
    """Return the text with blanks for control, escape and bidirectional characters: it came from outside."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
