"""Weather files of the field become series of the year in which the site starts, as pvlib reads them."""

import io
from datetime import UTC, datetime
from math import sin
from pathlib import Path

import pandas as pd
import pvlib
import pytest

from twin_tui.config.reader import Site
from twin_tui.config.series import series_of_csv
from twin_tui.config.site import load_site
from twin_tui.config.weather_files import HOURS, NAMES, weather_series
from twin_tui.engine.devices.pv import PvState
from twin_tui.engine.engine import Engine
from twin_tui.engine.weather import Series, Sky
from twin_tui.errors import ConfigError


def hours() -> pd.DatetimeIndex:
    return pd.date_range("2005-01-01", periods=HOURS, freq="1h")


def numbers(number: int) -> tuple[float, float, float, float, float]:
    """Return made-up irradiances, temperature and wind of an hour of the year, all different."""
    return (
        round(500 + 499 * sin(number), 1),
        round(400 + 399 * sin(number + 1), 1),
        round(100 + 99 * sin(number + 2), 1),
        round(10 + 20 * sin(number / 1000), 1),
        round(number % 90 / 10, 1),
    )


def epw() -> str:
    head = ["LOCATION,Berlin,-,DEU,IWEC,103840,52.47,13.40,1.0,49.0", *(f"HEAD {n}" for n in range(2, 9))]
    rows = []
    for number, when in enumerate(hours()):
        ghi, dni, dhi, temperature, wind = numbers(number)
        cells = [when.year, when.month, when.day, when.hour + 1, 60, "?9", temperature, *["0"] * 6]
        rows.append(",".join(map(str, [*cells, ghi, dni, dhi, *["0"] * 5, wind, *["0"] * 13])))
    return "\n".join([*head, *rows]) + "\n"


def tmy3() -> str:
    head = [
        '103840,"BERLIN",DE,1.0,52.47,13.40,49',
        "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),Wspd (m/s)",
    ]
    rows = [
        ",".join(map(str, (f"{when:%m/%d/%Y}", f"{when.hour + 1:02d}:00", *numbers(number))))
        for number, when in enumerate(hours())
    ]
    return "\n".join([*head, *rows]) + "\n"


def pvgis() -> str:
    head = [
        "Latitude (decimal degrees): 52.470",
        "Longitude (decimal degrees): 13.400",
        "Elevation (m): 49.0",
    ]
    head += ["month,year", *(f"{month},2005" for month in range(1, 13))]
    head.append("time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP")
    rows = []
    for number, when in enumerate(hours()):
        ghi, dni, dhi, temperature, wind = numbers(number)
        rows.append(f"{when:%Y%m%d:%H%M},{temperature},80,{ghi},{dni},{dhi},300,{wind},0,101325")
    return "\n".join([*head, *rows]) + "\n"


FILES = {"epw": epw, "tmy3": tmy3, "pvgis": pvgis}


def series(folder: Path, kind: str, column: str) -> Series:
    path = folder / f"{kind}.csv"
    path.write_text(FILES[kind]())
    found = weather_series(path, column)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_of_file_gives_its_hours_at_their_time_in_the_year_of_the_site(
    tmp_path: Path, kind: str
) -> None:
    # the middle of the hour from 13 to 14 h on 2 March, standard time of +1 h; PVGIS has instants of UTC
    local = datetime(2026, 3, 2, 13, 30, tzinfo=UTC).timestamp() - 3600.0
    instant = local if kind != "pvgis" else datetime(2026, 3, 2, 13, tzinfo=UTC).timestamp()
    number = (31 + 28 + 1) * 24 + 13
    for column, expected in zip(NAMES, numbers(number), strict=True):
        found = series(tmp_path, kind, column)
        assert found.at(instant, 0.0) == pytest.approx(expected)
        assert found.at(instant + 365 * 86_400.0, 0.0) == pytest.approx(expected)


def test_an_epw_file_reads_as_pvlib_reads_it(tmp_path: Path) -> None:
    reference, _ = pvlib.iotools.read_epw(io.StringIO(epw()), coerce_year=2026)
    columns = {"ghi": "ghi", "dni": "dni", "dhi": "dhi", "temperature": "temp_air", "wind": "wind_speed"}
    for column, theirs in columns.items():
        ours = series(tmp_path, "epw", column)
        assert list(ours.values) == pytest.approx(list(reference[theirs]))
        # pvlib stamps the beginning of the hour
        middles = [when.timestamp() + 1800.0 for when in reference.index]
        assert [ours.at(at, 0.0) for at in middles] == pytest.approx(list(reference[theirs]))


