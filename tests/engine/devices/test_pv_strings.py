"""The strings of a PV plant at their own inputs, and what the inverter takes at night."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.devices.test_pv import NOON_UNIX_S, PLANT, site
from twin_tui import Twin
from twin_tui.engine.device import Status
from twin_tui.engine.devices.pv import PvParams
from twin_tui.engine.devices.pv_inputs import MOST_STRINGS, PvString
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.errors import ConfigError

NIGHT_UNIX_S = NOON_UNIX_S - 12 * 3600
NIGHT = replace(PLANT, night_w=5.5, initial_consumed_wh=1000.0)


def string(seen: Any, number: int) -> tuple[float, float, float]:
    return tuple(getattr(seen, f"string_{number}_{name}") for name in ("voltage_v", "current_a", "power_w"))  # type: ignore[return-value]


@settings(max_examples=40, deadline=None)
@given(
    strings=st.integers(1, MOST_STRINGS),
    peak_w=st.floats(500.0, 30_000.0),
    limit_w=st.floats(0.0, 12_000.0),
    blown=st.booleans(),
    hour=st.integers(0, 23),
)
def test_the_strings_sum_to_the_dc_side_and_each_power_is_voltage_times_current(
    strings: int, peak_w: float, limit_w: float, blown: bool, hour: int
) -> None:
    engine = site(replace(PLANT, peak_w=peak_w, pv_strings=strings), NIGHT_UNIX_S + hour * 3600)
    engine.submit(Write("pv", {"active_power_limit_w": limit_w}))
    if blown:
        engine.submit(Fault("pv", "string_open"))
    engine.advance(2)
    seen = engine.telemetry("pv")
    each = [string(seen, number) for number in range(1, MOST_STRINGS + 1)]
    assert sum(power for _, _, power in each) == pytest.approx(seen.dc_power_w, abs=1e-9)
    assert sum(amps for _, amps, _ in each) == pytest.approx(seen.dc_current_a, abs=1e-9)
    for volts, amps, power in each:
        assert volts * amps == pytest.approx(power, abs=1e-9)
    assert all(values == (0.0, 0.0, 0.0) for values in each[strings:])
    assert not blown or each[0] == (0.0, 0.0, 0.0)


def test_a_blown_fuse_takes_the_part_of_its_string_at_once_and_gives_it_back() -> None:
    engine = site(replace(PLANT, peak_w=8000.0, pv_strings=2))
    engine.advance(5)
    before = engine.telemetry("pv")
    engine.submit(Fault("pv", "string_open"))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert seen.dc_power_w == pytest.approx(before.dc_power_w / 2, rel=1e-4)
    assert (seen.fault_code, engine.devices["pv"].state.status) == (2012, Status.RUNNING)
    assert string(seen, 2)[2] == pytest.approx(seen.dc_power_w)
    engine.submit(ClearFault("pv"))
    engine.advance(1)
    assert engine.telemetry("pv").dc_power_w == pytest.approx(before.dc_power_w, rel=1e-4)


def test_the_only_string_without_its_fuse_gives_nothing() -> None:
    engine = site()
    engine.submit(Fault("pv", "string_open"))
    engine.advance(1)
    seen = engine.telemetry("pv")
    assert (seen.active_power_w, seen.dc_power_w, seen.available_power_w) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("strings", [0, MOST_STRINGS + 1])
def test_a_number_of_strings_that_no_input_is_for_is_refused(strings: int) -> None:
    with pytest.raises(ConfigError, match=rf"pv_strings {strings} of a PV plant is not in 1 … 4"):
        PvParams(rated_w=1.0, peak_w=1.0, pv_strings=strings)


@pytest.mark.parametrize("on", [True, False])
def test_at_night_it_takes_its_own_consumption_and_counts_it_apart(on: bool) -> None:
    engine = site(NIGHT, NIGHT_UNIX_S, dt_s=60.0)
    engine.submit(Write("pv", {"on": on}))
    engine.advance(3600)
    seen = engine.telemetry("pv")
    assert seen.active_power_w == -5.5
    assert seen.consumed_energy_wh == pytest.approx(1005.5)
    assert (seen.total_energy_wh, seen.day_energy_wh) == (0.0, 0.0)


def test_by_day_the_modules_feed_the_electronics_and_a_dead_grid_feeds_nothing() -> None:
    day = site(NIGHT)
    day.submit(Write("pv", {"on": False}))
    day.advance(5)
    assert day.telemetry("pv").active_power_w == 0.0
    night = site(NIGHT, NIGHT_UNIX_S)
    night.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    night.submit(Write("pv", {"on": False}))
    night.advance(5)
    assert night.telemetry("pv").active_power_w == 0.0
    assert night.telemetry("pv").consumed_energy_wh == 1000.0


def test_in_the_morning_the_power_rises_from_zero_and_no_yield_is_lost() -> None:
    engine = site(replace(NIGHT, ramp_w_per_s=1.0), NIGHT_UNIX_S + 3 * 3600, dt_s=1.0)
    last_wh = -1.0
    while engine.telemetry("pv").active_power_w < 100.0:
        engine.advance(60)
        seen = engine.telemetry("pv")
        assert seen.active_power_w == -5.5 or seen.active_power_w >= 0.0
        assert seen.total_energy_wh >= last_wh
        last_wh = seen.total_energy_wh


def in_june(hour: int, *plants: dict[str, Any]) -> Twin:
    assets = [
        {"type": "pv", "rated_kw": 20, "name": f"p{place}", **keys} for place, keys in enumerate(plants)
    ]
    start = f"2026-06-20T{hour:02d}:00:00"
    place = {"latitude": 52.0, "longitude": 13.0, "timezone": "UTC", "start": start}
    twin = Twin.from_dict({**place, "weather": {"clear_sky_index": 1.0}, "assets": assets})
    twin.advance(2.0)
    return twin


@pytest.mark.parametrize("hour", [6, 11, 16])
def test_each_string_gives_what_a_plant_with_its_modules_alone_would_give(hour: int) -> None:
    east, west = {"tilt_deg": 30, "azimuth_deg": 90}, {"tilt_deg": 30, "azimuth_deg": 270}
    views = [{"peak_w": 3000, **east}, {"peak_w": 5000, **west}]
    twin = in_june(hour, {"strings": views}, {"peak_kw": 3, **east}, {"peak_kw": 5, **west})
    alone = [twin.engine.devices[name].state.dc_available_w for name in ("p1", "p2")]
    found = [string(twin.device("p0").telemetry, number)[2] for number in (1, 2)]
    assert found == pytest.approx(alone, rel=1e-9)
    assert (found[0] / 3 > found[1] / 5) == (hour < 12)


def test_a_blown_fuse_takes_the_modules_of_its_string_and_curtailing_takes_from_all_alike() -> None:
    views = (PvString(3000.0, 30.0, 90.0), PvString(5000.0, 30.0, 270.0))
    engine = site(replace(PLANT, strings=views), NOON_UNIX_S)
    engine.advance(2)
    before = [string(engine.telemetry("pv"), number)[2] for number in (1, 2)]
    engine.submit(Fault("pv", "string_open"))
    engine.advance(2)
    seen = engine.telemetry("pv")
    assert string(seen, 1) == (0.0, 0.0, 0.0)
    assert string(seen, 2)[2] == pytest.approx(before[1], rel=1e-3)
    engine.submit(ClearFault("pv", "string_open"))
    engine.submit(Write("pv", {"active_power_limit_w": 1000.0}))
    engine.advance(2)
    seen = [string(engine.telemetry("pv"), number)[2] for number in (1, 2)]
    assert sum(seen) < 1200.0
    assert seen[0] / seen[1] == pytest.approx(before[0] / before[1], rel=1e-3)


@pytest.mark.parametrize(("count", "pv_strings"), [(5, 1), (2, 3)])
def test_strings_are_as_many_as_the_inverter_has_inputs(count: int, pv_strings: int) -> None:
    with pytest.raises(
        ConfigError, match=f"up to 4 strings of a PV plant, as many as pv_strings; found {count}"
    ):
        replace(PLANT, strings=(PvString(1000.0),) * count, pv_strings=pv_strings)


def test_a_site_file_gives_strings_in_a_list() -> None:
    views = [{"peak_w": 4000, "azimuth_deg": 90}, {"peak_w": 4000, "azimuth_deg": 270, "tilt_deg": 15}]
    twin = Twin.from_dict({"assets": [{"type": "pv", "name": "p", "rated_kw": 8, "strings": views}]})
    params = twin.engine.devices["p"].params
    assert (params.peak_w, params.pv_strings, params.strings[1].tilt_deg) == (8000.0, 2, 15.0)
    with pytest.raises(ConfigError, match="strings: unknown key peak_kw"):
        Twin.from_dict({"assets": [{"type": "pv", "rated_kw": 8, "strings": [{"peak_kw": 4}]}]})
