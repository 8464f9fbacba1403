"""What docs/scenarios.md shows works."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from twin_tui.cli.check import check_file
from twin_tui.cli.main import cli
from twin_tui.documents.model import known_keys
from twin_tui.engine.device import Status
from twin_tui.engine.signals import signals_of
from twin_tui.engine.snapshot import GridSnapshot, WeatherSnapshot
from twin_tui.run.scenario import ScenarioFile, StepFile

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
SAG, PIPELINE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(TEST,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMAND = "twin-tui run --scenario sag.yaml --headless --speed max --no-servers --junit report.xml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sag.yaml").write_text(SAG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str) -> Result:
    return CliRunner().invoke(cli, command.split()[1:])


def test_the_example_passes_as_the_page_runs_it(folder: Path) -> None:
    assert f"    {COMMAND}\n" in PAGE
    done = run(COMMAND)
    assert done.exit_code == 0, done.output
    suite = ElementTree.parse(folder / "report.xml").getroot()
    assert suite.attrib["tests"] == "5"
    assert suite.attrib["name"] == "Short sags do not stop the battery"


def test_the_example_is_fit_to_use(folder: Path) -> None:
    kind, findings = check_file("sag.yaml")
    assert (kind, findings) == ("scenario", [])


def test_the_verdicts_look_as_shown_and_the_exit_code_tells(folder: Path) -> None:
    shown = run(COMMAND).output
    assert "passed      8.0 s  battery.active_power_w == 5kW ± 10W" in shown
    Path("sag.yaml").write_text(SAG.replace("do: fault battery emergency_stop 2s", "do: mark nothing"))
    failed = run(COMMAND)
    assert failed.exit_code == 1
    assert "FAILED     11.0 s  battery.status == FAULT   saw RUN" in failed.output
    Path("sag.yaml").write_text(SAG.replace("battery.status", "batery.status"))
    assert run(COMMAND).exception is not None


def test_the_pytest_example_runs(folder: Path) -> None:
    scope: dict[str, Any] = {}
    exec(TEST, scope)
    scope["test_short_sags_do_not_stop_the_battery"]()


def test_each_command_of_the_pipeline_is_one() -> None:
    steps = yaml.safe_load(PIPELINE)["jobs"]["scenarios"]["steps"]
    for line in [step["run"] for step in steps if isinstance(step, dict) and "run" in step][1:]:
        words = line.split()
        assert words[0] == "twin-tui"
        command = cli.get_command(click.Context(cli), words[1])
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_the_page_names_every_key_signal_and_status() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert {*known_keys(ScenarioFile), *known_keys(StepFile)} <= named
    assert set(signals_of(GridSnapshot)) | set(signals_of(WeatherSnapshot)) <= named
    assert {status.value for status in Status} <= named
