"""The battery's equations against the tables of SimSES and by hand."""

from itertools import pairwise
from math import cos, inf, nan, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import battery

socs = st.floats(0.0, 1.0)
powers = st.floats(-1.0, 1.0).map(lambda x: x * 10_000.0)
converters = st.sampled_from([battery.SUNGROW_SC1000TL, battery.NOTTON])


def dc_of(ac_w, converter):
    return ac_w + battery.converter_loss(ac_w, 0.0, 10_000.0, converter)


SIMSES_LFP_OCV = {
    0.0: 2.009812,
    0.05: 3.046384,
    0.1: 3.17791,
    0.2: 3.246493,
    0.5: 3.290742,
    0.8: 3.32828,
    0.95: 3.347045,
    1.0: 3.582,
}
SIMSES_EFFICIENCY = {
    "sungrow discharge": (
        battery.SUNGROW_SC1000TL,
        1,
        {0.01: 0.644602, 0.1: 0.94608, 0.5: 0.979999, 1: 0.976291},
    ),
    "sungrow charge": (
        battery.SUNGROW_SC1000TL,
        -1,
        {0.01: 0.564857, 0.1: 0.927001, 0.5: 0.976516, 1: 0.975617},
    ),
    "notton discharge": (battery.NOTTON, 1, {0.01: 0.581279, 0.1: 0.929843, 0.5: 0.969321, 1: 0.959969}),
    "notton charge": (battery.NOTTON, -1, {0.01: 0.581279, 0.1: 0.929843, 0.5: 0.969321, 1: 0.959969}),
}


@pytest.mark.parametrize(("soc", "volts"), SIMSES_LFP_OCV.items())
def test_the_lfp_voltage_is_that_of_simses(soc, volts):
    assert battery.lfp_ocv(soc) == pytest.approx(volts, abs=1e-5)
    assert battery.lookup(battery.LFP_OCV_V, soc) == pytest.approx(volts, abs=1e-5)


@given(socs)
def test_the_lfp_table_stays_near_its_equation(soc):
    assert battery.lookup(battery.LFP_OCV_V, soc) == pytest.approx(battery.lfp_ocv(soc), abs=0.012)


@pytest.mark.parametrize(("soc", "volts"), [(0.0, 3.33), (0.5, 3.70438), (0.525, 3.71796), (1.0, 4.16)])
def test_the_nmc_voltage_is_that_of_simses(soc, volts):
    assert battery.lookup(battery.NMC_OCV_V, soc) == pytest.approx(volts, abs=1e-5)


@pytest.mark.parametrize("cell", battery.CELLS.values(), ids=battery.CELLS)
def test_the_voltage_rises_with_the_charge(cell):
    volts = [battery.lookup(cell.ocv_v, i / 500) for i in range(501)]
    assert all(before < after for before, after in pairwise(volts))


@pytest.mark.parametrize(("soc", "end"), [(-0.1, 0), (-inf, 0), (nan, 0), (1.0, -1), (1.5, -1), (inf, -1)])
def test_a_curve_keeps_its_end_values_outside(soc, end):
    assert battery.lookup(battery.NMC_OCV_V, soc) == battery.NMC_OCV_V.values[end]


@pytest.mark.parametrize(
    ("soc", "temperature_c", "discharging", "milliohm"),
    [
        (0.5, 25.0, True, 47.828),
        (0.5, 40.0, True, 47.828),
        (0.5, 10.0, True, 69.39),
        (0.5, -5.0, False, 62.648),
        (0.0, 10.0, True, 194.953),
        (0.5, 17.5, False, (44.767 + 62.648) / 2),
        (0.85, 25.0, False, (46.805 + 53.422) / 2),
    ],
)
def test_the_resistance_follows_the_measured_tables(soc, temperature_c, discharging, milliohm):
    ohm = battery.cell_resistance(battery.LFP, soc, temperature_c, discharging)
    assert ohm * 1000 == pytest.approx(milliohm)


def test_a_pack_has_the_capacity_that_was_asked_for():
    series, parallel = battery.pack_layout(battery.LFP, 10_000.0, 400.0)
    assert series == 125
    assert series * parallel * 3.2 * 3.0 == pytest.approx(10_000.0)


@given(powers, st.floats(300.0, 800.0), st.floats(0.0, 1.0))
def test_current_times_terminal_voltage_is_the_power(power_w, ocv_v, ohm):
    current_a = battery.current(power_w, ocv_v, ohm)
    assert current_a * (ocv_v - ohm * current_a) == pytest.approx(power_w, rel=1e-9, abs=1e-9)


def test_more_than_the_maximum_power_cannot_be_drawn():
    assert battery.current(1e9, 400.0, 0.1) == pytest.approx(2000.0)


