"""Files that two runs, or two purposes of one run, would write: one is refused, and nothing is lost."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cli.processes import environment
from twin_tui import ConfigError, RunError, Twin
from twin_tui.cli.main import cli
from twin_tui.documents.output import Output
from twin_tui.engine.events import Mark
from twin_tui.protocols.modbus.capture import Capture
from twin_tui.run.recording import tables

SITE: dict[str, Any] = {"name": "small", "assets": [{"type": "battery", "name": "bess"}]}
FORMS = ("run.jsonl", "run.jsonl.gz", "run.csv", "run.parquet")
HOLD = """
import sys
from twin_tui import Twin
twin = Twin.from_dict({"name": "first", "assets": [{"type": "load"}]})
twin.record(sys.argv[1], force=True)
print("recording", flush=True)
sys.stdin.read()
twin.advance(2.0)
twin.stop_recording()
"""


@pytest.mark.parametrize("name", ["run.jsonl", "run.parquet"])
def test_a_file_that_another_process_records_to_is_refused_even_with_force(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    command = [sys.executable, "-c", HOLD, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment(), text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "recording\n"
        with pytest.raises(ConfigError, match=f"{name}: another run is writing to it; choose another name"):
            Twin.from_dict(SITE).record(path, force=True)
        other.stdin.close()
    assert other.returncode == 0
    if name == "run.jsonl":
        assert list(Twin.replay(path)) == []
    Twin.from_dict(SITE).record(path, force=True)


@pytest.mark.parametrize("name", FORMS)
def test_a_second_recording_to_one_name_is_refused_and_both_twins_go_on(tmp_path: Path, name: str) -> None:
    first, second = Twin.from_dict(SITE), Twin.from_dict(SITE)
    first.record(tmp_path / name)
    second.record(tmp_path / f"other-{name}")
    with pytest.raises(ConfigError, match="another run is writing to it"):
        second.record(tmp_path / name, force=True)
    for twin in (first, second):
        twin.advance(2.0)
        twin.stop_recording()
    if "jsonl" in name:
        assert [list(Twin.replay(path)) for path in sorted(tmp_path.iterdir())] == [[], []]


def test_a_twin_records_again_to_the_name_that_it_records_to(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE)
    for _ in range(2):
        twin.record(tmp_path / "run.jsonl", force=True)
        twin.advance(2.0)
    twin.stop_recording()
    assert list(Twin.replay(tmp_path / "run.jsonl")) == []
    assert (tmp_path / "run.jsonl").read_bytes().count(b'{"end":') == 1


def test_a_capture_is_reserved_like_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "wire.txt"
    output = Output(path)
    output.write(b"first")
    capture = Capture(path, print, force=True)
    with pytest.raises(ConfigError, match="another run is writing to it"):
        capture.start([])
    output.close()
    assert path.read_bytes() == b"first"


def test_a_folder_of_a_killed_run_is_overwritten_with_force(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    path.mkdir()
    for name in ("part-00000000.parquet", ".part-00000001.parquet.torn"):
        (path / name).write_bytes(b"half")
    twin = Twin.from_dict(SITE)
    twin.record(path, force=True)
    twin.advance(2.0)
    twin.stop_recording()
    assert [part.name for part in path.iterdir()] == ["part-00000000.parquet"]
    (path / "part-00000-spark.parquet").write_bytes(b"of another program")
    with pytest.raises(ConfigError, match="holds other files than a recording"):
        twin.record(path, force=True)


@pytest.mark.parametrize("name", FORMS)
def test_a_recording_that_is_deleted_during_the_run_is_reported(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 2)
    path = tmp_path / name
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.advance(2.0)
    if path.is_dir():
        for part in path.iterdir():
            part.unlink()
        path.rmdir()
    else:
        path.unlink()
    twin.advance(200.0)
    with pytest.raises(
        RunError, match=r"incomplete: (it was deleted while it was being written|No such file)"
    ):
        twin.stop_recording()
    assert any("the run goes on without it" in entry.text for entry in twin.engine.log)


@pytest.mark.parametrize("change", [b"", b"more"], ids=["emptied", "continued"])
def test_a_recording_that_another_program_changes_is_reported(tmp_path: Path, change: bytes) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.advance(2.0)
    with path.open("ab") as file:
        file.write(change)
        if not change:
            file.truncate(0)
    twin.submit(Mark("look"))
    with pytest.raises(RunError, match="another program changed it while it was being written"):
        twin.stop_recording()
    with pytest.raises(ConfigError):
        list(Twin.replay(path))


def test_a_recording_whose_folder_is_renamed_is_whole_under_its_new_name(tmp_path: Path) -> None:
    folder = tmp_path / "before"
    folder.mkdir()
    twin = Twin.from_dict(SITE)
    twin.record(folder / "run.jsonl")
    twin.advance(2.0)
    folder.rename(tmp_path / "after")
    twin.advance(2.0)
    twin.stop_recording()
    assert list(Twin.replay(tmp_path / "after" / "run.jsonl")) == []


def test_a_file_of_the_site_is_not_written_even_with_force(tmp_path: Path) -> None:
    sun, site = tmp_path / "sun.csv", tmp_path / "site.json"
    sun.write_text("time_s,value\n0,1\n60,2\n120,3\n", encoding="utf-8")
    keys = {"weather": {"irradiance_series": "sun.csv"}, "links": {"s2": {"log": "talk.jsonl"}}}
    site.write_text(json.dumps({**SITE, **keys}), encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(sun)
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("{name: s, duration: 1s, steps: [{at: 1s, expect: bess.soc > 0}]}")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for words, message in (
        (("--record", sun, "--force"), "a file of the site and --record are the same file"),
        (("--capture", tmp_path / "link.txt", "--force"), "a file of the site and --capture are the same"),
        (("--scenario", scenario, "--junit", sun), "a file of the site and --junit are the same file"),
        (("--record", tmp_path / "talk.jsonl"), "--record and --s2-log are the same file"),
        (("--s2-log", sun), "a file of the site and --s2-log are the same file"),
        (("--s2-log", site), "SITE and --s2-log are the same file"),
    ):
        run = ["run", str(site), "--headless", "--duration", "1s", "--speed", "max", *map(str, words)]
        done = CliRunner().invoke(cli, run)
        assert done.exit_code == 2, (words, done.output, done.exception)
        assert message in done.output
    twin = Twin.from_file(site)
    for name in ("sun.csv", "link.txt", "site.json"):
        with pytest.raises(ConfigError, match=f"{name}: is a file of this site; choose another name"):
            twin.record(tmp_path / name, force=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_plan_is_not_overwritten_by_the_recording_of_its_replay(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"id": "p", "valid_from": "2026-06-20T11:00:00Z", "instructions": []}))
    before = plan.read_bytes()
    words = ["replay-plan", "home", str(plan), "--headless", "--record", str(plan), "--force"]
    done = CliRunner().invoke(cli, words)
    assert "PLAN and --record are the same file" in done.output, (done.output, done.exception)
    assert plan.read_bytes() == before
