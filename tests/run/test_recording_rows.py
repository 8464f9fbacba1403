"""What stands in the rows of a recording, how they are read again, and what a replay calls different."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.run.recordings import signed
from twin_tui import ConfigError, Pin, Twin
from twin_tui.engine.events import Unpin
from twin_tui.run import recording
from twin_tui.run.recording import reading, replaying, samples, tables
from twin_tui.run.recording.rows import getter

SITE: dict[str, Any] = {"name": "small", "assets": [{"type": "battery", "name": "bess"}]}
NAN = "NaN"


class Rows:
    """A table of given rows."""

    def __init__(self, *rows: list[Any]) -> None:
        self.head = [("t_s", "s", float), ("text", "", str)]
        self.rows_of_part = tables.ROWS
        self._rows = rows

    def rows(self, moment: object) -> Iterator[list[Any]]:
        yield from self._rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording of three seconds, with an event in the second line."""
    path = tmp_path_factory.mktemp("whole") / "run.jsonl"
    twin = Twin.from_dict(SITE)
    twin.device("bess").write(start_stop=1)
    twin.record(path)
    twin.advance(3.0)
    twin.stop_recording()
    return path.read_bytes()


def written(path: Path, whole: bytes, number: int, values: dict[str, object]) -> Path:
    """Write a recording with other values in one line, and the digest that goes with them."""
    lines = whole.splitlines(keepends=True)
    lines[number - 1] = (json.dumps({**json.loads(lines[number - 1]), **values}) + "\n").encode()
    path.write_bytes(signed(b"".join(lines)))
    return path


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["plain", True, False, 2, 0.1], ["plain", "true", "false", "2", "0.1"]),
        (['a"b', 1], ['a"b', "1"]),
        (["a\\b", 1], ["a\\b", "1"]),
        ([None, 1.5], ["", "1.5"]),
        (["a\\b", None], ["a\\b", ""]),
        ([float("nan"), 1], [NAN, "1"]),
        (["a,b", "Gebäude"], ["a,b", "Gebäude"]),
        (["a\nb", 1], ["a\nb", "1"]),
    ],
    ids=repr,
)
def test_a_row_of_a_table_is_read_as_it_was(tmp_path: Path, row: list[Any], expected: list[str]) -> None:
    path = tmp_path / "run.csv"
    table: Any = Rows(row)
    file = tables.Csv(path, table, {}, force=False)
    file.begin()
    file.sample(None)  # type: ignore[arg-type]
    file.end(0, 0.0)
    found = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert found == [["t_s", "text"], expected]


def test_a_value_in_a_long_table_leaves_the_text_empty_and_a_text_the_value(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE)
    twin.record(tmp_path / "run.csv", layout="long")
    twin.stop_recording()
    head, *rows = csv.reader((tmp_path / "run.csv").open(encoding="utf-8", newline=""))
    assert head == ["t_s", "tick", "device", "signal", "unit", "value", "text"]
    assert ["0.0", "0", "bess", "status", "", "", "OFF"] in rows
    assert ["0.0", "0", "grid", "frequency_hz", "Hz", "50.0", ""] in rows
    assert ["0.0", "0", "grid", "live", "", "1.0", ""] in rows
    assert {row[0] for row in rows} == {"0.0"}


def test_a_part_of_a_parquet_recording_has_an_hour_of_samples_or_what_five_minutes_bring(
    tmp_path: Path,
) -> None:
    path, now_s = tmp_path / "run.parquet", [0.0]
    table: Any = Rows([1.5, "x"])
    file = tables.Parquet(path, table, {"site": {}}, force=False, clock=lambda: now_s[0])
    file.begin()

    def parts_after(count: int) -> list[int]:
        for _ in range(count):
            file.sample(None)  # type: ignore[arg-type]
        return [pq.read_metadata(part).num_rows for part in sorted(path.iterdir())]

    assert parts_after(3599) == []
    assert parts_after(1) == [3600]
    now_s[0] = 1000.0
    assert parts_after(1) == [3600], "the time counts from the first sample of a part"
    now_s[0] = 1299.0
    assert parts_after(1) == [3600]
    now_s[0] = 1300.0
    assert parts_after(1) == [3600, 3]
    file.end(0, 0.0)
    assert parts_after(0) == [3600, 3], "a part without rows is none"