def test_a_site_runs_under_the_weather_of_a_file_and_its_recording_has_it(tmp_path: Path) -> None:
    (tmp_path / "berlin.epw").write_text(epw())
    column = {"csv": "berlin.epw"}
    weather = {
        "sky": "series",
        "irradiance_series": {**column, "column": "ghi"},
        "ambient_series": {**column, "column": "temperature"},
        "wind_series": {**column, "column": "wind"},
    }
    path = tmp_path / "site.yaml"
    path.write_text(
        "start: 2026-03-02T12:30:00+00:00\nstep: 1\nassets: [{type: load}]\nweather: "
        + repr(weather).replace("'", "")
        + "\n"
    )
    site = load_site(path)
    (tmp_path / "berlin.epw").unlink()
    for each in (site, load_site(site.source)):
        engine = Engine(each.plan)
        ghi, _, _, temperature, wind = numbers((31 + 28 + 1) * 24 + 13)
        seen = engine.surroundings
        assert (seen.ghi_w_m2, seen.ambient_c, seen.wind_m_s) == pytest.approx((ghi, temperature, wind))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (epw(), "gih", "columns ghi, dni, dhi, temperature, wind, not 'gih'; did you mean ghi"),
        (epw()[: epw().index("\n2005,2,")], "ghi", "expected 8760 hours of weather, found"),
        (
            epw().replace("LOCATION,Berlin,-,DEU,IWEC,103840,52.47,13.40,1.0,49.0", "LOCATION,x"),
            "ghi",
            "damaged head",
        ),
        (pvgis().replace("WS10m", "W10"), "wind", "without the column WS10m"),
        (
            tmy3().replace("01/01/2005,01:00,", "01/01/2005,01:00,x"),
            "ghi",
            ":3: expected a number in column 3",
        ),
    ],
    ids=["column", "short", "head", "missing", "number"],
)
def test_a_damaged_weather_file_is_refused_with_its_place(
    tmp_path: Path, text: str, column: str, message: str
) -> None:
    path = tmp_path / "file.epw"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        weather_series(path, column)


def test_an_ordinary_file_with_such_a_column_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("time,wind\n0,1\n60,2\n")
    assert weather_series(path, "wind") is None
    assert series_of_csv(path, "wind", UTC).values == (1.0, 2.0)


def site(tmp_path: Path, text: str, weather: str = "", **top: object) -> Site:
    (tmp_path / "town.epw").write_text(text)
    path = tmp_path / "site.yaml"
    keys = "".join(f"{key}: {each}\n" for key, each in top.items())
    path.write_text(
        f"step: 60\n{keys}weather: {{file: town.epw{weather}}}\n"
        "assets: [{type: pv, tilt_deg: 35, azimuth_deg: 160, rated_kw: 10, peak_kw: 10}]\n"
    )
    return load_site(path)


@pytest.mark.parametrize("kind", FILES)
def test_beam_and_diffuse_light_of_a_file_reach_the_modules_as_pvlib_says(tmp_path: Path, kind: str) -> None:
    found = site(tmp_path, FILES[kind](), start="2026-06-02T00:00:00+00:00")
    engine = Engine(found.plan)
    middle_s = 0.0 if kind == "pvgis" else 1800.0
    compared = 0
    for hour in range(4, 20):
        instant = datetime(2026, 6, 2, hour, tzinfo=UTC).timestamp() + middle_s
        while engine.surroundings.unix_s < instant:
            engine.step()
        # EPW and TMY3 have the local standard time of +1 h
        number = (31 + 28 + 31 + 30 + 31 + 1) * 24 + hour + (kind != "pvgis")
        ghi, dni, dhi, _, _ = numbers(number)
        position = pvlib.solarposition.get_solarposition(
            pd.DatetimeIndex([pd.Timestamp(instant, unit="s", tz="UTC")]), 52.47, 13.40
        )
        expected = pvlib.irradiance.get_total_irradiance(
            *(35, 160, position["zenith"], position["azimuth"], dni, ghi, dhi), albedo=0.2, model="isotropic"
        )["poa_global"].iloc[0]
        seen: PvState = engine.devices["pv-1"].state
        if position["zenith"].iloc[0] < 88.0:
            compared += 1
            assert seen.plane_w_m2 == pytest.approx(expected, rel=2e-3, abs=0.5)
    assert compared >= 14


