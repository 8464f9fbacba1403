"""Local time follows the change of the clocks within a run, and everything that goes by it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from twin_tui import Twin
from twin_tui.config.site import load_site
from twin_tui.config.world import clock_changes

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = "2026-03-28T12:00:00"
AUTUMN = "2026-10-24T12:00:00"


def site(start: str, *assets: dict[str, object], step: float = 60.0) -> Twin:
    return Twin.from_dict(
        {
            "start": start,
            "timezone": "Europe/Berlin",
            "step": step,
            "assets": list(assets) or [{"type": "load"}],
        }
    )


def at(twin: Twin) -> str:
    seconds = twin.engine.snapshot().day_s
    return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}"


def utc(year: int, month: int, day: int, hour: int) -> float:
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


def test_the_changes_of_the_next_years_are_those_of_the_time_zone() -> None:
    found = clock_changes(utc(2026, 1, 1, 0), BERLIN)
    assert found[:3] == (
        (utc(2026, 3, 29, 1), 7200.0),
        (utc(2026, 10, 25, 1), 3600.0),
        (utc(2027, 3, 28, 1), 7200.0),
    )
    assert len(found) == 20
    assert clock_changes(utc(2026, 1, 1, 0), None) == ()
    assert clock_changes(utc(2026, 1, 1, 0), ZoneInfo("Asia/Tokyo")) == ()


def test_in_spring_two_o_clock_is_three_o_clock() -> None:
    twin = site(SPRING)
    twin.advance(13 * 3600 + 59 * 60)
    assert at(twin) == "01:59"
    twin.advance(60)
    assert at(twin) == "03:00"
    assert any("clocks change to +2 h of UTC" in entry.text for entry in twin.engine.log)


def test_a_start_in_the_hour_that_spring_leaves_out_is_one_in_summer_time() -> None:
    twin = site("2026-03-29T02:30:00")
    assert at(twin) == "03:30"
    twin.advance(3 * 86_400)
    assert at(twin) == "03:30"
    assert twin.engine.surroundings.utc_offset_s == 7200.0


def test_a_start_in_the_hour_that_autumn_has_twice_is_in_the_first_unless_its_offset_says_otherwise() -> None:
    for start, later in (("2026-10-25T02:30:00", "02:30"), ("2026-10-25T02:30:00+01:00", "03:30")):
        twin = site(start)
        assert at(twin) == "02:30"
        twin.advance(3600)
        assert at(twin) == later


def test_in_autumn_the_hour_from_two_to_three_comes_twice() -> None:
    twin = site(AUTUMN)
    seen = []
    for _ in range(36):
        twin.advance(1800)
        seen.append(at(twin))
    assert seen[26:33] == ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]


@pytest.mark.parametrize(("start", "charged_h"), [(SPRING, 5.0), (AUTUMN, 7.0)])
def test_a_session_arrives_and_departs_by_the_local_clock(start: str, charged_h: float) -> None:
    car = {
        "type": "ev_charger", "name": "car", "capacity_kwh": 1000, "initial_soc": 10,
        "sessions": [{"arrival": "00:00", "departure": "06:00"}],
    }  # fmt: skip
    twin = site(start, car)
    twin.advance(22 * 3600)
    seen = twin.engine.telemetry("car")
    assert seen.session_energy_wh == pytest.approx(11_000.0 * charged_h, rel=0.01)


def test_the_yield_of_the_day_does_not_begin_anew_when_the_clocks_fall_back() -> None:
    series = {"values": [4000, 4000], "step": "1h"}
    plant = {"type": "pv", "name": "pv", "rated_kw": 10, "series": series}
    twin = site("2026-10-25T01:00:00", plant)
    twin.advance(4 * 3600)
    assert at(twin) == "04:00"
    assert twin.engine.telemetry("pv").day_energy_wh == pytest.approx(16_000.0, rel=1e-3)


def test_a_site_without_a_time_zone_keeps_its_clock() -> None:
    plan = load_site({"start": "2026-03-28T12:00:00+01:00", "assets": [{"type": "load"}]}).plan
    assert plan.clock_changes == ()
