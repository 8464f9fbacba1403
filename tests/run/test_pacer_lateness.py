"""What a machine that is too slow for a while does to simulated time."""

import asyncio
import math

import pytest

from twin_tui.engine.engine import Engine
from twin_tui.engine.site import SitePlan
from twin_tui.run.pacer import Pacer


async def test_a_stall_is_one_overrun_and_its_time_is_not_made_up_for() -> None:
    now_s = 0.0
    engine = Engine(SitePlan("test", (), dt_s=0.1))
    pacer = Pacer(engine, clock=lambda: now_s, used=lambda: now_s)

    async def pass_time(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds
        pacer._changed.set()
        for _ in range(20):
            await asyncio.sleep(0)

    def stall() -> None:
        nonlocal now_s
        if engine.tick == 3:
            now_s += 3.0

    engine.watch(engine.dt_s, stall)
    running = asyncio.create_task(pacer.run())
    await pass_time(0.0)
    for _ in range(3):
        await pass_time(0.1001)
    assert (engine.tick, pacer.overruns) == (3, 1)
    for _ in range(5):
        await pass_time(0.1001)
    assert (engine.tick, pacer.overruns) == (8, 1)
    running.cancel()


@pytest.mark.parametrize(("late_s", "overruns"), [(0.68, 0), (0.72, 1)])
async def test_half_a_second_behind_is_the_most_that_is_caught_up(late_s: float, overruns: int) -> None:
    now_s = 0.0
    engine = Engine(SitePlan("test", (), dt_s=0.1))
    pacer = Pacer(engine, clock=lambda: now_s, used=lambda: now_s)

    def work() -> None:
        nonlocal now_s
        now_s += 0.01  # more than a slice, so that the pacer looks at its lateness after each tick

    engine.watch(engine.dt_s, work)
    running = asyncio.create_task(pacer.run())
    for _ in range(5):
        await asyncio.sleep(0)
    now_s += late_s
    pacer._changed.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert pacer.overruns == overruns
    running.cancel()


async def test_the_servers_have_their_turn_after_two_milliseconds() -> None:
    now_s = 0.0
    engine = Engine(SitePlan("test", ()))

    def work() -> None:
        nonlocal now_s
        now_s += 0.0007

    engine.watch(engine.dt_s, work)
    running = asyncio.create_task(Pacer(engine, math.inf, lambda: now_s, lambda: now_s).run())
    for ticks in (3, 6, 9):
        await asyncio.sleep(0)
        assert engine.tick == ticks
    running.cancel()
