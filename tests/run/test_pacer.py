"""The pacer: simulated time against a clock that the test turns."""

import asyncio
import math

import pytest

from twin_tui.engine.engine import Engine
from twin_tui.engine.site import SitePlan
from twin_tui.errors import CommandError
from twin_tui.run.pacer import Pacer


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def an_engine() -> Engine:
    return Engine(SitePlan("test", ()))


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_simulated_time_follows_the_clock_at_the_chosen_speed() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, speed=60.0, clock=clock)
    running = asyncio.create_task(pacer.run())
    await settle()
    assert engine.tick == 0
    clock.now += 0.25
    pacer._changed.set()
    await settle()
    assert engine.time_s == pytest.approx(15.0)
    running.cancel()


async def test_at_full_speed_a_run_ends_exactly_at_its_last_tick() -> None:
    engine = an_engine()
    await Pacer(engine, speed=math.inf).run(until_tick=1234)
    assert engine.tick == 1234


async def test_paused_time_stands_still_and_steps_one_by_one() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, clock=clock)
    running = asyncio.create_task(pacer.run())
    pacer.pause()
    clock.now += 10.0
    await settle()
    assert engine.tick == 0
    pacer.step(3)
    await settle()
    assert engine.tick == 3
    pacer.resume()
    await settle()
    clock.now += 0.1001
    pacer._changed.set()
    await settle()
    assert engine.tick == 4
    running.cancel()


async def test_a_machine_that_is_too_slow_is_counted_and_does_not_race_to_catch_up() -> None:
    class SlowClock(Clock):
        """Every look at it costs a second: the engine can never keep ×1 at 0.1 s."""

        def __call__(self) -> float:
            self.now += 1.0
            return self.now

    engine = an_engine()
    clock = SlowClock()
    pacer = Pacer(engine, clock=clock, used=lambda: clock.now)
    await pacer.run(until_tick=50)
    assert engine.tick == 50
    assert pacer.overruns > 0


async def test_a_lateness_that_is_caught_up_is_no_overrun() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, clock=clock)
    running = asyncio.create_task(pacer.run())
    await settle()

    def work() -> None:
        clock.now += 0.01  # more than a slice: after each tick the servers have their turn, late as it is

    engine.watch(engine.dt_s, work)
    clock.now += 0.45
    pacer._changed.set()
    await settle()
    assert engine.tick == 4
    assert pacer.overruns == 0
    running.cancel()


async def test_a_change_of_speed_goes_on_from_the_present_tick() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, speed=1.0, clock=clock, used=clock)
    running = asyncio.create_task(pacer.run())
    await settle()
    clock.now += 10.05
    pacer._changed.set()
    await settle()
    assert engine.tick == 100
    pacer.set_speed(10.0)
    await settle()
    assert engine.tick == 100
    clock.now += 1.005
    pacer._changed.set()
    await settle()
    assert engine.tick == 200
    pacer.set_speed(0.1)
    await settle()
    assert engine.tick == 200
    running.cancel()


async def test_a_tick_that_rounding_leaves_between_due_and_not_due_stops_nobody() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, speed=10.0, clock=clock, used=clock)
    running = asyncio.create_task(pacer.run())
    await settle()
    clock.now += 10.05  # 10.049999999999997 s: not yet 1005 ticks, and nothing left to wait for them
    pacer._changed.set()
    await settle()
    assert engine.tick == 1004
    running.cancel()


async def test_a_pause_is_not_made_up_for() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, clock=clock)
    running = asyncio.create_task(pacer.run())
    await settle()
    pacer.pause()
    clock.now += 60.0
    pacer.resume()
    await settle()
    assert engine.tick == 0
    running.cancel()


async def test_who_waits_for_a_tick_goes_on_exactly_there_at_full_speed() -> None:
    engine = an_engine()
    pacer = Pacer(engine, speed=math.inf)
    running = asyncio.create_task(pacer.run())
    await pacer.reach(777)
    assert engine.tick == 777
    await pacer.reach(700)
    assert engine.tick == 777
    running.cancel()


async def test_who_waits_for_the_end_goes_on_when_the_last_tick_is_reached() -> None:
    clock, engine = Clock(), an_engine()
    pacer = Pacer(engine, clock=clock)
    running = asyncio.create_task(pacer.run(until_tick=3))
    waiting = asyncio.create_task(pacer.reach(math.inf))
    await settle()
    assert not pacer.over
    clock.now += 0.3001
    pacer._changed.set()
    await settle()
    assert (engine.tick, pacer.over, pacer.running) == (3, True, False)
    await waiting
    await running


async def test_who_waits_hears_of_a_stop_and_of_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = Pacer(an_engine())
    running = asyncio.create_task(pacer.run())
    waiting = asyncio.create_task(pacer.reach(1000))
    await settle()
    running.cancel()
    with pytest.raises(CommandError, match="stopped"):
        await waiting

    engine = an_engine()
    pacer = Pacer(engine, speed=math.inf)
    engine.watch(1.0, lambda: 1 / 0)
    running = asyncio.create_task(pacer.run())
    with pytest.raises(ZeroDivisionError):
        await pacer.reach(1000)
    with pytest.raises(ZeroDivisionError):
        await running
    assert not pacer.running


async def test_a_twin_is_run_by_one_at_a_time() -> None:
    pacer = Pacer(an_engine())
    running = asyncio.create_task(pacer.run())
    await settle()
    with pytest.raises(CommandError, match="running already"):
        await pacer.run(until_tick=5)
    running.cancel()


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, 1e9])
def test_a_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(CommandError, match="speed"):
        Pacer(an_engine(), speed=speed)
