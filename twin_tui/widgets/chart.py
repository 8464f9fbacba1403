"""A line chart in text: ticks at round values on rows where they are exact, a zero line, marks beneath."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from twin_tui.engine import formats
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.spans import Line, Span

LEAST_WIDTH, LEAST_HEIGHT = 16, 2
DOTS_DOWN, DOTS_ACROSS = 4, 2
"""Points of braille in one cell."""
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
ROUND = (1.0, 2.0, 5.0)
TOO_LARGE = 1e15
LEAST_SPAN = 1e-9
"""What an axis spans at least: smaller differences are rounding."""
MINUTE_S, HOUR_S = 60.0, 3600.0
STEPS_S = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0),
    *(MINUTE_S * minutes for minutes in (1, 2, 5, 10, 20, 30)),
    *(HOUR_S * hours for hours in (1, 2, 3, 6, 12, 24, 48, 168, 720)),
)
"""The distances of two times under a chart."""
LEAST_APART = 12
"""Times under a chart are at least so many columns apart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: values from left to right, two a column, and the role of its colour."""

    values: Sequence[float | None]
    role: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A text in the first or last row of a chart: values that are beyond it, with where they end."""

    text: str
    top: bool
    place: float
    """From 0 at the left to 1 at the right."""
    role: str = "strong"


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
    least_span = max(least_span, LEAST_SPAN)
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
    notes: Sequence[Note] = (),
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
    across = DOTS_ACROSS if glyphs.braille else 1
    rows = tuple(_dots(curve, room * across, scale, glyphs.braille) for curve in curves)
    roles = tuple((curve.role, curve.dashed) for curve in curves)
    letters = None if glyphs.braille else glyphs.curve
    grid = [
        [(glyphs.line, "axis") if ticks.get(row) == 0.0 else (" ", "plain")] * room for row in range(height)
    ]
    for column in range(room):
        at = column * across
        near = tuple(dots[max(0, at - 1) : at + across] if at else (None, *dots[:across]) for dots in rows)
        for row, cell in _column(near, roles, column % 2 == 1, letters):
            grid[row][column] = cell
    for note in notes:
        text = note.text[:room]
        start = max(0, round(note.place * room) - len(text))
        grid[0 if note.top else -1][start : start + len(text)] = [(each, note.role) for each in text]
    lines: list[Line] = []
    for row in range(height):
        label = labels.get(row, "")
        corner = glyphs.tick if label else glyphs.upright
        lines.append([(label.rjust(margin), "label"), (corner, "axis"), *_runs(grid[row])])
    return lines


def _runs(cells: Sequence[Span]) -> Line:
    """Return cells as spans, neighbours of one role as one."""
    return [("".join(text for text, _ in run), role) for role, run in groupby(cells, itemgetter(1))]


def tick_text(value: float, step: float) -> str:
    """Return a tick with as many decimals as its step has."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    text = f"{value:.{min(decimals, 6)}f}" if abs(value) < 1e7 else f"{value:.3g}"
    return text.lstrip("-") if not text.strip("-0.") else text


def points_across(width: int, glyphs: Glyphs) -> int:
    """Return how many values a chart of some width can resolve."""
    return max(2, width * (DOTS_ACROSS if glyphs.braille else 1))


def margin_of(line: Line) -> int:
    """Return how many columns of a chart's line are left of its drawing."""
    return len(line[0][0]) + 1 if len(line) > 1 else 0


def marks(places: Sequence[tuple[float, str, str]], width: int, margin: int) -> Line:
    """Return the line of marks: (0 at the left to 1 at the right, letter, role); the last one wins a cell."""
    cells: list[tuple[str, str]] = [(" ", "plain")] * max(0, width - margin)
    for place, letter, role in places:
        if cells and 0.0 <= place <= 1.0:
            cells[min(len(cells) - 1, int(place * len(cells)))] = letter, role
    return [(" " * margin, "plain"), *_runs(cells)]


def times(end_s: float, span_s: float, width: int, margin: int) -> Line:
    """Return the line of times under a chart: round ones, each from the column that it begins in."""
    room = max(0, width - margin)
    step_s = next((each for each in STEPS_S if each >= span_s * LEAST_APART / max(1, room)), STEPS_S[-1])
    text = ""
    for number in range(math.ceil((end_s - span_s) / step_s), math.ceil(end_s / step_s)):
        at, shown = int((number * step_s - end_s + span_s) / span_s * room), formats.clock(number * step_s)
        shown = shown.removesuffix(".0")
        if number >= 0 and (at > len(text) or not text) and at + len(shown) <= room:
            text = text.ljust(at) + shown
    return [(" " * margin, "plain"), (text.ljust(room), "label")]


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < TOO_LARGE


def _dots(curve: Curve, count: int, scale: Axis, fine: bool) -> tuple[int | None, ...]:
    """Return the rows of so many points of a curve, in dots of braille or in whole rows."""
    down = DOTS_DOWN if fine else 1
    last, values, many = scale.rows * down - 1, curve.values, len(curve.values)
    # a tick's row has its value in the middle: between the second and the third of four dots
    middle = (down - 1) / 2 - 0.25 * (down > 1)
    found: list[int | None] = []
    for place in range(count):
        value = values[min(many - 1, place * many // count)]
        if value is None or not _drawable(value):
            found.append(None)
        else:
            found.append(min(max(round(scale.place(value) * down + middle), 0), last))
    return tuple(found)


@lru_cache(maxsize=16_384)
def _column(
    near: tuple[tuple[int | None, ...], ...],
    roles: tuple[tuple[str, bool], ...],
    odd: bool,
    letters: tuple[str, str] | None,
) -> tuple[tuple[int, Span], ...]:
    """Return the rows and cells of one column; the first curve is on top.

    ``near`` has the dots of each curve in this column, and before them the last one of the column before.
    Without letters a curve is drawn in braille.
    """
    down = 1 if letters else DOTS_DOWN
    bits: dict[int, int] = {}
    cells: dict[int, Span] = {}
    for (dot_before, *dots), (role, dashed) in reversed(list(zip(near, roles, strict=True))):
        before = dot_before
        for across, dot in enumerate(dots):
            if dot is not None:
                first, last = sorted((dot, dot if before is None else before))
                for y in range(first, last + 1) if not (dashed and odd and first == last) else ():
                    row = y // down
                    if not letters:
                        bits[row] = bits.get(row, 0) | _BITS[y % DOTS_DOWN][across]
                    cells[row] = letters[dashed] if letters else chr(0x2800 + bits[row]), role
            before = dot
    return tuple(cells.items())
