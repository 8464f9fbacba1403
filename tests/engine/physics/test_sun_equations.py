"""The sun against NREL's SPA and pvlib's irradiance models."""

from math import acos, atan2, cos, degrees, pi, radians

import pandas as pd
import pvlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import sun

BERLIN = sun.place(52.5, 13.4)
SOUTH_30 = sun.plane(30.0, 180.0)
SUMMER = "2026-06-21"
WINTER = "2026-12-21"


def zenith_deg(vector: tuple[float, float, float]) -> float:
    return degrees(acos(max(-1.0, min(1.0, vector[2]))))


def azimuth_deg(vector: tuple[float, float, float]) -> float:
    return degrees(atan2(vector[0], vector[1])) % 360.0


def day_of(date: str, step: str = "5min") -> pd.DatetimeIndex:
    return pd.date_range(date, periods=int(pd.Timedelta("1D") / pd.Timedelta(step)), freq=step, tz="UTC")


def unix(times: pd.DatetimeIndex) -> list[float]:
    return [time.timestamp() for time in times]


@pytest.mark.parametrize("where", [(52.5, 13.4), (-34.0, 151.0), (40.0, -105.0)])
def test_the_sun_stands_where_the_spa_algorithm_says_over_a_leap_cycle(where):
    times = pd.date_range("2025-01-01", "2028-12-31", freq="1999min", tz="UTC")
    reference = pvlib.solarposition.get_solarposition(times, *where)
    here = sun.place(*where)
    for time, zenith, azimuth in zip(unix(times), reference.zenith, reference.azimuth, strict=True):
        vector = sun.sun_vector(time, here)
        assert zenith_deg(vector) == pytest.approx(zenith, abs=0.02)
        sideways = (azimuth_deg(vector) - azimuth + 180.0) % 360.0 - 180.0
        assert abs(sideways * vector_length_across(vector)) < 0.02


@pytest.mark.parametrize("where", [(52.5, 13.4), (-34.0, 151.0), (10.0, -60.0)])
def test_the_azimuth_is_within_a_hundredth_of_a_degree_up_to_60_degrees_of_elevation(where):
    times = pd.date_range("2000-01-01", "2049-12-31", freq="19999min", tz="UTC")
    reference = pvlib.solarposition.get_solarposition(times, *where)
    here = sun.place(*where)
    for time, zenith, azimuth in zip(unix(times), reference.zenith, reference.azimuth, strict=True):
        if 30.0 < zenith < 90.0:
            assert abs((azimuth_deg(sun.sun_vector(time, here)) - azimuth + 180.0) % 360.0 - 180.0) < 0.01


@pytest.mark.parametrize("date", [SUMMER, WINTER])
def test_the_air_lifts_the_sun_as_pvlib_says(date):
    times = day_of(date)
    reference = pvlib.solarposition.get_solarposition(times, 52.5, 13.4, temperature=12)
    for time, zenith, seen in zip(unix(times), reference.zenith, reference.apparent_zenith, strict=True):
        if zenith < 90.8:
            cosine = sun.refracted(sun.sun_vector(time, BERLIN)[2])
            assert degrees(acos(cosine)) == pytest.approx(seen, abs=0.01)
    assert sun.refracted(-0.5) == -0.5


@pytest.mark.parametrize("date", [SUMMER, WINTER])
def test_the_total_of_a_clear_day_is_that_of_the_sun_as_it_is_seen(date):
    times = day_of(date, "1min")
    seen = pvlib.solarposition.get_solarposition(times, 52.5, 13.4, temperature=12).apparent_zenith
    expected = pvlib.clearsky.haurwitz(seen).ghi.sum()
    ours = sum(sun.haurwitz(sun.refracted(sun.sun_vector(time, BERLIN)[2])) for time in unix(times))
    assert ours == pytest.approx(expected, rel=0.0005)


