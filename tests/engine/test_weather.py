"""The sky over a site: the sun of its place, clouds, series, dips."""

import math
import statistics
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pvlib
import pytest

from twin_tui.engine.devices.pv import PV, CellModel, PvParams
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import CLIMATES, Series, Sky, WeatherParams
from twin_tui.errors import ConfigError

DAY_S = 86_400.0
JUNE_S = 1_782_000_000.0 // DAY_S * DAY_S
"""Midnight UTC of 21 June 2026."""
DECEMBER_S = JUNE_S + 183 * DAY_S
BERLIN = WeatherParams(sky=Sky.CLEAR, latitude_deg=52.5, longitude_deg=13.4, ambient_amplitude_k=0.0)
PLANT = PvParams(rated_w=8000.0, peak_w=10_000.0, tilt_deg=35.0, azimuth_deg=160.0)


def site(weather: WeatherParams, start_s: float = JUNE_S, dt_s: float = 60.0, pv: PvParams = PLANT) -> Engine:
    devices = (DevicePlan("pv", PV, pv),)
    return Engine(SitePlan("roof", devices, dt_s=dt_s, weather=weather, start_unix_s=start_s))


@pytest.mark.parametrize(
    ("start_s", "kwh_per_m2"), [(JUNE_S, 8.66), (DECEMBER_S, 0.94)], ids=["21 June", "21 December"]
)
def test_the_light_of_a_clear_day_adds_up_to_the_known_total(start_s: float, kwh_per_m2: float):
    engine = site(BERLIN, start_s)
    light = []
    for _ in range(1440):
        engine.step()
        light.append(engine.surroundings.ghi_w_m2)
    # the known totals were taken with refraction, which lifts the December sun by some tenths of a degree
    assert sum(light) / 60_000 == pytest.approx(kwh_per_m2, rel=0.02)


@pytest.mark.parametrize("start_s", [JUNE_S, DECEMBER_S], ids=["21 June", "21 December"])
@pytest.mark.parametrize("model", list(CellModel))
def test_a_plant_under_a_clear_sky_yields_what_pvlib_says(start_s: float, model: CellModel):
    pv = PvParams(
        rated_w=8000.0,
        peak_w=10_000.0,
        tilt_deg=35.0,
        azimuth_deg=160.0,
        cell_model=model,
        dc_loss_fraction=0.1,
    )
    engine = site(BERLIN, start_s, pv=pv)
    ours = []
    for _ in range(1440):
        engine.step()
        ours.append(engine.devices["pv"].state.active_power_w)

    times = pd.date_range(pd.Timestamp(start_s + 60, unit="s", tz="UTC"), periods=1440, freq="60s")
    sun = pvlib.solarposition.get_solarposition(times, 52.5, 13.4)
    ghi = pvlib.clearsky.haurwitz(sun["apparent_zenith"])["ghi"]
    split = pvlib.irradiance.erbs(ghi, sun["zenith"], times)
    plane = pvlib.irradiance.get_total_irradiance(
        35.0, 160.0, sun["apparent_zenith"], sun["azimuth"], split["dni"], ghi, split["dhi"], albedo=0.2
    )["poa_global"].fillna(0.0)
    if model is CellModel.NOCT:
        cell = 20.0 + 25.0 / 800.0 * plane
    else:
        cell = pvlib.temperature.faiman(plane, 20.0, 1.0)
    dc = pvlib.pvsystem.pvwatts_dc(plane * 0.9, cell, 10_000.0, -0.004)
    ac = pvlib.inverter.pvwatts(dc, 8000.0 / 0.96)
    assert sum(ours) == pytest.approx(ac.sum(), rel=0.005)
    assert max(abs(a - b) for a, b in zip(ours, ac, strict=True)) < 0.02 * 8000.0


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 10.0])
def test_clouds_scatter_the_light_alike_whatever_the_step(dt_s: float):
    cloudy = WeatherParams(clear_sky_index=0.6, clear_sky_index_std=0.1, clear_sky_index_tau_s=20.0, seed=4)
    engine = site(cloudy, JUNE_S + DAY_S / 2, dt_s)
    seen = []
    for _ in range(2000):
        engine.advance(max(10.0, dt_s))
        seen.append(engine.surroundings.ghi_w_m2 / engine.surroundings.clear_sky_w_m2)
        if engine.surroundings.day_s > 17 * 3600:
            break
    assert statistics.mean(seen) == pytest.approx(0.6, abs=0.02)
    assert statistics.stdev(seen) == pytest.approx(0.1, abs=0.015)


