"""Where a recording is written: a new file, once everything else has started, in the form of its name."""

import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from twin_tui import CommandError, ConfigError, Twin
from twin_tui.cli.main import cli
from twin_tui.documents.output import ExistingFileError, check_new
from twin_tui.protocols.modbus.capture import Capture
from twin_tui.run.recording import RecordingPlan, tables

SITE: dict[str, Any] = {
    "name": "small",
    "assets": [{"type": "battery", "name": "bess"}, {"type": "load", "name": "house"}],
}
RUN = ["run", "demo", "--headless", "--no-servers", "--speed", "max", "--quiet"]
FORMS = ("run.jsonl", "run.jsonl.gz", "run.csv", "run.parquet", "run")


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [*RUN, *map(str, words)])


def text(result: Result) -> str:
    return result.output + str(result.exception)


def recorded(path: Path, **options: Any) -> Twin:
    twin = Twin.from_dict(SITE)
    twin.record(path, **options)
    twin.advance(5.0)
    twin.stop_recording()
    return twin


@pytest.mark.parametrize("name", FORMS)
def test_an_existing_file_is_only_overwritten_with_force(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"precious")
    done = run("--duration", "5s", "--record", path)
    assert isinstance(done.exception, ConfigError)
    assert "exists already; choose another name, or overwrite it with --force" in text(done)
    with pytest.raises(ExistingFileError, match="exists already"):
        recorded(path)
    assert path.read_bytes() == b"precious"
    done = run("--duration", "5s", "--record", path, "--force")
    assert done.exit_code == 0, done.output
    assert path.is_dir() or b"precious" not in path.read_bytes()


def test_a_recording_goes_on_when_the_next_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.jsonl").write_bytes(b"precious")
    twin = Twin.from_dict(SITE)
    twin.record(tmp_path / "run.jsonl")
    with pytest.raises(ExistingFileError):
        twin.record(tmp_path / "kept.jsonl")
    assert twin.recorder is not None
    assert twin.recorder.path == tmp_path / "run.jsonl"
    twin.stop_recording()


def test_what_keeps_a_run_from_starting_leaves_a_former_recording_alone(tmp_path: Path) -> None:
    kept = tmp_path / "keep.jsonl"
    kept.write_bytes(b"precious")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site = tmp_path / "site.json"
        asset = {"type": "battery", "name": "bess", "port": taken.getsockname()[1]}
        site.write_text(json.dumps({"name": "small", "assets": [asset]}))
        headless = ["run", str(site), "--headless", "--duration", "5s", "--speed", "max"]
        for options in (["--record"], ["--record", str(tmp_path / "new.jsonl"), "--capture"]):
            capture = options[-1] == "--capture"
            target = tmp_path / "keep.txt" if capture else kept
            target.write_bytes(b"precious")
            done = CliRunner().invoke(cli, [*headless, *options, str(target), "--force"])
            assert done.exit_code != 0
            assert "is in use by another program" in text(done)
            assert target.read_bytes() == b"precious"
    for last in (["--eos", "notaurl"], []):  # nor is there a terminal for the console
        done = CliRunner().invoke(cli, ["run", str(site), "--record", str(kept), "--force", *last])
        assert done.exit_code != 0
    assert kept.read_bytes() == b"precious"
    assert not (tmp_path / "new.jsonl").exists()


def test_a_twin_that_is_started_later_opens_its_recording_then(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE)
    twin.record_from_start(RecordingPlan(tmp_path / "run.jsonl"))
    twin.advance(1.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", [check_new, lambda path: Capture(path, print)])
def test_where_no_file_can_be_written_is_one_message(tmp_path: Path, check: Any) -> None:
    folder, pipe, link = tmp_path / "folder.txt", tmp_path / "pipe.txt", tmp_path / "link.txt"
    folder.mkdir()
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "nothing")
    for path, expected in (
        (folder, "folder.txt: is a folder; expected the name of a file"),
        (pipe, "pipe.txt: is not a regular file"),
        (link, "link.txt: is a link to nowhere"),
        (tmp_path / "none" / "a.txt", r"a\.txt: the folder .*none does not exist"),
        (Path("x" * 5000 + ".txt"), r"^\.\.\.x+\.txt: cannot be written: File name too long"),
        (Path("a\0b.txt"), r"'a\\x00b\.txt': cannot be written: .*null"),
    ):
        with pytest.raises(ConfigError, match=expected) as caught:
            check(path)
        assert len(str(caught.value)) < 300
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not os.access("/sys/kernel", os.F_OK), reason="no folder that refuses even root")
def test_a_folder_that_refuses_files_is_one_message() -> None:
    with pytest.raises(ConfigError, match=r"/sys/kernel/run\.jsonl: (no permission|cannot be written)"):
        recorded(Path("/sys/kernel/run.jsonl"))


