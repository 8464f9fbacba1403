"""A recording says itself whether it is whole and unchanged; a damaged one is one message, exit code 2."""

import gzip
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.run.recordings import signed
from twin_tui import ConfigError, Twin
from twin_tui.cli.main import cli
from twin_tui.run import recording
from twin_tui.run.recording import RecordingPlan

SITE = {"name": "small", "assets": [{"type": "battery", "name": "bess"}, {"type": "load", "name": "house"}]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording of ten seconds, with an event."""
    path = tmp_path_factory.mktemp("whole") / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.inject("2.5s sag 0.7 1s")
    twin.advance(10.0)
    twin.stop_recording()
    return path.read_bytes()


def replayed(path: Path, data: bytes, *options: str) -> Result:
    path.write_bytes(data)
    return CliRunner().invoke(cli, ["replay", str(path), *options])


def message(result: Result) -> str:
    """Return what a user reads: that of the error which ends the command."""
    assert isinstance(result.exception, ConfigError), result.output
    assert result.exception.exit_code == 2
    return str(result.exception)


def changed(whole: bytes, number: int, **values: object) -> bytes:
    """Return a recording with other values in one line, and the digest that goes with them."""
    lines = whole.splitlines(keepends=True)
    lines[number - 1] = (json.dumps({**json.loads(lines[number - 1]), **values}) + "\n").encode()
    return signed(b"".join(lines))


@pytest.mark.parametrize("duration_s", [None, 600.0])
def test_a_recording_without_its_end_says_where_it_ends_and_replays_only_when_asked(
    tmp_path: Path, duration_s: float | None
) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record_from_start(RecordingPlan(path, duration_s=duration_s))
    twin._record(twin._planned_recording)  # type: ignore[arg-type]
    twin.advance(87.3)
    twin.stop_recording()
    cut = path.read_bytes()[: path.read_bytes().index(b'{"end":') + 5]
    of = " of 600 s" if duration_s else ""
    assert message(replayed(path, cut)) == (
        f"{path}: incomplete: ends at 87 s{of}; replay --partial replays it up to there"
    )
    done = replayed(path, cut, "--partial")
    assert done.exit_code == 0, done.output
    assert f"incomplete: ends at 87 s{of}\n" in done.output
    assert "87.0 s replayed, all samples identical" in done.output


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_found_out_wherever_it_is(tmp_path: Path, whole: bytes, position: float) -> None:
    at = int(len(whole) * position)
    data = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    for options in ((), ("--partial",)):
        said = message(replayed(tmp_path / "run.jsonl", data, *options))
        assert "was changed after recording" in said or "damaged: not JSON" in said


def test_a_line_that_is_not_json_is_named(tmp_path: Path, whole: bytes) -> None:
    lines = whole.splitlines(keepends=True)
    lines[4] = b'{"tick":\n'
    assert "run.jsonl, line 5: damaged: not JSON" in message(
        replayed(tmp_path / "run.jsonl", b"".join(lines))
    )


def test_nothing_may_follow_the_end(tmp_path: Path, whole: bytes) -> None:
    said = message(replayed(tmp_path / "run.jsonl", whole + whole.splitlines(keepends=True)[1]))
    assert "expected nothing after the end of the recording" in said


@pytest.mark.parametrize(
    ("line", "values", "expected"),
    [
        (1, {"site": None}, "line 1: expected site: the site as an object"),
        (1, {"site": {"assets": [{"type": "batery"}]}}, "line 1: "),
        (1, {"twin_tui": 2}, "(format 3); this one has format 2, of an earlier version"),
        (1, {"every_s": 1e299}, "line 1: time between samples 1e+299 s is too long"),
        (1, {"step_s": float("nan")}, "line 1: expected step_s: seconds above 0"),
        (1, {"columns": {"devices": [1]}}, "line 1: expected columns: the names"),
        (1, {"tick": 10**18}, "line 2: expected the first sample at tick 10"),
        (3, {"t": "soon"}, "line 3: expected t: a time in s"),
        (3, {"tick": 10**18}, "line 3: expected a tick from 0 to"),
        (3, {"tick": -1}, "line 3: expected an event (at), a sample (tick) or the end"),
        (3, {"grid": [1]}, "line 3: expected a value for each column of line 1"),
        (3, {"devices": [1]}, "line 3: expected a value for each column of line 1"),
        (5, {"event": "Sag"}, "line 5: unknown event 'Sag'"),
        (5, {"disturbance": {"target": "voltage"}}, "line 5: "),
        (5, {"event": "Fault", "device": "none", "fault": "x"}, "line 5: "),
        (-1, {"end": 1e300}, "expected an event (at), a sample (tick) or the end"),
        (-1, {"end": 10**18}, "expected a tick from 0 to"),
    ],
)
def test_a_line_that_no_recorder_writes_is_one_message(
    tmp_path: Path, whole: bytes, line: int, values: dict[str, object], expected: str
) -> None:
    number = line if line > 0 else len(whole.splitlines())
    data = changed(whole, number, **values)
    if "columns" in values and line == 1:
        assert expected in message(replayed(tmp_path / "run.jsonl", data))
        return
    said = message(replayed(tmp_path / "run.jsonl", data))
    assert expected in said
    assert "run.jsonl" in said


def test_an_event_of_damaged_length_does_not_overflow(tmp_path: Path, whole: bytes) -> None:
    (number,) = [at for at, line in enumerate(whole.splitlines(), 1) if b'"Disturb"' in line]
    sag = json.loads(whole.splitlines()[number - 1])["disturbance"]
    data = changed(whole, number, disturbance={**sag, "duration_s": 1e308})
    assert f"line {number}: invalid duration: 1e+308 s" in message(replayed(tmp_path / "run.jsonl", data))


def test_a_recording_that_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("pipe.jsonl", "folder.jsonl"):
        done = CliRunner().invoke(cli, ["replay", str(tmp_path / name)])
        assert "is not a file; expected a recording" in message(done)
    done = CliRunner().invoke(cli, ["replay", str(tmp_path / "none.jsonl")])
    assert "none.jsonl: cannot be read: No such file" in message(done)


def test_a_gzipped_recording_is_the_same_lines(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "run.jsonl.gz"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.inject("2.5s sag 0.7 1s")
    twin.advance(10.0)
    twin.stop_recording()
    assert gzip.decompress(path.read_bytes()) == whole
    done = CliRunner().invoke(cli, ["replay", str(path)])
    assert done.exit_code == 0, done.output
    for kept in range(0, path.stat().st_size, 200):
        (tmp_path / "cut.gz").write_bytes(path.read_bytes()[:kept])
        if kept >= 2000:
            list(recording.read_recording(tmp_path / "cut.gz"))
    bad = bytearray(path.read_bytes())
    bad[len(bad) // 2] ^= 0xFF
    assert "damaged" in message(replayed(tmp_path / "bad.jsonl.gz", bytes(bad)))
    assert "more after the end" in message(replayed(tmp_path / "more.gz", path.read_bytes() + b"x"))
    assert "more after the end" in message(replayed(tmp_path / "more.gz", path.read_bytes() + b"x" * 99))


def test_gzip_data_that_follow_one_another_are_read_as_one_file(tmp_path: Path, whole: bytes) -> None:
    parts = [gzip.compress(whole[at : at + 3000]) for at in range(0, len(whole), 3000)]
    done = replayed(tmp_path / "parts.gz", b"".join(parts))
    assert done.exit_code == 0, done.output
    torn = message(replayed(tmp_path / "torn.gz", b"".join(parts)[:-1]))
    assert "damaged: there is more after the end of the gzip data: it ends within" in torn
    twice = message(replayed(tmp_path / "twice.gz", gzip.compress(whole) * 2))
    assert "expected nothing after the end of the recording" in twice


def test_the_rows_of_a_recording_are_named_like_the_columns_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.advance(5.0)
    soc = twin["bess"].telemetry.soc
    rows = list(recording.read_recording(path))
    twin.stop_recording()
    assert rows == list(recording.read_recording(path))[: len(rows)]
    *_, last = recording.read_recording(path)
    assert (last["t_s"], last["tick"], last["bess.status"]) == (5.0, 50, "OFF")
    assert last["bess.soc"] == soc
    assert "grid.frequency_hz" in last
    assert "weather.ambient_c" in last


def test_a_recording_is_closed_once_however_often_close_is_called(tmp_path: Path) -> None:
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


def test_a_recording_that_was_edited_to_name_a_file_reads_it_only_when_allowed(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "load.csv"
    outside.write_text("t,w\n0,5000\n3600,5000\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    site = json.loads(whole.splitlines()[0])["site"]
    house = {"type": "load", "name": "house", "series": str(outside)}
    edited = changed(whole, 1, site={**site, "assets": [site["assets"][0], house]})
    refused = message(replayed(folder / "run.jsonl", edited))
    assert f"{outside} is outside the folder of the site" in refused
    assert refused.endswith("or allow it with --allow-outside")
    allowed = replayed(folder / "run.jsonl", edited, "--allow-outside")
    assert allowed.exit_code == 0, allowed.output


def test_a_line_nested_too_deeply_is_named(tmp_path: Path, whole: bytes) -> None:
    lines = whole.splitlines(keepends=True)
    lines[2] = b"[" * 100_000 + b"\n"
    assert "line 3: damaged: not JSON: " in message(replayed(tmp_path / "run.jsonl", b"".join(lines)))
