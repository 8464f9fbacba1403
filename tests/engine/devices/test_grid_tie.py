"""What ties a device to the grid: protection by the extremes of the voltages, support by their mean."""

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine import grid_support
from twin_tui.engine.device import Status
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.grid_support import NEUTRAL
from twin_tui.engine.surroundings import Surroundings

CODE = load_grid_code("ieee1547-2018-cat-iii", volt_var=True, volt_watt=True)


def around(a: float, b: float, c: float, hz: float = 60.0) -> Surroundings:
    low, high = min(a, b, c), max(a, b, c)
    return Surroundings(
        0.1, nominal_hz=60.0, frequency_hz=hz, va_pu=a, vb_pu=b, vc_pu=c, v_min_pu=low, v_max_pu=high
    )


@pytest.mark.parametrize("phases", [(1.05, 1.05, 1.05), (1.02, 1.05, 1.08), (1.08, 1.04, 1.03)])
def test_support_answers_the_mean_of_the_phases(phases: tuple[float, float, float]) -> None:
    tie = grid_tie.step(CODE, grid_tie.initial(CODE, in_service=True), around(*phases))
    alone = grid_support.step(CODE, NEUTRAL, 0.1, 1.05, 60.0)
    assert tie.support.q_pu == pytest.approx(alone.q_pu)
    assert tie.support.q_pu < 0.0
    assert (tie.status, tie.free, tie.share) == (Status.RUNNING, False, 1.0)


def test_a_healthy_grid_leaves_the_tie_as_it_is() -> None:
    tie = grid_tie.initial(CODE, in_service=True)
    assert grid_tie.step(CODE, tie, around(1.0, 1.0, 1.0)) is tie
    assert (tie.free, tie.share, tie.status, tie.support) == (True, 1.0, Status.RUNNING, NEUTRAL)


def test_without_a_code_a_device_runs_with_the_voltage_and_without_support() -> None:
    live, dead = around(0.5, 0.5, 0.5, 40.0), around(0.0, 0.0, 0.0, 0.0)
    dead.grid_live = False
    for before in (grid_tie.UNTIED, grid_tie.DEAD):
        assert grid_tie.step(None, before, live) is grid_tie.UNTIED
        assert grid_tie.step(None, before, dead) is grid_tie.DEAD
    assert grid_tie.initial(None) is grid_tie.UNTIED
    assert grid_tie.supported(None, grid_tie.UNTIED, 0.1, 0.7, 0.0, 0.5) == (0.7, grid_tie.UNTIED)


def test_a_frequency_that_cannot_be_measured_asks_for_no_droop() -> None:
    tie = grid_tie.step(CODE, grid_tie.initial(CODE, in_service=True), around(0.2, 0.2, 0.2, 0.0))
    assert tie.support.droop_target_pu == 0.0
    assert (tie.status, tie.share, tie.free) == (Status.CEASED, 0.0, False)
