"""Counting of the cycles in a course, one turning point after the other."""

DEEPEST = 32
"""Turning points that are kept; so many ranges, each smaller than the one before, hardly occur."""

Turn = tuple[float, ...]
"""A turning point: the value that is counted, and whatever totals at that moment belong to it."""
Closed = tuple[Turn, Turn, float]
"""A counted range: its two turning points, and 1 for a cycle or 0.5 for half of one."""


def turned(turns: tuple[Turn, ...], newest: Turn) -> tuple[tuple[Turn, ...], list[Closed]]:
    """Return the open turning points after a new one, and the ranges that it closes.

    Notes
    -----
    Rule 5.4.4 of the standard, applied as the points come. The ranges that stay open become smaller from one
    to the next. When they are more than ``DEEPEST``, the oldest counts as half a cycle, as the standard
    counts it at the end of a record: a cycle that would have closed it later is counted with less depth.

    References
    ----------
    ASTM E1049-85 (2017), "Standard Practices for Cycle Counting in Fatigue Analysis".
    """
    if len(turns) == 1 and turns[0][0] == newest[0]:
        return (newest,), []
    points = [*turns, newest]
    closed: list[Closed] = []
    while len(points) >= 3:
        first, second, third = points[-3:]
        if abs(third[0] - second[0]) < abs(second[0] - first[0]):
            break
        if len(points) == 3:
            closed.append((first, second, 0.5))
            del points[0]
        else:
            closed.append((first, second, 1.0))
            del points[-3:-1]
    if len(points) > DEEPEST:
        closed.append((points[0], points[1], 0.5))
        del points[0]
    return tuple(points), closed
