"""The characters that drawings are made of, for good fonts, for the bare console and for plain ASCII."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin_tui.errors import ConfigError, did_you_mean


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of drawing characters."""

    name: str
    levels: str
    """From lowest to highest, for sparklines."""
    bar: str
    """Empty to full, in equal parts of a cell."""
    bar_ends: tuple[str, str]
    line: str
    cursor: str
    into: str
    out_of: str
    cut: str
    alarm: str
    dot: str
    unicode: bool


UNICODE = Glyphs("unicode", "▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█", ("", ""), "─", "▶", "→", "←", "…", "▲", "●", True)
VT = Glyphs("vt", "░▒▓█", "░█", ("", ""), "─", ">", "→", "←", "~", "!", "*", True)
ASCII = Glyphs("ascii", "_.-:=+*#", ".#", ("[", "]"), "-", ">", ">", "<", "~", "!", "*", False)
SETS: Mapping[str, Glyphs] = {glyphs.name: glyphs for glyphs in (UNICODE, VT, ASCII)}
TERMS_WITHOUT_EIGHTHS = ("linux", "vt", "cons", "ansi")


def choose(wanted: str, encoding: str | None, environment: Mapping[str, str] | None = None) -> Glyphs:
    """Return the requested set; "auto" takes the best that terminal and encoding can show."""
    if wanted != "auto":
        if wanted not in SETS:
            raise ConfigError(f"unknown glyphs {wanted!r}{did_you_mean(wanted, [*SETS, 'auto'])}")
        return SETS[wanted]
    if "utf" not in (encoding or "").lower():
        return ASCII
    term = (environment if environment is not None else os.environ).get("TERM", "")
    return VT if term.startswith(TERMS_WITHOUT_EIGHTHS) else UNICODE


def sparkline(values: Sequence[float | None], low: float, high: float, glyphs: Glyphs) -> str:
    """Return one character a value, scaled from ``low`` to ``high``; None is a blank."""
    levels = glyphs.levels
    top = len(levels) - 1
    span = high - low
    drawn = []
    for number in values:
        if number is None:
            drawn.append(" ")
        elif span <= 0:
            drawn.append(levels[0])
        else:
            place = round((number - low) / span * top)
            drawn.append(levels[0 if place < 0 else top if place > top else place])
    return "".join(drawn)


def bar(fraction: float, width: int, glyphs: Glyphs) -> str:
    """Return a horizontal bar of ``width`` characters, ends included."""
    opening, closing = glyphs.bar_ends
    inner = width - len(opening) - len(closing)
    if inner <= 0:
        return ""
    parts = len(glyphs.bar) - 1
    filled = round(min(1.0, max(0.0, fraction)) * inner * parts)
    full, rest = divmod(filled, parts)
    text = glyphs.bar[-1] * full
    if rest:
        text += glyphs.bar[rest]
    return opening + text.ljust(inner, glyphs.bar[0]) + closing
