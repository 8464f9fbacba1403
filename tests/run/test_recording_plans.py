"""What is to be recorded: plans that are refused, how a recording begins, when samples are written."""

from pathlib import Path
from typing import Any

import pytest

from twin_tui import ConfigError, Twin
from twin_tui.documents.output import ExistingFileError
from twin_tui.errors import CommandError
from twin_tui.run import recording
from twin_tui.run.recording import RecordingPlan, recorder

SITE: dict[str, Any] = {"name": "small", "assets": [{"type": "battery", "name": "bess"}]}
FORMS = ("run.jsonl", "run.jsonl.gz", "run.csv", "run.parquet")


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
    history = recorder.EventHistory(twin.engine)
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