def test_a_disturbance_leaves_the_clouds_at_their_own_pace():
    cloudy = WeatherParams(clear_sky_index=0.6, clear_sky_index_std=0.1)
    calm, disturbed = (site(cloudy, JUNE_S + DAY_S / 2, dt_s=0.1) for _ in range(2))
    disturbed.advance(0.5)
    disturbed.submit(Disturb(Disturbance(Target.TEMPERATURE, 5.0, duration_s=0.2)))
    disturbed.advance(59.5)
    calm.advance(60.0)
    assert disturbed.surroundings.ghi_w_m2 == pytest.approx(calm.surroundings.ghi_w_m2, rel=1e-3)


def test_a_series_is_followed_linearly_and_starts_over_when_it_repeats():
    light = Series(0.0, 60.0, (0.0, 600.0, 300.0), relative=True, repeats=True)
    weather = WeatherParams(sky=Sky.SERIES, irradiance_series=light, series_in_plane=True)
    engine = site(weather, dt_s=1.0)
    seen = []
    for seconds in (30, 30, 30, 60, 30, 30):
        engine.advance(seconds)
        seen.append(engine.devices["pv"].state.plane_w_m2)
    assert seen == pytest.approx([300.0, 600.0, 450.0, 150.0, 0.0, 300.0])


def test_a_series_in_unix_time_holds_its_ends():
    series = Series(JUNE_S + 10.0, 10.0, (1.0, 2.0))
    assert [series.at(JUNE_S + t, 0.0) for t in (0.0, 10.0, 15.0, 20.0, 99.0)] == [1.0, 1.0, 1.5, 2.0, 2.0]


def test_a_series_of_the_horizontal_reaches_a_plane_by_way_of_the_sun():
    light = Series(0.0, 3600.0, (500.0, 500.0), relative=True)
    morning = JUNE_S + 5 * 3600
    flat, east, west = (
        site(
            WeatherParams(sky=Sky.SERIES, irradiance_series=light),
            morning,
            pv=PvParams(8000.0, 10_000.0, tilt_deg=tilt, azimuth_deg=azimuth),
        )
        for tilt, azimuth in ((0.0, 180.0), (40.0, 90.0), (40.0, 270.0))
    )
    for engine in (flat, east, west):
        engine.step()
    at_east, at_west = east.telemetry("pv").irradiance_w_m2, west.telemetry("pv").irradiance_w_m2
    assert flat.telemetry("pv").irradiance_w_m2 == 500.0
    assert at_east > 500.0 > at_west


def test_an_irradiance_dip_comes_and_goes():
    engine = site(WeatherParams(), JUNE_S + DAY_S / 2, dt_s=1.0)
    engine.step()
    before = engine.telemetry("pv").irradiance_w_m2
    dip = Disturbance(Target.IRRADIANCE, 0.2, duration_s=30.0, shape=Shape.RAMP, ramp_s=10.0)
    engine.submit(Disturb(dip))
    engine.advance(6.0)
    assert engine.telemetry("pv").irradiance_w_m2 == pytest.approx(0.6 * before, rel=1e-3)
    engine.advance(10.0)
    assert engine.telemetry("pv").irradiance_w_m2 == pytest.approx(0.2 * before, rel=1e-3)
    engine.advance(20.0)
    assert engine.telemetry("pv").irradiance_w_m2 == pytest.approx(before, rel=1e-3)


