"""A recording that the disk refuses is closed and told of once, and the run goes on without it."""

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from twin_tui import ConfigError, RunError, Twin
from twin_tui.documents.output import ExistingFileError, Output
from twin_tui.errors import CommandError
from twin_tui.run import recording
from twin_tui.run.recording import RecordingPlan, recorder, tables

SITE: dict[str, Any] = {"name": "small", "assets": [{"type": "battery", "name": "bess"}]}
FORMS = ("run.jsonl", "run.jsonl.gz", "run.csv", "run.parquet")


def no_space(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def fill_the_disk(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Output, "flush", no_space)
    patched.setattr(pq, "write_table", no_space)


def alarms(twin: Twin) -> list[str]:
    return [entry.text for entry in twin.engine.log if entry.text.startswith("recording")]


def held_open(path: Path) -> bool:
    """Return whether this process has the file open."""
    folder = Path("/proc/self/fd")
    return any(os.path.realpath(each) == str(path) for each in folder.iterdir())


def test_a_recording_whose_disk_fills_up_is_told_of_once_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        fill_the_disk(patched)
        for setpoint_w in (1000, 2000, 3000):
            twin.device("bess").write(active_power_setpoint_w=setpoint_w)
        twin.advance(5.0)
    twin.device("bess").write(active_power_setpoint_w=0)
    twin.advance(5.0)
    assert alarms(twin) == [f"recording failed: {path}: No space left on device; the run goes on without it"]
    assert twin.engine.time_s == 10.0
    assert path.read_bytes() == before, "what was written before is kept, and nothing follows"
    with pytest.raises(RunError, match="the recording is incomplete: No space left on device"):
        twin.stop_recording()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of open files")
def test_a_recording_that_failed_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    assert held_open(path)
    fill_the_disk(monkeypatch)
    twin.device("bess").write(active_power_setpoint_w=1000)
    assert not held_open(path)


@pytest.mark.parametrize("name", FORMS)
def test_a_recording_that_cannot_begin_leaves_nothing_behind(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 1)
    fill_the_disk(monkeypatch)
    with pytest.raises(ConfigError, match=f"{name}: cannot be written: No space left on device"):
        Twin.from_dict(SITE).record(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMS)
def test_a_recording_that_cannot_begin_leaves_the_name_that_was_there(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 1)
    path = tmp_path / name
    if name == "run.parquet":
        path.mkdir()
    else:
        path.write_bytes(b"old")
    fill_the_disk(monkeypatch)
    with pytest.raises(ConfigError, match="No space left on device"):
        Twin.from_dict(SITE).record(path, force=True)
    assert path.exists()


def test_a_parquet_recording_on_a_full_disk_keeps_the_parts_that_are_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 2)
    path = tmp_path / "run.parquet"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    monkeypatch.setattr(recorder, "FLUSH_S", 0.0)
    twin.advance(3.0)
    fill_the_disk(monkeypatch)
    twin.advance(3.0)
    assert sorted(part.name for part in path.iterdir()) == ["part-00000.parquet", "part-00001.parquet"]
    assert alarms(twin) == [f"recording failed: {path}: No space left on device; the run goes on without it"]


def test_a_recording_is_closed_once_however_often_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.advance(2.0)
    assert twin.recorder is not None
    twin.recorder.close()
    whole = path.read_bytes()
    twin.recorder.close()
    assert path.read_bytes() == whole
    assert whole.count(b'{"end":20,') == 1


@pytest.mark.parametrize("every_s", ["1", None, True, 0, -1.0, float("nan"), float("inf"), [1.0]])
def test_a_time_between_samples_that_is_no_positive_number_is_refused(tmp_path: Path, every_s: Any) -> None:
    with pytest.raises(CommandError, match=r"invalid time between samples: .*; expected seconds above 0"):
        Twin.from_dict(SITE).record(tmp_path / "run.jsonl", every_s=every_s)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_overwrites_nothing_and_samples_each_second_unless_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"precious")
    plan = RecordingPlan(path)
    assert (plan.every_s, plan.layout, plan.duration_s) == (1.0, "wide", None)
    with pytest.raises(ExistingFileError, match="exists already"):
        plan.check(0.1)
    RecordingPlan(path, force=True).check(0.1)


@pytest.mark.parametrize("layout", ["tall", "", "Wide"])
def test_a_layout_that_is_none_is_refused_for_every_form(tmp_path: Path, layout: str) -> None:
    for name in FORMS:
        with pytest.raises(ConfigError, match=f"layout '{layout}': expected wide, or long for"):
            RecordingPlan(tmp_path / name, layout=layout).check(0.1)


def test_a_table_can_begin_however_many_events_the_run_has_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_EVENTS", 3)
    twin = Twin.from_dict(SITE)
    for watts in range(4):
        twin.device("bess").write(active_power_setpoint_w=watts)
    twin.record(tmp_path / "run.csv")
    twin.stop_recording()
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 2


def test_a_run_of_as_many_events_as_are_kept_can_still_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_EVENTS", 3)
    twin = Twin.from_dict(SITE)
    for watts in range(3):
        twin.device("bess").write(active_power_setpoint_w=watts)
    twin.record(tmp_path / "run.jsonl")
    twin.stop_recording()
    _, rows = recording.read(tmp_path / "run.jsonl")
    assert [row["values"]["active_power_setpoint_w"] for row in rows if "at" in row] == [0, 1, 2]


def test_samples_wait_for_a_tenth_of_a_second_of_wall_time(tmp_path: Path) -> None:
    twin, path, now_s = Twin.from_dict(SITE), tmp_path / "run.jsonl", [50.0]
    history = recorder.History(twin.engine)
    plan = RecordingPlan(path, every_s=0.1)
    held = recorder.Recorder(twin.engine, plan, SITE, 0, history, lambda: now_s[0])

    def samples() -> int:
        return path.read_bytes().count(b'{"tick":')

    assert samples() == 1
    twin.advance(0.5)
    assert samples() == 1
    now_s[0] = 50.09
    twin.advance(0.1)
    assert samples() == 1
    now_s[0] = 50.2
    twin.advance(0.1)
    assert samples() == 8, "those that waited and the one of this tick"
    twin.advance(0.1)
    assert samples() == 8, "the next tenth of a second has begun"
    now_s[0] = 10.0
    twin.advance(0.1)
    assert samples() == 10, "a clock that was set back holds nothing up"
    twin.advance(0.5)
    twin.device("bess").write(active_power_setpoint_w=1000)
    assert samples() == 15, "an event is written at once, after the samples before it"
    held.close()


def test_what_a_recording_says_of_itself_is_in_its_first_line(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE, seed=7)
    twin.advance(2.0)
    twin.record(tmp_path / "run.jsonl", every_s=0.5)
    twin.stop_recording()
    head, _ = recording.read(tmp_path / "run.jsonl")
    assert list(head) == [
        "twin_tui", "seed", "step_s", "every_s", "duration_s", "tick", "columns", "site",
    ]  # fmt: skip
    assert (head["twin_tui"], head["seed"], head["step_s"], head["every_s"]) == (3, 7, 0.1, 0.5)
    assert (head["duration_s"], head["tick"]) == (None, 20)
    assert list(head["columns"]) == ["grid", "weather", "devices"]
    assert head["columns"]["devices"]["bess"][0] == "status"
    assert head["site"]["assets"][0]["name"] == "bess"
