"""Values of 100,000 characters in every kind of input: each message is short, and none is a traceback."""

import copy
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from twin_tui import Twin, TwinError
from twin_tui.cli.check import check_file
from twin_tui.cli.ending import end
from twin_tui.cli.main import PROGRAM, invoke
from twin_tui.console.settings import load
from twin_tui.errors import ExitCode
from twin_tui.protocols.eos.plan import read_plan

ROOT = Path(__file__).parents[2]
LONG = "x" * 100_000
LONGEST_LINE = 1100
"""Of a message: a path, a place, values of 80 characters, and the list of what was expected."""
FILES = {
    "sites/demo.yaml": check_file,
    "register_maps/sungrow_sh.yaml": check_file,
    "scenarios/ride_through.yaml": check_file,
    "twin_tui/data/grid_codes/en50549-1.yaml": check_file,
}
CONSOLE: dict[str, Any] = {"hz": 4, "glyphs": "auto", "theme": "nord", "keys": {"quit": "q"}}
PLAN: dict[str, Any] = {
    "id": "plan",
    "valid_from": "2026-03-01 00:00:00+01:00",
    "instructions": [
        {
            "type": "FRBCInstruction",
            "resource_id": "battery",
            "execution_time": "2026-03-01T00:00:00+01:00",
            "operation_mode_id": "IDLE",
            "operation_mode_factor": 1.0,
        }
    ],
}
EVENTS: list[dict[str, Any]] = [
    {"at": 1, "event": "Write", "device": "bess", "values": {"active_power_setpoint_w": 5}},
    {"at": 1, "event": "Fault", "device": "bess", "fault": "over_temperature", "duration_s": 5},
    {"at": 1, "event": "Disturb", "disturbance": {"target": "voltage", "magnitude": 0.5, "label": "a"}},
    {"at": 1, "event": "LinkFault", "device": "bess", "rule": {"kind": "delay", "delay_s": 1}},
    {"at": 1, "event": "SelectMode", "device": "bess", "mode": "IDLE"},
    {"at": 1, "event": "Pin", "device": "bess", "signal": "soc", "value": 0.5},
    {"at": 1, "do": "sag 0.7 1s"},
]


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value, of a long list only of its first and last entries."""
    if path:
        yield path
    if isinstance(data, dict):
        for key in data:
            yield from places(data[key], (*path, key))
    elif isinstance(data, list):
        for at in sorted({0, len(data) - 1} & set(range(len(data)))):
            yield from places(data[at], (*path, at))


def planted(data: Any) -> Iterator[Any]:
    """Yield copies with a long value, key, list or number at every place."""
    for path in places(data):
        for value in (LONG, {"a": [10**300]}):
            copied = copy.deepcopy(data)
            inside = copied
            for step in path[:-1]:
                inside = inside[step]
            inside[path[-1]] = value
            yield copied
        if isinstance(path[-1], str):
            copied = copy.deepcopy(data)
            inside = copied
            for step in path[:-1]:
                inside = inside[step]
            inside[LONG] = inside.pop(path[-1])
            yield copied


def message(work: Callable[..., Any], *given: Any) -> str:
    """Return the message of what is refused, "" for what is accepted; anything but a TwinError is raised."""
    try:
        work(*given)
    except TwinError as error:
        return str(error)
    return ""


def short(text: str) -> None:
    longest = max(text.splitlines(), key=len, default="")
    assert len(longest) <= LONGEST_LINE, longest[:2000]


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_value_anywhere_in_a_file_gives_short_messages(name: str, tmp_path: Path) -> None:
    good = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    path = tmp_path / "hostile.json"
    found = 0
    for bad in planted(good):
        path.write_text(json.dumps(bad, default=str))
        for finding in check_file(path)[1]:
            short(finding.text)
            found += finding.fault
    assert found > 30


def test_a_hostile_value_anywhere_in_an_event_gives_short_messages() -> None:
    bess = {"type": "battery", "name": "bess", "protocols": [{"kind": "modbus_tcp", "port": 0}]}

    def run_with(event: Any) -> None:
        Twin.from_dict({"assets": [bess], "events": [event]}).advance(2)

    refused = 0
    for event in EVENTS:
        assert not message(run_with, event)
        for bad in planted(event):
            text = message(run_with, bad)
            short(text)
            refused += bool(text)
    assert refused > 30


def test_a_hostile_value_anywhere_in_settings_and_plans_gives_short_messages(tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    for bad in planted(PLAN):
        path.write_text(json.dumps(bad, default=str))
        short(message(read_plan, path))
    toml = tmp_path / "console.toml"
    for key, value in (("hz", LONG), (LONG, "1"), ("keys", f"{{{LONG} = 'q'}}"), ("theme", f"'{LONG}'")):
        toml.write_text(f"{key} = {value}\n")
        (text,) = load(toml).mistakes
        short(text)


def test_a_hostile_word_anywhere_in_a_command_line_gives_short_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        "run demo --headless --duration 1s --speed max --no-servers",
        "run demo --headless --scenario ride_through --junit x.xml --record x.jsonl --record-every 1s",
        "run demo --headless --rest 0 --s2-cem x --eos http://x --plot battery.soc --inject 1s",
        "run demo --glyphs vt --hz 4 --seed 4",
        "registers demo --device battery",
        "compare demo battery --with 127.0.0.1:502:1 --timeout 0.1",
        "replay-plan demo plan.json --headless",
        "replay run.jsonl",
        "check site.yaml",
        "schema site",
    )
    monkeypatch.chdir(tmp_path)
    for line in lines:
        words = line.split()
        for at in range(len(words)):
            for long in (LONG, "\x1b[31m" + LONG):
                monkeypatch.setattr(sys, "argv", [PROGRAM, *words[:at], long, *words[at + 1 :]])
                code = end(invoke)
                said = capsys.readouterr()
                assert code in tuple(ExitCode), said.err
                assert "Traceback" not in said.err, said.err
                short(said.out + said.err)


def test_a_hostile_word_anywhere_in_a_command_of_the_console_gives_short_messages() -> None:
    twin = Twin.from_file("demo")
    for line in (
        "sag grid 0.7 2s phases ab",
        "play frequency dip.csv",
        "fault battery overtemperature 10s",
        "write battery active_power_setpoint_w -5kW",
        "force battery soc 50%",
        "release battery soc",
        "clear battery overtemperature",
        "mode battery SELF_CONSUMPTION 0.5",
        "link battery delay delay_s=1 for 10s",
        "load 5kW 10s",
        "mark hello",
    ):
        words = line.split()
        for at in range(len(words)):
            for long in (LONG[:5_000], "9" * 5_000, "'" + LONG[:5_000]):
                bad = " ".join([*words[:at], long, *words[at + 1 :]])
                short(message(twin.inject, f"1s {bad}"))
        short(message(twin.inject, f"{LONG} {line}"))