def vector_length_across(vector: tuple[float, float, float]) -> float:
    return (vector[0] ** 2 + vector[1] ** 2) ** 0.5


@given(st.floats(0, 4e9), st.floats(-90, 90), st.floats(-180, 180))
def test_the_direction_to_the_sun_is_a_unit_vector(unix_s, latitude, longitude):
    east, north, up = sun.sun_vector(unix_s, sun.place(latitude, longitude))
    assert east**2 + north**2 + up**2 == pytest.approx(1.0, abs=1e-4)


@given(st.integers(0, 40000))
def test_the_sun_does_not_jump_at_midnight(unix_day):
    midnight = unix_day * 86400.0
    before, after = sun.sun_vector(midnight - 0.001, BERLIN), sun.sun_vector(midnight + 0.001, BERLIN)
    assert after == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("date", [SUMMER, WINTER])
def test_declination_and_equation_of_time_match_pvlibs_spencer_series(date):
    times = day_of(date, "12h")
    day = times[1].day_of_year
    declination, equation_of_time, _ = sun.solar_coordinates(times[1].timestamp() / 86400)
    assert declination == pytest.approx(pvlib.solarposition.declination_spencer71(day), abs=radians(0.05))
    minutes = equation_of_time / (2 * pi) * 1440
    assert minutes == pytest.approx(pvlib.solarposition.equation_of_time_spencer71(day), abs=0.6)


