"""A small drawing of a screen: a box for each of its parts, with its name, where it is on the screen."""

from collections.abc import Sequence
from itertools import pairwise

from textual.geometry import Region

from twin_tui.engine.formats import fit

ROWS = 12
"""About how many rows the drawing has."""
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
BOX = " │││─┘┐┤─└┌├─┴┬┼"
ASCII_BOX = " |||-+++-+++-+++"
"""The characters for lines that leave a cell upwards (1), downwards (2), to the left (4) and right (8)."""


def picture(parts: Sequence[tuple[str, Region]], screen: Region, width: int, line: str = "─") -> list[str]:
    """Return the drawing, ``width`` columns wide; ``line`` is what boxes are drawn with."""
    rows = _rows(parts, screen)
    drawing = BOX if line == "─" else ASCII_BOX
    canvas = [[" "] * width for _ in range(max(rows.values(), default=0) + 1)]
    sides: dict[tuple[int, int], int] = {}
    """Which of up, down, left and right a line leaves a cell to, as bits."""
    for _, place in parts:
        left = round((place.x - screen.x) * width / screen.width)
        right = min(width - 1, round((place.right - screen.x) * width / screen.width))
        if right - left < 3:
            continue
        top, bottom = rows[place.y], rows[place.bottom]
        for y in (top, bottom):
            for x in range(left, right + 1):
                sides[y, x] = sides.get((y, x), 0) | LEFT * (x > left) | RIGHT * (x < right)
        for x in (left, right):
            for y in range(top, bottom + 1):
                sides[y, x] = sides.get((y, x), 0) | UP * (y > top) | DOWN * (y < bottom)
    for (y, x), bits in sides.items():
        canvas[y][x] = drawing[bits]
    for name, place in parts:
        left = round((place.x - screen.x) * width / screen.width)
        right = round((place.right - screen.x) * width / screen.width)
        label = fit(f" {name} ", max(0, min(len(name) + 2, right - left - 3)), "")
        canvas[rows[place.y]][left + 2 : left + 2 + len(label)] = list(label)
    return ["".join(row) for row in canvas]


def _rows(parts: Sequence[tuple[str, Region]], screen: Region) -> dict[int, int]:
    """Return the row of the drawing for each edge: what has one line has one row, the rest in proportion."""
    edges = sorted({edge for _, place in parts for edge in (place.y, place.bottom)})
    rows, row = dict.fromkeys(edges[:1], 0), 0
    for above, below in pairwise(edges):
        height = below - above
        row += 1 if height == 1 else max(2, round(height * ROWS / screen.height))
        rows[below] = row
    return rows
