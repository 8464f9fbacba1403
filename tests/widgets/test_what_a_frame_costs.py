"""What is drawn again: of a page the newest column, of a stream once a second, a line without layout."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from textual.screen import Screen

from tests.widgets.hand_fed import battery, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.test_the_log_is_complete import Logging
from twin_tui.widgets import looks
from twin_tui.widgets.history import MOVES, POWER, History
from twin_tui.widgets.log_view import MOVES_AT_ONCE

COLUMNS, SPAN_S = 120, 60.0


def test_between_two_moves_of_a_page_only_its_newest_column_changes() -> None:
    history = History()
    pages: list[tuple[float, list[float | None]]] = []
    for tick in range(600, 900):
        history.add(snapshot(tick / 10, devices=(battery(power_w=float(tick)),)))
        page = history.columns("bess-1", POWER, COLUMNS, SPAN_S, paged=True)
        pages.append((history.end_s(COLUMNS, SPAN_S), page))
        newest = int((tick / 10 - pages[-1][0] + SPAN_S) / SPAN_S * COLUMNS + 1e-9)
        assert page[newest] == tick, "the newest value is in the column of its time"
        assert page[newest + 1 :] == [None] * (COLUMNS - newest - 1), "what is to come is blank"
    moves = 0
    for (before_s, before), (after_s, after) in pairwise(pages):
        if after_s > before_s:
            moves += 1
            assert after_s - before_s == pytest.approx(SPAN_S / MOVES)
        else:
            assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    assert moves == 5, "at 65, 70, 75, 80 and 85 s"


def test_a_page_that_is_looked_back_at_ends_at_that_time() -> None:
    history = History()
    for second in range(100):
        history.add(snapshot(float(second), devices=(battery(power_w=float(second)),)))
    history.until_s = 70.0
    assert history.end_s(COLUMNS, SPAN_S) == 70.0
    assert history.columns("bess-1", POWER, COLUMNS, SPAN_S, paged=True)[-1] == 70.0
    assert history.newest("bess-1", POWER) == 70.0


class Clock:
    """Stands still until it is set on."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


async def test_a_list_moves_once_a_second_for_a_stream_of_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    session, clock = Logging(100), Clock()
    monkeypatch.setattr(looks, "time", clock)
    async with console(session) as pilot:
        app = app_of(pilot)
        entries = app.views.overview.log_pane.list
        shown = [entries.kept.last]
        for _ in range(MOVES_AT_ONCE + 40):
            session.go_on_to(session.entries[-1].number + 1)
            await app.refresh_frame()
            shown.append(entries.kept.last)
            clock.now_s += 0.25
        moves = [place for place, (old, new) in enumerate(pairwise(shown)) if new > old]
        burst = next(place for place, move in enumerate(moves) if move != place)
        assert burst >= MOVES_AT_ONCE - 1, "a burst is shown as it comes"
        assert all(later - sooner == 4 for sooner, later in pairwise(moves[burst:])), (
            "four frames are a second"
        )


async def test_entries_that_had_to_wait_are_shown_even_if_nothing_else_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, clock = Logging(100), Clock()
    monkeypatch.setattr(looks, "time", clock)
    async with console(session) as pilot:
        entries = app_of(pilot).views.overview.log_pane.list
        late: list[Callable[[], None]] = []
        monkeypatch.setattr(entries, "set_timer", lambda _, draw: late.append(draw))
        for _ in range(MOVES_AT_ONCE + 2):
            session.go_on_to(session.entries[-1].number + 1)
            await settled(pilot)
        assert f"event {session.entries[-1].number}" not in screen_text(pilot)
        assert len(late) == 1
        late[0]()
        await pilot.pause()
        assert f"event {session.entries[-1].number}" in screen_text(pilot)


async def test_an_entry_more_of_a_long_log_lays_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Logging(100)
    async with console(session) as pilot:
        await settled(pilot)
        layouts = []
        lay_out = Screen._refresh_layout
        monkeypatch.setattr(
            Screen, "_refresh_layout", lambda *given, **named: layouts.append(lay_out(*given, **named))
        )
        session.go_on_to(103)
        await settled(pilot)
        assert "event 103" in screen_text(pilot)
        assert not layouts
