"""Files are checked without being run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from twin_tui.cli.check import check_file
from twin_tui.cli.main import cli
from twin_tui.documents.shipped import shipped
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.parse import load_map


def battery_with(register_map: Any) -> dict[str, Any]:
    return {"assets": [{"type": "bess", "port": 5020, "register_map": register_map}]}


def test_an_error_in_a_map_inside_a_site_names_its_device(write_site: Callable[..., Path]) -> None:
    path = write_site(battery_with({"registers": [1]}))
    _, findings = check_file(path)
    assert [finding.text for finding in findings] == ["register map of battery-1: missing key device_type"]


def test_each_mistake_of_a_site_is_one_finding(write_site: Callable[..., Path]) -> None:
    path = write_site({"assets": [{"type": "bess", "capacity_kwh": -1, "initial_soc": 101}]})
    kind, findings = check_file(path)
    assert kind == "site"
    assert len(findings) == 2
    assert all(finding.fault and finding.text.startswith(f"{path}:1: assets[0].") for finding in findings)


def test_a_site_whose_register_map_is_broken_is_found(
    write_site: Callable[..., Path], site_folder: Path
) -> None:
    (site_folder / "maps" / "mine.yaml").write_text("device_type: bess\nregisters:\n  - {name: x}\n")
    _, findings = check_file(write_site(battery_with("mine.yaml")))
    assert findings
    assert "mine.yaml" in findings[0].text


def test_a_register_map_for_another_device_is_found(write_site: Callable[..., Path]) -> None:
    _, findings = check_file(write_site({**battery_with("energy_meter_modbus"), "register_map_root": "."}))
    assert len(findings) == 1
    assert "energy_meter_modbus" in findings[0].text


def test_a_grid_code_is_checked(site_folder: Path) -> None:
    path = site_folder / "code.yaml"
    path.write_text("title: x\nnominal_hz: 50\nstages: []\n")
    kind, findings = check_file(path)
    assert kind == "grid code"
    assert "enter_service" in findings[0].text


def test_an_unknown_kind_of_file_is_reported(site_folder: Path) -> None:
    path = site_folder / "x.yaml"
    path.write_text("hello: 1\n")
    (finding,) = check_file(path)[1]
    assert (
        finding.text
        == f"{path}: no assets (site), registers (register map), stages (grid code) or steps (scenario)"
    )
    assert check_file("dmo")[1][0].text == "dmo: no such file; did you mean demo?"


def test_the_command_line_reports_valid_and_invalid_files(
    write_site: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    bad = write_site({"assets": [{"type": "bess", "initial_socc": 1}]})
    with pytest.raises(ConfigError, match=r"^1 error in 3 files$"):
        cli.main(["check", "demo", "bess_modbus", str(bad)], standalone_mode=False)
    shown = capsys.readouterr()
    assert "demo: site, valid\n" in shown.out
    assert "bess_modbus: register map, valid\n" in shown.out
    assert f"{bad}:1: unknown key initial_socc in assets[0]; did you mean initial_soc?\n" in shown.err
    assert CliRunner().invoke(cli, ["check", "demo"]).exit_code == 0


def test_a_scenario_is_checked_against_its_site(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("{site: demo, steps: [{at: 1s, expect: batery.soc > 10%}]}")
    kind, findings = check_file(path)
    assert kind == "scenario"
    assert "did you mean battery" in findings[0].text


def test_a_register_that_cannot_hold_the_rating_is_remarked_on(tmp_path: Path) -> None:
    protocols = [{"kind": "modbus_tcp", "port": 5020}]
    power = {"max_charge_kw": 1000, "max_discharge_kw": 500, "capacity_kwh": 1200}
    site = {"name": "x", "assets": [{"type": "battery", "name": "large", "protocols": protocols, **power}]}
    path = tmp_path / "site.json"
    path.write_text(json.dumps(site))
    _, findings = check_file(path)
    said = [finding.text for finding in findings if "saturates" in finding.text]
    assert said == ["register max_charge_power saturates at 655.35 kW; the value of large is 1.000 MW"]
    assert not any(finding.fault for finding in findings)
    registers = load_map(shipped("register_maps", "bess_large_modbus")).registers
    usual = load_map(shipped("register_maps", "bess_modbus")).registers
    differs = [new.name for new, old in zip(registers, usual, strict=True) if new.quantum != old.quantum]
    assert differs == ["max_charge_power", "max_discharge_power"], "the rest is as DER Twin has it"
    assert [(each.name, each.address) for each in registers] == [(each.name, each.address) for each in usual]
