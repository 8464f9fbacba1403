"""Weather files of the field become series of the year in which the site starts, as pvlib reads them."""

import io
from datetime import UTC, datetime
from math import sin
from pathlib import Path

import pandas as pd
import pvlib
import pytest

from twin_tui.config.series import series_of_csv
from twin_tui.config.site import load_site
from twin_tui.config.weather_files import HOURS, weather_series
from twin_tui.engine.engine import Engine
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError


def hours() -> pd.DatetimeIndex:
    return pd.date_range("2005-01-01", periods=HOURS, freq="1h")


def numbers(number: int) -> tuple[float, float, float]:
    """Return made-up irradiance, temperature and wind of an hour of the year, all different."""
    return (
        round(500 + 499 * sin(number), 1),
        round(10 + 20 * sin(number / 1000), 1),
        round(number % 90 / 10, 1),
    )


def epw() -> str:
    head = ["LOCATION,Berlin,-,DEU,IWEC,103840,52.47,13.40,1.0,49.0", *(f"HEAD {n}" for n in range(2, 9))]
    rows = []
    for number, when in enumerate(hours()):
        ghi, temperature, wind = numbers(number)
        cells = [when.year, when.month, when.day, when.hour + 1, 60, "?9", temperature, *["0"] * 6, ghi]
        rows.append(",".join(map(str, [*cells, *["0"] * 7, wind, *["0"] * 13])))
    return "\n".join([*head, *rows]) + "\n"


def tmy3() -> str:
    head = [
        '103840,"BERLIN",DE,1.0,52.47,13.40,49',
        "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),Dry-bulb (C),Wspd (m/s)",
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
        ghi, temperature, wind = numbers(number)
        rows.append(f"{when:%Y%m%d:%H%M},{temperature},80,{ghi},0,0,300,{wind},0,101325")
    return "\n".join([*head, *rows]) + "\n"


FILES = {"epw": epw, "tmy3": tmy3, "pvgis": pvgis}


def series(folder: Path, kind: str, column: str) -> Series:
    path = folder / f"{kind}.csv"
    path.write_text(FILES[kind]())
    found = weather_series(path, column, 2026)
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
    for column, expected in zip(("ghi", "temperature", "wind"), numbers(number), strict=True):
        found = series(tmp_path, kind, column)
        assert found.at(instant, 0.0) == pytest.approx(expected)
        assert found.at(instant + 365 * 86_400.0, 0.0) == pytest.approx(expected)


def test_an_epw_file_reads_as_pvlib_reads_it(tmp_path: Path) -> None:
    reference, _ = pvlib.iotools.read_epw(io.StringIO(epw()), coerce_year=2026)
    columns = {"ghi": "ghi", "temperature": "temp_air", "wind": "wind_speed"}
    for column, theirs in columns.items():
        ours = series(tmp_path, "epw", column)
        assert list(ours.values) == pytest.approx(list(reference[theirs]))
        # pvlib stamps the beginning of the hour
        assert ours.start_s - 1800.0 == reference.index[0].timestamp()


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
        ghi, temperature, wind = numbers((31 + 28 + 1) * 24 + 13)
        seen = engine.surroundings
        assert (seen.ghi_w_m2, seen.ambient_c, seen.wind_m_s) == pytest.approx((ghi, temperature, wind))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (epw(), "gih", "columns ghi, temperature, wind, not 'gih'; did you mean ghi"),
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
        weather_series(path, column, 2026)


def test_an_ordinary_file_with_such_a_column_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("time,wind\n0,1\n60,2\n")
    assert weather_series(path, "wind", 2026) is None
    assert series_of_csv(path, "wind", UTC).values == (1.0, 2.0)
