"""The ten-minute mean is one of the highest voltage, whatever the other phases do."""

from dataclasses import replace

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine import protection
from twin_tui.engine.device import Status
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb
from twin_tui.engine.protection import Operation
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.surroundings import Surroundings

VDE = load_grid_code("vde-ar-n-4105")
# a sag of the other phases is nothing to this one
MEAN_ALONE = replace(VDE, stages=tuple(stage for stage in VDE.stages if stage.name == "U>"))


def seconds_to_trip(v_min_pu: float, v_max_pu: float, dt_s: float = 1.0, limit_s: float = 2000.0) -> float:
    state = protection.initial(MEAN_ALONE)
    grid = Surroundings(dt_s, v_min_pu=v_min_pu, v_max_pu=v_max_pu)
    for tick in range(round(limit_s / dt_s)):
        state = protection.step(MEAN_ALONE, state, grid)
        if state.operation is Operation.TRIPPED:
            return tick * dt_s
    return float("inf")


@pytest.mark.parametrize("lowest_pu", [0.9, 1.0, 1.1, 1.125])
def test_the_mean_of_the_highest_voltage_trips_whatever_the_lowest_is(lowest_pu: float) -> None:
    # from 1.00 at 1.125 the mean passes 1.10 after four fifths of its ten minutes
    assert seconds_to_trip(lowest_pu, 1.125) == pytest.approx(480.0, abs=6.0)


def test_a_low_phase_brings_no_mean_down_nor_up() -> None:
    assert seconds_to_trip(0.86, 1.09) == float("inf")


@pytest.mark.parametrize("phase", ["a", "b", "c"])
def test_a_swell_of_any_one_phase_trips_an_inverter_within_ten_minutes(phase: str) -> None:
    inverter = DevicePlan("pv", PV, PvParams(10_000.0, 10_000.0, grid_code=VDE))
    engine = Engine(SitePlan("test", (inverter,), dt_s=1.0))
    engine.advance(30)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.13, 3600.0, phases=phase)))
    engine.advance(400)
    assert engine.devices["pv"].state.status is not Status.TRIPPED
    engine.advance(200)
    assert engine.devices["pv"].state.status is Status.TRIPPED
