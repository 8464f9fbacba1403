"""Shared by the tests of site files: a folder with register maps, and the error message of a site."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from twin_tui.config import load_site
from twin_tui.errors import ConfigError


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    maps = tmp_path / "maps"
    maps.mkdir()
    for name in ("bess_modbus", "pv_inverter_modbus", "energy_meter_modbus", "chp_modbus"):
        (maps / f"{name}.yaml").write_text("registers: []\n")
    return tmp_path


@pytest.fixture
def write_site(site_folder: Path) -> Callable[..., Path]:
    def write(data: Any, name: str = "site.json") -> Path:
        path = site_folder / name
        if isinstance(data, dict):
            data = {"register_map_root": "maps", **data}
            data = json.dumps(data) if name.endswith("json") else yaml.safe_dump(data)
        path.write_text(data, encoding="utf-8")
        return path

    return write


@pytest.fixture
def message() -> Callable[..., str]:
    def catch(site: Any, **overrides: Any) -> str:
        with pytest.raises(ConfigError) as caught:
            load_site(site, **overrides)
        return str(caught.value)

    return catch
