"""What waits for its tick: the order of events, and callbacks at regular times."""

import math

import pytest

from twin_tui.engine.agenda import Agenda, Watcher, Watchers
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event, Fault, Mark, Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError


def notes(found: list[tuple[Event, bool]]) -> list[tuple[str, bool]]:
    return [(event.note, recorded) for event, recorded in found if isinstance(event, Mark)]


def test_events_come_by_tick_then_the_engines_own_then_in_the_order_they_were_filed() -> None:
    agenda = Agenda()
    assert agenda.next_due == math.inf
    for number, (tick, recorded) in enumerate([(7, True), (5, True), (5, False), (5, True), (9, False)]):
        agenda.file(Mark(str(number)), tick, recorded=recorded)
    assert agenda.next_due == 5
    assert notes(list(agenda.due(4))) == []
    assert notes(list(agenda.due(5))) == [("2", False), ("1", True), ("3", True)]
    assert agenda.next_due == 7
    assert notes(list(agenda.due(9))) == [("0", True), ("4", False)]
    assert agenda.next_due == math.inf


def test_the_engines_own_events_can_be_taken_out_alone() -> None:
    agenda = Agenda()
    agenda.file(Mark("outside"), 5, recorded=True)
    agenda.file(Mark("own"), 5, recorded=False)
    agenda.file(Mark("later"), 6, recorded=False)
    assert notes(list(agenda.due(6, own=True))) == [("own", False)]
    assert agenda.next_due == 5
    assert notes(list(agenda.due(6))) == [("outside", True), ("later", False)]


def test_what_is_filed_for_the_tick_while_it_is_worked_through_comes_in_it_too() -> None:
    agenda = Agenda()
    agenda.file(Mark("first"), 3, recorded=True)
    seen = []
    for event, _ in agenda.due(3):
        assert isinstance(event, Mark)
        seen.append(event.note)
        if event.note == "first":
            agenda.file(Mark("second"), 3, recorded=True)
            agenda.file(Mark("third"), 4, recorded=True)
    assert seen == ["first", "second"]
    assert agenda.next_due == 4


@pytest.mark.parametrize(("tick", "due"), [(0, 5), (1, 5), (4, 5), (5, 10), (6, 10)])
def test_a_watcher_looks_at_multiples_of_its_time_whenever_it_was_added(tick: int, due: int) -> None:
    assert Watcher(5, tick, lambda: None).due == due


def test_watchers_look_each_at_its_own_times_and_may_leave_while_they_look() -> None:
    watchers, seen = Watchers(), list[str]()
    assert watchers.next_due == math.inf
    three = Watcher(3, 0, lambda: seen.append("three"))

    def look_and_leave() -> None:
        seen.append("once")
        watchers.remove(once)

    once = Watcher(2, 0, look_and_leave)
    for watcher in (three, once):
        watchers.add(watcher)
    assert watchers.next_due == 2
    for tick in range(1, 8):
        seen.append(str(tick))
        if tick >= watchers.next_due:
            watchers.show(tick)
    assert seen == ["1", "2", "once", "3", "three", "4", "5", "6", "three", "7"]
    assert watchers.next_due == 9
    watchers.remove(three)
    watchers.remove(three)
    assert watchers.next_due == math.inf


def an_engine(**plan: object) -> Engine:
    devices = (DevicePlan("load", LOAD, LoadParams(1_000.0)),)
    return Engine(SitePlan("test", devices, dt_s=0.5, **plan))  # type: ignore[arg-type]


def test_events_of_a_site_come_at_their_times() -> None:
    engine = an_engine(
        events=((1.0, Mark("one")), (0.0, Mark("zero")), (1.0, Write("load", {"extra_w": 5.0})))
    )
    engine.advance(2.0)
    entries = [(entry.kind, entry.tick, entry.time_s) for entry in engine.log]
    assert entries == [(LogKind.MARK, 1, 0.5), (LogKind.MARK, 3, 1.5), (LogKind.WRITE, 3, 1.5)]


def test_an_event_of_a_site_that_is_invalid_stops_the_site() -> None:
    with pytest.raises(CommandError, match="did you mean load"):
        an_engine(events=((1.0, Write("laod", {})),))


@pytest.mark.parametrize("dt_s", [0.0, -0.1, math.nan, math.inf])
def test_a_site_takes_a_step_above_zero(dt_s: float) -> None:
    with pytest.raises(ConfigError, match="is not above 0"):
        Engine(SitePlan("test", (), dt_s=dt_s))


def test_listeners_hear_what_comes_from_outside_with_its_tick_and_nothing_else() -> None:
    engine, heard = an_engine(), list[tuple[int, str]]()
    engine.listeners.append(lambda tick, event: heard.append((tick, type(event).__name__)))
    engine.submit(Fault("load", "breaker_tripped", 1.0))
    engine.submit(Mark("later"), at_s=1.0)
    engine.advance(3.0)
    # the end of the fault's duration is the engine's own
    assert heard == [(1, "Fault"), (3, "Mark")]
    assert not engine.device("load").state.causes


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [(0.0, 1), (0.2, 1), (0.5, 1), (0.74, 1), (0.76, 2), (1.0, 2), (1.25, 3), (60.0, 120)],
)
def test_a_duration_is_the_nearest_number_of_ticks_and_at_least_one(seconds: float, ticks: int) -> None:
    assert an_engine().ticks(seconds) == ticks


@pytest.mark.parametrize("at_s", [-0.5, math.nan, math.inf])
def test_an_event_at_an_impossible_time_is_refused(at_s: float) -> None:
    with pytest.raises(CommandError, match="invalid event time"):
        an_engine().submit(Mark("x"), at_s=at_s)
