"""A line plot in characters: braille where the font has it, blocks or asterisks elsewhere. Pure drawing."""

import math
from collections.abc import Sequence

from twin_tui.widgets.glyphs import Glyphs

LABEL_WIDTH = 9
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a braille character by column and row."""


def points_across(width: int, glyphs: Glyphs) -> int:
    """Return how many values a plot of some width can show."""
    return max(1, width - LABEL_WIDTH - 1) * (2 if glyphs.levels[0] == "▁" else 1)


def plot(
    values: Sequence[float | None], width: int, height: int, glyphs: Glyphs, *, least_span: float = 0.0
) -> list[str]:
    """Return ``height`` lines: values from left to right, with three or more labels at the left."""
    fine = glyphs.levels[0] == "▁"
    across, down = (2, 4) if fine else (1, 1)
    columns, rows = max(1, width - LABEL_WIDTH - 1), max(1, height)
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return [" " * width] * rows
    low, high = _limits(min(known), max(known), least_span)
    grid = [[0] * columns for _ in range(rows)]
    last: int | None = None
    for place, value in enumerate(values[: columns * across]):
        if value is None or not math.isfinite(value):
            last = None
            continue
        dot = round((high - value) / (high - low) * (rows * down - 1))
        start = dot if last is None else last
        for y in range(min(start, dot), max(start, dot) + 1):
            grid[y // down][place // across] |= _DOTS[place % across][y % down] if fine else 1
        last = dot
    lines = []
    every = max(1, (rows - 1) // max(1, min(4, (rows - 1) // 2))) if rows > 1 else 1
    for row in range(rows):
        label = ""
        if row % every == 0:
            middle = (
                row * down + (down - 1) / 2 if 0 < row < rows - 1 else (0 if row == 0 else rows * down - 1)
            )
            label = _label(high - (high - low) * middle / max(1, rows * down - 1), high - low)
        axis = "┤" if glyphs.unicode and label else "│" if glyphs.unicode else "|"
        if fine:
            drawn = "".join(chr(0x2800 + bits) if bits else " " for bits in grid[row])
        else:
            drawn = "".join(glyphs.levels[-1] if bits else " " for bits in grid[row])
        lines.append(f"{label:>{LABEL_WIDTH}}{axis}{drawn}")
    return lines


def time_axis(width: int, left: str, middle: str, right: str) -> str:
    """Return the line under a plot: the times at its left end, in the middle and at the right end."""
    room = max(1, width - LABEL_WIDTH - 1)
    if room < len(left) + len(middle) + len(right) + 4:
        return " " * (LABEL_WIDTH + 1) + left + right.rjust(max(0, room - len(left)))
    half = room // 2 - len(middle) // 2 - len(left)
    text = left + " " * half + middle
    return " " * (LABEL_WIDTH + 1) + text + right.rjust(room - len(text))


def _limits(low: float, high: float, least_span: float) -> tuple[float, float]:
    """Return limits a little outside the values and never closer together than ``least_span``."""
    span = max(high - low, least_span, 1e-3 * max(1.0, abs(high)))
    step = 10.0 ** math.floor(math.log10(span))
    step = next((step * part for part in (0.1, 0.2, 0.5) if span / (step * part) <= 10), step)
    missing = (span - (high - low)) / 2
    return math.floor((low - missing) / step) * step, math.ceil((high + missing) / step) * step


def _label(value: float, span: float) -> str:
    decimals = max(0, min(4, 1 - math.floor(math.log10(span)))) if span > 0 else 0
    text = f"{value:.{decimals}f}"
    if len(text) > LABEL_WIDTH:
        text = f"{value:.2e}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