@pytest.mark.parametrize("date", [SUMMER, WINTER])
def test_extraterrestrial_irradiance_matches_pvlib(date):
    time = pd.Timestamp(date, tz="UTC")
    ours = sun.sun_day(int(time.timestamp() // 86400)).extraterrestrial_w_m2
    assert ours == pytest.approx(pvlib.irradiance.get_extra_radiation(time), rel=0.001)


@pytest.mark.parametrize("date", [SUMMER, WINTER])
def test_haurwitz_matches_pvlib(date):
    times = day_of(date)
    vectors = [sun.sun_vector(time, BERLIN) for time in unix(times)]
    reference = pvlib.clearsky.haurwitz(pd.Series([zenith_deg(vector) for vector in vectors]))
    for vector, ghi in zip(vectors, reference.ghi, strict=True):
        assert sun.haurwitz(vector[2]) == pytest.approx(ghi, abs=1e-6)


@pytest.mark.parametrize(("date", "kwh_m2"), [(SUMMER, 8.66), (WINTER, 0.94)])
def test_a_clear_day_in_berlin_brings_what_pvlib_says(date, kwh_m2):
    minutes = unix(day_of(date, "1min"))
    total = sum(sun.haurwitz(sun.sun_vector(time, BERLIN)[2]) for time in minutes) / 60 / 1000
    assert total == pytest.approx(kwh_m2, abs=0.02)


@pytest.mark.parametrize("surface", [(30, 180), (90, 250), (0, 180), (15, 90)])
def test_the_angle_of_incidence_matches_pvlib(surface):
    ours = sun.plane(*surface)
    for time in unix(day_of(SUMMER, "30min")):
        vector = sun.sun_vector(time, BERLIN)
        reference = pvlib.irradiance.aoi(*surface, zenith_deg(vector), azimuth_deg(vector))
        assert sun.cos_incidence(vector, ours) == pytest.approx(cos(radians(reference)), abs=2e-4)


@pytest.mark.parametrize("date", [SUMMER, WINTER])
@pytest.mark.parametrize("clearness", [0.1, 0.5, 0.9, 1.0])
def test_erbs_matches_pvlib(date, clearness):
    times = day_of(date, "15min")
    for stamp, time in zip(times, unix(times), strict=True):
        vector = sun.sun_vector(time, BERLIN)
        ghi = clearness * sun.haurwitz(vector[2])
        zenith = zenith_deg(vector)
        reference = pvlib.irradiance.erbs(ghi, zenith, stamp.day_of_year)
        extra = pvlib.irradiance.get_extra_radiation(stamp.day_of_year)
        dni, dhi = sun.erbs(ghi, vector[2], extra)
        assert dni == pytest.approx(reference["dni"], abs=0.01)
        assert dhi == pytest.approx(reference["dhi"], abs=0.01)


def test_a_sky_clearer_than_the_correlation_reaches_has_the_least_diffuse_share():
    for clearness in (0.801, 0.9, 1.0):
        dni, dhi = sun.erbs(1000.0 * clearness, 1.0, 1000.0)
        assert dhi == pytest.approx(165.0 * clearness)
        assert dni + dhi == pytest.approx(1000.0 * clearness)
    assert sun.erbs(2000.0, 1.0, 1000.0)[1] == pytest.approx(330.0)


@pytest.mark.parametrize("date", [SUMMER, WINTER])
def test_plane_irradiance_matches_pvlibs_erbs_and_isotropic_sky(date):
    times = day_of(date, "15min")
    extra = pvlib.irradiance.get_extra_radiation(times)
    for stamp, time in zip(times, unix(times), strict=True):
        vector = sun.sun_vector(time, BERLIN)
        ghi = 0.8 * sun.haurwitz(vector[2])
        zenith, azimuth = zenith_deg(vector), azimuth_deg(vector)
        split = pvlib.irradiance.erbs(ghi, zenith, stamp.day_of_year)
        reference = pvlib.irradiance.get_total_irradiance(
            30, 180, zenith, azimuth, split["dni"], ghi, split["dhi"], dni_extra=extra[stamp], albedo=0.2
        )["poa_global"]
        assert sun.plane_irradiance(ghi, time, vector, SOUTH_30) == pytest.approx(reference, abs=1.0)


@given(st.floats(0, 1400), st.floats(0, 4e9), st.floats(0, 90), st.floats(0, 360))
def test_a_plane_receives_no_negative_and_no_absurd_light(ghi, unix_s, tilt, azimuth):
    vector = sun.sun_vector(unix_s, BERLIN)
    light = sun.plane_irradiance(min(ghi, sun.haurwitz(vector[2])), unix_s, vector, sun.plane(tilt, azimuth))
    assert 0.0 <= light < 1700.0


def test_the_ground_reflects_a_fifth_unless_the_site_says_more():
    assert sun.isotropic_plane_irradiance(0.0, 0.0, 1000.0, 0.0, 0.0) == pytest.approx(100.0)
    assert sun.isotropic_plane_irradiance(0.0, 0.0, 1000.0, 0.0, 0.0, albedo=0.5) == pytest.approx(250.0)


def test_a_flat_plane_receives_the_global_irradiance():
    noon = pd.Timestamp("2026-06-21 11:00", tz="UTC").timestamp()
    vector = sun.sun_vector(noon, BERLIN)
    assert sun.plane_irradiance(640.0, noon, vector, sun.plane(0, 180)) == 640.0


def test_the_sine_day_peaks_in_the_middle_and_has_its_known_total():
    assert sun.sine_irradiance(43200, 21600, 64800, 1000) == pytest.approx(1000)
    assert sun.sine_irradiance(21600, 21600, 64800) == 0
    assert sun.sine_irradiance(80000, 21600, 64800) == 0
    total = sum(sun.sine_irradiance(second, 21600, 64800) for second in range(0, 86400, 60)) * 60
    assert total == pytest.approx(2 / pi * 1000 * 43200, rel=1e-4)


@pytest.mark.parametrize("cos_zenith", [float("nan"), 0.0, -0.5, 1e-300])
def test_haurwitz_is_dark_without_a_sun(cos_zenith):
    assert sun.haurwitz(cos_zenith) == 0.0


def test_the_beam_is_cut_off_three_degrees_above_the_horizon():
    assert sun.erbs(10.0, cos(radians(87.5)), 1366.0) == (0.0, 10.0)
