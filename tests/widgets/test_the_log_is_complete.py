"""The log on the screen holds every entry that any frame has shown, and says where some are missing."""

import asyncio
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import HandFedSession, frame, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled, text_of
from twin_tui.engine.log import LOG_LENGTH
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.engine.view import Frame, ViewRequest
from twin_tui.widgets.glyphs import UNICODE
from twin_tui.widgets.log_lines import LogFilter, Missing, log_line, sifted
from twin_tui.widgets.spans import cut


class Logging(HandFedSession):
    """A session with a log of its own, of which a frame carries as much as it is asked for."""

    def __init__(self, last: int, first: int = 1) -> None:
        super().__init__()
        self.entries = [_entry(number) for number in range(first, last + 1)]

    def go_on_to(self, last: int, first: int | None = None) -> None:
        """Add entries; ``first`` is the oldest one that is still kept."""
        self.entries += [_entry(number) for number in range(self.entries[-1].number + 1, last + 1)]
        self.entries = [entry for entry in self.entries if first is None or entry.number >= first]

    async def frame(self, view: ViewRequest) -> Frame:
        self.shown = frame(snapshot=snapshot(log=tuple(self.entries[-view.log :])))
        return await super().frame(view)


def _entry(number: int) -> LogEntry:
    return LogEntry(number, number, float(number), LogKind.STATE, "bess-1", f"event {number}")


async def test_a_burst_while_another_view_is_shown_is_in_the_log_and_in_its_export(tmp_path: Path) -> None:
    session = Logging(3)
    async with console(session) as pilot:
        session.go_on_to(1500)
        await settled(pilot)
        session.go_on_to(1900)
        await pilot.press("l")
        await settled(pilot)
        assert "not kept" not in screen_text(pilot)
        file = tmp_path / "log.tsv"
        session.go_on_to(1990)
        await app_of(pilot).carry_out(f"export {file}")
        texts = [line.split("\t")[3] for line in file.read_text(encoding="utf-8").splitlines()[1:]]
        assert texts == [f"event {number}" for number in range(1, 1991)]


async def test_an_entry_that_is_repeated_or_acknowledged_is_drawn_anew() -> None:
    session = Logging(3)
    session.entries[2] = replace(session.entries[2], kind=LogKind.TRIP)
    async with console(session) as pilot:
        await pilot.press("l")
        await settled(pilot)
        alarm = next(line for line in screen_text(pilot).splitlines() if "event 3" in line)
        assert alarm.startswith(UNICODE.alarm)
        session.entries[1] = replace(session.entries[1], repeats=7)
        app_of(pilot).action_acknowledge()
        await settled(pilot)
        lines = screen_text(pilot).splitlines()
        assert any("event 2 ×7" in line for line in lines)
        assert next(line for line in lines if "event 3" in line) == " " + alarm[1:]
        await pilot.resize_terminal(60, 24)
        await settled(pilot)
        assert any("event 2 ×7" in line for line in screen_text(pilot).splitlines())


async def test_an_export_while_a_frame_is_under_way_has_the_whole_log(tmp_path: Path) -> None:
    class Slow(Logging):
        async def frame(self, view: ViewRequest) -> Frame:
            asked = await super().frame(view)
            await go_on.wait()
            return asked

    go_on = asyncio.Event()
    go_on.set()
    session = Slow(3)
    async with console(session) as pilot:
        app = app_of(pilot)
        await pilot.press("l")
        await settled(pilot)
        go_on.clear()
        under_way = asyncio.ensure_future(app.refresh_frame())
        await asyncio.sleep(0)
        session.go_on_to(900)
        file = tmp_path / "log.tsv"
        export = asyncio.ensure_future(app.carry_out(f"export {file}"))
        await asyncio.sleep(0)
        go_on.set()
        assert await export
        await under_way
        texts = [line.split("\t")[3] for line in file.read_text(encoding="utf-8").splitlines()[1:]]
        assert texts == [f"event {number}" for number in range(1, 901)]


async def test_what_the_twin_no_longer_has_is_counted_in_one_line(tmp_path: Path) -> None:
    session = Logging(12, first=8)
    async with console(session, (80, 40)) as pilot:
        session.go_on_to(50, first=40)
        await pilot.press("l")
        await settled(pilot)
        lines = [line.strip() for line in screen_text(pilot).splitlines()]
        assert lines.index("… 7 entries not kept") < lines.index("… 27 entries not kept")
        file = tmp_path / "log.tsv"
        await app_of(pilot).carry_out(f"export {file}")
        assert "… 27 entries not kept" in file.read_text(encoding="utf-8")


async def test_the_whole_log_is_asked_for_only_when_it_is_needed() -> None:
    session = Logging(3)
    async with console(session) as pilot:
        assert session.requests[0].log == LOG_LENGTH
        session.requests.clear()
        await settled(pilot)
        assert {request.log for request in session.requests} == {200}
        session.go_on_to(500)
        session.requests.clear()
        await settled(pilot)
        await settled(pilot)
        assert [request.log for request in session.requests].count(LOG_LENGTH) == 1


async def test_a_held_view_collects_on() -> None:
    session = Logging(3)
    async with console(session) as pilot:
        await pilot.press("l", "space")
        for last in (180, 350, 500):
            session.go_on_to(last, first=max(1, last - 190))
            await settled(pilot)
        await pilot.press("space")
        await settled(pilot)
        held = app_of(pilot).looks.journal.entries
        assert [entry.number for entry in held] == list(range(1, 501))


def test_a_filter_hides_entries_but_never_a_gap() -> None:
    entries = [_entry(1), _entry(5), replace(_entry(6), text="other"), _entry(9)]
    assert sifted(entries, LogFilter("event")) == [
        entries[0], Missing(3), entries[1], Missing(2), entries[3],
    ]  # fmt: skip
    assert sifted(entries, LogFilter("nothing")) == [Missing(5)]


@given(st.text("abc 0→W", max_size=90), st.integers(60, 130))
def test_the_writers_address_is_whole_or_its_port(text: str, width: int) -> None:
    entry = replace(_entry(1), kind=LogKind.WRITE, text=text, origin="127.0.0.1:51234")
    drawn = text_of(cut(log_line(entry, width, UNICODE), width))
    assert drawn.rstrip().endswith(("  127.0.0.1:51234", "  :51234"))