def test_a_table_has_a_row_a_sample_and_the_units_in_its_names(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    twin = recorded(path)
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    assert [row["t_s"] for row in rows] == ["0.0", "1.0", "2.0", "3.0", "4.0", "5.0"]
    last = rows[-1]
    assert last["bess.status"] == "OFF"
    assert float(last["bess.soc"]) == twin["bess"].telemetry.soc
    assert float(last["house.active_power_w"]) == twin["house"].telemetry.active_power_w
    assert last["grid.live"] == "true"


def test_a_text_in_a_table_is_quoted_as_csv_wants_it(tmp_path: Path) -> None:
    assert tables._csv(['a"b', None, True, 1.5]) == b'"a""b",,true,1.5\n'


def test_a_long_table_has_a_row_a_value(tmp_path: Path) -> None:
    twin = recorded(tmp_path / "run.csv", layout="long")
    rows = list(csv.DictReader((tmp_path / "run.csv").open(encoding="utf-8", newline="")))
    (last,) = [
        row
        for row in rows
        if (row["t_s"], row["device"], row["signal"]) == ("5.0", "house", "active_power_w")
    ]
    assert (float(last["value"]), last["unit"]) == (twin["house"].telemetry.active_power_w, "W")
    recorded(tmp_path / "run.parquet", layout="long")
    found = pq.read_table(tmp_path / "run.parquet")
    assert found.num_rows == len(rows)
    assert set(found.column("text").to_pylist()) == {None, "OFF", "RUN"}
    with pytest.raises(ConfigError, match=r"layout 'long': expected wide, or long for \.csv"):
        recorded(tmp_path / "run.jsonl", layout="long")


def test_a_parquet_recording_is_a_folder_of_parts_that_are_each_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS", 2)
    path = tmp_path / "run.parquet"
    twin = recorded(path)
    assert sorted(part.name for part in path.iterdir()) == [f"part-{n:08d}.parquet" for n in range(3)]
    found = pq.read_table(path)
    assert found.column("t_s").to_pylist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert found.column("bess.soc").to_pylist()[-1] == twin["bess"].telemetry.soc
    assert found.schema.field("house.active_power_w").metadata == {b"unit": b"W"}
    recorded(path, force=True)
    assert pq.read_table(path).num_rows == 6
    (path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds other files than a recording, such as .*notes\.txt"):
        recorded(path, force=True)
    assert len(list(path.iterdir())) == 4


def test_parquet_without_its_library_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet")
    done = run("--duration", "5s", "--record", tmp_path / "run.parquet")
    assert isinstance(done.exception, ConfigError)
    assert "Parquet needs the pyarrow package" in text(done)
    assert "pip install 'twin-tui[parquet]'" in text(done)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["run.csv", "run.parquet"])
def test_a_table_is_not_replayed(tmp_path: Path, name: str) -> None:
    recorded(tmp_path / name)
    done = CliRunner().invoke(cli, ["replay", str(tmp_path / name)])
    assert isinstance(done.exception, ConfigError)
    assert "is a table, which has no events to replay; record to .jsonl or .jsonl.gz" in text(done)


def test_a_run_that_records_to_no_table_imports_no_library_for_one(tmp_path: Path) -> None:
    code = (
        "import sys; from twin_tui import Twin; t = Twin.from_file('demo'); "
        "t.record('run.jsonl'); t.advance(1); t.stop_recording(); assert 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--duration", "0"), "invalid --duration 0 s; expected a time above 0"),
        (
            ("--duration", "1.05s"),
            "--duration 1.05 s is not a multiple of the step 0.1 s; nearest: 1 s, 1.1 s",
        ),
        (("--duration", "1e308"), "--duration 1e+308 s is too long"),
        (
            ("--duration", "5s", "--record-every", "0"),
            "invalid time between samples: 0.0; expected seconds above",
        ),
        (("--duration", "5s", "--record-every", "0.15"), "time between samples 0.15 s is not a multiple of"),
    ],
)
def test_a_time_that_is_no_whole_step_is_refused(
    tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    done = run(*words, "--record", tmp_path / "run.jsonl")
    assert isinstance(done.exception, ConfigError | CommandError), done.output
    assert expected in text(done)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("--duration", "nan"), ("--duration", "-5s"), ("--record-every", "nan")])
def test_a_time_that_is_none_is_refused(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert "invalid duration" in done.output or "negative duration" in done.output


@pytest.mark.parametrize(
    ("name", "start"), [("A.CSV", b"t_s,"), ("A.JSONL.GZ", b"\x1f\x8b"), ("A.JSONL", b"{")]
)
def test_the_ending_of_a_name_counts_in_capitals_too(tmp_path: Path, name: str, start: bytes) -> None:
    recorded(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_file_that_is_read_or_written_is_written_only_once(tmp_path: Path) -> None:
    site, scenario, other = tmp_path / "site.yaml", tmp_path / "scenario.yaml", tmp_path / "other.txt"
    site.write_text("{name: home, assets: [{type: load}]}", encoding="utf-8")
    scenario.write_text("{name: s, duration: 1s, steps: [{at: 1s, expect: load-1.active_power_w < 1}]}")
    (tmp_path / "link").hardlink_to(site)
    played = ("run", str(site), "--headless", "--speed", "max", "--scenario", str(scenario))
    for words, message in (
        (("--record", site, "--force"), "SITE and --record are the same file"),
        (("--record", tmp_path / "link", "--force"), "SITE and --record are the same file"),
        (("--junit", scenario), "--scenario and --junit are the same file"),
        (
            ("--record", other, "--capture", tmp_path / "." / "other.txt"),
            "--record and --capture are the same",
        ),
        (("--record", other, "--junit", other), "--record and --junit are the same file"),
    ):
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        result = CliRunner().invoke(cli, [*played, *map(str, words)])
        assert (result.exit_code, {path: path.read_bytes() for path in tmp_path.iterdir()}) == (2, before)
        assert message in text(result)
    nowhere = ("--no-servers", "--record", "/dev/null", "--junit", "/dev/null")
    assert CliRunner().invoke(cli, [*played, *nowhere]).exit_code == 0


def test_a_report_replaces_only_an_earlier_report(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("precious", encoding="utf-8")
    words = ("--scenario", "ride_through", "--junit")
    result = run(*words, notes)
    assert "exists already and is no JUnit file" in text(result)
    assert notes.read_text(encoding="utf-8") == "precious"
    notes.write_text("", encoding="utf-8")
    for _ in range(2):
        assert run(*words, notes).exit_code == 0
        assert notes.read_text(encoding="utf-8").startswith("<?xml")
