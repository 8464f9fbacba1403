"""A session with a twin in this process: steering, what is being recorded, whose events they are."""

import gc
import math
from pathlib import Path
from typing import Any

import pytest

from twin_tui import Twin, TwinError
from twin_tui.engine.view import (
    Command,
    Freeze,
    JumpTo,
    Pause,
    Resume,
    SetSpeed,
    StartRecording,
    StepTicks,
    ViewRequest,
)
from twin_tui.session.local import LocalSession
from twin_tui.session.thread import TwinThread

SITE: dict[str, Any] = {
    "name": "small",
    "start_time_h": 6,
    "assets": [{"type": "battery", "name": "bess", "capacity_kwh": 10}],
}
NOON_S = 12 * 3600.0


@pytest.fixture
def session() -> LocalSession:
    return LocalSession(Twin.from_dict(SITE))


async def test_a_jump_is_shown_until_it_ends_at_its_time_of_day(session: LocalSession) -> None:
    twin = session.twin
    twin.advance(0.7)
    assert await session.send(JumpTo(7 * 3600.0)) == "running on to 07:00:00"
    shown = await session.frame(ViewRequest())
    assert (shown.jumping_to_s, shown.paused) == (7 * 3600.0, False)
    await twin.pacer.run(twin.tick + 36_000 - 7)
    assert twin.time_s == 3600
    shown = await session.frame(ViewRequest())
    assert shown.snapshot.day_s == 7 * 3600.0
    assert (shown.jumping_to_s, shown.paused) == (None, False)


async def test_a_jump_to_the_present_time_of_day_runs_a_whole_day(session: LocalSession) -> None:
    await session.send(JumpTo(6 * 3600.0))
    assert session.twin.pacer.jump_tick == 864_000


@pytest.mark.parametrize(
    ("steer", "paused"), [(Pause(), True), (StepTicks(2), True), (Resume(), False), (SetSpeed(2.0), False)]
)
async def test_steering_during_a_jump_ends_it(session: LocalSession, steer: Command, paused: bool) -> None:
    await session.send(JumpTo(NOON_S))
    await session.send(steer)
    shown = await session.frame(ViewRequest())
    assert (shown.jumping_to_s, shown.paused) == (None, paused)


async def test_a_second_jump_replaces_the_first_and_is_not_shown_as_a_pause(session: LocalSession) -> None:
    await session.send(JumpTo(NOON_S))
    await session.send(JumpTo(7 * 3600.0))
    shown = await session.frame(ViewRequest())
    assert (shown.jumping_to_s, shown.paused) == (7 * 3600.0, False)
    assert session.twin.pacer.jump_tick == 36_000


async def test_a_recording_tells_since_when_it_runs(session: LocalSession, tmp_path: Path) -> None:
    session.twin.advance(12.5)
    await session.send(StartRecording(str(tmp_path / "run.jsonl")))
    session.twin.advance(5)
    shown = (await session.frame(ViewRequest())).recording
    assert shown is not None
    assert shown.since_s == 12.5
    session.twin.stop_recording()


async def test_what_a_session_does_itself_comes_from_the_console(session: LocalSession) -> None:
    await session.send(Freeze("bess", "soc"))
    assert session.twin.engine.log[-1].origin == "console"


async def test_a_simulation_that_fails_is_told_to_the_screen() -> None:
    twin = Twin.from_dict(SITE, speed=1000)
    twin.engine.watch(5, lambda: 1 / 0)
    thread = TwinThread(twin)
    thread.start()
    with pytest.raises(TwinError, match="simulation failed at 5 s: ZeroDivisionError: division"):
        await frames_to_the_end(thread)
    thread.stop()
    assert isinstance(thread.failure, ZeroDivisionError)
    with pytest.raises(TwinError, match="simulation failed"):
        await thread.frame(ViewRequest())


async def test_a_run_that_the_user_ends_leaves_nothing_behind_that_asyncio_complains_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    thread = TwinThread(Twin.from_dict(SITE))
    thread.start()
    await thread.frame(ViewRequest())
    thread.stop()
    del thread
    gc.collect()
    assert not caplog.messages


async def frames_to_the_end(thread: TwinThread) -> None:
    while True:
        await thread.frame(ViewRequest())


@pytest.mark.parametrize(("duration_s", "tick"), [(600, 6000), (10.05, 100)])
async def test_a_run_with_a_duration_ends_in_its_tick_at_any_speed_and_can_still_be_looked_at(
    duration_s: float, tick: int
) -> None:
    thread = TwinThread(Twin.from_dict(SITE, speed=math.inf), duration_s=duration_s)
    thread.start()
    while not (frame := await thread.frame(ViewRequest())).over:
        pass
    assert frame.snapshot.tick == tick
    assert (await thread.frame(ViewRequest())).snapshot == frame.snapshot
    assert await thread.send(Pause()) == "paused; the servers go on answering"
    thread.stop()
    assert thread.failure is None
    with pytest.raises(TwinError, match="the twin has ended"):
        await thread.frame(ViewRequest())


async def test_a_run_without_a_duration_is_never_over() -> None:
    thread = TwinThread(Twin.from_dict(SITE, speed=math.inf))
    thread.start()
    frames = [await thread.frame(ViewRequest()) for _ in range(5)]
    assert not any(frame.over for frame in frames)
    thread.stop()
