"""A client that writes without end fills one line a second of the log, and hides nothing that others do."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.device import Status
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.log import COUNTS, LISTED, LISTED_OF_ONE, LOG_LENGTH, ROUTINE
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogEntry, LogKind

CLIENT = "127.0.0.1:5001"
OTHERS = [kind for kind in LogKind if kind not in ROUTINE]


def an_engine() -> Engine:
    return Engine(SitePlan("x", (), dt_s=0.1))


def write(engine: Engine, number: int, origin: str = CLIENT, register: int = 10126) -> None:
    text = f"setpoint {number - 1} → {number} W  fc06 {register} setpoint {number} → {number} W"
    engine.note(LogKind.WRITE, "bess", text, origin)


def run(engine: Engine, ticks: int) -> None:
    for _ in range(ticks):
        engine.step()


def test_the_first_writes_of_a_burst_are_listed_and_the_others_counted_with_the_last() -> None:
    engine = an_engine()
    for number in range(2_330):
        write(engine, number)
    run(engine, 12)
    *first, count = engine.log
    assert [entry.text.split()[3] for entry in first] == [str(number) for number in range(LISTED_OF_ONE)]
    assert count.text.startswith("2,310 more writes to 10126, the last: setpoint 2328 → 2329 W")
    assert (count.kind, count.device, count.origin) == (LogKind.WRITE, "bess", CLIENT)
    run(engine, 100)
    assert len(engine.log) == LISTED_OF_ONE + 1


def test_a_client_at_an_ordinary_pace_is_listed_write_by_write() -> None:
    engine = an_engine()
    for number in range(500):
        write(engine, number)
        engine.step()
    assert len(engine.log) == 500


def test_each_register_and_each_client_has_its_count() -> None:
    engine = an_engine()
    for number in range(100):
        write(engine, number, CLIENT, 10126)
        write(engine, number, CLIENT, 10128)
        write(engine, number, "127.0.0.1:6000", 10126)
    run(engine, 12)
    counts = [(entry.text.partition(",")[0], entry.origin) for entry in engine.log if " more " in entry.text]
    assert counts == [
        ("90 more writes to 10126", CLIENT),
        ("90 more writes to 10128", CLIENT),
        ("80 more writes to 10126", "127.0.0.1:6000"),
    ]


def test_a_write_that_is_refused_among_thousands_is_listed() -> None:
    engine = an_engine()
    for number in range(5_000):
        write(engine, number)
        if number == 2_500:
            engine.note(LogKind.WRITE, "bess", "refused: 7 is not an option  fc06 10055", CLIENT)
    run(engine, 12)
    assert sum(entry.text.startswith("refused: 7") for entry in engine.log) == 1


def test_refused_writes_are_counted_as_such() -> None:
    engine = an_engine()
    for number in range(1_000):
        engine.note(LogKind.WRITE, "bess", f"refused: {number} is too much  fc06 10055", CLIENT)
    run(engine, 12)
    assert engine.log[-1].text.startswith("980 more refused writes to 10055, the last: refused: 999")


def test_ever_new_clients_and_registers_are_bounded_too() -> None:
    engine = an_engine()
    for number in range(5_000):
        write(engine, number, f"127.0.0.1:{number}", number)
    run(engine, 12)
    assert len(engine.log) == 2 * LISTED + COUNTS + 1
    assert engine.log[-1].text.startswith("4,500 more writes to several registers")
    assert engine.log[-1].origin == "several clients"


@pytest.mark.parametrize("kind", OTHERS)
def test_nothing_else_is_ever_counted_instead_of_listed(kind: LogKind) -> None:
    engine = an_engine()
    for number in range(1_000):
        engine.note(kind, "bess", f"number {number}", CLIENT)
    assert [entry.text for entry in engine.log] == [f"number {number}" for number in range(1_000)]


def test_a_full_log_drops_writes_before_anything_else() -> None:
    engine = an_engine()
    engine.note(LogKind.TRIP, "bess", "running → tripped")
    for number in range(LOG_LENGTH * 3):
        if number % 100 == 0:
            engine.note(LogKind.ALARM, "bess", f"alarm {number}")
        write(engine, number, f"client {number % 37}")
        engine.step()
    kept = [entry.text for entry in engine.log if entry.kind is not LogKind.WRITE]
    assert kept[0] == "running → tripped"
    assert kept[1:] == [f"alarm {number}" for number in range(0, LOG_LENGTH * 3, 100)]
    assert len(engine.log) == LOG_LENGTH


def test_a_log_full_of_alarms_drops_the_oldest() -> None:
    engine = an_engine()
    for number in range(LOG_LENGTH + 50):
        engine.note(LogKind.ALARM, "bess", f"alarm {number}")
    assert [engine.log[0].text, engine.log[-1].text] == ["alarm 50", f"alarm {LOG_LENGTH + 49}"]
    write(engine, 1)
    assert len(engine.log) == LOG_LENGTH


def test_whoever_reads_each_second_misses_nothing() -> None:
    engine, read = an_engine(), list[LogEntry]()

    def read_now() -> None:
        last = read[-1].number if read else 0
        read.extend(entry for entry in engine.log if entry.number > last)

    engine.log.read_now = read_now
    for number in range(10_000):
        engine.note(LogKind.INJECT, "grid", f"number {number}", CLIENT)
    read_now()
    assert [entry.text for entry in read] == [f"number {number}" for number in range(10_000)]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(list(LogKind)), st.integers(0, 3), st.integers(0, 2)), max_size=300)
)
def test_listed_and_counted_entries_add_up(events: list[tuple[LogKind, int, int]]) -> None:
    engine, noted = an_engine(), 0
    for number, (kind, client, ticks) in enumerate(events):
        engine.note(kind, "bess", f"number {number}  fc06 {client} x", f"client {client}")
        noted += 1
        run(engine, ticks)
    run(engine, 30)
    counted = sum(
        int(entry.text.partition(" ")[0].replace(",", "")) if " more " in entry.text else entry.repeats
        for entry in engine.log
    )
    assert counted == noted
    assert [entry.number for entry in engine.log] == sorted(entry.number for entry in engine.log)


def test_what_comes_over_a_wire_is_cleaned_where_it_enters() -> None:
    engine = an_engine()
    engine.note(LogKind.MARK, "de\x1b]0;x\x07vice", "a\x1b[2J\u202eb\nc\x9b", "who\u2066\x00")
    (entry,) = engine.log
    assert (entry.device, entry.text, entry.origin) == ("de ]0;x vice", "a [2J b c ", "who  ")


def test_a_reader_is_called_when_it_would_miss_something_and_not_for_each_entry() -> None:
    engine, calls = an_engine(), list[int]()
    engine.log.read_now = lambda: calls.append(engine.log[-1].number)
    for number in range(LOG_LENGTH * 3 + 10):
        engine.note(LogKind.INJECT, "grid", f"number {number}", CLIENT)
    assert calls == [LOG_LENGTH, 2 * LOG_LENGTH, 3 * LOG_LENGTH]


def test_a_burst_is_watched_while_entries_are_held_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, watching = an_engine(), list[Watcher]()
    watch, unwatch = engine.watch, engine.unwatch

    def watched(every_s: float, look: Callable[[], None]) -> Watcher:
        watching.append(watch(every_s, look))
        return watching[-1]

    def unwatched(watcher: Watcher) -> None:
        watching.remove(watcher)
        unwatch(watcher)

    monkeypatch.setattr(engine, "watch", watched)
    monkeypatch.setattr(engine, "unwatch", unwatched)
    for _ in range(2):
        for number in range(LISTED_OF_ONE):
            write(engine, number)
        assert not watching
        write(engine, 1_000)
        assert len(watching) == 1
        run(engine, 50)
        assert not watching


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.TRIPPED, LogKind.TRIP),
        (Status.CEASED, LogKind.CEASE),
        (Status.OFF, LogKind.STATE),
        (Status.WAITING, LogKind.STATE),
        (Status.FAULT, LogKind.STATE),
    ],
)
def test_a_device_that_trips_or_ceases_has_an_entry_of_that_kind(status: Status, kind: LogKind) -> None:
    engine = Engine(SitePlan("x", (DevicePlan("house", LOAD, LoadParams(1.0)),)))
    device = engine.devices["house"]
    engine.log.note_change(device, device.state, replace(device.state, status=status), 7, engine.surroundings)
    (entry,) = engine.log
    assert (entry.kind, entry.device, entry.tick) == (kind, "house", 7)
    assert entry.text == f"RUN → {status.value}"
