"""Keys of site files beyond DER Twin's format."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from twin_tui.config import load_site, series, source
from twin_tui.config.assets import asset_model
from twin_tui.config.schedule import to_time_of_day
from twin_tui.engine.device import registry
from twin_tui.engine.devices.load import LOAD, LoadState
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, SelectMode, Write
from twin_tui.engine.signals import value
from twin_tui.engine.weather import Sky
from twin_tui.protocols.modbus.endpoints import ModbusTcp
from twin_tui.protocols.s2.connector import S2

BATTERY: dict[str, Any] = {"type": "battery"}
EMPTY_MAP: dict[str, Any] = {"registers": []}


def one(asset: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    return {"assets": [asset or BATTERY], **top}


def test_yaml_and_json_give_the_same_plan(write_site: Callable[..., Path]) -> None:
    data = one({**BATTERY, "capacity_kwh": 12, "port": 5020}, seed=3, grid={"preset": "nordic"})
    from_json, from_yaml = (load_site(write_site(data, name)) for name in ("site.json", "site.yaml"))
    assert from_json.plan == from_yaml.plan
    assert from_json.endpoints == from_yaml.endpoints


def test_overrides_replace_keys_of_the_file() -> None:
    site = load_site(one(seed=3, step=0.1), seed=9, step=1, start=None)
    assert (site.plan.seed, site.plan.dt_s) == (9, 1.0)
    assert load_site(json.loads(json.dumps(site.source))).plan == site.plan


def test_a_start_with_a_zone_is_that_instant_and_the_site_has_its_offset_there() -> None:
    plan = load_site(one(start="2026-01-15T12:00:00+01:00")).plan
    assert plan.start_unix_s == datetime(2026, 1, 15, 11, tzinfo=UTC).timestamp()
    assert plan.utc_offset_s == 3600


def test_a_start_without_a_zone_is_in_the_sites_time_zone() -> None:
    winter = load_site(one(start="2026-01-15T12:00", timezone="Europe/Oslo")).plan
    summer = load_site(one(start="2026-07-15T12:00", timezone="Europe/Oslo")).plan
    assert (winter.utc_offset_s, summer.utc_offset_s) == (3600, 7200)
    assert summer.start_unix_s == datetime(2026, 7, 15, 10, tzinfo=UTC).timestamp()


def test_the_hour_of_the_start_is_local() -> None:
    plan = load_site(one(start_time_h=6.5, timezone="America/New_York")).plan
    assert (plan.start_unix_s + plan.utc_offset_s) % 86_400 == 6.5 * 3600


def test_a_site_with_coordinates_has_the_sun_of_its_location() -> None:
    weather = load_site(one(latitude=60, longitude=10)).plan.weather
    assert (weather.sky, weather.latitude_deg, weather.longitude_deg) == (Sky.CLEAR, 60, 10)
    weather = load_site(one(latitude=60, longitude=10, weather={"sky": "sine"})).plan.weather
    assert weather.sky is Sky.SINE


def test_a_preset_of_the_grid_can_be_changed_in_part() -> None:
    plain, changed = (
        load_site(one(grid={"preset": "continental-europe", **more})).plan.grid
        for more in ({}, {"frequency_std_hz": 0.5, "nominal_v_ll": 690})
    )
    assert changed == replace(plain, frequency_std_hz=0.5, nominal_v=690 / math.sqrt(3))
    assert load_site(one(grid={"preset": "60hz"})).plan.grid.nominal_hz == 60


def test_every_parameter_of_every_type_can_be_set_in_its_own_unit_or_in_kilo() -> None:
    site = load_site(
        {
            "assets": [
                {
                    "type": "battery",
                    "capacity_wh": 7000,
                    "standby_w": 12,
                    "hot_full_c": 40,
                    "initial_soc": "5e1",
                },
                {"type": "pv", "rated_kw": 5, "azimuth_deg": 90, "cell_model": "faiman", "rated_va": None},
                {"type": "load", "base_kw": 2},
            ]
        }
    )
    battery, pv, load = (device.params for device in site.plan.devices)
    assert (battery.capacity_wh, battery.standby_w, battery.hot_full_c, battery.initial_soc) == (
        7000,
        12,
        40,
        0.5,
    )
    assert (pv.rated_w, pv.azimuth_deg, pv.cell_model.value, pv.rated_va) == (5000, 90, "faiman", None)
    assert load.base_w == 2000


def test_started_and_commands_are_there_at_the_start() -> None:
    site = load_site(one({**BATTERY, "started": True, "commands": {"active_power_setpoint_w": -500}}))
    commands = site.plan.devices[0].commands
    assert (commands.start_stop, commands.active_power_setpoint_w) == (1, -500.0)


def test_a_battery_is_off_until_it_is_started() -> None:
    assert load_site(one()).plan.devices[0].commands.start_stop == 2


def test_the_grid_code_of_the_site_is_that_of_each_asset_that_names_none() -> None:
    assets = [{"type": "battery"}, {"type": "pv", "grid_code": "g99"}, {"type": "battery", "grid_code": None}]
    site = load_site({"assets": assets, "grid_code": "vde-ar-n-4105"})
    codes = [device.params.grid_code for device in site.plan.devices]
    assert [code and code.name for code in codes] == ["vde-ar-n-4105", "g99", None]


def test_a_grid_code_can_have_its_curves_switched() -> None:
    code = {"name": "vde-ar-n-4105", "volt_var": False}
    assert load_site(one(grid_code=code)).plan.devices[0].params.grid_code.volt_var is None


def test_events_have_their_times() -> None:
    sag = {"target": "voltage", "magnitude": 0.7, "duration_s": "1m", "phases": "a"}
    events = [
        {"at": "12m", "event": "Disturb", "disturbance": sag},
        {"at": 3, "event": "Write", "device": "battery-1", "values": {"start_stop": 1}},
    ]
    (first_s, first), (second_s, second) = load_site(one(events=events)).plan.events
    assert (first_s, second_s) == (720, 3)
    assert isinstance(first, Disturb)
    assert (first.disturbance.duration_s, first.disturbance.phases, first.origin) == (60, "a", "site file")
    assert isinstance(second, Write)
    assert second.values == {"start_stop": 1}


def test_events_may_be_commands_of_the_console() -> None:
    events = [{"at": "10s", "do": "sag grid 0.7 2s"}, {"at": 20, "do": "mode battery-1 IDLE"}]
    (at_s, event), (_, mode) = load_site(one(events=events)).plan.events
    assert mode == SelectMode("battery-1", "IDLE", 1.0, {}, "site file")
    assert at_s == 10
    assert isinstance(event, Disturb)
    assert (event.disturbance.magnitude, event.disturbance.duration_s, event.origin) == (0.7, 2, "site file")


def test_links_apply_to_every_port_without_its_own_option() -> None:
    def port(number: int, **more: Any) -> dict[str, Any]:
        return {"kind": "modbus_tcp", "port": number, "register_map": EMPTY_MAP, **more}

    protocols = [port(5020), port(5021, idle_timeout="10s")]
    site = load_site(one({**BATTERY, "protocols": protocols}, links={"max_clients": 1, "idle_timeout": "5m"}))
    first, second = (endpoint.options for endpoint in site.endpoints if isinstance(endpoint, ModbusTcp))
    assert (first.max_clients, first.idle_timeout_s) == (1, 300)
    assert (second.max_clients, second.idle_timeout_s) == (1, 10)


def test_roles_identity_and_s2_reach_the_endpoints() -> None:
    tcp = {
        "kind": "modbus_tcp",
        "port": 5020,
        "register_map": EMPTY_MAP,
        "devices": {"sun": "pv-1"},
        "identity": {"vendor_name": "Acme", "model_name": "B-1"},
    }
    s2 = {"kind": "s2", "cem": "ws://127.0.0.1:9000/", "token": "secret"}
    site = load_site({"assets": [{**BATTERY, "protocols": [tcp, s2]}, {"type": "pv"}]})
    first, second = site.endpoints
    assert isinstance(first, ModbusTcp)
    assert first.devices == {"sun": "pv-1"}
    assert first.identity == {0: "Acme", 5: "B-1"}
    assert second == S2("battery-1", "ws://127.0.0.1:9000/", "secret")
    assert "secret" not in json.dumps(site.source)


def test_the_default_speed_is_real_time() -> None:
    speeds = [
        load_site(one(**top)).speed for top in ({}, {"real_time": False}, {"speed": 60}, {"speed": "max"})
    ]
    assert speeds == [1.0, math.inf, 60.0, math.inf]


def test_a_name_that_is_taken_is_not_given_again() -> None:
    site = load_site({"assets": [{"type": "load"}, {"type": "load", "name": "load-1"}, {"type": "load"}]})
    assert [device.name for device in site.plan.devices] == ["load-2", "load-1", "load-3"]


def test_load_steps_apply_to_the_first_load_only() -> None:
    site = load_site({"assets": [{"type": "load"}, {"type": "load"}]})
    assert [device.params.takes_steps for device in site.plan.devices] == [True, False]


def test_the_dump_of_a_site_needs_no_other_file(write_site: Callable[..., Path], site_folder: Path) -> None:
    (site_folder / "sun.csv").write_text("time,ghi\n0,100\n60,200\n120,150\n")
    (site_folder / "maps" / "mine.yaml").write_text("registers: []\n")
    data = one(
        {**BATTERY, "port": 5020, "register_map": "mine.yaml"},
        weather={"sky": "series", "irradiance_series": "sun.csv"},
        seed=5,
    )
    site = load_site(write_site(data))
    text = json.dumps(site.source)
    assert str(site_folder) not in text
    again = load_site(json.loads(text))
    assert again.plan == site.plan
    assert again.endpoints[0].register_map == EMPTY_MAP
    assert again.source == json.loads(text)


OWN_CODE = """
title: Ours
nominal_hz: 50
stages: [{name: U<, quantity: voltage, below: 0.8, clearing_s: 0.5}]
enter_service: {v_low_pu: 0.9, v_high_pu: 1.1, f_low_hz: 49, f_high_hz: 51, delay_s: 5, ramp_s: 0}
"""


def test_a_recording_has_the_files_of_a_site_as_they_were_when_it_was_loaded(
    write_site: Callable[..., Path], site_folder: Path
) -> None:
    files = {
        "sun.csv": "time,ghi\n0,100\n60,200\n120,150\n",
        "dip.csv": "time,hz\n0,0\n1,-0.5\n",
        "code.yaml": OWN_CODE,
        "maps/mine.yaml": "device_type: bess\nregisters: []\n",
    }
    for name, text in files.items():
        (site_folder / name).write_text(text)
    disturbance = {"target": "frequency", "points": "dip.csv"}
    data = one(
        {**BATTERY, "port": 5020, "register_map": "mine.yaml"},
        weather={"sky": "series", "irradiance_series": "sun.csv"},
        grid_code="code.yaml",
        events=[{"at": 5, "event": "Disturb", "disturbance": disturbance}],
        comment="not.csv is no file of ours",
    )
    site = load_site(write_site(data))
    for name in files:
        (site_folder / name).unlink()
    again = load_site(json.loads(json.dumps(site.source)))
    assert again.plan.weather == site.plan.weather
    assert again.plan.events == site.plan.events
    assert again.plan.devices[0].params.grid_code.stages == site.plan.devices[0].params.grid_code.stages
    assert again.endpoints[0].register_map == {"device_type": "bess", "registers": []}


def test_a_csv_is_read_once_and_embedded_only_in_a_recording(
    write_site: Callable[..., Path], site_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site_folder / "sun.csv").write_text("time,ghi\n0,100\n60,200\n120,150\n")
    read: list[str] = []
    written: list[object] = []
    rows, out = series.read_rows, source._series_data
    monkeypatch.setattr(series, "read_rows", lambda path, *a: read.append(path.name) or rows(path, *a))
    monkeypatch.setattr(source, "_series_data", lambda found: written.append(found) or out(found))
    site = load_site(write_site(one(BATTERY, weather={"sky": "series", "irradiance_series": "sun.csv"})))
    assert (read, written) == (["sun.csv"], [])
    assert site.source is site.source
    assert (read, len(written)) == (["sun.csv"], 1)


def test_events_are_checked_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("an engine was built")

    monkeypatch.setattr(Engine, "__init__", refuse)
    events = [{"at": 1, "do": "write battery-1 start_stop 1"}, {"at": 2, "do": "sag 0.7 1s"}]
    assert len(load_site(one({**BATTERY, "mode": "IDLE"}, events=events)).plan.events) == 3


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("00:00", 0), ("8:00", 28_800), ("08:00:30", 28_830), ("23:59:59", 86_399), ("24:00", 86_400)],
)
def test_a_time_of_day_is_seconds_after_midnight(written: str, seconds: int) -> None:
    assert to_time_of_day(written) == seconds


@pytest.mark.parametrize(
    "written", ["24:01", "24:30", "24:00:01", "25:00", "08:60", "08:00:60", "8", "08.00"]
)
def test_a_time_of_day_ends_with_the_day(written: str) -> None:
    with pytest.raises(ValueError, match=f"expected a time of day like 08:00, found '{written}'"):
        to_time_of_day(written)


@value
class _KettleParams:
    heater_w: float
    target_soc: float = 0.5
    hot_efficiency: float = 0.9
    times_s: tuple[float, ...] = ()


@contextmanager
def _registered(kind: str) -> Iterator[None]:
    kettle = replace(
        LOAD,
        kind=kind,
        title="Kettle",
        params=_KettleParams,
        initial=lambda params: LoadState(),
        prepare=None,
    )
    registry.add(kettle)
    try:
        yield
    finally:
        registry._types.pop(kind)


def test_a_third_party_type_gets_its_keys_from_its_parameters(message: Callable[..., str]) -> None:
    with _registered("kettle"):
        asset = {"type": "kettle", "heater_kw": 2, "target_soc": 80, "times_s": ["1m", 90]}
        (kettle,) = load_site(one(asset)).plan.devices
        assert kettle.params == _KettleParams(2000, 0.8, 0.9, (60, 90))
        assert "hot_efficiency: expected a number above 0 up to 1, found 2" in message(
            one({**asset, "hot_efficiency": 2})
        )
        assert "did you mean target_soc?" in message(one({**asset, "target_sco": 2}))
        assert "missing key heater_kw in assets[0]" in message(one({"type": "kettle"}))


def test_every_registered_type_has_a_model() -> None:
    for kind in registry.kinds():
        assert asset_model(registry[kind]).device_type.kind == kind


def test_a_load_is_five_kilowatts_by_default() -> None:
    for asset, base_w in (
        ({}, 5_000.0),
        ({"base_kw": 2}, 2_000.0),
        ({"annual_kwh": 4000}, 0.0),
        ({"annual_kwh": 4000, "base_w": 300, "noise_percent": 5}, 300.0),
        ({"series": {"values": [1, 2], "step": "15m"}}, 0.0),
    ):
        (load,) = load_site(one({"type": "load", **asset})).plan.devices
        assert load.params.base_w == base_w
        assert load.params.annual_energy_wh == 1e3 * asset.get("annual_kwh", 0)
        assert load.params.noise_share == pytest.approx(0.01 * asset.get("noise_percent", 0))