def test_a_site_on_a_weather_file_has_its_place_and_every_column_and_so_has_its_recording(
    tmp_path: Path,
) -> None:
    found = site(tmp_path, epw())
    (tmp_path / "town.epw").unlink()
    for each in (found, load_site(found.source)):
        weather = each.plan.weather
        assert (weather.sky, weather.latitude_deg, weather.longitude_deg) == (Sky.SERIES, 52.47, 13.40)
        hour = numbers(0)
        first = [weather.irradiance_series, weather.beam_series, weather.diffuse_series]
        first += [weather.ambient_series, weather.wind_series]
        assert [series.values[0] for series in first if series is not None] == list(hour)
    assert load_site(found.source).plan == found.plan


def test_what_is_written_beside_the_file_counts(tmp_path: Path) -> None:
    own = site(tmp_path, epw(), ", sky: clear, wind_m_s: 4, wind_series: null", latitude=40, longitude=-3)
    weather = own.plan.weather
    assert (weather.sky, weather.latitude_deg, weather.longitude_deg) == (Sky.CLEAR, 40, -3)
    assert weather.irradiance_series is weather.beam_series is weather.wind_series is None
    assert weather.ambient_series is not None


def test_a_file_without_beam_and_diffuse_light_leaves_them_to_the_model(tmp_path: Path) -> None:
    for text in (epw().replace(f",{numbers(5000)[1]},", ",9999,"), pvgis().replace("Gb(n)", "Gx(n)")):
        weather = site(tmp_path, text).plan.weather
        assert weather.beam_series is weather.diffuse_series is None
        assert weather.irradiance_series is not None
    with pytest.raises(ConfigError, match=r"town.epw:9: no value of temperature: 99.9 marks a missing"):
        site(tmp_path, epw().replace(f",?9,{numbers(0)[3]},", ",?9,99.9,", 1))
    with pytest.raises(ConfigError, match=r"weather\.file: expected an EPW"):
        site(tmp_path, "time,wind\n0,1\n60,2\n")
    with pytest.raises(ConfigError, match="beam_series and diffuse_series are given together"):
        site(tmp_path, epw(), ", beam_series: null")


@pytest.mark.parametrize("kind", FILES)
def test_29_february_has_the_weather_of_the_28th_and_march_its_own(tmp_path: Path, kind: str) -> None:
    found = series(tmp_path, kind, "temperature")
    ahead_h = 0 if kind == "pvgis" else 1
    minutes = 0 if kind == "pvgis" else 30
    for year in (2026, 2028, 2032, 2100, 2200):
        leap = year in (2028, 2032)
        for month, day, number in ((2, 28, 58), (2, 29, 58), (3, 1, 59), (12, 31, 364), (1, 1, 0)):
            if (month, day) == (2, 29) and not leap:
                continue
            noon = datetime(year, month, day, 12 - ahead_h, minutes, tzinfo=UTC).timestamp()
            assert found.at(noon, 0.0) == pytest.approx(numbers(24 * number + 12)[3]), (year, month, day)


def test_a_file_of_a_leap_year_gives_its_other_365_days(tmp_path: Path) -> None:
    for kind, of_march, of_the_29th in (
        ("epw", "2005,3,1,", "2005,2,29,"),
        ("tmy3", "03/01/2005,", "02/29/2005,"),
        ("pvgis", "20050301:", "20050229:"),
    ):
        lines = FILES[kind]().splitlines(keepends=True)
        whole = series(tmp_path, kind, "ghi").values
        march = next(at for at, line in enumerate(lines) if line.startswith(of_march))
        extra = [line.replace(of_march, of_the_29th, 1) for line in lines[march : march + 24]]
        path = tmp_path / "leap.csv"
        path.write_text("".join((*lines[:march], *extra, *lines[march:])))
        found = weather_series(path, "ghi")
        assert found is not None
        assert found.values == whole


def test_a_typical_year_is_whole() -> None:
    for wrong in (
        {"values": (1.0,) * 8784},
        {"repeats": False},
        {"relative": True},
    ):
        keys = {"values": (1.0,) * HOURS, "repeats": True, **wrong}
        with pytest.raises(ConfigError, match="repeats, and has the values of 365 days"):
            Series(0.0, 3600.0, typical_year_ahead_s=0.0, **keys)  # type: ignore[arg-type]
