"""A small drawing of a screen: a box for each of its parts, with its name, where it is on the screen."""

from collections.abc import Sequence
from itertools import pairwise

from textual.geometry import Region

from twin_tui.engine.formats import fit

ROWS = 12
"""About how many rows the drawing has."""


def picture(parts: Sequence[tuple[str, Region]], screen: Region, width: int, line: str = "─") -> list[str]:
    """Return the drawing, ``width`` columns wide; ``line`` is what boxes are drawn with."""
    rows = _rows(parts, screen)
    across, down = ("─", "│") if line == "─" else ("-", "|")
    canvas = [[" "] * width for _ in range(max(rows.values(), default=0))]
    for name, place in parts:
        left = round((place.x - screen.x) * width / screen.width)
        right = round((place.right - screen.x) * width / screen.width)
        if right - left < 4:
            continue
        top = rows[place.y]
        for y in range(top, rows[place.bottom]):
            canvas[y][left:right] = [down, *(across if y == top else " ") * (right - left - 2), down]
        label = fit(f" {name} ", min(len(name) + 2, right - left - 3), "")
        canvas[top][left + 2 : left + 2 + len(label)] = list(label)
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
