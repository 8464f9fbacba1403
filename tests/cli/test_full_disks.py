"""A disk that refuses in a run, or with the last byte: an alarm, the run goes on, exit code 3."""

import asyncio
import contextlib
import gzip
import resource
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from twin_tui import RunError, Twin
from twin_tui.cli.main import cli
from twin_tui.console import start
from twin_tui.engine.events import Mark
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import StartRecording, StepTicks, StopRecording, ViewRequest
from twin_tui.protocols.modbus.capture import Capture
from twin_tui.protocols.modbus.station import Station
from twin_tui.run.recording import read_recording, recorder, tables
from twin_tui.session.local import LocalSession
from twin_tui.session.thread import TwinThread
from twin_tui.widgets.glyphs import ASCII
from twin_tui.widgets.status_line import status_line

FORMS = ("run.jsonl", "run.jsonl.gz", "run.csv", "run.parquet")
WORDS = ["run", "demo", "--headless", "--no-servers", "--duration", "60s", "--speed", "max"]


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: Python ignores SIGXFSZ, so a write fails with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def whole_size(path: Path) -> int:
    """Return the size of a recording of the whole run, to the byte."""
    done = CliRunner().invoke(cli, [*WORDS, "--quiet", "--record", str(path)])
    assert done.exit_code == 0, done.output
    return max(part.stat().st_size for part in ([*path.iterdir()] if path.is_dir() else [path]))


def readable(path: Path) -> list[float]:
    """Return the times of the samples that can be read from a recording."""
    if path.suffix == ".parquet":
        return list(pq.read_table(path).column("t_s").to_pylist()) if list(path.iterdir()) else []
    if path.suffix == ".csv":
        *whole, _torn = path.read_text().split("\n")
        return [float(line.split(",")[0]) for line in whole[1:]]
    return [row["t_s"] for row in read_recording(path)]


def run(path: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, [*WORDS, "--record", str(path), *words])


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("missing", ["half", "a byte"])
def test_a_headless_run_goes_on_without_its_recording(
    tmp_path: Path, name: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 20)
    if missing == "half":
        monkeypatch.setattr(recorder, "FLUSH_S", 0.0)  # each sample reaches the file at once
    whole, path = whole_size(tmp_path / f"whole-{name}"), tmp_path / name
    scenario, report = tmp_path / "s.yaml", tmp_path / "report.xml"
    scenario.write_text("site: demo\nduration: 60s\nsteps:\n- {at: 30s, expect: battery.soc > 0%}\n")
    compressed = name == "run.jsonl.gz"
    limit = whole * 3 // 4 if missing == "half" else whole - 1
    if name == "run.parquet" and missing == "half":
        limit = whole - 1  # each part is as large as any other
    with largest_file(limit):
        done = run(path, "--scenario", str(scenario), "--junit", str(report))
    assert isinstance(done.exception, RunError), done.output
    assert done.exception.exit_code == 3
    assert f"{name}: the recording is incomplete: File too large" in str(done.exception)
    alarm = f"ALARM               recording failed: {path}: File too large; the run goes on without it"
    # what fails at the end, when the log is printed already, is the message of the end only
    assert done.output.count(alarm) == (missing == "half" or name == "run.parquet")
    assert "after 60.0 s, 600 steps" in done.output
    assert "passed     30.0 s" in done.output
    suite = ElementTree.parse(report).getroot()
    assert suite.find("testcase/error") is not None or suite.find("testsuite/testcase/error") is not None
    times = readable(path)
    assert times == [float(number) for number in range(len(times))]
    if not compressed and missing == "a byte" and name != "run.parquet":
        assert len(times) >= 60
    if compressed and missing == "a byte":  # whether the end line is before the byte depends on the flushes
        assert CliRunner().invoke(cli, ["replay", str(path), "--partial"]).exit_code == 0
    elif name.startswith("run.jsonl"):
        replay = CliRunner().invoke(cli, ["replay", str(path), "--partial"])
        assert replay.exit_code == 0, replay.output
        assert f"incomplete: ends at {times[-1]:g} s of 60 s" in replay.output