def test_a_long_table_has_more_rows_in_a_part_and_names_that_sort(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE)
    sampler = samples.Sampler(twin.engine)
    table = tables.SampleTable(sampler, long=True)
    file = tables.Parquet(tmp_path / "run.parquet", table, {}, clock=lambda: 0.0)
    file.begin()
    file._parts = 99_998
    for _ in range(3 * (20_000 // len(sampler.table()) + 1)):
        file.sample(sampler.moment())
    file.end(0, 0.0)
    parts = sorted((tmp_path / "run.parquet").iterdir())
    assert [part.name for part in parts] == [f"part-{n:08d}.parquet" for n in (99_998, 99_999, 100_000)]
    assert all(20_000 <= pq.read_metadata(part).num_rows < 20_100 for part in parts)


def test_a_parquet_recording_holds_its_header_but_for_the_site(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE, seed=7)
    twin.record(tmp_path / "run.parquet", every_s=0.5)
    twin.stop_recording()
    schema = pq.read_schema(next((tmp_path / "run.parquet").iterdir()))
    assert json.loads(schema.metadata[b"twin_tui"]) == {
        "seed": 7, "step_s": 0.1, "every_s": 0.5, "duration_s": None, "tick": 0,
    }  # fmt: skip
    assert [str(schema.field(name).type) for name in ("t_s", "tick", "grid.live", "bess.status")] == [
        "double", "int64", "bool", "string",
    ]  # fmt: skip
    assert schema.field("tick").metadata is None
    group = pq.read_metadata(next((tmp_path / "run.parquet").iterdir())).row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert columns["bess.status"].has_dictionary_page
    assert not columns["grid.frequency_hz"].has_dictionary_page


@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_signals_gives_as_many_values(count: int) -> None:
    names: Any = dict.fromkeys("abc"[:count])
    assert tuple(getter(names)(SimpleNamespace(a=1, b=2, c=3))) == (1, 2, 3)[:count]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"step_s": 0}, "step_s: seconds above 0"),
        ({"step_s": -0.1}, "step_s: seconds above 0"),
        ({"step_s": "0.1"}, "step_s: seconds above 0"),
        ({"step_s": True}, "step_s: seconds above 0"),
        ({"step_s": 1e300}, "step_s: seconds above 0"),
        ({"every_s": None}, "every_s: seconds above 0"),
        ({"duration_s": -1}, "duration_s: seconds above 0, or null"),
        ({"duration_s": "long"}, "duration_s: seconds above 0, or null"),
        ({"seed": 1.5}, "seed: a whole number"),
        ({"tick": -1}, "tick: the tick of the first sample"),
        ({"tick": True}, "tick: the tick of the first sample"),
        ({"tick": 0.0}, "tick: the tick of the first sample"),
        ({"columns": None}, "columns: the names"),
        ({"columns": {"grid": ["live"]}}, "columns: the names"),
        ({"columns": {"grid": ["live", 1], "devices": {}}}, "columns: the names"),
        ({"columns": {"grid": "live", "devices": {}}}, "columns: the names"),
        ({"columns": {"devices": {"bess": ["status"], "pv": ["status", None]}}}, "columns: the names"),
        ({"columns": {"devices": {"bess": {}}}}, "columns: the names"),
        ({"site": []}, "site: the site as an object"),
    ],
    ids=lambda found: json.dumps(found) if isinstance(found, dict) else "",
)
def test_each_part_of_the_header_is_checked_where_it_is_read(
    tmp_path: Path, whole: bytes, values: dict[str, object], expected: str
) -> None:
    path = written(tmp_path / "run.jsonl", whole, 1, values)
    with pytest.raises(ConfigError) as caught:
        recording.read(path)
    assert str(caught.value).startswith(f"{path}, line 1: expected {expected}")


def test_a_step_that_is_a_whole_number_of_seconds_is_read(tmp_path: Path, whole: bytes) -> None:
    path = written(tmp_path / "run.jsonl", whole, 1, {"step_s": 1, "every_s": 10, "duration_s": 600})
    head, _ = recording.read(path)
    assert (head["step_s"], head["every_s"], head["duration_s"]) == (1, 10, 600)


