"""What a frame costs does not grow with the log: only what is new or seen is looked at."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.screen import app_of, console, screen_text, settled
from tests.widgets.test_the_log_is_complete import Logging
from twin_tui.engine.log import LOG_LENGTH
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.widgets import log_view
from twin_tui.widgets.journal import Journal, LogRows
from twin_tui.widgets.log_lines import LogFilter, sifted
from twin_tui.widgets.model import ALARMS


@pytest.mark.parametrize("view", ["overview", "log"])
@pytest.mark.parametrize("new", [0, 1])
async def test_of_a_full_log_only_what_is_new_or_seen_is_looked_at(
    view: str, new: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Logging(LOG_LENGTH)
    async with console(session) as pilot:
        app_of(pilot).action_view(view)
        await settled(pilot)
        app_of(pilot).set_filter("event")
        await settled(pilot)
        calls = {"drawn": 0, "filtered": 0}
        line, passes = log_view.log_line, LogFilter.passes

        def count_line(*given: object, **named: object) -> object:
            calls["drawn"] += 1
            return line(*given, **named)  # type: ignore[arg-type]

        def count_filter(self: LogFilter, entry: LogEntry) -> bool:
            calls["filtered"] += 1
            return passes(self, entry)

        monkeypatch.setattr(log_view, "log_line", count_line)
        monkeypatch.setattr(LogFilter, "passes", count_filter)
        frames = 5
        for _ in range(frames):
            session.go_on_to(session.entries[-1].number + new)
            await app_of(pilot).refresh_frame()
            await pilot.pause()
        assert calls["filtered"] == frames * new
        assert calls["drawn"] <= frames * 2 * 24
        await settled(pilot)
        assert f"event {session.entries[-1].number}" in screen_text(pilot)


def _entry(number: int, kind: LogKind, text: str) -> LogEntry:
    return LogEntry(number, number, float(number), kind, "bess-1", text)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "gap", "repeat", "again", "filter"]),
        st.integers(1, 12),
        st.sampled_from([LogKind.STATE, LogKind.TRIP]),
        st.sampled_from(["red", "green"]),
    ),
    max_size=25,
)


@given(STEPS, st.integers(1, 15))
def test_rows_kept_up_to_date_are_those_worked_out_from_the_whole_log(
    steps: list[tuple[str, int, LogKind, str]], carried: int
) -> None:
    journal = Journal(20)
    rows, idle = LogRows(journal), LogRows(journal)
    log: list[LogEntry] = []
    expected: list[LogEntry] = []
    for what, many, kind, text in steps:
        if what == "filter":
            rows.filter = LogFilter(text)
        elif what == "repeat" and log:
            at = max(0, len(log) - many)
            log[at] = replace(log[at], repeats=log[at].repeats + 1)
        elif what == "again":
            log = [_entry(number, kind, text) for number in range(1, many)]
        else:
            first = (log[-1].number if log else 0) + (1 if what == "add" else 4)
            log += [_entry(number, kind, text) for number in range(first, first + many)]
        frame = log[-max(carried, many) :]
        if frame:
            restarted = bool(expected) and frame[-1].number < expected[-1].number
            kept = [] if restarted else [e for e in expected if e.number < frame[0].number]
            expected = [*kept, *frame]
        journal.add(frame, len(frame))
        rows.update()
        assert journal.entries == expected[-len(journal.entries) or len(expected) :]
        assert len(journal.entries) >= min(len(expected), 20)
        assert len(journal.entries) <= 22
        assert rows.rows == sifted(journal.entries, rows.filter)
        alarms = [entry.number for entry in journal.entries if entry.kind in ALARMS]
        assert journal.unacknowledged(0) == len(alarms)
    idle.update()
    assert idle.rows == sifted(journal.entries, LogFilter())