def test_the_console_shows_what_a_recording_failed_with_and_ends_with_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = Twin.from_file("demo", speed=1.0)
    path = tmp_path / "run.jsonl"
    monkeypatch.setattr(start, "end_with_terminal", lambda terminal: None)
    monkeypatch.setattr(start.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(start.sys.stdin, "fileno", lambda: 0, raising=False)
    monkeypatch.setattr(start.sys.stderr, "isatty", lambda: True, raising=False)

    def show(thread: TwinThread, *_: object) -> int:
        async def fill_the_disk() -> None:
            await thread.send(StartRecording(str(path)))
            with largest_file(path.stat().st_size):
                await thread.send(StepTicks(50))
                await thread.send(Mark("here"))

        asyncio.run(fill_the_disk())
        assert twin.recorder is not None
        assert twin.recorder.failed == "File too large"
        return 0

    monkeypatch.setattr(start, "_show", show)
    with pytest.raises(RunError, match=r"run\.jsonl: the recording is incomplete: File too large") as caught:
        start.run_console(twin, servers=False)
    assert caught.value.exit_code == 3


async def test_the_status_bar_turns_from_rec_to_rec_failed(tmp_path: Path) -> None:
    twin = Twin.from_file("demo")
    session = LocalSession(twin)
    path = tmp_path / "run.jsonl"
    await session.send(StartRecording(str(path)))

    async def bar(width: int) -> str:
        frame = await session.frame(ViewRequest())
        return "".join(text for text, _ in status_line(frame, width, ASCII))

    assert "REC" in await bar(80)
    assert "REC FAILED" not in await bar(80)
    with largest_file(path.stat().st_size):
        twin.advance(5.0)
        twin.inject("now mark here")
        twin.inject("now mark again")
    assert "REC FAILED" in await bar(80)
    assert "REC FAILED: File too large" in await bar(160)
    alarms = [entry.text for entry in twin.engine.log if entry.kind is LogKind.ALARM]
    assert alarms == [f"recording failed: {path}: File too large; the run goes on without it"]
    with pytest.raises(RunError, match="incomplete"):
        await session.send(StopRecording())
    await session.send(StartRecording(str(tmp_path / "again.jsonl")))
    with pytest.raises(RunError, match=r"run\.jsonl: the recording is incomplete"):
        await twin.stop()
    await twin.stop()
    assert (tmp_path / "again.jsonl").read_text().splitlines()[-1].startswith('{"end":')


@pytest.mark.parametrize("suffix", [".txt", ".pcapng"])
async def test_a_capture_that_fails_is_one_alarm(tmp_path: Path, suffix: str) -> None:
    alarms: list[str] = []
    path = tmp_path / f"wire{suffix}"
    capture, station = Capture(path, alarms.append), Station({})
    capture.start([("a port", station)])
    assert station.ring is not None
    station.ring.record("c:1", True, bytes.fromhex("0001 0000 0006 01 03 0000 0001"))
    capture._flush()
    whole = path.read_bytes()
    assert whole
    with largest_file(len(whole) + 10):
        station.ring.record("c:1", False, bytes.fromhex("0001 0000 0005 01 03 02 0000"))
        capture._flush()
        station.ring.record("c:1", True, bytes.fromhex("0001 0000 0006 01 03 0000 0001"))
        capture.finish()
    assert path.read_bytes().startswith(whole)
    assert alarms == [f"capture failed: {path}: File too large; the run goes on without it"]
    assert capture.failed == f"{path}: the capture is incomplete: File too large"


async def test_a_lost_capture_ends_a_run_as_a_lost_recording_does(tmp_path: Path) -> None:
    site = {"name": "s", "assets": [{"type": "battery", "name": "b", "port": 0}], "real_time": False}
    twin = Twin.from_dict(site)
    twin.links.capture(tmp_path / "wire.txt")
    await twin.start()
    (server,) = twin.links.servers
    assert server.station.ring is not None
    server.station.ring.record("c:1", True, bytes.fromhex("0001 0000 0006 01 03 0000 0001"))
    with largest_file(5), pytest.raises(RunError, match=r"wire\.txt: the capture is incomplete"):
        await twin.stop()
    assert twin.engine.log[-1].text.startswith("capture failed: ")


def test_a_full_device_is_refused_at_the_start() -> None:
    done = run(Path("/dev/full"))
    assert "/dev/full: cannot be written: No space left on device" in str(done.exception)
    assert getattr(done.exception, "exit_code", 0) == 2


def test_a_gzipped_recording_that_was_cut_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.gz"
    whole_size(path)
    data = path.read_bytes()
    assert gzip.decompress(data).splitlines()[-1].startswith(b'{"end":60')
    path.write_bytes(data[: len(data) * 2 // 3])
    times = readable(path)
    assert 10 < len(times) < 61
