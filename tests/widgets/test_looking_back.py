"""Looking back: the screen, the log and the chart as they were, and live again with one key."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Key
from textual.pilot import Pilot

from tests.widgets.hand_fed import SAG, HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.engine.view import Frame, Recording
from twin_tui.widgets.archive import BLOCK, BLOCKS, ONE_OF, Archive


def at(time_s: float, power_w: float = 0.0) -> Frame:
    """Return the frame of a time, in which the battery has some power."""
    return frame(snapshot=snapshot(time_s, devices=(battery(power_w=power_w), load())))


@settings(max_examples=30)
@given(st.integers(1, 130), st.floats(-5, 40))
def test_the_archive_returns_the_last_frame_up_to_a_time(count: int, wanted_s: float) -> None:
    archive = Archive()
    for number in range(count):
        archive.add(at(number / 4, 100.0 * number))
        archive.add(at(number / 4, -1.0))
    found = archive.at(wanted_s)
    assert found is not None
    expected = min(count - 1, max(0, int(wanted_s * 4 + 1e-6)))
    assert found.snapshot.time_s == expected / 4
    assert found.snapshot.devices[0].active_power_w == 100.0 * expected
    assert (archive.first_s, archive.last_s) == (0.0, (count - 1) / 4)


def test_ten_minutes_are_kept_whole_and_older_frames_one_a_minute() -> None:
    archive = Archive()
    assert archive.at(1.0) is None
    count = BLOCK * (BLOCKS + 3 * ONE_OF)
    for number in range(count):
        archive.add(at(number / 4))
    end_s = (count - 1) / 4
    whole = archive.at(end_s - 590.0)
    assert whole is not None
    assert end_s - 590.25 <= whole.snapshot.time_s <= end_s - 590.0
    old = archive.at(70.0)
    assert old is not None
    assert old.snapshot.time_s == 60.0
    assert archive.first_s == 0.0
    archive.add(at(1.0))
    assert archive.first_s == archive.last_s == 1.0, "a new run has no past"


async def test_the_whole_screen_follows_the_cursor_of_time() -> None:
    session = HandFedSession(at(700.0, 1_000.0))
    async with console(session, (120, 40)) as pilot:
        app = app_of(pilot)
        for second in range(1, 21):
            entry = LogEntry(10 + second, 0, 700.0 + second, LogKind.MARK, "bess-1", f"note {second}.")
            seen = at(700.0 + second, 1_000.0 * (second + 1))
            session.shown = replace(seen, snapshot=replace(seen.snapshot, log=(entry,)))
            await app.refresh_frame()
            if second % 10 == 0:
                await pilot.pause()
        assert "21.00" in screen_text(pilot)
        assert "note 20." in screen_text(pilot)
        for _ in range(5):
            await pilot.press("less_than_sign")
        await settled(pilot)
        text = screen_text(pilot)
        assert "5 s BACK" in text
        assert "16.00" in text
        assert "note 15." in text
        assert "note 16." not in text
        await pilot.press("greater_than_sign")
        await settled(pilot)
        assert "17.00" in screen_text(pilot)
        session.shown = at(730.0, 99_000.0)
        await settled(pilot)
        assert "99.00" not in screen_text(pilot), "what is new does not disturb who looks back"
        await pilot.press("escape")
        await settled(pilot)
        text = screen_text(pilot)
        assert "BACK" not in text
        assert "99.00" in text
        app.action_look_back(-60)
        await pilot.press("less_than_sign")
        await settled(pilot)
        assert "1.00" in screen_text(pilot), "the oldest frame is as far as it goes"


@pytest.mark.parametrize("width", [80, 120, 160])
async def test_the_status_line_is_of_the_moment_that_is_looked_at_and_says_what_is_live(width: int) -> None:
    sagged = snapshot(700.0).grid
    sagged = replace(sagged, voltage_a_pu=0.7, voltage_b_pu=0.7, voltage_c_pu=0.7)
    session = HandFedSession(frame(snapshot=snapshot(700.0, grid=sagged, disturbances=(SAG,)), links=()))
    async with console(session, (width, 24)) as pilot:
        session.shown = frame(snapshot=snapshot(710.0), speed=10.0, recording=Recording("run.jsonl", 0.0))
        await settled(pilot)
        status = screen_text(pilot).splitlines()[0]
        assert "U 1.00 pu" in status
        assert "live" not in status
        for _ in range(10):
            await pilot.press("less_than_sign")
        await settled(pilot)
        status = screen_text(pilot).splitlines()[0]
        assert "10 s BACK" in status
        assert "t 00:11:40.0" in status
        assert "U 0.70 pu SAG" in status
        assert "1 active" in status or "sag to 0.70" in status
        live = status.partition("live")[2]
        assert "RUN x10" in live or width == 80
        assert "RUN" not in status.partition("live")[0]
        assert "12/s" not in status, "no client was connected then"
        assert "REC" not in status or "live REC" in status
        await pilot.press("escape")
        await settled(pilot)
        status = screen_text(pilot).splitlines()[0]
        assert "U 1.00 pu" in status
        assert "live" not in status


async def five_minutes(pilot: Pilot[int], session: HandFedSession) -> None:
    """Have a console see five minutes, a frame a second."""
    for second in range(300):
        app_of(pilot).looks.archive.add(at(700.0 + second, 1_000.0 * second))
    session.shown = at(1000.0, 300_000.0)
    await settled(pilot)


async def test_two_minutes_back_are_two_keys_or_one_line() -> None:
    session = HandFedSession(at(700.0, 1_000.0))
    async with console(session, (120, 40)) as pilot:
        await five_minutes(pilot, session)
        await pilot.press("left_curly_bracket", "left_curly_bracket")
        await settled(pilot)
        assert "2 min BACK" in screen_text(pilot)
        assert "t 00:14:40.0" in screen_text(pilot)
        await pilot.press("right_curly_bracket")
        await settled(pilot)
        assert "60 s BACK" in screen_text(pilot)
        await app_of(pilot).carry_out("back 2m")
        await settled(pilot)
        assert "2 min BACK" in screen_text(pilot)
        await app_of(pilot).carry_out("back")
        await settled(pilot)
        assert "BACK" not in screen_text(pilot)
        assert "t 00:16:40.0" in screen_text(pilot)


async def test_a_key_that_is_held_down_draws_only_where_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    session = HandFedSession(at(700.0, 1_000.0))
    async with console(session, (120, 40)) as pilot:
        await five_minutes(pilot, session)
        app, drawn = app_of(pilot), []
        monkeypatch.setattr(
            app, "look_at", lambda time_s, look=app.look_at: (drawn.append(time_s), look(time_s))
        )
        for _ in range(100):
            app.post_message(Key("less_than_sign", "<"))
        await settled(pilot)
        assert app.looks.history.until_s == pytest.approx(900.0)
        assert drawn[-1] == pytest.approx(900.0)
        assert len(drawn) <= 5
