"""Who wrote what, and what the device did about it: kept beside the engine."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event, Write
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.view import WriteTrace

KEPT = 200
WATCHED_S = 30.0
"""How long after a write the power is watched, in simulated time."""
SETTLED_S = 2.0
"""How long the power must stay constant to count as settled."""
NOISE_W = 1.0


@dataclass(slots=True)
class _Open:
    """A write whose effect is still being watched."""

    number: int
    device: str
    start_s: float
    from_w: float
    last_w: float
    moved_s: float


class WriteTraces:
    """Listens to an engine's writes; measures, tick by tick while a write is fresh, how the power follows."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._traces: deque[tuple[int, float, WriteTrace]] = deque(maxlen=KEPT)
        self._open: dict[str, _Open] = {}
        self._watcher: Watcher | None = None
        self._count = 0
        self.last: dict[tuple[str, str], tuple[float, str]] = {}
        """Wall time and origin of the last write to a (device, signal)."""
        engine.listeners.append(self._event)

    def traces(self) -> tuple[WriteTrace, ...]:
        """Return the newest writes, oldest first, with their ages now."""
        now = self._clock()
        return tuple(replace(trace, age_s=now - wall) for _, wall, trace in self._traces)

    def _event(self, tick: int, event: Event) -> None:
        if not isinstance(event, Write):
            return
        engine = self._engine
        device = engine.devices[event.device]
        parts = [
            f"{name} {_shown(getattr(device.commands, name))} → {_shown(wanted)}"
            for name, wanted in event.values.items()
        ]
        now = self._clock()
        self._count += 1
        start_s = tick * engine.dt_s
        text = ", ".join(parts) + (f" ({event.detail})" if event.detail else "")
        trace = WriteTrace(event.device, start_s, 0.0, event.origin, text, tuple(event.values))
        self._traces.append((self._count, now, trace))
        for name in event.values:
            self.last[event.device, name] = (now, event.origin)
        power_w = device.state.active_power_w
        self._open[event.device] = _Open(self._count, event.device, start_s, power_w, power_w, start_s)
        if self._watcher is None:
            self._watcher = engine.watch(engine.dt_s, self._look)

    def _look(self) -> None:
        engine = self._engine
        now_s = engine.time_s
        for name, item in list(self._open.items()):
            power_w = engine.devices[name].state.active_power_w
            if abs(power_w - item.last_w) > NOISE_W:
                item.last_w = power_w
                item.moved_s = now_s
                self._tell(item)
            if now_s - item.start_s > WATCHED_S or now_s - item.moved_s > SETTLED_S:
                del self._open[name]
        if not self._open and self._watcher is not None:
            engine.unwatch(self._watcher)
            self._watcher = None

    def _tell(self, item: _Open) -> None:
        after_s = item.moved_s - item.start_s + self._engine.dt_s
        effect = f"P {kilowatts(item.from_w)} → {kilowatts(item.last_w)} kW after {after_s:.3g} s"
        for place, (number, wall, trace) in enumerate(self._traces):
            if number == item.number:
                self._traces[place] = (number, wall, replace(trace, effect=effect))
                return


def _shown(number: object) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)
