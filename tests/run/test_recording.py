"""Recordings: the same bytes for the same run, whoever watches; torn files; what cannot be written."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.run.recordings import signed
from twin_tui import CommandError, ConfigError, Twin
from twin_tui.cli.main import cli
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.events import Disturb
from twin_tui.run import recording
from twin_tui.run.recording import recorder


def record(path: Path, seed: int, *, watched: bool = False) -> bytes:
    twin = Twin.from_file("demo", seed=seed)
    twin.record(path)
    twin.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7, 2.0)), at_s=3.0)
    for _ in range(20):
        twin.advance(0.5)
        if watched:
            twin.snapshot()
    twin.stop_recording()
    return path.read_bytes()


def test_two_runs_of_the_same_seed_and_events_are_the_same_bytes(tmp_path: Path) -> None:
    first = record(tmp_path / "a.jsonl", 5)
    assert first == record(tmp_path / "b.jsonl", 5, watched=True)
    assert first != record(tmp_path / "c.jsonl", 6)


def test_a_recording_names_the_signals_of_grid_and_weather_as_everybody_does(tmp_path: Path) -> None:
    record(tmp_path / "a.jsonl", 5)
    _, rows = recording.read(tmp_path / "a.jsonl")
    during = next(row for row in rows if row.get("t") == 4.0)
    twin = Twin.from_file("demo", seed=5)
    for name in ("grid", "weather"):
        assert set(during[name]) == set(twin.engine.signals(name))
    assert during["grid"]["voltage_a_pu"] < 0.75
    assert during["weather"]["ambient_c"] == pytest.approx(
        twin.engine.telemetry("weather").ambient_c, abs=1.0
    )


def test_a_recording_ends_at_the_last_whole_line_when_the_machine_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    whole = record(path, 5)
    path.write_bytes(whole[: whole.rindex(b'{"end":') - 30])
    head, rows = recording.read(path, partial=True)
    assert head["seed"] == 5
    again = recording.fresh_engine(head)
    assert list(recording.replay(again, rows)) == []


def test_a_recording_that_begins_in_the_middle_replays_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    twin = Twin.from_file("demo", seed=5)
    twin.advance(3.3)
    twin.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7, 20.0)))
    twin.advance(3.4)
    twin.record(path)
    twin.device("battery").write(active_power_setpoint_w=-3_000)
    twin.advance(5.0)
    twin.stop_recording()
    head, rows = recording.read(path)
    assert [row["tick"] for row in rows if "t" in row] == [67, 70, 80, 90, 100, 110]
    again = recording.fresh_engine(head)
    assert list(recording.replay(again, rows)) == []
    assert again.tick == twin.engine.tick


def test_a_run_with_too_many_events_says_why_it_cannot_be_recorded_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_EVENTS", 3)
    twin = Twin.from_file("demo")
    for watts in range(4):
        twin.device("battery").write(active_power_setpoint_w=watts)
    with pytest.raises(CommandError, match="too many to begin a recording"):
        twin.record(tmp_path / "a.jsonl")


@pytest.mark.parametrize("content", ["", "{}\n", '{"twin_tui": 99}\n', "\x00\x01\n", "[1]\n"])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"a\.jsonl"):
        recording.read(path)


def test_the_command_line_records_and_replays(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    words = ["run", "demo", "--headless", "--no-servers", "--duration", "30s", "--speed", "max", "--quiet"]
    done = CliRunner().invoke(cli, [*words, "--record", str(path)])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(cli, ["replay", str(path)])
    assert done.exit_code == 0, done.output
    assert "all samples identical" in done.output


def test_a_recording_that_differs_from_its_replay_ends_with_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, 5)
    changed = re.sub(r'("tick":50,"t":5.0,"grid":\[)[^,]*', r"\g<1>49.5", path.read_text(), count=1)
    path.write_bytes(signed(changed.encode()))
    done = CliRunner().invoke(cli, ["replay", str(path)])
    assert done.exit_code == 1
    assert "t = 5 s  grid.frequency_hz: recorded 49.5, replayed 49.9" in done.output
    assert "1 value differs from" in done.output


def test_how_often_a_run_is_sampled_is_the_users_choice(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    words = ["run", "demo", "--headless", "--no-servers", "--duration", "60s", "--speed", "max", "--quiet"]
    done = CliRunner().invoke(cli, [*words, "--record", str(path), "--record-every", "20s"])
    assert done.exit_code == 0, done.output
    assert [row["t"] for row in recording.read(path)[1] if "t" in row] == [0.0, 20.0, 40.0, 60.0]


def test_an_injection_after_the_end_of_the_run_is_refused() -> None:
    words = ["run", "demo", "--headless", "--no-servers", "--duration", "10s", "--speed", "max"]
    done = CliRunner().invoke(cli, [*words, "--inject", "20s sag grid 0.7 2s"])
    assert done.exit_code == 2
    assert "is after the end of the run" in done.output


def test_a_headless_run_tells_what_happens() -> None:
    words = ["run", "demo", "--headless", "--no-servers", "--duration", "10s", "--speed", "max"]
    done = CliRunner().invoke(cli, [*words, "--inject", "2s sag grid 0.9 2s"])
    assert "INJECT grid         sag to 0.90 pu for 2 s  command line" in done.output
    assert "sag to 0.90 pu for 2 s has ended" in done.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_recording_on_a_full_disk_is_refused_at_its_start() -> None:
    with pytest.raises(ConfigError, match="/dev/full: cannot be written: No space left"):
        Twin.from_file("demo").record("/dev/full")


def test_a_recording_to_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        Twin.from_file("demo").record("a\0b")


def test_a_headless_run_prints_no_control_characters(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text('name: "a\\e[31mb"\nassets:\n- {type: battery}\n', encoding="utf-8")
    words = ["run", str(site), "--headless", "--no-servers", "--duration", "1s", "--speed", "max"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "a [31mb" in done.output
    assert "\x1b" not in done.output
