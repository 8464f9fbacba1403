"""The laws of ageing against the tables of SimSES, by hand, and cycle counting against another program."""

import math
from itertools import pairwise

import pytest
import rainflow
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.physics import ageing
from twin_tui.engine.physics.battery import LFP, NMC, lookup
from twin_tui.engine.physics.rainflow import DEEPEST, Turn, turned

YEAR_S = 365 * 86400.0


@pytest.mark.parametrize(
    ("c_rate", "depth", "cycles", "percent"),
    [(0.5, 0.2, 100, 1.0734), (0.5, 1.0, 4000, 10.9794), (1, 0.8, 1000, 5.69314), (1, 1.0, 4000, 13.66876)],
)
def test_cyclic_ageing_matches_the_table_of_simses(c_rate, depth, cycles, percent):
    loss = ageing.age(0.0, ageing.cyclic_stress(c_rate, depth), cycles)
    assert loss * 100 == pytest.approx(percent, rel=1e-4)


@pytest.mark.parametrize(
    ("temperature_c", "soc", "years", "percent"),
    [(10, 0.2, 1, 2.5708), (25, 0.5, 1, 4.25158), (25, 0.9, 10, 17.52729), (40, 0.9, 10, 24.40239)],
)
def test_calendar_ageing_matches_the_table_of_simses(temperature_c, soc, years, percent):
    loss = ageing.age(0.0, ageing.calendar_stress(temperature_c, soc), years * 365 * 86400)
    assert loss * 100 == pytest.approx(percent, rel=1e-3)


@given(st.floats(0.0, 0.2), st.floats(1e-6, 1e-2), st.floats(0.0, 1e4), st.integers(1, 20))
def test_ageing_does_not_depend_on_how_time_is_cut(loss, stress, amount, steps):
    stepped = loss
    for _ in range(steps):
        stepped = ageing.age(stepped, stress, amount / steps)
    assert stepped == pytest.approx(ageing.age(loss, stress, amount), rel=1e-9, abs=1e-12)


@given(st.floats(0.0, 0.2), st.floats(1e-8, 1e-5), st.floats(0.0, 1e7), st.integers(1, 20))
def test_ageing_with_another_power_of_time_does_not_depend_on_it_either(loss, stress, amount, steps):
    stepped = loss
    for _ in range(steps):
        stepped = ageing.age(stepped, stress, amount / steps, 0.75)
    assert stepped == pytest.approx(ageing.age(loss, stress, amount, 0.75), rel=1e-9, abs=1e-12)


def test_the_resistance_of_an_lfp_cell_grows_as_naumann_has_it():
    # 25 °C, half charge: 3.4194e-10 · 1.5604 a second; 0.5 C, 80 %: 0.0011 · (6.8477 · 0.027 + 0.9182) %
    assert ageing.calendar_growth(25.0, 0.5) * YEAR_S == pytest.approx(0.016827, rel=1e-4)
    assert ageing.calendar_growth(40.0, 0.5) / ageing.calendar_growth(25.0, 0.5) == pytest.approx(
        math.exp(71827 / 8.314462618 * (1 / 298.15 - 1 / 313.15))
    )
    assert ageing.cyclic_growth(0.5, 0.8) * 1000 == pytest.approx(0.0121340, rel=1e-4)
    # SimSES 1.3.12, lfp_sony.py: (a C + b)(c (DOC - 0.5)³ + d); the smallest cycles still add a little
    for c_rate, depth, percent in ((0.1, 0.0, 1.182513e-4), (0.5, 0.5, 1.01002e-3), (1.0, 1.0, 1.774163e-4)):
        assert 100.0 * ageing.cyclic_growth(c_rate, depth) == pytest.approx(percent, rel=1e-3)


@given(st.floats(0.0, 10.0), st.floats(0.0, 1.0), st.floats(-40.0, 80.0), st.floats(0.0, 1.0))
def test_no_law_gives_capacity_or_conductance_back(c_rate, depth, temperature_c, soc):
    for cell in (LFP, NMC):
        law, ocv = cell.ageing, lookup(cell.ocv_v, soc)
        assert law.calendar_loss(temperature_c, soc, ocv) > 0.0
        assert law.calendar_growth(temperature_c, soc, ocv) >= 0.0
        assert law.cycle_loss(depth, c_rate, ocv) > 0.0
        assert law.cycle_growth(depth, c_rate, ocv) >= 0.0


def test_an_nmc_cell_ages_as_schmalstieg_has_it():
    # by hand from the paper's equations 17 to 21, in days and Ah of its 2.05 Ah cell
    volts = lookup(NMC.ocv_v, 0.5)
    alpha = (7.543 * volts - 23.75) * 1e6 * math.exp(-6976 / 323.15)
    loss = ageing.age(0.0, NMC.ageing.calendar_loss(50.0, 0.5, volts), 365 * 86400.0, 0.75)
    assert loss == pytest.approx(alpha * 365**0.75, rel=1e-9)
    assert 0.14 < loss < 0.16
    beta = 7.348e-3 * (volts - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * 0.8
    loss = ageing.age(0.0, NMC.ageing.cycle_loss(0.8, 1.0, volts), 100.0)
    assert loss == pytest.approx(beta * math.sqrt(100 * 2 * 2.05), rel=1e-9)
    growth = NMC.ageing.cycle_growth(0.0, 1.0, 3.725)
    assert growth == pytest.approx(1.5e-5 * 2 * 2.05)


def counted(socs: list[float]) -> tuple[list[tuple[float, float]], tuple[Turn, ...]]:
    """Return (depth, count) of what closes while turning points come one by one, and what stays open."""
    turns: tuple[Turn, ...] = ((socs[0],),)
    found = []
    for _, soc in list(rainflow.reversals(socs))[1:]:
        turns, closed = turned(turns, (soc,))
        found += [(abs(second[0] - first[0]), count) for first, second, count in closed]
    return found, turns


@settings(deadline=None)
@given(st.lists(st.integers(0, 40).map(lambda n: n / 40), min_size=3, max_size=120))
def test_cycles_counted_as_they_come_are_those_of_a_batch_count(socs):
    found, turns = counted(socs)
    rest = [(abs(second[0] - first[0]), 0.5) for first, second in pairwise(turns)]
    batch = [(depth, count) for depth, _mean, count, _i, _j in rainflow.extract_cycles(socs)]
    real = [item for item in found + rest if item[0]]
    assert sorted(real) == pytest.approx(sorted(item for item in batch if item[0]))


def test_the_example_of_the_standard_is_counted_as_it_says():
    # ASTM E1049-85, figure 6: half cycles of 3, 4, 6, 8, 8, 9 and a whole one of 4
    found, turns = counted([-2, 1, -3, 5, -1, 3, -4, 4, -2])
    rest = [(abs(b[0] - a[0]), 0.5) for a, b in pairwise(turns)]
    assert sorted(found + rest) == [(3, 0.5), (4, 0.5), (4, 1.0), (6, 0.5), (8, 0.5), (8, 0.5), (9, 0.5)]


def test_the_open_ranges_stay_few_however_slowly_an_oscillation_dies_out():
    socs = [0.5 + 0.4 * (-0.999) ** i for i in range(2000)]
    found, turns = counted(socs)
    assert len(turns) == DEEPEST
    rest = sum(0.5 * abs(b[0] - a[0]) for a, b in pairwise(turns))
    moved = sum(abs(b - a) for a, b in pairwise(socs))
    assert sum(depth * count for depth, count in found) + rest == pytest.approx(moved / 2)
