"""Standard load profiles against demandlib 0.2.2 (oemof), whose answers for 2026 are written down here."""

import sys
from datetime import UTC, date, datetime

import pytest

from twin_tui.config.load_profiles import NAMES, load_profile, to_holidays
from twin_tui.config.reader import Site
from twin_tui.config.site import load_site
from twin_tui.engine.engine import Engine
from twin_tui.engine.physics.standard_profile import StandardProfile
from twin_tui.errors import ConfigError

BAVARIA = to_holidays(
    [
        *("2026-01-01", "2026-01-06", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25"),
        *("2026-06-04", "2026-08-15", "2026-10-03", "2026-11-01", "2026-12-25", "2026-12-26"),
    ]
)
# power over the mean of the year, from ElecSlp(2026, holidays=…).slp_frame
BY_DEMANDLIB = {
    "2026-01-06T12:00": {"h0": 2.32167, "g0": 0.66434, "g3": 0.87530, "g6": 2.26854, "l0": 1.35869},
    "2026-01-07T12:00": {"h0": 1.37601, "g0": 2.03530, "g3": 1.35058, "g6": 1.69701, "l0": 1.33278},
    "2026-06-20T19:15": {"h0": 1.28575, "g0": 0.69334, "g3": 1.01670, "g6": 2.07510, "l0": 1.43923},
    "2026-05-13T07:30": {"h0": 1.06120, "g0": 0.97746, "g3": 0.89980, "g6": 0.45723, "l0": 1.30056},
}
JANUARY_OVER_JULY = {
    "h0": 102.426 / 69.684,
    "g0": 86.612 / 83.716,
    "g1": 93.879 / 75.319,
    "g4": 86.248 / 85.753,
    "l0": 91.940 / 77.146,
    "l2": 91.197 / 78.019,
}


def unix(when: str) -> float:
    return datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()


def month_kwh(profile: StandardProfile, month: int) -> float:
    """Return the energy of a month of 2026 for 1,000 kWh a year."""
    days = (date(2026, month + 1, 1) - date(2026, month, 1)).days
    start = unix(f"2026-{month:02d}-01")
    quarters = (profile.share(start + 900.0 * number) for number in range(96 * days))
    return sum(quarters) * 1000.0 / (365 * 96)


@pytest.mark.parametrize("when", BY_DEMANDLIB)
def test_a_profile_at_a_moment_is_that_of_demandlib(when: str) -> None:
    for name, expected in BY_DEMANDLIB[when].items():
        # demandlib's factor of the season runs on within the day, and its 24 and 31 December are workdays
        assert load_profile(name, BAVARIA).share(unix(when)) == pytest.approx(expected, rel=3e-3), name


@pytest.mark.parametrize("name", JANUARY_OVER_JULY)
def test_the_energies_of_winter_and_summer_are_to_each_other_as_those_of_demandlib(name: str) -> None:
    # of the months, because demandlib has two more workdays in its year: 24 and 31 December
    profile = load_profile(name, BAVARIA)
    assert month_kwh(profile, 1) / month_kwh(profile, 7) == pytest.approx(JANUARY_OVER_JULY[name], rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("year", [2026, 2028])
def test_the_mean_of_every_calendar_year_is_one(name: str, year: int) -> None:
    profile = load_profile(name, BAVARIA)
    start = unix(f"{year}-01-01")
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    shares = [profile.share(start + 3600.0 * 6 + 900.0 * number) for number in range(-24, 96 * days - 24)]
    assert sum(shares) / len(shares) == pytest.approx(1.0, rel=1e-12)


def test_christmas_eve_is_a_saturday_and_a_holiday_a_sunday() -> None:
    profile = load_profile("g1", to_holidays(["2026-12-23"]))
    eve, day_before, saturday, sunday = (
        profile.share(unix(f"2026-12-{day}T10:00")) for day in (24, 23, 19, 20)
    )
    assert (eve, day_before) == (saturday, sunday)
    assert profile.share(unix("2026-12-22T10:00")) > 3 * saturday


def test_a_site_file_names_a_profile_and_its_holidays() -> None:
    asset = {
        "type": "load",
        "name": "shop",
        "annual_kwh": 8760,
        "standard_profile": "G4",
        "holidays": ["2026-06-22"],
    }
    site = {"start": "2026-06-22T10:00:00", "timezone": "Europe/Berlin", "assets": [asset]}
    engine = Engine(load_site(site).plan)
    engine.advance(10.0)
    expected = load_profile("g4", to_holidays(["2026-06-22"])).share(unix("2026-06-22T10:00"))
    assert engine.telemetry("shop").consumption_power_w == pytest.approx(1000.0 * expected)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"standard_profile": "h9"}, "expected one of h0, g0, .* found 'h9'"),
        ({"standard_profile": "h0", "profile": "flat"}, "give profile or standard_profile, not both"),
        ({"standard_profile": "h0", "holidays": ["2026-02-30"]}, "expected a list of dates like 2026-12-25"),
        ({"holidays": ["2026-12-25"]}, "holidays take a standard_profile"),
    ],
)
def test_a_profile_that_is_none_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_site({"assets": [{"type": "load", "annual_kwh": 3000, **keys}]})