def test_wind_cools_the_cells_of_the_faiman_model():
    cells = []
    for wind in (0.0, 8.0):
        weather = WeatherParams(wind_m_s=wind)
        pv = PvParams(8000.0, 10_000.0, cell_model=CellModel.FAIMAN)
        engine = site(weather, JUNE_S + DAY_S / 2, pv=pv)
        engine.step()
        cells.append(engine.telemetry("pv").cell_temperature_c - engine.surroundings.ambient_c)
    assert cells[0] == pytest.approx(1000.0 / 25.0, rel=1e-3)
    assert cells[1] == pytest.approx(1000.0 / (25.0 + 6.84 * 8.0), rel=1e-3)


def test_a_series_may_be_as_fine_as_one_likes_but_takes_time_and_values() -> None:
    assert Series(0.0, 1e-3, (5.0,)).step_s == 1e-3
    for step_s, values in ((0.0, (5.0,)), (-1.0, (5.0,)), (1.0, ()), (math.inf, (5.0,)), (1.0, (math.nan,))):
        with pytest.raises(ConfigError, match="a series takes"):
            Series(0.0, step_s, values)


def test_the_brightest_edge_of_a_cloud_and_the_darkest_sky_bound_the_light() -> None:
    stormy = replace(BERLIN, clear_sky_index=0.7, clear_sky_index_std=3.0, clear_sky_index_tau_s=1.0)
    engine = site(stormy, JUNE_S + 11 * 3600.0)
    seen = set()
    for _ in range(200):
        engine.step()
        now = engine.surroundings
        seen.add(round(now.ghi_w_m2 / now.clear_sky_w_m2, 9))
    assert (min(seen), max(seen)) == (0.05, 1.2)
    assert len(seen) > 20


def test_the_wind_of_a_series_is_that_of_its_time():
    wind = Series(0.0, 60.0, (2.0, 6.0, 4.0), relative=True)
    engine = site(replace(BERLIN, wind_m_s=9.0, wind_series=wind), dt_s=30.0)
    seen = []
    for _ in range(5):
        engine.step()
        seen.append(engine.surroundings.wind_m_s)
    assert seen == pytest.approx([4.0, 6.0, 5.0, 4.0, 4.0])
    engine = site(replace(BERLIN, wind_m_s=9.0))
    engine.step()
    assert engine.surroundings.wind_m_s == 9.0


@pytest.mark.parametrize(
    ("hour", "ambient_c"),
    [(15.0, 18.0), (3.0, 6.0), (9.0, 12.0), (21.0, 12.0), (13.0, 12.0 + 6.0 * math.sqrt(0.75))],
)
def test_the_air_is_warmest_at_its_hour_and_coldest_half_a_day_from_it(hour: float, ambient_c: float):
    course = replace(BERLIN, ambient_mean_c=12.0, ambient_amplitude_k=6.0)
    for peak_h in (15.0, 12.0):
        engine = site(replace(course, ambient_peak_h=peak_h), JUNE_S + (hour - 15.0 + peak_h) * 3600.0 - 60.0)
        engine.step()
        assert engine.surroundings.ambient_c == pytest.approx(ambient_c)


def test_a_series_of_the_light_counts_only_where_the_sky_is_one():
    series = Series(0.0, 60.0, (123.0,), relative=True)
    for sky, light in ((Sky.CLEAR, 798.0), (Sky.SERIES, 123.0), (Sky.SINE, 1000.0)):
        engine = site(replace(BERLIN, sky=sky, irradiance_series=series), JUNE_S + 12 * 3600.0 - 60.0)
        engine.step()
        assert engine.surroundings.ghi_w_m2 == pytest.approx(light, rel=0.15)
        assert (engine.surroundings.ghi_w_m2 == 123.0) is (sky is Sky.SERIES)


def test_the_air_knows_of_its_own_disturbances_only():
    engine = site(BERLIN, JUNE_S + 12 * 3600.0)
    before = (engine.surroundings.ambient_c, engine.surroundings.clear_sky_w_m2)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7)))
    engine.step()
    assert engine.surroundings.ambient_c == before[0]
    assert engine.surroundings.ghi_w_m2 == engine.surroundings.clear_sky_w_m2
    engine.submit(Disturb(Disturbance(Target.TEMPERATURE, -4.0)))
    engine.submit(Disturb(Disturbance(Target.TEMPERATURE, 1.5)))
    engine.step()
    assert engine.surroundings.ambient_c == pytest.approx(before[0] - 2.5)


