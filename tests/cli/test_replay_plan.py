"""``twin-tui replay-plan`` and ``run --eos``, on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from twin_tui.cli.main import cli
from twin_tui.errors import ConfigError

PLAN = {
    "id": "p",
    "valid_from": "2026-03-01 00:00:00+01:00",
    "instructions": [
        {
            "type": "FRBCInstruction",
            "resource_id": "battery",
            "execution_time": f"2026-03-01T{hour:02d}:00:00+01:00",
            "operation_mode_id": mode,
            "operation_mode_factor": 1.0,
        }
        for hour, mode in ((0, "IDLE"), (1, "FORCED_DISCHARGE"))
    ],
}
SITE = """
name: house
timezone: Europe/Berlin
step: 1
assets:
  - {name: battery, type: battery, capacity_kwh: 10, initial_soc: 60, max_discharge_kw: 1, max_charge_kw: 1}
  - {name: load, type: load, base_kw: 1}
"""


def files(folder: Path, plan: Any = PLAN, site: str = SITE) -> tuple[str, str]:
    (folder / "site.yaml").write_text(site, encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return str(folder / "site.yaml"), str(folder / "plan.json")


def test_a_plan_runs_on_a_site_from_its_start(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["replay-plan", *files(tmp_path), "--headless"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "plan p: 2 instructions for battery"
    assert lines[1].split() == ["2026-03-01", "00:00", "battery", "IDLE", "0.00", "kW", "60.0", "%"]
    assert lines[2].startswith("2026-03-01 01:00")
    assert "IDLE" in lines[2]
    assert lines[3].startswith("2026-03-01 02:00")
    assert "FORCED_DISCHARGE" in lines[3]
    assert "1.00 kW" in lines[3]


def test_the_input_of_eos_is_a_site_too(tmp_path: Path) -> None:
    bundle = {
        "start": "2026-02-28 12:00:00+00:00",
        "interval_s": 3600,
        "battery": {"device_id": "battery", "capacity_wh": 10_000, "max_charge_power_w": 2_000.0},
        "inverter": {"max_power_w": 5_000},
        "pv_wh": [0.0, 0.0],
        "load_wh": [500.0, 500.0],
    }
    (tmp_path / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")
    _, plan = files(tmp_path)
    result = CliRunner().invoke(cli, ["replay-plan", str(tmp_path / "bundle.json"), plan, "--headless"])
    assert result.exit_code == 0, result.output
    assert "FORCED_DISCHARGE" in result.output


@pytest.mark.parametrize(
    ("plan", "site", "message"),
    [
        ({"instructions": 3}, SITE, "expected an object with a list of instructions"),
        (PLAN, SITE.replace("battery, type", "akku, type"), "unknown resource 'battery' in the plan"),
    ],
)
def test_a_plan_for_another_site_is_one_sentence(tmp_path: Path, plan: Any, site: str, message: str) -> None:
    result = CliRunner().invoke(cli, ["replay-plan", *files(tmp_path, plan, site), "--headless"])
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)


def test_a_wrong_eos_address_is_one_sentence(tmp_path: Path) -> None:
    site, _ = files(tmp_path)
    result = CliRunner().invoke(cli, ["run", site, "--headless", "--eos", "localhost"])
    assert isinstance(result.exception, ConfigError)
    assert "is not an http:// address" in str(result.exception)
