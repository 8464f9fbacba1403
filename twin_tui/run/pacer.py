"""Wall time meets simulated time: the only place that sleeps."""

import asyncio
import contextlib
import math
import sys
import time
from collections.abc import Callable
from functools import partial

from twin_tui.engine.engine import Engine
from twin_tui.engine.events import TimeGap
from twin_tui.errors import CommandError

SLICE_S = 0.002
"""How long the engine may run before the servers get their turn."""
LATEST_S = 0.5
"""How far simulated time may fall behind before the pacer gives up catching up and counts an overrun."""
GAP_S = 1.0
"""From here on a process that has used no CPU was halted, while one that was busy is too slow."""
SLOWEST, FASTEST = 0.01, 1e6


if sys.platform == "linux":
    wall_clock: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    """Seconds that never run backwards and go on while the machine is suspended."""
else:
    wall_clock = time.perf_counter


class Pacer:
    """Runs an engine at a multiple of real time, to absolute deadlines, so that nothing drifts."""

    def __init__(
        self,
        engine: Engine,
        speed: float = 1.0,
        clock: Callable[[], float] = wall_clock,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        """Take the clock to pace by, and the function for the CPU time that this process has used."""
        self._engine = engine
        self._clock = clock
        self._used = used
        self._speed = 1.0
        self._paused = False
        self._running = False
        self._jump_tick: int | None = None
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []
        self._changed = asyncio.Event()
        self._anchor_wall = 0.0
        self._anchor_tick = 0
        self._until_tick = math.inf
        self._looked_at = self._planned_s = 0.0
        """When the clock was read last, and how long the pacer meant to wait from then on."""
        self._used_s = 0.0
        """The CPU time then."""
        self.overruns = 0
        """How often the machine was too slow for the requested speed."""
        self.set_speed(speed)

    @property
    def speed(self) -> float:
        """Simulated seconds a second; infinity is as fast as the machine can."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether simulated time is paused; not during a jump, even one that began in a pause."""
        return self._paused and self._jump_tick is None

    @property
    def running(self) -> bool:
        """Whether ``run`` is under way, paused or not."""
        return self._running

    @property
    def over(self) -> bool:
        """Whether the run has reached its last tick."""
        return self._engine.tick >= self._until_tick

    @property
    def jump_tick(self) -> int | None:
        """The tick to which the engine runs as fast as the machine can, during a jump."""
        return self._jump_tick

    def set_speed(self, speed: float) -> None:
        """Change the speed and end a jump; raise CommandError unless it is 0.01 to 1,000,000 or infinity."""
        if not (SLOWEST <= speed <= FASTEST or speed == math.inf):
            raise CommandError(f"speed {speed:g} is not between {SLOWEST:g} and {FASTEST:,.0f} (or max)")
        self._speed = speed
        self._jump_tick = None
        self.resync()

    def pause(self) -> None:
        """Pause simulated time, ending a jump; the servers go on answering."""
        self._paused = True
        self._jump_tick = None
        self.resync()

    def resume(self) -> None:
        """Go on at the chosen speed from the present tick, ending a jump or a pause."""
        self._paused = False
        self._jump_tick = None
        self.resync()

    def step(self, ticks: int = 1) -> None:
        """Pause and run a number of ticks."""
        self.pause()
        for _ in range(ticks):
            self._engine.step()
        self.resync()

    def jump(self, tick: int) -> None:
        """Run as fast as the machine can until a tick, then be paused or paced as before.

        Another jump replaces it; pause, resume, step and a new speed end it.
        """
        self._jump_tick = tick
        self.resync()

    def resync(self) -> None:
        """Pace from the present tick on: the steering has changed, or somebody else stepped the engine."""
        self._anchor()
        self._settle()
        self._changed.set()

    async def reach(self, tick: float) -> None:
        """Wait until a tick is reached, or the end of the run if the tick is infinite.

        Raises what ended the running pacer before that.
        """
        if self._engine.tick >= tick:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((tick, reached))
        await reached

    async def run(self, until_tick: float = math.inf) -> None:
        """Run the engine until a tick is reached or the task is cancelled."""
        if self._running:
            raise CommandError("this twin is running already")
        self._running = True
        self._until_tick = until_tick
        self._changed = asyncio.Event()  # a run may be in another event loop than the last one
        self.resync()
        engine = self._engine
        try:
            while engine.tick < until_tick:
                self._changed.clear()
                if self.paused:
                    await self._changed.wait()
                    continue
                self._notice_gap()
                target = min(self._due_tick(), until_tick, *self._stops())
                if target > engine.tick:
                    self._run_slice(target)
                    self._notice_gap()
                    self._settle()
                    await asyncio.sleep(0)
                if engine.tick < until_tick and not self._at_full_speed:
                    await self._keep_pace()
        finally:
            self._running = False
            self._dismiss(sys.exception())

    @property
    def _at_full_speed(self) -> bool:
        return self._jump_tick is not None or self._speed == math.inf

    def _stops(self) -> list[float]:
        """Return the ticks at which somebody waits or the jump ends: no slice goes beyond them."""
        stops = [tick for tick, _ in self._waiting]
        return stops if self._jump_tick is None else [*stops, self._jump_tick]

    def _settle(self) -> None:
        """End the waits and the jump whose tick is reached."""
        tick = self._engine.tick
        if self._jump_tick is not None and tick >= self._jump_tick:
            self._jump_tick = None
            self._anchor()
        for wanted, reached in self._waiting:
            if wanted <= tick and not reached.done():
                reached.set_result(None)
        if self._waiting:
            self._waiting = [item for item in self._waiting if not item[1].done()]

    def _dismiss(self, error: BaseException | None) -> None:
        """Report to those who wait why their tick will not be reached."""
        waiting, self._waiting = self._waiting, []
        for tick, reached in waiting:
            if reached.done():
                continue
            if self.over and tick == math.inf:
                reached.set_result(None)
            else:
                reached.set_exception(
                    error if isinstance(error, Exception) else CommandError("this twin was stopped")
                )

    def _anchor(self) -> None:
        self._anchor_wall = self._looked_at = self._clock()
        self._planned_s, self._used_s = 0.0, self._used()
        self._anchor_tick = self._engine.tick

    def _notice_gap(self) -> None:
        """Leave out what passed while this process was halted: it is reported, and not caught up."""
        now, used_s = self._clock(), self._used()
        passed_s, worked_s = now - self._looked_at, used_s - self._used_s
        lost_s = passed_s - self._planned_s
        self._looked_at, self._planned_s, self._used_s = now, 0.0, used_s
        self._anchor_wall += min(passed_s, 0.0)  # a clock that somebody has set back
        if lost_s > GAP_S and worked_s < lost_s / 2:
            self._anchor_wall += lost_s
            if not self._at_full_speed:
                self._engine.submit(TimeGap(lost_s, lost_s * self._speed))

    def _run_slice(self, target: float) -> None:
        engine, clock = self._engine, self._clock
        ends = clock() + SLICE_S
        step = engine.step
        while engine.tick < target:
            step()
            if clock() >= ends:
                break

    def _due_tick(self) -> float:
        if self._at_full_speed:
            return math.inf
        elapsed = self._clock() - self._anchor_wall
        return self._anchor_tick + math.floor(elapsed * self._speed / self._engine.dt_s)

    async def _keep_pace(self) -> None:
        engine = self._engine
        next_wall = self._anchor_wall + (engine.tick + 1 - self._anchor_tick) * engine.dt_s / self._speed
        wait_s = next_wall - self._clock()
        if wait_s > 0:
            self._planned_s = wait_s
            # not wait_for: that of Python 3.11 forgets to be cancelled while what it waits for happens
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        elif wait_s < -LATEST_S:
            self.overruns += 1
            self.resync()
        else:
            await asyncio.sleep(0)  # a tick is due by one rounding and not by another: the clock decides
