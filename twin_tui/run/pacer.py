"""Wall time meets simulated time: the only place that sleeps."""

import asyncio
import math
import time
from collections.abc import Callable

from twin_tui.engine.engine import Engine
from twin_tui.errors import CommandError

SLICE_S = 0.002
"""How long the engine may run before the servers get their turn."""
LATEST_S = 0.5
"""How far simulated time may fall behind before the pacer gives up catching up and counts an overrun."""
SLOWEST, FASTEST = 0.01, 1e6


class Pacer:
    """Runs an engine at a multiple of real time, to absolute deadlines, so that nothing drifts."""

    def __init__(
        self, engine: Engine, speed: float = 1.0, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._speed = 1.0
        self._paused = False
        self._changed = asyncio.Event()
        self._anchor_wall = 0.0
        self._anchor_tick = 0
        self.overruns = 0
        """How often the machine was too slow for the speed that was asked for."""
        self.set_speed(speed)

    @property
    def speed(self) -> float:
        """Simulated seconds a second; infinity is as fast as the machine can."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether simulated time stands still."""
        return self._paused

    def set_speed(self, speed: float) -> None:
        """Change the speed; raise CommandError unless it is 0.01 to 1,000,000 or infinity."""
        if not (SLOWEST <= speed <= FASTEST or speed == math.inf):
            raise CommandError(f"speed {speed:g} is not between {SLOWEST:g} and {FASTEST:,.0f} (or max)")
        self._speed = speed
        self._restart()

    def pause(self) -> None:
        """Let simulated time stand still; the servers answer on."""
        self._paused = True
        self._restart()

    def resume(self) -> None:
        """Let simulated time go on from where it stands."""
        self._paused = False
        self._restart()

    def step(self, ticks: int = 1) -> None:
        """Pause and run a number of ticks."""
        self.pause()
        for _ in range(ticks):
            self._engine.step()

    async def run(self, until_tick: float = math.inf) -> None:
        """Run the engine until a tick is reached or the task is cancelled."""
        self._restart()
        engine = self._engine
        while engine.tick < until_tick:
            self._changed.clear()
            if self._paused:
                await self._changed.wait()
                continue
            due = self._due_tick()
            target = min(due, until_tick)
            if target > engine.tick:
                self._run_slice(target)
                await asyncio.sleep(0)
            if self._speed != math.inf and engine.tick < until_tick:
                await self._keep_pace()

    def _run_slice(self, target: float) -> None:
        engine, clock = self._engine, self._clock
        ends = clock() + SLICE_S
        step = engine.step
        while engine.tick < target:
            step()
            if clock() >= ends:
                break

    def _due_tick(self) -> float:
        if self._speed == math.inf:
            return math.inf
        elapsed = self._clock() - self._anchor_wall
        return self._anchor_tick + math.floor(elapsed * self._speed / self._engine.dt_s)

    async def _keep_pace(self) -> None:
        engine = self._engine
        next_wall = self._anchor_wall + (engine.tick + 1 - self._anchor_tick) * engine.dt_s / self._speed
        wait_s = next_wall - self._clock()
        if wait_s > 0:
            try:
                await asyncio.wait_for(self._changed.wait(), wait_s)
            except TimeoutError:
                return
        elif wait_s < -LATEST_S:
            self.overruns += 1
            self._restart()

    def _restart(self) -> None:
        self._anchor_wall = self._clock()
        self._anchor_tick = self._engine.tick
        self._changed.set()
