"""A jump: as fast as the machine can to a tick, whatever the clock says, then as before."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from twin_tui.engine.engine import Engine
from twin_tui.engine.site import SitePlan
from twin_tui.run.pacer import Pacer

FAR = 10_000_000
"""A tick that no test reaches."""


class Run:
    """An engine under a pacer whose clock the test turns."""

    def __init__(self) -> None:
        self.now = 100.0
        self.engine = Engine(SitePlan("test", ()))
        self.pacer = Pacer(self.engine, clock=lambda: self.now)

    async def settle(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.pacer._changed.set()
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    run = Run()
    running = asyncio.create_task(run.pacer.run())
    await run.settle()
    yield run
    running.cancel()


async def interrupt_a_jump(run: Run, steer: Callable[[Pacer], object]) -> int:
    """Begin a jump to a far tick, steer in its midst, and return the tick at which that happened."""
    engine, pacer = run.engine, run.pacer
    under_way = asyncio.Event()

    def turn_the_clock() -> None:
        run.now += 0.001  # so that slices end
        under_way.set()

    watcher = engine.watch(engine.dt_s, turn_the_clock)
    pacer.jump(engine.tick + FAR)
    await under_way.wait()
    assert pacer.jump_tick is not None
    engine.unwatch(watcher)
    tick = engine.tick
    steer(pacer)
    return tick


async def test_a_jump_ends_exactly_at_its_tick_and_time_goes_on_at_the_speed_from_there(run: Run) -> None:
    run.pacer.jump(5000)
    assert run.pacer.jump_tick == 5000
    await run.settle()
    assert run.engine.tick == 5000
    assert run.pacer.jump_tick is None
    assert not run.pacer.paused
    await run.settle(1.05)
    assert run.engine.tick == 5010


async def test_a_jump_out_of_a_pause_runs_and_ends_in_the_pause(run: Run) -> None:
    run.pacer.pause()
    run.pacer.jump(5000)
    assert not run.pacer.paused
    await run.settle()
    assert run.engine.tick == 5000
    assert run.pacer.paused
    await run.settle(10.0)
    assert run.engine.tick == 5000


async def test_a_pause_ends_a_jump_at_once(run: Run) -> None:
    tick = await interrupt_a_jump(run, Pacer.pause)
    await run.settle(10.0)
    assert run.pacer.paused
    assert run.pacer.jump_tick is None
    assert run.engine.tick == tick


@pytest.mark.parametrize("steer", [Pacer.resume, lambda pacer: pacer.set_speed(1.0)], ids=["resume", "speed"])
async def test_resume_and_a_new_speed_end_a_jump_and_pace_from_there(
    run: Run, steer: Callable[[Pacer], object]
) -> None:
    tick = await interrupt_a_jump(run, steer)
    await run.settle()
    assert run.engine.tick == tick
    await run.settle(1.05)
    assert run.engine.tick == tick + 10
    assert run.pacer.jump_tick is None
    assert not run.pacer.paused


async def test_a_step_ends_a_jump_in_a_pause(run: Run) -> None:
    tick = await interrupt_a_jump(run, lambda pacer: pacer.step(3))
    await run.settle(10.0)
    assert run.engine.tick == tick + 3
    assert run.pacer.paused


async def test_another_jump_replaces_the_first_and_does_not_look_paused(run: Run) -> None:
    tick = await interrupt_a_jump(run, lambda pacer: pacer.jump(5000))
    assert tick < 5000
    assert run.pacer.jump_tick == 5000
    assert not run.pacer.paused
    await run.settle()
    assert run.engine.tick == 5000
    assert run.pacer.jump_tick is None
    assert not run.pacer.paused


async def test_a_jump_to_the_present_is_none(run: Run) -> None:
    run.pacer.jump(run.engine.tick)
    assert run.pacer.jump_tick is None
