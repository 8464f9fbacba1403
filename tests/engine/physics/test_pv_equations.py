"""The array and the inverter against pvlib."""

import pandas as pd
import pvlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import pv, sun

BERLIN = sun.place(52.5, 13.4)
SOUTH_30 = sun.plane(30.0, 180.0)


@pytest.mark.parametrize(("date", "air_c"), [("2026-06-21", 28.0), ("2026-12-21", -4.0)])
def test_cell_dc_and_ac_over_a_day_match_pvlib(date, air_c):
    for minute in range(0, 1440, 10):
        time = pd.Timestamp(date, tz="UTC").timestamp() + 60 * minute
        vector = sun.sun_vector(time, BERLIN)
        light = sun.plane_irradiance(sun.haurwitz(vector[2]), time, vector, SOUTH_30)
        cell = pv.faiman_cell_temperature(air_c, light, 3.0)
        assert cell == pytest.approx(pvlib.temperature.faiman(light, air_c, 3.0))
        dc_w = pv.dc_power(light, cell, 12_000.0)
        assert dc_w == pytest.approx(pvlib.pvsystem.pvwatts_dc(light, cell, 12_000.0, -0.004))
        reference = pvlib.inverter.pvwatts(dc_w, 10_000.0 / 0.96)
        assert pv.inverter_ac_power(dc_w, 10_000.0) == pytest.approx(float(reference), abs=1e-6)


def test_noct_gives_its_own_definition():
    assert pv.noct_cell_temperature(20.0, 800.0, 45.0) == pytest.approx(45.0)
    assert pv.noct_cell_temperature(30.0, 1000.0, 47.0) == pytest.approx(63.75)


def test_noct_matches_pvlibs_ross_model():
    assert pv.noct_cell_temperature(12.0, 650.0, 46.0) == pytest.approx(
        pvlib.temperature.ross(650.0, 12.0, noct=46.0)
    )


def test_the_inverter_clips_at_its_rating():
    assert pv.inverter_ac_power(13_000.0, 10_000.0) == 10_000.0


@given(st.floats(1.0, 10_000.0))
def test_the_dc_power_for_an_ac_power_is_the_inverse(ac_w):
    dc_w = pv.inverter_dc_power(ac_w, 10_000.0)
    assert pv.inverter_ac_power(dc_w, 10_000.0) == pytest.approx(ac_w, rel=1e-9)


@given(st.floats(0.0, 20_000.0), st.floats(1.0, 10_000.0), st.floats(0.8, 1.0))
def test_an_inverter_never_creates_energy(dc_w, rated_w, efficiency):
    ac_w = pv.inverter_ac_power(dc_w, rated_w, efficiency)
    assert 0.0 <= ac_w <= min(dc_w, rated_w)
    assert pv.inverter_dc_power(ac_w, rated_w, efficiency) >= ac_w


def test_power_falls_by_four_per_mille_per_kelvin():
    assert pv.dc_power(1000.0, 25.0, 5000.0) == pytest.approx(5000.0)
    assert pv.dc_power(1000.0, 50.0, 5000.0) == pytest.approx(4500.0)


def test_voltage_runs_from_open_circuit_to_maximum_power():
    assert pv.dc_voltage(0.0, 25.0, 600.0, 720.0) == pytest.approx(720.0)
    assert pv.dc_voltage(1.0, 25.0, 600.0, 720.0) == pytest.approx(600.0)
    assert pv.dc_voltage(1.0, 65.0, 600.0, 720.0) == pytest.approx(600.0 * 0.88)
    assert pv.dc_voltage(0.75, 25.0, 600.0, 720.0) == pytest.approx(660.0)


@pytest.mark.parametrize("bad", [float("nan"), -5.0, float("-inf")])
def test_senseless_light_gives_no_power(bad):
    assert pv.dc_power(bad, 25.0, 5000.0) == 0.0
    assert pv.inverter_ac_power(bad, 5000.0) == 0.0
