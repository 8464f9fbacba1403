"""A link fault ends with its duration, or when it is cleared, and never with another one's time."""

import pytest

from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import END_OF_DURATION, ClearEverything, ClearLinkFault, Event, LinkFault
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError

SILENCE = {"kind": "silence"}


def an_engine() -> tuple[Engine, list[Event]]:
    """Return an engine, and what its protocol layer is given."""
    params = BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)
    devices = tuple(DevicePlan(name, BATTERY, params) for name in ("b0", "b1"))
    engine, given = Engine(SitePlan("test", devices)), list[Event]()
    engine.link_fault = given.append
    return engine, given


def entries(engine: Engine, kind: LogKind) -> list[tuple[str, str, str, int]]:
    return [(e.device, e.text, e.origin, e.tick) for e in engine.log if e.kind is kind]


def test_it_ends_with_its_duration_here_and_in_the_protocol_layer() -> None:
    engine, given = an_engine()
    engine.submit(LinkFault("b1", {"kind": "delay", "seconds": 2}, "slow", 1.0, origin="console"))
    assert entries(engine, LogKind.LINK) == [("b1", "link fault delay seconds 2 for 1 s", "console", 1)]
    engine.advance(1.0)
    assert set(engine.link_faults) == {"slow"}
    engine.step()
    assert not engine.link_faults
    assert entries(engine, LogKind.CLEAR) == [("b1", "link fault delay ended", END_OF_DURATION, 11)]
    assert [type(event) for event in given] == [LinkFault, ClearLinkFault]
    assert given[1] == ClearLinkFault("slow", END_OF_DURATION)


def test_one_without_duration_lasts_until_it_is_cleared() -> None:
    engine, given = an_engine()
    engine.submit(LinkFault("b0", SILENCE, "l"))
    engine.advance(100.0)
    assert set(engine.link_faults) == {"l"}
    engine.submit(ClearLinkFault("l", origin="rest"))
    assert not engine.link_faults
    assert entries(engine, LogKind.CLEAR) == [("b0", "link fault silence ended", "rest", 1001)]
    assert len(given) == 2


def test_one_that_was_cleared_before_its_time_ends_once_and_without_complaint() -> None:
    engine, given = an_engine()
    engine.submit(LinkFault("b0", SILENCE, "l", 2.0))
    engine.advance(1.0)
    engine.submit(ClearLinkFault("l"))
    engine.advance(5.0)
    assert len(entries(engine, LogKind.CLEAR)) == 1
    assert not entries(engine, LogKind.ALARM)
    assert len(given) == 2


@pytest.mark.parametrize(("again_s", "ends_s"), [(None, None), (5.0, 6.0), (0.5, 1.5)])
@pytest.mark.parametrize("cleared", [True, False])
def test_one_that_begins_anew_under_its_label_lasts_its_own_time(
    cleared: bool, again_s: float | None, ends_s: float | None
) -> None:
    engine, given = an_engine()
    engine.submit(LinkFault("b0", SILENCE, "l", 2.0))
    engine.advance(1.0)
    if cleared:
        engine.submit(ClearLinkFault("l"))
    engine.submit(LinkFault("b0", SILENCE, "l", again_s))
    last = None
    while engine.time_s < 9.95:
        engine.step()
        if engine.link_faults:
            last = engine.time_s
    assert last == pytest.approx(10.0 if ends_s is None else ends_s)
    clears = sum(isinstance(event, ClearLinkFault) for event in given)
    assert clears == cleared + (ends_s is not None)
    assert not entries(engine, LogKind.ALARM)


@pytest.mark.parametrize("clear", [ClearLinkFault(), ClearEverything()])
def test_all_end_together(clear: Event) -> None:
    engine, _ = an_engine()
    for name in ("b0", "b1"):
        engine.submit(LinkFault(name, SILENCE))
    assert len(engine.link_faults) == 2, "each gets a label of its own"
    engine.submit(clear)
    assert not engine.link_faults
    assert [device for device, *_ in entries(engine, LogKind.CLEAR)] == ["b0", "b1"]


def test_a_label_that_is_not_in_force_is_refused_with_the_nearest() -> None:
    engine, given = an_engine()
    engine.submit(LinkFault("b0", SILENCE, "silent"))
    with pytest.raises(CommandError, match=r"no link fault 'silnt' is in force.*did you mean silent"):
        engine.submit(ClearLinkFault("silnt"))
    engine.submit(ClearLinkFault("silnt"), at_s=1.0)
    engine.advance(2.0)
    ((_, text, _, _),) = entries(engine, LogKind.ALARM)
    assert text.startswith("event refused: no link fault 'silnt' is in force")
    assert set(engine.link_faults) == {"silent"}
    assert len(given) == 1
