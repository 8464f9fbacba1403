"""A site can be handed to another process: a pool of runs loads it once."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from twin_tui.config.reader import Site
from twin_tui.config.site import load_site
from twin_tui.documents.shipped import shipped_names
from twin_tui.engine.device import DevicePlan, registry
from twin_tui.engine.engine import Engine


def grid_power_w(site: Site) -> float:
    """Return the power of the grid connection after ten minutes."""
    engine = Engine(site.plan)
    engine.advance(600.0)
    return engine.surroundings.grid_w


@pytest.mark.parametrize("name", shipped_names("sites"))
def test_a_shipped_site_survives_pickling_with_its_source(name: str) -> None:
    site = load_site(name)
    copied = pickle.loads(pickle.dumps(site))
    assert copied == site
    assert copied.source == site.source
    assert load_site(copied.source).plan == load_site(site.source).plan


def test_processes_that_share_no_memory_run_one_site_alike(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("time,w\n0,1000\n300,2000\n600,5000\n")
    path = tmp_path / "site.yaml"
    path.write_text("step: 1\nassets: [{type: load, series: load.csv}, {type: pv}, {type: meter}]\n")
    site = load_site(path)
    (tmp_path / "load.csv").unlink()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = list(pool.map(grid_power_w, [site, site]))
    assert elsewhere == [grid_power_w(site)] * 2


def test_settings_of_links_survive_pickling() -> None:
    links = {"policy": "refuse", "rest": {"port": 0}, "eos": {"url": "http://127.0.0.1:1"}}
    assets = [
        {"type": "battery", "name": "b", "ip": "127.0.0.1", "port": 1502, "register_map": "bess_modbus"}
    ]
    site = load_site({"assets": assets, "links": links})
    assert pickle.loads(pickle.dumps(site)).links == site.links
    assert {"rest", "eos", "modbus_tcp"} <= site.links.keys()


def fixed_shares(_params: Any, _state: Any) -> tuple[float, float, float]:
    """Return that all is on the first phase."""
    return 1.0, 0.0, 0.0


def test_a_type_that_is_not_registered_is_pickled_with_its_functions() -> None:
    pv = registry["pv"]
    unknown = replace(
        pv, kind="my_pv", shares=fixed_shares, steering=None, undisturbed=None, solar_peak_w=None
    )
    plan = DevicePlan("mine", unknown, unknown.params(500.0, 400.0))
    assert pickle.loads(pickle.dumps(plan)) == plan
