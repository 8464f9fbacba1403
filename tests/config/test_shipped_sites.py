"""Every shipped site loads, binds its register maps, and runs."""

import json
import math
from pathlib import Path

import pytest

from twin_tui.cli.check import check_file
from twin_tui.config import find_site, load_site, shipped, shipped_names
from twin_tui.engine.engine import Engine
from twin_tui.errors import ConfigError
from twin_tui.run.scenario import find as find_scenario

SITES = shipped_names("sites")


def test_the_default_site_is_shipped() -> None:
    assert {"demo", "one_battery"} <= set(SITES)


def test_a_folder_named_like_a_shipped_file_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("home", "ride_through"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_site("home") == shipped("sites", "home")
    assert check_file("home") == ("site", [])
    assert find_scenario("ride_through").steps
    (tmp_path / "scenario.yaml").write_text("name: x\nsite: home\nsteps: [{at: 1s, do: mark x}]\n")
    assert find_scenario("scenario.yaml").site == "home"
    with pytest.raises(ConfigError, match="home: is a directory"):
        load_site("./home/../home")


@pytest.mark.parametrize("name", SITES)
def test_a_shipped_site_runs_a_hundred_steps_and_its_bus_is_balanced(name: str) -> None:
    site = load_site(name)
    engine = Engine(site.plan)
    for _ in range(100):
        engine.step()
        flows = [device.state.active_power_w for device in engine.devices.values()]
        assert all(map(math.isfinite, flows))
        assert abs(sum(flows) + engine.surroundings.grid_w) < 1e-6


@pytest.mark.parametrize("name", SITES)
def test_a_shipped_site_has_no_findings(name: str) -> None:
    assert check_file(name) == ("site", [])


@pytest.mark.parametrize("name", SITES)
def test_a_shipped_site_listens_on_this_computer_only(name: str) -> None:
    hosts = {endpoint.host for endpoint in load_site(name).endpoints if hasattr(endpoint, "host")}
    assert hosts <= {"127.0.0.1"}


@pytest.mark.parametrize("name", SITES)
def test_the_dump_of_a_shipped_site_is_the_same_site(name: str) -> None:
    site = load_site(name)
    assert load_site(json.loads(json.dumps(site.source))).plan == site.plan


@pytest.mark.parametrize("name", shipped_names("register_maps"))
def test_a_shipped_register_map_has_no_findings(name: str) -> None:
    kind, findings = check_file(shipped("register_maps", name))
    assert kind == "register map"
    assert [finding for finding in findings if finding.fault] == []


def test_a_shipped_file_is_found_with_and_without_suffix() -> None:
    assert find_site("demo") == find_site("demo.yaml") == shipped("sites", "demo")


def test_an_unknown_shipped_file_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no shipped register map 'bes_modbus'; did you mean bess_modbus"):
        shipped("register_maps", "bes_modbus")
    for outside in ("../pyproject.toml", "", ".."):
        with pytest.raises(ConfigError, match="no shipped site"):
            shipped("sites", outside)


def test_the_demo_changes_over_time() -> None:
    engine = Engine(load_site("demo").plan)
    seen = set()
    for _ in range(300):
        engine.step()
        seen.add((engine.surroundings.frequency_hz, round(engine.surroundings.grid_w)))
    assert len({hz for hz, _ in seen}) > 200
    assert len({watts for _, watts in seen}) > 20
    assert engine.devices["battery"].state.active_power_w < -5000
