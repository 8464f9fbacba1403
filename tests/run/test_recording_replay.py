"""A replay is the run again: the events of the site and of its users, and only what differs is named."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.run.recordings import signed
from twin_tui import Twin
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.events import Disturb
from twin_tui.run import recording

SITE: dict[str, Any] = {
    "name": "Gebäude",
    "assets": [{"type": "bess", "name": "battery"}, {"type": "load", "name": "load"}],
    "events": [{"at": "4s", "do": "sag grid 0.7 2s"}],
}


def recorded(path: Path, *again_at_s: float) -> Twin:
    """Record ten seconds, in which a user submits what the site's own event is at other times as well."""
    twin = Twin.from_dict(SITE, seed=5)
    (_, planned) = twin.engine.plan.events[0]
    twin.record(path)
    for at_s in again_at_s:
        twin.engine.submit(planned, at_s=at_s)
    twin.advance(10.0)
    twin.stop_recording()
    return twin


def differences(path: Path) -> list[recording.Difference]:
    head, rows = recording.read(path)
    return list(recording.replay(recording.fresh_engine(head), rows))


@pytest.mark.parametrize("again_at_s", [(), (1.0,), (8.0,), (4.0,), (1.0, 8.0)], ids=str)
def test_what_a_user_does_as_the_site_does_is_replayed_at_both_times(
    tmp_path: Path, again_at_s: tuple[float, ...]
) -> None:
    twin = recorded(tmp_path / "a.jsonl", *again_at_s)
    sags = [entry for entry in twin.engine.log if "sag" in entry.text and "ended" not in entry.text]
    assert len(sags) >= 1 + len(again_at_s)
    assert differences(tmp_path / "a.jsonl") == []


def test_a_recording_ends_with_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    twin = recorded(path)
    whole = path.read_bytes()
    twin.submit(Disturb(Disturbance(Target.VOLTAGE, 0.5, 2.0)))
    twin.advance(5.0)
    twin.stop_recording()
    assert path.read_bytes() == whole
    *before, end = whole.splitlines(keepends=True)
    digest = hashlib.sha256(b"".join(before)).hexdigest()
    assert end == b'{"end":100,"t":10.0,"sha256":"%s"}\n' % digest.encode()
    assert "Gebäude" in whole.decode()


def test_only_what_differs_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    recorded(path)
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if '"tick":50,' in line)
    lines[at] = lines[at].replace('"grid":[50.0', '"grid":[49.0', 1)
    whole = "".join(lines).replace('"load":[', '"lamp":[')
    path.write_bytes(signed(whole.encode()))
    found = differences(path)
    assert [(each.time_s, each.place) for each in found if each.time_s == 5.0] == [
        (5.0, "grid.frequency_hz"),
        (5.0, "lamp"),
        (5.0, "load"),
    ]
    assert {each.place for each in found if each.time_s != 5.0} == {"lamp", "load"}
    grid, lamp, load = [each for each in found if each.time_s == 5.0]
    assert (grid.recorded, grid.replayed) == (49.0, 50.0)
    assert (lamp.replayed, load.recorded) == (None, None)
    assert lamp.recorded == load.replayed
