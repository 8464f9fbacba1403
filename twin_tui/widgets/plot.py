"""A line plot of one signal for the screen, drawn by plotext in the characters that the terminal has."""

import math
from collections.abc import Sequence

from twin_tui.run.plots import plot as drawn
from twin_tui.widgets.glyphs import Glyphs

LEAST_WIDTH = 24


def points_across(width: int, glyphs: Glyphs) -> int:
    """Return how many values a plot of some width can tell apart."""
    return max(2, width * (2 if glyphs.levels[0] == "▁" else 1))


def plot(
    values: Sequence[float | None],
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    least_span: float = 0.0,
    ends: tuple[str, str, str] | None = None,
) -> list[str]:
    """Return ``height`` lines: values from left to right; ``ends`` names the times under them."""
    last = max(1, len(values) - 1)
    points = [
        (float(place), value)
        for place, value in enumerate(values)
        if value is not None and math.isfinite(value) and abs(value) < 1e15
    ]
    if not points or width < LEAST_WIDTH or height < 2:
        return [" " * width] * height
    ticks = [] if ends is None else [(0.0, ends[0]), (last / 2, ends[1]), (float(last), ends[2])]
    marker = "*" if not glyphs.unicode else "braille" if glyphs.levels[0] == "▁" else "█"
    text = drawn(
        points, width, height, marker=marker, span=(0.0, float(last)), ticks=ticks, least_span=least_span
    )
    lines = [line[:width].ljust(width) for line in text.splitlines()[:height]]
    return lines + [" " * width] * (height - len(lines))
