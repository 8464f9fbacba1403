"""The search for an operating point, on functions whose point is known."""

import pytest

from twin_tui.engine.physics.fixed_point import FixedPoint, Point


def search(function, start: Point, most: int = 40, found: FixedPoint | None = None) -> tuple[Point, int]:
    way = found or FixedPoint(len(start))
    way.begin()
    point = start
    for count in range(1, most + 1):
        image = function(point)
        if max(abs(a - b) for a, b in zip(image, point, strict=True)) < 1e-9:
            return point, count
        point = way.next(point, image)
    raise AssertionError(f"no point after {most} evaluations, at {point}")


def test_a_function_that_does_not_depend_on_it_takes_two_evaluations() -> None:
    point, count = search(lambda u: (0.9, 1.1, 1.0), (1.0, 1.0, 1.0))
    assert point == pytest.approx((0.9, 1.1, 1.0))
    assert count == 2


@pytest.mark.parametrize("slope", [-0.5, -2.0, -8.0, 0.5])
def test_a_slope_at_which_plain_iteration_diverges_is_learned(slope: float) -> None:
    point, count = search(lambda u: (1.0 + slope * (u[0] - 0.95),), (1.0,))
    assert point[0] == pytest.approx((1.0 - slope * 0.95) / (1.0 - slope))
    assert count <= 4


def test_what_is_learned_is_kept_for_the_next_search() -> None:
    found = FixedPoint(2)

    def coupled(at: float):
        return lambda u: (at - 3.0 * (u[0] + u[1] - 2.0), at - 3.0 * (u[0] + u[1] - 2.0))

    _, first = search(coupled(1.02), (1.0, 1.0), found=found)
    _, second = search(coupled(1.03), (1.0, 1.0), found=found)
    assert second < first


def test_a_function_with_kinks_is_solved_too() -> None:
    def kinked(u: Point) -> Point:
        v = u[0]
        return (1.2 - (0.0 if v < 1.05 else 12.0 * (v - 1.05)) - (0.0 if v < 1.1 else 30.0 * (v - 1.1)),)

    point, _ = search(kinked, (1.0,))
    assert kinked(point)[0] == pytest.approx(point[0])


def test_a_jump_ends_without_a_point_and_without_infinity() -> None:
    with pytest.raises(AssertionError, match="no point after"):
        search(lambda u: (1.2,) if u[0] < 1.1 else (1.0,), (1.0,))


@pytest.mark.parametrize("width", [0.03, 0.005, 0.001])
@pytest.mark.parametrize("power", [0.06, 0.13])
def test_a_slope_shorter_than_the_first_step_is_found_within_a_tick(width: float, power: float) -> None:
    # an inverter of constant power up to 1.05 pu, of none from there plus the width on
    def rise(u: Point) -> Point:
        return tuple([1.0 + power * min(1.0, max(0.0, (1.05 + width - at) / width)) for at in u])

    point, _ = search(rise, (1.0,) * 3, most=14, found=FixedPoint(3, falling=True))
    expected = (1.0 + power * (1.05 + width) / width) / (1.0 + power / width)
    assert point == pytest.approx((expected,) * 3)