@pytest.mark.parametrize("name", SIMSES_EFFICIENCY)
def test_the_part_load_efficiency_is_that_of_simses(name):
    converter, sign, table = SIMSES_EFFICIENCY[name]
    for load, efficiency in table.items():
        ac_w = sign * load * 10_000.0
        dc_w = dc_of(ac_w, converter)
        ratio = ac_w / dc_w if sign > 0 else dc_w / ac_w
        assert ratio == pytest.approx(efficiency, abs=1e-5)


@given(powers, converters)
def test_a_converter_only_loses(ac_w, converter):
    dc_w = dc_of(ac_w, converter)
    assert dc_w >= ac_w
    assert ac_w >= -converter.charge_p0 * 10_000.0 or dc_w <= 0.0


@given(powers, powers, converters)
def test_the_active_power_of_a_dc_power_is_the_inverse_of_the_loss(ac_w, var, converter):
    for q_var in (0.0, var):

        def loss(power_w, q_var=q_var):
            return battery.converter_loss(power_w, q_var, 10_000.0, converter)

        dc_w = ac_w + loss(ac_w)
        assert battery.active_power_of(dc_w, loss) == pytest.approx(ac_w, rel=1e-9, abs=1e-6)


@given(powers, powers, st.floats(0.5, 1.0), st.floats(0.5, 1.0))
def test_with_two_efficiencies_too(ac_w, var, charge, discharge):
    def loss(power_w):
        return battery.efficiency_loss(power_w, var, charge, discharge)

    assert battery.active_power_of(ac_w + loss(ac_w), loss) == pytest.approx(ac_w, rel=1e-9, abs=1e-6)


@given(powers, converters)
def test_loss_is_continuous_at_no_power(var, converter):
    def loss(power_w, q_var):
        return battery.converter_loss(power_w, q_var, 10_000.0, converter)

    at_rest = loss(0.0, 0.0)
    assert at_rest == pytest.approx(10_000.0 * converter.discharge_p0)
    for power_w, q_var in ((1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3), (-1e-3, 1e-3)):
        assert loss(power_w, q_var) == pytest.approx(at_rest, abs=2e-3)
    assert loss(1e-3, var) == pytest.approx(loss(-1e-3, var), abs=5e-3)


@given(powers, st.floats(0.0, 6.28), converters)
def test_loss_follows_the_apparent_power_between_the_curves_of_both_directions(s_va, angle, converter):
    ends = [battery.converter_loss(sign * abs(s_va), 0.0, 10_000.0, converter) for sign in (1.0, -1.0)]
    found = battery.converter_loss(s_va * cos(angle), s_va * sin(angle), 10_000.0, converter)
    assert min(ends) - 1e-9 <= found <= max(ends) + 1e-9


def test_reactive_power_costs_the_mean_of_both_directions():
    # by hand: 50 kvar of 50 kVA with 0.96 each way: 50 · (1/0.96 - 1 + 0.04) / 2
    loss_w = battery.efficiency_loss(0.0, 50_000.0, 0.96, 0.96)
    assert loss_w == pytest.approx(50_000.0 * (0.0416667 + 0.04) / 2, rel=1e-6)
    assert battery.efficiency_loss(48_000.0, 0.0, 0.9, 0.96) == pytest.approx(2_000.0)
    assert battery.efficiency_loss(-50_000.0, 0.0, 0.96, 0.9) == pytest.approx(2_000.0)


@pytest.mark.parametrize(
    ("value", "zero_at", "one_at", "factor"),
    [
        (0.05, 0.05, 0.15, 0.0),
        (0.10, 0.05, 0.15, 0.5),
        (0.30, 0.05, 0.15, 1.0),
        (0.95, 1.0, 0.9, 0.5),
        (1.10, 1.0, 0.9, 0.0),
        (0.20, 0.1, 0.1, 1.0),
        (0.10, 0.1, 0.1, 0.0),
    ],
)
def test_derating_runs_between_its_two_ends(value, zero_at, one_at, factor):
    assert battery.ramp_between(value, zero_at, one_at) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("temperature_c", "factor"),
    [(-30, 0), (-20, 0), (-10, 0.5), (0, 1), (25, 1), (45, 1), (52.5, 0.5), (70, 0)],
)
def test_power_is_derated_in_the_cold_and_in_the_heat(temperature_c, factor):
    assert battery.temperature_derating(temperature_c) == pytest.approx(factor)


@pytest.mark.parametrize(("volts", "series"), [(400.0, 125), (401.7, 126), (1.0, 1)])
def test_a_pack_has_whole_cells_in_series_and_the_capacity_that_was_asked_for(volts, series):
    found, parallel = battery.pack_layout(battery.LFP, 10_000.0, volts)
    assert isinstance(found, int)
    assert found == series
    assert found * parallel * battery.LFP.nominal_v * battery.LFP.capacity_ah == pytest.approx(10_000.0)
