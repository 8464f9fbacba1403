"""A line chart in text: ticks at round values on rows where they are exact, a zero line, marks beneath."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin_tui.engine.formats import fit
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.spans import Line

LEAST_WIDTH, LEAST_HEIGHT = 16, 2
DOTS_DOWN, DOTS_ACROSS = 4, 2
"""Points of braille in one cell."""
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
ROUND = (1.0, 2.0, 5.0)
TOO_LARGE = 1e15


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: values from left to right, two a column, and the role of its colour."""

    values: Sequence[float | None]
    role: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """The rows of a chart: ``top`` is the value of the first row, each next row is ``per_row`` less."""

    top: float
    per_row: float
    rows: int
    every: int
    """A tick is on every so many rows, counted from ``first``."""
    first: int
    step: float
    """The distance between two ticks: 1, 2 or 5 times a power of ten."""

    @property
    def bottom(self) -> float:
        """The value of the last row."""
        return self.top - (self.rows - 1) * self.per_row

    def ticks(self) -> dict[int, float]:
        """Return the round values by the rows they are on."""
        return {
            row: round((self.top - row * self.per_row) / self.step) * self.step
            for row in range(self.first, self.rows, self.every)
        }

    def place(self, value: float) -> float:
        """Return the row of a value, with its fraction: a tick's is whole."""
        return (self.top - value) / self.per_row


def axis(low: float, high: float, rows: int, *, least_span: float = 0.0) -> Axis:
    """Return the axis that shows ``low`` to ``high`` largest, on so many rows, with ticks of 1, 2 or 5."""
    if not high > low:
        least_span = max(least_span, 0.02 * max(1.0, abs(high)))
    if high - low < least_span:
        middle = (low + high) / 2
        low, high = middle - least_span / 2, middle + least_span / 2
    best: tuple[float, Axis] | None = None
    size = math.floor(math.log10(high - low))
    for power in range(size - 2, size + 2):
        for digit in ROUND:
            step = digit * 10.0**power
            below, above = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
            parts = max(1, above - below)
            every = (rows - 1) // parts
            if every < 1:
                continue
            spare = rows - 1 - parts * every
            shown = (high - low) / (step / every * (rows - 1))
            score = shown - 0.05 * (every == 1 and rows > 5) - 0.04 * max(0, parts - 6)
            if best is None or score > best[0] + 1e-9:
                first = spare // 2
                best = (
                    score,
                    Axis(above * step + first * step / every, step / every, rows, every, first % every, step),
                )
    if best is not None:
        return best[1]
    step = 10.0**size  # too few rows for two ticks: only the top is one
    top = math.ceil(high / step - 1e-9) * step
    return Axis(top, (top - low) / (rows - 1), rows, rows, 0, step)


def chart(
    curves: Sequence[Curve],
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    zero: bool = False,
    least_span: float = 0.0,
) -> list[Line]:
    """Return ``height`` lines of ``width`` columns; ``zero`` has zero always among the values shown."""
    known = [v for curve in curves for v in curve.values if v is not None and _drawable(v)]
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or not known:
        return [[(" " * width, "plain")] for _ in range(height)]
    low, high = min(known), max(known)
    if zero:
        low, high = min(0.0, low), max(0.0, high)
    scale = axis(low, high, height, least_span=least_span)
    ticks = scale.ticks()
    labels = {row: tick_text(value, scale.step) for row, value in ticks.items()}
    margin = max(len(text) for text in labels.values()) + 1
    room = width - margin - 1
    cells = _drawn(curves, room, scale, glyphs)
    lines: list[Line] = []
    for row in range(height):
        label = labels.get(row, "")
        at_zero = row in ticks and abs(ticks[row]) < scale.per_row * 1e-6
        blank = (glyphs.line, "axis") if at_zero else (" ", "plain")
        corner = glyphs.tick if label else glyphs.upright
        line: Line = [(label.rjust(margin), "label"), (corner, "axis")]
        for column in range(room):
            text, role = cells.get((row, column), blank)
            if len(line) > 2 and line[-1][1] == role:
                line[-1] = line[-1][0] + text, role
            else:
                line.append((text, role))
        lines.append(line)
    return lines


def tick_text(value: float, step: float) -> str:
    """Return a tick with as many decimals as its step has."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    text = f"{value:.{min(decimals, 6)}f}" if abs(value) < 1e7 else f"{value:.3g}"
    return text.lstrip("-") if not text.strip("-0.") else text


def margin_of(line: Line) -> int:
    """Return how many columns of a chart's line are left of its drawing."""
    return len(line[0][0]) + 1 if len(line) > 1 else 0


def marks(places: Sequence[tuple[float, str, str]], width: int, margin: int) -> Line:
    """Return the line of marks: (0 at the left to 1 at the right, letter, role); the last one wins a cell."""
    cells: list[tuple[str, str]] = [(" ", "plain")] * max(0, width - margin)
    for place, letter, role in places:
        if cells and 0.0 <= place <= 1.0:
            cells[min(len(cells) - 1, int(place * len(cells)))] = letter, role
    line: Line = [(" " * margin, "plain")]
    for text, role in cells:
        if line[-1][1] == role:
            line[-1] = line[-1][0] + text, role
        else:
            line.append((text, role))
    return line


def times(texts: tuple[str, str, str], width: int, margin: int) -> Line:
    """Return the line of times: at the left, in the middle and at the right."""
    left, middle, right = texts
    room = max(0, width - margin)
    text = left.ljust(room)
    if room >= len(left) + len(middle) + len(right) + 4:
        at = (room - len(middle)) // 2
        text = text[:at] + middle + text[at + len(middle) :]
    if room >= len(left) + len(right) + 2:
        text = text[: room - len(right)] + right
    return [(" " * margin, "plain"), (fit(text, room, ""), "label")]


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < TOO_LARGE


def _drawn(
    curves: Sequence[Curve], columns: int, scale: Axis, glyphs: Glyphs
) -> dict[tuple[int, int], tuple[str, str]]:
    """Return the cells of all curves by row and column; the first curve is on top."""
    braille = glyphs.braille
    down, across = (DOTS_DOWN, DOTS_ACROSS) if braille else (1, 1)
    dots: dict[tuple[int, int], int] = {}
    roles: dict[tuple[int, int], tuple[str, str]] = {}
    for number in reversed(range(len(curves))):
        curve = curves[number]
        before: int | None = None
        for place in range(columns * across):
            value = curve.values[min(len(curve.values) - 1, place * len(curve.values) // (columns * across))]
            if value is None or not _drawable(value):
                before = None
                continue
            # a tick's row has its value in the middle: between the second and the third of four dots
            dot = round(scale.place(value) * down + (down - 1) / 2 - 0.25 * (down > 1))
            dot = min(max(dot, 0), scale.rows * down - 1)
            first, last = sorted((dot, dot if before is None else before))
            before = dot
            if curve.dashed and place // across % 2 and first == last:
                continue
            for y in range(first, last + 1):
                cell = y // down, place // across
                if braille:
                    dots[cell] = dots.get(cell, 0) | _BITS[y % DOTS_DOWN][place % DOTS_ACROSS]
                letter = glyphs.curve[1 if curve.dashed else 0]
                roles[cell] = letter, curve.role
    if braille:
        return {cell: (chr(0x2800 + bits), roles[cell][1]) for cell, bits in dots.items()}
    return roles