def shop(region: str | None, *own: str) -> Site:
    asset = {"type": "load", "annual_kwh": 8760, "standard_profile": "g1"}
    asset |= {"holidays": list(own)} if own else {}
    keys = {"region": region} if region else {}
    start = {"start": "2026-01-06T00:00:00", "timezone": "Europe/Berlin"}
    return load_site({**start, **keys, "assets": [asset, {"type": "pv"}]})


def share_of(site: Site, when: str) -> float:
    profile: StandardProfile = site.plan.devices[0].params.standard_profile
    return profile.share(unix(when))


def test_the_holidays_of_the_region_are_sundays_in_ten_years() -> None:
    bavaria, berlin, plain = shop("de-by"), shop("DE-BE"), shop(None)
    # Epiphany and Corpus Christi are holidays of Bavaria, 8 March is one of Berlin, 1 May of both
    for when, in_bavaria, in_berlin in (
        ("2026-01-06T11:00", True, False),
        ("2026-06-04T11:00", True, False),
        ("2030-06-20T11:00", True, False),
        ("2027-03-08T11:00", False, True),
        ("2036-01-06T11:00", False, False),  # a Sunday in any case
        ("2035-05-01T11:00", True, True),
        ("2026-07-15T11:00", False, False),
    ):
        workday = share_of(plain, when)
        assert (share_of(bavaria, when) < 0.5 * workday) is in_bavaria, when
        assert (share_of(berlin, when) < 0.5 * workday) is in_berlin, when


def test_own_holidays_are_added_to_those_of_the_region_and_a_recording_has_them_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = shop("DE-BY", "2026-08-08", "2026-07-15")
    assert share_of(found, "2026-07-15T11:00") < 0.5 * share_of(shop("DE-BY"), "2026-07-15T11:00")
    assert share_of(found, "2026-01-06T11:00") < 0.5 * share_of(shop("DE-BE"), "2026-01-06T11:00")
    monkeypatch.setitem(sys.modules, "holidays", None)
    assert load_site(found.source).plan == found.plan


def test_a_region_without_known_holidays_and_a_missing_package_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for region, told in (
        ("DE-XY", "region: no holidays are known for DE-XY; did you mean DE-"),
        ("ZZ", "region: no holidays are known for ZZ"),
        ("Bavaria", "region: expected a region like DE or DE-BY, found 'Bavaria'"),
    ):
        with pytest.raises(ConfigError, match=told):
            shop(region)
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ConfigError, match=r"pip install 'twin-tui\[holidays\]'"):
        shop("DE-BY")
    load_site({"region": "DE-BY", "assets": [{"type": "load"}]})  # nobody needs them
