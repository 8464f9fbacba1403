"""The commands `twin-tui registers` and `twin-tui compare`."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from twin_tui.cli.main import cli
from twin_tui.errors import ConfigError, LinkError

SITE: dict[str, Any] = {
    "site_name": "bench",
    "assets": [
        {
            "type": "bess",
            "name": "bess-1",
            "capacity_kwh": 10,
            "initial_soc": 40,
            "protocols": [
                {
                    "kind": "modbus_tcp",
                    "ip": "127.0.0.1",
                    "port": 0,
                    "unit_id": 1,
                    "register_map": "bess_modbus.yaml",
                }
            ],
        },
        {"type": "inverter", "name": "pv-1", "rated_kw": 5},
    ],
}


@pytest.fixture
def site(tmp_path: Path) -> str:
    path = tmp_path / "bench.yaml"
    path.write_text(yaml.safe_dump(SITE))
    return str(path)


def test_the_registers_of_a_site_are_printed_decoded(site: str) -> None:
    result = CliRunner().invoke(cli, ["registers", site])
    assert result.exit_code == 0
    line = next(line for line in result.output.splitlines() if "system_soc" in line)
    assert line.split() == ["32002", "system_soc", "uint16", "ro", "0190", "40.0", "%", "soc"]


def test_an_unknown_device_name_gets_the_nearest_one(site: str) -> None:
    result = CliRunner().invoke(cli, ["registers", site, "--device", "bess"])
    assert "did you mean bess-1?" in str(result.exception)


def test_a_device_without_a_map_cannot_be_compared(site: str) -> None:
    result = CliRunner().invoke(cli, ["compare", site, "pv-1", "--with", "127.0.0.1:1"])
    assert isinstance(result.exception, ConfigError)
    assert "pv-1 has no register map" in str(result.exception)


def test_a_real_device_that_does_not_answer_is_named(site: str) -> None:
    result = CliRunner().invoke(cli, ["compare", site, "bess-1", "--with", "127.0.0.1:1", "--timeout", "0.2"])
    assert isinstance(result.exception, LinkError)
    assert str(result.exception) == "could not connect to 127.0.0.1:1"
