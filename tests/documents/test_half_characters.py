"""Half a character (a lone surrogate) that an escape or a command line can write."""

import json
from pathlib import Path

import pytest

from tests.cli.processes import twin_tui
from twin_tui import ConfigError, Mark, Twin
from twin_tui.documents.loader import to_document
from twin_tui.run import recording

SITE = {"name": "x", "real_time": False, "assets": [{"type": "load", "name": "load", "base_kw": 1}]}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1,\n "name": "x\\ud800"}',
        '{"a": 1,\n "\\uDFFF": 1}',
        'a: 1\nname: "x\\ud800y"',
        'a: 1\nname: "x\\U0000d800y"',
    ],
)
def test_half_a_character_in_a_file_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^file:2"):
        to_document(text, "file")


@pytest.mark.parametrize("text", ['{"name": "\\ud83d\\ude00"}', '{"name": "C:\\\\ud800"}', "name: C:\\ud800"])
def test_a_whole_character_and_a_backslash_are_not(text: str) -> None:
    name = to_document(text, "file").data["name"]
    assert name.encode()


def test_a_recording_keeps_an_event_that_utf_8_cannot_and_replays_it(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    twin.submit(Mark("half \ud800 and 😀"))
    twin.advance(2)
    twin.stop_recording()
    marks = [row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if "at" in row]
    assert [row["note"] for row in marks] == ["half \ud800 and 😀"]
    head, rows = recording.read(path)
    assert list(recording.replay(recording.fresh_engine(head, "run"), rows)) == []


def test_a_command_line_of_other_bytes_than_utf_8_costs_no_recording(tmp_path: Path) -> None:
    words = ["run", "one_battery", "--headless", "--duration", "2s", "--speed", "max", "--no-servers"]
    done = twin_tui(tmp_path, *words, "--inject", "1s mark caf\udce9", "--record", "run.jsonl")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert twin_tui(tmp_path, "replay", "run.jsonl").returncode == 0
