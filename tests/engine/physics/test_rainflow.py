"""Cycle counting, one turning point after the other, by hand."""

import pytest

from twin_tui.engine.physics.rainflow import DEEPEST, Turn, turned


def count(*values: float) -> tuple[list[tuple[float, float, float]], tuple[float, ...]]:
    """Return what closes, as (from, to, count), and the values that stay open."""
    turns: tuple[Turn, ...] = ((values[0], 0.0),)
    found = []
    for moved, newest in enumerate(values[1:], start=1):
        turns, closed = turned(turns, (newest, float(moved)))
        found += [(first[0], second[0], number) for first, second, number in closed]
    return found, tuple(turn[0] for turn in turns)


@pytest.mark.parametrize(
    ("values", "closed", "open_"),
    [
        # nothing closes before a range is at least as large as the one before it
        ((0.5, 0.8), [], (0.5, 0.8)),
        ((0.5, 0.8, 0.6), [], (0.5, 0.8, 0.6)),
        # the first range is half a cycle, when it is reached again or passed
        ((0.5, 0.8, 0.5), [(0.5, 0.8, 0.5)], (0.8, 0.5)),
        ((0.5, 0.8, 0.4), [(0.5, 0.8, 0.5)], (0.8, 0.4)),
        # a small range within a larger one is a whole cycle
        ((0.2, 0.8, 0.5, 0.6, 0.3), [(0.5, 0.6, 1.0)], (0.2, 0.8, 0.3)),
        ((0.2, 0.8, 0.5, 0.8), [(0.8, 0.5, 1.0)], (0.2, 0.8)),
        ((0.2, 0.8, 0.5, 0.9), [(0.8, 0.5, 1.0)], (0.2, 0.9)),
        ((0.2, 0.9, 0.4, 0.7, 0.1), [(0.4, 0.7, 1.0), (0.2, 0.9, 0.5)], (0.9, 0.1)),
        # a start that has not moved yet is begun again
        ((0.5, 0.5), [], (0.5,)),
        ((0.5, 0.5, 0.8), [], (0.5, 0.8)),
    ],
)
def test_ranges_close_as_the_standard_says(
    values: tuple[float, ...], closed: list[tuple[float, float, float]], open_: tuple[float, ...]
) -> None:
    assert count(*values) == (closed, open_)


def test_what_belongs_to_a_turning_point_stays_with_it() -> None:
    turns, closed = turned(((0.2, 0.0, 1.0), (0.8, 6.0, 2.0)), (0.1, 13.0, 3.0))
    assert closed == [((0.2, 0.0, 1.0), (0.8, 6.0, 2.0), 0.5)]
    assert turns == ((0.8, 6.0, 2.0), (0.1, 13.0, 3.0))


def test_of_more_open_ranges_than_are_kept_the_oldest_is_half_a_cycle() -> None:
    values = [0.5 + 0.4 * (-0.9) ** number for number in range(DEEPEST + 2)]
    closed, open_ = count(*values)
    assert open_ == tuple(values[2:])
    assert closed == [(values[0], values[1], 0.5), (values[1], values[2], 0.5)]
