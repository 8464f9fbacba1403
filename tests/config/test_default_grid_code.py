"""A device of a site file has a grid code, unless the file says none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.cli.check import check_file
from twin_tui.config import load_site
from twin_tui.documents.shipped import find_shipped, shipped_names
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb

GUARDED = ("battery", "pv", "chp")
NOON = {"start_time_h": 12.0}


def codes(data: dict[str, Any]) -> dict[str, str | None]:
    """Return the name of each device's grid code."""
    assets = [{"type": kind, "name": kind} for kind in (*GUARDED, "load", "heat_pump", "ev_charger")]
    devices = load_site({"assets": assets, **data}).plan.devices
    found = {each.name: each.params.grid_code for each in devices if hasattr(each.params, "grid_code")}
    return {name: None if code is None else code.name for name, code in found.items()}


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({}, "en50549-1"),
        ({"grid": {"preset": "nordic"}}, "en50549-1"),
        ({"grid": {"preset": "north_america"}}, "ieee1547-2018-cat-iii"),
        ({"grid": {"nominal_hz": 60}}, "ieee1547-2018-cat-iii"),
        ({"grid": {"nominal_hz": 16.7}}, None),
        ({"grid_code": "vde-ar-n-4105"}, "vde-ar-n-4105"),
        ({"grid_code": "none"}, None),
        ({"grid_code": None}, None),
        ({"site_name": "a site of DER Twin"}, "dertwin"),
        ({"site_name": "same", "name": "same"}, "en50549-1"),
        ({"site_name": "60 Hz", "grid": {"nominal_hz": 60}}, "ieee1547-2018-cat-iii"),
        ({"site_name": "own", "grid_code": "g99"}, "g99"),
    ],
)
def test_the_grid_decides_which_code_a_device_without_one_has(data: dict[str, Any], name: str | None) -> None:
    found = codes(data)
    assert {kind: found[kind] for kind in GUARDED} == dict.fromkeys(GUARDED, name)


@pytest.mark.parametrize("own", ["none", None, "g99"])
def test_a_device_s_own_choice_comes_first(own: str | None) -> None:
    found = codes({"assets": [{"type": "pv", "name": "a", "grid_code": own}, {"type": "pv", "name": "b"}]})
    assert found == {"a": None if own == "none" else own, "b": "en50549-1"}


@pytest.mark.parametrize("name", shipped_names("sites"))
def test_no_shipped_site_delivers_at_46_hz_and_1_4_pu(name: str) -> None:
    path = find_shipped("sites", name)
    assert path is not None
    engine = Engine(load_site(path).plan)
    engine.advance(60)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, max(-10.0, 46.0 - engine.surroundings.nominal_hz))))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.4)))
    engine.advance(2)
    guarded = [device for device in engine.devices.values() if device.type.kind in GUARDED]
    assert guarded
    islanded = engine.surroundings.islanded
    assert islanded == (name == "microgrid")
    assert not islanded or abs(engine.surroundings.grid_w) < 1e-6
    for device in guarded:
        assert device.params.grid_code is not None
        assert islanded or device.state.active_power_w == 0.0, device.name


def test_a_plant_of_der_twin_s_form_keeps_its_windows() -> None:
    data = {"site_name": "pv", **NOON, "assets": [{"type": "inverter", "asset_id": "pv", "rated_kw": 50}]}
    engine = Engine(load_site(data).plan)
    engine.advance(10)
    running_w = engine.devices["pv"].state.active_power_w
    assert running_w > 1000.0
    # 180 V and 260 V of 230.94 V; 47 Hz and 53 Hz
    for target, outside, inside in (
        (Target.FREQUENCY, -3.01, -2.99),
        (Target.FREQUENCY, 3.01, 2.99),
        (Target.VOLTAGE, 179.9 / 230.94, 180.1 / 230.94),
        (Target.VOLTAGE, 260.1 / 230.94, 259.9 / 230.94),
    ):
        for magnitude, runs in ((outside, False), (inside, True)):
            engine.submit(Disturb(Disturbance(target, magnitude)))
            engine.step()
            assert (engine.devices["pv"].state.active_power_w > 0.0) is runs, (target, magnitude)
            engine.submit(ClearDisturbance())


@pytest.mark.parametrize("written", [{"grid_code": "none"}, {}])
def test_check_remarks_on_a_device_without_a_grid_code(
    written: dict[str, Any], write_site: Callable[..., Path]
) -> None:
    path = write_site({"assets": [{"type": "bess", "name": "bess"}, {"type": "load"}], **written})
    remarks = [(finding.text.split(":")[0], finding.fault) for finding in check_file(path)[1]]
    assert remarks == ([("bess has no grid code", False)] if written else [])


def test_a_site_as_data_keeps_that_it_wants_none() -> None:
    site = load_site({"assets": [{"type": "pv", "name": "a"}], "grid_code": "none"})
    again = load_site(dict(site.source))
    assert again.plan.devices[0].params.grid_code is None


def test_every_device_of_a_file_in_dertwins_form_stops_outside_its_windows_and_a_chp_gives_100_percent() -> (
    None
):
    asset = {"protocols": []}
    site = {
        "site_name": "peer",
        "assets": [
            {"type": "bess", "name": "b", "capacity_kwh": 10.0, **asset},
            {"type": "inverter", "name": "p", "rated_kw": 30.0, **asset},
            {"type": "chp", "name": "c", "rated_kw": 100.0, "max_load_percent": 110.0, **asset},
        ],
    }
    plan = Twin.from_dict(site).engine.plan
    assert {device.params.grid_code.name for device in plan.devices} == {"dertwin"}
    assert next(d for d in plan.devices if d.name == "c").params.max_load_pu == 1.0
    for target, magnitude in ((Target.FREQUENCY, -4.0), (Target.VOLTAGE, 0.75)):
        twin = Twin.from_dict(site)
        twin.device("b").write(start_stop=1, active_power_setpoint_w=5_000.0)
        twin.device("c").write(start_stop=1, load_setpoint_pu=1.1)
        twin.advance(300.0)
        chp = twin.device("c").telemetry
        assert (chp.active_power_w, chp.permitted_load_pu) == (pytest.approx(100_000.0), 1.0)
        twin.submit(Disturb(Disturbance(target, magnitude)))
        twin.advance(0.2)
        for name in ("b", "p", "c"):
            assert twin.device(name).telemetry.active_power_w == 0.0
    own = {**site, "name": "own"}
    del own["site_name"]
    assert next(d for d in Twin.from_dict(own).engine.plan.devices if d.name == "c").params.max_load_pu == 1.1
