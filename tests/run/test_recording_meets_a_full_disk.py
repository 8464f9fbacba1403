"""A recording that the disk refuses is closed, reported once, and the run goes on without it."""

import errno
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from twin_tui import ConfigError, RunError, Twin
from twin_tui.documents.output import Output
from twin_tui.run.recording import recorder, tables

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
    assert sorted(part.name for part in path.iterdir()) == ["part-00000000.parquet", "part-00000001.parquet"]
    assert alarms(twin) == [f"recording failed: {path}: No space left on device; the run goes on without it"]


def test_what_a_network_disk_refuses_when_the_file_is_closed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stale:
        """A file whose last bytes the server never got, as close says."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def close(self) -> None:
            self._file.close()
            raise OSError(errno.ESTALE, "Stale file handle")

    for name in FORMS[:3]:
        twin = Twin.from_dict(SITE)
        twin.record(tmp_path / name)
        assert twin.recorder is not None
        output: Any = twin.recorder._writer
        output._output._file = Stale(output._output._file)
        with pytest.raises(RunError, match=f"{name}: the recording is incomplete: Stale file handle"):
            twin.stop_recording()


def test_a_folder_that_cannot_be_closed_does_not_hide_why_a_recording_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = Twin.from_dict(SITE)
    twin.record(tmp_path / "run.parquet")
    assert twin.recorder is not None
    parquet: Any = twin.recorder._writer
    folder, really_close = parquet._folder, os.close

    def close(handle: int) -> None:
        really_close(handle)
        if handle == folder:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "close", close)
    fill_the_disk(monkeypatch)
    with pytest.raises(RunError, match="the recording is incomplete: No space left on device"):
        twin.stop_recording()
