"""The time in messages to a peer: wall-clock time, as real energy managers expect, or simulated time."""

import time

from twin_tui.engine.engine import Engine


class PeerClock:
    """How far a peer's time is ahead of the simulated time."""

    def __init__(self, engine: Engine, wall: bool) -> None:
        self._engine = engine
        self._wall = wall
        self._ahead_s: float | None = None

    @property
    def simulated_unix_s(self) -> float:
        """The simulated time."""
        return self._engine.plan.start_unix_s + self._engine.time_s

    def ahead_s(self) -> float:
        """Return the lead; it never shrinks, so that a peer's "now" is never in the simulation's future.

        It grows while the simulation is paused or slower than the wall clock.
        """
        if not self._wall:
            return 0.0
        lead_s = time.time() - self.simulated_unix_s
        self._ahead_s = lead_s if self._ahead_s is None else max(self._ahead_s, lead_s)
        return self._ahead_s