def test_a_sky_of_a_series_takes_the_series():
    with pytest.raises(ConfigError, match="sky: series takes an irradiance_series"):
        WeatherParams(sky=Sky.SERIES)
    assert WeatherParams(sky=Sky.SERIES, irradiance_series=Series(0.0, 60.0, (1.0,))).sky is Sky.SERIES


@pytest.mark.parametrize(
    ("month", "day", "over_k"), [(7, 16, 9.0), (1, 15, -9.0), (4, 16, 0.0), (10, 15, 0.0), (6, 1, 6.4)]
)
@pytest.mark.parametrize("year", [2026, 2028, 2035])
def test_the_air_is_warmest_in_july_of_every_year(year: int, month: int, day: int, over_k: float):
    noon_s = datetime(year, month, day, 12, tzinfo=UTC).timestamp()
    course = replace(BERLIN, ambient_mean_c=10.0, ambient_season_k=9.0)
    engine = site(course, noon_s - 60.0)
    engine.step()
    assert engine.surroundings.ambient_c == pytest.approx(10.0 + over_k, abs=0.2)


POTSDAM = WeatherParams(
    sky=Sky.CLEAR,
    latitude_deg=52.38,
    longitude_deg=13.06,
    clear_sky_index_std=0.2,
    clear_sky_index_by_month=CLIMATES["central-europe"],
)
DIN_V_18599_10_W_M2 = (29, 44, 97, 189, 221, 241, 210, 180, 127, 77, 31, 17)
"""Mean global irradiance of January to December, horizontal, reference climate Potsdam."""


def test_the_months_of_central_europe_have_the_light_of_the_reference_climate():
    new_year_s = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    engine = site(replace(POTSDAM, clear_sky_index_std=0.0), new_year_s, dt_s=900.0)
    light: list[list[float]] = [[] for _ in range(12)]
    for _ in range(365 * 96):
        engine.step()
        month = datetime.fromtimestamp(engine.surroundings.unix_s - 1.0, UTC).month
        light[month - 1].append(engine.surroundings.ghi_w_m2)
    for found, reference in zip(light, DIN_V_18599_10_W_M2, strict=True):
        assert statistics.fmean(found) == pytest.approx(reference, rel=0.01, abs=0.5)


@pytest.mark.parametrize(("latitude_deg", "azimuth_deg"), [(50.0, 180.0), (48.1, 200.0)])
def test_a_year_of_pv_in_central_europe_makes_as_much_as_plants_there(
    latitude_deg: float, azimuth_deg: float
):
    plant = PvParams(10_000.0, 10_000.0, tilt_deg=35.0, azimuth_deg=azimuth_deg)
    place = replace(POTSDAM, latitude_deg=latitude_deg, ambient_mean_c=9.7, ambient_season_k=9.6)
    engine = site(place, datetime(2026, 1, 1, tzinfo=UTC).timestamp(), dt_s=1800.0, pv=plant)
    engine.advance(365 * DAY_S)
    assert 950.0 < engine.telemetry("pv").total_energy_wh / 10_000.0 < 1100.0


def test_without_months_the_share_of_the_clear_sky_is_the_same_all_year():
    for start_s in (JUNE_S, DECEMBER_S):
        engine = site(replace(BERLIN, clear_sky_index=0.6), start_s + 12 * 3600.0)
        engine.step()
        assert engine.surroundings.ghi_w_m2 == pytest.approx(0.6 * engine.surroundings.clear_sky_w_m2)


@pytest.mark.parametrize("months", [(0.5,) * 11, (0.5,) * 13, (*(0.5,) * 11, 1.6), (*(0.5,) * 11, math.nan)])
def test_months_other_than_twelve_shares_are_refused(months: tuple[float, ...]):
    with pytest.raises(ConfigError, match="twelve numbers from 0 to 1"):
        replace(BERLIN, clear_sky_index_by_month=months)
