"""What a droop is a fraction of: the power that a generator would give now, or the rating."""

from dataclasses import replace

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine import grid_support
from twin_tui.engine.grid_support import NEUTRAL


def test_a_droop_of_power_is_of_what_the_device_would_give_now_and_one_of_the_rating_is_not() -> None:
    # (50.7 - 50.2) Hz over 50 Hz x 5 % is 0.2
    code = load_grid_code("vde-ar-n-4105")
    assert code.frequency_droop is not None
    rating = replace(code, frequency_droop=replace(code.frequency_droop, of_power=False))
    state = grid_support.step(code, NEUTRAL, 1e9, 1.0, 50.7)
    for p_pu in (1.0, 0.5, 0.1):
        assert grid_support.answer(code, state, 1e9, p_pu, 0.0, 1.0)[0] == pytest.approx(0.8 * p_pu)
        of_rating = grid_support.answer(rating, state, 1e9, p_pu, 0.0, 1.0)[0]
        assert of_rating == pytest.approx(max(0.0, p_pu - 0.2))
        storage = grid_support.answer(code, state, 1e9, p_pu, -1.0, 1.0, storage=True)[0]
        assert storage == pytest.approx(p_pu - 0.2)