def test_an_unknown_event_is_an_error_of_its_line_for_every_reader(tmp_path: Path, whole: bytes) -> None:
    path = written(tmp_path / "run.jsonl", whole, 2, {"event": "Sag"})
    _, rows = recording.read(path)
    with pytest.raises(ConfigError, match=r"run\.jsonl, line 2: unknown event 'Sag'"):
        list(rows)


def test_a_recording_without_its_end_is_read_only_when_asked(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(ConfigError, match=r"incomplete: ends at 3 s; replay --partial"):
        recording.read(path)
    _, rows = recording.read(path, partial=True)
    assert [row["t"] for row in rows if "t" in row] == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_recording_is_the_same_rows_in_pieces_of_any_size(
    tmp_path: Path, whole: bytes, size: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ("run.jsonl.gz" if packed else "run.jsonl")
    path.write_bytes(gzip.compress(whole) if packed else whole)
    _, rows = recording.read(path)
    expected = list(rows)
    assert len(expected) == len(whole.splitlines()) - 1
    monkeypatch.setattr(reading, "CHUNK", size)
    _, again = recording.read(path)
    assert list(again) == expected


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = max(map(len, whole.splitlines()))
    monkeypatch.setattr(reading, "CHUNK", 64)
    monkeypatch.setattr(reading, "LONGEST_LINE", longest)
    path = tmp_path / "run.jsonl"
    path.write_bytes(whole)
    recording.read(path)
    path.write_bytes(b" " * (longest + 1))
    with pytest.raises(ConfigError, match="has a line that is too long for a recording"):
        recording.read(path)


def replayed(monkeypatch: pytest.MonkeyPatch, recorded: dict[str, Any], again: dict[str, Any]) -> list[str]:
    """Return what a replay calls different in a sample that is to be repeated as it was not recorded."""
    when = {"tick": 0, "t": 0.0}
    monkeypatch.setattr(replaying, "sample", lambda sampler: {**when, **again})
    engine = Twin.from_dict(SITE).engine
    return [str(each) for each in recording.replay(engine, [{**when, **recorded}])]


def test_a_replay_calls_no_number_the_same_only_as_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(recorded: float, again: float) -> list[str]:
        values = ({"grid": {"frequency_hz": each}} for each in (recorded, again))
        return replayed(monkeypatch, *values)

    assert found(float(NAN), float(NAN)) == []
    assert found(50.0, 50.0) == []
    assert found(50.0, float(NAN)) == ["t = 0 s  grid.frequency_hz: recorded 50.0, replayed nan"]
    assert found(float(NAN), 50.0) == ["t = 0 s  grid.frequency_hz: recorded nan, replayed 50.0"]
    assert found(50.0, 49.0) == ["t = 0 s  grid.frequency_hz: recorded 50.0, replayed 49.0"]


def test_a_replay_names_a_device_without_the_word_for_all_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: dict[str, Any] = {"devices": {"bess": {"soc": 0.5, "status": "RUN"}}}
    again: dict[str, Any] = {"devices": {"bess": {"soc": 0.5, "status": "OFF"}}}
    assert replayed(monkeypatch, recorded, again) == ["t = 0 s  bess.status: recorded 'RUN', replayed 'OFF'"]
    assert replayed(monkeypatch, recorded, recorded) == []


def test_what_is_forced_after_a_tick_is_not_in_the_sample_of_that_tick() -> None:
    twin = Twin.from_dict(SITE)
    sampler = samples.Sampler(twin.engine)
    places = sampler.columns()["devices"]["bess"]
    free = sampler.moment()
    twin.submit(Pin("bess", "soc", 0.125))
    forced = sampler.moment()
    twin.submit(Unpin("bess", "soc"))
    twin.submit(Pin("bess", "soh", 0.5))
    found = [sampler.values(moment)["devices"]["bess"] for moment in (free, forced, sampler.moment())]
    assert [values[places.index("soc")] for values in found] == [0.5, 0.125, 0.5]
    assert [values[places.index("soh")] for values in found] == [1.0, 1.0, 0.5]
