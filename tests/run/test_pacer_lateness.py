"""What a machine that is too slow for a while does to simulated time."""

import asyncio

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
