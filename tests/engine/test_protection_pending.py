"""Which stage is about to trip, which has tripped, and what is left of it when nothing is."""

from dataclasses import replace

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine import protection
from twin_tui.engine.grid_code import EnterService, GridCode, Quantity, TripStage
from twin_tui.engine.protection import Operation, ProtectionState
from twin_tui.engine.surroundings import Surroundings

CAT_II, CAT_III = (load_grid_code(f"ieee1547-2018-cat-{number}") for number in ("ii", "iii"))
VDE = load_grid_code("vde-ar-n-4105")
GOOD = (1.0, 1.0, 60.0)


def step(
    code: GridCode,
    state: ProtectionState,
    grid: tuple[float, float, float],
    steps: int = 1,
    *,
    in_service: bool = True,
) -> ProtectionState:
    low, high, hz = grid
    for _ in range(steps):
        surroundings = Surroundings(0.1, v_min_pu=low, v_max_pu=high, frequency_hz=hz)
        state = protection.step(code, state, surroundings, in_service=in_service)
    return state


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_stages_at_once_the_one_that_trips_first_is_pending(turned: bool) -> None:
    code = replace(CAT_III, stages=CAT_III.stages[::-1]) if turned else CAT_III
    state = step(code, protection.initial(code), (0.45, 1.0, 60.0), 6)
    # UV2 takes 2 s and UV1 21 s, from the first step on
    assert (state.stage, state.remaining_s) == ("UV2", pytest.approx(1.5))
    state = step(code, state, (0.45, 1.0, 60.0), 15)
    assert (state.operation, state.stage) == (Operation.TRIPPED, "UV2")
    assert (state.share, state.remaining_s, state.calm, state.in_service) == (0.0, 300.0, False, True)


@pytest.mark.parametrize("turned", [False, True])
def test_a_stage_that_has_waited_long_goes_before_a_fast_one_that_has_just_begun(turned: bool) -> None:
    code = replace(CAT_III, stages=CAT_III.stages[::-1]) if turned else CAT_III
    state = step(code, protection.initial(code), (0.8, 1.0, 60.0), 205)
    assert (state.stage, state.remaining_s) == ("UV1", pytest.approx(0.6))
    state = step(code, state, (0.45, 1.0, 60.0), 4)
    assert (state.stage, state.remaining_s) == ("UV1", pytest.approx(0.2))


@pytest.mark.parametrize("code", [CAT_III, VDE], ids=["without memory", "with memory"])
def test_a_dip_that_has_ended_leaves_nothing_to_wait_for(code: GridCode) -> None:
    good = (1.0, 1.0, code.nominal_hz)
    state = step(code, protection.initial(code), (0.79, 1.0, code.nominal_hz))
    assert state.stage
    assert not state.calm
    state = step(code, state, good, 1 + round(code.cease_back_s / 0.1))
    assert (state.operation, state.stage, state.remaining_s) == (Operation.RUNNING, "", 0.0)
    assert (state.share, state.progress, state.calm) == (1.0, 1.0, True)
    assert set(state.timers) == {-1.0}


def test_after_a_trip_the_stage_is_named_until_the_device_is_back() -> None:
    window = EnterService(0.9, 1.1, 49.5, 50.5, 0.5, 0.5)
    stages = (TripStage("U<", Quantity.VOLTAGE, False, 0.8, 0.2),)
    code = GridCode("own", "own", 50.0, stages, window)
    state, seen = protection.initial(code), []
    for low in (*[0.5] * 6, *[1.0] * 11):
        state = step(code, state, (low, 1.0, 50.0))
        if not seen or seen[-1] != (state.operation, state.stage):
            seen.append((state.operation, state.stage))
    assert seen == [
        (Operation.RUNNING, "U<"),
        (Operation.TRIPPED, "U<"),
        (Operation.WAITING, "U<"),
        (Operation.RAMPING, "U<"),
        (Operation.RUNNING, ""),
    ]


def test_a_device_that_is_switched_off_while_a_stage_counts_has_not_tripped() -> None:
    state = step(CAT_III, protection.initial(CAT_III), (0.8, 1.0, 60.0), 3)
    assert state.stage == "UV1"
    state = step(CAT_III, state, (0.8, 1.0, 60.0), 300, in_service=False)
    assert (state.operation, state.stage, state.share) == (Operation.TRIPPED, "", 0.0)
    assert state.remaining_s == 300.0
    state = step(CAT_III, state, GOOD, 11, in_service=False)
    assert (state.operation, state.stage) == (Operation.WAITING, "")
    assert state.remaining_s == pytest.approx(299.0)


def test_a_healthy_grid_asks_nothing_of_a_device_that_is_off() -> None:
    state = protection.initial(CAT_III, in_service=False)
    assert step(CAT_III, state, GOOD, in_service=False) is state
    started = step(CAT_III, state, GOOD)
    assert (started.operation, started.share, started.in_service) == (Operation.RUNNING, 1.0, True)
    assert step(CAT_III, started, GOOD) is started


def test_the_delay_of_enter_service_runs_while_a_device_is_off() -> None:
    state = step(CAT_III, protection.initial(CAT_III, in_service=False), (1.0, 1.0, 60.2), in_service=False)
    assert (state.operation, state.remaining_s) == (Operation.TRIPPED, 300.0)
    state = step(CAT_III, state, GOOD, 3000, in_service=False)
    assert (state.operation, state.remaining_s) == (Operation.WAITING, pytest.approx(0.1))
    state = step(CAT_III, state, GOOD, in_service=False)
    # it had to wait: its start takes the ramp
    assert (state.operation, state.share, state.remaining_s) == (Operation.RAMPING, 0.0, 300.0)
    # and the ramp begins with the step after the one in which it is switched on
    state = step(CAT_III, state, GOOD, 151)
    assert state.share == pytest.approx(150 * 0.1 / 300.0)


def test_a_cessation_names_the_stage_that_counts_and_keeps_the_progress_of_the_ramp() -> None:
    state = step(CAT_II, protection.initial(CAT_II), (0.29, 1.0, 60.0))
    assert (state.operation, state.stage, state.share) == (Operation.CEASED, "UV2", 0.0)
    assert state.remaining_s == pytest.approx(0.16)
    assert (state.progress, state.calm, state.in_service) == (1.0, False, True)
