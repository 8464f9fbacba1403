"""On a grid that asks for nothing the protection is left out, with the same result."""

from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.config.grid_codes import grid_code_names, load_grid_code
from twin_tui.engine import grid_support, protection
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.grid_support import NEUTRAL
from twin_tui.engine.protection import SEVERAL
from twin_tui.engine.surroundings import Surroundings

CODES = {name: load_grid_code(name) for name in grid_code_names()}
CODES["all on"] = load_grid_code("ieee1547-2018-cat-iii", volt_var=True, volt_watt=True)
VOLTAGES = [0.0, 0.4, 0.84, 0.85, 0.9, 0.97, 0.98, 1.0, 1.02, 1.05, 1.06, 1.1, 1.11, 1.16, 1.3]
DEVIATIONS = [-3.0, -0.3, -0.2, -0.04, 0.0, 0.036, 0.1, 0.2, 0.25, 1.6]


def grid(dt_s: float, v_pu: float, hz: float) -> Surroundings:
    return Surroundings(
        dt_s,
        va_pu=v_pu,
        vb_pu=v_pu,
        vc_pu=v_pu,
        v_min_pu=v_pu,
        v_max_pu=v_pu,
        frequency_hz=hz,
        grid_live=v_pu > 0.0,
    )


@pytest.mark.parametrize("name", CODES)
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(VOLTAGES), st.sampled_from(DEVIATIONS), st.integers(1, 8), st.booleans()),
        max_size=12,
    )
)
def test_leaving_out_a_quiet_step_gives_what_the_whole_step_gives(
    name: str, course: list[tuple[float, float, int, bool]]
) -> None:
    code: GridCode = CODES[name]
    tie = grid_tie.initial(code, in_service=True)
    state, support = protection.initial(code), NEUTRAL
    for v_pu, deviation_hz, steps, in_service in course:
        for _ in range(steps):
            now = grid(0.3, v_pu, code.nominal_hz + deviation_hz)
            tie = grid_tie.step(code, tie, now, in_service)
            state = protection.step(code, state, now, in_service=in_service)
            hz = now.frequency_hz if v_pu >= code.frequency_needs_pu else code.nominal_hz
            support = grid_support.step(code, support, 0.3, (v_pu + v_pu + v_pu) / 3.0, hz)
            assert tie.protection == state
            assert tie.support == support


def mean_after(code: GridCode, voltages: list[float], dt_s: float) -> float:
    state = protection.initial(code)
    for v_pu in voltages:
        state = protection.step(code, state, grid(dt_s, v_pu, code.nominal_hz))
    return state.memory.mean_pu


def test_the_ten_minute_mean_of_a_swell_is_its_share_of_the_ten_minutes() -> None:
    code = CODES["en50549-1"]
    swell = [1.08] * 300  # 30 s of 600 s
    assert mean_after(code, [1.0] * 77 + swell, 0.1) == pytest.approx(1.0 + 0.08 * 30 / 600, abs=1e-12)
    later = [1.0] * 77 + swell + [1.0] * 5_700
    assert mean_after(code, later, 0.1) == pytest.approx(1.0 + 0.08 * 30 / 600, abs=1e-12)
    assert mean_after(code, [*later, *([1.0] * 300)], 0.1) == 1.0


def test_a_voltage_of_ten_minutes_is_its_own_mean_to_the_last_bit() -> None:
    code = CODES["en50549-1"]
    assert mean_after(code, [1.0730000000000002] * 6_001, 0.1) == 1.0730000000000002


def test_ten_minutes_without_voltage_count_as_such() -> None:
    code = CODES["en50549-1"]
    half = [1.0] * 10 + [0.9, 0.0] + [0.0] * 2_998
    assert mean_after(code, half, 0.1) == pytest.approx(0.5, abs=1e-3)


def test_a_voltage_that_is_no_number_leaves_the_mean() -> None:
    code = CODES["en50549-1"]
    assert mean_after(code, [1.05] * 6_001 + [nan] * 50, 0.1) == 1.05


def test_the_way_back_to_a_steady_voltage_leaves_nothing_to_remember() -> None:
    code = CODES["en50549-1"]
    tie = grid_tie.initial(code, in_service=True)
    tie = grid_tie.step(code, tie, grid(1.0, 1.02, 50.0))
    assert tie.protection is not None
    assert tie.protection.memory.steady_pu == SEVERAL
    steady = grid(1.0, 1.03, 50.0)
    for _ in range(606):
        tie = grid_tie.step(code, tie, steady)
    assert grid_tie.step(code, tie, steady) is tie
