"""The characters that drawings are made of, for good fonts, for the bare console and for plain ASCII."""

import math
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
    tick: str = "┤"
    upright: str = "│"
    curve: tuple[str, str] = ("█", "░")
    """What draws a curve and a dashed one where there is no braille."""
    braille: bool = False
    bar_end: str = "▏"
    """What is right of a bar that is not full, where it has no ends."""
    box: str = "╭╮╰╯"
    """The corners of a card."""
    inject: str = "!"
    """The mark of an injection under a chart; another than that of a trip."""
    beyond: tuple[str, str] = ("↑", "↓")
    """Before a value above and below a chart."""


UNICODE = Glyphs(
    "unicode", "▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█", ("", ""), "─", "▶", "→", "←", "…", "▲", "●", True, braille=True
)
VT = Glyphs(
    "vt", "░▒▓█", "░█", ("", ""), "─", ">", "→", "←", "~", "!", "*", True, bar_end=" ", box="┌┐└┘", inject="i"
)
ASCII = Glyphs(
    *("ascii", "_.-:=+*#", ".#", ("[", "]"), "-", ">", ">", "<", "~", "!", "*", False),
    tick="+",
    upright="|",
    curve=("*", "."),
    bar_end=" ",
    box="++++",
    inject="i",
    beyond=("^", "v"),
)
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


def bar(fraction: float, width: int, glyphs: Glyphs, *, ends: bool = True) -> str:
    """Return a horizontal bar of ``width`` characters, ends included."""
    opening, closing = glyphs.bar_ends if ends else ("", "")
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


def diverging(values: Sequence[float | None], scale: float, glyphs: Glyphs) -> list[tuple[str, int]]:
    """Return a character a value and its sign: negative ones hang from the top once drawn in reverse.

    Zero is a thin line of its own, so that a small steady value differs from none; None is a blank.
    """
    levels = glyphs.levels
    top = len(levels) - 1
    drawn: list[tuple[str, int]] = []
    for number in values:
        if number is None or number != number:  # noqa: PLR0124 - NaN
            drawn.append((" ", 0))
        elif abs(number) < scale * 0.005 or scale <= 0:
            drawn.append((levels[0], 0))
        else:
            place = min(top, max(1, round(abs(number) / scale * top)))
            if number > 0:
                drawn.append((levels[place], 1))
            elif glyphs.braille:
                # the lower part is in the colour of the ground, and a little of it is always left
                drawn.append((levels[max(0, top - 1 - place)], -1))
            else:
                drawn.append((levels[place], -1))
    return drawn


def round_up(value: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below the value; 1 for none."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(
        (digit * size for digit in (1.0, 2.0, 5.0) if value <= digit * size * (1 + 1e-9)), 10.0 * size
    )
